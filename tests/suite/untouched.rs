//! Evidence is never changed: the listing, sizes, times and bytes of the input are the same before and after an audit, also
//! where a database has a write-ahead log, and where the folder cannot be written to.

use super::golden::audit_fixture;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;
use vrijspoor::embedded::Data;
use vrijspoor::fixture;

fn snapshot(folder: &Path) -> BTreeMap<String, (u64, SystemTime, String)> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|e| {
            let e = e.unwrap();
            let m = e.metadata().unwrap();
            let digest = if m.is_file() {
                vrijspoor::evidence::hash::hex(&Sha256::digest(std::fs::read(e.path()).unwrap()))
            } else {
                String::new()
            };
            (e.path().display().to_string(), (m.len(), m.modified().unwrap(), digest))
        })
        .collect()
}

#[test]
fn an_audit_changes_nothing_in_the_evidence() {
    for name in fixture::names(Data::default().fixtures) {
        let folder = tempfile::tempdir().unwrap();
        let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
        let inputs = fixture::build(&recipe, folder.path()).unwrap();
        let before = snapshot(folder.path());
        let plan = super::golden::plan(inputs, recipe.password.as_deref(), recipe.case.as_deref().unwrap_or(""));
        vrijspoor::audit::run(&plan, &vrijspoor::evidence::Cancel::default(), &vrijspoor::audit::Silent).unwrap();
        assert_eq!(before, snapshot(folder.path()), "{name}");
    }
}

#[test]
fn a_file_beside_a_database_that_nobody_asked_for_does_not_appear() {
    let folder = tempfile::tempdir().unwrap();
    audit_fixture("iphone-controlled", folder.path());
    for entry in walkdir::WalkDir::new(folder.path()) {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(!name.ends_with("-shm") && !name.ends_with("-journal"), "{name}");
    }
}
