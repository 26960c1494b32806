//! The report: plain data that says what was examined, what was found, what was not, and what to do. Every output format is
//! made from this one value; nothing here reads evidence. The value is a pure function of evidence, options, data files and
//! tool version: it holds no clock, no host and no path of the machine that ran the audit.

use crate::fact::Packed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub mod bag;
pub mod case_uco;
pub mod checklist;
pub mod copies;
pub mod csv;
pub mod custody;
pub mod excerpt;
pub mod facts;
pub mod html;
pub mod json;
pub mod leak;
#[cfg(feature = "pdf")]
pub mod pdf;
pub mod persons;
pub mod redact;
#[cfg(test)]
pub(crate) mod sample;
pub mod seal;
pub mod sessions;
pub mod shown;
pub mod sign;
pub mod stamp;
pub mod statement;
pub mod terminal;
pub mod text;
pub mod verify;

/// Version of the layout of `report.json`.
pub const SCHEMA: &str = "vrijspoor/report/1";

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Which tool made it.
    pub tool: Tool,
    /// Which data files were used.
    pub ruleset: Ruleset,
    /// The options that steer the outcome.
    pub options: Options,
    /// What was declared in `case.toml`, as far as the report needs it.
    pub case: Case,
    /// The inputs, in the order given.
    pub evidence: Vec<Evidence>,
    /// The recognised sources: phones and accounts.
    pub sources: Vec<Source>,
    /// Devices that the sources name; the columns are those of the fact `device`.
    pub device: Vec<BTreeMap<String, serde_json::Value>>,
    /// Findings, most urgent first.
    pub findings: Vec<Finding>,
    /// The views that the questions of the findings read, each after those that it builds on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// One line for every rule, also those without findings.
    pub outcomes: Vec<Outcome>,
    /// What could not be looked at, and why.
    pub gaps: Vec<Gap>,
    /// What was looked at, artifact by artifact.
    pub coverage: Vec<Coverage>,
    /// How every rule is tested.
    #[serde(default)]
    pub validation: Vec<Validation>,
    /// Every session of every account, in order of time.
    #[serde(default)]
    pub sessions: Packed<sessions::Session>,
    /// Devices that sessions belong to, the strangest first.
    #[serde(default)]
    pub chains: Vec<sessions::Chain>,
    /// What to do, in the order of waves.
    pub checklist: Vec<Wave>,
    /// People and services to involve.
    pub contacts: Vec<Contact>,
    /// Data that others hold and that is soon gone: what the police may want to have frozen.
    #[serde(default)]
    pub preserve: Vec<Preserve>,
    /// What a later audit is compared with.
    #[serde(default)]
    pub baseline: facts::Baseline,
    /// Persons of concern, over all sources.
    #[serde(default)]
    pub persons: persons::Persons,
    /// The hidden values, when this is a copy without other people's names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<redact::Redaction>,
    /// What this is an excerpt of, when it is one: see [`Report::excerpt`].
    #[serde(skip)]
    pub whole: Option<excerpt::Whole>,
}

/// Name and version of the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `vrijspoor`.
    pub name: String,
    /// Package version.
    pub version: String,
}

/// The data files that were used, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruleset {
    /// SHA-256 over all artifact files.
    pub artifacts_sha256: String,
    /// SHA-256 over all rule, step and indicator files.
    pub rules_sha256: String,
    /// Number of artifacts.
    pub artifacts: usize,
    /// Number of rules.
    pub rules: usize,
    /// The indicator lists, the built-in ones first, then those that were given, in their order.
    pub indicators: Vec<IndicatorList>,
}

/// A list of indicators that the rules were put to the facts with. What it holds is kept here, so that a question can be asked again
/// without the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorList {
    /// Its name.
    pub name: String,
    /// Name of its file.
    pub file: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// The form it has: `vrijspoor`, `stalkerware-indicators`, `stix`, `csv`, `tinycheck`.
    pub format: String,
    /// Given at run time; 0 for those that come with the tool.
    pub imported: bool,
    /// Where its facts come from, as it says itself.
    pub sources: Vec<String>,
    /// Number of values in the file: kept, repeated and refused together.
    pub read: usize,
    /// Values that stand in it more than once, each counted after the first.
    pub repeated: usize,
    /// Values that could not be used, by reason.
    pub refused: Vec<Refused>,
    /// The values that are kept.
    pub values: Vec<IndicatorValue>,
}

