//! A finished page as a tree that the typesetter can walk. The pages of this program are the only input: their words, their order and
//! what they leave out are decided there and nowhere else. Here is only said what is a paragraph, a table or a picture.

mod columns;
mod words;

use super::glyphs::Glyphs;
use columns::table;
use html5gum::{StartTag, Token, Tokenizer};
use serde::Serialize;
use words::{breakable, tidy};

/// Where a line may break inside a long word. The template puts an empty space there that leaves nothing in copied text.
pub(super) const BREAK: char = '\u{200B}';
/// Elements that hold other blocks.
const HOLDERS: [&str; 16] = [
    "body", "main", "header", "footer", "section", "article", "div", "nav", "ul", "ol", "li", "dl", "dd", "td", "th",
    "details",
];
/// Elements that are blocks and hold words only.
const LINES: [&str; 9] = ["h1", "h2", "h3", "h4", "h5", "p", "dt", "caption", "summary"];
/// Elements without an end.
const VOID: [&str; 4] = ["br", "meta", "link", "img"];

/// An element, or words when it has no name.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Node {
    /// Name of the element.
    #[serde(rename = "t")]
    pub tag: String,
    /// The words, or the name of a picture's file.
    #[serde(rename = "s", skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// Its classes.
    #[serde(rename = "c")]
    pub classes: Vec<String>,
    /// Its name as the target of a link.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Where a link leads.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// What a picture shows, for who cannot see it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// How many columns a cell spans.
    #[serde(skip_serializing_if = "is_zero")]
    pub span: usize,
    /// Written from right to left, in part.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rtl: bool,
    /// What is in it.
    #[serde(rename = "k")]
    pub inner: Vec<Node>,
    /// The table, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A table by rows.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Table {
    /// The line above it.
    caption: Vec<Node>,
    /// The cells of its head.
    head: Vec<Node>,
    /// The rows, each with its cells.
    rows: Vec<Vec<Node>>,
    /// How wide the columns are to each other.
    widths: Vec<usize>,
    /// All rows that the page has.
    all: usize,
}

/// The page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its title.
    pub title: String,
    /// What is in its body.
    pub body: Vec<Node>,
    /// The pictures, by the number in their name.
    pub pictures: Vec<String>,
    /// Lines that were left out because there are too many.
    pub left_out: usize,
}

/// Reads a page. `most` is how many rows, items and commands are kept. Every character that has no glyph becomes its code.
///
/// # Errors
/// The name of an element that is not closed where it should be, which no page of this program has.
pub(super) fn read(html: &str, glyphs: Glyphs, most: usize) -> Result<Page, String> {
    let mut page = Page::default();
    let mut open = vec![Node::default()];
    let mut rest = html;
    // Names of elements and attributes lose their capitals on the way through the tokenizer; a picture needs them.
    while let Some((before, picture)) = rest.split_once("<svg") {
        let (picture, after) = picture.split_once("</svg>").ok_or("svg")?;
        tokens(before, glyphs, &mut open, &mut page)?;
        let number = page.pictures.len();
        let alt = [said(picture, "title"), said(picture, "desc")].join(". ");
        page.pictures.push(glyphs.show(&format!("<svg{picture}</svg>")));
        let (words, alt) = (format!("picture-{number}.svg"), glyphs.show(&alt));
        add(&mut open, Node { tag: "svg".into(), words, alt, ..Node::default() });
        rest = after;
    }
    tokens(rest, glyphs, &mut open, &mut page)?;
    let (Some(mut root), true) = (open.pop(), open.is_empty()) else { return Err("html".into()) };
    let mut lines = Lines { left: most, out: 0 };
    shape(&mut root, &mut lines);
    page.left_out = lines.out;
    let body = root.inner.into_iter().find(|node| node.tag == "html").map(|node| node.inner).unwrap_or_default();
    page.body = body.into_iter().find(|node| node.tag == "body").map(|node| node.inner).unwrap_or_default();
    let mut targets = Vec::new();
    name(&mut page.body, &mut targets);
    unlink(&mut page.body, &targets);
    Ok(page)
}

/// The words of an element of a picture; they hold no other element.
fn said(picture: &str, name: &str) -> String {
    let inner = picture.split_once(&format!("<{name}")).and_then(|(_, rest)| rest.split_once('>'));
    let words = inner.and_then(|(_, rest)| rest.split_once('<')).map_or("", |(words, _)| words);
    let plain = Tokenizer::new(words).filter_map(|Ok(token)| match token {
        Token::String(text) => Some(String::from_utf8_lossy(&text).into_owned()),
        _ => None,
    });
    plain.collect()
}

fn add(open: &mut [Node], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.inner.push(node);
    }
}

