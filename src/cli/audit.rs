//! `vrijspoor audit`: reads the copies of one person and writes the report.

use super::{Exit, Failure, args, session::Session};
use crate::artifact::load::in_scope;
use crate::audit::case::CaseFile;
use crate::audit::{self, Audited, Plan, Progress, Silent, Stage};
use crate::evidence::{Cancel, Password};
use crate::report::bag::{self, Copies};
use crate::report::copies::Reader;
use crate::report::terminal;
use crate::report::text::Text;
use crate::rule::Urgency;
use clap::ArgMatches;
use comfy_table::{ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let out: PathBuf = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    let plan = plan(matches)?;
    let overwrite = matches.get_flag("overwrite");
    let quiet = matches.get_flag("quiet");
    let readers =
        matches.get_many::<String>("for").unwrap_or_default().filter_map(|name| Reader::named(name)).collect();
    let copies = Copies { readers, pdf: matches.get_flag("pdf"), ..Copies::default() };
    let audited = audit_into(plan, &out, copies, overwrite, quiet, text)?;
    let worst = audited.report.findings.iter().filter_map(|f| Urgency::named(&f.urgency)).min();
    let limit = matches.get_one::<String>("fail-on").and_then(|f| Urgency::named(f));
    if let (Some(worst), Some(limit)) = (worst, limit)
        && worst <= limit
    {
        return Ok(Exit::Found);
    }
    Ok(if matches.get_flag("strict") && !audited.report.gaps.is_empty() { Exit::Gaps } else { Exit::Done })
}

/// Audits, writes the bag, and prints the summary. What must never be printed comes from the case of the plan.
pub fn audit_into(
    mut plan: Plan,
    out: &Path,
    mut copies: Copies,
    overwrite: bool,
    quiet: bool,
    text: &'static Text,
) -> Result<Audited, Failure> {
    check_output(&plan.inputs, out)?;
    bag::check(out, overwrite)?;
    bag::check_pdf(copies.pdf)?;
    let cancel = cancel_on_signal();
    let session = Session::begin();
    let audited = loop {
        let result =
            if quiet { audit::run(&plan, &cancel, &Silent) } else { audit::run(&plan, &cancel, &Bar::new(text)) };
        match result {
            // Asking makes sense only where somebody can answer.
            Err(e) if matches!(e.code(), "password-needed" | "password-wrong") && std::io::stdin().is_terminal() => {
                let words = text.error(e.code());
                eprintln!("{}\n{e}", words.what);
                let typed = rpassword::prompt_password(format!("{}: ", text.cli("ask-password"))).unwrap_or_default();
                if typed.is_empty() {
                    return Err(e.into());
                }
                plan.passwords.push(Password::new(typed));
            }
            other => break other?,
        }
    };
    copies.never_print.clone_from(&plan.case.place.never_print);
    bag::write(out, &audited.report, &audited.evidence_list, &session.end(&plan.inputs), &copies, overwrite)?;
    if !quiet {
        let summary = terminal::summary(&audited.report, out, &copies.readers, screen());
        super::print(&summary.map_err(|e| Failure::new("internal", e.to_string()))?);
    }
    Ok(audited)
}

fn plan(matches: &ArgMatches) -> Result<Plan, Failure> {
    let case = args::case(matches)?;
    if case.consent.given == Some(false) {
        return Err(Failure::new("no-consent", ""));
    }
    let as_of = match matches.get_one::<String>("as-of") {
        None => None,
        Some(value) => Some(parse_time(value).ok_or_else(|| Failure::new("bad-time", value.clone()))?),
    };
    let zone = matches.get_one::<String>("zone").cloned().unwrap_or_default();
    jiff::tz::TimeZone::get(&zone).map_err(|_| Failure::new("bad-zone", zone.clone()))?;
    let consented = case.consent.scopes();
    let scope = match matches.get_many::<String>("scope") {
        None => consented,
        // The command line can narrow what was consented to, never widen it.
        Some(asked) => asked.filter(|a| in_scope(a, &consented)).cloned().collect(),
    };
    Ok(Plan {
        inputs: args::paths(matches, "input"),
        lang: matches.get_one::<String>("lang").cloned().unwrap_or_else(|| "nl".into()),
        case,
        as_of,
        zone,
        scope,
        passwords: passwords(matches)?,
        locked_ok: matches.get_flag("without-password"),
        data: args::data(matches)?,
        case_key: case_key(matches)?,
    })
}

