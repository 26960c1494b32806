//! Lines of hostile text, one at a time: LF or CRLF, NUL and bytes that are not UTF-8 replaced, over-long lines cut. The
//! readers of indented dumps share it, so that a line number means the same in every locator.

use std::io::{BufRead, BufReader, Read};

use super::text::Utf8;
use super::{Error, Summary};

/// Longest line that is kept, in bytes; the rest of a longer one is passed over and counted as skipped.
pub const MAX_LINE: usize = 256 * 1024;

/// The lines of a stream.
pub struct Lines<'a> {
    source: BufReader<Utf8<'a>>,
    raw: Vec<u8>,
    /// Number of the line last given, 1-based.
    pub number: u64,
}

impl<'a> Lines<'a> {
    /// Reads lines from a stream.
    pub fn new(source: &'a mut dyn Read) -> Self {
        Self { source: BufReader::with_capacity(64 * 1024, Utf8::new(source)), raw: Vec::new(), number: 0 }
    }

    /// Puts the next line, without its end, into `line`; `false` at the end. Cut lines and replaced bytes are counted in `summary`.
    ///
    /// # Errors
    /// The stream could not be read.
    pub fn next(&mut self, line: &mut String, summary: &mut Summary) -> Result<bool, Error> {
        line.clear();
        self.raw.clear();
        let mut any = false;
        let mut cut = false;
        loop {
            let ready = self.source.fill_buf()?;
            if ready.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', ready);
            let part = ready.get(..end.unwrap_or(ready.len())).unwrap_or_default();
            let room = MAX_LINE.saturating_sub(self.raw.len());
            cut |= part.len() > room;
            self.raw.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            let used = end.map_or(ready.len(), |at| at + 1);
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(false);
        }
        self.number = self.number.saturating_add(1);
        if cut {
            let number = self.number;
            summary.skip(|| format!("line {number} is longer than {MAX_LINE} bytes; the rest of it was passed over"));
        }
        while self.raw.last() == Some(&b'\r') {
            self.raw.pop();
        }
        match std::str::from_utf8(&self.raw) {
            Ok(text) if memchr::memchr(0, &self.raw).is_none() => line.push_str(text),
            _ => {
                summary.repaired = summary.repaired.saturating_add(1);
                line.extend(String::from_utf8_lossy(&self.raw).chars().map(|c| if c == '\0' { '\u{FFFD}' } else { c }));
            }
        }
        Ok(true)
    }
}

/// The depth of a line: its leading spaces, a tab counting eight.
#[must_use]
pub fn indent(line: &str) -> usize {
    line.bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .fold(0_usize, |depth, byte| depth.saturating_add(if byte == b'\t' { 8 } else { 1 }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn all(bytes: &[u8]) -> (Vec<String>, Summary) {
        let mut source = bytes;
        let mut lines = Lines::new(&mut source);
        let (mut out, mut line, mut summary) = (Vec::new(), String::new(), Summary::default());
        while lines.next(&mut line, &mut summary).unwrap() {
            out.push(line.clone());
        }
        assert_eq!(lines.number, out.len() as u64);
        (out, summary)
    }

    #[test]
    fn ends_nul_and_bad_bytes() {
        let (lines, summary) = all(b"a\r\n\nb\0c\n\xFFd");
        assert_eq!(lines, ["a", "", "b\u{FFFD}c", "\u{FFFD}d"]);
        assert_eq!((summary.repaired, summary.skipped), (2, 0));
        assert_eq!(indent("\t  x"), 10);
    }

    #[test]
    fn an_endless_line_is_cut_and_counted() {
        let mut bytes = vec![b'x'; 3 * MAX_LINE];
        bytes.extend_from_slice(b"\nend");
        let (lines, summary) = all(&bytes);
        assert_eq!((lines[0].len(), lines[1].as_str(), summary.skipped), (MAX_LINE, "end", 1));
    }
}
