//! Loads and checks everything under `rules/`: rules, steps, contacts, indicators. Every question is prepared on an empty store;
//! every text must exist in Dutch and English with the same placeholders, and every placeholder must be a selected column.

use super::indicator::Indicators;
use super::view::{self, View};
use super::{Rule, Urgency, identity, judge};
use crate::fact::store::SYSTEM;
use crate::fact::{Problem, Problems, Store, Vocabulary};
use crate::report::checklist::{self, WAVES};
use crate::report::{Contact, EasyStep, FindingText, Step, StepText};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What another person may see.
pub const SEES: [&str; 11] = [
    "location",
    "messages",
    "photos",
    "calls",
    "mail",
    "accounts",
    "browsing",
    "microphone",
    "camera",
    "money",
    "device",
];

/// Everything under `rules/`.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Rules, sorted by id.
    pub list: Vec<Rule>,
    /// Views, each after those that it builds on.
    pub views: Vec<View>,
    /// Steps by wave.
    pub steps: Vec<StepFile>,
    /// Contacts, in the order of the file.
    pub contacts: Vec<Contact>,
    /// Indicators of known products, and what explains a name.
    pub indicators: Indicators,
    /// SHA-256 over all files.
    pub sha256: String,
}

/// A step as its file holds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFile {
    /// The file's name.
    #[serde(skip)]
    pub id: String,
    /// Its wave.
    pub wave: String,
    /// Whether the other person may notice.
    pub may_alert: String,
    /// Part of every checklist.
    #[serde(default)]
    pub always: bool,
    /// Families it is for; empty is all.
    #[serde(default)]
    pub platform: Vec<String>,
    /// Contacts to involve.
    #[serde(default)]
    pub involve: Vec<String>,
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
            findings: Vec::new(),
            urgency: String::new(),
            involve: self.involve.clone(),
            checked: self.checked.clone(),
            tested_on: self.tested_on.clone(),
            nl: self.nl.clone(),
            en: self.en.clone(),
            nl_easy: self.nl_easy.clone(),
        };
        checklist::Known { wave: self.wave.clone(), platform: self.platform.clone(), step }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactFile {
    contact: Vec<Contact>,
}

impl Rules {
    /// Loads the files that are built into the program.
    ///
    /// # Errors
    /// All problems of all files.
    pub fn embedded(vocabulary: &Vocabulary) -> Result<Self, Problems> {
        Self::load(crate::embedded::rules::FILES, vocabulary)
    }

