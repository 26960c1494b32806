//! iPhone and iPad backups as iTunes, Finder and compatible programs write them, plain or encrypted, in any container: a
//! folder, a zip, a tar. Lists what the manifest lists and decrypts a stream only while it is read; what the copy lacks, or
//! what contradicts itself, becomes a remark. Layout and rules after catalogue/ios.md 1.1–1.13.

pub mod filesystem;
mod listing;
mod manifest;
mod mbdb;
mod mbfile;

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use plist::{Dictionary, Value};

use super::cbc::{BLOCK, CbcReader, Key};
use super::keybag::{Keybag, Keyring};
use super::source::broken;
use super::{Container, Context, Entry, Error, Kind, Remark, Source, property_list};
use listing::{CUT_SHORT, Place};
use manifest::Manifest;

pub(super) use manifest::SQLITE;

/// The largest property list in the root (bytes). Info.plist holds the icons of all apps.
const LARGEST_LIST: u64 = 256 << 20;

const INFO: &str = "Info.plist";
const MANIFEST: &str = "Manifest.plist";
const STATUS: &str = "Status.plist";
const DATABASE: &str = "Manifest.db";
const LOG: &str = "Manifest.db-wal";
const LEGACY: &str = "Manifest.mbdb";

/// An opened backup.
pub struct IosBackup {
    parent: Arc<dyn Container>,
    entries: Vec<Entry>,
    places: Vec<Place>,
    remarks: Vec<Remark>,
    keyring: Option<Keyring>,
    /// Key of `Manifest.db` and its length without padding.
    database: Option<(Key, u64)>,
    /// Entries read so far whose padding may prove invalid.
    padding: Mutex<BTreeMap<usize, Arc<AtomicBool>>>,
}

impl std::fmt::Debug for IosBackup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IosBackup")
            .field("entries", &self.entries.len())
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}

/// The files of the parent that lie in the backup's folder, by their path in it.
struct Stored<'a> {
    parent: &'a dyn Container,
    prefix: &'a str,
    index: HashMap<&'a str, usize>,
}

impl<'a> Stored<'a> {
    fn new(parent: &'a dyn Container, prefix: &'a str) -> Self {
        let listed = parent.entries().iter().enumerate();
        let index = listed.filter_map(|(at, entry)| Some((entry.path.strip_prefix(prefix)?, at))).collect();
        Self { parent, prefix, index }
    }

    fn get(&self, name: &str) -> Option<(usize, &Entry)> {
        let at = *self.index.get(name)?;
        Some((at, self.parent.entries().get(at)?))
    }

    /// A property list of the root; nothing when there is no such file.
    fn list(&self, name: &str) -> Option<Result<Dictionary, Error>> {
        let (at, entry) = self.get(name)?;
        let read = || {
            let mut bytes = Vec::new();
            let stream = self.parent.open(at)?;
            stream.take(LARGEST_LIST).read_to_end(&mut bytes).map_err(|error| broken(&entry.path, error))?;
            let value = property_list::read(&bytes, name)?;
            let detail = || Error::Damaged { what: name.to_string(), detail: "it is no dictionary".into() };
            value.into_dictionary().ok_or_else(detail)
        };
        Some(read())
    }
}

/// What of a backup lies in a folder.
#[derive(Default)]
struct Signs {
    /// `Manifest.db` or `Manifest.mbdb`.
    table: bool,
    /// How many of the three property lists.
    lists: u8,
    /// A stored file below it.
    payload: bool,
}

