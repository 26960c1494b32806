//! Several copies of one phone: joins sources that name the same device, so that what one copy tells about an app meets what another
//! tells. Which artifacts tell the identity is said by the family's data (`identity` in source.toml). What is joined, and what is
//! kept apart, is said as a remark on the copy; each fact keeps the stream that it comes from.

use super::extraction;
use super::source::{Source, streams};
use crate::artifact::Artifacts;
use crate::artifact::load::in_scope;
use crate::evidence::{Kind, Opened};
use crate::report::Remark;
use rusqlite::types::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Columns of a device that belong to one device only; two copies of one phone agree in all that both name.
const OWN: [&str; 3] = ["serial", "imei", "hardware_id"];
/// Columns that phones of one model and build share: they speak for the same phone only where no number of its own can.
const SHARED: [&str; 2] = ["build", "model"];

/// What a source says about the device that it is of.
#[derive(Debug, Default)]
struct Identity(BTreeMap<String, BTreeSet<String>>);

impl Identity {
    fn get(&self, column: &str) -> Option<&BTreeSet<String>> {
        self.0.get(column)
    }

    fn is_empty(&self) -> bool {
        OWN.iter().chain(&SHARED).all(|column| self.get(column).is_none())
    }

    /// By what the two are the same device; nothing when they are not, or cannot be told to be.
    fn same(&self, other: &Self) -> Option<&'static str> {
        let both = |column: &str| self.get(column).zip(other.get(column));
        let agree = |column: &&str| both(column).map(|(one, two)| one.intersection(two).next().is_some());
        if OWN.iter().any(|column| agree(column) == Some(false)) {
            return None;
        }
        OWN.into_iter().find(|column| agree(column) == Some(true)).or_else(|| {
            let alike = SHARED.iter().filter(|column| agree(column) == Some(true)).count();
            (alike == SHARED.len()).then_some("build")
        })
    }

    /// Whether the two cannot be one device: a number of its own differs, or no number agrees and the model differs.
    fn differs(&self, other: &Self) -> bool {
        let disjoint = |column: &str| {
            self.get(column).zip(other.get(column)).map(|(one, two)| one.intersection(two).next().is_none())
        };
        let own: Vec<bool> = OWN.into_iter().filter_map(disjoint).collect();
        own.contains(&true) || (own.is_empty() && disjoint("model") == Some(true))
    }

    fn take(&mut self, other: Self) {
        for (column, values) in other.0 {
            self.0.entry(column).or_default().extend(values);
        }
    }
}

/// Joins the sources that are copies of one device, and numbers what is left again.
pub fn reconcile(
    sources: &mut Vec<Source<'_>>,
    artifacts: &Artifacts,
    containers: &[Opened],
    scope: &[String],
    scratch: &Path,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut kept: Vec<(Source<'_>, Identity)> = Vec::new();
    let look = |source: &Source<'_>, only: Option<usize>| {
        if source.family.identity.is_empty() {
            return Identity::default();
        }
        identity(source, only, artifacts, containers, scope, scratch)
    };
    for source in std::mem::take(sources).into_iter().flat_map(|source| split(source, containers, &look)) {
        let family = source.family;
        let alone = family.identity.is_empty();
        let identity = look(&source, None);
        let rivals = kept.iter_mut().filter(|(other, _)| !alone && other.family.id == family.id);
        let mut seen = false;
        let mut same = None;
        for (other, known) in rivals {
            seen = true;
            let loose = || folder(&source, containers).filter(|at| Some(at) == folder(other, containers).as_ref());
            let why = known.same(&identity).or_else(|| loose().filter(|_| identity.is_empty()).map(|_| "folder"));
            if let Some(why) = why {
                same = Some((other, known, why));
                break;
            }
        }
        let name = source.containers.first().map(|at| containers[*at].name()).unwrap_or_default();
        if let Some((other, known, why)) = same {
            let code = if why == "build" { "same-build" } else { "same-phone" };
            remarks.push(Remark { container: name, code: code.into(), detail: why.into(), count: 1 });
            other.containers.extend(source.containers);
            other.loose.extend(source.loose);
            for (artifact, wanted) in source.wanted {
                other.wanted.entry(artifact).or_default().extend(wanted);
            }
            known.take(identity);
            continue;
        }
        if seen {
            let code = if identity.is_empty() { "phone-unknown" } else { "other-phone" };
            remarks.push(Remark { container: name, code: code.into(), detail: String::new(), count: 1 });
        }
        kept.push((source, identity));
    }
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    *sources = kept
        .into_iter()
        .map(|(mut source, _)| {
            let count = counts.entry(source.family.id.as_str()).or_default();
            *count += 1;
            source.id = format!("{} {count}", source.family.id);
            source
        })
        .collect();
    remarks
}

