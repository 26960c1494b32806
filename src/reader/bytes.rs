//! A small file of a private format as one row: its bytes as `base64:…` text, for the functions that take such a blob apart.

use super::{Error, Options, Row, Sink, Summary};
use base64::Engine as _;
use std::io::Read;

/// The largest file that is read (bytes); such files are settings of a few kilobytes.
pub const LARGEST: u64 = 1 << 20;

/// Reads the whole stream into one row.
///
/// # Errors
/// The stream could not be read, or is larger than [`LARGEST`].
pub fn read(source: &mut dyn Read, _: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::Bound { format: "bytes", detail: format!("more than {LARGEST} bytes") });
    }
    let mut summary = Summary::default();
    if !bytes.is_empty() {
        let data =
            serde_json::Value::from(format!("base64:{}", base64::engine::general_purpose::STANDARD.encode(&bytes)));
        summary.give(sink, Row { locator: "bytes:0".into(), key: String::new(), data: data.into() })?;
    }
    Ok(summary)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_row_and_a_large_one_is_refused() {
        let mut rows = Vec::new();
        let mut keep = |row: Row| {
            rows.push(row);
            Ok(())
        };
        let summary = read(&mut &b"frpd\x00\xff"[..], &Options::default(), &mut keep).unwrap();
        assert_eq!(summary.rows, 1);
        assert_eq!(rows[0].data, serde_json::json!("base64:ZnJwZAD/"));
        assert_eq!(read(&mut &b""[..], &Options::default(), &mut |_| Ok(())).unwrap().rows, 0);
        let large = read(&mut std::io::repeat(0), &Options::default(), &mut |_| Ok(()));
        assert!(matches!(large, Err(Error::Bound { .. })));
    }
}
