//! JSON streams of any size to rows. The repeated element is found by a scanner that keeps one record in memory, and each
//! record is parsed on its own, so one broken record costs one record. Text that Facebook and Instagram wrote as Latin-1 is
//! repaired here, string by string, because nobody after this can tell it from text that was right (catalogue/accounts.md 0.3).

mod scanner;

use std::io::Read;

use serde_json::Value;

use self::scanner::{Captured, Scanner, Stop};
use super::path::{self, Step};
use super::text::Utf8;
use super::{Data, Error, Options, Row, Sink, Summary};

const FORMAT: &str = "json";
/// Longest record, or whole without a record path, in bytes.
const MAX_RECORD: usize = 16 << 20;
/// Longest key.
const MAX_KEY: usize = 1 << 20;

/// Reads JSON. Without a record the whole is one row with locator `json:/`. A record `/*` also reads JSON lines and values one
/// after another; `window.X = …` before the value, as in the archives of X (Twitter), is passed over.
///
/// # Errors
/// [`Error::Format`] when nothing could be read as JSON; a record that cannot be parsed is counted in the summary instead.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut source = Utf8::new(source);
    let mut reader = Reader { scanner: Scanner::new(&mut source), summary: Summary::default(), sink };
    // Cleared where the list is met that the path names.
    reader.summary.absent = true;
    let steps = path::steps(options.record.as_deref());
    let result = reader.document(&steps);
    reader.summary.absent &= reader.summary.rows == 0 && !steps.is_empty();
    match result {
        Ok(()) => Ok(reader.summary),
        Err(Stop::Error(error)) => Err(error),
        // What was read before the break stays; the break is part of the summary.
        Err(Stop::Broken(detail)) if reader.summary.rows > 0 => {
            reader.summary.skip(|| detail);
            Ok(reader.summary)
        }
        Err(Stop::Broken(detail)) => Err(Error::Format { format: FORMAT, detail }),
    }
}

struct Reader<'a, 's> {
    scanner: Scanner<'a>,
    summary: Summary,
    sink: Sink<'s>,
}

