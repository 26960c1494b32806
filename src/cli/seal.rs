//! `vrijspoor sign`, `stamp` and `custody`: what people put beside a finished report.

use super::{Exit, Failure, args, print};
use crate::compare::{baseline, sealed};
use crate::report::bag::Error;
use crate::report::custody::{self, Event};
use crate::report::text::Text;
use crate::report::{json, seal, shown, sign, stamp};
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

fn bag(matches: &ArgMatches) -> Result<PathBuf, Failure> {
    let bag = matches.get_one::<PathBuf>("bag").cloned().unwrap_or_default();
    if bag.join(crate::report::bag::MANIFEST).is_file() {
        Ok(bag)
    } else {
        Err(Failure::new("not-a-bag", bag.display().to_string()))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::new("unreadable", format!("{}: {e}", path.display())))
}

/// The bytes of a kept small form.
fn kept(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(file)?;
    // What is changed is not signed as if it were what was made.
    sealed::check_digest(file, &bytes)?;
    if baseline::is_one(&bytes) { Ok(bytes) } else { Err(Failure::new("not-a-bag", file.display().to_string())) }
}

/// Refuses to vouch for files that hold what must never be printed.
fn refuse_leak(matches: &ArgMatches, place: &Path) -> Result<(), Failure> {
    let forbidden = args::forbidden(matches)?;
    if forbidden.is_empty() {
        return Ok(());
    }
    for entry in walkdir::WalkDir::new(place).sort_by_file_name() {
        let entry = entry.map_err(|e| Failure::new("unreadable", e.to_string()))?;
        if entry.file_type().is_file() {
            let inside = entry.path().strip_prefix(place).unwrap_or(entry.path()).display().to_string();
            forbidden.check(&inside, &read(entry.path())?).map_err(Error::Leak)?;
        }
    }
    Ok(())
}

/// An event of this program, now.
fn event(action: &str, note: String) -> Event {
    let at = jiff::Timestamp::now().to_string();
    Event { at, action: action.into(), by: "program".into(), note, ..Event::default() }
}

/// Signs a report with a key of OpenSSH.
pub fn run_sign(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let place = matches.get_one::<PathBuf>("bag").cloned().unwrap_or_default();
    // The small form is one file: it is signed itself, a report by the list of its files.
    let file = place.is_file();
    let bytes = if file { kept(&place)? } else { seal::manifest(&bag(matches)?)? };
    refuse_leak(matches, &place)?;
    let path = matches.get_one::<PathBuf>("key").cloned().unwrap_or_default();
    let key = zeroize::Zeroizing::new(String::from_utf8_lossy(&read(&path)?).into_owned());
    let failed = |e: sign::Error| Failure::new(e.code(), e.to_string());
    let passphrase = zeroize::Zeroizing::new(if !sign::is_locked(&key).map_err(failed)? {
        String::new()
    } else if let Ok(given) = std::env::var("VRIJSPOOR_PASSWORD") {
        given
    } else if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("{}: ", text.cli("ask-passphrase"))).unwrap_or_default()
    } else {
        String::new()
    });
    let signature = sign::sign(&key, &passphrase, &bytes).map_err(failed)?;
    let signer = sign::signer(&signature, &bytes).unwrap_or_default();
    if file {
        let beside = sealed::signature_file(&place);
        let failed = |e: std::io::Error| Failure::new("output", format!("{}: {e}", beside.display()));
        std::fs::write(&beside, signature).map_err(failed)?;
        print(&beside.display().to_string());
    } else {
        let files = BTreeMap::from([(sign::FILE, signature.into_bytes())]);
        seal::put(&place, &files, event("signed", signer.clone()))?;
    }
    print(&format!("{}: {signer}", text.cli("signed-with")));
    Ok(Exit::Done)
}

/// Writes the request for a time stamp, or takes in its reply.
pub fn run_stamp(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag = bag(matches)?;
    refuse_leak(matches, &bag)?;
    let digest = json::digest_bytes(&seal::manifest(&bag)?);
    let Some(reply) = matches.get_one::<PathBuf>("reply") else {
        // The number need not be secret, only not the same twice; the standard library's own seed comes from the system.
        let nonce = std::collections::hash_map::RandomState::new().build_hasher().finish().to_be_bytes();
        let files = BTreeMap::from([(stamp::REQUEST, stamp::request(&digest, nonce))]);
        seal::put(&bag, &files, event("stamp-requested", String::new()))?;
        print(&format!("{}: {}", text.cli("stamp-request"), bag.join(stamp::REQUEST).display()));
        print(text.cli("stamp-next"));
        return Ok(Exit::Done);
    };
    let reply = read(reply)?;
    let request = read(&bag.join(stamp::REQUEST))?;
    let stamped = stamp::check(&reply, &request, &digest).map_err(|e| Failure::new(e.code(), e.to_string()))?;
    seal::put(&bag, &BTreeMap::from([(stamp::REPLY, reply)]), event("stamped", stamped.time.clone()))?;
    print(&format!("{}: {}", text.cli("stamped-at"), stamped.time));
    print(text.cli("stamp-authority"));
    Ok(Exit::Done)
}

