//! Contact over time: each measure with a planted pattern, and a twin with the same counts that must not show it.

use super::golden::plan;
use vrijspoor::audit::{self, Silent};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::Cancel;
use vrijspoor::fixture;
use vrijspoor::report::Report;
use vrijspoor::report::persons::{self, Contact};

const X: &str = "+31600000093";
const EXIT: &str = "2026-10-02";

/// Texts with the number `X`: for each a moment and whether she sent it.
fn texts(messages: &[(&str, bool)]) -> String {
    let one = |(n, (at, sent)): (usize, &(&str, bool))| {
        let (id, sent) = (9500 + n, i32::from(*sent));
        format!(
            "INSERT INTO message (ROWID, guid, handle_id, service, date, is_from_me, item_type) \
             VALUES ({id}, 'X-{n}', 93, 'SMS', cocoa_ns('{at}'), {sent}, 0);\n"
        )
    };
    let handle = format!("INSERT INTO handle (ROWID, id, country, service) VALUES (93, '{X}', 'nl', 'SMS');\n");
    std::iter::once(handle).chain(messages.iter().enumerate().map(one)).collect()
}

/// WhatsApp messages received from the number `X`.
fn whatsapp(moments: &[&str]) -> String {
    let tables = "CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR);
        CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZISFROMME INTEGER, ZMESSAGEDATE TIMESTAMP, ZCHATSESSION INTEGER);
        INSERT INTO ZWACHATSESSION VALUES (1, '31600000093@s.whatsapp.net');\n";
    let one = |at: &&str| {
        format!(
            "INSERT INTO ZWAMESSAGE (ZISFROMME, ZMESSAGEDATE, ZCHATSESSION) VALUES (0, unixepoch('{at}') - 978307200, 1);\n"
        )
    };
    std::iter::once(tables.to_string()).chain(moments.iter().map(one)).collect()
}

fn audit(role: &str, scope: &[&str], messages: &str, other: Option<String>) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = fixture::recipe(Data::default().fixtures, "contact-pattern").unwrap();
    let files = &mut recipe.inputs[0].files;
    let sms = files.iter_mut().find(|f| f.path.ends_with("sms.db")).unwrap();
    sms.sqlite.get_or_insert_default().push_str(messages);
    if let Some(sql) = other {
        let path = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared::ChatStorage.sqlite";
        files.retain(|f| f.path != path);
        let mut chats = files[0].clone();
        (chats.path, chats.from, chats.sqlite) = (path.into(), None, Some(sql));
        (chats.plist, chats.json, chats.text, chats.wal, chats.nskeyed) = (None, None, None, None, None);
        files.push(chats);
    }
    let inputs = fixture::build(&recipe, folder.path()).unwrap();
    let declared =
        if role.is_empty() { String::new() } else { format!("[[{role}]]\nname = \"X.\"\nnumbers = [\"{X}\"]\n") };
    let case = format!("[dates]\nexit = {EXIT}\n{declared}");
    let mut plan = plan(inputs, None, &case);
    plan.scope = scope.iter().map(ToString::to_string).collect();
    audit::run(&plan, &Cancel::default(), &Silent).unwrap().report
}

fn contact(messages: &[(&str, bool)]) -> Contact {
    let report = audit("concern", &["all", "contact-pattern"], &texts(messages), None);
    report.persons.concern[0].contact.clone().unwrap()
}

fn received(moments: &[String]) -> Vec<(&str, bool)> {
    moments.iter().map(|at| (at.as_str(), false)).collect()
}

#[test]
fn a_burst_is_a_day_far_above_the_ordinary_ones() {
    let day = |day: u32, n: u32| (0..n).map(move |m| format!("2026-10-{day:02}T10:{m:02}:00Z"));
    let planted: Vec<String> = (3..8).flat_map(|d| day(d, 2)).chain(day(9, 12)).collect();
    assert_eq!(contact(&received(&planted)).bursts, ["2026-10-09"]);
    // As many on every day is how they always talk; few more than usual is no burst either.
    let level: Vec<String> = (3..8).flat_map(|d| day(d, 12)).collect();
    assert!(contact(&received(&level)).bursts.is_empty());
    let few: Vec<String> = (3..8).flat_map(|d| day(d, 2)).chain(day(9, 9)).collect();
    assert!(contact(&received(&few)).bursts.is_empty());
}

