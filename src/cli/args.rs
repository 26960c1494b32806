//! What can be typed. The words come from the text files, so that help and error messages are in the chosen language.

use super::Failure;
use crate::audit::case::CaseFile;
use crate::embedded::{Data, read_lists};
use crate::report::leak::Forbidden;
use crate::report::text::Text;
use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// The language asked for, looked up before anything is parsed: help itself is in that language. Dutch unless English is asked
/// for; the environment has no say, so that a report does not hang on the settings of a laptop.
#[must_use]
pub fn language(arguments: &[OsString]) -> String {
    let mut previous = "";
    for argument in arguments.iter().filter_map(|a| a.to_str()) {
        if argument == "--lang=en" || (previous == "--lang" && argument == "en") {
            return "en".into();
        }
        previous = argument;
    }
    "nl".into()
}

/// The whole command line.
#[must_use]
#[allow(clippy::too_many_lines)] // a list, read from top to bottom
pub fn command(text: &'static Text) -> Command {
    let about = |key: &'static str| text.cli(key);
    let template = format!("{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}", text.cli("usage"));
    let sub = |name: &'static str| {
        Command::new(name)
            .about(about(name))
            .help_template(template.clone())
            .disable_help_flag(true)
            .next_help_heading(about("options"))
            .arg(help(text))
            .arg(
                Arg::new("lang")
                    .long("lang")
                    .value_name("nl|en")
                    .value_parser(["nl", "en"])
                    .default_value("nl")
                    .hide_default_value(true)
                    .hide_possible_values(true)
                    .help(about("lang")),
            )
            .arg(
                Arg::new("data")
                    .long("data")
                    .value_name("FOLDER")
                    .value_parser(value_parser!(PathBuf))
                    .help(about("data")),
            )
    };
    let list = |name: &'static str| {
        sub(name)
            .subcommand_required(true)
            .subcommand_help_heading(about("commands"))
            .disable_help_subcommand(true)
            .subcommand(sub("list"))
            .subcommand(sub("show").arg(Arg::new("id").required(true).value_name("ID").help(about("id"))))
            .subcommand(sub("check").arg(
                Arg::new("folder").value_name("FOLDER").value_parser(value_parser!(PathBuf)).help(about("folder")),
            ))
    };
    Command::new("vrijspoor")
        .version(env!("CARGO_PKG_VERSION"))
        .about(about("about"))
        .help_template(format!("{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}", text.cli("usage")))
        .subcommand_help_heading(about("commands"))
        .subcommand_value_name(about("command-name"))
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .next_help_heading(about("options"))
        .arg(help(text))
        .arg(Arg::new("version").short('V').long("version").action(ArgAction::Version).help(about("version")))
        .arg(
            Arg::new("lang")
                .long("lang")
                .value_name("nl|en")
                .value_parser(["nl", "en"])
                .hide_possible_values(true)
                .help(about("lang")),
        )
        .subcommand(
            sub("intake").arg(
                Arg::new("output")
                    .short('o')
                    .long("output")
                    .value_name("FILE")
                    .default_value("case.toml")
                    .hide_default_value(true)
                    .value_parser(value_parser!(PathBuf))
                    .help(about("intake-output")),
            ),
        )
        .subcommand(sub("guide").arg(Arg::new("source").value_name("SOURCE").help(about("guide-source"))))
        .subcommand(
            sub("tick")
                .arg(
                    Arg::new("case-file")
                        .required(true)
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help(about("case")),
                )
                .arg(Arg::new("step").required(true).value_name("STEP").help(about("tick-step")))
                .arg(
                    Arg::new("result")
                        .required(true)
                        .value_name("ja|nee|onbekend")
                        .value_parser(["ja", "nee", "onbekend", "yes", "no", "unknown"])
                        .hide_possible_values(true)
                        .help(about("tick-result")),
                )
                .arg(Arg::new("note").value_name("NOTE").help(about("tick-note"))),
        )
        .subcommand(sub("demo").arg(output(text)).arg(pdf(text)).arg(overwrite(text)))
        .subcommand(
            sub("audit")
                .arg(inputs(text))
                .arg(output(text))
                .arg(case_file(text))
                .arg(password(text))
                .arg(case_key(text))
                .arg(
                    Arg::new("without-password")
                        .long("without-password")
                        .action(ArgAction::SetTrue)
                        .help(about("without-password")),
                )
                .arg(Arg::new("as-of").long("as-of").value_name("TIME").help(about("as-of")))
                .arg(
                    Arg::new("zone")
                        .long("zone")
                        .value_name("ZONE")
                        .default_value("Europe/Amsterdam")
                        .hide_default_value(true)
                        .help(about("zone")),
                )
                .arg(
                    Arg::new("scope")
                        .long("scope")
                        .value_name("NAME,…")
                        .value_delimiter(',')
                        .value_parser(PossibleValuesParser::new(
                            std::iter::once("all").chain(crate::artifact::load::SCOPES).collect::<Vec<_>>(),
                        ))
                        .hide_possible_values(true)
                        .help(about("scope")),
                )
                .arg(
                    Arg::new("for")
                        .long("for")
                        .value_name("WHO,…")
                        .value_delimiter(',')
                        .value_parser(["care", "police", "victim"])
                        .default_value("care,police")
                        .hide_default_value(true)
                        .hide_possible_values(true)
                        .help(about("for")),
                )
                .arg(
                    Arg::new("fail-on")
                        .long("fail-on")
                        .value_name("URGENCY")
                        .value_parser(["now", "this-week", "later", "info"])
                        .hide_possible_values(true)
                        .help(about("fail-on")),
                )
                .arg(lists(text))
                .arg(Arg::new("strict").long("strict").action(ArgAction::SetTrue).help(about("strict")))
                .arg(Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help(about("quiet")))
                .arg(pdf(text))
                .arg(overwrite(text)),
        )
        .subcommand(sub("identify").arg(inputs(text)).arg(password(text)))
        .subcommand(sub("verify").arg(bag(text)).arg(evidence(text, false)))
        .subcommand(
            sub("cite")
                .arg(bag(text))
                .arg(Arg::new("finding").value_name("F-001").num_args(0..).help(about("finding")))
                .arg(evidence(text, true))
                .arg(password(text)),
        )
        .subcommand(
            sub("compare")
                .arg(
                    Arg::new("audit-result")
                        .required(true)
                        .num_args(2..)
                        .value_name("OUT")
                        .value_parser(value_parser!(PathBuf))
                        .help(about("audit-result")),
                )
                .arg(output(text))
                .arg(case_key(text))
                .arg(lists(text))
                .arg(case_file(text))
                .arg(pdf(text))
                .arg(overwrite(text)),
        )
        .subcommand(sub("baseline").arg(bag(text)).arg(output(text)).arg(case_key(text)).arg(case_file(text)))
        .subcommand(sub("case-key").arg(output(text)))
        .subcommand(
            sub("recheck").arg(bag(text)).arg(
                Arg::new("calendar")
                    .long("calendar")
                    .value_name("FILE.ics")
                    .value_parser(value_parser!(PathBuf))
                    .help(about("calendar")),
            ),
        )
        .subcommands(super::seal::commands(text, &sub))
        .subcommands(super::redact::commands(text, &sub))
        .subcommand(list("rules"))
        .subcommand(list("artifacts").subcommand(
            sub("coverage").arg(Arg::new("family").required(true).value_name("FAMILY").help(about("family"))),
        ))
        .subcommand(indicators(text, &sub))
        .subcommand(
            sub("fixtures")
                .subcommand_required(true)
                .subcommand_help_heading(about("commands"))
                .disable_help_subcommand(true)
                .subcommand(sub("list"))
                .subcommand(
                    sub("build")
                        .arg(Arg::new("id").required(true).value_name("NAME").help(about("id")))
                        .arg(output(text)),
                )
                .subcommand(sub("check").arg(Arg::new("id").num_args(0..).value_name("NAME").help(about("id")))),
        )
}

