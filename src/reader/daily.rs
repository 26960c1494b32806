//! `daily(row, at, values…)`: sums up a log that has thousands of like rows a day. Rows with the same values on the same day become
//! one, with the first and last time and their number, without sorting the log. Only the numbers of the rows of the first
//! and last time are kept of each, and the question looks its values up there: memory hangs on the number of different rows, not on what
//! stands in them.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Most different rows of a log. One with more is no log of a person, and is said to be too large rather than read in part.
const MOST: usize = 1_000_000;

/// Adds `daily` to a connection. It gives a JSON array of `{"row", "last_row", "first", "last", "uses"}` in the order of the
/// rows: those of the first and the last time, and these times. Rows without a time are a day of their own.
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
    first_row: u32,
    last_row: u32,
    uses: u32,
    first: Box<str>,
    last: Box<str>,
}

/// First half of the SHA-256 over values and day.
type Key = [u8; 16];

impl Aggregate<HashMap<Key, Sum>, Option<String>> for Daily {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<HashMap<Key, Sum>> {
        Ok(HashMap::new())
    }

    fn step(&self, call: &mut Context<'_>, sums: &mut HashMap<Key, Sum>) -> rusqlite::Result<()> {
        let at = text(call, 1).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(at.get(..10).unwrap_or(&at));
        for value in (2..call.len()).map(|n| text(call, n)) {
            // A value is told from none, and where it ends is part of it.
            hash.update(value.as_ref().map_or([0; 8], |v| (v.len() as u64 + 1).to_le_bytes()));
            hash.update(value.unwrap_or_default());
        }
        let digest = hash.finalize();
        let mut key: Key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        if sums.len() >= MOST && !sums.contains_key(&key) {
            return Err(Error::UserFunctionError(format!("more than {MOST} different rows").into()));
        }
        let row = call.get::<u32>(0)?;
        let sum = sums.entry(key).or_insert_with(|| Sum {
            first_row: row,
            last_row: row,
            uses: 0,
            first: at.clone().into(),
            last: at.clone().into(),
        });
        sum.uses += 1;
        if *at < *sum.first {
            sum.first_row = row;
            sum.first = at.clone().into();
        }
        if *at >= *sum.last {
            sum.last_row = row;
            sum.last = at.into();
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sums: Option<HashMap<Key, Sum>>) -> rusqlite::Result<Option<String>> {
        let mut sums: Vec<Sum> = sums.unwrap_or_default().into_values().collect();
        sums.sort_unstable_by_key(|sum| sum.first_row);
        let mut out = String::from("[");
        for Sum { first_row, last_row, uses, first, last } in sums {
            let time = |t: Box<str>| if t.is_empty() { Value::Null } else { Value::String(t.into()) };
            let comma = if out.len() > 1 { "," } else { "" };
            let (first, last) = (time(first), time(last));
            let _ = write!(
                out,
                r#"{comma}{{"row":{first_row},"last_row":{last_row},"first":{first},"last":{last},"uses":{uses}}}"#
            );
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
    use serde_json::json;

    #[test]
    fn like_rows_of_a_day_are_one() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let sql = "SELECT daily(l, t, v, w) FROM (SELECT 1 AS l, '2026-01-09 22:00:00' AS t, 'a' AS v, NULL AS w
                   UNION ALL SELECT 2, '2026-01-09 08:00:00', 'a', NULL UNION ALL SELECT 3, '2026-01-10 08:00:00', 'a', NULL
                   UNION ALL SELECT 4, NULL, NULL, 'a' UNION ALL SELECT 5, NULL, '', 'a')";
        let got: String = connection.query_row(sql, [], |r| r.get(0)).unwrap();
        let got: Value = serde_json::from_str(&got).unwrap();
        let want = json!([
            {"row": 2, "last_row": 1, "first": "2026-01-09 08:00:00", "last": "2026-01-09 22:00:00", "uses": 2},
            {"row": 3, "last_row": 3, "first": "2026-01-10 08:00:00", "last": "2026-01-10 08:00:00", "uses": 1},
            {"row": 4, "last_row": 4, "first": null, "last": null, "uses": 1},
            {"row": 5, "last_row": 5, "first": null, "last": null, "uses": 1},
        ]);
        assert_eq!(got, want);
        let none: String =
            connection.query_row("SELECT daily(1, 2) FROM (SELECT 1) WHERE 0", [], |r| r.get(0)).unwrap();
        assert_eq!(none, "[]");
    }
}
