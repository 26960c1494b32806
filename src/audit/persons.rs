//! Gathers what `persons.html` shows: every fact in which a declared value of a person of concern stands, and contact hour by hour when
//! that was read. Counterparts that were declared as trusted or privileged are left out, and how many is said.

use super::keep::Pseudonyms;
use crate::fact::Vocabulary;
use crate::fact::store::Sealed;
use crate::report::Citation;
use crate::report::persons::{AfterExit, Channel, Contact, Person, Persons, Trace};
use crate::rule::declared::People;
use jiff::tz::TimeZone;
use rusqlite::types::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most counterparts that are listed beside the persons of concern.
const MOST_OTHERS: usize = 25;
/// Columns in which a moment stands, the most telling first.
const MOMENTS: [&str; 7] = ["at", "first_at", "added_at", "bought_at", "installed_at", "last_at", "created_at"];

/// What gathering needs.
pub struct Gather<'a> {
    /// The facts.
    pub store: &'a Sealed,
    /// Kinds of facts.
    pub vocabulary: &'a Vocabulary,
    /// For those who were not declared.
    pub pseudonyms: &'a Pseudonyms,
    /// Zone of the report (IANA).
    pub zone: &'a str,
    /// The declared date of leaving (`2026-10-02`).
    pub exit: Option<String>,
    /// Contact hour by hour was read.
    pub pattern_read: bool,
    /// The citation of a fact.
    pub cite: &'a dyn Fn(i64) -> rusqlite::Result<Citation>,
}

