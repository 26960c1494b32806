//! The SQL functions that decode what lies inside a value: nested property lists, archives, protocol buffers, parts of a text.
//! They are deterministic, take hostile input and give NULL for what they cannot decode, so that one odd row is one odd row.

use base64::Engine as _;
use regex::{Regex, RegexBuilder};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};
use serde_json::{Value, json};

use super::{agent, nskeyed, plist, protobuf, text};

/// The names that [`register`] adds; an authorizer must let them through.
pub const NAMES: [&str; 12] = [
    "plist",
    "nskeyed",
    "protobuf",
    "capture",
    "itunes_prefs",
    "stream_path",
    "sha1",
    "sha256",
    "from_hex",
    "agent",
    "address",
    "daily",
];

/// Adds the functions to a connection: `plist(x)`, `nskeyed(x)`, `protobuf(x)`, `itunes_prefs(x)` give JSON text,
/// `capture(text, regex[, group])` gives a group (number or name, 0 without it the first group if there is one) of the first match.
/// `stream_path()` gives the logical name of the stream, when [`name_stream`] has told it.
/// `sha1(x)` and `sha256(x)` give the digest of what hexadecimal text, `base64:…` text or a BLOB stands for.
/// `from_hex(text)` gives the number that signed hexadecimal text stands for.
/// `agent(text)` gives what a user agent says, as JSON ([`agent::parse`]); `address(text)` the text when it is a network address and
/// nothing else.
/// `x` is a BLOB or `base64:…` text; `plist` and `nskeyed` also take XML text and the JSON of an already decoded property list.
///
/// # Errors
/// `SQLite` refused the registration.
pub fn register(connection: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    super::daily::register(connection)?;
    connection.create_scalar_function(c"plist", 1, flags, |call| Ok(decode(call.get_raw(0), plist_value)))?;
    connection.create_scalar_function(c"nskeyed", 1, flags, |call| Ok(decode(call.get_raw(0), nskeyed_value)))?;
    connection.create_scalar_function(c"protobuf", 1, flags, |call| Ok(decode(call.get_raw(0), protobuf_value)))?;
    connection.create_scalar_function(c"itunes_prefs", 1, flags, |call| Ok(decode(call.get_raw(0), itunes_value)))?;
    connection.create_scalar_function(c"agent", 1, flags, |call| match call.get_raw(0) {
        ValueRef::Text(text) => Ok(agent::parse(&String::from_utf8_lossy(text)).map(|value| value.to_string())),
        _ => Ok(None),
    })?;
    connection.create_scalar_function(c"address", 1, flags, |call| match call.get_raw(0) {
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            Ok(text.trim().parse::<std::net::IpAddr>().ok().map(|_| text.trim().to_owned()))
        }
        _ => Ok(None),
    })?;
    connection.create_scalar_function(c"sha1", 1, flags, |call| Ok(digest::<sha1::Sha1>(call.get_raw(0))))?;
    connection.create_scalar_function(c"sha256", 1, flags, |call| Ok(digest::<sha2::Sha256>(call.get_raw(0))))?;
    connection.create_scalar_function(c"from_hex", 1, flags, |call| {
        let text = call.get_raw(0).as_str_or_null().ok().flatten();
        Ok(text.and_then(|text| i64::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()))
    })?;
    for arguments in [2, 3] {
        connection.create_scalar_function(c"capture", arguments, flags, capture)?;
    }
    name_stream(connection, "")
}

/// Sets what `stream_path()` gives: some facts stand in the name of a file only, such as the user whose settings it holds.
///
/// # Errors
/// `SQLite` refused the registration.
pub fn name_stream(connection: &Connection, name: &str) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let name = name.to_owned();
    connection.create_scalar_function(c"stream_path", 0, flags, move |_| Ok(name.clone()))
}

/// The digest, in lower-case hexadecimal, of a BLOB, of `base64:…` text, or of the bytes that hexadecimal text stands for.
fn digest<D: sha2::Digest>(raw: ValueRef<'_>) -> Option<String> {
    use std::fmt::Write as _;
    let bytes = match raw {
        ValueRef::Blob(bytes) => bytes.to_vec(),
        ValueRef::Text(text) => match text.strip_prefix(b"base64:") {
            Some(encoded) => base64::engine::general_purpose::STANDARD.decode(encoded).ok()?,
            None => from_hexadecimal(text)?,
        },
        _ => return None,
    };
    (!bytes.is_empty()).then(|| {
        D::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    })
}

