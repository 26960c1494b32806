//! The half page for the shift: what to know first, then new, gone and look out. The same lines stand on the page and on the terminal.

use super::{Comparison, FindingChange, Pair, Remark};
use crate::report::shown::{self, Zone};
use crate::report::text::{CompareWords, Text, fill};
use std::collections::BTreeMap;

/// Most lines in a box.
const MOST_LINES: usize = 8;
/// Urgencies that ask for attention soon.
const SOON: [&str; 2] = ["now", "this-week"];

/// The half page about one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// What a reader must know first.
    pub first: Vec<String>,
    /// New, gone and look out.
    pub boxes: [Part; 3],
    /// What stayed the same, and how much of it asks for attention.
    pub same: String,
}

/// A box of the half page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `new`, `gone` or `look-out`.
    pub id: &'static str,
    /// Its heading, with the number of findings.
    pub name: String,
    /// A line under the heading; empty where there is none.
    pub lead: String,
    /// Its findings, those with one note together.
    pub groups: Vec<Group>,
    /// How many findings did not fit; empty when all did.
    pub more: String,
}

/// Findings with one note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The note; may be empty.
    pub note: String,
    /// Title, urgency and how often it stands there.
    pub entries: Vec<(String, String)>,
}

/// A word of the half page, easy Dutch where there is any and it is asked for.
#[must_use]
pub fn word<'w>(words: &'w CompareWords, easy: bool, key: &str, plain: &'w str) -> &'w str {
    words.easy.get(key).filter(|_| easy).map_or(plain, String::as_str)
}

/// A remark in words.
#[must_use]
pub fn remark(comparison: &Comparison, remark: &Remark, text: &Text, zone: &Zone, easy: bool) -> String {
    let part = |part: &str| match zone.moment(part) {
        Some(moment) => moment.local.unwrap_or(moment.utc),
        None => source(comparison, part, text),
    };
    let detail: Vec<String> = remark.detail.split(" / ").map(part).collect();
    let plain = text.compare.remarks.get(&remark.code).map_or(remark.code.as_str(), String::as_str);
    fill(word(&text.compare, easy, &remark.code, plain), &[("detail", &detail.join(" / "))])
}

/// The name of a source for people, with its number; anything else as it is.
#[must_use]
pub fn source(comparison: &Comparison, id: &str, text: &Text) -> String {
    let known = comparison.audits.iter().rev().find_map(|a| a.sources.get(id));
    known.map_or_else(|| shown::value(id), |words| format!("{}, {}", words.get(&text.lang), shown::value(id)))
}

/// What is to be said about a step that was ticked.
#[must_use]
pub fn ticked<'w>(change: &FindingChange, words: &'w CompareWords) -> Option<&'w str> {
    match change.expected.as_str() {
        "confirmed" => Some(&words.confirmed),
        "failed" => Some(&words.failed),
        "unknown" => Some(&words.unknown),
        _ => None,
    }
}

