//! The mapping engine: puts an artifact's SQL to the rows of a stream and decodes what comes back into facts.
//!
//! `SQLite` streams are asked directly. Every other reader first fills a table `row(locator, key, data)` in a private database
//! (in memory when the stream is small, in scratch when it is large), so that there is one mapping language.

use super::emit::{self, Doubt, Selected, StreamTimes};
use super::shape::{HEAD, Head};
use super::{Artifact, Variant};
use crate::fact::{NewFact, Packed, Vocabulary};
use crate::reader::sqlite::{Database, Main};
use crate::reader::{self, Options};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Opens a stream from its start.
pub type Opener<'a> = dyn Fn() -> std::io::Result<Box<dyn Read + Send + 'a>> + 'a;

/// A stream as the engine needs it; what container it lies in is not its business.
pub struct StreamInput<'a> {
    /// Its logical name in the container.
    pub name: &'a str,
    /// Opens it from its start.
    pub open: &'a Opener<'a>,
    /// Openers of the streams that it is read with, by the name of their table.
    pub beside: Vec<(&'a str, Box<Opener<'a>>)>,
    /// The file on disk that holds exactly its bytes, if there is one.
    pub file: Option<PathBuf>,
    /// Opens the write-ahead log that belongs to it, if there is one.
    pub wal: Option<&'a Opener<'a>>,
    /// Size in bytes as the container claims it.
    pub size: u64,
    /// Its times.
    pub times: StreamTimes,
    /// A private folder for working files.
    pub scratch: &'a Path,
}

/// What an artifact made of a stream.
#[derive(Debug, Default)]
pub struct Extracted {
    /// The facts, in the order of the rows.
    pub facts: Packed<NewFact>,
    /// Rows that the SQL gave.
    pub rows: u64,
    /// Values that could not be decoded, with how often.
    pub doubts: BTreeMap<Doubt, u64>,
    /// Records that the reader had to pass over.
    pub skipped: u64,
    /// The reason of the first of them.
    pub first_problem: Option<String>,
    /// The stream is there, but not the part of it that is asked for.
    pub absent: bool,
    /// Which variant of the artifact fitted.
    pub variant: usize,
}

/// Why a stream gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No variant fits the tables and columns.
    #[error("no variant fits: {0}")]
    NoVariant(String),
    /// The reader refused the stream.
    #[error(transparent)]
    Reader(#[from] reader::Error),
    /// The artifact names no known reader (the loader refuses such a file).
    #[error("unknown reader {0}")]
    UnknownReader(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Reader(error.into())
    }
}

/// Streams up to this size get their rows in memory.
const IN_MEMORY: u64 = 4 * 1024 * 1024;

/// Runs an artifact over a stream.
///
/// # Errors
/// When the stream is not of the reader's format, or no variant fits.
pub fn extract(artifact: &Artifact, vocabulary: &Vocabulary, input: &StreamInput<'_>) -> Result<Extracted, Error> {
    if artifact.reader == "sqlite" {
        from_sqlite(artifact, vocabulary, input)
    } else {
        from_rows(artifact, vocabulary, input)
    }
}

/// Collects the facts of one variant.
struct Collector<'a> {
    variant: &'a Variant,
    vocabulary: &'a Vocabulary,
    times: StreamTimes,
    out: Extracted,
}

impl Collector<'_> {
    fn take(&mut self, row: &Selected, key: &str, locator: &str) {
        self.out.rows += 1;
        let mut doubts = Vec::new();
        let mut raw = String::new();
        for emit in &self.variant.emit {
            let Some(kind) = self.vocabulary.kinds.get(&emit.fact) else { continue };
            let Some(mut fact) = emit::make(emit, kind, row, self.times, &mut doubts) else { continue };
            if raw.is_empty() {
                let values = row.iter().filter(|(name, _)| *name != key).map(|(n, v)| (n, emit::to_json(v)));
                raw = serde_json::to_string(&values.collect::<BTreeMap<_, _>>()).unwrap_or_default();
            }
            locator.clone_into(&mut fact.locator);
            fact.raw.clone_from(&raw);
            self.out.facts.push(fact);
        }
        for doubt in doubts {
            *self.out.doubts.entry(doubt).or_default() += 1;
        }
    }
}

