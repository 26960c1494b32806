//! Pairs and triples of audits: every class is right, and nothing is gone merely because it was not read.

use super::court::{has, shell, vrijspoor};
use super::golden::plan;
use super::third_party::{PLANTED, maker};
use std::collections::BTreeMap;
use std::path::Path;
use vrijspoor::artifact::Artifacts;
use vrijspoor::audit::keep::Pseudonyms;
use vrijspoor::audit::{self, Plan, Silent};
use vrijspoor::compare::half::Half;
use vrijspoor::compare::{self, Comparison, Pair, Side, baseline, page, sealed};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::Cancel;
use vrijspoor::fixture::{self, Recipe};
use vrijspoor::report::text::Text;
use vrijspoor::report::{Report, json};
use vrijspoor::rule::Rules;

struct Bench {
    artifacts: Artifacts,
    rules: Rules,
}

impl Bench {
    fn new() -> Self {
        let artifacts = Artifacts::embedded().unwrap();
        let rules = Rules::embedded(&artifacts.vocabulary).unwrap();
        Self { artifacts, rules }
    }

    /// Builds a recipe, changed, and audits it with a changed plan.
    fn audit(name: &str, change: impl Fn(&mut Recipe), options: impl Fn(&mut Plan)) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
        change(&mut recipe);
        let inputs = fixture::build(&recipe, folder.path()).unwrap();
        let mut plan = plan(inputs, recipe.password.as_deref(), recipe.case.as_deref().unwrap_or(""));
        options(&mut plan);
        audit::run(&plan, &Cancel::default(), &Silent).unwrap().report
    }

    fn side(&self, report: &Report, key_file: Option<&[u8]>) -> Side {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        let bytes = json::bytes(report).unwrap();
        std::fs::write(&file, &bytes).unwrap();
        std::fs::write(sealed::digest_file(&file), sealed::list(&file, &bytes)).unwrap();
        Side::read(&file, key_file, &self.artifacts).unwrap()
    }

    fn compare(&self, reports: &[&Report]) -> Comparison {
        let mut sides: Vec<Side> = reports.iter().map(|r| self.side(r, None)).collect();
        compare::compare(&mut sides, &self.artifacts, &self.rules, "nl", "Europe/Amsterdam").unwrap()
    }

    fn small(&self, report: &Report) -> Report {
        let pseudonyms = Pseudonyms::new(None, &report.case.id);
        baseline::reduce(report, &pseudonyms.key, pseudonyms.origin, &self.artifacts, &self.rules)
    }
}

fn classes(pair: &Pair) -> BTreeMap<&str, Vec<&str>> {
    let mut classes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in &pair.findings {
        classes.entry(&finding.class).or_default().push(&finding.rule);
    }
    classes
}

fn of<'p>(pair: &'p Pair, rule: &str) -> Vec<(&'p str, &'p str)> {
    pair.findings.iter().filter(|f| f.rule == rule).map(|f| (f.class.as_str(), f.why.as_str())).collect()
}

fn remarks(pair: &Pair) -> Vec<&str> {
    pair.remarks.iter().map(|r| r.code.as_str()).collect()
}

fn later(recipe: &mut Recipe) {
    for input in &mut recipe.inputs {
        input.made = Some("2026-11-16T08:30:00Z".into());
    }
}

fn leave_out(recipe: &mut Recipe, path: &str) {
    for input in &mut recipe.inputs {
        let before = input.files.len();
        input.files.retain(|f| !f.path.contains(path));
        assert!(before > input.files.len() || input.files.is_empty(), "no file {path}");
    }
}

#[test]
fn an_audit_compared_with_itself_gives_nothing() {
    let bench = Bench::new();
    for name in ["iphone-controlled", "android-controlled", "google-controlled-nl", "demo"] {
        let report = Bench::audit(name, |_| (), |_| ());
        let comparison = bench.compare(&[&report, &report]);
        let pair = &comparison.pairs[0];
        assert_eq!(classes(pair).keys().collect::<Vec<_>>(), [&"unchanged"], "{name}: {:?}", classes(pair));
        assert_eq!(
            pair.findings.len(),
            report.findings.len(),
            "{name}: every finding is judged again from the kept facts"
        );
        assert!(pair.facts.is_empty() && pair.coverage.is_empty(), "{name}");
    }
}

