//! Account exports that nobody here made. Where they are not there, each test prints one line and passes over. The values asserted here
//! were read by hand from the raw files.

use super::golden::plan;
use super::third_party::testdata;
use std::path::Path;
use vrijspoor::audit::{self, Silent};
use vrijspoor::evidence::Cancel;
use vrijspoor::report::Report;

fn report(input: &Path) -> Report {
    audit::run(&plan(vec![input.to_path_buf()], None, ""), &Cancel::default(), &Silent).unwrap().report
}

/// Facts of an artifact as the values of the given columns, joined by ` | `; what a fact lacks is empty.
fn facts(report: &Report, artifact: &str, kind: &str, columns: &[&str]) -> Vec<String> {
    let one = |values: &std::collections::BTreeMap<String, serde_json::Value>| {
        let cell = |c: &&str| {
            values.get(*c).map_or_else(String::new, |v| v.as_str().map_or_else(|| v.to_string(), String::from))
        };
        columns.iter().map(cell).collect::<Vec<_>>().join(" | ")
    };
    let mut found: Vec<String> = report
        .baseline
        .facts
        .iter()
        .filter(|f| f.artifact == artifact && f.kind == kind)
        .map(|f| one(&f.values))
        .collect();
    found.sort();
    found
}

fn outcome(report: &Report, artifact: &str) -> String {
    report.coverage.iter().find(|c| c.artifact == artifact).map_or_else(String::new, |c| c.outcome.clone())
}

/// The criterion of artifacts/README.md, for account exports. Another test reads every set of `tested_on`.
#[test]
fn what_is_not_experimental_was_seen_on_data_of_others_or_is_published() {
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    let account = |a: &&vrijspoor::artifact::Artifact| artifacts.families[a.family()].container.is_empty();
    for artifact in artifacts.list.iter().filter(account) {
        let (id, published) = (&artifact.id, !artifact.published.is_empty());
        assert!(
            artifact.experimental || published || !artifact.tested_on.is_empty(),
            "{id}: neither seen nor published"
        );
        assert!(!(artifact.experimental && published), "{id}: published, so not experimental");
    }
}

/// Families that are recognised.
fn families(report: &Report) -> Vec<&str> {
    report.sources.iter().map(|s| s.family.as_str()).collect()
}

#[test]
fn a_dutch_facebook_export_gives_sessions_and_channels() {
    let Some(path) = testdata("facebook-ddp-tracker") else { return };
    let report = report(&path);
    assert_eq!(families(&report), ["facebook"]);
    let active = facts(
        &report,
        "facebook.active-sessions",
        "session",
        &["kind", "first_at", "at", "ip", "os", "device_model", "place", "chain"],
    );
    assert_eq!(active.len(), 3);
    assert!(
        active.contains(
            &"active | 2026-08-29T03:50:18Z | 2026-09-03T03:50:18Z | 198.51.100.149 | ios |  | Utrecht, Netherlands | 922b48812298193840f42b71"
                .to_string()
        ),
        "{active:?}"
    );
    assert!(active.iter().any(|s| s.contains("| android | Pixel 8 |")), "{active:?}");
    let logins = facts(&report, "facebook.logins", "session", &["kind", "event", "at", "ip", "client"]);
    assert_eq!(logins.len(), 30);
    let count = |word: &str| logins.iter().filter(|l| l.starts_with(word)).count();
    assert_eq!((count("login_event | login"), count("login_event | logout"), count("background | use")), (12, 5, 13));
    assert!(
        logins.contains(&"login_event | login | 2026-09-13T16:09:29Z | 203.0.113.198 | Facebook app".to_string()),
        "{logins:?}"
    );
    assert_eq!(facts(&report, "facebook.profile", "recovery", &["kind"]), ["mail", "phone"]);
    assert!(report.findings.iter().all(|f| f.urgency != "now" && f.urgency != "this-week"));
}