fn from_sqlite(artifact: &Artifact, vocabulary: &Vocabulary, input: &StreamInput<'_>) -> Result<Extracted, Error> {
    let mut wal = input.wal.map(|open| open()).transpose().map_err(reader::Error::Io)?;
    let wal = wal.as_mut().map(|w| &mut **w as &mut dyn Read);
    let database = match (&input.file, wal) {
        (Some(file), None) => Database::open(Main::File(file), None, input.scratch)?,
        (_, wal) => {
            let mut main = (input.open)().map_err(reader::Error::Io)?;
            Database::open(Main::Stream(&mut *main), wal, input.scratch)?
        }
    };
    database.name_stream(input.name)?;
    let (number, variant) = choose(artifact, |table| database.columns(table))?;
    let table = variant.table.clone().or_else(|| variant.needs.keys().next().cloned()).unwrap_or_default();
    let mut collector = Collector {
        variant,
        vocabulary,
        times: input.times,
        out: Extracted { variant: number, ..Extracted::default() },
    };
    database.query(&variant.sql, &mut |columns| {
        let row: Selected = columns.into_iter().collect();
        let key = row.get("rowid").map(emit::show).unwrap_or_default();
        collector.take(&row, "rowid", &format!("sqlite:{table}/{key}"));
        Ok(())
    })?;
    Ok(collector.out)
}

/// How an artifact's reader is to read a stream.
///
/// # Errors
/// When the columns of the stream have names that nobody listed, and the form of the values does not tell either.
pub fn options(artifact: &Artifact, open: &Opener<'_>) -> Result<Options, Error> {
    let mut options =
        Options { record: artifact.record.clone(), header: artifact.shape.csv.clone(), ..Options::default() };
    if !artifact.layout.is_empty() {
        let mut head = Vec::new();
        open().and_then(|stream| stream.take(HEAD as u64).read_to_end(&mut head)).map_err(reader::Error::Io)?;
        let head = Head::new(&head);
        let layout = head.layout(&artifact.layout).map_err(Error::NoVariant)?;
        options.columns = layout.columns.iter().map(|(name, _)| name.clone()).collect();
    }
    Ok(options)
}

