//! The pages on paper: each page of a bag is set again as PDF/A-2a with the tags of PDF/UA-1. A page is read once it is finished (`tree`),
//! so the paper says what the screen says, in the same words and the same order, and a new chapter needs nothing here. `page.typ`
//! decides how it looks; `world` shuts the typesetter off from everything else; `glyphs` makes visible what the fonts cannot print.
//! No clock: the same page gives the same bytes.

mod glyphs;
mod tree;
mod world;

use super::html::Error;
use super::text::{Text, fill};
use glyphs::Glyphs;
use serde::Serialize;
use std::collections::BTreeMap;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Bytes, Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// Most rows, items and commands of one page that are set; memory grows with them (see README). The page says how many were left out.
pub const MOST_LINES: usize = 3_000;

/// A page to be set.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The finished page.
    pub html: &'a str,
    /// Which look it has: the name of its file without its ending.
    pub kind: &'a str,
    /// The file that it was made from, as the foot of every page names it; empty where nothing may be named.
    pub made_from: &'a str,
    /// SHA-256 of that file.
    pub digest: &'a str,
    /// Reference time of that file (RFC 3339, UTC). PDF/A asks for a date, and there is no clock here.
    pub as_of: Option<&'a str>,
    /// Program and version; empty where nothing may be named.
    pub tool: &'a str,
    /// The words around it.
    pub text: &'a Text,
}

/// What the template reads.
#[derive(Serialize)]
struct Data<'a> {
    lang: &'a str,
    title: &'a str,
    kind: &'a str,
    made_from: &'a str,
    digest: &'a str,
    tool: &'a str,
    words: Words<'a>,
    body: &'a [tree::Node],
}

/// The words that only paper has.
#[derive(Serialize)]
struct Words<'a> {
    page: &'a str,
    settings: &'a str,
    more: &'a str,
    left_out: String,
}

/// The page as PDF.
///
/// # Errors
/// When it cannot be set, which would be an error of this program.
pub fn render(sheet: &Sheet<'_>) -> Result<Vec<u8>, Error> {
    // A script that the fonts can print but not join must not stop a report: it is then shown in codes.
    let set = set(sheet, Glyphs::Fonts).or_else(|_| set(sheet, Glyphs::Latin));
    // What the typesetter remembers serves the same page only.
    typst::comemo::evict(0);
    set.map_err(Error::Print)
}

fn set(sheet: &Sheet<'_>, glyphs: Glyphs) -> Result<Vec<u8>, String> {
    let page = tree::read(sheet.html, glyphs, MOST_LINES)?;
    let words = &sheet.text.print;
    let left_out = match page.left_out {
        0 => String::new(),
        n => fill(&words.left_out, &[("n", &n.to_string()), ("file", sheet.made_from)]),
    };
    let data = Data {
        lang: &sheet.text.lang,
        title: &page.title,
        kind: sheet.kind,
        made_from: sheet.made_from,
        digest: sheet.digest,
        tool: sheet.tool,
        words: Words { page: &words.page, settings: &words.settings, more: &words.more, left_out },
        body: &page.body,
    };
    let json = serde_json::to_vec(&data).map_err(|error| error.to_string())?;
    let mut files = BTreeMap::from([("page.json".to_owned(), Bytes::new(json))]);
    for (number, picture) in page.pictures.iter().enumerate() {
        files.insert(format!("picture-{number}.svg"), Bytes::from_string(drawn(picture)));
    }
    let desk = world::Desk::new(files)?;
    let document: PagedDocument = typst::compile(&desk).output.map_err(|errors| said(&errors))?;
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]);
    let options = PdfOptions {
        ident: Smart::Custom(format!("{} {} {}", sheet.kind, sheet.digest, sheet.text.lang)),
        creator: Smart::Custom(Some(sheet.tool.to_owned()).filter(|tool| !tool.is_empty())),
        timestamp: dated(sheet.as_of),
        standards: standards.map_err(|error| error.message().to_string())?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| said(&errors))
}

/// The reference time as the date in the properties of the file; the beginning of time where there is none.
fn dated(as_of: Option<&str>) -> Option<Timestamp> {
    let time: jiff::Timestamp = as_of.and_then(|time| time.parse().ok()).unwrap_or_default();
    let at = jiff::tz::Offset::UTC.to_datetime(time);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let (day, clock) = ([at.month(), at.day()].map(part), [at.hour(), at.minute(), at.second()].map(part));
    let [month, day] = day;
    let [hour, minute, second] = clock;
    Datetime::from_ymd_hms(i32::from(at.year()), month, day, hour, minute, second).map(Timestamp::new_utc)
}

/// A picture of a page as a file of its own, with the colours that the page's style sheet gives it on paper.
fn drawn(picture: &str) -> String {
    let style = include_str!("picture.css");
    let (head, rest) = picture.split_once('>').unwrap_or((picture, ""));
    format!("{head} xmlns=\"http://www.w3.org/2000/svg\"><style>{style}</style>{rest}")
}

/// What the typesetter says is wrong.
fn said(errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
