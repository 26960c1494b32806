//! `report.html`: the report as one page that needs nothing else: no script, no file from elsewhere, readable at 360 pixels, on a
//! laptop, on paper and in the dark. Words come first and evidence places last: a care worker reads the first half, an examiner
//! the second. The order of chapters follows field.md B4. The page draws no conclusion of its own.

use super::checklist::rank;
use super::excerpt::CLASSES;
use super::shown::{self, Moment, Zone};
use super::text::{CourtWords, ReportWords, Text, fill};
use super::{Finding, FindingText, Outcome, Report, Words};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Most rows of one finding that are printed; the rest stands in `report.json` and the page says so.
const MOST_ROWS: usize = 200;

mod dossier;
mod evidence;
mod overview;
mod picture;

/// Why a page could not be put together. None can follow from evidence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The report could not be turned into JSON and back.
    #[error("the report is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// The template could not be filled.
    #[error("the page could not be written: {0}")]
    Template(#[from] askama::Error),
    /// The page could not be set as PDF.
    #[error("the page could not be set as PDF: {0}")]
    Print(String),
}

/// `report.html` in the language of the report.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn render(report: &Report) -> Result<String, Error> {
    let digest = super::json::digest(report)?;
    let report = shown::report(report)?;
    let text = Text::of(&report.options.lang);
    let page = Page {
        text,
        words: &text.report,
        court: &text.court,
        zone: Zone::new(&report.options.zone),
        digest,
        report: &report,
    };
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

/// The parts of the copies by what became of them: `read: 57, not present: 82`.
pub(super) fn parts(report: &Report, text: &Text) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for part in &report.coverage {
        *counts.entry(&part.outcome).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    let words = |(code, count): (&str, usize)| format!("{} {count}", text.coverage.name(code));
    counts.into_iter().map(words).collect::<Vec<_>>().join(", ")
}

/// What the template sees.
#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    text: &'a Text,
    words: &'a ReportWords,
    court: &'a CourtWords,
    zone: Zone,
    digest: String,
}

/// A value in a cell, with its moment when it is a time.
struct Cell {
    text: String,
    moment: Option<Moment>,
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

    /// The parts that were not opened because the consent does not reach so far.
    fn out_of_scope(&self) -> Vec<&super::Coverage> {
        self.report.coverage.iter().filter(|one| one.outcome == "out-of-scope").collect()
    }

    /// What was done with the streams of a part outside the consent.
    fn closed(&self, count: &super::Closed) -> String {
        let numbers = [("streams", count.streams), ("looked_at", count.looked_at), ("read", count.read)];
        let numbers = numbers.map(|(name, number)| (name, number.to_string()));
        fill(&self.text.court.excluded_count, &numbers.each_ref().map(|(name, number)| (*name, number.as_str())))
    }

    /// Where the reference time comes from.
    fn as_of_from(&self) -> &str {
        match self.report.options.as_of_from.as_str() {
            "stated" => &self.words.as_of_stated,
            "copies" => &self.words.as_of_copies,
            "name" => &self.words.as_of_name,
            _ => "",
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

    /// The columns of the rows of a finding, without those of the other language.
    fn all_columns<'a>(&self, finding: &'a Finding) -> BTreeSet<&'a str> {
        let other = if self.text.lang == "en" { "_nl" } else { "_en" };
        let all = finding.rows.iter().flat_map(BTreeMap::keys).map(String::as_str);
        all.filter(|column| !column.ends_with(other)).collect()
    }

