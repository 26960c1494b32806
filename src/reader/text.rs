//! Bytes to text: byte order marks, UTF-16, bytes that are not UTF-8, and the guard that keeps one record from filling the
//! memory. Exports and dumps pass through spreadsheets and Windows consoles before they reach us (`adb shell … > file` in
//! `PowerShell` writes UTF-16), so every text reader starts here.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// A stream of text as UTF-8 bytes: a UTF-8 byte order mark is dropped, UTF-16 with a mark is converted, all else passes as it is.
pub struct Utf8<'a> {
    inner: &'a mut dyn Read,
    decoder: Option<encoding_rs::Decoder>,
    pending: Vec<u8>,
    at: usize,
    started: bool,
    ended: bool,
}

impl<'a> Utf8<'a> {
    /// Wraps a stream; nothing is read yet.
    pub fn new(inner: &'a mut dyn Read) -> Self {
        Self { inner, decoder: None, pending: Vec::new(), at: 0, started: false, ended: false }
    }

    fn start(&mut self) -> io::Result<()> {
        self.started = true;
        let mut head = [0_u8; 3];
        let mut have = 0;
        while have < head.len() {
            let n = self.inner.read(head.get_mut(have..).unwrap_or_default())?;
            if n == 0 {
                break;
            }
            have += n;
        }
        let head = head.get(..have).unwrap_or_default();
        let (encoding, skip) = match head {
            [0xEF, 0xBB, 0xBF] => (None, 3),
            [0xFF, 0xFE, ..] => (Some(encoding_rs::UTF_16LE), 2),
            [0xFE, 0xFF, ..] => (Some(encoding_rs::UTF_16BE), 2),
            _ => (None, 0),
        };
        self.decoder = encoding.map(encoding_rs::Encoding::new_decoder_without_bom_handling);
        let rest = head.get(skip..).unwrap_or_default().to_vec();
        self.convert(&rest, false);
        Ok(())
    }

    fn convert(&mut self, bytes: &[u8], last: bool) {
        self.pending.clear();
        self.at = 0;
        let Some(decoder) = &mut self.decoder else {
            self.pending.extend_from_slice(bytes);
            return;
        };
        let mut text = String::with_capacity(bytes.len().saturating_mul(3).saturating_add(16));
        let mut from = 0;
        loop {
            let (result, used, _) = decoder.decode_to_string(bytes.get(from..).unwrap_or_default(), &mut text, last);
            from += used;
            match result {
                encoding_rs::CoderResult::InputEmpty => break,
                encoding_rs::CoderResult::OutputFull => text.reserve(4096),
            }
        }
        self.pending = text.into_bytes();
    }
}

impl Read for Utf8<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.started {
            self.start()?;
        }
        loop {
            let ready = self.pending.get(self.at..).unwrap_or_default();
            if !ready.is_empty() {
                let n = ready.len().min(out.len());
                if let (Some(to), Some(from)) = (out.get_mut(..n), ready.get(..n)) {
                    to.copy_from_slice(from);
                }
                self.at += n;
                return Ok(n);
            }
            if self.decoder.is_none() {
                return self.inner.read(out);
            }
            if self.ended {
                return Ok(0);
            }
            let mut raw = vec![0_u8; 32 * 1024];
            let n = self.inner.read(&mut raw)?;
            raw.truncate(n);
            self.ended = n == 0;
            self.convert(&raw, n == 0);
        }
    }
}

/// The allowance that a [`Guarded`] stream may hand out before somebody renews it; shared with the reader that renews it.
#[derive(Clone)]
pub struct Allowance {
    left: Rc<Cell<u64>>,
    full: u64,
}

impl Allowance {
    /// An allowance of that many bytes a record.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self { left: Rc::new(Cell::new(bytes)), full: bytes }
    }

    /// A record ended: the next may use the whole allowance again.
    pub fn renew(&self) {
        self.left.set(self.full);
    }

    /// Whether the stream was stopped because one record used it up.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

/// A stream that fails when one record is longer than its [`Allowance`]: a quote that never closes must not load the file.
pub struct Guarded<R> {
    inner: R,
    allowance: Allowance,
}

impl<R: Read> Guarded<R> {
    /// Guards a stream with an allowance.
    pub fn new(inner: R, allowance: Allowance) -> Self {
        Self { inner, allowance }
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.left.get();
        if left == 0 {
            return Err(io::Error::other("one record is longer than the bound"));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let n = self.inner.read(out.get_mut(..most).unwrap_or_default())?;
        self.allowance.left.set(left.saturating_sub(n as u64));
        Ok(n)
    }
}

/// Text from bytes that ought to be UTF-8: as it is, or else read as Windows-1252, the code page Dutch spreadsheets export.
/// The flag tells that the fallback was needed. Windows-1252 gives every byte a character, so nothing is lost.
#[must_use]
pub fn western(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}

/// Whitespace (also no-break space) folded to one space, ends trimmed.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c == '\u{200B}' || c == '\u{FEFF}') {
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Column names from the cells of a header row: folded, empty ones named `column 3`, repeated ones numbered `Name (2)`, so that
/// no cell hides another in a JSON object.
#[must_use]
pub fn column_names<S: AsRef<str>>(cells: &[S]) -> Vec<String> {
    let mut seen: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut names = Vec::with_capacity(cells.len());
    for (index, cell) in cells.iter().enumerate() {
        let mut name = fold(cell.as_ref());
        if name.is_empty() {
            name = column_name(index);
        }
        let count = seen.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            name = format!("{name} ({count})");
        }
        names.push(name);
    }
    names
}

/// The name of a column without a header cell, counted from 1.
#[must_use]
pub fn column_name(index: usize) -> String {
    format!("column {}", index.saturating_add(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        let mut source = bytes;
        let mut out = Vec::new();
        Utf8::new(&mut source).read_to_end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn marks_are_dropped_and_utf16_is_converted() {
        assert_eq!(decoded(b"\xEF\xBB\xBFnaam"), "naam");
        assert_eq!(decoded(b"ab"), "ab");
        assert_eq!(decoded(b""), "");
        let le: Vec<u8> = "\u{FEFF}café €😀\n".repeat(9000).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&le), "café €😀\n\u{FEFF}".repeat(9000).strip_suffix('\u{FEFF}').unwrap());
        let be: Vec<u8> = "\u{FEFF}ja".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(&be), "ja");
    }

    #[test]
    fn a_guarded_stream_stops_when_the_allowance_is_spent() {
        let allowance = Allowance::new(10);
        let mut guarded = Guarded::new(&[7_u8; 25][..], allowance.clone());
        let mut out = [0; 8];
        assert_eq!(guarded.read(&mut out).unwrap(), 8);
        assert_eq!(guarded.read(&mut out).unwrap(), 2);
        assert!(guarded.read(&mut out).is_err() && allowance.is_spent());
        allowance.renew();
        assert_eq!(guarded.read(&mut out).unwrap(), 8);
    }

    #[test]
    fn names_are_folded_filled_and_numbered() {
        assert_eq!(
            column_names(&["IP\u{A0}Address ", "", "Time", "Time"]),
            ["IP Address", "column 2", "Time", "Time (2)"]
        );
        assert_eq!(western(b"caf\xE9").0, "café");
    }
}