fn indicators(text: &'static Text, sub: &impl Fn(&'static str) -> Command) -> Command {
    let file = |required: bool| {
        let many = if required { 1.into() } else { clap::builder::ValueRange::from(0..) };
        Arg::new("file")
            .required(required)
            .num_args(many)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(text.cli("list-file"))
    };
    sub("indicators")
        .subcommand_required(true)
        .subcommand_help_heading(text.cli("commands"))
        .disable_help_subcommand(true)
        .subcommand(sub("list"))
        .subcommand(sub("show").arg(Arg::new("id").required(true).value_name("NAME").help(text.cli("indicator-id"))))
        .subcommand(sub("check").arg(file(false)))
        .subcommand(sub("import").arg(file(true)).arg(output(text).help(text.cli("list-output"))).arg(overwrite(text)))
}

fn help(text: &Text) -> Arg {
    Arg::new("help").short('h').long("help").action(ArgAction::Help).help(text.cli("help").to_string())
}

fn inputs(text: &Text) -> Arg {
    Arg::new("input")
        .required(true)
        .num_args(1..)
        .value_name("INPUT")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("input").to_string())
}

/// The folder to write to.
pub fn output(text: &Text) -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .required(true)
        .value_name("OUT")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("output").to_string())
}

fn overwrite(text: &Text) -> Arg {
    Arg::new("overwrite").long("overwrite").action(ArgAction::SetTrue).help(text.cli("overwrite").to_string())
}

