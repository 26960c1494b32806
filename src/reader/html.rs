//! Export pages in HTML to rows: the rows of tables, and `label: value` items from lists, paragraphs and lines. The page is
//! read as a stream of tokens without building a tree (a tree costs quadratic time on nesting, crates.md §4).

mod block;
mod page;

use std::io::Read;

use html5gum::{DefaultEmitter, IoReader, Token, Tokenizer};

use self::block::Blocks;
use self::page::Page;
use super::text::{Allowance, Guarded, Utf8, western};
use super::{Error, Options, Sink, Summary};

const FORMAT: &str = "html";
/// Longest run without a tag, or longest tag, in bytes (pages carry images as `data:` addresses).
const MAX_TOKEN: u64 = 32 << 20;

/// Reads a page. A table of labels beside values, as Meta prints each record, is
/// `{"kind":"record","table":1,"fields":[{"label":…,"value":…}],"section":…}` with locator `html:table 1`, beside its rows. A table row is `{"kind":"table","table":1,"row":3,"cells":{header: text}}` with locator `html:table 1 row 3`; an item
/// is `{"kind":"item","label":…,"value":…,"section":…}` with locator `html:item 4`, the section being the nearest heading above. Rows and
/// items count from 1; the header is the first row, whether of `<th>` or not. Line breaks inside a cell stay.
///
/// With `options.record` only the elements of that class are read, each as one row of lines (`Blocks`).
///
/// A page that opens with `<html>` and never closes it breaks off, which exports never do by themselves: that counts as a skipped record.
///
/// # Errors
/// [`Error::Format`] when there is no tag at all, [`Error::Bound`] when one token is longer than 32 MiB.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut view = match &options.record {
        Some(class) => View::Blocks(Blocks::new(class, sink)),
        None => View::Page(Page::new(sink)),
    };
    let mut source = Utf8::new(source);
    let allowance = Allowance::new(MAX_TOKEN);
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let tokens = Tokenizer::new_with_emitter(IoReader::new(Guarded::new(&mut source, allowance.clone())), emitter);
    let (mut tags, mut ignored): (u64, Option<Vec<u8>>) = (0, None);
    let mut breaks_off = false;
    for token in tokens {
        let token = match token {
            Ok(token) => token,
            Err(_) if allowance.is_spent() => {
                return Err(Error::Bound { format: FORMAT, detail: "more than 32 MiB without a tag".to_owned() });
            }
            Err(problem) => return Err(Error::Io(problem)),
        };
        match token {
            Token::Error(_) => continue,
            Token::StartTag(tag) => {
                tags += 1;
                breaks_off |= &tag.name[..] == b"html";
                if ignored.is_none() {
                    match &tag.name[..] {
                        b"script" | b"style" | b"noscript" | b"template" | b"title" if !tag.self_closing => {
                            ignored = Some(tag.name.0);
                        }
                        name => {
                            let class = tag.attributes.get(&b"class"[..]).map(|class| western(class).0);
                            view.open(name, class.as_deref().unwrap_or_default())?;
                        }
                    }
                }
            }
            Token::EndTag(tag) => {
                tags += 1;
                breaks_off &= &tag.name[..] != b"html";
                match &ignored {
                    Some(name) if *name == tag.name.0 => ignored = None,
                    Some(_) => {}
                    None => view.close(&tag.name)?,
                }
            }
            Token::String(text) if ignored.is_none() => {
                let (text, fell_back) = western(&text);
                view.text(&text, fell_back);
            }
            _ => {}
        }
        allowance.renew();
    }
    if tags == 0 {
        return Err(Error::Format { format: FORMAT, detail: "no tag".to_owned() });
    }
    let mut summary = view.end()?;
    if breaks_off {
        summary.skip(|| "the page breaks off before its end".to_owned());
    }
    Ok(summary)
}