impl Gather<'_> {
    /// Everything about persons of concern.
    ///
    /// # Errors
    /// When the store fails.
    pub fn persons(&self) -> rusqlite::Result<Persons> {
        let people = People::read(self.store.connection())?;
        let person = |label: &str| (label.to_string(), Person { label: label.into(), ..Person::default() });
        let mut persons: BTreeMap<String, Person> = people.labels("concern").map(person).collect();
        if !persons.is_empty() {
            for name in self.vocabulary.kinds.keys().filter(|k| *k != "contact_hour") {
                self.traces(name, &people, &mut persons)?;
            }
        }
        let mut out = Persons { pattern_read: self.pattern_read, ..Persons::default() };
        if self.pattern_read {
            let mut others = Vec::new();
            for (label, hours) in self.hours(&people, &mut out.left_out)? {
                let contact = self.contact(label.clone(), &hours);
                match persons.get_mut(&label) {
                    Some(person) => person.contact = Some(contact),
                    None => others.push(contact),
                }
            }
            others.sort_by(|a, b| (b.received + b.sent).cmp(&(a.received + a.sent)).then(a.label.cmp(&b.label)));
            others.truncate(MOST_OTHERS);
            // Day by day is kept for persons of concern only.
            for contact in &mut others {
                contact.days.clear();
            }
            out.others = others;
        }
        out.concern = persons.into_values().collect();
        Ok(out)
    }

    fn traces(&self, kind: &str, people: &People, persons: &mut BTreeMap<String, Person>) -> rusqlite::Result<()> {
        let mut statement = self.store.connection().prepare(&format!("SELECT * FROM {kind} ORDER BY ev"))?;
        let names: Vec<String> = statement.column_names().map(str::to_string).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut texts = BTreeMap::new();
            for (n, name) in names.iter().enumerate() {
                if let Value::Text(text) = row.get(n)? {
                    texts.insert(name.as_str(), text);
                }
            }
            for (column, text) in &texts {
                // A name that stands in another row is a trace there, and that row is read as well.
                let inherited = *column == "identity" && texts.contains_key("inherited_from");
                if inherited || crate::fact::vocabulary::COMMON.contains(column) {
                    continue;
                }
                let Some(person) = people.label("concern", &[text]).and_then(|l| persons.get_mut(l)) else { continue };
                let cited = (self.cite)(row.get("ev")?)?;
                person.traces.push(Trace {
                    fact: kind.into(),
                    column: (*column).to_string(),
                    value: text.clone(),
                    source: cited.source,
                    artifact: cited.artifact_title,
                    at: MOMENTS.iter().find_map(|m| texts.get(m).cloned()),
                    stream: cited.stream,
                    sha256: cited.sha256,
                    locator: cited.locator,
                });
            }
        }
        Ok(())
    }

    /// Hours of contact by label or pseudonym.
    fn hours(&self, people: &People, left_out: &mut u64) -> rusqlite::Result<BTreeMap<String, Vec<Hour>>> {
        let mut all: BTreeMap<String, Vec<Hour>> = BTreeMap::new();
        let mut gone = BTreeSet::new();
        let sql = "SELECT service, counterpart, at, coalesce(received, 0), coalesce(sent, 0) FROM contact_hour
                   WHERE counterpart IS NOT NULL AND at IS NOT NULL ORDER BY at, service, ev";
        let mut statement = self.store.connection().prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let counterpart: String = row.get(1)?;
            let of = |role: &str| people.label(role, &[&counterpart]);
            let label = match of("concern") {
                Some(label) => label.to_string(),
                None if of("trusted").or(of("privileged")).is_some() => {
                    gone.insert(self.pseudonyms.key.pseudonym(&counterpart));
                    continue;
                }
                None => self.pseudonyms.key.pseudonym(&counterpart),
            };
            let count = |n: usize| -> rusqlite::Result<u64> { Ok(u64::try_from(row.get::<_, i64>(n)?).unwrap_or(0)) };
            let service: Option<String> = row.get(0)?;
            let hour =
                Hour { service: service.unwrap_or_default(), at: row.get(2)?, received: count(3)?, sent: count(4)? };
            all.entry(label).or_default().push(hour);
        }
        *left_out = gone.len() as u64;
        Ok(all)
    }

    fn contact(&self, label: String, hours: &[Hour]) -> Contact {
        let zone = TimeZone::get(self.zone).unwrap_or(TimeZone::UTC);
        let mut contact = Contact { label, ..Contact::default() };
        let mut channels: BTreeMap<&str, Channel> = BTreeMap::new();
        let mut after = AfterExit { exit: self.exit.clone().unwrap_or_default(), ..AfterExit::default() };
        let (mut days_after, mut run) = (BTreeSet::new(), 0);
        for hour in hours {
            let local = hour.at.parse::<jiff::Timestamp>().ok().map(|t| t.to_zoned_datetime(zone.clone()));
            let day = local.as_ref().map_or_else(|| hour.at.chars().take(10).collect(), |l| l.date().to_string());
            let night = local.as_ref().is_some_and(|l| l.hour() >= 22 || l.hour() < 6);
            contact.received += hour.received;
            contact.sent += hour.sent;
            contact.received_at_night += if night { hour.received } else { 0 };
            run = if hour.sent > 0 { 0 } else { run + hour.received };
            contact.longest_unanswered = contact.longest_unanswered.max(run);
            let counts = contact.days.entry(day.clone()).or_default();
            counts.0 += hour.received;
            counts.1 += hour.sent;
            let is_after = self.exit.as_ref().is_some_and(|exit| day > *exit);
            if is_after {
                after.received += hour.received;
                after.sent += hour.sent;
                days_after.insert(day);
                if after.first_at.is_empty() {
                    after.first_at.clone_from(&hour.at);
                }
            }
            let channel = channels.entry(&hour.service).or_insert_with(|| Channel {
                service: hour.service.clone(),
                first_at: hour.at.clone(),
                new_after_exit: is_after,
                ..Channel::default()
            });
            channel.received += hour.received;
            channel.sent += hour.sent;
        }
        contact.first_at = hours.first().map(|h| h.at.clone()).unwrap_or_default();
        contact.last_at = hours.last().map(|h| h.at.clone()).unwrap_or_default();
        contact.channels = channels.into_values().collect();
        let mut received: Vec<u64> = contact.days.values().map(|d| d.0).filter(|r| *r > 0).collect();
        received.sort_unstable();
        let ordinary = received.get(received.len() / 2).copied().unwrap_or(0);
        let burst = |counts: &(u64, u64)| counts.0 >= 10 && counts.0 > ordinary * 3;
        contact.bursts = contact.days.iter().filter(|(_, c)| burst(c)).map(|(d, _)| d.clone()).collect();
        after.days = days_after.len() as u64;
        contact.after_exit = (after.days > 0).then_some(after);
        contact
    }
}

struct Hour {
    service: String,
    at: String,
    received: u64,
    sent: u64,
}
