//! Elements of one class as rows: pages that print each record as a box of lines, without tables or labels. Of each line the classes
//! around it are kept, because they are all that tells a heading from what was done and from when.

use serde_json::{Value, json};

use super::super::{Error, Row, Sink, Summary};
use super::page::is_block;

/// Elements inside a record beyond this depth are read as part of the last one.
const MAX_DEPTH: usize = 64;
/// Most lines of a record, most text of it and most words of classes around a line, in bytes; the rest is passed over and counted.
const MAX_LINES: usize = 256;
const MAX_TEXT: usize = 1 << 20;
const MAX_CLASS: usize = 1024;

/// The elements of a class: each is `{"kind":"block","lines":[{"class":…,"text":…}]}` with locator `html:block N`, counted from 1. `class`
/// holds the classes of all elements inside the record that the line lies in. Records do not nest: one that begins ends the one before.
pub(super) struct Blocks<'s> {
    pub(super) summary: Summary,
    sink: Sink<'s>,
    class: String,
    seen: bool,
    count: u64,
    open: Option<Block>,
}

/// A record that is open.
#[derive(Default)]
struct Block {
    /// The elements inside the record that are open: name and classes. The first is the record itself.
    stack: Vec<(Vec<u8>, String)>,
    /// Elements opened beyond [`MAX_DEPTH`] and not closed.
    deeper: usize,
    line: String,
    lines: Vec<Value>,
    size: usize,
    cut: bool,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(class: &str, sink: Sink<'s>) -> Self {
        Self { summary: Summary::default(), sink, class: class.to_owned(), seen: false, count: 0, open: None }
    }

    pub(super) fn open(&mut self, name: &[u8], class: &str) -> Result<(), Error> {
        if class.split_ascii_whitespace().any(|word| word == self.class) {
            self.end_block()?;
            self.seen = true;
            let stack = vec![(name.to_vec(), String::new())];
            self.open = Some(Block { stack, ..Block::default() });
            return Ok(());
        }
        if let Some(block) = &mut self.open {
            block.enter(name, class);
        }
        Ok(())
    }

    pub(super) fn close(&mut self, name: &[u8]) -> Result<(), Error> {
        if self.open.as_mut().is_some_and(|block| block.leave(name)) { self.end_block() } else { Ok(()) }
    }

    pub(super) fn text(&mut self, text: &str) {
        if let Some(block) = &mut self.open {
            if block.size + text.len() > MAX_TEXT {
                block.cut = true;
                return;
            }
            block.size += text.len();
            block.line.push_str(text);
        }
    }

    pub(super) fn end(mut self) -> Result<Summary, Error> {
        self.end_block()?;
        self.summary.absent = !self.seen;
        Ok(self.summary)
    }

    fn end_block(&mut self) -> Result<(), Error> {
        let Some(mut block) = self.open.take() else { return Ok(()) };
        block.end_line();
        if block.cut {
            self.summary.skip(|| "a record is too long; the rest of it was passed over".to_owned());
        }
        if block.lines.is_empty() {
            return Ok(());
        }
        self.count += 1;
        let data = json!({"kind": "block", "lines": block.lines});
        let locator = format!("html:block {}", self.count);
        self.summary.give(self.sink, Row { locator, key: String::new(), data: data.into() })
    }
}

impl Block {
    fn enter(&mut self, name: &[u8], class: &str) {
        if is_block(name) {
            self.end_line();
        }
        if is_void(name) {
            return;
        }
        if self.stack.len() >= MAX_DEPTH {
            self.deeper += 1;
            self.cut = true;
            return;
        }
        let mut words = self.classes().to_owned();
        for word in class.split_ascii_whitespace() {
            if words.len() + word.len() < MAX_CLASS {
                if !words.is_empty() {
                    words.push(' ');
                }
                words.push_str(word);
            }
        }
        self.stack.push((name.to_vec(), words));
    }

    /// Leaves an element; true when it is the record.
    fn leave(&mut self, name: &[u8]) -> bool {
        if is_block(name) {
            self.end_line();
        }
        if self.deeper > 0 {
            self.deeper -= 1;
            return false;
        }
        // An end without a beginning says nothing; one further out ends what was left open inside it.
        let Some(at) = self.stack.iter().rposition(|(open, _)| open == name) else { return false };
        self.stack.truncate(at);
        at == 0
    }

    fn classes(&self) -> &str {
        self.stack.last().map_or("", |(_, classes)| classes)
    }

    /// Ends the open line. Spaces that must not break stay: the raw value is to be found again in the page.
    fn end_line(&mut self) {
        let text = self.line.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        self.line.clear();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if self.lines.len() >= MAX_LINES {
            self.cut = true;
            return;
        }
        self.lines.push(json!({"class": self.classes(), "text": text}));
    }
}

/// Elements that have no end.
fn is_void(name: &[u8]) -> bool {
    let void: [&[u8]; 13] = [
        b"br", b"img", b"hr", b"input", b"meta", b"link", b"wbr", b"col", b"area", b"base", b"embed", b"source",
        b"track",
    ];
    void.contains(&name)
}