fn from_rows(artifact: &Artifact, vocabulary: &Vocabulary, input: &StreamInput<'_>) -> Result<Extracted, Error> {
    let read = reader::reader(&artifact.reader).ok_or_else(|| Error::UnknownReader(artifact.reader.clone()))?;
    let options = options(artifact, input.open)?;
    // Dropped after the connection: the scratch file must outlive it.
    let holder;
    let conn = if input.size <= IN_MEMORY {
        Connection::open_in_memory()?
    } else {
        holder = tempfile::Builder::new().prefix("rows").tempfile_in(input.scratch).map_err(reader::Error::Io)?;
        Connection::open(holder.path())?
    };
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;")?;
    reader::functions::register(&conn)?;
    reader::functions::name_stream(&conn, input.name)?;
    let mut columns = vec!["locator".to_string(), "key".into(), "data".into()];
    if artifact.reader == "csv" {
        let mut stream = (input.open)().map_err(reader::Error::Io)?;
        for cell in reader::csv::header(&mut *stream, &options).unwrap_or_default() {
            if !columns.iter().any(|c| c.eq_ignore_ascii_case(&cell)) && !cell.is_empty() {
                columns.push(cell);
            }
        }
    }
    let quoted: Vec<String> = columns.iter().map(|c| format!("\"{}\" TEXT", c.replace('"', "\"\""))).collect();
    conn.execute_batch(&format!("CREATE TABLE row ({}); BEGIN", quoted.join(", ")))?;
    let summary = {
        let marks = vec!["?"; columns.len()].join(", ");
        let mut insert = conn.prepare(&format!("INSERT INTO row VALUES ({marks})"))?;
        let mut stream = (input.open)().map_err(reader::Error::Io)?;
        read(&mut *stream, &options, &mut |row| {
            let cells: Vec<Value> = columns
                .iter()
                .skip(3)
                .map(|c| match row.data.get(c) {
                    Some(serde_json::Value::String(s)) => Value::Text(s.clone()),
                    Some(serde_json::Value::Null) | None => Value::Null,
                    Some(other) => Value::Text(other.to_string()),
                })
                .collect();
            let own: [Value; 3] = [row.locator.into(), row.key.into(), row.data.into_text().into()];
            insert.execute(rusqlite::params_from_iter(own.into_iter().chain(cells)))?;
            Ok(())
        })?
    };
    for (table, beside) in &artifact.beside {
        let options = Options { record: beside.record.clone(), ..Options::default() };
        let table = table.replace('"', "\"\"");
        conn.execute_batch(&format!("CREATE TABLE \"{table}\" (locator TEXT, key TEXT, data TEXT)"))?;
        let mut insert = conn.prepare(&format!("INSERT INTO \"{table}\" VALUES (?, ?, ?)"))?;
        for (_, open) in input.beside.iter().filter(|(name, _)| *name == table) {
            let mut stream = open().map_err(reader::Error::Io)?;
            // What cannot be read beside is told by the artifact whose own stream it is.
            let _ = read(&mut *stream, &options, &mut |row| {
                insert.execute(rusqlite::params![row.locator, row.key, row.data.into_text()])?;
                Ok(())
            });
        }
    }
    conn.execute_batch("COMMIT")?;
    let (number, variant) = choose(artifact, |table| if table == "row" { Some(columns.clone()) } else { None })?;
    let mut collector = Collector {
        variant,
        vocabulary,
        times: input.times,
        out: Extracted { variant: number, ..Extracted::default() },
    };
    let mut statement = conn.prepare(&variant.sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_string).collect();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut selected = Selected::new();
        for (n, name) in names.iter().enumerate() {
            selected.insert(name.clone(), row.get::<_, Value>(n)?);
        }
        let locator = selected.get("locator").map(emit::show).unwrap_or_default();
        collector.take(&selected, "locator", &locator);
    }
    collector.out.skipped = summary.skipped;
    collector.out.absent = summary.absent && collector.out.rows == 0;
    collector.out.first_problem = summary.first_problem;
    Ok(collector.out)
}

/// Whether one of the artifact's variants finds its tables and columns.
#[must_use]
pub fn fits(artifact: &Artifact, columns: impl Fn(&str) -> Option<Vec<String>>) -> bool {
    choose(artifact, columns).is_ok()
}

/// The first variant whose tables and columns exist.
fn choose(artifact: &Artifact, columns: impl Fn(&str) -> Option<Vec<String>>) -> Result<(usize, &Variant), Error> {
    let mut lacking = Vec::new();
    for (n, variant) in artifact.variant.iter().enumerate() {
        let missing: Vec<String> = variant
            .needs
            .iter()
            .flat_map(|(table, needed)| match columns(table) {
                None => vec![table.clone()],
                Some(have) => needed
                    .iter()
                    .filter(|c| !have.iter().any(|h| h.eq_ignore_ascii_case(c)))
                    .map(|c| format!("{table}.{c}"))
                    .collect(),
            })
            .collect();
        if missing.is_empty() {
            return Ok((n, variant));
        }
        lacking.push(format!("variant {} lacks {}", n + 1, missing.join(", ")));
    }
    Err(Error::NoVariant(lacking.join("; ")))
}
