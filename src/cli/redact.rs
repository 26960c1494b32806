//! `vrijspoor redact` and `reveal`: a copy of a report without other people's names, and the opening of single hidden values later.

use super::{Exit, Failure, args, print};
use crate::artifact::Artifacts;
use crate::report::redact::{self, Columns, Opening};
use crate::report::text::Text;
use crate::report::{Report, bag, json, shown};
use clap::ArgMatches;
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn path(matches: &ArgMatches, name: &str) -> PathBuf {
    matches.get_one::<PathBuf>(name).cloned().unwrap_or_default()
}

fn report(bag: &Path) -> Result<(Report, String), Failure> {
    let path = bag.join("data/report.json");
    let bytes = std::fs::read(&path).map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))?;
    let report = serde_json::from_slice(&bytes).map_err(|e| Failure::new("not-a-report", e.to_string()))?;
    Ok((report, json::sha256(&bytes)))
}

/// Writes the copy, and the openings to a file that must lie outside it.
pub fn run_redact(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let (from, out, keep) = (path(matches, "bag"), path(matches, "output"), path(matches, "openings"));
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if [&from, &out].iter().any(|bag| absolute(&keep).starts_with(absolute(bag))) {
        return Err(Failure::new("openings-in-bag", keep.display().to_string()));
    }
    let (whole, digest) = report(&from)?;
    let artifacts = Artifacts::load(args::data(matches)?.artifacts).map_err(crate::audit::Error::from)?;
    let columns: Columns = artifacts
        .vocabulary
        .kinds
        .iter()
        .map(|(name, kind)| {
            let people = kind.columns.iter().filter(|(_, column)| column.person).map(|(name, _)| name.clone());
            (name.clone(), people.collect())
        })
        .collect();
    let mut failed = None;
    let (copy, openings) = redact::redact(&whole, &columns, &mut || {
        let mut salt = [0; 32];
        if let Err(e) = getrandom::fill(&mut salt) {
            failed = Some(e.to_string());
        }
        salt
    })
    .map_err(|e| Failure::new("report-invalid", e.to_string()))?;
    if let Some(why) = failed {
        return Err(Failure::new("internal", why));
    }
    // The openings come first: a copy whose openings are lost can never be opened again.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let unwritable = |e: std::io::Error| Failure::new("out-unwritable", format!("{}: {e}", keep.display()));
    let list = serde_json::to_vec_pretty(&openings).map_err(|e| Failure::new("report-invalid", e.to_string()))?;
    bag::check(&out, false)?;
    options.open(&keep).and_then(|mut file| file.write_all(&list)).map_err(unwritable)?;
    let now = jiff::Timestamp::now().to_string();
    let session = serde_json::json!({
        "schema": "vrijspoor/session/1", "started": now, "finished": now, "copy_of_report_sha256": digest,
    });
    // The list of stored files tells which apps there were; it stays with the whole report.
    let copies = bag::Copies { never_print: args::case(matches)?.place.never_print, ..bag::Copies::default() };
    if let Err(error) = bag::write(&out, &copy, b"", &session, &copies, false) {
        // Openings of a copy that is not there are values without a purpose.
        let _ = std::fs::remove_file(&keep);
        return Err(error.into());
    }
    print(&format!("{}: {}", text.cli("redacted"), openings.len()));
    print(&format!("{}: {}", text.cli("openings-kept"), keep.display()));
    Ok(Exit::Done)
}

/// Checks openings against a copy, and hands out those that are asked for.
pub fn run_reveal(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let (copy, _) = report(&path(matches, "bag"))?;
    let keep = path(matches, "openings");
    let bytes = std::fs::read(&keep).map_err(|e| Failure::new("unreadable", format!("{}: {e}", keep.display())))?;
    let openings: Vec<Opening> =
        serde_json::from_slice(&bytes).map_err(|e| Failure::new("openings-unreadable", e.to_string()))?;
    let asked: Vec<&String> = matches.get_many::<String>("mark").map(Iterator::collect).unwrap_or_default();
    let chosen: Vec<&Opening> = openings.iter().filter(|one| asked.contains(&&one.id)).collect();
    if let Some(unknown) = asked.iter().find(|id| !chosen.iter().any(|one| one.id == ***id)) {
        return Err(Failure::new("no-such-mark", (*unknown).clone()));
    }
    let mut wrong = 0;
    for one in &chosen {
        let holds = redact::opens(&copy.redactions, one);
        wrong += usize::from(!holds);
        let (value, words) = (shown::value(&one.value), text.cli(if holds { "opens" } else { "opens-not" }));
        print(&format!("{}  {value}  {words}", one.id));
        print(&format!("   openssl dgst -sha256 -mac HMAC -macopt hexkey:{}", one.salt));
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Found })
}

/// The arguments of these commands.
pub fn commands(text: &'static Text, sub: &dyn Fn(&'static str) -> clap::Command) -> [clap::Command; 2] {
    let openings = || {
        let parser = clap::value_parser!(PathBuf);
        clap::Arg::new("openings")
            .long("openings")
            .required(true)
            .value_name("FILE")
            .value_parser(parser)
            .help(text.cli("openings"))
    };
    let mark = clap::Arg::new("mark").value_name("R-001").required(true).num_args(1..).help(text.cli("mark"));
    [
        sub("redact").arg(args::bag(text)).arg(args::output(text)).arg(openings()).arg(args::case_file(text)),
        sub("reveal").arg(args::bag(text)).arg(mark).arg(openings()),
    ]
}