fn pdf(text: &Text) -> Arg {
    let absent = !cfg!(feature = "pdf");
    Arg::new("pdf").long("pdf").action(ArgAction::SetTrue).hide(absent).help(text.cli("pdf").to_string())
}

/// The folder of a report.
pub fn bag(text: &Text) -> Arg {
    Arg::new("bag")
        .required(true)
        .value_name("OUT")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("bag").to_string())
}

fn evidence(text: &Text, required: bool) -> Arg {
    Arg::new("evidence")
        .long("evidence")
        .required(required)
        .num_args(1..)
        .value_name("INPUT")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("evidence").to_string())
}

/// The file of the case.
pub fn case_file(text: &Text) -> Arg {
    Arg::new("case")
        .long("case")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("case").to_string())
}

/// What is declared in the file of the case; nothing when none is given.
pub fn case(matches: &ArgMatches) -> Result<CaseFile, Failure> {
    let Some(path) = matches.get_one::<PathBuf>("case") else { return Ok(CaseFile::default()) };
    let text =
        std::fs::read_to_string(path).map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))?;
    let name = path.file_name().map_or_else(|| "case.toml".into(), |n| n.to_string_lossy());
    CaseFile::parse(&name, &text).map_err(|e| Failure::new("case-file", e.to_string()))
}

/// What must never be printed, as the file of the case has it.
pub fn forbidden(matches: &ArgMatches) -> Result<Forbidden, Failure> {
    Ok(Forbidden::new(&case(matches)?.place.never_print))
}

fn lists(text: &Text) -> Arg {
    Arg::new("indicators")
        .long("indicators")
        .action(ArgAction::Append)
        .num_args(1..)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("lists").to_string())
}

fn case_key(text: &Text) -> Arg {
    Arg::new("case-key")
        .long("case-key")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("case-key").to_string())
}

fn password(text: &Text) -> Arg {
    Arg::new("password-file")
        .long("password-file")
        .action(ArgAction::Append)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help(text.cli("password-file").to_string())
}

/// The data files to work with: the built-in ones, or those of `--data` or `VRIJSPOOR_DATA`.
pub fn data(matches: &ArgMatches) -> Result<Data, Failure> {
    let named = std::env::var_os("VRIJSPOOR_DATA").filter(|v| !v.is_empty()).map(PathBuf::from);
    // Without a command there is no such option.
    let given = matches.try_get_one::<PathBuf>("data").ok().flatten().cloned();
    let mut data = match given.or(named) {
        None => Data::default(),
        Some(folder) => Data::folder(&folder).map_err(|e| Failure::new("unreadable", e.to_string()))?,
    };
    if let Ok(Some(lists)) = matches.try_get_many::<PathBuf>("indicators") {
        let lists: Vec<PathBuf> = lists.cloned().collect();
        data.lists = read_lists(&lists).map_err(|e| Failure::new("unreadable", e.to_string()))?;
    }
    Ok(data)
}

/// The paths given under a name.
pub fn paths(matches: &ArgMatches, name: &str) -> Vec<PathBuf> {
    matches.get_many::<PathBuf>(name).map(|p| p.cloned().collect()).unwrap_or_default()
}

/// Says in the chosen language what is wrong with the command line.
pub fn explain(error: &clap::Error, text: &Text) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(list)) => list.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let key = match error.kind() {
        ErrorKind::MissingRequiredArgument => "missing-argument",
        ErrorKind::MissingSubcommand => "missing-command",
        ErrorKind::InvalidSubcommand => "unknown-command",
        ErrorKind::UnknownArgument => "unknown-argument",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "invalid-value",
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => "wrong-number",
        ErrorKind::ArgumentConflict => "argument-twice",
        _ => "other-argument",
    };
    let mut what = context(ContextKind::InvalidArg);
    if what.is_empty() {
        what = context(ContextKind::InvalidSubcommand);
    }
    let value = context(ContextKind::InvalidValue);
    let allowed = context(ContextKind::ValidValue);
    let mut line = format!("{}: {}", text.cli(key), crate::report::shown::value(&what));
    if !value.is_empty() {
        let _ = write!(line, " ({})", crate::report::shown::value(&value));
    }
    eprintln!("{line}");
    if !allowed.is_empty() {
        eprintln!("{}: {allowed}", text.cli("allowed"));
    }
    let suggestion = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .map(context)
        .concat();
    if !suggestion.is_empty() {
        eprintln!("{}: {suggestion}", text.cli("did-you-mean"));
    }
    eprintln!("{}: vrijspoor --help", text.cli("more-help"));
    ExitCode::from(2)
}