/// Cuts a source in which containers name different devices, such as a folder with the reports of two phones. Containers that name
/// none stay with those that they lie nearest to.
fn split<'a>(
    source: Source<'a>,
    containers: &[Opened],
    look: &impl Fn(&Source<'_>, Option<usize>) -> Identity,
) -> Vec<Source<'a>> {
    if source.family.identity.is_empty() || source.containers.len() < 2 {
        return vec![source];
    }
    let mut devices: Vec<(Vec<usize>, Identity)> = Vec::new();
    let mut nameless = Vec::new();
    for container in &source.containers {
        let identity = look(&source, Some(*container));
        if identity.is_empty() {
            nameless.push(*container);
        } else if let Some((list, known)) = devices.iter_mut().find(|(_, known)| !known.differs(&identity)) {
            list.push(*container);
            known.take(identity);
        } else {
            devices.push((vec![*container], identity));
        }
    }
    if devices.len() < 2 {
        return vec![source];
    }
    let near = |one: usize, two: usize| {
        let pairs = containers[one].chain.iter().zip(&containers[two].chain);
        pairs.take_while(|(a, b)| a == b).count()
    };
    for container in nameless {
        let distance = |list: &[usize]| list.iter().map(|other| near(container, *other)).max().unwrap_or(0);
        // The first of those that are equally near.
        if let Some((list, _)) = devices.iter_mut().rev().max_by_key(|(list, _)| distance(list)) {
            list.push(container);
        }
    }
    let part = |mut list: Vec<usize>| {
        list.sort_unstable();
        let mut wanted = source.wanted.clone();
        for streams in wanted.values_mut() {
            streams.retain(|(container, _)| list.contains(container));
        }
        wanted.retain(|_, streams| !streams.is_empty());
        let loose = source.loose.iter().copied().filter(|(container, _)| list.contains(container)).collect();
        Source { id: source.id.clone(), family: source.family, containers: list, wanted, loose }
    };
    devices.into_iter().map(|(list, _)| part(list)).collect()
}

/// What the artifacts that tell the identity say of the examined device, in all containers or in one. What cannot be read says
/// nothing here; extraction reports it.
fn identity(
    source: &Source<'_>,
    only: Option<usize>,
    artifacts: &Artifacts,
    containers: &[Opened],
    scope: &[String],
    scratch: &Path,
) -> Identity {
    let mut identity = Identity::default();
    let wanted = artifacts.list.iter().filter(|a| source.family.identity.contains(&a.id) && in_scope(&a.scope, scope));
    let streams = wanted.flat_map(|artifact| streams(source, artifact).iter().map(move |at| (artifact, *at)));
    for (artifact, at) in streams.filter(|(_, at)| only.is_none_or(|only| at.0 == only)) {
        if containers[at.0].container.prepare(&[at.1]).is_err() {
            continue;
        }
        let Ok(found) = extraction::again(artifact, artifacts, containers, at, scratch) else { continue };
        for fact in found.facts.iter().filter(|fact| fact.kind == "device") {
            if fact.values.get("role") != Some(&Value::Text("examined".into())) {
                continue;
            }
            for column in OWN.iter().chain(&SHARED) {
                if let Some(Value::Text(value)) = fact.values.get(*column) {
                    identity.0.entry((*column).to_owned()).or_default().insert(value.to_lowercase());
                }
            }
        }
    }
    identity
}

/// The folder on disk that a loose text lies in. Texts that were handed in one by one from one folder belong together.
fn folder(source: &Source<'_>, containers: &[Opened]) -> Option<PathBuf> {
    let [.., last] = source.containers[..] else { return None };
    let opened = &containers[last];
    let outer = opened.parent.map_or(last, |(parent, _)| parent);
    let container = &containers[outer].container;
    (container.kind() == Kind::File && opened.container.kind() == Kind::Dumpstate)
        .then(|| container.file(0))?
        .and_then(|path| std::path::absolute(path).ok()?.parent().map(Path::to_path_buf))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(pairs: &[(&str, &str)]) -> Identity {
        let mut identity = Identity::default();
        for (column, value) in pairs {
            identity.0.entry((*column).into()).or_default().insert((*value).into());
        }
        identity
    }

    #[test]
    fn a_number_of_its_own_decides() {
        let phone = identity(&[("serial", "a"), ("build", "x"), ("model", "m")]);
        assert_eq!(phone.same(&identity(&[("serial", "a"), ("build", "newer")])), Some("serial"));
        assert_eq!(phone.same(&identity(&[("serial", "b"), ("build", "x"), ("model", "m")])), None);
        assert_eq!(phone.same(&identity(&[("hardware_id", "7"), ("build", "x"), ("model", "m")])), Some("build"));
        assert_eq!(phone.same(&identity(&[("build", "x")])), None);
        assert_eq!(phone.same(&identity(&[])), None);
        assert!(
            phone.differs(&identity(&[("serial", "b"), ("model", "m")])) && phone.differs(&identity(&[("model", "n")]))
        );
        assert!(
            !phone.differs(&identity(&[("serial", "a"), ("model", "n")]))
                && !phone.differs(&identity(&[("build", "y")]))
        );
    }
}
