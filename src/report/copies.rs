//! The copies of the checklist: for the care worker, for the police, and a page for the person it is about. All are made from the one
//! report and carry its SHA-256. What a copy shows differs: the page for the person holds nothing that gives her away to somebody
//! who finds it; only the copy for the police speaks of a suspected perpetrator.

use super::checklist::{QUESTIONS, changes, minor, rank};
use super::html::Error;
use super::shown::{self, Zone};
use super::text::{NoteWords, Text, fill};
use super::{Case, Contact, Finding, LeftOut, OnPlatform, Outcome, Report, Step, StepText, Wave};
use askama::Template;
use std::collections::BTreeSet;

/// For whom a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// The care worker.
    Care,
    /// The police.
    Police,
    /// The person it is about.
    Person,
}

impl Reader {
    /// The reader of that name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "care" => Some(Self::Care),
            "police" => Some(Self::Police),
            "victim" => Some(Self::Person),
            _ => None,
        }
    }

    /// The file in the bag. That of the person has a name that says nothing.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Care => "data/checklist.html",
            Self::Police => "data/police.html",
            Self::Person => "data/notes.html",
        }
    }

    /// The copy for this reader.
    ///
    /// # Errors
    /// When the page cannot be put together, which would be an error of this program.
    pub fn render(self, report: &Report) -> Result<String, Error> {
        match self {
            Self::Care => care(report),
            Self::Police => police(report),
            Self::Person => person(report),
        }
    }
}

/// `checklist.html`, the care copy.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn care(report: &Report) -> Result<String, Error> {
    let digest = super::json::digest(report)?;
    let report = &shown::report(report)?;
    Ok(CarePage { desk: Desk::new(report, digest) }.render()?)
}

/// `police.html`, the copy for the police.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn police(report: &Report) -> Result<String, Error> {
    let digest = super::json::digest(report)?;
    let report = &shown::report(report)?;
    Ok(PolicePage { desk: Desk::new(report, digest) }.render()?)
}

/// `notes.html`, one page for the person it is about.
///
/// # Errors
/// When the page cannot be put together, which would be an error of this program.
pub fn person(report: &Report) -> Result<String, Error> {
    let digest = super::json::digest(report)?;
    let report = &shown::report(report)?;
    let desk = Desk::new(report, digest);
    let easy = desk.easy() || (minor(&report.case.age_band) && desk.text.lang != "en");
    // "U" for adults from 24, "je" for everybody else (field.md A3.2).
    let formal = report.case.age_band == "24+" && !easy;
    let words = if easy {
        &desk.text.person_easy
    } else if formal {
        &desk.text.person
    } else {
        &desk.text.person_young
    };
    // The easy titles of steps say "je"; the others speak to the care worker.
    let familiar = !formal && desk.text.lang != "en";
    Ok(PersonPage { desk, words, easy, familiar }.render()?)
}

/// What every copy is made of.
struct Desk<'a> {
    report: &'a Report,
    text: &'a Text,
    digest: String,
}

#[derive(Template)]
#[template(path = "checklist.html", config = "src/report/askama.toml")]
struct CarePage<'a> {
    desk: Desk<'a>,
}

#[derive(Template)]
#[template(path = "police.html", config = "src/report/askama.toml")]
struct PolicePage<'a> {
    desk: Desk<'a>,
}

#[derive(Template)]
#[template(path = "notes.html", config = "src/report/askama.toml")]
struct PersonPage<'a> {
    desk: Desk<'a>,
    words: &'a NoteWords,
    easy: bool,
    familiar: bool,
}

/// Most steps that the first page of the care copy names: what can be done today.
const MOST_FIRST: usize = 5;

/// Most lines of what to do on the page for the person: it must stay one page.
const MOST_LINES: usize = 8;

impl PersonPage<'_> {
    /// What can perhaps be seen, without a name, number or place: once each.
    fn seen(&self) -> Vec<&str> {
        let axes =
            [("where", &self.words.seen_where), ("what", &self.words.seen_what), ("control", &self.words.seen_control)];
        let has = |axis: &str| {
            let sees = |code: &String| self.desk.text.sees.get(code).is_some_and(|seen| seen.axis == axis);
            self.desk.report.findings.iter().any(|finding| finding.urgency != "info" && finding.sees.iter().any(sees))
        };
        axes.into_iter().filter(|(axis, _)| has(axis)).map(|(_, words)| words.as_str()).collect()
    }

    /// What to do together, one line a step: only what changes nothing, most urgent first.
    fn lines(&self) -> Vec<&str> {
        let now = ["danger", "safe-device", "consent", "plan", "evidence"];
        let steps = now.iter().flat_map(|wave| self.desk.steps(wave)).filter(|step| step.ticked.is_none());
        steps
            .map(|step| if self.familiar { step.nl_easy.title.as_str() } else { self.desk.of(step).title.as_str() })
            .take(MOST_LINES)
            .collect()
    }
}

