//! The checklist: which steps belong in it, in which order, and which are held back. The order of waves is law (field.md A2): nothing
//! is changed before danger, another device, consent, a plan, evidence and the police were dealt with. Steps that change something
//! are therefore left out of the report itself until those questions are answered, so that no page can print them by mistake.

use super::{Case, Finding, LeftOut, Step, Ticked, Wave, Words};

/// The care copy.
pub use super::copies::care as render;

/// The waves, in the order in which they are gone through.
pub const WAVES: [&str; 9] =
    ["danger", "safe-device", "consent", "plan", "evidence", "police", "quiet", "visible", "recheck"];

/// The questions that come before any change, in the order of law.
pub const QUESTIONS: [&str; 10] =
    ["danger", "safe-device", "consent", "age", "custody", "living", "plan", "on-call", "police", "police-agreed"];

/// Urgencies, most urgent first; the order of findings and steps.
const URGENCIES: [&str; 4] = ["now", "this-week", "later", "info"];

/// A step that the data files hold, with what decides about its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its wave, one of [`WAVES`].
    pub wave: String,
    /// Its turn within the wave, lower first.
    pub turn: u8,
    /// The platforms it is for; none is all.
    pub platform: Vec<String>,
    /// Steps that belong in the checklist once this one's question was answered with yes.
    pub if_yes: Vec<String>,
    /// Earlier names, under which an answer may have been written down.
    pub also: Vec<String>,
    /// The step; `findings`, `urgency` and `ticked` are filled in by [`assemble`].
    pub step: Step,
}

/// Place of an urgency in the order, most urgent first; unknown or empty comes last.
#[must_use]
pub fn rank(urgency: &str) -> usize {
    URGENCIES.iter().position(|known| *known == urgency).unwrap_or(URGENCIES.len())
}

/// Whether the steps of a wave change something on a device or account.
#[must_use]
pub fn changes(wave: &str) -> bool {
    matches!(wave, "quiet" | "visible")
}

/// Whether somebody of this age band is a minor. An age that was not declared is taken for one: the stricter words are then used.
#[must_use]
pub fn minor(age_band: &str) -> bool {
    matches!(age_band, "12-15" | "16-17")
}

/// The questions that are still open before anything may be changed: codes of [`QUESTIONS`], in that order. An answer that says
/// "I do not know" leaves a question open.
#[must_use]
pub fn open_questions(case: &Case) -> Vec<String> {
    let gates = &case.gates;
    let concerns_police = matches!(gates.police.as_str(), "wish" | "case");
    let answered = |question: &str| match question {
        "danger" => gates.danger == "no",
        "safe-device" => gates.safe_device == "yes",
        "consent" => case.consent == Some(true),
        "age" => !case.age_band.is_empty(),
        "custody" => !minor(&case.age_band) || !matches!(case.custody.as_str(), "" | "unknown"),
        "living" => !case.living.trim().is_empty(),
        "plan" => gates.plan == "yes",
        "on-call" => !gates.on_call.trim().is_empty(),
        "police" => gates.police == "none" || concerns_police,
        "police-agreed" => !concerns_police || gates.police_agreed == "yes",
        _ => false,
    };
    QUESTIONS.iter().filter(|question| !answered(question)).map(|question| (*question).to_owned()).collect()
}

impl Known {
    /// The last answer that was written down for the step.
    fn ticked<'a>(&self, case: &'a Case) -> Option<&'a Ticked> {
        case.ticked.iter().rev().find(|tick| tick.step == self.step.id || self.also.contains(&tick.step))
    }
}

