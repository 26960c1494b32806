//! Tests of opening iPhone backups: invented ones of every kind, and the composites beside the project.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use plist::Value;

use super::listing::file_id;
use super::mbfile::tests::archive;
use super::*;
use crate::evidence::cbc::tests::encrypt;
use crate::evidence::hash::HashingReader;
use crate::evidence::keybag::tests::{PASSWORD, hex, vector};
use crate::evidence::tests::{context, find, read, remark, testdata};
use crate::evidence::{Folder, Password, Tar, scratch};

const CONTENT: &[(&str, &str, &[u8])] = &[
    ("HomeDomain", "Library/SMS/sms.db", b"0123456789abcdef"),
    ("HomeDomain", "Library/a", b"hello"),
    ("CameraRollDomain", "empty", b""),
    ("AppDomain-org.example", "", b"root of the domain"),
];

/// Wrapped keys of the published vector: of files a0..bf, of the manifest c0..df.
const FILE_KEY: &str = "030000001e4b8c6dfafc5e7d8cdced03acccb50e619f1563362cfae621e45919be87390efc109207e6841df9";
const MANIFEST_KEY: &str = "04000000cba7f4623b907e8acbee9e36a79341b65e7650098e66c140a57e576fcf7cc386c92bd8532468a45a";

fn counting(from: u8) -> [u8; 32] {
    std::array::from_fn(|i| from + u8::try_from(i).unwrap())
}

fn write_list(path: &Path, members: &[(&str, Value)]) {
    let members: Dictionary = members.iter().map(|(key, value)| ((*key).to_string(), value.clone())).collect();
    Value::Dictionary(members).to_file_binary(path).unwrap();
}

/// A small backup on disk, plain or encrypted with the keybag of the published vector.
pub fn build(root: &Path, encrypted: bool) {
    std::fs::create_dir_all(root).unwrap();
    write_list(&root.join("Info.plist"), &[("Device Name", "Test".into())]);
    write_list(&root.join("Status.plist"), &[("SnapshotState", "finished".into())]);
    let mut list = vec![("IsEncrypted", encrypted.into()), ("BackupKeyBag", Value::Data(vector()))];
    if encrypted {
        list.push(("ManifestKey", Value::Data(hex(MANIFEST_KEY))));
    }
    write_list(&root.join("Manifest.plist"), &list);
    let database = root.join("Manifest.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE Files(fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)",
        )
        .unwrap();
    let insert = |id: &str, domain: &str, path: &str, flags: i64, blob: &[u8]| {
        connection.execute("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", (id, domain, path, flags, blob)).unwrap();
    };
    for (domain, path, content) in CONTENT {
        let id = file_id(domain, path);
        let mut record = vec![
            ("Size", (content.len() as u64).into()),
            ("LastModified", 1_700_000_000.into()),
            ("Birth", 1_600_000_000.into()),
            ("ProtectionClass", 3.into()),
        ];
        if encrypted {
            record.push(("EncryptionKey", Value::Data(hex(FILE_KEY))));
        }
        insert(&id, domain, path, 1, &archive(&record, vec![]));
        std::fs::create_dir_all(root.join(&id[..2])).unwrap();
        let stored = if encrypted { encrypt(&counting(0xa0), &[0; 16], content, true) } else { content.to_vec() };
        std::fs::write(root.join(&id[..2]).join(&id), stored).unwrap();
    }
    insert(&file_id("HomeDomain", "Library"), "HomeDomain", "Library", 2, &archive(&[], vec![]));
    insert(&file_id("HomeDomain", "link"), "HomeDomain", "link", 4, &archive(&[], vec![]));
    connection.close().unwrap();
    if encrypted {
        let plain = std::fs::read(&database).unwrap();
        std::fs::write(&database, encrypt(&counting(0xc0), &[0; 16], &plain, true)).unwrap();
    }
}

