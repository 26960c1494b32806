//! The readers on data that nobody of this project wrote, and on noise. The data lies beside the project and is never part of
//! it; without it these tests say so and return.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::sqlite::{Database, Main};
use super::{Error, NAMES, Options, Row, Summary, reader, sniff};

/// The folder of the test data, or `None` with one line that says what was skipped.
pub(super) fn testdata(what: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata");
    let folder = std::env::var_os("VRIJSPOOR_TESTDATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {what} (no test data beside the project)");
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

fn rows(name: &str, bytes: &[u8], record: Option<&str>, header: &[&str]) -> Result<(Vec<Row>, Summary), Error> {
    let options = Options {
        record: record.map(str::to_owned),
        header: header.iter().map(|&cell| cell.to_owned()).collect(),
        ..Options::default()
    };
    let mut out = Vec::new();
    let mut source = bytes;
    let summary = reader(name).unwrap()(&mut source, &options, &mut |row| {
        out.push(row);
        Ok(())
    })?;
    assert_eq!(summary.rows, out.len() as u64);
    Ok((out, summary))
}

/// The text of the bug report inside a zip.
fn bug_report(zip: &Path) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    let largest = (0..archive.len()).max_by_key(|index| archive.by_index(*index).unwrap().size()).unwrap();
    let mut bytes = Vec::new();
    archive.by_index(largest).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The section of a service: from its heading to the line that tells its duration.
fn service<'a>(report: &'a [u8], name: &str) -> &'a [u8] {
    let heading = format!("\nDUMP OF SERVICE {name}:");
    let start = memchr::memmem::find(report, heading.as_bytes()).expect("the service") + heading.len();
    let rest = &report[start..];
    &rest[..memchr::memmem::find(rest, b"was the duration of").unwrap_or(rest.len())]
}

#[test]
fn every_file_is_read_or_refused_in_time() {
    let Some(folder) = testdata("every_file_is_read_or_refused_in_time") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (mut databases, mut failed, mut lists, mut texts) = (0, 0, 0, 0);
    for path in files(&folder) {
        let bytes = fs::read(&path).unwrap();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_owned();
        match sniff(bytes.get(..4096).unwrap_or(&bytes)) {
            Some("sqlite") => {
                let database = Database::open(Main::File(&path), None, scratch.path())
                    .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
                let mut tables = Vec::new();
                assert!(!database.truncated || path.to_string_lossy().contains("truncated"), "{}", path.display());
                database
                    .query("SELECT name FROM sqlite_schema WHERE type = 'table'", &mut |columns| {
                        if let Some((_, rusqlite::types::Value::Text(name))) = columns.into_iter().next() {
                            tables.push(name);
                        }
                        Ok(())
                    })
                    .unwrap();
                for table in tables {
                    if let Err(problem) = database.query(&format!("SELECT * FROM \"{table}\""), &mut |_| Ok(())) {
                        println!("failed: {table} of {} ({problem})", path.display());
                        failed += usize::from(!path.to_string_lossy().contains("truncated"));
                    }
                }
                databases += 1;
            }
            Some("plist") => match rows("plist", &bytes, None, &[]) {
                Ok((found, _)) => {
                    assert_eq!(found.len(), 1);
                    let _ = super::nskeyed::unarchive(&found[0].data.clone().into_value());
                    lists += 1;
                }
                Err(problem) => println!("refused: {} ({problem})", path.display()),
            },
            Some(name) if NAMES.contains(&name) => match rows(name, &bytes, (name == "json").then_some("/*"), &[]) {
                Ok(_) => texts += 1,
                Err(problem) => println!("refused: {} as {name} ({problem})", path.display()),
            },
            _ => {}
        }
        if matches!(extension.as_str(), "json" | "csv" | "html" | "plist" | "txt" | "db") {
            for name in NAMES {
                let _ = rows(name, &bytes, None, &[]);
            }
        }
    }
    assert_eq!(failed, 0);
    println!("read: {databases} databases, {lists} property lists, {texts} text files");
    assert!(databases >= 50 && lists >= 60 && texts >= 100, "{databases} {lists} {texts}");
}

