//! Assembly: turns judgements into findings with words and citations, and outcomes with coverage. Nothing here decides what is a
//! concern; it only puts together what the rules gave.

use super::extraction::Outcome as Extraction;
use super::source::Source;
use crate::artifact::load::apart;
use crate::artifact::{Artifact, Artifacts, Expression};
use crate::evidence::Opened;
use crate::fact::store::{Cited, Sealed};
use crate::report::shown::Zone;
use crate::report::text::Text;
use crate::report::{Basis, Citation, Coverage, Finding, FindingText, Outcome, Texts};
use crate::rule::{Confidence, Judgement, Match, Rule, Rules, Urgency};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What assembly needs to look things up.
pub struct Workshop<'a> {
    /// Artifacts and vocabulary.
    pub artifacts: &'a Artifacts,
    /// Rules.
    pub rules: &'a Rules,
    /// Recognised sources.
    pub sources: &'a [Source<'a>],
    /// Opened containers.
    pub containers: &'a [Opened],
    /// The facts.
    pub store: &'a Sealed,
    /// Coverage and streams.
    pub extraction: &'a Extraction,
    /// Zone for times in texts.
    pub zone: &'a str,
    /// SHA-256 of streams as read, by container and entry; filled while assembling.
    pub digests: &'a dyn Fn((usize, usize)) -> String,
    /// Commands with which others see a value again.
    pub guide: &'a super::reproduce::Guide<'a>,
}

