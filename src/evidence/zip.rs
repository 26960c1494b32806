//! Zip archives, one file or several parts that belong together (a Google export comes in up to fifty). The crate `zip`
//! knows the format; this module keeps names as labels, tries the passwords, and bounds what a forged archive can cost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::mpsc;

use ::zip::read::ZipFile;
use ::zip::result::ZipError;
use ::zip::{ExtraField, ZipArchive};

use super::hash::HashingReader;
use super::source::broken;
use super::{Container, Context, Entry, Error, Kind, Password, Remark, Source, label};

/// Streams that claim at most this size (bytes) are read at once; larger ones arrive through a thread of their own.
const AT_ONCE: u64 = 1 << 20;
/// A stream may pass this size (bytes) only while it is not also `MOST_RATIO` times its stored size.
const FREE_SIZE: u64 = 256 << 20;
const MOST_RATIO: u64 = 500;
/// An encrypted stream up to this size (bytes) is read as a whole to be sure of a password.
const PROOF: u64 = 16 << 20;
/// The highest number of a part whose predecessors are looked for.
const MOST_PARTS: u32 = 999;
/// The most entries of all parts together.
const MOST_ENTRIES: usize = 4_000_000;

/// A zip archive, possibly in parts.
pub struct Zip {
    parts: Vec<Part>,
    entries: Vec<Entry>,
    /// Part and index in it, one for each entry.
    places: Vec<(usize, usize)>,
    remarks: Vec<Remark>,
}

struct Part {
    name: String,
    archive: ZipArchive<Source>,
    /// The passwords, the one that proved right first.
    passwords: Vec<Password>,
}

/// What the parts hold under each path: one entry a content, with part and index.
type Tree = BTreeMap<String, Vec<(Entry, (usize, usize))>>;

impl std::fmt::Debug for Zip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zip")
            .field("parts", &self.parts.len())
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// Opens one archive; `name` is for messages.
///
/// # Errors
/// See [`open_parts`].
pub fn open(source: Source, name: &str, ctx: &Context) -> Result<Zip, Error> {
    open_parts(vec![(name.to_string(), source)], ctx)
}

/// Opens archives that are parts of one export as one container. A path that several parts hold with the same content is
/// one entry; with different content the later ones get ` (part 2)` before the file name's ending.
///
/// # Errors
/// [`Error::Damaged`] for a cut or forged archive, [`Error::PasswordNeeded`] and [`Error::PasswordWrong`] when all of a part
/// is encrypted, [`Error::Empty`] when there is no file in it.
pub fn open_parts(sources: Vec<(String, Source)>, ctx: &Context) -> Result<Zip, Error> {
    let mut zip = Zip { parts: Vec::new(), entries: Vec::new(), places: Vec::new(), remarks: Vec::new() };
    let several = sources.len() > 1;
    let mut all: Tree = BTreeMap::new();
    let mut count = 0;
    let mut broken_off = None;
    zip.remarks.extend(missing_parts(sources.iter().map(|(name, _)| name.as_str())));
    for (name, source) in sources {
        match Part::open(name, source, ctx) {
            Ok(part) => zip.parts.push(part),
            // One broken part of an export does not take the others with it.
            Err(error @ Error::Damaged { .. }) if several => {
                zip.remarks.push(Remark { code: "part-damaged", detail: error.to_string(), count: 1 });
                broken_off.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error),
        }
        let number = zip.parts.len() - 1;
        let listed = zip.list(number, ctx)?;
        for (index, mut entry) in listed {
            ctx.cancel.check()?;
            count += 1;
            if count > MOST_ENTRIES {
                return Err(Error::Bound {
                    what: "the archive".into(),
                    detail: format!("more than {MOST_ENTRIES} entries"),
                });
            }
            if several {
                entry.stored = zip.parts.get(number).map(|part| format!("{}!{}", part.name, entry.path));
            }
            zip.add(&mut all, entry, (number, index));
        }
    }
    if let Some(error) = broken_off.filter(|_| zip.parts.is_empty()) {
        return Err(error);
    }
    let mut flat: Vec<_> = all.into_values().flatten().collect();
    flat.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    (zip.entries, zip.places) = flat.into_iter().unzip();
    if zip.entries.is_empty() {
        let what = zip.parts.first().map(|part| part.name.clone()).unwrap_or_default();
        return Err(Error::Empty { what, detail: "the archive lists no file".into() });
    }
    Ok(zip)
}

