//! What a Google Takeout holds in another language or form than the usual one: pages of My Activity, an access log with unknown column
//! names, permissions of files whose names are private.

use super::golden::audit_fixture;
use vrijspoor::report::Report;

fn fixture(name: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    audit_fixture(name, folder.path()).report
}

fn urgencies<'r>(report: &'r Report, rule: &str) -> Vec<(&'r str, &'r str)> {
    let own = report.findings.iter().filter(|f| f.rule == rule);
    own.map(|f| (f.params["at"].as_str(), f.urgency.as_str())).collect()
}

#[test]
fn pages_of_my_activity_give_only_requests_for_a_copy() {
    let report = fixture("google-activity-pages-controlled");
    let mut found = urgencies(&report, "account-control.export-request");
    found.sort_unstable();
    // Of five records four are of this product; one has a zone that cannot be told, one no time.
    let want = [
        ("2026-10-17T22:44:08Z", "this-week"),
        ("2026-10-17T23:12:40", "this-week"),
        ("2026-10-19T08:14:58Z", "info"),
        ("?", "later"),
    ];
    assert_eq!(found, want);
    let coverage = report.coverage.iter().find(|c| c.artifact == "google.export-requests-page").unwrap();
    assert_eq!(
        (coverage.streams.len(), coverage.facts, coverage.experimental),
        (2, 5, false),
        "{:?}",
        coverage.streams
    );
    let gap = report.gaps.iter().find(|g| g.artifact == "google.export-requests-page").unwrap();
    assert_eq!((gap.kind.as_str(), gap.count), ("time-unreadable", 1));
    // The same moment stands in two languages: one finding, two citations.
    let twice = report.findings.iter().find(|f| f.params["at"] == "2026-10-17T22:44:08Z").unwrap();
    let written: Vec<&str> = twice.citations.iter().filter_map(|c| c.raw["written"].as_str()).collect();
    assert_eq!(written, ["18 okt 2026 00:44:08 CEST", "Oct 17, 2026, 10:44:08\u{202f}PM UTC"]);
    assert!(twice.citations.iter().all(|c| c.reproduce.as_ref().is_some_and(|r| r.shows.contains(&"written".into()))));
}

#[test]
fn the_request_for_this_copy_is_no_reason_to_act() {
    let report = fixture("google-activity-pages-own");
    assert_eq!(urgencies(&report, "account-control.export-request"), [("2026-10-19T08:14:58Z", "info")]);
    assert_eq!(report.gaps.iter().filter(|g| g.artifact == "google.export-requests-page").count(), 0);
}
