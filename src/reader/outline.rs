//! Indented text dumps (`dumpsys` sections without a grammar of their own, logs, listings): each line that is not blank is a
//! row that knows the less indented lines above it. What the lines mean is for the artifact's SQL.

use std::io::Read;

use serde_json::{Map, Value};

use super::lines::{Lines, indent};
use super::{Error, Options, Row, Sink, Summary};

/// Ancestors kept in a path, nearest last, and the length of each in characters.
const ANCESTORS: usize = 8;
const ANCESTOR_LENGTH: usize = 200;
/// Open headings kept at most: each deeper than the one before.
const MAX_OPEN: usize = 256;

/// Reads an indented dump: `{"text","depth","parent","path","line"}`, depth in spaces (a tab is eight), `path` the headings above
/// joined by ` > `, locator `line:N`.
///
/// # Errors
/// The stream could not be read, or the sink failed. Any bytes are a dump.
pub fn read(source: &mut dyn Read, _options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut lines = Lines::new(source);
    let mut summary = Summary::default();
    let mut line = String::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    while lines.next(&mut line, &mut summary)? {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let depth = indent(&line);
        while open.last().is_some_and(|(above, _)| *above >= depth) {
            open.pop();
        }
        let mut path = String::new();
        for (_, heading) in open.iter().skip(open.len().saturating_sub(ANCESTORS)) {
            if !path.is_empty() {
                path.push_str(" > ");
            }
            path.push_str(heading);
        }
        let parent = open.last().map(|(_, heading)| heading.clone()).unwrap_or_default();
        let mut data = Map::new();
        data.insert("text".to_owned(), Value::String(text.to_owned()));
        data.insert("depth".to_owned(), Value::from(depth));
        data.insert("parent".to_owned(), Value::String(parent));
        data.insert("path".to_owned(), Value::String(path));
        data.insert("line".to_owned(), Value::from(lines.number));
        if open.len() >= MAX_OPEN {
            open.remove(0);
        }
        open.push((depth, shortened(text)));
        let locator = format!("line:{}", lines.number);
        summary.give(sink, Row { locator, key: String::new(), data: Value::Object(data).into() })?;
    }
    Ok(summary)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(ANCESTOR_LENGTH) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn read_all(bytes: &[u8]) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut source = bytes;
        read(&mut source, &Options::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn a_row_knows_what_stands_above_it() {
        let rows = read_all(
            b"Users:\r\n  UserInfo{0:Owner}\r\n\r\n    State: RUNNING\xFF\r\n  UserInfo{11}\r\n\tdeep\r\nNext\r\n",
        );
        assert_eq!(
            rows[2].data,
            json!({"text": "State: RUNNING\u{FFFD}", "depth": 4, "parent": "UserInfo{0:Owner}", "path": "Users: > UserInfo{0:Owner}", "line": 4})
        );
        assert_eq!(rows[2].locator, "line:4");
        assert_eq!(rows[4].data["path"], "Users: > UserInfo{11}");
        assert_eq!(rows[5].data["path"], "");
    }

    #[test]
    fn paths_stay_short() {
        let mut text = String::new();
        for depth in 0..600 {
            text.push_str(&" ".repeat(depth));
            text.push_str(&"é".repeat(300));
            text.push('\n');
        }
        let rows = read_all(text.as_bytes());
        assert_eq!(rows.len(), 600);
        assert!(rows.iter().all(|row| row.data["path"].as_str().unwrap().chars().count() <= 8 * 203));
    }
}
