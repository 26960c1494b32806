//! Extraction: runs every artifact over the streams it wants and fills the fact store. What fails is a gap; the rest goes on.

use super::source::{Source, streams};
use crate::artifact::emit::{Doubt, StreamTimes};
use crate::artifact::extract::{self, Extracted, StreamInput};
use crate::artifact::load::in_scope as consented;
use crate::artifact::{Artifact, Artifacts};
use crate::evidence::{Cancel, Error, Kind, Opened, hash};
use crate::fact::Store;
use crate::report::{Coverage, Gap};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Everything that extraction leaves behind beside the facts.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Coverage of every artifact in every source.
    pub coverage: Vec<Coverage>,
    /// Gaps, aggregated.
    pub gaps: Gaps,
    /// Where each stream of the store lies: container and entry.
    pub streams: BTreeMap<i64, (usize, usize)>,
    /// Which variant of an artifact fitted a stream.
    pub variants: BTreeMap<(i64, String), usize>,
    /// Streams whose own names are private, with the SHA-256 that stands for them.
    pub unnamed: Unnamed,
}

/// Streams whose own names must not be shown: container and entry, and their SHA-256 as read.
#[derive(Debug, Default)]
pub struct Unnamed(BTreeMap<(usize, usize), String>);

/// How many characters of a digest stand for a name. People read it; the whole digest stands in the citation.
const SHORT: usize = 16;

impl Unnamed {
    /// Finds the streams that an artifact with private names wants, and hashes them.
    ///
    /// # Errors
    /// Only when the user asked to stop.
    pub fn find(
        artifacts: &Artifacts,
        sources: &[Source<'_>],
        containers: &[Opened],
        scope: &[String],
    ) -> Result<Self, Error> {
        // What lies outside the consent is named nowhere, and not opened.
        let private = artifacts.list.iter().filter(|a| a.private_names && consented(&a.scope, scope));
        let all: BTreeSet<(usize, usize)> =
            private.flat_map(|a| sources.iter().flat_map(|s| streams(s, a).iter().copied())).collect();
        let mut found = BTreeMap::new();
        for (index, opened) in containers.iter().enumerate() {
            let entries: Vec<usize> = all.iter().filter(|at| at.0 == index).map(|at| at.1).collect();
            if entries.is_empty() {
                continue;
            }
            // Any other refusal is told of where the container is made ready for reading.
            if let Err(Error::Cancelled) = opened.container.prepare(&entries) {
                return Err(Error::Cancelled);
            }
            for entry in entries {
                // What cannot be read has no digest, and no name either.
                found.insert((index, entry), hash::digest_stream(&*opened.container, entry).unwrap_or_default());
            }
        }
        Ok(Self(found))
    }

    /// The digest of a stream whose name is private.
    #[must_use]
    pub fn digest(&self, at: (usize, usize)) -> Option<&str> {
        self.0.get(&at).map(String::as_str)
    }

    /// Name of a stream for people: that of [`stream_name`], or the input that it lies in with the beginning of its SHA-256.
    #[must_use]
    pub fn name(&self, containers: &[Opened], at: (usize, usize)) -> String {
        match self.0.get(&at) {
            // A file that was given by itself is named by whoever gave it.
            Some(digest) if containers[at.0].container.kind() != Kind::File => {
                let input = containers[at.0].chain.first().map_or("", String::as_str);
                format!("{input}!{PRIVATE}{}", digest.get(..SHORT).unwrap_or("?"))
            }
            _ => stream_name(containers, at),
        }
    }

    /// What went wrong, without the private name that it may speak of.
    fn told(&self, containers: &[Opened], at: (usize, usize), why: &str) -> String {
        let path = containers[at.0].container.entries().get(at.1).map_or("", |e| e.path.as_str());
        if self.0.contains_key(&at) && !path.is_empty() {
            let own = path.rsplit('/').next().unwrap_or(path);
            let why = why.replace(path, "…").replace(own, "…");
            // An escaped form of the name may be left: then the words are not worth it.
            if why.is_ascii() || own.is_ascii() { why } else { String::new() }
        } else {
            why.to_string()
        }
    }
}

/// What stands before the digest that takes the place of a private name.
pub const PRIVATE: &str = "sha256:";

/// Gaps of the same kind, artifact, source and detail are one gap with a count.
#[derive(Debug, Default)]
pub struct Gaps(BTreeMap<(String, String, String, String), u64>);

impl Gaps {
    /// Counts a gap.
    pub fn add(&mut self, kind: &str, artifact: &str, source: &str, detail: impl Into<String>, count: u64) {
        *self.0.entry((kind.into(), artifact.into(), source.into(), detail.into())).or_default() += count;
    }