/// Values of a list that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Code of the reason.
    pub reason: String,
    /// How many.
    pub count: usize,
    /// The first of them, with their place.
    pub examples: Vec<String>,
}

/// Something that gives a known product away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorValue {
    /// `package`, `bundle`, `certificate`, `file`, `domain`.
    pub kind: String,
    /// The value; domains and digests in lower case.
    pub value: String,
    /// Name of the product.
    pub name: String,
    /// Other names under which it is sold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Its category.
    pub category: String,
    /// A name that others use too: needs a second sign.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generic: bool,
}

/// The options that steer the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Language of the report: `nl` or `en`.
    pub lang: String,
    /// Reference time of the audit (RFC 3339, UTC): given with `--as-of`, else the newest time of the copies themselves.
    pub as_of: Option<String>,
    /// Where it comes from: `stated`, `copies` (a time in them), `name` (the moment of the request in the name of an archive).
    #[serde(default)]
    pub as_of_from: String,
    /// Zone in which times are shown beside UTC (IANA name).
    pub zone: String,
    /// Scopes that were consented to; `all` or names.
    pub scope: Vec<String>,
}

/// What was declared about the case. Empty text where nothing was declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// Case number.
    pub id: String,
    /// Label; never a person's name.
    pub label: String,
    /// Who examined.
    pub examiner: String,
    /// On behalf of whom.
    pub organisation: String,
    /// Legal basis as typed in.
    pub basis: String,
    /// Classification, as the organisation words it.
    pub classification: String,
    /// Who read the report as a second person.
    pub second_reader: String,
    /// Whether consent was recorded; `None` when nothing was declared.
    pub consent: Option<bool>,
    /// When consent was recorded.
    pub consent_date: String,
    /// Who consented: `self`, `self+parent`, `parent`.
    pub consent_by: String,
    /// Age band.
    pub age_band: String,
    /// `together`, `left` or `shelter`.
    pub living: String,
    /// Reading level: `nl`, `nl-easy` or `en`.
    pub reading: String,
    /// Who has custody: `self`, `parent`, `parent-concern`, `guardian`, `unknown`.
    pub custody: String,
    /// Answers to the questions that come before any change.
    pub gates: Gates,
    /// What people checked by hand and wrote down.
    pub ticked: Vec<Ticked>,
    /// How each copy was made and received.
    pub exhibits: Vec<Exhibit>,
    /// How many people were declared whose contact is nobody's business: lawyer, doctor.
    pub privileged: usize,
    /// How many things were declared that may stand in no file (`[place] never_print`); every file was searched for them.
    pub never_print: usize,
}

/// How a copy was made and received, as a person wrote it down. Empty where nobody did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exhibit {
    /// Name of the file or folder of the copy.
    pub name: String,
    /// Number of the exhibit.
    pub code: String,
    /// Who made the copy.
    pub by: String,
    /// When.
    pub on: String,
    /// Program and version it was made with.
    pub with: String,
    /// State on receipt.
    pub state: String,
}

/// What is known about how well a rule does what it says: the made-up copies of which the tests require that it finds something, or
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Validation {
    /// Which rule.
    pub rule: String,
    /// Names of the made-up copies in which it must find something.
    pub fires: Vec<String>,
    /// Names of the made-up copies in which it must find nothing.
    pub quiet: Vec<String>,
}

/// Answers to the questions that come before any change (field.md A2). Empty where nobody answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// Is somebody in danger now: `no`, `yes`, `unknown`.
    pub danger: String,
    /// Is another device used: `yes`, `no`, `unknown`.
    pub safe_device: String,
    /// Is there a plan for how the other person may react: `yes`, `no`, `unknown`.
    pub plan: String,
    /// Who can be reached when it goes wrong.
    pub on_call: String,
    /// `none` (no report wished), `wish`, `case`, `unknown`.
    pub police: String,
    /// Whether the police said that something may be changed: `yes`, `no`, `unknown`.
    pub police_agreed: String,
}

