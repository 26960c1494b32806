//! One audit that takes part in a comparison: its report or baseline, with pseudonyms in place of all other people, judged again by
//! the rules of today.

use super::sealed::{self, Seal};
use super::{Error, baseline};
use crate::artifact::Artifacts;
use crate::audit::assemble::{Looked, experimental};
use crate::audit::keep::{self, OTHERS, Pseudonyms};
use crate::audit::{Beside, fill};
use crate::fact::{NewFact, Store};
use crate::report::facts::{Declared, Fact};
use crate::report::{Finding, Report};
use crate::rule::pseudonym::{Key, Names};
use crate::rule::{self, Rules, Urgency, identity};
use rusqlite::types::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// A rule and the values of its group.
pub type Group = (String, Vec<String>);

/// What stands behind a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hit {
    /// Strongest urgency of its rows.
    pub urgency: String,
    /// Sources and artifacts that it leans on.
    pub leans_on: BTreeSet<(String, String)>,
    /// Keys and watched values of the facts it leans on, each with the sources and artifacts that tell it.
    pub facts: BTreeMap<String, BTreeSet<(String, String)>>,
}

/// What today's rules make of an audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// What stands behind every finding.
    pub hits: BTreeMap<Group, Hit>,
    /// The outcome of every rule.
    pub outcomes: BTreeMap<String, String>,
    /// Views and rules that could not be answered.
    pub failures: BTreeSet<String>,
}

/// What the facts are held against beside the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Declared people and things, other people as pseudonyms.
    pub declared: Vec<Declared>,
    /// Where she lives.
    pub living: String,
    /// Her age.
    pub age_band: String,
}

/// An audit.
pub struct Side {
    /// Its report.
    pub report: Report,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What vouches for that file.
    pub seal: Seal,
    /// The facts with pseudonyms in place of all other people.
    pub facts: Vec<Fact>,
    /// Declared people, as pseudonyms.
    pub declared: Vec<Declared>,
    key: Key,
    /// What stands in place of values that are open in the report, by their pseudonym.
    open: BTreeMap<String, String>,
    /// Identifiers of hardware that stand hashed here.
    hashed: BTreeSet<String>,
}

impl Side {
    /// Reads a bag, a `report.json` or a baseline.
    ///
    /// # Errors
    /// When it is none of these, was changed, keeps no facts, or its pseudonyms need a key file that is not there.
    pub fn read(path: &Path, key_file: Option<&[u8]>, artifacts: &Artifacts) -> Result<Self, Error> {
        let name = path.display().to_string();
        let file = if path.is_dir() { path.join("data/report.json") } else { path.to_path_buf() };
        let bytes = std::fs::read(&file).map_err(|e| Error::NotAReport(format!("{name}: {e}")))?;
        let report: Report = serde_json::from_slice(&bytes).map_err(|e| Error::NotAReport(format!("{name}: {e}")))?;
        if report.schema != crate::report::SCHEMA && report.schema != baseline::SCHEMA {
            return Err(Error::NotAReport(format!("{name}: {}", report.schema)));
        }
        if report.baseline.key_check.is_empty() {
            return Err(Error::NoFacts(name));
        }
        let needs_file = report.baseline.pseudonyms == "key-file";
        if needs_file && key_file.is_none() {
            return Err(Error::KeyNeeded(name));
        }
        let key = Pseudonyms::new(key_file.filter(|_| needs_file), &report.case.id).key;
        if key.check() != report.baseline.key_check {
            return Err(Error::KeyWrong(name));
        }
        let seal = match (path.is_dir(), report.schema == baseline::SCHEMA) {
            (true, _) => sealed::check_bag(path, &bytes)?,
            (false, true) => sealed::check(path, &bytes)?,
            (false, false) => Seal::default(),
        };
        let sha256 = crate::report::json::sha256(&bytes);
        Ok(Self { seal, ..Self::new(report, sha256, key, artifacts) })
    }

    /// Takes a report and puts pseudonyms in place of all other people.
    #[must_use]
    pub fn new(report: Report, sha256: String, key: Key, artifacts: &Artifacts) -> Self {
        let mut side = Self {
            facts: Vec::new(),
            declared: Vec::new(),
            open: BTreeMap::new(),
            hashed: BTreeSet::new(),
            seal: Seal::default(),
            report,
            sha256,
            key,
        };
        let people = side.people();
        side.facts = std::mem::take(&mut side.report.baseline.facts).iter().collect();
        side.hide_people(&people, artifacts);
        side.declared = side.report.baseline.declared.iter().map(|d| side.hide_declared(d)).collect();
        for d in &side.report.baseline.declared {
            if OTHERS.contains(&d.role.as_str()) {
                for text in [&d.value, &d.label] {
                    let pseudonym = side.key.pseudonym(text);
                    side.open.entry(pseudonym.clone()).or_insert(pseudonym);
                }
            }
        }
        side
    }

    /// The declared people other than the owner.
    #[must_use]
    pub fn people(&self) -> People {
        People::of(&self.report.baseline.declared, &self.key)
    }

