//! Hashes: SHA-256 of every stored byte of the inputs, before anything is parsed, and of streams while they are read. The
//! list is in the form of coreutils, so `sha256sum -c` verifies it without this program.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{Cancel, Error};

/// The hash of one stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHash {
    /// Path relative to the folder that holds the input: `backup/3d/3d0d…`, as raw bytes with `/` between the parts.
    pub path: Vec<u8>,
    /// Number of bytes read.
    pub size: u64,
    /// SHA-256 of the bytes read, 64 lower-case hexadecimal digits; none when the file could not be read to its end.
    pub sha256: Option<String>,
    /// What stood in the way: a link, an error, a change while it was read.
    pub problem: Option<String>,
}

/// A hash list as text: path and SHA-256.
pub type Listed = (Vec<u8>, String);

/// Hashes all files of the inputs, several at a time, largest first; the result is sorted by path. `progress` is called
/// with the bytes done and the bytes in all, from several threads.
///
/// # Errors
/// [`Error::NotFound`] when an input does not exist, [`Error::Cancelled`]. A file that cannot be read is in the list, with
/// its problem.
pub fn hash_inputs(
    inputs: &[PathBuf],
    progress: &(dyn Fn(u64, u64) + Sync),
    cancel: &Cancel,
) -> Result<Vec<FileHash>, Error> {
    let mut list = Vec::new();
    let mut files = Vec::new();
    for (input, name) in inputs.iter().zip(input_names(inputs)) {
        if std::fs::symlink_metadata(input).is_err() {
            return Err(Error::NotFound(input.clone()));
        }
        collect(input, &name, &mut files, &mut list, cancel)?;
    }
    let total = files.iter().map(|(_, _, size)| size).sum();
    let done = AtomicU64::new(0);
    // The largest first, one at a time each: a long file never waits for a free thread at the end.
    files.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
    let hashed: Result<Vec<_>, Error> = files
        .into_par_iter()
        .with_max_len(1)
        .map(|(file, path, _)| {
            hash_file(&file, path, cancel, &|count| progress(done.fetch_add(count, Ordering::Relaxed) + count, total))
        })
        .collect();
    list.extend(hashed?);
    list.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(list)
}

/// The names under which the inputs stand in the list, in the order given.
#[must_use]
pub fn input_names(inputs: &[PathBuf]) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for input in inputs {
        let name = name_of(input, &names);
        names.push(name);
    }
    names
}

/// SHA-256 of a stream as it is read: decrypted and decompressed.
///
/// # Errors
/// When the stream cannot be read to its end.
pub fn digest_stream(container: &dyn super::Container, entry: usize) -> Result<String, Error> {
    let name = || container.entries().get(entry).map_or_else(String::new, |e| e.path.clone());
    let reader = HashingReader::new(container.open(entry)?);
    reader.finish_all().map(|(digest, _)| digest).map_err(|source| Error::io(name(), source))
}

/// The input's own name; a second input of the same name is told apart by a number.
fn name_of(input: &Path, taken: &[Vec<u8>]) -> Vec<u8> {
    let full = std::path::absolute(input).unwrap_or_else(|_| input.to_path_buf());
    let name = full.file_name().map_or_else(|| b"root".to_vec(), |name| name.as_encoded_bytes().to_vec());
    let mut unique = name.clone();
    let mut number = 2u32;
    while taken.contains(&unique) {
        unique = [name.as_slice(), format!(" ({number})").as_bytes()].concat();
        number += 1;
    }
    unique
}