/// The folders of a container that hold a backup, each with a `/` at its end; the empty text is the root. A backup without
/// its table of contents counts: opening it tells what is missing.
#[must_use]
pub fn find_roots(parent: &dyn Container) -> Vec<String> {
    let mut folders: BTreeMap<&str, Signs> = BTreeMap::new();
    for entry in parent.entries() {
        let at = entry.path.rfind('/').map_or(0, |at| at + 1);
        let (folder, name) = entry.path.split_at_checked(at).unwrap_or(("", &entry.path));
        match name {
            DATABASE | LEGACY => folders.entry(folder).or_default().table = true,
            MANIFEST | STATUS | INFO => folders.entry(folder).or_default().lists += 1,
            name if manifest::is_file_id(name) => {
                // A stored file speaks for the folder above its own.
                let own = name.get(..2).and_then(|start| folder.strip_suffix('/')?.strip_suffix(start));
                if let Some(above) = own.filter(|above| above.is_empty() || above.ends_with('/')) {
                    folders.entry(above).or_default().payload = true;
                }
            }
            _ => {}
        }
    }
    let backup = |signs: &Signs| match (signs.table, signs.payload) {
        (true, payload) => payload || signs.lists > 0,
        (false, true) => signs.lists > 0,
        (false, false) => signs.lists == 3,
    };
    let roots: Vec<&str> = folders.iter().filter(|(_, signs)| backup(signs)).map(|(folder, _)| *folder).collect();
    // The manifest of an unfinished backup belongs to the backup above it.
    let unfinished = |folder: &str| folder.strip_suffix("Snapshot/").is_some_and(|above| roots.contains(&above));
    roots.iter().filter(|folder| !unfinished(folder)).map(|folder| (*folder).to_string()).collect()
}

