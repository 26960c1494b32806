//! Words: one space between them, and places where a long one may break.

use super::{BREAK, Node};

/// Shorter words are never broken.
const LONG_WORD: usize = 20;
/// Fewest characters between two places where a long word may break.
const PIECE: usize = 8;
/// Classes by which a span looks different from the words around it.
const STYLED: [&str; 9] = ["box", "line", "code", "small", "none", "local", "tag", "choice", "count"];

/// One space between words, none at the ends; what only wraps words is taken off, because every wrap costs the typesetter memory.
pub(super) fn tidy(run: &mut Vec<Node>) {
    *run = unwrapped(std::mem::take(run));
    let mut after_space = true;
    collapse(run, &mut after_space);
    end(run);
    run.retain(|node| !(node.tag.is_empty() && node.words.is_empty()));
}

fn unwrapped(run: Vec<Node>) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::new();
    for mut node in run {
        node.inner = unwrapped(node.inner);
        node.rtl = node.tag == "bdi" && node.inner.iter().any(|inner| inner.words.chars().any(is_rtl));
        let wraps = match node.tag.as_str() {
            "bdi" => !node.rtl,
            "span" => !node.inner.is_empty() && !node.classes.iter().any(|class| STYLED.contains(&class.as_str())),
            _ => false,
        };
        for node in if wraps { node.inner } else { vec![node] } {
            match out.last_mut().filter(|last| last.tag.is_empty() && node.tag.is_empty()) {
                Some(last) => last.words += &node.words,
                None => out.push(node),
            }
        }
    }
    out
}

fn collapse(run: &mut [Node], after_space: &mut bool) {
    for node in run {
        match node.tag.as_str() {
            "" => {
                let mut words = String::with_capacity(node.words.len());
                for c in node.words.chars() {
                    let space = matches!(c, ' ' | '\n' | '\t' | '\r');
                    if !(space && *after_space) {
                        words.push(if space { ' ' } else { c });
                    }
                    *after_space = space;
                }
                node.words = breakable(&words);
            }
            "br" => *after_space = true,
            "span" if node.inner.is_empty() => *after_space = false,
            _ => collapse(&mut node.inner, after_space),
        }
    }
}

fn end(run: &mut [Node]) {
    if let Some(last) = run.last_mut() {
        if last.tag.is_empty() {
            last.words.truncate(last.words.trim_end_matches(' ').len());
        } else {
            end(&mut last.inner);
        }
    }
}

/// Hebrew, Arabic and their neighbours.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}')
}

/// Marks where a long word may break: after punctuation and otherwise every few characters. Words of letters only stay whole up to
/// twice the length, because they are words of people.
pub(super) fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive([' ', '\n']) {
        let long = piece.chars().count();
        if long <= LONG_WORD || (long <= 2 * LONG_WORD && piece.chars().all(|c| c.is_alphabetic() || c == '-')) {
            out += piece;
            continue;
        }
        let mut since = 0;
        for c in piece.chars() {
            let mark = c.is_alphanumeric() && since >= PIECE;
            if mark {
                out.push(BREAK);
                since = 0;
            }
            out.push(c);
            since += 1;
            if matches!(c, '/' | '.' | '_' | ':' | '=' | ',' | ';' | '&' | '?' | '@') && since > 3 {
                out.push(BREAK);
                since = 0;
            }
        }
    }
    out
}
