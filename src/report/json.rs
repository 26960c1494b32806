//! `report.json`: the whole report as it is, for programs and for the other formats to be compared with.

use super::Report;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The bytes of `report.json`: indented, with a line feed at the end, the same on every machine.
///
/// # Errors
/// When a value cannot be written as JSON, which would be an error of this program.
pub fn bytes(report: &Report) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    write(report, &mut bytes)?;
    Ok(bytes)
}

/// Writes these bytes, which for a long log should not lie in memory at once.
///
/// # Errors
/// As [`bytes`], and when they cannot be written.
pub fn write(report: &Report, to: &mut dyn Write) -> Result<(), serde_json::Error> {
    let mut to = io::BufWriter::with_capacity(64 * 1024, to);
    serde_json::to_writer_pretty(&mut to, report)?;
    to.write_all(b"\n").and_then(|()| to.flush()).map_err(serde_json::Error::io)
}

/// Bytes on their way to somewhere, with their number and their digest.
pub struct Digesting<W> {
    to: W,
    state: Sha256,
    length: u64,
}

impl<W> Digesting<W> {
    /// Nothing written yet.
    pub fn new(to: W) -> Self {
        Self { to, state: Sha256::new(), length: 0 }
    }

    /// Where they went, their SHA-256 in lower-case hexadecimal, and how many there were.
    pub fn end(self) -> (W, String, u64) {
        (self.to, hex(&self.state.finalize()), self.length)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        let part = bytes.get(..written).unwrap_or(bytes);
        self.state.update(part);
        self.length = self.length.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// SHA-256 of `report.json` in hexadecimal; the mark by which the other formats say what they were made from. An excerpt has that of
/// the whole report.
///
/// # Errors
/// As [`bytes`].
pub fn digest(report: &Report) -> Result<String, serde_json::Error> {
    if let Some(whole) = &report.whole {
        return Ok(whole.sha256.clone());
    }
    let mut digesting = Digesting::new(io::sink());
    write(report, &mut digesting)?;
    Ok(digesting.end().1)
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
        assert_eq!(digest(&report).unwrap(), sha256(&written));
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
