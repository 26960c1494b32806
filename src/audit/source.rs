//! Sources: which opened containers belong to which phone or account, and which of their streams each artifact wants.

use crate::artifact::shape::{HEAD, Head};
use crate::artifact::{Artifact, Artifacts, Family};
use crate::evidence::{Container, Entry, Kind, Opened};
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

/// Recognises all sources. Every stream is looked at once, for the shapes of all families.
#[must_use]
pub fn recognise<'a>(artifacts: &'a Artifacts, containers: &[Opened]) -> Vec<Source<'a>> {
    let known: Vec<Known<'a>> = artifacts.families.values().map(|f| Known::of(f, artifacts)).collect();
    let mut found: Vec<Vec<(Group, usize, Matches<'a>)>> = known.iter().map(|_| Vec::new()).collect();
    for (index, opened) in containers.iter().enumerate() {
        let container = &*opened.container;
        let kind = container.kind();
        let generic = matches!(kind, Kind::Folder | Kind::File | Kind::Zip | Kind::Tar);
        let covered = covered_prefixes(index, containers);
        let mut seen: Vec<Seen<'a, '_>> =
            known.iter().enumerate().filter_map(|(n, k)| Seen::begin(n, k, kind, generic)).collect();
        for (entry, e) in container.entries().iter().enumerate() {
            if covered.iter().any(|p| e.path.starts_with(p.as_str())) {
                continue;
            }
            let mut head: Option<Head> = None;
            for one in &mut seen {
                one.look(entry, e, generic, || head.get_or_insert_with(|| Head::new(&read_head(container, entry))));
            }
        }
        for one in seen.into_iter().filter(|s| s.given_away) {
            found[one.family].push((group(kind, index, containers), index, one.matches));
        }
    }
    let mut sources: Vec<Source<'a>> = Vec::new();
    for (known, mut found) in known.iter().zip(found) {
        found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut previous: Option<Group> = None;
        let mut count = 0;
        for (group, index, matches) in found {
            if previous != Some(group) {
                count += 1;
                previous = Some(group);
                sources.push(Source {
                    id: format!("{} {count}", known.family.id),
                    family: known.family,
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

/// A family with its artifacts, ready to look at streams.
struct Known<'a> {
    family: &'a Family,
    list: Vec<&'a Artifact>,
    globs: Vec<GlobSet>,
    recognise: GlobSet,
}

impl<'a> Known<'a> {
    fn of(family: &'a Family, artifacts: &'a Artifacts) -> Self {
        let list: Vec<&Artifact> = artifacts.of(&family.id).collect();
        let globs = list.iter().map(|a| self::globs(&a.places)).collect();
        Self { family, list, globs, recognise: globs_of(family) }
    }
}

/// What one family has seen of one container so far.
struct Seen<'a, 'k> {
    family: usize,
    known: &'k Known<'a>,
    named: bool,
    given_away: bool,
    matches: Matches<'a>,
}

impl<'a, 'k> Seen<'a, 'k> {
    fn begin(family: usize, known: &'k Known<'a>, kind: Kind, generic: bool) -> Option<Self> {
        let named = known.family.container.iter().any(|k| k == kind.name());
        let looks = named || (generic && claims_generic(known.family));
        looks.then(|| Self { family, known, named, given_away: named, matches: Matches::default() })
    }

    fn look<'h>(&mut self, entry: usize, e: &Entry, generic: bool, head: impl FnOnce() -> &'h mut Head) {
        let Known { list, globs, recognise, .. } = self.known;
        self.given_away |= recognise.is_match(&e.path);
        let wanted: Vec<usize> = (0..list.len())
            .filter(|n| if list[*n].places.is_empty() { generic } else { globs[*n].is_match(&e.path) })
            .collect();
        if wanted.is_empty() || (e.unreadable.is_some() && !self.named) {
            return;
        }
        let head = wanted.iter().any(|n| !list[*n].shape.is_empty()).then(head);
        let fits = |n: &usize| list[*n].shape.is_empty() || head.as_ref().is_some_and(|h| h.fits(&list[*n].shape));
        let fitting: Vec<usize> = wanted.into_iter().filter(fits).collect();
        // A name says more than a shape: a shape alone counts only where no artifact claims the stream by name.
        let claimed = fitting.iter().any(|n| !list[*n].places.is_empty());
        for n in fitting.into_iter().filter(|n| !claimed || !list[*n].places.is_empty()) {
            self.given_away |= !list[n].shape.is_empty();
            self.matches.0.entry(list[n].id.as_str()).or_default().push(entry);
        }
    }
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

/// Account exports lie in plain folders and archives (a family without a kind of container is one); phones have containers of
/// their own.
fn claims_generic(family: &Family) -> bool {
    !family.recognise.is_empty()
        || family.container.is_empty()
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
