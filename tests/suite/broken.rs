//! Account exports that are broken, locked or no exports at all, as the program itself meets them: the exit code that the README
//! promises, words that say what happened, and never an empty report that looks like "nothing found".

use assert_cmd::Command;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use vrijspoor::report::Report;
use zip::AesMode;
use zip::write::SimpleFileOptions;

const LOG: &str = "Gaia ID,Activity Timestamp,IP Address,Proxiedhost IP Address,Is Non-routable IP Address,Activity Country,Activity Region,Activity City,User Agent String,Product Name,Sub-Product Name,Activity Type,Gmail Access Channel\n1,2026-11-20 22:41:07 UTC,203.0.113.7,,false,NL,,Utrecht,Mozilla/5.0 (Windows NT 10.0),Gmail,,Sign in,WEB\n";
const LOG_NAME: &str = "Takeout/Access Log Activity/Activities - A list of Google services accessed by.csv";
const FILTERS: &str = r#"{"filter": [{"query": "from:(politie.nl)", "forwardTo": "r@example.org"}]}"#;
const FILTERS_NAME: &str = "Takeout/Mail/User Settings/Filters.json";
const PICTURE: &[u8] = &[0xff, 0xd8, 0xff, 0xe0];

/// A place for one input and its reports.
struct Desk {
    place: tempfile::TempDir,
}

/// How an audit ended.
struct Ended {
    code: i32,
    text: String,
    report: Option<Report>,
}

impl Desk {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn audit(&self, inputs: &[PathBuf], more: &[&str]) -> Ended {
        let out = self.path().join("out");
        let _ = fs::remove_dir_all(&out);
        let output = Command::new(env!("CARGO_BIN_EXE_vrijspoor"))
            .arg("audit")
            .args(inputs)
            .args(["--lang", "en", "-o"])
            .arg(&out)
            .args(more)
            .env_remove("VRIJSPOOR_PASSWORD")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
        let report = fs::read(out.join("data/report.json")).ok();
        let report = report.map(|bytes| serde_json::from_slice(&bytes).unwrap());
        Ended { code: output.status.code().unwrap(), text, report }
    }

    /// Refused: code 2, the stable code of the error, words, and no report.
    fn refused(&self, inputs: &[PathBuf], code: &str, says: &str) {
        let ended = self.audit(inputs, &[]);
        assert_eq!(ended.code, 2, "{}", ended.text);
        assert!(ended.text.contains(&format!("[{code}]")) && ended.text.contains(says), "{}", ended.text);
        assert!(ended.report.is_none() && !self.path().join("out").exists(), "a refused audit leaves nothing");
    }

    /// Read in part: code 0, code 3 under `--strict`, and the gap is in the report.
    fn gap(&self, inputs: &[PathBuf], kind: &str, says: &str) -> Report {
        let strict = self.audit(inputs, &["--strict"]);
        assert_eq!(strict.code, 3, "{}", strict.text);
        let ended = self.audit(inputs, &[]);
        assert_eq!(ended.code, 0, "{}", ended.text);
        let report = ended.report.unwrap();
        let here: Vec<String> =
            report.gaps.iter().map(|g| format!("{}: {} {}", g.kind, g.artifact, g.detail)).collect();
        assert!(here.iter().any(|g| g.starts_with(&format!("{kind}: ")) && g.contains(says)), "{here:#?}");
        // What could not be read is no answer.
        assert!(report.outcomes.iter().any(|o| o.outcome == "not-evaluated"));
        report
    }
}

fn pack(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    pack(files, SimpleFileOptions::default())
}

fn outcome<'a>(report: &'a Report, artifact: &str) -> &'a str {
    report.coverage.iter().find(|c| c.artifact == artifact).map_or("", |c| &c.outcome)
}

#[test]
fn what_holds_no_export_is_refused() {
    let desk = Desk::new();
    let empty = desk.path().join("leeg");
    fs::create_dir(&empty).unwrap();
    desk.refused(&[empty], "not-recognised", "leeg");
    for n in 0..3 {
        desk.put(&format!("fotos/IMG_{n}.jpg"), PICTURE);
    }
    desk.refused(&[desk.path().join("in/fotos")], "not-recognised", "fotos");
    desk.refused(&[desk.put("fotos.zip", &archive(&[("IMG_1.jpg", PICTURE)]))], "not-recognised", "fotos.zip");
    desk.refused(&[desk.put("niets.zip", b"")], "no-data", "niets.zip");
}

#[test]
fn a_cut_archive_is_refused_and_said_to_be_cut() {
    let desk = Desk::new();
    let whole = archive(&[(LOG_NAME, LOG.as_bytes()), (FILTERS_NAME, FILTERS.as_bytes())]);
    for part in [whole.len() - 30, whole.len() / 2, 40] {
        desk.refused(&[desk.put("takeout-cut.zip", &whole[..part])], "damaged", "cut off");
    }
}

