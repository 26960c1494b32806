//! Gives the sources of two audits the same name where they are the same device or account, and keeps other devices apart.

use super::{Remark, Side};
use crate::report::Report;
use std::collections::{BTreeMap, BTreeSet};

/// Sources of the audits get the same name where their hardware is the same. Gives for every audit the sources of the audit before
/// it for which there is another device of the same family in their place.
pub fn name_alike(sides: &mut [Side]) -> Vec<Vec<Remark>> {
    let mut remarks = vec![Vec::new(); sides.len()];
    for (n, remarks) in remarks.iter_mut().enumerate().skip(1) {
        let (before, after) = sides.split_at_mut(n);
        let (Some(old), Some(new)) = (before.last(), after.first_mut()) else { continue };
        let mut names = BTreeMap::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let known = |report: &Report, id: &str| -> BTreeSet<String> {
            report.baseline.hardware.get(id).into_iter().flatten().cloned().collect()
        };
        for source in &new.report.sources {
            let hardware = known(&new.report, &source.id);
            let same = old.report.sources.iter().find(|o| {
                o.family == source.family && !taken.contains(&o.id) && !hardware.is_disjoint(&known(&old.report, &o.id))
            });
            if let Some(same) = same {
                taken.insert(same.id.clone());
                names.insert(source.id.clone(), same.id.clone());
            }
        }
        for source in &new.report.sources {
            if names.contains_key(&source.id) {
                continue;
            }
            let hardware = known(&new.report, &source.id);
            let free = old.report.sources.iter().find(|o| o.family == source.family && !taken.contains(&o.id));
            let Some(free) = free else { continue };
            if hardware.is_empty() || known(&old.report, &free.id).is_empty() {
                // Neither shown to be the same nor to be another: compared, and said.
                taken.insert(free.id.clone());
                names.insert(source.id.clone(), free.id.clone());
                remarks.push(Remark { code: "device-unknown".into(), detail: free.id.clone() });
            } else {
                // Another device: its facts must not meet those of the old one under one name.
                remarks.push(Remark { code: "other-device".into(), detail: free.id.clone() });
                names.insert(source.id.clone(), fresh(&source.id, old, n + 1));
            }
        }
        for source in &new.report.sources {
            let clash = old.report.sources.iter().any(|o| o.id == source.id);
            if !names.contains_key(&source.id) && clash {
                names.insert(source.id.clone(), fresh(&source.id, old, n + 1));
            }
        }
        new.rename_source(&names);
    }
    remarks
}

/// A name that no source of the older audit has.
fn fresh(id: &str, old: &Side, number: usize) -> String {
    let name = format!("{id} ({number})");
    if old.report.sources.iter().any(|o| o.id == name) { format!("{name}*") } else { name }
}
