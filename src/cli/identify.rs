//! `vrijspoor identify`: what is this, is it whole, is it encrypted, what can it never show.

use super::{Exit, Failure, args, print};
use crate::artifact::Artifacts;
use crate::audit::{reconcile, source};
use crate::evidence::{self, Context, scratch::Scratch};
use crate::report::shown;
use crate::report::text::Text;
use clap::ArgMatches;

/// A remark in words, with its particulars.
fn remark_line(text: &Text, remark: &evidence::Remark) -> String {
    let particulars = [shown::value(&remark.detail), remark.count.to_string()].join(", ");
    format!("{} ({particulars}) [{}]", text.remark(remark.code).what, remark.code)
}

pub fn run(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let lang = matches.get_one::<String>("lang").cloned().unwrap_or_default();
    let artifacts =
        Artifacts::load(args::data(matches)?.artifacts).map_err(|e| Failure::new("data-files", e.to_string()))?;
    let scratch = Scratch::new().map_err(crate::audit::Error::from)?;
    let context = Context {
        scratch: scratch.path().to_path_buf(),
        passwords: super::audit::passwords(matches)?,
        cancel: super::audit::cancel_on_signal(),
    };
    // Saying what it is needs no password.
    let opened =
        evidence::open::open_locked(&args::paths(matches, "input"), &context).map_err(crate::audit::Error::from)?;
    let all = ["all".to_string()];
    let mut sources = source::recognise(&artifacts, &opened.containers, &all, scratch.path());
    let joined = reconcile::reconcile(&mut sources, &artifacts, &opened.containers, &all, scratch.path());
    for source in &sources {
        print(&format!("{}: {}", source.id, source.family.title.get(&lang)));
        for index in &source.containers {
            let container = &opened.containers[*index].container;
            let entries = container.entries();
            let name = shown::value(&opened.containers[*index].chain.join("!"));
            // A loose text is one stream: which one says more than how many.
            let holds = match entries {
                [only] if container.kind() == evidence::Kind::Dumpstate => shown::value(&only.path),
                _ => format!("{} {}", entries.len(), text.cli("streams")),
            };
            print(&format!("  {name}  ({}, {holds})", container.kind().name()));
            if entries.iter().any(|e| e.encrypted) {
                print(&format!("  {}", text.cli("encrypted-open")));
            }
            for remark in container.remarks() {
                print(&format!("  - {}", remark_line(text, remark)));
            }
            for remark in joined.iter().filter(|r| r.container == opened.containers[*index].name()) {
                print(&format!("  - {} [{}]", text.remark(&remark.code).what, remark.code));
            }
        }
        for at in &source.loose {
            let read = source.wanted.iter().filter(|(_, streams)| streams.contains(at));
            let read: Vec<&str> = read.map(|(artifact, _)| *artifact).collect();
            let name = shown::value(&crate::audit::extraction::stream_name(&opened.containers, *at));
            print(&format!("  - {name}: {} ({})", read.join(", "), text.gap("origin-unknown").what));
        }
        print(&format!("  {}:", text.cli("never")));
        for never in &source.never() {
            print(&format!("  - {}", never.get(&lang)));
        }
    }
    for (chain, problem) in &opened.problems {
        print(&format!("{}: {}", shown::value(chain), text.error(problem.code()).what));
    }
    if sources.is_empty() {
        let seen = opened.containers.iter().map(|o| format!("{} ({})", o.chain.join("!"), o.container.kind().name()));
        return Err(Failure::new("not-recognised", seen.collect::<Vec<_>>().join("\n")));
    }
    Ok(Exit::Done)
}
