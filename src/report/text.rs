//! The words of the interface in Dutch and English: one typed value a language, read from `text/nl.toml` and `text/en.toml`.
//! The type refuses unknown and missing keys, so that the two languages cannot drift apart; words that hang on a code (gaps,
//! remarks, errors …) are maps, and a code without words still gives a sentence. The words of rules and steps are not here.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Declares a group of words: a struct whose fields are the keys of one table of the text files.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? } $({ $($(#[$other_doc:meta])* $other:ident: $kind:ty),* $(,)? })?) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "a field is the key of the same name in text/nl.toml and text/en.toml")]
        pub struct $name { $(pub $field: String,)* $($($(#[$other_doc])* pub $other: $kind,)*)? }
    };
}

words! {
    /// The words of `report.html`.
    ReportWords {
        page_title, title, lead, skip, contents, first_change_nothing, yes, no, none, unknown, not_declared, more_rows,
        more_citations, more_times, facts, case_id, case_label, examiner, organisation, basis, consent, consent_by, scope,
        scope_all, as_of, as_of_stated, as_of_copies, as_of_name, zone, made_with, report_digest, report_digest_help, summary, summary_found, summary_one,
        summary_nothing, summary_now, summary_not_evaluated, summary_gaps, summary_parts, summary_never, summary_counts, count, meaning,
        examined, examined_lead, inputs, input, kind, files, bytes, digest, digest_file, digest_list, remarks, what_to_do,
        sources, source, source_title, read_from, devices, devices_lead, device, findings, findings_lead, findings_none,
        urgency, confidence, about, experimental, shows, rows, rows_shared, row, may_mean, innocent, limits, notices, sees, steps, steps_held,
        where_read, where_read_count, where_read_one, to_citations, matrix, matrix_lead, matrix_what, matrix_findings,
        matrix_nothing, axis_where, axis_what, axis_control, timeline, timeline_lead, timeline_time, timeline_what, outcomes,
        outcomes_lead, not_found, not_evaluated, found_rules, question, examined_parts, missing_parts, why, coverage,
        coverage_lead, part, outcome, row_count, fact_count, streams, not_verified, not_verified_help, own_only, own_only_help, gaps, gaps_lead, gaps_none, gap, times,
        detail, never, never_lead, never_tool, citations, citations_lead, citation, stream, stored, stream_digest, locator,
        artifact, fact, part_limits, field, raw, decoded, values_of, rule, rule_source, rule_sql, views, views_lead, views_of, view_sql, key, method, tool,
        artifacts_digest, rules_digest, indicators, name_list, layout, verify, verify_lead, contacts, contacts_lead, contact, reach, when,
        contact_unverified, contact_source, glossary,
    } {
        /// How the tool works, one sentence an item; `{zone}` is the zone of the report.
        method_lines: Vec<String>,
    }
}

words! {
    /// The words of `checklist.html`.
    StepWords {
        page_title, title, change_nothing, change_nothing_why, how, choice, start, start_danger, start_seen, start_first, not_now,
        start_call, questions, stop_if_empty, again_before, do_not, may_alert, side_effects, undo, under_18, involve,
        belongs_to, untested, tested, for_worker, held_back, withheld, findings, findings_lead, findings_none, sees, axis_read, axis_where, seen_less,
        axis_control, ordinary, noticed, todo, look, look_lead, ticked, done, tick_how, tick_what, again, not_checked,
        not_checked_lead, not_checked_none, contacts, contact_checked, contact_no_date, contact_emergency, contact_old,
        contact_state, made_with, consent_band, left_out, left_out_help,
    } {
        /// What not to do before there is a plan.
        not_lines: Vec<String>,
        /// The questions before anything is changed.
        change_gate: Vec<String>,
        /// The questions that are open before anything may be changed, by code.
        ask: BTreeMap<String, String>,
        /// The waves by code.
        waves: BTreeMap<String, WaveWords>,
        /// Whether the other person may notice, by code.
        alerts: BTreeMap<String, String>,
        /// Whether it can be undone, by code.
        reversible: BTreeMap<String, String>,
        /// Answers to a manual check, by code.
        answers: BTreeMap<String, String>,
        /// Who gives consent, by age band.
        bands: BTreeMap<String, String>,
        /// What the answer about custody means, by code.
        custody: BTreeMap<String, String>,
    }
}

words! {
    /// A question of the intake.
    AskWords { question, help } {
        /// The answers by code.
        options: BTreeMap<String, String>,
    }
}

words! {
    /// The words of the intake.
    IntakeWords {
        not_understood, stopped, go_on, ready, report_name, copy_name, bad_date, too_short, no_such_copy, not_a_copy, too_high, looking,
        recognised, already,
    } {
        /// What is said of somebody for whom the questions are not made.
        under_12: Vec<String>,
        /// What is said in place of asking a parent who may be the other person.
        consent_concern: Vec<String>,
        /// What is said before the first question.
        welcome: Vec<String>,
        /// What is said when somebody goes on.
        welcome_back: Vec<String>,
        /// What is said when there is danger now.
        danger_now: Vec<String>,
        /// What is said when nobody knows whether there is danger.
        danger_unknown: Vec<String>,
        /// What is said when the device is one that the other person held.
        other_device: Vec<String>,
        /// What is said when nobody knows.
        device_unknown: Vec<String>,
        /// What is said when a parent may be the other person.
        custody_note: Vec<String>,
        /// What is told before consent is asked.
        consent_before: Vec<String>,
        /// Who gives consent, by age band.
        consent_band: BTreeMap<String, String>,
        /// What is said when consent is asked later.
        consent_later: Vec<String>,
        /// What is said when there is no consent.
        refused: Vec<String>,
        /// What is said when no part was chosen.
        scope_empty: Vec<String>,
        /// What a young person is told before traces of advert and dating sites are offered.
        adverts_minor: Vec<String>,
        /// What is said when there is no plan yet.
        make_plan: Vec<String>,
        /// What is said before the place of the copy is asked.
        copy_how: Vec<String>,
        /// The first lines of the case file.
        file_head: Vec<String>,
        /// What stops the questions when it is typed.
        stop_words: Vec<String>,
        /// What passes a question over.
        skip_words: Vec<String>,
        /// What says that nobody knows.
        unknown_words: Vec<String>,
        /// The questions by name.
        ask: BTreeMap<String, AskWords>,
    }
}

words! {
    /// The words of the guides.
    GuideWords { lead, next, notices, time, before, do_not, after, easy, tested, untested }
}

words! {
    /// The words of `police.html`.
    PoliceWords {
        page_title, title, lead, first, keep, keep_lead, holder, what, account, period, identifier, findings_lead, number, places,
        changes, changes_lead, looked,
    } {
        /// What is asked of the police before anything is changed.
        first_lines: Vec<String>,
    }
}

words! {
    /// The words of `notes.html`, the page for the person it is about.
    NoteWords {
        page_title, danger, now, known, seen_where, seen_what, seen_control, seen_nothing, maybe, together, you, call,
    } {
        /// What to do and not to do now.
        now_lines: Vec<String>,
        /// What is true whatever was found.
        you_lines: Vec<String>,
    }
}

words! {
    /// The words of the summary on the terminal.
    TerminalWords {
        title, findings, finding_one, no_findings, id, urgency, confidence, what, not_evaluated, gaps, and_more, not_searched, files, report,
        checklist, police, person, json, next,
    }
}

words! {
    /// The words of `comparison.html`.
    CompareWords {
        page_title, title, before, now, next, no_date, change_nothing, never_all_clear, first, coverage_differs, coverage,
        coverage_lead, no_source, box_new, box_gone, box_look_out, none_new, none_gone, none_look_out, more, same, particulars,
        timeline, timeline_lead, finding, numbers, note, facts, facts_lead, audits, audit, date, form, rules, made_with,
        file_absent_before, file_absent_now, unread, urgency_before, confirmed, failed, unknown, not_ticked, gone_lead, changed_note,
        changed_counts, same_soon, lists, lists_lead, calendar,
    } {
        /// The classes of a change.
        classes: BTreeMap<String, String>,
        /// Reasons by code.
        why: BTreeMap<String, String>,
        /// Remarks by code; `{detail}` has the particulars.
        remarks: BTreeMap<String, String>,
        /// Forms of an audit.
        forms: BTreeMap<String, String>,
        /// Kinds of facts.
        kinds: BTreeMap<String, String>,
        /// Lines of the half page for people with low literacy, by the name of the word or the code; Dutch only.
        easy: BTreeMap<String, String>,
    }
}

words! {
    /// The words of the chapter on sessions.
    SessionWords {
        title, lead, limits, innocent, chains, chains_lead, all, device, class, account, first, last, records, changes, kind,
        address, place, more,
    } {
        /// Classes, reasons, kinds and what ties a chain, by code.
        codes: BTreeMap<String, String>,
    }
}

words! {
    /// The words of `persons.html`.
    PersonWords {
        page_title, title, not_who, not_who_why, traces, no_traces, what, value, when, place, contact, contact_line, channel,
        new_channel, after_exit, after, first_after, bursts, grouped, findings, days, day, received, sent, no_contact, not_read, others,
        others_lead, left_out, limits, limits_hours,
    }
}

words! {
    /// The words around verification, also those of `README_VERIFY.txt`.
    VerifyWords {
        ok, failed, seal, readme_title, readme_lead, readme_limits, linux, tags, mac, windows, evidence, value,
        signature, signer, stamp,
    }
}

words! {
    /// The words that only paper has.
    PrintWords { page, settings, more, left_out }
}

words! {
    /// The words for court: what the report adds for those who must weigh and check it.
    CourtWords {
        question, question_text, excluded, excluded_always, excluded_none, excluded_parts, excluded_counted, excluded_count, excluded_shared, custody, custody_lead, custody_hand,
        alternatives, alternatives_lead, handover, handover_text, searched, not_searched, files, files_lead, leans_on, leans_on_one, leans_on_more, tie,
        stands, values_of, number, summer, made_from, basis_file, reproduce, reproduce_lead, computed, no_way, matrix_picture,
        matrix_picture_help, timeline_picture, timeline_picture_help, also_possible, hidden, hidden_lead, mark, promise,
        purpose, classification, copy_number, language, language_name, made_on, made_on_where, received, received_lead,
        exhibit_code, made_by, made_with, received_state, encrypted, copying, copying_lead, privileged, privileged_none,
        privileged_ran, limits, validation, validation_lead, fires, quiet, seen, seen_yes, seen_no, objections_title,
        objections_lead, answer, place, signoff, signoff_lead, signoff_role, signoff_name, signoff_date, signoff_hand,
        second_reader,
    } {
        /// What making a copy changes on phone or account, by kind of copy.
        copying_of: BTreeMap<String, Vec<String>>,
        /// What can be wrong with the work of a program, and what is done about it.
        limits_lines: Vec<String>,
        /// What the other side may ask, and where the report answers it.
        objections: Vec<Objection>,
        /// Columns of the table of handovers.
        custody_columns: Vec<String>,
        /// What to think of when handing over.
        handover_lines: Vec<String>,
        /// The files of the folder.
        file_list: Vec<Entry>,
        /// What a person does before a command, by code.
        before: BTreeMap<String, String>,
    }
}

words! {
    /// A question that the other side may ask: the answer, and the chapter that holds it.
    Objection { question, answer, place }
}

words! {
    /// A name with a sentence that explains it.
    Named { name, help }
}

words! {
    /// What happened, and what to do next.
    Advice { what, next }
}

words! {
    /// A thing of the victim's that can be seen or operated; `axis` is `where`, `what` or `control` (field.md S05).
    Seen { name, axis }
}

words! {
    /// A word of the glossary.
    Entry { word, meaning }
}

words! {
    /// A plain line.
    Line { text }
}

words! {
    /// A wave of the checklist.
    WaveWords { name, help } {
        /// The tick boxes that close this wave.
        gate: Vec<String>,
    }
}

/// Names and explanations by code.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Codes(pub BTreeMap<String, Named>);

impl Codes {
    /// The name that belongs to a code; the code itself when there is none.
    #[must_use]
    pub fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.get(code).map_or(code, |named| named.name.as_str())
    }

    /// The explanation that belongs to a code; empty when there is none.
    #[must_use]
    pub fn help(&self, code: &str) -> &str {
        self.0.get(code).map_or("", |named| named.help.as_str())
    }
}

/// All words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// `nl` or `en`.
    pub lang: String,
    /// Words of `report.html`.
    pub report: ReportWords,
    /// Words of `checklist.html`.
    pub steps: StepWords,
    /// Words of the intake.
    pub intake: IntakeWords,
    /// Words of the guides.
    pub guide: GuideWords,
    /// Words of `police.html`.
    pub police: PoliceWords,
    /// Words of `notes.html` for adults from 24.
    pub person: NoteWords,
    /// Words of `notes.html` for young people.
    pub person_young: NoteWords,
    /// Words of `notes.html` for people with low literacy.
    pub person_easy: NoteWords,
    /// Values of the vocabulary as they stand in a sentence, by column.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Words of the chapter on sessions.
    pub sessions: SessionWords,
    /// Words of the terminal.
    pub terminal: TerminalWords,
    /// Words of `comparison.html`.
    pub compare: CompareWords,
    /// Words of `persons.html`.
    pub persons: PersonWords,
    /// Words around verification.
    pub verify: VerifyWords,
    /// Words for court.
    pub court: CourtWords,
    /// Words of the pages on paper.
    pub print: PrintWords,
    /// Urgencies by code.
    pub urgency: Codes,
    /// Confidences by code.
    pub confidence: Codes,
    /// Outcomes of rules by code.
    pub outcome: Codes,
    /// Outcomes of artifacts by code.
    pub coverage: Codes,
    /// Why a rule was not evaluated, by code.
    pub why: Codes,
    /// What can be seen, by code.
    pub sees: BTreeMap<String, Seen>,
    /// Names of concerns, kinds of containers, families and who consented, by code.
    pub names: BTreeMap<String, String>,
    /// Words of the command line.
    pub cli: BTreeMap<String, String>,
    /// Names of columns.
    pub columns: BTreeMap<String, String>,
    /// Gaps by code.
    pub gap: BTreeMap<String, Advice>,
    /// Remarks on containers by code.
    pub remark: BTreeMap<String, Advice>,
    /// Errors by code.
    pub error: BTreeMap<String, Advice>,
    /// What verification can find, by code.
    pub problem: BTreeMap<String, Advice>,
    /// Why a value of a list of indicators could not be used, by code.
    pub refused: BTreeMap<String, String>,
    /// What is said of a code without words.
    pub unknown: Advice,
    /// What the tool can never say.
    pub cannot: Vec<Line>,
    /// The glossary, in the order of the alphabet.
    pub glossary: Vec<Entry>,
}

