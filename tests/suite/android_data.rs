//! Android data that nobody here made, in every form in which it is handed in. Where it is not there, each test prints one line and
//! passes over. The values asserted here were read by hand from the raw text.

use super::golden::plan;
use super::third_party::testdata;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vrijspoor::artifact::emit::{self, StreamTimes};
use vrijspoor::artifact::{Artifacts, StreamInput, extract};
use vrijspoor::audit::{self, Audited, Error, Silent};
use vrijspoor::evidence::Cancel;
use vrijspoor::report::Report;

fn audit(inputs: &[PathBuf]) -> Result<Audited, Error> {
    audit::run(&plan(inputs.to_vec(), None, ""), &Cancel::default(), &Silent)
}

fn report(input: &Path) -> Report {
    audit(&[input.to_path_buf()]).unwrap().report
}

/// Rows and facts of an artifact; nothing when it did not read anything.
fn read(report: &Report, artifact: &str) -> (u64, u64) {
    report
        .coverage
        .iter()
        .filter(|c| c.artifact == artifact)
        .fold((0, 0), |(rows, facts), c| (rows + c.rows, facts + c.facts))
}

fn shows(report: &Report, rule: &str) -> Vec<String> {
    report.findings.iter().filter(|f| f.rule == rule).map(|f| f.texts.en.shows.clone()).collect()
}

