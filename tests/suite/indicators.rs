//! Indicators: every one that is shipped is reached by a synthetic trace, none of them is the name of something ordinary, and the lists
//! that others publish are read whole. The lists and phones of others lie beside the project; where they do not, a test passes over.

use super::golden::plan;
use super::third_party::testdata;
use rusqlite::types::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use vrijspoor::artifact::Artifacts;
use vrijspoor::audit::{self, Beside, Plan, Silent};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::Cancel;
use vrijspoor::fact::{NewFact, Store};
use vrijspoor::report::IndicatorValue;
use vrijspoor::rule::{self, Rules, Urgency};

static ARTIFACTS: LazyLock<Artifacts> = LazyLock::new(|| Artifacts::embedded().unwrap());

fn rules() -> Rules {
    Rules::embedded(&ARTIFACTS.vocabulary).unwrap_or_else(|e| panic!("{e}"))
}

fn fact(kind: &str, values: &[(&str, &str)]) -> NewFact {
    let value = |v: &str| v.parse().map_or_else(|_| Value::Text(v.into()), Value::Integer);
    NewFact {
        kind: kind.into(),
        // A digest of digits alone is text.
        values: values
            .iter()
            .map(|(k, v)| ((*k).to_string(), if v.len() > 3 { Value::Text((*v).into()) } else { value(v) }))
            .collect(),
        locator: "row".into(),
        raw: String::new(),
    }
}

/// The rules over the given facts: which rule found which values, and how urgent.
fn judge(rules: &Rules, facts: &[NewFact]) -> Vec<(String, BTreeMap<String, String>, Urgency)> {
    let mut store = Store::new(&ARTIFACTS.vocabulary).unwrap();
    // Every fact has a place of its own, so that none explains another.
    for (n, one) in facts.iter().enumerate() {
        let one = NewFact { locator: format!("row {n}"), ..one.clone() };
        store.add(&[one], "phone 1", "android.apps", 1).unwrap();
    }
    let beside = Beside { people: Vec::new(), coverage: &[], as_of: None, living: "", age_band: "" };
    audit::fill(&mut store, rules, beside).unwrap();
    rule::identity::register(store.connection_mut()).unwrap();
    let failed = rule::view::make_all(&mut rules.views.clone(), store.connection_mut());
    assert!(failed.is_empty(), "{failed:?}");
    let mut store = store.seal().unwrap();
    let mut out = Vec::new();
    for rule in &rules.list {
        let judgement = rule::judge(rule, &mut store);
        assert_eq!(judgement.failure, "", "{}", rule.id);
        for found in judgement.groups.into_values().flatten() {
            out.push((rule.id.clone(), found.values, found.urgency.unwrap_or(rule.urgency)));
        }
    }
    out
}

/// A trace that the indicator must be known by. `outside`: an app has a second sign, it came from a file.
fn trace(n: usize, indicator: &IndicatorValue, outside: bool) -> (NewFact, String) {
    let other = format!("net.synthetic.number{n}");
    let installer = if outside { "by-hand" } else { "store" };
    let app = |package: &str, more: &[(&str, &str)]| {
        let values = [&[("package", package), ("present", "1"), ("installer_kind", installer)], more].concat();
        fact("app", &values)
    };
    match indicator.kind.as_str() {
        "certificate" => {
            let kind = if indicator.value.len() == 40 { "sha1" } else { "sha256" };
            (app(&other, &[("signer", &indicator.value.to_uppercase()), ("signer_kind", kind)]), other)
        }
        "file" => {
            (fact("indicator_trace", &[("value", &indicator.value), ("evidence", "present")]), indicator.value.clone())
        }
        "domain" => {
            let host = format!("www.{}", indicator.value);
            (fact("indicator_trace", &[("value", &host), ("evidence", "visited")]), host)
        }
        _ => (app(&indicator.value, &[]), indicator.value.clone()),
    }
}

