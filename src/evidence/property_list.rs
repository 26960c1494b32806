//! Property lists of the container itself (Manifest.plist, Status.plist, the file records of Manifest.db), read within a
//! budget: the library expands repeated references and recurses on drop, so a list of 200 bytes could otherwise fill the
//! memory (measured in crates.md 4).

use std::io::Cursor;

use plist::Value;
use plist::stream::{Event, Reader};

use super::Error;

/// The most values in one list. A Manifest.plist of a phone with a thousand apps holds some ten thousand.
const MOST_EVENTS: usize = 2_000_000;
const MOST_DEPTH: usize = 64;

/// Reads a property list, binary or XML; `what` is for messages.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Bound`].
pub(super) fn read(bytes: &[u8], what: &str) -> Result<Value, Error> {
    let damaged = |detail: String| Error::Damaged { what: what.to_string(), detail };
    let bound = |detail: &str| Error::Bound { what: what.to_string(), detail: detail.to_string() };
    // Each event costs at least a reference in the file; a list that repeats more than this repeats itself on purpose.
    let most = MOST_EVENTS.min(bytes.len().saturating_mul(64));
    let mut events = Vec::new();
    let mut depth = 0usize;
    for event in Reader::new(Cursor::new(bytes)) {
        let event = event.map_err(|error| damaged(error.to_string()))?;
        match event {
            Event::StartArray(_) | Event::StartDictionary(_) => depth += 1,
            Event::EndCollection => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_DEPTH {
            return Err(bound("nested more than 64 deep"));
        }
        if events.len() >= most {
            return Err(bound("too many values"));
        }
        events.push(Ok(event));
    }
    if depth != 0 || events.is_empty() {
        return Err(damaged("it ends too early".into()));
    }
    Value::from_events(events).map_err(|error| damaged(error.to_string()))
}

/// A number that may be stored as an integer or a real.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_signed_integer().or_else(|| value.as_real().and_then(whole))
}

/// A point in time that may be stored as Unix seconds (integer or real) or as a date; Unix seconds.
pub(super) fn unix_seconds(value: &Value) -> Option<i64> {
    let date = value.as_date().map(std::time::SystemTime::from);
    let date = date.and_then(|date| match date.duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs()).ok().map(|seconds| -seconds),
    });
    date.or_else(|| integer(value))
}

/// The whole part of a real that lies within the years 1–9999 or so.
#[allow(clippy::cast_possible_truncation)] // The range is checked before.
pub(super) fn whole(real: f64) -> Option<i64> {
    (real.is_finite() && real.abs() < 1e15).then_some(real.floor() as i64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_bombs_refused() {
        let xml = b"<plist><dict><key>a</key><integer>3</integer><key>d</key><date>2001-01-01T00:00:01Z</date><key>r</key><real>-1.5</real></dict></plist>";
        let value = read(xml, "test").unwrap();
        let dict = value.as_dictionary().unwrap();
        assert_eq!(integer(dict.get("a").unwrap()), Some(3));
        assert_eq!(unix_seconds(dict.get("d").unwrap()), Some(978_307_201));
        assert_eq!(unix_seconds(dict.get("r").unwrap()), Some(-2));
        assert_eq!(whole(f64::NAN), None);
        assert_eq!(whole(1e300), None);
        assert!(matches!(read(b"", "test"), Err(Error::Damaged { .. })));
        assert!(matches!(read(b"bplist00", "test"), Err(Error::Damaged { .. })));
        let deep = format!("<plist>{}{}</plist>", "<array>".repeat(100_000), "</array>".repeat(100_000));
        assert!(matches!(read(deep.as_bytes(), "test"), Err(Error::Bound { .. })));
        // Nine arrays, each nine times the one before: the binary form of "billion laughs".
        let mut bytes = b"bplist00".to_vec();
        let mut offsets = vec![8u8];
        bytes.extend_from_slice(&[0x51, b'x']);
        for level in 0..9u8 {
            offsets.push(u8::try_from(bytes.len()).unwrap());
            bytes.push(0xA9);
            bytes.extend_from_slice(&[level; 9]);
        }
        let table = u8::try_from(bytes.len()).unwrap();
        bytes.extend_from_slice(&offsets);
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 1]);
        for number in [10u8, 9, table] {
            bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, number]);
        }
        assert!(matches!(read(&bytes, "test"), Err(Error::Bound { .. })));
    }
}
