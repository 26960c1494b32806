//! Rules: questions put to the facts, with the words and steps that belong to an answer. This module loads and checks the files
//! under `rules/` and runs the questions in a sandbox. It never parses evidence: it sees only facts.

pub mod declared;
pub mod guide;
pub mod identity;
pub mod indicator;
pub mod judge;
pub mod load;
pub mod prose;
pub mod pseudonym;
pub mod step;
pub mod view;

pub use indicator::Indicators;
pub use judge::{Judged, Judgement, Match, judge, judge_all};
pub use load::Rules;

use crate::report::{EasyText, FindingText, Words};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `concern.name`.
    pub id: String,
    /// Harm if it is true.
    pub urgency: Urgency,
    /// How sure.
    pub confidence: Confidence,
    /// Columns that make one finding.
    pub group: Vec<String>,
    /// Tables whose absence does not stop the question.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Values that a source must be able to give before its silence is an answer: by kind of fact, then column.
    /// `*` in a value stands for anything.
    #[serde(default)]
    pub asks: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Dates of the case file (`exit`) without which it cannot be asked: then it is *not evaluated*, which is not *not found*.
    #[serde(default)]
    pub dates: Vec<String>,
    /// The question.
    pub detect: String,
    /// Which of the victim's things the other person can see.
    #[serde(default)]
    pub sees: Vec<String>,
    /// Steps that belong to a finding.
    #[serde(default)]
    pub steps: Vec<String>,
    /// After how many days to look again; by urgency when it is not given.
    #[serde(default)]
    pub recheck_in_days: Option<u32>,
    /// The views that it reads, each after those that it builds on.
    #[serde(skip)]
    pub views: Vec<String>,
    /// Where the rule comes from.
    pub source: String,
    /// Never shown to be right on real data.
    #[serde(default)]
    pub experimental: bool,
    /// Dutch.
    pub nl: FindingText,
    /// Dutch for people with low literacy.
    #[serde(rename = "nl-easy")]
    pub nl_easy: EasyText,
    /// English.
    pub en: FindingText,
}

impl Rule {
    /// The title with its placeholders left open: for what it found nothing for, and where no value may stand.
    #[must_use]
    pub fn plain_title(&self) -> Words {
        Words { nl: blank(&self.nl.title), en: blank(&self.en.title) }
    }

    /// The concern: the part of the id before the dot.
    #[must_use]
    pub fn concern(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }
}

/// A text with its placeholders left open.
fn blank(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push('…');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Harm if a finding is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Act on it today, with a plan.
    Now,
    /// Within a week.
    ThisWeek,
    /// Can wait.
    Later,
    /// Good to know.
    Info,
}

impl Urgency {
    /// All, most urgent first.
    pub const ALL: [Self; 4] = [Self::Now, Self::ThisWeek, Self::Later, Self::Info];

    /// After how many days a finding of this urgency is looked at again when its rule does not say.
    #[must_use]
    pub const fn recheck_in_days(self) -> u32 {
        match self {
            Self::Now => 7,
            Self::ThisWeek => 14,
            Self::Later => 28,
            Self::Info => 42,
        }
    }

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::ThisWeek => "this-week",
            Self::Later => "later",
            Self::Info => "info",
        }
    }

    /// The urgency of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|u| u.name() == name)
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The trace leaves no other reading of the setting itself.
    Certain,
    /// The usual reading.
    Likely,
    /// One of several readings.
    Possible,
}

impl Confidence {
    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}
