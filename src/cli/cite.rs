//! `vrijspoor cite`: reads the cited values of a finding again from the original.

use super::{Exit, Failure, args, print};
use crate::audit::cite::{self, Outcome};
use crate::report::Finding;
use crate::report::shown;
use crate::report::text::Text;
use clap::ArgMatches;
use std::path::PathBuf;

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag: PathBuf = matches.get_one::<PathBuf>("bag").cloned().unwrap_or_default();
    let path = bag.join("data/report.json");
    let bytes = std::fs::read(&path).map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))?;
    let report: crate::report::Report =
        serde_json::from_slice(&bytes).map_err(|e| Failure::new("not-a-report", e.to_string()))?;
    let asked: Vec<&String> = matches.get_many::<String>("finding").map(Iterator::collect).unwrap_or_default();
    let findings: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|f| asked.is_empty() || asked.iter().any(|a| a.eq_ignore_ascii_case(&f.id)))
        .collect();
    if let Some(unknown) = asked.iter().find(|a| !report.findings.iter().any(|f| a.eq_ignore_ascii_case(&f.id))) {
        return Err(Failure::new("no-such-finding", (*unknown).clone()));
    }
    let inputs = args::paths(matches, "evidence");
    let passwords = super::audit::passwords(matches)?;
    let checked = cite::check(
        &findings,
        &report.options.scope,
        &inputs,
        &passwords,
        args::data(matches)?,
        &super::audit::cancel_on_signal(),
    )?;
    let mut wrong = 0;
    for one in &checked {
        let (key, detail) = match &one.outcome {
            Outcome::Agrees => ("cite-agrees", ""),
            Outcome::NoStream => ("cite-no-stream", ""),
            Outcome::OtherBytes(digest) => ("cite-other-bytes", digest.as_str()),
            Outcome::OtherValues => ("cite-other-values", ""),
            Outcome::Unreadable(why) => ("cite-unreadable", why.as_str()),
        };
        wrong += usize::from(one.outcome != Outcome::Agrees);
        print(&format!("{}  {}  {} {}", one.finding, text.cli(key), shown::value(&one.place), shown::value(detail)));
    }
    print(&format!("{}: {} · {}: {wrong}", text.cli("cite-count"), checked.len(), text.cli("cite-wrong")));
    Ok(if wrong == 0 { Exit::Done } else { Exit::Found })
}
