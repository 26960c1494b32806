//! The summary on the terminal: a screen of words that says what was found, what could not be looked at, and where to read on.
//! Nothing hangs on colour, and a terminal without UTF-8 gets a table of plain characters.

use super::checklist::rank;
use super::copies::Reader;
use super::text::{Text, fill};
use super::{Report, html, shown};
use comfy_table::{ContentArrangement, Table, presets};
use std::collections::BTreeMap;
use std::path::Path;

/// Most findings in the table.
const MOST_FINDINGS: usize = 40;
/// Most reasons and gaps that are told.
const MOST_REASONS: usize = 4;

/// How the terminal is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its width in columns.
    pub width: u16,
    /// Whether it shows UTF-8.
    pub unicode: bool,
}

/// The summary of a report that was written to the folder `out`.
///
/// # Errors
/// When the report cannot be turned into JSON and back, which would be an error of this program.
pub fn summary(report: &Report, out: &Path, readers: &[Reader], screen: Screen) -> Result<String, html::Error> {
    let report = &shown::report(report)?;
    let text = Text::of(&report.options.lang);
    let words = &text.terminal;
    let mut lines = vec![words.title.clone(), String::new()];
    match report.findings.len() {
        0 => lines.push(words.no_findings.clone()),
        count => {
            let total = if count == 1 {
                words.finding_one.clone()
            } else {
                fill(&words.findings, &[("n", &count.to_string())])
            };
            lines.push(format!("{total}: {}", urgencies(report, text)));
            lines.push(String::new());
            lines.push(findings(report, text, screen));
            if count > MOST_FINDINGS {
                lines.push(more(text, count.saturating_sub(MOST_FINDINGS)));
            }
        }
    }
    lines.push(String::new());

    let open: Vec<&str> = report
        .outcomes
        .iter()
        .filter(|outcome| outcome.outcome == "not-evaluated")
        .map(|outcome| outcome.why.as_str())
        .collect();
    let all = report.outcomes.len().to_string();
    lines.push(fill(&words.not_evaluated, &[("n", &open.len().to_string()), ("all", &all)]));
    lines.extend(reasons(text, open.into_iter().map(|why| (why, 1)), |why| match text.why.help(why) {
        "" => why.to_owned(),
        help => format!("{}. {help}", text.why.name(why)),
    }));
    lines.push(fill(&words.gaps, &[("n", &report.gaps.len().to_string())]));
    lines.extend(reasons(text, report.gaps.iter().map(|gap| (gap.kind.as_str(), 1)), |kind| {
        let advice = text.gap(kind);
        if text.gap.contains_key(kind) { advice.what.clone() } else { format!("{} ({kind})", advice.what) }
    }));
    lines.extend(report.ruleset.indicators.iter().filter(|l| l.imported).map(|l| text.indicator_list(l)));
    lines.push(String::new());

    if report.case.never_print == 0 {
        lines.extend([words.not_searched.clone(), String::new()]);
    }
    lines.push(format!("{}:", words.files));
    let mut files: Vec<(&str, &str)> = Vec::new();
    for reader in readers {
        let meaning = match reader {
            Reader::Care => &words.checklist,
            Reader::Police => &words.police,
            Reader::Person => &words.person,
        };
        files.push((reader.file().trim_start_matches("data/"), meaning));
    }
    files.extend([("report.html", words.report.as_str()), ("report.json", words.json.as_str())]);
    for (name, meaning) in &files {
        lines.push(format!("  {}  {meaning}", path(out, name)));
    }
    lines.push(String::new());
    let first = files.first().map_or("report.html", |(name, _)| name);
    lines.push(fill(&words.next, &[("file", &path(out, first))]));
    let all = lines.join("\n") + "\n";
    Ok(if screen.unicode { all } else { plain(&all) })
}

/// A file of the bag as a path that can be shown.
fn path(out: &Path, name: &str) -> String {
    shown::value(&out.join("data").join(name).to_string_lossy())
}

