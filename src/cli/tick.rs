//! `vrijspoor tick`: writes the answer to a manual check, or that a step is done, into the case file. The next report shows it.

use super::{Exit, Failure, args, file, intake, print};
use crate::artifact::Artifacts;
use crate::audit::case::CaseFile;
use crate::report::text::{Text, fill};
use crate::rule::Rules;
use clap::ArgMatches;
use std::path::PathBuf;

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let path = matches.get_one::<PathBuf>("case-file").cloned().unwrap_or_default();
    let of = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let (step, note) = (of("step"), of("note"));
    let result = match of("result").as_str() {
        "ja" | "yes" => "yes",
        "nee" | "no" => "no",
        _ => "unknown",
    };
    let data = args::data(matches)?;
    let unusable = |problems: crate::fact::Problems| Failure::new("data-files", problems.to_string());
    let artifacts = Artifacts::load(data.artifacts).map_err(unusable)?;
    let rules = Rules::load(data.rules, &artifacts.vocabulary).map_err(unusable)?;
    let Some(known) = rules.steps.iter().find(|s| s.id == step || s.also.contains(&step)) else {
        return Err(Failure::new("no-such-step", step));
    };
    let written =
        std::fs::read_to_string(&path).map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))?;
    let wrong = |e: crate::fact::Problems| Failure::new("case-file", e.to_string());
    CaseFile::parse(&file::name(&path), &written).map_err(wrong)?;
    let quoted = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let mut lines = vec![String::new(), "[[ticked]]".to_owned(), format!("step = {}", quoted(&known.id))];
    lines.extend(intake::today().map(|on| format!("on = {on}")));
    lines.push(format!("result = {}", quoted(result)));
    lines.extend((!note.is_empty()).then(|| format!("note = {}", quoted(&note))));
    // Added at the end, so that everything that people wrote into the file stays as it is.
    let whole = format!("{}\n{}\n", written.trim_end(), lines.join("\n"));
    CaseFile::parse(&file::name(&path), &whole).map_err(wrong)?;
    file::replace(&path, &whole).map_err(|e| Failure::new("output", format!("{}: {e}", path.display())))?;
    let words = if text.lang == "en" { &known.en } else { &known.nl };
    let asked = if known.check { &words.question } else { &words.title };
    let answer = text.steps.answers.get(result).map_or(result, String::as_str);
    print(&format!("{asked} {answer}"));
    print(&fill(text.cli("ticked"), &[("file", &path.display().to_string())]));
    if result == "yes" && !known.if_yes.is_empty() {
        print(text.cli("ticked-more"));
    }
    Ok(Exit::Done)
}
