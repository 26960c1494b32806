//! Every fixture is built, audited, and judged: the rules that it names as `fires` must find something, those that it names as
//! `quiet` must have looked and found nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vrijspoor::audit::case::CaseFile;
use vrijspoor::audit::{self, Audited, Plan, Silent};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::{Cancel, Password};
use vrijspoor::fixture;
use vrijspoor::report::Report;
use vrijspoor::report::text::Text;

/// A plan with ordinary options.
pub fn plan(inputs: Vec<PathBuf>, password: Option<&str>, case: &str) -> Plan {
    let case = CaseFile::parse("case.toml", case).unwrap_or_else(|e| panic!("{e}"));
    Plan {
        inputs,
        scope: case.consent.scopes(),
        case,
        lang: "nl".into(),
        as_of: None,
        zone: "Europe/Amsterdam".into(),
        passwords: password.iter().map(|p| Password::new((*p).to_string())).collect(),
        locked_ok: false,
        data: Data::default(),
        case_key: None,
    }
}

/// Builds a fixture below `folder` and audits it.
pub fn audit_fixture(name: &str, folder: &Path) -> Audited {
    let recipe = fixture::recipe(Data::default().fixtures, name).unwrap_or_else(|e| panic!("{name}: {e}"));
    let inputs = fixture::build(&recipe, folder).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut plan = plan(inputs, recipe.password.as_deref(), recipe.case.as_deref().unwrap_or(""));
    plan.data = fixture::data(&recipe, plan.data);
    audit::run(&plan, &Cancel::default(), &Silent).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_fixture_gives_the_findings_that_it_names() {
    let mut problems = Vec::new();
    for name in fixture::names(Data::default().fixtures) {
        let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let audited = audit_fixture(name, folder.path());
        let disagreements = fixture::disagreements(&recipe, &audited.report.outcomes);
        problems.extend(unworded(&audited.report));
        problems.extend(disagreements.into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Columns of the tables in a report that a reader would see under the name that a rule gives them.
fn unworded(report: &Report) -> Vec<String> {
    let rows = report.findings.iter().filter(|f| f.rows.len() > 1).flat_map(|f| f.rows.iter().map(move |row| (f, row)));
    let columns = rows.flat_map(|(f, row)| row.keys().map(|column| (column.as_str(), f.rule.as_str())));
    let columns: BTreeSet<(&str, &str)> = columns.filter(|(column, _)| !column.ends_with("_en")).collect();
    let bare = |column: &str| {
        ["nl", "en"].iter().any(|lang| {
            let text = Text::of(lang);
            let column = column.strip_suffix("_nl").unwrap_or(column);
            !text.columns.contains_key(column)
        })
    };
    columns.iter().filter(|(c, _)| bare(c)).map(|(c, rule)| format!("{rule}: no words for {c}")).collect()
}

#[test]
fn every_rule_has_a_fixture_that_fires_it_and_one_that_does_not() {
    let (mut fires, mut quiet) = (BTreeSet::new(), BTreeSet::new());
    for name in fixture::names(Data::default().fixtures) {
        let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
        fires.extend(recipe.fires);
        quiet.extend(recipe.quiet);
    }
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    let rules = vrijspoor::rule::Rules::embedded(&artifacts.vocabulary).unwrap();
    let lacking: Vec<String> = rules
        .list
        .iter()
        // A rule without such fixtures is experimental: it is shown as such and never urgent.
        .filter(|r| !r.experimental)
        .flat_map(|r| {
            let fires = (!fires.contains(&r.id)).then(|| format!("{}: no fixture fires it", r.id));
            let quiet = (!quiet.contains(&r.id)).then(|| format!("{}: no fixture keeps it quiet", r.id));
            fires.into_iter().chain(quiet)
        })
        .collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn an_ordinary_phone_or_account_gives_nothing_urgent() {
    for name in fixture::names(Data::default().fixtures).into_iter().filter(|n| n.contains("clean")) {
        let folder = tempfile::tempdir().unwrap();
        let audited = audit_fixture(name, folder.path());
        let urgent: Vec<String> = audited
            .report
            .findings
            .iter()
            .filter(|f| f.urgency == "now" || f.urgency == "this-week")
            .map(|f| format!("{} {}: {}", f.rule, f.urgency, f.texts.en.shows))
            .collect();
        assert!(urgent.is_empty(), "{name}:\n{}", urgent.join("\n"));
    }
}

#[test]
fn every_finding_is_cited_and_every_citation_is_confirmed() {
    for name in fixture::names(Data::default().fixtures) {
        let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let inputs = fixture::build(&recipe, folder.path()).unwrap();
        let plan = plan(inputs.clone(), recipe.password.as_deref(), recipe.case.as_deref().unwrap_or(""));
        let report = audit::run(&plan, &Cancel::default(), &Silent).unwrap().report;
        let findings: Vec<_> = report.findings.iter().collect();
        for finding in &findings {
            assert!(!finding.citations.is_empty(), "{name}: {} has no citation", finding.rule);
            assert!(!finding.texts.nl.innocent.is_empty() && !finding.texts.en.innocent.is_empty());
            for citation in &finding.citations {
                assert_eq!(citation.sha256.len(), 64, "{name}: {} {}", finding.rule, citation.stream);
                assert!(!citation.raw.is_empty(), "{name}: {} {}", finding.rule, citation.locator);
            }
        }
        let checked =
            audit::cite::check(&findings, &plan.scope, &inputs, &plan.passwords, plan.data, &Cancel::default())
                .unwrap();
        for one in checked {
            assert_eq!(one.outcome, audit::cite::Outcome::Agrees, "{name}: {} {}", one.finding, one.place);
        }
    }
}

#[test]
fn no_rule_fails_on_any_fixture() {
    for name in fixture::names(Data::default().fixtures) {
        let folder = tempfile::tempdir().unwrap();
        let report = audit_fixture(name, folder.path()).report;
        let failed: Vec<_> = report.gaps.iter().filter(|g| g.kind == "rule-failed").collect();
        assert!(failed.is_empty(), "{name}: {failed:?}");
    }
}