/// Opens the backup in the folder `prefix` (empty, or with a `/` at its end) of the parent.
///
/// With `locked_ok`, an encrypted backup without its password opens with only its plain property lists and the remark
/// `locked`, whose detail is `password-needed` or `password-wrong`.
///
/// # Errors
/// [`Error::PasswordNeeded`], [`Error::PasswordWrong`], [`Error::Damaged`] when the manifest cannot be read or decrypted,
/// [`Error::Unsupported`] for an encrypted backup of iOS 9 or older.
pub fn open(parent: Arc<dyn Container>, prefix: &str, ctx: &Context, locked_ok: bool) -> Result<IosBackup, Error> {
    let shared = Arc::clone(&parent);
    let stored = Stored::new(&*shared, prefix);
    let mut opening = Opening { stored, ctx, remarks: Vec::new(), keyring: None, database: None };
    opening.look_at_status();
    let mut listed = match opening.read_manifest() {
        Ok(listed) => listed,
        Err(error @ (Error::PasswordNeeded { .. } | Error::PasswordWrong { .. })) if locked_ok => {
            opening.note("locked", error.code().to_string(), 1);
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let locked = opening.remarks.iter().any(|remark| remark.code == "locked");
    listed.extend(opening.root_files(locked));
    listed.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    let (entries, places) = listed.into_iter().unzip();
    let Opening { remarks, keyring, database, .. } = opening;
    Ok(IosBackup { parent, entries, places, remarks, keyring, database, padding: Mutex::default() })
}

/// What is known so far of a backup that is being opened.
struct Opening<'a> {
    stored: Stored<'a>,
    ctx: &'a Context,
    remarks: Vec<Remark>,
    keyring: Option<Keyring>,
    database: Option<(Key, u64)>,
}

impl Opening<'_> {
    fn note(&mut self, code: &'static str, detail: String, count: u64) {
        self.remarks.push(Remark { code, detail, count });
    }

    fn what(&self) -> String {
        format!("the iPhone backup {}", self.stored.prefix).trim_end().to_string()
    }

    fn damaged(&self, detail: &str) -> Error {
        Error::Damaged { what: self.what(), detail: detail.to_string() }
    }

    fn look_at_status(&mut self) {
        match self.stored.list(STATUS) {
            None => self.note("status-missing", String::new(), 1),
            Some(Err(error)) => self.note("status-unreadable", error.to_string(), 1),
            Some(Ok(status)) => {
                let state = status.get("SnapshotState").and_then(Value::as_string).unwrap_or("missing");
                if state != "finished" {
                    self.note("backup-unfinished", format!("SnapshotState is {}", state.escape_debug()), 1);
                }
            }
        }
        let snapshot = self.stored.index.keys().filter(|path| path.starts_with("Snapshot/")).count() as u64;
        if snapshot > 0 {
            self.note("snapshot-present", "Snapshot/".into(), snapshot);
        }
    }

    /// Reads the table of contents in whatever form it is.
    fn read_manifest(&mut self) -> Result<Vec<(Entry, Place)>, Error> {
        let plist = match self.stored.list(MANIFEST) {
            None => {
                self.note("manifest-plist-missing", String::new(), 1);
                None
            }
            Some(Err(error)) => {
                self.note("manifest-plist-unreadable", error.to_string(), 1);
                None
            }
            Some(Ok(plist)) => Some(plist),
        };
        let claimed = plist.as_ref().and_then(|plist| plist.get("IsEncrypted")).and_then(Value::as_boolean);
        let Some((database, _)) = self.stored.get(DATABASE) else {
            return self.read_legacy(claimed == Some(true));
        };
        let mut head = Vec::new();
        let stream = self.stored.parent.open(database)?;
        stream.take(SQLITE.len() as u64).read_to_end(&mut head).map_err(|error| broken(DATABASE, error))?;
        if head.is_empty() {
            return Err(self.damaged("Manifest.db is empty"));
        }
        let plain = head == SQLITE;
        let wrapped = plist.as_ref().and_then(|plist| plist.get("ManifestKey")).and_then(Value::as_data);
        match (claimed, plain) {
            (Some(true), true) if wrapped.is_some() => {
                self.note("encryption-contradicts", "IsEncrypted is true, Manifest.db is plain".into(), 1);
            }
            (Some(false), false) => {
                self.note("encryption-contradicts", "IsEncrypted is false, Manifest.db is no database".into(), 1);
            }
            _ => {}
        }
        if !plain && plist.is_none() {
            return Err(self.damaged(
                "Manifest.db is encrypted and Manifest.plist, which holds the keys, is missing or unreadable",
            ));
        }
        if !plain && wrapped.is_none() {
            return Err(self
                .damaged("Manifest.db is not a database, and Manifest.plist holds no ManifestKey to decrypt it with"));
        }
        if !plain || claimed == Some(true) {
            let bag = plist.as_ref().and_then(|plist| plist.get("BackupKeyBag")).and_then(Value::as_data);
            let bag = bag.ok_or_else(|| self.damaged("it is encrypted and Manifest.plist holds no BackupKeyBag"))?;
            self.unlock(&Keybag::parse(bag)?)?;
        }
        let key = match wrapped.filter(|_| !plain) {
            None => None,
            Some(wrapped) => {
                let key = self.keyring.as_ref().and_then(|keyring| keyring.open(wrapped, None));
                Some(key.ok_or_else(|| self.damaged("the password is right, but ManifestKey does not open with it"))?)
            }
        };
        let manifest = self.read_database(database, key)?;
        if manifest.damaged > 0 {
            self.note("manifest-rows-damaged", "rows without a usable name or file record".into(), manifest.damaged);
        }
        if let Some(detail) = manifest.cut {
            self.note("manifest-cut", detail, 1);
        }
        Ok(self.list_rows(manifest.rows))
    }

    fn unlock(&mut self, bag: &Keybag) -> Result<(), Error> {
        if self.ctx.passwords.is_empty() {
            return Err(Error::PasswordNeeded { what: self.what() });
        }
        for password in &self.ctx.passwords {
            match bag.unlock(password, &self.ctx.cancel) {
                Err(Error::PasswordWrong { .. }) => {}
                Err(error) => return Err(error),
                Ok(keyring) => {
                    if !keyring.closed.is_empty() {
                        let names: Vec<_> = keyring.closed.iter().map(u32::to_string).collect();
                        self.note(
                            "classes-closed",
                            format!("protection classes {}", names.join(", ")),
                            names.len() as u64,
                        );
                    }
                    self.keyring = Some(keyring);
                    return Ok(());
                }
            }
        }
        Err(Error::PasswordWrong { what: self.what() })
    }

    /// Reads `Manifest.db`: where it lies when that is safe, otherwise from a private copy that is gone afterwards.
    fn read_database(&mut self, database: usize, key: Option<Key>) -> Result<Manifest, Error> {
        let parent = self.stored.parent;
        let log = self.stored.get(LOG).filter(|(_, entry)| entry.size > 0).map(|(at, _)| at);
        if let (None, None, Some(path)) = (&key, log, parent.file(database)) {
            let source = Source::file(&path)?;
            let head = source.head(100).map_err(|error| broken(DATABASE, error))?;
            let (page, pages) = manifest::sizes(&head);
            if pages.saturating_mul(page) <= source.len() {
                return manifest::read(&manifest::Place::Evidence(&path), self.ctx);
            }
        }
        let mut stream = parent.open(database)?;
        if let Some(key) = &key {
            let flag = Arc::default();
            stream = Box::new(CbcReader::new(stream, key, &[0; BLOCK], DATABASE.into(), flag).with_padding());
        }
        let copy = manifest::Copy::make(&mut *stream, self.ctx)?;
        if let Some(key) = key {
            self.database = Some((key, copy.length));
        }
        if let Some(log) = log {
            let mut head = Vec::new();
            parent.open(log)?.take(4).read_to_end(&mut head).map_err(|error| broken(LOG, error))?;
            // The two forms of the first number of a write-ahead log (sqlite.org/fileformat2.html 4.1).
            if matches!(head.as_slice(), [0x37, 0x7f, 0x06, 0x82 | 0x83]) {
                copy.add_log(&mut *parent.open(log)?)?;
            } else {
                self.note("manifest-log-ignored", "Manifest.db-wal is not a write-ahead log".into(), 1);
            }
        }
        manifest::read(&manifest::Place::Copy(copy), self.ctx)
    }
}