fn from_hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// What a function was given.
enum Given {
    Bytes(Vec<u8>),
    Json(Value),
}

fn decode(raw: ValueRef<'_>, decoder: fn(Given) -> Option<Value>) -> Option<String> {
    let given = match raw {
        ValueRef::Blob(bytes) => Given::Bytes(bytes.to_vec()),
        ValueRef::Text(bytes) => {
            if let Some(encoded) = bytes.strip_prefix(b"base64:") {
                Given::Bytes(base64::engine::general_purpose::STANDARD.decode(encoded).ok()?)
            } else if matches!(bytes.first(), Some(b'{' | b'[')) {
                Given::Json(serde_json::from_slice(bytes).ok()?)
            } else {
                Given::Bytes(bytes.to_vec())
            }
        }
        _ => return None,
    };
    decoder(given).map(|value| value.to_string())
}

fn plist_value(given: Given) -> Option<Value> {
    match given {
        Given::Bytes(bytes) => plist::parse(&bytes).ok(),
        Given::Json(value) => Some(value),
    }
}

fn nskeyed_value(given: Given) -> Option<Value> {
    match given {
        Given::Bytes(bytes) => nskeyed::parse(&bytes),
        Given::Json(value) if nskeyed::is_archive(&value) => nskeyed::unarchive(&value),
        Given::Json(value) => Some(value),
    }
}

fn protobuf_value(given: Given) -> Option<Value> {
    match given {
        Given::Bytes(bytes) => protobuf::parse(&bytes),
        Given::Json(_) => None,
    }
}

fn itunes_value(given: Given) -> Option<Value> {
    match given {
        Given::Bytes(bytes) => itunes_prefs(&bytes),
        Given::Json(_) => None,
    }
}

/// The computers named in an `iTunesPrefs` blob (catalogue/ios.md 1.12 K7): after the marker `01 01 80 00 00`, at marker + 92,
/// records of 192 bytes: 64 for the user, 128 for the computer, both padded with NUL. Equal records are given once.
fn itunes_prefs(bytes: &[u8]) -> Option<Value> {
    const MARKER: &[u8] = &[0x01, 0x01, 0x80, 0x00, 0x00];
    if !bytes.starts_with(b"frpd") {
        return None;
    }
    let at = memchr::memmem::find(bytes, MARKER)?;
    let records = bytes.get(at.checked_add(92)?..).unwrap_or_default();
    let mut computers: Vec<Value> = Vec::new();
    for record in records.as_chunks::<192>().0 {
        let (user, computer) = record.split_at(64);
        let (user, computer) = (padded(user), padded(computer));
        if user.is_empty() && computer.is_empty() {
            break;
        }
        let entry = json!({"user": user, "computer": computer});
        if !computers.contains(&entry) && computers.len() < 64 {
            computers.push(entry);
        }
    }
    Some(Value::Array(computers))
}

/// Text up to the first NUL. Windows wrote these names in its own code page, macOS in UTF-8.
fn padded(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    text::western(field.get(..end).unwrap_or_default()).0.into_owned()
}

