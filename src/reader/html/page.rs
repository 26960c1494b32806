//! What is known of a page while its tokens pass: the open tables, the line being read, the heading above it.

use serde_json::{Map, Value, json};

use super::super::text::{column_name, column_names, fold};
use super::super::{Error, Row, Sink, Summary};

/// Tables inside tables beyond this depth are read as text of their cell.
const MAX_TABLES: usize = 16;
/// Most cells of a row and most text of a cell or line, in bytes; the rest is passed over and counted.
const MAX_CELLS: usize = 4096;
const MAX_TEXT: usize = 1 << 20;
/// Longest label of a `label: value` line, in characters.
const MAX_LABEL: usize = 100;
/// Most fields of one record.
const MAX_FIELDS: usize = 256;

/// A table that is open.
#[derive(Default)]
struct Table {
    number: u64,
    rows: u64,
    header: Option<Vec<String>>,
    /// Cells of the open row: whether a heading cell, and its text.
    cells: Vec<(bool, String)>,
    in_row: bool,
    in_cell: bool,
    /// Labels with their values, as long as every row has been a label beside a value; with the fields of tables inside.
    fields: Option<Vec<(String, String)>>,
}

impl Table {
    /// Keeps a row that is a label beside a value, or one cell whose lines are label and value.
    fn field(&mut self, cells: &[(bool, String)], texts: &[String]) {
        let pair = match texts {
            [label, value] if !cells.iter().any(|(heading, _)| *heading) => Some((label.clone(), value.clone())),
            [both] => both.split_once('\n').map(|(label, value)| (label.to_owned(), value.to_owned())),
            _ => None,
        };
        // A cell that only holds another table has given its fields already.
        let hollow = texts.iter().all(String::is_empty);
        match (pair, &mut self.fields) {
            (Some((label, value)), Some(fields)) if fields.len() < MAX_FIELDS => {
                fields.push((label.trim_end_matches(':').to_owned(), value));
            }
            (None, fields) if !hollow && texts.len() != 1 => *fields = None,
            _ => {}
        }
    }
}

/// A page being read. Its flags are independent: each says what the open line is inside of.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Page<'s> {
    pub(super) summary: Summary,
    sink: Sink<'s>,
    tables: Vec<Table>,
    /// Tables opened beyond [`MAX_TABLES`] and not closed.
    deeper: usize,
    table_count: u64,
    items: u64,
    line: String,
    /// Whether the open line is a list item, which counts also without a label.
    in_list: bool,
    in_heading: bool,
    section: String,
    /// The `<dt>` above, and whether the open line is a `<dd>` or `<dt>`.
    term: Option<String>,
    in_term: bool,
    in_definition: bool,
    cut: bool,
}

