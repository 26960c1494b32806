//! Puts two audits beside each other and gives every finding and every fact its class. The order of questions is the safety of the
//! answer: first whether it is the same device, then whether both copies were looked at, and only then what changed.

use super::side::{Group, Hit, Judged, Side, state};
use super::{Audit, Comparison, CoverageChange, Error, FactChange, FindingChange, Line, Pair, Remark, SCHEMA};
use crate::artifact::Artifacts;
use crate::report::facts::Fact;
use crate::report::{Finding, Report, Tool, Words};
use crate::rule::Rules;
use crate::rule::pseudonym::is_pseudonym;
use std::collections::{BTreeMap, BTreeSet};

/// Compares audits, oldest first.
///
/// # Errors
/// When the store fails.
pub fn compare(
    sides: &mut [Side],
    artifacts: &Artifacts,
    rules: &Rules,
    lang: &str,
    zone: &str,
) -> Result<Comparison, Error> {
    let unmatched = name_alike(sides);
    if sides.iter().any(|s| s.report.schema == super::baseline::SCHEMA) {
        sides.iter_mut().for_each(Side::hide_hardware);
    }
    // The newest declarations are put to all audits: a person who is declared today is looked for in the old facts too.
    let declared = sides.last().map(|s| s.declared.clone()).unwrap_or_default();
    let mut judged = Vec::new();
    for side in &*sides {
        judged.push(side.judge(artifacts, rules, &declared)?);
    }
    let mut pairs = Vec::new();
    for (n, two) in sides.windows(2).enumerate() {
        let [old, new] = two else { continue };
        let all = |side: &Side| side.facts.iter().filter_map(|f| state(f, artifacts)).collect();
        let (old_states, new_states) = (all(old), all(new));
        let (old_hits, new_hits) = (&judged[n].hits, &judged[n + 1].hits);
        let failures: BTreeSet<&String> = judged[n].failures.union(&judged[n + 1].failures).collect();
        let failed = failures.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let pair = Two { old, new, artifacts, rules, old_hits, new_hits, old_states, new_states, failed };
        pairs.push(pair.compare(n + 1, unmatched.get(n + 1).cloned().unwrap_or_default()));
    }
    let title =
        |rule: &str| rules.list.iter().find(|r| r.id == rule).map(crate::rule::Rule::plain_title).unwrap_or_default();
    let ever: BTreeSet<&String> = judged.iter().flat_map(|j| j.hits.keys().map(|(rule, _)| rule)).collect();
    let timeline = ever
        .into_iter()
        .map(|rule| {
            let seen = |judged: &Judged| {
                let found = judged.hits.keys().any(|(r, _)| r == rule);
                if found { "found".into() } else { judged.outcomes.get(rule).cloned().unwrap_or_default() }
            };
            Line { rule: rule.clone(), title: title(rule), seen: judged.iter().map(seen).collect() }
        })
        .collect();
    Ok(Comparison {
        schema: SCHEMA.into(),
        tool: Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
        rules_sha256: rules.sha256.clone(),
        lang: lang.into(),
        zone: zone.into(),
        audits: sides.iter().enumerate().map(|(n, side)| describe(n + 1, side)).collect(),
        pairs,
        timeline,
        recheck: sides.last().and_then(|s| super::recheck::date(&s.report)),
    })
}

fn describe(number: usize, side: &Side) -> Audit {
    let report = &side.report;
    Audit {
        number,
        form: if report.schema == crate::report::SCHEMA { "report" } else { "baseline" }.into(),
        sha256: side.sha256.clone(),
        as_of: report.options.as_of.clone(),
        tool_version: report.tool.version.clone(),
        rules_sha256: report.ruleset.rules_sha256.clone(),
        sources: report.sources.iter().map(|s| (s.id.clone(), s.title.clone())).collect(),
    }
}

/// Sources of the audits get the same name where their hardware is the same. Gives for every audit the sources of the audit before
/// it for which there is another device of the same family in their place.
fn name_alike(sides: &mut [Side]) -> Vec<Vec<Remark>> {
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

struct Two<'a> {
    old: &'a Side,
    new: &'a Side,
    artifacts: &'a Artifacts,
    rules: &'a Rules,
    old_hits: &'a BTreeMap<Group, Hit>,
    new_hits: &'a BTreeMap<Group, Hit>,
    old_states: BTreeSet<String>,
    new_states: BTreeSet<String>,
    /// Questions that could not be answered on one of the two.
    failed: String,
}