/// Findings with the same title: the first of them, their number and their names.
struct Group<'a> {
    finding: &'a Finding,
    count: usize,
    ids: String,
}

impl<'a> Desk<'a> {
    fn new(report: &'a Report, digest: String) -> Self {
        Self { report, text: Text::of(&report.options.lang), digest }
    }

    fn case(&self) -> &Case {
        &self.report.case
    }

    /// The reference time as a day in the zone of the report: people read no UTC.
    fn as_of(&self) -> Option<String> {
        let given = self.report.options.as_of.as_deref()?;
        let moment = Zone::new(&self.report.options.zone).moment(given);
        let shown = moment.map_or_else(|| given.to_owned(), |moment| moment.local.unwrap_or(moment.utc));
        Some(shown.chars().take(10).collect())
    }

    /// The wave of that name.
    fn wave(&self, wave: &str) -> Option<&Wave> {
        self.report.checklist.iter().find(|one| one.wave == wave)
    }

    /// The steps of a wave.
    fn steps(&self, wave: &str) -> &[Step] {
        self.wave(wave).map_or(&[], |one| one.steps.as_slice())
    }

    /// The questions of the manual checks and the other steps of a wave apart: questions are answered on one sheet.
    fn part(&self, wave: &str, check: bool) -> Vec<&Step> {
        self.steps(wave).iter().filter(|step| step.check == check).collect()
    }

    /// Steps of a wave that are held back.
    fn withheld(&self, wave: &str) -> usize {
        self.wave(wave).map_or(0, |one| one.withheld.len())
    }

    /// All questions that are open before anything may be changed, in words.
    fn open(&self) -> Vec<&str> {
        let open = super::checklist::open_questions(self.case());
        let words = |code: &&str| self.text.steps.ask.get(*code).map(String::as_str);
        QUESTIONS.iter().filter(|code| open.iter().any(|one| one == *code)).filter_map(words).collect()
    }

    /// Whether a wave changes something, so that the questions come first.
    #[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
    fn changes(&self, wave: &str) -> bool {
        changes(wave)
    }

    /// Whether the words for people with low literacy stand above those for the care worker. They exist in Dutch only.
    fn easy(&self) -> bool {
        self.case().reading == "nl-easy" && self.text.lang != "en"
    }

    /// Whether the person is under 18, so that the notes for minors are printed. Also when no age was declared.
    fn minor(&self) -> bool {
        minor(&self.case().age_band) || self.case().age_band.is_empty()
    }

    /// Who gives consent: the line of the age band, or all lines when none was declared.
    fn bands(&self) -> Vec<&str> {
        match self.text.steps.bands.get(&self.case().age_band) {
            Some(band) => vec![band.as_str()],
            None => self.text.steps.bands.values().map(String::as_str).collect(),
        }
    }

    /// The line about custody that belongs to the answer; empty when there is none.
    fn custody(&self) -> &str {
        self.text.steps.custody.get(&self.case().custody).map_or("", String::as_str)
    }