#[test]
fn packages_of_the_pixel_report() {
    let Some(folder) = testdata("packages_of_the_pixel_report") else { return };
    let truth: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("truth/bugreport-clean.json")).unwrap()).unwrap();
    let report = bug_report(&folder.join("composite-bugreport/clean.zip"));
    let (found, summary) = rows("package-dump", service(&report, "package"), None, &[]).unwrap();
    let names = |user: i64| {
        let of_user = found.iter().filter(move |row| row.data["user"] == user && row.data["hidden_system"] == false);
        of_user.map(|row| row.key.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(0).len() as u64, truth["packages"].as_u64().unwrap());
    assert_eq!((names(0) == names(11), summary.skipped), (true, 0));
    let is_system = |row: &Row| row.data["flags"].as_array().unwrap().iter().any(|flag| flag == "SYSTEM");
    let foreign: std::collections::BTreeSet<_> =
        found.iter().filter(|row| !is_system(row)).map(|row| row.key.as_str()).collect();
    let expected: std::collections::BTreeSet<_> =
        truth["non_system"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(foreign, expected);
    let game = found.iter().find(|row| row.key == "com.ngame.allstar.eu").unwrap();
    assert_eq!(game.data["signatures"], serde_json::json!(["56c97246"]));
    assert_eq!(
        (&game.data["main_activity"], &game.data["installer"]),
        (&serde_json::json!(true), &serde_json::Value::Null)
    );
    assert_eq!(game.data["permissions"].as_array().unwrap().len(), 24);
    let phone = found.iter().find(|row| row.key == "com.android.phone").unwrap();
    assert!(
        phone.data["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|permission| permission["name"] == "android.permission.SEND_SMS")
    );
    // The same from the whole report, without cutting.
    assert_eq!(rows("package-dump", &report, None, &[]).unwrap().0.len(), found.len());
    let (settings, _) = rows("properties", service(&report, "settings"), None, &[]).unwrap();
    let adb = settings.iter().find(|row| row.key == "adb_enabled").unwrap();
    assert_eq!(
        (&adb.data["value"], &adb.data["namespace"], &adb.data["user"]),
        (&"1".into(), &"global".into(), &0.into())
    );
    let (history, _) = rows("properties", service(&report, "settings"), Some("/operations"), &[]).unwrap();
    assert!(history.iter().any(|row| row.data["operation"] == "update" && row.data["namespace"] == "secure"));
}

#[test]
fn packages_of_old_and_cut_dumps() {
    let Some(folder) = testdata("packages_of_old_and_cut_dumps") else { return };
    for name in ["aidldeadlock", "deadlock", "hybriddeadlock"] {
        let report = fs::read(folder.join(format!("bugreport-chkbugreport/bugreport_{name}.txt"))).unwrap();
        let (found, _) = rows("package-dump", service(&report, "package"), None, &[]).unwrap();
        assert_eq!(found.len(), 72, "{name}");
        assert!(found.iter().all(|row| row.data["installed"] == true && row.data["user"] == 0));
        let recorder = found.iter().find(|row| row.key == "com.android.soundrecorder").unwrap();
        assert!(
            recorder.data["permissions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|p| p["name"] == "android.permission.RECORD_AUDIO")
        );
        assert!(recorder.data["flags"].as_array().unwrap().iter().any(|flag| flag == "SYSTEM"));
    }
    let dump = fs::read(folder.join("mvt-artifacts/android_data/dumpsys_packages.txt")).unwrap();
    let (found, _) = rows("package-dump", &dump, None, &[]).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].data["shared_user"], "android.uid.system");
    let report = fs::read(folder.join("mvt-artifacts/android_data/bugreport/dumpstate.txt")).unwrap();
    let (found, _) = rows("package-dump", &report, None, &[]).unwrap();
    assert!(found.iter().any(|row| row.key == "com.instagram.android"));
    let (found, _) =
        rows("properties", &fs::read(folder.join("mvt-artifacts/androidqf/getprop.txt")).unwrap(), None, &[]).unwrap();
    assert!(found.iter().any(|row| row.key == "dalvik.vm.appimageformat" && row.data["value"] == "lz4"));
}

#[test]
fn exports_of_accounts() {
    let Some(folder) = testdata("exports_of_accounts") else { return };
    let log = files(&folder.join("takeout-logbook"))
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "csv"))
        .unwrap();
    let (found, _) = rows("csv", &fs::read(log).unwrap(), None, &["activity timestamp", "IP Address"]).unwrap();
    assert_eq!(found.len(), 5);
    assert!(found.iter().any(|row| row.data["Activity Type"] == "Password change" && row.data["Country Code"] == "CH"));
    for name in ["facebook-realstructure", "instagram-realstructure", "facebook-ddp-tracker", "instagram-whatif"] {
        for path in files(&folder.join(name)).into_iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
            // None of these holds mojibake: a repair would be a change of what is right.
            let (found, summary) = rows("json", &fs::read(&path).unwrap(), None, &[]).unwrap();
            assert_eq!((found.len(), summary.skipped, summary.repaired), (1, 0, 0), "{}", path.display());
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]
    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2000), record in "(/[a-z*0~/]{0,6})?") {
        let _ = sniff(&bytes);
        for name in NAMES {
            for record in [None, Some(record.as_str())] {
                let _ = rows(name, &bytes, record, &["a"]);
            }
        }
        let _ = super::protobuf::parse(&bytes);
        let _ = super::nskeyed::parse(&bytes);
    }

    #[test]
    fn noise_of_the_right_letters_never_panics(text in "([\\[\\]{}\",:=<>/a0. \n;\t\\\\-]|<td>|<table>|<li>|Packages:\n|  Package \\[|\\] \\(1\\):\n|    User 0: |flags=\\[|permissions:\n|_id:|name:| value:| default:|<dict>|<key>|</key>|bplist00|é){0,300}") {
        for name in NAMES {
            for record in [None, Some("/*"), Some("/permissions"), Some("/a/*/0")] {
                let _ = rows(name, text.as_bytes(), record, &[]);
            }
        }
    }

    #[test]
    fn damaged_binary_lists_never_panic(places in proptest::collection::vec((0_usize..400, proptest::num::u8::ANY), 1..12)) {
        let value = serde_json::json!({"$archiver": "NSKeyedArchiver", "$top": {"root": "x"}, "$objects": ["$null", {"a": [1, 2.5, "é", {"b": true}]}]});
        let mut bytes = Vec::new();
        plist::to_writer_binary(&mut bytes, &value).unwrap();
        for (place, byte) in places {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        let _ = super::nskeyed::parse(&bytes);
    }
}