#[test]
fn after_the_exit_begins_the_day_after_it() {
    let after =
        contact(&[("2026-10-01T10:00:00Z", false), ("2026-10-03T10:00:00Z", false), ("2026-10-04T10:00:00Z", true)]);
    let after = after.after_exit.unwrap();
    assert_eq!((after.received, after.sent, after.days, after.first_at.as_str()), (1, 1, 2, "2026-10-03T10:00:00Z"));
    // The day itself may be the hours before she left; 22:30 in Greenwich is the next day in Amsterdam.
    assert!(contact(&[("2026-10-02T10:00:00Z", false)]).after_exit.is_none());
    assert!(contact(&[("2026-10-02T22:30:00Z", false)]).after_exit.is_some());
}

#[test]
fn pressure_without_an_answer_is_counted_until_an_answer() {
    let on_end: Vec<String> = (8..16).map(|h| format!("2026-10-05T{h:02}:00:00Z")).collect();
    let planted = received(&on_end);
    assert_eq!(contact(&planted).longest_unanswered, 8);
    let mut answered = planted.clone();
    answered.push(("2026-10-05T11:30:00Z", true));
    // The hour of the answer counts as answered, whatever came in it.
    assert_eq!(contact(&answered).longest_unanswered, 4);
}

#[test]
fn night_is_night_where_she_lives() {
    let night = contact(&[("2026-10-05T20:10:00Z", false), ("2026-10-06T03:50:00Z", false)]);
    assert_eq!((night.received, night.received_at_night), (2, 2));
    let day = contact(&[("2026-10-05T19:50:00Z", false), ("2026-10-06T04:10:00Z", false)]);
    assert_eq!((day.received, day.received_at_night), (2, 0));
    // What she sends at night says nothing about the other.
    assert_eq!(contact(&[("2026-10-05T23:10:00Z", true)]).received_at_night, 0);
}

#[test]
fn a_new_channel_and_a_first_contact_are_those_after_the_exit() {
    let scope = ["all", "contact-pattern"];
    let before = texts(&[("2026-09-01T10:00:00Z", false)]);
    let of = |moments: &[&str]| {
        let report = audit("concern", &scope, &before, Some(whatsapp(moments)));
        let contact = report.persons.concern[0].contact.clone().unwrap();
        assert_eq!(contact.first_at, "2026-09-01T10:00:00Z");
        let channels: Vec<(String, bool)> =
            contact.channels.iter().map(|c| (c.service.clone(), c.new_after_exit)).collect();
        (channels, persons::render(&report).unwrap().unwrap())
    };
    let (channels, page) = of(&["2026-10-05T10:00:00Z"]);
    assert_eq!(channels, [("messages".to_string(), false), ("whatsapp".to_string(), true)]);
    // In the words of people, and with the assumption that the numbers are one person's.
    assert!(page.contains("Berichten: ontvangen 1") && !page.contains("messages:"), "{page}");
    assert!(page.contains("is een aanname") && page.contains("van na het vertrek"));
    let (channels, page) = of(&["2026-09-05T10:00:00Z", "2026-10-05T10:00:00Z"]);
    assert!(channels.iter().all(|(_, new)| !new) && !page.contains("van na het vertrek"));
}

