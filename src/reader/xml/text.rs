//! XML as text. Entities other than the five of XML and numbers are left as they stand; nothing is ever fetched or expanded.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event as Token};
use quick_xml::{Reader, escape};

use super::super::Error;
use super::{Event, Events, FORMAT};

/// A text document.
pub(super) struct Document<R: BufRead> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    /// An element without content was given; its end comes next.
    ends: bool,
}

impl<R: BufRead> Document<R> {
    pub(super) fn new(source: R) -> Self {
        let mut reader = Reader::from_reader(source);
        // Several roots are fine, and so is text between them; ends must match.
        reader.config_mut().allow_unmatched_ends = false;
        Self { reader, buffer: Vec::new(), ends: false }
    }
}

impl<R: BufRead> Events for Document<R> {
    fn next(&mut self) -> Result<Event, Error> {
        if std::mem::take(&mut self.ends) {
            return Ok(Event::End);
        }
        loop {
            self.buffer.clear();
            let wrong = |detail: String| Error::Format { format: FORMAT, detail };
            let at = self.reader.buffer_position();
            let token = self.reader.read_event_into(&mut self.buffer).map_err(|error| match error {
                quick_xml::Error::Io(error) => Error::Io(std::io::Error::new(error.kind(), error.to_string())),
                error => wrong(format!("byte {at}: {error}")),
            })?;
            return Ok(match token {
                Token::Start(tag) => start(&tag),
                Token::Empty(tag) => {
                    let event = start(&tag);
                    self.ends = true;
                    event
                }
                Token::End(_) => Event::End,
                Token::Text(text) => Event::Text(text.to_string()),
                Token::CData(text) => Event::Text(text.to_string()),
                Token::GeneralRef(name) => Event::Text(plain(&format!("&{};", &*name))),
                Token::Eof => Event::Done,
                Token::Decl(_) | Token::PI(_) | Token::DocType(_) | Token::Comment(_) => continue,
            });
        }
    }
}

fn start(tag: &BytesStart<'_>) -> Event {
    let name = tag.name().as_ref().to_owned();
    // An attribute that is written wrongly ends the list; those before it stand.
    let mut list = tag.attributes();
    let attributes = list.with_checks(false).map_while(Result::ok);
    let attributes = attributes.map(|attribute| (attribute.key.as_ref().to_owned(), plain(&attribute.value))).collect();
    Event::Start(name, attributes)
}

/// A text without its entities; as it stands when one of them is unknown.
fn plain(text: &str) -> String {
    escape::unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}