    /// What all rows of a finding have alike: it is said once.
    fn shared<'a>(&self, finding: &'a Finding) -> Vec<(&'a str, &'a str)> {
        let alike = |column: &'a str| {
            let mut values = finding.rows.iter().map(|row| row.get(column));
            let first = values.next()??;
            values.all(|value| value == Some(first)).then_some((column, first.as_str()))
        };
        self.all_columns(finding).into_iter().filter_map(alike).collect()
    }

    /// The columns in which the rows of a finding differ.
    fn columns<'a>(&self, finding: &'a Finding, shared: &[(&str, &str)]) -> Vec<&'a str> {
        self.all_columns(finding).into_iter().filter(|column| shared.iter().all(|(alike, _)| alike != column)).collect()
    }

    /// The rows of a finding that are printed.
    fn rows<'a>(&self, finding: &'a Finding) -> &'a [BTreeMap<String, String>] {
        finding.rows.get(..MOST_ROWS).unwrap_or(&finding.rows)
    }

    /// The value of a column in a row.
    fn cell(&self, row: &BTreeMap<String, String>, column: &str) -> Cell {
        self.in_words(column, row.get(column).map_or("", String::as_str))
    }

    /// The text of a column in words, as a cell.
    fn in_words(&self, column: &str, text: &str) -> Cell {
        self.time(&self.text.spoken(column, text))
    }

    /// A text in a cell, as a moment when it is a time.
    fn time(&self, text: &str) -> Cell {
        Cell { moment: self.zone.moment(text), text: text.to_owned() }
    }

    /// Titles of the steps of a finding that the checklist gives. Those that wait for an answer are not named here either.
    fn given(&self, finding: &Finding) -> Vec<&str> {
        let given = |id: &String| self.report.checklist.iter().flat_map(|wave| &wave.steps).find(|step| step.id == *id);
        let words =
            finding.steps.iter().filter_map(given).map(|step| if self.text.lang == "en" { &step.en } else { &step.nl });
        words.map(|words| words.title.as_str()).collect()
    }

    /// What a finding lets the other person see or do.
    fn seen<'a>(&'a self, finding: &'a Finding) -> Vec<&'a str> {
        finding
            .sees
            .iter()
            .map(|code| self.text.sees.get(code).map_or(code.as_str(), |seen| seen.name.as_str()))
            .collect()
    }

    /// The parts of the copies by what became of them.
    fn part_counts(&self) -> String {
        fill(
            &self.words.summary_parts,
            &[("n", &self.report.coverage.len().to_string()), ("parts", &parts(self.report, self.text))],
        )
    }

    /// Why questions were not evaluated: the codes, each once.
    fn reasons<'a>(&self, outcomes: &[&'a Outcome]) -> BTreeSet<&'a str> {
        outcomes.iter().map(|outcome| outcome.why.as_str()).collect()
    }

    /// Parts as the report has them (`ios 1: ios.tcc`, `ios 1: ios.wifi (encrypted-only)`) by source and, where they were not read, by
    /// reason: a heading with the parts, each by its number in the table of what was read, or by its name when it is not in it.
    fn parts<'a>(&self, parts: &'a [String]) -> Vec<(String, Vec<(usize, &'a str)>)> {
        let mut groups: Vec<(String, Vec<(usize, &'a str)>)> = Vec::new();
        for part in parts {
            let split = part.strip_suffix(')').and_then(|part| part.rsplit_once(" ("));
            let (part, reason) = split.map_or((part.as_str(), None), |(part, code)| (part, Some(self.reason(code))));
            let (source, artifact) = part.split_once(": ").unwrap_or(("", part));
            let at = self.report.coverage.iter().position(|one| one.source == source && one.artifact == artifact);
            let heading =
                [source].into_iter().chain(reason).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
            let number = (at.map_or(0, |at| at.saturating_add(1)), artifact);
            match groups.iter_mut().find(|(known, _)| *known == heading) {
                Some((_, numbers)) => numbers.push(number),
                None => groups.push((heading, vec![number])),
            }
        }
        groups
    }

    /// Why a part was not read, in words.
    fn reason<'a>(&'a self, code: &'a str) -> &'a str {
        let named = self.text.coverage.0.get(code).or_else(|| self.text.why.0.get(code));
        let named = named.map(|named| named.name.as_str());
        named.or_else(|| self.text.gap.get(code).map(|gap| gap.what.as_str())).unwrap_or(code)
    }

    /// What is known about the checking of a contact.
    fn checked(&self, contact: &super::Contact) -> String {
        super::copies::checked(contact, self.text, self.report.options.as_of.as_deref())
    }

    /// The classes of sessions with the number of records, in a fixed order.
    fn session_classes(&self) -> Vec<(&'static str, usize)> {
        let count = |class: &str| self.report.whole.as_ref().and_then(|whole| whole.sessions.get(class)).copied();
        CLASSES.map(|class| (class, count(class).unwrap_or(0))).to_vec()
    }

    /// How many sessions there are, of which the page shows some.
    fn session_count(&self) -> usize {
        self.report.whole.iter().flat_map(|whole| whole.sessions.values()).sum()
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
mod tests;
