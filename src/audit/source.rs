//! Sources: which opened containers belong to which phone or account, and which of their streams each artifact wants.

use super::loose;
use crate::artifact::load::in_scope;
use crate::artifact::shape::{HEAD, Head};
use crate::artifact::{Artifact, Artifacts, Family};
use crate::evidence::{Container, Entry, Kind, Opened};
use crate::report::Words;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::path::Path;

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
    /// Streams that were told by a file alone: which phone they come from is not shown.
    pub loose: Vec<(usize, usize)>,
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

/// Recognises all sources. A stream is looked at at most once, for the shapes of all families, and only when something inside the
/// consent `scope` may turn out to want it. `scratch` is a private folder for databases that must be looked into.
#[must_use]
pub fn recognise<'a>(
    artifacts: &'a Artifacts,
    containers: &[Opened],
    scope: &[String],
    scratch: &Path,
) -> Vec<Source<'a>> {
    let known: Vec<Known<'a>> = artifacts.families.values().map(|f| Known::of(f, artifacts, scope)).collect();
    let mut found: Vec<Vec<(Group, usize, Matches<'a>)>> = known.iter().map(|_| Vec::new()).collect();
    for (index, opened) in containers.iter().enumerate() {
        let container = &*opened.container;
        let kind = container.kind();
        let generic = matches!(kind, Kind::Folder | Kind::File | Kind::Zip | Kind::Tar);
        let (covered, streams) = (covered_prefixes(index, containers), covered_streams(index, containers));
        let outside = |path: &str| !covered.iter().any(|p| path.starts_with(p.as_str())) && !streams.contains(path);
        let entries = || container.entries().iter().enumerate().filter(|(_, e)| outside(&e.path));
        let mut seen: Vec<Seen<'a, '_>> = Vec::new();
        for (n, one) in known.iter().enumerate().filter(|(_, one)| !one.by_files_alone(generic)) {
            let Some(mut begun) = Seen::begin(n, one, kind, generic) else { continue };
            begun.given_away |= entries().any(|(_, e)| one.recognise.is_match(&e.path));
            seen.push(begun);
        }
        // What the name alone gives to a trace outside the consent stays closed, whatever else might want to look into it.
        let closing: Vec<&Known<'a>> = seen.iter().filter(|one| one.given_away).map(|one| one.known).collect();
        let closed = |path: &str| closing.iter().any(|one| one.closes(path, generic));
        for (n, one) in known.iter().enumerate() {
            let Some(alone) = one.alone.as_ref().filter(|_| one.by_files_alone(generic)) else { continue };
            let single = alone.find(container, &|path| outside(path) && !closed(path), scratch);
            if single.sure {
                let mut matches = Matches::default();
                for (entry, artifacts) in single.streams {
                    matches.1.push(entry);
                    for artifact in artifacts {
                        matches.0.entry(artifact).or_default().push(entry);
                    }
                }
                found[n].push((group(kind, index, containers), index, matches));
            }
        }
        if seen.is_empty() {
            continue;
        }
        for (entry, e) in entries() {
            let closed = closed(&e.path);
            let mut beginning = Beginning { container, entry, head: None };
            for one in &mut seen {
                one.look(entry, e, generic, (!closed).then_some(&mut beginning));
            }
        }
        for one in seen.into_iter().filter(|s| s.given_away) {
            found[one.family].push((group(kind, index, containers), index, one.matches));
        }
    }
    known.iter().zip(found).flat_map(|(known, found)| sources_of(known.family, found)).collect()
}

/// The sources of one family: what belongs together is one.
fn sources_of<'a>(family: &'a Family, mut found: Vec<(Group, usize, Matches<'a>)>) -> Vec<Source<'a>> {
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut sources: Vec<Source<'a>> = Vec::new();
    let mut previous: Option<Group> = None;
    for (group, index, matches) in found {
        if previous != Some(group) {
            previous = Some(group);
            sources.push(Source {
                id: format!("{} {}", family.id, sources.len() + 1),
                family,
                containers: Vec::new(),
                wanted: BTreeMap::new(),
                loose: Vec::new(),
            });
        }
        if let Some(source) = sources.last_mut() {
            source.containers.push(index);
            source.loose.extend(matches.1.iter().map(|e| (index, *e)));
            for (artifact, entries) in matches.0 {
                source.wanted.entry(artifact).or_default().extend(entries.into_iter().map(|e| (index, e)));
            }
        }
    }
    sources
}

/// A family with its artifacts, ready to look at streams.
struct Known<'a> {
    family: &'a Family,
    list: Vec<&'a Artifact>,
    /// Of every artifact, whether its traces lie inside the consent.
    consented: Vec<bool>,
    claims: Claims,
    recognise: GlobSet,
    /// For families whose files are also known one by one.
    alone: Option<loose::Names<'a>>,
}

impl<'a> Known<'a> {
    fn of(family: &'a Family, artifacts: &'a Artifacts, scope: &[String]) -> Self {
        let list: Vec<&Artifact> = artifacts.of(&family.id).collect();
        let consented = list.iter().map(|a| in_scope(&a.scope, scope)).collect();
        let claims = Claims::of(&list);
        let alone = family.loose.then(|| loose::Names::of(&list, scope));
        Self { family, list, consented, claims, recognise: globs_of(family), alone }
    }

    /// Whether its files are told one by one in such a container.
    fn by_files_alone(&self, generic: bool) -> bool {
        generic && self.alone.is_some()
    }

