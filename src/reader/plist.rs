//! Property lists, binary and XML, to JSON rows. The event stream of the `plist` crate is read under a budget: its own value
//! parser expands shared references without limit and overflows the stack when it drops deep nesting (crates.md §4). Only the
//! record being built is in memory, so an `Info.plist` full of artwork costs one app at a time.

use std::io::{Cursor, Read};
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use plist::stream::{BinaryReader, Event, OwnedEvent, XmlReader};
use serde_json::{Map, Value};

use super::path::{self, Step};
use super::{Error, Options, Row, Sink, Summary};

const FORMAT: &str = "plist";
/// Longest stream that is read, in bytes: both forms need random access or a whole buffer.
const MAX_STREAM: u64 = 256 << 20;
/// Most events of one stream; the "billion laughs" of 221 bytes would give ten million.
const MAX_EVENTS: u64 = 1_000_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 256;
/// Most text and data of one record, in bytes.
const MAX_RECORD: usize = 64 << 20;
/// Most text and data that one stream may unfold to, in bytes.
const MAX_TOTAL: u64 = 1 << 30;

/// Reads a property list. Without a record the whole is one row with locator `plist:/`.
///
/// # Errors
/// [`Error::Format`] when it is no binary or XML property list, [`Error::Bound`] when a budget is spent.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut bytes = Vec::new();
    source.take(MAX_STREAM + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STREAM {
        return Err(bound("longer than 256 MiB"));
    }
    walk(&bytes, &path::steps(options.record.as_deref()), sink)
}

/// The whole of a property list as JSON: data as `base64:…`, dates as RFC 3339, references as `{"$uid":n}`.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let mut whole = Value::Null;
    walk(bytes, &[], &mut |row| {
        whole = row.data.into_value();
        Ok(())
    })?;
    Ok(whole)
}

fn walk(bytes: &[u8], steps: &[Step], sink: Sink<'_>) -> Result<Summary, Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let events: Box<dyn Iterator<Item = Result<OwnedEvent, plist::Error>> + '_> = if bytes.starts_with(b"bplist") {
        Box::new(BinaryReader::new(Cursor::new(bytes)))
    } else if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        Box::new(XmlReader::new(bytes))
    } else if bytes.is_empty() {
        return Err(format("the stream is empty"));
    } else {
        return Err(format("neither binary nor XML (the old text form is not read)"));
    };
    let mut walker = Walker { events, seen: 0, unfolded: 0, record: 0, summary: Summary::default(), sink };
    let first = walker.next()?.ok_or_else(|| format("no value"))?;
    walker.visit(first, steps, "plist:", "")?;
    Ok(walker.summary)
}

struct Walker<'a, 's> {
    events: Box<dyn Iterator<Item = Result<OwnedEvent, plist::Error>> + 'a>,
    seen: u64,
    unfolded: u64,
    record: usize,
    summary: Summary,
    sink: Sink<'s>,
}

impl Walker<'_, '_> {
    fn next(&mut self) -> Result<Option<OwnedEvent>, Error> {
        let event = match self.events.next() {
            None => return Ok(None),
            Some(Ok(event)) => event,
            Some(Err(problem)) => return Err(format(&problem.to_string())),
        };
        self.seen += 1;
        if self.seen > MAX_EVENTS {
            return Err(bound("more than 1,000,000 elements"));
        }
        let size = match &event {
            Event::String(text) => text.len(),
            Event::Data(data) => data.len(),
            _ => 0,
        };
        self.unfolded = self.unfolded.saturating_add(size as u64);
        self.record = self.record.saturating_add(size);
        if self.unfolded > MAX_TOTAL {
            return Err(bound("unfolds to more than 1 GiB"));
        }
        Ok(Some(event))
    }

    fn expect(&mut self) -> Result<OwnedEvent, Error> {
        self.next()?.ok_or_else(|| format("ends inside a collection"))
    }

    /// Follows the steps into the value that `event` opens. Recursion is as deep as the artifact's record path is long.
    fn visit(&mut self, event: OwnedEvent, steps: &[Step], locator: &str, key: &str) -> Result<(), Error> {
        let Some((step, rest)) = steps.split_first() else {
            self.record = 0;
            let data = self.build(event)?;
            let locator = if locator == "plist:" { "plist:/".to_owned() } else { locator.to_owned() };
            return self.summary.give(self.sink, Row { locator, key: key.to_owned(), data: data.into() });
        };
        let dictionary = match event {
            Event::StartDictionary(_) => true,
            Event::StartArray(_) => false,
            _ => return Ok(()),
        };
        let mut index = 0_u64;
        loop {
            let event = self.expect()?;
            let (name, value) = match event {
                Event::EndCollection => return Ok(()),
                Event::String(name) if dictionary => (name.into_owned(), self.expect()?),
                _ if dictionary => return Err(format("a dictionary key is not text")),
                value => (index.to_string(), value),
            };
            index += 1;
            let wanted = match step {
                Step::Each => true,
                Step::Key(wanted) => *wanted == name,
            };
            if wanted {
                self.visit(value, rest, &path::join(locator, &name), &name)?;
            } else {
                self.pass(&value)?;
            }
        }
    }

