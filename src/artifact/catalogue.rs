//! The catalogue of traces: which traces of a family are known at all, and what became of each: read, read without having been seen
//! on data of others, or not to be had, with the reason. `COVERAGE.md` of a family is made from it.

use super::{Artifact, Artifacts};
use crate::fact::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `artifacts/FAMILY/catalogue.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Which document the rows come from.
    pub catalogue: String,
    /// Its rows, in its order.
    pub row: Vec<Row>,
}

/// One trace of the catalogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// As the catalogue numbers it.
    pub id: String,
    /// What it is, in a few words.
    pub trace: String,
    /// Why no artifact reads it; empty when one does.
    #[serde(default)]
    pub why: String,
}

/// Checks a catalogue against the artifacts of its family.
pub(super) fn check(
    file: &str,
    text: &str,
    catalogue: &Catalogue,
    artifacts: &[&Artifact],
    problems: &mut Vec<Problem>,
) {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &catalogue.row {
        let needle = format!("\"{}\"", row.id);
        let mut say = |message: String| problems.push(Problem::near(file, text, &needle, message));
        if rows.insert(&row.id, 0).is_some() {
            say(format!("row `{}` stands in the catalogue twice", row.id));
        }
        let read = artifacts.iter().any(|a| a.covers.contains(&row.id));
        if !read && row.why.trim().is_empty() {
            say(format!("no artifact covers `{}`, and no `why` says why not", row.id));
        }
        if read && !row.why.is_empty() {
            say(format!("`{}` has a `why`, but an artifact covers it", row.id));
        }
    }
    for artifact in artifacts {
        for row in artifact.covers.iter().filter(|c| !rows.contains_key(c.as_str())) {
            problems.push(Problem::near(&artifact.id, "", "", format!("covers `{row}`, which is not in {file}")));
        }
    }
}

impl Artifacts {
    /// The text of `COVERAGE.md` of a family; `None` when there is no such family or it has no catalogue.
    #[must_use]
    pub fn coverage_page(&self, family: &str) -> Option<String> {
        let catalogue = self.catalogues.get(family)?;
        let title = &self.families.get(family)?.title.en;
        let mut page = format!(
            "# Coverage: {title}\n\nMade by `vrijspoor artifacts coverage {family}` from the data files; do not edit. The rows are those of {}.\n\n\
             *read*: an artifact reads it; *of others* says whether in data that others made, or only in own fixtures after a published parser or \
             description. *experimental*: an artifact reads it, and neither holds; never urgent. *not possible*: with the reason.\n\n",
            catalogue.catalogue
        );
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut table =
            String::from("| row | trace | state | of others | read by, or why not |\n|---|---|---|---|---|\n");
        for row in &catalogue.row {
            let readers: Vec<&Artifact> = self.of(family).filter(|a| a.covers.contains(&row.id)).collect();
            let state = match readers.as_slice() {
                [] => "not possible",
                some if some.iter().all(|a| a.experimental) => "experimental",
                _ => "read",
            };
            *counts.entry(state).or_default() += 1;
            let by: Vec<String> = readers.iter().map(|a| format!("`{}`", a.id)).collect();
            let last = if by.is_empty() { row.why.clone() } else { by.join(", ") };
            let others = if readers.iter().any(|a| !a.tested_on.is_empty()) { "yes" } else { "" };
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let _ =
                writeln!(table, "| {} | {} | {state} | {others} | {} |", cell(&row.id), cell(&row.trace), cell(&last));
        }
        let counts: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
        let _ = writeln!(page, "{} rows: {}.\n\n{table}", catalogue.row.len(), counts.join(", "));
        Some(page.trim_end().to_string() + "\n")
    }
}