#[test]
fn every_shipped_indicator_is_reached() {
    let rules = rules();
    let all: Vec<IndicatorValue> = rules.indicators.all().map(|(_, v)| v.clone()).collect();
    assert!(all.len() > 1000, "only {} indicators", all.len());
    let traces: Vec<_> = all.iter().enumerate().map(|(n, i)| trace(n, i, true)).collect();
    let mut facts: Vec<NewFact> = traces.iter().map(|(f, _)| f.clone()).collect();
    // An app of no list, to see that not everything is named.
    facts.push(fact("app", &[("package", "org.example.unlisted"), ("present", "1"), ("installer_kind", "by-hand")]));
    let found = judge(&rules, &facts);
    // Rules that name every app from outside the shop know no product.
    let about_products = |rule: &str| rule != "stalkerware.sideloaded-app" && rule != "stalkerware.not-from-app-store";
    let named: BTreeSet<&String> =
        found.iter().filter(|(rule, _, _)| about_products(rule)).flat_map(|(_, values, _)| values.values()).collect();
    assert!(!named.contains(&"org.example.unlisted".to_string()));
    let missed: Vec<String> = all
        .iter()
        .zip(&traces)
        .filter(|(_, (_, expected))| !named.contains(expected))
        .map(|(i, _)| format!("{} {} {}", i.category, i.kind, i.value))
        .collect();
    assert!(missed.is_empty(), "{} are not reached:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_covert_product_is_urgent_and_a_name_alone_is_not() {
    let rules = rules();
    let covert: BTreeSet<&str> =
        rules.indicators.categories.iter().filter(|c| c.covert).map(|c| c.id.as_str()).collect();
    let names: Vec<IndicatorValue> = rules
        .indicators
        .all()
        .map(|(_, v)| v.clone())
        .filter(|v| covert.contains(v.category.as_str()) && v.kind == "package")
        .collect();
    for outside in [true, false] {
        let facts: Vec<NewFact> = names.iter().enumerate().map(|(n, i)| trace(n, i, outside).0).collect();
        let found = judge(&rules, &facts);
        for name in &names {
            let worst = found
                .iter()
                .filter(|(rule, values, _)| {
                    rule.starts_with("stalkerware.") && values.get("package") == Some(&name.value)
                })
                .map(|(_, _, urgency)| *urgency)
                .min();
            let expected = if outside || !name.generic { Urgency::Now } else { Urgency::Later };
            assert_eq!(worst, Some(expected), "{} (from outside: {outside})", name.value);
        }
    }
}

#[test]
fn a_family_app_is_never_called_a_covert_product() {
    let mut rules = rules();
    // A list that calls everything stalkerware does not change what is known of a family app.
    let list = b"package,name,category\ncom.life360.android.safetymapd,Life360,stalkerware\ncom.google.android.apps.adm,Find Hub,spyware\n";
    rules.indicators.import("angry.csv", list).unwrap();
    let app = |package| fact("app", &[("package", package), ("present", "1"), ("installer_kind", "store")]);
    let found = judge(&rules, &[app("com.life360.android.safetymapd"), app("com.google.android.apps.adm")]);
    assert!(found.iter().any(|(rule, _, _)| rule == "stalkerware.dual-use-product"));
    let wrong: Vec<_> =
        found.iter().filter(|(rule, _, u)| rule == "stalkerware.known-product" || *u == Urgency::Now).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_was_agreed_is_information() {
    let rules = rules();
    let mut store = Store::new(&ARTIFACTS.vocabulary).unwrap();
    store
        .add(
            &[fact("app", &[("package", "com.hellospy"), ("present", "1"), ("installer_kind", "by-hand")])],
            "s",
            "a.b",
            1,
        )
        .unwrap();
    let text = |t: &str| Value::Text(t.into());
    let people = vec![vec![text("agreed"), text("package"), text("com.hellospy"), text("")]];
    audit::fill(&mut store, &rules, Beside { people, coverage: &[], as_of: None, living: "", age_band: "" }).unwrap();
    rule::identity::register(store.connection_mut()).unwrap();
    rule::view::make_all(&mut rules.views.clone(), store.connection_mut());
    let mut store = store.seal().unwrap();
    for rule in rules.list.iter().filter(|r| r.id.starts_with("stalkerware.")) {
        for found in rule::judge(rule, &mut store).groups.values().flatten() {
            assert_eq!(found.urgency.unwrap_or(rule.urgency), Urgency::Info, "{}", rule.id);
        }
    }
}

#[test]
fn a_combination_is_urgent_until_it_was_agreed() {
    let urgency = |name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let report = super::golden::audit_fixture(name, folder.path()).report;
        let found = report.findings.into_iter().find(|f| f.rule == "stalkerware.behaviour-combination").unwrap();
        (found.urgency, found.texts.en.shows)
    };
    let (before, shows) = urgency("android-imitates-system");
    assert_eq!(before, "now");
    // The features are named, not counted.
    assert!(shows.contains("looks like a part of the system") && shows.contains("may read text messages"), "{shows}");
    assert_eq!(urgency("android-agreed").0, "info");
}

/// Names of packages that stand in bug reports of phones on which nothing was planted.
fn ordinary_packages() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let pattern = regex::bytes::Regex::new(r"Package \[([A-Za-z0-9_.]+)\] \(").unwrap();
    let mut look = |bytes: &[u8]| {
        for found in pattern.captures_iter(bytes) {
            names.insert(String::from_utf8_lossy(&found[1]).into_owned());
        }
    };
    for folder in ["composite-bugreport/clean.zip", "bugreport-chkbugreport"] {
        let Some(path) = testdata(folder) else { continue };
        for entry in walkdir::WalkDir::new(path).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
            let bytes = std::fs::read(entry.path()).unwrap();
            look(&bytes);
            let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(&bytes)) else { continue };
            for n in 0..archive.len() {
                let mut text = Vec::new();
                if let Ok(mut file) = archive.by_index(n) {
                    let _ = std::io::Read::read_to_end(&mut file, &mut text);
                }
                look(&text);
            }
        }
    }
    names
}