/// The facts that an artifact makes of one file, as text by column.
fn facts(artifact: &str, path: &Path) -> Vec<BTreeMap<String, String>> {
    let artifacts = Artifacts::embedded().unwrap();
    let artifact = artifacts.list.iter().find(|a| a.id == artifact).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let open = || Ok(Box::new(bytes.as_slice()) as Box<dyn std::io::Read + Send + '_>);
    let input = StreamInput {
        name: path.to_str().unwrap(),
        open: &open,
        beside: Vec::new(),
        file: None,
        wal: None,
        size: bytes.len() as u64,
        times: StreamTimes::default(),
        scratch: scratch.path(),
    };
    let found = extract::extract(artifact, &artifacts.vocabulary, &input).unwrap();
    assert_eq!(found.doubts, BTreeMap::new(), "{}", artifact.id);
    let shown = |(name, value): (&String, &_)| (name.clone(), emit::show(value));
    found.facts.iter().map(|fact| fact.values.iter().map(shown).collect()).collect()
}

/// The first fact with this value in this column.
fn one(facts: &[BTreeMap<String, String>], column: &str, value: &str) -> BTreeMap<String, String> {
    facts
        .iter()
        .find(|fact| fact.get(column).is_some_and(|v| v == value))
        .cloned()
        .unwrap_or_else(|| panic!("no {column} {value} in {facts:?}"))
}

/// A copy of a folder's files in a scratch folder, changed on the way.
fn copy(from: &Path, to: &Path, change: &dyn Fn(&Path, Vec<u8>) -> Vec<u8>) {
    for entry in walkdir(from) {
        let target = to.join(entry.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, change(&entry, std::fs::read(&entry).unwrap())).unwrap();
    }
}

fn walkdir(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Peers' error 1: a collection that is read as nothing, with exit code 0.
#[test]
fn a_collection_is_read_wherever_its_files_lie() {
    let Some(folder) = testdata("mvt-artifacts/androidqf") else { return };
    let whole = report(&folder);
    // `dumpsys.txt` without `bugreport.zip`, `processes.txt`, settings, packages: all read.
    for (artifact, rows) in [
        ("android.apps", 2),
        ("android.collected-packages", 7),
        ("android.processes", 1),
        ("android.root-binaries", 4),
        ("android.settings-protection", 2),
        ("android.special-access", 1),
        ("android.remembered-apps", 2),
    ] {
        assert_eq!(read(&whole, artifact).0, rows, "{artifact}");
    }
    let trace = shows(&whole, "stalkerware.tampered-system").join(" ");
    assert!(trace.contains("root binary="), "{trace}");
    let scratch = tempfile::tempdir().unwrap();
    for deep in ["", "a/b/c"] {
        let to = scratch.path().join(format!("depth{}", deep.len()));
        copy(&folder, &to.join(deep), &|path, bytes| {
            // Newer collections call it so.
            assert!(path.exists());
            bytes
        });
        if to.join(deep).join("ps.txt").exists() {
            std::fs::rename(to.join(deep).join("ps.txt"), to.join(deep).join("processes.txt")).unwrap();
        }
        let moved = report(&to);
        for artifact in ["android.apps", "android.collected-packages", "android.processes", "android.root-binaries"] {
            assert_eq!(read(&moved, artifact), read(&whole, artifact), "{deep}: {artifact}");
        }
    }
    // Windows line ends, and the UTF-16 of its shell, give the same facts.
    for utf16 in [false, true] {
        let to = scratch.path().join(format!("windows{utf16}"));
        copy(&folder, &to, &|path, bytes| {
            let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
            if path.extension().is_none_or(|ending| ending != "txt") {
                return bytes;
            }
            let text = text.replace('\n', "\r\n");
            if utf16 {
                format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
            } else {
                text.into_bytes()
            }
        });
        let windows = report(&to);
        for one in whole.coverage.iter().filter(|c| c.rows > 0) {
            assert_eq!(read(&windows, &one.artifact), read(&whole, &one.artifact), "UTF-16 {utf16}: {}", one.artifact);
        }
    }
    // A zip that holds its files in a folder; and a folder that holds nothing of ours.
    if let Some(zip) = testdata("mvt-artifacts/androidqf.zip") {
        assert_eq!(report(&zip).sources.len(), 1);
    }
    let nothing = scratch.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    std::fs::write(nothing.join("notes.txt"), "Dear diary\n").unwrap();
    assert_eq!(audit(&[nothing]).unwrap_err().code(), "not-recognised");
}

/// Peers' errors 6, 7 and 14: loose dumps, by content, in any letter case, with blank lines, priorities and short signatures.
#[test]
fn loose_dumps_are_read_by_what_they_say() {
    let Some(folder) = testdata("mvt-artifacts/android_data") else { return };
    let whole = report(&folder);
    for (artifact, rows) in [
        ("android.accessibility", 1),
        ("android.adb-keys", 3),
        ("android.apps", 4),
        ("android.battery-daily", 3),
        ("android.permissions", 29),
        ("android.processes", 1),
        ("android.special-access", 3),
    ] {
        assert_eq!(read(&whole, artifact).0, rows, "{artifact}");
    }
    let scratch = tempfile::tempdir().unwrap();
    // Names that say nothing, and capitals.
    for name in [
        "dumpsys_accessibility_v14_or_later.txt",
        "dumpsys_appops.txt",
        "dumpsys_packages.txt",
        "getprop.txt",
        "ps.txt",
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        std::fs::write(scratch.path().join(name.replace(['a', 'e'], "X").to_uppercase()), bytes).unwrap();
    }
    let renamed = report(scratch.path());
    for (artifact, rows) in [("android.accessibility", 1), ("android.special-access", 2), ("android.processes", 1)] {
        assert_eq!(read(&renamed, artifact).0, rows, "{artifact}");
    }
    assert!(read(&renamed, "android.permissions").0 > 0 && read(&renamed, "android.apps").0 > 0);
    // Installed is not enabled: the older file lists four services and has none on.
    assert!(!shows(&whole, "stalkerware.accessibility-unknown").join(" ").contains("com.samsung.accessibility"));
    // The 32-bit number that Java makes of a certificate is no digest, and matches no list of digests.
    for finding in &renamed.findings {
        assert_ne!(finding.rule, "stalkerware.known-product", "{}", finding.texts.en.shows);
    }
}

#[test]
fn dumps_of_a_few_services_give_their_components() {
    let Some(folder) = testdata("android-dumpsys-excerpts") else { return };
    let report = report(&folder);
    assert_eq!(read(&report, "android.device-admins").0, 6);
    assert_eq!(read(&report, "android.notification-listeners").0, 4);
    // Only the secure table counts: `com.elsewhere` stands in the system table.
    let shown = shows(&report, "stalkerware.accessibility-unknown").join(" ");
    assert!(shown.contains("com.watch.app") && !shown.contains("com.elsewhere"), "{shown}");
    // Indented and repeated by somebody's script: nothing outside the lists is taken for an administrator.
    let admins = shows(&report, "device-control.device-admin-unknown").join(" ");
    assert!(!admins.contains("com.not.admin") && !admins.contains("com.unrelated"), "{admins}");
}

#[test]
fn the_files_of_a_phone_are_read_in_place() {
    let Some(folder) = testdata("android-ffs-redr") else { return };
    let report = report(&folder);
    for (artifact, rows) in [
        ("android.packages-file", 73),
        ("android.package-list-file", 73),
        ("android.runtime-permissions", 182),
        ("android.install-permissions", 179),
        ("android.settings-keyboards", 2),
        ("android.settings-device", 2),
        ("android.user-files", 1),
        ("android.device", 1),
    ] {
        assert_eq!(read(&report, artifact).0, rows, "{artifact}");
    }
    assert!(report.gaps.iter().all(|gap| gap.kind != "no-variant"), "{:?}", report.gaps);
    assert!(report.findings.iter().all(|f| f.urgency != "now"));
    assert!(report.device.iter().any(|d| d["model"] == "SM-A520F" || d["zone"] == "GMT"), "{:?}", report.device);
}

#[test]
fn policies_and_companions_as_android_itself_tests_them() {
    let Some(folder) = testdata("android-aosp-policy") else { return };
    let report = report(&folder);
    assert_eq!(read(&report, "android.device-policies-file").0, 3);
    assert_eq!(read(&report, "android.owner-files").0, 1);
    assert_eq!(read(&report, "android.companions-file").0, 2);
    let owner = shows(&report, "device-control.device-owner").join(" ");
    assert!(owner.contains("com.afwsamples.testdpc"), "{owner}");
}

/// A bug report and its loose texts, handed in apart, are one phone; another phone stays apart. Peers' error 12: the traces of the
/// examination are named as such.
#[test]
fn copies_of_one_phone_are_read_together() {
    let Some(zip) = testdata("bugreport-chkbugreport/bugreport-sailfish-QP1A.191005.007.A3-2020-01-08-15-30-07.zip")
    else {
        return;
    };
    let alone = report(&zip);
    assert!(alone.findings.iter().all(|f| f.urgency != "now"));
    assert_eq!(read(&alone, "android.apps").0, 268);
    let scratch = tempfile::tempdir().unwrap();
    let again = scratch.path().join("copy.zip");
    std::fs::copy(&zip, &again).unwrap();
    let both = audit(&[zip.clone(), again]).unwrap().report;
    assert_eq!(both.sources.len(), 1);
    assert!(
        both.evidence.iter().flat_map(|e| &e.remarks).any(|r| ["same-phone", "same-build"].contains(&r.code.as_str()))
    );
    let other = scratch.path().join("getprop.txt");
    std::fs::write(&other, "[ro.product.model]: [Other]\n[ro.build.display.id]: [X1]\n[ro.serialno]: [ABC]\n").unwrap();
    let apart = audit(&[zip.clone(), other]).unwrap().report;
    assert_eq!(apart.sources.len(), 2);
    assert!(apart.evidence.iter().flat_map(|e| &e.remarks).any(|r| r.code == "other-phone"));

    // Two phones in one folder are two phones.
    let folder = scratch.path().join("two");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(&zip, folder.join("a.zip")).unwrap();
    std::fs::write(folder.join("getprop.txt"), "[ro.product.model]: [Other]\n[ro.build.version.release]: [14]\n")
        .unwrap();
    let two = report(&folder);
    assert_eq!(two.sources.len(), 2);
    assert_eq!(read(&two, "android.apps").0, 268);

    let case = "[[examination]]\nhost = \"seldlx26533.corpusers.net\"\n";
    let examined = audit::run(&plan(vec![zip], None, case), &Cancel::default(), &Silent).unwrap().report;
    let urgency = |host: &str| {
        let found = examined.findings.iter().find(|f| f.rule == "sessions.adb-host" && f.texts.en.shows.contains(host));
        found.map(|f| f.urgency.clone())
    };
    assert_eq!(urgency("seldlx26533").as_deref(), Some("info"));
    assert_eq!(urgency("seldlx26630").as_deref(), Some("this-week"));
}

/// A computer whose latest connection falls in the examination is that of the examination, whatever it is called.
#[test]
fn the_time_of_the_examination_explains_a_key() {
    let Some(dump) = testdata("mvt-artifacts/android_data/dumpsys_adb_xml.txt") else { return };
    let urgency = |case: &str| {
        let report = audit::run(&plan(vec![dump.clone()], None, case), &Cancel::default(), &Silent).unwrap().report;
        report.findings.iter().find(|f| f.rule == "sessions.adb-host").unwrap().urgency.clone()
    };
    assert_eq!(urgency("[[examination]]\nhost = \"\"\nfrom = 2021-08-09\nuntil = 2021-08-09\n"), "info");
    assert_eq!(urgency("[[examination]]\nhost = \"\"\nfrom = 2021-08-10\nuntil = 2021-08-10\n"), "this-week");
}

/// Values that were read by hand from the raw text.
#[test]
fn values_are_those_of_the_raw_text() {
    if let Some(folder) = testdata("android-ffs-redr/data/system") {
        let apps = facts("android.packages-file", &folder.join("packages.xml"));
        let calendar = one(&apps, "package", "com.android.calendar");
        // The certificate is given once and later by its number; this one is the public test key of Android.
        assert_eq!(calendar["signer"], "61ed377e85d386a8dfee6b864bd85b0bfaa5af81");
        assert_eq!(calendar["installed_at"], "2022-01-07T20:18:15Z");
        assert_eq!((calendar["installer_kind"].as_str(), calendar["system"].as_str()), ("preload", "1"));
        let keyboard = facts("android.settings-keyboards", &folder.join("users/0/settings_secure.xml"));
        assert_eq!(
            one(&keyboard, "detail", "default_input_method")["component"],
            "com.android.inputmethod.latin/com.android.inputmethod.latin.LatinIME"
        );
        let grants = facts("android.runtime-permissions", &folder.join("users/0/runtime-permissions.xml"));
        let contacts: Vec<_> = grants
            .iter()
            .filter(|g| g["package"] == "com.android.contacts" && g["permission"].ends_with("READ_CALL_LOG"))
            .collect();
        assert_eq!(
            (contacts.len(), contacts[0]["state"].as_str(), contacts[0]["set_by"].as_str()),
            (1, "allowed", "system")
        );
        let user = facts("android.user-files", &folder.join("users/0.xml"));
        assert_eq!((user[0]["kind"].as_str(), user[0]["last_at"].as_str()), ("owner", "2022-04-15T08:41:31Z"));
    }
    if let Some(folder) = testdata("android-aosp-policy") {
        let watch = one(
            &facts("android.companions-file", &folder.join("companion_android14_associations.xml")),
            "name",
            "John's Watch",
        );
        assert_eq!(
            (watch["kind"].as_str(), watch["added_at"].as_str(), watch["last_at"].as_str()),
            ("watch", "2023-03-15T13:20:00Z", "2023-03-16T13:20:00Z")
        );
        let car = one(
            &facts("android.companions-file", &folder.join("companion_android14_associations.xml")),
            "name",
            "My Car",
        );
        assert!(!car.contains_key("last_at"), "never connected is no time");
        let used = facts("android.appops-accesses", &folder.join("appops_recent_accesses.xml"));
        assert_eq!(
            (used[0]["permission"].as_str(), used[0]["last_used_at"].as_str()),
            ("android.permission.CAMERA", "2024-04-08T21:05:42Z")
        );
        let admins = facts("android.device-policies-file", &folder.join("device_policies.xml"));
        assert_eq!(
            admins[0]["detail"],
            "limit-password watch-login reset-password force-lock wipe-data expire-password encrypted-storage disable-camera disable-keyguard-features"
        );
        let limits = facts("android.device-policies-file", &folder.join("comp_policies_primary.xml"));
        assert_eq!(one(&limits, "name", "no_bluetooth")["value"], "1");
    }
    if let Some(folder) = testdata("mvt-artifacts/androidqf") {
        let apps = facts("android.collected-packages", &folder.join("packages.json"));
        let chat = one(&apps, "package", "com.whatsapp");
        assert_eq!(
            (chat["signer"].as_str(), chat["signer_kind"].as_str()),
            ("38a0f7d505fe18fec64fbf343ecaaaf310dbd799", "sha1")
        );
        one(&apps, "value", "744ed47f8176ec423840344c33e88bd2c96e8988cda0797f3415bb5229efc12b");
    }
    if let Some(folder) = testdata("mvt-artifacts/android_data") {
        let days = facts("android.battery-daily", &folder.join("dumpsys_battery.txt"));
        assert_eq!(one(&days, "package", "com.facebook.katana")["at"], "2022-08-16T15:56:39");
    }
}
