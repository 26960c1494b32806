//! The small form of an audit, for keeping when the copies and the report themselves must be destroyed: facts, outcomes and coverage,
//! with pseudonyms in place of all other people and without citations, raw values and texts.

use super::side::{People, hardware, hash_hardware, hide, hide_hardware};
use crate::artifact::Artifacts;
use crate::audit::keep::OTHERS;
use crate::report::facts::Fact;
use crate::report::{Case, FindingText, Report, Texts, Words};
use crate::rule::pseudonym::Key;
use crate::rule::{Rules, identity};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the layout of a baseline.
pub const SCHEMA: &str = "vrijspoor/baseline/1";

/// Whether bytes are those of a small form.
#[must_use]
pub fn is_one(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    serde_json::from_slice::<Head>(bytes).is_ok_and(|head| head.schema == SCHEMA)
}

/// Makes the small form of a report.
#[must_use]
pub fn reduce(report: &Report, key: &Key, origin: &str, artifacts: &Artifacts, rules: &Rules) -> Report {
    let mut small = report.clone();
    small.schema = SCHEMA.into();
    // How rules are tested is about the program, not about this person.
    small.validation.clear();
    small.case = Case {
        id: if origin == "case-id" { report.case.id.clone() } else { String::new() },
        age_band: report.case.age_band.clone(),
        living: report.case.living.clone(),
        ..Case::default()
    };
    let declared = &report.baseline.declared;
    let people = People::of(declared, key);
    let mut open: BTreeSet<String> = declared
        .iter()
        .filter(|d| OTHERS.contains(&d.role.as_str()))
        .flat_map(|d| [d.value.clone(), d.label.clone()])
        .filter(|t| !t.is_empty())
        .collect();
    for fact in &report.baseline.facts {
        let Some(kind) = artifacts.vocabulary.kinds.get(&fact.kind) else { continue };
        let people = fact.values.iter().filter(|(column, _)| kind.column(column).is_some_and(|c| c.person));
        open.extend(people.filter_map(|(_, value)| value.as_str().map(str::to_string)));
    }
    small.baseline.pseudonyms = origin.into();
    small.baseline.key_check = key.check();
    for person in &mut small.baseline.declared {
        if OTHERS.contains(&person.role.as_str()) {
            person.value = key.pseudonym(&person.value);
            if !person.label.is_empty() {
                person.label = key.pseudonym(&person.label);
            }
        }
    }
    let mut facts: Vec<Fact> = report.baseline.facts.iter().collect();
    for fact in &mut facts {
        // A fact may have stood open in the report; its key never hangs on that, nor on the hash of hardware.
        hide(fact, artifacts, key, &people);
    }
    let devices = hardware(&report.baseline.facts.iter().collect::<Vec<_>>());
    hide_hardware(&mut facts, &mut small.baseline.declared, &devices, key);
    let known: BTreeSet<String> = open.iter().flat_map(|o| identity::forms(o)).collect();
    // What stands open in a fact that names nobody stands open in the group too, so that the two are found together.
    let plain: BTreeSet<String> =
        facts.iter().flat_map(|f| f.values.values().filter_map(|v| v.as_str().map(str::to_string))).collect();
    small.baseline.facts = facts.into_iter().collect();
    for finding in &mut small.findings {
        for value in &mut finding.group {
            if devices.contains(&value.to_lowercase()) {
                *value = hash_hardware(key, value);
            } else if !plain.contains(value) {
                let whole = identity::forms(value).iter().any(|f| known.contains(f));
                let hidden = if whole { Some(people.whole(value, key)) } else { people.hide(value, key) };
                if let Some(hidden) = hidden {
                    *value = hidden;
                }
            }
        }
        let rule = rules.list.iter().find(|r| r.id == finding.rule);
        let Words { nl, en } = rule.map(crate::rule::Rule::plain_title).unwrap_or_default();
        let title = |title: String| FindingText { title, ..FindingText::default() };
        finding.texts = Texts { nl: title(nl), en: title(en), nl_easy: finding.texts.nl_easy.clone() };
        finding.citations.clear();
        finding.rows.clear();
        finding.params = BTreeMap::new();
        finding.detect.clear();
        finding.views.clear();
    }
    small.views.clear();
    for evidence in &mut small.evidence {
        evidence.name.clear();
        evidence.remarks.iter_mut().for_each(|r| {
            r.container.clear();
            r.detail.clear();
        });
    }
    small.sources.iter_mut().for_each(|s| {
        s.containers.clear();
        s.never.clear();
    });
    small.preserve.clear();
    small.sessions.clear();
    small.chains.clear();
    small.persons = crate::report::persons::Persons::default();
    small.device.clear();
    small.preserve.clear();
    small.sessions.clear();
    small.chains.clear();
    small.checklist.clear();
    small.contacts.clear();
    small.gaps.clear();
    small.outcomes.iter_mut().for_each(|o| {
        o.examined.clear();
        o.missing.clear();
    });
    small.coverage.iter_mut().for_each(|c| c.streams.clear());
    small
}
