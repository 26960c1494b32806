//! The command line: one file a command. Parsing comes first and whole; a command then gets plain values. Words for people come from
//! the text files, in the chosen language; errors say what happened and what to do next, and carry a stable code.

mod args;
mod audit;
mod cite;
mod compare;
mod data;
mod demo;
mod fixtures;
mod identify;
mod indicators;
mod redact;
mod seal;
mod session;
mod verify;

use crate::audit::Error;
use crate::report::text::Text;
use std::ffi::OsString;
use std::process::ExitCode;

/// How a run ended; the numbers are part of the interface (design.md 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Done, and there are findings at or above `--fail-on`, or a check failed.
    Found = 1,
    /// Could not be done.
    Failed = 2,
    /// Done with gaps, under `--strict`.
    Gaps = 3,
}

/// A command's failure: what happened, what to do next, and a code.
pub struct Failure {
    /// Stable code.
    pub code: String,
    /// Particulars: a path, a place in a file.
    pub detail: String,
}

impl Failure {
    fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.into(), detail: detail.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = match &error {
            Error::Nothing { seen } => seen.join("\n"),
            other => other.to_string(),
        };
        Self::new(error.code(), detail)
    }
}

impl From<crate::report::bag::Error> for Failure {
    fn from(error: crate::report::bag::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// Runs the command line.
#[must_use]
pub fn run(arguments: &[OsString]) -> ExitCode {
    let text = Text::of(&args::language(arguments));
    let matches = match args::command(text).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(e) => return args::explain(&e, text),
    };
    let result = match matches.subcommand() {
        Some(("audit", m)) => audit::run(m, text),
        Some(("demo", m)) => demo::run(m, text),
        Some(("identify", m)) => identify::run(m, text),
        Some(("verify", m)) => verify::run(m, text),
        Some(("redact", m)) => redact::run_redact(m, text),
        Some(("reveal", m)) => redact::run_reveal(m, text),
        Some(("sign", m)) => seal::run_sign(m, text),
        Some(("stamp", m)) => seal::run_stamp(m, text),
        Some(("custody", m)) => seal::run_custody(m, text),
        Some(("cite", m)) => cite::run(m, text),
        Some(("compare", m)) => compare::compare(m, text),
        Some(("baseline", m)) => compare::baseline(m, text),
        Some(("case-key", m)) => compare::case_key(m, text),
        Some(("recheck", m)) => compare::recheck(m, text),
        Some(("rules", m)) => data::rules(m, text),
        Some(("artifacts", m)) => data::artifacts(m, text),
        Some(("indicators", m)) => indicators::run(m, text),
        Some(("fixtures", m)) => fixtures::run(m, text),
        _ => Ok(Exit::Failed),
    };
    let exit = result.unwrap_or_else(|failure| {
        say_failure(&failure, text);
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}

fn say_failure(failure: &Failure, text: &Text) {
    let words = text.error(&failure.code);
    eprintln!("{}", words.what);
    for line in failure.detail.lines() {
        eprintln!("  {}", crate::report::shown::value(line));
    }
    eprintln!("{}", words.next);
    eprintln!("[{}]", failure.code);
}

/// Prints a line to standard output; a reader that has gone away ends the printing, not the program.
fn print(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}