fn open_at(root: &Path, passwords: &[&str], locked_ok: bool) -> Result<IosBackup, Error> {
    let (_scratch, ctx) = context(passwords);
    let parent = Arc::new(Folder::open(root, &ctx)?);
    let backup = open(parent, "", &ctx, locked_ok);
    // The manifest's plaintext is gone as soon as its rows are read.
    assert_eq!(std::fs::read_dir(&ctx.scratch).unwrap().count(), 0);
    backup
}

fn check(backup: &IosBackup, encrypted: bool) {
    assert!(backup.entries().is_sorted_by_key(|entry| &entry.path));
    for (domain, path, content) in CONTENT {
        let path = format!("{domain}::{path}");
        assert_eq!(read(backup, &path), *content, "{path}");
        let entry = &backup.entries()[find(backup, &path)];
        let times = (entry.modified, entry.created);
        assert_eq!((entry.encrypted, times), (encrypted, (Some(1_700_000_000), Some(1_600_000_000))));
        assert_eq!((entry.size, entry.unreadable.as_deref()), (content.len() as u64, None));
    }
    let link = find(backup, "HomeDomain::link");
    assert_eq!(backup.entries()[link].unreadable.as_deref(), Some("link"));
    assert!(read(backup, "Manifest.db").starts_with(SQLITE));
    assert_eq!(read(backup, "Manifest.db").len() as u64, backup.entries()[find(backup, "Manifest.db")].size);
    assert_eq!(backup.entries().len(), CONTENT.len() + 5);
    assert!(backup.found_while_reading().is_empty());
}

struct Case {
    _scratch: scratch::Scratch,
    root: PathBuf,
}

fn case(encrypted: bool) -> Case {
    let (scratch, _) = context(&[]);
    let root = scratch.path().join("backup");
    build(&root, encrypted);
    Case { _scratch: scratch, root }
}

fn blob(root: &Path, path: &str) -> PathBuf {
    let id = file_id("HomeDomain", path);
    root.join(&id[..2]).join(id)
}

#[test]
fn plain_and_encrypted_backups_read_alike() {
    for encrypted in [false, true] {
        let case = case(encrypted);
        let backup = open_at(&case.root, &["wrong", PASSWORD], false).unwrap();
        check(&backup, encrypted);
        assert!(backup.remarks().is_empty(), "{:?}", backup.remarks());
        let file = backup.file(find(&backup, "HomeDomain::Library/a"));
        assert_eq!(file, (!encrypted).then(|| blob(&case.root, "Library/a")));
        let entry = &backup.entries()[find(&backup, "HomeDomain::Library/SMS/sms.db")];
        assert_eq!(entry.stored.as_deref(), Some("3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28"));
        assert!(backup.file(find(&backup, "Info.plist")).is_some());
    }
}

#[test]
fn any_container_will_do() {
    for encrypted in [false, true] {
        let case = case(encrypted);
        let (_scratch, ctx) = context(&[PASSWORD]);
        let folder = Folder::open(&case.root, &ctx).unwrap();
        let files: Vec<(String, Vec<u8>)> = folder
            .entries()
            .iter()
            .map(|entry| (format!("deep/in/{}", entry.path), read(&folder, &entry.path)))
            .collect();
        let borrowed: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let zip = super::super::zip::tests::pack(&borrowed, ::zip::write::SimpleFileOptions::default());
        let zip = super::super::zip::open(Source::memory(zip), "b.zip", &ctx).unwrap();
        assert_eq!(find_roots(&zip), ["deep/in/"]);
        check(&open(Arc::new(zip), "deep/in/", &ctx, false).unwrap(), encrypted);
        let mut tar: Vec<u8> = borrowed
            .iter()
            .flat_map(|(name, bytes)| super::super::tar::tests::member(name.as_bytes(), b'0', bytes))
            .collect();
        tar.extend(super::super::tar::tests::end());
        let tar = Tar::open_gzip(Source::memory(super::super::tar::tests::gzip(&tar)), "b.tgz", &ctx).unwrap();
        let backup = open(Arc::new(tar), "deep/in/", &ctx, false).unwrap();
        backup.prepare(&(0..backup.entries().len()).collect::<Vec<_>>()).unwrap();
        check(&backup, encrypted);
        assert_eq!(backup.entries()[find(&backup, "Info.plist")].stored.as_deref(), Some("deep/in/Info.plist"));
    }
}

