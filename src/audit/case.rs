//! `case.toml`: what people declared about the case. Everything is optional; an unknown key is refused with its place, because a
//! mistyped consent must not pass for none.

use crate::fact::{Problem, Problems};
use crate::report::{Case, Exhibit, Gates, Ticked, leak};
use crate::rule::identity;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseFile {
    /// The case itself.
    pub case: CaseSection,
    /// Consent and its scope.
    pub consent: Consent,
    /// The person whose copies these are.
    pub person: Person,
    /// Dates that matter.
    pub dates: Dates,
    /// Her own devices, accounts, numbers.
    pub own: Vec<Own>,
    /// Times at which something was different.
    pub period: Vec<Period>,
    /// People she trusts.
    pub trusted: Vec<Identity>,
    /// Persons of concern.
    pub concern: Vec<Identity>,
    /// What she agreed to.
    pub agreed: Vec<Agreed>,
    /// Lawyer, doctor: filtered from every metric.
    pub privileged: Vec<Identity>,
    /// The examiner's own computers.
    pub examination: Vec<Examination>,
    /// What must never be printed.
    pub place: Place,
    /// Answers to the questions that come before any change.
    pub gates: Gates,
    /// What was checked by hand.
    pub ticked: Vec<Tick>,
    /// Where the intake is.
    pub intake: Intake,
    /// How each copy was made and received.
    pub exhibit: Vec<Received>,
}

/// `[[exhibit]]`: what a person knows about a copy and the program cannot: who made it, when, with what, in which state it came.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Received {
    /// Name of the file or folder of the copy.
    pub name: String,
    /// Number of the exhibit.
    pub code: String,
    /// Who made the copy.
    pub by: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<toml::value::Datetime>,
    /// Program and version it was made with.
    pub with: String,
    /// State on receipt.
    pub state: String,
}

impl Received {
    fn shown(&self) -> Exhibit {
        Exhibit {
            name: self.name.clone(),
            code: self.code.clone(),
            by: self.by.clone(),
            on: self.on.map(|on| on.to_string()).unwrap_or_default(),
            with: self.with.clone(),
            state: self.state.clone(),
        }
    }
}

/// `[[ticked]]`: the answer to a step that no copy can answer.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tick {
    /// Which step.
    pub step: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<toml::value::Datetime>,
    /// `yes`, `no`, `unknown`.
    pub result: String,
    /// Note.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Tick {
    fn shown(&self) -> Ticked {
        let on = self.on.map(|on| on.to_string()).unwrap_or_default();
        Ticked { step: self.step.clone(), on, result: self.result.clone(), note: self.note.clone() }
    }
}

/// `[intake]`: how far the questions were answered, so that one can stop and go on.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Intake {
    /// Questions that were asked and answered, skipped or not known.
    pub answered: Vec<String>,
    /// Where the copies lie.
    pub copies: Vec<String>,
}

/// `[case]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseSection {
    /// Case number.
    pub id: String,
    /// Label; never a person's name.
    pub label: String,
    /// Who examines.
    pub examiner: String,
    /// On behalf of whom.
    pub organisation: String,
    /// Legal basis.
    pub basis: String,
    /// Classification of the report, as the organisation words it.
    pub classification: String,
    /// Who read the report as a second person.
    pub second_reader: String,
}

/// `[consent]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// Whether it was given; absent is not declared.
    pub given: Option<bool>,
    /// `self`, `self+parent`, `parent`.
    pub by: String,
    /// When.
    pub date: Option<toml::value::Datetime>,
    /// `all`, or names of artifact scopes.
    pub scope: Vec<String>,
}

impl Consent {
    /// The scopes that may be read: what was named, else `all`.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        if self.scope.is_empty() { vec!["all".to_string()] } else { self.scope.clone() }
    }
}

