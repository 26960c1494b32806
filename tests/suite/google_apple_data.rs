//! Google and Apple exports that nobody here made: values compared by hand with the files. Where they are not there, each test prints
//! one line and passes over. Of Apple there are none to be had, so its artifacts stay experimental.

use super::golden::plan;
use super::third_party::testdata;
use vrijspoor::audit::{self, Silent};
use vrijspoor::evidence::Cancel;
use vrijspoor::report::Report;

fn report(part: &str, case: &str) -> Option<Report> {
    let input = testdata(part)?;
    Some(audit::run(&plan(vec![input], None, case), &Cancel::default(), &Silent).unwrap().report)
}

#[test]
fn an_access_log_of_others_is_read_to_the_second_and_not_judged_without_a_declaration() {
    let Some(report) = report("takeout-logbook", "") else { return };
    let timed: Vec<_> = report.sessions.iter().filter(|s| !s.at.is_empty()).collect();
    let seen: Vec<(&str, &str, &str, &str)> =
        timed.iter().map(|s| (s.kind.as_str(), s.ip.as_str(), s.place.as_str(), s.at.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("login_event", "203.0.113.7", "Oslo, NO", "2026-06-10T06:58:03Z"),
            ("active", "198.51.100.20", "Zurich, CH", "2026-06-15T07:40:10Z"),
            ("active", "198.51.100.20", "", "2026-06-16T20:15:00Z"),
            ("active", "198.51.100.21", "", "2026-06-16T20:15:00Z"),
        ]
    );
    // The line without a time is kept without a time.
    assert_eq!(report.sessions.iter().filter(|s| s.at.is_empty()).count(), 1);
    assert!(report.sessions.iter().all(|s| s.class == "cannot_tell" && s.reason == "nothing-declared"));
    assert!(report.sessions.iter().all(|s| !s.citations.is_empty()));
    let asked = report.findings.iter().filter(|f| f.category == "sessions").count();
    assert_eq!(asked, 1, "one question, whatever the number of lines");
    assert_eq!(report.findings.iter().filter(|f| f.urgency == "now" || f.urgency == "this-week").count(), 0);
}

#[test]
fn the_same_log_is_judged_by_what_is_declared() {
    let case = "[[own]]\nkind = \"phone\"\nname = \"telefoon\"\nos = \"android\"\nmodel = \"Pixel 7\"\n";
    let Some(report) = report("takeout-logbook", case) else { return };
    assert!(report.sessions.iter().all(|s| s.class == "contradicted" && s.reason == "other-system"));
    let case = "[[own]]\nkind = \"network\"\nname = \"werk\"\nids = [\"198.51.100.0/24\"]\n\n[[own]]\nkind = \"phone\"\nname = \"telefoon\"\nos = \"ios\"\n";
    let Some(report) = self::report("takeout-logbook", case) else { return };
    for session in &report.sessions {
        let want = if session.ip.starts_with("198.51.100.") { "consistent_with_declared" } else { "cannot_tell" };
        assert_eq!(session.class, want, "{session:?}");
    }
}

#[test]
fn reporting_devices_are_found_by_shape_under_any_name() {
    let Some(report) = report("takeout-dawarich/google/edge_cases", "") else { return };
    let device = report.device.iter().find(|d| d.get("model").is_some_and(|m| m == "Pixel 7")).unwrap();
    assert_eq!(device["hardware_id"], "-1234567890");
    assert_eq!(report.gaps, []);
}

#[test]
fn an_activity_without_export_requests_gives_none() {
    let Some(report) = report("takeout-dogsheep", "") else { return };
    let requests = report.coverage.iter().find(|c| c.artifact == "google.export-requests").unwrap();
    assert_eq!((requests.outcome.as_str(), requests.streams.len(), requests.facts), ("empty", 3, 0));
    assert_eq!(report.findings, []);
}
