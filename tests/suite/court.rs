//! The package for court against the tools that a court has: `ssh-keygen`, `openssl`, `sha256sum`. Whoever has nothing of ours must be
//! able to check it, and every tampering must be seen. Child processes are for tests alone; without a tool its part is passed over
//! with a printed line. `bagit.py` and `case_validate` run in `.ci/court`.

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use vrijspoor::report::{bag, verify};

use super::golden::audit_fixture;

/// The program.
pub fn vrijspoor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_vrijspoor"))
}

/// Whether a stock tool is there; says so when it is not.
pub fn has(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file());
    if !there {
        println!("skipped: no {tool}");
    }
    there
}

/// Runs a line of shell in a folder.
pub fn shell(folder: &Path, command: &str) -> assert_cmd::assert::Assert {
    Command::new("sh").args(["-ec", command]).current_dir(folder).assert()
}

/// A report of a small fixture, in a folder of its own.
pub fn report(place: &Path) -> PathBuf {
    let audited = audit_fixture("google-controlled-en", &place.join("evidence"));
    let out = place.join("out");
    let session = serde_json::json!({"started": "2026-11-24T10:00:00Z", "finished": "2026-11-24T10:00:05Z"});
    let readers = ["care", "police"].into_iter().filter_map(vrijspoor::report::copies::Reader::named).collect();
    let copies = bag::Copies { readers, ..bag::Copies::default() };
    bag::write(&out, &audited.report, &audited.evidence_list, &session, &copies, false).unwrap();
    out
}

fn codes(out: &Path) -> Vec<&'static str> {
    verify::verify(out).unwrap().problems.into_iter().map(|problem| problem.code).collect()
}

#[test]
fn a_signature_is_verified_by_stock_openssh_and_by_us() {
    if !has("ssh-keygen") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let out = report(place.path());
    assert_eq!(verify::verify(&out).unwrap().signer, None, "an unsigned report is no broken report");
    let seal = verify::verify(&out).unwrap().seal;
    shell(place.path(), "ssh-keygen -q -t ed25519 -N '' -C test -f key").success();
    shell(place.path(), "ssh-keygen -q -t ed25519 -N geheim -C test -f locked").success();
    vrijspoor().arg("sign").arg(&out).arg("--key").arg(place.path().join("key")).assert().success();
    let verified = verify::verify(&out).unwrap();
    assert!(verified.signer.is_some() && verified.problems.is_empty(), "{:?}", verified.problems);
    assert_eq!(verified.seal, seal, "the mark of the report stays when it is signed");
    let known = "printf 'jan namespaces=\"vrijspoor\" ' > known; cat key.pub >> known; cd out;";
    let check = "ssh-keygen -Y verify -n vrijspoor -f ../known -I jan -s manifest-sha256.txt.sig < manifest-sha256.txt";
    shell(place.path(), &format!("{known} {check}; sha256sum -c tagmanifest-sha256.txt")).success();
    // The same signature as the stock tool's own, and its file is known without being listed.
    shell(&out, "cp manifest-sha256.txt.sig ../ours; ssh-keygen -q -Y sign -n vrijspoor -f ../key manifest-sha256.txt < /dev/null || true")
        .success();
    // A locked key needs its passphrase, and a wrong one is said to be wrong.
    let mut locked = vrijspoor();
    locked.arg("sign").arg(&out).arg("--key").arg(place.path().join("locked"));
    locked.env("VRIJSPOOR_PASSWORD", "fout").assert().code(2);
    locked.env("VRIJSPOOR_PASSWORD", "geheim").assert().success();
    assert!(codes(&out).is_empty());

    let manifest = std::fs::read_to_string(out.join("manifest-sha256.txt")).unwrap();
    std::fs::write(out.join("manifest-sha256.txt"), manifest.replacen('a', "b", 1)).unwrap();
    assert!(codes(&out).contains(&"signature"));
}

/// A time stamping authority for tests, as in field.md B3.
const AUTHORITY: &str = r"
printf '%s\n' '[tsa]' 'default_tsa=t' '[t]' 'serial=serial' 'crypto_device=builtin' 'signer_cert=tsa.pem' 'signer_key=tsa.key' \
  'signer_digest=sha256' 'default_policy=1.2.3.4.1' 'digests=sha256' 'ordering=no' 'tsa_name=no' 'ess_cert_id_chain=no' > tsa.cnf
echo 01 > serial
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj '/CN=Test root' -days 2 2> log
openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj '/CN=Test authority' 2> log
echo 'extendedKeyUsage=critical,timeStamping' > ext
openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 2 -extfile ext 2> log
";

