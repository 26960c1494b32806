//! `report.html`: the report as one page that needs nothing else: no script, no file from elsewhere, readable at 360 pixels, on a
//! laptop, on paper and in the dark. Words come first and evidence places last: a care worker reads the first half, an examiner
//! the second. The order of chapters follows field.md B4. The page draws no conclusion of its own.

use super::checklist::rank;
use super::shown::{self, Moment, Zone};
use super::text::{ReportWords, Seen, Text, fill};
use super::{Citation, Finding, FindingText, Outcome, Report, Words};
use askama::Template;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Most rows of one finding that are printed; the rest stands in `report.json` and the page says so.
const MOST_ROWS: usize = 200;
/// Most citations of one finding that are printed.
const MOST_CITATIONS: usize = 200;
/// Most times on the timeline.
const MOST_TIMES: usize = 500;

/// Why a page could not be put together. Neither can follow from evidence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The report could not be turned into JSON and back.
    #[error("the report is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// The template could not be filled.
    #[error("the page could not be written: {0}")]
    Template(#[from] askama::Error),
}

/// `report.html` in the language of the report.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn render(report: &Report) -> Result<String, Error> {
    let digest = super::json::digest(report)?;
    let report = shown::report(report)?;
    let text = Text::of(&report.options.lang);
    let page = Page { text, words: &text.report, zone: Zone::new(&report.options.zone), digest, report: &report };
    Ok(page.render()?)
}

/// The words of a finding in the language of a text file.
pub(super) fn texts<'a>(finding: &'a Finding, text: &Text) -> &'a FindingText {
    if text.lang == "en" { &finding.texts.en } else { &finding.texts.nl }
}

/// The title of a finding; the name of its rule when it has no words.
pub(super) fn title<'a>(finding: &'a Finding, text: &Text) -> &'a str {
    let title = texts(finding, text).title.as_str();
    if title.is_empty() { &finding.rule } else { title }
}

/// The first sixteen characters of a digest, for people who compare by eye.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(16).collect()
}

/// What the template sees.
#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    text: &'a Text,
    words: &'a ReportWords,
    zone: Zone,
    digest: String,
}

/// A value in a cell, with its moment when it is a time.
struct Cell {
    text: String,
    moment: Option<Moment>,
}

/// A line of the timeline.
struct Line<'a> {
    moment: Moment,
    field: &'a str,
    finding: &'a Finding,
    citation: usize,
}

