//! iPhone files that nobody here made, each packed into a backup by the tool beside the project: what comes out is compared with what
//! stands in the file. Where they are not there, each test prints one line and passes over.

use super::third_party::{audit, beside, coverage, testdata, urgent};
use serde_json::json;
use std::path::{Path, PathBuf};
use vrijspoor::report::Report;

/// A backup that holds the given files (domain, path on the phone, file), audited.
fn packed(files: &[(&str, &str, PathBuf)]) -> Option<Report> {
    let tool = beside("compose_ios.py", "VRIJSPOOR_TOOLS", "tools")?;
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> =
        files.iter().map(|(domain, path, src)| json!({"domain": domain, "path": path, "src": src})).collect();
    let spec = json!({
        "root": "/",
        "device": {"Device Name": "iPhone", "Product Type": "iPhone12,1", "Product Version": "16.4", "Build Version": "20E252",
                   "Serial Number": "F1", "Unique Identifier": "00008030-000000000000AAAA", "Last Backup Date": "2026-10-18T00:00:00"},
        "files": files,
    });
    let (spec_file, out) = (folder.path().join("spec.json"), folder.path().join("backup"));
    std::fs::write(&spec_file, spec.to_string()).unwrap();
    if let Err(e) = assert_cmd::Command::new("python3").arg(tool).arg(&spec_file).arg(&out).ok() {
        println!("skipped: the packer of backups does not run here: {e}");
        return None;
    }
    Some(audit(&out, None).unwrap().report)
}

/// The facts of an artifact, each as `column=value` in the order of the columns' names.
fn facts(report: &Report, artifact: &str) -> Vec<String> {
    let facts = report.baseline.facts.iter().filter(|f| f.artifact == artifact);
    let mut facts: Vec<String> = facts
        .map(|f| {
            let values = f.values.iter().map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            });
            values.collect::<Vec<_>>().join(" ")
        })
        .collect();
    facts.sort();
    facts
}

fn holds(report: &Report, artifact: &str, wanted: &[&str]) {
    let found = facts(report, artifact);
    for wanted in wanted {
        assert!(found.iter().any(|f| f.contains(wanted)), "{artifact}: {wanted} is not in {found:#?}");
    }
}

#[test]
fn settings_of_real_iphones_give_their_values() {
    let (Some(backup), Some(car), Some(sim), Some(contacts)) = (
        testdata("plaso-test-data/ios/com.apple.MobileBackup.plist"),
        testdata("plaso-test-data/ios/com.apple.CarPlayApp.plist"),
        testdata("plaso-test-data/ios/com.apple.commcenter.data.plist"),
        testdata("novkostya-ios-dbs/contacts.1.AddressBook.sqlitedb"),
    ) else {
        return;
    };
    let Some(report) = packed(&[
        ("RootDomain", "Library/Preferences/com.apple.MobileBackup.plist", backup),
        ("HomeDomain", "Library/Preferences/com.apple.CarPlayApp.plist", car),
        ("WirelessDomain", "Library/Preferences/com.apple.commcenter.data.plist", sim),
        ("HomeDomain", "Library/AddressBook/AddressBook.sqlitedb", contacts),
    ]) else {
        return;
    };
    holds(&report, "ios.backup-state", &["at=2023-04-15T14:08:21Z examined=0 kind=cloud"]);
    // Unix times 1586699753.15 and 1586701543.84 in the file.
    holds(
        &report,
        "ios.carplay",
        &[
            "at=2020-04-12T13:55:53Z event=used-in-car package=com.apple.Maps",
            "at=2020-04-12T14:25:43Z event=used-in-car package=com.apple.Music",
        ],
    );
    assert_eq!(coverage(&report, "ios.carplay").rows, 5);
    holds(
        &report,
        "ios.sim-cards",
        &["iccid=8901260971148676693 last_at=2023-05-17T12:26:22Z number=+19195794674 role=examined"],
    );
    assert_eq!(facts(&report, "ios.contact-sources").len(), 2);
    assert_eq!(urgent(&report), Vec::<String>::new());
}