/// The Dutch text file, as it is written; its reading level is checked with that of the rules.
pub(crate) const NL_SOURCE: &str = include_str!("text/nl.toml");

static NL: LazyLock<Text> = LazyLock::new(|| read(NL_SOURCE));
static EN: LazyLock<Text> = LazyLock::new(|| read(include_str!("text/en.toml")));

/// Reads a text file that is part of the program. It cannot fail in a program that passed its tests: the bytes are the same.
fn read(toml: &str) -> Text {
    match toml::from_str(toml) {
        Ok(text) => text,
        Err(error) => panic!("a text file of the program itself is broken: {error}"),
    }
}

impl Text {
    /// The words in `lang` (`en`, anything else is Dutch).
    #[must_use]
    pub fn of(lang: &str) -> &'static Self {
        if lang == "en" { &EN } else { &NL }
    }

    /// Name of a category, a kind of container, a family; the code itself when there is none.
    #[must_use]
    pub fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.names.get(code).map_or(code, String::as_str)
    }

    /// Words of the command line; the key itself when there are none.
    #[must_use]
    pub fn cli<'a>(&'a self, key: &'a str) -> &'a str {
        self.cli.get(key).map_or(key, String::as_str)
    }

    /// Name of a column; the column itself when there is none.
    #[must_use]
    pub fn column<'a>(&'a self, column: &'a str) -> &'a str {
        // What a question words in both languages: `signs_nl` is the Dutch `signs`.
        let column = column.strip_suffix(&self.lang).and_then(|c| c.strip_suffix('_')).unwrap_or(column);
        self.columns.get(column).map_or(column, String::as_str)
    }

    /// Words for the values of a column, when its values are words of the vocabulary. A plural is the column's own.
    #[must_use]
    pub fn value_words(&self, column: &str) -> Option<&BTreeMap<String, String>> {
        let classes = || (column == "class").then_some(&self.sessions.codes);
        self.values.get(column).or_else(|| self.values.get(column.strip_suffix('s')?)).or_else(classes)
    }

    /// Words for a class, reason or kind of a session; the code itself when there are none.
    #[must_use]
    pub fn session_code<'a>(&'a self, code: &'a str) -> &'a str {
        self.sessions.codes.get(code).map_or(code, String::as_str)
    }

    /// A value of a column as people read it: words of the vocabulary in the reader's language, one by one in a list; anything else
    /// is what a device or person wrote, and stays, made visible. Rules write `?` for what is not known.
    #[must_use]
    pub fn spoken(&self, column: &str, value: &str) -> String {
        if value == "?" {
            return self.report.unknown.clone();
        }
        let words = self.value_words(column);
        let parts: Option<Vec<&str>> = value.split(", ").map(|part| Some(words?.get(part)?.as_str())).collect();
        parts.map_or_else(|| super::shown::value(value), |parts| parts.join(", "))
    }

    /// A list of indicators with the account of its values, on one line.
    #[must_use]
    pub fn indicator_list(&self, list: &super::IndicatorList) -> String {
        let refused: usize = list.refused.iter().map(|r| r.count).sum();
        let reason = |r: &super::Refused| {
            format!("{}: {}", self.refused.get(&r.reason).map_or(r.reason.as_str(), String::as_str), r.count)
        };
        let reasons: Vec<String> = list.refused.iter().map(reason).collect();
        let [read, kept, repeated, refused] =
            [list.read, list.values.len(), list.repeated, refused].map(|n| n.to_string());
        let values = [("read", &read), ("kept", &kept), ("repeated", &repeated), ("refused", &refused)]
            .map(|(k, v)| (k, v.as_str()));
        let line =
            fill(&self.report.indicators, &[&values[..], &[("list", &list.name), ("file", &list.file)]].concat());
        if list.read == 0 && !list.imported {
            // Patterns of names and categories: there is nothing to count.
            return fill(&self.report.name_list, &[("list", &list.name), ("file", &list.file)]);
        }
        if reasons.is_empty() { line } else { format!("{line} ({})", reasons.join("; ")) }
    }

    /// Words for an error code; a general sentence when there are none. Show the code and the particulars beside it.
    #[must_use]
    pub fn error(&self, code: &str) -> &Advice {
        self.error.get(code).unwrap_or(&self.unknown)
    }

    /// Words for the code of a gap; a general sentence when there are none. Show the code and the particulars beside it.
    #[must_use]
    pub fn gap(&self, code: &str) -> &Advice {
        self.gap.get(code).unwrap_or(&self.unknown)
    }

    /// Words for the code of a remark; a general sentence when there are none. Show the code and the particulars beside it.
    #[must_use]
    pub fn remark(&self, code: &str) -> &Advice {
        self.remark.get(code).unwrap_or(&self.unknown)
    }

    /// Words for what verification found; a general sentence when there are none.
    #[must_use]
    pub fn problem(&self, code: &str) -> &Advice {
        self.problem.get(code).unwrap_or(&self.unknown)
    }
}