    /// Findings by urgency, those of the first group first.
    fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.report.findings.iter().collect();
        all.sort_by_key(|finding| rank(&finding.urgency));
        all
    }

    /// Findings that ask for attention, those with the same title together.
    fn seen(&self) -> Vec<Group<'_>> {
        self.grouped(&["now", "this-week"])
    }

    /// The other findings, those with the same title together.
    fn seen_less(&self) -> Vec<Group<'_>> {
        self.grouped(&["later", "info"])
    }

    fn grouped(&self, urgencies: &[&str]) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for finding in self.findings().into_iter().filter(|f| urgencies.contains(&f.urgency.as_str())) {
            let same = |group: &&mut Group<'_>| {
                let (a, b) = (group.finding, finding);
                self.said(a).title == self.said(b).title && a.urgency == b.urgency && a.confidence == b.confidence
            };
            match groups.iter_mut().find(same) {
                Some(group) => {
                    group.count += 1;
                    group.ids = format!("{} {}", group.ids, finding.id);
                }
                None => groups.push(Group { finding, count: 1, ids: finding.id.clone() }),
            }
        }
        groups
    }

    /// How many findings have an urgency.
    fn count(&self, urgency: &str) -> usize {
        self.report.findings.iter().filter(|finding| finding.urgency == urgency).count()
    }

    /// What whoever uses this may be able to see or do, in one sentence; empty when nothing is known. It says what is possible, never
    /// that somebody does it.
    fn sees(&self, finding: &Finding) -> String {
        let words = &self.text.steps;
        let axes = [("where", &words.axis_where), ("what", &words.axis_read), ("control", &words.axis_control)];
        let parts: Vec<String> = axes
            .into_iter()
            .filter_map(|(axis, verb)| {
                let seen = finding.sees.iter().filter_map(|code| self.text.sees.get(code));
                let names: Vec<&str> = seen.filter(|one| one.axis == axis).map(|one| one.name.as_str()).collect();
                let which = if axis == "where" { String::new() } else { format!(" ({})", names.join(", ")) };
                (!names.is_empty()).then(|| format!("{verb}{which}"))
            })
            .collect();
        if parts.is_empty() { String::new() } else { format!("{} {}.", words.sees, parts.join("; ")) }
    }

    /// The texts of a finding in the language of the page.
    fn said<'f>(&self, finding: &'f Finding) -> &'f super::FindingText {
        if self.text.lang == "en" { &finding.texts.en } else { &finding.texts.nl }
    }

    /// What to do first: the steps of questions that are still open, in the order of law, then what changes nothing, most urgent first.
    fn first(&self) -> Vec<&Step> {
        let open = super::checklist::open_questions(self.case());
        let gates: [(&str, &[&str]); 4] = [
            ("danger", &["danger"]),
            ("safe-device", &["safe-device"]),
            ("consent", &["consent", "age", "custody"]),
            ("plan", &["living", "plan", "on-call"]),
        ];
        let asked = |questions: &[&str]| questions.iter().any(|question| open.iter().any(|one| one == question));
        let gates = gates.into_iter().filter(|(_, questions)| asked(questions));
        let gates = gates.flat_map(|(wave, _)| self.part(wave, false)).filter(|step| step.always);
        let mut rest: Vec<&Step> = ["plan", "evidence", "police"].iter().flat_map(|wave| self.steps(wave)).collect();
        rest.sort_by_key(|step| rank(&step.urgency));
        let mut first: Vec<&Step> = Vec::new();
        for step in gates.chain(rest).filter(|step| step.ticked.is_none()) {
            if first.len() < MOST_FIRST && !first.iter().any(|one| one.id == step.id) {
                first.push(step);
            }
        }
        first
    }

    /// Who can help this person: what is for people under 18 only is left out for adults.
    fn contacts(&self) -> Vec<&Contact> {
        self.report.contacts.iter().filter(|contact| !contact.minors || self.minor()).collect()
    }

    /// Who is to be involved, in the order of the step; a name without contact stands by itself.
    fn involved(&self, step: &Step) -> Vec<(String, Option<&Contact>)> {
        step.involve
            .iter()
            .map(|id| (id.clone(), self.report.contacts.iter().find(|contact| contact.id == *id)))
            .filter(|(_, contact)| contact.is_none_or(|contact| !contact.minors || self.minor()))
            .collect()
    }

    /// The words of a step in the language of the page.
    fn of<'s>(&self, step: &'s Step) -> &'s StepText {
        if self.text.lang == "en" { &step.en } else { &step.nl }
    }

    /// The titles of the findings that a step belongs to, each once, with its number.
    fn about(&self, step: &Step) -> Vec<(&str, usize)> {
        let mut titles: Vec<(&str, usize)> = Vec::new();
        for finding in self.report.findings.iter().filter(|finding| step.findings.contains(&finding.id)) {
            let title = self.said(finding).title.as_str();
            match titles.iter_mut().find(|(one, _)| *one == title) {
                Some((_, count)) => *count += 1,
                None => titles.push((title, 1)),
            }
        }
        titles
    }

    /// What to do on the platforms of this case.
    fn here<'s>(&self, said: &'s StepText) -> Vec<&'s OnPlatform> {
        said.on.iter().filter(|on| self.examined(on)).collect()
    }

    /// The names of the platforms whose lines are not printed, because no copy of such a device was read.
    fn elsewhere<'s>(&self, said: &'s StepText) -> Vec<&'s str> {
        said.on.iter().filter(|on| !self.examined(on)).map(|on| on.name.as_str()).collect()
    }

    fn examined(&self, on: &OnPlatform) -> bool {
        on.platform.is_empty() || self.report.sources.iter().any(|source| on.platform.contains(&source.family))
    }

    /// Steps of all waves that are for a kind of device of which no copy was read.
    fn left_out(&self) -> Vec<&LeftOut> {
        self.report.checklist.iter().flat_map(|wave| &wave.left_out).collect()
    }

    /// Whether the other person may notice.
    fn alert<'s>(&'s self, step: &'s Step) -> &'s str {
        self.text.steps.alerts.get(&step.may_alert).map_or(step.may_alert.as_str(), String::as_str)
    }

    /// An answer in words.
    fn answer_word(&self, code: &str) -> &str {
        self.text.steps.answers.get(code).map_or("", String::as_str)
    }

    /// The name of a wave.
    fn wave_name(&self, wave: &str) -> &str {
        self.text.steps.waves.get(wave).map_or("", |say| say.name.as_str())
    }

    /// Whether it can be undone, in words; empty where nothing changes.
    fn reversible(&self, step: &Step) -> &str {
        self.text.steps.reversible.get(&step.reversible).map_or("", String::as_str)
    }

    /// The answer that was written down for a step.
    fn answer(&self, step: &Step) -> Option<String> {
        let tick = step.ticked.as_ref()?;
        let words = self.text.steps.answers.get(&tick.result).map_or(tick.result.as_str(), String::as_str);
        let answer = if step.check { words } else { &self.text.steps.done };
        Some(
            [answer, tick.on.as_str(), tick.note.as_str()]
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
        )
    }

    /// On what a step was tried; empty when on nothing, which the page says once for all steps.
    fn tried(&self, step: &Step) -> String {
        if step.tested_on.is_empty() {
            return String::new();
        }
        fill(&self.text.steps.tested, &[("date", &step.checked), ("devices", &step.tested_on.join(", "))])
    }

    /// How old the texts of the steps are and how many of them were tried on a device.
    fn tried_at_all(&self) -> String {
        let steps = || self.report.checklist.iter().flat_map(|wave| &wave.steps);
        let dates: BTreeSet<&str> = steps().map(|step| step.checked.as_str()).collect();
        let ends: BTreeSet<&str> = dates.first().into_iter().chain(dates.last()).copied().collect();
        let date = ends.into_iter().collect::<Vec<_>>().join(" – ");
        let tried = steps().filter(|step| !step.tested_on.is_empty()).count();
        fill(&self.text.steps.untested, &[("date", &date), ("n", &tried.to_string())])
    }

    /// After how many days to look again: the shortest of the steps.
    fn again(&self) -> Option<String> {
        let days =
            self.report.checklist.iter().flat_map(|wave| &wave.steps).filter_map(|step| step.recheck_in_days).min()?;
        Some(fill(&self.text.steps.again, &[("n", &days.to_string())]))
    }

    /// Questions that could not be evaluated.
    fn not_evaluated(&self) -> Vec<&Outcome> {
        self.report.outcomes.iter().filter(|outcome| outcome.outcome == "not-evaluated").collect()
    }

    /// Reasons why questions could not be evaluated, with their number.
    fn reasons(&self) -> Vec<(String, usize, Vec<&str>)> {
        let mut reasons: Vec<(String, usize, Vec<&str>)> = Vec::new();
        for outcome in self.not_evaluated() {
            let name = format!("{}. {}", self.text.why.name(&outcome.why), self.text.why.help(&outcome.why));
            match reasons.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, count, titles)) => {
                    *count += 1;
                    titles.push(outcome.title.get(&self.text.lang));
                }
                None => reasons.push((name, 1, vec![outcome.title.get(&self.text.lang)])),
            }
        }
        reasons
    }

    /// What is known about the checking of a contact.
    fn checked(&self, contact: &Contact) -> String {
        checked(contact, self.text, self.report.options.as_of.as_deref())
    }

    /// The line that ties this page to its report.
    fn made_with(&self) -> String {
        let tool = format!("{} {}", self.report.tool.name, self.report.tool.version);
        fill(&self.text.steps.made_with, &[("tool", &tool)])
    }
}