#[test]
fn no_covert_indicator_is_a_package_of_an_ordinary_phone() {
    let ordinary = ordinary_packages();
    if ordinary.is_empty() {
        return;
    }
    assert!(ordinary.len() > 150, "only {} packages seen", ordinary.len());
    let rules = rules();
    let covert: BTreeSet<&str> =
        rules.indicators.categories.iter().filter(|c| c.covert).map(|c| c.id.as_str()).collect();
    let hit: Vec<&str> = rules
        .indicators
        .all()
        .filter(|(_, v)| covert.contains(v.category.as_str()) && ordinary.contains(&v.value))
        .map(|(_, v)| v.value.as_str())
        .collect();
    assert!(hit.is_empty(), "{hit:?}");
}

/// Every published list beside the project.
fn published() -> Vec<(PathBuf, Vec<u8>)> {
    let Some(folder) = testdata("ioc") else { return Vec::new() };
    let list = |p: &Path| {
        let name = p.to_string_lossy();
        name.ends_with(".stix2")
            || name.ends_with("ioc.yaml")
            || name.ends_with("watchware.yaml")
            || name.ends_with(".csv")
            || name.ends_with(".json")
            || name.contains("ioc-2022")
    };
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file() && list(e.path()))
        .map(|e| (e.path().to_path_buf(), std::fs::read(e.path()).unwrap()))
        .collect()
}

