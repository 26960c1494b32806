//! `comparison.html`: half a page for the shift on top (what could not be compared, then new, gone, look out), the particulars below.

use super::{Audit, Comparison, FactChange, FindingChange, Pair, Remark};
use crate::report::Words;
use crate::report::html::Error;
use crate::report::shown::{self, Zone};
use crate::report::text::{CompareWords, Text, fill};
use askama::Template;
use std::collections::BTreeMap;

/// Most lines in a box of the half page.
const MOST_LINES: usize = 8;
/// Most facts of one kind in the particulars; the rest stands in `comparison.json`.
const MOST_FACTS: usize = 60;

/// The page, for people who read Dutch at level B1, easy Dutch (`easy`), or English.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn render(comparison: &Comparison, digest: &str, easy: bool) -> Result<String, Error> {
    let text = Text::of(&comparison.lang);
    let easy = easy && text.lang == "nl";
    Ok(Page { comparison, text, words: &text.compare, zone: Zone::new(&comparison.zone), digest, easy }.render()?)
}

/// What the template sees.
#[derive(Template)]
#[template(path = "comparison.html", config = "src/report/askama.toml")]
struct Page<'a> {
    comparison: &'a Comparison,
    text: &'a Text,
    words: &'a CompareWords,
    zone: Zone,
    digest: &'a str,
    easy: bool,
}

/// One line of a box.
struct Entry {
    text: String,
    note: String,
    urgency: String,
}

/// A box of the half page.
struct Part<'a> {
    id: &'static str,
    name: &'a str,
    none: &'a str,
    entries: Vec<Entry>,
}

/// Facts of one kind.
struct Kind<'a> {
    name: String,
    facts: Vec<&'a FactChange>,
    more: usize,
}

