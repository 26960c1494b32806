//! Persons of concern: one page that ties together every trace of what was declared about them, over all sources, and, when the
//! consent names it, how contact went over time. Counts and times only. That a trace names somebody does not say that they made it.

use super::html::Error;
use super::shown::{self, Zone};
use super::text::{PersonWords, Text, fill};
use super::{Finding, FindingText, Report, Words};
use askama::Template;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything about persons of concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Persons {
    /// One entry for each declared person of concern, in the order of their labels.
    pub concern: Vec<Person>,
    /// Contact over time was consented to and looked at.
    pub pattern_read: bool,
    /// Counterparts that were left out because they were declared as trusted or privileged.
    pub left_out: u64,
    /// Contact with others, most first; each is a pseudonym. That two of them are one person is not known.
    pub others: Vec<Contact>,
}

/// A person of concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// As declared.
    pub label: String,
    /// Every fact in which one of the declared values stands.
    pub traces: Vec<Trace>,
    /// Contact over time; none where it was not consented to or there was none.
    pub contact: Option<Contact>,
}

/// A fact in which a declared value stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Kind of fact.
    pub fact: String,
    /// Column in which the value stands.
    pub column: String,
    /// The value as it stands there.
    pub value: String,
    /// Which source.
    pub source: String,
    /// Title of the artifact.
    pub artifact: Words,
    /// When, as far as the fact tells.
    pub at: Option<String>,
    /// Chain of containers and name of the stream.
    pub stream: String,
    /// SHA-256 of the stream.
    pub sha256: String,
    /// Where in the stream.
    pub locator: String,
}

/// Contact over time with one counterpart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Label, or pseudonym.
    pub label: String,
    /// The services, with the first contact through each.
    pub channels: Vec<Channel>,
    /// Number received.
    pub received: u64,
    /// Number sent.
    pub sent: u64,
    /// Of all received: those between 22:00 and 6:00 in the zone of the report.
    pub received_at_night: u64,
    /// Most received on end without anything sent, to the hour.
    pub longest_unanswered: u64,
    /// First contact.
    pub first_at: String,
    /// Last contact.
    pub last_at: String,
    /// Received and sent for each day with contact, in the zone of the report.
    pub days: BTreeMap<String, (u64, u64)>,
    /// Days on which more than three times as much was received as on an ordinary day with contact, and at least ten.
    pub bursts: Vec<String>,
    /// After the declared date of leaving.
    pub after_exit: Option<AfterExit>,
}

/// A service through which there was contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Service.
    pub service: String,
    /// First contact through it.
    pub first_at: String,
    /// Number received.
    pub received: u64,
    /// Number sent.
    pub sent: u64,
    /// Its first contact lies after the declared date of leaving.
    pub new_after_exit: bool,
}

/// Contact after the date of leaving.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterExit {
    /// The declared date.
    pub exit: String,
    /// Number received.
    pub received: u64,
    /// Number sent.
    pub sent: u64,
    /// Days with contact.
    pub days: u64,
    /// First contact after it.
    pub first_at: String,
}

/// The concern whose findings stand on the page.
const CONCERN: &str = "contact";

/// `persons.html`; `None` when nobody was declared, no contact was looked at, and nothing was found about contact.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn render(report: &Report) -> Result<Option<String>, Error> {
    let persons = &report.persons;
    let about = report.findings.iter().any(|f| f.category == CONCERN && f.urgency != "info" && f.urgency != "later");
    if persons.concern.is_empty() && !persons.pattern_read && !about {
        return Ok(None);
    }
    let digest = super::json::digest(report)?;
    let text = Text::of(&report.options.lang);
    let zone = Zone::new(&report.options.zone);
    Ok(Some(Page { report, persons, text, words: &text.persons, zone, digest }.render()?))
}

/// What the template sees.
#[derive(Template)]
#[template(path = "persons.html", config = "src/report/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    persons: &'a Persons,
    text: &'a Text,
    words: &'a PersonWords,
    zone: Zone,
    digest: String,
}

#[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
impl Page<'_> {
    fn show(&self, value: &str) -> String {
        shown::value(value)
    }

    /// The findings about contact, as the report words them.
    fn findings(&self) -> Vec<(&Finding, FindingText)> {
        let about = self.report.findings.iter().filter(|f| f.category == CONCERN);
        about.map(|f| (f, if self.text.lang == "nl" { f.texts.nl.clone() } else { f.texts.en.clone() })).collect()
    }

    fn moment(&self, at: &str) -> String {
        self.zone.moment(at).map_or_else(|| shown::value(at), |m| m.local.unwrap_or(m.utc))
    }

    fn when(&self, at: Option<&str>) -> String {
        at.map_or_else(|| self.text.report.unknown.clone(), |at| self.moment(at))
    }

    fn kind(&self, fact: &str) -> String {
        self.text.compare.kinds.get(fact).cloned().unwrap_or_else(|| fact.to_string())
    }

    fn share(&self, part: u64, whole: u64) -> String {
        format!("{}%", (part * 100 + whole / 2).checked_div(whole).unwrap_or(0))
    }

    fn line(&self, contact: &Contact) -> String {
        let night = self.share(contact.received_at_night, contact.received);
        let (received, sent) = (contact.received.to_string(), contact.sent.to_string());
        let unanswered = contact.longest_unanswered.to_string();
        let (first, last) = (self.moment(&contact.first_at), self.moment(&contact.last_at));
        let values = [
            ("received", received.as_str()),
            ("sent", &sent),
            ("night", &night),
            ("unanswered", &unanswered),
            ("first", &first),
            ("last", &last),
        ];
        fill(&self.words.contact_line, &values)
    }

    /// Days far above the ordinary, those after the date of leaving marked.
    fn bursts(&self, contact: &Contact) -> String {
        let exit = contact.after_exit.as_ref().map(|a| a.exit.as_str());
        let after = |day: &String| exit.is_some_and(|exit| !exit.is_empty() && day.as_str() > exit);
        let one = |day: &String| if after(day) { format!("{day} ({})", self.words.after) } else { day.clone() };
        contact.bursts.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn after(&self, after: &AfterExit) -> String {
        let (received, sent, days) = (after.received.to_string(), after.sent.to_string(), after.days.to_string());
        let first = self.moment(&after.first_at);
        let values = [
            ("exit", after.exit.as_str()),
            ("received", &received),
            ("sent", &sent),
            ("days", &days),
            ("first", &first),
        ];
        fill(&self.words.after_exit, &values)
    }

    fn channels(&self, contact: &Contact) -> Vec<String> {
        let one = |channel: &Channel| {
            let (received, sent) = (channel.received.to_string(), channel.sent.to_string());
            let first = self.moment(&channel.first_at);
            let service = self.text.spoken("service", &channel.service);
            let values = [("service", service.as_str()), ("received", &received), ("sent", &sent), ("first", &first)];
            let line = fill(&self.words.channel, &values);
            if channel.new_after_exit { format!("{line} {}", self.words.new_channel) } else { line }
        };
        contact.channels.iter().map(one).collect()
    }
}