    /// Loads and checks the given files (name below `rules/`, text).
    ///
    /// # Errors
    /// All problems of all files.
    pub fn load(files: &[(&str, &str)], vocabulary: &Vocabulary) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut rules = Self {
            list: Vec::new(),
            views: Vec::new(),
            steps: Vec::new(),
            contacts: Vec::new(),
            indicators: Indicators::default(),
            sha256: crate::embedded::digest(files),
        };
        let (mut rule_files, mut problems_of_views, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for (file, text) in files {
            if *file == "contacts.nl.toml" {
                take(file, text, &mut problems, |f: ContactFile| rules.contacts = f.contact);
                continue;
            }
            let Some((folder, base)) = file.rsplit_once('/') else { continue };
            let Some(stem) = base.strip_suffix(".toml") else { continue };
            match folder {
                "steps" => {
                    take(file, text, &mut problems, |step| rules.steps.push(StepFile { id: stem.into(), ..step }));
                }
                "views" => take(file, text, &mut problems, |view: View| {
                    if view.id != stem || vocabulary.kinds.contains_key(&view.id) || SYSTEM.contains(&stem) {
                        let message =
                            format!("the id must be `{stem}`, after the file, and not that of a kind of fact");
                        problems_of_views.push(Problem::near(file, text, &view.id, message));
                    }
                    rules.views.push(view);
                }),
                "indicators" => lists.push((*file, *text)),
                _ => take(file, text, &mut problems, |rule: Rule| {
                    rule_files.push((*file, *text, format!("{folder}.{stem}")));
                    rules.list.push(rule);
                }),
            }
        }
        problems.append(&mut problems_of_views);
        match Store::new(vocabulary) {
            Ok(mut store) => {
                let conn = store.connection_mut();
                if let Err(e) = identity::register(conn) {
                    problems.push(Problem::near("rules", "", "", e.to_string()));
                }
                for (view, message) in view::make_all(&mut rules.views, conn) {
                    let file = format!("views/{}.toml", view.id);
                    let text = files.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| *text);
                    problems.push(Problem::near(&file, text, "sql", message));
                }
                for rule in &mut rules.list {
                    // What may be lacking for a view may be lacking for a rule that reads it.
                    let tables = judge::opened_tables(&rule.detect, conn).unwrap_or_default();
                    for view in view::needed(&tables, &rules.views) {
                        rule.optional.extend(view.optional.iter().cloned());
                        rule.views += &view.statement();
                    }
                }
                for (rule, (file, text, id)) in rules.list.iter().zip(&rule_files) {
                    check_rule(file, text, id, rule, &rules.steps, (vocabulary, conn), &mut problems);
                }
            }
            Err(e) => problems.push(Problem::near("rules", "", "", e.to_string())),
        }
        for (file, text) in files.iter().filter(|(f, _)| f.starts_with("steps/")) {
            let stem = file.trim_start_matches("steps/").trim_end_matches(".toml");
            if let Some(step) = rules.steps.iter().find(|s| s.id == stem) {
                check_step(file, text, step, &rules.contacts, &mut problems);
            }
        }
        rules.indicators = Indicators::load(lists.into_iter(), &mut problems);
        rules.list.sort_by(|a, b| a.id.cmp(&b.id));
        rules.steps.sort_by(|a, b| a.id.cmp(&b.id));
        Problems::or(problems, rules)
    }
}

fn take<T: serde::de::DeserializeOwned>(file: &str, text: &str, problems: &mut Vec<Problem>, then: impl FnOnce(T)) {
    match toml::from_str(text) {
        Ok(value) => then(value),
        Err(e) => problems.push(Problem::from_toml(file, text, &e)),
    }
}

/// The names between curly brackets in a text.
#[must_use]
pub fn placeholders(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        names.insert(name.to_string());
        rest = after;
    }
    names
}

/// Whether a question gives the words for a placeholder in both languages: `x_nl` and `x_en` for `{x}`.
fn in_both_languages(name: &str, columns: &BTreeSet<String>) -> bool {
    ["nl", "en"].iter().all(|language| columns.contains(&format!("{name}_{language}")))
}

fn words(text: &FindingText) -> Vec<(&'static str, &str)> {
    let mut all = vec![
        ("title", text.title.as_str()),
        ("shows", text.shows.as_str()),
        ("may_mean", text.may_mean.as_str()),
        ("limits", text.limits.as_str()),
        ("notices", text.notices.as_str()),
    ];
    all.extend(text.innocent.iter().map(|i| ("innocent", i.as_str())));
    all
}

