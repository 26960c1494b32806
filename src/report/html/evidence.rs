//! The citations of the page. Those of one finding that lie in the same file stand in one table under the name and digest of that
//! file, so that the printed report stays short and nothing is left out; behind each stands the command that shows it again.

use super::{Cell, Page};
use crate::report::text::fill;
use crate::report::{Basis, Citation, Finding};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most citations of one finding that are printed.
pub(super) const MOST_CITATIONS: usize = 200;
/// Columns by which the same person, device or account is known in two sources.
const TIES: [&str; 12] = [
    "account",
    "address",
    "counterpart",
    "device_id",
    "hardware_key",
    "identifier",
    "identity",
    "ip",
    "old_value",
    "new_value",
    "target",
    "value",
];
/// Shorter values say too little to tie two sources.
const SHORTEST_TIE: usize = 7;

/// The citations of a finding in one file.
pub(super) struct Group<'a> {
    /// The first of them: all that is the same for the whole group.
    pub first: &'a Citation,
    /// The citations with their numbers.
    pub citations: Vec<(usize, &'a Citation)>,
}

#[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
impl Page<'_> {
    /// The citations of a finding that are printed.
    pub(super) fn citations<'a>(&self, finding: &'a Finding) -> &'a [Citation] {
        finding.citations.get(..MOST_CITATIONS).unwrap_or(&finding.citations)
    }

    /// The citations that are printed, by file.
    pub(super) fn groups<'a>(&self, finding: &'a Finding) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for (at, citation) in self.citations(finding).iter().enumerate() {
            let numbered = (at.saturating_add(1), citation);
            let same = |group: &&mut Group<'_>| {
                (&group.first.stream, &group.first.artifact, &group.first.fact)
                    == (&citation.stream, &citation.artifact, &citation.fact)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.citations.push(numbered),
                None => groups.push(Group { first: citation, citations: vec![numbered] }),
            }
        }
        groups
    }

    /// The observation in one sentence (field.md B5).
    pub(super) fn stands(&self, citation: &Citation) -> String {
        fill(&self.court.stands, &[("file", &citation.stream), ("digest", &citation.sha256)])
    }

    /// The values of a citation as they stand in the file.
    pub(super) fn raw<'a>(&self, citation: &'a Citation) -> Vec<(&'a str, Cell)> {
        let known = citation.raw.iter().filter(|(_, value)| !value.is_null());
        known.map(|(name, value)| (name.as_str(), Cell { text: self.plain(value).text, moment: None })).collect()
    }

    /// The decoded values of a citation, each with what it was made from when it is a time.
    pub(super) fn decoded<'a>(&self, citation: &'a Citation) -> Vec<(&'a str, Cell, Option<&'a Basis>)> {
        let known = citation.decoded.iter().filter(|(_, value)| !value.is_null());
        known.map(|(name, value)| (name.as_str(), self.plain(value), citation.times.get(name))).collect()
    }

    /// An earlier finding of the same rule, where its question stands.
    pub(super) fn asked_before(&self, finding: &Finding) -> Option<&Finding> {
        self.report.findings.iter().find(|one| one.rule == finding.rule).filter(|one| one.id != finding.id)
    }

    /// What a decoded time was made from, in words.
    pub(super) fn basis(&self, basis: &Basis) -> String {
        let epoch = self.text.name(&basis.epoch);
        if basis.raw == "stream" { self.court.basis_file.clone() } else { format!("{}, {epoch}", basis.raw) }
    }

    /// A JSON value in a cell: text without its quotes, everything else as JSON.
    pub(super) fn plain(&self, value: &Value) -> Cell {
        match value {
            Value::String(text) => self.time(text),
            other => self.time(&other.to_string()),
        }
    }

    /// A value of a column in words, as a cell.
    pub(super) fn worded(&self, column: &str, value: &Value) -> Cell {
        match value {
            Value::String(text) => self.in_words(column, text),
            other => self.plain(other),
        }
    }

    /// What comes before a command, by code.
    pub(super) fn before<'a>(&'a self, code: &'a str) -> &'a str {
        self.court.before.get(code).map_or(code, String::as_str)
    }

    /// The parts that a finding was read from, with the number of citations in each.
    pub(super) fn places<'a>(&self, finding: &'a Finding) -> Vec<(&'a Citation, usize)> {
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

    /// The sources that a finding leans on. Two files of one phone are one source: whoever changed one could change the other.
    pub(super) fn leans_on<'a>(&self, finding: &'a Finding) -> Vec<&'a str> {
        let sources: BTreeSet<&str> = finding.citations.iter().map(|one| one.source.as_str()).collect();
        sources.into_iter().collect()
    }

    /// The same values in findings of other sources: value, then findings with their source.
    pub(super) fn ties(&self, finding: &Finding) -> BTreeMap<String, Vec<(&Finding, String)>> {
        let own: BTreeSet<&str> = finding.citations.iter().map(|one| one.source.as_str()).collect();
        let values: BTreeSet<&str> = finding.citations.iter().flat_map(identifiers).collect();
        let mut ties: BTreeMap<String, Vec<(&Finding, String)>> = BTreeMap::new();
        for other in self.report.findings.iter().filter(|other| other.id != finding.id) {
            for citation in other.citations.iter().filter(|one| !own.contains(one.source.as_str())) {
                for value in identifiers(citation).filter(|value| values.contains(value)) {
                    let others = ties.entry(value.to_owned()).or_default();
                    if !others.iter().any(|(one, source)| one.id == other.id && *source == citation.source) {
                        others.push((other, citation.source.clone()));
                    }
                }
            }
        }
        ties
    }
}

/// The values of a citation by which a person, device or account is known.
fn identifiers(citation: &Citation) -> impl Iterator<Item = &str> {
    TIES.iter()
        .filter_map(|column| citation.decoded.get(*column)?.as_str())
        .filter(|value| value.len() >= SHORTEST_TIE && value.chars().any(|c| c.is_ascii_digit() || c == '@'))
}