#[test]
fn a_control_that_was_added_is_new_and_one_that_was_removed_is_gone() {
    let bench = Bench::new();
    let rule = "forwarding.sms-relay";
    let with = Bench::audit("iphone-controlled", |_| (), |_| ());
    let sms = with.findings.iter().find(|f| f.rule == rule).unwrap();
    let stream = &sms.citations[0].stream;
    let path = stream.rsplit('/').next().unwrap().to_string();
    let without = Bench::audit(
        "iphone-controlled",
        |r| {
            leave_out(r, &path);
            later(r);
        },
        |_| (),
    );
    let gone = bench.compare(&[&with, &without]);
    assert_eq!(of(&gone.pairs[0], rule), [("gone", "")], "{path}");
    // The file itself is not in the other copy, and that copy lists everything: said beside the class.
    assert!(gone.pairs[0].findings.iter().find(|f| f.rule == rule).unwrap().file_absent);
    assert_eq!(classes(&gone.pairs[0])["gone"], [rule]);
    let new = bench.compare(&[&without, &with]);
    assert_eq!(of(&new.pairs[0], rule), [("new", "")]);
    assert_eq!(remarks(&new.pairs[0]), ["clock-back"]);
}

#[test]
fn what_was_not_read_is_never_gone() {
    let bench = Bench::new();
    let full = Bench::audit("demo", |_| (), |_| ());
    // The Google export is not there this time.
    let phone_only = Bench::audit("demo", |r| r.inputs.retain(|i| i.kind == Some(fixture::Kind::IosBackup)), |_| ());
    let pair = &bench.compare(&[&full, &phone_only]).pairs[0];
    assert!(!classes(pair).contains_key("gone"), "{:?}", classes(pair));
    assert!(classes(pair)["not-comparable"].contains(&"forwarding.mail-forward-address"));
    assert!(pair.coverage.iter().any(|c| c.source.starts_with("google") && c.new == "no-source"));
    assert!(pair.facts.iter().all(|f| f.class != "gone"), "{:?}", pair.facts.iter().find(|f| f.class == "gone"));
    let pair = &bench.compare(&[&phone_only, &full]).pairs[0];
    assert!(!classes(pair).contains_key("new"), "{:?}", classes(pair));
    assert_eq!(of(pair, "forwarding.mail-forward-address"), [("newly-visible", "no-copy-before")]);

    // A narrower consent this time.
    let narrow = Bench::audit("iphone-controlled", |_| (), |p| p.scope = vec!["apps".into(), "device".into()]);
    let wide = Bench::audit("iphone-controlled", |_| (), |_| ());
    let pair = &bench.compare(&[&wide, &narrow]).pairs[0];
    assert_eq!(of(pair, "device-control.mdm-profile"), [("not-comparable", "coverage")]);
    assert!(!classes(pair).contains_key("gone"), "{:?}", classes(pair));

    // The password is not known this time.
    let open = Bench::audit("iphone-controlled-encrypted", |_| (), |_| ());
    let locked = Bench::audit(
        "iphone-controlled-encrypted",
        |_| (),
        |p| {
            p.passwords.clear();
            p.locked_ok = true;
        },
    );
    let pair = &bench.compare(&[&open, &locked]).pairs[0];
    assert!(classes(pair).keys().all(|c| ["not-comparable", "unchanged"].contains(c)), "{:?}", classes(pair));
    assert!(classes(pair)["not-comparable"].len() > 10);
    assert!(remarks(pair).contains(&"locked-now"), "{:?}", pair.remarks);
    let pair = &bench.compare(&[&locked, &open]).pairs[0];
    assert!(classes(pair).keys().all(|c| ["newly-visible", "unchanged"].contains(c)), "{:?}", classes(pair));
    assert!(remarks(pair).contains(&"locked-before"), "{:?}", pair.remarks);
}

