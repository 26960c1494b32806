//! Decoding: how the selected columns of a row become the columns of a fact.

use super::time::{self, Moment};
use super::{Emit, Expression, StreamTime};
use crate::fact::{ColumnType, FactKind, NewFact};
use rusqlite::types::Value;
use std::collections::BTreeMap;

/// Times of the stream as its container stores them, Unix seconds UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct StreamTimes {
    /// Last modification.
    pub modified: Option<i64>,
    /// Creation.
    pub created: Option<i64>,
}

/// Something about a value that the report must say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A value that the map does not know: column and value.
    Unmapped(String, String),
    /// A value that is no time in the stated form: column and value.
    NoTime(String, String),
}

/// A selected row: values by column name.
pub type Selected = BTreeMap<String, Value>;

/// Makes the fact of one emit, or none when `when` does not hold or nothing but constants is left.
pub fn make(
    emit: &Emit,
    kind: &FactKind,
    row: &Selected,
    times: StreamTimes,
    doubts: &mut Vec<Doubt>,
) -> Option<NewFact> {
    if let Some(when) = &emit.when
        && !truthy(row.get(when))
    {
        return None;
    }
    let mut values = BTreeMap::new();
    for (name, expression) in &emit.columns {
        let Some(column) = kind.column(name) else { continue };
        if let Some(value) = evaluate(name, expression, row, times, doubts).and_then(|v| fit(column.column_type, v)) {
            values.insert(name.clone(), value);
        }
    }
    Some(NewFact { kind: emit.fact.clone(), values, locator: String::new(), raw: String::new() })
}

fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Integer(i)) => *i != 0,
        Some(Value::Real(f)) => *f != 0.0,
        Some(Value::Text(t)) => !t.is_empty() && t != "0" && t != "false",
        Some(Value::Blob(b)) => !b.is_empty(),
    }
}

fn evaluate(
    name: &str,
    expression: &Expression,
    row: &Selected,
    times: StreamTimes,
    doubts: &mut Vec<Doubt>,
) -> Option<Value> {
    match expression {
        Expression::Column(column) => row.get(column).cloned(),
        Expression::Constant(constant) => from_toml(&constant.value),
        Expression::Stream(stream) => {
            let seconds = match stream.stream {
                StreamTime::Modified => times.modified,
                StreamTime::Created => times.created,
            };
            seconds.and_then(time::unix_seconds).map(Value::Text)
        }
        Expression::Time(t) => {
            let value = row.get(&t.column)?;
            match time::decode(t.time, value) {
                Moment::At(at) => Some(Value::Text(at)),
                Moment::None => None,
                Moment::Unreadable => {
                    doubts.push(Doubt::NoTime(name.to_string(), show(value)));
                    None
                }
            }
        }
        Expression::Map(m) => {
            let value = row.get(&m.column)?;
            if matches!(value, Value::Null) && !m.map.contains_key("null") {
                return None;
            }
            let key = if matches!(value, Value::Null) { "null".to_string() } else { show(value) };
            if let Some(mapped) = m.map.get(&key) {
                return from_toml(mapped);
            }
            match m.otherwise.as_deref() {
                Some("keep") => Some(value.clone()),
                Some("") => None,
                Some(other) => Some(Value::Text(other.to_string())),
                None => {
                    doubts.push(Doubt::Unmapped(name.to_string(), key.clone()));
                    Some(Value::Text(format!("raw:{key}")))
                }
            }
        }
    }
}

/// A raw value as text, the way maps and gaps write it. Blobs are never shown.
#[must_use]
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Integer(i) => i.to_string(),
        Value::Real(f) if f.fract() == 0.0 && f.abs() < 1e15 => format!("{f:.0}"),
        Value::Real(f) => f.to_string(),
        Value::Text(t) => t.clone(),
        Value::Blob(b) => format!("(blob, {} bytes)", b.len()),
    }
}

fn from_toml(value: &toml::Value) -> Option<Value> {
    match value {
        toml::Value::String(s) => Some(Value::Text(s.clone())),
        toml::Value::Integer(i) => Some(Value::Integer(*i)),
        toml::Value::Boolean(b) => Some(Value::Integer(i64::from(*b))),
        toml::Value::Float(f) => Some(Value::Real(*f)),
        _ => None,
    }
}

/// The value in the form that the column holds; `None` when it is empty or of another kind.
fn fit(column: ColumnType, value: Value) -> Option<Value> {
    if matches!(value, Value::Null) {
        return None;
    }
    match column {
        ColumnType::Text | ColumnType::Time => match show(&value) {
            text if text.is_empty() => None,
            text => Some(Value::Text(text)),
        },
        ColumnType::Integer => match value {
            Value::Integer(i) => Some(Value::Integer(i)),
            other => show(&other).trim().parse().ok().map(Value::Integer),
        },
        ColumnType::Bool => match value {
            Value::Integer(i) => Some(Value::Integer(i64::from(i != 0))),
            other => match show(&other).trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(Value::Integer(1)),
                "false" | "no" | "0" => Some(Value::Integer(0)),
                _ => None,
            },
        },
    }
}

/// A raw value for the citation. Blobs are named by their size only: they may hold private content.
#[must_use]
pub fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(i) => (*i).into(),
        Value::Real(f) => serde_json::json!(f),
        Value::Text(t) => t.clone().into(),
        Value::Blob(_) => show(value).into(),
    }
}