impl<'s> Page<'s> {
    pub(super) fn new(sink: Sink<'s>) -> Self {
        Self {
            summary: Summary::default(),
            sink,
            tables: Vec::new(),
            deeper: 0,
            table_count: 0,
            items: 0,
            line: String::new(),
            in_list: false,
            in_heading: false,
            section: String::new(),
            term: None,
            in_term: false,
            in_definition: false,
            cut: false,
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let to = match self.tables.last_mut() {
            None => &mut self.line,
            Some(table) => match table.cells.last_mut().filter(|_| table.in_cell) {
                Some((_, cell)) => cell,
                // Between the cells of a table there is only white space, or text that browsers move out of it.
                None => return,
            },
        };
        if to.len() + text.len() > MAX_TEXT {
            self.cut = true;
            return;
        }
        to.push_str(text);
    }

    pub(super) fn open(&mut self, name: &[u8]) -> Result<(), Error> {
        match name {
            b"table" => {
                if self.tables.is_empty() {
                    self.flush()?;
                }
                if self.tables.len() >= MAX_TABLES {
                    self.deeper += 1;
                    return Ok(());
                }
                self.table_count += 1;
                self.tables.push(Table { number: self.table_count, fields: Some(Vec::new()), ..Table::default() });
                Ok(())
            }
            b"tr" => self.end_row(),
            b"td" | b"th" => {
                let mut cut = false;
                if self.deeper == 0
                    && let Some(table) = self.tables.last_mut()
                {
                    table.in_row = true;
                    table.in_cell = table.cells.len() < MAX_CELLS;
                    cut = !table.in_cell;
                    if table.in_cell {
                        table.cells.push((name == b"th", String::new()));
                    }
                }
                self.cut |= cut;
                Ok(())
            }
            _ if self.tables.is_empty() => self.open_block(name),
            _ => {
                self.break_cell(name);
                Ok(())
            }
        }
    }

    pub(super) fn close(&mut self, name: &[u8]) -> Result<(), Error> {
        match name {
            b"table" if self.deeper > 0 => {
                self.deeper -= 1;
                Ok(())
            }
            b"table" => self.end_table(),
            b"tr" => self.end_row(),
            b"td" | b"th" => {
                if self.deeper == 0
                    && let Some(table) = self.tables.last_mut()
                {
                    table.in_cell = false;
                }
                Ok(())
            }
            _ if self.tables.is_empty() => {
                if is_block(name) {
                    self.flush()?;
                    match name {
                        b"li" | b"ul" | b"ol" => self.in_list = false,
                        b"dt" => self.in_term = false,
                        b"dd" => self.in_definition = false,
                        b"dl" => self.term = None,
                        _ => {}
                    }
                }
                Ok(())
            }
            _ => {
                self.break_cell(name);
                Ok(())
            }
        }
    }

    pub(super) fn end(mut self) -> Result<Summary, Error> {
        while !self.tables.is_empty() {
            self.end_table()?;
        }
        self.flush()?;
        Ok(self.summary)
    }

    fn open_block(&mut self, name: &[u8]) -> Result<(), Error> {
        if !is_block(name) {
            return Ok(());
        }
        self.flush()?;
        self.in_list = name == b"li" || (name == b"br" && self.in_list);
        self.in_heading = is_heading(name);
        if name != b"br" {
            self.in_term = name == b"dt";
            self.in_definition = name == b"dd";
        }
        Ok(())
    }

    /// Lines inside a cell stay apart.
    fn break_cell(&mut self, name: &[u8]) {
        if is_block(name)
            && let Some((_, cell)) =
                self.tables.last_mut().filter(|table| table.in_cell).and_then(|table| table.cells.last_mut())
            && cell.len() < MAX_TEXT
        {
            cell.push('\u{1}');
        }
    }

    /// Ends the open line: a heading, a term, or an item.
    fn flush(&mut self) -> Result<(), Error> {
        if self.cut {
            self.cut = false;
            self.summary.skip(|| "a line or row is too long; the rest of it was passed over".to_owned());
        }
        let line = fold(&self.line);
        self.line.clear();
        if line.is_empty() {
            return Ok(());
        }
        if self.in_heading {
            self.section = line;
            self.in_heading = false;
            return Ok(());
        }
        if self.in_term {
            self.term = Some(line.strip_suffix(':').map(|term| term.trim_end().to_owned()).unwrap_or(line));
            return Ok(());
        }
        let (label, value) = match (&self.term, split(&line)) {
            (Some(term), _) if self.in_definition => (term.clone(), line),
            (_, Some((label, value))) => (label, value),
            (_, None) if self.in_list => (String::new(), line),
            _ => return Ok(()),
        };
        self.item(&label, &value)
    }

    fn item(&mut self, label: &str, value: &str) -> Result<(), Error> {
        self.items += 1;
        let data = json!({"kind": "item", "label": label, "value": value, "section": self.section});
        self.summary.give(
            self.sink,
            Row { locator: format!("html:item {}", self.items), key: String::new(), data: data.into() },
        )
    }

    /// Ends a table. One that only held labels beside values is a record; inside another table it is part of that one's record.
    fn end_table(&mut self) -> Result<(), Error> {
        self.end_row()?;
        let Some(table) = self.tables.pop() else { return Ok(()) };
        let Some(fields) = table.fields.filter(|f| !f.is_empty()) else { return Ok(()) };
        if let Some(outer) = self.tables.last_mut() {
            if let Some(outer) = &mut outer.fields {
                outer.extend(fields.into_iter().take(MAX_FIELDS.saturating_sub(outer.len())));
            }
            return Ok(());
        }
        let fields: Vec<Value> =
            fields.into_iter().map(|(label, value)| json!({"label": label, "value": value})).collect();
        let data = json!({"kind": "record", "table": table.number, "fields": fields, "section": self.section});
        let locator = format!("html:table {}", table.number);
        self.summary.give(self.sink, Row { locator, key: String::new(), data: data.into() })
    }

    fn end_row(&mut self) -> Result<(), Error> {
        if self.deeper > 0 {
            return Ok(());
        }
        if self.cut {
            self.cut = false;
            self.summary.skip(|| "a line or row is too long; the rest of it was passed over".to_owned());
        }
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        let cells = std::mem::take(&mut table.cells);
        let open = std::mem::replace(&mut table.in_row, false);
        table.in_cell = false;
        if !open {
            return Ok(());
        }
        let texts: Vec<String> = cells.iter().map(|(_, text)| cell_text(text)).collect();
        table.field(&cells, &texts);
        let Some(header) = &table.header else {
            // A heading cell beside one value is a label: such a table stands upright and has no header.
            if let ([(true, _), (false, _)], [label, value]) = (&cells[..], &texts[..]) {
                return self.item(label.trim_end_matches(':'), value);
            }
            if texts.iter().any(|text| !text.is_empty()) {
                table.header = Some(column_names(&texts));
            }
            return Ok(());
        };
        table.rows += 1;
        let mut named = Map::new();
        for (index, text) in texts.into_iter().enumerate() {
            let name = header.get(index).cloned().unwrap_or_else(|| column_name(index));
            named.insert(name, Value::String(text));
        }
        let locator = format!("html:table {} row {}", table.number, table.rows);
        let data =
            json!({"kind": "table", "table": table.number, "row": table.rows, "cells": named, "section": self.section});
        self.summary.give(self.sink, Row { locator, key: String::new(), data: data.into() })
    }
}

/// The text of a cell: white space folded, its lines kept apart.
fn cell_text(raw: &str) -> String {
    let lines: Vec<String> = raw.split('\u{1}').map(fold).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// `label: value`, also with an empty value. The colon must end a word, so that times and addresses are no labels.
fn split(line: &str) -> Option<(String, String)> {
    let (at, _) = line
        .char_indices()
        .find(|(at, c)| *c == ':' && line.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))?;
    let label = line.get(..at)?.trim_end();
    let value = line.get(at + 1..)?.trim_start();
    (!label.is_empty() && label.chars().count() <= MAX_LABEL).then(|| (label.to_owned(), value.to_owned()))
}

fn is_heading(name: &[u8]) -> bool {
    matches!(name, [b'h', b'1'..=b'6'])
}

pub(super) fn is_block(name: &[u8]) -> bool {
    is_heading(name)
        || matches!(
            name,
            b"li"
                | b"ul"
                | b"ol"
                | b"br"
                | b"p"
                | b"div"
                | b"dl"
                | b"dt"
                | b"dd"
                | b"hr"
                | b"pre"
                | b"section"
                | b"article"
                | b"header"
                | b"footer"
                | b"main"
                | b"nav"
                | b"body"
                | b"blockquote"
                | b"fieldset"
                | b"form"
                | b"caption"
                | b"tbody"
                | b"thead"
                | b"figure"
                | b"summary"
                | b"details"
                | b"address"
        )
}
