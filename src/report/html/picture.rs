//! Pictures of the page as SVG inside it: no script, no file from elsewhere, colours from the style sheet, a title and a description
//! for who cannot see them. Every picture repeats what a table beside it says.

use super::super::shown;
use jiff::civil::Date;
use std::fmt::Write as _;

/// A row of the matrix.
pub(super) struct Row<'a> {
    /// What it is about.
    pub name: &'a str,
    /// A heading.
    pub group: bool,
    /// Number of findings in each column.
    pub counts: Vec<usize>,
}

/// A time on the timeline.
pub(super) struct Dot {
    /// Its day, `2026-06-14`.
    pub day: String,
    /// In which row.
    pub row: usize,
    /// Urgency of its finding.
    pub code: String,
}

/// Width of every picture in its own units.
const WIDTH: usize = 720;
/// Height of a row.
const HIGH: usize = 24;
/// Where the names end.
const NAMES: usize = 270;

/// Text as it may stand in a picture. Values from evidence never come here, but the words of data files do.
fn escape(text: &str) -> String {
    shown::value(text).replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;")
}

/// The head of a picture. Its name and description are read out, its parts are not.
fn head(id: &str, title: &str, help: &str, height: usize) -> String {
    format!(
        "<svg class=\"picture\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" viewBox=\"0 0 {WIDTH} {height}\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>\n",
        escape(title),
        escape(help)
    )
}

/// Draws the matrix: numbers in circles, so that it can be read without colours.
pub(super) fn matrix(title: &str, help: &str, columns: &[&str], codes: &[&str], rows: &[Row<'_>]) -> String {
    let wide = (WIDTH - NAMES) / columns.len().max(1);
    let middle = |column: usize| NAMES + column * wide + wide / 2;
    let mut svg = head("matrix-picture", title, help, (rows.len() + 1) * HIGH + 12);
    for (at, name) in columns.iter().enumerate() {
        let _ = writeln!(svg, "<text class=\"head\" x=\"{}\" y=\"17\">{}</text>", middle(at), escape(name));
    }
    for (at, row) in rows.iter().enumerate() {
        let top = (at + 1) * HIGH + 4;
        let class = if row.group { "axis" } else { "name" };
        let _ = writeln!(svg, "<line x1=\"0\" y1=\"{top}\" x2=\"{WIDTH}\" y2=\"{top}\"></line>");
        let _ = writeln!(svg, "<text class=\"{class}\" x=\"4\" y=\"{}\">{}</text>", top + 17, escape(row.name));
        for (column, count) in row.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (x, y) = (middle(column), top + 12);
            let code = codes.get(column).copied().unwrap_or_default();
            let _ = writeln!(svg, "<circle class=\"{}\" cx=\"{x}\" cy=\"{y}\" r=\"10\"></circle>", escape(code));
            let _ = writeln!(svg, "<text class=\"count\" x=\"{x}\" y=\"{}\">{count}</text>", y + 4);
        }
    }
    svg + "</svg>"
}

/// Draws the timeline; empty when there are not two different days.
pub(super) fn timeline(title: &str, help: &str, names: &[&str], dots: &[Dot]) -> String {
    let days: Vec<(Date, &Dot)> = dots.iter().filter_map(|dot| Some((dot.day.parse().ok()?, dot))).collect();
    let (Some(first), Some(last)) = (days.iter().map(|(day, _)| *day).min(), days.iter().map(|(day, _)| *day).max())
    else {
        return String::new();
    };
    let between = |from: Date, to: Date| usize::try_from(from.until(to).map_or(0, |span| span.get_days())).unwrap_or(0);
    let whole = between(first, last);
    if whole == 0 {
        return String::new();
    }
    let wide = WIDTH - NAMES - 20;
    let x = |day: Date| NAMES + 8 + between(first, day) * wide / whole;
    let bottom = (names.len() + 1) * HIGH + 4;
    let mut svg = head("timeline-picture", title, help, bottom + 6);
    // Marks at the first days of years, or of months when all is within two years.
    let mut mark = first.first_of_month();
    let mut told = 0;
    while mark <= last {
        let yearly = whole > 730;
        if mark >= first && (!yearly || mark.month() == 1) {
            let at = x(mark);
            let _ = writeln!(svg, "<line x1=\"{at}\" y1=\"{HIGH}\" x2=\"{at}\" y2=\"{bottom}\"></line>");
            let label = if yearly { mark.strftime("%Y") } else { mark.strftime("%Y-%m") }.to_string();
            // Labels keep their distance; every mark keeps its line.
            if told == 0 || at >= told + 58 {
                let _ = writeln!(svg, "<text class=\"head\" x=\"{at}\" y=\"17\">{label}</text>");
                told = at;
            }
        }
        let Ok(next) = mark.checked_add(jiff::Span::new().months(1)) else { break };
        mark = next;
    }
    for (at, name) in names.iter().enumerate() {
        let top = (at + 1) * HIGH + 4;
        let _ = writeln!(svg, "<line x1=\"0\" y1=\"{top}\" x2=\"{WIDTH}\" y2=\"{top}\"></line>");
        let _ = writeln!(svg, "<text class=\"name\" x=\"4\" y=\"{}\">{}</text>", top + 17, escape(name));
    }
    let mut drawn = std::collections::BTreeSet::new();
    for (day, dot) in &days {
        let (x, y) = (x(*day), (dot.row + 1) * HIGH + 16);
        if drawn.insert((x, y, dot.code.as_str())) {
            let _ = writeln!(svg, "<circle class=\"{}\" cx=\"{x}\" cy=\"{y}\" r=\"5\"></circle>", escape(&dot.code));
        }
    }
    svg + "</svg>"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_holds_no_markup_of_its_words() {
        let row = Row { name: "<script>&", group: false, counts: vec![2] };
        let svg = matrix("a\"b", "c", &["now"], &["now"], &[row]);
        assert!(svg.contains("&#60;script&#62;&#38;") && svg.contains(">2</text>") && svg.contains("a&#34;b"));
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    }

    #[test]
    fn days_lie_in_order_within_the_picture() {
        let dot = |day: &str| Dot { day: day.to_owned(), row: 0, code: "now".to_owned() };
        let svg = timeline("t", "d", &["x"], &[dot("2026-12-31"), dot("2024-01-01"), dot("not a day")]);
        let at: Vec<usize> =
            regex::Regex::new(r#"cx="(\d+)""#).unwrap().captures_iter(&svg).map(|c| c[1].parse().unwrap()).collect();
        assert_eq!(at.len(), 2);
        assert!(at[1] < at[0] && at[0] < WIDTH && at[1] > NAMES);
        assert!(timeline("t", "d", &["x"], &[dot("2024-01-01")]).is_empty());
        assert!(timeline("t", "d", &[], &[]).is_empty());
    }
}
