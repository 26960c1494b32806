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
    // Nor is the use of that part of the service on her own phone the evening before.
    let mut found = urgencies(&report, "account-control.export-request");
    found.sort_unstable();
    assert_eq!(found, [("2026-10-18T19:28:05Z", "info"), ("2026-10-19T08:14:58Z", "info")]);
    // Like lines of a day are one, what bears on a copy or on the locks apart; first and last use are cited where they stand.
    let day: Vec<_> = report.sessions.iter().filter(|s| s.kind == "active" && s.at.starts_with("2026-10-18")).collect();
    let lines: Vec<_> =
        day.iter().map(|s| (s.event.as_str(), s.uses, s.first_at.as_str(), s.citations[0].locator.as_str())).collect();
    assert!(lines.contains(&("use of Takeout", 2, "2026-10-18T19:28:05Z", "csv:24..21")), "{lines:?}");
    assert!(lines.contains(&("use of Google Account / Security", 1, "2026-10-18T19:30:02Z", "csv:22")), "{lines:?}");
    let used = report.findings.iter().find(|f| f.params["at"] == "2026-10-18T19:28:05Z").unwrap();
    let [place] = &used.citations[..] else { panic!("{:?}", used.citations) };
    assert_eq!(
        (&place.raw["first_at"], &place.raw["last_at"]),
        (&"2026-10-18 19:28:05 UTC".into(), &"2026-10-18 19:31:20 UTC".into())
    );
    let shown = &place.reproduce.as_ref().unwrap().shows;
    assert!(shown.contains(&"first_at".into()) && shown.contains(&"last_at".into()), "{shown:?}");
    assert_eq!(report.gaps.iter().filter(|g| g.artifact == "google.export-requests-page").count(), 0);
}

fn shares(report: &Report) -> Vec<(&str, &str, &str)> {
    let own = report.findings.iter().filter(|f| f.rule == "forwarding.drive-shared");
    own.map(|f| (f.params["who"].as_str(), f.urgency.as_str(), f.params["count"].as_str())).collect()
}

#[test]
fn files_are_shared_with_addresses_and_bear_no_names() {
    let folder = tempfile::tempdir().unwrap();
    let report = audit_fixture("google-drive-controlled", folder.path()).report;
    let mut found = shares(&report);
    found.sort_unstable();
    let want =
        [("kolk.auto@example.org", "later", "1"), ("link", "this-week", "1"), ("r.kolk@example.org", "this-week", "2")];
    assert_eq!(found, want);
    let citations: Vec<_> = report.findings.iter().flat_map(|f| &f.citations).collect();
    let drive: Vec<_> = citations.iter().filter(|c| c.artifact == "google.drive-permissions").collect();
    assert!(drive.len() >= 4);
    for citation in drive {
        let short = citation.stream.strip_prefix("takeout-20261019T081500Z.zip!sha256:").unwrap();
        assert!(citation.sha256.starts_with(short) && short.len() == 16 && citation.sha256.len() == 64);
        assert_eq!(citation.stored, None);
    }
    // The file that cannot be read is told of, without its name.
    let gap = report.gaps.iter().find(|g| g.artifact == "google.drive-permissions").unwrap();
    assert!(gap.detail.starts_with("takeout-20261019T081500Z.zip!sha256:"), "{gap:?}");
    let whole = serde_json::to_string(&report).unwrap();
    assert!(!whole.contains("MARKER"), "{:?}", whole.split_once("MARKER").map(|(before, _)| before.len()));
}

