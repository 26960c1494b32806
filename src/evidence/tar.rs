//! Tar archives: plain ones by offset, gzip-compressed ones (and the inside of an Android backup) from front to back. Names
//! are labels, nothing is ever unpacked; an archive that is cut off gives everything up to the cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use ::tar::{Header, PaxExtensions};

use super::source::{IN_MEMORY, broken};
use super::{Container, Context, Entry, Error, Kind, Remark, Source, label};

const BLOCK: usize = 512;
/// The longest extended header (names, PAX records) in bytes.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// The most entries of one archive.
const MOST_ENTRIES: usize = 4_000_000;
/// What prepared streams may take in memory altogether (bytes); the rest lies in scratch.
const PREPARED_IN_MEMORY: u64 = 64 << 20;

/// Starts a new pass over the bytes of the archive, decrypted and decompressed.
pub(super) type Opener = Box<dyn Fn() -> Result<Box<dyn Read + Send>, Error> + Send + Sync>;

/// A tar archive.
pub struct Tar {
    kind: Kind,
    bytes: Bytes,
    entries: Vec<Entry>,
    /// Offset and length of each entry's body in the archive's bytes.
    places: Vec<(u64, u64)>,
    remarks: Vec<Remark>,
    ctx: Context,
    prepared: Mutex<BTreeMap<usize, Source>>,
}

enum Bytes {
    Seekable(Source),
    Forward(Opener),
}

impl std::fmt::Debug for Tar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tar").field("kind", &self.kind).field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

/// Whether these are the first bytes of a tar archive: a header block whose checksum is right.
#[must_use]
pub fn is_tar(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>().is_some_and(|block| checked(block).is_some())
}

impl Tar {
    /// Opens a plain tar archive; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the first block is no tar header.
    pub fn open(source: Source, name: &str, ctx: &Context) -> Result<Self, Error> {
        Self::list(Kind::Tar, Bytes::Seekable(source), name, ctx)
    }

    /// Opens a gzip-compressed tar archive; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it does not decompress or the first block is no tar header.
    pub fn open_gzip(source: Source, name: &str, ctx: &Context) -> Result<Self, Error> {
        let opener = move || -> Result<Box<dyn Read + Send>, Error> {
            Ok(Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(
                1 << 16,
                source.slice(0, u64::MAX),
            ))))
        };
        Self::open_forward(Kind::Tar, Box::new(opener), name, ctx)
    }

    /// Opens the tar archive that the opener gives, front to back.
    pub(super) fn open_forward(kind: Kind, opener: Opener, name: &str, ctx: &Context) -> Result<Self, Error> {
        Self::list(kind, Bytes::Forward(opener), name, ctx)
    }

    fn list(kind: Kind, bytes: Bytes, name: &str, ctx: &Context) -> Result<Self, Error> {
        let mut stream: Box<dyn Forward> = match &bytes {
            Bytes::Seekable(source) => Box::new(source.clone()),
            Bytes::Forward(opener) => Box::new(Stream(opener()?)),
        };
        let mut listing = Listing::default();
        let cut = match listing.read(&mut *stream, name, ctx)? {
            None => None,
            Some(detail) if listing.found.is_empty() => return Err(Error::Damaged { what: name.to_string(), detail }),
            Some(detail) => Some(Remark { code: "archive-cut", detail, count: 1 }),
        };
        listing.found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let (entries, places) = listing.found.into_iter().unzip();
        let remarks = cut.into_iter().collect();
        Ok(Self { kind, bytes, entries, places, remarks, ctx: ctx.clone(), prepared: Mutex::default() })
    }

    fn place(&self, entry: usize) -> Result<(&Entry, u64, u64), Error> {
        match (self.entries.get(entry), self.places.get(entry)) {
            (Some(listed), Some((offset, length))) => Ok((listed, *offset, *length)),
            _ => Err(Error::Missing { what: format!("entry {entry}") }),
        }
    }
}

/// The unreadable reason of an entry whose bytes are there in part; it can still be opened.
const CUT_SHORT: &str = "cut-short";

#[derive(Default)]
struct Listing {
    found: Vec<(Entry, (u64, u64))>,
    position: u64,
}

