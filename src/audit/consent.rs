//! What the consent left closed: which streams would have been read, and what the ledger says was done with them.

use super::source::{Source, streams};
use crate::artifact::Artifacts;
use crate::artifact::load::in_scope;
use crate::evidence::ledger::Ledger;
use crate::report::{Closed, Coverage};
use std::collections::BTreeSet;

/// Writes beside every artifact outside the consent what became of the streams that only artifacts outside it want.
pub fn note(
    coverage: &mut [Coverage],
    sources: &[Source<'_>],
    artifacts: &Artifacts,
    scope: &[String],
    ledger: &Ledger,
) {
    for source in sources {
        let list = || artifacts.of(&source.family.id);
        let open: BTreeSet<(usize, usize)> = list()
            .filter(|artifact| in_scope(&artifact.scope, scope))
            .flat_map(|artifact| streams(source, artifact))
            .copied()
            .collect();
        for one in coverage.iter_mut().filter(|one| one.source == source.id && one.outcome == "out-of-scope") {
            let Some(artifact) = list().find(|artifact| artifact.id == one.artifact) else { continue };
            let mut closed = Closed::default();
            for at in streams(source, artifact) {
                let touch = ledger.of(*at);
                if open.contains(at) {
                    closed.shared += 1;
                } else {
                    closed.streams += 1;
                    closed.looked_at += u64::from(touch.looked_at);
                    closed.read += u64::from(touch.read);
                }
            }
            one.closed = Some(closed);
        }
    }
}
