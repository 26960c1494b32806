//! Tables for spreadsheets: `timeline.csv` has every time of every citation but the dates of files, one a line; `sessions.csv` is written through the same
//! `line`. A spreadsheet runs a cell that begins like a formula, so such cells get an apostrophe in front; what stands in
//! `report.json` is never changed.

use super::shown::{self, Zone};
use super::text::Text;
use super::{Report, html};

/// The columns, in this order.
const COLUMNS: [&str; 13] = [
    "utc",
    "local",
    "summer_time",
    "field",
    "raw_field",
    "raw_value",
    "epoch",
    "finding",
    "title",
    "source",
    "stream",
    "locator",
    "sha256",
];

/// The bytes of `timeline.csv`: UTF-8 with a mark for spreadsheets, sorted by time, then by finding and place.
///
/// # Errors
/// When the report cannot be turned into JSON and back, which would be an error of this program.
pub fn timeline(report: &Report) -> Result<Vec<u8>, html::Error> {
    let report = shown::report(report)?;
    let (zone, text) = (Zone::new(&report.options.zone), Text::of(&report.options.lang));
    let mut lines = Vec::new();
    for finding in &report.findings {
        for citation in &finding.citations {
            // The date of a file is no event.
            for (field, value) in citation.decoded.iter().filter(|(field, _)| !citation.of_file(field)) {
                let Some(time) = value.as_str() else { continue };
                let Some(moment) = zone.moment(time) else { continue };
                let basis = citation.times.get(field);
                let raw = basis.and_then(|basis| citation.raw.get(&basis.raw));
                let raw = raw.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                lines.push([
                    time.to_owned(),
                    moment.local.unwrap_or_default(),
                    if moment.summer { "1" } else { "0" }.to_owned(),
                    field.clone(),
                    basis.map(|basis| basis.raw.clone()).unwrap_or_default(),
                    raw.unwrap_or_default(),
                    basis.map(|basis| basis.epoch.clone()).unwrap_or_default(),
                    finding.id.clone(),
                    html::title(finding, text).to_owned(),
                    citation.source.clone(),
                    citation.stream.clone(),
                    citation.locator.clone(),
                    citation.sha256.clone(),
                ]);
            }
        }
    }
    lines.sort();
    lines.dedup();
    let mut bytes = "\u{FEFF}".as_bytes().to_vec();
    line(&mut bytes, COLUMNS.iter().copied());
    for cells in &lines {
        line(&mut bytes, cells.iter().map(String::as_str));
    }
    Ok(bytes)
}

/// Writes one line (RFC 4180).
pub(super) fn line<'a>(bytes: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        let cell = harmless(cell);
        if cell.contains([',', '"', '\n', '\r', ' ']) {
            bytes.extend(format!("\"{}\"", cell.replace('"', "\"\"")).bytes());
        } else {
            bytes.extend(cell.bytes());
        }
    }
    bytes.extend(b"\r\n");
}

/// A cell that no spreadsheet takes for a formula. A plain number with a sign stays one.
fn harmless(cell: &str) -> String {
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}']);
    let cell = &cell.replace('\0', "");
    let risky = begins(cell.trim_start()) || cell.starts_with(['\t', '\r', '\n']);
    if risky && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_cell_cannot_become_a_formula() {
        for risky in ["=1+1", "+31 6", "-x", "@SUM(A1)", "=cmd|' /C calc'!A0", "\u{FF1D}1"] {
            assert!(harmless(risky).starts_with('\''), "{risky}");
        }
        assert_eq!((harmless("-5").as_str(), harmless("a=b").as_str(), harmless("").as_str()), ("-5", "a=b", ""));
    }

    #[test]
    fn every_time_of_the_citations_is_a_line_in_order() {
        let report = sample::report("en");
        let text = String::from_utf8(timeline(&report).unwrap()).unwrap();
        let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes())
            .records()
            .map(Result::unwrap)
            .collect();
        let times = report.findings.iter().flat_map(|f| &f.citations).flat_map(|c| c.decoded.values());
        assert!(!rows.is_empty() && rows.len() <= times.count());
        let utc: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
        assert!(utc.is_sorted() && utc.iter().all(|time| time.ends_with('Z')));
        assert!(text.lines().all(|line| !line.contains('\u{202E}')));
    }
}