#[test]
fn another_phone_is_not_compared_with_the_old_one() {
    let bench = Bench::new();
    let old = Bench::audit("iphone-controlled", |_| (), |_| ());
    let other = |recipe: &mut Recipe| {
        later(recipe);
        for (key, value) in [
            ("Serial Number", "F17FIXTURE99"),
            ("Unique Identifier", "00008101-0000000000000099"),
            ("Target Identifier", "00008101-0000000000000099"),
            ("IMEI", "350000000000099"),
        ] {
            recipe.inputs[0].device.insert(key.into(), value.into());
        }
    };
    let new = Bench::audit("iphone-clean", other, |_| ());
    let pair = &bench.compare(&[&old, &new]).pairs[0];
    assert!(remarks(pair).contains(&"other-device"), "{:?}", pair.remarks);
    assert!(!classes(pair).contains_key("gone") && !classes(pair).contains_key("unchanged"), "{:?}", classes(pair));
    assert!(pair.facts.iter().all(|f| f.class == "not-comparable" || f.class == "newly-visible"));
}

#[test]
fn better_rules_are_not_mixed_with_a_changed_phone() {
    let bench = Bench::new();
    let rule = "device-control.mdm-profile";
    let fewer: Vec<(&str, &str)> =
        Data::default().rules.iter().copied().filter(|(name, _)| *name != "device-control/mdm-profile.toml").collect();
    let data = Data { rules: fewer.leak(), ..Data::default() };
    let old = Bench::audit("iphone-controlled", |_| (), |p| p.data = data);
    let new = Bench::audit("iphone-controlled", later, |_| ());
    let pair = &bench.compare(&[&old, &new]).pairs[0];
    assert_eq!(of(pair, rule), [("newly-visible", "rule")]);
    assert!(remarks(pair).contains(&"other-rules"));
    assert!(!classes(pair).contains_key("new"), "{:?}", classes(pair));
    // And the other way about: a rule that no longer exists says nothing about the phone.
    let fewer_rules = Rules::load(data.rules, &bench.artifacts.vocabulary).unwrap();
    let mut sides = vec![bench.side(&new, None), bench.side(&old, None)];
    let comparison = compare::compare(&mut sides, &bench.artifacts, &fewer_rules, "nl", "UTC").unwrap();
    assert_eq!(of(&comparison.pairs[0], rule), [("not-comparable", "rule")]);
    // Two audits by the same rules, judged by others: said too.
    let mut sides = vec![bench.side(&new, None), bench.side(&new, None)];
    let comparison = compare::compare(&mut sides, &bench.artifacts, &fewer_rules, "nl", "UTC").unwrap();
    assert!(remarks(&comparison.pairs[0]).contains(&"other-rules"));
}

#[test]
fn lists_of_others_judge_both_audits_or_it_is_said_that_they_are_lacking() {
    let bench = Bench::new();
    let recipe = fixture::recipe(Data::default().fixtures, "android-published-list").unwrap();
    let data = fixture::data(&recipe, Data::default());
    let with = Bench::audit("android-published-list", |_| (), |p| p.data = data);
    let without = Bench::audit("android-published-list", |_| (), |_| ());
    let listed: Vec<&str> = with.findings.iter().map(|f| f.rule.as_str()).collect();
    let only = listed.iter().find(|rule| !without.findings.iter().any(|f| f.rule == **rule)).unwrap();

    let lacking = bench.compare(&[&with, &with]);
    let pair = &lacking.pairs[0];
    assert_eq!(of(pair, only), [("not-comparable", "lists")]);
    assert!(pair.remarks.iter().any(|r| r.code == "lists-missing" && !r.detail.is_empty()), "{:?}", pair.remarks);
    assert!(lacking.lists.is_empty() && lacking.audits[0].lists.len() == 1);

    let (artifacts, rules) = audit::load(data).unwrap();
    let bench = Bench { artifacts, rules };
    let given = bench.compare(&[&with, &with]);
    assert_eq!(of(&given.pairs[0], only), [("unchanged", "")]);
    assert_eq!(given.lists, given.audits[0].lists);
    assert!(!remarks(&given.pairs[0]).iter().any(|r| r.starts_with("lists")), "{:?}", given.pairs[0].remarks);
    assert!(page::render(&given, "d", false).unwrap().contains(&given.lists[0].sha256));
    // The list is new, the phone is not.
    let later = bench.compare(&[&without, &with]);
    assert_eq!(of(&later.pairs[0], only), [("newly-visible", "lists")]);
    assert!(remarks(&later.pairs[0]).contains(&"lists-given"));
}