/// How an artifact was looked at in a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// Its stream was read.
    Read,
    /// Its stream is not in the copy, and the copy lists everything.
    NotThere,
    /// It was not looked at.
    No,
}

impl Two<'_> {
    fn compare(&self, number: usize, mut remarks: Vec<Remark>) -> Pair {
        remarks.extend(self.remarks());
        remarks.sort();
        remarks.dedup();
        let (facts, fact_counts) = self.facts();
        Pair {
            old: number,
            new: number + 1,
            remarks,
            coverage: self.coverage(),
            findings: self.findings(),
            facts,
            fact_counts,
        }
    }

    fn remarks(&self) -> Vec<Remark> {
        let mut out = Vec::new();
        let mut say = |code: &str, detail: String| out.push(Remark { code: code.into(), detail });
        let (old, new) = (&self.old.report, &self.new.report);
        let lists = |ruleset: &crate::report::Ruleset| -> Vec<String> {
            ruleset.indicators.iter().map(|list| list.sha256.clone()).collect()
        };
        if lists(&old.ruleset) != lists(&new.ruleset)
            || old.ruleset.rules_sha256 != new.ruleset.rules_sha256
            || old.ruleset.artifacts_sha256 != new.ruleset.artifacts_sha256
        {
            say("other-rules", String::new());
        }
        if !self.failed.is_empty() {
            say("rule-failed", self.failed.clone());
        }
        if old.case.id != new.case.id {
            say("other-case", format!("{} / {}", old.case.id, new.case.id));
        }
        if old.baseline.key_check != new.baseline.key_check {
            say("other-pseudonyms", String::new());
        }
        match (&old.options.as_of, &new.options.as_of) {
            (Some(then), Some(now)) if now < then => say("clock-back", format!("{then} / {now}")),
            (Some(then), Some(now)) if now == then => say("same-moment", then.clone()),
            (None, _) | (_, None) => say("no-moment", String::new()),
            _ => {}
        }
        // A backup that was put back brings old settings along.
        let then = old.options.as_of.clone().unwrap_or_default();
        for fact in &self.new.facts {
            let is = |column: &str, value: &str| fact.values.get(column).and_then(|v| v.as_str()) == Some(value);
            if fact.kind == "setting"
                && is("scope", "restore")
                && let Some(at) = fact.values.get("at").and_then(|v| v.as_str())
                && at > then.as_str()
            {
                say("restored", format!("{}: {at}", fact.source));
            }
        }
        out
    }

    fn looked(&self, side: &Side, source: &str, artifact: &str) -> Looked {
        let coverage = side.report.coverage.iter().find(|c| c.source == source && c.artifact == artifact);
        let list = |s: &Side| s.report.sources.iter().find(|x| x.id == source).map(|x| (x.lists_all, x.encrypted));
        match coverage.map(|c| c.outcome.as_str()) {
            Some("read" | "empty") => Looked::Read,
            Some("absent") => {
                let other = if std::ptr::eq(side, self.old) { self.new } else { self.old };
                match (list(side), list(other)) {
                    // What a copy without encryption leaves out is not absent from the phone.
                    (Some((true, encrypted)), Some((_, other))) if encrypted || !other => Looked::NotThere,
                    _ => Looked::No,
                }
            }
            _ => Looked::No,
        }
    }

    fn coverage(&self) -> Vec<CoverageChange> {
        let mut out = Vec::new();
        let all = self.old.report.coverage.iter().chain(&self.new.report.coverage);
        let places: BTreeSet<(&str, &str)> = all.clone().map(|c| (c.source.as_str(), c.artifact.as_str())).collect();
        for (source, artifact) in places {
            let outcome = |side: &Side| {
                let found = side.report.coverage.iter().find(|c| c.source == source && c.artifact == artifact);
                found.map_or_else(|| "no-source".to_string(), |c| c.outcome.clone())
            };
            let (then, now) = (self.looked(self.old, source, artifact), self.looked(self.new, source, artifact));
            if (then == Looked::No) != (now == Looked::No) {
                let title = all.clone().find(|c| c.artifact == artifact).map(|c| c.title.clone()).unwrap_or_default();
                out.push(CoverageChange {
                    source: source.into(),
                    artifact: artifact.into(),
                    title,
                    old: outcome(self.old),
                    new: outcome(self.new),
                });
            }
        }
        out
    }

    /// Whether everything that a finding leans on was looked at on the other side: what was not, and whether a file was lacking.
    fn seen(&self, side: &Side, leans_on: &BTreeSet<(String, String)>) -> (Vec<String>, bool) {
        let (mut unread, mut absent, mut read) = (Vec::new(), false, false);
        for (source, artifact) in leans_on {
            match self.looked(side, source, artifact) {
                Looked::Read => read = true,
                Looked::NotThere => absent = true,
                Looked::No => unread.push(format!("{source}: {artifact}")),
            }
        }
        (unread, absent && !read)
    }

    fn findings(&self) -> Vec<FindingChange> {
        let of = |side: &'_ Side, hits: &BTreeMap<Group, Hit>| -> BTreeMap<Group, usize> {
            side.report.findings.iter().enumerate().map(|(n, f)| (side.group_of(f, hits), n)).collect()
        };
        let (old_ids, new_ids) = (of(self.old, self.old_hits), of(self.new, self.new_hits));
        let all: BTreeSet<&Group> =
            self.old_hits.keys().chain(self.new_hits.keys()).chain(old_ids.keys()).chain(new_ids.keys()).collect();
        let mut out: Vec<FindingChange> = all
            .into_iter()
            .map(|group| {
                let old = old_ids.get(group).and_then(|n| self.old.report.findings.get(*n));
                let new = new_ids.get(group).and_then(|n| self.new.report.findings.get(*n));
                self.finding(group, old, new)
            })
            .collect();
        let rank = |change: &FindingChange| {
            let class = super::CLASSES.iter().position(|c| *c == change.class);
            (class, crate::report::checklist::rank(&change.urgency))
        };
        out.sort_by_key(rank);
        out
    }

    fn finding(&self, group: &Group, old: Option<&Finding>, new: Option<&Finding>) -> FindingChange {
        let (then, now) = (self.old_hits.get(group), self.new_hits.get(group));
        let (mut unread, mut file_absent) = (Vec::new(), false);
        let (class, why) = match (then, now) {
            (Some(_), Some(_)) if old.is_none() && self.old.report.schema == crate::report::SCHEMA => {
                ("newly-visible", "rule")
            }
            (Some(a), Some(b)) if a.facts == b.facts && a.urgency == b.urgency => ("unchanged", ""),
            (Some(_), Some(_)) => ("changed", ""),
            // The traces themselves are the same: what they are held against has changed, or was not read.
            (None, Some(hit)) if self.stands(self.old, &hit.facts) => ("newly-visible", "context"),
            (Some(hit), None) if self.stands(self.new, &hit.facts) => ("not-comparable", "context"),
            (None, Some(hit)) => {
                (unread, file_absent) = self.seen(self.old, &hit.leans_on);
                if unread.is_empty() { ("new", "") } else { ("newly-visible", "source") }
            }
            (Some(hit), None) => {
                (unread, file_absent) = self.seen(self.new, &hit.leans_on);
                if unread.is_empty() { ("gone", "") } else { ("not-comparable", "coverage") }
            }
            // Reported once, and by today's rules in neither audit.
            (None, None) if new.is_some() && old.is_none() => ("newly-visible", "rule"),
            (None, None) => ("not-comparable", "rule"),
        };
        let (class, why) = self.other_pseudonyms(group, class).unwrap_or((class, why));
        let rule = self.rules.list.iter().find(|r| r.id == group.0);
        let latest = new.or(old);
        let title = latest.map(|f| Words { nl: f.texts.nl.title.clone(), en: f.texts.en.title.clone() });
        let plain = rule.map(crate::rule::Rule::plain_title);
        let shows = latest.map(|f| Words { nl: f.texts.nl.shows.clone(), en: f.texts.en.shows.clone() });
        let urgency_of = |hit: Option<&Hit>, finding: Option<&Finding>| {
            hit.map(|h| h.urgency.clone()).or_else(|| finding.map(|f| f.urgency.clone())).unwrap_or_default()
        };
        let (before, urgency) = (urgency_of(then, old), urgency_of(now, new));
        FindingChange {
            class: class.into(),
            why: why.into(),
            unread,
            file_absent,
            rule: group.0.clone(),
            category: group.0.split('.').next().unwrap_or_default().into(),
            urgency_before: if before == urgency { String::new() } else { before.clone() },
            urgency: if urgency.is_empty() { before } else { urgency },
            old_id: old.map(|f| f.id.clone()).unwrap_or_default(),
            new_id: new.map(|f| f.id.clone()).unwrap_or_default(),
            title: title.or(plain).unwrap_or_default(),
            shows: shows.unwrap_or_default(),
            easy: rule.map(|r| r.nl_easy.title.clone()).unwrap_or_default(),
            expected: self.expected(&group.0, class).into(),
        }
    }

    /// Whether all facts that a finding leans on stand in an audit in the same state.
    fn stands(&self, side: &Side, facts: &BTreeSet<String>) -> bool {
        let states = if std::ptr::eq(side, self.old) { &self.old_states } else { &self.new_states };
        !facts.is_empty() && facts.is_subset(states)
    }

    /// Whether a change that the team ticked as done since the last check has come about. Only steps that change something count,
    /// and only where the outcome can be compared.
    fn expected(&self, rule: &str, class: &str) -> &'static str {
        let then = self.old.report.options.as_of.as_deref().and_then(|at| at.get(..10)).unwrap_or_default();
        let steps = self.rules.list.iter().find(|r| r.id == rule).map(|r| r.steps.as_slice()).unwrap_or_default();
        let done = self.new.report.case.ticked.iter().any(|tick| {
            let changes =
                |s: &&crate::rule::load::StepFile| s.id == tick.step && matches!(s.wave.as_str(), "quiet" | "visible");
            tick.result == "yes"
                && tick.on.as_str() >= then
                && steps.contains(&tick.step)
                && self.rules.steps.iter().any(|s| changes(&s))
        });
        match class {
            "gone" if done => "confirmed",
            "unchanged" | "changed" if done => "failed",
            _ => "",
        }
    }

    /// With another key the same person has another pseudonym: nothing about such a group can be said.
    fn other_pseudonyms(&self, group: &Group, class: &str) -> Option<(&'static str, &'static str)> {
        let differ = self.old.report.baseline.key_check != self.new.report.baseline.key_check;
        let touched = group.1.iter().any(|v| is_pseudonym(v));
        (differ && touched && class != "unchanged").then_some(("not-comparable", "pseudonyms"))
    }

    fn facts(&self) -> (Vec<FactChange>, BTreeMap<String, u64>) {
        type Known<'f> = BTreeMap<(&'f str, &'f str, &'f str), Vec<&'f Fact>>;
        fn index(side: &Side) -> Known<'_> {
            let mut known = Known::new();
            for fact in side.facts.iter().filter(|f| !f.key.is_empty()) {
                known.entry((&fact.kind, &fact.source, &fact.key)).or_default().push(fact);
            }
            known
        }
        let (old, new) = (index(self.old), index(self.new));
        let (mut out, mut counts) = (Vec::new(), BTreeMap::new());
        let places: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let other_key = self.old.report.baseline.key_check != self.new.report.baseline.key_check;
        for place in places {
            let (then, now) = (old.get(place), new.get(place));
            let some = now.or(then).and_then(|f| f.first()).copied();
            let Some(some) = some else { continue };
            let artifacts: BTreeSet<&str> = now.or(then).into_iter().flatten().map(|f| f.artifact.as_str()).collect();
            let looked = |side: &Side| artifacts.iter().any(|a| self.looked(side, &some.source, a) != Looked::No);
            let (class, why) = match (then, now) {
                (Some(a), Some(b)) if states(a, self.artifacts) == states(b, self.artifacts) => ("unchanged", ""),
                (Some(_), Some(_)) => ("changed", ""),
                _ if other_key && some.values.values().any(|v| v.as_str().is_some_and(is_pseudonym)) => {
                    ("not-comparable", "pseudonyms")
                }
                (None, _) if looked(self.old) => ("new", ""),
                (None, _) => ("newly-visible", "source"),
                (_, None) if looked(self.new) => ("gone", ""),
                (_, None) => ("not-comparable", "coverage"),
            };
            *counts.entry(class.to_string()).or_default() += 1;
            if class != "unchanged" {
                out.push(self.fact(class, why, some, then.and_then(|f| f.first()), now.and_then(|f| f.first())));
            }
        }
        let rank = |change: &FactChange| super::CLASSES.iter().position(|c| *c == change.class);
        out.sort_by_key(|c| (rank(c), c.kind.clone()));
        (out, counts)
    }

    fn fact(&self, class: &str, why: &str, some: &Fact, old: Option<&&Fact>, new: Option<&&Fact>) -> FactChange {
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

fn states(facts: &[&Fact], artifacts: &Artifacts) -> BTreeSet<String> {
    facts.iter().filter_map(|f| state(f, artifacts)).collect()
}
