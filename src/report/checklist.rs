//! The checklist: which steps belong in it and in which order, and the page that is printed of it. The order of waves is law
//! (field.md A2): nothing is changed before danger, another device, consent, a plan, evidence and the police were dealt with.
//! The instructions for changes are therefore printed only when consent and living situation were declared.

use super::html::{Error, short};
use super::shown::{self, Zone};
use super::text::{StepWords, Text, fill};
use super::{Contact, Finding, Outcome, Report, Step, StepText, Wave};
use askama::Template;

/// The waves, in the order in which they are gone through.
pub const WAVES: [&str; 9] =
    ["danger", "safe-device", "consent", "plan", "evidence", "police", "quiet", "visible", "recheck"];

/// Urgencies, most urgent first; the order of findings and steps.
const URGENCIES: [&str; 4] = ["now", "this-week", "later", "info"];

/// A step that the data files hold, with what decides about its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its wave, one of [`WAVES`].
    pub wave: String,
    /// The platforms it is for; none is all.
    pub platform: Vec<String>,
    /// The step; `findings` and `urgency` are filled in by [`assemble`].
    pub step: Step,
}

/// Place of an urgency in the order, most urgent first; unknown or empty comes last.
#[must_use]
pub fn rank(urgency: &str) -> usize {
    URGENCIES.iter().position(|known| *known == urgency).unwrap_or(URGENCIES.len())
}

/// Puts the checklist together: the steps that are always there and the steps of the findings, for the platforms that were
/// examined. All nine waves are returned in the order of law; inside a wave the most urgent step comes first, then by name.
/// A step of a wave that is not known goes where the strictest questions stand before it.
#[must_use]
pub fn assemble(findings: &[Finding], known: &[Known], platforms: &[String]) -> Vec<Wave> {
    let mut waves: Vec<Wave> = WAVES.iter().map(|wave| Wave { wave: (*wave).to_owned(), steps: Vec::new() }).collect();
    for Known { wave, platform, step } in known {
        if !platform.is_empty() && !platform.iter().any(|one| platforms.contains(one)) {
            continue;
        }
        let mut mine: Vec<&Finding> = findings.iter().filter(|finding| finding.steps.contains(&step.id)).collect();
        if mine.is_empty() && !step.always {
            continue;
        }
        mine.sort_by_key(|finding| (rank(&finding.urgency), finding.id.clone()));
        let step = Step {
            findings: mine.iter().map(|finding| finding.id.clone()).collect(),
            urgency: mine.first().map(|finding| finding.urgency.clone()).unwrap_or_default(),
            ..step.clone()
        };
        let place = WAVES.iter().position(|one| one == wave).or_else(|| WAVES.iter().position(|one| *one == "visible"));
        if let Some(wave) = place.and_then(|at| waves.get_mut(at)) {
            wave.steps.push(step);
        }
    }
    for wave in &mut waves {
        wave.steps.sort_by_key(|step| (rank(&step.urgency), step.id.clone()));
    }
    waves
}

/// `checklist.html`, the care copy.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn render(report: &Report) -> Result<String, Error> {
    let digest = super::json::digest(report)?;
    let report = shown::report(report)?;
    let text = Text::of(&report.options.lang);
    let page = Page { text, words: &text.steps, zone: Zone::new(&report.options.zone), digest, report: &report };
    Ok(page.render()?)
}

/// What the template sees.
#[derive(Template)]
#[template(path = "checklist.html", config = "src/report/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    text: &'a Text,
    words: &'a StepWords,
    zone: Zone,
    digest: String,
}

