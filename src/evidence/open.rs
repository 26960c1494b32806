//! Opens what was handed in: recognises containers by content, not by name, and follows them inwards, so that a backup in a
//! zip in a folder is found wherever it lies. What cannot be opened on the way is a problem, never the end of the rest.

mod given;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::source::broken;
use super::{Container, Context, Error, Kind, Source, dumpstate, ios, zip};
pub use given::resolve_inputs;
use given::{ENDINGS, Form, HEAD, base, ending, group, open_archive, open_given, part_of, recognise};

/// How deep containers may nest.
const DEEPEST: usize = 4;
/// The most containers of all inputs.
const MOST_CONTAINERS: usize = 2_000;
/// The most bytes of nested archives that are copied in all (bytes).
const MOST_COPIED: u64 = 128 << 30;
/// Everything that was opened.
#[derive(Default)]
pub struct Evidence {
    /// A tree, every container after its parent; the inputs have no parent.
    pub containers: Vec<Opened>,
    /// What could not be opened: where, and why.
    pub problems: Vec<(String, Error)>,
}

/// One opened container.
pub struct Opened {
    /// The container.
    pub container: Arc<dyn Container>,
    /// The names on the way to it, outermost first: `takeout.zip`, `inner.zip`.
    pub chain: Vec<String>,
    /// The container it lies in, as an index into [`Evidence::containers`], and the entry there: its own bytes, or for an
    /// iPhone backup its table of contents.
    pub parent: Option<(usize, usize)>,
}

impl Opened {
    /// The names on the way to it as one text: `takeout.zip!inner.zip`.
    #[must_use]
    pub fn name(&self) -> String {
        self.chain.join("!")
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("kind", &self.container.kind())
            .field("chain", &self.chain)
            .field("parent", &self.parent)
            .finish()
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evidence").field("containers", &self.containers).field("problems", &self.problems).finish()
    }
}

/// Opens the inputs and all they contain. An input that is an encrypted backup and stays shut is an error here; see
/// [`open_locked`].
///
/// # Errors
/// When an input itself cannot be opened: [`Error::NotFound`], [`Error::PasswordNeeded`], [`Error::PasswordWrong`],
/// [`Error::Damaged`], [`Error::Empty`] and what the system says.
pub fn open_input(paths: &[PathBuf], ctx: &Context) -> Result<Evidence, Error> {
    open_all(paths, ctx, false)
}

/// As [`open_input`], but an encrypted iPhone backup without its password opens locked: its plain property lists, and the
/// remark `locked`.
///
/// # Errors
/// As [`open_input`], except for the password of an iPhone backup.
pub fn open_locked(paths: &[PathBuf], ctx: &Context) -> Result<Evidence, Error> {
    open_all(paths, ctx, true)
}

fn open_all(paths: &[PathBuf], ctx: &Context, locked_ok: bool) -> Result<Evidence, Error> {
    let mut walk = Walk { found: Evidence::default(), ctx, locked_ok, copied: 0 };
    for input in group(paths)? {
        ctx.cancel.check()?;
        let (container, name) = open_given(&input, ctx)?;
        // A second input of the same name is told apart by a number, as in the list of digests.
        let taken =
            |name: &String| walk.found.containers.iter().any(|o| o.parent.is_none() && o.chain.first() == Some(name));
        let numbered = (2u32..).map(|number| format!("{name} ({number})"));
        let name = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default();
        walk.push(&container, &[name], None)?;
    }
    Ok(walk.found)
}

/// The way inwards.
struct Walk<'a> {
    found: Evidence,
    ctx: &'a Context,
    locked_ok: bool,
    /// Bytes of nested archives copied so far.
    copied: u64,
}

