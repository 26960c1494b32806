//! `Manifest.mbdb`, the table of contents of backups up to iOS 9 (catalogue/ios.md 1.7).

use crate::evidence::label;

/// First bytes of every such file.
pub(super) const MAGIC: &[u8] = b"mbdb";

/// One record. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub domain: String,
    pub path: String,
    /// `st_mode` of Unix: the upper four bits tell files, folders and links apart.
    pub mode: u16,
    pub modified: u32,
    pub created: u32,
    pub size: u64,
}

/// Reads all records; the flag says whether the end was inside one.
pub(super) fn read(bytes: &[u8]) -> (Vec<Record>, bool) {
    let mut records = Vec::new();
    let mut rest = bytes.get(6..).unwrap_or_default();
    while !rest.is_empty() {
        let Some(record) = record(&mut rest) else { return (records, true) };
        records.push(record);
    }
    (records, false)
}

fn record(rest: &mut &[u8]) -> Option<Record> {
    let domain = label(string(rest)?);
    let path = label(string(rest)?);
    for _ in 0..3 {
        // Link target, hash, key: not needed to find an unencrypted file.
        string(rest)?;
    }
    let mode = u16::from_be_bytes(take(rest)?);
    take::<16>(rest)?;
    let modified = u32::from_be_bytes(take(rest)?);
    take::<4>(rest)?;
    let created = u32::from_be_bytes(take(rest)?);
    let size = u64::from_be_bytes(take(rest)?);
    let [_class, properties] = take(rest)?;
    for _ in 0..properties {
        string(rest)?;
        string(rest)?;
    }
    Some(Record { domain, path, mode, modified, created, size })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

/// A length and as many bytes; the length `FFFF` means none.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(take(rest)?);
    if length == u16::MAX {
        return Some(b"");
    }
    let (text, after) = rest.split_at_checked(usize::from(length))?;
    *rest = after;
    Some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// A file of two records, and where the records end.
    fn sample() -> (Vec<u8>, Vec<usize>) {
        let mut ends = vec![6];
        let mut bytes = b"mbdb\x05\x00".to_vec();
        for (path, size) in [("Library/a.plist", 3u64), ("caf\u{e9}", 70_000)] {
            for text in ["HomeDomain", path] {
                bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
                bytes.extend(text.as_bytes());
            }
            bytes.extend([0xFF; 6]);
            bytes.extend(0x81A4u16.to_be_bytes());
            bytes.extend([0; 16]);
            for time in [1_300_000_000u32, 1, 1_200_000_000] {
                bytes.extend(time.to_be_bytes());
            }
            bytes.extend(size.to_be_bytes());
            bytes.extend([3, 1, 0, 1, b'n', 0xFF, 0xFF]);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    #[test]
    fn records_are_read_and_a_cut_end_is_told() {
        let (whole, ends) = sample();
        let (records, cut) = read(&whole);
        assert!(!cut);
        let expected = Record {
            domain: "HomeDomain".into(),
            path: "caf\u{e9}".into(),
            mode: 0x81A4,
            modified: 1_300_000_000,
            created: 1_200_000_000,
            size: 70_000,
        };
        assert_eq!((records.len(), &records[1]), (2, &expected));
        for length in 0..=whole.len() {
            let (records, cut) = read(&whole[..length]);
            assert_eq!(records.len() + 1, ends.iter().filter(|end| **end <= length).count().max(1));
            assert_eq!(cut, length > 6 && !ends.contains(&length));
        }
    }

    proptest::proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(0u8.., 0..300)) {
            let _ = read(&bytes);
        }
    }
}
