//! No private content leaves the evidence: the fixtures hold marked message texts, contact names, titles and picture bytes, and
//! none of the marks may stand anywhere in the output.

use super::golden::{audit_fixture, plan};
use vrijspoor::embedded::Data;
use vrijspoor::fixture;
use vrijspoor::report::bag;
use vrijspoor::report::copies::Reader;

#[test]
fn no_mark_of_private_content_is_in_the_output() {
    for name in fixture::names(Data::default().fixtures) {
        let folder = tempfile::tempdir().unwrap();
        let audited = audit_fixture(name, &folder.path().join("evidence"));
        let out = folder.path().join("out");
        let readers = ["care", "police", "victim"].into_iter().filter_map(Reader::named).collect();
        let copies = bag::Copies { readers, ..bag::Copies::default() };
        bag::write(&out, &audited.report, &audited.evidence_list, &serde_json::json!({}), &copies, false).unwrap();
        for entry in walkdir::WalkDir::new(&out).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
            let bytes = std::fs::read(entry.path()).unwrap();
            let at = bytes.windows(6).position(|w| w.eq_ignore_ascii_case(b"MARKER"));
            let around = at
                .map(|a| String::from_utf8_lossy(&bytes[a.saturating_sub(80)..(a + 60).min(bytes.len())]).into_owned());
            assert_eq!(around, None, "{name}: {}", entry.path().display());
        }
    }
}

#[test]
fn the_marks_are_really_in_the_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = fixture::recipe(Data::default().fixtures, "iphone-clean").unwrap();
    let inputs = fixture::build(&recipe, folder.path()).unwrap();
    let found = walkdir::WalkDir::new(&inputs[0])
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .filter(|e| std::fs::read(e.path()).unwrap().windows(6).any(|w| w == b"MARKER"))
        .count();
    assert!(found >= 2, "only {found} files of the fixture hold marks");
    let _ = plan(inputs, None, "");
}