/// `[person]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// Age band.
    pub age_band: String,
    /// Who has custody: `self`, `parent`, `parent-concern`, `guardian`, `unknown`.
    pub custody: String,
    /// `together`, `left`, `shelter`.
    pub living: String,
    /// `nl`, `nl-easy`, `en`.
    pub reading: String,
}

/// `[dates]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dates {
    /// When she left.
    pub exit: Option<toml::value::Datetime>,
    /// Exports that she asked for herself.
    pub exports: Vec<toml::value::Datetime>,
}

/// `[[own]]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Own {
    /// phone, tablet, laptop, account, number, mail, network …
    pub kind: String,
    /// Name.
    pub name: String,
    /// Operating system.
    pub os: String,
    /// Manufacturer.
    pub maker: String,
    /// Model.
    pub model: String,
    /// Serial numbers, IMEI, mails, numbers …
    pub ids: Vec<String>,
    /// From when.
    pub from: Option<toml::value::Datetime>,
    /// Until when.
    pub until: Option<toml::value::Datetime>,
}

/// Kinds of what is her own; `organisation` is a school or employer.
const OWN: [&str; 14] = [
    "phone",
    "tablet",
    "laptop",
    "desktop",
    "watch",
    "tv",
    "console",
    "car",
    "account",
    "number",
    "mail",
    "network",
    "organisation",
    "other",
];

/// `[[period]]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Period {
    /// travel, seized, away.
    pub kind: String,
    /// Country.
    pub country: String,
    /// From when.
    pub from: Option<toml::value::Datetime>,
    /// Until when.
    pub until: Option<toml::value::Datetime>,
}

/// `[[trusted]]`, `[[concern]]`, `[[privileged]]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Name or label.
    pub name: String,
    /// Telephone numbers.
    pub numbers: Vec<String>,
    /// Mail addresses.
    pub mails: Vec<String>,
    /// User names.
    pub handles: Vec<String>,
    /// Names of devices.
    pub devices: Vec<String>,
}

/// `[[agreed]]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agreed {
    /// Package, share or profile.
    pub what: String,
    /// Note.
    pub note: String,
}

/// `[[examination]]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Examination {
    /// Name of the computer.
    pub host: String,
    /// From when.
    pub from: Option<toml::value::Datetime>,
    /// Until when.
    pub until: Option<toml::value::Datetime>,
}

/// `[place]`
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// Address, postcode, Wi-Fi name of the shelter.
    pub never_print: Vec<String>,
}

