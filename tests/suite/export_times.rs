//! Times in account exports that cannot be trusted: malformed, in another unit, without a zone, garbled or encoded twice. Each export
//! here holds one good moment; nothing else may come out as a moment in UTC. What has no zone stays without one.

use super::golden::plan;
use std::collections::BTreeSet;
use vrijspoor::audit::{self, Silent};
use vrijspoor::evidence::Cancel;
use vrijspoor::report::Report;

/// The one good moment, 1767998467 in seconds since 1970.
const GOOD: &str = "2026-01-09T22:41:07Z";
/// `2026-01-05 10:00:00 CET`: the short name is clear, so that is a moment as well.
const CLEAR: &str = "2026-01-05T09:00:00Z";

fn report(files: &[(&str, String)]) -> Report {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = place.path().join("export").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    audit::run(&plan(vec![place.path().join("export")], None, ""), &Cancel::default(), &Silent).unwrap().report
}

/// All times of the facts: with a zone, and without.
fn times(report: &Report) -> (BTreeSet<String>, BTreeSet<String>) {
    let one = |fact: vrijspoor::report::facts::Fact| {
        let times = ["at", "first_at", "last_at", "added_at", "expires_at"]
            .map(|c| fact.values.get(c).and_then(|v| v.as_str().map(str::to_string)));
        times.into_iter().flatten().collect::<Vec<_>>()
    };
    report.baseline.facts.iter().flat_map(one).partition(|time| time.ends_with('Z'))
}

fn unreadable(report: &Report, artifact: &str) -> u64 {
    report.gaps.iter().filter(|g| g.kind == "time-unreadable" && g.artifact == artifact).map(|g| g.count).sum()
}

fn set(times: &[&str]) -> BTreeSet<String> {
    times.iter().map(|t| (*t).to_string()).collect()
}