/// What somebody checked by hand: the answer to a step that no copy can answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticked {
    /// Which step.
    pub step: String,
    /// When, as written down.
    pub on: String,
    /// `yes`, `no` or `unknown`; for a step without a question `yes` is done.
    pub result: String,
    /// Note.
    pub note: String,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// File or folder name without the path of the machine.
    pub name: String,
    /// Kind of container.
    pub kind: String,
    /// Number of stored files.
    pub files: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// SHA-256: of the file itself, or over the sorted list of all file digests for a folder.
    pub sha256: String,
    /// How `sha256` was made: `file` or `list`.
    pub sha256_of: String,
    /// What the examiner must know about it as a whole.
    pub remarks: Vec<Remark>,
}

/// Something to know about a container as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Which container, as a chain of names (`takeout.zip!inner.zip`).
    pub container: String,
    /// Stable code; the text file has the words.
    pub code: String,
    /// Particulars.
    pub detail: String,
    /// How many things it concerns.
    pub count: u64,
}

/// A recognised phone or account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `ios 1`.
    pub id: String,
    /// Its family: `ios`, `android`, `google`.
    pub family: String,
    /// Name for people.
    pub title: Words,
    /// The containers it was read from, as chains of names.
    pub containers: Vec<String>,
    /// What such a source can never show.
    pub never: Vec<Words>,
    /// What is not listed in it was not there: the copy lists everything and is whole.
    #[serde(default)]
    pub lists_all: bool,
    /// The copy was encrypted; some parts are kept only then.
    #[serde(default)]
    pub encrypted: bool,
}

/// A text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Dutch.
    pub nl: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The text in `lang` (`en`, anything else is Dutch).
    #[must_use]
    pub fn get(&self, lang: &str) -> &str {
        if lang == "en" { &self.en } else { &self.nl }
    }
}

/// A finding: an observation, with everything that a person needs to weigh it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `F-001`, in order of the report.
    pub id: String,
    /// Stable key: the first 16 hex digits of SHA-256 over rule and group values; the same in a later audit.
    pub key: String,
    /// Which rule.
    pub rule: String,
    /// The values of the rule's group columns.
    #[serde(default)]
    pub group: Vec<String>,
    /// After how many days to look at it again.
    #[serde(default)]
    pub recheck_in_days: u32,
    /// `now`, `this-week`, `later`, `info`: harm if it is true.
    pub urgency: String,
    /// `certain`, `likely`, `possible`: how sure.
    pub confidence: String,
    /// Concern: `location-sharing`, `sessions` …
    pub category: String,
    /// Leans only on traces that were never verified on real data.
    pub experimental: bool,
    /// Which of the victim's things the other person can see.
    pub sees: Vec<String>,
    /// Values of the first row, as shown in the texts.
    pub params: BTreeMap<String, String>,
    /// All rows of the group, each with its values.
    pub rows: Vec<BTreeMap<String, String>>,
    /// Where every value was read.
    pub citations: Vec<Citation>,
    /// Steps of the checklist that belong to it.
    pub steps: Vec<String>,
    /// Words in both languages, placeholders filled in.
    pub texts: Texts,
    /// Where the rule comes from.
    pub source: String,
    /// The rule's question, which any `SQLite` browser can run again over the facts and the views.
    pub detect: String,
    /// Names of the views that the question reads, each after those that it builds on: see [`Report::views`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
}

/// A question whose answer is a table that several rules read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Name of the table.
    pub id: String,
    /// The statement that makes it.
    pub sql: String,
}

/// Words of a finding in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// Dutch, level B1.
    pub nl: FindingText,
    /// English.
    pub en: FindingText,
    /// Dutch for people with low literacy.
    #[serde(rename = "nl-easy")]
    pub nl_easy: EasyText,
}

/// Words of a finding in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingText {
    /// One line.
    pub title: String,
    /// The observation.
    pub shows: String,
    /// What it may mean.
    pub may_mean: String,
    /// Innocent explanations.
    pub innocent: Vec<String>,
    /// What it cannot show.
    pub limits: String,
    /// What the other person notices when it is changed.
    pub notices: String,
}

/// Words of a finding for people with low literacy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EasyText {
    /// One line.
    pub title: String,
    /// The observation.
    pub shows: String,
}

