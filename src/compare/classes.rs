//! Puts two audits beside each other and gives every finding and every fact its class. The order of questions is the safety of the
//! answer: first whether it is the same device, then whether both copies were looked at, and only then what changed.

use super::alike::name_alike;
use super::looked::{Age, Looked, Looks, looks};
use super::side::{Group, Hit, Judged, Side, state};
use super::{Audit, Comparison, CoverageChange, Error, FindingChange, Line, List, Pair, Remark, SCHEMA};
use crate::artifact::Artifacts;
use crate::report::{Finding, Report, Tool, Words};
use crate::rule::Rules;
use crate::rule::pseudonym::is_pseudonym;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The reason for a finding that cannot be judged again from what was kept.
const KEPT: &str = "kept";

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
    hide_alike(sides, artifacts);
    if sides.iter().any(|s| s.report.schema == super::baseline::SCHEMA) {
        sides.iter_mut().for_each(Side::hide_hardware);
    }
    // What is declared today is put to all audits: a person who is declared today is looked for in the old facts too.
    let asked = sides.last().map(Side::asked).unwrap_or_default();
    let mut judged = Vec::new();
    for side in &*sides {
        judged.push(side.judge(artifacts, rules, &asked)?);
    }
    let mut pairs = Vec::new();
    for (n, two) in sides.windows(2).enumerate() {
        let [old, new] = two else { continue };
        let all = |side: &Side| side.facts.iter().filter_map(|f| state(f, artifacts)).collect();
        let (old_states, new_states) = (all(old), all(new));
        let (old_hits, new_hits) = (&judged[n].hits, &judged[n + 1].hits);
        let failed = [&judged[n].failures, &judged[n + 1].failures];
        let looks = [looks(old, new), looks(new, old)];
        let pair = Two { old, new, artifacts, rules, old_hits, new_hits, old_states, new_states, looks, failed };
        pairs.push(pair.compare(n + 1, unmatched.get(n + 1).cloned().unwrap_or_default()));
    }
    let title =
        |rule: &str| rules.list.iter().find(|r| r.id == rule).map(crate::rule::Rule::plain_title).unwrap_or_default();
    let ever: BTreeSet<&String> = judged.iter().flat_map(|j| j.hits.keys().map(|(rule, _)| rule)).collect();
    let mut timeline: Vec<Line> = ever
        .into_iter()
        .map(|rule| {
            let seen = |judged: &Judged| {
                let found = judged.hits.keys().any(|(r, _)| r == rule);
                if found { "found".into() } else { judged.outcomes.get(rule).cloned().unwrap_or_default() }
            };
            Line { rule: rule.clone(), title: title(rule), seen: judged.iter().map(seen).collect() }
        })
        .collect();
    // What was different once comes first.
    timeline.sort_by_key(|line| line.seen.iter().all(|s| Some(s) == line.seen.first()));
    Ok(Comparison {
        schema: SCHEMA.into(),
        tool: Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
        rules_sha256: rules.sha256.clone(),
        lists: List::given(&rules.indicators.lists),
        lang: lang.into(),
        zone: zone.into(),
        audits: sides.iter().enumerate().map(|(n, side)| describe(n + 1, side)).collect(),
        pairs,
        timeline,
        recheck: sides.last().and_then(|s| super::recheck::date(&s.report)),
    })
}

/// People who were declared in one audit are pseudonyms in all of them, so that the same fact has the same form.
fn hide_alike(sides: &mut [Side], artifacts: &Artifacts) {
    for from in 0..sides.len() {
        let Some(source) = sides.get(from) else { continue };
        let people = source.people();
        // Most often everybody is declared every time, and nothing is left to hide.
        let more = |side: &Side| side.same_key(source) && side.declared != source.declared;
        let same: Vec<bool> = sides.iter().map(more).collect();
        for (at, side) in sides.iter_mut().enumerate().filter(|(at, _)| *at != from) {
            if same.get(at) == Some(&true) {
                side.hide_people(&people, artifacts);
            }
        }
    }
}