/// Parts that the numbers in the names leave out: `…-1-001.zip` and `…-1-003.zip` without the second. That the last ones are
/// missing cannot be seen.
fn missing_parts<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Remark> {
    let mut runs: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for name in names {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let stem = stem.rsplit_once(" (").map_or(stem, |(front, _)| front);
        let Some((run, number)) = stem.rsplit_once('-').filter(|(run, _)| run.contains("takeout-")) else { continue };
        if let Ok(number) = number.parse::<u32>() {
            runs.entry(run.to_owned()).or_default().insert(number);
        }
    }
    let gap = |(run, there): (String, BTreeSet<u32>)| {
        let missing: Vec<u32> = (1..there.last().copied()?.min(MOST_PARTS)).filter(|n| !there.contains(n)).collect();
        let listed = missing.iter().map(|n| format!("{n:03}")).collect::<Vec<_>>().join(", ");
        let count = missing.len() as u64;
        (count > 0).then(|| Remark { code: "part-missing", detail: format!("{run}: {listed}"), count })
    };
    runs.into_iter().filter_map(gap).collect()
}

impl Part {
    fn open(name: String, mut source: Source, ctx: &Context) -> Result<Self, Error> {
        let starts = source.head(4).map_err(|error| broken(&name, error))?;
        let length = source.len();
        source = source.slice(0, length);
        let archive = ZipArchive::new(source).map_err(|error| match error {
            ZipError::InvalidArchive(_) | ZipError::Io(_) if starts.starts_with(b"PK\x03\x04") => Error::Damaged {
                what: name.clone(),
                detail: format!(
                    "the table of contents at its end is missing or broken, so it is probably cut off ({error})"
                ),
            },
            error => explain(&name, error),
        })?;
        Ok(Self { name, archive, passwords: ctx.passwords.clone() })
    }

    /// Finds the password that opens the smallest encrypted stream and puts it first.
    fn prove(&mut self, index: usize, size: u64) -> bool {
        let archive = &mut self.archive;
        let right = self.passwords.iter().position(|password| {
            archive.by_index_decrypt(index, password.as_str().as_bytes()).is_ok_and(|mut file| {
                // Traditional encryption lets one in 256 wrong passwords start; the checksum at the end does not.
                size > PROOF || io::copy(&mut file, &mut io::sink()).is_ok()
            })
        });
        if let Some(right) = right {
            self.passwords.swap(0, right);
        }
        right.is_some()
    }
}

/// What one archive lists, with what concerns it as a whole.
impl Zip {
    fn list(&mut self, number: usize, ctx: &Context) -> Result<Vec<(usize, Entry)>, Error> {
        let Some(part) = self.parts.get_mut(number) else { return Ok(Vec::new()) };
        let mut listed = Vec::new();
        let mut smallest: Option<(u64, usize)> = None;
        let mut locked = 0u64;
        for index in 0..part.archive.len() {
            ctx.cancel.check()?;
            match part.archive.by_index_raw(index) {
                Ok(file) if file.is_dir() => continue,
                Ok(file) => {
                    let entry = describe(&file);
                    if entry.encrypted {
                        locked += 1;
                        smallest = smallest.into_iter().chain([(file.size(), index)]).min();
                    }
                    listed.push((index, entry));
                    continue;
                }
                Err(error) => listed.push((index, Entry { unreadable: Some(error.to_string()), ..Entry::default() })),
            }
            if let (Some((_, entry)), Ok(data)) = (listed.last_mut(), part.archive.by_index_data(index)) {
                entry.path = label(data.name_raw());
            }
        }
        let name = part.name.clone();
        let note = |code, detail: &str, count| Remark { code, detail: format!("{name}: {detail}"), count };
        if smallest.is_some_and(|(size, index)| !part.prove(index, size)) {
            let needed = part.passwords.is_empty();
            if locked == listed.len() as u64 {
                let what = part.name.clone();
                return Err(if needed { Error::PasswordNeeded { what } } else { Error::PasswordWrong { what } });
            }
            let detail = if needed { "password-needed" } else { "password-wrong" };
            for (_, entry) in listed.iter_mut().filter(|(_, entry)| entry.encrypted) {
                entry.unreadable = Some(detail.to_string());
            }
            self.remarks.push(note("locked", detail, locked));
        }
        if part.archive.has_duplicate_names() {
            self.remarks.push(note("names-repeated", "of entries with the same name only the last is listed", 1));
        }
        if part.archive.has_overlapping_entries().unwrap_or(true) {
            self.remarks.push(note("entries-overlap", "entries share bytes, as no ordinary archive does", 1));
        }
        Ok(listed)
    }