/// Adds to, shows or checks the list of custody.
pub fn run_custody(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    match matches.subcommand() {
        Some(("add", matches)) => add(matches, text),
        Some((_, matches)) => show(matches, text),
        None => Ok(Exit::Failed),
    }
}

fn add(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag = bag(matches)?;
    let say = |name: &str| matches.get_one::<String>(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let place_code = say("place-code");
    let is_code = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // An address in this file would travel with the report to everybody.
    if place_code.len() > 16 || !place_code.chars().all(is_code) {
        return Err(Failure::new("place-code", place_code));
    }
    let at = match matches.get_one::<String>("at") {
        None => jiff::Timestamp::now(),
        Some(at) => super::audit::parse_time(at).ok_or_else(|| Failure::new("bad-time", at.clone()))?,
    };
    let event = Event {
        at: at.to_string(),
        action: say("action"),
        from: say("from"),
        to: say("to"),
        place_code,
        note: say("note"),
        by: "person".into(),
        ..Event::default()
    };
    let line = serde_json::to_vec(&event).map_err(|e| Failure::new("internal", e.to_string()))?;
    args::forbidden(matches)?.check(custody::FILE, &line).map_err(Error::Leak)?;
    seal::put(&bag, &BTreeMap::new(), event)?;
    let last = custody::check(&custody::of(&bag), "").0.pop().map(|entry| entry.hash).unwrap_or_default();
    print(&format!("{}: {last}", text.cli("custody-last")));
    Ok(Exit::Done)
}

fn show(matches: &ArgMatches, text: &'static Text) -> Result<Exit, Failure> {
    let bag = bag(matches)?;
    let (entries, broken) = custody::check(&custody::of(&bag), &json::sha256(&seal::manifest(&bag)?));
    for entry in &entries {
        let event = &entry.event;
        let named =
            [("from", &event.from), ("to", &event.to), ("place-code", &event.place_code), ("note", &event.note)];
        let parts = named.iter().filter(|(_, value)| !value.is_empty());
        let line = parts.fold(format!("{}  {}  {}", entry.n, event.at, event.action), |line, (key, value)| {
            line + "  " + text.cli(key) + ": " + value
        });
        print(&shown::value(&line));
        print(&format!("   {}", entry.hash));
    }
    for one in &broken {
        print(&format!("{} {}: {}", text.cli("custody-line"), one.line, text.cli(&format!("custody-{}", one.code))));
    }
    let holds = broken.is_empty() && !entries.is_empty();
    print(text.cli(if holds { "custody-holds" } else { "custody-broken" }));
    Ok(if holds { Exit::Done } else { Exit::Found })
}

/// The arguments of these commands.
pub fn commands(text: &'static Text, sub: &dyn Fn(&'static str) -> clap::Command) -> [clap::Command; 3] {
    let word = |name: &'static str, required: bool| {
        clap::Arg::new(name).long(name).required(required).value_name("TEXT").help(text.cli(name))
    };
    let path = |name: &'static str, required: bool| {
        let parser = clap::value_parser!(PathBuf);
        clap::Arg::new(name).long(name).required(required).value_name("FILE").value_parser(parser).help(text.cli(name))
    };
    let list = sub("custody")
        .subcommand_required(true)
        .subcommand_help_heading(text.cli("commands"))
        .disable_help_subcommand(true)
        .subcommand(
            sub("add")
                .arg(args::bag(text))
                .arg(word("action", true))
                .arg(word("from", false))
                .arg(word("to", false))
                .arg(word("place-code", false))
                .arg(word("note", false))
                .arg(word("at", false).value_name("TIME"))
                .arg(args::case_file(text)),
        )
        .subcommand(sub("show").arg(args::bag(text)))
        .subcommand(sub("verify").arg(args::bag(text)));
    [
        sub("sign").arg(args::bag(text)).arg(path("key", true)).arg(args::case_file(text)),
        sub("stamp").arg(args::bag(text)).arg(path("reply", false)).arg(args::case_file(text)),
        list,
    ]
}
