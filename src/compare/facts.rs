//! The class of every fact, by its key and its watched values.

use super::classes::Two;
use super::looked::{Age, Looked};
use super::side::{Side, state};
use super::{CLASSES, FactChange};
use crate::report::facts::Fact;
use crate::rule::pseudonym::is_pseudonym;
use std::collections::{BTreeMap, BTreeSet};

impl Two<'_> {
    /// Facts that changed, and how many there are of each class.
    pub(super) fn facts(&self) -> (Vec<FactChange>, BTreeMap<String, u64>) {
        type Known<'f> = BTreeMap<(&'f str, &'f str, &'f str), Vec<&'f Fact>>;
        fn index(side: &Side) -> Known<'_> {
            let mut known = Known::new();
            for fact in side.facts.iter().filter(|f| !f.key.is_empty()) {
                known.entry((&fact.kind, &fact.source, &fact.key)).or_default().push(fact);
            }
            known
        }
        let (old, new) = (index(self.old), index(self.new));
        let looked = |age: Age, fact: &Fact| self.looked(age, &fact.source, &fact.artifact) != Looked::No;
        let (mut out, mut counts) = (Vec::new(), BTreeMap::new());
        let places: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let other_key = self.old.report.baseline.key_check != self.new.report.baseline.key_check;
        for place in places {
            let (then, now) = (old.get(place), new.get(place));
            let some = now.or(then).and_then(|f| f.first()).copied();
            let Some(some) = some else { continue };
            let seen = |age: Age| now.or(then).into_iter().flatten().any(|f| looked(age, f));
            let (class, why) = match (then, now) {
                (Some(a), Some(b)) => {
                    let (a, b) = (self.states(a), self.states(b));
                    // What only one of the two copies tells is no change.
                    let told = |states: &BTreeMap<String, Vec<&Fact>>,
                                other: &BTreeMap<String, Vec<&Fact>>,
                                age: Age| {
                        states.iter().any(|(s, facts)| !other.contains_key(s) && facts.iter().any(|f| looked(age, f)))
                    };
                    let differ = told(&a, &b, Age::New) || told(&b, &a, Age::Old);
                    let share = a.keys().any(|s| b.contains_key(s));
                    if differ {
                        ("changed", "")
                    } else if share {
                        ("unchanged", "")
                    } else {
                        ("not-comparable", "coverage")
                    }
                }
                _ if other_key && some.values.values().any(|v| v.as_str().is_some_and(is_pseudonym)) => {
                    ("not-comparable", "pseudonyms")
                }
                (None, _) if seen(Age::Old) => ("new", ""),
                (None, _) => ("newly-visible", self.unseen(Age::Old, &some.source)),
                (_, None) if seen(Age::New) => ("gone", ""),
                (_, None) => ("not-comparable", self.unseen(Age::New, &some.source)),
            };
            *counts.entry(class.to_string()).or_default() += 1;
            if class != "unchanged" {
                let one = |these, others| self.first_other(these, others);
                out.push(self.fact(class, why, some, one(then, now), one(now, then)));
            }
        }
        let rank = |change: &FactChange| CLASSES.iter().position(|c| *c == change.class);
        out.sort_by_key(|c| (rank(c), c.kind.clone()));
        (out, counts)
    }

    /// Facts by their state.
    fn states<'f>(&self, facts: &[&'f Fact]) -> BTreeMap<String, Vec<&'f Fact>> {
        let mut states: BTreeMap<String, Vec<&Fact>> = BTreeMap::new();
        for fact in facts {
            if let Some(state) = state(fact, self.artifacts) {
                states.entry(state).or_default().push(fact);
            }
        }
        states
    }

    /// The first fact whose state the others do not have; else the first.
    fn first_other<'f>(&self, these: Option<&Vec<&'f Fact>>, others: Option<&Vec<&Fact>>) -> Option<&'f Fact> {
        let others = others.map(|o| self.states(o)).unwrap_or_default();
        let other = |f: &&Fact| state(f, self.artifacts).is_some_and(|s| !others.contains_key(&s));
        these.and_then(|t| t.iter().copied().find(other).or(t.first().copied()))
    }

    fn fact(&self, class: &str, why: &str, some: &Fact, old: Option<&Fact>, new: Option<&Fact>) -> FactChange {
        let kind = self.artifacts.vocabulary.kinds.get(&some.kind);
        let columns = |list: fn(&crate::fact::FactKind) -> &Vec<String>| kind.map(list).cloned().unwrap_or_default();
        let show = |fact: &Fact, column: &str| match fact.values.get(column)? {
            serde_json::Value::String(text) => Some(text.clone()).filter(|t| !t.is_empty()),
            other => Some(other.to_string()),
        };
        let (mut then, mut now) = (BTreeMap::new(), BTreeMap::new());
        for column in columns(|k| &k.watch) {
            let (a, b) = (old.and_then(|f| show(f, &column)), new.and_then(|f| show(f, &column)));
            if a != b || old.is_none() || new.is_none() {
                a.and_then(|a| then.insert(column.clone(), a));
                b.and_then(|b| now.insert(column.clone(), b));
            }
        }
        let identity = columns(|k| &k.same_by).into_iter().filter_map(|c| Some((c.clone(), show(some, &c)?)));
        FactChange {
            class: class.into(),
            why: why.into(),
            kind: some.kind.clone(),
            source: some.source.clone(),
            artifact: some.artifact.clone(),
            identity: identity.collect(),
            old: then,
            new: now,
        }
    }
}
