//! `report.json`: the whole report as it is, for programs and for the other formats to be compared with.

use super::Report;
use sha2::{Digest, Sha256};

/// The bytes of `report.json`: indented, with a line feed at the end, the same on every machine.
///
/// # Errors
/// When a value cannot be written as JSON, which would be an error of this program.
pub fn bytes(report: &Report) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(report)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// SHA-256 of `report.json` in hexadecimal; the mark by which the other formats say what they were made from.
///
/// # Errors
/// As [`bytes`].
pub fn digest(report: &Report) -> Result<String, serde_json::Error> {
    bytes(report).map(|bytes| sha256(&bytes))
}

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 as bytes.
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        hex
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_report_survives_its_json_and_keeps_its_bytes() {
        let report = sample::report("nl");
        let written = bytes(&report).unwrap();
        assert_eq!(written, bytes(&sample::report("nl")).unwrap());
        assert_eq!(serde_json::from_slice::<Report>(&written).unwrap(), report);
        assert!(written.ends_with(b"}\n") && !written.contains(&b'\r'));
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