/// Puts the checklist together: the steps that are always there, the steps of the findings and the steps that an answer asks for, on
/// the platforms that were examined. All nine waves are returned in the order of law; inside a wave the turn of a step decides (who
/// still gets the codes sees every other change coming, so accounts go before sharing), then the most urgent step comes first, then by name; what always belongs in it (a plan, keeping evidence, a new address) goes before what a finding brings, and
/// questions that a person answers come after. A step of a wave that is not known goes where the strictest questions stand before it. Steps that
/// change something are held back, by name only, while questions are open. A step that always belongs in it, but is for a platform
/// that was not examined, is named too: nothing is left out in silence.
#[must_use]
pub fn assemble(findings: &[Finding], known: &[Known], platforms: &[String], case: &Case) -> Vec<Wave> {
    let open = open_questions(case);
    let mut waves: Vec<Wave> = WAVES.iter().map(|wave| Wave { wave: (*wave).to_owned(), ..Wave::default() }).collect();
    let yes = |one: &&Known| one.ticked(case).is_some_and(|tick| tick.result == "yes");
    let asked: Vec<&String> = known.iter().filter(yes).flat_map(|one| &one.if_yes).collect();
    for one in known {
        let Known { wave, platform, step, .. } = one;
        let place = WAVES.iter().position(|one| one == wave).or_else(|| WAVES.iter().position(|one| *one == "visible"));
        let Some(wave) = place.and_then(|at| waves.get_mut(at)) else { continue };
        if !platform.is_empty() && !platform.iter().any(|one| platforms.contains(one)) {
            if step.always {
                let title = Words { nl: step.nl.title.clone(), en: step.en.title.clone() };
                wave.left_out.push(LeftOut { id: step.id.clone(), title });
            }
            continue;
        }
        let mut mine: Vec<&Finding> = findings.iter().filter(|finding| finding.steps.contains(&step.id)).collect();
        if mine.is_empty() && !step.always && !asked.contains(&&step.id) {
            continue;
        }
        mine.sort_by_key(|finding| (rank(&finding.urgency), finding.id.clone()));
        let step = Step {
            findings: mine.iter().map(|finding| finding.id.clone()).collect(),
            urgency: mine.first().map(|finding| finding.urgency.clone()).unwrap_or_default(),
            ticked: one.ticked(case).cloned(),
            ..step.clone()
        };
        wave.steps.push(step);
    }
    for wave in &mut waves {
        let turn = |id: &str| known.iter().find(|one| one.step.id == id).map_or(0, |one| one.turn);
        wave.steps.sort_by_key(|step| (step.check, turn(&step.id), !step.always, rank(&step.urgency), step.id.clone()));
        if changes(&wave.wave) && !open.is_empty() {
            wave.open.clone_from(&open);
            wave.withheld = std::mem::take(&mut wave.steps).into_iter().map(|step| step.id).collect();
        }
    }
    waves
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn known(id: &str, wave: &str, always: bool, platform: &[&str]) -> Known {
        let step = Step { id: id.to_owned(), always, ..sample::step(id, "no") };
        let platform = platform.iter().map(|one| (*one).to_owned()).collect();
        Known { wave: wave.to_owned(), turn: 5, platform, if_yes: Vec::new(), also: vec![format!("old-{id}")], step }
    }

    #[test]
    fn steps_are_chosen_linked_and_ordered_by_law() {
        let report = sample::report("nl");
        let mut findings = report.findings;
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
        let waves = assemble(&findings, &all, &["ios".to_owned()], &report.case);
        assert_eq!(waves.iter().map(|wave| wave.wave.as_str()).collect::<Vec<_>>(), WAVES);
        let visible: Vec<_> = waves[7].steps.iter().map(|step| (step.id.as_str(), step.urgency.as_str())).collect();
        assert_eq!(visible, [("a-later", ""), ("lost", ""), ("stop-share", "now"), ("ask", "this-week")]);
        assert_eq!(waves[7].steps[2].findings, [findings[1].id.clone(), findings[0].id.clone()]);
        assert_eq!(waves[0].steps.len(), 1);
        assert!(waves[3].steps.is_empty() && waves[4].steps.is_empty());
        assert_eq!(waves[4].left_out[0].id, "android-only", "what is left out is named");
    }

    #[test]
    fn accounts_are_secured_before_the_other_can_notice_that_sharing_stopped() {
        let artifacts = crate::artifact::Artifacts::embedded().unwrap();
        let all = crate::rule::Rules::embedded(&artifacts.vocabulary).unwrap().known_steps();
        let mut report = sample::report("nl");
        report.findings.truncate(1);
        report.findings[0].steps = all.iter().map(|one| one.step.id.clone()).collect();
        let waves = assemble(
            &report.findings,
            &all,
            &["ios".to_owned(), "android".to_owned(), "google".to_owned()],
            &report.case,
        );
        let order: Vec<&str> = waves[7].steps.iter().map(|step| step.id.as_str()).collect();
        let at = |id: &str| order.iter().position(|one| *one == id).unwrap();
        assert!(
            at("secure-accounts") < at("remove-account-device") && at("remove-account-device") < at("dev-keyboard")
        );
        assert!(
            at("dev-profile-remove") < at("fix-find-my-account")
                && at("fix-find-my-account") < at("stop-find-my-person")
        );
    }

    #[test]
    fn an_answer_brings_the_steps_that_belong_to_it() {
        let mut case = sample::report("nl").case;
        let mut look = known("look", "evidence", true, &[]);
        look.if_yes = vec!["stop".to_owned()];
        let all = [look, known("stop", "visible", false, &[])];
        assert!(assemble(&[], &all, &[], &case)[7].steps.is_empty());
        let tick = |result: &str| Ticked { step: "look".to_owned(), result: result.to_owned(), ..Ticked::default() };
        case.ticked = vec![tick("no"), tick("yes")];
        let waves = assemble(&[], &all, &[], &case);
        assert_eq!(waves[7].steps.len(), 1, "the last answer counts");
        assert_eq!(waves[4].steps[0].ticked.as_ref().unwrap().result, "yes");
        case.ticked.push(Ticked { step: "old-look".to_owned(), ..tick("unknown") });
        assert!(assemble(&[], &all, &[], &case)[7].steps.is_empty(), "also under an earlier name");
    }

    #[test]
    fn what_changes_something_waits_for_every_question() {
        let case = sample::report("nl").case;
        let all = [
            known("quiet-one", "quiet", true, &[]),
            known("loud-one", "visible", true, &[]),
            known("look", "plan", true, &[]),
        ];
        assert_eq!(open_questions(&case), Vec::<String>::new());
        let open = |change: &dyn Fn(&mut Case)| {
            let mut case = case.clone();
            change(&mut case);
            let waves = assemble(&[], &all, &[], &case);
            assert!(waves[6].steps.is_empty() && waves[7].steps.is_empty(), "{:?}", case.gates);
            assert_eq!((waves[6].withheld.len(), waves[7].withheld.len(), waves[3].steps.len()), (1, 1, 1));
            open_questions(&case)
        };
        assert_eq!(open(&|c| *c = Case::default()).len(), 8, "custody and the police's word hang on earlier answers");
        for value in ["", "yes", "unknown"] {
            assert_eq!(open(&|c| value.clone_into(&mut c.gates.danger)), ["danger"]);
        }
        assert_eq!(open(&|c| "no".clone_into(&mut c.gates.safe_device)), ["safe-device"]);
        assert_eq!(open(&|c| c.consent = Some(false)), ["consent"]);
        assert_eq!(open(&|c| c.age_band.clear()), ["age"]);
        assert_eq!(open(&|c| "unknown".clone_into(&mut c.custody)), ["custody"]);
        assert_eq!(open(&|c| " ".clone_into(&mut c.living)), ["living"]);
        assert_eq!(open(&|c| "no".clone_into(&mut c.gates.plan)), ["plan"]);
        assert_eq!(open(&|c| c.gates.on_call.clear()), ["on-call"]);
        assert_eq!(open(&|c| "unknown".clone_into(&mut c.gates.police)), ["police"]);
        assert_eq!(open(&|c| "case".clone_into(&mut c.gates.police)), ["police-agreed"]);
        let mut adult = case.clone();
        "18-23".clone_into(&mut adult.age_band);
        adult.custody.clear();
        assert!(open_questions(&adult).is_empty(), "custody is asked of minors only");
        assert_eq!(assemble(&[], &all, &[], &case)[7].steps.len(), 1);
    }
}