#[test]
fn a_case_file_that_was_forgotten_is_no_change_of_the_phone() {
    let bench = Bench::new();
    let with = Bench::audit("demo", |_| (), |_| ());
    let without = Bench::audit("demo", |r| r.case = Some("[case]\nid = \"DEMO-2026-001\"\n".into()), |_| ());
    let rule = "contact.person-of-concern-traces";
    for (old, new, expected) in
        [(&with, &without, ("not-comparable", "declared")), (&without, &with, ("newly-visible", "declared"))]
    {
        let pair = &bench.compare(&[old, new]).pairs[0];
        assert_eq!(of(pair, rule), [expected]);
        assert!(remarks(pair).contains(&"other-declared"));
        assert!(!classes(pair).contains_key("new") && !classes(pair).contains_key("gone"), "{:?}", classes(pair));
    }
}

#[test]
fn the_small_form_compares_like_the_report_and_holds_no_names() {
    let bench = Bench::new();
    let old = Bench::audit("demo", |_| (), |_| ());
    let new = Bench::audit("demo", later, |_| ());
    let small = bench.small(&old);
    let text = String::from_utf8(json::bytes(&small).unwrap()).unwrap();
    for declared in old.baseline.declared.iter().filter(|d| ["concern", "trusted"].contains(&d.role.as_str())) {
        for value in [&declared.value, &declared.label] {
            assert!(value.len() < 4 || !text.contains(value.as_str()), "{value} stands in the small form");
        }
    }
    for hidden in ["MARKER-", "F17FIXTURE01", "00008101-0000000000000012", "350000000000012"] {
        assert!(!text.contains(hidden), "{hidden} stands in the small form");
    }
    let from_report = bench.compare(&[&old, &new]);
    let from_small = bench.compare(&[&small, &new]);
    let (a, b) = (&from_report.pairs[0], &from_small.pairs[0]);
    let short = |pair: &Pair| -> Vec<(String, String)> {
        let mut list: Vec<_> = pair.findings.iter().map(|f| (f.rule.clone(), f.class.clone())).collect();
        list.sort();
        list
    };
    assert_eq!(short(a), short(b));
    assert_eq!(a.fact_counts, b.fact_counts);
    assert_eq!(remarks(a), remarks(b));
}

#[test]
fn three_audits_make_a_timeline_and_the_same_bytes() {
    let bench = Bench::new();
    let clean = Bench::audit("iphone-clean", |_| (), |_| ());
    let controlled = Bench::audit("iphone-controlled", later, |_| ());
    let comparison = bench.compare(&[&clean, &controlled, &clean]);
    assert_eq!(comparison.pairs.len(), 2);
    let line = comparison.timeline.iter().find(|l| l.rule == "device-control.mdm-profile").unwrap();
    assert_eq!(line.seen, ["not-found", "found", "not-found"]);
    let page = page::render(&comparison, "d", false).unwrap();
    assert_eq!(page, page::render(&bench.compare(&[&clean, &controlled, &clean]), "d", false).unwrap());
    assert!(!page.contains("MARKER-"));
    for (lang, easy) in [("nl", true), ("en", false)] {
        let comparison = Comparison { lang: lang.into(), ..bench.compare(&[&clean, &controlled]) };
        assert!(page::render(&comparison, "d", easy).unwrap().contains("<h1>"));
    }
}

