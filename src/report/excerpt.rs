//! The part of a report that a page is made from. Lists that can be a hundred thousand items long, sessions and the facts for a later
//! comparison, stand whole in `report.json` and `sessions.csv`; a page shows the first of them and says how many there are.

use super::sessions::Session;
use super::{Report, facts, json};
use crate::fact::Packed;
use std::collections::BTreeMap;

/// Classes of sessions, the strangest first.
pub const CLASSES: [&str; 5] =
    ["contradicted", "not_explained", "cannot_tell", "consistent_with_declared", "explained_by_identifier"];

/// Most sessions that a page shows.
const MOST: usize = 200;

/// What an excerpt tells of the report that it is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// SHA-256 of its `report.json`.
    pub sha256: String,
    /// Number of its sessions by class.
    pub sessions: BTreeMap<String, usize>,
}

impl Report {
    /// The report without its long lists. The strangest sessions stay, in order of time. An excerpt of an excerpt is the same.
    ///
    /// # Errors
    /// When the report cannot be written as JSON, which would be an error of this program.
    pub fn excerpt(&self) -> Result<Self, serde_json::Error> {
        let mut excerpt = self.clone();
        if self.whole.is_some() {
            return Ok(excerpt);
        }
        // The digest takes as long as writing the report, so the sessions are gone through beside it.
        let (digest, (first, counts)) = rayon::join(|| json::digest(self), || self.strangest());
        excerpt.sessions = first.into_iter().collect();
        excerpt.baseline.facts = Packed::<facts::Fact>::default();
        excerpt.whole = Some(Whole { sha256: digest?, sessions: counts });
        Ok(excerpt)
    }

    /// The strangest sessions in order of time, and the number of all by class.
    fn strangest(&self) -> (Vec<Session>, BTreeMap<String, usize>) {
        let mut counts = BTreeMap::<String, usize>::new();
        let mut first = Vec::new();
        for (at, session) in self.sessions.iter().enumerate() {
            let count = counts.entry(session.class.clone()).or_default();
            *count += 1;
            if *count <= MOST {
                let rank = CLASSES.iter().position(|class| *class == session.class).unwrap_or(CLASSES.len());
                first.push((rank, at, session));
            }
        }
        first.sort_by_key(|(rank, at, _)| (*rank, *at));
        first.truncate(MOST);
        first.sort_by_key(|(_, at, _)| *at);
        (first.into_iter().map(|(.., session)| session).collect(), counts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::sessions::Session;

    #[test]
    fn an_excerpt_keeps_the_strangest_sessions_and_counts_all() {
        let mut report = sample::report("nl");
        let session =
            |n: usize, class: &str| Session { at: format!("{n:05}"), class: class.into(), ..Session::default() };
        report.sessions = (0..3 * MOST).map(|n| session(n, "explained_by_identifier")).collect();
        report.sessions.push(session(9_999, "contradicted"));
        let excerpt = report.excerpt().unwrap();
        let whole = excerpt.whole.clone().unwrap();
        assert_eq!((whole.sessions["explained_by_identifier"], whole.sessions["contradicted"]), (3 * MOST, 1));
        assert_eq!(excerpt.sessions.len(), MOST);
        assert_eq!(excerpt.sessions.iter().last().unwrap().class, "contradicted");
        assert!(excerpt.sessions.iter().map(|s| s.at).is_sorted() && excerpt.baseline.facts.is_empty());
        assert_eq!(whole.sha256, json::digest(&report).unwrap());
        assert_eq!(json::digest(&excerpt).unwrap(), whole.sha256);
        assert_eq!(excerpt.excerpt().unwrap(), excerpt);
        assert_ne!(json::sha256(&json::bytes(&excerpt).unwrap()), whole.sha256);
    }
}
