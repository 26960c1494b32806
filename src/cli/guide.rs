//! `vrijspoor guide`: how to make the copy of a phone or account, what the other person may notice, how long it takes, and what not to do.

use super::intake::wrap;
use super::{Exit, Failure, args, print};
use crate::artifact::Artifacts;
use crate::report::text::{Text, fill};
use crate::rule::Rules;
use crate::rule::guide::Guide;
use clap::ArgMatches;

/// Widest line, in characters.
const WIDEST: usize = 84;

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let data = args::data(matches)?;
    let unusable = |problems: crate::fact::Problems| Failure::new("data-files", problems.to_string());
    let artifacts = Artifacts::load(data.artifacts).map_err(unusable)?;
    let rules = Rules::load(data.rules, &artifacts.vocabulary).map_err(unusable)?;
    let words = &text.guide;
    match matches.get_one::<String>("source") {
        None => {
            say(&words.lead, "");
            print("");
            for guide in &rules.guides {
                print(&format!("  {:<12} {}", guide.id, guide.words(&text.lang).title));
            }
            print("");
            say(&words.next, "");
            Ok(Exit::Done)
        }
        Some(name) => match rules.guides.iter().find(|guide| guide.is(name)) {
            None => Err(Failure::new("no-such-guide", name.clone())),
            Some(guide) => {
                show(guide, text);
                Ok(Exit::Done)
            }
        },
    }
}

fn say(line: &str, indent: &str) {
    for line in wrap(line, WIDEST, indent) {
        print(&line);
    }
}

fn show(guide: &Guide, text: &Text) {
    let (words, of) = (&text.guide, guide.words(&text.lang));
    print(&of.title.to_uppercase());
    print("");
    say(&of.gives, "");
    let paragraph = |title: &str, line: &str| {
        print("");
        print(title);
        say(line, "  ");
    };
    paragraph(&words.notices, &of.notices);
    paragraph(&words.time, &of.time);
    let list = |title: &str, lines: &[String], mark: &str| {
        if lines.is_empty() {
            return;
        }
        print("");
        print(title);
        for (n, line) in lines.iter().enumerate() {
            let mark = if mark.is_empty() { format!("{}.", n + 1) } else { mark.to_owned() };
            for (at, part) in wrap(line, WIDEST - 6, "").iter().enumerate() {
                print(&if at == 0 { format!("  {mark:<3} {part}") } else { format!("      {part}") });
            }
        }
    };
    list(&words.before, &of.before, "[ ]");
    for way in &of.way {
        list(&way.name, &way.actions, "");
    }
    list(&words.do_not, &of.do_not, " x");
    list(&words.after, &of.after, "[ ]");
    if text.lang != "en" {
        print("");
        print(&words.easy);
        print(&format!("  {}", guide.nl_easy.title));
        for line in &guide.nl_easy.actions {
            print(&format!("  {line}"));
        }
    }
    print("");
    let tested = if guide.tested_on.is_empty() { &words.untested } else { &words.tested };
    say(&fill(tested, &[("date", &guide.checked), ("devices", &guide.tested_on.join(", "))]), "");
}
