//! Every citation of the demo leads an expert to the value with stock tools. The commands are really run here, in a copy of the folder
//! with the evidence, and what they print is compared with the raw value. Child processes are for tests alone.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use vrijspoor::embedded::Data;
use vrijspoor::fixture;
use vrijspoor::report::Citation;

use super::golden::audit_fixture;

fn has(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
}

/// What a command prints, with the escapes of XML and HTML undone; `None` when a tool is not there.
fn run(command: &str, folder: &Path) -> Option<String> {
    let tools = ["sqlite3", "jq", "plistutil", "xmllint", "unzip", "tar", "xxd", "find", "sha256sum"];
    if let Some(tool) = tools.iter().find(|tool| command.contains(&format!("{tool} ")) && !has(tool)) {
        println!("skipped, no {tool}: {command}");
        return None;
    }
    let output = Command::new("sh").args(["-c", command]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            .iter()
            .fold(text, |t, (a, b)| t.replace(a, b)),
    )
}

fn printed(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone(), serde_json::to_string(text).unwrap().trim_matches('"').to_owned()],
        number => vec![number.to_string().trim_end_matches(".0").to_owned()],
    }
}

fn check(citation: &Citation, folder: &Path, place: &str) -> bool {
    let way = citation.reproduce.as_ref().unwrap_or_else(|| panic!("{place}: no command"));
    assert!(!way.shows.is_empty() || way.first.iter().any(|code| code == "by-eye"), "{place}");
    for (field, value) in citation.raw.iter().filter(|(_, value)| !value.is_null()) {
        assert!(way.shows.contains(field) != way.computed.contains(field), "{place}: {field} {value}");
    }
    if way.first.iter().any(|code| code == "decrypt") {
        return false;
    }
    let Some(output) = run(&way.command, folder) else { return false };
    for field in &way.shows {
        let forms = printed(&citation.raw[field]);
        assert!(
            forms.iter().any(|form| output.contains(form)),
            "{place}: {field} {forms:?}\n{}\n{output}",
            way.command
        );
    }
    true
}

#[test]
fn every_command_of_the_demo_returns_the_value() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("evidence");
    let audited = audit_fixture("demo", &evidence);
    let before = digest(&evidence);
    let mut run = 0;
    for finding in &audited.report.findings {
        for (n, citation) in finding.citations.iter().enumerate() {
            run += usize::from(check(citation, &evidence, &format!("{} {} {}", finding.id, n + 1, citation.stream)));
        }
    }
    assert!(run > 60 || !has("sqlite3"), "only {run} commands were run");
    assert_eq!(before, digest(&evidence), "a command changed the evidence");
}

#[test]
fn commands_for_other_copies_return_the_value_too() {
    for name in fixture::names(Data::default().fixtures) {
        if ![
            "android-controlled",
            "google-controlled-en",
            "google-drive-controlled",
            "google-activity-pages-controlled",
            "google-activity-pages-own",
        ]
        .contains(&name)
        {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let evidence = folder.path().join("evidence");
        let audited = audit_fixture(name, &evidence);
        for finding in &audited.report.findings {
            for citation in finding.citations.iter().filter(|one| one.reproduce.is_some()) {
                check(citation, &evidence, &format!("{name} {} {} {}", finding.id, citation.stream, citation.locator));
            }
        }
    }
}

#[test]
fn an_encrypted_copy_is_to_be_decrypted_first() {
    let folder = tempfile::tempdir().unwrap();
    let audited = audit_fixture("iphone-controlled-encrypted", folder.path());
    let ways: Vec<_> =
        audited.report.findings.iter().flat_map(|f| &f.citations).filter_map(|c| c.reproduce.as_ref()).collect();
    assert!(
        ways.iter().any(|way| way.first.iter().any(|code| code == "decrypt") && way.command.contains("decrypted/"))
    );
}

/// The names and contents of the copies; working files of the commands lie beside them.
fn digest(folder: &Path) -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .filter(|e| e.file_type().is_file() && !e.path().starts_with(folder.join("work")))
        .map(|e| (e.path().display().to_string(), vrijspoor::report::json::sha256(&std::fs::read(e.path()).unwrap())))
        .collect()
}