fn tokens(html: &str, glyphs: Glyphs, open: &mut Vec<Node>, page: &mut Page) -> Result<(), String> {
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(start) => {
                let node = element(&start);
                if VOID.contains(&node.tag.as_str()) { add(open, node) } else { open.push(node) }
            }
            Token::EndTag(end) => {
                let name = String::from_utf8_lossy(&end.name).into_owned();
                let node = open.pop().filter(|node| node.tag == name && !open.is_empty()).ok_or(name)?;
                match node.tag.as_str() {
                    "title" => page.title = node.inner.iter().map(|node| node.words.trim()).collect(),
                    // What the page is made with, and the link that passes over its head, mean nothing on paper.
                    "style" | "head" => {}
                    "a" if node.classes.iter().any(|class| class == "skip") => {}
                    _ => add(open, node),
                }
            }
            Token::String(text) => {
                let words = glyphs.show(&String::from_utf8_lossy(&text));
                add(open, Node { words, ..Node::default() });
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    Ok(())
}

fn element(start: &StartTag<()>) -> Node {
    let attribute = |name: &str| {
        let value = start.attributes.get(name.as_bytes());
        value.map(|value| String::from_utf8_lossy(&value.value).into_owned()).unwrap_or_default()
    };
    Node {
        tag: String::from_utf8_lossy(&start.name).into_owned(),
        classes: attribute("class").split_whitespace().map(str::to_owned).collect(),
        id: attribute("id"),
        to: attribute("href").strip_prefix('#').unwrap_or_default().to_owned(),
        span: attribute("colspan").parse().unwrap_or(0),
        ..Node::default()
    }
}

/// How many lines may still be kept, and how many were left out.
struct Lines {
    left: usize,
    out: usize,
}

impl Lines {
    fn take(&mut self) -> bool {
        if self.left == 0 {
            self.out = self.out.saturating_add(1);
            return false;
        }
        self.left -= 1;
        true
    }
}

/// Puts the words between blocks together into runs, makes tables out of their parts and lays out every space once.
fn shape(node: &mut Node, lines: &mut Lines) {
    match node.tag.as_str() {
        "table" => node.table = Some(table(std::mem::take(&mut node.inner), lines)),
        "pre" => {
            let words: String = node.inner.iter().map(|inner| inner.words.as_str()).collect();
            node.words = if lines.take() { breakable(&words) } else { String::new() };
            node.inner.clear();
        }
        name if LINES.contains(&name) => tidy(&mut node.inner),
        "" | "html" => node.inner.iter_mut().for_each(|inner| shape(inner, lines)),
        _ => {
            let mut blocks: Vec<Node> = Vec::new();
            for mut inner in std::mem::take(&mut node.inner) {
                if is_block(&inner) {
                    if inner.tag == "li" && !lines.take() {
                        continue;
                    }
                    shape(&mut inner, lines);
                    blocks.push(inner);
                } else if let Some(run) = blocks.last_mut().filter(|last| last.tag == "run") {
                    run.inner.push(inner);
                } else {
                    blocks.push(Node { tag: "run".into(), inner: vec![inner], ..Node::default() });
                }
            }
            for run in blocks.iter_mut().filter(|block| block.tag == "run") {
                tidy(&mut run.inner);
            }
            blocks.retain(|block| block.tag != "run" || !block.inner.is_empty());
            node.inner = blocks;
        }
    }
}

fn is_block(node: &Node) -> bool {
    let name = node.tag.as_str();
    HOLDERS.contains(&name) || LINES.contains(&name) || matches!(name, "table" | "pre" | "svg" | "html")
}

/// Gives the headings the name by which links find them, also that of the article they open.
fn name(nodes: &mut [Node], targets: &mut Vec<String>) {
    for node in nodes {
        if matches!(node.tag.as_str(), "h1" | "h2" | "h3" | "h4" | "h5") {
            if !node.id.is_empty() {
                targets.push(node.id.clone());
            }
            continue;
        }
        if node.tag == "article" && !node.id.is_empty() {
            let id = std::mem::take(&mut node.id);
            if let Some(heading) = heading(&mut node.inner) {
                heading.id = id;
            }
        }
        name(&mut node.inner, targets);
    }
}

/// The first heading below.
fn heading(nodes: &mut [Node]) -> Option<&mut Node> {
    for node in nodes {
        if matches!(node.tag.as_str(), "h3" | "h4") {
            return Some(node);
        }
        if let Some(found) = heading(&mut node.inner) {
            return Some(found);
        }
    }
    None
}

/// Takes away links to what has no place of its own on paper.
fn unlink(nodes: &mut [Node], targets: &[String]) {
    for node in nodes {
        if !targets.contains(&node.to) {
            node.to.clear();
        }
        unlink(&mut node.inner, targets);
        if let Some(table) = &mut node.table {
            unlink(&mut table.caption, targets);
            table.rows.iter_mut().flatten().for_each(|cell| unlink(&mut cell.inner, targets));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
