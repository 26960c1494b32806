//! `SQLite` databases, read without touching the evidence. A file without a log is opened in place as immutable; a database
//! with a log, or one that comes out of a container, is read from memory when it is small and from a private scratch file
//! when it is large. Every connection is hardened: the schema and the content come from somebody else.

mod watch;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::hooks::AuthContext;
use rusqlite::limits::Limit;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags};

use self::watch::Watch;
use super::wal::{Wal, WalReport, read_full};
use super::{Error, Summary, functions};

const FORMAT: &str = "sqlite";
/// Databases up to this size are held in memory, larger ones in scratch.
const MEMORY: usize = 32 << 20;
/// The main file of a database.
pub enum Main<'a> {
    /// A file on disk, opened in place (never written) when there is no log and it is whole.
    File(&'a Path),
    /// Bytes out of a container.
    Stream(&'a mut dyn Read),
}

/// One row: column names as the query gives them, and values as stored. Text that is not UTF-8 has U+FFFD in its place.
pub type Columns = Vec<(String, Value)>;

/// An open database.
pub struct Database {
    connection: Connection,
    watch: Arc<Watch>,
    /// What the write-ahead log held.
    pub wal: WalReport,
    /// Whether the main file is shorter than its header says; tables on lost pages will fail when asked.
    pub truncated: bool,
    /// Kept for its `Drop`, after the connection: it removes the scratch file.
    _scratch: Option<tempfile::TempPath>,
}

impl Database {
    /// Opens a database. `wal` is the `-wal` stream that belongs to it; `scratch` is a private folder for what does not fit in memory.
    ///
    /// # Errors
    /// [`Error::Format`] when the main file is empty or no database, [`Error::Io`] on reading or writing, [`Error::Sqlite`] when
    /// the schema cannot be read.
    pub fn open(main: Main<'_>, wal: Option<&mut dyn Read>, scratch: &Path) -> Result<Self, Error> {
        let mut wal = match wal {
            Some(stream) => Wal::read(stream, scratch)?,
            None => Wal::read(&mut std::io::empty(), scratch)?,
        };
        match main {
            Main::Stream(stream) => Self::copied(stream, &mut wal, scratch),
            Main::File(path) => {
                let mut file = std::fs::File::open(path)?;
                let mut head = [0_u8; 100];
                let have = read_full(&mut file, &mut head)?;
                let length = file.metadata()?.len();
                let whole = have == 100 && Header::parse(&head).is_some_and(|header| header.bytes() <= length);
                if wal.report.applied == 0 && whole {
                    let connection = Connection::open_with_flags(
                        immutable_uri(path)?,
                        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX,
                    )?;
                    return Self::harden(connection, wal.report, false, None);
                }
                Self::copied(&mut head.get(..have).unwrap_or_default().chain(file), &mut wal, scratch)
            }
        }
    }

    /// Copies the pages, those of the log over those of the main file.
    fn copied(main: &mut dyn Read, wal: &mut Wal, scratch: &Path) -> Result<Self, Error> {
        let mut head = vec![0_u8; 100];
        let have = read_full(main, &mut head)?;
        head.truncate(have);
        if have == 0 && wal.page_size == 0 {
            return Err(format("the stream is empty"));
        }
        let header = Header::parse(&head);
        let page_size = match (&header, wal.page_size) {
            // A database can live in its log alone until the first checkpoint.
            (None, size) if have == 0 => size,
            (None, _) if head.starts_with(b"SQLite format 3\0") => {
                return Err(format("the stream ends inside the header"));
            }
            (None, _) => return Err(format("it does not begin as a database does (encrypted, or another format)")),
            (Some(header), size) => {
                if size != 0 && size != header.page_size {
                    wal.discard("its pages have another size than those of the database");
                }
                header.page_size
            }
        };
        let committed = (wal.page_size != 0).then_some(wal.pages);
        let mut copy = Copy { memory: Vec::new(), file: None, scratch };
        let mut main = (&head[..]).chain(main);
        let mut page = vec![0_u8; page_size];
        let (mut number, mut main_pages, mut main_ended) = (0_u64, 0_u64, false);
        while committed.is_none_or(|pages| number < pages) {
            let have = if main_ended { 0 } else { read_full(&mut main, &mut page)? };
            main_ended = have < page.len();
            main_pages += u64::from(!main_ended);
            page.get_mut(have..).unwrap_or_default().fill(0);
            let logged = wal.page(number + 1, &mut page)?;
            // Beyond the main file only the log can give pages; a log that promises far more than it holds is not believed.
            if have == 0 && !logged && (committed.is_none() || number > main_pages.saturating_add(wal.report.applied)) {
                break;
            }
            if number == 0 {
                // Read and write version 1: the copy has no log, and SQLite would look for one.
                page.get_mut(18..20).unwrap_or_default().fill(1);
            }
            copy.add(&page)?;
            number += 1;
        }
        let promised = committed.or(header.as_ref().map(|header| header.pages)).unwrap_or(0);
        let truncated =
            promised > number || header.is_some_and(|header| committed.is_none() && header.pages > main_pages);
        // SQLite refuses a schema whose tables lie beyond the end, so lost pages are put back empty: only the queries that need
        // them fail. A header that promises far more than there was is not believed; then the page count is corrected.
        let (have, wanted) = (number.saturating_mul(page_size as u64), promised.saturating_mul(page_size as u64));
        let padded = truncated && wanted <= have.saturating_mul(16).max(MEMORY as u64);
        if padded {
            copy.extend(wanted)?;
        }
        let (connection, path) = copy.open(if truncated && !padded { u32::try_from(number).ok() } else { None })?;
        Self::harden(connection, wal.report.clone(), truncated, path)
    }

    fn harden(
        mut connection: Connection,
        wal: WalReport,
        truncated: bool,
        scratch: Option<tempfile::TempPath>,
    ) -> Result<Self, Error> {
        for (config, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        ] {
            connection.set_db_config(config, on)?;
        }
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, 64 << 20),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
            (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            connection.set_limit(limit, value)?;
        }
        // Pragmas before the authorizer, which refuses them.
        connection.execute_batch(
            "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;",
        )?;
        functions::register(&connection)?;
        // Reads the schema, so that a file that only looks like a database fails here and not in the first query.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let watch = Arc::new(Watch::default());
        let asked = Arc::clone(&watch);
        connection.authorizer(Some(move |context: AuthContext<'_>| asked.authorize(&context.action)))?;
        let seen = Arc::clone(&watch);
        connection.progress_handler(watch::STEPS, Some(move || seen.is_over()))?;
        Ok(Self { connection, watch, wal, truncated, _scratch: scratch })
    }

    /// What the SQL function `stream_path()` gives in this database.
    ///
    /// # Errors
    /// `SQLite` refused the registration.
    pub fn name_stream(&self, name: &str) -> Result<(), Error> {
        Ok(functions::name_stream(&self.connection, name)?)
    }

    /// The columns of a table as the schema names them, or `None` when there is no such readable table. Upper and lower case
    /// are the same, as in SQL.
    #[must_use]
    pub fn columns(&self, table: &str) -> Option<Vec<String>> {
        let quoted = table.replace('"', "\"\"");
        self.watch.restart("");
        let statement = self.connection.prepare(&format!("SELECT * FROM \"{quoted}\"")).ok()?;
        Some(statement.column_names().map(str::to_owned).collect())
    }

    /// Runs one query and gives each row to the sink as it comes.
    ///
    /// # Errors
    /// [`Error::Sqlite`] for a bad query, a damaged page or a query that takes too long; rows before that were given already.
    /// [`Error::Sink`] or another error of the sink ends the query.
    pub fn query(&self, sql: &str, sink: &mut dyn FnMut(Columns) -> Result<(), Error>) -> Result<Summary, Error> {
        let mut summary = Summary::default();
        self.watch.restart(sql);
        let mut statement = self.connection.prepare(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.raw_query();
        loop {
            self.watch.resume();
            let row = rows.next();
            self.watch.pause();
            let Some(row) = row? else { return Ok(summary) };
            let mut columns = Vec::with_capacity(names.len());
            let mut repaired = false;
            for (index, name) in names.iter().enumerate() {
                let value = match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Real(number) => Value::Real(number),
                    ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                    ValueRef::Text(bytes) => Value::Text(match String::from_utf8_lossy(bytes) {
                        std::borrow::Cow::Borrowed(text) => text.to_owned(),
                        std::borrow::Cow::Owned(text) => {
                            repaired = true;
                            text
                        }
                    }),
                };
                columns.push((name.clone(), value));
            }
            summary.rows += 1;
            summary.repaired += u64::from(repaired);
            sink(columns)?;
        }
    }
}

/// What the header of a main file says.
struct Header {
    page_size: usize,
    pages: u64,
}

impl Header {
    fn parse(head: &[u8]) -> Option<Self> {
        let head = head.first_chunk::<100>()?;
        if !head.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let page_size = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 65536,
            size => usize::from(size),
        };
        if page_size < 512 || !page_size.is_power_of_two() {
            return None;
        }
        // The page count is valid only when the change counter agrees with the one stored beside it.
        let counted = head[24..28] == head[92..96];
        let pages = u32::from_be_bytes([head[28], head[29], head[30], head[31]]);
        Some(Self { page_size, pages: if counted { u64::from(pages) } else { 0 } })
    }

    fn bytes(&self) -> u64 {
        self.pages.saturating_mul(self.page_size as u64)
    }
}

/// Where a copied database goes: memory first, a scratch file once it grows.
struct Copy<'a> {
    memory: Vec<u8>,
    file: Option<std::io::BufWriter<tempfile::NamedTempFile>>,
    scratch: &'a Path,
}

