//! `vrijspoor intake`, and `vrijspoor` alone: asks the questions that come before an examination, one at a time and in plain words, in
//! the order of field.md A2, and writes them into a case file. Every answer is saved at once, so that one can stop anywhere and
//! go on later. No consent is a valid end: it is written down and nothing is opened.

mod copy;
mod talk;

use super::audit::{audit_into, plan_of};
use super::{Exit, Failure, args, file};
use crate::artifact::load::{SCOPES, apart};
use crate::audit::case::{CaseFile, Identity, Own, Received, Tick};
use crate::audit::rewrite;
use crate::report::bag::Copies;
use crate::report::checklist::minor;
use crate::report::copies::Reader;
use crate::report::leak;
use crate::report::text::{IntakeWords, Text, fill};
use clap::ArgMatches;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
pub use talk::wrap;
use talk::{Answer, End, Talk};

/// Widest line of the conversation, in characters: longer lines are tiring to read.
const WIDEST: usize = 84;

/// `vrijspoor intake -o case.toml`.
pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    begin(&path, matches, text)
}

/// Asks, saves, and offers to go on with the examination.
pub fn begin(path: &Path, matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let written = match std::fs::read_to_string(path) {
        Ok(written) => Some(written),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(Failure::new("unreadable", format!("{}: {e}", path.display()))),
    };
    let case = CaseFile::parse(&file::name(path), written.as_deref().unwrap_or_default())
        .map_err(|e| Failure::new("case-file", e.to_string()))?;
    let data = args::data(matches)?;
    let look = |place: &Path| copy::recognised(place, data, &text.lang);
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    let terminal = stdin.is_terminal();
    let (mut input, mut output) = (stdin.lock(), stdout.lock());
    let words = &text.intake;
    let talk = Talk::new(&mut input, &mut output, words, WIDEST);
    let mut intake = Intake { talk, words, text, case, written, path: path.to_owned(), look: &look, failure: None };
    let end = intake.all();
    if let Some(failure) = intake.failure.take() {
        return Err(failure);
    }
    let shown = path.display().to_string();
    match end {
        Err(End::Answered) => Ok(Exit::Done),
        Err(End::Closed) if !terminal => {
            // Nobody answers here: saying so is better than a case file that looks finished.
            Err(Failure::new("intake-unfinished", fill(&words.go_on, &[("file", &shown)])))
        }
        Err(End::Stopped | End::Closed) => {
            intake.talk.rest();
            intake.talk.say(&words.stopped);
            intake.talk.say(&fill(&words.go_on, &[("file", &shown)]));
            Ok(Exit::Done)
        }
        Ok(false) => {
            intake.talk.rest();
            intake.talk.say(&fill(&words.ready, &[("file", &shown)]));
            let copies = if intake.case.intake.copies.is_empty() {
                words.copy_name.clone()
            } else {
                intake.case.intake.copies.join(" ")
            };
            intake.talk.say(&format!("  vrijspoor audit {copies} -o {} --case {shown}", words.report_name));
            Ok(Exit::Done)
        }
        Ok(true) => {
            let case = intake.case.clone();
            drop(intake);
            drop(input);
            drop(output);
            let out = free_place(path, &words.report_name);
            let inputs = case.intake.copies.iter().map(PathBuf::from).collect();
            let plan = plan_of(case, inputs, &text.lang, data);
            let copies = Copies { readers: vec![Reader::Care, Reader::Police], ..Copies::default() };
            audit_into(plan, &out, copies, false, false, text)?;
            Ok(Exit::Done)
        }
    }
}

/// A folder beside the case file that does not exist yet.
fn free_place(case: &Path, name: &str) -> PathBuf {
    let beside = case.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let numbered = (2..10_000).map(|n| beside.join(format!("{name}-{n}")));
    std::iter::once(beside.join(name)).chain(numbered).find(|place| !place.exists()).unwrap_or(beside)
}

struct Intake<'a> {
    talk: Talk<'a>,
    words: &'a IntakeWords,
    text: &'a Text,
    case: CaseFile,
    /// What the file holds now; people may have written in it.
    written: Option<String>,
    path: PathBuf,
    /// What is recognised at a place.
    look: &'a dyn Fn(&Path) -> Result<Vec<String>, String>,
    failure: Option<Failure>,
}

