//! What was looked at in an audit. Nothing is new or gone in what only one of two audits read.

use super::Side;
use std::collections::BTreeMap;

/// One of the two audits of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// The older one.
    Old,
    /// The newer one.
    New,
}

/// How an artifact was looked at in a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Its stream was read.
    Read,
    /// Its stream is not in the copy, and the copy lists everything.
    NotThere,
    /// It was not looked at.
    No,
}

/// How every source and artifact was looked at.
pub(super) type Looks<'a> = BTreeMap<(&'a str, &'a str), Looked>;

/// How an audit looked, held against the copies of another.
pub(super) fn looks<'a>(side: &'a Side, other: &Side) -> Looks<'a> {
    let list = |s: &Side, id: &str| s.report.sources.iter().find(|x| x.id == id).map(|x| (x.lists_all, x.encrypted));
    let mut looks = Looks::new();
    for coverage in &side.report.coverage {
        let looked = match coverage.outcome.as_str() {
            "read" | "empty" => Looked::Read,
            "absent" => match (list(side, &coverage.source), list(other, &coverage.source)) {
                // What a copy without encryption leaves out is not absent from the phone.
                (Some((true, encrypted)), Some((_, other))) if encrypted || !other => Looked::NotThere,
                _ => Looked::No,
            },
            _ => Looked::No,
        };
        looks.entry((&coverage.source, &coverage.artifact)).or_insert(looked);
    }
    looks
}
