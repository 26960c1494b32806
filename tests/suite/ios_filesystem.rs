//! Full copies of an iPhone's files, and single files out of one: the same artifacts, read at the places on the device.

use super::golden::plan;
use super::third_party::testdata;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use vrijspoor::audit::{self, Silent, cite};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::Cancel;
use vrijspoor::fixture::{self, Kind, Pack};
use vrijspoor::report::Report;

/// Databases of others, and where they lie on a phone.
const OTHERS: &[(&str, &str)] = &[
    ("mobile/Library/SMS/sms.db", "ios-sms-sharing/sms.db"),
    ("mobile/Library/TCC/TCC.db", "mvt-artifacts/ios_backup/64/64d0019cb3d46bfc8cce545a8ba54b93e7ea9347"),
    ("mobile/Library/CallHistoryDB/CallHistory.storedata", "novkostya-ios-dbs/calls.1.CallHistory.storedata"),
    ("mobile/Library/Safari/History.db", "novkostya-ios-dbs/safari.1.History.db"),
    ("wireless/Library/Databases/DataUsage.sqlite", "plaso-test-data/ios/DataUsage.sqlite"),
    (
        "mobile/Library/Application Support/com.apple.remotemanagementd/RMAdminStore-Local.sqlite",
        "plaso-test-data/ios/RMAdminStore-Local.sqlite",
    ),
    ("networkd/netusage.sqlite", "plaso-test-data/ios/netusage.sqlite"),
];

fn audit(inputs: &[PathBuf]) -> Report {
    audit::run(&plan(inputs.to_vec(), None, ""), &Cancel::default(), &Silent).unwrap_or_else(|e| panic!("{e}")).report
}

/// Rows and facts of every artifact that gave any.
fn read(report: &Report) -> BTreeMap<String, (u64, u64)> {
    let read = report.coverage.iter().filter(|c| c.outcome == "read");
    read.map(|c| (c.artifact.clone(), (c.rows, c.facts))).collect()
}

fn gaps(report: &Report, kind: &str) -> Vec<String> {
    report.gaps.iter().filter(|g| g.kind == kind).map(|g| g.detail.clone()).collect()
}

/// The recipe's only input as another kind of copy.
fn build(name: &str, kind: Kind, pack: Pack, folder: &Path) -> Vec<PathBuf> {
    let mut recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
    for input in &mut recipe.inputs {
        input.kind = Some(kind);
        input.pack = Some(pack);
    }
    fixture::build(&recipe, folder).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn a_full_copy_and_a_backup_of_the_same_phone_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let backup = read(&audit(&build("iphone-controlled", Kind::IosBackup, Pack::Folder, &folder.path().join("b"))));
    // What only the papers of a backup hold: its own lists and the table of contents.
    let papers = ["info-", "manifest", "status", "watch", "itunes-prefs", "sms-relay", "find-my-account"];
    let files: BTreeMap<_, _> =
        backup.into_iter().filter(|(id, _)| !papers.iter().any(|p| id.starts_with(&format!("ios.{p}")))).collect();
    assert!(files.len() > 20, "{files:?}");
    for pack in [Pack::Folder, Pack::Zip, Pack::TarGz] {
        let inputs = build("iphone-controlled", Kind::IosFilesystem, pack, &folder.path().join(format!("{pack:?}")));
        let report = audit(&inputs);
        assert_eq!(report.evidence[0].kind, "ios-filesystem");
        let copy = read(&report);
        for (artifact, counts) in &files {
            assert_eq!(copy.get(artifact), Some(counts), "{pack:?}: {artifact}");
        }
        assert!(copy.contains_key("ios.store-metadata") && copy.contains_key("ios.sms-relay"), "{copy:?}");
        let citation = report.findings.iter().flat_map(|f| &f.citations).find(|c| c.artifact == "ios.tcc").unwrap();
        assert!(citation.stream.ends_with("!HomeDomain::Library/TCC/TCC.db"), "{}", citation.stream);
        assert_eq!(citation.stored.as_deref(), Some("private/var/mobile/Library/TCC/TCC.db"));
    }
}