impl Half {
    /// Puts the half page together.
    #[must_use]
    pub fn of(comparison: &Comparison, pair: &Pair, text: &Text, easy: bool) -> Self {
        let words = &text.compare;
        let zone = Zone::new(&comparison.zone);
        let mut first: Vec<String> = pair.remarks.iter().map(|r| remark(comparison, r, text, &zone, easy)).collect();
        if !pair.coverage.is_empty() {
            let differs = word(words, easy, "coverage_differs", &words.coverage_differs);
            first.push(fill(differs, &[("n", &pair.coverage.len().to_string())]));
        }
        let same: Vec<&FindingChange> = pair.findings.iter().filter(|f| f.class == "unchanged").collect();
        let soon = same.iter().filter(|f| SOON.contains(&f.urgency.as_str())).count();
        let mut line = fill(word(words, easy, "same", &words.same), &[("n", &same.len().to_string())]);
        if soon > 0 {
            let soon = fill(word(words, easy, "same_soon", &words.same_soon), &[("n", &soon.to_string())]);
            line = format!("{line} {soon}");
        }
        let part = |id, name: &str, empty: &str, note: &dyn Fn(&FindingChange) -> Option<(u8, String)>| {
            Part::of(id, name, empty, pair, text, easy, note)
        };
        let say = |key: &str, plain: &str| word(words, easy, key, plain).to_string();
        let new = part("new", &words.box_new, &words.none_new, &|c| (c.class == "new").then(|| (0, String::new())));
        let mut gone = part("gone", &words.box_gone, &words.none_gone, &|c| {
            let note = match ticked(c, words) {
                Some(plain) => (1, say(&c.expected, plain)),
                None => (0, say("not_ticked", &words.not_ticked)),
            };
            (c.class == "gone").then_some(note)
        });
        if !gone.groups.is_empty() {
            gone.lead = say("gone_lead", &words.gone_lead);
        }
        let look_out = part("look-out", &words.box_look_out, &words.none_look_out, &|c| {
            let why = || say(&c.why, words.why.get(&c.why).map_or(c.why.as_str(), String::as_str));
            match (c.class.as_str(), ticked(c, words)) {
                (class, Some(plain)) if class != "gone" => Some((0, say(&c.expected, plain))),
                ("changed", _) => Some((1, say("changed_note", &words.changed_note))),
                ("newly-visible" | "not-comparable", _) => Some((2, why())),
                _ => None,
            }
        });
        Self { first, boxes: [new, gone, look_out], same: line }
    }
}

impl Part {
    /// Takes the findings for which there is a note, in the order of the notes and then of the page.
    fn of(
        id: &'static str,
        name: &str,
        empty: &str,
        pair: &Pair,
        text: &Text,
        easy: bool,
        note: &dyn Fn(&FindingChange) -> Option<(u8, String)>,
    ) -> Self {
        let mut all: Vec<((u8, String), &FindingChange)> =
            pair.findings.iter().filter_map(|f| Some((note(f)?, f))).collect();
        // The note with the most urgent finding comes first, and within a note the most urgent.
        let rank = |change: &FindingChange| crate::report::checklist::rank(&change.urgency);
        let mut most = BTreeMap::new();
        for (note, change) in &all {
            let first = most.entry(note.clone()).or_insert_with(|| rank(change));
            *first = rank(change).min(*first);
        }
        all.sort_by_cached_key(|(note, change)| (note.0, most.get(note).copied(), note.1.clone(), rank(change)));
        let count = all.len();
        let mut groups: Vec<(Group, Vec<usize>)> = Vec::new();
        let (mut lines, mut left) = (0, 0);
        for ((_, note), change) in all {
            let title = if easy && !change.easy.is_empty() { &change.easy } else { change.title.get(&text.lang) };
            let entry = (shown::value(title), text.urgency.name(&change.urgency).to_string());
            if groups.last().is_none_or(|(group, _)| group.note != note) {
                if lines == MOST_LINES {
                    left += 1;
                    continue;
                }
                groups.push((Group { note, entries: Vec::new() }, Vec::new()));
            }
            let Some((group, times)) = groups.last_mut() else { continue };
            if group.entries.last() == Some(&entry) {
                if let Some(times) = times.last_mut() {
                    *times += 1;
                }
            } else if lines == MOST_LINES {
                left += 1;
            } else {
                lines += 1;
                group.entries.push(entry);
                times.push(1);
            }
        }
        let several = |(mut group, times): (Group, Vec<usize>)| {
            for ((title, _), times) in group.entries.iter_mut().zip(times).filter(|(_, times)| *times > 1) {
                *title = format!("{title} ({times}×)");
            }
            group
        };
        Self {
            id,
            name: format!("{name} ({count})"),
            lead: if count == 0 { empty.to_string() } else { String::new() },
            groups: groups.into_iter().map(several).collect(),
            more: if left == 0 { String::new() } else { fill(&text.compare.more, &[("n", &left.to_string())]) },
        }
    }
}