#[test]
fn a_key_file_is_asked_for_and_checked() {
    let bench = Bench::new();
    let secret = b"0123456789abcdef".to_vec();
    let with = Bench::audit("demo", |_| (), |p| p.case_key = Some(secret.clone()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    std::fs::write(&file, json::bytes(&with).unwrap()).unwrap();
    let code = |key: Option<&[u8]>| Side::read(&file, key, &bench.artifacts).map(|_| ()).map_err(|e| e.code());
    assert_eq!(code(None), Err("case-key-needed"));
    assert_eq!(code(Some(b"another key file")), Err("case-key-wrong"));
    assert_eq!(code(Some(&secret)), Ok(()));
    assert_eq!(
        Side::read(Path::new("/nowhere"), None, &bench.artifacts).map(|_| ()).map_err(|e| e.code()),
        Err("not-a-report")
    );
}

#[test]
fn other_people_are_pseudonyms_among_the_kept_facts() {
    let report = Bench::audit("iphone-clean", |_| (), |_| ());
    let cited: Vec<&str> = report
        .findings
        .iter()
        .flat_map(|f| f.citations.iter())
        .filter_map(|c| c.decoded.get("counterpart").and_then(|v| v.as_str()))
        .collect();
    let mut seen = 0;
    for fact in &report.baseline.facts {
        let Some(other) = fact.values.get("counterpart").and_then(|v| v.as_str()) else { continue };
        seen += 1;
        assert!(vrijspoor::rule::pseudonym::is_pseudonym(other) || cited.contains(&other), "{other}");
    }
    assert!(seen > 0);
}

#[test]
fn contact_over_time_is_read_only_with_consent_of_its_own() {
    let with = Bench::audit("contact-pattern", |_| (), |p| p.scope = vec!["all".into(), "contact-pattern".into()]);
    let contact = with.persons.concern[0].contact.as_ref().unwrap();
    // 30 texts from 23:10 Dutch time within half an hour, four earlier ones, and two that she sent to this person alone.
    assert_eq!((contact.received, contact.sent, contact.received_at_night), (33, 2, 30));
    assert_eq!(contact.days.keys().collect::<Vec<_>>(), ["2026-09-01", "2026-09-02", "2026-09-03", "2026-10-05"]);
    assert_eq!(contact.bursts, ["2026-10-05"]);
    let after = contact.after_exit.as_ref().unwrap();
    assert_eq!((after.received, after.sent, after.days), (30, 0, 1));
    // The lawyer is left out before any count is made, and that is said.
    assert!(with.gaps.iter().any(|g| g.kind == "privileged-filtered" && g.count > 0));
    let whole = serde_json::to_string(&with.persons).unwrap();
    assert!(!whole.contains("+31600000092") && !whole.contains("MARKER-"));
    assert!(with.persons.others.iter().all(|o| vrijspoor::rule::pseudonym::is_pseudonym(&o.label)));
    assert!(!with.persons.concern[0].traces.is_empty());

    let without = Bench::audit("contact-pattern", |_| (), |p| p.scope = vec!["all".into()]);
    assert!(!without.persons.pattern_read && without.persons.others.is_empty());
    assert!(without.persons.concern[0].contact.is_none());
    let coverage = without.coverage.iter().find(|c| c.artifact == "ios.messages-hours").unwrap();
    assert_eq!((coverage.outcome.as_str(), coverage.rows), ("out-of-scope", 0));
    let page = vrijspoor::report::persons::render(&with).unwrap().unwrap();
    assert!(page.contains("Advocaat") == page.contains("+31600000092") && !page.contains("Advocaat"));
    let nobody = Bench::audit("iphone-clean", |_| (), |_| ());
    assert!(vrijspoor::report::persons::render(&nobody).unwrap().is_none());
}

/// Backups of the independent maker, with and without its planted controls.
#[test]
fn planted_controls_are_new_and_then_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    for (name, arguments) in [("ordinary", &[][..]), ("planted", &["--plant-control"][..])] {
        let Some(out) = maker(folder.path(), name, arguments) else { return };
        let plan = plan(vec![out], None, "");
        reports.push(audit::run(&plan, &Cancel::default(), &Silent).unwrap().report);
    }
    let bench = Bench::new();
    let there = bench.compare(&[&reports[0], &reports[1]]);
    let back = bench.compare(&[&reports[1], &reports[0]]);
    for rule in PLANTED {
        assert_eq!(of(&there.pairs[0], rule), [("new", "")], "{rule}");
        assert_eq!(of(&back.pairs[0], rule), [("gone", "")], "{rule}");
    }
}

#[test]
fn what_the_team_ticked_is_confirmed_or_flagged() {
    let bench = Bench::new();
    let rule = "forwarding.sms-relay";
    let ticked = |recipe: &mut Recipe| {
        later(recipe);
        recipe.case = Some("[[ticked]]\nstep = \"fwd-sms-relay\"\non = 2026-11-02\nresult = \"yes\"\n".into());
    };
    let old = Bench::audit("iphone-controlled", |_| (), |_| ());
    let still = Bench::audit("iphone-controlled", ticked, |_| ());
    let steps = &bench.rules.list.iter().find(|r| r.id == rule).unwrap().steps;
    assert!(steps.iter().any(|s| s == "fwd-sms-relay"), "{steps:?}");
    let expected = |new: &Report| {
        let comparison = bench.compare(&[&old, new]);
        let of = |f: &&compare::FindingChange| f.rule == rule;
        comparison.pairs[0].findings.iter().find(of).unwrap().expected.clone()
    };
    assert_eq!(expected(&still), "failed");
    let sms = old.findings.iter().find(|f| f.rule == rule).unwrap();
    let path = sms.citations[0].stream.rsplit('/').next().unwrap().to_string();
    let done = Bench::audit(
        "iphone-controlled",
        |r| {
            leave_out(r, &path);
            ticked(r);
        },
        |_| (),
    );
    assert_eq!(expected(&done), "confirmed");
    // What was not read can be neither.
    let unread = Bench::audit("iphone-controlled", ticked, |p| p.scope = vec!["apps".into(), "device".into()]);
    assert_eq!(expected(&unread), "unknown");
    // A step that failed leads the third box, in all words of the page; of what stayed the same it is said how much is urgent.
    for (lang, easy) in [("nl", false), ("nl", true), ("en", false)] {
        let text = Text::of(lang);
        let comparison = Comparison { lang: lang.into(), ..bench.compare(&[&old, &still]) };
        let half = Half::of(&comparison, &comparison.pairs[0], text, easy);
        let failed = if easy { &text.compare.easy["failed"] } else { &text.compare.failed };
        assert_eq!(&half.boxes[2].groups[0].note, failed);
        let soon = comparison.pairs[0].findings.iter().filter(|f| ["now", "this-week"].contains(&f.urgency.as_str()));
        assert!(half.same.contains(&soon.count().to_string()), "{}", half.same);
    }
}

#[test]
fn a_comparison_is_a_bag_that_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    for out in [&a, &b] {
        let made = assert_cmd::Command::cargo_bin("vrijspoor").unwrap().args(["demo", "-o"]).arg(out).ok();
        made.unwrap();
    }
    let out = folder.path().join("c");
    let run =
        |arguments: &[&std::ffi::OsStr]| assert_cmd::Command::cargo_bin("vrijspoor").unwrap().args(arguments).ok();
    let (one, other) = (a.join("report"), b.join("report"));
    run(&["compare".as_ref(), one.as_os_str(), other.as_os_str(), "-o".as_ref(), out.as_os_str()]).unwrap();
    run(&["verify".as_ref(), out.as_os_str()]).unwrap();
    std::fs::write(out.join("data/comparison.html"), "x").unwrap();
    assert!(run(&["verify".as_ref(), out.as_os_str()]).is_err());
}