#[test]
fn many_shared_files_are_one_finding_for_each_address() {
    let folder = tempfile::tempdir().unwrap();
    let drive = folder.path().join("Takeout/Drive");
    std::fs::create_dir_all(&drive).unwrap();
    for n in 0..300 {
        let text = format!(
            r#"{{"title": "{n}", "created": "2026-05-10T09:00:{:02}.{n:03}Z", "content_last_modified": "2026-05-10T09:00:00Z",
               "permissions": [{{"type": "user", "role": "owner", "email_address": "n@example.org"}},
                               {{"type": "user", "role": "reader", "email_address": "r@example.org"}}]}}"#,
            n % 60
        );
        std::fs::write(drive.join(format!("{n}-info.json")), text).unwrap();
    }
    let plan =
        super::golden::plan(vec![folder.path().join("Takeout")], None, "[[concern]]\nmails = [\"r@example.org\"]\n");
    let cancel = vrijspoor::evidence::Cancel::default();
    let report = vrijspoor::audit::run(&plan, &cancel, &vrijspoor::audit::Silent).unwrap().report;
    assert_eq!(shares(&report), [("r@example.org", "this-week", "300")]);
    let cited: usize = report.findings.iter().map(|f| f.citations.len()).sum();
    assert_eq!(cited, 21, "twenty for the files, one for the person");
}

#[test]
fn what_is_shared_with_those_she_named_is_no_finding() {
    let report = fixture("google-drive-own");
    assert_eq!(shares(&report), []);
    let coverage = report.coverage.iter().find(|c| c.artifact == "google.drive-permissions").unwrap();
    assert_eq!((coverage.outcome.as_str(), coverage.streams.len(), coverage.facts), ("read", 3, 4));
}

#[test]
fn an_access_log_with_unknown_column_names_is_read_by_the_form_of_its_values() {
    let (unnamed, named) = (fixture("google-columns-unknown-controlled"), fixture("google-controlled-en"));
    let read = |report: &Report, artifact: &str| {
        let columns = ["identity", "ip", "device_model", "device_name", "os", "place", "at", "uses"];
        let own = report.baseline.facts.iter().filter(|f| f.artifact == artifact);
        let mut lines: Vec<String> = own.map(|f| format!("{:?}", columns.map(|c| f.values.get(c).cloned()))).collect();
        lines.sort_unstable();
        lines
    };
    // The same lines, whatever the columns are called.
    for (by_form, by_name) in [
        ("google.access-log-unnamed", "google.access-log"),
        ("google.access-log-devices-unnamed", "google.access-log-devices"),
    ] {
        let (have, want) = (read(&unnamed, by_form), read(&named, by_name));
        assert!(want.len() > 2, "{by_name}");
        assert_eq!(have, want, "{by_form}");
        assert!(read(&unnamed, by_name).is_empty() && read(&named, by_form).is_empty());
        let coverage = unnamed.coverage.iter().find(|c| c.artifact == by_form).unwrap();
        assert!(coverage.experimental && coverage.title.en.contains("unknown language"));
    }
    // A log that cannot be told is a gap, with the reason and without its values.
    let gap = unnamed.gaps.iter().find(|g| g.kind == "no-variant").unwrap();
    assert_eq!(gap.artifact, "google.access-log-unnamed");
    assert!(gap.detail.contains("8 columns; known numbers of columns: 13, 16"), "{gap:?}");
    assert_eq!(unnamed.gaps.iter().filter(|g| g.kind == "no-variant").count(), 1);
    for finding in &unnamed.findings {
        let only = finding.citations.iter().all(|c| c.artifact.ends_with("-unnamed"));
        assert!(
            !only || (finding.experimental && ["later", "info"].contains(&finding.urgency.as_str())),
            "{}",
            finding.rule
        );
    }
    assert!(unnamed.findings.iter().any(|f| f.experimental && f.rule == "sessions.account-use"));
}

