//! `vrijspoor verify`: hashes a report again, and the evidence when it is given.

use super::{Exit, Failure, args, print};
use crate::compare::{Error, baseline, sealed};
use crate::evidence::{Cancel, hash};
use crate::report::shown;
use crate::report::text::Text;
use crate::report::verify;
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag: PathBuf = matches.get_one::<PathBuf>("bag").cloned().unwrap_or_default();
    if bag.is_file() {
        return kept(&bag, text);
    }
    let verified = verify::verify(&bag).map_err(|e| Failure::new(e.code(), e.to_string()))?;
    let mut problems: Vec<String> = verified.problems.iter().map(|p| problem(text, p)).collect();
    print(&format!("{}: {}", text.cli("verify-files"), verified.files));
    print(&format!("{}: {}", text.verify.seal, verified.seal));
    match &verified.signer {
        Some(signer) => print(&format!("{}: {signer}", text.cli("signed-with"))),
        None => print(text.cli("not-signed")),
    }
    match &verified.stamp {
        Some(time) => print(&format!("{}: {time}. {}", text.cli("stamped-at"), text.cli("stamp-authority"))),
        None => print(text.cli(if verified.stamp_asked { "stamp-pending" } else { "not-stamped" })),
    }
    if verified.custody.0 > 0 {
        print(&format!("{}: {}, {}", text.cli("custody-lines"), verified.custody.0, verified.custody.1));
    }
    let inputs = args::paths(matches, "evidence");
    if !inputs.is_empty() {
        let listed =
            std::fs::read(bag.join("data/evidence.sha256")).map_err(|e| Failure::new("unreadable", e.to_string()))?;
        let cancel = super::audit::cancel_on_signal();
        problems.extend(compare(&listed, &inputs, &cancel, text)?);
        print(text.cli("verify-evidence"));
    }
    for problem in &problems {
        print(&format!("  {}", shown::value(problem)));
    }
    print(text.cli(if problems.is_empty() { "verify-right" } else { "verify-wrong" }));
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Found })
}

/// Checks a kept small form by what lies beside it.
fn kept(file: &Path, text: &Text) -> Result<Exit, Failure> {
    let bytes = std::fs::read(file).map_err(|e| Failure::new("unreadable", format!("{}: {e}", file.display())))?;
    if !baseline::is_one(&bytes) {
        return Err(Failure::new("not-a-bag", file.display().to_string()));
    }
    print(&format!("{}  {}", crate::report::json::sha256(&bytes), shown::value(&file.display().to_string())));
    let seal = match sealed::check(file, &bytes) {
        Ok(seal) => seal,
        Err(error @ Error::Changed(_)) => {
            print(&text.error(error.code()).what);
            print(text.cli("verify-wrong"));
            return Ok(Exit::Found);
        }
        Err(error) => return Err(error.into()),
    };
    match &seal.signer {
        Some(signer) => print(&format!("{}: {signer}", text.cli("signed-with"))),
        None => print(text.cli("not-signed")),
    }
    if !seal.listed && seal.signer.is_none() {
        // Nothing that it could be held against: neither right nor wrong.
        print(text.cli("verify-nothing"));
        return Ok(Exit::Found);
    }
    print(text.cli("verify-right"));
    Ok(Exit::Done)
}

/// A problem in words. Particulars of digests are long and say nothing to people; those of what lies beside the report do.
fn problem(text: &Text, problem: &verify::Problem) -> String {
    let words = format!("{}: {}", problem.path, text.problem(problem.code).what);
    if matches!(problem.code, "signature" | "stamp" | "custody") && !problem.detail.is_empty() {
        format!("{words} ({})", problem.detail)
    } else {
        words
    }
}

fn compare(listed: &[u8], inputs: &[PathBuf], cancel: &Cancel, text: &Text) -> Result<Vec<String>, Failure> {
    let of = |code: &str, name: &str| format!("{}: {name}", text.cli(code));
    let listed = hash::read_list(listed).map_err(crate::audit::Error::from)?;
    let name = |path: &[u8]| crate::evidence::label(path);
    let before: BTreeMap<String, String> = listed.into_iter().map(|(path, digest)| (name(&path), digest)).collect();
    let now = hash::hash_inputs(inputs, &|_, _| {}, cancel).map_err(crate::audit::Error::from)?;
    let now: BTreeMap<String, String> = now.into_iter().filter_map(|f| Some((name(&f.path), f.sha256?))).collect();
    let mut problems = Vec::new();
    for (name, digest) in &before {
        match now.get(name) {
            None => problems.push(of("verify-missing", name)),
            Some(d) if d != digest => problems.push(of("verify-changed", name)),
            Some(_) => {}
        }
    }
    problems.extend(now.keys().filter(|n| !before.contains_key(*n)).map(|n| of("verify-extra", n)));
    Ok(problems)
}