impl Reader<'_, '_> {
    fn document(&mut self, steps: &[Step]) -> Result<(), Stop> {
        if self.scanner.token()? == Some(b'w') {
            let head = self.scanner.head(256)?;
            let assigned = head.starts_with(b"window.").then(|| memchr::memchr(b'=', head)).flatten();
            self.scanner.take_many(assigned.map_or(0, |at| at + 1));
        }
        let first = self.scanner.token()?;
        let plausible = matches!(first, Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'));
        if !plausible {
            return Err(self.scanner.broken("no JSON value"));
        }
        if steps.is_empty() {
            return self.whole();
        }
        if matches!(steps.first(), Some(Step::Each)) && first != Some(b'[') {
            let Some(value) = self.scanner.probe(MAX_RECORD)? else {
                return if first == Some(b'{') {
                    self.walk(steps, "json:", "")
                } else {
                    Err(self.scanner.broken("no JSON value"))
                };
            };
            self.scanner.take_many(value.len());
            let more = self.scanner.token()?.is_some();
            if !more && first == Some(b'{') {
                let mut slice = &value[..];
                let mut inner = Reader {
                    scanner: Scanner::new(&mut slice),
                    summary: std::mem::take(&mut self.summary),
                    sink: &mut *self.sink,
                };
                let result = inner.walk(steps, "json:", "");
                self.summary = inner.summary;
                return result;
            }
            return self.sequence(&value, steps.get(1..).unwrap_or_default());
        }
        self.walk(steps, "json:", "")?;
        if self.scanner.token()?.is_some() {
            self.summary.skip(|| "more follows the first value".to_owned());
        }
        Ok(())
    }

    fn whole(&mut self) -> Result<(), Stop> {
        let Captured::Bytes(bytes) = self.scanner.capture(MAX_RECORD)? else {
            return Err(Stop::Error(bound("the whole is longer than 16 MiB and no record is named")));
        };
        if self.scanner.token()?.is_some() {
            return Err(self.scanner.broken("more follows the first value"));
        }
        let before = self.summary.skipped;
        self.record(bytes, "json:/", "")?;
        match (self.summary.skipped > before, self.summary.first_problem.take()) {
            (true, Some(problem)) => Err(Stop::Broken(problem)),
            (_, problem) => {
                self.summary.first_problem = problem;
                Ok(())
            }
        }
    }

    /// Values one after another. When the first stands on one line, the rest is read by lines, so that a line cut short does
    /// not take the following ones with it.
    fn sequence(&mut self, first: &[u8], steps: &[Step]) -> Result<(), Stop> {
        let by_line = memchr::memchr2(b'\n', b'\r', first).is_none();
        let mut value = first.to_vec();
        let mut index = 0_u64;
        loop {
            let key = index.to_string();
            self.inside(&value, steps, &path::join("json:", &key), &key)?;
            loop {
                if self.scanner.token()?.is_none() {
                    return Ok(());
                }
                index += 1;
                let captured =
                    if by_line { self.scanner.capture_line(MAX_RECORD)? } else { self.scanner.capture(MAX_RECORD)? };
                if let Captured::Bytes(bytes) = captured {
                    value = bytes;
                    break;
                }
                self.summary.skip(|| format!("value {index} is longer than 16 MiB"));
            }
        }
    }

    /// Walks a value that is in memory.
    fn inside(&mut self, value: &[u8], steps: &[Step], locator: &str, key: &str) -> Result<(), Stop> {
        if steps.is_empty() {
            return self.record(value.to_vec(), locator, key);
        }
        let mut slice = value;
        let mut inner = Reader {
            scanner: Scanner::new(&mut slice),
            summary: std::mem::take(&mut self.summary),
            sink: &mut *self.sink,
        };
        let result = inner.walk(steps, locator, key);
        self.summary = inner.summary;
        match result {
            Err(Stop::Broken(detail)) => {
                self.summary.skip(|| format!("{locator}: {detail}"));
                Ok(())
            }
            other => other,
        }
    }

    /// Follows the steps into the next value. Recursion is as deep as the artifact's record path is long.
    fn walk(&mut self, steps: &[Step], locator: &str, key: &str) -> Result<(), Stop> {
        let Some((step, rest)) = steps.split_first() else {
            return match self.scanner.capture(MAX_RECORD)? {
                Captured::Bytes(bytes) => self.record(bytes, locator, key),
                Captured::TooLong => {
                    self.summary.skip(|| format!("{locator}: the record is longer than 16 MiB"));
                    Ok(())
                }
            };
        };
        let (object, close) = match self.scanner.token()? {
            Some(b'{') => (true, b'}'),
            Some(b'[') => (false, b']'),
            _ => return self.scanner.pass(),
        };
        self.scanner.take();
        if rest.is_empty() && *step == Step::Each {
            self.summary.absent = false;
        }
        if self.scanner.token()? == Some(close) {
            self.scanner.take();
            return Ok(());
        }
        let mut index = 0_u64;
        loop {
            let name = if object { self.key()? } else { index.to_string() };
            index += 1;
            let wanted = match step {
                Step::Each => true,
                Step::Key(wanted) => *wanted == name,
            };
            if wanted {
                self.walk(rest, &path::join(locator, &name), &name)?;
            } else {
                self.scanner.pass()?;
            }
            match self.scanner.token()? {
                Some(b',') => self.scanner.take(),
                Some(byte) if byte == close => {
                    self.scanner.take();
                    return Ok(());
                }
                Some(_) => return Err(self.scanner.broken("a comma or closing bracket is missing")),
                None => return Err(self.scanner.broken("the stream ends inside a value")),
            }
        }
    }

    /// The key and its colon.
    fn key(&mut self) -> Result<String, Stop> {
        if self.scanner.token()? != Some(b'"') {
            return Err(self.scanner.broken("a key is missing"));
        }
        let Captured::Bytes(bytes) = self.scanner.capture(MAX_KEY)? else {
            return Err(self.scanner.broken("a key is longer than 1 MiB"));
        };
        if self.scanner.token()? != Some(b':') {
            return Err(self.scanner.broken("a colon is missing"));
        }
        self.scanner.take();
        let name: String =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned());
        Ok(match repaired_text(&name) {
            Some(right) => {
                self.summary.repaired += 1;
                right
            }
            None => name,
        })
    }