impl Copy<'_> {
    /// The scratch file once `more` bytes would not fit in memory.
    fn file_for(&mut self, more: usize) -> Result<Option<&mut std::io::BufWriter<tempfile::NamedTempFile>>, Error> {
        if self.file.is_none() && self.memory.len().saturating_add(more) > MEMORY {
            let mut file = std::io::BufWriter::new(tempfile::NamedTempFile::new_in(self.scratch)?);
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        Ok(self.file.as_mut())
    }

    fn add(&mut self, page: &[u8]) -> Result<(), Error> {
        match self.file_for(page.len())? {
            Some(file) => file.write_all(page)?,
            None => self.memory.extend_from_slice(page),
        }
        Ok(())
    }

    /// Adds zeros up to that length; in a file they take no space.
    fn extend(&mut self, length: u64) -> Result<(), Error> {
        let wanted = usize::try_from(length).unwrap_or(usize::MAX);
        let more = wanted.saturating_sub(self.memory.len());
        match self.file_for(more)? {
            Some(file) => {
                file.flush()?;
                file.get_mut().as_file_mut().set_len(length)?;
            }
            None => self.memory.resize(wanted, 0),
        }
        Ok(())
    }

    /// Opens the copy. `pages` replaces the page count of the header: `SQLite` refuses a file shorter than it promises.
    fn open(mut self, pages: Option<u32>) -> Result<(Connection, Option<tempfile::TempPath>), Error> {
        let Some(writer) = self.file.take() else {
            if let (Some(pages), Some(count)) = (pages, self.memory.get_mut(28..32)) {
                count.copy_from_slice(&pages.to_be_bytes());
            }
            let mut connection = Connection::open_in_memory()?;
            connection.deserialize_read_exact(rusqlite::MAIN_DB, &self.memory[..], self.memory.len(), true)?;
            return Ok((connection, None));
        };
        let mut file = writer.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        if let Some(pages) = pages {
            std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(28))?;
            file.write_all(&pages.to_be_bytes())?;
        }
        file.flush()?;
        let path = file.into_temp_path();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok((Connection::open_with_flags(immutable_uri(&path)?, flags)?, Some(path)))
    }
}

/// The path as a URI that forbids locks, logs and journals: `file:/…?immutable=1`.
fn immutable_uri(path: &Path) -> Result<String, Error> {
    let path = std::path::absolute(path)?;
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec();
    #[cfg(not(unix))]
    let bytes = format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes();
    let mut uri = "file://".to_owned();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/-_.~:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    Ok(uri)
}

fn format(detail: &str) -> Error {
    Error::Format { format: FORMAT, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
