//! XML in both forms in which Android keeps its settings: text, and the binary form ABX that the system writes since Android 12.
//! Both give the same rows. The document is read as a stream of events and may have several roots (settings of Android 11 do);
//! only the record that is being read is held in memory. A document that stands inside a text dump (`keystore=` of
//! `dumpsys adb`) is found by its first bytes.

mod abx;
mod text;

use std::collections::HashMap;
use std::io::{BufReader, Read};

use serde_json::{Map, Value, json};

use super::text::Utf8;
use super::{Error, Options, Row, Sink, Summary};

const FORMAT: &str = "xml";
/// Open elements at most.
const DEEPEST: usize = 256;
/// Largest record, in bytes of its names and values.
const LARGEST_RECORD: usize = 32 << 20;
/// So many bytes before an embedded document are passed over at most.
const PREFACE: usize = 64 << 20;

/// What a document says next.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    /// An element begins, with its attributes in the order in which they are written.
    Start(String, Vec<(String, String)>),
    /// Text inside an element.
    Text(String),
    /// The element that was opened last ends.
    End,
    /// The document is over.
    Done,
}

/// One form of XML.
trait Events {
    /// The next event.
    fn next(&mut self) -> Result<Event, Error>;
}

/// Reads XML, text or ABX. Each element that the record names is a row: its attributes as they are written (`"package"`), child
/// elements in arrays under their names (`"sigs": [{…}]`), `_tag`, `_text` where there is text, and `_in` with the names and attributes of the elements
/// around it, outermost first. An attribute whose name a child element also has is kept as `@name`. All values are text, in ABX
/// too: numbers in decimal, `…-hex` numbers in signed hexadecimal, bytes in hexadecimal or base64, as Android's own converter
/// writes them. The record is a path of names from the root (`/packages/package`, `*` for any name), or `//name` for elements of
/// that name at any depth; without it every root is a row. Locator `xml:/packages[1]/package[17]`, counted from 1 among siblings of
/// the same name.
///
/// # Errors
/// [`Error::Format`] when there is no element at all, [`Error::Bound`] beyond 256 open elements or 32 MiB in one record. A document
/// that breaks off gives the records before that and counts the rest as one skipped.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let (binary, head) = find_document(source)?;
    let mut source = BufReader::with_capacity(64 * 1024, std::io::Cursor::new(head).chain(source));
    let mut walk = Walk::new(options.record.as_deref());
    if binary {
        walk.run(&mut abx::Binary::new(&mut source), sink)
    } else {
        walk.run(&mut text::Document::new(BufReader::new(Utf8::new(&mut source))), sink)
    }
}

/// Finds the first byte of the document: whether it is ABX, and what was read of it already. A text document may have a mark of
/// its encoding first. Inside other text only the marks of a document count, not any `<`.
fn find_document(source: &mut dyn Read) -> Result<(bool, Vec<u8>), Error> {
    let mut window = Vec::new();
    let mut passed = 0;
    loop {
        let begin = window.len();
        let count = (&mut *source).take(64 * 1024).read_to_end(&mut window)?;
        let trimmed = window.trim_ascii_start();
        if passed == 0 {
            if trimmed.starts_with(abx::MAGIC) {
                return Ok((true, trimmed.to_vec()));
            }
            if trimmed.starts_with(b"<")
                || matches!(window[..], [0xEF, 0xBB, 0xBF, ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..])
            {
                return Ok((false, window));
            }
        }
        let found =
            [abx::MAGIC, b"<?xml"].into_iter().filter_map(|mark| Some((memchr::memmem::find(&window, mark)?, mark)));
        if let Some((at, mark)) = found.min() {
            return Ok((mark == abx::MAGIC, window.split_off(at)));
        }
        if count == 0 || passed > PREFACE {
            return Err(Error::Format { format: FORMAT, detail: "there is no document in it".into() });
        }
        // A mark may lie across two reads.
        passed += window.len() - begin;
        let keep = window.len().saturating_sub(4);
        window.drain(..keep);
    }
}

/// An element that is open.
struct Open {
    tag: String,
    attributes: Vec<(String, String)>,
    /// Its number among the siblings of its name.
    number: u64,
    /// Children seen so far, by name.
    children: HashMap<String, u64>,
    /// What becomes of it, when it is part of a record.
    node: Option<Map<String, Value>>,
    text: String,
}

impl Open {
    /// Puts the attributes first, so that a row reads as the element does.
    fn begin(&mut self) {
        let mut node = Map::new();
        node.insert("_tag".into(), Value::String(self.tag.clone()));
        for (name, value) in &self.attributes {
            node.insert(name.clone(), Value::String(value.clone()));
        }
        self.node = Some(node);
    }

    fn adopt(&mut self, tag: &str, child: Value) {
        let Some(node) = &mut self.node else { return };
        match node.get_mut(tag) {
            Some(Value::Array(list)) => list.push(child),
            Some(_) => {
                let attribute = node.insert(tag.to_owned(), json!([child]));
                node.extend(attribute.map(|value| (format!("@{tag}"), value)));
            }
            None => drop(node.insert(tag.to_owned(), json!([child]))),
        }
    }

