//! The command line: the commands of the README, exit codes, and errors that say what happened and what to do next.

use assert_cmd::Command;
use std::path::Path;
use vrijspoor::embedded::Data;
use vrijspoor::fixture;

fn vrijspoor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_vrijspoor"))
}

fn build(name: &str, folder: &Path) -> Vec<std::path::PathBuf> {
    fixture::build(&fixture::recipe(Data::default().fixtures, name).unwrap(), folder).unwrap()
}

fn stderr(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn the_first_command_of_the_readme_works_and_its_seal_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo-out");
    vrijspoor().args(["demo", "-o"]).arg(&out).assert().success();
    for file in ["report.json", "report.html", "checklist.html", "evidence.sha256", "session.json"] {
        assert!(out.join("report/data").join(file).is_file(), "{file}");
    }
    let mut verify = vrijspoor();
    verify.arg("verify").arg(out.join("report")).arg("--evidence");
    for input in std::fs::read_dir(out.join("evidence")).unwrap() {
        verify.arg(input.unwrap().path());
    }
    verify.assert().success();
    let recipe = fixture::recipe(Data::default().fixtures, "demo").unwrap();
    let mut cite = vrijspoor();
    cite.arg("cite").arg(out.join("report")).arg("--evidence");
    for input in std::fs::read_dir(out.join("evidence")).unwrap() {
        cite.arg(input.unwrap().path());
    }
    cite.env("VRIJSPOOR_PASSWORD", recipe.password.unwrap_or_default()).assert().success();
}

#[test]
fn one_changed_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo-out");
    vrijspoor().args(["demo", "-o"]).arg(&out).assert().success();
    let report = out.join("report/data/report.html");
    let mut bytes = std::fs::read(&report).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&report, bytes).unwrap();
    vrijspoor().arg("verify").arg(out.join("report")).assert().code(1);
}

#[test]
fn one_changed_byte_of_the_evidence_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = build("google-controlled-en", &folder.path().join("evidence"));
    let out = folder.path().join("out");
    vrijspoor().arg("audit").args(&inputs).arg("-o").arg(&out).arg("--quiet").assert().success();
    vrijspoor().arg("verify").arg(&out).arg("--evidence").args(&inputs).assert().success();
    let mut bytes = std::fs::read(&inputs[0]).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&inputs[0], bytes).unwrap();
    vrijspoor().arg("verify").arg(&out).arg("--evidence").args(&inputs).assert().code(1);
}

#[test]
fn wrong_input_never_ends_as_if_all_were_well() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let text = stderr(vrijspoor().args(["audit", "/nonexistent/backup", "-o"]).arg(&out), 2);
    assert!(text.contains("[not-found]"), "{text}");

    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let text = stderr(vrijspoor().arg("audit").arg(&empty).arg("-o").arg(&out), 2);
    assert!(text.contains("[not-recognised]"), "{text}");

    let inputs = build("iphone-controlled-encrypted", &folder.path().join("evidence"));
    let text = stderr(vrijspoor().arg("audit").args(&inputs).arg("-o").arg(&out), 2);
    assert!(text.contains("[password-needed]"), "{text}");
    let text = stderr(vrijspoor().arg("audit").args(&inputs).arg("-o").arg(&out).env("VRIJSPOOR_PASSWORD", "fout"), 2);
    assert!(text.contains("[password-wrong]"), "{text}");
    assert!(!out.exists(), "a refused audit leaves no output");

    // With the express wish to go on without a password, the open part is read and the rest is a gap.
    let text = stderr(vrijspoor().arg("audit").args(&inputs).arg("--without-password").arg("-o").arg(&out), 0);
    assert!(out.join("data/report.json").is_file(), "{text}");
    let report: vrijspoor::report::Report =
        serde_json::from_slice(&std::fs::read(out.join("data/report.json")).unwrap()).unwrap();
    assert!(report.gaps.iter().any(|g| g.kind == "locked"));
    assert!(report.outcomes.iter().any(|o| o.outcome == "not-evaluated"));
}

#[test]
fn the_output_is_never_written_into_the_evidence_or_over_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = build("iphone-clean", &folder.path().join("evidence"));
    let text = stderr(vrijspoor().arg("audit").args(&inputs).arg("-o").arg(inputs[0].join("out")), 2);
    assert!(text.contains("[output-in-evidence]"), "{text}");
    let full = folder.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("letter.txt"), "mine").unwrap();
    stderr(vrijspoor().arg("audit").args(&inputs).arg("-o").arg(&full), 2);
    stderr(vrijspoor().arg("audit").args(&inputs).arg("--overwrite").arg("-o").arg(&full), 2);
    assert_eq!(std::fs::read_to_string(full.join("letter.txt")).unwrap(), "mine");
}

#[test]
fn exit_codes_follow_the_findings_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = build("android-controlled", &folder.path().join("evidence"));
    let run = |n: u32, extra: &[&str], code: i32| {
        let out = folder.path().join(format!("out{n}"));
        vrijspoor().arg("audit").args(&inputs).arg("-o").arg(out).arg("--quiet").args(extra).assert().code(code);
    };
    run(1, &[], 0);
    run(2, &["--fail-on", "now"], 1);
}

#[test]
fn mistakes_on_the_command_line_are_explained_in_both_languages() {
    let dutch = stderr(vrijspoor().args(["audit", "x"]), 2);
    let english = stderr(vrijspoor().args(["audit", "x", "--lang", "en"]), 2);
    assert_ne!(dutch, english);
    assert!(dutch.contains("--output"), "{dutch}");
    for text in [stderr(vrijspoor().arg("adit"), 2), stderr(vrijspoor().args(["audit", "--ouput", "x"]), 2)] {
        assert!(text.contains("Bedoelt u") || text.contains("bedoelt u") || text.contains("Bedoelde u"), "{text}");
    }
    let help = String::from_utf8(vrijspoor().arg("--help").assert().success().get_output().stdout.clone()).unwrap();
    for word in ["Usage", "Options", "Commands", "Print help"] {
        assert!(!help.contains(word), "an English word in the Dutch help: {word}\n{help}");
    }
}

#[test]
fn data_files_can_be_listed_shown_and_checked() {
    vrijspoor().args(["rules", "list"]).assert().success();
    vrijspoor().args(["artifacts", "list"]).assert().success();
    vrijspoor().args(["rules", "check"]).assert().success();
    vrijspoor().args(["artifacts", "check"]).assert().success();
    vrijspoor().args(["artifacts", "show", "ios.tcc"]).assert().success();
    vrijspoor().args(["artifacts", "show", "ios.nothing"]).assert().code(2);
}

#[test]
fn identify_says_what_it_is_without_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = build("iphone-controlled-encrypted", folder.path());
    let text = stderr(vrijspoor().arg("identify").args(&inputs), 0);
    assert!(text.contains("ios 1"), "{text}");
}