/// Where a value was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// Number of the fact.
    pub ev: i64,
    /// Kind of fact.
    pub fact: String,
    /// Which artifact.
    pub artifact: String,
    /// Its title.
    pub artifact_title: Words,
    /// What the artifact does not show.
    pub limits: Words,
    /// Which source.
    pub source: String,
    /// Chain of containers and name of the stream.
    pub stream: String,
    /// Where the stored bytes lie in the input, when that differs.
    pub stored: Option<String>,
    /// SHA-256 of the stream as read (decrypted, decompressed).
    pub sha256: String,
    /// Where in the stream.
    pub locator: String,
    /// The values as they stand there.
    pub raw: BTreeMap<String, serde_json::Value>,
    /// The values as decoded.
    pub decoded: BTreeMap<String, serde_json::Value>,
    /// How each decoded time was written: the raw value it was made from and its epoch.
    #[serde(default)]
    pub times: BTreeMap<String, Basis>,
    /// How others see the value again with stock tools; none where no stock tool reads such bytes.
    #[serde(default)]
    pub reproduce: Option<Reproduce>,
}

impl Citation {
    /// Whether a decoded time is the date of the stored file, which is no event.
    #[must_use]
    pub fn of_file(&self, field: &str) -> bool {
        self.times.get(field).is_some_and(|basis| basis.raw == "stream")
    }
}

/// What a decoded time was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The raw value; `stream` when it is a time of the file itself.
    pub raw: String,
    /// How it is written: `unix`, `cocoa`, `rfc3339` … ([`crate::artifact::time::Epoch::name`]).
    pub epoch: String,
}

/// A command for a POSIX shell that shows a cited value, run in the folder that holds the copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reproduce {
    /// What a person does first, by code: `decrypt`, `work-copy`; the text file has the words.
    pub first: Vec<String>,
    /// The command, one line or several.
    pub command: String,
    /// The raw values that it prints as they stand.
    pub shows: Vec<String>,
    /// The raw values that the artifact's question computed from what is printed.
    pub computed: Vec<String>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which rule.
    pub rule: String,
    /// Its concern.
    pub category: String,
    /// Its title.
    pub title: Words,
    /// `found`, `not-found` or `not-evaluated`.
    pub outcome: String,
    /// Number of findings.
    pub findings: usize,
    /// Artifacts whose streams were read for it (`ios.tcc`), with the source: `ios 1: ios.tcc`.
    pub examined: Vec<String>,
    /// Artifacts that could have said more and were not read, with the reason's code: `ios 1: ios.wifi (encrypted-only)`.
    pub missing: Vec<String>,
    /// Why it was not evaluated; a stable code (`no-source`, `no-stream`, `no-date`, `out-of-scope`, `not-asked`, `failed`), empty otherwise.
    pub why: String,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Stable code; the text file has the words: `stream-damaged`, `no-variant`, `unmapped-value`, `records-skipped`,
    /// `container-unopened`, `bytes-missing`, `out-of-scope`, `locked` …
    pub kind: String,
    /// Which artifact, empty when it concerns a container.
    pub artifact: String,
    /// Which source or container.
    pub source: String,
    /// Particulars.
    pub detail: String,
    /// How many times.
    pub count: u64,
}

/// What an artifact came to in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Which source.
    pub source: String,
    /// Which artifact.
    pub artifact: String,
    /// Its title.
    pub title: Words,
    /// `read` (with rows), `empty` (present, no rows), `absent` (not in this copy), `not-requested` (never asked for), `encrypted-only` (kept only in an encrypted
    /// backup), `failed`, `out-of-scope`.
    pub outcome: String,
    /// Streams that were read.
    pub streams: Vec<String>,
    /// Rows read.
    pub rows: u64,
    /// Facts made.
    pub facts: u64,
    /// Whether rows were read by it in data that others made; not known of reports before this was kept.
    #[serde(default)]
    pub tested: bool,
    /// Neither that, nor is its form confirmed by a published parser or description.
    pub experimental: bool,
    /// What was done with its streams, when it lies outside the consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// What it does not show.
    pub limits: Words,
}

/// What the ledger of opened streams says of an artifact outside the consent. Hashing is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Closed {
    /// Streams that only artifacts outside the consent want.
    pub streams: u64,
    /// Of those, how many were looked into to see what they are: their names do not tell.
    pub looked_at: u64,
    /// Of those, how many were read. Anything but 0 is a fault of the program.
    pub read: u64,
    /// Streams that also hold something inside the consent, and were read for that alone.
    pub shared: u64,
}

