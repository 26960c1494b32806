//! Lists as `PowerShell` prints them (`Format-List`, and its saved output): blocks of `Name : value` lines, parted by blank lines; a
//! value goes on in lines that are indented beneath it. Administrators hand over mail rules in this form.

use std::io::Read;

use serde_json::{Map, Value};

use super::lines::{Lines, indent};
use super::{Error, Options, Row, Sink, Summary};

const FORMAT: &str = "list";
/// Most names of one block, and longest value in bytes.
const MAX_NAMES: usize = 1024;
const MAX_VALUE: usize = 1 << 20;

/// Reads a list: each block is an object of its names and values, locator `line:N` of its first line. A list in braces
/// (`{a, b}`) stays as written.
///
/// # Errors
/// [`Error::Format`] when there is no block.
pub fn read(source: &mut dyn Read, _options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut lines = Lines::new(source);
    let mut summary = Summary::default();
    let mut line = String::new();
    let mut block: Map<String, Value> = Map::new();
    let (mut begin, mut name) = (0, String::new());
    loop {
        let more = lines.next(&mut line, &mut summary)?;
        if !more || line.trim().is_empty() {
            if !block.is_empty() {
                let data = Value::Object(std::mem::take(&mut block));
                summary.give(sink, Row { locator: format!("line:{begin}"), key: String::new(), data: data.into() })?;
            }
            name.clear();
            if !more {
                break;
            }
            continue;
        }
        match named(&line) {
            Some((label, value)) if block.len() < MAX_NAMES => {
                if block.is_empty() {
                    begin = lines.number;
                }
                label.clone_into(&mut name);
                block.entry(label).or_insert_with(|| value.into());
            }
            // The width of the window breaks long values.
            _ => {
                if let Some(Value::String(value)) = block.get_mut(&name)
                    && indent(&line) > 0
                    && value.len() + line.len() < MAX_VALUE
                {
                    value.push_str(line.trim());
                }
            }
        }
    }
    if summary.rows == 0 {
        return Err(Error::Format { format: FORMAT, detail: "no block of names and values".to_owned() });
    }
    Ok(summary)
}

/// `Name   : value` with a name at the start of the line.
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name_end = name.trim_end();
    let is_name =
        !name_end.is_empty() && name_end.len() <= 100 && name_end.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && name.ends_with(' ') && (value.is_empty() || value.starts_with(' '))).then_some((name_end, value.trim()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_and_broken_lines() {
        let text = "\u{FEFF}\r\n\r\nName        : .\r\nEnabled     : True\r\nForwardTo   : {\"R\" [SMTP:r.backup@exam\r\n              ple.org]}\r\nDescription : Als:\r\n\r\nName : b\r\n";
        let mut rows = Vec::new();
        let mut source = text.as_bytes();
        read(&mut source, &Options::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].locator, "line:3");
        assert_eq!(
            rows[0].data,
            json!({"Name": ".", "Enabled": "True", "ForwardTo": "{\"R\" [SMTP:r.backup@example.org]}", "Description": "Als:"})
        );
        let mut source = &b"just words\n"[..];
        assert!(read(&mut source, &Options::default(), &mut |_| Ok(())).is_err());
    }
}
