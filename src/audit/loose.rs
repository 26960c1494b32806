//! Single files that an examiner took out of a phone: a lone `sms.db`, a `TCC.db` in a zip with other things. Their names, the
//! number that a backup stores them under, or their tables tell which trace they are; where they come from is not shown by the
//! bytes, and the report says so.

use crate::artifact::{Artifact, extract, load::in_scope};
use crate::evidence::{Container, Kind, hash};
use crate::reader::sqlite::{Database, Main};
use globset::{GlobBuilder, GlobMatcher};
use sha1::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

/// A container with more streams than this is not searched for databases under unknown names.
const FEW: usize = 300;

/// Names so common that they say nothing outside a file that was handed in by itself.
const COMMON: [&str; 4] = ["info.plist", "manifest.plist", "status.plist", "manifest.db"];

/// Endings of databases.
const DATABASES: [&str; 5] = ["db", "sqlite", "sqlitedb", "sqlite3", "storedata"];

/// How the artifacts of a family are told by a file alone.
pub struct Names<'a> {
    list: Vec<&'a Artifact>,
    /// The places of which some artifact lies inside the consent.
    consented: BTreeSet<&'a str>,
    /// Places by file name, in lower case; of several places with this name the one nearest to the root.
    by_name: BTreeMap<String, &'a str>,
    /// File names with wildcards.
    by_glob: Vec<(GlobMatcher, &'a str)>,
    /// Places by the number that a backup stores the file under.
    by_id: BTreeMap<String, &'a str>,
}

/// The single files of one container.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// Which artifacts read which entry.
    pub streams: Vec<(usize, Vec<&'a str>)>,
    /// Whether one of them is told by more than a common name.
    pub sure: bool,
}

impl<'a> Names<'a> {
    /// Collects the names.
    #[must_use]
    pub fn of(list: &[&'a Artifact], scope: &[String]) -> Self {
        let places_of = |artifact: &&'a Artifact| artifact.places.iter().map(String::as_str);
        let consented = list.iter().filter(|a| in_scope(&a.scope, scope)).flat_map(places_of).collect();
        let mut places: Vec<&'a str> = list.iter().flat_map(places_of).collect();
        places.sort_by_key(|place| (place.matches('/').count(), *place));
        let (mut by_name, mut by_glob, mut by_id) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let wild = |text: &str| text.contains(['*', '?', '[', '{']);
        for place in places {
            let name = place.rsplit(['/', ':']).next().unwrap_or(place).to_lowercase();
            if !wild(&name) {
                by_name.entry(name).or_insert(place);
            } else if name.chars().filter(|c| c.is_alphanumeric()).count() > 7
                && let Ok(glob) = GlobBuilder::new(&name).case_insensitive(true).build()
            {
                by_glob.push((glob.compile_matcher(), place));
            }
            if let Some((domain, path)) = place.split_once("::").filter(|_| !wild(place)) {
                by_id.entry(hash::hex(&sha1::Sha1::digest(format!("{domain}-{path}")))).or_insert(place);
            }
        }
        Self { list: list.to_vec(), consented, by_name, by_glob, by_id }
    }

    fn place(&self, path: &str) -> Option<&'a str> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let glob = || self.by_glob.iter().find(|(glob, _)| glob.is_match(&name)).map(|(_, place)| *place);
        self.by_name.get(&name).or_else(|| self.by_id.get(&name)).copied().or_else(glob)
    }

