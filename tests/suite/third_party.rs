//! Bytes that nobody here made: the composites and bug reports beside the project, and the backups of the independent maker.
//! Where they are not there, each test prints one line and passes over.

use super::golden::plan;
use std::path::{Path, PathBuf};
use vrijspoor::audit::{self, Audited, Error, Silent};
use vrijspoor::evidence::Cancel;
use vrijspoor::report::{Coverage, Report};

pub(super) fn beside(part: &str, variable: &str, folder: &str) -> Option<PathBuf> {
    let base = std::env::var_os(variable)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder), PathBuf::from);
    let path = base.join(part);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {folder}/{part} is not beside the project");
    None
}

pub(super) fn testdata(part: &str) -> Option<PathBuf> {
    beside(part, "VRIJSPOOR_TESTDATA", "testdata")
}

pub(super) fn audit(input: &Path, password: Option<&str>) -> Result<Audited, Error> {
    audit::run(&plan(vec![input.to_path_buf()], password, ""), &Cancel::default(), &Silent)
}

pub(super) fn coverage<'a>(report: &'a Report, artifact: &str) -> &'a Coverage {
    report.coverage.iter().find(|c| c.artifact == artifact).unwrap_or_else(|| panic!("no coverage of {artifact}"))
}

pub(super) fn urgent(report: &Report) -> Vec<String> {
    report.findings.iter().filter(|f| f.urgency == "now").map(|f| format!("{}: {}", f.rule, f.texts.en.shows)).collect()
}

fn password_in_truth(name: &str) -> Option<String> {
    let truth = std::fs::read(testdata(&format!("truth/{name}.json"))?).unwrap();
    let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
    truth["password"].as_str().map(str::to_string)
}

#[test]
fn plain_and_encrypted_composites_give_the_same_facts() {
    for name in ["ios-A", "ios-B"] {
        let (Some(plain), Some(encrypted)) =
            (testdata(&format!("composite-ios/{name}-plain")), testdata(&format!("composite-ios/{name}-enc")))
        else {
            return;
        };
        let password = password_in_truth(&format!("{name}-enc"));
        let plain = audit(&plain, None).unwrap().report;
        let encrypted_report = audit(&encrypted, password.as_deref()).unwrap().report;
        for one in plain.coverage.iter().filter(|c| c.outcome == "read") {
            let other = coverage(&encrypted_report, &one.artifact);
            assert_eq!((one.rows, one.facts), (other.rows, other.facts), "{name}: {}", one.artifact);
        }
        assert_eq!(coverage(&plain, "ios.tcc").rows, 11, "{name}");
        assert_eq!(urgent(&plain), Vec::<String>::new(), "{name}");
        assert_eq!(audit(&encrypted, None).unwrap_err().code(), "password-needed");
        assert_eq!(audit(&encrypted, Some("wrong")).unwrap_err().code(), "password-wrong");
    }
}

#[test]
fn every_damaged_composite_is_said_to_be_damaged() {
    let password = password_in_truth("ios-A-enc");
    for (name, password) in [
        ("ios-A-bad-enc-blob-cut-mid-block", password.as_deref()),
        ("ios-A-bad-no-Manifest.plist", None),
        ("ios-A-bad-no-ManifestKey", password.as_deref()),
        ("ios-A-bad-truncated-blob", None),
        ("ios-A-bad-truncated-manifest", None),
        ("legacy-backup", None),
    ] {
        let Some(path) = testdata(&format!("composite-ios/{name}")) else { return };
        match audit(&path, password) {
            Err(e) => assert!(["damaged", "unsupported"].contains(&e.code()), "{name}: {e}"),
            Ok(audited) => {
                let remarks = audited.report.evidence[0].remarks.len();
                assert!(remarks > 0 || !audited.report.gaps.is_empty(), "{name}: neither a remark nor a gap");
            }
        }
    }
}