#[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
impl Page<'_> {
    /// The words in the language of the page.
    fn say<'a>(&self, words: &'a Words) -> &'a str {
        words.get(&self.text.lang)
    }

    /// The title of a finding.
    fn title<'a>(&self, finding: &'a Finding) -> &'a str {
        title(finding, self.text)
    }

    /// The words of a finding.
    fn texts<'a>(&self, finding: &'a Finding) -> &'a FindingText {
        texts(finding, self.text)
    }

    /// A count filled into a text.
    fn count(&self, text: &str, n: impl Display) -> String {
        fill(text, &[("n", &n.to_string())])
    }

    /// A name of something and its number filled into a text.
    fn number(&self, text: &str, n: impl Display, id: &str) -> String {
        fill(text, &[("n", &n.to_string()), ("id", id)])
    }

    /// The sentence that says that only the first of many are printed.
    fn cut(&self, text: &str, shown: usize, all: usize) -> String {
        fill(text, &[("shown", &shown.to_string()), ("all", &all.to_string())])
    }

    /// A part of a whole filled into a text.
    fn cut_of(&self, text: &str, n: usize, all: usize) -> String {
        fill(text, &[("n", &n.to_string()), ("all", &all.to_string())])
    }

    /// A text that may not have been declared.
    fn declared<'a>(&'a self, text: &'a str) -> &'a str {
        if text.trim().is_empty() { &self.words.not_declared } else { text }
    }

    /// Whether consent was recorded.
    fn consent(&self) -> &str {
        match self.report.case.consent {
            Some(true) => &self.words.yes,
            Some(false) => &self.words.no,
            None => &self.words.not_declared,
        }
    }

    /// What was allowed to be read.
    fn scope(&self) -> String {
        let scope = &self.report.options.scope;
        if scope.iter().any(|one| one == "all") {
            self.words.scope_all.clone()
        } else {
            self.declared(&scope.join(", ")).to_owned()
        }
    }

    /// Urgencies with the number of findings, most urgent first.
    fn urgencies(&self) -> Vec<(&str, usize)> {
        let mut all: Vec<&str> = self.text.urgency.0.keys().map(String::as_str).collect();
        all.sort_by_key(|urgency| rank(urgency));
        all.into_iter()
            .map(|code| (code, self.report.findings.iter().filter(|one| one.urgency == code).count()))
            .collect()
    }

    /// The findings of an urgency.
    fn of_urgency(&self, urgency: &str) -> Vec<&Finding> {
        self.report.findings.iter().filter(|finding| finding.urgency == urgency).collect()
    }

    /// Whether anything was remarked about an input.
    fn remarked(&self) -> bool {
        self.report.evidence.iter().any(|input| !input.remarks.is_empty())
    }

    /// The rules with an outcome.
    fn outcomes(&self, outcome: &str) -> Vec<&Outcome> {
        self.report.outcomes.iter().filter(|one| one.outcome == outcome).collect()
    }

    /// The outcomes of rules that could be evaluated, with their headings.
    fn evaluated(&self) -> [(&'static str, &str); 2] {
        [("not-found", &self.words.not_found), ("found", &self.words.found_rules)]
    }

    /// The columns of the rows of a finding.
    fn columns<'a>(&self, finding: &'a Finding) -> Vec<&'a str> {
        let all: BTreeSet<&str> = finding.rows.iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
        all.into_iter().collect()
    }

    /// The rows of a finding that are printed.
    fn rows<'a>(&self, finding: &'a Finding) -> &'a [BTreeMap<String, String>] {
        finding.rows.get(..MOST_ROWS).unwrap_or(&finding.rows)
    }

    /// The value of a column in a row.
    fn cell(&self, row: &BTreeMap<String, String>, column: &str) -> Cell {
        self.time(row.get(column).map_or("", String::as_str))
    }

    /// A text in a cell, as a moment when it is a time.
    fn time(&self, text: &str) -> Cell {
        Cell { moment: self.zone.moment(text), text: text.to_owned() }
    }

    /// The citations of a finding that are printed.
    fn citations<'a>(&self, finding: &'a Finding) -> &'a [Citation] {
        finding.citations.get(..MOST_CITATIONS).unwrap_or(&finding.citations)
    }

    /// The fields of a citation: name, value as it stands there, decoded value.
    fn fields<'a>(&self, citation: &'a Citation) -> Vec<(&'a str, Option<Cell>, Option<Cell>)> {
        let names: BTreeSet<&str> = citation.raw.keys().chain(citation.decoded.keys()).map(String::as_str).collect();
        let cell = |value: Option<&Value>| value.map(|value| self.plain(value));
        let mut names: Vec<&str> = names.into_iter().collect();
        // What stands in the file comes first; a field that only decoding made follows.
        names.sort_by_key(|name| !citation.raw.contains_key(*name));
        names
            .into_iter()
            .map(|name| {
                let mut raw = cell(citation.raw.get(name));
                if let Some(raw) = &mut raw {
                    raw.moment = None;
                }
                (name, raw, cell(citation.decoded.get(name)))
            })
            .collect()
    }

    /// A JSON value in a cell: text without its quotes, everything else as JSON.
    fn plain(&self, value: &Value) -> Cell {
        match value {
            Value::String(text) => self.time(text),
            other => self.time(&other.to_string()),
        }
    }

    /// The parts that a finding was read from, with the number of citations in each.
    fn places<'a>(&self, finding: &'a Finding) -> Vec<(&'a Citation, usize)> {
        let mut places: Vec<(&Citation, usize)> = Vec::new();
        for citation in &finding.citations {
            match places.iter_mut().find(|(one, _)| one.stream == citation.stream && one.artifact == citation.artifact)
            {
                Some((_, count)) => *count = count.saturating_add(1),
                None => places.push((citation, 1)),
            }
        }
        places
    }

    /// Title of a step, as it stands in the checklist.
    fn step<'a>(&'a self, id: &'a str) -> &'a str {
        let step = self.report.checklist.iter().flat_map(|wave| &wave.steps).find(|step| step.id == id);
        step.map_or(id, |step| if self.text.lang == "en" { &step.en.title } else { &step.nl.title })
    }

    /// What a finding lets the other person see or do.
    fn seen<'a>(&'a self, finding: &'a Finding) -> Vec<&'a str> {
        finding
            .sees
            .iter()
            .map(|code| self.text.sees.get(code).map_or(code.as_str(), |seen| seen.name.as_str()))
            .collect()
    }

    /// The three groups of the matrix: where you are, what can be read, what can be operated (field.md S05).
    fn axes(&self) -> [(&str, Vec<(&str, &Seen)>); 3] {
        let words = self.words;
        [("where", &words.axis_where), ("what", &words.axis_what), ("control", &words.axis_control)].map(
            |(axis, name)| {
                let seen = self.text.sees.iter().filter(|(_, seen)| seen.axis == axis);
                (name.as_str(), seen.map(|(code, seen)| (code.as_str(), seen)).collect())
            },
        )
    }

    /// The findings about a thing of the victim's.
    fn about(&self, code: &str) -> Vec<&Finding> {
        self.report.findings.iter().filter(|finding| finding.sees.iter().any(|one| one == code)).collect()
    }

    /// All times in the citations, in order of UTC.
    fn timeline(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<(&str, Line<'_>)> = Vec::new();
        for finding in &self.report.findings {
            for (at, citation) in finding.citations.iter().enumerate() {
                for (field, value) in &citation.decoded {
                    if let Some((time, moment)) =
                        value.as_str().and_then(|time| self.zone.moment(time).map(|moment| (time, moment)))
                    {
                        lines.push((time, Line { moment, field, finding, citation: at.saturating_add(1) }));
                    }
                }
            }
        }
        lines.sort_by(|(_, one), (_, other)| one.moment.utc.cmp(&other.moment.utc));
        let mut told = BTreeSet::new();
        lines.retain(|(time, line)| told.insert((*time, line.field, line.finding.id.as_str())));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// The part of the timeline that is printed.
    fn first<'a, 'b>(&self, lines: &'a [Line<'b>]) -> &'a [Line<'b>] {
        lines.get(..MOST_TIMES).unwrap_or(lines)
    }

    /// A part that was not read, with the reason in words: `ios 1: ios.wifi (encrypted-only)`.
    fn missing(&self, part: &str) -> String {
        let split = part.strip_suffix(')').and_then(|part| part.rsplit_once(" ("));
        let Some((name, code)) = split else { return self.part(part) };
        let reason = self.text.coverage.0.get(code).or_else(|| self.text.why.0.get(code));
        let reason =
            reason.map(|named| named.name.as_str()).or_else(|| self.text.gap.get(code).map(|gap| gap.what.as_str()));
        format!("{} ({})", self.part(name), reason.unwrap_or(code))
    }

    /// A part with its title: `ios 1: ios.tcc` becomes `ios 1: App permissions (ios.tcc)`.
    fn part(&self, part: &str) -> String {
        let known = part.split_once(": ").and_then(|(source, artifact)| {
            let covered = self.report.coverage.iter().find(|one| one.source == source && one.artifact == artifact)?;
            Some(format!("{source}: {} ({artifact})", self.say(&covered.title)))
        });
        known.unwrap_or_else(|| part.to_owned())
    }

    /// The classes of sessions with the number of records, in a fixed order.
    fn session_classes(&self) -> Vec<(&'static str, usize)> {
        ["contradicted", "not_explained", "cannot_tell", "consistent_with_declared", "explained_by_identifier"]
            .map(|class| (class, self.report.sessions.iter().filter(|s| s.class == class).count()))
            .to_vec()
    }

    /// The first of many, as many as are printed.
    fn some<'a, T>(&self, list: &'a [T]) -> &'a [T] {
        list.get(..MOST_ROWS).unwrap_or(list)
    }

    /// The stock commands that verify the report, with what each does.
    fn commands(&self) -> Vec<(&str, &str)> {
        super::bag::commands(self.text)
    }

    /// The sentence of the method with the zone filled in.
    fn method(&self, line: &str) -> String {
        fill(line, &[("zone", &self.report.options.zone)])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::{checklist, sample};

    fn pages() -> Vec<(String, String)> {
        let mut pages = Vec::new();
        for lang in ["nl", "en"] {
            let report = sample::report(lang);
            pages.push((format!("report {lang}"), render(&report).unwrap()));
            pages.push((format!("checklist {lang}"), checklist::render(&report).unwrap()));
            let mut empty = report.clone();
            empty.findings.clear();
            empty.case = crate::report::Case::default();
            pages.push((format!("empty {lang}"), render(&empty).unwrap()));
        }
        pages
    }

    #[test]
    fn nothing_from_evidence_breaks_out_of_the_page() {
        for (name, page) in pages() {
            assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("takeout<b>"), "{name}");
            assert!(!page.contains("onerror=\""), "{name}");
            assert!(
                !page.contains('\u{202E}')
                    && !page.contains('\u{200B}')
                    && !page.contains('\u{1b}')
                    && !page.contains('\r'),
                "{name}"
            );
            assert!(
                !page.contains("&#38;lt;") && !page.contains("&amp;lt;") && !page.contains("&#38;#"),
                "{name} is escaped twice"
            );
        }
        let page = render(&sample::report("nl")).unwrap();
        assert!(page.contains("&#60;script&#62;"), "the markup is shown as text");
        assert!(page.contains("foto[U+202E]gpj.exe"));
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing() {
        let attribute =
            regex::Regex::new(r#"(?i)\b(src|href|action|srcset|data|poster|background)\s*=\s*"([^"]*)""#).unwrap();
        for (name, page) in pages() {
            for found in attribute.captures_iter(&page) {
                assert!(found[2].starts_with('#'), "{name} points to {}", &found[2]);
            }
            assert!(
                !page.contains("url(")
                    && !page.contains("@import")
                    && !page.contains("http://")
                    && !page.contains("https://"),
                "{name}"
            );
            assert!(page.contains(r#"content="default-src 'none'; style-src 'unsafe-inline'""#), "{name}");
            assert!(
                !page.contains("<form")
                    && !page.contains("<iframe")
                    && !page.contains(" style=")
                    && !page.contains("{{"),
                "{name}"
            );
        }
    }

    #[test]
    fn links_inside_the_page_arrive_and_marks_are_used_once() {
        let id = regex::Regex::new(r#"\bid="([^"]*)""#).unwrap();
        let link = regex::Regex::new(r##"href="#([^"]*)""##).unwrap();
        for (name, page) in pages() {
            let ids: Vec<_> = id.captures_iter(&page).map(|found| found[1].to_owned()).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name} uses an id twice");
            for found in link.captures_iter(&page) {
                assert!(ids.contains(&found[1].to_owned()), "{name}: nothing is called {}", &found[1]);
            }
        }
    }

    #[test]
    fn the_page_is_well_formed() {
        let void = ["meta", "br", "hr"];
        let tag = regex::Regex::new(r"<(/?)([a-z0-9]+)[^>]*>").unwrap();
        for (name, page) in pages() {
            let body = page.strip_prefix("<!DOCTYPE html>").expect("starts with its type");
            let mut open: Vec<String> = Vec::new();
            for found in tag.captures_iter(body) {
                let element = found[2].to_owned();
                if void.contains(&element.as_str()) {
                } else if found[1].is_empty() {
                    open.push(element);
                } else {
                    assert_eq!(open.pop().as_deref(), Some(element.as_str()), "{name}: {}", &found[0]);
                }
            }
            assert!(open.is_empty(), "{name}: {open:?} stays open");
        }
    }

    #[test]
    fn the_same_report_gives_the_same_bytes() {
        assert_eq!(pages(), pages());
    }

    #[test]
    fn every_finding_says_all_that_a_person_needs() {
        for lang in ["nl", "en"] {
            let report = sample::report(lang);
            let page = render(&report).unwrap();
            let text = Text::of(lang);
            for finding in &report.findings {
                let start = page.find(&format!("id=\"{}\"", finding.id)).unwrap();
                let card = page.get(start..).unwrap().split("</article>").next().unwrap();
                let words = texts(finding, text);
                let urgency = text.urgency.name(&finding.urgency);
                for needed in
                    [urgency, text.confidence.name(&finding.confidence), &words.may_mean, &words.limits, &words.notices]
                {
                    assert!(card.contains(needed), "{} lacks {needed}", finding.id);
                }
                assert!(words.innocent.iter().all(|innocent| card.contains(innocent.as_str())));
                let places = page.split(&format!("id=\"{}-vp\"", finding.id)).nth(1).unwrap();
                assert!(
                    places.contains(&finding.citations[0].sha256) && places.contains(&finding.citations[0].locator)
                );
            }
            assert!(page.contains("2026-07-01 10:00:00 UTC") && page.contains("2026-07-01 12:00:00 +02:00"));
            assert!(page.contains(&json_digest(&report)));
        }
    }

    fn json_digest(report: &Report) -> String {
        crate::report::json::digest(report).unwrap()
    }

    #[test]
    fn nothing_found_is_never_called_well() {
        for lang in ["nl", "en"] {
            let mut report = sample::report(lang);
            report.findings.clear();
            let page = render(&report).unwrap();
            assert!(
                page.contains(&Text::of(lang).report.summary_nothing)
                    && page.contains(&Text::of(lang).report.summary_never)
            );
            assert!(!page.contains('✓') && !page.contains('✔') && !page.contains('✅'));
        }
    }

    #[test]
    fn codes_without_words_are_shown_with_their_particulars() {
        let page = render(&sample::report("nl")).unwrap();
        assert!(page.contains("gap-of-tomorrow") && page.contains("new-code-of-tomorrow"));
        assert!(page.contains(&Text::of("nl").unknown.what));
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let mut report = sample::report("nl");
        let row = report.findings[0].rows[0].clone();
        report.findings[0].rows = vec![row; MOST_ROWS + 1];
        let citation = report.findings[0].citations[0].clone();
        report.findings[0].citations = vec![citation; MOST_CITATIONS + 1];
        let page = render(&report).unwrap();
        assert!(page.contains("de eerste 200 van 201 rijen") && page.contains("de eerste 200 van 201 vindplaatsen"));
    }

    #[test]
    fn missing_parts_have_a_reason_in_words() {
        let page = render(&sample::report("nl")).unwrap();
        assert!(page.contains("ios 1: Bekende netwerken (ios.wifi) (Alleen in versleutelde kopie)"));
    }
}
