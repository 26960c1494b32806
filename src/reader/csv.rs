//! Comma separated values as exports really have them: with a byte order mark, semicolons, a preamble above the header, cells
//! over several lines, Windows-1252. Columns are taken by the names in the header row, never by their order.

use std::io::Read;

use serde_json::{Map, Value};

use super::text::{Allowance, Guarded, Utf8, column_name, column_names, fold, western};
use super::{Error, Options, Row, Sink, Summary};

const FORMAT: &str = "csv";
/// Longest record; a quote that never closes would otherwise take the rest of the file.
const MAX_RECORD: u64 = 8 << 20;
/// How much is looked at to find the delimiter and the header, in bytes and in records.
const HEAD: usize = 128 * 1024;
const HEAD_RECORDS: usize = 300;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads a CSV: one row a record, `data` = header → cell, locator `csv:N` with N counted from 1 after the header (empty lines do
/// not count). The header is the first record that holds every cell of `options.header` (case and kind of space do not matter),
/// or without those the first record. With `options.columns` it is the first record, whatever its names, and those are the columns. Cells beyond the header are named `column N`; cells that are not there are absent.
///
/// # Errors
/// [`Error::Format`] without such a header, [`Error::Bound`] when one record is longer than 8 MiB.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut source = Utf8::new(source);
    let head = take_head(&mut source)?;
    let layout = Layout::find(&head, options).ok_or_else(|| no_header(options))?;
    let allowance = Allowance::new(MAX_RECORD);
    let mut reader = open(Guarded::new((&head[..]).chain(source), allowance.clone()), layout.delimiter);
    let mut summary = Summary::default();
    let mut record = csv::ByteRecord::new();
    let mut passed = 0_usize;
    loop {
        allowance.renew();
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(summary),
            Ok(true) => {}
            Err(_) if allowance.is_spent() => {
                let detail =
                    format!("a record after row {} is longer than 8 MiB (a quote that does not close?)", summary.rows);
                return Err(Error::Bound { format: FORMAT, detail });
            }
            Err(problem) => return Err(failure(problem)),
        }
        if passed <= layout.record {
            passed += 1;
            continue;
        }
        let mut data = Map::new();
        let mut repaired = false;
        for (index, cell) in record.iter().enumerate() {
            let (text, fell_back) = western(cell);
            repaired |= fell_back;
            let name = layout.names.get(index).cloned().unwrap_or_else(|| column_name(index));
            data.insert(name, Value::String(text.into_owned()));
        }
        summary.repaired += u64::from(repaired);
        let locator = format!("csv:{}", summary.rows + 1);
        summary.give(sink, Row { locator, key: String::new(), data: Value::Object(data).into() })?;
    }
}

/// The header cells as [`read`] would name the columns, or `None` when there is no such header.
pub fn header(source: &mut dyn Read, options: &Options) -> Option<Vec<String>> {
    let head = take_head(&mut Utf8::new(source)).ok()?;
    Layout::find(&head, options).map(|layout| layout.names)
}

/// Where the table begins and how it is written.
struct Layout {
    delimiter: u8,
    record: usize,
    names: Vec<String>,
}

impl Layout {
    fn find(head: &[u8], options: &Options) -> Option<Self> {
        // A cell asked for as `a|b` is there when one of them is.
        let wanted: Vec<Vec<String>> = options.header.iter().map(|cell| cell.split('|').map(plain).collect()).collect();
        let mut best: Option<(usize, Self)> = None;
        for delimiter in declared(head).map_or(DELIMITERS.to_vec(), |only| vec![only]) {
            let mut reader = open(head, delimiter);
            let mut record = csv::ByteRecord::new();
            for index in 0..HEAD_RECORDS {
                if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
                    break;
                }
                let cells: Vec<String> = record.iter().map(|cell| western(cell).0.into_owned()).collect();
                if cells.iter().all(|cell| cell.trim().is_empty()) || is_declaration(&cells) {
                    continue;
                }
                if !options.columns.is_empty() {
                    if cells.len() == options.columns.len() {
                        return Some(Self { delimiter, record: index, names: options.columns.clone() });
                    }
                    break;
                }
                let present: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
                if !wanted.iter().all(|cells| cells.iter().any(|cell| present.contains(cell))) {
                    continue;
                }
                if best.as_ref().is_none_or(|(count, _)| cells.len() > *count) {
                    let mut names = column_names(&cells);
                    // The artifact's own spelling, so that its SQL finds the column.
                    for name in &mut names {
                        let asked = options
                            .header
                            .iter()
                            .flat_map(|cell| cell.split('|'))
                            .find(|asked| plain(asked) == plain(name));
                        if let Some(asked) = asked {
                            asked.clone_into(name);
                        }
                    }
                    best = Some((cells.len(), Self { delimiter, record: index, names }));
                }
                break;
            }
        }
        best.map(|(_, layout)| layout)
    }
}

