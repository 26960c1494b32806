//! Full copies of the files of an iPhone or iPad, as extraction tools write them into a folder, a zip or a tar: `private/var/…`,
//! `filesystem1/…` and `filesystem2/…`, whole or in part. Its streams get the names that a backup gives the same files
//! (`HomeDomain::Library/SMS/sms.db`), so that one description of a trace serves both; where the bytes lie stays beside it.
//! The map between the two is catalogue/ios.md 1.11. An app's folder on the device is a number; which app it is stands in a
//! property list in that folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use crate::evidence::{Container, Entry, Error, Kind, Remark, property_list};

/// The property list that says whose container a folder is.
const METADATA: &str = ".com.apple.mobile_container_manager.metadata.plist";
/// The largest of these (bytes).
const LARGEST_METADATA: u64 = 1 << 20;
/// The name of the list of what the copy holds: no file of the copy, but its table of contents.
const CONTENTS: &str = "contents";

/// Places below `/private/var` and the domain of a backup in which the same files stand: the longest that fits counts. What
/// follows the place follows the second text.
const PLACES: &[(&str, &str, &str)] = &[
    ("mobile/", "HomeDomain", ""),
    ("mobile/Library/SMS/Attachments/", "MediaDomain", "Library/SMS/Attachments/"),
    ("mobile/Library/Health/", "HealthDomain", "Health/"),
    ("mobile/Library/homed/", "HomeKitDomain", "Library/homed/"),
    ("mobile/Library/Keyboard/", "KeyboardDomain", "Library/Keyboard/"),
    ("mobile/Media/", "MediaDomain", "Media/"),
    ("mobile/Media/DCIM/", "CameraRollDomain", "Media/DCIM/"),
    ("mobile/Media/PhotoData/", "CameraRollDomain", "Media/PhotoData/"),
    ("mobile/Media/PhotoStreamsData/", "CameraRollDomain", "Media/PhotoStreamsData/"),
    ("mobile/Media/Books/", "BooksDomain", "Media/Books/"),
    // Up to iOS 8 the profiles of the device lay in the home folder.
    (
        "mobile/Library/ConfigurationProfiles/",
        "SysSharedContainerDomain-systemgroup.com.apple.configurationprofiles",
        "Library/ConfigurationProfiles/",
    ),
    ("root/", "RootDomain", ""),
    ("preferences/", "SystemPreferencesDomain", ""),
    ("Managed Preferences/", "ManagedPreferencesDomain", ""),
    ("wireless/", "WirelessDomain", ""),
    ("db/", "DatabaseDomain", ""),
    ("protected/", "ProtectedDomain", ""),
    ("Keychains/", "KeychainDomain", ""),
    ("MobileDevice/", "MobileDeviceDomain", ""),
    ("installd/", "InstallDomain", ""),
];

/// Folders of folders that each belong to one app, group or service, and how a backup begins the name of its domain. The last,
/// the programs themselves, is in no backup; its name is ours.
const CONTAINERS: &[(&str, &str)] = &[
    ("mobile/Containers/Data/Application/", "AppDomain-"),
    ("mobile/Containers/Data/PluginKitPlugin/", "AppDomainPlugin-"),
    ("mobile/Containers/Shared/AppGroup/", "AppDomainGroup-"),
    ("containers/Data/System/", "SysContainerDomain-"),
    ("containers/Shared/SystemGroup/", "SysSharedContainerDomain-"),
    ("mobile/Applications/", "AppDomain-"),
    ("containers/Bundle/Application/", "AppBundle-"),
    ("mobile/Containers/Bundle/Application/", "AppBundle-"),
];

/// Folders that only an iPhone or iPad has below `/private/var`; one of them gives a copy away.
const SIGNS: &[&str] = &[
    "mobile/Library/",
    "mobile/Containers/",
    "mobile/Media/",
    "wireless/Library/",
    "containers/Shared/SystemGroup/",
    "containers/Data/System/",
    "containers/Bundle/Application/",
    "root/Library/Caches/locationd/",
    "root/Library/Lockdown/",
    "Managed Preferences/mobile/",
    "MobileDevice/ProvisioningProfiles/",
    "installd/Library/",
];