    fn record(&mut self, bytes: Vec<u8>, locator: &str, key: &str) -> Result<(), Stop> {
        // The common case: valid, and nothing in it to repair. The text stays as it stands in the stream.
        let suspect = may_be_mojibake(&bytes);
        let text = match String::from_utf8(bytes) {
            Ok(text) if !suspect && !is_deep(&text) && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() => {
                let row = Row { locator: locator.to_owned(), key: key.to_owned(), data: Data::Text(text) };
                return Ok(self.summary.give(self.sink, row)?);
            }
            Ok(text) => text,
            Err(problem) => {
                // Bytes that are not UTF-8 are the one fault that can be mended without guessing.
                self.summary.repaired += 1;
                String::from_utf8_lossy(problem.as_bytes()).into_owned()
            }
        };
        let parsed = serde_json::from_str::<Value>(&text);
        let mut data = match parsed {
            Ok(data) => data,
            Err(problem) => {
                self.summary.skip(|| format!("{locator}: {problem}"));
                return Ok(());
            }
        };
        if suspect {
            self.summary.repaired += repair(&mut data);
        }
        let row = Row { locator: locator.to_owned(), key: key.to_owned(), data: data.into() };
        Ok(self.summary.give(self.sink, row)?)
    }
}

/// Whether the record nests deeper than the parser and the SQL functions follow. The check of form alone has no bound of its own.
fn is_deep(text: &str) -> bool {
    const DEEPEST: usize = 120;
    if memchr::memchr2_iter(b'{', b'[', text.as_bytes()).count() <= DEEPEST {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Whether the raw record holds the start of a UTF-8 sequence written as Latin-1, escaped (`\u00c3`) or not (`Ã`). Such a start is
/// U+00C2 to U+00F4.
fn may_be_mojibake(bytes: &[u8]) -> bool {
    memchr::memchr(0xC3, bytes).is_some()
        || memchr::memmem::find_iter(bytes, b"\\u00")
            .any(|at| bytes.get(at + 4).is_some_and(|b| matches!(b, b'c'..=b'f' | b'C'..=b'F')))
}

/// Repairs every text and key of a value; gives how many. Recursion is bounded by the parser's depth of 128.
fn repair(value: &mut Value) -> u64 {
    match value {
        Value::String(text) => match repaired_text(text) {
            Some(right) => {
                *text = right;
                1
            }
            None => 0,
        },
        Value::Array(items) => items.iter_mut().map(repair).sum(),
        Value::Object(map) => {
            let mut count: u64 = map.values_mut().map(repair).sum();
            if map.keys().any(|key| repaired_text(key).is_some()) {
                let old = std::mem::take(map);
                for (key, value) in old {
                    let right = repaired_text(&key);
                    count += u64::from(right.is_some());
                    map.insert(right.unwrap_or(key), value);
                }
            }
            count
        }
        _ => 0,
    }
}

/// The text behind mojibake: only when no character is beyond U+00FF, one is beyond U+007F, and the characters taken as bytes
/// are strictly valid UTF-8. Anything else is left as it is.
fn repaired_text(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8(bytes?).ok()
}

fn bound(detail: &str) -> Error {
    Error::Bound { format: FORMAT, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