    /// Passes over the value that `event` opens.
    fn pass(&mut self, event: &OwnedEvent) -> Result<(), Error> {
        let mut depth = usize::from(opens(event));
        while depth > 0 {
            match self.expect()? {
                Event::EndCollection => depth -= 1,
                event if opens(&event) => depth += 1,
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Err(bound("nested deeper than 256"));
            }
        }
        Ok(())
    }

    /// Builds the value that `event` opens, with an explicit stack.
    fn build(&mut self, event: OwnedEvent) -> Result<Value, Error> {
        let mut stack: Vec<(Value, Option<String>)> = Vec::new();
        let mut event = event;
        loop {
            let mut done = match event {
                Event::StartArray(_) => {
                    stack.push((Value::Array(Vec::new()), None));
                    None
                }
                Event::StartDictionary(_) => {
                    stack.push((Value::Object(Map::new()), None));
                    None
                }
                Event::EndCollection => match stack.pop() {
                    Some((value, None)) => Some(value),
                    _ => return Err(format("a key without a value")),
                },
                scalar => Some(scalar_value(scalar)),
            };
            if stack.len() > MAX_DEPTH {
                return Err(bound("nested deeper than 256"));
            }
            if self.record > MAX_RECORD {
                return Err(bound("one record holds more than 64 MiB"));
            }
            if let Some(value) = done.take() {
                match stack.last_mut() {
                    None => return Ok(value),
                    Some((Value::Array(items), _)) => items.push(value),
                    Some((Value::Object(map), key)) => match key.take() {
                        Some(name) => {
                            map.insert(name, value);
                        }
                        None => return Err(format("a dictionary key is not text")),
                    },
                    Some(_) => return Err(format("a value inside a value")),
                }
            }
            event = self.expect()?;
            // A key is text in a dictionary that waits for one; it is taken here so that it never counts as a value.
            if let Some((Value::Object(_), key @ None)) = stack.last_mut() {
                match event {
                    Event::String(name) => *key = Some(name.into_owned()),
                    Event::EndCollection => continue,
                    _ => return Err(format("a dictionary key is not text")),
                }
                event = self.expect()?;
                if matches!(event, Event::EndCollection) {
                    return Err(format("a key without a value"));
                }
            }
        }
    }
}

fn opens(event: &OwnedEvent) -> bool {
    matches!(event, Event::StartArray(_) | Event::StartDictionary(_))
}

fn scalar_value(event: OwnedEvent) -> Value {
    match event {
        Event::Boolean(value) => Value::Bool(value),
        Event::Data(data) => Value::String(data_text(&data)),
        Event::Date(date) => date_text(date).map_or(Value::Null, Value::String),
        // Numbers beyond 64 bits signed would become floating point in SQL and lose digits.
        Event::Integer(value) => value.as_signed().map_or_else(|| Value::String(value.to_string()), Value::from),
        Event::Real(value) => serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number),
        Event::String(text) => Value::String(text.into_owned()),
        Event::Uid(uid) => {
            let number = uid.get();
            let number = i64::try_from(number).map_or_else(|_| Value::String(number.to_string()), Value::from);
            Value::Object(Map::from_iter([("$uid".to_owned(), number)]))
        }
        _ => Value::Null,
    }
}

/// Data as it stands in a row: `base64:` and the standard alphabet with padding.
#[must_use]
pub fn data_text(data: &[u8]) -> String {
    let mut text = "base64:".to_owned();
    base64::engine::general_purpose::STANDARD.encode_string(data, &mut text);
    text
}

/// RFC 3339 in UTC. Not by the crate's own formatter: that one panics on years outside 0 to 9999.
fn date_text(date: plist::Date) -> Option<String> {
    let time: std::time::SystemTime = date.into();
    let (seconds, nanos) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).ok()?, i32::try_from(after.subsec_nanos()).ok()?),
        Err(before) => {
            let before = before.duration();
            (i64::try_from(before.as_secs()).ok()?.checked_neg()?, -i32::try_from(before.subsec_nanos()).ok()?)
        }
    };
    jiff::Timestamp::new(seconds, nanos).ok().map(|stamp| stamp.to_string())
}

fn format(detail: &str) -> Error {
    Error::Format { format: FORMAT, detail: detail.to_owned() }
}