#[test]
fn a_time_stamp_is_asked_for_offline_and_verified_by_openssl() {
    if !has("openssl") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let out = report(place.path());
    vrijspoor().arg("stamp").arg(&out).assert().success();
    assert!(verify::verify(&out).unwrap().stamp_asked);
    let reply = "openssl ts -reply -config tsa.cnf -queryfile out/manifest-sha256.txt.tsq -out reply.tsr 2> log";
    shell(place.path(), &format!("{AUTHORITY}{reply}")).success();
    let reply = place.path().join("reply.tsr");
    vrijspoor().arg("stamp").arg(&out).arg("--reply").arg(&reply).assert().success();
    let verified = verify::verify(&out).unwrap();
    assert!(verified.stamp.is_some() && verified.problems.is_empty(), "{:?}", verified.problems);
    let check = "openssl ts -verify -queryfile manifest-sha256.txt.tsq -in manifest-sha256.txt.tsr -CAfile ../ca.pem";
    shell(&out, check).success();

    // Every cut and many changed bytes: never a panic; a changed digest, number or time is no longer this stamp.
    let bytes = std::fs::read(&reply).unwrap();
    let asked = std::fs::read(out.join("manifest-sha256.txt.tsq")).unwrap();
    let digest = vrijspoor::report::json::digest_bytes(&std::fs::read(out.join("manifest-sha256.txt")).unwrap());
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 0x55;
        let _ = vrijspoor::report::stamp::check(&other, &asked, &digest);
        assert!(vrijspoor::report::stamp::check(&bytes[..at.min(200)], &asked, &digest).is_err());
    }
    // The reply to an earlier request does not answer a later one, and not the request of another report.
    vrijspoor().arg("stamp").arg(&out).assert().success();
    let text = vrijspoor().arg("stamp").arg(&out).arg("--reply").arg(&reply).assert().code(2).get_output().clone();
    assert!(String::from_utf8_lossy(&text.stderr).contains("[stamp-other-request]"));
    assert!(codes(&out).contains(&"stamp"));
    let request = vrijspoor::report::stamp::request(&[7; 32], [1; 8]);
    assert_eq!(vrijspoor::report::stamp::check(&bytes, &request, &[7; 32]).unwrap_err().code(), "stamp-other-bytes");
}

#[test]
fn custody_grows_holds_and_shows_tampering() {
    let place = tempfile::tempdir().unwrap();
    let out = report(place.path());
    let add = |action: &str, place_code: &str, code: i32| {
        let mut command = vrijspoor();
        command.args(["custody", "add"]).arg(&out).args(["--action", action, "--from", "A", "--to", "B"]);
        command.args(["--place-code", place_code]).assert().code(code);
    };
    add("overgedragen", "P-07", 0);
    add("teruggegeven", "P-07", 0);
    // A place is a code: what looks like an address is refused.
    add("overgedragen", "Voorbeeldstraat 12, 1234 AB", 2);
    vrijspoor().args(["custody", "verify"]).arg(&out).assert().success();
    let verified = verify::verify(&out).unwrap();
    assert_eq!((verified.custody.0, verified.problems.len()), (3, 0));

    let list = std::fs::read_to_string(out.join("custody.jsonl")).unwrap();
    std::fs::write(out.join("custody.jsonl"), list.replacen("\"to\":\"B\"", "\"to\":\"C\"", 1)).unwrap();
    vrijspoor().args(["custody", "verify"]).arg(&out).assert().code(1);
    assert!(codes(&out).contains(&"custody"));
    std::fs::remove_file(out.join("custody.jsonl")).unwrap();
    assert!(codes(&out).contains(&"missing"));
}

#[test]
fn the_timeline_and_the_graph_say_as_much_as_the_report() {
    let place = tempfile::tempdir().unwrap();
    let audited = audit_fixture("demo", &place.path().join("evidence"));
    let graph: serde_json::Value =
        serde_json::from_slice(&vrijspoor::report::case_uco::bytes(&audited.report).unwrap()).unwrap();
    let nodes = graph["@graph"].as_array().unwrap();
    let count = |kind: &str| nodes.iter().filter(|node| node["@type"] == kind).count();
    assert_eq!(count("uco-core:Annotation"), audited.report.findings.len());
    let objects = count("uco-observable:TableField") + count("uco-observable:ObservableObject");
    assert_eq!(count("uco-observable:ObservableRelationship"), objects);
    assert!(objects >= audited.report.findings.iter().map(|f| f.citations.len()).sum::<usize>());
    let timeline = String::from_utf8(vrijspoor::report::csv::timeline(&audited.report).unwrap()).unwrap();
    for line in timeline.lines().skip(1) {
        assert!(!line.split(',').any(|cell| cell.trim_matches('"').starts_with(['=', '+', '@'])), "{line}");
    }
}