#[test]
fn without_its_password_a_backup_opens_locked_or_not_at_all() {
    let case = case(true);
    for (passwords, code) in [(&[][..], "password-needed"), (&["wrong"][..], "password-wrong")] {
        assert_eq!(open_at(&case.root, passwords, false).unwrap_err().code(), code);
        let locked = open_at(&case.root, passwords, true).unwrap();
        let names: Vec<_> = locked.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, ["Info.plist", "Manifest.plist", "Status.plist"]);
        let remark = locked.remarks().iter().find(|remark| remark.code == "locked").unwrap();
        assert_eq!(remark.detail, code);
        assert!(read(&locked, "Info.plist").starts_with(b"bplist00"));
    }
}

#[test]
fn the_size_in_the_record_is_a_claim() {
    let case = case(true);
    // Longer than claimed: every byte counts. Padding that is none: every byte is given, and it is told.
    std::fs::write(blob(&case.root, "Library/a"), encrypt(&counting(0xa0), &[0; 16], &[7; 40], true)).unwrap();
    std::fs::write(blob(&case.root, "Library/SMS/sms.db"), encrypt(&counting(0xa0), &[0; 16], &[0xAA; 32], false))
        .unwrap();
    let backup = open_at(&case.root, &[PASSWORD], false).unwrap();
    assert_eq!(read(&backup, "HomeDomain::Library/a"), [7; 40]);
    assert!(backup.found_while_reading().is_empty());
    assert_eq!(read(&backup, "HomeDomain::Library/SMS/sms.db"), [0xAA; 32]);
    let found = backup.found_while_reading();
    assert_eq!(
        (found[0].code, found[0].detail.as_str(), found[0].count),
        ("padding-invalid", "HomeDomain::Library/SMS/sms.db", 1)
    );
}

#[test]
fn what_the_copy_lacks_is_told() {
    for encrypted in [false, true] {
        let case = case(encrypted);
        std::fs::remove_file(blob(&case.root, "Library/SMS/sms.db")).unwrap();
        std::fs::write(blob(&case.root, "Library/a"), b"hel").unwrap();
        std::fs::write(case.root.join("3d").join("3d".repeat(20)), b"other").unwrap();
        std::fs::remove_file(case.root.join("Status.plist")).unwrap();
        std::fs::create_dir(case.root.join("Snapshot")).unwrap();
        std::fs::write(case.root.join("Snapshot/x"), b"").unwrap();
        let backup = open_at(&case.root, &[PASSWORD], false).unwrap();
        for code in ["payload-missing", "payload-cut", "payload-unlisted", "status-missing", "snapshot-present"] {
            assert_eq!(remark(&backup, code), 1, "{code}");
        }
        let missing = find(&backup, "HomeDomain::Library/SMS/sms.db");
        assert!(matches!(backup.open(missing), Err(Error::Missing { .. })));
        let cut = find(&backup, "HomeDomain::Library/a");
        if encrypted {
            assert!(matches!(backup.open(cut), Err(Error::Damaged { .. })));
        } else {
            assert_eq!(backup.entries()[cut].unreadable.as_deref(), Some("cut-short"));
            assert_eq!(read(&backup, "HomeDomain::Library/a"), b"hel");
        }
        write_list(&case.root.join("Status.plist"), &[("SnapshotState", "uploading".into())]);
        assert_eq!(remark(&open_at(&case.root, &[PASSWORD], false).unwrap(), "backup-unfinished"), 1);
    }
}