    /// Adds an entry, unless an earlier part holds the same path with the same content.
    fn add(&self, all: &mut Tree, mut entry: Entry, place: (usize, usize)) {
        let copies = all.entry(entry.path.clone()).or_default();
        if copies.iter().any(|(earlier, at)| earlier.size == entry.size && self.same(*at, place)) {
            return;
        }
        if !copies.is_empty() {
            entry.path = with_suffix(&entry.path, place.0 + 1);
        }
        copies.push((entry, place));
    }

    fn same(&self, one: (usize, usize), other: (usize, usize)) -> bool {
        let hash = |place| HashingReader::new(self.stream(place, "").ok()?).finish_all().ok();
        let checksum = |(part, index): (usize, usize)| {
            self.parts.get(part).and_then(|part| part.archive.by_index_data(index).ok().map(|data| data.crc32()))
        };
        checksum(one) == checksum(other) && hash(one).is_some_and(|sum| hash(other) == Some(sum))
    }

    fn stream(&self, (part, index): (usize, usize), path: &str) -> Result<Box<dyn Read + Send>, Error> {
        let part = self.parts.get(part).ok_or_else(|| Error::Missing { what: path.to_string() })?;
        let mut archive = part.archive.clone();
        let size = archive.by_index_data(index).map_err(|error| explain(path, error))?.size();
        if size <= AT_ONCE {
            let mut bytes = Vec::new();
            let mut file = decrypt(&mut archive, index, &part.passwords, path)?;
            file.by_ref().take(AT_ONCE + 1).read_to_end(&mut bytes).map_err(|error| broken(path, error))?;
            return Ok(Box::new(io::Cursor::new(bytes)));
        }
        // Opened here once, so that what is wrong at the start is an error of this call.
        drop(decrypt(&mut archive, index, &part.passwords, path)?);
        let passwords = part.passwords.clone();
        let path = path.to_string();
        let (sender, receiver) = mpsc::sync_channel(4);
        let work = move || send(&mut archive, index, &passwords, &path, &sender);
        std::thread::Builder::new().name("unzip".into()).spawn(work).map_err(|error| broken("a thread", error))?;
        Ok(Box::new(Received { receiver, chunk: io::Cursor::new(Vec::new()), ended: false }))
    }
}

fn with_suffix(path: &str, copy: usize) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() && !path.starts_with('/') { "" } else { "/" };
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{folder}{slash}{stem} (part {copy}).{ending}"),
        _ => format!("{folder}{slash}{name} (part {copy})"),
    }
}

fn describe<R: Read>(file: &ZipFile<'_, R>) -> Entry {
    let mut path = label(file.name_raw());
    // Old .NET programs write the separators of Windows.
    if !path.contains('/') && path.contains('\\') && std::str::from_utf8(file.name_raw()).is_ok() {
        path = path.replace('\\', "/");
    }
    // The plain time stamp of a zip is local time of an unknown zone; only the extended one is UTC.
    let modified = file.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time().map(i64::from),
        _ => None,
    });
    Entry {
        path,
        size: file.size(),
        modified,
        encrypted: file.encrypted(),
        unreadable: file.is_symlink().then(|| "link".to_string()),
        ..Entry::default()
    }
}

