//! Readers: one file per byte format. A reader turns a stream into rows and knows nothing of evidence, artifacts or rules.
//!
//! Every reader streams: memory is bounded by one record, not by the size of the stream. Every reader treats its input as
//! hostile: sizes, depths and counts are bounded by bytes actually read, and bad input is an error, never a panic.

use std::io::Read;

pub mod agent;
pub mod bytes;
pub mod csv;
mod daily;
pub mod functions;
pub mod html;
pub mod json;
pub mod lines;
pub mod list;
pub mod mail;
pub mod nskeyed;
pub mod outline;
pub mod package_dump;
pub mod path;
pub mod plist;
pub mod properties;
pub mod protobuf;
pub mod sniff;
pub mod sqlite;
pub mod text;
pub mod wal;
pub mod xml;

pub use sniff::sniff;

/// One row of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where the row lies in the stream: `plist:/Applications/com.example`, `json:/filter/0`, `csv:17` (record number,
    /// header is 0), `html:table 1 row 3`, `html:item 4`, `bytes:0` (the whole file), `line:120` (1-based in the stream).
    pub locator: String,
    /// The last step of the path: the dictionary key or the array index. Empty where a row has none.
    pub key: String,
    /// The row itself. Plist data is the text `base64:…`, plist dates are RFC 3339 text, in UTC.
    pub data: Data,
}

/// What a row holds: a value that a reader built, or JSON text as it stood in the stream. Text costs a check and a copy; to build a
/// value and write it out again costs ten times that, and an export can have millions of rows.
#[derive(Debug, Clone)]
pub enum Data {
    /// A value.
    Value(serde_json::Value),
    /// JSON text, known to be valid.
    Text(String),
}

impl Data {
    /// The row as JSON text.
    #[must_use]
    pub fn into_text(self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Text(text) => text,
        }
    }

    /// The row as a value.
    #[must_use]
    pub fn into_value(self) -> serde_json::Value {
        match self {
            Self::Value(value) => value,
            Self::Text(text) => serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// A member of the row by name, when the reader built it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&serde_json::Value> {
        match self {
            Self::Value(value) => value.get(name),
            Self::Text(_) => None,
        }
    }
}

impl From<serde_json::Value> for Data {
    fn from(value: serde_json::Value) -> Self {
        Self::Value(value)
    }
}

impl std::ops::Index<&str> for Data {
    type Output = serde_json::Value;

    fn index(&self, name: &str) -> &Self::Output {
        self.get(name).unwrap_or(&serde_json::Value::Null)
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.clone().into_value() == other.clone().into_value()
    }
}

impl PartialEq<serde_json::Value> for Data {
    fn eq(&self, other: &serde_json::Value) -> bool {
        *self == Self::Value(other.clone())
    }
}

/// How a stream is to be read; taken from the artifact that asks.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The repeated element for tree formats (`/devices/*`): each match is one row. Without it the whole is one row. For mail the
    /// domains of the senders asked for, joined by `|`; for HTML the class of the elements that are records.
    pub record: Option<String>,
    /// Column names that the header row of a CSV must hold, to find it behind a preamble.
    pub header: Vec<String>,
    /// Names of all columns of a CSV by position, where those in the header are not known.
    pub columns: Vec<String>,
}

/// What reading a stream came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows given to the sink.
    pub rows: u64,
    /// Records that could not be read and were passed over; each is part of a gap.
    pub skipped: u64,
    /// Repairs applied while reading (mojibake, invalid UTF-8), for the report.
    pub repaired: u64,
    /// The reason of the first skipped record.
    pub first_problem: Option<String>,
    /// The stream does not hold the part that the record path names: not an empty list, no list.
    pub absent: bool,
}

/// Why a stream could not be read in its format.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes could not be fetched.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// The bytes are not of this format.
    #[error("not {format}: {detail}")]
    Format {
        /// The format's name.
        format: &'static str,
        /// Where and how.
        detail: String,
    },
    /// A bound on size, depth or count was passed.
    #[error("{format} passes a safety bound: {detail}")]
    Bound {
        /// The format's name.
        format: &'static str,
        /// Which bound.
        detail: String,
    },
    /// `SQLite` refused.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The receiver of the rows failed.
    #[error("{0}")]
    Sink(String),
}

/// Receives rows; an error stops the reader.
pub type Sink<'a> = &'a mut dyn FnMut(Row) -> Result<(), Error>;

/// A reader over a byte stream.
pub type ReadFn = fn(&mut dyn Read, &Options, Sink<'_>) -> Result<Summary, Error>;

/// The names by which an artifact asks for a reader; `sqlite` is apart because it needs more than one stream ([`sqlite::Database`]).
pub const NAMES: [&str; 11] =
    ["bytes", "plist", "json", "csv", "html", "outline", "package-dump", "properties", "xml", "mail", "list"];

/// The reader of that name, or `None` when there is none ([`NAMES`] lists them).
#[must_use]
pub fn reader(name: &str) -> Option<ReadFn> {
    Some(match name {
        "bytes" => bytes::read,
        "plist" => plist::read,
        "json" => json::read,
        "csv" => csv::read,
        "html" => html::read,
        "outline" => outline::read,
        "package-dump" => package_dump::read,
        "properties" => properties::read,
        "mail" => mail::read,
        "list" => list::read,
        "xml" => xml::read,
        _ => return None,
    })
}

impl Summary {
    /// Counts one record that was passed over and keeps the first reason.
    fn skip(&mut self, reason: impl FnOnce() -> String) {
        self.skipped = self.skipped.saturating_add(1);
        if self.first_problem.is_none() {
            self.first_problem = Some(reason());
        }
    }

    /// Gives one row to the sink and counts it.
    fn give(&mut self, sink: &mut dyn FnMut(Row) -> Result<(), Error>, row: Row) -> Result<(), Error> {
        self.rows = self.rows.saturating_add(1);
        sink(row)
    }
}

#[cfg(test)]
mod third_party;