    /// Looks through a container. Nothing here judges a stream by its name alone: its bytes must begin as its reader needs.
    #[must_use]
    pub fn find(&self, container: &dyn Container, outside: &dyn Fn(&str) -> bool, scratch: &Path) -> Found<'a> {
        let alone = container.kind() == Kind::File;
        let few = container.entries().len() <= FEW;
        // Looking into a file of a folder costs nothing; in an archive only what is named like a database is fetched.
        let folder = container.kind() == Kind::Folder;
        let candidates: Vec<(usize, Option<&'a str>)> = container
            .entries()
            .iter()
            .enumerate()
            .filter(|(_, e)| e.unreadable.is_none() && e.size > 0 && outside(&e.path) && !e.path.ends_with("-wal"))
            .map(|(at, e)| (at, self.place(&e.path)))
            .filter(|(at, place)| place.is_some() || alone || few && (folder || is_database_name(container, *at)))
            .collect();
        let mut found = Found::default();
        let of_place = |place: &'a str| self.list.iter().filter(move |a| a.places.iter().any(|own| own == place));
        // What is named like a trace outside the consent is counted and stays closed.
        let named = |place: &'a str| of_place(place).map(|a| a.id.as_str()).collect();
        let (candidates, closed): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|(_, place)| place.is_none_or(|place| self.consented.contains(place)));
        found.streams.extend(closed.into_iter().filter_map(|(at, place)| Some((at, named(place?)))));
        // A container that cannot be read from front to back says so when its streams are extracted.
        let _ = container.prepare(&candidates.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        for (at, place) in candidates {
            let head = head(container, at);
            let sqlite = head.starts_with(b"SQLite format 3\0");
            let plist =
                head.starts_with(b"bplist") || head.starts_with(b"<?xml") || head.starts_with(b"<!DOCTYPE plist");
            let begins = |artifact: &Artifact| match artifact.reader.as_str() {
                "sqlite" => sqlite,
                "plist" | "nskeyed" => plist,
                _ => place.is_some(),
            };
            let mut wanted: Vec<&'a str> =
                place.into_iter().flat_map(of_place).filter(|a| begins(a)).map(|a| a.id.as_str()).collect();
            let by_tables = if sqlite { self.by_tables(container, at, place, scratch) } else { Vec::new() };
            let common = is_common(container, at);
            // A text has no head of its own: there a long name must do (`mobile_installation.log.0`).
            let text = !sqlite && !plist && !wanted.is_empty() && name_length(container, at) > 15;
            found.sure |=
                text || !by_tables.is_empty() || alone && !wanted.is_empty() || plist && !wanted.is_empty() && !common;
            if wanted.is_empty() {
                wanted = by_tables;
            }
            if !wanted.is_empty() {
                found.streams.push((at, wanted));
            }
        }
        found
    }

    /// The artifacts whose tables and columns a database has; of several places the named one, or the one nearest to the root.
    fn by_tables(&self, container: &dyn Container, at: usize, place: Option<&str>, scratch: &Path) -> Vec<&'a str> {
        let Some(database) = open(container, at, scratch) else { return Vec::new() };
        let fits = |a: &&&'a Artifact| a.reader == "sqlite" && extract::fits(a, |table| database.columns(table));
        let fitting: Vec<&'a Artifact> = self.list.iter().filter(fits).copied().collect();
        let places: BTreeSet<(usize, &str)> =
            fitting.iter().flat_map(|a| &a.places).map(|p| (p.matches('/').count(), p.as_str())).collect();
        let chosen = place.or_else(|| places.first().map(|(_, place)| *place));
        let here = |a: &&&'a Artifact| chosen.is_some_and(|c| a.places.iter().any(|own| own == c));
        fitting.iter().filter(here).map(|a| a.id.as_str()).collect()
    }
}

fn is_common(container: &dyn Container, at: usize) -> bool {
    let path = container.entries().get(at).map_or("", |e| e.path.as_str());
    COMMON.contains(&path.rsplit('/').next().unwrap_or(path).to_lowercase().as_str())
}

fn name_length(container: &dyn Container, at: usize) -> usize {
    let path = container.entries().get(at).map_or("", |e| e.path.as_str());
    path.rsplit('/').next().unwrap_or(path).len()
}

fn is_database_name(container: &dyn Container, at: usize) -> bool {
    let path = container.entries().get(at).map_or("", |e| e.path.as_str());
    path.rsplit_once('.').is_some_and(|(_, ending)| DATABASES.contains(&ending.to_lowercase().as_str()))
}

fn head(container: &dyn Container, at: usize) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(stream) = container.open(at) {
        // What cannot be read begins like nothing.
        let _ = stream.take(64).read_to_end(&mut head);
    }
    head
}

fn open(container: &dyn Container, at: usize, scratch: &Path) -> Option<Database> {
    let log = format!("{}-wal", container.entries().get(at)?.path);
    let log = container.entries().iter().position(|e| e.path == log).and_then(|log| container.open(log).ok());
    let mut log = log;
    let log = log.as_mut().map(|log| &mut **log as &mut dyn std::io::Read);
    match (container.file(at), log) {
        (Some(file), None) => Database::open(Main::File(&file), None, scratch).ok(),
        (_, log) => Database::open(Main::Stream(&mut *container.open(at).ok()?), log, scratch).ok(),
    }
}
