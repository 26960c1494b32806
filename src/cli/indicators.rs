//! `vrijspoor indicators`: lists what is known about products, shows one, and reads the lists that others publish.

use super::{Exit, Failure, args, print};
use crate::artifact::Artifacts;
use crate::report::IndicatorList;
use crate::report::shown;
use crate::report::text::Text;
use crate::rule::indicator::{published, write};
use crate::rule::{Indicators, Rules};
use clap::ArgMatches;
use comfy_table::{ContentArrangement, Table};
use std::path::{Path, PathBuf};

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    match matches.subcommand() {
        Some(("show", m)) => show(&load(m)?, m.get_one::<String>("id").map_or("", String::as_str), text),
        Some(("check", m)) => {
            let all = load(m)?;
            for path in args::paths(m, "file") {
                account(&read(&all, &path)?, text);
            }
            if args::paths(m, "file").is_empty() {
                print(&format!("{}: {}", text.cli("checked"), all.all().count()));
            }
            Ok(Exit::Done)
        }
        Some(("import", m)) => import(m, text),
        other => {
            let all = load(other.map_or(matches, |(_, m)| m))?;
            list(&all, text);
            Ok(Exit::Done)
        }
    }
}

/// The indicators of the data files. Problems in any of them are said here too.
fn load(matches: &ArgMatches) -> Result<Indicators, Failure> {
    let data = args::data(matches)?;
    let wrong = |p: crate::fact::Problems| Failure::new("data-files", p.to_string());
    let artifacts = Artifacts::load(data.artifacts).map_err(wrong)?;
    Ok(Rules::load(data.rules, &artifacts.vocabulary).map_err(wrong)?.indicators)
}

fn read(all: &Indicators, path: &Path) -> Result<IndicatorList, Failure> {
    let unreadable = |e: std::io::Error| Failure::new("unreadable", format!("{}: {e}", path.display()));
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    published::read(&name, &bytes, all).map_err(|e| Failure::new("indicator-list", e.to_string()))
}

/// What became of the values of a list, with the first of those that were refused.
fn account(list: &IndicatorList, text: &Text) {
    print(&shown::value(&text.indicator_list(list)));
    for refused in &list.refused {
        for example in &refused.examples {
            print(&format!("  {}: {}", refused.reason, shown::value(example)));
        }
    }
}

fn import(matches: &ArgMatches, text: &Text) -> Result<Exit, Failure> {
    let out = matches.get_one::<PathBuf>("output").cloned().unwrap_or_default();
    if out.exists() && !matches.get_flag("overwrite") {
        return Err(Failure::new("output-exists", out.display().to_string()));
    }
    let all = load(matches)?;
    for path in args::paths(matches, "file") {
        let list = read(&all, &path)?;
        account(&list, text);
        std::fs::write(&out, write::toml(&list))
            .map_err(|e| Failure::new("output", format!("{}: {e}", out.display())))?;
        print(&format!("{}: {}", text.cli("written"), out.display()));
    }
    Ok(Exit::Done)
}

fn list(all: &Indicators, text: &Text) {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(vec!["category", "package", "bundle", "certificate", "file", "domain", ""]);
    for category in all.categories.iter().filter(|c| !c.harmless) {
        let count = |kind: &str| {
            let of = all.all().filter(|(_, v)| v.category == category.id && v.kind == kind).count();
            if of == 0 { String::new() } else { of.to_string() }
        };
        let name = if text.lang == "en" { &category.en } else { &category.nl };
        let counts = ["package", "bundle", "certificate", "file", "domain"].map(count);
        table.add_row(std::iter::once(category.id.clone()).chain(counts).chain([name.clone()]));
    }
    print(&table.to_string());
    for list in &all.lists {
        print(&format!("{}  {}", list.sha256, text.indicator_list(list)));
    }
}

/// Everything about a list, a product or a value.
fn show(all: &Indicators, asked: &str, text: &Text) -> Result<Exit, Failure> {
    let wanted = asked.to_lowercase();
    let named = |name: &String| name.to_lowercase() == wanted;
    let mut found = false;
    for list in &all.lists {
        let of = list.values.iter().filter(|v| {
            named(&list.name) || named(&v.name) || v.also.iter().any(named) || v.value.to_lowercase() == wanted
        });
        let of: Vec<_> = of.collect();
        if of.is_empty() {
            continue;
        }
        found = true;
        print(&format!("{} ({})", list.name, list.sources.join("; ")));
        for value in of {
            let second = if value.generic { format!(" ({})", text.cli("needs-second-sign")) } else { String::new() };
            print(&format!("  {}  {}  {}  {}{second}", value.category, value.name, value.kind, value.value));
        }
    }
    if found { Ok(Exit::Done) } else { Err(Failure::new("no-such-file", asked)) }
}
