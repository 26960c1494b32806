//! From the manifest's rows to entries: finds the stored bytes of each row, and notes what the copy lacks.

use std::collections::HashSet;
use std::io::Read as _;

use sha1::Digest as _;

use super::manifest::Row;
use super::{DATABASE, INFO, LEGACY, MANIFEST, Opening, STATUS, manifest, mbdb};
use crate::evidence::source::broken;
use crate::evidence::{Entry, Error, hash};

/// The reason of an entry whose bytes are there in part; it can still be opened.
pub(super) const CUT_SHORT: &str = "cut-short";
const CUT_BLOCK: &str = "the ciphertext ends inside a block";

/// The largest `Manifest.mbdb` (bytes).
const LARGEST_LEGACY: u64 = 512 << 20;

/// Where the bytes of an entry lie in the parent.
#[derive(Debug)]
pub(super) enum Place {
    Missing,
    /// As they are.
    Plain(usize),
    /// The manifest's own database.
    Database(usize),
    Encrypted {
        at: usize,
        /// Class and wrapped key.
        wrapped: Vec<u8>,
        /// The class that the record names beside that.
        class: Option<u32>,
    },
}

impl Place {
    pub(super) const fn stored(&self) -> Option<usize> {
        match self {
            Self::Missing => None,
            Self::Plain(at) | Self::Database(at) | Self::Encrypted { at, .. } => Some(*at),
        }
    }
}

/// How many rows have something wrong, for the remarks; and the first of them.
#[derive(Default)]
struct Tally(u64, String);

impl Tally {
    fn add(&mut self, name: &str) {
        if self.0 == 0 {
            self.1 = name.to_string();
        }
        self.0 += 1;
    }
}