/// One wave of the checklist. The order of waves is law (field.md A2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wave {
    /// `danger`, `safe-device`, `consent`, `plan`, `evidence`, `police`, `quiet`, `visible`, `recheck`.
    pub wave: String,
    /// Steps in this wave.
    pub steps: Vec<Step>,
    /// Questions that must be answered before the steps of this wave are given.
    pub open: Vec<String>,
    /// Steps that are held back until then, by name.
    pub withheld: Vec<String>,
    /// Steps that would always be here, but are for a kind of device of which no copy was read.
    pub left_out: Vec<LeftOut>,
}

/// A step that is not printed, because no copy of the kind of device that it is for was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// Name of the step.
    pub id: String,
    /// Its title.
    pub title: Words,
}

/// One step of the checklist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Name of the step.
    pub id: String,
    /// Whether the other person may notice: `no`, `yes`, `unknown`.
    pub may_alert: String,
    /// Part of every checklist.
    pub always: bool,
    /// Findings that it belongs to (`F-001`).
    pub findings: Vec<String>,
    /// Highest urgency of those findings, empty when none.
    pub urgency: String,
    /// Contacts to involve (ids).
    pub involve: Vec<String>,
    /// Date on which the text was checked.
    pub checked: String,
    /// Devices on which the steps were tried; empty is said so.
    pub tested_on: Vec<String>,
    /// A question that only a person can answer; the answer goes into the case file.
    pub check: bool,
    /// The answer that was written down.
    pub ticked: Option<Ticked>,
    /// Whether it can be undone: `yes`, `partly`, `no`; empty where nothing changes.
    pub reversible: String,
    /// After how many days to look again.
    pub recheck_in_days: Option<u32>,
    /// Dutch, level B1.
    pub nl: StepText,
    /// English.
    pub en: StepText,
    /// Dutch for people with low literacy.
    #[serde(rename = "nl-easy")]
    pub nl_easy: EasyStep,
}

/// Words of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepText {
    /// One line.
    pub title: String,
    /// Why, and what the side effects are.
    pub why: String,
    /// What to do, one action a line.
    #[serde(rename = "do")]
    pub actions: Vec<String>,
    /// What not to do.
    pub do_not: Vec<String>,
    /// The question that is answered with yes, no or unknown.
    pub question: String,
    /// What is lost or stops working.
    pub side_effects: String,
    /// What is different for somebody under 18.
    pub minor: String,
    /// What to do on one platform.
    pub on: Vec<OnPlatform>,
}

/// What to do on one platform, in the versions that the text is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnPlatform {
    /// Name of the platform and its versions, for people.
    pub name: String,
    /// Families of sources that it is for; none is all. Without a copy of such a source only the name is printed.
    pub platform: Vec<String>,
    /// What to do, one action a line.
    #[serde(rename = "do")]
    pub actions: Vec<String>,
}

/// Words of a step for people with low literacy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EasyStep {
    /// One line.
    pub title: String,
    /// What to do.
    #[serde(rename = "do")]
    pub actions: Vec<String>,
}

/// A person or service to involve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name under which steps refer to it.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Number or site.
    pub value: String,
    /// When it can be reached.
    #[serde(default)]
    pub when: String,
    /// Where the number was found.
    pub source: String,
    /// Date on which it was checked.
    pub last_verified: String,
    /// Whether it was confirmed in a named source.
    pub verified: bool,
    /// The emergency number: nobody is told to check it first.
    #[serde(default)]
    pub emergency: bool,
    /// For people under 18 only.
    #[serde(default)]
    pub minors: bool,
}

/// Data that a provider holds and that is soon gone, with what the copies tell about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preserve {
    /// Name of the entry.
    pub id: String,
    /// Who holds it.
    pub holder: Words,
    /// What it is.
    pub what: Words,
    /// When it is gone.
    pub gone: Words,
    /// Accounts that the copies name.
    pub accounts: Vec<String>,
    /// Serial numbers, numbers and other identifiers that the copies name.
    pub identifiers: Vec<String>,
    /// First time in the copies that it is about (UTC).
    pub from: Option<String>,
    /// Last time in the copies that it is about (UTC).
    pub until: Option<String>,
}
