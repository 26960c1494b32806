//! The periodic check: compares audits of one person. What changed in the copies and what changed because the rules look better now
//! are never mixed: the facts of every audit are judged again by the same rules. Nothing counts as gone because it was not read.

mod alike;
pub mod baseline;
pub mod classes;
mod facts;
pub mod half;
mod looked;
pub mod page;
pub mod recheck;
pub mod sealed;
pub mod side;

pub use classes::compare;
pub use side::Side;

use crate::report::{IndicatorList, Tool, Words};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the layout of `comparison.json`.
pub const SCHEMA: &str = "vrijspoor/comparison/1";

/// The classes of a change, in the order of the page.
pub const CLASSES: [&str; 6] = ["new", "gone", "changed", "newly-visible", "not-comparable", "unchanged"];

/// A comparison of two or more audits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Which tool made it.
    pub tool: Tool,
    /// SHA-256 over the rule files that judged all audits again.
    pub rules_sha256: String,
    /// The lists of others that all audits were judged with again.
    pub lists: Vec<List>,
    /// Language of the page.
    pub lang: String,
    /// Zone in which times are shown beside UTC.
    pub zone: String,
    /// The audits, oldest first as given.
    pub audits: Vec<Audit>,
    /// Every audit against the one before it.
    pub pairs: Vec<Pair>,
    /// Over all audits: which finding was there when.
    pub timeline: Vec<Line>,
    /// When to look again (date), by the findings of the last audit.
    pub recheck: Option<String>,
}

/// A list of indicators that somebody else published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct List {
    /// Its name.
    pub name: String,
    /// Name of its file.
    pub file: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

impl List {
    /// Those that were given beside the built-in ones.
    #[must_use]
    pub fn given(lists: &[IndicatorList]) -> Vec<Self> {
        let one = |l: &IndicatorList| Self { name: l.name.clone(), file: l.file.clone(), sha256: l.sha256.clone() };
        lists.iter().filter(|l| l.imported).map(one).collect()
    }
}

/// One audit that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// `1`, `2` …
    pub number: usize,
    /// `report` or `baseline`.
    pub form: String,
    /// SHA-256 of the file that was read.
    pub sha256: String,
    /// A list beside it held this digest.
    pub listed: bool,
    /// Fingerprint of the key that signed it; none when it is not signed.
    pub signer: Option<String>,
    /// Its reference time.
    pub as_of: Option<String>,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// SHA-256 over the rule files it was made with.
    pub rules_sha256: String,
    /// The lists of others that it used.
    pub lists: Vec<List>,
    /// Its sources, with their names for people.
    pub sources: BTreeMap<String, Words>,
}

/// What changed between two audits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Number of the older audit.
    pub old: usize,
    /// Number of the newer audit.
    pub new: usize,
    /// What a reader must know first: another device, a clock that went back, other rules.
    pub remarks: Vec<Remark>,
    /// What was looked at in one audit and not in the other.
    pub coverage: Vec<CoverageChange>,
    /// Findings by class.
    pub findings: Vec<FindingChange>,
    /// Facts by class; unchanged ones are only counted.
    pub facts: Vec<FactChange>,
    /// Number of facts by class.
    pub fact_counts: BTreeMap<String, u64>,
    /// Rules that could not be asked of one of the two.
    pub failed: Vec<String>,
}

/// Something to know about the pair as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    /// Stable code; the text file has the words.
    pub code: String,
    /// Particulars.
    pub detail: String,
}

/// A part that was looked at in one audit and not in the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageChange {
    /// Which source.
    pub source: String,
    /// Which artifact.
    pub artifact: String,
    /// Its title.
    pub title: Words,
    /// Outcome in the older audit; `no-source` when the source was not there.
    pub old: String,
    /// Outcome in the newer audit.
    pub new: String,
}

/// A finding and its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingChange {
    /// One of [`CLASSES`].
    pub class: String,
    /// Why. For what is newly visible: `source` (a part not read then), `no-copy-before`, `context`, `part`, `rule`, `declared`, `lists`,
    /// `several` of these three, `not-answered`, `kept`. For what cannot be compared: `coverage` (a part not read now), `no-copy-now`,
    /// `pseudonyms`, and those after `no-copy-before`. For what is unchanged as far as it was kept and read: `part`, `kept`.
    pub why: String,
    /// Artifacts that were not looked at on the other side.
    pub unread: Vec<String>,
    /// The file in which it would stand was not in the other copy, although that copy lists everything.
    pub file_absent: bool,
    /// Facts behind it that the older audit does not have although it looked, where both have the finding.
    pub added: usize,
    /// Facts behind it that the newer audit does not have although it looked, where both have the finding.
    pub removed: usize,
    /// Which rule.
    pub rule: String,
    /// Its concern.
    pub category: String,
    /// Urgency now, or then for what is gone.
    pub urgency: String,
    /// Urgency then, where it differs.
    pub urgency_before: String,
    /// Number in the older report, empty where it has none.
    pub old_id: String,
    /// Number in the newer report.
    pub new_id: String,
    /// One line for people.
    pub title: Words,
    /// The observation, as the report that has it words it.
    pub shows: Words,
    /// One line for people with low literacy.
    pub easy: String,
    /// A step that was ticked as done: `confirmed` when the finding is gone, `failed` when it is still there, `unknown` when that
    /// cannot be seen, else empty.
    pub expected: String,
}

/// A fact and its class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactChange {
    /// One of [`CLASSES`].
    pub class: String,
    /// As in [`FindingChange`].
    pub why: String,
    /// Kind of fact.
    pub kind: String,
    /// Which source.
    pub source: String,
    /// Which artifact.
    pub artifact: String,
    /// The values by which it is known again.
    pub identity: BTreeMap<String, String>,
    /// Watched values then, where they differ.
    pub old: BTreeMap<String, String>,
    /// Watched values now, where they differ.
    pub new: BTreeMap<String, String>,
}

/// One finding over all audits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which rule.
    pub rule: String,
    /// One line for people.
    pub title: Words,
    /// For every audit: `found`, `not-found` or `not-evaluated`.
    pub seen: Vec<String>,
}

/// Why audits cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder is no report and no baseline.
    #[error("{0}")]
    NotAReport(String),
    /// The report was made by a version that kept no facts.
    #[error("{0} keeps no facts: it was made by an older version")]
    NoFacts(String),
    /// The pseudonyms need the key file of the case.
    #[error("{0} was made with a key file; give it with --case-key")]
    KeyNeeded(String),
    /// The key file is not the one that was used.
    #[error("{0} was made with another key file")]
    KeyWrong(String),
    /// The file is not what its digest or signature says.
    #[error("{0} was changed after it was made or signed")]
    Changed(String),
    /// A data file is wrong.
    #[error("{0}")]
    Data(#[from] crate::fact::Problems),
    /// The fact store failed.
    #[error("the fact store failed: {0}")]
    Store(#[from] rusqlite::Error),
}

impl Error {
    /// Stable code; the texts for people hang on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAReport(_) => "not-a-report",
            Self::NoFacts(_) => "no-facts",
            Self::KeyNeeded(_) => "case-key-needed",
            Self::KeyWrong(_) => "case-key-wrong",
            Self::Changed(_) => "report-changed",
            Self::Data(_) => "data-files",
            Self::Store(_) => "internal",
        }
    }
}