#[test]
fn one_bad_row_never_loses_the_rest() {
    let case = case(false);
    let connection = rusqlite::Connection::open(case.root.join("Manifest.db")).unwrap();
    connection.execute_batch("INSERT INTO Files VALUES ('../../etc/passwd', 'HomeDomain', 'x', 1, NULL), (NULL, NULL, NULL, NULL, NULL), (7, 'a', 'b', 1, x'00'), ('0000000000000000000000000000000000000000', 'D', 'moved', 16, x'62706c6973743030')").unwrap();
    connection.close().unwrap();
    let backup = open_at(&case.root, &[], false).unwrap();
    assert_eq!((remark(&backup, "manifest-rows-damaged"), remark(&backup, "file-id-mismatch")), (4, 1));
    assert_eq!(read(&backup, "HomeDomain::Library/a"), b"hello");
    assert!(backup.entries().iter().any(|entry| entry.path == "D::moved"));
}

#[test]
fn a_write_ahead_log_beside_the_manifest_counts() {
    let case = case(false);
    let database = case.root.join("Manifest.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;").unwrap();
    connection.execute("DELETE FROM Files WHERE relativePath = 'empty'", []).unwrap();
    // A copy taken while the log is still there, as a copying program would.
    let (scratch, _) = context(&[]);
    let copy = scratch.path().join("copy");
    build(&copy, false);
    for name in ["Manifest.db", "Manifest.db-wal"] {
        std::fs::copy(case.root.join(name), copy.join(name)).unwrap();
    }
    let before =
        (std::fs::read(copy.join("Manifest.db")).unwrap(), std::fs::read(copy.join("Manifest.db-wal")).unwrap());
    let backup = open_at(&copy, &[], false).unwrap();
    assert!(backup.entries().iter().all(|entry| entry.path != "CameraRollDomain::empty"));
    assert_eq!(remark(&backup, "payload-unlisted"), 1);
    let after =
        (std::fs::read(copy.join("Manifest.db")).unwrap(), std::fs::read(copy.join("Manifest.db-wal")).unwrap());
    assert!(before == after && !copy.join("Manifest.db-shm").exists());
    std::fs::write(copy.join("Manifest.db-wal"), b"something else").unwrap();
    assert_eq!(remark(&open_at(&copy, &[], false).unwrap(), "manifest-log-ignored"), 1);
}