fn capture(call: &mut Context<'_>) -> Result<Option<String>, Error> {
    let subject = match call.get_raw(0) {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null | ValueRef::Blob(_) => return Ok(None),
    };
    if call.get_raw(1) == ValueRef::Null {
        return Ok(None);
    }
    // SQLite keeps the compiled expression as long as the pattern is a literal of the statement.
    let regex = call.get_or_create_aux(1, |pattern| -> Result<Regex, Box<dyn std::error::Error + Send + Sync>> {
        Ok(RegexBuilder::new(pattern.as_str()?).size_limit(1 << 20).dfa_size_limit(4 << 20).nest_limit(50).build()?)
    })?;
    let Some(found) = regex.captures(&subject) else { return Ok(None) };
    let group = if call.len() < 3 { ValueRef::Integer(i64::from(found.len() > 1)) } else { call.get_raw(2) };
    let group = match group {
        ValueRef::Integer(number) => usize::try_from(number).ok().and_then(|number| found.get(number)),
        ValueRef::Text(name) => std::str::from_utf8(name).ok().and_then(|name| found.name(name)),
        _ => None,
    };
    Ok(group.map(|part| part.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn ask(sql: &str, value: impl rusqlite::ToSql) -> Option<String> {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection.query_row(sql, [value], |row| row.get(0)).unwrap()
    }

    #[test]
    fn nested_values_become_json() {
        let xml = "<plist><dict><key>a</key><array><integer>5</integer></array></dict></plist>";
        assert_eq!(ask("SELECT CAST(plist(?1) ->> '$.a[0]' AS TEXT)", xml.as_bytes()).as_deref(), Some("5"));
        let encoded = plist::data_text(xml.as_bytes());
        assert_eq!(ask("SELECT plist(?1)", encoded).as_deref(), Some(r#"{"a":[5]}"#));
        assert_eq!(ask("SELECT nskeyed(plist(?1))", xml).as_deref(), Some(r#"{"a":[5]}"#));
        assert_eq!(ask("SELECT protobuf(?1)", &b"\x0A\x02ab"[..]).as_deref(), Some(r#"{"1":["ab"]}"#));
        for sql in ["SELECT plist(?1)", "SELECT nskeyed(?1)", "SELECT protobuf(?1)", "SELECT itunes_prefs(?1)"] {
            assert_eq!(ask(sql, rusqlite::types::Null), None);
            assert_eq!(ask(sql, "garbage \u{1}"), None);
            assert_eq!(ask(sql, "base64:****"), None);
            assert_eq!(ask(sql, 7), None);
        }
    }

    #[test]
    fn digests_are_of_the_bytes() {
        assert_eq!(ask("SELECT sha1(?1)", "616263").as_deref(), Some("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(ask("SELECT sha1(?1)", &b"abc"[..]).as_deref(), Some("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(ask("SELECT from_hex(?1) || ''", "-1ff").as_deref(), Some("-511"));
        assert_eq!(ask("SELECT from_hex(?1) || ''", "1g"), None);
        assert_eq!(ask("SELECT substr(sha256(?1), 1, 8)", "base64:YWJj").as_deref(), Some("ba7816bf"));
        for odd in ["", "6", "xyz!", "616"] {
            assert_eq!(ask("SELECT sha256(?1)", odd), None);
        }
    }

    #[test]
    fn capture_gives_groups() {
        let text = "Os : IOS_OS. Os Version : 18.3.";
        assert_eq!(ask(r"SELECT capture(?1, 'Os : (\w+)')", text).as_deref(), Some("IOS_OS"));
        assert_eq!(ask(r"SELECT capture(?1, 'Os : (\w+)', 0)", text).as_deref(), Some("Os : IOS_OS"));
        assert_eq!(ask(r"SELECT capture(?1, '(?<v>[\d.]+\d)', 'v')", text).as_deref(), Some("18.3"));
        assert_eq!(ask("SELECT capture(?1, 'Version')", text).as_deref(), Some("Version"));
        assert_eq!(ask("SELECT capture(?1, '(x)', 9)", "x"), None);
        assert_eq!(ask("SELECT capture(?1, 'nothing')", text), None);
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        assert!(connection.query_row("SELECT capture('a', '(')", [], |row| row.get::<_, Option<String>>(0)).is_err());
        assert!(
            connection
                .query_row(r"SELECT capture('a', '\w{900}{900}')", [], |row| row.get::<_, Option<String>>(0))
                .is_err()
        );
    }

    #[test]
    fn itunes_preferences_name_the_computers() {
        let mut blob = b"frpd".to_vec();
        blob.resize(292, 0);
        blob.extend_from_slice(&[1, 1, 0x80, 0, 0]);
        blob.resize(384, 0);
        let mut record = |user: &[u8], computer: &[u8]| {
            let start = blob.len();
            blob.extend_from_slice(user);
            blob.resize(start + 64, 0);
            blob.extend_from_slice(computer);
            blob.resize(start + 192, 0);
        };
        record(b"Ren\xE9", b"LAPTOP-1");
        record(b"Ren\xE9", b"LAPTOP-1");
        record(b"", "Bureau van Zoë".as_bytes());
        record(b"", b"");
        blob.resize(1232, 0);
        let names: Value = serde_json::from_str(&ask("SELECT itunes_prefs(?1)", blob.as_slice()).unwrap()).unwrap();
        assert_eq!(
            names,
            json!([{"user": "René", "computer": "LAPTOP-1"}, {"user": "", "computer": "Bureau van Zoë"}])
        );
        assert_eq!(itunes_prefs(&blob[..300]), Some(json!([])));
        assert_eq!(itunes_prefs(b"frpd"), None);
    }
}