#[test]
fn a_sent_message_without_a_handle_counts_for_the_one_it_went_to() {
    // Old databases lack the table of members: then only messages with a handle can be counted.
    for (lost, sent) in [("", 2), ("DROP TABLE chat_handle_join;\n", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = fixture::recipe(Data::default().fixtures, "contact-pattern").unwrap();
        let sms = recipe.inputs[0].files.iter_mut().find(|f| f.path.ends_with("sms.db")).unwrap();
        sms.sqlite.get_or_insert_default().push_str(lost);
        sms.wal = None;
        let case = recipe.case.clone().unwrap();
        let mut plan = plan(fixture::build(&recipe, folder.path()).unwrap(), None, &case);
        plan.scope = vec!["all".into(), "contact-pattern".into()];
        let report = audit::run(&plan, &Cancel::default(), &Silent).unwrap().report;
        let counts = &report.findings.iter().find(|f| f.rule == "contact.contact-burst").unwrap().params;
        assert_eq!((counts["received"].as_str(), counts["sent"].as_str()), ("33", sent.to_string().as_str()), "{lost}");
        let hours = report.persons.concern[0].contact.as_ref().unwrap();
        assert_eq!((hours.received, hours.sent), (33, sent), "{lost}");
    }
}

#[test]
fn trusted_and_privileged_people_and_those_without_consent_are_in_no_count() {
    let messages = texts(&[("2026-10-05T10:00:00Z", false), ("2026-10-06T23:00:00Z", false)]);
    let all = ["all", "contact-pattern"];
    let unknown = audit("", &all, &messages, None);
    let known = |report: &Report| report.persons.others.len();
    for (role, left_out) in [("trusted", 1), ("privileged", 0)] {
        let report = audit(role, &all, &messages, None);
        assert_eq!(report.persons.left_out, left_out, "{role}");
        assert_eq!(known(&report), known(&unknown) - 1, "{role}");
    }
    let without = audit("concern", &["all"], &messages, None);
    assert!(!without.persons.pattern_read && without.persons.concern[0].contact.is_none());
    assert!(without.baseline.facts.iter().all(|f| f.kind != "contact_hour"));
    let page = persons::render(&without).unwrap().unwrap();
    assert!(page.contains("contact-pattern") && !page.contains("hele uur"));
    assert!(persons::render(&unknown).unwrap().unwrap().contains("hele uur"));
}

/// The sites and apps of the list for adverts, by kind.
fn listed(suffix: &str) -> Vec<vrijspoor::rule::indicator::Known> {
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    let rules = vrijspoor::rule::Rules::embedded(&artifacts.vocabulary).unwrap();
    let known = rules.indicators.known.into_iter();
    known.filter(|k| ["advert-", "dating-"].iter().any(|of| k.kind == format!("{of}{suffix}"))).collect()
}

#[test]
fn the_list_of_sites_has_sources_and_is_the_one_whose_mail_is_counted() {
    let (sites, apps) = (listed("site"), listed("app"));
    assert!(sites.len() > 20 && apps.len() > 10);
    assert!(sites.iter().chain(&apps).all(|k| !k.source.is_empty()));
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    let mail = artifacts.list.iter().find(|a| a.id == "mail.adverts").unwrap();
    let mut senders: Vec<&str> = mail.record.as_deref().unwrap().split('|').collect();
    let mut sites: Vec<&str> = sites.iter().map(|k| k.pattern.as_str()).collect();
    senders.sort_unstable();
    sites.sort_unstable();
    assert_eq!(senders, sites);
    // Nothing but what the scope covers makes these facts.
    let makers = artifacts.list.iter().filter(|a| a.facts().any(|f| f == "site_use"));
    assert!(makers.clone().count() >= 5 && makers.into_iter().all(|a| a.scope == "adverts"));
}

#[test]
fn adverts_are_counted_only_where_that_was_asked() {
    let asked = accounts("contact-adverts", str::to_string);
    // A lone database of Chrome is also taken for one of an iPhone, whose table is the same: one more finding, of a source of its own.
    let twice = |c: &vrijspoor::report::Citation| c.artifact.starts_with("ios.") && c.stream.contains("oude telefoon");
    let found = asked.findings.iter().filter(|f| f.rule == "contact.advert-traces" && !f.citations.iter().any(twice));
    let found: Vec<_> = found.collect();
    let shows: Vec<&str> = found.iter().map(|f| f.texts.nl.shows.as_str()).collect();
    let has = |what: &str| shows.iter().filter(|s| s.contains(what)).count();
    // Safari twice, the Google export twice, two messages that are not forged; in two browsers another site each; an app.
    assert_eq!(has("staat Kinky, een site voor advertenties"), 3, "{shows:?}");
    assert_eq!(has("Aantal mails: 2. Aantal bezoeken: 0."), 1, "{shows:?}");
    assert_eq!(has("Aantal mails: 0. Aantal bezoeken: 2."), 3, "{shows:?}");
    assert_eq!((has("staat Eromarkt"), has("staat Redlights"), has("staat Kik,")), (1, 1, 1), "{shows:?}");
    assert!(found.iter().all(|f| matches!(f.urgency.as_str(), "later" | "info")));
    let whole = serde_json::to_string(&asked).unwrap();
    assert!(!whole.to_lowercase().contains("marker") && !whole.contains("notkinky"), "a page, a title or another site");

    // Without it there is nothing of them in any output, and none of the parts was opened.
    let folder = tempfile::tempdir().unwrap();
    let audited = super::golden::audit_fixture("contact-adverts-not-asked", folder.path());
    assert_eq!(outcome(&audited.report, "contact.advert-traces"), ("not-evaluated", "not-asked"));
    let whole = serde_json::to_string(&audited.report).unwrap().to_lowercase();
    for name in ["kinky.nl", "eromarkt.nl", "redlights.nl", "staat kinky"] {
        assert!(!whole.contains(name), "{name}");
    }
    let of_scope = |c: &&vrijspoor::report::Coverage| c.artifact.ends_with("adverts");
    let parts: Vec<_> = audited.report.coverage.iter().filter(of_scope).collect();
    assert!(parts.len() >= 4 && parts.iter().all(|c| c.outcome == "out-of-scope" && c.facts == 0));
    assert!(parts.iter().filter_map(|c| c.closed.as_ref()).all(|closed| closed.read == 0), "{parts:?}");
    let twin = accounts("contact-dating", str::to_string);
    let found: Vec<_> = twin.findings.iter().filter(|f| f.rule == "contact.advert-traces").collect();
    assert!(found.len() == 3 && found.iter().all(|f| f.urgency == "info"), "{found:?}");
}

/// Audits a fixture of accounts; `change` may alter its case file.
fn accounts(name: &str, change: impl FnOnce(&str) -> String) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
    let inputs = fixture::build(&recipe, folder.path()).unwrap();
    let case = change(recipe.case.as_deref().unwrap());
    audit::run(&plan(inputs, None, &case), &Cancel::default(), &Silent).unwrap().report
}