/// Writes a report where the commands look for it.
fn bag_of(place: &Path, name: &str, report: &Report) -> std::path::PathBuf {
    let bag = place.join(name);
    std::fs::create_dir_all(bag.join("data")).unwrap();
    std::fs::write(bag.join("data/report.json"), json::bytes(report).unwrap()).unwrap();
    bag
}

#[test]
fn a_small_form_is_signed_and_verified_by_itself_and_refused_when_changed() {
    let place = tempfile::tempdir().unwrap();
    let report = Bench::audit("google-controlled-en", |_| (), |_| ());
    let bag = bag_of(place.path(), "bag", &report);
    let small = place.path().join("before.json");
    let run = |arguments: &[&str]| vrijspoor().current_dir(place.path()).args(arguments).assert();
    run(&["baseline", "bag", "-o", "before.json"]).success();
    run(&["verify", "before.json"]).success();
    let compare = |out: &str| run(&["compare", "before.json", "bag", "-o", out]);
    compare("c1").success();
    if has("sha256sum") {
        shell(place.path(), "sha256sum -c before.json.sha256").success();
    }
    if has("ssh-keygen") {
        shell(place.path(), "ssh-keygen -q -t ed25519 -N '' -C test -f key").success();
        run(&["sign", "before.json", "--key", "key"]).success();
        run(&["verify", "before.json"]).success();
        let known = "printf 'jan namespaces=\"vrijspoor\" ' > known; cat key.pub >> known;";
        let check = "ssh-keygen -Y verify -n vrijspoor -f known -I jan -s before.json.sig < before.json";
        shell(place.path(), &format!("{known} {check}")).success();
        compare("c2").success();
        let page = std::fs::read_to_string(place.path().join("c2/data/comparison.json")).unwrap();
        assert!(page.contains("SHA256:"), "the page says who signed");
    }
    // What was changed is refused: by the digest, by the signature alone, and a report by its manifest.
    let bytes = std::fs::read(&small).unwrap();
    std::fs::write(&small, [&bytes[..], b"\n"].concat()).unwrap();
    run(&["verify", "before.json"]).code(1);
    compare("c3").code(2);
    assert!(!place.path().join("c3").exists());
    if sealed::signature_file(&small).exists() {
        std::fs::remove_file(sealed::digest_file(&small)).unwrap();
        run(&["verify", "before.json"]).code(1);
        compare("c3").code(2);
        std::fs::remove_file(sealed::signature_file(&small)).unwrap();
        // Nothing vouches for it now, which is no proof of anything: compared, and said.
        run(&["verify", "before.json"]).code(1);
        compare("c3").success();
        let said = std::fs::read_to_string(place.path().join("c3/data/comparison.json")).unwrap();
        assert!(said.contains("\"unsealed\""));
    }
    std::fs::write(bag.join("manifest-sha256.txt"), format!("{}  data/report.json\n", "0".repeat(64))).unwrap();
    run(&["compare", "bag", "bag", "-o", "c4"]).code(2);
    run(&["baseline", "bag", "-o", "again.json"]).code(2);
    assert!(!place.path().join("again.json").exists(), "a change is not carried on under a new digest");
}

