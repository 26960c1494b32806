//! Tests of the reader beside this file.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::*;

/// Names and content of a folder, to see that nothing changed.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

fn numbers(database: &Database, sql: &str) -> Result<Vec<i64>, Error> {
    let mut out = Vec::new();
    database.query(sql, &mut |columns| {
        if let Some((_, Value::Integer(number))) = columns.first() {
            out.push(*number);
        }
        Ok(())
    })?;
    Ok(out)
}

fn count(database: &Database) -> i64 {
    numbers(database, "SELECT count(*) FROM message").unwrap()[0]
}

/// A database with 100 rows in the main file, 50 committed in the log and frames of an uncommitted transaction behind them.
fn with_log(folder: &Path, page_size: u32) -> (PathBuf, PathBuf) {
    let live = folder.join("live.db");
    let connection = Connection::open(&live).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA page_size={page_size}; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=5; PRAGMA cache_spill=5;
             CREATE TABLE message(id INTEGER PRIMARY KEY, text TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100) INSERT INTO message SELECT i, hex(zeroblob(300)) FROM n;
             PRAGMA wal_checkpoint(TRUNCATE);
             WITH RECURSIVE n(i) AS (SELECT 101 UNION ALL SELECT i+1 FROM n WHERE i<150) INSERT INTO message SELECT i, hex(zeroblob(300)) FROM n;
             BEGIN;
             WITH RECURSIVE n(i) AS (SELECT 151 UNION ALL SELECT i+1 FROM n WHERE i<4000) INSERT INTO message SELECT i, hex(zeroblob(300)) FROM n;"
        ))
        .unwrap();
    let evidence = folder.join("evidence");
    fs::create_dir(&evidence).unwrap();
    let (main, log) = (evidence.join("sms.db"), evidence.join("sms.db-wal"));
    fs::copy(&live, &main).unwrap();
    fs::copy(folder.join("live.db-wal"), &log).unwrap();
    drop(connection);
    (main, log)
}

#[test]
fn committed_frames_count_and_uncommitted_do_not() {
    for page_size in [512, 4096, 65536] {
        let folder = tempfile::tempdir().unwrap();
        let (main, log) = with_log(folder.path(), page_size);
        let before = listing(main.parent().unwrap());
        let database =
            Database::open(Main::File(&main), Some(&mut fs::File::open(&log).unwrap()), folder.path()).unwrap();
        assert_eq!(count(&database), 150);
        assert!(database.wal.applied > 0 && database.wal.ignored > 0 && !database.truncated, "{:?}", database.wal);
        let mut stream = fs::File::open(&main).unwrap();
        let streamed =
            Database::open(Main::Stream(&mut stream), Some(&mut fs::File::open(&log).unwrap()), folder.path()).unwrap();
        assert_eq!(count(&streamed), 150);
        let alone = Database::open(Main::File(&main), None, folder.path()).unwrap();
        assert_eq!((count(&alone), alone.wal.present), (100, false));
        let empty = Database::open(Main::File(&main), Some(&mut std::io::empty()), folder.path()).unwrap();
        assert_eq!(count(&empty), 100);
        drop((database, streamed, alone, empty));
        assert_eq!(listing(main.parent().unwrap()), before);
    }
}

#[test]
fn foreign_salts_and_damage_end_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (main, log) = with_log(folder.path(), 4096);
    let whole = fs::read(&log).unwrap();
    let open = |bytes: &[u8]| {
        let mut log = bytes;
        Database::open(Main::File(&main), Some(&mut log), folder.path()).unwrap()
    };
    let mut foreign = whole.clone();
    foreign[32 + 8] ^= 0x55;
    let database = open(&foreign);
    assert_eq!((count(&database), database.wal.applied), (100, 0));
    assert!(database.wal.ignored > 0 && database.wal.present);
    let mut damaged = whole.clone();
    damaged[32 + 24 + 2000] ^= 1;
    assert_eq!(open(&damaged).wal.applied, 0);
    let database = open(b"this is no log at all, but it is long enough");
    assert_eq!((count(&database), database.wal.problem.is_some()), (100, true));
    assert_eq!(count(&open(&whole[..whole.len() - 7])), 150);
    // The same log with checksums over big-endian words, as phones of another byte order write them.
    let mut big = whole.clone();
    big[..4].copy_from_slice(&0x377F_0683_u32.to_be_bytes());
    let mut sums = (0_u32, 0_u32);
    let add = |sums: &mut (u32, u32), bytes: &[u8]| {
        for pair in bytes.chunks_exact(8) {
            sums.0 = sums.0.wrapping_add(u32::from_be_bytes(pair[..4].try_into().unwrap())).wrapping_add(sums.1);
            sums.1 = sums.1.wrapping_add(u32::from_be_bytes(pair[4..].try_into().unwrap())).wrapping_add(sums.0);
        }
    };
    add(&mut sums, &big[..24]);
    big[24..28].copy_from_slice(&sums.0.to_be_bytes());
    big[28..32].copy_from_slice(&sums.1.to_be_bytes());
    for frame in big[32..].chunks_exact_mut(24 + 4096) {
        add(&mut sums, &frame[..8]);
        add(&mut sums, &frame[24..]);
        frame[16..20].copy_from_slice(&sums.0.to_be_bytes());
        frame[20..24].copy_from_slice(&sums.1.to_be_bytes());
    }
    assert_eq!(count(&open(&big)), 150);
}

