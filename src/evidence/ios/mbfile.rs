//! The file record of a manifest row: an `MBFile` in an `NSKeyedArchiver` property list (catalogue/ios.md 1.6). Every field is
//! optional, and a field may point to `$null`.

use plist::{Dictionary, Value};

use crate::evidence::Error;
use crate::evidence::property_list::{integer, read, unix_seconds, whole};

/// Seconds from the Unix epoch to the epoch of `NSDate`, 2001-01-01 UTC.
const COCOA_EPOCH: i64 = 978_307_200;

/// What a file record says. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FileRecord {
    /// Size of the plaintext as claimed.
    pub size: Option<u64>,
    pub modified: Option<i64>,
    pub created: Option<i64>,
    /// Number of the protection class.
    pub class: Option<u32>,
    /// Class and wrapped key (44 bytes when sound).
    pub encryption_key: Option<Vec<u8>>,
    /// The path as the record repeats it.
    pub path: Option<String>,
}

/// Reads a file record.
pub(super) fn decode(bytes: &[u8]) -> Result<FileRecord, Error> {
    let what = "a file record of the manifest";
    let missing = |part: &str| Error::Damaged { what: what.to_string(), detail: format!("no {part}") };
    let archive = read(bytes, what)?;
    let archive = archive.as_dictionary().ok_or_else(|| missing("dictionary"))?;
    let objects = archive.get("$objects").and_then(Value::as_array).ok_or_else(|| missing("$objects"))?;
    let top = archive.get("$top").and_then(Value::as_dictionary).and_then(|top| top.get("root"));
    let root = top
        .and_then(|root| follow(root, objects))
        .and_then(Value::as_dictionary)
        .ok_or_else(|| missing("root object"))?;
    let field = |name: &str| root.get(name).and_then(|value| follow(value, objects));
    let time = |name: &str| field(name).and_then(|value| moment(value, objects));
    Ok(FileRecord {
        size: field("Size").and_then(integer).and_then(|size| u64::try_from(size).ok()),
        modified: time("LastModified"),
        created: time("Birth"),
        class: field("ProtectionClass").and_then(integer).and_then(|class| u32::try_from(class).ok()),
        encryption_key: field("EncryptionKey").and_then(|value| data(value, objects)),
        path: field("RelativePath").and_then(Value::as_string).map(String::from),
    })
}

/// The object a reference points to; nothing for `$null`. A reference to a reference is not followed further.
fn follow<'a>(value: &'a Value, objects: &'a [Value]) -> Option<&'a Value> {
    let value = match value {
        Value::Uid(uid) => objects.get(usize::try_from(uid.get()).ok()?)?,
        value => value,
    };
    (value.as_string() != Some("$null")).then_some(value)
}

fn member<'a>(dictionary: &'a Dictionary, name: &str, objects: &'a [Value]) -> Option<&'a Value> {
    dictionary.get(name).and_then(|value| follow(value, objects))
}

/// Unix seconds from a number, a date, or an archived `NSDate`.
fn moment(value: &Value, objects: &[Value]) -> Option<i64> {
    let Some(archived) = value.as_dictionary() else { return unix_seconds(value) };
    let seconds = member(archived, "NS.time", objects)?;
    seconds.as_real().and_then(whole).or_else(|| integer(seconds))?.checked_add(COCOA_EPOCH)
}

/// Bytes stored as they are or in an archived `NSData`.
fn data(value: &Value, objects: &[Value]) -> Option<Vec<u8>> {
    let bytes = value.as_dictionary().map_or(Some(value), |archived| member(archived, "NS.data", objects))?;
    bytes.as_data().map(<[u8]>::to_vec)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(in crate::evidence) mod tests {
    use super::*;
    use plist::Uid;

    /// An archive of these objects; object 1 is the root.
    pub fn archive(root: &[(&str, Value)], more: Vec<Value>) -> Vec<u8> {
        let root: Dictionary = root.iter().map(|(key, value)| ((*key).to_string(), value.clone())).collect();
        let mut objects = vec![Value::String("$null".into()), Value::Dictionary(root)];
        objects.extend(more);
        let mut top = Dictionary::new();
        top.insert("root".into(), Value::Uid(Uid::new(1)));
        let mut archive = Dictionary::new();
        archive.insert("$version".into(), 100_000.into());
        archive.insert("$archiver".into(), "NSKeyedArchiver".into());
        archive.insert("$top".into(), Value::Dictionary(top));
        archive.insert("$objects".into(), Value::Array(objects));
        let mut bytes = Vec::new();
        Value::Dictionary(archive).to_writer_binary(&mut bytes).unwrap();
        bytes
    }

    fn dictionary(key: &str, value: Value) -> Value {
        let mut dictionary = Dictionary::new();
        dictionary.insert(key.into(), value);
        Value::Dictionary(dictionary)
    }

    #[test]
    fn all_forms_of_a_field_are_read() {
        let root = [
            ("Size", Value::Real(5.0)),
            ("LastModified", Value::Uid(Uid::new(2))),
            ("Birth", 1_600_000_000.into()),
            ("ProtectionClass", 3.into()),
            ("EncryptionKey", Value::Uid(Uid::new(3))),
            ("RelativePath", Value::Uid(Uid::new(4))),
        ];
        let more = vec![
            dictionary("NS.time", Value::Real(10.5)),
            dictionary("NS.data", Value::Data(vec![1, 2])),
            "a/b".into(),
        ];
        let expected = FileRecord {
            size: Some(5),
            modified: Some(978_307_210),
            created: Some(1_600_000_000),
            class: Some(3),
            encryption_key: Some(vec![1, 2]),
            path: Some("a/b".into()),
        };
        assert_eq!(decode(&archive(&root, more)).unwrap(), expected);
        // Every field missing, null, of another type, or pointing nowhere.
        assert_eq!(decode(&archive(&[], vec![])).unwrap(), FileRecord::default());
        for odd in [
            Value::Uid(Uid::new(0)),
            Value::Uid(Uid::new(99)),
            Value::Boolean(true),
            Value::Uid(Uid::new(1)),
            (-1).into(),
        ] {
            let root = root.each_ref().map(|(key, _)| (*key, odd.clone()));
            let record = decode(&archive(&root, vec![])).unwrap();
            assert_eq!((record.size, record.class, record.encryption_key), (None, None, None));
        }
        assert!(decode(b"").is_err() && decode(b"bplist00garbage").is_err());
    }
}