#[test]
fn a_locked_archive_asks_for_a_password_and_refuses_a_wrong_one() {
    let files: [(&str, &[u8]); 2] = [(LOG_NAME, LOG.as_bytes()), (FILTERS_NAME, FILTERS.as_bytes())];
    let desk = Desk::new();
    let options = SimpleFileOptions::default();
    let aes = desk.put("takeout.zip", &pack(&files, options.with_aes_encryption(AesMode::Aes256, "geheim")));
    desk.refused(std::slice::from_ref(&aes), "password-needed", "takeout.zip");
    let wrong = desk.put("fout.txt", b"verkeerd\n");
    let ended = desk.audit(std::slice::from_ref(&aes), &["--password-file", &wrong.to_string_lossy()]);
    assert!(ended.code == 2 && ended.text.contains("[password-wrong]") && ended.report.is_none(), "{}", ended.text);
    let right = desk.put("goed.txt", b"verkeerd\ngeheim\n");
    let ended = desk.audit(&[aes], &["--password-file", &right.to_string_lossy()]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert_eq!(outcome(&ended.report.unwrap(), "google.access-log"), "read");
}

#[test]
fn a_part_that_is_not_there_is_named() {
    let desk = Desk::new();
    let name = |n: u8| format!("takeout-20261124T060000Z-1-{n:03}.zip");
    let parts = [
        desk.put(&name(1), &archive(&[(LOG_NAME, LOG.as_bytes())])),
        desk.put(&name(3), &archive(&[(FILTERS_NAME, FILTERS.as_bytes())])),
    ];
    let report = desk.gap(&parts, "part-missing", "takeout-20261124T060000Z-1: 002");
    assert_eq!((outcome(&report, "google.access-log"), outcome(&report, "google.mail-filters")), ("read", "read"));
}

#[test]
fn a_page_that_breaks_off_is_said() {
    let desk = Desk::new();
    let page = r#"<html><head><title>Where you're logged in</title></head><body><div class="_a706" role="main"><div class="_3-95 _a6-g"><h2 class="_a6-h">Windows</h2><div class="_a6-p"><table><tr><td class="_2pin _a6_q">IP address</td><td class="_2pin _a6_r">203.0.113.7</td></tr><tr><td class="_2pin _a6_q">Created</td><td class="_2pin _a6_r">Nov 20, 2026 10:4"#;
    desk.put("facebook-noor/security_and_login_information/where_you're_logged_in.html", page.as_bytes());
    let input = [desk.path().join("in/facebook-noor")];
    let report = desk.gap(&input, "records-skipped", "where_you're_logged_in.html: the page breaks off");
    assert_eq!(outcome(&report, "facebook.pages"), "read");
    // Cut before the first record, nothing is known: that is not the same as an empty list.
    let head = &page[..page.find("<table").unwrap()];
    desk.put("facebook-noor/security_and_login_information/where_you're_logged_in.html", head.as_bytes());
    let report = desk.gap(&input, "records-skipped", "the page breaks off");
    assert_eq!(outcome(&report, "facebook.pages"), "failed");
}

#[test]
fn cells_with_nul_bytes_and_deep_json_cost_no_more_than_themselves() {
    let desk = Desk::new();
    let dirty = LOG.replace("Utrecht", "Utr\0echt") + "2,\0\0\0,\0,,,,,,,,,,\n";
    let deep = format!("{{\"filter\": [{}1{}]}}", "[".repeat(64), "]".repeat(64));
    let export = desk.put("takeout.zip", &archive(&[(LOG_NAME, dirty.as_bytes()), (FILTERS_NAME, deep.as_bytes())]));
    let ended = desk.audit(&[export], &[]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    let report = ended.report.unwrap();
    assert_eq!(outcome(&report, "google.access-log"), "read");
    assert_eq!(report.sessions.len(), 2);
    assert!(report.gaps.iter().any(|g| g.kind == "time-unreadable" && g.artifact == "google.access-log"));
    // Sixty-four levels are read; what is in them is no filter.
    assert_eq!(outcome(&report, "google.mail-filters"), "empty");
    // Deeper than any parser goes: counted as a record that was passed over.
    let abyss = format!("{{\"filter\": [{}1{}]}}", "[".repeat(100_000), "]".repeat(100_000));
    let export = desk.put("diep.zip", &archive(&[(LOG_NAME, LOG.as_bytes()), (FILTERS_NAME, abyss.as_bytes())]));
    let report = desk.gap(&[export], "records-skipped", "Filters.json");
    assert_eq!((outcome(&report, "google.access-log"), outcome(&report, "google.mail-filters")), ("read", "failed"));
}

#[test]
fn a_bomb_is_a_gap() {
    let desk = Desk::new();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file(FILTERS_NAME, options).unwrap();
    zip.write_all(FILTERS.as_bytes()).unwrap();
    zip.start_file(LOG_NAME, options).unwrap();
    zip.write_all(LOG.as_bytes()).unwrap();
    let block = vec![b'0'; 1 << 20];
    for _ in 0..300 {
        zip.write_all(&block).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < 1 << 20);
    let report = desk.gap(&[desk.put("takeout.zip", &bytes)], "stream-damaged", LOG_NAME);
    assert_eq!((outcome(&report, "google.access-log"), outcome(&report, "google.mail-filters")), ("failed", "read"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_what_is_shut_is_said() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let desk = Desk::new();
    desk.put(&format!("export/{LOG_NAME}"), LOG.as_bytes());
    let export = desk.path().join("in/export");
    symlink("..", export.join("Takeout/rond")).unwrap();
    symlink("rond2", export.join("rond2")).unwrap();
    let ended = desk.audit(std::slice::from_ref(&export), &[]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    let report = ended.report.unwrap();
    assert_eq!(report.sessions.len(), 1, "a loop of links does not make copies");
    for link in ["export/Takeout/rond", "export/rond2"] {
        assert!(report.gaps.iter().any(|g| g.kind == "bytes-missing" && g.source == link && g.detail == "link"));
    }

    let shut = desk.put(&format!("export/{FILTERS_NAME}"), FILTERS.as_bytes());
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    // An administrator reads everything.
    if fs::read(&shut).is_err() {
        desk.gap(std::slice::from_ref(&export), "bytes-missing", "Filters.json");
    }
}