    /// The gaps in a fixed order.
    #[must_use]
    pub fn list(self) -> Vec<Gap> {
        let one = |((kind, artifact, source, detail), count)| Gap { kind, artifact, source, detail, count };
        self.0.into_iter().map(one).collect()
    }
}

/// Runs all artifacts over all sources.
///
/// # Errors
/// Only when the user asked to stop, or the store itself fails.
pub fn extract_all(
    artifacts: &Artifacts,
    sources: &[Source<'_>],
    containers: &[Opened],
    scope: &[String],
    scratch: &Path,
    cancel: &Cancel,
    store: &mut Store,
) -> Result<Outcome, super::Error> {
    let mut outcome = Outcome::default();
    let in_scope = |a: &Artifact| consented(&a.scope, scope);
    prepare(sources, containers, artifacts, &in_scope, &mut outcome.gaps)?;
    outcome.unnamed = Unnamed::find(artifacts, sources, containers, scope)?;
    for source in sources {
        let list: Vec<&Artifact> = artifacts.of(&source.family.id).collect();
        // Artifacts do not hang on each other: they run side by side, and their facts are stored in the order of the list.
        let results: Vec<Result<Vec<Attempt>, super::Error>> = list
            .par_iter()
            .map(|artifact| {
                cancel.check()?;
                let wanted = if in_scope(artifact) { streams(source, artifact) } else { &[] };
                Ok(wanted.iter().map(|at| attempt(artifact, artifacts, containers, *at, scratch)).collect())
            })
            .collect();
        let requested = super::requested::parts(source, containers);
        for (artifact, attempts) in list.iter().zip(results) {
            let mut coverage =
                settle(artifact, attempts?, in_scope(artifact), source, containers, store, &mut outcome)?;
            if coverage.outcome == "absent" && super::requested::is_empty(source, containers, &artifact.empty_as) {
                coverage.outcome = "empty".into();
            } else if coverage.outcome == "absent"
                && super::requested::was_not(requested.as_ref(), &artifact.requested_as)
            {
                coverage.outcome = "not-requested".into();
            }
            outcome.coverage.push(coverage);
        }
    }
    Ok(outcome)
}

/// One artifact on one stream.
struct Attempt {
    at: (usize, usize),
    result: Result<Extracted, Failure>,
}

enum Failure {
    Evidence(String, String),
    Extract(extract::Error),
}

fn prepare(
    sources: &[Source<'_>],
    containers: &[Opened],
    artifacts: &Artifacts,
    in_scope: &impl Fn(&Artifact) -> bool,
    gaps: &mut Gaps,
) -> Result<(), super::Error> {
    let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for source in sources {
        for artifact in artifacts.of(&source.family.id).filter(|a| in_scope(a)) {
            for (container, entry) in streams(source, artifact) {
                let entries = wanted.entry(*container).or_default();
                entries.insert(*entry);
                entries.extend(wal_of(containers, (*container, *entry)));
            }
        }
    }
    for (container, entries) in wanted {
        let entries: Vec<usize> = entries.into_iter().collect();
        match containers[container].container.prepare(&entries) {
            Ok(()) => {}
            Err(Error::Cancelled) => return Err(Error::Cancelled.into()),
            Err(e) => gaps.add("container-unopened", "", &containers[container].chain.join("!"), e.to_string(), 1),
        }
    }
    Ok(())
}

/// The entry that holds the write-ahead log of a stream.
pub(super) fn wal_of(containers: &[Opened], (container, entry): (usize, usize)) -> Option<usize> {
    let entries = containers[container].container.entries();
    let name = format!("{}-wal", entries.get(entry)?.path);
    let at = entries.binary_search_by(|e| e.path.as_str().cmp(&name)).ok()?;
    entries[at].unreadable.is_none().then_some(at)
}

fn attempt(
    artifact: &Artifact,
    artifacts: &Artifacts,
    containers: &[Opened],
    at: (usize, usize),
    scratch: &Path,
) -> Attempt {
    let result = extract_one(artifact, artifacts, containers, at, scratch);
    Attempt { at, result }
}

fn extract_one(
    artifact: &Artifact,
    artifacts: &Artifacts,
    containers: &[Opened],
    at: (usize, usize),
    scratch: &Path,
) -> Result<Extracted, Failure> {
    let container = &*containers[at.0].container;
    let Some(entry) = container.entries().get(at.1) else {
        return Err(Failure::Evidence("bytes-missing".into(), String::new()));
    };
    if let Some(why) = &entry.unreadable
        && container.open(at.1).is_err()
    {
        return Err(Failure::Evidence("bytes-missing".into(), why.clone()));
    }
    let open = move || container.open(at.1).map_err(std::io::Error::other);
    let wal = wal_of(containers, at).map(|w| move || container.open(w).map_err(std::io::Error::other));
    let mut beside: Vec<(&str, Box<extract::Opener<'_>>)> = Vec::new();
    for (table, other) in &artifact.beside {
        let globs = super::source::globs(&other.places);
        let entries = container.entries().iter().enumerate();
        for (entry, _) in entries.filter(|(_, e)| e.unreadable.is_none() && globs.is_match(&e.path)) {
            beside.push((table, Box::new(move || container.open(entry).map_err(std::io::Error::other))));
        }
    }
    let input = StreamInput {
        beside,
        name: &entry.path,
        open: &open,
        file: container.file(at.1),
        wal: wal.as_ref().map(|w| w as &extract::Opener<'_>),
        size: entry.size,
        times: StreamTimes { modified: entry.modified, created: entry.created },
        scratch,
    };
    extract::extract(artifact, &artifacts.vocabulary, &input).map_err(Failure::Extract)
}

/// Runs one artifact on one stream again, for checking a citation.
///
/// # Errors
/// The reason in words.
pub fn again(
    artifact: &Artifact,
    artifacts: &Artifacts,
    containers: &[Opened],
    at: (usize, usize),
    scratch: &Path,
) -> Result<Extracted, String> {
    extract_one(artifact, artifacts, containers, at, scratch).map_err(|f| match f {
        Failure::Evidence(code, why) => format!("{code}: {why}"),
        Failure::Extract(e) => e.to_string(),
    })
}

/// Name of a stream for people: the chain of containers and the stream's own name.
#[must_use]
pub fn stream_name(containers: &[Opened], at: (usize, usize)) -> String {
    let own = containers[at.0].container.entries().get(at.1).map_or("", |e| e.path.as_str());
    let chain = containers[at.0].chain.join("!");
    // A file that was given by itself is its own container.
    if containers[at.0].container.kind() == Kind::File { chain } else { format!("{chain}!{own}") }
}

fn settle(
    artifact: &Artifact,
    attempts: Vec<Attempt>,
    in_scope: bool,
    source: &Source<'_>,
    containers: &[Opened],
    store: &mut Store,
    outcome: &mut Outcome,
) -> Result<Coverage, super::Error> {
    let mut coverage = Coverage {
        source: source.id.clone(),
        artifact: artifact.id.clone(),
        title: artifact.title.clone(),
        outcome: String::new(),
        streams: Vec::new(),
        rows: 0,
        facts: 0,
        tested: !artifact.tested_on.is_empty(),
        experimental: artifact.experimental,
        closed: None,
        limits: artifact.limits.clone(),
    };
    if !in_scope {
        coverage.outcome = "out-of-scope".into();
        return Ok(coverage);
    }
    let mut failed = false;
    let mut holds = false;
    for attempt in attempts {
        let name = outcome.unnamed.name(containers, attempt.at);
        let told = |why: &str| outcome.unnamed.told(containers, attempt.at, why);
        match attempt.result {
            Ok(extracted) => {
                holds |= !extracted.absent;
                // Silence of a stream that was not read whole is no answer.
                failed |= extracted.skipped > 0 && extracted.rows == 0;
                let stream = store.add_stream(&source.id, &name)?;
                outcome.streams.insert(stream, attempt.at);
                outcome.variants.insert((stream, artifact.id.clone()), extracted.variant);
                store.add(&extracted.facts, &source.id, &artifact.id, stream)?;
                coverage.rows += extracted.rows;
                coverage.facts += extracted.facts.len() as u64;
                coverage.streams.push(name.clone());
                // What is left of a cut stream is read; that it is cut is said.
                let entry = containers[attempt.at.0].container.entries().get(attempt.at.1);
                if let Some(why) = entry.and_then(|e| e.unreadable.as_ref()).map(|why| told(why)) {
                    outcome.gaps.add("stream-damaged", &artifact.id, &source.id, join(&name, &why), 1);
                }
                note_doubts(artifact, &source.id, &name, extracted, &mut outcome.gaps);
            }
            Err(Failure::Evidence(kind, why)) => {
                failed = true;
                let why = told(&why);
                outcome.gaps.add(&kind, &artifact.id, &source.id, join(&name, &why), 1);
            }
            Err(Failure::Extract(e)) => {
                failed = true;
                let kind = if matches!(e, extract::Error::NoVariant(_)) { "no-variant" } else { "stream-damaged" };
                let why = told(&e.to_string());
                outcome.gaps.add(kind, &artifact.id, &source.id, join(&name, &why), 1);
            }
        }
    }
    let encrypted = source.containers.iter().any(|c| containers[*c].container.entries().iter().any(|e| e.encrypted));
    let backup = source.containers.iter().any(|c| containers[*c].container.kind() == Kind::IosBackup);
    coverage.outcome = match (coverage.streams.is_empty(), failed) {
        (false, _) if coverage.rows > 0 => "read",
        // The file is there and lacks this part: it was not asked for, or this export never has it.
        (false, false) if !holds => "absent",
        (false, false) => "empty",
        (_, true) => "failed",
        (true, false) if artifact.encrypted_only && backup && !encrypted => "encrypted-only",
        (true, false) => "absent",
    }
    .into();
    Ok(coverage)
}

fn join(name: &str, why: &str) -> String {
    if why.is_empty() { name.to_string() } else { format!("{name}: {why}") }
}

fn note_doubts(artifact: &Artifact, source: &str, stream: &str, extracted: Extracted, gaps: &mut Gaps) {
    for (doubt, count) in extracted.doubts {
        match doubt {
            Doubt::Unmapped(column, value) => {
                gaps.add("unmapped-value", &artifact.id, source, format!("{column} = {value}"), count);
            }
            // The value itself may be private; the citation has it when it matters.
            Doubt::NoTime(column, _) => gaps.add("time-unreadable", &artifact.id, source, column, count),
        }
    }
    if extracted.skipped > 0 {
        let why = extracted.first_problem.unwrap_or_default();
        gaps.add("records-skipped", &artifact.id, source, join(stream, &why), extracted.skipped);
    }
}
