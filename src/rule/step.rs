//! Steps of the checklist as their files hold them (`rules/steps/*.toml`), and the list of data that others hold
//! (`rules/preserve.toml`): read, checked, and handed to the checklist.

use super::load::Rules;
use crate::fact::Problem;
use crate::report::checklist::{self, WAVES};
use crate::report::{Contact, EasyStep, Step, StepText, Words};
use serde::Deserialize;

/// The cards of field.md A3.1: what a care worker needs to know about a kind of finding.
pub const CARDS: std::ops::RangeInclusive<u8> = 1..=30;

/// The turn of a step that names none.
const fn middle() -> u8 {
    5
}

/// A step as its file holds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFile {
    /// The file's name.
    #[serde(skip)]
    pub id: String,
    /// Earlier names, under which rules may still ask for it.
    #[serde(default)]
    pub also: Vec<String>,
    /// Its wave.
    pub wave: String,
    /// Its turn within the wave, 1 to 9; steps of one turn stand by urgency. 5 when not given.
    #[serde(default = "middle")]
    pub turn: u8,
    /// Whether the other person may notice.
    pub may_alert: String,
    /// Part of every checklist.
    #[serde(default)]
    pub always: bool,
    /// A question that only a person can answer.
    #[serde(default)]
    pub check: bool,
    /// Steps that belong in the checklist once the question was answered with yes.
    #[serde(default)]
    pub if_yes: Vec<String>,
    /// Whether it can be undone: `yes`, `partly`, `no`.
    #[serde(default)]
    pub reversible: String,
    /// After how many days to look again.
    #[serde(default)]
    pub recheck_in_days: Option<u32>,
    /// Families it is for; empty is all.
    #[serde(default)]
    pub platform: Vec<String>,
    /// Contacts to involve.
    #[serde(default)]
    pub involve: Vec<String>,
    /// Cards of field.md A3.1 whose content it holds.
    #[serde(default)]
    pub cards: Vec<u8>,
    /// Date on which the text was checked.
    pub checked: String,
    /// Devices it was tried on.
    #[serde(default)]
    pub tested_on: Vec<String>,
    /// Where it comes from.
    pub source: String,
    /// Dutch.
    pub nl: StepText,
    /// Dutch for people with low literacy.
    #[serde(rename = "nl-easy")]
    pub nl_easy: EasyStep,
    /// English.
    pub en: StepText,
}

impl StepFile {
    /// The step as the checklist takes it.
    #[must_use]
    pub fn known(&self) -> checklist::Known {
        let step = Step {
            id: self.id.clone(),
            may_alert: self.may_alert.clone(),
            always: self.always,
            check: self.check,
            reversible: self.reversible.clone(),
            recheck_in_days: self.recheck_in_days,
            involve: self.involve.clone(),
            checked: self.checked.clone(),
            tested_on: self.tested_on.clone(),
            nl: self.nl.clone(),
            en: self.en.clone(),
            nl_easy: self.nl_easy.clone(),
            ..Step::default()
        };
        checklist::Known {
            wave: self.wave.clone(),
            platform: self.platform.clone(),
            turn: self.turn,
            if_yes: self.if_yes.clone(),
            also: self.also.clone(),
            step,
        }
    }
}

/// What the holder of data finds them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identifier {
    /// Serial number of the examined device.
    Serial,
    /// IMEI of the examined device.
    Imei,
    /// Number of the SIM card.
    Iccid,
    /// Telephone number.
    Number,
    /// Identifier of a tracker.
    Tracker,
    /// Network address of use that nothing declared or copied explains, with its first and last time.
    Network,
}

/// An entry of `rules/preserve.toml`: data that others hold and that is soon gone (field.md A6).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreserveFile {
    /// Name.
    pub id: String,
    /// Beginnings of the names of providers whose accounts it is about.
    #[serde(default)]
    pub providers: Vec<String>,
    /// What the holder finds it by.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
    /// Where it comes from.
    pub source: String,
    /// Who holds it.
    pub holder: Words,
    /// What it is.
    pub what: Words,
    /// When it is gone.
    pub gone: Words,
}

/// Lets rules that ask for a step by an earlier name find it under its own.
pub(super) fn resolve(rules: &mut Rules) {
    let own = |name: &String| {
        rules.steps.iter().find(|s| s.also.contains(name)).map_or_else(|| name.clone(), |s| s.id.clone())
    };
    let resolved: Vec<Vec<String>> = rules.list.iter().map(|rule| rule.steps.iter().map(own).collect()).collect();
    for (rule, steps) in rules.list.iter_mut().zip(resolved) {
        rule.steps.clear();
        for step in steps {
            if !rule.steps.contains(&step) {
                rule.steps.push(step);
            }
        }
    }
}

