//! `daily(locator, at, values…)`: sums up a log that has thousands of like rows a day. Rows with the same values on the same day become
//! one, with the first and last time and their number, without sorting the log: memory hangs on the number of different rows.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most different rows that are kept apart; the rest is summed up in one row without values.
const MOST: usize = 200_000;

/// Adds `daily` to a connection. It gives a JSON array of `{"locator", "first", "last", "uses", "values": […]}` in the order of the
/// values and days; a row without a time is a day of its own.
///
/// # Errors
/// `SQLite` refused the registration.
pub fn register(connection: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_aggregate_function(c"daily", -1, flags, Daily)
}

/// The aggregate.
struct Daily;

/// What equal rows of a day come to.
struct Sum {
    locator: String,
    first: String,
    last: String,
    uses: u64,
}

/// Values and day of a row.
type Key = (Vec<Option<String>>, String);

impl Aggregate<BTreeMap<Key, Sum>, Option<String>> for Daily {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<BTreeMap<Key, Sum>> {
        Ok(BTreeMap::new())
    }

    fn step(&self, call: &mut Context<'_>, sums: &mut BTreeMap<Key, Sum>) -> rusqlite::Result<()> {
        let at = text(call, 1).unwrap_or_default();
        let day: String = at.chars().take(10).collect();
        let mut key: Key = ((2..call.len()).map(|n| text(call, n)).collect(), day);
        if sums.len() >= MOST && !sums.contains_key(&key) {
            key = (vec![None; call.len().saturating_sub(2)], String::new());
        }
        let sum = sums.entry(key).or_insert_with(|| Sum {
            locator: text(call, 0).unwrap_or_default(),
            first: at.clone(),
            last: at.clone(),
            uses: 0,
        });
        sum.uses += 1;
        if at < sum.first {
            sum.first.clone_from(&at);
        }
        if at > sum.last {
            sum.last = at;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sums: Option<BTreeMap<Key, Sum>>) -> rusqlite::Result<Option<String>> {
        // Written row by row: as one tree of values it would take ten times the memory.
        let mut out = String::from("[");
        for ((values, _), sum) in sums.unwrap_or_default() {
            let time = |t: String| if t.is_empty() { Value::Null } else { Value::String(t) };
            let (locator, uses) = (sum.locator, sum.uses);
            let row = json!({
                "locator": locator, "first": time(sum.first), "last": time(sum.last), "uses": uses, "values": values,
            });
            let _ = write!(out, "{}{row}", if out.len() > 1 { "," } else { "" });
        }
        out.push(']');
        Ok(Some(out))
    }
}

fn text(call: &Context<'_>, n: usize) -> Option<String> {
    if n >= call.len() {
        return None;
    }
    match call.get_raw(n) {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn like_rows_of_a_day_are_one() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let sql = "SELECT daily(l, t, v) FROM (SELECT 'csv:1' AS l, '2026-01-09 22:00:00' AS t, 'a' AS v
                   UNION ALL SELECT 'csv:2', '2026-01-09 08:00:00', 'a' UNION ALL SELECT 'csv:3', '2026-01-10 08:00:00', 'a'
                   UNION ALL SELECT 'csv:4', NULL, NULL)";
        let got: String = connection.query_row(sql, [], |r| r.get(0)).unwrap();
        let got: Value = serde_json::from_str(&got).unwrap();
        assert_eq!(got.as_array().unwrap().len(), 3);
        assert_eq!(got[0], json!({"locator": "csv:4", "first": null, "last": null, "uses": 1, "values": [null]}));
        assert_eq!(
            got[1],
            json!({"locator": "csv:1", "first": "2026-01-09 08:00:00", "last": "2026-01-09 22:00:00", "uses": 2,
                   "values": ["a"]})
        );
        let none: String =
            connection.query_row("SELECT daily(1, 2) FROM (SELECT 1) WHERE 0", [], |r| r.get(0)).unwrap();
        assert_eq!(none, "[]");
    }
}