    /// Whether two audits have the same pseudonyms.
    #[must_use]
    pub fn same_key(&self, other: &Self) -> bool {
        self.report.baseline.key_check == other.report.baseline.key_check
    }

    /// Puts pseudonyms in place of people in all facts. The people may be those of another audit with the same key.
    pub fn hide_people(&mut self, people: &People, artifacts: &Artifacts) {
        for fact in &mut self.facts {
            let before = fact.values.clone();
            hide(fact, artifacts, &self.key, people);
            for (column, value) in &fact.values {
                let (Some(old), Some(new)) = (before.get(column).and_then(|v| v.as_str()), value.as_str()) else {
                    continue;
                };
                if old != new {
                    self.open.insert(self.key.pseudonym(old), new.to_string());
                }
            }
        }
    }

    fn hide_declared(&self, declared: &Declared) -> Declared {
        let mut declared = declared.clone();
        if OTHERS.contains(&declared.role.as_str()) {
            declared.value = self.key.pseudonym(&declared.value);
            if !declared.label.is_empty() {
                declared.label = self.key.pseudonym(&declared.label);
            }
        }
        declared
    }

    /// The group of a finding of the report, in the form in which groups are compared.
    #[must_use]
    pub fn group_of(&self, finding: &Finding, hits: &BTreeMap<Group, Hit>) -> Group {
        // A value that names a person in one fact may stand open in another that names none.
        let plain = (finding.rule.clone(), finding.group.clone());
        if hits.contains_key(&plain) {
            return plain;
        }
        let hide = |value: &String| {
            if self.hashed.contains(&value.to_lowercase()) {
                return hash_hardware(&self.key, value);
            }
            self.open.get(&self.key.pseudonym(value)).unwrap_or(value).clone()
        };
        (finding.rule.clone(), finding.group.iter().map(hide).collect())
    }

    /// Hashes the identifiers of hardware, as a baseline does: both sides of a comparison must have the same form.
    pub fn hide_hardware(&mut self) {
        self.hashed = hardware(&self.facts);
        hide_hardware(&mut self.facts, &mut self.declared, &self.hashed, &self.key);
    }

    /// Gives a source another name, everywhere.
    pub fn rename_source(&mut self, names: &BTreeMap<String, String>) {
        let rename = |id: &mut String| {
            if let Some(new) = names.get(id.as_str()) {
                id.clone_from(new);
            }
        };
        self.facts.iter_mut().for_each(|f| rename(&mut f.source));
        self.report.sources.iter_mut().for_each(|s| rename(&mut s.id));
        self.report.coverage.iter_mut().for_each(|c| rename(&mut c.source));
        for finding in &mut self.report.findings {
            finding.group.iter_mut().for_each(rename);
        }
        let hardware = std::mem::take(&mut self.report.baseline.hardware);
        self.report.baseline.hardware = hardware
            .into_iter()
            .map(|(mut id, values)| {
                rename(&mut id);
                (id, values)
            })
            .collect();
    }

    /// What was declared, as pseudonyms.
    #[must_use]
    pub fn asked(&self) -> Asked {
        let case = &self.report.case;
        Asked { declared: self.declared.clone(), living: case.living.clone(), age_band: case.age_band.clone() }
    }

    /// Judges the facts by today's rules and what is declared today.
    ///
    /// # Errors
    /// When the store fails.
    pub fn judge(&self, artifacts: &Artifacts, rules: &Rules, asked: &Asked) -> Result<Judged, Error> {
        let mut store = Store::new(&artifacts.vocabulary)?;
        let stream = store.add_stream("", "")?;
        let mut facts = Vec::new();
        for fact in &self.facts {
            if !artifacts.vocabulary.kinds.contains_key(&fact.kind) {
                continue;
            }
            let values = fact.values.iter().map(|(column, value)| (column.clone(), sql_value(value))).collect();
            let new = NewFact { kind: fact.kind.clone(), values, locator: String::new(), raw: String::new() };
            store.add(&[new], &fact.source, &fact.artifact, stream)?;
            facts.push(fact);
        }
        let text = |t: &str| Value::Text(t.to_string());
        let people = asked.declared.iter().map(|d| vec![text(&d.role), text(&d.kind), text(&d.value), text(&d.label)]);
        let beside = Beside {
            people: people.collect(),
            coverage: &self.report.coverage,
            as_of: self.report.options.as_of.clone(),
            living: &asked.living,
            age_band: &asked.age_band,
        };
        fill(&mut store, rules, beside)?;
        let answers = rule::judge_all(store, rules, || Ok::<(), Error>(()))?;
        let sources: Vec<(&str, &str)> =
            self.report.sources.iter().map(|s| (s.id.as_str(), s.family.as_str())).collect();
        let looked = Looked { artifacts, sources: &sources, coverage: &self.report.coverage };
        let mut judged =
            Judged { failures: answers.failures.into_iter().map(|(id, _)| id).collect(), ..Judged::default() };
        for rule in &rules.list {
            let Some(judgement) = answers.judgements.get(rule.id.as_str()) else { continue };
            judged.outcomes.insert(rule.id.clone(), looked.outcome(rule, judgement).outcome);
            for (group, matches) in &judgement.groups {
                let mut hit = Hit::default();
                let urgency = matches.iter().map(|m| m.urgency.unwrap_or(rule.urgency)).min().unwrap_or(rule.urgency);
                for ev in matches.iter().flat_map(|m| &m.facts) {
                    let index = usize::try_from(*ev - 1).ok();
                    let Some(fact) = index.and_then(|i| facts.get(i)) else { continue };
                    let place = (fact.source.clone(), fact.artifact.clone());
                    if let Some(state) = state(fact, artifacts) {
                        hit.facts.entry(state).or_default().insert(place.clone());
                    }
                    hit.leans_on.insert(place);
                }
                let ids = hit.leans_on.iter().map(|(_, artifact)| artifact.as_str());
                let urgency = if experimental(rule, ids, artifacts) { urgency.max(Urgency::Later) } else { urgency };
                hit.urgency = urgency.name().into();
                judged.hits.insert((rule.id.clone(), group.clone()), hit);
            }
        }
        Ok(judged)
    }
}