impl Intake<'_> {
    /// All questions in the order of law; whether the examination is to begin.
    fn all(&mut self) -> Result<bool, End> {
        let begun = !self.case.intake.answered.is_empty();
        let lines = if begun { &self.words.welcome_back } else { &self.words.welcome };
        for line in lines {
            self.talk.say(line);
        }
        self.danger()?;
        self.safe_device()?;
        self.person()?;
        self.consent()?;
        self.plan()?;
        self.things()?;
        self.people()?;
        self.copies()
    }

    /// Asks once: what was answered in an earlier sitting is not asked again.
    fn once(&mut self, id: &str, ask: impl FnOnce(&mut Self) -> Result<(), End>) -> Result<(), End> {
        if self.case.intake.answered.iter().any(|done| done == id) {
            return Ok(());
        }
        ask(self)?;
        self.case.intake.answered.push(id.to_owned());
        self.save()
    }

    fn save(&mut self) -> Result<(), End> {
        let text = match &self.written {
            Some(written) => rewrite::answers(written, &self.case).map_err(|e| e.to_string()),
            None => self.case.to_text().map_err(|e| e.to_string()).map(|toml| {
                self.words.file_head.iter().fold(String::new(), |head, line| head + "# " + line + "\n") + "\n" + &toml
            }),
        };
        let saved = text.and_then(|text| {
            file::replace(&self.path, &text).map_err(|e| e.to_string())?;
            self.written = Some(text);
            Ok(())
        });
        saved.map_err(|e| {
            self.failure = Some(Failure::new("output", format!("{}: {e}", self.path.display())));
            End::Closed
        })
    }

    /// One of the fixed answers; `unknown` when nobody knows, empty when it was passed over.
    fn code(&mut self, id: &str, codes: &[&str]) -> Result<String, End> {
        Ok(match self.talk.choice(id, codes)? {
            Answer::Said(code) => code,
            Answer::Unknown => "unknown".into(),
            Answer::Skipped => String::new(),
        })
    }

    /// As [`Self::code`], where the case file has no word for not knowing.
    fn known(&mut self, id: &str, codes: &[&str]) -> Result<String, End> {
        Ok(match self.talk.choice(id, codes)? {
            Answer::Said(code) => code,
            Answer::Unknown | Answer::Skipped => String::new(),
        })
    }

    fn text(&mut self, id: &str) -> Result<String, End> {
        Ok(match self.talk.words_of(id)? {
            Answer::Said(text) => text,
            Answer::Unknown | Answer::Skipped => String::new(),
        })
    }

    /// Asked in every sitting: danger may have come since.
    fn danger(&mut self) -> Result<(), End> {
        self.case.gates.danger = self.code("danger", &["yes", "no", "unknown"])?;
        self.save()?;
        match self.case.gates.danger.as_str() {
            "yes" => self.end(&self.words.danger_now.clone()),
            "no" => Ok(()),
            _ => {
                self.tell(&self.words.danger_unknown.clone());
                Ok(())
            }
        }
    }

    fn safe_device(&mut self) -> Result<(), End> {
        self.case.gates.safe_device = self.code("safe-device", &["yes", "no", "unknown"])?;
        self.save()?;
        match self.case.gates.safe_device.as_str() {
            "no" => self.end(&self.words.other_device.clone()),
            "yes" => Ok(()),
            _ => {
                self.tell(&self.words.device_unknown.clone());
                Ok(())
            }
        }
    }

    fn person(&mut self) -> Result<(), End> {
        self.once("age", |it| {
            match it.talk.choice_or("age", &AGES, &|typed| band(typed))? {
                Answer::Said(code) if code == UNDER_12 => it.end(&it.words.under_12.clone())?,
                Answer::Said(code) => it.case.person.age_band = code,
                Answer::Unknown | Answer::Skipped => {}
            }
            Ok(())
        })?;
        if minor(&self.case.person.age_band) {
            self.once("custody", |it| {
                it.case.person.custody = it.code("custody", &["parent", "parent-concern", "guardian", "unknown"])?;
                if matches!(it.case.person.custody.as_str(), "parent-concern" | "unknown") {
                    it.tell(&it.words.custody_note.clone());
                }
                Ok(())
            })?;
        }
        self.once("reading", |it| {
            it.case.person.reading = it.known("reading", &["nl", "nl-easy", "en"])?;
            Ok(())
        })
    }

    fn consent(&mut self) -> Result<(), End> {
        // Who refused is not asked again: that would be pressing.
        if self.case.consent.given == Some(false) {
            return self.end(&self.words.refused.clone());
        }
        self.once("consent", |it| {
            it.tell(&it.words.consent_before.clone());
            if let Some(band) = it.words.consent_band.get(&it.case.person.age_band).cloned() {
                it.talk.say(&band);
            }
            match it.talk.choice("consent", &["yes", "no", "later"])? {
                Answer::Said(code) if code == "yes" => {
                    it.case.consent.given = Some(true);
                    it.case.consent.date = today();
                    Ok(())
                }
                Answer::Said(code) if code == "no" => {
                    it.case.consent.given = Some(false);
                    it.case.consent.date = today();
                    it.save()?;
                    it.end(&it.words.refused.clone())
                }
                _ => it.end(&it.words.consent_later.clone()),
            }
        })?;
        if minor(&self.case.person.age_band) {
            self.once("consent-by", |it| {
                if it.case.person.custody == "parent-concern" {
                    // A parent who may be the other person is not asked.
                    it.tell(&it.words.consent_concern.clone());
                    it.case.consent.by = "self".into();
                    return Ok(());
                }
                it.case.consent.by = it.known("consent-by", &["self", "self+parent", "parent"])?;
                Ok(())
            })?;
        } else if self.case.consent.by.is_empty() && !self.case.person.age_band.is_empty() {
            self.case.consent.by = "self".into();
        }
        self.once("scope", |it| {
            // A parent may come to read the report, so a young person hears that before sites of that sort are offered.
            if minor(&it.case.person.age_band) {
                it.tell(&it.words.adverts_minor.clone());
            }
            let codes: Vec<&str> = std::iter::once("all").chain(SCOPES).collect();
            let chosen = it.talk.several("scope", &codes)?;
            let all = chosen.iter().any(|c| c == "all");
            // What is apart is never part of everything; it must have been named.
            it.case.consent.scope = chosen.into_iter().filter(|c| !all || c == "all" || apart(c)).collect();
            if it.case.consent.scope.is_empty() {
                it.tell(&it.words.scope_empty.clone());
                it.case.consent.scope = vec!["device".into()];
            }
            Ok(())
        })
    }

    fn plan(&mut self) -> Result<(), End> {
        self.once("living", |it| {
            it.case.person.living = it.known("living", &["together", "left", "shelter"])?;
            Ok(())
        })?;
        if matches!(self.case.person.living.as_str(), "left" | "shelter") {
            self.once("exit", |it| {
                loop {
                    let typed = it.text("exit")?;
                    it.case.dates.exit = date(&typed);
                    if typed.is_empty() || it.case.dates.exit.is_some() {
                        return Ok(());
                    }
                    it.talk.say(&it.words.bad_date.clone());
                }
            })?;
        }
        self.once("plan", |it| {
            it.case.gates.plan = it.code("plan", &["yes", "no", "unknown"])?;
            if it.case.gates.plan != "yes" {
                it.tell(&it.words.make_plan.clone());
            }
            Ok(())
        })?;
        self.once("on-call", |it| {
            it.case.gates.on_call = it.text("on-call")?;
            Ok(())
        })?;
        self.once("police", |it| {
            it.case.gates.police = it.code("police", &["none", "wish", "case", "unknown"])?;
            Ok(())
        })?;
        if matches!(self.case.gates.police.as_str(), "wish" | "case") {
            self.once("police-agreed", |it| {
                it.case.gates.police_agreed = it.code("police-agreed", &["yes", "no", "unknown"])?;
                Ok(())
            })?;
        }
        Ok(())
    }

    fn things(&mut self) -> Result<(), End> {
        self.once("own-devices", |it| {
            let known: Vec<String> = it.case.own.iter().map(|own| own.name.clone()).collect();
            it.already(&known);
            loop {
                let name = it.text("own-devices")?;
                if name.is_empty() {
                    return Ok(());
                }
                let kind = it.known("own-kind", &["phone", "tablet", "laptop", "watch", "other"])?;
                let kind = if kind.is_empty() { "other".into() } else { kind };
                it.case.own.push(Own { kind, name, ..Own::default() });
                it.save()?;
            }
        })?;
        for (id, kind) in [("own-mails", "mail"), ("own-numbers", "number")] {
            self.once(id, |it| {
                let ids = it.talk.list(id)?;
                if !ids.is_empty() {
                    it.case.own.push(Own { kind: kind.into(), ids, ..Own::default() });
                }
                Ok(())
            })?;
        }
        self.once("worn", |it| {
            let result = it.code("worn", &["yes", "no", "unknown"])?;
            if !result.is_empty() {
                it.case.ticked.push(Tick { step: "look-worn".into(), on: today(), result, note: String::new() });
            }
            Ok(())
        })
    }

    fn people(&mut self) -> Result<(), End> {
        self.persons("concern", |case| &mut case.concern)?;
        self.persons("trusted", |case| &mut case.trusted)?;
        self.persons("privileged", |case| &mut case.privileged)?;
        self.once("never-print", |it| {
            let items = it.talk.list("never-print")?;
            let (long, short): (Vec<String>, Vec<String>) = items.into_iter().partition(|item| leak::searchable(item));
            if !short.is_empty() {
                it.talk.say(&it.words.too_short.clone());
            }
            it.case.place.never_print = long;
            Ok(())
        })?;
        self.once("case-id", |it| {
            it.case.case.id = it.text("case-id")?;
            Ok(())
        })?;
        self.once("examiner", |it| {
            it.case.case.examiner = it.text("examiner")?;
            Ok(())
        })
    }

    fn persons(&mut self, role: &str, list: fn(&mut CaseFile) -> &mut Vec<Identity>) -> Result<(), End> {
        self.once(role, |it| {
            let known: Vec<String> = list(&mut it.case).iter().map(|one| one.name.clone()).collect();
            it.already(&known);
            loop {
                let name = it.text(role)?;
                if name.is_empty() {
                    return Ok(());
                }
                let reach = it.talk.list("reach")?;
                let (mails, rest): (Vec<String>, Vec<String>) =
                    reach.into_iter().partition(|r| r.contains('@') && !r.starts_with('@'));
                let (numbers, handles) = rest.into_iter().partition(|r| crate::rule::identity::number(r).is_some());
                list(&mut it.case).push(Identity { name, numbers, mails, handles, devices: Vec::new() });
                it.save()?;
            }
        })
    }

    fn copies(&mut self) -> Result<bool, End> {
        self.once("copies", |it| {
            it.tell(&it.words.copy_how.clone());
            loop {
                let typed = it.text("copies")?;
                if typed.is_empty() {
                    return Ok(());
                }
                // A path that is dropped on the window comes in quotes.
                let path = typed.trim_matches(['"', '\'']).to_owned();
                if !Path::new(&path).exists() {
                    it.talk.say(&it.words.no_such_copy.clone());
                    continue;
                }
                if it.holds_answers(Path::new(&path)) {
                    it.talk.say(&it.words.too_high.clone());
                    continue;
                }
                it.talk.say(&it.words.looking.clone());
                match (it.look)(Path::new(&path)) {
                    Ok(names) if names.is_empty() => it.talk.say(&it.words.not_a_copy.clone()),
                    Ok(names) => {
                        it.talk.say(&fill(&it.words.recognised, &[("names", &names.join(", "))]));
                        it.received(path)?;
                    }
                    Err(code) => {
                        let advice = it.text.error(&code);
                        it.talk.say(&advice.what);
                        it.talk.say(&advice.next);
                    }
                }
            }
        })?;
        if self.case.intake.copies.is_empty() {
            return Ok(false);
        }
        Ok(self.known("start", &["yes", "no"])? == "yes")
    }

    /// Whether a place is a folder above the case file: the report would come to lie in the copy.
    fn holds_answers(&self, place: &Path) -> bool {
        let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
        match (whole(place), whole(&self.path)) {
            (Some(place), Some(case)) => case.starts_with(place),
            _ => false,
        }
    }

    /// Writes a copy down, with who made it: the report names that person, or leaves a line open.
    fn received(&mut self, path: String) -> Result<(), End> {
        let by = self.text("copy-by")?;
        if !by.is_empty() {
            let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
            self.case.exhibit.push(Received { name: name.unwrap_or_default(), by, ..Received::default() });
        }
        self.case.intake.copies.push(path);
        self.save()
    }

    /// Says what was written down in an earlier sitting that was broken off here.
    fn already(&mut self, names: &[String]) {
        let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        if !names.is_empty() {
            self.talk.rest();
            self.talk.say(&fill(&self.words.already, &[("names", &names.join(", "))]));
        }
    }

    fn tell(&mut self, lines: &[String]) {
        self.talk.rest();
        for line in lines {
            self.talk.say(line);
        }
    }

    fn end(&mut self, lines: &[String]) -> Result<(), End> {
        self.tell(lines);
        let shown = self.path.display().to_string();
        self.talk.rest();
        self.talk.say(&fill(&self.words.go_on, &[("file", &shown)]));
        Err(End::Answered)
    }
}