fn check_rule(
    file: &str,
    text: &str,
    id: &str,
    rule: &Rule,
    steps: &[StepFile],
    (vocabulary, store): (&Vocabulary, &rusqlite::Connection),
    problems: &mut Vec<Problem>,
) {
    let mut say = |needle: &str, message: String| problems.push(Problem::near(file, text, needle, message));
    if rule.id != id {
        say(&rule.id, format!("the id must be `{id}`, after folder and file"));
    }
    let columns: BTreeSet<String> = match store.prepare(&rule.detect) {
        Ok(statement) => statement.column_names().map(str::to_string).collect(),
        Err(e) => {
            say("detect", format!("the question does not prepare: {e}"));
            return;
        }
    };
    if !columns.contains("ev") {
        say("detect", "the question must select `ev`, the fact it leans on".into());
    }
    for group in rule.group.iter().filter(|g| !columns.contains(*g)) {
        say("group", format!("`{group}` is not among the selected columns"));
    }
    for (language, words_of) in [("nl", words(&rule.nl)), ("en", words(&rule.en))] {
        for (key, value) in &words_of {
            if value.trim().is_empty() {
                say(&format!("[{language}]"), format!("`{key}` is empty in [{language}]"));
            }
            for name in placeholders(value).difference(&columns).filter(|n| !in_both_languages(n, &columns)) {
                say(&format!("{{{name}}}"), format!("{{{name}}} is not among the selected columns"));
            }
        }
        if !words_of.iter().any(|(key, _)| *key == "innocent") {
            say(&format!("[{language}]"), format!("at least one innocent explanation is needed in [{language}]"));
        }
    }
    for (kind, columns) in &rule.asks {
        let known = vocabulary.kinds.get(kind);
        for column in columns.keys().filter(|c| known.is_none_or(|k| k.column(c).is_none())) {
            say("asks", format!("`{kind}` has no column `{column}`"));
        }
    }
    for key in ["title", "shows", "may_mean", "limits", "notices", "innocent"] {
        let of = |text: &FindingText| {
            words(text).iter().filter(|(k, _)| *k == key).flat_map(|(_, v)| placeholders(v)).collect::<BTreeSet<_>>()
        };
        if of(&rule.nl) != of(&rule.en) {
            say(&format!("{key} "), format!("`{key}` has other placeholders in Dutch than in English"));
        }
    }
    if rule.nl_easy.title.trim().is_empty() || rule.nl_easy.shows.trim().is_empty() {
        say("[nl-easy]", "[nl-easy] needs `title` and `shows`".into());
    }
    for see in rule.sees.iter().filter(|s| !SEES.contains(&s.as_str())) {
        say(see, format!("`{see}` is not one of {}", SEES.join(", ")));
    }
    for step in rule.steps.iter().filter(|s| !steps.iter().any(|f| f.id == **s)) {
        say(step, format!("there is no step `{step}` in rules/steps"));
    }
    if rule.experimental && rule.urgency == Urgency::Now {
        say("urgency", "an experimental rule is never urgent".into());
    }
}

fn check_step(file: &str, text: &str, step: &StepFile, contacts: &[Contact], problems: &mut Vec<Problem>) {
    let mut say = |needle: &str, message: String| problems.push(Problem::near(file, text, needle, message));
    if !WAVES.contains(&step.wave.as_str()) {
        say("wave", format!("`{}` is not one of {}", step.wave, WAVES.join(", ")));
    }
    if !["no", "yes", "unknown"].contains(&step.may_alert.as_str()) {
        say("may_alert", "may_alert is no, yes or unknown".into());
    }
    if step.checked.parse::<jiff::civil::Date>().is_err() {
        say("checked", "checked is a date: 2026-11-23".into());
    }
    for name in step.involve.iter().filter(|i| !contacts.iter().any(|c| c.id == **i)) {
        say(name, format!("there is no contact `{name}` in contacts.nl.toml"));
    }
    for (language, t) in [("nl", &step.nl), ("en", &step.en)] {
        if t.title.trim().is_empty() || t.why.trim().is_empty() || t.actions.is_empty() {
            say(&format!("[{language}]"), format!("[{language}] needs title, why and do"));
        }
    }
    if step.nl.actions.len() != step.en.actions.len() || step.nl.do_not.len() != step.en.do_not.len() {
        say("[en]", "Dutch and English must have the same number of lines in `do` and `do_not`".into());
    }
    if step.nl_easy.title.trim().is_empty() || step.nl_easy.actions.is_empty() {
        say("[nl-easy]", "[nl-easy] needs title and do".into());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::artifact::Artifacts;

    #[test]
    fn the_embedded_rules_are_right() {
        let artifacts = Artifacts::embedded().unwrap_or_else(|e| panic!("{e}"));
        let rules = Rules::embedded(&artifacts.vocabulary).unwrap_or_else(|e| panic!("{e}"));
        assert!(rules.list.len() >= 25, "only {} rules", rules.list.len());
    }

    #[test]
    fn placeholders_are_found() {
        assert_eq!(placeholders("{a} en {b}, {a"), ["a", "b"].map(String::from).into());
    }
}
