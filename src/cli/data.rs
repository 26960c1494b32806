//! `vrijspoor rules` and `vrijspoor artifacts`: lists, shows and checks the data files.

use super::{Exit, Failure, print};
use crate::artifact::Artifacts;
use crate::embedded;
use crate::report::text::Text;
use crate::rule::Rules;
use clap::ArgMatches;
use comfy_table::{ContentArrangement, Table};
use std::path::{Path, PathBuf};

pub fn rules(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let lang = matches.get_one::<String>("lang").cloned().unwrap_or_default();
    match matches.subcommand() {
        Some(("show", m)) => show(embedded::rules::FILES, m),
        Some(("check", m)) => {
            let artifacts = Artifacts::embedded().map_err(|e| Failure::new("data-files", e.to_string()))?;
            check(m, embedded::rules::FILES, text, |files| {
                Rules::load(files, &artifacts.vocabulary).map(|r| r.list.len())
            })
        }
        _ => {
            let artifacts = Artifacts::embedded().map_err(|e| Failure::new("data-files", e.to_string()))?;
            let rules =
                Rules::embedded(&artifacts.vocabulary).map_err(|e| Failure::new("data-files", e.to_string()))?;
            let mut table = table(&["id", "urgency", "confidence", "title"]);
            for rule in &rules.list {
                let title = if lang == "en" { &rule.en.title } else { &rule.nl.title };
                table.add_row([rule.id.as_str(), rule.urgency.name(), rule.confidence.name(), title]);
            }
            print(&table.to_string());
            Ok(Exit::Done)
        }
    }
}

pub fn artifacts(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let lang = matches.get_one::<String>("lang").cloned().unwrap_or_default();
    match matches.subcommand() {
        Some(("show", m)) => show(embedded::artifacts::FILES, m),
        Some(("check", m)) => {
            check(m, embedded::artifacts::FILES, text, |files| Artifacts::load(files).map(|a| a.list.len()))
        }
        _ => {
            let artifacts = Artifacts::embedded().map_err(|e| Failure::new("data-files", e.to_string()))?;
            let mut table = table(&["id", "reader", "scope", "facts", "title"]);
            for artifact in &artifacts.list {
                let mut facts: Vec<&str> = artifact.facts().collect();
                facts.sort_unstable();
                facts.dedup();
                let note = if artifact.experimental { " (experimental)" } else { "" };
                let title = format!("{}{note}", artifact.title.get(&lang));
                table.add_row([artifact.id.as_str(), &artifact.reader, &artifact.scope, &facts.join(" "), &title]);
            }
            print(&table.to_string());
            Ok(Exit::Done)
        }
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    table
}

fn show(files: &[(&str, &str)], matches: &ArgMatches) -> Result<Exit, Failure> {
    let id = matches.get_one::<String>("id").cloned().unwrap_or_default();
    let name = format!("{}.toml", id.replacen('.', "/", 1));
    match files.iter().find(|(n, _)| *n == name || *n == format!("steps/{id}.toml")) {
        Some((name, text)) => {
            print(&format!("# {name}\n{text}"));
            Ok(Exit::Done)
        }
        None => Err(Failure::new("no-such-file", id)),
    }
}

/// Checks the built-in files, or those in a folder that somebody is working on.
fn check<E: std::fmt::Display>(
    matches: &ArgMatches,
    built_in: &[(&str, &str)],
    text: &Text,
    load: impl Fn(&[(&str, &str)]) -> Result<usize, E>,
) -> Result<Exit, Failure> {
    let owned;
    let borrowed: Vec<(&str, &str)>;
    let files = match matches.get_one::<PathBuf>("folder") {
        None => built_in,
        Some(folder) => {
            owned = read_folder(folder)?;
            borrowed = owned.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
            &borrowed
        }
    };
    match load(files) {
        Ok(count) => {
            print(&format!("{}: {count}", text.cli("checked")));
            Ok(Exit::Done)
        }
        Err(problems) => {
            print(&problems.to_string());
            Ok(Exit::Failed)
        }
    }
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|e| Failure::new("unreadable", e.to_string()))?;
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            let text = std::fs::read_to_string(entry.path())
                .map_err(|e| Failure::new("unreadable", format!("{name}: {e}")))?;
            files.push((name, text));
        }
    }
    Ok(files)
}