impl Container for IosBackup {
    fn kind(&self) -> Kind {
        Kind::IosBackup
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        let (Some(listed), Some(place)) = (self.entries.get(entry), self.places.get(entry)) else {
            return Err(Error::Missing { what: format!("entry {entry}") });
        };
        let what = listed.path.clone();
        match (listed.unreadable.as_deref(), place) {
            (_, Place::Missing) => return Err(Error::Missing { what }),
            (None | Some(CUT_SHORT), _) => {}
            (Some("link"), _) => return Err(Error::Unsupported { what, detail: "link".into() }),
            (Some(detail), _) => return Err(Error::Damaged { what, detail: detail.to_string() }),
        }
        match place {
            Place::Missing => Err(Error::Missing { what }),
            Place::Plain(at) => self.parent.open(*at),
            Place::Database(at) => match &self.database {
                None => self.parent.open(*at),
                Some((key, length)) => {
                    let stream = CbcReader::new(self.parent.open(*at)?, key, &[0; BLOCK], what, Arc::default());
                    Ok(Box::new(stream.with_padding().take(*length)))
                }
            },
            Place::Encrypted { at, wrapped, class } => {
                let key = self.keyring.as_ref().and_then(|keyring| keyring.open(wrapped, *class));
                let key =
                    key.ok_or_else(|| Error::Damaged { what: what.clone(), detail: "its key does not open".into() })?;
                let flag = Arc::new(AtomicBool::new(false));
                self.padding.lock().unwrap_or_else(PoisonError::into_inner).insert(entry, Arc::clone(&flag));
                Ok(Box::new(CbcReader::new(self.parent.open(*at)?, &key, &[0; BLOCK], what, flag)))
            }
        }
    }

    fn prepare(&self, wanted: &[usize]) -> Result<(), Error> {
        let places = wanted.iter().filter_map(|entry| self.places.get(*entry));
        let stored: Vec<_> = places.filter_map(Place::stored).collect();
        self.parent.prepare(&stored)
    }

    fn file(&self, entry: usize) -> Option<PathBuf> {
        match self.places.get(entry)? {
            Place::Plain(at) => self.parent.file(*at),
            Place::Database(at) if self.database.is_none() => self.parent.file(*at),
            _ => None,
        }
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    fn found_while_reading(&self) -> Vec<Remark> {
        let padding = self.padding.lock().unwrap_or_else(PoisonError::into_inner);
        let invalid = padding
            .iter()
            .filter(|(_, flag)| flag.load(Ordering::Relaxed))
            .filter_map(|(entry, _)| self.entries.get(*entry));
        let names: Vec<_> = invalid.map(|entry| entry.path.clone()).collect();
        let detail = names.first().cloned();
        detail.map(|detail| Remark { code: "padding-invalid", detail, count: names.len() as u64 }).into_iter().collect()
    }
}

#[cfg(test)]
pub(super) mod tests;
