//! Tests of recognising what was handed in.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::android_backup::tests::{PLAIN, make};
use super::super::ios::tests::build;
use super::super::keybag::tests::PASSWORD;
use super::super::tar::tests::{end, gzip, member};
use super::super::zip::tests::pack;
use super::*;
use crate::evidence::tests::{context, find, read, testdata};

/// The files of an archive, and the one that is its bug report.
type Case<'a> = (&'a [(&'a str, &'a [u8])], &'a str);

const DUMP: &[u8] =
    b"========\n== dumpstate: 2026-01-21 11:07:03\n========\n------ MEMORY INFO (/proc/meminfo) ------\nMem\n";

fn options() -> ::zip::write::SimpleFileOptions {
    ::zip::write::SimpleFileOptions::default()
}

/// Kind, chain and parent of every container.
fn shape(evidence: &Evidence) -> Vec<(&'static str, String, Option<usize>)> {
    evidence
        .containers
        .iter()
        .map(|opened| (opened.container.kind().name(), opened.name(), opened.parent.map(|(at, _)| at)))
        .collect()
}

fn expect(evidence: &Evidence, expected: &[(&'static str, &str, Option<usize>)]) {
    let expected: Vec<_> = expected.iter().map(|(kind, name, parent)| (*kind, (*name).to_string(), *parent)).collect();
    assert_eq!(shape(evidence), expected);
}

#[test]
fn a_backup_is_found_wherever_the_user_points() {
    let (scratch, ctx) = context(&[]);
    let above = scratch.path().join("above");
    let backup = above.join("device");
    build(&backup, false);
    let inside = [("folder", "device", None), ("ios-backup", "device", Some(0))];
    let blob = "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28";
    for deeper in ["", "3d", "Manifest.db", "Info.plist", blob] {
        let evidence = open_input(&[backup.join(deeper)], &ctx).unwrap();
        expect(&evidence, &inside);
        let (at, entry) = evidence.containers[1].parent.unwrap();
        assert_eq!(evidence.containers[at].container.entries()[entry].path, "Manifest.db");
    }
    let both = open_input(&[backup.join("3d"), backup.join("Manifest.db")], &ctx).unwrap();
    assert_eq!(both.containers.len(), 2);
    assert_eq!(
        resolve_inputs(&[backup.join("3d"), backup.join("Manifest.db")]).unwrap(),
        *std::slice::from_ref(&backup)
    );
    std::fs::write(above.join(".DS_Store"), b"x").unwrap();
    expect(
        &open_input(std::slice::from_ref(&above), &ctx).unwrap(),
        &[("folder", "above", None), ("ios-backup", "above!device", Some(0))],
    );
    build(&above.join("second"), false);
    assert_eq!(open_input(&[above], &ctx).unwrap().containers.len(), 3);
}

#[test]
fn an_input_that_stays_shut_is_an_error_and_a_child_a_problem() {
    let (scratch, ctx) = context(&[]);
    let root = scratch.path().join("in");
    let backup = root.join("device");
    build(&backup, true);
    let wrong = Context { passwords: vec![super::super::Password::new("no".into())], ..ctx.clone() };
    for path in [&backup, &root] {
        assert_eq!(open_input(std::slice::from_ref(path), &ctx).unwrap_err().code(), "password-needed");
        assert_eq!(open_input(std::slice::from_ref(path), &wrong).unwrap_err().code(), "password-wrong");
    }
    let locked = open_locked(std::slice::from_ref(&backup), &wrong).unwrap();
    assert_eq!((locked.containers.len(), locked.problems[0].1.code()), (2, "password-wrong"));
    let right = Context { passwords: vec![super::super::Password::new(PASSWORD.into())], ..ctx.clone() };
    assert!(open_input(std::slice::from_ref(&backup), &right).unwrap().problems.is_empty());
    // Beside other things the rest is opened all the same.
    std::fs::write(root.join("bad.zip"), b"PK\x03\x04 cut off").unwrap();
    std::fs::write(root.join("refused.ab"), b"").unwrap();
    std::fs::write(root.join("good.ab"), make(&PLAIN)).unwrap();
    let evidence = open_input(&[root], &ctx).unwrap();
    expect(
        &evidence,
        &[("folder", "in", None), ("ios-backup", "in!device", Some(0)), ("android-backup", "in!good.ab", Some(0))],
    );
    let mut codes: Vec<_> = evidence.problems.iter().map(|(chain, error)| (chain.as_str(), error.code())).collect();
    codes.sort_unstable();
    assert_eq!(codes, [("in!bad.zip", "damaged"), ("in!device", "password-needed"), ("in!refused.ab", "no-data")]);
    for (name, bytes, code) in [
        ("x.zip", b"PK\x03\x04 cut".as_slice(), "damaged"),
        ("x.ab", b"", "no-data"),
        ("y.ab", b"ANDROID BACKUP\n5\n0\nnone\n", "no-data"),
    ] {
        let path = scratch.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(open_input(&[path], &ctx).unwrap_err().code(), code);
    }
    assert_eq!(open_input(&[scratch.path().join("none")], &ctx).unwrap_err().code(), "not-found");
}

#[test]
fn nesting_is_followed_and_bounded() {
    let (scratch, ctx) = context(&[]);
    let tar = gzip(&[member(b"inner.ab", b'0', &make(&PLAIN)), member(b"note.txt", b'0', b"hello"), end()].concat());
    let mut zip = pack(&[("a/t.tgz", &tar), ("doc.docx", &pack(&[("x", b"y")], options()))], options());
    let path = scratch.path().join("outer.zip");
    std::fs::write(&path, &zip).unwrap();
    let evidence = open_input(std::slice::from_ref(&path), &ctx).unwrap();
    expect(
        &evidence,
        &[
            ("zip", "outer.zip", None),
            ("tar", "outer.zip!a/t.tgz", Some(0)),
            ("android-backup", "outer.zip!a/t.tgz!inner.ab", Some(1)),
        ],
    );
    assert_eq!(read(&*evidence.containers[2].container, "apps/org.example.a/_manifest"), b"1\norg.example.a\n");
    for _ in 0..6 {
        zip = pack(&[("n.zip", &zip)], options());
    }
    std::fs::write(&path, &zip).unwrap();
    let evidence = open_input(&[path], &ctx).unwrap();
    assert_eq!((evidence.containers.len(), evidence.problems[0].1.code()), (5, "bound"));
}

#[test]
fn parts_are_joined_and_others_are_not() {
    let (scratch, ctx) = context(&[]);
    let mut paths = Vec::new();
    for (name, inside) in [
        ("takeout-20260101T000000Z-002.zip", "Takeout/b.json"),
        ("takeout-20260101T000000Z-001.zip", "Takeout/a.json"),
        ("takeout-20260101T000000Z-001 (1).zip", "Takeout/a.json"),
        ("Takeout-20260202T000000Z-1-001.zip", "Takeout/c.json"),
        ("other-001.zip", "d.json"),
    ] {
        let path = scratch.path().join(name);
        std::fs::write(&path, pack(&[(inside, b"{}")], options())).unwrap();
        paths.push(path);
    }
    let evidence = open_input(&paths, &ctx).unwrap();
    assert_eq!(evidence.containers.len(), 3);
    let names: Vec<_> = evidence.containers[0].container.entries().iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!((names, evidence.containers[0].chain.len()), (vec!["Takeout/a.json", "Takeout/b.json"], 1));
    // The same in a folder; and one bad part does not take the others with it.
    let whole = open_input(&[scratch.path().to_path_buf()], &ctx).unwrap();
    assert_eq!(whole.containers.len(), 4);
    std::fs::write(&paths[0], b"PK\x03\x04").unwrap();
    let whole = open_input(&[scratch.path().to_path_buf()], &ctx).unwrap();
    assert_eq!((whole.containers.len(), whole.problems.len()), (4, 0));
    let remarks = whole.containers.iter().flat_map(|opened| opened.container.remarks());
    assert_eq!(remarks.filter(|remark| remark.code == "part-damaged").count(), 1);
    assert_eq!(part_of("takeout-x-12.zip"), None);
    assert_eq!(part_of("takeout-T-3-002 (2).zip").as_deref(), Some("takeout-t"));
    assert_eq!(part_of("takeout-001.zip"), None);
}

#[test]
fn the_main_text_of_a_bug_report_is_chosen() {
    let (scratch, ctx) = context(&[]);
    let longer = [DUMP, b"more\n"].concat();
    let cases: [Case; 4] = [
        (&[("main_entry.txt", b"odd.log\n"), ("odd.log", DUMP), ("bugreport-x.txt", &longer)], "odd.log"),
        (&[("bugreport-x.txt", DUMP), ("z.txt", &longer)], "bugreport-x.txt"),
        (&[("dumpState_SM.log", DUMP), ("a.txt", &longer)], "dumpState_SM.log"),
        (&[("a.txt", &longer), ("b.txt", DUMP), ("FS/data/anr/t.txt", b"x")], "a.txt"),
    ];
    for (files, main) in cases {
        let path = scratch.path().join("report.zip");
        std::fs::write(&path, pack(files, options())).unwrap();
        let evidence = open_input(&[path], &ctx).unwrap();
        expect(&evidence, &[("zip", "report.zip", None), ("dumpstate", &format!("report.zip!{main}"), Some(0))]);
        assert_eq!(read(&*evidence.containers[1].container, "section::MEMORY INFO")[..4], *b"Mem\n");
    }
    let path = scratch.path().join("loose.txt");
    std::fs::write(&path, b"Database versions:\nPackages:\n").unwrap();
    let evidence = open_input(std::slice::from_ref(&path), &ctx).unwrap();
    expect(&evidence, &[("file", "loose.txt", None), ("dumpstate", "loose.txt!loose.txt", Some(0))]);
    assert_eq!(evidence.containers[1].container.file(0), Some(path));
}

#[test]
fn third_party_inputs_open() {
    let Some(folder) = testdata("composite-bugreport/clean.zip") else { return };
    let (_scratch, ctx) = context(&["mvt-test-1", "abpass1"]);
    let evidence = open_input(&[folder], &ctx).unwrap();
    let dump = &evidence.containers[1].container;
    assert_eq!(dump.kind(), Kind::Dumpstate);
    assert!(dump.entries()[find(&**dump, "dumpsys::package")].size > 0);
    // All damaged and sound backups in one folder: the sound ones open, the others are told.
    let many = open_input(&[testdata("composite-ios").unwrap()], &ctx).unwrap();
    let backups = many.containers.iter().filter(|opened| opened.container.kind() == Kind::IosBackup).count();
    assert_eq!((backups, many.problems.len()), (9, 2), "{many:?}");
    let android = open_input(&[testdata("composite-ab").unwrap()], &ctx).unwrap();
    assert_eq!((android.containers.len(), android.problems.len()), (6, 0));
}