fn decrypt<'a>(
    archive: &'a mut ZipArchive<Source>,
    index: usize,
    passwords: &[Password],
    path: &str,
) -> Result<ZipFile<'a, Source>, Error> {
    let encrypted = archive.by_index_data(index).map_err(|error| explain(path, error))?.encrypted();
    if !encrypted {
        return archive.by_index(index).map_err(|error| explain(path, error));
    }
    let fits = |archive: &mut ZipArchive<Source>, password: &Password| {
        !matches!(archive.by_index_decrypt(index, password.as_str().as_bytes()), Err(ZipError::InvalidPassword))
    };
    match passwords.iter().find(|password| fits(archive, password)) {
        Some(password) => {
            archive.by_index_decrypt(index, password.as_str().as_bytes()).map_err(|error| explain(path, error))
        }
        None if passwords.is_empty() => Err(Error::PasswordNeeded { what: path.to_string() }),
        None => Err(Error::PasswordWrong { what: path.to_string() }),
    }
}

fn explain(what: &str, error: ZipError) -> Error {
    let what = what.to_string();
    match error {
        ZipError::Io(error) => broken(&what, error),
        ZipError::InvalidPassword => Error::PasswordWrong { what },
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Error::PasswordNeeded { what },
        ZipError::UnsupportedArchive(detail) => Error::Unsupported { what, detail: detail.to_string() },
        ZipError::CompressionMethodNotSupported(number) => {
            Error::Unsupported { what, detail: format!("compression method {number}") }
        }
        error => Error::Damaged { what, detail: error.to_string() },
    }
}

/// Sends a stream in pieces; an empty piece is its proper end.
fn send(
    archive: &mut ZipArchive<Source>,
    index: usize,
    passwords: &[Password],
    path: &str,
    sender: &mpsc::SyncSender<io::Result<Vec<u8>>>,
) {
    let outcome = decrypt(archive, index, passwords, path).map_err(Error::into_io).and_then(|mut file| {
        let stored = file.compressed_size();
        let mut total = 0u64;
        loop {
            let mut piece = Vec::new();
            file.by_ref().take(1 << 18).read_to_end(&mut piece)?;
            total = total.saturating_add(piece.len() as u64);
            if total > FREE_SIZE && total / MOST_RATIO > stored {
                let detail =
                    format!("it expands to more than {MOST_RATIO} times its stored size and {FREE_SIZE} bytes");
                return Err(Error::Bound { what: path.to_string(), detail }.into_io());
            }
            let ended = piece.is_empty();
            // Nobody listens any more: the reader was dropped.
            if sender.send(Ok(piece)).is_err() || ended {
                return Ok(());
            }
        }
    });
    if let Err(error) = outcome {
        let _ = sender.send(Err(error));
    }
}

/// The receiving end of [`send`].
struct Received {
    receiver: mpsc::Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.chunk.read(buffer)?;
            if count > 0 || self.ended || buffer.is_empty() {
                return Ok(count);
            }
            let piece =
                self.receiver.recv().map_err(|_| io::Error::new(io::ErrorKind::UnexpectedEof, "unpacking stopped"))?;
            // An error ends the stream; a reader that tries again sees the end.
            self.ended = piece.as_ref().map_or(true, Vec::is_empty);
            self.chunk = io::Cursor::new(piece?);
        }
    }
}