impl Walk<'_> {
    /// Adds a container and all it contains.
    fn push(
        &mut self,
        container: &Arc<dyn Container>,
        chain: &[String],
        parent: Option<(usize, usize)>,
    ) -> Result<(), Error> {
        if self.found.containers.len() >= MOST_CONTAINERS {
            return Err(Error::Bound {
                what: chain.join("!"),
                detail: format!("more than {MOST_CONTAINERS} containers"),
            });
        }
        let at = self.found.containers.len();
        let kind = container.kind();
        self.found.containers.push(Opened { container: Arc::clone(container), chain: chain.to_vec(), parent });
        if matches!(kind, Kind::Folder | Kind::File | Kind::Zip | Kind::Tar) {
            let roots = ios::find_roots(&**container);
            let devices = ios::filesystem::find(&**container);
            self.backups(container, at, chain, &roots)?;
            self.filesystems(container, at, chain, &devices)?;
            let spoken_for = |path: &str| {
                roots.iter().any(|root| path.starts_with(root.as_str())) || devices.iter().any(|d| d.covers(path))
            };
            self.others(container, at, chain, &spoken_for)?;
        }
        Ok(())
    }

    /// What goes wrong with something inside: noted, unless the user asked to stop.
    fn note(&mut self, chain: &[String], error: Error) -> Result<(), Error> {
        if matches!(error, Error::Cancelled) {
            return Err(error);
        }
        self.found.problems.push((chain.join("!"), error));
        Ok(())
    }

    /// Opens the iPhone backups of a container. One that makes up the whole of an input decides whether that opens.
    fn backups(
        &mut self,
        container: &Arc<dyn Container>,
        at: usize,
        chain: &[String],
        roots: &[String],
    ) -> Result<(), Error> {
        let litter = |path: &str| matches!(base(path), ".DS_Store" | "desktop.ini" | "Thumbs.db");
        for root in roots {
            let whole = chain.len() == 1
                && container.entries().iter().all(|entry| entry.path.starts_with(root.as_str()) || litter(&entry.path));
            let table =
                container.entries().iter().enumerate().filter(|(_, entry)| entry.path.starts_with(root.as_str()));
            let rank = |path: &str| match path.strip_prefix(root.as_str()) {
                Some("Manifest.db" | "Manifest.mbdb") => 0,
                Some("Manifest.plist") => 1,
                _ => 2,
            };
            let entry = table.min_by_key(|(_, entry)| rank(&entry.path)).map_or(0, |(entry, _)| entry);
            let mut inner = chain.to_vec();
            inner.extend(Some(root.trim_end_matches('/')).filter(|root| !root.is_empty()).map(String::from));
            let locked_ok = self.locked_ok || !whole;
            match ios::open(Arc::clone(container), root, self.ctx, locked_ok) {
                Ok(backup) => {
                    if let Some(locked) = backup.remarks().iter().find(|remark| remark.code == "locked") {
                        let what = inner.join("!");
                        let wrong = locked.detail == "password-wrong";
                        self.note(
                            &inner,
                            if wrong { Error::PasswordWrong { what } } else { Error::PasswordNeeded { what } },
                        )?;
                    }
                    let backup: Arc<dyn Container> = Arc::new(backup);
                    self.push(&backup, &inner, Some((at, entry)))?;
                }
                Err(error) if whole => return Err(error),
                Err(error) => self.note(&inner, error)?,
            }
        }
        Ok(())
    }

    /// Opens the copies of an iPhone's files in a container.
    fn filesystems(
        &mut self,
        container: &Arc<dyn Container>,
        at: usize,
        chain: &[String],
        devices: &[ios::filesystem::Layout],
    ) -> Result<(), Error> {
        for device in devices {
            self.ctx.cancel.check()?;
            let entry = container.entries().iter().position(|entry| device.covers(&entry.path)).unwrap_or(0);
            let mut inner = chain.to_vec();
            inner.extend(Some(device.root()).filter(|root| !root.is_empty()).map(String::from));
            match ios::filesystem::open(Arc::clone(container), device) {
                Ok(files) => self.push(&(Arc::new(files) as Arc<dyn Container>), &inner, Some((at, entry)))?,
                Err(error) => self.note(&inner, error)?,
            }
        }
        Ok(())
    }

    /// Opens the archives and texts of a container that lie outside the phones in it.
    fn others(
        &mut self,
        container: &Arc<dyn Container>,
        at: usize,
        chain: &[String],
        spoken_for: &dyn Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let archive = !matches!(container.kind(), Kind::Folder | Kind::File);
        let candidates: Vec<usize> = container
            .entries()
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.unreadable.is_none() && !spoken_for(&entry.path))
            .filter(|(_, entry)| {
                !archive || ending(&entry.path).is_none_or(|ending| ENDINGS.contains(&ending.as_str()))
            })
            .map(|(entry, _)| entry)
            .collect();
        if let Err(error) = container.prepare(&candidates) {
            return self.note(chain, error);
        }
        let mut texts = Vec::new();
        let mut zips: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for entry in candidates {
            self.ctx.cancel.check()?;
            let Some(listed) = container.entries().get(entry) else { continue };
            let mut head = Vec::new();
            let read = container.open(entry).and_then(|stream| {
                stream.take(HEAD as u64).read_to_end(&mut head).map_err(|error| broken(&listed.path, error))
            });
            let inner: Vec<String> = chain.iter().chain([&listed.path]).cloned().collect();
            if let Err(error) = read {
                // Worth a word only where the name promised a container; any other reader will say so itself.
                if ending(&listed.path).is_some_and(|ending| ["zip", "ab", "tar", "tgz"].contains(&ending.as_str())) {
                    self.note(&inner, error)?;
                }
                continue;
            }
            if head.is_empty() && ending(&listed.path).is_some_and(|ending| ending == "ab") {
                self.note(&inner, Error::Empty { what: listed.path.clone(), detail: "the file is empty".into() })?;
            }
            match recognise(&head, &listed.path) {
                None => {}
                Some(Form::Text(looks)) => texts.push((entry, looks)),
                Some(Form::Zip) if part_of(base(&listed.path)).is_some() => {
                    let folder = listed.path.strip_suffix(base(&listed.path)).unwrap_or_default().to_string();
                    zips.entry((folder, part_of(base(&listed.path)).unwrap_or_default())).or_default().push(entry);
                }
                Some(form) => self.archive(container, at, chain, &[entry], &form)?,
            }
        }
        for entries in zips.into_values() {
            self.archive(container, at, chain, &entries, &Form::Zip)?;
        }
        for (entry, looks) in choose(&**container, texts, archive) {
            let path = container.entries().get(entry).map(|listed| listed.path.clone()).unwrap_or_default();
            let inner: Vec<String> = chain.iter().cloned().chain([path]).collect();
            match dumpstate::open(&**container, entry, &looks, self.ctx) {
                Ok(dump) => {
                    let dump: Arc<dyn Container> = dump;
                    self.push(&dump, &inner, Some((at, entry)))?;
                }
                Err(error) => self.note(&inner, error)?,
            }
        }
        Ok(())
    }

    /// Opens a nested archive, or the parts of one together; parts that do not open together are opened by themselves.
    fn archive(
        &mut self,
        container: &Arc<dyn Container>,
        at: usize,
        chain: &[String],
        entries: &[usize],
        form: &Form,
    ) -> Result<(), Error> {
        let path =
            |entry: &usize| container.entries().get(*entry).map(|listed| listed.path.clone()).unwrap_or_default();
        let Some(first) = entries.first() else { return Ok(()) };
        let more = if entries.len() > 1 { format!(" (+{})", entries.len() - 1) } else { String::new() };
        let inner: Vec<String> = chain.iter().cloned().chain([path(first) + &more]).collect();
        if chain.len() > DEEPEST {
            let error = Error::Bound { what: inner.join("!"), detail: format!("nested more than {DEEPEST} deep") };
            return self.note(&inner, error);
        }
        let mut sources = Vec::new();
        for entry in entries {
            match self.source(container, *entry) {
                Ok(source) => sources.push((path(entry), source)),
                Err(error) => return self.note(&inner, error),
            }
        }
        let opened: Result<Arc<dyn Container>, Error> = if let [(name, source)] = sources.as_slice() {
            open_archive(form, source.clone(), name, self.ctx)
        } else {
            zip::open_parts(sources, self.ctx).map(|zip| Arc::new(zip) as Arc<dyn Container>)
        };
        match opened {
            Ok(opened) => self.push(&opened, &inner, Some((at, *first))),
            Err(error) if entries.len() == 1 => self.note(&inner, error),
            Err(_) => entries.iter().try_for_each(|entry| self.archive(container, at, chain, &[*entry], form)),
        }
    }

    fn source(&mut self, container: &Arc<dyn Container>, entry: usize) -> Result<Source, Error> {
        let source = Source::of_entry(&**container, entry, self.ctx)?;
        if source.path().is_none() {
            self.copied = self.copied.saturating_add(source.len());
            if self.copied > MOST_COPIED {
                return Err(Error::Bound {
                    what: "nested archives".into(),
                    detail: format!("more than {MOST_COPIED} bytes"),
                });
            }
        }
        Ok(source)
    }
}

