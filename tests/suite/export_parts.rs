//! Account exports as people bring them: in parts with one missing, renamed by the browser, cut off, nested, empty, two in one. Each
//! is read as far as it can be, and what is not read is said.

use super::golden::plan;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use vrijspoor::audit::{self, Error, Silent};
use vrijspoor::evidence::Cancel;
use vrijspoor::report::Report;
use zip::write::SimpleFileOptions;

const LOG: &str = "Gaia ID,Activity Timestamp,IP Address,Proxiedhost IP Address,Is Non-routable IP Address,Activity Country,Activity Region,Activity City,User Agent String,Product Name,Sub-Product Name,Activity Type,Gmail Access Channel\n1,2026-11-20 22:41:07 UTC,203.0.113.7,,false,NL,,Utrecht,Mozilla/5.0 (Windows NT 10.0),Gmail,,Sign in,WEB\n";
const FILTERS: &str = r#"{"filter": [{"query": "from:(politie.nl)", "forwardTo": "r@example.org"}]}"#;
const INDEX: &str = r#"<html><div class="service_name" data-english-name="Access Log Activity">Toegangslogboek</div><div data-english-name="Mail">Mail</div></html>"#;
const STAMP: &str = "takeout-20261124T060000Z-1";

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The parts of a Takeout by number: index and log in the first, Gmail settings in the third, pictures elsewhere.
fn part(number: usize) -> Vec<u8> {
    match number {
        1 => archive(&[
            ("Takeout/archive_browser.html", INDEX.as_bytes()),
            ("Takeout/Toegang/Activiteiten.csv", LOG.as_bytes()),
        ]),
        3 => archive(&[("Takeout/Mail/User Settings/Filters.json", FILTERS.as_bytes())]),
        n => archive(&[(&format!("Takeout/Google Foto_s/IMG_{n}.jpg"), &[0xff, 0xd8, 0xff])]),
    }
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn audit(inputs: Vec<PathBuf>) -> Result<Report, Error> {
    audit::run(&plan(inputs, None, ""), &Cancel::default(), &Silent).map(|a| a.report)
}

fn outcome<'a>(report: &'a Report, artifact: &str) -> &'a str {
    report.coverage.iter().find(|c| c.artifact == artifact).map_or("", |c| &c.outcome)
}

fn gap<'a>(report: &'a Report, kind: &str) -> Option<&'a str> {
    report.gaps.iter().find(|g| g.kind == kind).map(|g| g.detail.as_str())
}

#[test]
fn a_missing_part_is_named_whether_given_one_by_one_or_in_a_folder() {
    let place = tempfile::tempdir().unwrap();
    let all: Vec<PathBuf> = (1..=12)
        .filter(|n| *n != 7)
        .map(|n| put(&place.path().join("delen"), &format!("{STAMP}-{n:03}.zip"), &part(n)))
        .collect();
    for inputs in [all, vec![place.path().join("delen")]] {
        let report = audit(inputs).unwrap();
        assert_eq!(gap(&report, "part-missing"), Some(format!("{STAMP}: 007").as_str()), "{:?}", report.gaps);
        assert_eq!((outcome(&report, "google.access-log"), outcome(&report, "google.mail-filters")), ("read", "read"));
        assert_eq!(report.sources.len(), 1);
        // The name of the archive tells when it was asked for, and the report says so.
        assert_eq!(
            (report.options.as_of.as_deref(), report.options.as_of_from.as_str()),
            (Some("2026-11-24T06:00:00Z"), "name")
        );
        assert_eq!(outcome(&report, "google.chrome-history"), "not-requested");
        assert_eq!(outcome(&report, "google.mail-forwarding"), "absent");
    }
    let stated = vrijspoor::audit::Plan {
        as_of: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        ..plan(vec![place.path().join("delen")], None, "")
    };
    let report = audit::run(&stated, &Cancel::default(), &Silent).unwrap().report;
    assert_eq!(
        (report.options.as_of.as_deref(), report.options.as_of_from.as_str()),
        (Some("2026-11-01T00:00:00Z"), "stated")
    );
}

