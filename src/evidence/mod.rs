//! Evidence: the copies that were handed in, opened read-only.
//!
//! A [`Container`] holds streams (named bytes): a folder, an archive, an iPhone backup, a bug report. Containers nest: an
//! iPhone backup may lie in a zip, a bug report in a folder. This module knows how each container is laid out and how its
//! bytes are unlocked; what the bytes mean is the business of readers and artifacts.

mod cbc;
mod folder;
mod property_list;
mod source;
mod tar;

pub mod android_backup;
pub mod dumpstate;
pub mod hash;
pub mod ios;
pub mod keybag;
pub mod ledger;
mod loose;
pub mod open;
pub mod scratch;
pub mod zip;

pub use dumpstate::Dumpstate;
pub use folder::Folder;
pub use open::{Evidence, Opened, open_input, open_locked, resolve_inputs};
pub use source::Source;
pub use tar::Tar;

use std::io::Read;
use std::path::{Path, PathBuf};

/// What kind of container this is; the name under which data files refer to it (`container = "ios-backup"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A folder on disk.
    Folder,
    /// A single file handed in by itself.
    File,
    /// A zip archive (zip64, AES and traditional encryption included).
    Zip,
    /// A tar archive, plain or gzip-compressed.
    Tar,
    /// An Android backup (`adb backup`, `.ab`).
    AndroidBackup,
    /// An iTunes/Finder backup of an iPhone or iPad.
    IosBackup,
    /// A copy of the files of an iPhone or iPad, whole or in part.
    IosFilesystem,
    /// The text of an Android bug report, or of `dumpsys`, cut into its sections.
    Dumpstate,
}

impl Kind {
    /// The name used in data files and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::File => "file",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::AndroidBackup => "android-backup",
            Self::IosBackup => "ios-backup",
            Self::IosFilesystem => "ios-filesystem",
            Self::Dumpstate => "dumpstate",
        }
    }
}

/// One stream in a container, as the container's own table of contents lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The logical name that artifacts match on: `Library/TCC/TCC.db` under `HomeDomain` is
    /// `HomeDomain::Library/TCC/TCC.db`; in a folder or archive the path with `/`; in a bug report `dumpsys::package`.
    /// Bytes that are not UTF-8 are shown as `\xNN`. It is a label, never a place to write to.
    pub path: String,
    /// Where the stored bytes lie in the parent container, when that differs from `path` (an iOS backup's
    /// `3d/3d0d7e5f…`).
    pub stored: Option<String>,
    /// Size in bytes that the container claims for the stream as read. Not authoritative.
    pub size: u64,
    /// Last modification as stored, Unix seconds UTC.
    pub modified: Option<i64>,
    /// Creation as stored, Unix seconds UTC.
    pub created: Option<i64>,
    /// Byte offset of the stream in the parent stream, for containers cut out of one text (bug reports).
    pub offset: Option<u64>,
    /// First line number (1-based) of the stream in the parent stream, for the same containers.
    pub line: Option<u64>,
    /// Whether the bytes are encrypted in the container and decrypted on reading.
    pub encrypted: bool,
    /// Why the bytes cannot be read, when the table of contents already tells (payload missing, cut off, link).
    pub unreadable: Option<String>,
}

/// A container of streams. Opening never writes to the evidence.
pub trait Container: Send + Sync {
    /// The kind of this container.
    fn kind(&self) -> Kind;

    /// The table of contents, sorted by `path` (bytewise). Directories are not listed.
    fn entries(&self) -> &[Entry];

    /// Opens one stream for reading from its start, decrypted and decompressed.
    ///
    /// # Errors
    /// When the bytes are missing, damaged or locked.
    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error>;

    /// Makes the given entries quick to open. Containers that can only be read from front to back (tgz, `.ab`) fetch them
    /// all in one pass into scratch; others do nothing.
    ///
    /// # Errors
    /// When the pass over the container fails as a whole.
    fn prepare(&self, wanted: &[usize]) -> Result<(), Error> {
        let _ = wanted;
        Ok(())
    }

    /// The file on disk that holds exactly the bytes of this stream, if there is one.
    fn file(&self, entry: usize) -> Option<PathBuf> {
        let _ = entry;
        None
    }

    /// What is wrong with the container as a whole: an unfinished backup, missing payloads, a cut end. Each is one line
    /// with a stable code.
    fn remarks(&self) -> &[Remark] {
        &[]
    }

    /// What came to light only while streams were read: ciphertext whose padding does not check out (`padding-invalid`,
    /// every byte was given). Empty before anything is read; sorted by code.
    fn found_while_reading(&self) -> Vec<Remark> {
        Vec::new()
    }
}

/// Shows the bytes of a name as text: UTF-8 as it is, every byte that is not UTF-8 as `\xNN`.
#[must_use]
pub fn label(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// Something the examiner must know about a container as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Stable code, e.g. `backup-unfinished`; texts for people hang on it.
    pub code: &'static str,
    /// The particulars (a count, a name), in English, without private content.
    pub detail: String,
    /// How many things it concerns.
    pub count: u64,
}

/// A password as typed, wiped on drop and without a readable `Debug`.
#[derive(Clone)]
pub struct Password(zeroize::Zeroizing<String>);