#[test]
fn contradictions_and_lost_keys_are_told_apart() {
    let lists = |encrypted: bool, key: bool| {
        let mut list = vec![("IsEncrypted", Value::Boolean(encrypted)), ("BackupKeyBag", Value::Data(vector()))];
        if key {
            list.push(("ManifestKey", Value::Data(hex(MANIFEST_KEY))));
        }
        list
    };
    // iOS 10.0 and 10.1: plain manifest, encrypted files.
    let sealed = case(true);
    let manifest = sealed.root.join("Manifest.plist");
    let plain = encrypt_back(&sealed.root);
    let whole = std::fs::read(sealed.root.join("Manifest.db")).unwrap();
    std::fs::write(sealed.root.join("Manifest.db"), &plain).unwrap();
    write_list(&manifest, &lists(true, false));
    let backup = open_at(&sealed.root, &[PASSWORD], false).unwrap();
    assert!(backup.remarks().is_empty());
    assert_eq!(read(&backup, "HomeDomain::Library/a"), b"hello");
    // The same with a ManifestKey contradicts itself, and is read.
    write_list(&manifest, &lists(true, true));
    assert_eq!(remark(&open_at(&sealed.root, &[PASSWORD], false).unwrap(), "encryption-contradicts"), 1);
    // Without Manifest.plist the names are there and the files stay shut.
    std::fs::remove_file(&manifest).unwrap();
    let backup = open_at(&sealed.root, &[PASSWORD], false).unwrap();
    assert_eq!((remark(&backup, "manifest-plist-missing"), remark(&backup, "payload-closed")), (1, 4));
    assert!(backup.open(find(&backup, "HomeDomain::Library/a")).is_err());
    // An unpadded manifest opens as well.
    std::fs::write(sealed.root.join("Manifest.db"), encrypt(&counting(0xc0), &[0; 16], &plain, false)).unwrap();
    write_list(&manifest, &lists(true, true));
    check(&open_at(&sealed.root, &[PASSWORD], false).unwrap(), true);
    // IsEncrypted false, but it is.
    std::fs::write(sealed.root.join("Manifest.db"), whole).unwrap();
    write_list(&manifest, &lists(false, true));
    let backup = open_at(&sealed.root, &[PASSWORD], false).unwrap();
    assert_eq!(remark(&backup, "encryption-contradicts"), 1);
    check(&backup, true);
    for (list, text) in [(lists(true, false), "ManifestKey"), (vec![("IsEncrypted", true.into())], "ManifestKey")] {
        write_list(&manifest, &list);
        let error = open_at(&sealed.root, &[PASSWORD], true).unwrap_err();
        assert!(error.code() == "damaged" && error.to_string().contains(text), "{error}");
    }
    std::fs::write(&manifest, b"garbage").unwrap();
    assert!(open_at(&sealed.root, &[PASSWORD], true).unwrap_err().to_string().contains("Manifest.plist"));
    std::fs::write(sealed.root.join("Manifest.db"), b"").unwrap();
    assert_eq!(open_at(&sealed.root, &[], true).unwrap_err().code(), "damaged");
    std::fs::remove_file(sealed.root.join("Manifest.db")).unwrap();
    assert!(open_at(&sealed.root, &[], true).unwrap_err().to_string().contains("missing"));
}

/// The plain bytes of the manifest.
fn encrypt_back(root: &Path) -> Vec<u8> {
    read(&open_at(root, &[PASSWORD], false).unwrap(), "Manifest.db")
}

#[test]
fn roots_are_found_at_any_depth() {
    struct Names(Vec<Entry>);
    impl Container for Names {
        fn kind(&self) -> Kind {
            Kind::Zip
        }
        fn entries(&self) -> &[Entry] {
            &self.0
        }
        fn open(&self, _: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
            Err(Error::Cancelled)
        }
    }
    let roots = |paths: &[&str]| {
        find_roots(&Names(paths.iter().map(|path| Entry { path: (*path).to_string(), ..Entry::default() }).collect()))
    };
    let id = "3d0d7e5fb2ce288813306e4d4636395e047a3d28";
    assert_eq!(roots(&["Manifest.db", "Info.plist"]), [""]);
    assert_eq!(
        roots(&["a/b/Manifest.mbdb", "a/b/Status.plist", "c/Manifest.db", &format!("c/3d/{id}")]),
        ["a/b/", "c/"]
    );
    assert_eq!(roots(&[&format!("c/3d/{id}"), "c/Info.plist"]), ["c/"]);
    assert_eq!(roots(&["x/Manifest.db", "x/Info.plist", "x/Snapshot/Manifest.db", "x/Snapshot/Status.plist"]), ["x/"]);
    assert!(roots(&["Manifest.db", "x/Info.plist", &format!("ab/{id}"), "Info.plist.txt", "\u{e9}\u{e9}"]).is_empty());
}