impl Page<'_> {
    /// The steps of a wave.
    fn steps(&self, wave: &str) -> &[Step] {
        self.report.checklist.iter().find(|one| one.wave == wave).map_or(&[], |one| one.steps.as_slice())
    }

    /// Whether a wave changes something, so that the questions come first.
    fn changes(&self, wave: &str) -> bool {
        matches!(wave, "quiet" | "visible")
    }

    /// Whether this is the wave in which consent is asked.
    fn asks_consent(&self, wave: &str) -> bool {
        wave == "consent"
    }

    /// Whether the instructions of a wave stay off the paper: nobody declared consent and living situation.
    fn held_back(&self, wave: &str) -> bool {
        let case = &self.report.case;
        self.changes(wave) && (case.consent != Some(true) || case.living.trim().is_empty())
    }

    /// Whether the words for people with low literacy stand above those for the care worker. They exist in Dutch only.
    fn easy(&self) -> bool {
        self.report.case.reading == "nl-easy" && self.report.options.lang != "en"
    }

    /// Who gives consent: the line of the age band, or all lines when none was declared.
    fn bands(&self) -> Vec<&str> {
        match self.words.bands.get(&self.report.case.age_band) {
            Some(band) => vec![band.as_str()],
            None => self.words.bands.values().map(String::as_str).collect(),
        }
    }

    /// Who is to be involved, in the order of the step; a name without contact stands by itself.
    fn involved(&self, step: &Step) -> Vec<(String, Option<&Contact>)> {
        step.involve
            .iter()
            .map(|id| (id.clone(), self.report.contacts.iter().find(|contact| contact.id == *id)))
            .collect()
    }

    /// The words of a step in the language of the page.
    fn of<'a>(&self, step: &'a Step) -> &'a StepText {
        if self.text.lang == "en" { &step.en } else { &step.nl }
    }

    /// Whether the other person may notice a step.
    fn alert<'a>(&'a self, step: &'a Step) -> &'a str {
        self.words.alerts.get(&step.may_alert).map_or(step.may_alert.as_str(), String::as_str)
    }

    /// Title of a finding.
    fn title(&self, id: &str) -> String {
        let finding = self.report.findings.iter().find(|finding| finding.id == id);
        finding.map_or_else(|| id.to_owned(), |finding| format!("{id} {}", super::html::title(finding, self.text)))
    }

    /// What is said about the device on which the text was tried.
    fn tried(&self, step: &Step) -> String {
        let words = if step.tested_on.is_empty() { &self.words.untested } else { &self.words.tested };
        fill(words, &[("date", &step.checked), ("devices", &step.tested_on.join(", "))])
    }

    /// Questions that could not be evaluated.
    fn not_evaluated(&self) -> Vec<&Outcome> {
        self.report.outcomes.iter().filter(|outcome| outcome.outcome == "not-evaluated").collect()
    }

    /// The line that ties this page to its report.
    fn made_with(&self) -> String {
        let tool = format!("{} {}", self.report.tool.name, self.report.tool.version);
        fill(&self.words.made_with, &[("tool", &tool), ("digest", &short(&self.digest))])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn known(id: &str, wave: &str, always: bool, platform: &[&str]) -> Known {
        let step = Step { id: id.to_owned(), always, ..sample::step(id, "no") };
        Known { wave: wave.to_owned(), platform: platform.iter().map(|one| (*one).to_owned()).collect(), step }
    }

    #[test]
    fn steps_are_chosen_linked_and_ordered_by_law() {
        let mut findings = sample::report("nl").findings;
        findings.truncate(2);
        findings[0].urgency = "this-week".to_owned();
        findings[0].steps = vec!["stop-share".to_owned(), "ask".to_owned()];
        findings[1].urgency = "now".to_owned();
        findings[1].steps = vec!["stop-share".to_owned()];
        let all = [
            known("stop-share", "visible", false, &[]),
            known("a-later", "visible", true, &[]),
            known("ask", "visible", false, &["ios"]),
            known("danger", "danger", true, &[]),
            known("android-only", "evidence", true, &["android"]),
            known("unused", "plan", false, &[]),
            known("lost", "no-such-wave", true, &[]),
        ];
        let waves = assemble(&findings, &all, &["ios".to_owned()]);
        assert_eq!(waves.iter().map(|wave| wave.wave.as_str()).collect::<Vec<_>>(), WAVES);
        let visible: Vec<_> = waves[7].steps.iter().map(|step| (step.id.as_str(), step.urgency.as_str())).collect();
        assert_eq!(visible, [("stop-share", "now"), ("ask", "this-week"), ("a-later", ""), ("lost", "")]);
        assert_eq!(waves[7].steps[0].findings, [findings[1].id.clone(), findings[0].id.clone()]);
        assert_eq!(waves[0].steps.len(), 1);
        assert!(waves[3].steps.is_empty() && waves[4].steps.is_empty());
    }

    #[test]
    fn instructions_for_changes_wait_for_the_questions() {
        let mut report = sample::report("nl");
        report.case.consent = Some(true);
        report.case.living = "left".to_owned();
        let open = render(&report).unwrap();
        assert!(open.contains("Doe-regel van stop-share") && open.contains("Doe-regel van call-112"));
        assert!(!open.contains(&Text::of("nl").steps.held_back));
        for (consent, living) in [(None, "left"), (Some(false), "left"), (Some(true), ""), (Some(true), " ")] {
            report.case.consent = consent;
            living.clone_into(&mut report.case.living);
            let page = render(&report).unwrap();
            assert!(page.contains("Titel van stop-share"), "the title stays");
            assert!(!page.contains("Doe-regel van stop-share") && !page.contains("Niet-regel van stop-share"));
            assert!(!page.contains("Makkelijke regel van stop-share"));
            assert!(page.contains("Doe-regel van call-112"), "steps that change nothing stay whole");
            assert!(page.contains(&Text::of("nl").steps.held_back));
        }
        for lang in ["nl", "en"] {
            let page = render(&sample::report(lang)).unwrap();
            let places: Vec<_> = WAVES.iter().map(|wave| page.find(&format!("id=\"{wave}\"")).unwrap()).collect();
            assert!(places.is_sorted(), "waves stand in the order of law");
            assert!(page.find(&Text::of(lang).steps.change_nothing).unwrap() < places[0]);
        }
    }

    #[test]
    fn easy_words_stand_above_those_of_the_care_worker() {
        let mut report = sample::report("nl");
        assert!(!render(&report).unwrap().contains("Makkelijke regel"));
        report.case.reading = "nl-easy".to_owned();
        let page = render(&report).unwrap();
        let easy = page.find("Makkelijke regel van call-112").unwrap();
        assert!(easy < page.find("Doe-regel van call-112").unwrap());
    }

    #[test]
    fn without_findings_the_steps_and_the_unknown_stay() {
        let mut report = sample::report("nl");
        report.findings.clear();
        let page = render(&report).unwrap();
        assert!(page.contains(&Text::of("nl").steps.findings_none));
        assert!(page.contains("Titel van call-112"));
        assert!(page.contains("Wordt uw e-mail doorgestuurd"), "what was not evaluated is named");
    }
}