impl Container for Zip {
    fn kind(&self) -> Kind {
        Kind::Zip
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        let (Some(listed), Some(place)) = (self.entries.get(entry), self.places.get(entry)) else {
            return Err(Error::Missing { what: format!("entry {entry}") });
        };
        let what = listed.path.clone();
        match listed.unreadable.as_deref() {
            None => self.stream(*place, &what),
            Some("password-needed") => Err(Error::PasswordNeeded { what }),
            Some("password-wrong") => Err(Error::PasswordWrong { what }),
            Some("link") => Err(Error::Unsupported { what, detail: "link".into() }),
            Some(detail) => Err(Error::Damaged { what, detail: detail.to_string() }),
        }
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use super::*;
    use crate::evidence::tests::{context, find, read, remark};
    use ::zip::unstable::write::FileOptionsExt as _;
    use ::zip::write::SimpleFileOptions;
    use ::zip::{AesMode, CompressionMethod, ZipWriter};
    use std::io::Write as _;

    /// An archive of these files.
    pub fn pack(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn plain() -> SimpleFileOptions {
        SimpleFileOptions::default()
    }

    fn get(bytes: Vec<u8>, passwords: &[&str]) -> Result<Zip, Error> {
        let (_scratch, ctx) = context(passwords);
        open(Source::memory(bytes), "test.zip", &ctx)
    }

    /// The archive with one name replaced by another of the same length, in both of its headers.
    fn rename(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        for at in 0..bytes.len() - from.len() {
            if bytes[at..].starts_with(from) {
                bytes[at..at + from.len()].copy_from_slice(to);
            }
        }
        bytes
    }

    #[test]
    fn names_are_labels() {
        let files: [(&str, &[u8]); 5] =
            [("../../evil", b"1"), ("/abs", b"2"), ("café/é.txt", b"3"), ("a/b\u{202e}c", b"4"), ("xFFy", b"5")];
        let zip = get(rename(pack(&files, plain()), b"xFFy", b"x\xff\xfey"), &[]).unwrap();
        assert_eq!(read(&zip, "../../evil"), b"1");
        assert_eq!(read(&zip, "/abs"), b"2");
        assert_eq!(read(&zip, "café/é.txt"), b"3");
        assert_eq!(read(&zip, "a/b\u{202e}c"), b"4");
        assert_eq!(read(&zip, "x\\xFF\\xFEy"), b"5");
        assert!(zip.entries().is_sorted_by_key(|entry| &entry.path));
        let windows = get(rename(pack(&[("dir+sub+f", b"w")], plain()), b"dir+sub+f", b"dir\\sub\\f"), &[]).unwrap();
        assert_eq!(read(&windows, "dir/sub/f"), b"w");
        let link = {
            let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
            writer.add_symlink("link", "/etc/passwd", plain()).unwrap();
            writer.add_directory("folder", plain()).unwrap();
            get(writer.finish().unwrap().into_inner(), &[]).unwrap()
        };
        assert_eq!(link.entries().len(), 1);
        assert_eq!(link.entries()[0].unreadable.as_deref(), Some("link"));
        assert!(link.open(0).is_err());
    }

    #[test]
    fn large_streams_arrive_whole_and_broken_ones_are_errors() {
        let big: Vec<u8> = (0..3_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_be_bytes()[3]).collect();
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = pack(&[("big", &big), ("small", b"s")], plain().compression_method(method).large_file(true));
            let zip = get(bytes.clone(), &[]).unwrap();
            assert!(read(&zip, "big") == big);
            // A reader that is dropped early holds nothing up.
            drop(zip.open(find(&zip, "big")).unwrap());
            let mut spoilt = bytes;
            let middle = spoilt.len() / 3;
            spoilt[middle] ^= 0x55;
            let zip = get(spoilt, &[]).unwrap();
            let error = zip.open(find(&zip, "big")).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        }
    }

    #[test]
    fn both_encryptions_open_with_the_right_password() {
        let files: [(&str, &[u8]); 2] = [("a", b"first"), ("b", &[9; 5000])];
        let aes = pack(&files, plain().with_aes_encryption(AesMode::Aes256, "geheim"));
        let old = pack(&files, plain().with_deprecated_encryption(b"geheim").unwrap());
        for bytes in [aes, old] {
            let zip = get(bytes.clone(), &["niet", "geheim"]).unwrap();
            assert_eq!(read(&zip, "a"), b"first");
            assert_eq!(read(&zip, "b"), [9; 5000]);
            assert!(zip.entries()[0].encrypted);
            assert!(matches!(get(bytes.clone(), &["niet"]), Err(Error::PasswordWrong { .. })));
            assert!(matches!(get(bytes, &[]), Err(Error::PasswordNeeded { .. })));
        }
    }

    #[test]
    fn plain_entries_beside_locked_ones_stay_readable() {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.start_file("open", plain()).unwrap();
        writer.write_all(b"o").unwrap();
        writer.start_file("shut", plain().with_aes_encryption(AesMode::Aes128, "pw")).unwrap();
        writer.write_all(b"s").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let zip = get(bytes.clone(), &[]).unwrap();
        assert_eq!((read(&zip, "open").as_slice(), remark(&zip, "locked")), (b"o".as_slice(), 1));
        assert!(matches!(zip.open(find(&zip, "shut")), Err(Error::PasswordNeeded { .. })));
        let zip = get(bytes, &["no"]).unwrap();
        assert!(matches!(zip.open(find(&zip, "shut")), Err(Error::PasswordWrong { .. })));
    }

    #[test]
    fn cut_forged_and_empty_archives_are_told_apart() {
        let bytes = pack(&[("a", &[1; 4000]), ("b", b"x")], plain());
        for length in 4..bytes.len() - 1 {
            let error = get(bytes[..length].to_vec(), &[]).unwrap_err();
            assert_eq!(error.code(), "damaged", "{length}: {error}");
        }
        assert!(get(bytes[..100].to_vec(), &[]).unwrap_err().to_string().contains("cut off"));
        assert!(matches!(get(pack(&[], plain()), &[]), Err(Error::Empty { .. })));
        assert!(get(b"no zip at all".to_vec(), &[]).is_err());
        // Two names for one body: the second entry of the directory points at the first file.
        let mut forged = pack(&[("aa", b"body"), ("bb", b"body")], plain());
        let entries: Vec<_> = (0..forged.len() - 4).filter(|at| forged[*at..].starts_with(b"PK\x01\x02")).collect();
        forged[entries[1] + 42..entries[1] + 46].fill(0);
        let zip = get(forged, &[]).unwrap();
        assert_eq!(remark(&zip, "entries-overlap"), 1);
        assert_eq!(remark(&get(bytes, &[]).unwrap(), "entries-overlap"), 0);
    }

    #[test]
    fn a_bomb_is_stopped_by_what_was_really_read() {
        let (_scratch, ctx) = context(&[]);
        let mut writer = ZipWriter::new(tempfile::tempfile_in(&ctx.scratch).unwrap());
        writer.start_file("bomb", plain().large_file(true)).unwrap();
        let zeros = vec![0; 1 << 22];
        for _ in 0..(FREE_SIZE >> 22) + 2 {
            writer.write_all(&zeros).unwrap();
        }
        let mut file = writer.finish().unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let zip = open(Source::copy(&mut file, "bomb", 64 << 20, &ctx).unwrap(), "bomb.zip", &ctx).unwrap();
        let error = io::copy(&mut zip.open(0).unwrap(), &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("safety bound"), "{error}");
    }

    #[test]
    fn parts_become_one_tree() {
        let (_scratch, ctx) = context(&[]);
        let one = pack(&[("T/a.json", b"1"), ("T/same.json", b"same"), ("T/d/x.tar.gz", b"one")], plain());
        let two = pack(
            &[("T/b.json", b"2"), ("T/same.json", b"same"), ("T/d/x.tar.gz", b"two"), ("T/a.json", b"!")],
            plain(),
        );
        let part = |name: &str, bytes: &[u8]| (name.to_string(), Source::memory(bytes.to_vec()));
        let zip = open_parts(vec![part("p-001.zip", &one), part("p-002.zip", &two), part("p-002 (1).zip", &two)], &ctx)
            .unwrap();
        let names: Vec<_> = zip.entries().iter().map(|entry| entry.path.as_str()).collect();
        let expected =
            ["T/a (part 2).json", "T/a.json", "T/b.json", "T/d/x.tar (part 2).gz", "T/d/x.tar.gz", "T/same.json"];
        assert_eq!(names, expected);
        assert_eq!(read(&zip, "T/a (part 2).json"), b"!");
        assert_eq!(zip.entries()[0].stored.as_deref(), Some("p-002.zip!T/a.json"));
        assert_eq!(with_suffix("/x", 2), "/x (part 2)");
        assert_eq!(with_suffix("a/.hidden", 3), "a/.hidden (part 3)");
    }

    proptest::proptest! {
        #[test]
        fn mutated_archives_never_panic(at in 0usize..400, byte: u8) {
            let mut bytes = pack(&[("a/b.txt", b"some text, some text"), ("c", b"")], plain());
            let length = bytes.len();
            bytes[at % length] = byte;
            if let Ok(zip) = get(bytes, &["p"]) {
                for entry in 0..zip.entries().len() {
                    if let Ok(mut stream) = zip.open(entry) {
                        let _ = io::copy(&mut stream, &mut io::sink());
                    }
                }
            }
        }
    }
}