#[test]
fn one_person_is_one_pseudonym_throughout_a_case_and_in_no_other() {
    let bench = Bench::new();
    let case =
        |id: &str| format!("[case]\nid = \"{id}\"\n[[concern]]\nname = \"R. Kolk\"\nnumbers = [\"+31600000077\"]\n");
    let small = |name: &str, id: &str| {
        let report = Bench::audit(name, |r| r.case = Some(case(id)), |_| ());
        bench.small(&report)
    };
    let first = small("iphone-controlled", "A-1");
    // Another copy of another moment, with other facts.
    let later = small("iphone-clean", "A-1");
    let other = small("iphone-controlled", "A-2");
    let of = |report: &Report, kind: &str| -> Vec<String> {
        let concern = report.baseline.declared.iter().filter(|d| d.role == "concern" && d.kind == kind);
        concern.map(|d| d.value.clone()).collect()
    };
    for kind in ["number", "name"] {
        assert_eq!(of(&first, kind).len(), 1);
        assert_eq!(of(&first, kind), of(&later, kind));
        assert_ne!(of(&first, kind), of(&other, kind));
    }
    let counterparts = |report: &Report| -> std::collections::BTreeSet<String> {
        let one = |f: vrijspoor::report::facts::Fact| Some(f.values.get("counterpart")?.as_str()?.to_owned());
        report.baseline.facts.iter().filter_map(one).collect()
    };
    assert!(!counterparts(&first).is_disjoint(&counterparts(&later)), "the same people in both copies");
    assert!(counterparts(&first).is_disjoint(&counterparts(&other)));
}