fn describe(number: usize, side: &Side) -> Audit {
    let report = &side.report;
    Audit {
        number,
        form: if report.schema == crate::report::SCHEMA { "report" } else { "baseline" }.into(),
        sha256: side.sha256.clone(),
        listed: side.seal.listed,
        signer: side.seal.signer.clone(),
        as_of: report.options.as_of.clone(),
        tool_version: report.tool.version.clone(),
        rules_sha256: report.ruleset.rules_sha256.clone(),
        lists: List::given(&report.ruleset.indicators),
        sources: report.sources.iter().map(|s| (s.id.clone(), s.title.clone())).collect(),
    }
}

/// Two audits beside each other.
pub(super) struct Two<'a> {
    pub(super) old: &'a Side,
    pub(super) new: &'a Side,
    pub(super) artifacts: &'a Artifacts,
    rules: &'a Rules,
    old_hits: &'a BTreeMap<Group, Hit>,
    new_hits: &'a BTreeMap<Group, Hit>,
    old_states: BTreeSet<String>,
    new_states: BTreeSet<String>,
    /// Of the older and of the newer audit.
    looks: [Looks<'a>; 2],
    /// Questions that could not be answered, of the older and of the newer audit.
    failed: [&'a BTreeSet<String>; 2],
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
            failed: self.failed().into_iter().cloned().collect(),
        }
    }

    /// The rules that could not be asked on one of the two.
    fn failed(&self) -> BTreeSet<&String> {
        let [old, new] = self.failed;
        let rule = |id: &&String| self.rules.list.iter().any(|r| r.id == **id);
        old.union(new).filter(rule).collect()
    }

    fn remarks(&self) -> Vec<Remark> {
        let mut out = Vec::new();
        let mut say = |code: &str, detail: String| out.push(Remark { code: code.into(), detail });
        let (old, new) = (&self.old.report, &self.new.report);
        let [old_lists, new_lists] = [old, new].map(|r| List::given(&r.ruleset.indicators));
        let lists = Lists(List::given(&self.rules.indicators.lists));
        if !self.same_rules(old) || !self.same_rules(new) {
            say("other-rules", String::new());
        }
        let missing: BTreeSet<&List> = old_lists.iter().chain(&new_lists).filter(|l| !lists.has(l)).collect();
        if !missing.is_empty() {
            say("lists-missing", names(missing));
        }
        let everywhere = lists.same(&old_lists) && lists.same(&new_lists);
        if !lists.0.is_empty() && !everywhere {
            say("lists-given", names(&lists.0));
        }
        if old.ruleset.artifacts_sha256 != new.ruleset.artifacts_sha256 {
            say("other-reading", String::new());
        }
        if self.old.asked() != self.new.asked() {
            say("other-declared", String::new());
        }
        let unsealed = |side: &&Side| {
            side.report.schema == super::baseline::SCHEMA && !side.seal.listed && side.seal.signer.is_none()
        };
        for side in [self.old, self.new].into_iter().filter(unsealed) {
            say("unsealed", side.report.options.as_of.clone().unwrap_or_default());
        }
        for (report, code) in [(old, "locked-before"), (new, "locked-now")] {
            if report.evidence.iter().any(|e| e.remarks.iter().any(|r| r.code == "locked")) {
                say(code, String::new());
            }
        }
        if !self.failed().is_empty() {
            say("rule-failed", self.failed().len().to_string());
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
                say("restored", format!("{} / {at}", fact.source));
            }
        }
        out
    }

    /// Whether an audit was made with the rules that judge here.
    fn same_rules(&self, report: &Report) -> bool {
        report.ruleset.rules_sha256 == self.rules.sha256
    }

    /// Why today's rules say something else about an audit than its own report does. Where nothing is different, what was kept
    /// does not hold what the question needs: a name that is a pseudonym now.
    fn judged_otherwise(&self, side: &Side) -> &'static str {
        let lists = Lists(List::given(&self.rules.indicators.lists));
        let causes = [
            (!self.same_rules(&side.report), "rule"),
            (!lists.same(&List::given(&side.report.ruleset.indicators)), "lists"),
            (self.old.asked() != self.new.asked(), "declared"),
        ];
        let mut causes = causes.into_iter().filter(|(is, _)| *is).map(|(_, cause)| cause);
        match (causes.next(), causes.next()) {
            (Some(cause), None) => cause,
            (Some(_), Some(_)) => "several",
            _ => KEPT,
        }
    }

    fn side(&self, age: Age) -> &Side {
        if age == Age::Old { self.old } else { self.new }
    }

    pub(super) fn looked(&self, age: Age, source: &str, artifact: &str) -> Looked {
        let [old, new] = &self.looks;
        let looks = if age == Age::Old { old } else { new };
        looks.get(&(source, artifact)).copied().unwrap_or(Looked::No)
    }

    /// Why something in a source was not seen in an audit: there was no copy, or the part was not read.
    pub(super) fn unseen(&self, age: Age, source: &str) -> &'static str {
        match (age, self.side(age).report.sources.iter().any(|s| s.id == source)) {
            (Age::Old, true) => "source",
            (Age::Old, false) => "no-copy-before",
            (Age::New, true) => "coverage",
            (Age::New, false) => "no-copy-now",
        }
    }

    fn coverage(&self) -> Vec<CoverageChange> {
        let mut out = Vec::new();
        let all = self.old.report.coverage.iter().chain(&self.new.report.coverage);
        let places: BTreeSet<(&str, &str)> = all.clone().map(|c| (c.source.as_str(), c.artifact.as_str())).collect();
        for (source, artifact) in places {
            let outcome = |age: Age| {
                let found =
                    self.side(age).report.coverage.iter().find(|c| c.source == source && c.artifact == artifact);
                found.map_or_else(|| "no-source".to_string(), |c| c.outcome.clone())
            };
            let (then, now) = (self.looked(Age::Old, source, artifact), self.looked(Age::New, source, artifact));
            if (then == Looked::No) != (now == Looked::No) {
                let title = all.clone().find(|c| c.artifact == artifact).map(|c| c.title.clone()).unwrap_or_default();
                out.push(CoverageChange {
                    source: source.into(),
                    artifact: artifact.into(),
                    title,
                    old: outcome(Age::Old),
                    new: outcome(Age::New),
                });
            }
        }
        out
    }

    /// Whether everything that a finding leans on was looked at in an audit: why not, what was not, and whether a file was lacking.
    fn seen(&self, age: Age, leans_on: &BTreeSet<(String, String)>) -> (&'static str, Vec<String>, bool) {
        let (mut why, mut unread, mut absent, mut read) = ("", Vec::new(), false, false);
        for (source, artifact) in leans_on {
            match self.looked(age, source, artifact) {
                Looked::Read => read = true,
                Looked::NotThere => absent = true,
                Looked::No => {
                    // A part that was not read is the weaker reason, and the one to name.
                    let this = self.unseen(age, source);
                    why = if why.is_empty() || !this.starts_with("no-copy") { this } else { why };
                    unread.push(format!("{source}: {artifact}"));
                }
            }
        }
        (why, unread, absent && !read)
    }

    /// How many facts behind a finding the other audit lacks although it looked at what tells them, and whether there are
    /// others that it could not know of.
    fn lacks(&self, age: Age, these: &Hit, others: &Hit) -> (usize, bool) {
        let (mut lacking, mut unknown) = (0, false);
        for places in these.facts.iter().filter(|(state, _)| !others.facts.contains_key(*state)).map(|(_, p)| p) {
            if places.iter().any(|(source, artifact)| self.looked(age, source, artifact) != Looked::No) {
                lacking += 1;
            } else {
                unknown = true;
            }
        }
        (lacking, unknown)
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
        let (mut unread, mut file_absent, mut added, mut removed) = (Vec::new(), false, 0, 0);
        let [failed_then, failed_now] = self.failed.map(|failed| failed.contains(&group.0));
        let (class, why) = match (then, now) {
            // A question that was not answered says nothing about the phone.
            (None, Some(_)) if failed_then => ("newly-visible", "not-answered"),
            (Some(_) | None, None) if failed_now || failed_then => ("not-comparable", "not-answered"),
            (Some(_), Some(_)) if old.is_none() && self.old.report.schema == crate::report::SCHEMA => {
                ("newly-visible", self.judged_otherwise(self.old))
            }
            (Some(a), Some(b)) => {
                let (more, unknown_then) = self.lacks(Age::Old, b, a);
                let (fewer, unknown_now) = self.lacks(Age::New, a, b);
                (added, removed) = (more, fewer);
                let rank = |hit: &Hit| crate::report::checklist::rank(&hit.urgency);
                match rank(b).cmp(&rank(a)) {
                    _ if more + fewer > 0 => ("changed", ""),
                    // A part behind it was read only once: that is no change of the phone.
                    Ordering::Equal if unknown_then || unknown_now => ("unchanged", "part"),
                    Ordering::Equal => ("unchanged", ""),
                    Ordering::Less if unknown_then => ("newly-visible", "part"),
                    Ordering::Greater if unknown_now => ("not-comparable", "part"),
                    _ => ("changed", ""),
                }
            }
            // The traces themselves are the same: what they are held against has changed, or was not read.
            (None, Some(hit)) if stands(&self.old_states, hit) => ("newly-visible", "context"),
            (Some(hit), None) if stands(&self.new_states, hit) => ("not-comparable", "context"),
            (None, Some(hit)) => {
                let why;
                (why, unread, file_absent) = self.seen(Age::Old, &hit.leans_on);
                (if unread.is_empty() { "new" } else { "newly-visible" }, why)
            }
            (Some(hit), None) => {
                let why;
                (why, unread, file_absent) = self.seen(Age::New, &hit.leans_on);
                (if unread.is_empty() { "gone" } else { "not-comparable" }, why)
            }
            // Both reports have it, although what was kept of them is not enough to judge it again.
            (None, None) if self.both_reported(old, new) => ("unchanged", KEPT),
            // Reported once, and by today's rules in neither audit.
            (None, None) if new.is_some() && old.is_none() => ("newly-visible", self.judged_otherwise(self.new)),
            (None, None) => ("not-comparable", self.judged_otherwise(self.old)),
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
            added,
            removed,
            urgency_before: if before == urgency || urgency.is_empty() { String::new() } else { before.clone() },
            urgency: if urgency.is_empty() { before } else { urgency },
            old_id: old.map(|f| f.id.clone()).unwrap_or_default(),
            new_id: new.map(|f| f.id.clone()).unwrap_or_default(),
            title: title.or(plain).unwrap_or_default(),
            shows: shows.unwrap_or_default(),
            easy: rule.map(|r| r.nl_easy.title.clone()).unwrap_or_default(),
            expected: self.expected(&group.0, class, now.is_some()).into(),
        }
    }

    /// Whether two reports by the same rules, lists and declarations have a finding in the same urgency.
    fn both_reported(&self, old: Option<&Finding>, new: Option<&Finding>) -> bool {
        let alike = [self.old, self.new].iter().all(|side| self.judged_otherwise(side) == KEPT);
        alike && matches!((old, new), (Some(a), Some(b)) if a.urgency == b.urgency)
    }

    /// Whether a change that the team ticked as done since the last check has come about. Only steps that change something count.
    fn expected(&self, rule: &str, class: &str, there: bool) -> &'static str {
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
            _ if !done => "",
            "gone" => "confirmed",
            "not-comparable" if !there => "unknown",
            "new" | "newly-visible" => "",
            _ => "failed",
        }
    }

    /// With another key the same person has another pseudonym: nothing about such a group can be said.
    fn other_pseudonyms(&self, group: &Group, class: &str) -> Option<(&'static str, &'static str)> {
        let differ = self.old.report.baseline.key_check != self.new.report.baseline.key_check;
        let touched = group.1.iter().any(|v| is_pseudonym(v));
        (differ && touched && class != "unchanged").then_some(("not-comparable", "pseudonyms"))
    }
}

/// Whether all facts that a finding leans on stand in an audit in the same state.
fn stands(states: &BTreeSet<String>, hit: &Hit) -> bool {
    !hit.facts.is_empty() && hit.facts.keys().all(|state| states.contains(state))
}

/// The lists of others that judge here.
struct Lists(Vec<List>);

impl Lists {
    fn has(&self, list: &List) -> bool {
        self.0.iter().any(|l| l.sha256 == list.sha256)
    }

    fn same(&self, others: &[List]) -> bool {
        let digests = |lists: &[List]| lists.iter().map(|l| l.sha256.clone()).collect::<BTreeSet<_>>();
        digests(&self.0) == digests(others)
    }
}

fn names<'l>(lists: impl IntoIterator<Item = &'l List>) -> String {
    lists.into_iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(", ")
}
