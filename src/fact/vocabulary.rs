//! The vocabulary of facts, read from `artifacts/facts.toml`: which kinds there are, which columns each has, what they mean.

use super::lint::{Problem, Problems};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// Text as it is.
    Text,
    /// A whole number.
    Integer,
    /// 0 or 1.
    Bool,
    /// `2026-01-09T22:44:12Z`, or without Z when the zone is not known.
    Time,
}

impl ColumnType {
    const fn affinity(self) -> &'static str {
        match self {
            Self::Text | Self::Time => "TEXT",
            Self::Integer | Self::Bool => "INTEGER",
        }
    }
}

/// One column of a kind of fact.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What it holds.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// What it means; closed lists of values are given as `a · b · c`.
    pub doc: String,
    /// The listed values are the ones with a fixed meaning; others may occur.
    #[serde(default)]
    pub open: bool,
    /// It names another person: shown as a pseudonym unless a finding cites it.
    #[serde(default)]
    pub person: bool,
    /// A fact with one of these values is kept in the list of facts only where a finding cites it.
    #[serde(default)]
    pub only_cited: Vec<String>,
}

/// One kind of fact.
#[derive(Debug, Clone)]
pub struct FactKind {
    /// What a fact of this kind says.
    pub doc: String,
    /// Columns by which two audits know the same thing again; empty: facts of this kind are not compared.
    pub same_by: Vec<String>,
    /// Columns whose change is worth saying.
    pub watch: Vec<String>,
    /// Its columns, in order.
    pub columns: Vec<(String, Column)>,
}

impl FactKind {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, c)| c)
    }
}

/// All kinds of facts.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Kind of fact by name.
    pub kinds: BTreeMap<String, FactKind>,
}

/// Columns that every kind has; they cannot be emitted.
pub const COMMON: [&str; 3] = ["ev", "source", "artifact"];

impl Vocabulary {
    /// Reads the vocabulary from the text of `facts.toml`.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        let table: toml::Table =
            toml::from_str(text).map_err(|e| Problems(vec![Problem::from_toml(file, text, &e)]))?;
        let (mut kinds, mut problems) = (BTreeMap::new(), Vec::new());
        for (name, body) in table {
            let heading = format!("[{name}]");
            let toml::Value::Table(body) = body else {
                problems.push(Problem::near(file, text, &name, format!("`{name}` must be a table: [{name}]")));
                continue;
            };
            let mut kind = FactKind { doc: String::new(), same_by: Vec::new(), watch: Vec::new(), columns: Vec::new() };
            for (key, value) in body {
                if key == "doc" {
                    kind.doc = value.as_str().unwrap_or_default().to_string();
                } else if key == "same_by" {
                    kind.same_by = names(&value);
                } else if key == "watch" {
                    kind.watch = names(&value);
                } else if COMMON.contains(&key.as_str()) {
                    problems.push(Problem::near(file, text, &heading, format!("`{key}` is a column of every kind")));
                } else {
                    match value.try_into::<Column>() {
                        Ok(column) => kind.columns.push((key, column)),
                        Err(e) => problems.push(Problem::near(
                            file,
                            text,
                            &heading,
                            format!("column `{key}`: {}", e.message()),
                        )),
                    }
                }
            }
            for column in kind.same_by.iter().chain(&kind.watch).filter(|c| kind.column(c).is_none()) {
                problems.push(Problem::near(file, text, &heading, format!("`{column}` is no column of `{name}`")));
            }
            if kind.doc.is_empty() {
                problems.push(Problem::near(file, text, &heading, "a kind of fact needs a `doc`"));
            }
            kinds.insert(name, kind);
        }
        Problems::or(problems, Self { kinds })
    }

    /// The statements that create the tables of all kinds.
    #[must_use]
    pub fn schema(&self) -> String {
        let mut sql = String::new();
        for (name, kind) in &self.kinds {
            let common = "ev INTEGER PRIMARY KEY, source TEXT NOT NULL, artifact TEXT NOT NULL";
            let columns = kind.columns.iter().map(|(column, c)| format!(", {column} {}", c.column_type.affinity()));
            let columns: Vec<String> = columns.collect();
            let _ = writeln!(sql, "CREATE TABLE {name} ({common}{});", columns.concat());
        }
        sql
    }
}

/// The texts of an array.
fn names(value: &toml::Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_string)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_makes_tables() {
        let v = Vocabulary::parse("facts.toml", crate::embedded::artifact("facts.toml").unwrap()).unwrap();
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        conn.execute_batch(&v.schema()).unwrap();
        assert!(v.kinds.len() >= 30);
        for (name, kind) in &v.kinds {
            for (column, c) in &kind.columns {
                assert!(c.doc.len() > 2, "{name}.{column} needs a doc");
            }
        }
    }

    #[test]
    fn a_wrong_type_is_pointed_at() {
        let problems = Vocabulary::parse("f", "[a]\ndoc = \"x\"\nb = { type = \"blob\", doc = \"y\" }\n").unwrap_err();
        assert_eq!(problems.0.len(), 1);
        assert!(problems.0[0].message.contains('b'), "{problems}");
    }
}