/// Numbers by urgency, in words: `Nu 2, Deze week 1`.
fn urgencies(report: &Report, text: &Text) -> String {
    let mut counts: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry((rank(&finding.urgency), &finding.urgency)).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|((_, code), count)| format!("{} {count}", text.urgency.name(code)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The table of findings.
fn findings(report: &Report, text: &Text, screen: Screen) -> String {
    let words = &text.terminal;
    let mut table = Table::new();
    table
        .load_style(if screen.unicode { presets::UTF8_HORIZONTAL_ONLY } else { presets::ASCII_HORIZONTAL_ONLY })
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(screen.width)
        .set_header([&words.id, &words.urgency, &words.confidence, &words.what]);
    for finding in report.findings.iter().take(MOST_FINDINGS) {
        table.add_row([
            finding.id.as_str(),
            text.urgency.name(&finding.urgency),
            text.confidence.name(&finding.confidence),
            html::title(finding, text),
        ]);
    }
    table.to_string()
}

/// The most frequent reasons, each once with its number.
fn reasons<'a>(
    text: &Text,
    codes: impl Iterator<Item = (&'a str, usize)>,
    say: impl Fn(&str) -> String,
) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (code, count) in codes {
        *counts.entry(code).or_default() += count;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    let mut lines: Vec<String> =
        counts.iter().take(MOST_REASONS).map(|(code, count)| format!("  {count} x  {}", say(code))).collect();
    if counts.len() > MOST_REASONS {
        lines.push(format!("  {}", more(text, counts.len().saturating_sub(MOST_REASONS))));
    }
    lines
}

/// `en nog 3`.
fn more(text: &Text, count: usize) -> String {
    fill(&text.terminal.and_more, &[("n", &count.to_string())])
}

/// The text in plain characters: typographic marks become their simple forms, other characters a visible code.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '‘' | '’' => plain.push('\''),
            '“' | '”' => plain.push('"'),
            '–' | '—' => plain.push('-'),
            '…' => plain.push_str("..."),
            'à' | 'á' | 'ä' => plain.push('a'),
            'è' | 'é' | 'ë' | 'ê' => plain.push('e'),
            'ï' | 'í' => plain.push('i'),
            'ö' | 'ó' => plain.push('o'),
            'ü' | 'ú' => plain.push('u'),
            ascii if ascii.is_ascii() => plain.push(ascii),
            other => plain += &shown::code(other),
        }
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    const WIDE: Screen = Screen { width: 100, unicode: true };

    #[test]
    fn the_summary_says_what_where_and_what_next() {
        for lang in ["nl", "en"] {
            let report = sample::report(lang);
            let all = summary(&report, Path::new("OUT"), &[Reader::Care], WIDE).unwrap();
            let text = Text::of(lang);
            for finding in &report.findings {
                assert!(all.contains(&finding.id));
            }
            assert!(
                all.contains(&text.urgency.name("now").to_owned()) && all.contains(text.confidence.name("possible"))
            );
            assert!(all.contains(&text.gap("stream-damaged").what) && all.contains("gap-of-tomorrow"));
            assert!(all.contains(text.why.help("no-source")));
            assert!(all.contains("checklist.html") && all.trim_end().ends_with('.'));
        }
    }

    #[test]
    fn hostile_names_cannot_steer_the_terminal() {
        let mut report = sample::report("nl");
        report.findings[0].texts.nl.title = format!("{}{}", sample::CONTROL, sample::BIDI);
        let all = summary(&report, Path::new("o\u{1b}[2Jut"), &[Reader::Care], WIDE).unwrap();
        assert!(!all.contains('\u{1b}') && !all.contains('\r') && !all.contains('\u{202E}'));
    }

    #[test]
    fn narrow_and_plain_terminals_are_served() {
        let screen = Screen { width: 50, unicode: false };
        let mut report = sample::report("nl");
        report.findings[0].texts.nl.title = "Foto’s van Zoë worden gedeeld".to_owned();
        let all = summary(&report, Path::new("OUT"), &[Reader::Care], screen).unwrap();
        assert!(all.is_ascii());
        let table: Vec<_> = all.lines().filter(|line| line.contains("--") || line.contains("F-0")).collect();
        assert!(table.len() > 6 && table.iter().all(|line| line.chars().count() <= 50), "{all}");
    }

    #[test]
    fn nothing_found_says_what_that_does_not_mean() {
        let mut report = sample::report("nl");
        report.findings.clear();
        let all = summary(&report, Path::new("OUT"), &[Reader::Care], WIDE).unwrap();
        assert!(all.contains(&Text::of("nl").terminal.no_findings));
    }
}