impl Opening<'_> {
    /// The entries of the rows of `Manifest.db`.
    pub(super) fn list_rows(&mut self, rows: Vec<Row>) -> Vec<(Entry, Place)> {
        let mut listed = Vec::with_capacity(rows.len());
        let mut used = HashSet::new();
        let [mut missing, mut cut, mut closed, mut names, mut paths] = [(); 5].map(|()| Tally::default());
        for row in rows {
            let record = row.record.unwrap_or_default();
            let place = format!("{}/{}", row.file_id.get(..2).unwrap_or_default(), row.file_id);
            let stored = self.stored.get(&place).or_else(|| self.stored.get(&row.file_id));
            used.extend(stored.map(|(at, _)| at));
            let path = format!("{}::{}", row.domain, row.path);
            if row.file_id != file_id(&row.domain, &row.path) {
                names.add(&path);
            }
            if record.path.as_ref().is_some_and(|path| *path != row.path) {
                paths.add(&path);
            }
            if row.flags == 2 {
                continue;
            }
            let mut entry = Entry {
                path,
                stored: Some(format!("{}{place}", self.stored.prefix)),
                size: record.size.or(stored.map(|(_, there)| there.size)).unwrap_or(0),
                modified: record.modified,
                created: record.created,
                ..Entry::default()
            };
            let Some((at, there)) = stored else {
                let link = row.flags == 4;
                entry.unreadable = Some(if link { "link" } else { "payload-missing" }.to_string());
                if !link {
                    missing.add(&entry.path);
                }
                listed.push((entry, Place::Missing));
                continue;
            };
            entry.stored = Some(there.path.clone());
            entry.encrypted = record.encryption_key.is_some() || self.keyring.is_some();
            let opens = record.encryption_key.as_ref().is_some_and(|wrapped| {
                self.keyring.as_ref().is_some_and(|keyring| keyring.open(wrapped, record.class).is_some())
            });
            entry.unreadable = match &there.unreadable {
                _ if row.flags == 4 => Some("link".to_string()),
                Some(reason) => Some(reason.clone()),
                // A file without any byte needs no key.
                None if entry.encrypted && !opens && there.size > 0 => {
                    Some("its key is missing or does not open".to_string())
                }
                None if entry.encrypted && there.size % 16 != 0 => Some(CUT_BLOCK.to_string()),
                None => record.size.filter(|size| there.size < *size).map(|_| CUT_SHORT.to_string()),
            };
            match entry.unreadable.as_deref() {
                Some(CUT_SHORT | CUT_BLOCK) => cut.add(&entry.path),
                Some("link") | None => {}
                Some(_) => closed.add(&entry.path),
            }
            let place = match record.encryption_key {
                Some(wrapped) if opens => Place::Encrypted { at, wrapped, class: record.class },
                _ => Place::Plain(at),
            };
            listed.push((entry, place));
        }
        let mut unlisted = Tally::default();
        let mut others: Vec<_> =
            self.stored.index.iter().filter(|(path, at)| !used.contains(*at) && is_payload(path)).collect();
        others.sort();
        for (path, _) in others {
            unlisted.add(path);
        }
        for (code, Tally(count, first)) in [
            ("payload-missing", missing),
            ("payload-cut", cut),
            ("payload-closed", closed),
            ("payload-unlisted", unlisted),
            ("file-id-mismatch", names),
            ("path-mismatch", paths),
        ] {
            if count > 0 {
                self.note(code, first, count);
            }
        }
        listed
    }

    /// The entries of a backup of iOS 9 or older, whose files lie flat in its folder.
    pub(super) fn read_legacy(&mut self, encrypted: bool) -> Result<Vec<(Entry, Place)>, Error> {
        let Some((at, _)) = self.stored.get(LEGACY) else { return Err(self.damaged("Manifest.db is missing")) };
        if encrypted {
            return Err(Error::Unsupported {
                what: self.what(),
                detail: "encrypted backups of iOS 9 or older are not read".into(),
            });
        }
        let mut bytes = Vec::new();
        let stream = self.stored.parent.open(at)?;
        stream.take(LARGEST_LEGACY).read_to_end(&mut bytes).map_err(|error| broken(LEGACY, error))?;
        if !bytes.starts_with(mbdb::MAGIC) {
            return Err(Error::Damaged { what: LEGACY.into(), detail: "it does not start with mbdb".into() });
        }
        let (records, cut) = mbdb::read(&bytes);
        if cut {
            if records.is_empty() {
                return Err(Error::Damaged { what: LEGACY.into(), detail: "it ends inside its first record".into() });
            }
            self.note("manifest-cut", "Manifest.mbdb ends inside a record".into(), 1);
        }
        let rows = records.into_iter().map(|record| Row {
            file_id: file_id(&record.domain, &record.path),
            domain: record.domain,
            path: record.path,
            flags: match record.mode >> 12 {
                0x4 => 2,
                0xA => 4,
                _ => 1,
            },
            record: Some(super::mbfile::FileRecord {
                size: Some(record.size),
                modified: Some(i64::from(record.modified)),
                created: Some(i64::from(record.created)),
                ..Default::default()
            }),
        });
        Ok(self.list_rows(rows.collect()))
    }

    /// The backup's own files, as entries under their plain names.
    pub(super) fn root_files(&self, locked: bool) -> Vec<(Entry, Place)> {
        let names = [INFO, MANIFEST, STATUS, DATABASE, LEGACY];
        let found =
            names.iter().take(if locked { 3 } else { 5 }).filter_map(|name| Some((*name, self.stored.get(name)?)));
        found
            .map(|(name, (at, there))| {
                let encrypted = name == DATABASE && self.database.is_some();
                let entry = Entry {
                    path: name.to_string(),
                    stored: Some(there.path.clone()).filter(|path| path != name),
                    size: self.database.as_ref().filter(|_| encrypted).map_or(there.size, |(_, length)| *length),
                    modified: there.modified,
                    encrypted,
                    unreadable: there.unreadable.clone(),
                    ..Entry::default()
                };
                (entry, if name == DATABASE { Place::Database(at) } else { Place::Plain(at) })
            })
            .collect()
    }
}

/// The name under which a file is stored: the SHA-1 of its domain and path (catalogue/ios.md 1.1).
pub(super) fn file_id(domain: &str, path: &str) -> String {
    hash::hex(&sha1::Sha1::new().chain_update(domain).chain_update("-").chain_update(path).finalize())
}

/// Whether a path in the backup's folder is that of a stored file.
fn is_payload(path: &str) -> bool {
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    manifest::is_file_id(name)
}