fn open<R: Read>(source: R, delimiter: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(source)
}

/// A cell for comparison: one kind of space, lower case.
fn plain(cell: &str) -> String {
    fold(cell).to_lowercase()
}

/// The delimiter of a first line `sep=;`, which spreadsheets write.
fn declared(head: &[u8]) -> Option<u8> {
    let line = head.strip_prefix(b"sep=")?;
    line.first().copied().filter(|byte| DELIMITERS.contains(byte))
}

fn is_declaration(cells: &[String]) -> bool {
    cells.first().is_some_and(|cell| cell.starts_with("sep=")) && cells.len() <= 2
}

fn take_head(source: &mut Utf8<'_>) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    source.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn no_header(options: &Options) -> Error {
    let detail = if options.header.is_empty() {
        "no record".to_owned()
    } else {
        format!("no header row with {}", options.header.join(", "))
    };
    Error::Format { format: FORMAT, detail }
}

fn failure(problem: csv::Error) -> Error {
    match problem.into_kind() {
        csv::ErrorKind::Io(problem) => Error::Io(problem),
        other => Error::Format { format: FORMAT, detail: format!("{other:?}") },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn read_all(bytes: &[u8], header: &[&str]) -> Result<(Vec<Row>, Summary), Error> {
        let options = Options {
            record: None,
            header: header.iter().map(|&cell| cell.to_owned()).collect(),
            ..Options::default()
        };
        let mut rows = Vec::new();
        let mut source = bytes;
        let summary = read(&mut source, &options, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        let mut source = bytes;
        assert!(super::header(&mut source, &options).is_some());
        Ok((rows, summary))
    }

    #[test]
    fn preamble_delimiter_and_multi_line_cells() {
        let text = "\u{FEFF}Notes:\n\"exported, by; a\ttool\"\n\nGAIA\u{A0}ID;IP Address;\n1;\"192.0.2.1\nline two\";x;y\n\n2\n";
        let (rows, _) = read_all(text.as_bytes(), &["Gaia ID", "ip address"]).unwrap();
        assert_eq!(
            rows[0].data,
            json!({"Gaia ID": "1", "ip address": "192.0.2.1\nline two", "column 3": "x", "column 4": "y"})
        );
        assert_eq!(
            (rows[0].locator.as_str(), rows[1].locator.as_str(), &rows[1].data),
            ("csv:1", "csv:2", &json!({"Gaia ID": "2"}).into())
        );
        let (rows, _) = read_all(b"sep=;\r\na;b\r\n1,5;2\r\n", &[]).unwrap();
        assert_eq!(rows[0].data, json!({"a": "1,5", "b": "2"}));
        assert_eq!(read_all(b"a\tb\n1\t2", &[]).unwrap().0[0].data, json!({"a": "1", "b": "2"}));
    }

    #[test]
    fn encodings() {
        let (rows, summary) = read_all(b"naam,x\nRen\xE9,1\n\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2,2\n", &["naam"]).unwrap();
        assert_eq!((rows[0].data["naam"].as_str(), summary.repaired), (Some("René"), 1));
        // Twice encoded text is left alone: what was right cannot be told.
        assert_eq!(rows[1].data["naam"], "â€™");
        let utf16: Vec<u8> = "\u{FEFF}naam;ja\nZoë;1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read_all(&utf16, &["Naam"]).unwrap().0[0].data, json!({"Naam": "Zoë", "ja": "1"}));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let mut sink = |_| Ok(());
        let options = Options { header: vec!["Gaia ID".to_owned()], ..Options::default() };
        for bad in [&b""[..], b"\n\n", b"a,b\n1,2\n"] {
            let mut source = bad;
            assert!(matches!(read(&mut source, &options, &mut sink), Err(Error::Format { .. })), "{bad:?}");
        }
        let mut open_quote = b"a,b\n1,2\n\"".to_vec();
        open_quote.resize(12 << 20, b'x');
        let mut source = &open_quote[..];
        assert!(matches!(read(&mut source, &Options::default(), &mut sink), Err(Error::Bound { .. })));
    }
}