#[test]
fn published_lists_are_read_whole() {
    let lists = published();
    if lists.is_empty() {
        return;
    }
    let rules = rules();
    for (path, bytes) in &lists {
        // By content, not by name.
        let list = rule::indicator::published::read("x", bytes, &rules.indicators)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let refused: usize = list.refused.iter().map(|r| r.count).sum();
        assert_eq!(list.read, list.values.len() + list.repeated + refused, "{}", path.display());
        assert_eq!(list.sha256, vrijspoor::report::json::sha256(bytes));
        let text = String::from_utf8_lossy(bytes);
        if path.ends_with("isdi/app-flags.csv") {
            assert_eq!(list.read, text.lines().count() - 1);
            assert!(refused < 10, "{refused} of the apps are refused: {:?}", list.refused);
        }
        if path.extension().is_some_and(|e| e == "stix2") {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let indicators = json["objects"].as_array().unwrap().iter().filter(|o| o["type"] == "indicator").count();
            assert_eq!(list.read, indicators, "{}: these bundles have one comparison an indicator", path.display());
        }
        // What is written out again is the same list.
        let again = rule::indicator::write::toml(&list);
        let again = rule::indicator::published::read("y", again.as_bytes(), &rules.indicators)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let values = |l: &vrijspoor::report::IndicatorList| -> BTreeSet<(String, String, String, bool)> {
            l.values.iter().map(|v| (v.kind.clone(), v.value.clone(), v.category.clone(), v.generic)).collect()
        };
        assert_eq!(values(&list), values(&again), "{}", path.display());
    }
}

#[test]
fn every_family_of_a_list_published_after_ours_is_found() {
    for name in ["ioc/assoechap/ioc.yaml", "ioc/assoechap/watchware.yaml", "ioc/assoechap/samples.csv"] {
        let Some(path) = testdata(name) else { return };
        let mut rules = rules();
        rules.indicators.import("list", &std::fs::read(path).unwrap()).unwrap();
        let list = rules.indicators.lists.last().unwrap().clone();
        // One trace for each family: the app where the list names one, else its certificate, file or site.
        let mut families: BTreeMap<&str, &IndicatorValue> = BTreeMap::new();
        for kind in ["domain", "file", "certificate", "bundle", "package"] {
            families.extend(list.values.iter().filter(|v| v.kind == kind).map(|v| (v.name.as_str(), v)));
        }
        assert!(families.len() > 20, "{name}: {} families", families.len());
        let traces: Vec<_> = families.values().enumerate().map(|(n, v)| trace(n, v, true)).collect();
        let found = judge(&rules, &traces.iter().map(|(f, _)| f.clone()).collect::<Vec<_>>());
        let named: BTreeSet<&String> = found
            .iter()
            .filter(|(rule, _, _)| !rule.ends_with("sideloaded-app"))
            .flat_map(|(_, values, _)| values.values())
            .collect();
        let missed: Vec<&&str> =
            families.keys().zip(&traces).filter(|(_, (_, e))| !named.contains(e)).map(|(name, _)| name).collect();
        assert!(missed.is_empty(), "{name}: {missed:?}");
    }
}

#[test]
fn an_ordinary_phone_stays_quiet_under_every_published_list() {
    let lists = published();
    let Some(phone) = testdata("composite-bugreport/clean.zip") else { return };
    let mut plan = plan(vec![phone], None, "");
    let lists: Vec<(&'static str, &'static [u8])> =
        lists.into_iter().map(|(_, bytes)| ("list", &*bytes.leak())).collect();
    let pressing = |plan: &Plan| {
        let report = audit::run(plan, &Cancel::default(), &Silent).unwrap().report;
        let pressing: BTreeSet<String> = report
            .findings
            .iter()
            .filter(|f| f.urgency == "now" || f.urgency == "this-week")
            .map(|f| format!("{} {}: {}", f.urgency, f.rule, f.texts.en.shows))
            .collect();
        (report.ruleset.indicators.iter().filter(|l| l.imported).count(), pressing)
    };
    let without = pressing(&plan);
    plan.data = Data { lists: lists.leak(), ..Data::default() };
    let with = pressing(&plan);
    assert!(with.0 > 10 && without.0 == 0);
    // What this phone shows by itself, such as an unlocked start-up, it shows either way.
    assert_eq!(with.1, without.1);
    assert!(with.1.iter().all(|f| !f.starts_with("now")), "{:?}", with.1);
}

