//! Loads and checks everything under `rules/`: rules, steps, contacts, indicators. Every question is prepared on an empty store;
//! every text must exist in Dutch and English with the same placeholders, and every placeholder must be a selected column.

pub use super::guide::Guide;
use super::indicator::Indicators;
pub use super::step::{PreserveFile, StepFile};
use super::view::{self, View};
use super::{Rule, Urgency, guide, identity, judge, prose, step};
use crate::fact::store::SYSTEM;
use crate::fact::{Problem, Problems, Store, Vocabulary};
use crate::report::{Contact, FindingText};
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
    /// Data that others hold and that is soon gone, in the order of the file.
    pub preserve: Vec<PreserveFile>,
    /// How copies are made, in the order of their place in the list.
    pub guides: Vec<Guide>,
    /// Indicators of known products, and what explains a name.
    pub indicators: Indicators,
    /// SHA-256 over all files.
    pub sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactFile {
    contact: Vec<Contact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeepFile {
    entry: Vec<PreserveFile>,
}

impl Rules {
    /// The steps as the checklist takes them.
    #[must_use]
    pub fn known_steps(&self) -> Vec<crate::report::checklist::Known> {
        self.steps.iter().map(StepFile::known).collect()
    }

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
            preserve: Vec::new(),
            guides: Vec::new(),
            indicators: Indicators::default(),
            sha256: crate::embedded::digest(files),
        };
        let (mut rule_files, mut problems_of_views, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for (file, text) in files {
            if *file == "contacts.nl.toml" {
                take(file, text, &mut problems, |f: ContactFile| rules.contacts = f.contact);
                continue;
            }
            if *file == "preserve.toml" {
                take(file, text, &mut problems, |f: KeepFile| rules.preserve = f.entry);
                continue;
            }
            let Some((folder, base)) = file.rsplit_once('/') else { continue };
            let Some(stem) = base.strip_suffix(".toml") else { continue };
            match folder {
                "steps" => {
                    take(file, text, &mut problems, |step| rules.steps.push(StepFile { id: stem.into(), ..step }));
                }
                "guides" => take(file, text, &mut problems_of_views, |guide: Guide| {
                    rules.guides.push(Guide { id: stem.into(), ..guide });
                }),
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
        step::resolve(&mut rules);
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
                        rule.views.push(view.id.clone());
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
                problems.append(&mut step::check(file, text, step, &rules.steps, &rules.contacts));
            }
        }
        guide::check(files, &mut rules.guides, &mut problems);
        prose::check(files, &mut problems);
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
    for date in rule.dates.iter().filter(|date| *date != "exit") {
        say("dates", format!("the case file has no date `{date}`"));
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