fn outcome<'a>(report: &'a Report, rule: &str) -> (&'a str, &'a str) {
    let one = report.outcomes.iter().find(|o| o.rule == rule).unwrap();
    (&one.outcome, &one.why)
}

#[test]
fn contact_after_the_exit_is_counted_and_others_are_not_named() {
    let report = accounts("contact-after-exit", str::to_string);
    let found = report.findings.iter().find(|f| f.rule == "contact.after-exit").unwrap();
    // Three requests on Facebook, one each on Instagram, LinkedIn and Snapchat; what is ignored since before she left is not counted.
    assert!(
        found.texts.nl.shows.contains("ten minste 6.") && found.texts.nl.shows.contains("aantal is 3."),
        "{found:?}"
    );
    assert_eq!((found.citations.len(), found.urgency.as_str()), (4, "this-week"));
    let all = serde_json::to_string(&report).unwrap();
    assert!(!all.contains("MARKER"), "a name of somebody who was only counted");
}

#[test]
fn without_the_date_the_questions_about_the_time_after_it_are_not_evaluated() {
    let report = accounts("contact-after-exit", |case| case.replace("exit = 2026-01-02", ""));
    for rule in ["contact.after-exit", "contact.blocked-after-exit"] {
        assert_eq!(outcome(&report, rule), ("not-evaluated", "no-date"), "{rule}");
    }
    let twin = accounts("contact-own-choice", str::to_string);
    for rule in ["contact.after-exit", "contact.blocked-after-exit"] {
        assert_eq!(outcome(&twin, rule), ("not-found", ""), "{rule}");
    }
}

#[test]
fn a_list_of_first_and_last_is_not_more_than_that() {
    let of = |messages: &[(&str, bool)]| {
        let report = audit("concern", &["all"], &texts(messages), None);
        let found = report.findings.into_iter().find(|f| f.rule == "contact.after-exit")?;
        Some((found.texts.nl.shows.split("minste ").nth(1)?.split('.').next()?.to_string(), found.urgency))
    };
    let some = |count: &str, urgency: &str| Some((count.to_string(), urgency.to_string()));
    // Began before she left: the last one only, and if she wrote too, that may be her own.
    assert_eq!(of(&[("2026-09-01T10:00:00Z", false), ("2026-10-09T10:00:00Z", false)]), some("1", "this-week"));
    assert_eq!(of(&[("2026-09-01T10:00:00Z", false), ("2026-10-09T10:00:00Z", true)]), some("0", "later"));
    assert_eq!(of(&[("2026-10-08T10:00:00Z", false), ("2026-10-09T10:00:00Z", false)]), some("2", "this-week"));
    assert_eq!(of(&[("2026-09-01T10:00:00Z", false), ("2026-10-02T10:00:00Z", false)]), None);
}