impl Workshop<'_> {
    /// All findings, most urgent first, numbered.
    ///
    /// # Errors
    /// When the store fails.
    pub fn findings(&self, judgements: &BTreeMap<&str, Judgement>) -> rusqlite::Result<Vec<Finding>> {
        let cited: BTreeSet<i64> =
            judgements.values().flat_map(|j| j.groups.values().flatten()).flat_map(|m| &m.facts).copied().collect();
        for ev in cited {
            let (stream, locator) = self.store.place(ev)?;
            self.guide.expect(stream, &locator);
        }
        let mut findings = Vec::new();
        for rule in &self.rules.list {
            let Some(judgement) = judgements.get(rule.id.as_str()) else { continue };
            for (group, matches) in &judgement.groups {
                findings.push(self.finding(rule, group, matches)?);
            }
        }
        self.guide.forget();
        let rank = |f: &Finding| Urgency::named(&f.urgency).unwrap_or(Urgency::Info);
        // Stable: within one urgency the order of rules and groups stays.
        findings.sort_by_key(rank);
        for (n, finding) in findings.iter_mut().enumerate() {
            finding.id = format!("F-{:03}", n + 1);
        }
        Ok(findings)
    }

    fn finding(&self, rule: &Rule, group: &[String], matches: &[Match]) -> rusqlite::Result<Finding> {
        let mut seen = BTreeSet::new();
        let facts: Vec<i64> = matches.iter().flat_map(|m| &m.facts).copied().filter(|ev| seen.insert(*ev)).collect();
        let citations = facts.iter().map(|ev| self.led_to(*ev)).collect::<rusqlite::Result<Vec<_>>>()?;
        let experimental = experimental(rule, citations.iter().map(|c| c.artifact.as_str()), self.artifacts);
        let mut urgency = matches.iter().map(|m| m.urgency.unwrap_or(rule.urgency)).min().unwrap_or(rule.urgency);
        let mut confidence = rule.confidence;
        if experimental {
            // Never urgent, and never sure, on a trace that was never verified (design: experimental).
            urgency = urgency.max(Urgency::Later);
            confidence = confidence.max(Confidence::Possible);
        }
        let mut about = rule.sees.clone();
        for word in matches.iter().flat_map(|m| &m.sees) {
            if !about.contains(word) {
                about.push(word.clone());
            }
        }
        let mut rows: Vec<BTreeMap<String, String>> = matches.iter().map(|m| m.values.clone()).collect();
        // Sorted by the judge; several facts with the same words are one row with several citations.
        rows.dedup();
        let params = rows.first().cloned().unwrap_or_default();
        Ok(Finding {
            id: String::new(),
            key: key(&rule.id, group),
            rule: rule.id.clone(),
            group: group.to_vec(),
            recheck_in_days: rule.recheck_in_days.unwrap_or_else(|| urgency.recheck_in_days()),
            urgency: urgency.name().into(),
            confidence: confidence.name().into(),
            category: rule.concern().into(),
            experimental,
            sees: about,
            texts: Texts {
                nl: self.fill(&rule.nl, &params, "nl"),
                en: self.fill(&rule.en, &params, "en"),
                nl_easy: rule.nl_easy.clone(),
            },
            params,
            rows,
            citations,
            steps: rule.steps.clone(),
            source: rule.source.clone(),
            detect: rule.detect.trim().into(),
            views: rule.views.clone(),
        })
    }

    /// The citation of a fact, with the way to it.
    fn led_to(&self, ev: i64) -> rusqlite::Result<Citation> {
        let cited = self.store.cite(ev)?;
        let at = self.extraction.streams.get(&cited.stream).copied().unwrap_or_default();
        let artifact = self.artifacts.list.iter().find(|a| a.id == cited.artifact);
        let reproduce = artifact.and_then(|a| self.guide.lead(a, &cited, at));
        Ok(Citation { reproduce, ..self.plain(cited) })
    }

    /// The citation of a fact, without the way to it: that is looked up for findings only.
    ///
    /// # Errors
    /// When there is no such fact.
    pub fn citation(&self, ev: i64) -> rusqlite::Result<Citation> {
        Ok(self.plain(self.store.cite(ev)?))
    }

    fn plain(&self, cited: Cited) -> Citation {
        let at = self.extraction.streams.get(&cited.stream).copied().unwrap_or_default();
        let entry = self.containers.get(at.0).and_then(|c| c.container.entries().get(at.1));
        let artifact = self.artifacts.list.iter().find(|a| a.id == cited.artifact);
        let times = artifact.map(|a| self.times(a, &cited)).unwrap_or_default();
        Citation {
            ev: cited.ev,
            fact: cited.fact,
            artifact_title: artifact.map(|a| a.title.clone()).unwrap_or_default(),
            limits: artifact.map(|a| a.limits.clone()).unwrap_or_default(),
            artifact: cited.artifact,
            source: cited.source,
            stream: self.extraction.unnamed.name(self.containers, at),
            // The name as stored would show what the name of the stream does not.
            stored: entry.and_then(|e| e.stored.clone()).filter(|_| self.extraction.unnamed.digest(at).is_none()),
            sha256: (self.digests)(at),
            locator: cited.locator,
            raw: cited.raw,
            decoded: cited.decoded,
            times,
            reproduce: None,
        }
    }

    /// What each decoded time was made from.
    fn times(&self, artifact: &Artifact, cited: &Cited) -> BTreeMap<String, Basis> {
        let number = self.extraction.variants.get(&(cited.stream, artifact.id.clone())).copied().unwrap_or(0);
        let there = |name: &String| cited.raw.get(name).is_some_and(|value| !value.is_null());
        let emits = artifact.variant.get(number).into_iter().flat_map(|v| &v.emit).filter(|e| e.fact == cited.fact);
        // One of several emits of a fact made this one: that whose condition and whose column are there.
        let holds = |name: &String| match cited.raw.get(name) {
            None | Some(serde_json::Value::Null) => false,
            Some(serde_json::Value::String(text)) => !matches!(text.as_str(), "" | "0" | "false"),
            Some(value) => value.as_f64() != Some(0.0),
        };
        let emits = emits.filter(|e| e.when.as_ref().is_none_or(holds));
        let mut times = BTreeMap::new();
        for (column, expression) in emits.flat_map(|emit| &emit.columns) {
            let basis = match expression {
                Expression::Time(t) if there(&t.column) => Basis { raw: t.column.clone(), epoch: t.time.name().into() },
                Expression::Stream(_) => Basis { raw: "stream".into(), epoch: "unix".into() },
                _ => continue,
            };
            if cited.decoded.contains_key(column) {
                times.entry(column.clone()).or_insert(basis);
            }
        }
        times
    }

    fn fill(&self, text: &FindingText, params: &BTreeMap<String, String>, lang: &str) -> FindingText {
        let zone = Zone::new(self.zone);
        let fill = |t: &str| fill(t, params, lang, &zone);
        FindingText {
            title: fill(&text.title),
            shows: fill(&text.shows),
            may_mean: fill(&text.may_mean),
            innocent: text.innocent.iter().map(|t| fill(t)).collect(),
            limits: fill(&text.limits),
            notices: fill(&text.notices),
        }
    }

    /// One outcome for every rule.
    #[must_use]
    pub fn outcomes(&self, judgements: &BTreeMap<&str, Judgement>) -> Vec<Outcome> {
        let sources: Vec<(&str, &str)> = self.sources.iter().map(|s| (s.id.as_str(), s.family.id.as_str())).collect();
        let looked = Looked { artifacts: self.artifacts, sources: &sources, coverage: &self.extraction.coverage };
        let one = |rule: &Rule| judgements.get(rule.id.as_str()).map(|j| looked.outcome(rule, j));
        self.rules.list.iter().filter_map(one).collect()
    }
}

/// What was looked at: from this follows whether a rule's silence is an answer.
pub struct Looked<'a> {
    /// Artifacts and vocabulary.
    pub artifacts: &'a Artifacts,
    /// Sources: id and family.
    pub sources: &'a [(&'a str, &'a str)],
    /// Coverage of every artifact in every source.
    pub coverage: &'a [Coverage],
}

