//! Forms of values: what a column of a table holds, told by what its cells look like. An export names its columns in the language of the
//! account; a number of an account, a moment and a network address look the same in all of them.

use super::time::{self, Epoch, Moment};
use rusqlite::types::Value;
use serde::Deserialize;

/// How many records below the header are looked at.
const ROWS: usize = 20;
/// A table with fewer columns is not looked at: too many things have that form.
const FEWEST: usize = 7;
/// Longest first line that is taken for a header (bytes).
const LONGEST_HEADER: usize = 8 * 1024;

/// The columns of a table by position, for a table whose names are not known: the name that the artifact's question uses, and the form of
/// the values. After the form `?` means that a cell may be empty, `*` that all may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Name and form of every column, in order.
    pub columns: Vec<(String, String)>,
}

/// The forms, by the names that data files use.
pub const FORMS: [&str; 7] = ["id", "time", "address", "flag", "country", "system", "text"];

/// Whether a name of a form is known, with what may stand around it.
#[must_use]
pub fn is_known(form: &str) -> bool {
    FORMS.contains(&bare(form))
}

fn bare(form: &str) -> &str {
    form.trim_start_matches('!').trim_end_matches(['?', '*'])
}

/// Whether a cell has a form.
fn has(form: &str, cell: &str) -> bool {
    let cell = cell.trim();
    let letters = |text: &str| !text.is_empty() && text.chars().all(char::is_alphabetic);
    match bare(form) {
        // Numbers of accounts; shorter ones may be anything.
        "id" => (12..=25).contains(&cell.len()) && cell.bytes().all(|b| b.is_ascii_digit()),
        "time" => {
            cell.len() <= 64
                && cell.contains(':')
                && matches!(time::decode(Epoch::Local, &Value::Text(cell.to_owned())), Moment::At(_))
        }
        "address" => cell.parse::<std::net::IpAddr>().is_ok(),
        // Yes or no, in whatever language.
        "flag" => cell.chars().count() <= 12 && letters(cell),
        "country" => cell.len() == 2 && cell.bytes().all(|b| b.is_ascii_uppercase()),
        // Names of operating systems are the same everywhere.
        "system" => {
            let lower = cell.to_lowercase();
            let names = ["android", "ios", "windows", "mac", "linux", "chrome", "fuchsia", "tizen"];
            cell.len() <= 24 && names.iter().any(|name| lower.contains(name))
        }
        "text" => true,
        _ => false,
    }
}