/// The age bands, as the case file writes them.
const AGES: [&str; 4] = ["12-15", "16-17", "18-23", "24+"];
/// Said of an age for which the questions are not made.
const UNDER_12: &str = "under-12";

/// The band of an age that somebody typed in years. A number up to four is the number of an answer.
fn band(typed: &str) -> Option<&'static str> {
    let years: u32 = typed.split_whitespace().next()?.parse().ok()?;
    match years {
        5..=11 => Some(UNDER_12),
        12..=15 => Some("12-15"),
        16..=17 => Some("16-17"),
        18..=23 => Some("18-23"),
        24..=120 => Some("24+"),
        _ => None,
    }
}

/// Today, as the case file writes dates. The case file is input: the report itself never reads the clock.
pub fn today() -> Option<toml::value::Datetime> {
    date(&jiff::tz::TimeZone::system().to_datetime(jiff::Timestamp::now()).date().to_string())
}

/// A date as people write it: 2026-10-02 or 2-10-2026.
fn date(text: &str) -> Option<toml::value::Datetime> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let turned = match parts[..] {
        [day, month, year] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.to_owned(),
    };
    turned.parse::<jiff::civil::Date>().ok()?.to_string().parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// Runs the questions on the given lines; the case file, what was said and how it ended.
    fn asked(path: &Path, lines: &[&str]) -> (CaseFile, String, Result<bool, End>) {
        let words = &Text::of("nl").intake;
        let mut input = std::io::Cursor::new(lines.join("\n") + if lines.is_empty() { "" } else { "\n" });
        let mut output = Vec::new();
        let case =
            std::fs::read_to_string(path).map_or_else(|_| CaseFile::default(), |t| CaseFile::parse("c", &t).unwrap());
        let talk = Talk::new(&mut input, &mut output, words, WIDEST);
        let written = std::fs::read_to_string(path).ok();
        // A made-up phone in every zip file; nothing anywhere else.
        let look = |place: &Path| {
            let zip = place.extension().is_some_and(|ending| ending == "zip");
            Ok(if zip { vec!["iPhone".to_owned()] } else { Vec::new() })
        };
        let text = Text::of("nl");
        let mut intake = Intake { talk, words, text, case, written, path: path.to_owned(), look: &look, failure: None };
        let end = intake.all();
        drop(intake);
        let case =
            std::fs::read_to_string(path).map_or_else(|_| CaseFile::default(), |t| CaseFile::parse("c", &t).unwrap());
        (case, String::from_utf8(output).unwrap(), end)
    }

    #[test]
    fn danger_ends_it_at_once() {
        let place = tempfile::tempdir().unwrap();
        let (case, said, end) = asked(&place.path().join("case.toml"), &["ja"]);
        assert_eq!((case.gates.danger.as_str(), end), ("yes", Err(End::Answered)));
        assert!(said.contains("112"));
    }

    #[test]
    fn refusal_is_written_down_and_stays() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("case.toml");
        let (case, said, end) = asked(&path, &["nee", "ja", "18", "1", "nee"]);
        assert_eq!((case.consent.given, end), (Some(false), Err(End::Answered)), "{said}");
        assert!(case.consent.date.is_some());
        let (_, _, end) = asked(&path, &["nee", "ja"]);
        assert_eq!(end, Err(End::Answered), "a later sitting does not ask again");
    }

    #[test]
    fn one_can_stop_anywhere_and_go_on() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("case.toml");
        let (_, _, end) = asked(&path, &["nee", "ja", "2", "2", "stop"]);
        assert_eq!(end, Err(End::Stopped));
        let copy = place.path().join("copy.zip");
        std::fs::write(&copy, "x").unwrap();
        let copy = copy.display().to_string();
        let above = place.path().display().to_string();
        let other = tempfile::tempdir().unwrap();
        let empty = other.path().display().to_string();
        let rest = [
            "nee",
            "ja",
            "1",
            "ja",
            "1,14",
            "1,3",
            "opvang",
            "2-10-2026",
            "ja",
            "B. van de dienst",
            "wil",
            "nee",
            "Telefoon van Noor",
            "1",
            "",
            "noor@example.org",
            "06 0000 0001",
            "nee",
            "R.",
            "06 0000 0002, r@example.org, r.snap",
            "",
            "",
            "mr. B.",
            "06-00000007",
            "",
            "Niemandsweg 1, 1234 AB, ab",
            "2026-7",
            "?",
            &copy,
            "A. van de dienst",
            "/no/such/thing",
            &above,
            &empty,
            "",
            "ja",
        ];
        let (case, said, end) = asked(&path, &rest);
        assert_eq!(end, Ok(true), "{said}");
        let report = case.summary();
        assert_eq!(
            (report.age_band.as_str(), report.custody.as_str(), report.living.as_str()),
            ("16-17", "parent-concern", "shelter")
        );
        assert_eq!(report.consent_by, "self");
        assert_eq!(case.consent.scope, ["all", "adverts"]);
        assert_eq!((report.gates.police.as_str(), report.gates.police_agreed.as_str()), ("wish", "no"));
        assert_eq!(case.concern[0].mails, ["r@example.org"]);
        assert_eq!(
            (case.concern[0].numbers.len(), case.concern[0].handles.as_slice()),
            (1, ["r.snap".to_owned()].as_slice())
        );
        assert_eq!(case.privileged.len(), 1);
        assert_eq!(case.place.never_print, ["Niemandsweg 1", "1234 AB"]);
        assert_eq!(case.intake.copies, [copy]);
        assert_eq!((case.exhibit[0].name.as_str(), case.exhibit[0].by.as_str()), ("copy.zip", "A. van de dienst"));
        assert_eq!(case.ticked[0].step, "look-worn");
        // Lines are broken at the width of the screen.
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in &Text::of("nl").intake.adverts_minor {
            assert!(said.contains(told), "{told}: {said}");
        }
        assert!(said.contains(&Text::of("nl").intake.no_such_copy), "{said}");
        assert!(said.contains(&Text::of("nl").intake.not_a_copy), "{said}");
        assert!(said.contains(&Text::of("nl").intake.too_high), "{said}");
    }

    #[test]
    fn a_parent_who_may_be_the_other_person_is_not_asked_and_an_age_may_be_typed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("case.toml");
        let (case, said, _) = asked(&path, &["nee", "ja", "14 jaar", "2", "makkelijk", "ja", "1"]);
        let report = case.summary();
        assert_eq!((report.age_band.as_str(), report.consent_by.as_str()), ("12-15", "self"), "{said}");
        assert!(said.contains("Vraag deze ouder niet om toestemming"), "{said}");
        let (_, said, end) = asked(&place.path().join("other.toml"), &["nee", "ja", "9"]);
        assert_eq!(end, Err(End::Answered), "{said}");
    }

    #[test]
    fn what_people_wrote_into_the_file_stays() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("case.toml");
        let (_, _, end) = asked(&path, &["nee", "ja", "4"]);
        assert_eq!(end, Err(End::Closed));
        let text =
            std::fs::read_to_string(&path).unwrap() + "\n# belt na zes uur\n[[concern]]\nname = 'R.' # bijnaam\n";
        std::fs::write(&path, &text).unwrap();
        let (case, _, _) = asked(&path, &["nee", "ja", "1", "ja", "1"]);
        let after = std::fs::read_to_string(&path).unwrap();
        assert!(after.contains("# belt na zes uur\n[[concern]]\nname = 'R.' # bijnaam"), "{after}");
        assert!(after.contains("date = 2") && case.consent.given == Some(true), "{after}");
    }

    #[test]
    fn every_end_of_the_input_and_every_not_knowing_is_survived() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("case.toml");
        assert_eq!(asked(&path, &[]).2, Err(End::Closed));
        for answer in ["?", "", "weet niet", "1", "9999999999999999999999", "\u{0}", "é"] {
            std::fs::remove_file(&path).unwrap_or_default();
            for count in 0..60 {
                let (_, _, end) = asked(&path, &vec![answer; count]);
                assert!(end.is_err() || end == Ok(false), "{answer}: {end:?}");
            }
        }
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for text in ["2026-10-02", "2-10-2026", "02/10/2026", "2.10.2026"] {
            assert_eq!(date(text).unwrap().to_string(), "2026-10-02", "{text}");
        }
        assert!(date("vorige week").is_none() && date("31-2-2026").is_none());
    }
}
