//! `Manifest.db`, the table of contents of backups since iOS 10: brings it to where `SQLite` can read it without touching the
//! evidence, and reads its rows so that one bad row, or a cut end, never loses the rest (catalogue/ios.md 1.5, 1.13).

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::mbfile::{self, FileRecord};
use crate::evidence::source::broken;
use crate::evidence::{Context, Error, label};

const WHAT: &str = "Manifest.db";

/// First bytes of every `SQLite` database.
pub(in crate::evidence) const SQLITE: &[u8] = b"SQLite format 3\0";

/// The most rows; a full phone has about a million.
const MOST_ROWS: usize = 8_000_000;

/// One row of the table `Files`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// 40 lower-case hexadecimal digits.
    pub file_id: String,
    pub domain: String,
    pub path: String,
    /// 1 file, 2 folder, 4 link; others are kept.
    pub flags: i64,
    /// What the file record says; nothing when it cannot be read.
    pub record: Option<FileRecord>,
}

/// The table as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub rows: Vec<Row>,
    /// Rows passed over or read without their file record.
    pub damaged: u64,
    /// What ended the reading too early.
    pub cut: Option<String>,
}

/// A manifest that `SQLite` may open.
pub(super) enum Place<'a> {
    /// The evidence file itself: complete, and without a write-ahead log beside it.
    Evidence(&'a Path),
    /// A private copy, removed on drop.
    Copy(Copy),
}

/// A private folder with a copy of the manifest.
pub(super) struct Copy {
    folder: tempfile::TempDir,
    /// Length of the database in bytes, without padding.
    pub length: u64,
}

impl Copy {
    /// Copies a manifest to scratch. Bytes behind the last whole page (padding, a cut page) are left out; a database that
    /// is shorter than its header says is made to say what is there.
    pub(super) fn make(stream: &mut dyn Read, ctx: &Context) -> Result<Self, Error> {
        let wrap = |source| Error::io(&ctx.scratch, source);
        let folder = tempfile::Builder::new().prefix("manifest-").tempdir_in(&ctx.scratch).map_err(wrap)?;
        let mut file = private_file(&folder.path().join(WHAT)).map_err(wrap)?;
        let mut head = Vec::new();
        stream.take(100).read_to_end(&mut head).map_err(|error| broken(WHAT, error))?;
        file.write_all(&head).map_err(wrap)?;
        let mut length = head.len() as u64;
        let mut buffer = vec![0; 1 << 16];
        loop {
            ctx.cancel.check()?;
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    file.write_all(buffer.get(..count).unwrap_or_default()).map_err(wrap)?;
                    length = length.saturating_add(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The rows before the damage are still worth reading.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => break,
                Err(error) => return Err(broken(WHAT, error)),
            }
        }
        let (page, pages) = sizes(&head);
        length -= length % page;
        file.set_len(length).map_err(wrap)?;
        if length / page < pages {
            io::Seek::seek(&mut file, io::SeekFrom::Start(28)).map_err(wrap)?;
            file.write_all(&[0; 4]).map_err(wrap)?;
        }
        Ok(Self { folder, length })
    }

    /// Lays the write-ahead log beside the copy; `SQLite` will merge it there.
    pub(super) fn add_log(&self, log: &mut dyn Read) -> Result<(), Error> {
        let path = self.folder.path().join("Manifest.db-wal");
        let mut file = private_file(&path).map_err(|source| Error::io(&path, source))?;
        io::copy(log, &mut file).map_err(|error| broken(WHAT, error))?;
        Ok(())
    }
}