    fn finish(&mut self) -> Option<Map<String, Value>> {
        let mut node = self.node.take()?;
        let text = self.text.trim();
        if !text.is_empty() {
            node.insert("_text".into(), Value::String(text.to_owned()));
        }
        Some(node)
    }
}

/// Follows the events and gives the records.
struct Walk {
    steps: Vec<String>,
    anywhere: bool,
    open: Vec<Open>,
    roots: HashMap<String, u64>,
    /// Depth of the record that is open, and the bytes it holds.
    record: Option<usize>,
    held: usize,
    summary: Summary,
}

impl Walk {
    fn new(record: Option<&str>) -> Self {
        let record = record.unwrap_or("/*");
        let steps = record.trim_matches('/').split('/').map(str::to_owned).collect();
        Self {
            steps,
            anywhere: record.starts_with("//"),
            open: Vec::new(),
            roots: HashMap::new(),
            record: None,
            held: 0,
            summary: Summary::default(),
        }
    }

    fn run(&mut self, events: &mut dyn Events, sink: Sink<'_>) -> Result<Summary, Error> {
        loop {
            match events.next() {
                Ok(Event::Start(tag, attributes)) => self.start(tag, attributes)?,
                Ok(Event::Text(text)) => {
                    if let Some(open) = self.open.last_mut().filter(|open| open.node.is_some()) {
                        self.held = self.held.saturating_add(text.len());
                        open.text.push_str(&text);
                    }
                }
                Ok(Event::End) => self.end(sink)?,
                Ok(Event::Done) => break,
                // Behind an embedded document the dump goes on.
                Err(_) if self.open.is_empty() && !self.roots.is_empty() => return Ok(self.summary.clone()),
                Err(error) if self.roots.is_empty() => return Err(error),
                Err(error) => {
                    self.summary.skip(|| error.to_string());
                    return Ok(self.summary.clone());
                }
            }
            if self.held > LARGEST_RECORD {
                return Err(Error::Bound { format: FORMAT, detail: "a record of more than 32 MiB".into() });
            }
        }
        if self.roots.is_empty() {
            return Err(Error::Format { format: FORMAT, detail: "there is no element in it".into() });
        }
        if let Some(open) = self.open.last() {
            let detail = format!("the document ends inside <{}>", open.tag);
            self.summary.skip(|| detail);
        }
        Ok(self.summary.clone())
    }

    fn start(&mut self, tag: String, attributes: Vec<(String, String)>) -> Result<(), Error> {
        if self.open.len() >= DEEPEST {
            return Err(Error::Bound { format: FORMAT, detail: format!("more than {DEEPEST} open elements") });
        }
        let siblings = self.open.last_mut().map_or(&mut self.roots, |open| &mut open.children);
        let number = siblings.entry(tag.clone()).or_insert(0);
        *number += 1;
        let mut open =
            Open { tag, attributes, number: *number, children: HashMap::new(), node: None, text: String::new() };
        if self.record.is_none() && self.names(&open.tag) {
            self.record = Some(self.open.len());
            self.held = 0;
        }
        if self.record.is_some() {
            self.held += open.tag.len() + open.attributes.iter().map(|(n, v)| n.len() + v.len() + 8).sum::<usize>();
            open.begin();
        }
        self.open.push(open);
        Ok(())
    }

    /// Whether the record names an element of this tag below those that are open.
    fn names(&self, tag: &str) -> bool {
        let depth = self.open.len() + 1;
        if depth < self.steps.len() || (!self.anywhere && depth > self.steps.len()) {
            return false;
        }
        let above = self.open.iter().skip(depth - self.steps.len()).map(|open| open.tag.as_str());
        above.chain([tag]).zip(&self.steps).all(|(tag, step)| step == "*" || step == tag)
    }

    fn end(&mut self, sink: Sink<'_>) -> Result<(), Error> {
        let Some(mut closed) = self.open.pop() else { return Ok(()) };
        let Some(mut node) = closed.finish() else { return Ok(()) };
        if self.record != Some(self.open.len()) {
            if let Some(parent) = self.open.last_mut() {
                parent.adopt(&closed.tag, Value::Object(node));
            }
            return Ok(());
        }
        self.record = None;
        self.held = 0;
        let around: Vec<Value> = self
            .open
            .iter_mut()
            .map(|open| {
                open.begin();
                Value::Object(open.node.take().unwrap_or_default())
            })
            .collect();
        node.insert("_in".into(), Value::Array(around));
        let mut locator = "xml:".to_owned();
        for open in self.open.iter().chain([&closed]) {
            locator = format!("{}[{}]", super::path::join(&locator, &open.tag), open.number);
        }
        self.summary.give(sink, Row { locator, key: closed.tag, data: Value::Object(node).into() })
    }
}

#[cfg(test)]
mod tests;