impl CaseFile {
    /// Reads and checks the text of a case file.
    ///
    /// # Errors
    /// All problems with their places.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        let case: Self = toml::from_str(text).map_err(|e| Problems(vec![Problem::from_toml(file, text, &e)]))?;
        let mut problems = Vec::new();
        let mut among = |value: &str, key: &str, allowed: &[&str]| {
            if !value.is_empty() && !allowed.contains(&value) {
                let message = format!("`{key}` is one of {}", allowed.join(", "));
                problems.push(Problem::near(file, text, &format!("\"{value}\""), message));
            }
        };
        among(&case.consent.by, "by", &["self", "self+parent", "parent"]);
        among(&case.person.age_band, "age_band", &["12-15", "16-17", "18-23", "24+"]);
        among(&case.person.custody, "custody", &["self", "parent", "parent-concern", "guardian", "unknown"]);
        among(&case.person.living, "living", &["together", "left", "shelter"]);
        among(&case.person.reading, "reading", &["nl", "nl-easy", "en"]);
        let gates = &case.gates;
        for (value, key) in [
            (&gates.danger, "danger"),
            (&gates.safe_device, "safe_device"),
            (&gates.plan, "plan"),
            (&gates.police_agreed, "police_agreed"),
        ] {
            among(value, key, &["yes", "no", "unknown"]);
        }
        among(&gates.police, "police", &["none", "wish", "case", "unknown"]);
        for tick in &case.ticked {
            among(&tick.result, "result", &["yes", "no", "unknown"]);
        }
        case.own.iter().for_each(|own| among(&own.kind, "kind", &OWN));
        case.period.iter().for_each(|period| among(&period.kind, "kind", &["travel", "seized", "away"]));
        for scope in &case.consent.scope {
            if scope != "all" {
                among(scope, "scope", &crate::artifact::load::SCOPES);
            }
        }
        for item in case.place.never_print.iter().filter(|item| !leak::searchable(item)) {
            let message = "too short to look for: at least four letters or digits".to_string();
            problems.push(Problem::near(file, text, &format!("\"{item}\""), message));
        }
        Problems::or(problems, case)
    }

    /// The text of a case file with what was declared; empty answers are left out.
    ///
    /// # Errors
    /// When it cannot be written as TOML, which would be an error of this program.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        // By way of the text: a tree made from the type directly would turn dates into tables.
        let mut tree =
            toml::from_str(&toml::to_string(self)?).map_err(<toml::ser::Error as serde::ser::Error>::custom)?;
        prune(&mut tree);
        toml::to_string(&tree)
    }

    /// Rows for the table `person`: role, kind, value in one form, label.
    #[must_use]
    pub fn people(&self) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        let mut add = |role: &str, kind: &str, value: Option<String>, label: &str| {
            if let Some(value) = value {
                rows.push([role, kind, &value, label].map(|t| Value::Text(t.to_string())).to_vec());
            }
        };
        for own in &self.own {
            let label = if own.name.is_empty() { &own.kind } else { &own.name };
            if own.kind == "network" {
                // The name of a Wi-Fi network is compared as it is written.
                add("own", "network", Some(own.name.trim().to_string()).filter(|n| !n.is_empty()), label);
            } else {
                add("own", "name", identity::name(&own.name), label);
            }
            for id in &own.ids {
                if own.kind == "network" {
                    let prefix = id.trim().split('/').next().is_some_and(|a| a.parse::<std::net::IpAddr>().is_ok());
                    add("own", "network", Some(if prefix { network_prefix(id) } else { id.trim().to_string() }), label);
                } else {
                    identify("own", id, label, &mut add);
                }
            }
        }
        for (role, people) in [("trusted", &self.trusted), ("concern", &self.concern), ("privileged", &self.privileged)]
        {
            for person in people {
                add(role, "name", identity::name(&person.name), &person.name);
                person.numbers.iter().for_each(|n| add(role, "number", identity::number(n), &person.name));
                person.mails.iter().for_each(|m| add(role, "mail", identity::mail(m), &person.name));
                person.handles.iter().for_each(|h| add(role, "handle", identity::name(h), &person.name));
                person.devices.iter().for_each(|d| add(role, "device", identity::name(d), &person.name));
            }
        }
        for agreed in &self.agreed {
            let label = if agreed.note.is_empty() { &agreed.what } else { &agreed.note };
            add("agreed", "package", Some(agreed.what.trim().to_string()), label);
            add("agreed", "name", identity::name(&agreed.what), label);
            add("agreed", "mail", identity::mail(&agreed.what), label);
            add("agreed", "number", identity::number(&agreed.what), label);
        }
        for examination in &self.examination {
            add("examination", "name", identity::name(&examination.host), &examination.host);
        }
        rows
    }

    /// The part that the report repeats.
    #[must_use]
    pub fn summary(&self) -> Case {
        Case {
            id: self.case.id.clone(),
            label: self.case.label.clone(),
            examiner: self.case.examiner.clone(),
            organisation: self.case.organisation.clone(),
            basis: self.case.basis.clone(),
            classification: self.case.classification.clone(),
            second_reader: self.case.second_reader.clone(),
            consent: self.consent.given,
            consent_date: self.consent.date.map(|date| date.to_string()).unwrap_or_default(),
            consent_by: self.consent.by.clone(),
            age_band: self.person.age_band.clone(),
            living: self.person.living.clone(),
            reading: self.person.reading.clone(),
            custody: self.person.custody.clone(),
            gates: self.gates.clone(),
            ticked: self.ticked.iter().map(Tick::shown).collect(),
            exhibits: self.exhibit.iter().map(Received::shown).collect(),
            privileged: self.privileged.len(),
            never_print: self.place.never_print.len(),
        }
    }
}