#[test]
fn a_log_of_another_database_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let (main, _) = with_log(folder.path(), 4096);
    let other = tempfile::tempdir().unwrap();
    let (_, log) = with_log(other.path(), 512);
    let database = Database::open(Main::File(&main), Some(&mut fs::File::open(&log).unwrap()), folder.path()).unwrap();
    assert_eq!((count(&database), database.wal.applied, database.wal.problem.is_some()), (100, 0, true));
}

#[test]
fn a_database_may_live_in_its_log_alone() {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live.db");
    let connection = Connection::open(&live).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE message(id); INSERT INTO message VALUES (1),(2);")
        .unwrap();
    let log = fs::read(folder.path().join("live.db-wal")).unwrap();
    let database = Database::open(Main::Stream(&mut std::io::empty()), Some(&mut &log[..]), folder.path()).unwrap();
    assert_eq!(count(&database), 2);
}

#[test]
fn large_databases_go_to_scratch_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("big.db");
    let connection = Connection::open(&main).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=OFF; CREATE TABLE message(id INTEGER PRIMARY KEY, body BLOB);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<40) INSERT INTO message SELECT i, zeroblob(1000000) FROM n;",
        )
        .unwrap();
    drop(connection);
    let scratch = tempfile::tempdir().unwrap();
    let database = Database::open(Main::Stream(&mut fs::File::open(&main).unwrap()), None, scratch.path()).unwrap();
    let files: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&files[0]).unwrap().permissions()) & 0o777, 0o600);
    assert_eq!(count(&database), 40);
    drop(database);
    assert!(fs::read_dir(scratch.path()).unwrap().next().is_none());
    // Cut off: what is on whole pages can still be read.
    let bytes = fs::read(&main).unwrap();
    let mut cut = &bytes[..35 << 20];
    let database = Database::open(Main::Stream(&mut cut), None, scratch.path()).unwrap();
    assert!(database.truncated);
    assert_eq!(numbers(&database, "SELECT id FROM message LIMIT 3").unwrap(), [1, 2, 3]);
}

#[test]
fn truncated_files_give_the_tables_that_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("cut.db");
    let connection = Connection::open(&main).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size=1024; CREATE TABLE early(id); INSERT INTO early VALUES (1),(2); CREATE TABLE late(id, pad);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<60) INSERT INTO late SELECT i, hex(zeroblob(200)) FROM n;",
        )
        .unwrap();
    drop(connection);
    let bytes = fs::read(&main).unwrap();
    fs::write(&main, &bytes[..20_000]).unwrap();
    let database = Database::open(Main::File(&main), None, folder.path()).unwrap();
    assert!(database.truncated);
    assert_eq!(numbers(&database, "SELECT id FROM early").unwrap(), [1, 2]);
    let mut seen = 0;
    let result = database.query("SELECT id FROM late", &mut |_| {
        seen += 1;
        Ok(())
    });
    assert!(matches!(result, Err(Error::Sqlite(_))) && seen > 0, "{seen} {result:?}");
    assert_eq!(fs::read(&main).unwrap().len(), 20_000);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for bad in [&b""[..], b"SQLite format 3\0", &[7; 5000], b"<html>"] {
        let main = folder.path().join("x?y #1%.db");
        fs::write(&main, bad).unwrap();
        for result in [
            Database::open(Main::File(&main), None, folder.path()),
            Database::open(Main::Stream(&mut &bad[..]), None, folder.path()),
            Database::open(Main::Stream(&mut &bad[..]), Some(&mut &bad[..]), folder.path()),
        ] {
            assert!(matches!(result, Err(Error::Format { .. })), "{}", bad.len());
        }
    }
}