#[test]
fn sharing_in_a_real_message_store_has_its_direction_and_time() {
    let Some(store) = testdata("ios-sms-sharing/sms.db") else { return };
    let Some(report) = packed(&[("HomeDomain", "Library/SMS/sms.db", store)]) else { return };
    // Rows 6 to 8 of `message`: started by the other (share_direction 1), started by the owner, stopped by the other.
    let found = facts(&report, "ios.sms-location");
    assert_eq!(found.len(), 3, "{found:#?}");
    for (fact, (at, direction, event)) in found.iter().zip([
        ("2023-10-14T15:00:00Z", "incoming", "started"),
        ("2023-10-14T16:00:00Z", "outgoing", "started"),
        ("2023-10-14T17:00:00Z", "incoming", "stopped"),
    ]) {
        assert!(fact.starts_with(&format!("at={at}")), "{fact}");
        assert!(fact.contains(&format!("direction={direction} event={event}")), "{fact}");
    }
    assert_eq!(facts(&report, "ios.sms-balloons").len(), 4);
    assert_eq!(urgent(&report), Vec::<String>::new());
}

#[test]
fn message_stores_of_every_age_give_rows_or_a_gap_and_never_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for version in ["6.1.6", "9.2.1", "10.2", "11.2"] {
        let Some(schema) = testdata(&format!("iphonebackuptools-schemas/messages/iOS{version}.sql")) else { return };
        let file = folder.path().join(format!("{version}.db"));
        let made = rusqlite::Connection::open(&file).unwrap();
        // Triggers call functions of Apple's own program; the tables come first in these files.
        let schema = std::fs::read_to_string(schema).unwrap();
        for statement in schema.split(";\n").filter(|s| s.trim_start().to_uppercase().starts_with("CREATE TABLE")) {
            let _ = made.execute_batch(statement);
        }
        drop(made);
        let Some(report) = packed(&[("HomeDomain", "Library/SMS/sms.db", file)]) else { return };
        for artifact in ["ios.sms-location", "ios.sms-balloons", "ios.sms-positions"] {
            let coverage = coverage(&report, artifact);
            let gap = report.gaps.iter().any(|g| g.artifact == artifact && g.kind == "no-variant");
            assert!(coverage.outcome == "empty" || gap, "{version}: {artifact}: {}", coverage.outcome);
        }
    }
    let (Some(old), Some(new)) =
        (testdata("plaso-test-data/sqlite/imessage_chat.db"), testdata("novkostya-ios-dbs/messages.1.sms.db"))
    else {
        return;
    };
    for store in [old, new] {
        let Some(report) = packed(&[("HomeDomain", "Library/SMS/sms.db", store.clone())]) else { return };
        assert!(report.gaps.iter().all(|g| g.kind == "no-variant"), "{}: {:?}", store.display(), report.gaps);
        assert_eq!(urgent(&report), Vec::<String>::new());
    }
}

#[test]
fn the_accounts_of_the_composites_are_read_or_said_to_be_missing() {
    for name in ["ios-A-plain", "ios-B-plain"] {
        let Some(path) = testdata(&format!("composite-ios/{name}")) else { return };
        let report = audit(Path::new(&path), None).unwrap().report;
        assert!(
            report.gaps.iter().all(|g| ["no-variant", "bytes-missing", "unmapped"].contains(&g.kind.as_str())),
            "{name}: {:?}",
            report.gaps
        );
        // WhatsApp and Telegram are on this phone: their linked devices are said to be unseen, never that there are none.
        let unseen = report.findings.iter().filter(|f| f.rule == "sessions.messenger-links-unseen").count();
        assert_eq!(unseen, if name == "ios-A-plain" { 2 } else { 0 }, "{name}");
    }
}

