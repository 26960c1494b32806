//! What lets others weigh the work itself: how each copy came, what making it changes, whether the filter for privileged contacts ran, how
//! every rule is tested, and where the report answers the questions that the other side may ask (field.md B4, B9, B10).

use super::Page;
use crate::report::text::fill;
use crate::report::{Evidence, Exhibit, Finding, Validation};

/// How a rule that found something is tested.
pub(super) struct Tested<'a> {
    /// The first finding of the rule.
    pub finding: &'a Finding,
    /// Numbers of made-up copies in which it must find something, and nothing.
    pub fires: usize,
    /// See `fires`.
    pub quiet: usize,
    /// Whether its traces were read in data of others, or how else their form is known, in words.
    pub seen: &'a str,
}

#[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
impl Page<'_> {
    /// What a person wrote down about a copy.
    pub(super) fn exhibit(&self, input: &Evidence) -> Exhibit {
        self.report.case.exhibits.iter().find(|one| one.name == input.name).cloned().unwrap_or_default()
    }

    /// What making copies of the kinds at hand changes: name of the kind and its lines.
    pub(super) fn copying(&self) -> Vec<(&str, &Vec<String>)> {
        let families = || self.report.sources.iter().map(|source| source.family.as_str());
        let kind = |code: &str| self.report.evidence.iter().any(|input| input.kind == code);
        let here = |code: &str| match code {
            "account" => families().any(|family| !["ios", "android"].contains(&family)),
            "android" => families().any(|family| family == "android"),
            "ios-backup" => families().any(|family| family == "ios") && !kind("ios-filesystem"),
            other => kind(other),
        };
        let lines = self.court.copying_of.iter().filter(|(code, _)| here(code));
        lines.map(|(code, lines)| (self.text.name(code), lines)).collect()
    }

    /// What became of contact with a lawyer or doctor.
    pub(super) fn privileged(&self) -> String {
        if self.report.case.privileged == 0 {
            return self.court.privileged_none.clone();
        }
        let gaps = self.report.gaps.iter().filter(|gap| gap.kind == "privileged-filtered");
        let gone: u64 = gaps.map(|gap| gap.count).sum();
        let people = self.report.case.privileged.to_string();
        fill(&self.court.privileged_ran, &[("people", &people), ("n", &gone.to_string())])
    }

    /// The rules with a finding, each once, with how they are tested.
    pub(super) fn tested(&self) -> Vec<Tested<'_>> {
        let mut tested: Vec<Tested<'_>> = Vec::new();
        for finding in &self.report.findings {
            // A rule can lean on a verified trace in one finding and on one that never was in another.
            let alike = |one: &Finding| one.rule == finding.rule && one.experimental == finding.experimental;
            if tested.iter().any(|one| alike(one.finding)) {
                continue;
            }
            let known = self.report.validation.iter().find(|one| one.rule == finding.rule);
            let count = |list: fn(&Validation) -> &Vec<String>| known.map_or(0, |one| list(one).len());
            let mine = || self.report.findings.iter().filter(|one| alike(one));
            let cites = |artifact: &str| mine().flat_map(|one| &one.citations).any(|one| one.artifact == artifact);
            let seen = if self.report.coverage.iter().any(|part| part.tested && cites(&part.artifact)) {
                &self.court.seen_yes
            } else if finding.experimental {
                &self.court.seen_no
            } else {
                &self.words.own_only_help
            };
            tested.push(Tested { finding, fires: count(|one| &one.fires), quiet: count(|one| &one.quiet), seen });
        }
        tested
    }

    /// The title of a chapter, by the name under which links reach it.
    pub(super) fn chapter<'a>(&'a self, place: &'a str) -> &'a str {
        match place {
            "question" => &self.court.question,
            "privileged" => &self.court.privileged,
            "examined" => &self.words.examined,
            "copying" => &self.court.copying,
            "custody" => &self.court.custody,
            "findings" => &self.words.findings,
            "timeline" => &self.words.timeline,
            "outcomes" => &self.words.outcomes,
            "gaps" => &self.words.gaps,
            "never" => &self.words.never,
            "limits" => &self.court.limits,
            "alternatives" => &self.court.alternatives,
            "handover" => &self.court.handover,
            "signoff" => &self.court.signoff,
            "citations" => &self.words.citations,
            other => other,
        }
    }
}