#[test]
fn facebook_numbers_and_pages() {
    let session = |at: &str| {
        format!(
            r#"{{"created_timestamp": {at}, "updated_timestamp": {at}, "ip_address": "203.0.113.7", "user_agent": "Mozilla/5.0 (Windows NT 10.0)"}}"#
        )
    };
    let odd = [
        "1767998467000",
        "17375704",
        "\"gisteren\"",
        "\"9 jan. 2026 22:41\"",
        "99999999999999999999",
        "\"Ã¼\"",
        "0",
        "-1",
        "null",
        "1767998467",
    ];
    let json = format!(r#"{{"active_sessions_v2": [{}]}}"#, odd.map(session).join(","));
    let report_json = report(&[("facebook-n/security_and_login_information/where_you're_logged_in.json", json)]);
    assert_eq!(times(&report_json), (set(&[GOOD]), set(&[])));
    assert!(unreadable(&report_json, "facebook.active-sessions") >= 10, "{:?}", report_json.gaps);

    let row = |at: &str| {
        format!(
            "<table><tr><td>Created</td><td>{at}</td></tr><tr><td>IP address</td><td>203.0.113.7</td></tr><tr><td>User agent</td><td>Mozilla/5.0</td></tr></table>"
        )
    };
    let odd = [
        "Feb 04, 2026 10:48:26 am",
        "9 jan 2026 om 22:41",
        "02-01-2026 22:41:07",
        "01-02-26 22:41",
        "Ã¼ 2026",
        "2026-13-01 10:00:00",
    ];
    let html = format!("<html><body>{}</body></html>", odd.map(row).concat());
    let pages = report(&[("facebook-n/security_and_login_information/where_you're_logged_in.html", html)]);
    // The page prints no zone, and a date of numbers alone has two readings.
    assert_eq!(times(&pages), (set(&[]), set(&["2026-02-04T10:48:26", "2026-01-09T22:41:00"])));
    assert_eq!(unreadable(&pages, "facebook.pages"), 4);
}

#[test]
fn instagram_titles_numbers_and_garbled_keys() {
    let login = |title: &str, at: &str| {
        format!(
            r#"{{"title": "{title}", "string_map_data": {{"IP-Adresse": {{"value": "203.0.113.7"}}, "Nutzer-AgentÃ¼": {{"value": "Instagram 361.0.0 (iPhone13,2; iOS 18_2)"}}, "ZeitÃ¤": {{"value": "", "timestamp": {at}}}}}}}"#
        )
    };
    let logins = [
        login("2026-01-09T22:41:07+00:00", "0"),
        login("2026-01-09T23:41:07+01:00", "0"),
        login("2026-01-05T10:00:00", "1767998467"),
        login("2026-01-05T10:00:00", "0"),
        login("9 jan 2026", "1767998467000"),
        login("\\u00c3\\u00bc", "\"1767998467x\""),
        login("{\\\"timestamp\\\": 1700000000}", "-1"),
    ];
    let json = format!(r#"{{"account_history_login_history": [{}]}}"#, logins.join(","));
    let report =
        report(&[("instagram-n/security_and_login_information/login_and_profile_creation/login_activity.json", json)]);
    assert_eq!(times(&report), (set(&[GOOD]), set(&[])));
    assert_eq!(report.sessions.len(), 7);
}

#[test]
fn google_logs_and_pages_without_a_zone() {
    let head = "Gaia ID,Activity Timestamp,IP Address,Proxiedhost IP Address,Is Non-routable IP Address,Activity Country,Activity Region,Activity City,User Agent String,Product Name,Sub-Product Name,Activity Type,Gmail Access Channel\n";
    let line = |(n, at): (usize, &str)| {
        format!("1,\"{at}\",203.0.113.{n},,false,NL,,Utrecht,Mozilla/5.0,Gmail,,Sign in,IMAP\n")
    };
    let odd = [
        "2026-01-09 22:41:07 UTC",
        "Jan 9, 2026, 10:41:07 PM UTC",
        "2026-01-09T22:41:07Z",
        "2026-01-09T23:41:07+01:00",
        "2026-01-05 10:00:00",
        "Jan 5, 2026, 10:00:00 AM",
        "2026-02-30 10:00:00 UTC",
        "9 januari 2026",
        "Ã¼2026-01-09 22:41:07",
        "",
    ];
    let csv = head.to_string() + &odd.into_iter().enumerate().map(line).collect::<String>();
    let table = |title: &str, cells: &[&str]| {
        let row =
            |tag: &str, cells: &[&str]| format!("<tr><{tag}>{}</{tag}></tr>", cells.join(&format!("</{tag}><{tag}>")));
        format!(
            "{title}<table>{}{}</table>",
            row("th", &["Timestamp", "IP Address", "Change Type", "Old Value", "New Value"]),
            row("td", cells)
        )
    };
    let changes = [
        table("", &["2026-01-09 22:41:07 Z", "203.0.113.9", "PASSWORD", "", ""]),
        table("", &["2026-01-05 10:00:00", "203.0.113.9", "PASSWORD", "", ""]),
        table("", &["05-01-2026 10:00:00 Z", "203.0.113.9", "PASSWORD", "", ""]),
    ];
    let report = report(&[
        ("Takeout/Access Log Activity/Activities.csv", csv),
        ("Takeout/Google Account/n.ChangeHistory.html", format!("<html><body>{}</body></html>", changes.concat())),
    ]);
    assert_eq!(times(&report), (set(&[GOOD]), set(&["2026-01-05T10:00:00"])));
    assert!(unreadable(&report, "google.access-log") > 0 && unreadable(&report, "google.changes") == 1);
    assert_eq!(report.sessions.len(), 10, "no line is lost for its time");
}

#[test]
fn snapchat_tiktok_and_telegram() {
    let odd = [
        "2026-01-09 22:41:07 UTC",
        "Fri Jan 09 22:41:07 UTC 2026",
        "2026-01-05 10:00:00",
        "2026-01-05 10:00:00 CET",
        "05-01-2026 10:00",
        "Ã¼",
        "1767998467",
    ];
    let login = |at: &str| {
        format!(
            r#"{{"IP": "203.0.113.7", "Country": "NL", "Created": "{at}", "Status": "success", "Device": "Snapchat/13.0 (iPhone13,2; iOS 18.2)"}}"#
        )
    };
    let snap = report(&[(
        "mydata/json/account.json",
        format!(
            r#"{{"Basic Information": {{"Username": "n"}}, "Device History": [], "Login History": [{}]}}"#,
            odd.map(login).join(",")
        ),
    )]);
    assert_eq!(times(&snap), (set(&[CLEAR, GOOD]), set(&[])), "a zone is promised there");
    assert_eq!((unreadable(&snap, "snapchat.logins"), snap.sessions.len()), (4, 7));

    let login = |at: &str| {
        format!(r#"{{"Date": "{at}", "IP": "203.0.113.7", "DeviceModel": "iPhone13,2", "DeviceSystem": "iOS 18.2"}}"#)
    };
    let tiktok = report(&[(
        "TikTok_Data/user_data_tiktok.json",
        format!(
            r#"{{"Your Activity": {{"Login History": {{"LoginHistoryList": [{}]}}}}, "App Settings": {{}}}}"#,
            odd.map(login).join(",")
        ),
    )]);
    assert_eq!(times(&tiktok), (set(&[CLEAR, GOOD]), set(&["2026-01-05T10:00:00"])));

    let session = |(local, number): (&str, &str)| {
        format!(
            r#"{{"created": "{local}", "last_active": "{local}"{number}, "last_ip": "203.0.113.7", "device_model": "PC", "platform": "Windows"}}"#
        )
    };
    let both = |n: &str| format!(r#", "created_unixtime": "{n}", "last_active_unixtime": "{n}""#);
    let (good, words, other) = (both("1767998467"), both("gisteren"), both("1767998467000"));
    let rows = [
        ("2026-01-09T23:41:07", good.as_str()),
        ("2026-01-05T10:00:00", ""),
        ("2026-01-05T10:00:00", &words),
        ("2026-01-05T10:00:00", &other),
        ("05.01.2026", ""),
    ];
    let telegram = report(&[(
        "DataExport/result.json",
        format!(
            r#"{{"about": "Hier staan de gegevens.", "sessions": {{"about": "x", "list": [{}]}}}}"#,
            rows.map(session).join(",")
        ),
    )]);
    assert_eq!(times(&telegram), (set(&[GOOD]), set(&["2026-01-05T10:00:00"])));
}