impl Password {
    /// Takes over a password.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// The password's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What containers need while opening: the private scratch folder, the passwords to try, the wish to stop.
#[derive(Debug, Clone)]
pub struct Context {
    /// A private folder (mode 0700) for plaintext and nested archives; removed by its owner on every exit path.
    pub scratch: PathBuf,
    /// Passwords given by the user, tried in turn.
    pub passwords: Vec<Password>,
    /// Set when the user asks to stop; long loops look at it.
    pub cancel: Cancel,
}

/// A flag that says "stop now", shared between threads and the signal handler.
#[derive(Debug, Clone, Default)]
pub struct Cancel(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Cancel {
    /// Asks all work to stop.
    pub fn set(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Fails with [`Error::Cancelled`] once somebody asked to stop.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn check(&self) -> Result<(), Error> {
        if self.0.load(std::sync::atomic::Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Why evidence could not be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path does not exist.
    #[error("no such file or folder: {}", .0.display())]
    NotFound(PathBuf),
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Encrypted, and no password was given.
    #[error("{what} is encrypted and no password was given")]
    PasswordNeeded {
        /// Which container.
        what: String,
    },
    /// Encrypted, and none of the passwords opens it.
    #[error("none of the given passwords opens {what}")]
    PasswordWrong {
        /// Which container.
        what: String,
    },
    /// The bytes contradict their format.
    #[error("{what} is damaged: {detail}")]
    Damaged {
        /// Which container or stream.
        what: String,
        /// In which way.
        detail: String,
    },
    /// A form that is known by name and not read.
    #[error("{what} is not supported: {detail}")]
    Unsupported {
        /// Which container or stream.
        what: String,
        /// What exactly.
        detail: String,
    },
    /// The data held nothing (the phone refused, the user pressed cancel).
    #[error("{what} holds no data: {detail}")]
    Empty {
        /// Which container.
        what: String,
        /// In which way.
        detail: String,
    },
    /// The stream is listed, its bytes are not there.
    #[error("{what}: the bytes are missing from this copy")]
    Missing {
        /// Which stream.
        what: String,
    },
    /// A bound was passed (nesting depth, expansion ratio, header size).
    #[error("{what} passes a safety bound: {detail}")]
    Bound {
        /// Which container or stream.
        what: String,
        /// Which bound.
        detail: String,
    },
    /// The user asked to stop.
    #[error("stopped by the user")]
    Cancelled,
}

impl Error {
    /// Wraps an operating-system error with the path that it concerns.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_path_buf(), source }
    }

    /// Wraps this error so that it can come out of a [`Read`] in the middle of a stream.
    #[must_use]
    pub fn into_io(self) -> std::io::Error {
        let kind = match self {
            Self::Damaged { .. } | Self::Bound { .. } => std::io::ErrorKind::InvalidData,
            _ => std::io::ErrorKind::Other,
        };
        std::io::Error::new(kind, self)
    }

    /// Stable code; the texts for people (what happened, what to do next) hang on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::Io { .. } => "unreadable",
            Self::PasswordNeeded { .. } => "password-needed",
            Self::PasswordWrong { .. } => "password-wrong",
            Self::Damaged { .. } => "damaged",
            Self::Unsupported { .. } => "unsupported",
            Self::Empty { .. } => "no-data",
            Self::Missing { .. } => "bytes-missing",
            Self::Bound { .. } => "bound",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests {
    use super::*;

    /// A scratch folder and a context that uses it, with the given passwords.
    pub fn context(passwords: &[&str]) -> (scratch::Scratch, Context) {
        let scratch = scratch::Scratch::new().unwrap();
        let ctx = Context {
            scratch: scratch.path().to_path_buf(),
            passwords: passwords.iter().map(|text| Password::new((*text).to_string())).collect(),
            cancel: Cancel::default(),
        };
        (scratch, ctx)
    }

    /// The folder of third-party test data, or nothing (with a printed line) where it is absent.
    pub fn testdata(part: &str) -> Option<PathBuf> {
        let root = std::env::var_os("VRIJSPOOR_TESTDATA")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"), PathBuf::from);
        let found = [root.join(part), Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/testdata").join(part)]
            .into_iter()
            .find(|path| path.exists());
        if found.is_none() {
            println!("skipped: no test data at {part}");
        }
        found
    }

    /// All bytes of the entry with this path.
    pub fn read(container: &dyn Container, path: &str) -> Vec<u8> {
        let index = find(container, path);
        let mut bytes = Vec::new();
        container.open(index).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// The index of the entry with this path.
    pub fn find(container: &dyn Container, path: &str) -> usize {
        container.entries().iter().position(|entry| entry.path == path).unwrap_or_else(|| panic!("no entry {path}"))
    }

    /// The count of the remark with this code, 0 when there is none.
    pub fn remark(container: &dyn Container, code: &str) -> u64 {
        container.remarks().iter().filter(|remark| remark.code == code).map(|remark| remark.count).sum()
    }

    #[test]
    fn names_that_are_not_utf8_are_escaped() {
        assert_eq!(label(b"a\xffb/caf\xc3\xa9"), "a\\xFFb/caf\u{e9}");
        assert_eq!(label(b""), "");
    }
}