/// What is read of a page.
enum View<'s> {
    Page(Page<'s>),
    Blocks(Blocks<'s>),
}

impl View<'_> {
    fn open(&mut self, name: &[u8], class: &str) -> Result<(), Error> {
        match self {
            Self::Page(page) => page.open(name),
            Self::Blocks(blocks) => blocks.open(name, class),
        }
    }

    fn close(&mut self, name: &[u8]) -> Result<(), Error> {
        match self {
            Self::Page(page) => page.close(name),
            Self::Blocks(blocks) => blocks.close(name),
        }
    }

    fn text(&mut self, text: &str, repaired: bool) {
        let summary = match self {
            Self::Page(page) => {
                page.text(text);
                &mut page.summary
            }
            Self::Blocks(blocks) => {
                blocks.text(text);
                &mut blocks.summary
            }
        };
        summary.repaired += u64::from(repaired);
    }

    fn end(self) -> Result<Summary, Error> {
        match self {
            Self::Page(page) => page.end(),
            Self::Blocks(blocks) => blocks.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::Row;
    use super::*;
    use serde_json::json;

    fn read_all(text: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut source = text.as_bytes();
        read(&mut source, &Options::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn lists_and_tables_of_an_account_page() {
        let rows = read_all(
            "<html><head><title>Google: Subscriber</title><style>a{b:c}</style></head><body><h2>Recovery</h2><ul><li>Recovery e-Mail: someone@example.org</li>\
             <li><b>Recovery SMS</b>: +31600000000&nbsp;[NL]</li><li>loose@example.org</ul><script>var a = '<li>x: y</li>';</script>\
             <h2>IP &amp; activity</h2><table><tr><th>Timestamp</th><th>IP<br>Address</th><th></th></tr>\
             <tr><td>2026-01-09 22:40:01 Z<td>203.0.113.77<td><ul><li>a: 1</li><li>b: 2</li></ul></tr><tr><td>x</td></tr></table>",
        );
        assert_eq!(
            rows[0].data,
            json!({"kind": "item", "label": "Recovery e-Mail", "value": "someone@example.org", "section": "Recovery"})
        );
        assert_eq!(
            rows[1].data,
            json!({"kind": "item", "label": "Recovery SMS", "value": "+31600000000 [NL]", "section": "Recovery"})
        );
        assert_eq!(
            rows[2].data,
            json!({"kind": "item", "label": "", "value": "loose@example.org", "section": "Recovery"})
        );
        assert_eq!((rows[2].locator.as_str(), rows[3].locator.as_str()), ("html:item 3", "html:table 1 row 1"));
        assert_eq!(
            rows[3].data,
            json!({"kind": "table", "table": 1, "row": 1, "section": "IP & activity",
                   "cells": {"Timestamp": "2026-01-09 22:40:01 Z", "IP Address": "203.0.113.77", "column 3": "a: 1\nb: 2"}})
        );
        assert_eq!(rows[4].data["cells"], json!({"Timestamp": "x"}));
        assert_eq!(rows.len(), 5);
    }

    #[test]
    fn tables_of_labels_are_records() {
        let rows = read_all(
            "<main><div><h2>Actief</h2><table><tr><td class=x>Aangemaakt</td><td>4 feb 2026 10:48:26</td></tr>\
             <tr><td colspan=2>IP-adres<div><div>203.0.113.77</div></div></td></tr>\
             <tr><td colspan=2><table><tr><td>Cookie</td><td>***hQ2k</td></tr></table></td></tr></table></div></main>\
             <table><tr><td>a</td><td>b</td><td>c</td></tr><tr><td>1</td><td>2</td><td>3</td></tr></table>",
        );
        let records: Vec<&Row> = rows.iter().filter(|r| r.data["kind"] == "record").collect();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].locator, "html:table 1");
        assert_eq!(
            records[0].data,
            json!({"kind": "record", "table": 1, "section": "Actief", "fields": [
                {"label": "Aangemaakt", "value": "4 feb 2026 10:48:26"}, {"label": "IP-adres", "value": "203.0.113.77"},
                {"label": "Cookie", "value": "***hQ2k"}]})
        );
    }

    #[test]
    fn lines_definitions_and_upright_tables() {
        let rows = read_all(
            "<p>Android ID: 38<br/>IMEI(s): 350000000000007<br>Link: https://example.org/a:b<br>no label here<br>10:45</p>\
             <dl><dt>Naam<dd>Zo&euml;<dd>tweede</dl><table><tr><th>Model</th><td>Pixel&nbsp;7a</td></tr></table>",
        );
        let pairs: Vec<(&str, &str)> =
            rows.iter().map(|row| (row.data["label"].as_str().unwrap(), row.data["value"].as_str().unwrap())).collect();
        assert_eq!(
            pairs,
            [
                ("Android ID", "38"),
                ("IMEI(s)", "350000000000007"),
                ("Link", "https://example.org/a:b"),
                ("Naam", "Zoë"),
                ("Naam", "tweede"),
                ("Model", "Pixel 7a")
            ]
        );
    }

    fn blocks(text: &str) -> (Vec<Row>, Summary) {
        let options = Options { record: Some("entry".to_owned()), ..Options::default() };
        let (mut rows, mut source) = (Vec::new(), text.as_bytes());
        let summary = read(&mut source, &options, &mut |row| {
            rows.push(row);
            Ok(())
        });
        (rows, summary.unwrap())
    }

    #[test]
    fn elements_of_a_class_are_rows_of_lines() {
        let (rows, summary) = blocks(
            "<html><style>.entry{x:y}</style><body>before<div class='entry wide'><div class=\"head cell\"><p class=title>Name<br></p></div>\
             <div class=cell>Said&nbsp;<a href='https://example.org/'>a link</a><br><img src=x>4 feb 2026, 10:48:26\u{202f}AM</div></div>\
             between<div class=entry-not>no</div><div class=entry>two</div></body>",
        );
        assert_eq!(
            rows[0].data,
            json!({"kind": "block", "lines": [{"class": "head cell title", "text": "Name"},
                {"class": "cell", "text": "Said\u{a0}a link"}, {"class": "cell", "text": "4 feb 2026, 10:48:26\u{202f}AM"}]})
        );
        assert_eq!(
            (rows.len(), rows[0].locator.as_str(), rows[1].locator.as_str()),
            (2, "html:block 1", "html:block 2")
        );
        assert_eq!(rows[1].data, json!({"kind": "block", "lines": [{"class": "", "text": "two"}]}));
        assert!(!summary.absent && summary.rows == 2);
        assert!(blocks("<p>a: b</p>").1.absent);
    }

    #[test]
    fn broken_elements_of_a_class_end() {
        // Never closed: the next one ends the one before.
        let (rows, _) = blocks("<div class=entry>one<b>two<div class=entry>three</i></table>");
        assert_eq!(rows[0].data["lines"], json!([{"class": "", "text": "onetwo"}]));
        assert_eq!(rows[1].data["lines"], json!([{"class": "", "text": "three"}]));
        assert_eq!(blocks(&"<div class=entry>".repeat(50_000)).0.len(), 0);
        assert_eq!(blocks(&format!("<div class=entry>x{}", "<div class=a>y".repeat(50_000))).1.skipped, 1);
        assert_eq!(blocks(&format!("<div class=entry>x{}</div>", "<br>y".repeat(50_000))).1.skipped, 1);
        assert_eq!(blocks(&format!("<div class=entry>{}</div>", "y".repeat(3 << 20))).1.skipped, 1);
    }

    #[test]
    fn a_page_that_breaks_off_is_told_from_one_that_ends() {
        let skipped = |page: &str| read(&mut page.as_bytes(), &Options::default(), &mut |_| Ok(())).unwrap().skipped;
        assert_eq!(skipped("<html><body><li>IP: 203.0.113.77</li></body></HTML>\n"), 0);
        assert_eq!(skipped("<html><body><li>IP: 203.0.113.7"), 1);
        assert_eq!(skipped("<html><body><script>'</html>'"), 1);
        // A piece of a page never had an end.
        assert_eq!(skipped("<li>IP: 203.0.113.77"), 0);
    }

    #[test]
    fn nested_and_broken_pages_end() {
        read_all(&"<table><tr><td>".repeat(200_000));
        read_all(&"<div>".repeat(200_000));
        read_all(&"<li>a: b".repeat(200_000));
        read_all(&format!("<table><tr>{}", "<td>x".repeat(100_000)));
        let mut source = &b"plain text"[..];
        assert!(read(&mut source, &Options::default(), &mut |_| Ok(())).is_err());
    }
}