/// Checks a step.
pub(super) fn check(file: &str, text: &str, step: &StepFile, steps: &[StepFile], contacts: &[Contact]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |needle: &str, message: String| problems.push(Problem::near(file, text, needle, message));
    if !WAVES.contains(&step.wave.as_str()) {
        say("wave", format!("`{}` is not one of {}", step.wave, WAVES.join(", ")));
    }
    if !["no", "yes", "unknown"].contains(&step.may_alert.as_str()) {
        say("may_alert", "may_alert is no, yes or unknown".into());
    }
    if !["", "yes", "partly", "no"].contains(&step.reversible.as_str()) {
        say("reversible", "reversible is yes, partly or no".into());
    }
    if step.checked.parse::<jiff::civil::Date>().is_err() {
        say("checked", "checked is a date: 2026-11-23".into());
    }
    for name in step.involve.iter().filter(|i| !contacts.iter().any(|c| c.id == **i)) {
        say(name, format!("there is no contact `{name}` in contacts.nl.toml"));
    }
    for card in step.cards.iter().filter(|card| !CARDS.contains(card)) {
        say("cards", format!("there is no card {card}; field.md A3.1 has {} to {}", CARDS.start(), CARDS.end()));
    }
    for name in step.if_yes.iter().filter(|name| !steps.iter().any(|s| s.id == **name)) {
        say(name, format!("there is no step `{name}` in rules/steps"));
    }
    for name in step.also.iter().filter(|name| steps.iter().any(|s| s.id == **name)) {
        say(name, format!("`{name}` is a step of its own"));
    }
    if step.check && checklist::changes(&step.wave) {
        say("check", "a question to look at something changes nothing; it belongs in an earlier wave".into());
    }
    for (language, t) in [("nl", &step.nl), ("en", &step.en)] {
        if t.title.trim().is_empty() || t.why.trim().is_empty() || (t.actions.is_empty() && t.on.is_empty()) {
            say(&format!("[{language}]"), format!("[{language}] needs title, why and do"));
        }
        if step.check == t.question.trim().is_empty() {
            say(&format!("[{language}]"), format!("[{language}] needs `question` with `check = true`, and only then"));
        }
    }
    let shape = |t: &StepText| {
        let on: Vec<_> = t.on.iter().map(|on| (on.actions.len(), on.platform.clone())).collect();
        (t.actions.len(), t.do_not.len(), on, t.side_effects.is_empty(), t.minor.is_empty())
    };
    if shape(&step.nl) != shape(&step.en) {
        say(
            "[en]",
            "Dutch and English must have the same number of lines in `do` and `do_not`, and the same keys".into(),
        );
    }
    if step.nl_easy.title.trim().is_empty() || step.nl_easy.actions.is_empty() {
        say("[nl-easy]", "[nl-easy] needs title and do".into());
    }
    problems
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::artifact::Artifacts;

    /// Cards about which nothing is to be changed: a GPS tracker (the police take it), contact, threats, messages that disappear, nothing found.
    const NOTHING_TO_CHANGE: [u8; 5] = [17, 24, 25, 28, 30];
    /// The waves in which something is changed.
    const CHANGES: [&str; 2] = ["quiet", "visible"];

    #[test]
    fn every_card_has_what_to_look_at_first_and_what_to_change_after() {
        let rules = Rules::embedded(&Artifacts::embedded().unwrap().vocabulary).unwrap();
        let mut lacking = Vec::new();
        for card in CARDS {
            let of = |changing: bool| {
                rules.steps.iter().any(|s| s.cards.contains(&card) && CHANGES.contains(&s.wave.as_str()) == changing)
            };
            if !of(false) {
                lacking.push(format!("card {card}: no step that looks, keeps or asks"));
            }
            if !of(true) && !NOTHING_TO_CHANGE.contains(&card) {
                lacking.push(format!("card {card}: no step that changes"));
            }
            let not = rules.steps.iter().filter(|s| s.cards.contains(&card)).any(|s| !s.nl.do_not.is_empty());
            if !not {
                lacking.push(format!("card {card}: nothing is advised against"));
            }
        }
        assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    }

    #[test]
    fn every_step_is_reached() {
        let rules = Rules::embedded(&Artifacts::embedded().unwrap().vocabulary).unwrap();
        let asked = |id: &String| {
            rules.list.iter().any(|rule| rule.steps.contains(id)) || rules.steps.iter().any(|s| s.if_yes.contains(id))
        };
        let lost: Vec<&String> = rules.steps.iter().filter(|s| !s.always && !asked(&s.id)).map(|s| &s.id).collect();
        assert!(lost.is_empty(), "no rule, no answer and no checklist leads to {lost:?}");
    }
}
