//! Finds where the values of a JSON stream begin and end, without building them: brackets and strings only, with a counter
//! instead of recursion, so that neither size nor nesting costs memory. What lies between is left to a real parser.

use std::io::Read;

use super::super::Error;

/// Why the scan of a value stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes could not be fetched or the sink failed.
    Error(Error),
    /// The structure is broken from here on: where and how.
    Broken(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What capturing a value came to.
pub(super) enum Captured {
    /// The bytes of the value.
    Bytes(Vec<u8>),
    /// Longer than the bound; the scan has passed over it.
    TooLong,
}

/// A buffered stream that is scanned value by value.
pub(super) struct Scanner<'a> {
    source: &'a mut dyn Read,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Start of the value being captured.
    mark: Option<usize>,
    /// Bound of the capture in bytes.
    limit: usize,
    too_long: bool,
    passed: u64,
}

const CHUNK: usize = 256 * 1024;

/// The bytes that matter outside strings.
const STRUCTURE: [bool; 256] = {
    let mut table = [false; 256];
    table[b'"' as usize] = true;
    table[b'{' as usize] = true;
    table[b'}' as usize] = true;
    table[b'[' as usize] = true;
    table[b']' as usize] = true;
    table
};

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a mut dyn Read) -> Self {
        Self { source, buffer: Vec::new(), at: 0, end: 0, mark: None, limit: 0, too_long: false, passed: 0 }
    }

    fn ready(&self) -> &[u8] {
        self.buffer.get(self.at..self.end).unwrap_or_default()
    }

    /// Fetches more bytes behind those that are there; `false` at the end of the stream.
    fn fill(&mut self) -> Result<bool, Stop> {
        if let Some(mark) = self.mark
            && self.at.saturating_sub(mark) > self.limit
        {
            self.mark = None;
            self.too_long = true;
        }
        let keep = self.mark.unwrap_or(self.at);
        if keep > 0 {
            self.buffer.copy_within(keep..self.end, 0);
            self.at -= keep;
            self.end -= keep;
            self.passed += keep as u64;
            self.mark = self.mark.map(|_| 0);
        }
        if self.buffer.len() < self.end + CHUNK {
            self.buffer
                .resize((self.end + CHUNK).max(self.buffer.len().saturating_mul(2).min(self.end + (8 << 20))), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let n = self.source.read(room).map_err(Error::from)?;
        self.end += n;
        Ok(n > 0)
    }

    /// The next byte, not taken.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            if let Some(byte) = self.ready().first() {
                return Ok(Some(*byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the byte that [`Self::peek`] gave.
    pub(super) fn take(&mut self) {
        self.at = (self.at + 1).min(self.end);
    }

    /// The next byte that is no white space, not taken.
    pub(super) fn token(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.take(),
                other => return Ok(other),
            }
        }
    }

    /// The first bytes of what is left, at most that many, not taken.
    pub(super) fn head(&mut self, most: usize) -> Result<&[u8], Stop> {
        while self.ready().len() < most && self.fill()? {}
        let ready = self.ready();
        Ok(ready.get(..most.min(ready.len())).unwrap_or_default())
    }

    /// Takes that many of the bytes that [`Self::head`] gave.
    pub(super) fn take_many(&mut self, count: usize) {
        self.at = (self.at + count).min(self.end);
    }

    pub(super) fn broken(&self, what: &str) -> Stop {
        Stop::Broken(format!("{what} at byte {}", self.passed + self.at as u64))
    }

    /// Passes over one value, whatever it holds.
    pub(super) fn pass(&mut self) -> Result<(), Stop> {
        match self.token()? {
            None => Err(self.broken("the stream ends where a value should be")),
            Some(b'"') => {
                self.take();
                self.pass_string()
            }
            Some(b'{' | b'[') => self.pass_nested(),
            Some(_) => self.pass_scalar(),
        }
    }

    fn pass_scalar(&mut self) -> Result<(), Stop> {
        let mut any = false;
        while let Some(byte) = self.peek()? {
            if matches!(byte, b',' | b']' | b'}' | b':' | b'"' | b'[' | b'{' | b' ' | b'\t' | b'\r' | b'\n') {
                break;
            }
            any = true;
            self.take();
        }
        if any { Ok(()) } else { Err(self.broken("a value is missing")) }
    }

    /// To behind the closing quote; the opening one is taken.
    fn pass_string(&mut self) -> Result<(), Stop> {
        loop {
            // Most keys and values are short: a look at the first bytes costs less than setting up a search.
            let short = self.ready().iter().take(24).position(|byte| matches!(byte, b'"' | b'\\'));
            if let Some(found) = short
                && self.ready().get(found) == Some(&b'"')
            {
                self.at += found + 1;
                return Ok(());
            }
            match memchr::memchr2(b'"', b'\\', self.ready()) {
                Some(found) if self.ready().get(found) == Some(&b'"') => {
                    self.at += found + 1;
                    return Ok(());
                }
                Some(found) => {
                    self.at += found + 1;
                    if self.peek()?.is_none() {
                        return Err(self.broken("the stream ends inside a text"));
                    }
                    self.take();
                }
                None => {
                    self.at = self.end;
                    if !self.fill()? {
                        return Err(self.broken("the stream ends inside a text"));
                    }
                }
            }
        }
    }

    fn pass_nested(&mut self) -> Result<(), Stop> {
        let mut depth = 0_u64;
        loop {
            let found = self.ready().iter().position(|byte| STRUCTURE[usize::from(*byte)]);
            let Some(found) = found else {
                self.at = self.end;
                if !self.fill()? {
                    return Err(self.broken("the stream ends inside a value"));
                }
                continue;
            };
            let byte = self.ready().get(found).copied();
            self.at += found + 1;
            match byte {
                Some(b'"') => self.pass_string()?,
                Some(b'{' | b'[') => depth += 1,
                _ => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Passes over one value and gives its bytes if they are within the bound.
    pub(super) fn capture(&mut self, limit: usize) -> Result<Captured, Stop> {
        self.token()?;
        self.capture_by(limit, Self::pass)
    }

    /// As [`Self::capture`], up to the end of the line.
    pub(super) fn capture_line(&mut self, limit: usize) -> Result<Captured, Stop> {
        self.capture_by(limit, |scanner| {
            loop {
                if let Some(found) = memchr::memchr(b'\n', scanner.ready()) {
                    scanner.at += found;
                    return Ok(());
                }
                scanner.at = scanner.end;
                if !scanner.fill()? {
                    return Ok(());
                }
            }
        })
    }

    fn capture_by(&mut self, limit: usize, pass: impl Fn(&mut Self) -> Result<(), Stop>) -> Result<Captured, Stop> {
        self.mark = Some(self.at);
        self.limit = limit;
        self.too_long = false;
        let result = pass(self);
        let mark = self.mark.take();
        result?;
        Ok(match mark {
            Some(mark) if self.at - mark <= limit => {
                Captured::Bytes(self.buffer.get(mark..self.at).unwrap_or_default().to_vec())
            }
            _ => Captured::TooLong,
        })
    }

    /// Looks at the first value without taking it: its bytes, or `None` when it is longer than the bound or does not end.
    pub(super) fn probe(&mut self, limit: usize) -> Result<Option<Vec<u8>>, Stop> {
        self.token()?;
        // The bound of the look is kept here and not by `fill`, because the bytes must stay to be read again.
        let mut length = CHUNK.min(limit);
        loop {
            let whole = self.head(length)?.to_vec();
            let complete = whole.len() < length;
            let mut slice = &whole[..];
            let mut inner = Scanner::new(&mut slice);
            match inner.pass() {
                Ok(()) => {
                    let used = usize::try_from(inner.passed).unwrap_or(usize::MAX).saturating_add(inner.at);
                    return Ok(whole.get(..used).map(<[u8]>::to_vec));
                }
                Err(Stop::Error(error)) => return Err(Stop::Error(error)),
                Err(Stop::Broken(_)) if complete || length >= limit => return Ok(None),
                Err(Stop::Broken(_)) => length = length.saturating_mul(4).min(limit),
            }
        }
    }
}
