//! What lies outside the consent stays closed: the doors count none of it as read, and changing its bytes changes nothing that is found.

use super::golden::plan;
use std::path::Path;
use vrijspoor::artifact::Artifacts;
use vrijspoor::audit::{self, Silent};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::{Cancel, hash};
use vrijspoor::fixture;
use vrijspoor::report::{Closed, Report};

/// Builds a fixture below `folder` and audits it with consent for `scope` only, after `change` had its way with the copies.
fn audit(name: &str, scope: &[&str], folder: &Path, change: impl FnOnce(&Path)) -> Report {
    let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
    let inputs = fixture::build(&recipe, folder).unwrap();
    change(&inputs[0]);
    let mut plan = plan(inputs, recipe.password.as_deref(), "");
    plan.scope = scope.iter().map(ToString::to_string).collect();
    audit::run(&plan, &Cancel::default(), &Silent).unwrap().report
}

fn closed(report: &Report) -> Vec<(&str, &Closed)> {
    report.coverage.iter().filter_map(|c| Some((c.artifact.as_str(), c.closed.as_ref()?))).collect()
}

#[test]
fn nothing_outside_the_consent_is_read() {
    let fixtures = [
        "iphone-controlled",
        "iphone-controlled-encrypted",
        "iphone-filesystem-controlled",
        "android-controlled",
        "android-collection-controlled",
        "android-filesystem-controlled",
        "google-controlled-nl",
        "accounts-controlled-nl",
        "apple-controlled",
    ];
    for name in fixtures {
        let folder = tempfile::tempdir().unwrap();
        let report = audit(name, &["accounts"], folder.path(), |_| ());
        let closed = closed(&report);
        let read: Vec<_> = closed.iter().filter(|(_, c)| c.read > 0).collect();
        assert!(read.is_empty(), "{name}: {read:?}");
        assert!(closed.iter().any(|(_, c)| c.streams > 0), "{name}: nothing was outside, so this shows nothing");
        // Backups, bug reports and full copies name their streams; in a folder or export the beginning must tell.
        let named = (name.starts_with("iphone") || name.starts_with("android")) && !name.contains("collection");
        let looked: Vec<_> = closed.iter().filter(|(_, c)| named && c.looked_at > 0).collect();
        assert!(looked.is_empty(), "{name}: {looked:?}");
    }
}

#[test]
fn with_consent_for_all_nothing_but_what_is_asked_apart_stays_closed() {
    let folder = tempfile::tempdir().unwrap();
    let report = audit("iphone-controlled", &["all", "contact-pattern", "adverts"], folder.path(), |_| ());
    assert!(closed(&report).is_empty());
    assert!(report.coverage.iter().any(|c| c.rows > 0));
}

#[test]
fn a_file_outside_the_consent_may_hold_anything() {
    let artifacts = Artifacts::embedded().unwrap();
    let of_scope = |scope: &'static str| {
        let list = artifacts.of("ios").filter(move |a| a.scope == scope);
        list.flat_map(|a| a.places.clone()).filter(|p| !p.contains(['*', '?', '[', '{']))
    };
    let kept: Vec<String> = of_scope("accounts").collect();
    let others = ["permissions", "location", "messages-meta", "management", "network"];
    // A backup keeps a file under the SHA-1 of its domain and path.
    let stored = |place: &str| {
        use sha1::Digest as _;
        hash::hex(&sha1::Sha1::digest(place.replacen("::", "-", 1)))
    };
    let spoil = |backup: &Path| {
        let places = others.iter().flat_map(|scope| of_scope(scope)).filter(|place| !kept.contains(place));
        let files = places.map(|place| stored(&place)).map(|id| backup.join(&id[..2]).join(id));
        let spoiled = files.filter(|file| file.is_file()).map(|file| std::fs::write(file, b"no database").unwrap());
        assert!(spoiled.count() >= 3, "the fixture holds too little outside the consent");
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = audit("iphone-controlled", &["accounts"], one.path(), |_| ());
    let spoiled = audit("iphone-controlled", &["accounts"], two.path(), spoil);
    assert!(!whole.findings.is_empty());
    assert_ne!(whole.evidence, spoiled.evidence, "the bytes did change, and the hashes say so");
    assert_eq!(whole.findings, spoiled.findings);
    assert_eq!(whole.coverage, spoiled.coverage);
    assert_eq!(whole.gaps, spoiled.gaps);
    // With consent for everything the same bytes are a gap.
    let three = tempfile::tempdir().unwrap();
    assert_ne!(audit("iphone-controlled", &["all"], three.path(), spoil).gaps, whole.gaps);
}
