//! `comparison.html`: half a page for the shift on top (what could not be compared, then new, gone, look out), the particulars below.

use super::half::{self, Half};
use super::{Audit, Comparison, FactChange, FindingChange, Pair, Remark};
use crate::report::Words;
use crate::report::html::Error;
use crate::report::shown::{self, Zone};
use crate::report::text::{CompareWords, Text, fill};
use askama::Template;
use std::collections::BTreeMap;

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

    fn plain<'w>(&'w self, key: &str, plain: &'w str) -> &'w str {
        half::word(self.words, self.easy, key, plain)
    }

    fn say(&self, map: &BTreeMap<String, String>, code: &str) -> String {
        map.get(code).cloned().unwrap_or_else(|| code.to_string())
    }

    fn date(&self, audit: &Audit) -> String {
        let moment = audit.as_of.as_deref().and_then(|at| self.zone.moment(at));
        let date = |m: shown::Moment| m.local.unwrap_or(m.utc).chars().take(10).collect();
        moment.map_or_else(|| self.words.no_date.clone(), date)
    }

    /// What vouches for the file of an audit.
    fn seal(&self, audit: &Audit) -> String {
        match &audit.signer {
            Some(signer) => format!("{}: {signer}", self.text.cli("signed-with")),
            None => self.text.cli("not-signed").to_string(),
        }
    }

    fn audit(&self, number: usize) -> Option<&Audit> {
        self.comparison.audits.iter().find(|a| a.number == number)
    }

    fn remark(&self, remark: &Remark) -> String {
        half::remark(self.comparison, remark, self.text, &self.zone, self.easy)
    }

    /// The half page about the newest pair.
    fn half(&self) -> Option<Half> {
        self.last().map(|pair| Half::of(self.comparison, pair, self.text, self.easy))
    }

    fn of_class<'p>(&self, pair: &'p Pair, class: &str) -> Vec<&'p FindingChange> {
        pair.findings.iter().filter(|f| f.class == class).collect()
    }

    fn class(&self, class: &str) -> String {
        self.say(&self.words.classes, class)
    }

    /// The name of a source for people, with its number.
    fn source(&self, id: &str) -> String {
        half::source(self.comparison, id, self.text)
    }

    /// Everything that is to be said about the class of a finding.
    fn reason(&self, change: &FindingChange) -> String {
        let words = self.words;
        let before = change.class == "new" || change.class == "newly-visible";
        let absent = if before { &words.file_absent_before } else { &words.file_absent_now };
        let (added, removed) = (change.added.to_string(), change.removed.to_string());
        let all = [
            (!change.why.is_empty()).then(|| self.say(&words.why, &change.why)),
            (change.class == "changed" && change.added + change.removed > 0)
                .then(|| fill(&words.changed_counts, &[("added", &added), ("removed", &removed)])),
            change.file_absent.then(|| absent.clone()),
            (!change.unread.is_empty()).then(|| fill(&words.unread, &[("parts", &change.unread.join(", "))])),
            (!change.urgency_before.is_empty()).then(|| {
                let before = self.text.urgency.name(&change.urgency_before);
                fill(&words.urgency_before, &[("before", before)])
            }),
            half::ticked(change, words).map(str::to_string),
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(" ")
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
                None => self.text.spoken(column, value),
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
