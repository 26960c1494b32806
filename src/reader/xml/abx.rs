//! ABX, the binary form of XML in which Android keeps its system files since version 12 (catalogue/android.md 1.2): a stream of
//! tokens, low half the event, high half the type; lengths and references are unsigned, all numbers big-endian.

use std::io::{BufRead, Read};

use base64::Engine as _;

use super::super::Error;
use super::{Event, Events, FORMAT};

/// The first bytes: `ABX` and version 0.
pub(super) const MAGIC: &[u8] = b"ABX\0";
/// Strings that the pool takes; later ones are written out each time.
const POOL: usize = 0xFFFF;
/// Attributes of one element at most, and the bytes of their names and values together.
const ATTRIBUTES: usize = 4096;
const ATTRIBUTE_BYTES: usize = 16 << 20;

/// A binary document.
pub(super) struct Binary<'a> {
    source: &'a mut dyn BufRead,
    pool: Vec<String>,
    /// A token that was read while looking for more attributes.
    ahead: Option<u8>,
    began: bool,
    at: u64,
}

impl<'a> Binary<'a> {
    pub(super) fn new(source: &'a mut dyn BufRead) -> Self {
        Self { source, pool: Vec::new(), ahead: None, began: false, at: 0 }
    }

    fn wrong(&self, detail: &str) -> Error {
        Error::Format { format: FORMAT, detail: format!("ABX, byte {}: {detail}", self.at) }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.wrong("it ends inside a token"),
            _ => Error::Io(error),
        })?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// A length and so many bytes. The length is at most 65535, so nothing large is taken on trust.
    fn counted(&mut self) -> Result<Vec<u8>, Error> {
        let length = u64::from(u16::from_be_bytes(self.bytes()?));
        let mut bytes = Vec::new();
        let have = (&mut *self.source).take(length).read_to_end(&mut bytes)?;
        self.at += have as u64;
        if have as u64 == length { Ok(bytes) } else { Err(self.wrong("it ends inside a string")) }
    }

    fn string(&mut self) -> Result<String, Error> {
        Ok(modified_utf8(self.counted()?))
    }

    fn interned(&mut self) -> Result<String, Error> {
        let reference = u16::from_be_bytes(self.bytes()?);
        if reference != 0xFFFF {
            let known = self.pool.get(usize::from(reference)).cloned();
            return known.ok_or_else(|| self.wrong("it refers to a string that it does not hold"));
        }
        let text = self.string()?;
        if self.pool.len() < POOL {
            self.pool.push(text.clone());
        }
        Ok(text)
    }

    /// The next token; `None` at the end.
    fn token(&mut self) -> Result<Option<u8>, Error> {
        if let Some(token) = self.ahead.take() {
            return Ok(Some(token));
        }
        if self.source.fill_buf()?.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.bytes::<1>()?[0]))
    }

    /// The value of an attribute, in the form in which the text document has it.
    fn value(&mut self, kind: u8) -> Result<String, Error> {
        Ok(match kind {
            1 => String::new(),
            2 => self.string()?,
            3 => self.interned()?,
            4 => {
                use std::fmt::Write as _;
                self.counted()?.iter().fold(String::new(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                })
            }
            5 => base64::engine::general_purpose::STANDARD.encode(self.counted()?),
            6 => i32::from_be_bytes(self.bytes()?).to_string(),
            7 => hexadecimal(i64::from(i32::from_be_bytes(self.bytes()?))),
            8 => i64::from_be_bytes(self.bytes()?).to_string(),
            9 => hexadecimal(i64::from_be_bytes(self.bytes()?)),
            10 => format!("{:?}", f32::from_be_bytes(self.bytes()?)),
            11 => format!("{:?}", f64::from_be_bytes(self.bytes()?)),
            12 => "true".to_owned(),
            13 => "false".to_owned(),
            _ => return Err(self.wrong("an attribute of an unknown type")),
        })
    }

    /// The attributes that follow the start of an element.
    fn attributes(&mut self) -> Result<Vec<(String, String)>, Error> {
        let mut attributes = Vec::new();
        let mut held = 0;
        while let Some(token) = self.token()? {
            if token & 0x0F != 15 {
                self.ahead = Some(token);
                break;
            }
            let name = self.interned()?;
            let value = self.value(token >> 4)?;
            held += name.len() + value.len();
            attributes.push((name, value));
            if attributes.len() > ATTRIBUTES || held > ATTRIBUTE_BYTES {
                return Err(Error::Bound { format: FORMAT, detail: "too many attributes of one element".into() });
            }
        }
        Ok(attributes)
    }
}

