//! Sources: which opened containers belong to which phone or account, and which of their streams each artifact wants.

use crate::artifact::shape::{self, HEAD};
use crate::artifact::{Artifact, Artifacts, Family};
use crate::evidence::{Container, Kind, Opened};
use crate::report::Words;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// A recognised phone or account.
pub struct Source<'a> {
    /// `ios 1`.
    pub id: String,
    /// Its family.
    pub family: &'a Family,
    /// Containers that belong to it, as indices into the opened containers.
    pub containers: Vec<usize>,
    /// For every artifact (by id) the streams that it wants: container and entry.
    pub wanted: BTreeMap<&'a str, Vec<(usize, usize)>>,
}

impl Source<'_> {
    /// What this source can never show: not what an artifact shows after all, where its stream is there.
    #[must_use]
    pub fn never(&self) -> Vec<Words> {
        let shown = |id: &String| self.wanted.get(id.as_str()).is_some_and(|streams| !streams.is_empty());
        let never = self.family.never.iter().filter(|never| !never.unless.as_ref().is_some_and(shown));
        never.map(|never| Words { nl: never.nl.clone(), en: never.en.clone() }).collect()
    }
}

/// Recognises all sources.
#[must_use]
pub fn recognise<'a>(artifacts: &'a Artifacts, containers: &[Opened]) -> Vec<Source<'a>> {
    let mut sources: Vec<Source<'a>> = Vec::new();
    for family in artifacts.families.values() {
        let list: Vec<&Artifact> = artifacts.of(&family.id).collect();
        let globs: Vec<GlobSet> = list.iter().map(|a| globs(&a.places)).collect();
        let recognise = globs_of(family);
        let mut found: Vec<(Group, usize, Matches<'a>)> = Vec::new();
        for (index, opened) in containers.iter().enumerate() {
            let container = &*opened.container;
            let named = family.container.iter().any(|k| k == container.kind().name());
            let generic = matches!(container.kind(), Kind::Folder | Kind::File | Kind::Zip | Kind::Tar);
            if !named && (!generic || !claims_generic(family)) {
                continue;
            }
            let covered = covered_prefixes(index, containers);
            let mut matches = Matches::default();
            let mut given_away = named;
            for (entry, e) in container.entries().iter().enumerate() {
                if covered.iter().any(|p| e.path.starts_with(p.as_str())) {
                    continue;
                }
                given_away |= recognise.is_match(&e.path);
                let wanted: Vec<usize> = (0..list.len())
                    .filter(|n| if list[*n].places.is_empty() { generic } else { globs[*n].is_match(&e.path) })
                    .collect();
                if wanted.is_empty() || (e.unreadable.is_some() && !named) {
                    continue;
                }
                let head = wanted.iter().any(|n| !list[*n].shape.is_empty()).then(|| read_head(container, entry));
                let fits = |n: &usize| {
                    list[*n].shape.is_empty() || head.as_ref().is_some_and(|h| shape::fits(&list[*n].shape, h))
                };
                let fitting: Vec<usize> = wanted.into_iter().filter(fits).collect();
                // A name says more than a shape: a shape alone counts only where no artifact claims the stream by name.
                let claimed = fitting.iter().any(|n| !list[*n].places.is_empty());
                for n in fitting.into_iter().filter(|n| !claimed || !list[*n].places.is_empty()) {
                    let shaped = !list[n].shape.is_empty();
                    given_away |= shaped;
                    matches.0.entry(list[n].id.as_str()).or_default().push(entry);
                }
            }
            if given_away {
                found.push((group(container.kind(), index, containers), index, matches));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut previous: Option<Group> = None;
        let mut count = 0;
        for (group, index, matches) in found {
            if previous != Some(group) {
                count += 1;
                previous = Some(group);
                sources.push(Source {
                    id: format!("{} {count}", family.id),
                    family,
                    containers: Vec::new(),
                    wanted: BTreeMap::new(),
                });
            }
            if let Some(source) = sources.last_mut() {
                source.containers.push(index);
                for (artifact, entries) in matches.0 {
                    source.wanted.entry(artifact).or_default().extend(entries.into_iter().map(|e| (index, e)));
                }
            }
        }
    }
    sources
}

/// What keeps sources of one family apart: every iPhone backup is a phone of its own; other containers below one input
/// belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Container(usize),
    Root(usize),
}

fn group(kind: Kind, index: usize, containers: &[Opened]) -> Group {
    if kind == Kind::IosBackup {
        return Group::Container(index);
    }
    let mut root = index;
    while let Some((parent, _)) = containers[root].parent {
        root = parent;
    }
    Group::Root(root)
}

#[derive(Default)]
struct Matches<'a>(BTreeMap<&'a str, Vec<usize>>);

/// Account exports lie in plain folders and archives; phones have containers of their own.
fn claims_generic(family: &Family) -> bool {
    !family.recognise.is_empty()
        || family.container.iter().any(|k| matches!(k.as_str(), "folder" | "zip" | "tar" | "file"))
}

/// Folders of this container that a child container speaks for: the blobs of an iPhone backup mean nothing by themselves.
fn covered_prefixes(index: usize, containers: &[Opened]) -> BTreeSet<String> {
    containers
        .iter()
        .filter(|o| o.container.kind() == Kind::IosBackup)
        .filter_map(|o| o.parent.filter(|(parent, _)| *parent == index))
        .filter_map(|(_, entry)| containers[index].container.entries().get(entry))
        .map(|e| e.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/")))
        .collect()
}

fn globs_of(family: &Family) -> GlobSet {
    globs(&family.recognise)
}

/// A set of globs. The loader has refused globs that do not parse.
pub(super) fn globs(patterns: &[String]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).case_insensitive(true).build() {
            builder.add(glob);
        }
    }
    builder.build().unwrap_or_default()
}

fn read_head(container: &dyn Container, entry: usize) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(stream) = container.open(entry) {
        // A head that cannot be read fits no shape; the stream then shows up as not recognised, not as read.
        let _ = stream.take(HEAD as u64).read_to_end(&mut head);
    }
    head
}

/// The artifact with its wanted streams in a source.
#[must_use]
pub fn streams<'s>(source: &'s Source<'_>, artifact: &Artifact) -> &'s [(usize, usize)] {
    source.wanted.get(artifact.id.as_str()).map_or(&[], Vec::as_slice)
}