    /// Whether the name of a stream gives it to an artifact outside the consent, and to none inside it.
    fn closes(&self, path: &str, generic: bool) -> bool {
        if self.consented.iter().all(|consented| *consented) {
            return false;
        }
        let mut named = self.claims.of_path(path, generic);
        named.retain(|n| !self.list[*n].places.is_empty());
        named.iter().any(|n| self.list[*n].shape.is_empty()) && !named.iter().any(|n| self.consented[*n])
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

    /// Looks at a stream: at its name, and into its beginning where a shape must tell; without one it is closed.
    fn look(&mut self, entry: usize, e: &Entry, generic: bool, beginning: Option<&mut Beginning<'_>>) {
        let Known { list, consented, claims, .. } = self.known;
        let wanted = claims.of_path(&e.path, generic);
        if wanted.is_empty() || (e.unreadable.is_some() && !self.named) {
            return;
        }
        // Looking into a stream is only for the good of what is consented to.
        let named = |n: &usize| !list[*n].places.is_empty();
        let worth = |n: &usize| !list[*n].shape.is_empty() && consented[*n];
        let head = beginning.filter(|_| wanted.iter().any(worth)).map(Beginning::head);
        // An unopened stream that is named like one of an artifact is counted as that.
        let fits = |n: &usize| match &head {
            _ if list[*n].shape.is_empty() => true,
            Some(head) => head.fits(&list[*n].shape),
            None => named(n),
        };
        let fitting: Vec<usize> = wanted.into_iter().filter(fits).collect();
        // A name says more than a shape: a shape alone counts only where no artifact claims the stream by name.
        let claimed = fitting.iter().any(|n| !list[*n].places.is_empty());
        for n in fitting.into_iter().filter(|n| !claimed || !list[*n].places.is_empty()) {
            // Signs alone are too weak to say that this is such a source; a whole layout is not.
            let told = |head: &&mut Head| list[n].layout.is_empty() || head.layout(&list[n].layout).is_ok();
            self.given_away |= !list[n].shape.is_empty() && head.as_ref().is_some_and(told);
            self.matches.0.entry(list[n].id.as_str()).or_default().push(entry);
        }
    }
}

/// What keeps sources of one family apart: every copy of an iPhone is a phone of its own, files handed in one by one are
/// read together; other containers below one input belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Container(usize),
    Root(usize),
    Files,
}

fn group(kind: Kind, index: usize, containers: &[Opened]) -> Group {
    match kind {
        Kind::IosBackup | Kind::IosFilesystem => return Group::Container(index),
        Kind::File => return Group::Files,
        _ => {}
    }
    let mut root = index;
    while let Some((parent, _)) = containers[root].parent {
        root = parent;
    }
    Group::Root(root)
}

/// Entries by the artifact that wants them, and those of them that were told by a file alone.
#[derive(Default)]
struct Matches<'a>(BTreeMap<&'a str, Vec<usize>>, Vec<usize>);

/// Which artifacts claim a stream by its name: all their globs in one set, since a phone has a million files.
struct Claims {
    globs: GlobSet,
    /// Of every glob, its artifact.
    owners: Vec<usize>,
    /// Artifacts that go by shape alone.
    shaped: Vec<usize>,
}

impl Claims {
    fn of(list: &[&Artifact]) -> Self {
        let mut owners = Vec::new();
        let mut patterns = Vec::new();
        for (n, artifact) in list.iter().enumerate() {
            for pattern in artifact.places.iter().flat_map(|place| [Some(place.clone()), unnamed(place)]).flatten() {
                owners.push(n);
                patterns.push(pattern);
            }
        }
        let shaped = (0..list.len()).filter(|n| list[*n].places.is_empty()).collect();
        let patterns: Vec<String> = patterns.iter().map(|pattern| parted(pattern)).collect();
        Self { globs: globs(&patterns), owners, shaped }
    }

    fn of_path(&self, path: &str, generic: bool) -> Vec<usize> {
        let named = self.globs.matches(parted(path)).into_iter().filter_map(|glob| self.owners.get(glob).copied());
        let shaped = self.shaped.iter().copied().filter(|_| generic);
        named.chain(shaped).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// A name whose domain is a folder of its own for a glob: `**` stands for folders only between two slashes.
fn parted(name: &str) -> String {
    name.replacen("::", "::/", 1)
}

/// The same place in a folder of which only the number is known (a partial copy of a phone's files).
fn unnamed(place: &str) -> Option<String> {
    let (domain, path) = place.split_once("::")?;
    let (kind, owner) = domain.split_once('-')?;
    let number = ["????????", "????", "????", "????", "????????????"].join("-");
    (owner != "*").then(|| format!("{kind}-{number}::{path}"))
}

/// Account exports lie in plain folders and archives (a family without a kind of container is one); phones have containers of
/// their own.
fn claims_generic(family: &Family) -> bool {
    !family.recognise.is_empty()
        || family.loose
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

/// Streams of this container that a child container lists under other names: the files of a phone.
fn covered_streams(index: usize, containers: &[Opened]) -> HashSet<&str> {
    let files = containers.iter().filter(|o| o.container.kind() == Kind::IosFilesystem);
    files
        .filter(|o| o.parent.is_some_and(|(parent, _)| parent == index))
        .flat_map(|o| o.container.entries())
        .filter_map(|e| e.stored.as_deref())
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

/// The beginning of a stream, read when it is first asked for.
struct Beginning<'a> {
    container: &'a dyn Container,
    entry: usize,
    head: Option<Head>,
}

impl Beginning<'_> {
    fn head(&mut self) -> &mut Head {
        self.head.get_or_insert_with(|| Head::new(&read_head(self.container, self.entry)))
    }
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