#[test]
fn third_party_backups_open_and_equal_their_truth() {
    let Some(folder) = testdata("composite-ios") else { return };
    for name in ["ios-A-plain", "ios-A-enc", "ios-B-plain", "ios-B-enc"] {
        let truth = std::fs::read(testdata(&format!("truth/{name}.json")).unwrap()).unwrap();
        let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
        let password = truth["password"].as_str().unwrap_or("none set");
        let backup = open_at(&folder.join(name), &["wrong", password], false).unwrap();
        let codes: Vec<_> = backup.remarks().iter().filter(|remark| remark.code != "payload-missing").collect();
        assert!(codes.is_empty(), "{name}: {codes:?}");
        let files = truth["files"].as_array().unwrap();
        assert!(!files.is_empty());
        for file in files {
            let path = format!("{}::{}", file["domain"].as_str().unwrap(), file["path"].as_str().unwrap());
            let index = find(&backup, &path);
            let (sha256, size) = HashingReader::new(backup.open(index).unwrap()).finish_all().unwrap();
            assert_eq!(
                (sha256.as_str(), Some(size)),
                (file["sha256"].as_str().unwrap(), file["size"].as_u64()),
                "{name} {path}"
            );
            assert_eq!(backup.file(index).is_some(), name.ends_with("plain"));
        }
        assert!(backup.found_while_reading().is_empty());
        if name.ends_with("enc") {
            assert_eq!(open_at(&folder.join(name), &["wrong"], false).unwrap_err().code(), "password-wrong");
            assert_eq!(open_at(&folder.join(name), &[], false).unwrap_err().code(), "password-needed");
            assert_eq!(remark(&open_at(&folder.join(name), &[], true).unwrap(), "locked"), 1);
        }
    }
}

#[test]
fn third_party_damage_is_told_apart() {
    let Some(folder) = testdata("composite-ios") else { return };
    let get = |name: &str| open_at(&folder.join(name), &["mvt-test-1"], false);
    let tcc = "HomeDomain::Library/TCC/TCC.db";
    let backup = get("ios-A-bad-enc-blob-cut-mid-block").unwrap();
    assert_eq!(remark(&backup, "payload-cut"), 1);
    assert!(matches!(backup.open(find(&backup, tcc)), Err(Error::Damaged { .. })));
    let backup = get("ios-A-bad-truncated-blob").unwrap();
    let entry = &backup.entries()[find(&backup, tcc)];
    assert_eq!((remark(&backup, "payload-cut"), entry.unreadable.as_deref()), (1, Some("cut-short")));
    assert!((read(&backup, tcc).len() as u64) < entry.size);
    let error = get("ios-A-bad-no-ManifestKey").unwrap_err();
    assert!(error.code() == "damaged" && error.to_string().contains("ManifestKey"), "{error}");
    let backup = get("ios-A-bad-no-Manifest.plist").unwrap();
    assert_eq!(remark(&backup, "manifest-plist-missing"), 1);
    assert!(!read(&backup, tcc).is_empty());
    match get("ios-A-bad-truncated-manifest") {
        Ok(backup) => {
            assert_eq!(remark(&backup, "manifest-cut"), 1, "{:?} {}", backup.remarks(), backup.entries().len());
        }
        Err(error) => assert_eq!(error.code(), "damaged", "{error}"),
    }
    let backup = get("legacy-backup").unwrap();
    assert_eq!(read(&backup, "HomeDomain::Library/SMS/sms.db"), b"sms");
    assert_eq!(read(&backup, "HomeDomain::Library/AddressBook/AddressBook.sqlitedb"), b"contacts");
}

#[test]
fn mutated_manifests_never_panic() {
    let case = case(false);
    let whole = std::fs::read(case.root.join("Manifest.db")).unwrap();
    let mut seed = 12345u64;
    for round in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=round % 7 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[at] = seed.to_be_bytes()[1];
        }
        if round % 3 == 0 {
            let length = usize::try_from(seed >> 20).unwrap() % bytes.len();
            bytes.truncate(length);
        }
        std::fs::write(case.root.join("Manifest.db"), bytes).unwrap();
        let (_scratch, ctx) = context(&[]);
        let parent = Arc::new(Folder::open(&case.root, &ctx).unwrap());
        if let Ok(backup) = open(parent, "", &Context { passwords: vec![Password::new(String::new())], ..ctx }, true) {
            for entry in 0..backup.entries().len() {
                if let Ok(mut stream) = backup.open(entry) {
                    let _ = std::io::copy(&mut stream, &mut std::io::sink());
                }
            }
        }
    }
}
