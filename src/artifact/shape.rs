//! Recognition by content: whether the first bytes of a stream have the shape that an artifact asks for. Folder and file names
//! differ by language and get renamed; header cells and keys do not.

use super::Shape;
use super::form::{Layout, Table};
use std::cell::OnceCell;

/// How many bytes from the start are looked at.
pub const HEAD: usize = 64 * 1024;

/// The first bytes of a stream, looked at once for all shapes.
pub struct Head {
    text: String,
    lower: String,
    keys: Vec<String>,
    /// Whether the stream goes on behind it.
    cut: bool,
    table: OnceCell<Table>,
}

impl Head {
    /// Takes the first [`HEAD`] bytes of a stream.
    #[must_use]
    pub fn new(head: &[u8]) -> Self {
        let cut = head.len() >= HEAD;
        let text = text_of(head);
        let text = text.trim_start_matches('\u{feff}').trim_start().to_string();
        let keys = top_keys(&text);
        let lower = text.to_lowercase();
        Self { text, lower, keys, cut, table: OnceCell::new() }
    }

    /// Whether the stream has this shape. An empty shape fits everything. A word of the form `a|b` is there when one of them is.
    #[must_use]
    pub fn fits(&self, shape: &Shape) -> bool {
        let some = |asked: &String, is: &dyn Fn(&str) -> bool| asked.split('|').any(is);
        let words = |list: &[String]| list.iter().all(|w| some(w, &|w| self.lower.contains(&w.to_lowercase())));
        (shape.csv.is_empty() || self.csv_has(&shape.csv))
            && shape.json.iter().all(|k| some(k, &|k| self.keys.iter().any(|have| have == k)))
            && (shape.html.is_empty() || (self.text.starts_with('<') && words(&shape.html)))
            && words(&shape.text)
            && (shape.form.is_empty() || self.table().shows(&shape.form, &shape.known))
    }

    /// The layout that the first records have.
    ///
    /// # Errors
    /// Why they have none.
    pub fn layout<'l>(&self, layouts: &'l [Layout]) -> Result<&'l Layout, String> {
        self.table().layout(layouts)
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| Table::of(&self.text, self.cut))
    }

    /// One of the first 30 lines holds all cells, whatever the separator and quotes.
    fn csv_has(&self, cells: &[String]) -> bool {
        if self.text.starts_with(['<', '{', '[']) {
            return false;
        }
        self.lower.lines().take(30).any(|line| {
            let found: Vec<String> =
                line.split([',', ';', '\t']).map(|c| c.trim().trim_matches('"').replace('\u{a0}', " ")).collect();
            cells.iter().all(|c| c.split('|').any(|c| found.contains(&c.to_lowercase())))
        })
    }
}

fn text_of(head: &[u8]) -> String {
    match head {
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        _ => String::from_utf8_lossy(head).into_owned(),
    }
}

/// The keys at the top of the object, or of the first object of the array. The text may be cut off, and it may begin with an
/// assignment (`window.YTD.… =`), as in the archives of X.
fn top_keys(text: &str) -> Vec<String> {
    let text = match text.strip_prefix("window.").and_then(|rest| rest.split_once('=')) {
        Some((_, value)) => value.trim_start(),
        None => text,
    };
    let top = match text.chars().next() {
        Some('{') => 1,
        Some('[') => 2,
        _ => return Vec::new(),
    };
    let (mut depth, mut found, mut chars) = (0_usize, Vec::new(), text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                // The first object of an array, or the object, has been seen whole: later ones do not count.
                if depth == top && (top == 2 || c == '}') {
                    break;
                }
                depth = depth.saturating_sub(1);
            }
            '"' => {
                let mut string = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => string.extend(chars.next()),
                        c => string.push(c),
                    }
                }
                if depth == top {
                    while chars.peek().is_some_and(|c| c.is_whitespace()) {
                        chars.next();
                    }
                    if chars.peek() == Some(&':') {
                        found.push(string);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(shape: &Shape, head: &[u8]) -> bool {
        Head::new(head).fits(shape)
    }

    fn shape(csv: &[&str], json: &[&str], html: &[&str]) -> Shape {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_string()).collect();
        Shape { csv: own(csv), json: own(json), html: own(html), ..Shape::default() }
    }

    #[test]
    fn a_header_is_found_behind_a_preamble_and_a_bom() {
        let s = shape(&["Gaia ID", "IP Address"], &[], &[]);
        assert!(fits(&s, "\u{feff}Notes\n\nGaia ID,Activity Timestamp,\"IP Address\"\n1,2,3".as_bytes()));
        assert!(!fits(&s, b"Gaia ID,Activity\n"));
        assert!(!fits(&s, b"{\"Gaia ID\": 1}"));
    }

    #[test]
    fn keys_count_only_at_the_top() {
        let s = shape(&[], &["filter"], &[]);
        assert!(fits(&s, b" {\"filter\" : [{\"query\""));
        assert!(!fits(&s, b"{\"a\": {\"filter\": 1}}"));
        assert!(!fits(&s, b"{\"a\": \"filter\"}"));
        assert!(fits(&shape(&[], &["install"], &[]), b"[{\"install\": {}}, {\"other\": 1"));
        assert!(!fits(&shape(&[], &["other"], &[]), b"[{\"install\": {}}, {\"other\": 1}]"));
        assert!(fits(&shape(&[], &["ipAudit"], &[]), b"window.YTD.ip_audit.part0 = [ {\"ipAudit\": {"));
        assert!(fits(&shape(&[], &["a_v2|a"], &[]), b"{\"a\": []}"));
        assert!(!fits(&shape(&[], &["a_v2|a"], &[]), b"{\"b\": []}"));
    }

    #[test]
    fn pages_are_known_by_their_words() {
        assert!(fits(&shape(&[], &[], &["recovery e-mail"]), b"<html><li>Recovery e-Mail: x"));
        assert!(!fits(&shape(&[], &[], &["recovery e-mail"]), b"Recovery e-Mail: x"));
    }
}