#[test]
fn a_part_that_the_browser_renamed_is_read_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("Downloads");
    put(&folder, &format!("{STAMP}-001.zip"), &part(1));
    put(&folder, &format!("{STAMP}-001 (1).zip"), &part(1));
    put(&folder, &format!("{STAMP}-003 (1).zip"), &part(3));
    put(&folder, &format!("{STAMP}-002.zip"), &part(2));
    let report = audit(vec![folder]).unwrap();
    assert_eq!((report.sessions.len(), outcome(&report, "google.mail-filters")), (1, "read"));
    assert_eq!(gap(&report, "part-missing"), None);
}

#[test]
fn a_cut_part_does_not_take_the_others_with_it() {
    let place = tempfile::tempdir().unwrap();
    let third = part(3);
    let parts = vec![
        put(place.path(), &format!("{STAMP}-001.zip"), &part(1)),
        put(place.path(), &format!("{STAMP}-002.zip"), &part(2)),
        put(place.path(), &format!("{STAMP}-003.zip"), &third[..third.len() / 2]),
    ];
    let report = audit(parts.clone()).unwrap();
    assert_eq!((outcome(&report, "google.access-log"), outcome(&report, "google.mail-filters")), ("read", "absent"));
    assert!(gap(&report, "part-damaged").is_some_and(|d| d.contains("-003.zip")), "{:?}", report.gaps);
    // Alone it is no evidence at all, and that is an error, not an empty report.
    assert_eq!(audit(parts[2..].to_vec()).unwrap_err().code(), "damaged");
}

#[test]
fn exports_are_found_nested_one_level_too_high_and_two_in_one() {
    let place = tempfile::tempdir().unwrap();
    let instagram = archive(&[(
        "security_and_login_information/login_and_profile_creation/login_activity.json",
        br#"{"account_history_login_history": [{"title": "2026-01-09T22:41:07+00:00", "string_map_data": {"IP-adres": {"value": "203.0.113.7"}}}]}"#,
    )]);
    put(&place.path().join("hoog/van Noor/mijn export"), "instagram (2).zip", &instagram);
    let report = audit(vec![place.path().join("hoog")]).unwrap();
    assert_eq!(outcome(&report, "instagram.logins"), "read");

    let both = archive(&[
        ("van telefoon/instagram.zip", &instagram),
        ("van telefoon/Takeout/Toegang/log.csv", LOG.as_bytes()),
    ]);
    let report = audit(vec![put(place.path(), "alles.zip", &both)]).unwrap();
    let families: Vec<&str> = report.sources.iter().map(|s| s.family.as_str()).collect();
    assert_eq!(families, ["google", "instagram"]);
    assert_eq!(report.sessions.len(), 2);
}

#[test]
fn absent_empty_and_not_asked_for_are_three_things() {
    let place = tempfile::tempdir().unwrap();
    let meta = archive(&[
        ("instagram-noor/login_and_account_creation/no-data.txt", b"No data"),
        ("instagram-noor/device_information/devices.json", br#"{"devices_devices": []}"#),
    ]);
    let report = audit(vec![put(place.path(), "instagram-noor.zip", &meta)]).unwrap();
    assert_eq!(outcome(&report, "instagram.logins"), "empty");
    assert_eq!(outcome(&report, "instagram.devices"), "empty");
    assert_eq!(outcome(&report, "instagram.relations"), "absent");

    let index = archive(&[
        ("Takeout/archive_browser.html", INDEX.as_bytes()),
        ("Takeout/Toegang/Activiteiten.csv", LOG.lines().next().unwrap().as_bytes()),
    ]);
    let report = audit(vec![put(place.path(), "takeout.zip", &index)]).unwrap();
    assert_eq!(outcome(&report, "google.access-log"), "empty");
    assert_eq!(
        (outcome(&report, "google.mail-filters"), outcome(&report, "google.chrome-devices")),
        ("absent", "not-requested")
    );
    assert_eq!(report.options.as_of, None, "no name tells when");
}

#[test]
fn an_export_without_anything_known_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let pictures = put(place.path(), "fotos.zip", &archive(&[("IMG_1.jpg", &[0xff, 0xd8])]));
    assert_eq!(audit(vec![pictures]).unwrap_err().code(), "not-recognised");
    assert_eq!(audit(vec![put(place.path(), "leeg.zip", &archive(&[]))]).unwrap_err().code(), "no-data");
    fs::create_dir_all(place.path().join("niets")).unwrap();
    assert!(["no-data", "not-recognised"].contains(&audit(vec![place.path().join("niets")]).unwrap_err().code()));
}
