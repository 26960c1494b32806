//! Views: questions whose answers several rules build on, such as what explains a session. A view is one `SELECT` under
//! `rules/views/`; its rows are put into the fact store as a table before the rules are asked. Like a rule it sees only facts.

use super::judge::{self, FUNCTIONS};
use crate::fact::store::SYSTEM;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One view.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Name of the table; the name of its file.
    pub id: String,
    /// What a row says.
    pub doc: String,
    /// What each selected column means.
    pub columns: BTreeMap<String, String>,
    /// Kinds of facts whose absence does not stop the question.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Columns by which its rows are looked up. They change how long a question takes, never what it gives.
    #[serde(default)]
    pub index: Vec<String>,
    /// The question.
    pub sql: String,
    /// Where it comes from.
    pub source: String,
    /// Kinds of facts that it reads, also through other views; found when it is made.
    #[serde(skip)]
    pub kinds: BTreeSet<String>,
    /// Other views that it reads directly; found when it is made.
    #[serde(skip)]
    pub builds_on: BTreeSet<String>,
}

impl View {
    /// The statement that makes the table, as the report prints it.
    #[must_use]
    pub fn statement(&self) -> String {
        format!("CREATE TABLE {} AS\n{};\n", self.id, self.sql.trim().trim_end_matches(';'))
    }

    /// Makes the table. `made` are the views that were made before.
    ///
    /// # Errors
    /// When the question does not prepare, uses what a question may not use, or takes too long.
    pub fn make(&mut self, conn: &mut Connection, made: &[Self]) -> rusqlite::Result<()> {
        self.check(conn)?;
        let tables = judge::opened_tables(&self.sql, conn)?;
        judge::bound(conn)?;
        let result = conn.execute_batch(&self.statement());
        judge::unbound(conn)?;
        result?;
        for column in &self.index {
            if !self.columns.contains_key(column) {
                return Err(rusqlite::Error::InvalidColumnName(format!("{column}: indexed but not selected")));
            }
            conn.execute_batch(&format!("CREATE INDEX {0}_{column} ON {0} ({column})", self.id))?;
        }
        self.kinds = resolve(&tables, made);
        self.builds_on = tables.into_iter().filter(|t| made.iter().any(|v| v.id == *t)).collect();
        Ok(())
    }

    /// Prepares the question under the same rules as that of a rule, and compares its columns with those that are explained.
    fn check(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        conn.authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => Authorization::Allow,
            AuthAction::Function { function_name }
                if FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str()) =>
            {
                Authorization::Allow
            }
            _ => Authorization::Deny,
        }))?;
        let columns =
            conn.prepare(&self.sql).map(|s| s.column_names().map(str::to_string).collect::<BTreeSet<String>>());
        conn.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        let columns = columns?;
        let explained: BTreeSet<String> = self.columns.keys().cloned().collect();
        if columns != explained {
            let odd: Vec<&String> = columns.symmetric_difference(&explained).collect();
            return Err(rusqlite::Error::InvalidColumnName(format!(
                "{odd:?}: selected but not explained, or the reverse"
            )));
        }
        Ok(())
    }
}

/// The views that a question over `tables` needs, each after those that it builds on.
#[must_use]
pub fn needed<'a>(tables: &BTreeSet<String>, views: &'a [View]) -> Vec<&'a View> {
    let mut wanted = tables.clone();
    let mut found: Vec<&View> = Vec::new();
    for view in views.iter().rev() {
        if wanted.contains(&view.id) {
            wanted.extend(view.builds_on.iter().cloned());
            found.push(view);
        }
    }
    found.reverse();
    found
}

/// Puts the kinds of facts that a view reads in place of its name.
#[must_use]
pub fn resolve(tables: &BTreeSet<String>, views: &[View]) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for table in tables {
        match views.iter().find(|v| v.id == *table) {
            Some(view) => kinds.extend(view.kinds.iter().cloned()),
            None => drop(kinds.insert(table.clone())),
        }
    }
    kinds.retain(|k| !SYSTEM.contains(&k.as_str()));
    kinds
}

/// Makes all views, each after those that it builds on. Gives the views that could not be made, with the reason.
pub fn make_all(views: &mut Vec<View>, conn: &mut Connection) -> Vec<(View, String)> {
    let (mut made, mut waiting): (Vec<View>, Vec<View>) = (Vec::new(), std::mem::take(views));
    loop {
        let mut failed = Vec::new();
        let before = made.len();
        for mut view in waiting {
            match view.make(conn, &made) {
                Ok(()) => made.push(view),
                Err(e) => failed.push((view, e.to_string())),
            }
        }
        if failed.is_empty() || made.len() == before {
            *views = made;
            return failed;
        }
        waiting = failed.into_iter().map(|(view, _)| view).collect();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn view(id: &str, sql: &str) -> View {
        let columns = [("ev".to_string(), "fact".to_string())].into();
        let (doc, source) = (String::new(), String::new());
        View {
            id: id.into(),
            doc,
            columns,
            optional: Vec::new(),
            index: vec!["ev".into()],
            sql: sql.into(),
            source,
            kinds: BTreeSet::new(),
            builds_on: BTreeSet::new(),
        }
    }

    #[test]
    fn views_build_on_each_other_and_say_what_they_read() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE session (ev INTEGER); INSERT INTO session VALUES (1)").unwrap();
        let mut views = vec![view("a", "SELECT ev FROM b"), view("b", "SELECT ev FROM session")];
        assert!(make_all(&mut views, &mut conn).is_empty());
        assert_eq!(views.iter().map(|v| v.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(views[1].kinds, ["session".to_string()].into());
        let named: Vec<&str> = needed(&["a".to_string()].into(), &views).iter().map(|v| v.id.as_str()).collect();
        assert_eq!(named, ["b", "a"]);
    }

    #[test]
    fn a_view_cannot_ask_for_the_time_or_hide_a_column() {
        let mut conn = Connection::open_in_memory().unwrap();
        for sql in ["SELECT random() AS ev", "SELECT CURRENT_TIMESTAMP AS ev", "SELECT 1 AS ev, 2 AS hidden"] {
            let mut views = vec![view("a", sql)];
            assert_eq!(make_all(&mut views, &mut conn).len(), 1, "{sql}");
        }
    }
}
