//! `vrijspoor demo`: builds the copies of an invented person and audits them.

use super::{Exit, Failure, args, audit::audit_into};
use crate::audit::Plan;
use crate::audit::case::CaseFile;
use crate::evidence::Password;
use crate::fixture;
use crate::report::bag::Copies;
use crate::report::copies::Reader;
use crate::report::text::Text;
use clap::ArgMatches;
use std::path::PathBuf;

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let out: PathBuf = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    let evidence = out.join("evidence");
    let overwrite = matches.get_flag("overwrite");
    if evidence.exists() {
        if !overwrite {
            return Err(Failure::new("output-exists", out.display().to_string()));
        }
        std::fs::remove_dir_all(&evidence).map_err(|e| Failure::new("output", e.to_string()))?;
    }
    let data = args::data(matches)?;
    let recipe = fixture::recipe(data.fixtures, "demo").map_err(|e| Failure::new("internal", e.to_string()))?;
    let inputs = fixture::build(&recipe, &evidence).map_err(|e| Failure::new("output", e.to_string()))?;
    let case = recipe.case.as_deref().unwrap_or_default();
    let case = CaseFile::parse("case.toml", case).map_err(|e| Failure::new("case-file", e.to_string()))?;
    let plan = Plan {
        inputs,
        case,
        lang: matches.get_one::<String>("lang").cloned().unwrap_or_else(|| "nl".into()),
        as_of: None,
        zone: "Europe/Amsterdam".into(),
        scope: vec!["all".into()],
        passwords: recipe.password.iter().map(|p| Password::new(p.clone())).collect(),
        locked_ok: false,
        data,
        case_key: None,
    };
    let readers = vec![Reader::Care, Reader::Police, Reader::Person];
    let copies = Copies { readers, pdf: matches.get_flag("pdf"), ..Copies::default() };
    audit_into(plan, &out.join("report"), copies, overwrite, false, text)?;
    Ok(Exit::Done)
}