/// Page size and number of pages as the header of a database tells them.
pub(super) fn sizes(head: &[u8]) -> (u64, u64) {
    let number = |range: std::ops::Range<usize>| {
        head.get(range).unwrap_or_default().iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let page = match number(16..18) {
        1 => 65_536,
        page if page.is_power_of_two() && page >= 512 => page,
        _ => 4096,
    };
    (page, number(28..32))
}

fn private_file(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reads the table. The damage of single rows is counted.
///
/// # Errors
/// [`Error::Damaged`] when not one row can be read, [`Error::Bound`], [`Error::Cancelled`].
pub(super) fn read(place: &Place<'_>, ctx: &Context) -> Result<Manifest, Error> {
    let connection = connect(place).map_err(|error| damaged(&error))?;
    let mut manifest = Manifest::default();
    let forward = scan(
        &connection,
        "SELECT rowid, fileID, domain, relativePath, flags, file FROM Files ORDER BY rowid",
        None,
        &mut manifest,
        ctx,
    )?;
    if let Err(error) = forward.end {
        // What lies behind the damage can be reached from the other end.
        let backward = "SELECT rowid, fileID, domain, relativePath, flags, file FROM Files ORDER BY rowid DESC";
        let _ = scan(&connection, backward, forward.last, &mut manifest, ctx)?;
        if manifest.rows.is_empty() {
            return Err(damaged(&error));
        }
        manifest.cut = Some(error.to_string());
    }
    Ok(manifest)
}

fn damaged(error: &rusqlite::Error) -> Error {
    Error::Damaged { what: WHAT.to_string(), detail: error.to_string() }
}

fn connect(place: &Place<'_>) -> rusqlite::Result<Connection> {
    let connection = match place {
        Place::Evidence(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(immutable(path), flags)?
        }
        Place::Copy(copy) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(copy.folder.path().join(WHAT), flags)?
        }
    };
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;")?;
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, 64 << 20)?;
    Ok(connection)
}

/// The address under which `SQLite` reads a file without locks and without writing beside it.
fn immutable(path: &Path) -> PathBuf {
    use std::fmt::Write as _;
    let mut address = String::from("file:");
    let bytes = path.as_os_str().as_encoded_bytes();
    if cfg!(windows) && !bytes.starts_with(b"\\") {
        address.push('/');
    }
    for byte in bytes {
        match byte {
            b'\\' if cfg!(windows) => address.push('/'),
            b'/' | b'-' | b'.' | b'_' | b'~' | b':' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            byte => {
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    PathBuf::from(address + "?immutable=1")
}

/// How far a scan came.
struct Scan {
    last: Option<i64>,
    end: Result<(), rusqlite::Error>,
}

/// Reads rows until the end, an error, or the row where an earlier scan stopped.
fn scan(
    connection: &Connection,
    sql: &str,
    stop: Option<i64>,
    manifest: &mut Manifest,
    ctx: &Context,
) -> Result<Scan, Error> {
    let mut last = None;
    let mut batch: Vec<(Option<Row>, Vec<u8>)> = Vec::new();
    let work = |batch: &mut Vec<(Option<Row>, Vec<u8>)>, manifest: &mut Manifest| {
        let decode =
            |(row, blob): (Option<Row>, Vec<u8>)| row.map(|row| Row { record: mbfile::decode(&blob).ok(), ..row });
        let rows: Vec<_> = std::mem::take(batch).into_par_iter().map(decode).collect();
        for row in rows {
            manifest.damaged += u64::from(row.as_ref().is_none_or(|row| row.record.is_none()));
            manifest.rows.extend(row);
        }
    };
    let end = (|| {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let rowid: i64 = row.get(0)?;
            if stop == Some(rowid) {
                break;
            }
            last = Some(rowid);
            batch.push(take_row(row));
            if batch.len() >= 4096 {
                if ctx.cancel.check().is_err() || manifest.rows.len() >= MOST_ROWS {
                    break;
                }
                work(&mut batch, manifest);
            }
        }
        Ok(())
    })();
    work(&mut batch, manifest);
    ctx.cancel.check()?;
    if manifest.rows.len() >= MOST_ROWS {
        return Err(Error::Bound { what: WHAT.to_string(), detail: format!("more than {MOST_ROWS} rows") });
    }
    Ok(Scan { last, end })
}

/// The row without its file record, and the record's bytes; no row when it cannot be used.
fn take_row(row: &rusqlite::Row<'_>) -> (Option<Row>, Vec<u8>) {
    let text = |column: usize| match row.get_ref(column) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => Some(label(bytes)),
        _ => None,
    };
    let blob = match row.get_ref(5) {
        Ok(ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    };
    let flags = match row.get_ref(4) {
        Ok(ValueRef::Integer(flags)) => flags,
        _ => 1,
    };
    let file_id = text(1).filter(|id| is_file_id(id));
    let whole = file_id.zip(text(2)).map(|(file_id, domain)| Row {
        file_id,
        domain,
        path: text(3).unwrap_or_default(),
        flags,
        record: None,
    });
    (whole, blob)
}

/// Whether this is the name of a stored file: 40 lower-case hexadecimal digits, and nothing that could be a path.
pub(super) fn is_file_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