/// Takes out what says nothing: empty texts, lists and tables.
fn prune(node: &mut toml::Value) {
    if let toml::Value::Table(table) = node {
        for (_, value) in table.iter_mut() {
            prune(value);
        }
        table.retain(|_, value| match value {
            toml::Value::String(text) => !text.is_empty(),
            toml::Value::Array(items) => !items.is_empty(),
            toml::Value::Table(table) => !table.is_empty(),
            _ => true,
        });
    }
    if let toml::Value::Array(items) = node {
        items.iter_mut().for_each(prune);
    }
}

/// A network as the prefix that rules compare with: `192.0.2.0/24` is `192.0.2`, `2001:db8:7::/48` is `2001:db8:7`, an address is
/// itself. Other lengths than whole octets or groups are kept as the address, which explains less, never more.
pub(super) fn network_prefix(text: &str) -> String {
    let text = text.trim();
    let Some((address, length)) = text.split_once('/') else { return text.to_string() };
    if address.contains(':') {
        let groups = match length {
            "32" => 2,
            "48" => 3,
            "64" => 4,
            _ => return address.to_string(),
        };
        let written = address.split("::").next().unwrap_or_default();
        let prefix = written.split(':').take(groups).collect::<Vec<_>>().join(":").to_lowercase();
        // Groups of zeros that are not written out would have to be guessed at.
        return if prefix.split(':').count() == groups { prefix } else { address.to_string() };
    }
    let octets = match length {
        "8" => 1,
        "16" => 2,
        "24" => 3,
        _ => return address.to_string(),
    };
    address.split('.').take(octets).collect::<Vec<_>>().join(".")
}

