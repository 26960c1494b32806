//! Mail boxes (mbox) and single messages (EML) to rows, of the senders asked for only. A mail box can be larger than the memory
//! and holds somebody's whole life: every message is passed over with its headers looked at, and of a message by another sender
//! nothing is kept. Of a message asked for, the body gives addresses, link hosts and short `label: value` lines, never its text.

mod message;

use std::io::{BufRead, BufReader, Read};

use super::{Error, Options, Row, Sink, Summary};

const FORMAT: &str = "mail";
/// Most bytes of headers that are looked at, and of one message that are kept.
const MAX_HEADERS: usize = 256 * 1024;
const MAX_MESSAGE: usize = 1 << 20;

/// Reads a mail box or a single message. `record` names the senders asked for, as domains joined by `|`; `example.org` is also
/// `mail.example.org`. Each message is `{"message","from","domain","to","date","received","labels","auth","subject","addresses","hosts",
/// "fields"}` with locator `mail:N`, counting all messages from 1. `auth` is what the receiving host wrote on top: `pass`, `fail` or `absent`.
///
/// # Errors
/// [`Error::Format`] when the first lines are neither a separator nor headers.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let asked: Vec<String> =
        options.record.as_deref().unwrap_or_default().split('|').map(|s| s.trim().to_ascii_lowercase()).collect();
    let mut lines = Lines { source: BufReader::with_capacity(256 * 1024, source), line: Vec::new() };
    let mut summary = Summary::default();
    let mut number = 0_u64;
    let mut part = Part::default();
    let mut blank_before = true;
    let mut first = true;
    while lines.next()? {
        let line = &lines.line;
        if first {
            first = false;
            if !is_separator(line) && !is_header(line) {
                return Err(Error::Format {
                    format: FORMAT,
                    detail: "neither a separator nor a header first".to_owned(),
                });
            }
        }
        if blank_before && is_separator(line) {
            part.end(number, &asked, &mut summary, sink)?;
            number += 1;
            blank_before = false;
            continue;
        }
        // A file with one message has no separator.
        number = number.max(1);
        blank_before = trimmed(line).is_empty();
        part.take(line, blank_before, &asked);
    }
    part.end(number, &asked, &mut summary, sink)?;
    Ok(summary)
}

/// Lines of bytes; what is longer than the bound of a message is cut.
struct Lines<'a> {
    source: BufReader<&'a mut dyn Read>,
    line: Vec<u8>,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<bool, Error> {
        self.line.clear();
        let mut any = false;
        loop {
            let ready = self.source.fill_buf()?;
            if ready.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = memchr::memchr(b'\n', ready).map(|at| at + 1);
            let part = ready.get(..end.unwrap_or(ready.len())).unwrap_or_default();
            let room = MAX_MESSAGE.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            let used = part.len();
            self.source.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// The message being passed over.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    in_body: bool,
    wanted: bool,
    cut: bool,
}

impl Part {
    fn take(&mut self, line: &[u8], blank: bool, asked: &[String]) {
        if !self.in_body {
            if self.bytes.is_empty() && blank {
                return;
            }
            if self.bytes.len() < MAX_HEADERS {
                self.bytes.extend_from_slice(line);
            }
            if blank {
                self.in_body = true;
                self.wanted = message::sender_domain(&self.bytes).is_some_and(|d| is_asked(&d, asked));
            }
            return;
        }
        if self.wanted && !self.cut {
            // `>From ` is how a mail box writes a line that begins with `From `.
            let line = if line.starts_with(b">From ") { line.get(1..).unwrap_or_default() } else { line };
            if self.bytes.len() + line.len() > MAX_MESSAGE {
                self.cut = true;
            } else {
                self.bytes.extend_from_slice(line);
            }
        }
    }

    fn end(&mut self, number: u64, asked: &[String], summary: &mut Summary, sink: Sink<'_>) -> Result<(), Error> {
        let part = std::mem::take(self);
        let wanted = part.wanted
            || (!part.in_body && message::sender_domain(&part.bytes).is_some_and(|domain| is_asked(&domain, asked)));
        if !wanted {
            return Ok(());
        }
        let Some(data) = message::describe(&part.bytes, number) else {
            summary.skip(|| format!("mail:{number}: the headers cannot be read"));
            return Ok(());
        };
        summary.give(sink, Row { locator: format!("mail:{number}"), key: String::new(), data: data.into() })
    }
}

fn is_asked(domain: &str, asked: &[String]) -> bool {
    asked.iter().any(|a| domain == a || domain.strip_suffix(a.as_str()).is_some_and(|rest| rest.ends_with('.')))
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

/// `From sender Fri Jan 09 22:41:30 2026`, with or without a zone. The time is asked for, because a line of a text may begin so too.
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let rest = trimmed(rest);
    rest.len() < 400
        && rest.last().is_some_and(u8::is_ascii_digit)
        && rest.windows(3).any(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit())
}

/// `Name: …`, as the first line of a single message.
fn is_header(line: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    colon > 0
        && colon < 80
        && line.get(..colon).is_some_and(|name| name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'))
}

#[cfg(test)]
mod tests;
