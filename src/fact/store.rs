//! The fact store: one private `SQLite` database, in memory or in scratch, with a table for every kind of fact, plus the tables `stream`,
//! `citation` and `coverage`. Facts are added while extracting; after [`Store::seal`] the store can only be asked, and a
//! question sees neither clock nor chance nor any other file.

use super::vocabulary::Vocabulary;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::path::Path;

/// A fact before it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewFact {
    /// Its kind.
    pub kind: String,
    /// Decoded values by column; columns that are absent are NULL.
    #[serde(with = "cells")]
    pub values: BTreeMap<String, Value>,
    /// Where in the stream.
    pub locator: String,
    /// The raw values as they stand there, by the name of the selected column: a JSON object. As text, so that no number is
    /// rounded on its way.
    pub raw: String,
}

/// Values of `SQLite` as they are packed.
mod cells {
    use super::{BTreeMap, Value};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    enum Cell {
        N,
        I(i64),
        /// The bits: JSON rounds.
        R(u64),
        T(String),
        B(Vec<u8>),
    }

    pub fn serialize<S: Serializer>(values: &BTreeMap<String, Value>, to: S) -> Result<S::Ok, S::Error> {
        let cell = |value: &Value| match value {
            Value::Null => Cell::N,
            Value::Integer(i) => Cell::I(*i),
            Value::Real(f) => Cell::R(f.to_bits()),
            Value::Text(text) => Cell::T(text.clone()),
            Value::Blob(bytes) => Cell::B(bytes.clone()),
        };
        to.collect_map(values.iter().map(|(name, value)| (name, cell(value))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Value>, D::Error> {
        let value = |cell: Cell| match cell {
            Cell::N => Value::Null,
            Cell::I(i) => Value::Integer(i),
            Cell::R(bits) => Value::Real(f64::from_bits(bits)),
            Cell::T(text) => Value::Text(text),
            Cell::B(bytes) => Value::Blob(bytes),
        };
        let cells = BTreeMap::<String, Cell>::deserialize(from)?;
        Ok(cells.into_iter().map(|(name, cell)| (name, value(cell))).collect())
    }
}

/// A citation as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Cited {
    /// Number of the fact.
    pub ev: i64,
    /// Kind of fact.
    pub fact: String,
    /// Number of the stream.
    pub stream: i64,
    /// Which artifact made the fact.
    pub artifact: String,
    /// Which source it belongs to.
    pub source: String,
    /// Where in the stream.
    pub locator: String,
    /// Raw values.
    pub raw: BTreeMap<String, serde_json::Value>,
    /// Decoded values, NULLs left out.
    pub decoded: BTreeMap<String, serde_json::Value>,
}

/// The fact store.
pub struct Store {
    conn: Connection,
    next: i64,
    inserts: BTreeMap<String, (String, Vec<String>)>,
}

/// Tables that exist beside the kinds of facts.
const SYSTEM_TABLES: &str = "
CREATE TABLE stream (id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE citation (ev INTEGER PRIMARY KEY, fact TEXT NOT NULL, stream INTEGER NOT NULL, artifact TEXT NOT NULL,
                       source TEXT NOT NULL, locator TEXT NOT NULL, raw TEXT NOT NULL);
CREATE TABLE coverage (artifact TEXT NOT NULL, source TEXT NOT NULL, outcome TEXT NOT NULL, rows INTEGER NOT NULL);
CREATE TABLE person (role TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, label TEXT NOT NULL);
CREATE TABLE indicator (kind TEXT NOT NULL, value TEXT NOT NULL, name TEXT NOT NULL, category TEXT NOT NULL,
                        generic INTEGER NOT NULL, list TEXT NOT NULL);
CREATE INDEX indicator_value ON indicator (value);
CREATE TABLE known (kind TEXT NOT NULL, pattern TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE category (id TEXT NOT NULL, nl TEXT NOT NULL, en TEXT NOT NULL, covert INTEGER NOT NULL);
CREATE VIEW own AS SELECT label, nullif(value ->> '$.kind', '') AS kind, nullif(value ->> '$.os', '') AS os,
  nullif(value ->> '$.maker', '') AS maker, nullif(value ->> '$.model', '') AS model, nullif(value ->> '$.value', '') AS value,
  value ->> '$.from' AS from_at, value ->> '$.until' AS until_at FROM person WHERE role = 'own' AND kind = 'thing';
CREATE VIEW period AS SELECT kind, nullif(value ->> '$.country', '') AS country, value ->> '$.from' AS from_at,
  value ->> '$.until' AS until_at FROM person WHERE role = 'period';
CREATE TABLE case_file (as_of TEXT, living TEXT, age_band TEXT);
";

/// Names of the tables that a rule may read beside the kinds of facts; they say nothing about coverage.
pub const SYSTEM: [&str; 10] =
    ["stream", "citation", "coverage", "person", "own", "period", "indicator", "known", "category", "case_file"];

impl Store {
    /// An empty store in memory, with the tables of the vocabulary.
    ///
    /// # Errors
    /// When `SQLite` refuses the schema.
    pub fn new(vocabulary: &Vocabulary) -> rusqlite::Result<Self> {
        Self::fill(vocabulary, Connection::open_in_memory()?)
    }

    /// An empty store in a file of its own in `scratch`, with a bounded part of it in memory: a long log is larger than memory
    /// should be. The file goes with the folder.
    ///
    /// # Errors
    /// When `SQLite` refuses the schema, or cannot write there.
    pub fn in_scratch(vocabulary: &Vocabulary, scratch: &Path) -> rusqlite::Result<Self> {
        let conn = Connection::open(scratch.join("facts.db"))?;
        // Nobody needs the file after a crash.
        conn.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;")?;
        Self::fill(vocabulary, conn)
    }

    fn fill(vocabulary: &Vocabulary, conn: Connection) -> rusqlite::Result<Self> {
        conn.execute_batch(&vocabulary.schema())?;
        conn.execute_batch(SYSTEM_TABLES)?;
        let mut inserts = BTreeMap::new();
        for (name, kind) in &vocabulary.kinds {
            let columns: Vec<String> = kind.columns.iter().map(|(c, _)| c.clone()).collect();
            let marks = ", ?".repeat(columns.len());
            let list = columns.iter().map(|c| format!(", {c}")).collect::<Vec<_>>().concat();
            inserts.insert(
                name.clone(),
                (format!("INSERT INTO {name} (ev, source, artifact{list}) VALUES (?, ?, ?{marks})"), columns),
            );
        }
        Ok(Self { conn, next: 1, inserts })
    }

    /// Adds a stream and gives its number.
    ///
    /// # Errors
    /// When `SQLite` refuses.
    pub fn add_stream(&mut self, source: &str, name: &str) -> rusqlite::Result<i64> {
        self.conn.execute("INSERT INTO stream (source, name) VALUES (?, ?)", params![source, name])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Adds facts with their citations, all or none.
    ///
    /// # Errors
    /// When `SQLite` refuses.
    pub fn add<F: Borrow<NewFact>>(
        &mut self,
        facts: impl IntoIterator<Item = F>,
        source: &str,
        artifact: &str,
        stream: i64,
    ) -> rusqlite::Result<()> {
        let tx = self.conn.unchecked_transaction()?;
        let mut ev = self.next;
        for fact in facts {
            let fact = fact.borrow();
            let Some((sql, columns)) = self.inserts.get(&fact.kind) else { continue };
            let mut values = vec![Value::Integer(ev), Value::Text(source.into()), Value::Text(artifact.into())];
            values.extend(columns.iter().map(|c| fact.values.get(c).cloned().unwrap_or(Value::Null)));
            tx.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?;
            tx.prepare_cached(
                "INSERT INTO citation (ev, fact, stream, artifact, source, locator, raw) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![ev, fact.kind, stream, artifact, source, fact.locator, fact.raw])?;
            ev += 1;
        }
        tx.commit()?;
        self.next = ev;
        Ok(())
    }

    /// Runs statements that fill the tables of declared people, indicators and coverage. Only before [`Store::seal`].
    ///
    /// # Errors
    /// When `SQLite` refuses.
    pub fn insert(&mut self, sql: &str, rows: impl IntoIterator<Item = Vec<Value>>) -> rusqlite::Result<()> {
        let tx = self.conn.unchecked_transaction()?;
        {
            let mut statement = tx.prepare_cached(sql)?;
            for row in rows {
                statement.execute(rusqlite::params_from_iter(row))?;
            }
        }
        tx.commit()
    }

    /// The connection, for putting views into the store. Only before [`Store::seal`].
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }

    /// Closes the store for writing and gives the connection to ask.
    ///
    /// # Errors
    /// When `SQLite` refuses.
    pub fn seal(self) -> rusqlite::Result<Sealed> {
        self.conn.pragma_update(None, "query_only", true)?;
        Ok(Sealed { conn: self.conn })
    }
}

/// A store that can only be asked.
pub struct Sealed {
    conn: Connection,
}

impl Sealed {
    /// The connection.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.conn
    }

    /// The same, for putting the sandbox on it.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }

    /// The citation of a fact with its raw and decoded values.
    ///
    /// # Errors
    /// When there is no such fact.
    pub fn cite(&self, ev: i64) -> rusqlite::Result<Cited> {
        let mut cited = self
            .conn
            .prepare_cached("SELECT ev, fact, stream, artifact, source, locator, raw FROM citation WHERE ev = ?")?
            .query_row([ev], |r| {
                Ok(Cited {
                    ev: r.get(0)?,
                    fact: r.get(1)?,
                    stream: r.get(2)?,
                    artifact: r.get(3)?,
                    source: r.get(4)?,
                    locator: r.get(5)?,
                    raw: serde_json::from_str(&r.get::<_, String>(6)?).unwrap_or_default(),
                    decoded: BTreeMap::new(),
                })
            })?;
        cited.decoded = self.rows(&format!("SELECT * FROM {} WHERE ev = {ev}", cited.fact))?.pop().unwrap_or_default();
        Ok(cited)
    }

    /// Where a fact stands: stream and locator.
    ///
    /// # Errors
    /// When there is no such fact.
    pub fn place(&self, ev: i64) -> rusqlite::Result<(i64, String)> {
        let mut place = self.conn.prepare_cached("SELECT stream, locator FROM citation WHERE ev = ?")?;
        place.query_row([ev], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// All rows of a trusted question, NULLs and the common columns left out.
    ///
    /// # Errors
    /// When `SQLite` refuses.
    pub fn rows(&self, sql: &str) -> rusqlite::Result<Vec<BTreeMap<String, serde_json::Value>>> {
        let mut statement = self.conn.prepare(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_string).collect();
        let mut rows = statement.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = BTreeMap::new();
            for (n, name) in names.iter().enumerate() {
                if super::vocabulary::COMMON.contains(&name.as_str()) {
                    continue;
                }
                match row.get::<_, Value>(n)? {
                    Value::Null | Value::Blob(_) => {}
                    Value::Integer(i) => drop(values.insert(name.clone(), i.into())),
                    Value::Real(f) => drop(values.insert(name.clone(), serde_json::json!(f))),
                    Value::Text(t) => drop(values.insert(name.clone(), t.into())),
                }
            }
            out.push(values);
        }
        Ok(out)
    }
}