/// How the folder above these may be called; the empty text is the root of the copy.
const VAR: &[&str] = &["", "private/var/", "var/", "filesystem2/", "data/"];

/// Folders in the root of the device.
const ROOT: &[&str] = &[
    "Applications",
    "Developer",
    "Library",
    "System",
    "bin",
    "cores",
    "dev",
    "etc",
    "private",
    "sbin",
    "tmp",
    "usr",
    "var",
];

/// Where in a container the files of one device lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The folder that stands for `/`, empty or with a `/` at its end.
    root: String,
    /// The folders that stand for `/private/var`, below `root`.
    vars: BTreeSet<String>,
}

impl Layout {
    /// The folder that stands for `/`, without a `/` at its end.
    #[must_use]
    pub fn root(&self) -> &str {
        self.root.trim_end_matches('/')
    }

    /// Whether a path of the container is a file of this device.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(self.root.as_str()) else { return false };
        let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
        // Where the root of the copy itself is `/private/var`, other things may lie beside its folders.
        let below = |var: &String| {
            path.strip_prefix(var.as_str()).is_some_and(|rest| !var.is_empty() || !matches!(place(rest), Place::Other))
        };
        self.vars.iter().any(below)
            || (rest.contains('/') && (ROOT.contains(&first) || first.starts_with("filesystem")))
    }
}

/// The devices whose files a container holds.
#[must_use]
pub fn find(parent: &dyn Container) -> Vec<Layout> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for entry in parent.entries() {
        for sign in SIGNS {
            let Some(at) = at_component(&entry.path, sign) else { continue };
            let var = entry.path.get(..at).unwrap_or_default();
            let own = |name: &&&str| var.ends_with(**name) && (name.is_empty() || at_end(var, name));
            let Some(name) = VAR.iter().filter(own).max_by_key(|name| name.len()) else { break };
            // A folder of any name may stand for /private/var only where the home folder of the device lies in it.
            if name.is_empty() && !var.is_empty() && !sign.starts_with("mobile/") {
                break;
            }
            let mut root = var.strip_suffix(name).unwrap_or(var);
            root = strip_filesystem(root);
            found.entry(if name.is_empty() { var } else { root }).or_default().insert(var.to_string());
            break;
        }
    }
    found.into_iter().map(|(root, vars)| Layout { root: root.to_string(), vars }).collect()
}

/// Where `sign` begins in the path, at the beginning of a component.
fn at_component(path: &str, sign: &str) -> Option<usize> {
    path.match_indices(sign).map(|(at, _)| at).find(|at| *at == 0 || path.as_bytes().get(at - 1) == Some(&b'/'))
}