/// Declared people other than the owner.
pub struct People {
    /// Their values, in the form in which values are compared.
    values: BTreeSet<String>,
    /// Their names, to be known inside longer ones.
    names: Names,
}

impl People {
    /// Those among the declared whose values stand open.
    #[must_use]
    pub fn of(declared: &[Declared], key: &Key) -> Self {
        let others = declared.iter().filter(|d| OTHERS.contains(&d.role.as_str()));
        Self {
            values: others.map(|d| d.value.clone()).filter(|v| !v.is_empty()).collect(),
            names: keep::names(declared, key),
        }
    }

    /// What stands in place of a text: a pseudonym for a declared value, pseudonyms for the declared names in a longer text.
    #[must_use]
    pub fn hide(&self, text: &str, key: &Key) -> Option<String> {
        let declared = identity::forms(text).iter().any(|form| self.values.contains(form));
        if declared { Some(self.whole(text, key)) } else { self.names.mask(text) }
    }

    /// What stands in place of a text that names a person.
    #[must_use]
    pub fn whole(&self, text: &str, key: &Key) -> String {
        self.names.whole(text, key)
    }
}

/// Puts pseudonyms in place of other people: in the columns that name one, and wherever a declared person stands.
pub fn hide(fact: &mut Fact, artifacts: &Artifacts, key: &Key, people: &People) {
    keep::hide(fact, &artifacts.vocabulary, key, &people.names);
    for value in fact.values.values_mut() {
        if let Some(hidden) = value.as_str().and_then(|text| people.hide(text, key)) {
            *value = hidden.into();
        }
    }
}

/// Columns that hold an identifier of hardware: a baseline knows them by their hash only.
const HARDWARE: [&str; 5] = ["serial", "imei", "iccid", "hardware_id", "device_id"];

/// All identifiers of hardware in the facts, in lower case, except those that are hashed already.
#[must_use]
pub fn hardware(facts: &[Fact]) -> BTreeSet<String> {
    let values = facts.iter().flat_map(|f| HARDWARE.iter().filter_map(|c| f.values.get(*c)?.as_str()));
    values.filter(|v| v.len() > 5 && !rule::pseudonym::is_pseudonym(v)).map(str::to_lowercase).collect()
}

/// Puts hashes in place of identifiers of hardware, wherever they stand: the same thing is the same text throughout the case.
pub fn hide_hardware(facts: &mut [Fact], declared: &mut [Declared], known: &BTreeSet<String>, key: &Key) {
    for fact in facts {
        for value in fact.values.values_mut() {
            if let Some(text) = value.as_str()
                && known.contains(&text.to_lowercase())
            {
                *value = hash_hardware(key, text).into();
            }
        }
    }
    for declared in declared {
        for text in [&mut declared.value, &mut declared.label] {
            if known.contains(&text.to_lowercase()) {
                *text = hash_hardware(key, text);
            }
        }
    }
}

/// The hash of one identifier.
#[must_use]
pub fn hash_hardware(key: &Key, text: &str) -> String {
    key.pseudonym(&format!("hardware {text}"))
}

/// Source, key and watched values of a fact, in one text. `None` where facts of the kind are not compared.
#[must_use]
pub fn state(fact: &Fact, artifacts: &Artifacts) -> Option<String> {
    if fact.key.is_empty() {
        return None;
    }
    let watch = artifacts.vocabulary.kinds.get(&fact.kind).map(|k| k.watch.as_slice()).unwrap_or_default();
    let mut text = format!("{} {} {}", fact.source, fact.kind, fact.key);
    for column in watch {
        let value = fact.values.get(column).map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, " {column}={value}");
    }
    Some(text)
}

fn sql_value(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Bool(b) => Value::Integer(i64::from(*b)),
        serde_json::Value::Number(n) => {
            n.as_i64().map_or_else(|| n.as_f64().map_or(Value::Null, Value::Real), Value::Integer)
        }
        _ => Value::Null,
    }
}