fn collect(
    input: &Path,
    name: &[u8],
    files: &mut Vec<(PathBuf, Vec<u8>, u64)>,
    hashes: &mut Vec<FileHash>,
    cancel: &Cancel,
) -> Result<(), Error> {
    let relative = |path: &Path| {
        let mut bytes = name.to_vec();
        for part in path.strip_prefix(input).unwrap_or(path).components() {
            bytes.push(b'/');
            bytes.extend_from_slice(part.as_os_str().as_encoded_bytes());
        }
        bytes
    };
    let mut problem =
        |path: Vec<u8>, text: String| hashes.push(FileHash { path, size: 0, sha256: None, problem: Some(text) });
    for item in walkdir::WalkDir::new(input).follow_links(false) {
        cancel.check()?;
        match item {
            Ok(item) if item.file_type().is_dir() => {}
            // A link is followed only when it is the input itself: then the user pointed at what lies behind it.
            Ok(item) if item.file_type().is_file() || item.depth() == 0 && item.path().is_file() => {
                let size = item.metadata().map_or(0, |data| data.len());
                files.push((item.path().to_path_buf(), relative(item.path()), size));
            }
            Ok(item) if item.file_type().is_symlink() => problem(relative(item.path()), "link".into()),
            Ok(item) => problem(relative(item.path()), "not a regular file".into()),
            Err(error) => problem(error.path().map_or_else(|| name.to_vec(), relative), error.to_string()),
        }
    }
    Ok(())
}

fn hash_file(file: &Path, path: Vec<u8>, cancel: &Cancel, progress: &dyn Fn(u64)) -> Result<FileHash, Error> {
    let mut reader = match std::fs::File::open(file) {
        Ok(reader) => HashingReader::new(reader),
        Err(error) => return Ok(FileHash { path, size: 0, sha256: None, problem: Some(error.to_string()) }),
    };
    let before = reader.inner.metadata().ok();
    let mut buffer = vec![0; 1 << 16];
    let outcome = loop {
        cancel.check()?;
        match reader.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) => progress(count as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(error.to_string()),
        }
    };
    let after = std::fs::metadata(file).ok();
    let state = |data: &Option<std::fs::Metadata>| data.as_ref().map(|data| (data.len(), data.modified().ok()));
    let size = reader.count;
    let changed = state(&before) != state(&after) || before.is_some_and(|data| data.len() != size);
    let problem = outcome.clone().or_else(|| changed.then(|| "changed while it was read".to_string()));
    let sha256 = outcome.is_none().then(|| reader.finish().0);
    Ok(FileHash { path, size, sha256, problem })
}

/// Hashes everything that is read through it.
pub struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
    count: u64,
}