impl Looked<'_> {
    /// What became of a rule.
    #[must_use]
    pub fn outcome(&self, rule: &Rule, judgement: &Judgement) -> Outcome {
        let required: BTreeSet<&str> =
            judgement.kinds.iter().map(String::as_str).filter(|k| !rule.optional.iter().any(|o| o == k)).collect();
        let (mut examined, mut missing) = (BTreeSet::new(), BTreeSet::new());
        let (mut answered_by_one, mut covered) = (false, BTreeSet::new());
        let (mut possible_in_one, mut possible, mut scoped_out) = (false, BTreeSet::new(), false);
        // Where the rule names what it asks for, only that counts as an answer.
        let tells = |kind: &&str| rule.asks.is_empty() || rule.asks.contains_key(*kind);
        let mut asked_for = false;
        for (source, family) in self.sources {
            let (mut here, mut could) = (BTreeSet::new(), BTreeSet::new());
            for artifact in self.artifacts.of(family) {
                let able = |kind: &str| rule.asks.get(kind).is_none_or(|values| artifact.can_say(kind, values));
                let asked = |kind: &&str| judgement.kinds.contains(*kind) && able(kind);
                let kinds: BTreeSet<&str> = artifact.facts().filter(asked).collect();
                if kinds.is_empty() {
                    continue;
                }
                let coverage = self.coverage.iter().find(|c| c.source == *source && c.artifact == artifact.id);
                let outcome = coverage.map_or("absent", |c| c.outcome.as_str());
                could.extend(kinds.iter().copied());
                if matches!(outcome, "read" | "empty") {
                    here.extend(kinds);
                    examined.insert(format!("{source}: {}", artifact.id));
                } else {
                    scoped_out |= outcome == "out-of-scope";
                    asked_for |= kinds.iter().any(tells) && (outcome != "out-of-scope" || !apart(&artifact.scope));
                    missing.insert(format!("{source}: {} ({outcome})", artifact.id));
                }
            }
            answered_by_one |= !required.is_empty() && required.is_subset(&here);
            possible_in_one |= required.is_subset(&could);
            covered.extend(here);
            possible.extend(could);
        }
        let across = !possible_in_one && required.is_subset(&covered);
        // A question whose tables may each be lacking is answered by what there is; the rest is listed as missing.
        let answered = if required.is_empty() { covered.iter().any(tells) } else { answered_by_one || across };
        let evaluated = judgement.failure.is_empty() && answered;
        let found = judgement.groups.len();
        let (outcome, why) = match (found, evaluated) {
            (1.., _) => ("found", ""),
            (0, _) if evaluated && judgement.undated => ("not-evaluated", "no-date"),
            (0, true) => ("not-found", ""),
            (0, false) if !judgement.failure.is_empty() => ("not-evaluated", "failed"),
            (0, false) if !possible.iter().any(tells) || !required.is_subset(&possible) => {
                ("not-evaluated", "no-source")
            }
            // Nothing but what has to be asked for by name would have told: it was not refused, it was not asked.
            (0, false) if scoped_out && !asked_for => ("not-evaluated", "not-asked"),
            (0, false) if scoped_out => ("not-evaluated", "out-of-scope"),
            (0, false) => ("not-evaluated", "no-stream"),
        };
        Outcome {
            rule: rule.id.clone(),
            category: rule.concern().into(),
            title: rule.plain_title(),
            outcome: outcome.into(),
            findings: found,
            examined: examined.into_iter().collect(),
            missing: missing.into_iter().collect(),
            why: why.into(),
        }
    }
}

/// Whether a finding leans only on what was never verified on real data.
pub fn experimental<'a>(rule: &Rule, ids: impl Iterator<Item = &'a str>, artifacts: &Artifacts) -> bool {
    let mut ids = ids;
    let tried = |id: &str| artifacts.list.iter().any(|a| a.id == id && !a.experimental);
    rule.experimental || !ids.any(tried)
}

/// Stable key of a finding: the same in a later audit of the same person.
fn key(rule: &str, group: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(rule);
    for value in group {
        hash.update([0]);
        hash.update(value);
    }
    crate::evidence::hash::hex(&hash.finalize()[..8])
}

/// Fills the placeholders of a text. Values are cut and made visible, so that a name cannot turn a sentence around; moments stand
/// in the reader's zone with their offset.
fn fill(text: &str, params: &BTreeMap<String, String>, lang: &str, zone: &Zone) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        // What the question words itself, it words in both languages: `x_nl` and `x_en` are `{x}`.
        match params.get(&format!("{name}_{lang}")).or_else(|| params.get(name)) {
            Some(value) => match zone.moment(value) {
                Some(moment) => out.push_str(&moment.local.unwrap_or(moment.utc)),
                None => out.push_str(&Text::of(lang).spoken(name, value)),
            },
            None => out.push_str(&Text::of(lang).report.unknown),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