#[test]
fn android_backups_open_with_their_password() {
    for (name, password) in
        [("t1-plain-v1", None), ("t1-zlib-v5", None), ("t1-aes-v5", Some("abpass1")), ("t1-aes-v3", Some("abpass1"))]
    {
        let Some(path) = testdata(&format!("composite-ab/{name}.ab")) else { return };
        let report = audit(&path, password).unwrap().report;
        assert_eq!(coverage(&report, "android.backup-apps").rows, 4, "{name}");
        if password.is_some() {
            assert_eq!(audit(&path, Some("wrong")).unwrap_err().code(), "password-wrong", "{name}");
            assert_eq!(audit(&path, None).unwrap_err().code(), "password-needed", "{name}");
        }
    }
}

#[test]
fn the_clean_bug_report_gives_its_packages_and_nothing_urgent() {
    let Some(path) = testdata("composite-bugreport/clean.zip") else { return };
    let report = audit(&path, None).unwrap().report;
    // 134 packages for each of the two users (truth/bugreport-clean.json).
    assert_eq!(coverage(&report, "android.apps").rows, 268);
    assert_eq!(coverage(&report, "android.users").rows, 2);
    assert_eq!(coverage(&report, "android.accounts").rows, 0);
    let pressing: Vec<_> =
        report.findings.iter().filter(|f| f.urgency == "now" || f.urgency == "this-week").map(|f| &f.rule).collect();
    println!("this week on the clean bug report: {pressing:?}");
    assert_eq!(urgent(&report), Vec::<String>::new());
    for name in ["bugreport-sailfish-QP1A.191005.007.A3-2020-01-08-15-30-07.zip", "bugreport_aidldeadlock.txt"] {
        let Some(path) = testdata(&format!("bugreport-chkbugreport/{name}")) else { return };
        assert_eq!(urgent(&audit(&path, None).unwrap().report), Vec::<String>::new(), "{name}");
    }
}

/// What `--plant-control` of the independent maker plants.
pub(super) const PLANTED: [&str; 4] = [
    "device-control.mdm-profile",
    "sessions.second-apple-account",
    "location-sharing.app-location-always",
    "sessions.app-bought-by-other",
];

/// A small iPhone backup of the independent maker, in `folder`; none where the maker is not there or does not run.
pub(super) fn maker(folder: &Path, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let tool = beside("mk_ios_backup.py", "VRIJSPOOR_TOOLS", "tools")?;
    let out = folder.join(name);
    let made = assert_cmd::Command::new("python3")
        .arg(tool)
        .arg(&out)
        .args(["--files", "60", "--total-mb", "2", "--sms", "50", "--history", "50"])
        .args(arguments)
        .ok();
    if let Err(e) = made {
        println!("skipped: the maker of backups does not run here: {e}");
        return None;
    }
    Some(out)
}

#[test]
fn every_planted_control_is_found_and_nothing_where_nothing_is_planted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments, password) in [
        ("planted", &["--plant-control"][..], None),
        ("planted-encrypted", &["--plant-control", "--encrypt", "secret", "--dpic", "1000"][..], Some("secret")),
        ("ordinary", &[][..], None),
    ] {
        let Some(out) = maker(folder.path(), name, arguments) else { return };
        let report = audit(&out, password).unwrap().report;
        for rule in PLANTED {
            let found = report.findings.iter().filter(|f| f.rule == rule).count();
            assert_eq!(found > 0, !arguments.is_empty(), "{name}: {rule}: {found} findings");
        }
        if arguments.is_empty() {
            assert_eq!(urgent(&report), Vec::<String>::new());
        }
    }
}

#[test]
fn an_artifact_reads_rows_where_it_says_that_it_was_tested() {
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    let claims: Vec<(&str, &str)> =
        artifacts.list.iter().flat_map(|a| a.tested_on.iter().map(|part| (part.as_str(), a.id.as_str()))).collect();
    let parts: std::collections::BTreeSet<&str> = claims.iter().map(|(part, _)| *part).collect();
    let mut wrong: Vec<&(&str, &str)> = Vec::new();
    for part in parts {
        let Some(input) = testdata(part) else { continue };
        let report = audit(&input, None).unwrap_or_else(|e| panic!("{part}: {e}")).report;
        let read = |id: &str| report.coverage.iter().any(|c| c.artifact == id && c.rows > 0 && c.tested);
        wrong.extend(claims.iter().filter(|(of, id)| *of == part && !read(id)));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
