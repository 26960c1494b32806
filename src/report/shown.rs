//! How values from evidence are shown to people. A name on a phone is text that somebody else may have chosen: it can hold
//! characters that are invisible, that turn a line around or that run on for a page. Here such characters become visible codes
//! and long values are cut with a count; escaping for HTML is done once, by the template engine, and not here.

use super::Report;
use jiff::{Timestamp, tz::TimeZone, tz::TimeZoneDatabase};
use serde_json::Value;

/// Longest value that is shown in full, in characters. A whole value stands in `report.json`.
const LONGEST_VALUE: usize = 300;
/// Longest text (a sentence of a rule with its placeholders filled in), in characters.
const LONGEST_TEXT: usize = 4_000;
/// The parts of the report whose strings come from evidence as they are.
const VALUES: [&str; 6] = ["params", "rows", "raw", "decoded", "device", "detail"];
/// The parts that are the project's own text of many lines, and are never cut.
const WHOLE: [&str; 3] = ["detect", "sql", "command"];

/// A value as it is shown: invisible and direction characters as `[U+202E]`, at most 300 characters.
#[must_use]
pub fn value(text: &str) -> String {
    cut(&visible(text, false), LONGEST_VALUE)
}

/// A moment in two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// `2026-03-01 11:02:03 UTC`.
    pub utc: String,
    /// `2026-03-01 12:02:03 +01:00`; none when the zone is UTC or not known.
    pub local: Option<String>,
    /// Whether daylight saving time held then in the zone.
    pub summer: bool,
}

/// The zone beside UTC in which moments are shown.
#[derive(Debug, Clone)]
pub struct Zone(Option<TimeZone>);

impl Zone {
    /// Looks the zone up by its IANA name in the table inside the program, never in that of the machine, so that the report
    /// is the same everywhere. A name that is not known leaves UTC only.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(TimeZoneDatabase::bundled().get(name).ok().filter(|_| !matches!(name, "UTC" | "Etc/UTC")))
    }

    /// The moment that `text` is, when it is an RFC 3339 time in UTC (the only form in which facts hold times).
    #[must_use]
    pub fn moment(&self, text: &str) -> Option<Moment> {
        if !text.ends_with('Z') || text.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        let time: Timestamp = text.parse().ok()?;
        let utc = time.strftime("%Y-%m-%d %H:%M:%S%.f UTC").to_string();
        let local =
            self.0.clone().map(|zone| time.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S%.f %:z").to_string());
        let summer = self.0.as_ref().is_some_and(|zone| zone.to_offset_info(time).dst().is_dst());
        Some(Moment { utc, local, summer })
    }
}

/// An excerpt of the report in which every string can be shown. All output for people is made from it, so nothing can be forgotten.
///
/// # Errors
/// When the report cannot be turned into JSON and back, which would be an error of this program.
pub fn report(report: &Report) -> Result<Report, serde_json::Error> {
    let excerpt = report.excerpt()?;
    let mut tree = serde_json::to_value(&excerpt)?;
    show(&mut tree, LONGEST_TEXT, false);
    Ok(Report { whole: excerpt.whole, ..serde_json::from_value(tree)? })
}

/// Makes every string below a node fit to be shown.
fn show(node: &mut Value, longest: usize, lines: bool) {
    match node {
        Value::String(text) => *text = cut(&visible(text, lines), longest),
        Value::Array(items) => items.iter_mut().for_each(|item| show(item, longest, lines)),
        Value::Object(fields) => {
            let shown = std::mem::take(fields).into_iter().map(|(key, mut field)| {
                match key.as_str() {
                    name if VALUES.contains(&name) => show(&mut field, LONGEST_VALUE, false),
                    name if WHOLE.contains(&name) => show(&mut field, usize::MAX, true),
                    _ => show(&mut field, longest, lines),
                }
                (cut(&visible(&key, false), LONGEST_VALUE), field)
            });
            *fields = shown.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces characters that cannot be seen, or that change how their neighbours are seen.
fn visible(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if (lines && matches!(character, '\n' | '\t')) || !is_hidden(character) {
            shown.push(character);
        } else {
            shown += &code(character);
        }
    }
    shown
}

/// The visible code of a character: `[U+202E]`.
pub(super) fn code(character: char) -> String {
    format!("[U+{:04X}]", u32::from(character))
}

/// Control characters, direction controls, characters without width, fillers, separators, tags, private use and noncharacters.
/// The variation selector U+FE0F stays: it only asks for the coloured form of an emoji.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FE00}'..='\u{FE0E}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{10FFFF}')
        || (character as u32) & 0xFFFE == 0xFFFE
}

/// Cuts after `longest` characters and says how many were left off: `… [+12]`.
fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => {
            let (kept, rest) = text.split_at(end);
            format!("{kept}… [+{}]", rest.chars().count())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(value("a\u{202E}cod.exe"), "a[U+202E]cod.exe");
        assert_eq!(value("x\u{200B}y\u{2066}z\u{0}\n\u{1b}[2J"), "x[U+200B]y[U+2066]z[U+0000][U+000A][U+001B][2J");
        assert_eq!(value("\u{E0041}\u{FFFE}\u{F000}"), "[U+E0041][U+FFFE][U+F000]");
        assert_eq!(value("Noa’s iPhone ❤️ سارة é"), "Noa’s iPhone ❤️ سارة é");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = value(&"é".repeat(305));
        assert!(long.ends_with("é… [+5]"));
        assert_eq!(value(&"é".repeat(300)).chars().count(), 300);
    }

    #[test]
    fn moments_are_shown_in_utc_and_in_the_zone_with_its_offset() {
        let zone = Zone::new("Europe/Amsterdam");
        let winter = zone.moment("2026-01-02T23:30:00Z").unwrap();
        assert_eq!(
            (winter.utc.as_str(), winter.local.as_deref()),
            ("2026-01-02 23:30:00 UTC", Some("2026-01-03 00:30:00 +01:00"))
        );
        let summer = zone.moment("2026-07-02T10:00:00.25Z").unwrap();
        assert!(summer.summer && !winter.summer);
        assert_eq!(summer.local.unwrap(), "2026-07-02 12:00:00.25 +02:00");
        for no in ["", "2026-01-02", "2026-01-02T10:00:00+01:00", "2026-13-02T10:00:00Z", "ééééééZ", "0123456789TZ"]
        {
            assert_eq!(zone.moment(no), None, "{no}");
        }
        assert_eq!(Zone::new("No/Where").moment("2026-01-02T10:00:00Z").unwrap().local, None);
        assert_eq!(Zone::new("UTC").moment("2026-01-02T10:00:00Z").unwrap().local, None);
    }

    fn assert_visible(node: &Value) {
        match node {
            Value::String(text) => assert!(!text.chars().any(is_hidden), "{text:?}"),
            Value::Array(items) => items.iter().for_each(assert_visible),
            Value::Object(fields) => fields.values().for_each(assert_visible),
            _ => {}
        }
    }

    #[test]
    fn no_string_of_a_shown_report_is_hidden_and_sql_keeps_its_lines() {
        let mut nasty = sample::report("nl");
        nasty.findings[0].detect = "SELECT 1\nFROM app".to_owned();
        let shown = report(&nasty).unwrap();
        assert_eq!(shown.findings[0].detect, "SELECT 1\nFROM app");
        for finding in &mut nasty.findings {
            finding.detect.clear();
        }
        nasty.views.clear();
        assert_visible(&serde_json::to_value(report(&nasty).unwrap()).unwrap());
    }
}