#[test]
fn a_single_file_is_read_as_what_it_is_and_its_origin_is_not_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let phone = build("iphone-controlled", Kind::IosFilesystem, Pack::Folder, folder.path());
    let from = phone[0].join("private/var/mobile/Library");
    let loose = folder.path().join("loose");
    std::fs::create_dir(&loose).unwrap();
    let whole = read(&audit(&phone));
    let take = |path: &str, name: &str| {
        let to = loose.join(name);
        std::fs::copy(from.join(path), &to).unwrap();
        // Without the log, the rows in it are missing; its name follows that of the database.
        let log = from.join(format!("{path}-wal"));
        if log.exists() {
            std::fs::copy(log, loose.join(format!("{name}-wal"))).unwrap();
        }
        to
    };
    // By its own name, by the number that a backup stores it under, by its tables alone, and a property list by its name.
    let number = "64d0019cb3d46bfc8cce545a8ba54b93e7ea9347";
    for (path, name, artifact) in [
        ("TCC/TCC.db", "TCC.db", "ios.tcc"),
        ("TCC/TCC.db", number, "ios.tcc"),
        ("TCC/TCC.db", "item 7.bin", "ios.tcc"),
        ("SMS/sms.db", "SMS.DB", "ios.sms-location"),
        ("Preferences/com.apple.sms.plist", "com.apple.sms.plist", "ios.sms-relay"),
    ] {
        let file = take(path, name);
        let report = audit(std::slice::from_ref(&file));
        assert_eq!(read(&report).get(artifact), whole.get(artifact), "{name}");
        assert_eq!(gaps(&report, "origin-unknown"), [name], "{name}");
        for finding in &report.findings {
            let plan = plan(vec![file.clone()], None, "");
            let checked =
                cite::check(&[finding], &plan.scope, std::slice::from_ref(&file), &[], plan.data, &Cancel::default())
                    .unwrap();
            assert!(checked.iter().all(|c| c.outcome == cite::Outcome::Agrees), "{name}: {checked:?}");
        }
    }
    // A folder of such files is one source; what is nothing of an iPhone stays outside.
    std::fs::write(loose.join("notes.txt"), "not of the phone").unwrap();
    std::fs::write(loose.join("clients.plist"), "not a property list").unwrap();
    let report = audit(&[loose]);
    assert_eq!(report.sources.len(), 1);
    assert_eq!(gaps(&report, "origin-unknown").len(), 5);
}

#[test]
fn the_log_beside_a_database_is_taken_along_and_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let phone = build("iphone-controlled", Kind::IosFilesystem, Pack::Folder, folder.path());
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["sms.db", "sms.db-wal"] {
        std::fs::copy(phone[0].join("private/var/mobile/Library/SMS").join(name), copy.join(name)).unwrap();
    }
    let rows = |report: &Report| read(report).get("ios.sms-location").map(|(rows, _)| *rows);
    let both = audit(&[copy.join("sms.db")]);
    assert_eq!(rows(&both), Some(3));
    let names: Vec<&str> = both.evidence.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["sms.db", "sms.db-wal"]);
    assert!(both.evidence.iter().all(|e| e.kind == "file"));
    assert_eq!(rows(&audit(&[copy.join("sms.db-wal"), copy.join("sms.db")])), Some(3), "in any order");
    std::fs::remove_file(copy.join("sms.db-wal")).unwrap();
    assert_eq!(rows(&audit(&[copy.join("sms.db")])), Some(2));
}

#[test]
fn the_files_of_a_sysdiagnose_are_read_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let phone = build("iphone-filesystem-controlled", Kind::IosFilesystem, Pack::Folder, folder.path());
    let var = phone[0].join("private/var");
    let profiles =
        "containers/Shared/SystemGroup/systemgroup.com.apple.configurationprofiles/Library/ConfigurationProfiles";
    let to = folder.path().join("sysdiagnose_2026.10.19");
    let copy = |from: &Path, below: &str| {
        std::fs::create_dir_all(to.join(below)).unwrap();
        for file in std::fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), to.join(below).join(file.file_name())).unwrap();
            }
        }
    };
    copy(&var.join("installd/Library/Logs/MobileInstallation"), "logs/MobileInstallation");
    assert_eq!(read(&audit(std::slice::from_ref(&to))).keys().collect::<Vec<_>>(), ["ios.install-log"]);
    copy(&var.join(profiles), "logs/MCState/Shared");
    let (dump, whole) = (read(&audit(&[to])), read(&audit(&phone)));
    for artifact in ["ios.profiles", "ios.profile-events", "ios.restrictions", "ios.supervision", "ios.install-log"] {
        assert_eq!(dump.get(artifact), whole.get(artifact), "{artifact}");
    }
}

#[test]
fn databases_of_others_are_read_at_every_prefix_in_use() {
    let folder = tempfile::tempdir().unwrap();
    for prefix in ["private/var/", "filesystem2/", "filesystem1/private/var/", "phone/private/var/", "var/"] {
        let path = folder.path().join("copy.zip");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for (place, part) in OTHERS {
            let Some(from) = testdata(part) else { return };
            zip.start_file(format!("{prefix}{place}"), zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(&std::fs::read(from).unwrap()).unwrap();
        }
        zip.finish().unwrap();
        let report = audit(&[path]);
        let read = read(&report);
        // Counted with sqlite3 on the same files.
        for (artifact, rows) in [
            ("ios.sms-location", 3),
            ("ios.tcc", 11),
            ("ios.calls-contact", 4),
            ("ios.data-usage", 370 + 75),
            ("ios.screen-time-devices", 2),
            ("ios.screen-time-family", 1),
        ] {
            assert_eq!(read.get(artifact).map(|(rows, _)| *rows), Some(rows), "{prefix}: {artifact}");
        }
        let urgent: Vec<&str> =
            report.findings.iter().filter(|f| f.urgency == "now").map(|f| f.rule.as_str()).collect();
        assert!(urgent.is_empty(), "{prefix}: {urgent:?}");
    }
}