/// Of a folder all texts count. An archive holds one bug report: the one that `main_entry.txt` names, then the one named
/// like a bug report, then the largest (catalogue/android.md 1.3); the dumps of single services stay beside it.
fn choose(
    container: &dyn Container,
    mut texts: Vec<(usize, dumpstate::Looks)>,
    archive: bool,
) -> Vec<(usize, dumpstate::Looks)> {
    let entries = container.entries();
    let named: Vec<usize> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| base(&entry.path) == "main_entry.txt")
        .filter_map(|(at, entry)| {
            let mut name = Vec::new();
            container.open(at).ok()?.take(1024).read_to_end(&mut name).ok()?;
            let folder = entry.path.strip_suffix("main_entry.txt")?;
            let path = format!("{folder}{}", super::label(name.trim_ascii()));
            entries.iter().position(|entry| entry.path == path)
        })
        .collect();
    for entry in &named {
        if !texts.iter().any(|(text, _)| text == entry) {
            texts.push((*entry, dumpstate::Looks::Report));
        }
    }
    if archive {
        let rank = |entry: usize| {
            let listed = entries.get(entry);
            let name = listed.map(|listed| base(&listed.path).to_lowercase()).unwrap_or_default();
            let kind = match () {
                () if named.contains(&entry) => 0,
                () if name.starts_with("bugreport-") => 1,
                () if name.starts_with("dumpstate") => 2,
                () => 3,
            };
            (kind, std::cmp::Reverse(listed.map_or(0, |listed| listed.size)), entry)
        };
        let best = texts
            .iter()
            .filter(|(_, looks)| *looks == dumpstate::Looks::Report)
            .map(|(entry, _)| *entry)
            .min_by_key(|entry| rank(*entry));
        texts.retain(|(entry, looks)| *looks != dumpstate::Looks::Report || Some(*entry) == best);
    }
    texts.sort_by_key(|(entry, _)| *entry);
    texts
}

#[cfg(test)]
mod tests;
