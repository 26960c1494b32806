//! `vrijspoor compare`, `baseline` and `recheck`: the periodic check.

use super::{Exit, Failure, args, print};
use crate::audit::keep::Pseudonyms;
use crate::compare::half::{self, Half};
use crate::compare::{self, Comparison, Side, baseline, page, recheck, sealed};
use crate::report::text::Text;
use crate::report::{Report, bag};
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl From<compare::Error> for Failure {
    fn from(error: compare::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// Compares two or more audits.
pub fn compare(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let paths = args::paths(matches, "audit-result");
    let out = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    let overwrite = matches.get_flag("overwrite");
    bag::check(&out, overwrite)?;
    bag::check_pdf(matches.get_flag("pdf"))?;
    let (artifacts, rules) = crate::audit::load(args::data(matches)?)?;
    let key = super::audit::case_key(matches)?;
    let mut sides = paths.iter().map(|p| Side::read(p, key.as_deref(), &artifacts)).collect::<Result<Vec<_>, _>>()?;
    let zone = sides.last().map(|s| s.report.options.zone.clone()).unwrap_or_default();
    let easy = sides.last().is_some_and(|s| s.report.case.reading == "nl-easy");
    let comparison = compare::compare(&mut sides, &artifacts, &rules, &text.lang, &zone)?;
    let internal = |e: String| Failure::new("internal", e);
    let mut json = serde_json::to_vec_pretty(&comparison).map_err(|e| internal(e.to_string()))?;
    json.push(b'\n');
    let digest = crate::report::json::sha256(&json);
    let html = page::render(&comparison, &digest, easy).map_err(|e| internal(e.to_string()))?;
    let mut payload = BTreeMap::from([("data/comparison.json", json), ("data/comparison.html", html.into_bytes())]);
    let agent = format!("{} {}", comparison.tool.name, comparison.tool.version);
    if matches.get_flag("pdf") {
        let as_of = comparison.audits.last().and_then(|audit| audit.as_of.as_deref());
        let origin = bag::Origin { file: "comparison.json", digest: &digest, as_of, tool: &agent, text };
        payload.append(&mut bag::print(&payload, &origin)?);
    }
    bag::write_files(&out, &agent, &payload, &args::forbidden(matches)?, overwrite)?;
    say(&comparison, &out, text, easy && text.lang == "nl");
    Ok(Exit::Done)
}

/// The half page of every pair.
fn say(comparison: &Comparison, out: &Path, text: &'static Text, easy: bool) {
    for pair in &comparison.pairs {
        let half = Half::of(comparison, pair, text, easy);
        print(&format!("{} {} → {}", text.compare.audit, pair.old, pair.new));
        half.first.iter().for_each(|line| print(&format!("  ! {line}")));
        for part in &half.boxes {
            print(format!("  {}. {}", part.name, part.lead).trim_end());
            for group in &part.groups {
                if !group.note.is_empty() {
                    print(&format!("    {}", group.note));
                }
                group.entries.iter().for_each(|(title, urgency)| print(&format!("    - {title} [{urgency}]")));
            }
            if !part.more.is_empty() {
                print(&format!("    {}", part.more));
            }
        }
        print(&format!("  {}", half.same));
    }
    print(half::word(&text.compare, easy, "never_all_clear", &text.compare.never_all_clear));
    print(&out.join("data/comparison.html").display().to_string());
}

/// The report of a bag; a changed one is refused, so that no change is carried on under a new digest.
fn read_report(path: &Path) -> Result<Report, Failure> {
    let file = if path.is_dir() { path.join("data/report.json") } else { path.to_path_buf() };
    let bytes = std::fs::read(&file).map_err(|e| Failure::new("unreadable", format!("{}: {e}", file.display())))?;
    if path.is_dir() {
        sealed::check_bag(path, &bytes)?;
    }
    serde_json::from_slice(&bytes).map_err(|e| Failure::new("not-a-report", e.to_string()))
}

/// Writes the small form of an audit.
pub fn baseline(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag: PathBuf = matches.get_one::<PathBuf>("bag").cloned().unwrap_or_default();
    let out = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    // A digest or signature that lay there already would be about another file.
    let listed = sealed::digest_file(&out);
    if let Some(there) = [&out, &listed, &sealed::signature_file(&out)].into_iter().find(|file| file.exists()) {
        return Err(Failure::new("output-exists", there.display().to_string()));
    }
    let (artifacts, rules) = crate::audit::load(args::data(matches)?)?;
    let report = read_report(&bag)?;
    if report.baseline.key_check.is_empty() {
        return Err(Failure::new("no-facts", bag.display().to_string()));
    }
    let key = super::audit::case_key(matches)?;
    let pseudonyms = Pseudonyms::new(key.as_deref(), &report.case.id);
    let made_with_file = report.baseline.pseudonyms == "key-file";
    // Pseudonyms that stand in the report already cannot be made anew with another key.
    if pseudonyms.key.check() != report.baseline.key_check {
        let code = if made_with_file && key.is_none() { "case-key-needed" } else { "case-key-wrong" };
        return Err(Failure::new(code, bag.display().to_string()));
    }
    let small = baseline::reduce(&report, &pseudonyms.key, pseudonyms.origin, &artifacts, &rules);
    let bytes = crate::report::json::bytes(&small).map_err(|e| Failure::new("internal", e.to_string()))?;
    args::forbidden(matches)?.check(&out.display().to_string(), &bytes).map_err(bag::Error::Leak)?;
    for (file, bytes) in [(&out, bytes.as_slice()), (&listed, sealed::list(&out, &bytes).as_bytes())] {
        std::fs::write(file, bytes).map_err(|e| Failure::new("output", format!("{}: {e}", file.display())))?;
    }
    print(&format!("{}  {}", crate::report::json::sha256(&bytes), out.display()));
    if pseudonyms.origin != "key-file" {
        print(text.cli("baseline-no-key"));
    }
    Ok(Exit::Done)
}

/// Makes a key file: 32 bytes of chance, for its owner only. It belongs with the case and not with the reports.
pub fn case_key(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    use std::io::Write as _;
    let out = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret).map_err(|e| Failure::new("internal", e.to_string()))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&out).and_then(|mut f| writeln!(f, "{}", crate::report::json::hex(&secret)));
    match written {
        Ok(()) => {}
        // A key that is in use is never replaced: without it earlier audits cannot be compared.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::new("output-exists", out.display().to_string()));
        }
        Err(e) => return Err(Failure::new("output", format!("{}: {e}", out.display()))),
    }
    print(&format!("{}\n{}", out.display(), text.cli("case-key-keep")));
    Ok(Exit::Done)
}

/// Says when to look again, and writes a calendar file when asked.
pub fn recheck(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag: PathBuf = matches.get_one::<PathBuf>("bag").cloned().unwrap_or_default();
    let report = read_report(&bag)?;
    let date = recheck::date(&report).ok_or_else(|| Failure::new("no-moment", bag.display().to_string()))?;
    print(&format!("{}: {date}", text.compare.next));
    if let Some(out) = matches.get_one::<PathBuf>("calendar") {
        if out.exists() {
            return Err(Failure::new("output-exists", out.display().to_string()));
        }
        let calendar = recheck::calendar(&date, &text.compare.calendar).unwrap_or_default();
        std::fs::write(out, calendar).map_err(|e| Failure::new("output", format!("{}: {e}", out.display())))?;
    }
    Ok(Exit::Done)
}