impl<R: Read> HashingReader<R> {
    /// Hashes what will be read from `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new(), count: 0 }
    }

    /// SHA-256 of what was read so far (64 lower-case hexadecimal digits), and how many bytes that were.
    #[must_use]
    pub fn finish(self) -> (String, u64) {
        (hex(&self.hasher.finalize()), self.count)
    }

    /// Reads the rest to the end and gives the same.
    ///
    /// # Errors
    /// What reading gives.
    pub fn finish_all(mut self) -> io::Result<(String, u64)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.finish())
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.count = self.count.saturating_add(count as u64);
        Ok(count)
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a hash list as `sha256sum` does: a name with a backslash or line break gets a backslash before its line.
///
/// # Errors
/// What writing gives.
pub fn write_list(out: &mut dyn Write, list: &[Listed]) -> io::Result<()> {
    for (path, sha256) in list {
        if path.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r')) {
            out.write_all(b"\\")?;
        }
        write!(out, "{sha256}  ")?;
        for byte in path {
            match byte {
                b'\\' => out.write_all(b"\\\\")?,
                b'\n' => out.write_all(b"\\n")?,
                b'\r' => out.write_all(b"\\r")?,
                byte => out.write_all(&[*byte])?,
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads a hash list as `sha256sum` writes it (text or binary mark), in the list's own order.
///
/// # Errors
/// [`Error::Damaged`] with the number of the first line that is none.
pub fn read_list(bytes: &[u8]) -> Result<Vec<Listed>, Error> {
    let mut list = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() || line == b"\r" {
            continue;
        }
        let bad = || Error::Damaged {
            what: "the hash list".into(),
            detail: format!("line {} is not a hash and a name", number + 1),
        };
        list.push(read_line(line).ok_or_else(bad)?);
    }
    Ok(list)
}

fn read_line(line: &[u8]) -> Option<Listed> {
    let (escaped, line) = line.strip_prefix(b"\\").map_or((false, line), |rest| (true, rest));
    let (digits, rest) = line.split_first_chunk::<64>()?;
    let name = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"))?;
    if name.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let sha256 = String::from_utf8(digits.to_ascii_lowercase()).ok()?;
    if !escaped {
        return Some((name.to_vec(), sha256));
    }
    let mut path = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        path.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => *byte,
        });
    }
    Some((path, sha256))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::evidence::tests::context;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    /// SHA-256 of "abc" (FIPS 180-4 example).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn every_file_is_hashed_or_recorded() {
        let (scratch, ctx) = context(&[]);
        let root = scratch.path().join("in");
        std::fs::create_dir_all(root.join("b")).unwrap();
        std::fs::write(root.join("b/abc"), b"abc").unwrap();
        std::fs::write(root.join("empty"), b"").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("b/abc", root.join("link")).unwrap();
        let seen = AtomicU64::new(0);
        let inputs = [root.clone(), root.join("b/abc"), root.join("b")];
        let hashes =
            hash_inputs(&inputs, &|done, total| assert!(seen.fetch_max(done, Ordering::Relaxed) <= total), &ctx.cancel)
                .unwrap();
        let of = |name: &str| hashes.iter().find(|hash| hash.path == name.as_bytes()).unwrap();
        assert_eq!((of("in/b/abc").sha256.as_deref(), of("in/b/abc").size), (Some(ABC), 3));
        assert_eq!(of("in/empty").sha256.as_deref(), Some(EMPTY));
        assert_eq!((of("abc").sha256.as_deref(), of("b/abc").sha256.as_deref()), (Some(ABC), Some(ABC)));
        #[cfg(unix)]
        assert_eq!((of("in/link").sha256.clone(), of("in/link").problem.as_deref()), (None, Some("link")));
        assert!(hashes.is_sorted_by_key(|hash| &hash.path));
        assert_eq!(seen.load(Ordering::Relaxed), 9);
        assert!(matches!(hash_inputs(&[root.join("none")], &|_, _| (), &ctx.cancel), Err(Error::NotFound(_))));
        ctx.cancel.set();
        assert!(matches!(hash_inputs(&inputs, &|_, _| (), &ctx.cancel), Err(Error::Cancelled)));
    }

    #[test]
    fn the_reader_hashes_what_was_read() {
        let mut reader = HashingReader::new(b"abcdef".as_slice());
        reader.read_exact(&mut [0; 3]).unwrap();
        assert_eq!(reader.finish(), (ABC.to_string(), 3));
        assert_eq!(HashingReader::new(b"".as_slice()).finish_all().unwrap(), (EMPTY.to_string(), 0));
    }

    #[test]
    fn lists_are_written_and_read_as_coreutils_does() {
        let list: Vec<Listed> = [b"plain name".as_slice(), b"back\\slash", b"line\nbreak", b"caf\xe9", b"cr\r"]
            .iter()
            .map(|name| (name.to_vec(), ABC.to_string()))
            .collect();
        let mut text = Vec::new();
        write_list(&mut text, &list).unwrap();
        let expected = format!("{ABC}  plain name\n\\{ABC}  back\\\\slash\n\\{ABC}  line\\nbreak\n{ABC}  caf");
        assert!(text.starts_with(expected.as_bytes()));
        assert_eq!(read_list(&text).unwrap(), list);
        assert_eq!(
            read_list(format!("{} *a\n", ABC.to_uppercase()).as_bytes()).unwrap(),
            [(b"a".to_vec(), ABC.to_string())]
        );
        for bad in ["nonsense", &format!("{ABC} a"), &format!("\\{ABC}  a\\q"), &format!("{ABC}  ")] {
            assert!(read_list(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_survives_the_list(name in proptest::collection::vec(1u8.., 1..40)) {
            let list = vec![(name, ABC.to_string())];
            let mut text = Vec::new();
            write_list(&mut text, &list).unwrap();
            proptest::prop_assert_eq!(read_list(&text).unwrap(), list);
        }
    }
}