#[test]
fn a_declared_name_inside_the_name_of_a_device_is_known_in_the_small_form() {
    let bench = Bench::new();
    let rule = "contact.hotspot-of-other";
    let old = Bench::audit("iphone-around-controlled", |_| (), |_| ());
    let new = Bench::audit("iphone-around-controlled", later, |_| ());
    let hotspot =
        old.findings.iter().find(|f| f.rule == rule && f.group.iter().any(|g| g == "iPhone van Ruben Kolk")).unwrap();
    assert_eq!(hotspot.urgency, "this-week", "the name of a person of concern raises it");
    let small = bench.small(&old);
    let text = String::from_utf8(json::bytes(&small).unwrap()).unwrap();
    assert!(!text.to_lowercase().contains("ruben"), "no name of a declared person in the small form");
    for reports in [[&small, &new], [&old, &new]] {
        let pair = &bench.compare(&reports).pairs[0];
        let urgencies: Vec<(&str, &str)> =
            pair.findings.iter().filter(|f| f.rule == rule).map(|f| (f.class.as_str(), f.urgency.as_str())).collect();
        assert!(urgencies.contains(&("unchanged", "this-week")), "{urgencies:?}");
        assert!(pair.findings.iter().all(|f| f.class == "unchanged"), "{:?}", classes(pair));
    }
    // Declared only now: the old small form does not hold the name, so the fact is the same and what is held against it is not.
    let unnamed = Bench::audit("iphone-around-controlled", |r| r.case = None, |_| ());
    let pair = &bench.compare(&[&bench.small(&unnamed), &new]).pairs[0];
    assert!(!classes(pair).contains_key("gone"), "{:?}", classes(pair));
}

/// What must never be printed is looked for in everything that these commands make or vouch for.
#[test]
fn nothing_that_must_not_be_printed_leaves_by_a_side_door() {
    let place = tempfile::tempdir().unwrap();
    let out = super::court::report(place.path());
    let at = place.path();
    // Every output names the program: what is forbidden here stands in all of them.
    std::fs::write(at.join("case.toml"), "[place]\nnever_print = [\"Niemandsweg 1\", \"vrijspoor\"]\n").unwrap();
    std::fs::write(at.join("other.toml"), "[place]\nnever_print = [\"Niemandsweg 1\"]\n").unwrap();
    let key = ssh_key();
    std::fs::write(at.join("key"), key).unwrap();
    let run =
        |arguments: &[&str], case: &str| vrijspoor().current_dir(at).args(arguments).args(["--case", case]).assert();
    let commands: [(&[&str], &str); 5] = [
        (&["compare", "out", "out", "-o", "compared"], "compared"),
        (&["redact", "out", "-o", "redacted", "--openings", "openings.json"], "openings.json"),
        (&["baseline", "out", "-o", "small.json"], "small.json"),
        (&["sign", "out", "--key", "key"], "out/manifest-sha256.txt.sig"),
        (&["stamp", "out"], "out/manifest-sha256.txt.tsq"),
    ];
    for (arguments, made) in commands {
        let refused = run(arguments, "case.toml").code(2);
        let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(said.contains("[leak]") && !said.contains("Niemandsweg"), "{arguments:?}: {said}");
        assert!(!at.join(made).exists(), "{arguments:?} left {made}");
        run(arguments, "other.toml").success();
        assert!(at.join(made).exists(), "{arguments:?}");
    }
    run(&["sign", "small.json", "--key", "key"], "case.toml").code(2);
    assert!(!at.join("small.json.sig").exists());
    let note = ["custody", "add", "out", "--action", "handed over", "--note", "langs niemandsweg-1"];
    run(&note, "other.toml").code(2);
    let custody = std::fs::read_to_string(out.join("custody.jsonl")).unwrap_or_default();
    assert!(!custody.contains("niemandsweg"));
    run(&["custody", "add", "out", "--action", "handed over", "--note", "op kantoor"], "other.toml").success();
}

/// A key for tests, made for nothing else.
fn ssh_key() -> String {
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
    ssh_key::PrivateKey::from(pair).to_openssh(ssh_key::LineEnding::LF).unwrap().to_string()
}