#[test]
fn structures_of_real_exports_are_read_whole() {
    let Some(path) = testdata("facebook-realstructure/facebook-1.zip") else { return };
    let facebook = report(&path);
    for (artifact, rows) in [
        ("facebook.account-activity", 3),
        ("facebook.active-sessions", 3),
        ("facebook.recognized-devices", 3),
        ("facebook.browser-cookies", 4),
        ("facebook.two-factor", 2),
        ("facebook.recoveries", 1),
    ] {
        let one = facebook.coverage.iter().find(|c| c.artifact == artifact).unwrap();
        assert_eq!((one.outcome.as_str(), one.rows), ("read", rows), "{artifact}");
    }
    // The only app was removed again: the file is there and gives nothing.
    assert_eq!(outcome(&facebook, "facebook.connected-apps"), "empty");
    assert_eq!(outcome(&facebook, "facebook.record-details"), "absent");
    let Some(path) = testdata("instagram-realstructure/instagram-1.zip") else { return };
    let instagram = report(&path);
    assert_eq!(families(&instagram), ["instagram"]);
    assert_eq!(
        facts(&instagram, "instagram.logins", "session", &["kind", "event", "at", "ip", "client", "chain"]),
        ["login_event | login | 2023-11-14T22:13:20Z | string | string | string"]
    );
    assert_eq!(
        facts(&instagram, "instagram.secret-conversations", "linked_device", &["service", "platform"]),
        ["instagram | string"]
    );
}

#[test]
fn numbers_that_are_no_time_give_none() {
    let Some(path) = testdata("instagram-whatif/IG_public_test_file.zip") else { return };
    let report = report(&path);
    assert_eq!(
        facts(&report, "instagram.logins", "session", &["at", "ip", "client"]),
        ["2024-03-22T07:53:09Z | 149.25 | blabla", "2025-02-18T10:48:24Z | 84.818 | blabla"]
    );
    // `last_active_time` is 17872043: a number cut short is not a day in 1970.
    assert_eq!(facts(&report, "instagram.secret-conversations", "linked_device", &["last_at"]), ["", ""]);
    assert!(report.gaps.iter().any(|g| g.kind == "time-unreadable" && g.artifact == "instagram.secret-conversations"));
    assert_eq!(
        facts(&report, "instagram.devices", "session", &["at"]),
        ["2024-03-23T09:11:47Z", "2024-09-25T07:39:59Z", "2025-02-18T10:48:24Z"]
    );
    assert!(
        report
            .baseline
            .facts
            .iter()
            .all(|f| !f.values.values().any(|v| v.as_str().is_some_and(|t| t.starts_with("1970-"))))
    );
}

#[test]
fn a_loose_tiktok_file_keeps_its_unknown_zone() {
    let Some(path) = testdata("tiktok-whatif/TT_user_data_tiktok.json") else { return };
    let report = report(&path);
    let logins = facts(&report, "tiktok.logins", "session", &["at", "ip", "device_model", "os", "client"]);
    assert_eq!(logins.len(), 5);
    assert_eq!(logins[0], "2024-11-20T15:18:33 | 1.2.3.4 | iPhone14,4 | ios | iOS 17.6.1, Wi-Fi");
    assert_eq!(
        facts(&report, "tiktok.devices", "session", &["kind", "device_id", "os", "uses"]),
        ["registered | CFA1F08E-9B9C-4E04-A9FD-B5A51809C0CC | ios | 7"]
    );
}

#[test]
fn a_telegram_export_without_sessions_does_not_say_that_there_are_none() {
    let Some(path) = testdata("telegram-fixture/DataExport_2026-10-02/result.json") else { return };
    let report = report(&path);
    assert_eq!(families(&report), ["telegram"]);
    assert_eq!(outcome(&report, "telegram.account"), "read");
    assert_eq!(outcome(&report, "telegram.sessions"), "absent");
    assert_eq!(facts(&report, "telegram.account", "account", &["hardware_key"]), ["100000001"]);
}

#[test]
fn schemas_and_chats_are_no_exports() {
    let Some(path) = testdata("facebook-schemas-2018") else { return };
    assert!(report(&path).baseline.facts.is_empty());
}