/// What is known about the checking of a contact: on which day, that it is long before the reference time, that no day is recorded, or
/// that the number was never confirmed.
pub(super) fn checked(contact: &Contact, text: &Text, as_of: Option<&str>) -> String {
    let words = &text.steps;
    if contact.emergency {
        return words.contact_emergency.clone();
    }
    if !contact.verified {
        return text.report.contact_unverified.clone();
    }
    if contact.last_verified.trim().is_empty() {
        return words.contact_no_date.clone();
    }
    let mut said = vec![fill(&words.contact_checked, &[("date", &contact.last_verified)])];
    if old(contact, as_of) {
        said.push(words.contact_old.clone());
    }
    said.join(". ")
}

/// Days after which a number may have changed.
const OLD_AFTER: i64 = 180;

/// Whether a contact was checked too long before the reference time. Without a reference time nothing can be said.
fn old(contact: &Contact, as_of: Option<&str>) -> bool {
    let date = |text: &str| text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let (Some(checked), Some(now)) = (date(&contact.last_verified), as_of.and_then(date)) else { return false };
    checked.until(now).is_ok_and(|span| i64::from(span.get_days()) > OLD_AFTER)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn contact(last_verified: &str) -> Contact {
        let known = sample::report("nl").contacts.remove(0);
        Contact { last_verified: last_verified.into(), verified: true, emergency: false, ..known }
    }

    #[test]
    fn the_checking_of_a_number_is_always_said_in_words() {
        for lang in ["nl", "en"] {
            let (text, as_of) = (Text::of(lang), Some("2026-11-30T00:00:00Z"));
            assert_eq!(checked(&contact(""), text, as_of), text.steps.contact_no_date);
            assert!(checked(&contact("2026-11-01"), text, as_of).contains("2026-11-01"));
            assert!(checked(&contact("2026-01-01"), text, as_of).contains(&text.steps.contact_old));
            let emergency = Contact { emergency: true, ..contact("") };
            assert_eq!(checked(&emergency, text, as_of), text.steps.contact_emergency, "nobody looks 112 up first");
        }
    }

    #[test]
    fn what_somebody_can_see_is_a_possibility_and_every_title_stands_once() {
        let report = sample::report("nl");
        let page = care(&report).unwrap();
        for claim in ["De ander kan zien", "Wat de ander kan"] {
            assert!(!page.contains(claim), "{claim}");
        }
        let desk = Desk::new(&report, String::new());
        let step = Step { findings: report.findings.iter().map(|f| f.id.clone()).collect(), ..Step::default() };
        let about = desk.about(&step);
        let titles: BTreeSet<&str> = about.iter().map(|(title, _)| *title).collect();
        assert_eq!(titles.len(), about.len());
        assert_eq!(about.iter().map(|(_, count)| count).sum::<usize>(), report.findings.len());
    }

    #[test]
    fn the_age_decides_about_words_and_contacts() {
        let mut report = sample::report("nl");
        report.contacts.push(Contact { name: "Alleen jong".into(), minors: true, ..contact("") });
        let mut page = |band: &str, of: fn(&Report) -> Result<String, Error>| {
            band.clone_into(&mut report.case.age_band);
            of(&report).unwrap()
        };
        assert!(page("16-17", care).contains("Alleen jong") && page("", care).contains("Alleen jong"));
        assert!(!page("18-23", care).contains("Alleen jong"));
        assert!(page("24+", person).contains("uw telefoon") && page("18-23", person).contains("je telefoon"));
        assert!(page("12-15", person).contains(&Text::of("nl").person_easy.maybe));
    }

    #[test]
    fn platforms_without_a_copy_are_named_and_not_printed() {
        let report = sample::report("nl");
        let desk = Desk::new(&report, String::new());
        let on = |name: &str, platform: &[&str]| OnPlatform {
            name: name.into(),
            platform: platform.iter().map(|one| (*one).to_owned()).collect(),
            actions: vec!["x".into()],
        };
        let here = report.sources[0].family.clone();
        let said = StepText { on: vec![on("a", &[&here]), on("b", &["zune"]), on("c", &[])], ..StepText::default() };
        assert_eq!(desk.here(&said).iter().map(|on| on.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(desk.elsewhere(&said), ["b"]);
    }
}
