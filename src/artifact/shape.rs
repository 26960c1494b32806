//! Recognition by content: whether the first bytes of a stream have the shape that an artifact asks for. Folder and file names
//! differ by language and get renamed; header cells and keys do not.

use super::Shape;

/// How many bytes from the start are looked at.
pub const HEAD: usize = 64 * 1024;

/// Whether a stream that starts with `head` has this shape. An empty shape fits everything.
#[must_use]
pub fn fits(shape: &Shape, head: &[u8]) -> bool {
    if shape.is_empty() {
        return true;
    }
    let text = text_of(head);
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    (shape.csv.is_empty() || csv_has(trimmed, &shape.csv))
        && (shape.json.is_empty() || json_has(trimmed, &shape.json))
        && (shape.html.is_empty() || (trimmed.starts_with('<') && has_words(trimmed, &shape.html)))
        && (shape.text.is_empty() || has_words(trimmed, &shape.text))
}

fn text_of(head: &[u8]) -> String {
    match head {
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        _ => String::from_utf8_lossy(head).into_owned(),
    }
}

fn has_words(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().all(|w| text.contains(&w.to_lowercase()))
}

/// One of the first 30 lines holds all cells, whatever the separator and quotes.
fn csv_has(text: &str, cells: &[String]) -> bool {
    if text.starts_with(['<', '{', '[']) {
        return false;
    }
    text.lines().take(30).any(|line| {
        let found: Vec<String> = line
            .split([',', ';', '\t'])
            .map(|c| c.trim().trim_matches('"').replace('\u{a0}', " ").to_lowercase())
            .collect();
        cells.iter().all(|c| found.contains(&c.to_lowercase()))
    })
}

/// The keys stand at the top of the object, or of the first object of the array. The text may be cut off.
fn json_has(text: &str, keys: &[String]) -> bool {
    let top = match text.chars().next() {
        Some('{') => 1,
        Some('[') => 2,
        _ => return false,
    };
    let (mut depth, mut found, mut chars) = (0_usize, Vec::new(), text.chars().peekable());
    let mut closed = false;
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                // The first object of an array has been seen whole: later ones do not count.
                closed |= depth == top && top == 2;
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
                if depth == top && !closed {
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
    keys.iter().all(|k| found.contains(k))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(csv: &[&str], json: &[&str], html: &[&str]) -> Shape {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_string()).collect();
        Shape { csv: own(csv), json: own(json), html: own(html), text: Vec::new() }
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
    }

    #[test]
    fn pages_are_known_by_their_words() {
        assert!(fits(&shape(&[], &[], &["recovery e-mail"]), b"<html><li>Recovery e-Mail: x"));
        assert!(!fits(&shape(&[], &[], &["recovery e-mail"]), b"Recovery e-Mail: x"));
    }
}