/// Whether `name` stands at the end of the path as whole components.
fn at_end(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Without a last folder `filesystem1`, `filesystem2` …, which some tools put above each volume.
fn strip_filesystem(root: &str) -> &str {
    let Some(inner) = root.strip_suffix('/') else { return root };
    let last = inner.rsplit('/').next().unwrap_or_default();
    let number = last.strip_prefix("filesystem").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if number { root.get(..inner.len() - last.len()).unwrap_or_default() } else { root }
}

/// The files of one device.
pub struct Filesystem {
    parent: Arc<dyn Container>,
    entries: Vec<Entry>,
    /// Entries of the parent; nothing for the list of contents.
    places: Vec<Option<usize>>,
    contents: Vec<u8>,
    remarks: Vec<Remark>,
}

impl std::fmt::Debug for Filesystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filesystem").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

/// A path below `/private/var`, taken apart.
enum Place<'a> {
    /// In a folder of one app, group or service: kind, folder, rest.
    Container(&'static str, &'a str, &'a str),
    /// In a domain: name, path.
    Domain(&'static str, String),
    Other,
}

fn place(below: &str) -> Place<'_> {
    for (folder, kind) in CONTAINERS {
        if let Some((id, rest)) = below.strip_prefix(folder).and_then(|rest| rest.split_once('/')) {
            return Place::Container(kind, id, rest);
        }
    }
    let fits = PLACES.iter().filter(|(folder, ..)| below.starts_with(folder)).max_by_key(|(folder, ..)| folder.len());
    fits.map_or(Place::Other, |(folder, domain, front)| {
        Place::Domain(domain, format!("{front}{}", below.strip_prefix(folder).unwrap_or_default()))
    })
}

/// Whether a folder's name is a number that the device gave, not the name of its owner.
fn is_number(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Lists the files of one device under the names of a backup.
///
/// # Errors
/// When the container cannot be read as a whole. A folder whose owner is not told keeps its number.
pub fn open(parent: Arc<dyn Container>, layout: &Layout) -> Result<Filesystem, Error> {
    let below = |path: &'_ str| -> Option<usize> {
        layout.vars.iter().filter(|var| path.starts_with(var.as_str())).map(String::len).max()
    };
    let covered: Vec<usize> =
        parent.entries().iter().enumerate().filter(|(_, entry)| layout.covers(&entry.path)).map(|(at, _)| at).collect();
    let path = |at: &usize| parent.entries().get(*at).map_or("", |entry| entry.path.as_str());
    let owners = owners(&*parent, &covered, &below)?;

    let mut listed: Vec<(Entry, Option<usize>)> = Vec::with_capacity(covered.len());
    let mut contents = Contents::default();
    let mut unnamed: BTreeSet<(&str, &str)> = BTreeSet::new();
    for at in &covered {
        let own = path(at);
        let var = below(own).and_then(|start| own.get(start..));
        let device =
            var.map_or_else(|| system_path(own, &layout.root).to_string(), |rest| format!("private/var/{rest}"));
        contents.add(&device);
        let name = match var.map(place) {
            Some(Place::Container(kind, id, rest)) => {
                let owner = owners.get(&(kind, id.to_string()));
                if owner.is_none() && is_number(id) {
                    unnamed.insert((kind, id));
                }
                format!("{kind}{}::{rest}", owner.map_or(id, String::as_str))
            }
            Some(Place::Domain(domain, rest)) => format!("{domain}::{rest}"),
            // What has no place in a backup keeps its path on the device.
            Some(Place::Other) | None => format!("Filesystem::{device}"),
        };
        if let Some(entry) = parent.entries().get(*at) {
            listed.push((Entry { path: name, stored: Some(own.to_string()), ..entry.clone() }, Some(*at)));
        }
    }
    listed.sort_by(|a, b| (&a.0.path, &a.0.stored).cmp(&(&b.0.path, &b.0.stored)));
    // The same place under two names (`/var` is a link to `/private/var`): the first stands for both.
    let before = listed.len();
    listed.dedup_by(|next, kept| next.0.path == kept.0.path);
    let mut remarks = Vec::new();
    if listed.len() < before {
        let detail = "the same place is listed more than once; the first is read".to_string();
        remarks.push(Remark { code: "places-repeated", detail, count: (before - listed.len()) as u64 });
    }
    if let Some((kind, id)) = unnamed.first() {
        remarks.push(Remark { code: "containers-unnamed", detail: format!("{kind}{id}"), count: unnamed.len() as u64 });
    }
    let contents = contents.bytes();
    let list = Entry { path: CONTENTS.into(), size: contents.len() as u64, ..Entry::default() };
    let at = listed.partition_point(|(entry, _)| entry.path.as_str() < CONTENTS);
    listed.insert(at, (list, None));
    let (entries, places) = listed.into_iter().unzip();
    Ok(Filesystem { parent, entries, places, contents, remarks })
}

/// The path on the device of what does not lie below `/private/var`.
fn system_path<'a>(path: &'a str, root: &str) -> &'a str {
    let rest = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
    rest.split_once('/').filter(|(first, _)| first.starts_with("filesystem")).map_or(rest, |(_, rest)| rest)
}

/// What the copy lists, as paths on the device, one a line, sorted: only the upper folders, and a `/` where there is more.
#[derive(Default)]
struct Contents(BTreeSet<String>);