/// The mapping of every small trace, on a backup of the recipe: what went in comes out, at its own time, and nothing else.
#[test]
fn small_traces_come_out_as_they_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let report = super::golden::audit_fixture("iphone-many-traces", folder.path()).report;
    for (artifact, wanted) in [
        (
            "ios.find-my-preferences",
            vec![
                "name=command-locate-id scope=find-my value=locate-0001",
                "status scope=find-my value=200",
                "count scope=find-my value=3",
                "value=2026-10-18T07:00:00Z",
            ],
        ),
        ("ios.find-my-zone", vec!["name=SPBeaconZoneCreationDateKey scope=find-my value=2024-01-05T12:00:00Z"]),
        ("ios.routine-switches", vec!["scope=location value=1"]),
        ("ios.push-topics", vec!["event=push-registered package=com.example.gone-app"]),
        ("ios.tile-seen", vec!["identifier=tile-0077 kind=tile last_at=2026-09-02T11:00:00Z relation=noticed"]),
        ("ios.tile-tags", vec!["first_at=2026-02-03T10:00:00Z kind=tile name=Rugzak relation=own-account"]),
        ("ios.carplay", vec!["at=2026-08-06T07:06:40Z event=used-in-car package=com.apple.Maps"]),
        ("ios.carplay-session", vec!["at=2026-08-06T06:00:00Z name=CARAnalyticsPreviousSessionEnd"]),
        ("ios.watch-account", vec!["name=HasWatchOnAccount scope=watch value=1"]),
        ("ios.account-counts", vec!["name=com.apple.account.AppleAccount.count scope=account-count value=1"]),
        ("ios.account-signed-in", vec!["value=Noor Vermeer", "name=AAIsAccountSignedIn scope=account value=1"]),
        (
            "ios.contacts-looked-up",
            vec![
                "last_at=2026-06-14T21:10:00Z service=apple-lookup",
                "last_at=2026-06-14T21:11:40Z service=apple-lookup",
            ],
        ),
        (
            "ios.chrome-accounts",
            vec![
                "hardware_key=100000000000000000012 identity=noor.vermeer@example.net kind=chrome provider=google role=browser",
            ],
        ),
        ("ios.vpn-flags", vec!["name=VPNConnectivity scope=network value=0"]),
        ("ios.hotspot", vec!["name=State scope=hotspot value=1022"]),
        ("ios.apn", vec!["kind=apn name=internet.example.net"]),
        (
            "ios.wifi-old",
            vec!["at=2019-05-01T10:00:00Z kind=wifi last_at=2020-06-01T10:00:00Z name=Buurthuis state=known"],
        ),
        (
            "ios.wifi-private",
            vec!["at=2026-05-01T10:00:00Z kind=wifi-scanned last_at=2026-05-02T10:00:00Z name=AndroidAP7"],
        ),
        ("ios.wifi-removed", vec!["kind=wifi-removed last_at=2026-07-01T10:00:00Z name=Oud netwerk"]),
        ("ios.whatsapp-business-account", vec!["identity=+31600000044 provider=whatsapp-business"]),
        ("ios.mail-folders", vec!["event=folder-present identity=IMAP-noor.vermeer@example.net"]),
        ("ios.airdrop", vec!["name=DiscoverableMode scope=airdrop value=Everyone"]),
        ("ios.backup-state", vec!["at=2026-10-10T02:00:00Z examined=0 kind=cloud"]),
        ("ios.setup", vec!["at=2023-05-11T17:30:00Z name=SetupState scope=setup value=RestoredFromiCloudBackup"]),
    ] {
        holds(&report, artifact, &wanted);
    }
    // The row of `preferences.plist` has no proxy: read, and empty.
    assert_eq!(coverage(&report, "ios.proxies").outcome, "empty");
}

/// The file of which Info.plist holds a copy, laid out as the catalogue has it (row K7): a full copy of a phone has the file alone.
#[test]
fn computers_are_read_from_the_file_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"frpd".to_vec();
    bytes.resize(292, 7);
    bytes.extend([1, 1, 0x80, 0, 0]);
    bytes.resize(292 + 92, 0);
    for _ in 0..2 {
        for (text, length) in [("R Kolk", 64), ("PC-VAN-R", 128)] {
            let end = bytes.len() + length;
            bytes.extend(text.as_bytes());
            bytes.resize(end, 0);
        }
    }
    let file = folder.path().join("iTunesPrefs");
    std::fs::write(&file, &bytes).unwrap();
    let place = ("MediaDomain", "Media/iTunes_Control/iTunes/iTunesPrefs");
    let Some(report) = packed(&[(place.0, place.1, file.clone())]) else { return };
    assert_eq!(facts(&report, "ios.itunes-prefs-file"), ["kind=computer name=PC-VAN-R service=computer user=R Kolk"]);
    std::fs::write(&file, b"something else").unwrap();
    let Some(report) = packed(&[(place.0, place.1, file)]) else { return };
    assert_eq!(coverage(&report, "ios.itunes-prefs-file").outcome, "empty");
}
