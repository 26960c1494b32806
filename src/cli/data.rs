//! `vrijspoor rules` and `vrijspoor artifacts`: lists, shows and checks the data files.

use super::{Exit, Failure, args, print};
use crate::artifact::Artifacts;
use crate::embedded::read_folder;
use crate::fact::Problems;
use crate::report::text::{Text, fill};
use crate::rule::{Rules, prose};
use clap::ArgMatches;
use comfy_table::{ContentArrangement, Table};
use std::path::PathBuf;

pub fn rules(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let lang = matches.get_one::<String>("lang").cloned().unwrap_or_default();
    match matches.subcommand() {
        Some(("show", m)) => show(args::data(m)?.rules, m),
        Some(("check", m)) => {
            let data = args::data(m)?;
            let artifacts = Artifacts::load(data.artifacts).map_err(|p| unusable(&p))?;
            check(m, data.rules, text, |files| {
                Rules::load(files, &artifacts.vocabulary).map(|rules| (rules.list.len(), levels(files, text)))
            })
        }
        _ => {
            let data = args::data(matches.subcommand_matches("list").unwrap_or(matches))?;
            let artifacts = Artifacts::load(data.artifacts).map_err(|p| unusable(&p))?;
            let rules = Rules::load(data.rules, &artifacts.vocabulary).map_err(|p| unusable(&p))?;
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
        Some(("show", m)) => show(args::data(m)?.artifacts, m),
        Some(("check", m)) => {
            check(m, args::data(m)?.artifacts, text, |files| Artifacts::load(files).map(|a| (a.list.len(), Vec::new())))
        }
        Some(("coverage", m)) => {
            let artifacts = Artifacts::load(args::data(m)?.artifacts).map_err(|p| unusable(&p))?;
            let family = m.get_one::<String>("family").map_or("", String::as_str);
            let page = artifacts.coverage_page(family);
            print(page.ok_or_else(|| Failure::new("no-such-file", family))?.trim_end());
            Ok(Exit::Done)
        }
        _ => {
            let data = args::data(matches.subcommand_matches("list").unwrap_or(matches))?;
            let artifacts = Artifacts::load(data.artifacts).map_err(|p| unusable(&p))?;
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

fn unusable(problems: &Problems) -> Failure {
    Failure::new("data-files", problems.to_string())
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

/// How the Dutch of each level reads, a line a level.
fn levels(files: &[(&str, &str)], text: &Text) -> Vec<String> {
    let line = |layer: &prose::Layer| {
        let prose::Layer { name, figures, bounds } = layer;
        let number = |n: f64| format!("{n:.1}");
        fill(
            text.cli("level"),
            &[
                ("name", name),
                ("sentences", &figures.sentences.to_string()),
                ("mean", &number(figures.words_a_sentence())),
                ("most", &number(bounds.words_a_sentence)),
                ("longest", &figures.longest.to_string()),
                ("long", &number(figures.long_words())),
                ("most_long", &number(bounds.long_words)),
                ("douma", &number(figures.douma())),
                ("least", &number(bounds.douma)),
            ],
        )
    };
    prose::layers(&prose::pieces(files)).iter().map(line).collect()
}

/// Checks the built-in files, or those in a folder that somebody is working on.
fn check<E: std::fmt::Display>(
    matches: &ArgMatches,
    built_in: &[(&str, &str)],
    text: &Text,
    load: impl Fn(&[(&str, &str)]) -> Result<(usize, Vec<String>), E>,
) -> Result<Exit, Failure> {
    let files = match matches.get_one::<PathBuf>("folder") {
        None => built_in,
        Some(folder) => read_folder(folder).map_err(|e| Failure::new("unreadable", e.to_string()))?,
    };
    match load(files) {
        Ok((count, more)) => {
            print(&format!("{}: {count}", text.cli("checked")));
            for line in &more {
                print(line);
            }
            Ok(Exit::Done)
        }
        Err(problems) => {
            print(&problems.to_string());
            Ok(Exit::Failed)
        }
    }
}
