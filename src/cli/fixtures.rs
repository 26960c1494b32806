//! `vrijspoor fixtures`: lists the recipes of sample evidence, builds one, or checks that the audit of it gives what it states.

use super::{Exit, Failure, args, print};
use crate::audit::case::CaseFile;
use crate::audit::{self, Plan, Silent};
use crate::embedded::Data;
use crate::evidence::Password;
use crate::fixture::{self, Recipe};
use crate::report::text::Text;
use clap::ArgMatches;
use std::path::{Path, PathBuf};

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    match matches.subcommand() {
        Some(("build", m)) => {
            let name = m.get_one::<String>("id").cloned().unwrap_or_default();
            let out = m.get_one::<PathBuf>("output").cloned().unwrap_or_default();
            if out.exists() {
                return Err(Failure::new("output-exists", out.display().to_string()));
            }
            let built = build(args::data(m)?, &name, &out)?;
            for path in built.1 {
                print(&path.display().to_string());
            }
            Ok(Exit::Done)
        }
        Some(("check", m)) => {
            let data = args::data(m)?;
            let asked: Vec<&str> = m.get_many::<String>("id").unwrap_or_default().map(String::as_str).collect();
            let names = if asked.is_empty() { fixture::names(data.fixtures) } else { asked };
            let mut wrong = 0;
            for name in &names {
                for line in check(data, name)? {
                    print(&format!("{name}: {line}"));
                    wrong += 1;
                }
            }
            print(&format!("{}: {} · {}: {wrong}", text.cli("checked"), names.len(), text.cli("cite-wrong")));
            Ok(if wrong == 0 { Exit::Done } else { Exit::Found })
        }
        other => {
            let data = args::data(other.map_or(matches, |(_, m)| m))?;
            for name in fixture::names(data.fixtures) {
                let recipe = fixture::recipe(data.fixtures, name).map_err(|e| unusable(&e))?;
                print(&format!("{name}: {}", recipe.title));
            }
            Ok(Exit::Done)
        }
    }
}

fn unusable(error: &fixture::Error) -> Failure {
    let code = if matches!(error, fixture::Error::Io { .. }) { "output" } else { "data-files" };
    Failure::new(code, error.to_string())
}

fn build(data: Data, name: &str, out: &Path) -> Result<(Recipe, Vec<PathBuf>), Failure> {
    let recipe = fixture::recipe(data.fixtures, name).map_err(|e| unusable(&e))?;
    let inputs = fixture::build(&recipe, out).map_err(|e| unusable(&e))?;
    Ok((recipe, inputs))
}

/// Builds a recipe, audits it and compares the outcome with what it states.
fn check(data: Data, name: &str) -> Result<Vec<String>, Failure> {
    let folder = tempfile::tempdir().map_err(|e| Failure::new("output", e.to_string()))?;
    let (recipe, inputs) = build(data, name, folder.path())?;
    let case = recipe.case.as_deref().unwrap_or_default();
    let case = CaseFile::parse("case.toml", case).map_err(|e| Failure::new("case-file", e.to_string()))?;
    let plan = Plan {
        inputs,
        scope: case.consent.scopes(),
        case,
        lang: "nl".into(),
        as_of: None,
        zone: "Europe/Amsterdam".into(),
        passwords: recipe.password.iter().map(|p| Password::new(p.clone())).collect(),
        locked_ok: false,
        data: fixture::data(&recipe, data),
        case_key: None,
    };
    let report = audit::run(&plan, &super::audit::cancel_on_signal(), &Silent)?.report;
    let mut lines = fixture::disagreements(&recipe, &report.outcomes);
    lines.extend(report.gaps.iter().filter(|g| g.kind == "rule-failed").map(|g| format!("{}: {}", g.source, g.detail)));
    Ok(lines)
}