/// An identifier of an own device or account is whatever it looks like.
fn identify(role: &str, id: &str, label: &str, add: &mut impl FnMut(&str, &str, Option<String>, &str)) {
    if let Some(mail) = identity::mail(id) {
        add(role, "mail", Some(mail), label);
    } else if let Some(number) = identity::number(id) {
        // A serial number of digits alone looks like a telephone number: it is kept as both.
        add(role, "number", Some(number), label);
        add(role, "device", Some(id.trim().to_string()), label);
    } else {
        add(role, "device", Some(id.trim().to_string()), label);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let problems = CaseFile::parse("case.toml", "[consent]\ngiven = true\nscoop = [\"all\"]\n").unwrap_err();
        assert_eq!(problems.0[0].line, 3, "{problems}");
        let problems = CaseFile::parse("case.toml", "[person]\nliving = \"alone\"\n").unwrap_err();
        assert!(problems.to_string().contains("together"), "{problems}");
    }

    #[test]
    fn an_own_network_is_a_prefix() {
        assert_eq!(network_prefix("192.0.2.0/24"), "192.0.2");
        assert_eq!(network_prefix("192.0.2.7"), "192.0.2.7");
        assert_eq!(network_prefix("192.0.2.7/25"), "192.0.2.7");
        let case = CaseFile::parse("case.toml", "[[own]]\nkind = \"network\"\nids = [\"198.51.100.0/24\"]\n").unwrap();
        assert!(format!("{:?}", case.people()).contains("\"network\""));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = "[consent]\ngiven = true\ndate = 2026-10-19\n[person]\ncustody = \"parent\"\n[gates]\npolice = \"wish\"\n[[ticked]]\nstep = \"a\"\non = 2026-11-02\nresult = \"yes\"\n";
        let case = CaseFile::parse("case.toml", text).unwrap();
        let again = CaseFile::parse("case.toml", &case.to_text().unwrap()).unwrap();
        assert_eq!(again.summary(), case.summary());
        assert_eq!(again.summary().ticked[0].on, "2026-11-02");
        assert!(!case.to_text().unwrap().contains("[case]"), "what was not answered is not written");
        assert!(CaseFile::parse("case.toml", "[gates]\npolice = \"maybe\"\n").is_err());
        assert!(CaseFile::parse("case.toml", "[place]\nnever_print = [\"a1\"]\n").is_err());
    }

    #[test]
    fn the_whole_case_file_is_read() {
        let text = r#"
[case]
id = "2026-1"
label = "intake"
examiner = "E"
organisation = "O"
basis = "consent"
[consent]
given = true
by = "self"
date = 2026-10-19
scope = ["all"]
[person]
age_band = "24+"
living = "shelter"
reading = "nl-easy"
[dates]
exit = 2026-09-12
exports = [2026-10-19]
[[own]]
kind = "network"
name = "Thuis/5G"
ids = ["192.0.2.0/24"]
from = 2025-01-01
until = 2026-01-01
[[own]]
kind = "phone"
name = "iPhone"
os = "ios"
maker = "Apple"
model = "iPhone13,1"
ids = ["F17FIXTURE01"]
[[period]]
kind = "travel"
country = "BE"
from = 2026-08-01
until = 2026-08-14
[[trusted]]
name = "sister"
numbers = ["0600000003"]
mails = ["z@example.org"]
[[concern]]
name = "R."
numbers = ["0600000002"]
mails = ["r@example.org"]
handles = ["@r_1"]
devices = ["PC-VAN-R"]
[[agreed]]
what = "net.example.app"
note = "chosen together"
[[agreed]]
what = "z@example.org"
[[privileged]]
name = "lawyer"
numbers = ["0600000004"]
mails = ["l@example.org"]
[[examination]]
host = "LAB-1"
from = 2026-10-01
until = 2026-10-31
[place]
never_print = ["MARKER"]
"#;
        let people = CaseFile::parse("case.toml", text).unwrap().people();
        let people: Vec<String> = people.iter().map(|row| format!("{row:?}").replace("Text(", "(")).collect();
        for row in [
            "\"own\"), (\"network\"), (\"Thuis/5G\")",
            "\"own\"), (\"network\"), (\"192.0.2\")",
            "\"own\"), (\"device\"), (\"F17FIXTURE01\")",
            "\"trusted\"), (\"number\"), (\"+31600000003\")",
            "\"concern\"), (\"handle\"), (\"r 1\")",
            "\"concern\"), (\"device\"), (\"pc van r\")",
            "\"agreed\"), (\"package\"), (\"net.example.app\"), (\"chosen together\")",
            "\"agreed\"), (\"mail\"), (\"z@example.org\")",
            "\"privileged\"), (\"mail\"), (\"l@example.org\")",
            "\"examination\"), (\"name\"), (\"lab 1\")",
        ] {
            assert!(people.iter().any(|p| p.contains(row)), "{row} in {people:#?}");
        }
        let problems = CaseFile::parse("case.toml", "[[own]]\nkind = \"toaster\"\n").unwrap_err();
        assert!(problems.to_string().contains("organisation"), "{problems}");
    }

    #[test]
    fn people_come_in_one_form() {
        let case = CaseFile::parse(
            "case.toml",
            "[[concern]]\nname = \"R.\"\nnumbers = [\"06-00000002\"]\nmails = [\"R.Backup@Example.org\"]\n",
        )
        .unwrap();
        let rows: Vec<String> = case.people().iter().map(|r| format!("{r:?}")).collect();
        assert!(rows.iter().any(|r| r.contains("+31600000002")), "{rows:?}");
        assert!(rows.iter().any(|r| r.contains("r.backup@example.org")), "{rows:?}");
    }
}