/// The bytes of the key file, when one is given.
pub fn case_key(matches: &ArgMatches) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = matches.get_one::<PathBuf>("case-key") else { return Ok(None) };
    let key = std::fs::read(path).map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))?;
    if key.len() < 16 { Err(Failure::new("case-key-short", path.display().to_string())) } else { Ok(Some(key)) }
}

/// The plan of an examination that was prepared by the intake.
pub fn plan_of(case: CaseFile, inputs: Vec<PathBuf>, lang: &str, data: crate::embedded::Data) -> Plan {
    let scope = case.consent.scopes();
    Plan {
        inputs,
        case,
        lang: lang.into(),
        as_of: None,
        zone: "Europe/Amsterdam".into(),
        scope,
        passwords: Vec::new(),
        locked_ok: false,
        data,
        case_key: None,
    }
}

/// A moment as people type it: RFC 3339, or a day.
pub fn parse_time(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    date.to_datetime(jiff::civil::Time::midnight())
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|z| z.timestamp())
}

/// Passwords from files and from the environment; never from the command line, where others can see them.
pub fn passwords(matches: &ArgMatches) -> Result<Vec<Password>, Failure> {
    let mut out = Vec::new();
    for path in args::paths(matches, "password-file") {
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))?;
        // One password a line: a phone and an archive may have different ones.
        out.extend(text.lines().filter(|l| !l.is_empty()).map(|l| Password::new(l.to_string())));
    }
    if let Ok(password) = std::env::var("VRIJSPOOR_PASSWORD")
        && !password.is_empty()
    {
        out.push(Password::new(password));
    }
    Ok(out)
}

/// The output must not lie in the evidence: writing it would change the exhibit.
fn check_output(inputs: &[PathBuf], out: &Path) -> Result<(), Failure> {
    let real = |p: &Path| {
        let p = std::path::absolute(p).unwrap_or_else(|_| p.to_path_buf());
        // The output need not exist yet: its nearest existing ancestor tells where it lies.
        let mut missing = Vec::new();
        let mut at = p.clone();
        loop {
            if let Ok(real) = at.canonicalize() {
                return missing.iter().rev().fold(real, |path: PathBuf, part: &std::ffi::OsString| path.join(part));
            }
            match (at.file_name().map(std::ffi::OsStr::to_os_string), at.parent().map(Path::to_path_buf)) {
                (Some(name), Some(parent)) => {
                    missing.push(name);
                    at = parent;
                }
                _ => return p,
            }
        }
    };
    let target = real(out);
    for input in inputs {
        let input = real(input);
        if target.starts_with(&input) || (input.starts_with(&target) && target.exists()) {
            return Err(Failure::new("output-in-evidence", out.display().to_string()));
        }
    }
    Ok(())
}

/// The terminal's width and whether it shows more than ASCII.
fn screen() -> terminal::Screen {
    let width = Table::new().set_content_arrangement(ContentArrangement::Dynamic).width().unwrap_or(100);
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()));
    let unicode = cfg!(windows) || locale.is_some_and(|l| l.to_ascii_lowercase().contains("utf"));
    terminal::Screen { width, unicode }
}

/// A flag that is set by Ctrl-C, and by the signals that end a program.
pub fn cancel_on_signal() -> Cancel {
    let cancel = Cancel::default();
    let flag = cancel.clone();
    // A second handler in one process is refused; the first still works.
    let _ = ctrlc::set_handler(move || flag.set());
    cancel
}

/// Progress on the terminal.
struct Bar {
    bar: ProgressBar,
    text: &'static Text,
}

impl Bar {
    fn new(text: &'static Text) -> Self {
        let target =
            if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(Some(0), target), text }
    }
}

impl Progress for Bar {
    fn begin(&self, stage: Stage) {
        let (key, template) = match stage {
            Stage::Hashing => ("hashing", "{msg} {bar:30} {bytes}/{total_bytes}"),
            Stage::Opening => ("opening", "{spinner} {msg}"),
            Stage::Reading => ("reading", "{spinner} {msg}"),
            Stage::Judging => ("judging", "{spinner} {msg}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_message(self.text.cli(key).to_string());
        if stage != Stage::Hashing {
            self.bar.enable_steady_tick(std::time::Duration::from_millis(120));
        }
    }

    fn hashed(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