/// The title of a rule as a question: where nothing was found or could be looked at, it must not read as a statement.
#[must_use]
pub fn asked(title: &str) -> String {
    if title.ends_with('?') { title.to_owned() } else { format!("{title}?") }
}

/// Fills the placeholders of a text: `{n}` becomes the value that goes with `n`. A value is never looked into again.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after
            .split_once('}')
            .and_then(|(name, tail)| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail)));
        if let Some((value, tail)) = value {
            filled.push_str(value);
            rest = tail;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// All strings of a text file with their path.
    fn strings(value: &toml::Value, path: &str, found: &mut BTreeMap<String, String>) {
        match value {
            toml::Value::String(text) => drop(found.insert(path.to_owned(), text.clone())),
            toml::Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    strings(item, &format!("{path}.{at}"), found);
                }
            }
            toml::Value::Table(table) => {
                for (key, item) in table {
                    strings(item, &format!("{path}.{key}"), found);
                }
            }
            other => panic!("{path} is {other:?}, not words"),
        }
    }

    fn both() -> [BTreeMap<String, String>; 2] {
        [include_str!("text/nl.toml"), include_str!("text/en.toml")].map(|toml| {
            let mut found = BTreeMap::new();
            strings(&toml::from_str(toml).unwrap(), "", &mut found);
            found
        })
    }

    #[test]
    fn both_languages_have_the_same_keys_and_placeholders() {
        let [mut nl, en] = both();
        // Easy Dutch has no English beside it; each line stands for a word of the page.
        let easy: Vec<String> = nl.keys().filter_map(|k| k.strip_prefix(".compare.easy.").map(str::to_owned)).collect();
        assert!(!easy.is_empty());
        for key in easy {
            nl.remove(&format!(".compare.easy.{key}"));
            assert!(["", "why.", "remarks."].iter().any(|of| nl.contains_key(&format!(".compare.{of}{key}"))), "{key}");
        }
        assert_eq!(nl.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        let holes = |text: &str| {
            let mut holes: Vec<_> = text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            holes.sort();
            holes
        };
        for (key, text) in &nl {
            assert_eq!(holes(text), holes(&en[key]), "placeholders of {key}");
            assert!(!text.trim().is_empty() && !en[key].trim().is_empty(), "{key} is empty");
        }
        assert_eq!((Text::of("nl").lang.as_str(), Text::of("en").lang.as_str()), ("nl", "en"));
    }

    #[test]
    fn every_known_code_has_words() {
        let text = Text::of("nl");
        let codes = |map: &BTreeMap<String, Advice>, list: &str| {
            for code in list.split_whitespace() {
                assert!(map.contains_key(code), "no words for {code}");
            }
        };
        codes(
            &text.error,
            "not-found unreadable password-needed password-wrong damaged unsupported no-data bytes-missing bound cancelled \
             out-exists out-is-bag out-unwritable not-a-bag report-invalid",
        );
        codes(
            &text.remark,
            "backup-unfinished status-missing payload-missing payload-unlisted manifest-rows-damaged archive-cut locked \
             snapshot-present encryption-flag-mismatch cut-short padding-invalid legacy-backup containers-unnamed places-repeated \
             part-missing part-damaged",
        );
        codes(
            &text.gap,
            "stream-damaged no-variant unmapped-value records-skipped container-unopened bytes-missing out-of-scope locked \
             rule-failed no-artifact time-unreadable origin-unknown part-missing part-damaged",
        );
        for code in ["now", "this-week", "later", "info"] {
            assert!(text.urgency.0.contains_key(code));
        }
        for code in ["read", "empty", "absent", "not-requested", "encrypted-only", "failed", "out-of-scope"] {
            assert!(text.coverage.0.contains_key(code));
        }
        for code in ["no-source", "no-stream", "no-date", "out-of-scope", "not-asked", "failed"] {
            assert!(text.why.0.contains_key(code));
        }
        let vocabulary = crate::artifact::Artifacts::embedded().unwrap().vocabulary;
        for (column, _) in vocabulary.kinds.values().flat_map(|kind| &kind.columns) {
            assert!(text.columns.contains_key(column), "no words for column {column}");
        }
        for wave in super::super::checklist::WAVES {
            assert!(text.steps.waves.contains_key(wave), "no words for wave {wave}");
        }
        for seen in text.sees.values() {
            assert!(["where", "what", "control"].contains(&seen.axis.as_str()));
        }
        assert!(!text.gap("never-heard-of").what.is_empty());
    }

    #[test]
    fn no_word_judges_or_reassures() {
        let [nl, en] = both();
        let banned = regex::Regex::new(r"(?i)\b(veilige?|veiligheid|schone?|schoon|gehackt|daders?|slachtoffers?|verdachten?|safe|safely|clean|hacked|perpetrators?|victims?|suspects?)\b").unwrap();
        for (key, text) in nl.iter().chain(&en) {
            // Only the copy for the police speaks of a suspected perpetrator.
            // An option's values are codes.
            let text = if key.starts_with(".police.") || key == ".cli.for" {
                String::new()
            } else {
                text.replace("Veilig Thuis", "")
            };
            assert!(!banned.is_match(&text), "{key}: {text}");
        }
    }

    #[test]
    fn dutch_sentences_are_short() {
        let [nl, _] = both();
        for (key, text) in &nl {
            for sentence in text.split_inclusive(['.', '?', '!', ':', ';']) {
                let words = sentence.split_whitespace().count();
                assert!(words <= 18, "{key} has a sentence of {words} words: {sentence}");
            }
        }
    }

    #[test]
    fn values_are_filled_in_once() {
        assert_eq!(fill("{n} van {all} {x", &[("n", "{all}"), ("all", "9")]), "{all} van 9 {x");
    }
}