#[test]
fn odd_lists_are_counted_not_dropped() {
    let rules = rules();
    let read = |text: &str| rule::indicator::published::read("list", text.as_bytes(), &rules.indicators);
    let count = |list: &vrijspoor::report::IndicatorList, reason: &str| {
        list.refused.iter().find(|r| r.reason == reason).map_or(0, |r| r.count)
    };
    // Semicolons, a byte order mark, any order of columns, a row that is too long, an empty row.
    let list =
        read("\u{feff}Note;SHA256;Domain;Package Name\nx;;example.org;org.example.a\n;zz;;\n;;;\na;b;c;d;e\n").unwrap();
    assert_eq!((list.read, list.values.len()), (5, 2), "{list:?}");
    assert_eq!((count(&list, "malformed"), count(&list, "empty"), count(&list, "unreadable")), (1, 1, 1));
    // One broken product does not take the others with it.
    let list = read("# list\n- name: A\n  packages: [org.example.a]\n- name: B\n  packages: {no: list}\n- name: C\n  certificates:\n  - 0123456789012345678901234567890123456789\n").unwrap();
    assert_eq!((list.values.len(), count(&list, "unreadable")), (2, 1), "{list:?}");
    assert_eq!(list.values[1].value, "0123456789012345678901234567890123456789");
    // A value with `=` and a pattern that is none: peers end the run here.
    let bundle = serde_json::json!({"type": "bundle", "objects": [
        {"type": "indicator", "id": "i1", "pattern": "[domain-name:value='a=b']"},
        {"type": "indicator", "id": "i2", "pattern": "[app:id='org.example.a' OR app:id = 'org.example.b']"},
        {"type": "indicator", "id": "i3", "pattern": "no pattern"},
        {"type": "indicator", "id": "i4", "pattern": "[domain-name:value='example.org']", "revoked": true},
    ]});
    let list = read(&bundle.to_string()).unwrap();
    assert_eq!((list.read, list.values.len()), (5, 2), "{list:?}");
    assert_eq!((count(&list, "malformed"), count(&list, "unreadable"), count(&list, "revoked")), (1, 1, 1));
    // The system itself is accused by no list.
    let list = read("package,name\ncom.android.systemui,Evil\norg.example.c,Good\n").unwrap();
    assert_eq!((list.values.len(), count(&list, "system-name")), (1, 1));
    for text in
        ["", "hello", "{\"a\": 1}", "- a\n- b\n", "a,b\n1,2\n", "127.0.0.1 example.org\n", "[1, 2", "\u{0}\u{1}"]
    {
        assert!(read(text).is_err(), "{text:?} was taken for a list");
    }
}

#[test]
fn the_lint_points_at_the_place() {
    let text = |more: &str| {
        format!(
            "list = \"x\"\nsources = [\"own\"]\n[[category]]\nid = \"bad\"\nnl = \"a\"\nen = \"b\"\ncovert = true\n[[known]]\nkind = \"system\"\npattern = \"com.android.phone\"\nname = \"Android\"\n[[product]]\nname = \"P\"\ncategory = \"bad\"\n{more}\n"
        )
    };
    let problems = |more: &str| {
        let text = text(more);
        let mut problems = Vec::new();
        rule::Indicators::load([("indicators/x.toml", text.as_str())].into_iter(), &mut problems);
        problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(problems("packages = [\"org.example.a\"]"), "");
    for (more, want) in [
        ("packages = [\"org.example.a\", \"org.example.a\"]", "15:30 package `org.example.a` stands in"),
        ("packages = [\"com.android.phone\"]", "15:13 package `com.android.phone` is the name of Android"),
        ("certificates = [\"abc\"]", "15:17 `abc` is no certificate"),
        ("domains = [\"Example.org\"]", "15:12 write it as `example.org`"),
        ("packages = [\"org.example.a\"]\ngeneric = [\"org.example.b\"]", "16:12 `generic` names a package"),
    ] {
        assert!(problems(more).contains(want), "{more}: {}", problems(more));
    }
    let unknown = problems(
        "packages = [\"org.example.a\"]\n[[product]]\nname = \"Q\"\ncategory = \"other\"\npackages = [\"org.example.b\"]",
    );
    assert!(unknown.contains("18:12 `other` is not one of bad"), "{unknown}");
}