/// The header and the first records of a table.
#[derive(Debug, Default)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// Reads the first records of a text; `cut` when the text goes on. Nothing, when it is no table with enough columns.
    #[must_use]
    pub fn of(text: &str, cut: bool) -> Self {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("sep="));
        let first = lines.next().unwrap_or_default();
        let count = |delimiter: u8| first.bytes().filter(|b| *b == delimiter).count();
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|d| count(*d)).unwrap_or(b',');
        if text.starts_with(['<', '{', '[']) || first.len() > LONGEST_HEADER || count(delimiter) + 1 < FEWEST {
            return Self::default();
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut records: Vec<Vec<String>> = reader
            .records()
            .map_while(Result::ok)
            .map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>())
            .filter(|record| record.iter().any(|cell| !cell.trim().is_empty()) && !record[0].starts_with("sep="))
            .take(ROWS + 2)
            .collect();
        if cut && records.len() < ROWS + 2 {
            records.pop();
        }
        records.truncate(ROWS + 1);
        Self(records)
    }

    fn rows(&self) -> &[Vec<String>] {
        self.0.get(1..).unwrap_or_default()
    }

    /// Whether the header has all of these names.
    fn names(&self, names: &[String]) -> bool {
        let header = self.0.first().map(Vec::as_slice).unwrap_or_default();
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let found: Vec<String> = header.iter().map(|cell| plain(cell)).collect();
        !names.is_empty() && names.iter().all(|name| found.contains(&plain(name)))
    }

    /// Whether some column has each of the forms, `!form` in none, and the header is not one with the names in `known`.
    #[must_use]
    pub fn shows(&self, forms: &[String], known: &[String]) -> bool {
        let width = self.0.first().map_or(0, Vec::len);
        let column = |form: &str, at: usize| {
            let cells = || self.rows().iter().filter_map(|row| row.get(at)).filter(|cell| !cell.trim().is_empty());
            cells().next().is_some() && cells().all(|cell| has(form, cell))
        };
        let some = |form: &String| (0..width).any(|at| column(form, at)) != form.starts_with('!');
        !self.rows().is_empty() && !self.names(known) && forms.iter().all(some)
    }

    /// The layout that the table has: all records have its number of cells, and every cell its form.
    ///
    /// # Errors
    /// Why it has none of them. Values are not in it.
    pub fn layout<'l>(&self, layouts: &'l [Layout]) -> Result<&'l Layout, String> {
        let width = self.0.first().map_or(0, Vec::len);
        let mut why = Vec::new();
        for layout in layouts {
            match self.differs(layout) {
                None => return Ok(layout),
                Some(difference) if layout.columns.len() == width => why.push(difference),
                Some(_) => {}
            }
        }
        let known: Vec<String> = layouts.iter().map(|layout| layout.columns.len().to_string()).collect();
        why.push(format!("{width} columns; known numbers of columns: {}", known.join(", ")));
        Err(format!(
            "column names in an unknown language, and the form of the values does not tell: {}",
            why.join("; ")
        ))
    }

    /// In what the table differs from a layout.
    fn differs(&self, layout: &Layout) -> Option<String> {
        let width = layout.columns.len();
        if let Some(at) = self.0.iter().position(|row| row.len() != width) {
            return Some(format!("record {at} has another number of cells"));
        }
        let header = self.0.first()?;
        if header.iter().any(|cell| ["id", "time", "address"].iter().any(|form| has(form, cell))) {
            return Some("no header".to_owned());
        }
        layout.columns.iter().enumerate().find_map(|(at, (name, form))| {
            let cells: Vec<&str> = self.rows().iter().map(|row| row[at].trim()).collect();
            let (may, all) = (form.ends_with(['?', '*']), form.ends_with('*'));
            let fits = |cell: &&str| if cell.is_empty() { may } else { has(form, cell) };
            let whole = cells.iter().all(fits) && (all || cells.iter().any(|cell| !cell.is_empty()));
            (!whole && bare(form) != "text").then(|| format!("column {} is no `{name}` ({})", at + 1, bare(form)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layouts() -> Vec<Layout> {
        let one = |columns: &[(&str, &str)]| Layout {
            columns: columns.iter().map(|(name, form)| ((*name).to_owned(), (*form).to_owned())).collect(),
        };
        vec![one(&[
            ("Id", "id"),
            ("At", "time"),
            ("Ip", "address?"),
            ("Proxy", "address*"),
            ("Own", "flag?"),
            ("Land", "country?"),
            ("What", "text"),
        ])]
    }

    const HEADER: &str = "konto;tijd;adres;tussen;ja;land;wat\n";

    fn told(rows: &str) -> Result<usize, String> {
        Table::of(&format!("{HEADER}{rows}"), false).layout(&layouts()).map(|layout| layout.columns.len())
    }

    #[test]
    fn a_table_is_told_by_the_form_of_its_values() {
        assert_eq!(
            told(
                "100000000000;2026-10-01 06:59:59 UTC;192.0.2.7;;waar;NL;x\n100000000000;4 okt 2026, 10:00:00 CEST;;;;;\n"
            ),
            Ok(7)
        );
        for (rows, want) in [
            ("100000000000;gisteren;192.0.2.7;;waar;NL;x\n", "`At` (time)"),
            ("100000000000;2026-10-01 06:59:59 UTC;;;waar;NL;x\n", "`Ip` (address)"),
            ("12;2026-10-01 06:59:59 UTC;192.0.2.7;;waar;NL;x\n", "`Id` (id)"),
            ("100000000000;2026-10-01 06:59:59 UTC;192.0.2.7;;waar;NL\n", "number of cells"),
            ("", "`Id` (id)"),
        ] {
            let why = told(rows).expect_err(rows);
            assert!(why.contains(want) && !why.contains("192.0.2.7"), "{why}");
        }
        // Without a header the first record would be lost.
        let rows = "100000000000;2026-10-01 06:59:59 UTC;192.0.2.7;;waar;NL;x\n".repeat(2);
        assert!(Table::of(&rows, false).layout(&layouts()).is_err());
    }

    #[test]
    fn only_tables_with_the_forms_asked_for_are_looked_at() {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_string()).collect::<Vec<_>>();
        let row = "2026-10-01 06:59:59 UTC;x;192.0.2.7;100000000000;;;\n";
        let table = Table::of(&format!("{HEADER}{row}"), false);
        assert!(table.shows(&own(&["id", "time", "address"]), &own(&["time", "address"])));
        assert!(!table.shows(&own(&["id", "time", "address"]), &own(&["Tijd", "adres"])), "those are known names");
        assert!(!table.shows(&own(&["id", "system"]), &[]) && !table.shows(&own(&["id", "!address"]), &[]));
        assert!(!Table::of("a,b,c\n1,2,3\n", false).shows(&own(&["text"]), &[]), "too few columns");
        assert!(!Table::of("{\"a\",,,,,,,}", false).shows(&own(&["text"]), &[]));
        // The last record of a text that goes on may be cut.
        assert!(Table::of(&format!("{HEADER}{row}2026-10"), true).shows(&own(&["time"]), &[]));
    }
}