impl Contents {
    /// The most lines.
    const MOST: usize = 500_000;

    fn add(&mut self, path: &str) {
        let deepest = if path.starts_with("private/var/") { 7 } else { 4 };
        let cut = path.match_indices('/').nth(deepest - 1).map(|(at, _)| at + 1);
        let path = path.get(..cut.unwrap_or(path.len())).unwrap_or(path);
        if self.0.len() < Self::MOST && !self.0.contains(path) {
            self.0.insert(path.to_string());
        }
    }

    fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for path in self.0 {
            // A name may hold anything; a line must not break.
            bytes.extend(path.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect::<String>().bytes());
            bytes.push(b'\n');
        }
        bytes
    }
}

/// Whose each numbered folder is.
fn owners(
    parent: &dyn Container,
    covered: &[usize],
    below: &impl Fn(&str) -> Option<usize>,
) -> Result<BTreeMap<(&'static str, String), String>, Error> {
    let mut wanted = Vec::new();
    for at in covered {
        let Some(entry) = parent.entries().get(*at).filter(|entry| entry.path.ends_with(METADATA)) else { continue };
        if let Some(Place::Container(kind, id, METADATA)) =
            below(&entry.path).and_then(|start| entry.path.get(start..)).map(place)
        {
            wanted.push((*at, kind, id.to_string()));
        }
    }
    let entries: Vec<usize> = wanted.iter().map(|(at, ..)| *at).collect();
    parent.prepare(&entries)?;
    let mut owners = BTreeMap::new();
    for (at, kind, id) in wanted {
        if let Some(owner) = owner(parent, at) {
            owners.insert((kind, id), owner);
        }
    }
    Ok(owners)
}

/// The identifier in one of these lists; nothing when it cannot be read: the folder then keeps its number, which is said.
fn owner(parent: &dyn Container, at: usize) -> Option<String> {
    let mut bytes = Vec::new();
    parent.open(at).ok()?.take(LARGEST_METADATA).read_to_end(&mut bytes).ok()?;
    let list = property_list::read(&bytes, METADATA).ok()?;
    let owner = list.as_dictionary()?.get("MCMMetadataIdentifier")?.as_string()?;
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b' ');
    (!owner.is_empty() && owner.len() <= 255 && owner.bytes().all(name)).then(|| owner.to_string())
}

impl Filesystem {
    /// The entry of the parent; nothing for the list of contents.
    fn place(&self, entry: usize) -> Result<Option<usize>, Error> {
        self.places.get(entry).copied().ok_or_else(|| Error::Missing { what: format!("entry {entry}") })
    }
}

impl Container for Filesystem {
    fn kind(&self) -> Kind {
        Kind::IosFilesystem
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        match self.place(entry)? {
            Some(place) => self.parent.open(place),
            None => Ok(Box::new(self.contents.as_slice())),
        }
    }

    fn prepare(&self, wanted: &[usize]) -> Result<(), Error> {
        let wanted: Result<Vec<Option<usize>>, Error> = wanted.iter().map(|entry| self.place(*entry)).collect();
        self.parent.prepare(&wanted?.into_iter().flatten().collect::<Vec<_>>())
    }

    fn file(&self, entry: usize) -> Option<PathBuf> {
        self.parent.file(self.place(entry).ok()??)
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::evidence::tests::{context, read, remark};
    use crate::evidence::{Folder, Source, Tar};

    const APP: &str = "mobile/Containers/Data/Application/11111111-2222-3333-4444-555555555555";

    fn metadata(owner: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>MCMMetadataIdentifier</key><string>{owner}</string></dict></plist>"
        )
    }

    fn tar(files: &[(String, String)]) -> Arc<dyn Container> {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let (_scratch, ctx) = context(&[]);
        Arc::new(Tar::open(Source::memory(builder.into_inner().unwrap()), "phone.tar", &ctx).unwrap())
    }