/// What goes before a header and changes its meaning.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<i64>,
    sparse: bool,
}

impl Listing {
    /// Reads all headers; the text says what was wrong when the archive does not come to its proper end.
    fn read(&mut self, stream: &mut dyn Forward, name: &str, ctx: &Context) -> Result<Option<String>, Error> {
        let mut extension = Extension::default();
        let mut empty = 0;
        loop {
            ctx.cancel.check()?;
            let mut block = [0; BLOCK];
            match self.fill(stream, &mut block) {
                // One empty block and the end, or part of a second one, is an end mark too.
                Ok(count) if count < BLOCK && empty > 0 && block.iter().all(|byte| *byte == 0) => return Ok(None),
                Ok(0) => return Ok(Some("the end mark is missing".into())),
                Ok(BLOCK) => {}
                Ok(_) => return Ok(Some("it ends inside a header".into())),
                Err(error) => return cut_or_error(name, error),
            }
            if block.iter().all(|byte| *byte == 0) {
                empty += 1;
                if empty == 2 {
                    return Ok(None);
                }
                continue;
            }
            empty = 0;
            let Some(header) = checked(&block) else { return Ok(Some("a header's checksum is wrong".into())) };
            let size = extension.size.or_else(|| header.entry_size().ok());
            let Some(size) = size else { return Ok(Some("a header's size is not a number".into())) };
            match header.entry_type().as_byte() {
                kind @ (b'x' | b'L') => {
                    if size > LONGEST_EXTENSION {
                        return Err(Error::Bound { what: name.to_string(), detail: format!("a name of {size} bytes") });
                    }
                    let mut body = vec![0; usize::try_from(size).unwrap_or(0)];
                    match self.fill(stream, &mut body) {
                        Ok(count) if count == body.len() => {}
                        Ok(_) => return Ok(Some("it ends inside an extended header".into())),
                        Err(error) => return cut_or_error(name, error),
                    }
                    extension.take(kind, &body);
                    if let Err(error) = self.pass(stream, padding(size)) {
                        return cut_or_error(name, error);
                    }
                    continue;
                }
                b'S' => {
                    // The map of an old GNU sparse file goes on in blocks that the size does not count.
                    let mut more = header.as_gnu().is_some_and(::tar::GnuHeader::is_extended);
                    while more {
                        let mut map = [0; BLOCK];
                        if !matches!(self.fill(stream, &mut map), Ok(BLOCK)) {
                            return Ok(Some("it ends inside a sparse map".into()));
                        }
                        more = map.get(504).is_some_and(|flag| *flag != 0);
                    }
                    extension.sparse = true;
                }
                _ => {}
            }
            if let Some(end) = self.member(stream, header, std::mem::take(&mut extension), size, name)? {
                return Ok(Some(end));
            }
        }
    }

    /// Lists one member and passes over its body.
    fn member(
        &mut self,
        stream: &mut dyn Forward,
        header: &Header,
        extension: Extension,
        size: u64,
        name: &str,
    ) -> Result<Option<String>, Error> {
        let path = extension.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = header.entry_type().as_byte();
        let unreadable = match kind {
            _ if extension.sparse => Some("sparse file"),
            b'1' | b'2' => Some("link"),
            b'3' | b'4' | b'6' => Some("device"),
            _ => None,
        };
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { size };
        let offset = self.position;
        let passed = self.pass(stream, size);
        let there = *passed.as_ref().unwrap_or(&(self.position - offset));
        let hidden = matches!(kind, b'5' | b'g' | b'K') || path.ends_with(b"/");
        if !hidden {
            if self.found.len() >= MOST_ENTRIES {
                return Err(Error::Bound {
                    what: name.to_string(),
                    detail: format!("more than {MOST_ENTRIES} entries"),
                });
            }
            let reason = unreadable.or((there < size).then_some(CUT_SHORT));
            let entry = Entry {
                path: label(path.strip_prefix(b"./").unwrap_or(&path)),
                size,
                modified: extension.modified.or_else(|| header.mtime().ok().and_then(|time| i64::try_from(time).ok())),
                unreadable: reason.map(String::from),
                ..Entry::default()
            };
            self.found.push((entry, (offset, there)));
        }
        match passed {
            Err(error) => return cut_or_error(name, error),
            Ok(there) if there < size => return Ok(Some("it ends inside a file".into())),
            Ok(_) => {}
        }
        match self.pass(stream, padding(size)) {
            Ok(_) => Ok(None),
            Err(error) => cut_or_error(name, error),
        }
    }