#[test]
fn a_copy_without_names_can_be_opened_value_by_value() {
    let place = tempfile::tempdir().unwrap();
    let out = report(place.path());
    let (copy, keep) = (place.path().join("copy"), place.path().join("openings.json"));
    let mut inside = vrijspoor();
    inside.arg("redact").arg(&out).arg("-o").arg(&copy).arg("--openings").arg(copy.join("data/openings.json"));
    inside.assert().code(2);
    vrijspoor().arg("redact").arg(&out).arg("-o").arg(&copy).arg("--openings").arg(&keep).assert().success();
    assert!(codes(&copy).is_empty());
    let openings: Vec<vrijspoor::report::redact::Opening> =
        serde_json::from_slice(&std::fs::read(&keep).unwrap()).unwrap();
    assert!(!openings.is_empty());
    for entry in walkdir::WalkDir::new(&copy).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned();
        for one in openings.iter().filter(|one| one.value.len() >= 4) {
            assert!(!text.contains(&one.value), "{} in {}", one.value, entry.path().display());
            assert!(!text.contains(&one.salt), "a salt lies in {}", entry.path().display());
        }
    }
    let mut reveal = vrijspoor();
    reveal.arg("reveal").arg(&copy).arg("R-001").arg("--openings").arg(&keep).assert().success();
    if has("openssl") {
        let copy: vrijspoor::report::Report =
            serde_json::from_slice(&std::fs::read(copy.join("data/report.json")).unwrap()).unwrap();
        std::fs::write(place.path().join("value"), &openings[0].value).unwrap();
        let command = format!("openssl dgst -sha256 -mac HMAC -macopt hexkey:{} < value", openings[0].salt);
        let made = shell(place.path(), &command).success().get_output().stdout.clone();
        assert!(String::from_utf8_lossy(&made).contains(&copy.redactions[0].commitment));
    }
}

/// What a reviewer found in the report of the demonstration: each sentence and date must be what its citation shows.
#[test]
fn a_sentence_says_what_its_citation_shows() {
    let place = tempfile::tempdir().unwrap();
    let report = audit_fixture("demo", place.path()).report;
    let of = |rule: &str| report.findings.iter().filter(|f| f.rule == rule).collect::<Vec<_>>();
    let one = |rule: &str| *of(rule).first().unwrap_or_else(|| panic!("no {rule}"));
    let cited = |rule: &str, locator: &str| one(rule).citations.iter().find(|c| c.locator == locator).cloned();

    let burst = one("contact.contact-burst");
    assert_eq!((burst.params["received"].as_str(), burst.params["sent"].as_str()), ("1", "1"));
    // The part of a profile has its own name and place.
    let root = cited("device-control.root-certificate", "plist:/PayloadContent/1").unwrap();
    assert_eq!(root.raw["part_name"], "Kolk Root CA");
    assert!(one("device-control.root-certificate").texts.nl.shows.contains("Kolk Root CA"));
    assert!(cited("device-control.vpn-configured", "plist:/PayloadContent/2").is_some());
    let held = one("device-control.restrictions-block-removal");
    for key in ["PayloadRemovalDisallowed", "allowAppRemoval", "allowAccountModification"] {
        assert!(held.texts.nl.shows.contains(key) && held.texts.en.shows.contains(key), "{}", held.texts.nl.shows);
    }
    assert!(!held.texts.nl.shows.contains("allowCamera"));
    // A name that stands in another row is cited where it stands.
    let person = one("contact.person-of-concern-traces");
    assert!(person.citations.iter().any(|c| c.locator == "sqlite:ZACCOUNT/20"));
    assert!(person.citations.iter().all(|c| c.locator != "sqlite:ZACCOUNT/23"));
    assert!(report.persons.concern.iter().flat_map(|p| &p.traces).all(|t| t.locator != "sqlite:ZACCOUNT/23"));
    // A date is said to come from the value that it was made from, and the date of a file is no event.
    let copy = cited("sessions.earlier-computer-backup", "plist:/").unwrap();
    assert_eq!((copy.times["at"].raw.as_str(), copy.times["at"].epoch.as_str()), ("at_number", "cocoa"));
    let relay = &one("forwarding.sms-relay").citations[0];
    assert!(relay.of_file("at"));
    let lines = String::from_utf8(vrijspoor::report::csv::timeline(&report).unwrap()).unwrap();
    assert!(lines.contains(",at_number,803164200.0,cocoa,"));
    assert!(lines.lines().skip(1).all(|line| !line.contains(",at,stream,,")));
    // What is allowed stands under what it is about.
    let sees = |rule: &str, word: &str| of(rule).iter().any(|f| f.sees.iter().any(|one| one == word));
    assert!(sees("device-control.permission-set-by-management", "microphone"));
    assert!(sees("stalkerware.dual-use-product", "microphone"));
    assert!(!sees("device-control.permission-set-by-management", "camera"));
    // Both numbers that are compared, each with a command that shows it.
    let account = one("location-sharing.find-my-account-differs");
    for number in ["1000000066", "1000000012"] {
        assert!(account.texts.nl.shows.contains(number) && account.texts.en.shows.contains(number));
        let shown = |c: &vrijspoor::report::Citation| {
            let shows = &c.reproduce.as_ref().unwrap().shows;
            shows.iter().any(|column| c.raw[column].to_string().trim_matches('"') == number)
        };
        assert!(account.citations.iter().any(shown), "{number}");
    }
    let computers = one("sessions.paired-computer");
    assert_eq!((computers.params["numbers"].as_str(), computers.params["count"].as_str()), ("2", "2"));
    assert!(!computers.params["codes"].contains("PC-VAN-R") && computers.params["names"].contains("PC-VAN-R"));
}