#[test]
fn names_with_marks_open_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("é? #1%20&mode=rwc.db");
    let connection = Connection::open(folder.path().join("a.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE message(id, Name); INSERT INTO message VALUES (1, CAST(x'61FF' AS TEXT));").unwrap();
    drop(connection);
    fs::rename(folder.path().join("a.db"), &main).unwrap();
    let before = listing(folder.path());
    let database = Database::open(Main::File(&main), None, folder.path()).unwrap();
    assert_eq!(database.columns("MESSAGE").unwrap(), ["id", "Name"]);
    assert_eq!(database.columns("no\"table"), None);
    let mut text = None;
    let summary = database
        .query("SELECT Name FROM message", &mut |columns| {
            text = Some(columns[0].clone());
            Ok(())
        })
        .unwrap();
    assert_eq!((text.unwrap(), summary.repaired), (("Name".to_owned(), Value::Text("a\u{FFFD}".to_owned())), 1));
    drop(database);
    assert_eq!(listing(folder.path()), before);
}

#[test]
fn only_reading_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (main, _) = with_log(folder.path(), 4096);
    let database = Database::open(Main::File(&main), None, folder.path()).unwrap();
    for sql in [
        "INSERT INTO message VALUES (999, 'x')",
        "DELETE FROM message",
        "ATTACH 'x.db' AS x",
        "PRAGMA journal_mode",
        "CREATE TABLE t(a)",
        "CREATE TEMP TABLE t(a)",
        "SELECT \"random\" ()",
        "SELECT RANDOM/**/()",
        "SELECT load_extension('x')",
        "SELECT randomblob(10)",
        "SELECT random()",
        "SELECT datetime('now')",
        "SELECT zeroblob(1000000000)",
        "VACUUM INTO 'x'",
        "BEGIN",
        "SELECT * FROM pragma_table_info('message')",
    ] {
        assert!(database.query(sql, &mut |_| Ok(())).is_err(), "{sql}");
    }
    assert_eq!(
        numbers(&database, "SELECT count(*) FROM message WHERE text LIKE '00%' AND lower(text) GLOB '0*'").unwrap(),
        [100]
    );
    assert_eq!(numbers(&database, r#"SELECT value ->> '$.a' FROM json_each('[{"a":4},{"a":5}]')"#).unwrap(), [4, 5]);
    assert_eq!(numbers(&database, "SELECT length(capture(text, '^(0+)')) FROM message LIMIT 1").unwrap(), [600]);
    assert!(matches!(database.query("SELECT 1", &mut |_| Err(Error::Sink("full".to_owned()))), Err(Error::Sink(_))));
}

#[test]
fn functions_in_defaults_do_not_close_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("TCC.db");
    let connection = Connection::open(&main).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE access(client, at INTEGER DEFAULT (CAST(strftime('%s','now') AS INTEGER)), h DEFAULT (own_guid()));
             INSERT INTO access(client, at, h) VALUES ('a', 5, 6);",
        )
        .unwrap();
    drop(connection);
    let database = Database::open(Main::File(&main), None, folder.path()).unwrap();
    assert!(database.columns("access").unwrap().len() >= 3);
    assert_eq!(numbers(&database, "SELECT at, client, h FROM access").unwrap(), [5]);
    assert!(numbers(&database, "SELECT strftime('%s', at) FROM access").is_err());
}

#[test]
fn an_endless_query_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (main, _) = with_log(folder.path(), 4096);
    let database = Database::open(Main::File(&main), None, folder.path()).unwrap();
    // The look budget stands in for the clock, so that the test is quick.
    database.watch.restart("");
    database.watch.spent.store(u64::MAX / 2, Ordering::Relaxed);
    assert!(database.watch.is_over());
    database.watch.restart("");
    assert!(!database.watch.is_over());
    let seen = std::cell::Cell::new(0_u64);
    let result =
        database.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n", &mut |_| {
            seen.set(seen.get() + 1);
            if seen.get() == 1000 {
                database.watch.spent.store(u64::MAX / 2, Ordering::Relaxed);
            }
            if seen.get() > 1_000_000 { Err(Error::Sink("never stopped".to_owned())) } else { Ok(()) }
        });
    assert!(matches!(result, Err(Error::Sqlite(_))), "{result:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn damaged_databases_and_logs_never_panic(at in proptest::collection::vec((0_usize..40_000, proptest::num::u8::ANY), 1..30)) {
        use std::sync::OnceLock;
        static SAMPLE: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
        let folder = tempfile::tempdir().unwrap();
        let (main, log) = SAMPLE.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let (main, log) = with_log(folder.path(), 1024);
            (fs::read(main).unwrap(), fs::read(log).unwrap())
        });
        let (mut main, mut log) = (main.clone(), log.clone());
        for (place, byte) in at {
            let to = if byte % 2 == 0 { &mut main } else { &mut log };
            let place = place % to.len();
            to[place] = byte;
        }
        if let Ok(database) = Database::open(Main::Stream(&mut &main[..]), Some(&mut &log[..]), folder.path()) {
            let _ = database.columns("message");
            let _ = database.query("SELECT * FROM message", &mut |_| Ok(()));
        }
    }
}