#[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
impl Page<'_> {
    /// The newest pair: the half page is about it.
    fn last(&self) -> Option<&Pair> {
        self.comparison.pairs.last()
    }

    /// The pairs, newest first.
    fn pairs(&self) -> Vec<&Pair> {
        self.comparison.pairs.iter().rev().collect()
    }

    fn words_of<'w>(&self, words: &'w Words) -> &'w str {
        words.get(&self.text.lang)
    }

    /// A finding's line for the reader of this page.
    fn title(&self, change: &FindingChange) -> String {
        let title = if self.easy && !change.easy.is_empty() { &change.easy } else { self.words_of(&change.title) };
        shown::value(title)
    }

    fn say(&self, map: &BTreeMap<String, String>, code: &str) -> String {
        map.get(code).cloned().unwrap_or_else(|| code.to_string())
    }

    fn date(&self, audit: &Audit) -> String {
        let moment = audit.as_of.as_deref().and_then(|at| self.zone.moment(at));
        let date = |m: shown::Moment| m.local.unwrap_or(m.utc).chars().take(10).collect();
        moment.map_or_else(|| self.words.no_date.clone(), date)
    }

    fn audit(&self, number: usize) -> Option<&Audit> {
        self.comparison.audits.iter().find(|a| a.number == number)
    }

    fn remark(&self, remark: &Remark) -> String {
        let detail: Vec<&str> = remark.detail.split(" / ").collect();
        let detail: Vec<String> = detail
            .iter()
            .map(|part| match self.zone.moment(part) {
                Some(moment) => moment.local.unwrap_or(moment.utc),
                None => shown::value(part),
            })
            .collect();
        fill(&self.say(&self.words.remarks, &remark.code), &[("detail", &detail.join(" / "))])
    }

    fn entries(&self, pick: impl Fn(&FindingChange) -> Option<String>) -> Vec<Entry> {
        let Some(pair) = self.last() else { return Vec::new() };
        let entry = |change: &FindingChange| {
            let note = pick(change)?;
            Some(Entry { text: self.title(change), note, urgency: change.urgency.clone() })
        };
        pair.findings.iter().filter_map(entry).collect()
    }

    /// The three boxes.
    fn boxes(&self) -> Vec<Part<'_>> {
        let words = self.words;
        vec![
            Part { id: "new", name: &words.box_new, none: &words.none_new, entries: self.new_ones() },
            Part { id: "gone", name: &words.box_gone, none: &words.none_gone, entries: self.gone_ones() },
            Part { id: "look-out", name: &words.box_look_out, none: &words.none_look_out, entries: self.look_out() },
        ]
    }

    fn new_ones(&self) -> Vec<Entry> {
        self.entries(|c| (c.class == "new").then(String::new))
    }

    fn gone_ones(&self) -> Vec<Entry> {
        self.entries(|c| {
            let note = if c.expected == "confirmed" { self.words.confirmed.clone() } else { String::new() };
            (c.class == "gone").then_some(note)
        })
    }

    /// What asks for attention and is neither new nor gone.
    fn look_out(&self) -> Vec<Entry> {
        self.entries(|c| match c.class.as_str() {
            _ if c.expected == "failed" => Some(self.words.failed.clone()),
            "changed" => Some(self.words.changed_note.clone()),
            "newly-visible" | "not-comparable" => Some(self.say(&self.words.why, &c.why)),
            _ => None,
        })
    }

    fn first<'e>(&self, entries: &'e [Entry]) -> &'e [Entry] {
        &entries[..entries.len().min(MOST_LINES)]
    }

    fn rest(&self, entries: &[Entry]) -> String {
        let more = entries.len().saturating_sub(MOST_LINES);
        if more == 0 { String::new() } else { fill(&self.words.more, &[("n", &more.to_string())]) }
    }

    fn count(&self, pair: &Pair, class: &str) -> usize {
        pair.findings.iter().filter(|f| f.class == class).count()
    }

    fn of_class<'p>(&self, pair: &'p Pair, class: &str) -> Vec<&'p FindingChange> {
        pair.findings.iter().filter(|f| f.class == class).collect()
    }

    fn class(&self, class: &str) -> String {
        self.say(&self.words.classes, class)
    }

    fn reason(&self, change: &FindingChange) -> String {
        let mut reason = if change.why.is_empty() { String::new() } else { self.say(&self.words.why, &change.why) };
        for more in [
            change.file_absent.then(|| self.words.file_absent.clone()),
            (!change.unread.is_empty()).then(|| fill(&self.words.unread, &[("parts", &change.unread.join(", "))])),
            (!change.urgency_before.is_empty()).then(|| {
                let before = self.text.urgency.name(&change.urgency_before);
                fill(&self.words.urgency_before, &[("before", before)])
            }),
            (change.expected == "confirmed").then(|| self.words.confirmed.clone()),
            (change.expected == "failed").then(|| self.words.failed.clone()),
        ]
        .into_iter()
        .flatten()
        {
            reason = [reason, more].join(" ").trim().to_string();
        }
        reason
    }

    fn facts<'p>(&self, pair: &'p Pair, class: &str) -> Vec<Kind<'p>> {
        let mut kinds: BTreeMap<&str, Vec<&FactChange>> = BTreeMap::new();
        for fact in pair.facts.iter().filter(|f| f.class == class) {
            kinds.entry(&fact.kind).or_default().push(fact);
        }
        let one = |(kind, mut facts): (&str, Vec<&'p FactChange>)| {
            let more = facts.len().saturating_sub(MOST_FACTS);
            facts.truncate(MOST_FACTS);
            Kind { name: self.say(&self.words.kinds, kind), facts, more }
        };
        kinds.into_iter().map(one).collect()
    }

    fn values(&self, values: &BTreeMap<String, String>) -> String {
        let one = |(column, value): (&String, &String)| {
            let value = match self.zone.moment(value) {
                Some(moment) => moment.local.unwrap_or(moment.utc),
                None => shown::value(value),
            };
            format!("{}: {value}", self.text.column(column))
        };
        values.iter().map(one).collect::<Vec<_>>().join(" · ")
    }

    fn outcome<'o>(&'o self, code: &'o str) -> &'o str {
        self.text.outcome.name(code)
    }

    fn coverage_word(&self, code: &str) -> String {
        if code == "no-source" { self.words.no_source.clone() } else { self.text.coverage.name(code).to_string() }
    }
}