    /// Reads until the buffer is full or the end; how much was read.
    fn fill(&mut self, stream: &mut dyn Forward, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while let Some(space) = buffer.get_mut(count..).filter(|space| !space.is_empty()) {
            match stream.read(space) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }

    fn pass(&mut self, stream: &mut dyn Forward, count: u64) -> io::Result<u64> {
        stream.pass(count, &mut self.position)
    }
}

impl Extension {
    fn take(&mut self, kind: u8, body: &[u8]) {
        if kind == b'L' {
            let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
            self.path = body.get(..end).map(<[u8]>::to_vec);
            return;
        }
        for record in PaxExtensions::new(body).flatten() {
            let text = record.value().unwrap_or_default();
            match record.key_bytes() {
                b"path" => self.path = Some(record.value_bytes().to_vec()),
                b"size" => self.size = text.parse().ok(),
                b"mtime" => self.modified = text.parse().ok().and_then(super::property_list::whole),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
    }
}

/// A stream broken by bad bytes is a cut archive; anything else (a wrong password, a stop, a failing disk) is an error.
fn cut_or_error(name: &str, error: io::Error) -> Result<Option<String>, Error> {
    match broken(name, error) {
        Error::Damaged { detail, .. } => Ok(Some(detail)),
        error => Err(error),
    }
}

/// The header in this block, when its checksum is right and it is not empty.
fn checked(block: &[u8; BLOCK]) -> Option<&Header> {
    let header = Header::from_byte_slice(block);
    let (front, back) = (block.get(..148)?, block.get(156..)?);
    let sum: u32 = front.iter().chain(back).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    (block.first() != Some(&0) && header.cksum().ok()? == sum).then_some(header)
}

/// The bytes between the end of a body and the next block.
const fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

/// Bytes that can be passed over.
trait Forward: Read {
    /// Passes over bytes; how many there were. `position` is moved along, also when an error ends it.
    fn pass(&mut self, count: u64, position: &mut u64) -> io::Result<u64>;
}

impl Forward for Source {
    fn pass(&mut self, count: u64, position: &mut u64) -> io::Result<u64> {
        let here = self.stream_position()?;
        let there = count.min(self.len().saturating_sub(here));
        self.seek(SeekFrom::Start(here.saturating_add(there)))?;
        *position = position.saturating_add(there);
        Ok(there)
    }
}

struct Stream(Box<dyn Read + Send>);

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Forward for Stream {
    fn pass(&mut self, count: u64, position: &mut u64) -> io::Result<u64> {
        let mut passed = 0;
        let mut buffer = [0; 1 << 14];
        while passed < count {
            let wanted = usize::try_from(count - passed).unwrap_or(usize::MAX).min(buffer.len());
            let more = match self.0.read(buffer.get_mut(..wanted).unwrap_or_default()) {
                Ok(0) => break,
                Ok(more) => more as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            passed += more;
            *position = position.saturating_add(more);
        }
        Ok(passed)
    }
}

impl Container for Tar {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        let (listed, offset, length) = self.place(entry)?;
        if let Some(reason) = listed.unreadable.as_ref().filter(|reason| *reason != CUT_SHORT) {
            return Err(Error::Unsupported { what: listed.path.clone(), detail: reason.clone() });
        }
        if let Some(source) = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(&entry) {
            return Ok(Box::new(source.clone()));
        }
        match &self.bytes {
            Bytes::Seekable(source) => Ok(Box::new(source.slice(offset, length))),
            Bytes::Forward(opener) => {
                let mut stream = Stream(opener()?);
                stream.pass(offset, &mut 0).map_err(|error| broken(&listed.path, error))?;
                Ok(Box::new(stream.take(length)))
            }
        }
    }

    fn prepare(&self, wanted: &[usize]) -> Result<(), Error> {
        let Bytes::Forward(opener) = &self.bytes else { return Ok(()) };
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order = BTreeSet::new();
        for entry in wanted.iter().filter(|entry| !prepared.contains_key(entry)) {
            let (listed, offset, length) = self.place(*entry)?;
            if listed.unreadable.as_ref().is_none_or(|reason| reason == CUT_SHORT) {
                order.insert((offset, length, *entry));
            }
        }
        if order.is_empty() {
            return Ok(());
        }
        let mut stream = Stream(opener()?);
        let mut position = 0u64;
        let mut in_memory: u64 = prepared.values().map(Source::len).filter(|length| *length <= IN_MEMORY).sum();
        for (offset, length, entry) in order {
            self.ctx.cancel.check()?;
            let name = self.entries.get(entry).map_or("", |listed| listed.path.as_str());
            let before = offset.saturating_sub(position);
            stream.pass(before, &mut position).map_err(|error| broken(name, error))?;
            let room = IN_MEMORY.min(PREPARED_IN_MEMORY.saturating_sub(in_memory));
            let source = Source::copy(&mut (&mut stream).take(length), name, room, &self.ctx)?;
            position = position.saturating_add(length);
            if length <= room {
                in_memory += length;
            }
            prepared.insert(entry, source);
        }
        Ok(())
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
    use std::io::Write as _;

    /// One member with its header, body and padding.
    pub fn member(name: &[u8], kind: u8, body: &[u8]) -> Vec<u8> {
        let mut header = Header::new_ustar();
        header.as_old_mut().name.iter_mut().zip(name).for_each(|(room, byte)| *room = *byte);
        header.set_size(body.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_entry_type(::tar::EntryType::new(kind));
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }

    pub fn end() -> Vec<u8> {
        vec![0; 2 * BLOCK]
    }

    fn pax(records: &[(&str, &str)]) -> Vec<u8> {
        let mut body = String::new();
        for (key, value) in records {
            let rest = format!(" {key}={value}\n");
            let length = (rest.len()..rest.len() + 9).find(|n| n.to_string().len() + rest.len() == *n).unwrap();
            body = format!("{body}{length}{rest}");
        }
        member(b"PaxHeader", b'x', body.as_bytes())
    }

    pub fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn sample() -> Vec<u8> {
        let long = "l/".repeat(90) + "name";
        [
            member(b"z/last.txt", b'0', b"zzz"),
            member(b"dir/", b'5', b""),
            pax(&[("path", &long), ("mtime", "1600000000.75")]),
            member(b"short", b'0', &[7; 1500]),
            member(b"././@LongLink", b'L', b"gnu-long-name\0"),
            member(b"gnu", b'0', b"gnu"),
            member(b"../../evil", b'0', b"evil"),
            member(b"hard", b'1', b""),
            member(b"soft", b'2', b""),
            member(b"tty", b'3', b""),
            member(b"caf\xe9", b'0', b"latin"),
            pax(&[("GNU.sparse.major", "1")]),
            member(b"holes", b'0', b"map"),
            end(),
        ]
        .concat()
    }

    fn check(tar: &Tar) {
        assert!(tar.entries().is_sorted_by_key(|entry| &entry.path));
        assert_eq!(read(tar, "z/last.txt"), b"zzz");
        let long = find(tar, &("l/".repeat(90) + "name"));
        assert_eq!((tar.entries()[long].size, tar.entries()[long].modified), (1500, Some(1_600_000_000)));
        assert_eq!(read(tar, "gnu-long-name"), b"gnu");
        assert_eq!(read(tar, "../../evil"), b"evil");
        assert_eq!(read(tar, "caf\\xE9"), b"latin");
        for (name, reason) in [("hard", "link"), ("soft", "link"), ("tty", "device"), ("holes", "sparse file")] {
            let entry = find(tar, name);
            assert_eq!(tar.entries()[entry].unreadable.as_deref(), Some(reason));
            assert!(tar.open(entry).is_err());
        }
        assert_eq!(tar.entries().len(), 9);
        assert!(tar.remarks().is_empty());
    }

    #[test]
    fn plain_and_compressed_read_alike() {
        let (_scratch, ctx) = context(&[]);
        let bytes = sample();
        assert!(is_tar(&bytes) && !is_tar(&[0; 512]) && !is_tar(b"short"));
        check(&Tar::open(Source::memory(bytes.clone()), "t", &ctx).unwrap());
        let tar = Tar::open_gzip(Source::memory(gzip(&bytes)), "t", &ctx).unwrap();
        check(&tar);
        let all: Vec<_> = (0..tar.entries().len()).collect();
        tar.prepare(&all).unwrap();
        assert_eq!(tar.prepared.lock().unwrap().len(), 5);
        check(&tar);
        assert!(matches!(tar.prepare(&[99]), Err(Error::Missing { .. })));
    }

    #[test]
    fn large_members_are_prepared_in_scratch() {
        let (_scratch, ctx) = context(&[]);
        let big: Vec<u8> = (0..5_000_000u32).map(|i| u8::try_from(i % 253).unwrap()).collect();
        let bytes = [member(b"big", b'0', &big), member(b"small", b'0', b"s"), end()].concat();
        let tar = Tar::open_gzip(Source::memory(gzip(&bytes)), "t", &ctx).unwrap();
        tar.prepare(&[1, 0]).unwrap();
        assert!(read(&tar, "big") == big);
        assert_eq!(read(&tar, "small"), b"s");
        // The copy has no name, so it cannot be left behind.
        assert_eq!(std::fs::read_dir(&ctx.scratch).unwrap().count(), 0);
    }

    #[test]
    fn a_cut_archive_gives_what_is_there() {
        let (_scratch, ctx) = context(&[]);
        let whole = sample();
        for length in (0..whole.len()).step_by(97) {
            let cut = &whole[..length];
            let plain = Tar::open(Source::memory(cut.to_vec()), "t", &ctx);
            let packed = Tar::open_gzip(Source::memory(gzip(cut)), "t", &ctx);
            let broken = gzip(&whole);
            let _ = Tar::open_gzip(Source::memory(broken[..broken.len() * length / whole.len()].to_vec()), "t", &ctx);
            match (plain, packed) {
                (Ok(plain), Ok(packed)) => {
                    assert_eq!(plain.entries(), packed.entries());
                    assert_eq!(remark(&plain, "archive-cut"), u64::from(length < whole.len() - BLOCK));
                    for entry in 0..plain.entries().len() {
                        if let Ok(mut stream) = packed.open(entry) {
                            let mut bytes = Vec::new();
                            stream.read_to_end(&mut bytes).unwrap();
                            let listed = &packed.entries()[entry];
                            assert_eq!(bytes.len() as u64 == listed.size, listed.unreadable.is_none());
                        }
                    }
                }
                (Err(a), Err(b)) => assert_eq!(a.code(), b.code()),
                (a, b) => panic!("{length}: {a:?} {b:?}"),
            }
        }
        assert!(matches!(Tar::open(Source::memory(b"no tar".to_vec()), "t", &ctx), Err(Error::Damaged { .. })));
    }

    #[test]
    fn forged_sizes_are_bounded() {
        let (_scratch, ctx) = context(&[]);
        let mut header = Header::new_ustar();
        header.set_size(1 << 33);
        header.set_entry_type(::tar::EntryType::new(b'L'));
        header.as_old_mut().name[0] = b'x';
        header.set_cksum();
        let source = Source::memory(header.as_bytes().to_vec());
        assert!(matches!(Tar::open(source, "t", &ctx), Err(Error::Bound { .. })));
        let bytes = [pax(&[("size", "18446744073709551615")]), member(b"a", b'0', b"abc"), end()].concat();
        let tar = Tar::open(Source::memory(bytes), "t", &ctx).unwrap();
        assert_eq!(tar.entries()[0].unreadable.as_deref(), Some(CUT_SHORT));
    }

    proptest::proptest! {
        #[test]
        fn mutated_archives_never_panic(at in 0usize..8000, byte: u8) {
            let (_scratch, ctx) = context(&[]);
            let mut bytes = sample();
            let length = bytes.len();
            bytes[at % length] = byte;
            if let Ok(tar) = Tar::open(Source::memory(bytes), "t", &ctx) {
                for entry in 0..tar.entries().len() {
                    if let Ok(mut stream) = tar.open(entry) {
                        let _ = io::copy(&mut stream, &mut io::sink());
                    }
                }
            }
        }
    }
}