#[test]
fn a_table_of_another_kind_is_no_access_log() {
    let folder = tempfile::tempdir().unwrap();
    let takeout = folder.path().join("Takeout");
    std::fs::create_dir_all(takeout.join("YouTube")).unwrap();
    std::fs::write(takeout.join("archive_browser.html"), "<html></html>").unwrap();
    let csv =
        "Video,Tijd,Titel,Kanaal,Taal,Land,Duur,Soort\n100000000000000000012,2026-10-17 22:40:33 UTC,x,y,nl,NL,10,z\n";
    std::fs::write(takeout.join("YouTube/video_s.csv"), csv).unwrap();
    let plan = super::golden::plan(vec![folder.path().to_path_buf()], None, "");
    let cancel = vrijspoor::evidence::Cancel::default();
    let report = vrijspoor::audit::run(&plan, &cancel, &vrijspoor::audit::Silent).unwrap().report;
    assert_eq!(report.gaps, []);
}

fn said<'r>(report: &'r Report, rule: &str) -> Vec<&'r str> {
    report.findings.iter().filter(|f| f.rule == rule).map(|f| f.texts.nl.shows.as_str()).collect()
}

#[test]
fn sentences_say_no_more_than_the_settings_and_lists() {
    let report = fixture("google-controlled-intake");
    // The condition stands beside the address: this rule sends mail of one sender on, not the mail box.
    let sent = said(&report, "forwarding.mail-filter-forwards");
    assert_eq!(
        sent,
        [
            "In Gmail staat een regel voor: from:(politie.nl). Die stuurt zulke mail door naar r.kolk@example.org. De regel \
          noemt politie, recht of hulp. Mail van deze afzender komt ook bij dat adres."
        ]
    );
    assert_eq!(
        said(&report, "forwarding.mail-forward-address"),
        ["In Gmail staat r.kolk@example.org als doorstuuradres. Een stand staat er niet bij."]
    );
    // A list with only a last activity does not say when a device was added; another list does.
    let added = said(&report, "sessions.device-added-to-account");
    assert!(added.iter().any(|t| t.contains("Wanneer ze zijn toegevoegd staat er niet bij.")), "{added:?}");
    assert!(added.iter().any(|t| t.contains("De laatste is toegevoegd op: 2026-06-14")), "{added:?}");
    let listed = report.sessions.iter().filter(|s| s.kind == "registered" && s.service == "google").collect::<Vec<_>>();
    assert!(!listed.is_empty() && listed.iter().all(|s| s.first_at.is_empty() && !s.at.is_empty()), "{listed:?}");
    let report = fixture("demo");
    let blocked = report.findings.iter().find(|f| f.rule == "forwarding.block-of-helper").unwrap();
    assert!(
        blocked.texts.nl.shows.contains("van Gmail staat hulpverlening@example.org bij de geblokkeerde adressen"),
        "{}",
        blocked.texts.nl.shows
    );
    assert_eq!(blocked.citations.len(), 1, "a row is cited once");
    // Use of Takeout from an address that is not hers, on a day that she did not name.
    let copy = report.findings.iter().find(|f| f.rule == "account-control.export-request").unwrap();
    assert_eq!((copy.params["at"].as_str(), copy.urgency.as_str()), ("2026-10-17T22:44:08Z", "this-week"));
    assert!(copy.texts.nl.shows.contains("gebruik van Takeout"), "{}", copy.texts.nl.shows);
    assert!(copy.texts.nl.shows.ends_with("Apparaat: Chrome (windows). Netwerkadres: 203.0.113.77."));
    // Use of a mail program is use, of which the place of its last moment is cited.
    let mail = report.findings.iter().find(|f| f.rule == "account-control.app-with-account-access").unwrap();
    assert!(mail.texts.nl.shows.contains("2 keer gebruik via IMAP vanaf 203.0.113.77."), "{}", mail.texts.nl.shows);
    assert_eq!(mail.citations[0].locator, "csv:17..19");
    let made = report.findings.iter().find(|f| f.rule == "account-control.account-created").unwrap();
    assert_eq!(made.citations[0].locator, "html:item 7..8");
    assert!(made.citations[0].reproduce.as_ref().unwrap().shows.contains(&"at".into()));
}