    #[test]
    fn every_known_prefix_gives_the_names_of_a_backup() {
        for prefix in [
            "private/var/",
            "filesystem1/private/var/",
            "filesystem2/",
            "x/y/private/var/",
            "var/",
            "",
            "dump/",
            "data/",
        ] {
            let files = [
                ("mobile/Library/SMS/sms.db", "a"),
                ("mobile/Media/PhotoData/Photos.sqlite", "b"),
                ("wireless/Library/Databases/DataUsage.sqlite", "c"),
                ("containers/Shared/SystemGroup/systemgroup.com.apple.configurationprofiles/Library/x", "d"),
                ("log/anything", "e"),
                (&format!("{APP}/Documents/x.db"), "f"),
                (&format!("{APP}/{METADATA}"), metadata("org.example.app").as_str()),
            ]
            .map(|(path, text)| (format!("{prefix}{path}"), text.to_string()));
            let container = tar(&files);
            let found = find(&*container);
            assert_eq!(found.len(), 1, "{prefix}: {found:?}");
            let files = open(container, &found[0]).unwrap();
            for (name, text) in [
                ("HomeDomain::Library/SMS/sms.db", "a"),
                ("CameraRollDomain::Media/PhotoData/Photos.sqlite", "b"),
                ("WirelessDomain::Library/Databases/DataUsage.sqlite", "c"),
                ("SysSharedContainerDomain-systemgroup.com.apple.configurationprofiles::Library/x", "d"),
                ("Filesystem::private/var/log/anything", "e"),
                ("AppDomain-org.example.app::Documents/x.db", "f"),
            ] {
                if prefix.is_empty() && name.starts_with("Filesystem") {
                    assert!(!found[0].covers("log/anything"), "what lies beside the phone is not of the phone");
                } else {
                    assert_eq!(read(&files, name), text.as_bytes(), "{prefix}");
                }
            }
            let stored = files.entries().iter().filter_map(|e| e.stored.as_ref());
            assert!(stored.into_iter().all(|stored| stored.starts_with(prefix)) && files.remarks().is_empty());
            assert!(files.entries().is_sorted_by_key(|e| &e.path));
            let contents = String::from_utf8(read(&files, CONTENTS)).unwrap();
            assert!(contents.lines().any(|line| line == "private/var/mobile/Library/SMS/sms.db"), "{contents}");
            assert!(contents.lines().any(|line| line == format!("private/var/{APP}/")), "{contents}");
        }
    }

    #[test]
    fn a_folder_without_owner_keeps_its_number_and_that_is_said() {
        let container = tar(&[
            (format!("private/var/{APP}/Documents/x.db"), "x".into()),
            (format!("private/var/{APP}/{METADATA}"), "damaged".into()),
            ("var/mobile/Library/a".into(), "1".into()),
            ("private/var/mobile/Library/a".into(), "2".into()),
            ("System/Library/CoreServices/SystemVersion.plist".into(), "s".into()),
            ("report.pdf".into(), "not of the phone".into()),
        ]);
        let found = find(&*container);
        let files = open(container, &found[0]).unwrap();
        assert_eq!(read(&files, "AppDomain-11111111-2222-3333-4444-555555555555::Documents/x.db"), b"x");
        assert_eq!((remark(&files, "containers-unnamed"), remark(&files, "places-repeated")), (1, 1));
        assert_eq!(read(&files, "HomeDomain::Library/a"), b"2");
        assert_eq!(read(&files, "Filesystem::System/Library/CoreServices/SystemVersion.plist"), b"s");
        assert!(!found[0].covers("report.pdf") && files.entries().len() == 5);
    }

    #[test]
    fn other_trees_are_no_device() {
        let paths =
            ["Takeout/x.json", "data/data/com.example/databases/a.db", "private/var/db/x", "automobile/Library/x"];
        assert!(find(&*tar(&paths.map(|path| (path.to_string(), String::new())))).is_empty());
        let (scratch, ctx) = context(&[]);
        let folder: Arc<dyn Container> = Arc::new(Folder::open(scratch.path(), &ctx).unwrap());
        assert!(find(&*folder).is_empty());
    }
}