fn bound(detail: &str) -> Error {
    Error::Bound { format: FORMAT, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    const SAMPLE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
 <key>Applications</key><dict>
  <key>com.example/a</key><dict><key>size</key><integer>18446744073709551615</integer><key>on</key><true/></dict>
  <key>com.example.b</key><dict><key>ratio</key><real>nan</real><key>blob</key><data>AAEC</data><key>empty</key><dict/></dict>
 </dict>
 <key>Date</key><date>2026-01-02T03:04:05Z</date>
 <key>List</key><array><string>één &amp; twee</string><array/></array>
</dict></plist>"#;

    fn rows(bytes: &[u8], record: Option<&str>) -> Result<Vec<Row>, Error> {
        let mut out = Vec::new();
        let options = Options { record: record.map(str::to_owned), ..Options::default() };
        let mut source = bytes;
        let summary = read(&mut source, &options, &mut |row| {
            out.push(row);
            Ok(())
        })?;
        assert_eq!(summary.rows, out.len() as u64);
        Ok(out)
    }

    fn binary(value: &plist::Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.to_writer_binary(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn whole_and_records() {
        let whole = rows(SAMPLE.as_bytes(), None).unwrap();
        assert_eq!((whole[0].locator.as_str(), whole[0].key.as_str()), ("plist:/", ""));
        assert_eq!(whole[0].data["Date"], "2026-01-02T03:04:05Z");
        assert_eq!(whole[0].data["List"], json!(["één & twee", []]));
        let apps = rows(SAMPLE.as_bytes(), Some("/Applications/*")).unwrap();
        assert_eq!(apps.len(), 2);
        assert_eq!(
            (apps[0].locator.as_str(), apps[0].key.as_str()),
            ("plist:/Applications/com.example~1a", "com.example/a")
        );
        assert_eq!(apps[0].data, json!({"size": "18446744073709551615", "on": true}));
        assert_eq!(apps[1].data, json!({"ratio": null, "blob": "base64:AAEC", "empty": {}}));
        assert_eq!(rows(SAMPLE.as_bytes(), Some("/List/0")).unwrap()[0].data, json!("één & twee"));
        assert!(rows(SAMPLE.as_bytes(), Some("/Absent/*")).unwrap().is_empty());
    }

    #[test]
    fn binary_gives_the_same_and_uids() {
        let value = plist::Value::from_reader_xml(SAMPLE.as_bytes()).unwrap();
        let apps = rows(&binary(&value), Some("/Applications/*")).unwrap();
        assert_eq!(apps[1].data["blob"], "base64:AAEC");
        let uid = plist::Value::Array(vec![plist::Value::Uid(plist::Uid::new(7))]);
        assert_eq!(parse(&binary(&uid)).unwrap(), json!([{"$uid": 7}]));
    }

    #[test]
    fn dates_of_absurd_years_do_not_panic() {
        // A root date object of -6e10 seconds (the year 100 before our era) in a hand-made binary list.
        let mut bytes = b"bplist00\x33".to_vec();
        bytes.extend_from_slice(&(-6.5e10_f64).to_be_bytes());
        bytes.push(8);
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 1]);
        for number in [1_u64, 0, 17] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        assert!(parse(&bytes).unwrap().as_str().unwrap().starts_with("-00"));
    }

    /// Ten levels of arrays, each holding the next ten times.
    pub(crate) fn billion_laughs() -> Vec<u8> {
        let mut bytes = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for level in 0..12_u8 {
            offsets.push(u8::try_from(bytes.len()).unwrap());
            if level == 11 {
                bytes.extend_from_slice(b"\x51x");
            } else {
                bytes.push(0xAA);
                bytes.extend(std::iter::repeat_n(level + 1, 10));
            }
        }
        let table = bytes.len() as u64;
        bytes.extend_from_slice(&offsets);
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 1]);
        for number in [12_u64, 0, table] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn hostile_lists_are_refused() {
        assert!(matches!(parse(&billion_laughs()), Err(Error::Bound { .. })));
        let deep = format!("<plist>{}", "<array>".repeat(1_000_000));
        assert!(matches!(parse(deep.as_bytes()), Err(Error::Bound { .. })));
        assert!(matches!(rows(deep.as_bytes(), Some("/0/*/x")), Err(_) | Ok(_)));
        // An object that claims 2^62 bytes, and an array that holds itself.
        for object in [&b"\x4F\x13\x40\0\0\0\0\0\0\0"[..], &b"\xA1\0"[..]] {
            let mut bytes = b"bplist00".to_vec();
            bytes.extend_from_slice(object);
            let table = bytes.len() as u64;
            bytes.push(8);
            bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 1]);
            for number in [1_u64, 0, table] {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            assert!(matches!(parse(&bytes), Err(Error::Format { .. })));
        }
        for bad in [&b""[..], b"{ a = 1; }", b"bplist00", b"<html>", b"<plist><dict><key>a</key></dict></plist>"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
