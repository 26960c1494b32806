//! What a query on somebody else's database may do: read, with known functions, for a limited time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, Authorization};

use super::super::functions;

/// Longest time one query may spend inside `SQLite`; the time of the receiver does not count.
const PATIENCE: Duration = Duration::from_secs(30);
/// Virtual machine steps between two looks at the clock, and how many such looks one query gets.
pub(super) const STEPS: i32 = 20_000;
const LOOKS: u64 = 500_000;
/// Functions of `SQLite` that evidence may be asked with: no clock, no randomness, no allocation by number.
const FUNCTIONS: &str = " -> ->> abs avg char coalesce concat concat_ws count dense_rank first_value format glob group_concat hex \
    ifnull iif if instr json json_array json_array_length json_each json_error_position json_extract json_group_array \
    json_group_object json_object json_patch json_quote json_remove json_tree json_type json_valid lag last_value lead length \
    like lower ltrim max min nth_value nullif octet_length printf quote rank replace round row_number rtrim sign string_agg \
    substr substring subtype sum total trim typeof unhex unicode unistr upper ";

/// What the running query may still do: its time, its steps, its functions.
#[derive(Default)]
pub(super) struct Watch {
    looks: AtomicU64,
    pub(super) spent: AtomicU64,
    entered: Mutex<Option<Instant>>,
    /// The query's own text in lower case, by which the authorizer tells its functions from those of the schema.
    sql: Mutex<String>,
}

impl Watch {
    pub(super) fn restart(&self, sql: &str) {
        if let Ok(mut own) = self.sql.lock() {
            *own = sql.to_ascii_lowercase();
        }
        self.looks.store(0, Ordering::Relaxed);
        self.spent.store(0, Ordering::Relaxed);
        self.resume();
    }

    pub(super) fn resume(&self) {
        if let Ok(mut entered) = self.entered.lock() {
            *entered = Some(Instant::now());
        }
    }

    pub(super) fn pause(&self) {
        let nanos = u64::try_from(self.running().as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(nanos, Ordering::Relaxed);
    }

    fn running(&self) -> Duration {
        self.entered.lock().ok().and_then(|entered| *entered).map_or(Duration::ZERO, |at| at.elapsed())
    }

    /// Reading and known functions. `SQLite` also asks for the functions in a column's DEFAULT (TCC and the address book of iOS have
    /// such), which a query never runs; those it does not name itself are let through, or their tables could not be read.
    pub(super) fn authorize(&self, action: &AuthAction<'_>) -> Authorization {
        let allowed = match action {
            AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
            AuthAction::Function { function_name } => {
                let name = function_name.to_ascii_lowercase();
                functions::NAMES.contains(&name.as_str())
                    || FUNCTIONS.split_ascii_whitespace().any(|known| known == name)
                    || self.sql.lock().is_ok_and(|sql| !calls(&sql, &name))
            }
            _ => false,
        };
        if allowed { Authorization::Allow } else { Authorization::Deny }
    }

    pub(super) fn is_over(&self) -> bool {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        let spent = Duration::from_nanos(self.spent.load(Ordering::Relaxed));
        looks > LOOKS || spent.saturating_add(self.running()) > PATIENCE
    }
}

/// Whether a query calls a function: its name as a whole word, maybe quoted, and then a bracket or a comment.
fn calls(sql: &str, name: &str) -> bool {
    sql.match_indices(name).any(|(at, _)| {
        let before = sql.get(..at).and_then(|text| text.chars().next_back());
        let after = sql.get(at + name.len()..).unwrap_or_default();
        let after = after.trim_start_matches(|c: char| c.is_whitespace() || "\"`]".contains(c));
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && ["(", "/*", "--"].iter().any(|open| after.starts_with(open))
    })
}
