//! `custody.jsonl`: who held the folder when. Every line holds the hash of the line before, so that a line that was changed, left out
//! or put in between is seen; that the whole list was written anew is seen only by who wrote down its last hash, which is why the
//! handover on paper asks for it. It is a tag file of the bag: it grows while the payload stays as it was. No address ever stands
//! in it: a place is a code.

use super::json::sha256;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The name of the file in the bag.
pub const FILE: &str = "custody.jsonl";
/// What stands for the line before the first.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What happened to the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When (RFC 3339, UTC), by the clock of the computer.
    pub at: String,
    /// What: `made`, `signed`, `stamp-requested`, `stamped` by the program; free words of a person otherwise.
    pub action: String,
    /// From whom.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// To whom.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// Where, as a code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place_code: String,
    /// On what ground, or anything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// By whom it was written: `program` or `person`.
    pub by: String,
    /// SHA-256 of `manifest-sha256.txt` at that moment.
    pub manifest_sha256: String,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1.
    pub n: usize,
    /// What happened.
    pub event: Event,
    /// Hash of the line before.
    pub previous: String,
    /// SHA-256 over the hash of the line before, `|`, the number, `|`, and the event as JSON.
    pub hash: String,
}

/// What is wrong with a list, with the number of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which line, from 1.
    pub line: usize,
    /// `malformed`, `number`, `previous`, `hash`, `manifest`, `order`.
    pub code: &'static str,
}

/// The hash of a line.
fn hash(previous: &str, n: usize, event: &Event) -> Result<String, serde_json::Error> {
    Ok(sha256(format!("{previous}|{n}|{}", serde_json::to_string(event)?).as_bytes()))
}

/// A list with one line more.
///
/// # Errors
/// When an event cannot be written as JSON, which would be an error of this program.
pub fn append(list: &str, event: Event) -> Result<String, serde_json::Error> {
    let (entries, _) = read(list);
    let previous = entries.last().map_or(NOTHING, |last| last.hash.as_str()).to_owned();
    let n = list.lines().filter(|line| !line.trim().is_empty()).count().saturating_add(1);
    let entry = Entry { n, hash: hash(&previous, n, &event)?, event, previous };
    let mut list = list.to_owned();
    if !list.is_empty() && !list.ends_with('\n') {
        list.push('\n');
    }
    Ok(list + &serde_json::to_string(&entry)? + "\n")
}

/// The lines that can be read, and the numbers of those that cannot.
fn read(list: &str) -> (Vec<Entry>, Vec<Broken>) {
    let (mut entries, mut broken) = (Vec::new(), Vec::new());
    for (at, line) in list.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(_) => broken.push(Broken { line: at.saturating_add(1), code: "malformed" }),
        }
    }
    (entries, broken)
}

/// Reads a list and says what is wrong with it. `manifest` is the digest of the bag's manifest now.
#[must_use]
pub fn check(list: &str, manifest: &str) -> (Vec<Entry>, Vec<Broken>) {
    let (entries, mut broken) = read(list);
    let (mut previous, mut time) = (NOTHING.to_owned(), None::<jiff::Timestamp>);
    for (at, entry) in entries.iter().enumerate() {
        let line = at.saturating_add(1);
        let mut say = |code| broken.push(Broken { line, code });
        if entry.n != line {
            say("number");
        }
        if entry.previous != previous {
            say("previous");
        }
        if !hash(&entry.previous, entry.n, &entry.event).is_ok_and(|hash| hash == entry.hash) {
            say("hash");
        }
        if entry.event.manifest_sha256 != manifest {
            say("manifest");
        }
        let at: Option<jiff::Timestamp> = entry.event.at.parse().ok();
        if at.is_none() || time.is_some_and(|before| at.is_some_and(|at| at < before)) {
            say("order");
        }
        time = at.or(time);
        previous.clone_from(&entry.hash);
    }
    (entries, broken)
}

/// The list of a bag; empty when it has none.
#[must_use]
pub fn of(bag: &Path) -> String {
    std::fs::read_to_string(bag.join(FILE)).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn event(at: &str, action: &str) -> Event {
        Event {
            at: at.into(),
            action: action.into(),
            by: "person".into(),
            manifest_sha256: "m".into(),
            ..Event::default()
        }
    }

    fn list() -> String {
        let mut list = String::new();
        for (at, action) in
            [("2026-11-24T10:00:00Z", "made"), ("2026-11-24T11:00:00Z", "b"), ("2026-11-25T09:00:00Z", "c")]
        {
            list = append(&list, event(at, action)).unwrap();
        }
        list
    }

    #[test]
    fn an_untouched_list_holds() {
        let (entries, broken) = check(&list(), "m");
        assert_eq!((entries.len(), broken), (3, vec![]));
        assert_eq!(entries[1].previous, entries[0].hash);
    }

    #[test]
    fn changed_left_out_and_moved_lines_are_seen() {
        let list = list();
        let lines: Vec<&str> = list.lines().collect();
        let tampered = [
            list.replacen("\"b\"", "\"x\"", 1),
            [lines[0], lines[2]].join("\n"),
            [lines[1], lines[2]].join("\n"),
            [lines[0], lines[2], lines[1]].join("\n"),
            [lines[0], lines[1], lines[1], lines[2]].join("\n"),
            list.replacen("11:00", "12:00", 1),
            format!("{list}nonsense\n"),
        ];
        for (n, one) in tampered.iter().enumerate() {
            assert!(!check(one, "m").1.is_empty(), "tampering {n} went unseen");
        }
        assert_eq!(check(&list, "other").1[0].code, "manifest");
        // A line that was cut from the end leaves no trace in the list itself; its last hash on paper tells.
        assert!(check(&[lines[0], lines[1]].join("\n"), "m").1.is_empty());
    }

    #[test]
    fn a_clock_that_runs_back_is_seen() {
        let list = append(&list(), event("2026-01-01T00:00:00Z", "d")).unwrap();
        assert_eq!(check(&list, "m").1, [Broken { line: 4, code: "order" }]);
    }
}