impl Events for Binary<'_> {
    fn next(&mut self) -> Result<Event, Error> {
        if !std::mem::replace(&mut self.began, true) && self.bytes::<4>()? != MAGIC {
            return Err(self.wrong("the first bytes are others"));
        }
        loop {
            let Some(token) = self.token()? else { return Ok(Event::Done) };
            let kind = token >> 4;
            return Ok(match token & 0x0F {
                // Since Android 13 the start may be missing; several documents in a row are one with several roots.
                0 => continue,
                1 => Event::Done,
                2 => {
                    let name = self.interned()?;
                    Event::Start(name, self.attributes()?)
                }
                3 => {
                    self.interned()?;
                    Event::End
                }
                4 | 5 | 7 if kind == 1 => Event::Text(String::new()),
                4 | 5 | 7 => Event::Text(self.string()?),
                6 => Event::Text(entity(&self.string()?)),
                // Instructions, comments and types of document say nothing.
                8..=10 => {
                    if kind != 1 {
                        self.string()?;
                    }
                    continue;
                }
                _ => return Err(self.wrong("an unknown token")),
            });
        }
    }
}

/// Signed, without a prefix, as Java writes it.
fn hexadecimal(number: i64) -> String {
    if number < 0 { format!("-{:x}", number.unsigned_abs()) } else { format!("{number:x}") }
}

/// The text that an entity stands for; an unknown one as it is written.
fn entity(name: &str) -> String {
    let escaped = format!("&{name};");
    quick_xml::escape::unescape(&escaped).map_or_else(|_| escaped.clone(), std::borrow::Cow::into_owned)
}

/// Java's form of UTF-8: NUL in two bytes, characters beyond 16 bits as two surrogates of three bytes each (or as usual).
fn modified_utf8(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    let surrogate = |bytes: &[u8], second: std::ops::RangeInclusive<u8>| match bytes {
        [0xED, b, c, ..] if second.contains(b) && (0x80..=0xBF).contains(c) => {
            Some(0xD000 | (u16::from(b & 0x3F) << 6) | u16::from(c & 0x3F))
        }
        _ => None,
    };
    while let Some(first) = rest.first() {
        if rest.starts_with(&[0xC0, 0x80]) {
            text.push('\0');
            rest = rest.get(2..).unwrap_or_default();
        } else if let Some(high) = surrogate(rest, 0xA0..=0xAF) {
            let low = surrogate(rest.get(3..).unwrap_or_default(), 0xB0..=0xBF);
            let pair: Vec<u16> = std::iter::once(high).chain(low).collect();
            text.push_str(&String::from_utf16_lossy(&pair));
            rest = rest.get(3 * pair.len()..).unwrap_or_default();
        } else {
            let length = match first {
                0x00..=0x7F => 1,
                0xC2..=0xDF => 2,
                0xE0..=0xEF => 3,
                0xF0..=0xF4 => 4,
                _ => 0,
            };
            let whole = rest.get(..length).filter(|part| !part.is_empty());
            if let Some(part) = whole.and_then(|part| std::str::from_utf8(part).ok()) {
                text.push_str(part);
                rest = rest.get(length..).unwrap_or_default();
            } else {
                text.push(char::REPLACEMENT_CHARACTER);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    text
}
