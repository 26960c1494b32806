//! Guides (`rules/guides/*.toml`): for each kind of source how a copy is made, what the other person may notice of it, how long it
//! takes and what not to do. Making a copy changes a little on every phone or account; a guide says what.

use crate::fact::Problem;
use crate::report::EasyStep;
use serde::Deserialize;

/// A guide as its file holds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// The file's name, and the name it is asked for by.
    #[serde(skip)]
    pub id: String,
    /// Other names for it.
    #[serde(default)]
    pub names: Vec<String>,
    /// Place in the list.
    pub order: u32,
    /// Date on which the text was checked.
    pub checked: String,
    /// On what it was tried.
    #[serde(default)]
    pub tested_on: Vec<String>,
    /// Where it comes from.
    pub source: String,
    /// Dutch.
    pub nl: GuideText,
    /// Dutch for people with low literacy.
    #[serde(rename = "nl-easy")]
    pub nl_easy: EasyStep,
    /// English.
    pub en: GuideText,
}

/// The words of a guide in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideText {
    /// One line.
    pub title: String,
    /// What the copy holds and does not hold.
    pub gives: String,
    /// What the other person may notice.
    pub notices: String,
    /// How long it takes.
    pub time: String,
    /// What to do first.
    pub before: Vec<String>,
    /// The ways to make it; each is one way, not a step after another.
    pub way: Vec<Way>,
    /// What not to do.
    pub do_not: Vec<String>,
    /// What to do with the copy.
    pub after: Vec<String>,
}

/// One way to make the copy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// With what: a kind of computer, or the website.
    pub name: String,
    /// What to do, one action a line.
    #[serde(rename = "do")]
    pub actions: Vec<String>,
}

impl Guide {
    /// The words in `lang` (`en`, anything else is Dutch).
    #[must_use]
    pub fn words(&self, lang: &str) -> &GuideText {
        if lang == "en" { &self.en } else { &self.nl }
    }

    /// Whether it is asked for by this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.id == name || self.names.contains(&name)
    }
}

/// Checks the guides and puts them in order.
pub(super) fn check(files: &[(&str, &str)], guides: &mut [Guide], problems: &mut Vec<Problem>) {
    guides.sort_by(|a, b| a.order.cmp(&b.order).then(a.id.cmp(&b.id)));
    for guide in guides.iter() {
        let file = format!("guides/{}.toml", guide.id);
        let text = files.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| *text);
        let mut say =
            |needle: &str, message: &str| problems.push(Problem::near(&file, text, needle, message.to_string()));
        if guide.checked.parse::<jiff::civil::Date>().is_err() {
            say("checked", "checked is a date: 2026-11-23");
        }
        for (language, words) in [("[nl]", &guide.nl), ("[en]", &guide.en)] {
            let lines = [&words.title, &words.gives, &words.notices, &words.time];
            if lines.iter().any(|line| line.trim().is_empty()) || words.way.iter().any(|way| way.actions.is_empty()) {
                say(language, "title, gives, notices, time and the lines of each way are needed");
            }
        }
        let shape = |words: &GuideText| {
            let ways: Vec<usize> = words.way.iter().map(|way| way.actions.len()).collect();
            (words.before.len(), ways, words.do_not.len(), words.after.len())
        };
        if shape(&guide.nl) != shape(&guide.en) || guide.nl.way.is_empty() {
            say("[en]", "Dutch and English must have the same ways with the same number of lines");
        }
        if guide.nl_easy.title.trim().is_empty() || guide.nl_easy.actions.is_empty() {
            say("[nl-easy]", "[nl-easy] needs title and do");
        }
        let twice = |name: &String| guides.iter().filter(|other| other.is(name)).count() > 1;
        if guide.names.iter().chain([&guide.id]).any(twice) {
            say("names", "another guide has the same name");
        }
    }
}
