//! The judge: runs every rule's question on the sealed store and decides the outcome. Which tables a question reads is observed
//! through `SQLite` itself, so coverage is computed and never declared. A question can read the store and nothing else: no
//! other file, no clock, no chance, and only for a bounded number of steps.

use super::{Rule, Rules, Urgency};
use crate::fact::Store;
use crate::fact::store::{SYSTEM, Sealed};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// One row that a question gave: the facts it leans on and the values for the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Numbers of the cited facts, the main one first.
    pub facts: Vec<i64>,
    /// Values by column. NULL is absent.
    pub values: BTreeMap<String, String>,
    /// Urgency for this row, when the question gives one.
    pub urgency: Option<Urgency>,
    /// What this row is about beside what the rule is about: words of [`SEES`](super::load::SEES).
    pub sees: Vec<String>,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Matches by group, in the order of the groups' values.
    pub groups: BTreeMap<Vec<String>, Vec<Match>>,
    /// Kinds of facts that the question read.
    pub kinds: BTreeSet<String>,
    /// Why the question could not be answered; empty when it was.
    pub failure: String,
    /// A date that the question needs was not declared.
    pub undated: bool,
}

/// Steps of `SQLite`'s virtual machine that a question or view may take, in thousands: so many, and so many more for every fact.
/// What grows with the square of a long log does not fit, so it is found on a short one (test `large_logs`).
const BUDGET: u64 = 20_000;
const BUDGET_EACH: u64 = 10;

/// Functions that a question may use: nothing that tells time, chance or files.
pub(super) const FUNCTIONS: [&str; 45] = [
    "abs",
    "avg",
    "coalesce",
    "count",
    "declared",
    "epoch",
    "format",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_each",
    "json_extract",
    "json_group_array",
    "json_object",
    "json_type",
    "json_valid",
    "->",
    "->>",
    "length",
    "like",
    "lower",
    "ltrim",
    "mail",
    "max",
    "min",
    "name",
    "nullif",
    "number",
    "printf",
    "replace",
    "round",
    "rtrim",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "upper",
];

/// A store that was asked everything.
pub struct Judged<'r> {
    /// The store, closed for writing.
    pub store: Sealed,
    /// What became of every rule, by id.
    pub judgements: BTreeMap<&'r str, Judgement>,
    /// Views that could not be made and rules that could not be answered, with the reason.
    pub failures: Vec<(String, String)>,
}

/// Makes the views, closes the store and asks every rule. `go_on` is asked before each; its error ends it.
///
/// # Errors
/// That of `go_on`, and when the store fails as a whole. A question that fails is an outcome, not an error.
pub fn judge_all<E: From<rusqlite::Error>>(
    mut store: Store,
    rules: &Rules,
    mut go_on: impl FnMut() -> Result<(), E>,
) -> Result<Judged<'_>, E> {
    super::identity::register(store.connection_mut())?;
    let mut views = rules.views.clone();
    let made = super::view::make_all(&mut views, store.connection_mut());
    let mut failures: Vec<(String, String)> = made.into_iter().map(|(view, why)| (view.id, why)).collect();
    let mut store = store.seal()?;
    let mut judgements = BTreeMap::new();
    for rule in &rules.list {
        go_on()?;
        let mut judgement = judge(rule, &mut store);
        judgement.kinds = super::view::resolve(&judgement.kinds, &rules.views);
        if !judgement.failure.is_empty() {
            failures.push((rule.id.clone(), judgement.failure.clone()));
        }
        judgements.insert(rule.id.as_str(), judgement);
    }
    Ok(Judged { store, judgements, failures })
}

/// Runs one rule. A question that fails is an outcome, not an error.
#[must_use]
pub fn judge(rule: &Rule, store: &mut Sealed) -> Judgement {
    let kinds: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let undated = rule.dates.iter().any(|date| !declared_date(date, store));
    let mut judgement = Judgement { groups: BTreeMap::new(), kinds: BTreeSet::new(), failure: String::new(), undated };
    let result = ask(rule, store, &kinds);
    if let Ok(seen) = kinds.lock() {
        judgement.kinds.clone_from(&seen);
    }
    match result {
        Ok(matches) => {
            for row in matches {
                let group = rule.group.iter().map(|g| row.values.get(g).cloned().unwrap_or_default()).collect();
                judgement.groups.entry(group).or_default().push(row);
            }
        }
        Err(e) => judgement.failure = e.to_string(),
    }
    judgement
}

/// Whether the case file has this date.
fn declared_date(date: &str, store: &mut Sealed) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM person WHERE role = 'date' AND kind = ?)";
    store.connection_mut().query_row(sql, [date], |row| row.get(0)).unwrap_or(false)
}

fn ask(rule: &Rule, store: &mut Sealed, kinds: &Arc<Mutex<BTreeSet<String>>>) -> rusqlite::Result<Vec<Match>> {
    let conn = store.connection_mut();
    super::identity::register(conn)?;
    if let Ok(mut seen) = kinds.lock() {
        seen.extend(opened_tables(&rule.detect, conn)?);
    }
    let seen = Arc::clone(kinds);
    conn.authorizer(Some(move |context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Read { table_name, .. } => {
            if !SYSTEM.contains(&table_name)
                && !table_name.is_empty()
                && table_name != "json_each"
                && let Ok(mut seen) = seen.lock()
            {
                seen.insert(table_name.to_string());
            }
            Authorization::Allow
        }
        AuthAction::Function { function_name } if FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str()) => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))?;
    bound(conn)?;
    let result = collect(rule, conn);
    unbound(conn)?;
    conn.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    result
}

/// Ends every question on this connection that takes too many steps, until [`unbound`].
pub(super) fn bound(conn: &mut rusqlite::Connection) -> rusqlite::Result<()> {
    let facts: i64 = conn.query_row("SELECT coalesce(max(ev), 0) FROM citation", [], |r| r.get(0)).unwrap_or(0);
    let budget = BUDGET + BUDGET_EACH * u64::try_from(facts).unwrap_or(0);
    let mut thousands = 0_u64;
    conn.progress_handler(
        1000,
        Some(move || {
            thousands += 1;
            thousands > budget
        }),
    )
}

/// Lifts the bound.
pub(super) fn unbound(conn: &mut rusqlite::Connection) -> rusqlite::Result<()> {
    conn.progress_handler(0, None::<fn() -> bool>)
}

/// Tables that the compiled question opens. The authorizer is not told of columns that are only named in `USING`, so what it
/// sees is completed from the program that `SQLite` makes of the question.
pub(super) fn opened_tables(sql: &str, conn: &rusqlite::Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut opened = BTreeSet::new();
    let mut program = conn.prepare(&format!("EXPLAIN {sql}"))?;
    let mut rows = program.query([])?;
    let mut name = conn.prepare("SELECT tbl_name FROM sqlite_schema WHERE rootpage = ?")?;
    while let Some(row) = rows.next()? {
        // Columns of EXPLAIN: addr, opcode, p1 (cursor), p2 (root page), p3 (database) …
        if row.get::<_, String>(1)? == "OpenRead" {
            let table: Option<String> =
                rusqlite::OptionalExtension::optional(name.query_row([row.get::<_, i64>(3)?], |r| r.get(0)))?;
            opened.extend(table.filter(|t| !SYSTEM.contains(&t.as_str())));
        }
    }
    Ok(opened)
}

fn collect(rule: &Rule, conn: &rusqlite::Connection) -> rusqlite::Result<Vec<Match>> {
    let mut statement = conn.prepare(&rule.detect)?;
    let names: Vec<String> = statement.column_names().map(str::to_string).collect();
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let mut found = Match { facts: Vec::new(), values: BTreeMap::new(), urgency: None, sees: Vec::new() };
        for (n, name) in names.iter().enumerate() {
            match row.get::<_, Value>(n)? {
                Value::Integer(ev) if name == "ev" => found.facts.insert(0, ev),
                Value::Integer(ev) if name.starts_with("ev_") => found.facts.push(ev),
                // Several facts at once: group_concat(ev).
                Value::Text(list) if name.starts_with("ev_") => {
                    found.facts.extend(list.split(',').filter_map(|e| e.trim().parse::<i64>().ok()));
                }
                Value::Text(urgency) if name == "urgency" => found.urgency = Urgency::named(&urgency),
                Value::Text(list) if name == "sees" => {
                    let words = list.split([' ', ',']).filter(|word| super::load::SEES.contains(word));
                    found.sees = words.map(str::to_owned).collect();
                }
                Value::Null | Value::Blob(_) => {}
                Value::Integer(i) => drop(found.values.insert(name.clone(), i.to_string())),
                Value::Real(f) => drop(found.values.insert(name.clone(), f.to_string())),
                Value::Text(text) => drop(found.values.insert(name.clone(), text)),
            }
        }
        // A row without a citation is no finding (rule 7 of the house).
        if !found.facts.is_empty() {
            out.push(found);
        }
    }
    // The order of the rows must not hang on the query plan.
    out.sort_by(|a, b| a.values.cmp(&b.values).then(a.facts.cmp(&b.facts)));
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::fact::{NewFact, Store, Vocabulary};
    use crate::rule::Confidence;

    fn store() -> Sealed {
        let text = "[app]\ndoc = \"x\"\npackage = { type = \"text\", doc = \"p\" }\n\n[privilege]\ndoc = \"x\"\npackage = { type = \"text\", doc = \"p\" }\n";
        let mut store = Store::new(&Vocabulary::parse("f", text).unwrap()).unwrap();
        let fact = |kind: &str, package: &str| NewFact {
            kind: kind.into(),
            values: [("package".to_string(), Value::Text(package.into()))].into(),
            locator: "l".into(),
            raw: String::new(),
        };
        store.add(&[fact("app", "b"), fact("app", "a"), fact("app", "a")], "s 1", "x.y", 1).unwrap();
        store.seal().unwrap()
    }

    fn rule(detect: &str) -> Rule {
        Rule {
            id: "stalkerware.x".into(),
            urgency: Urgency::Now,
            confidence: Confidence::Likely,
            group: vec!["package".into()],
            optional: Vec::new(),
            asks: BTreeMap::new(),
            dates: Vec::new(),
            detect: detect.into(),
            sees: Vec::new(),
            steps: Vec::new(),
            recheck_in_days: None,
            views: Vec::new(),
            source: String::new(),
            experimental: false,
            nl: crate::report::FindingText::default(),
            nl_easy: crate::report::EasyText::default(),
            en: crate::report::FindingText::default(),
        }
    }

    #[test]
    fn rows_are_grouped_and_cited() {
        let j = judge(&rule("SELECT ev, package, 'later' AS urgency FROM app"), &mut store());
        assert_eq!(j.failure, "");
        assert_eq!(j.groups.len(), 2);
        assert_eq!(j.groups[&vec!["a".to_string()]].iter().flat_map(|m| m.facts.clone()).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(j.groups[&vec!["a".to_string()]][0].urgency, Some(Urgency::Later));
        assert_eq!(j.kinds, ["app".to_string()].into());
    }

    #[test]
    fn a_row_says_what_it_is_about() {
        let j = judge(&rule("SELECT ev, package, 'camera, nonsense microphone' AS sees FROM app"), &mut store());
        let row = &j.groups[&vec!["a".to_string()]][0];
        assert_eq!(row.sees, ["camera", "microphone"]);
        assert!(!row.values.contains_key("sees"));
    }

    #[test]
    fn tables_are_seen_even_when_empty() {
        let j = judge(&rule("SELECT a.ev, a.package FROM app a JOIN privilege USING (package)"), &mut store());
        assert_eq!(j.kinds, ["app".to_string(), "privilege".to_string()].into());
        assert!(j.groups.is_empty());
    }

    #[test]
    fn a_question_cannot_leave_the_sandbox() {
        for sql in [
            "SELECT 1 AS ev, datetime('now') AS package",
            "SELECT 1 AS ev, random() AS package",
            "SELECT 1 AS ev, load_extension('x') AS package",
            "SELECT 1 AS ev, CURRENT_TIMESTAMP AS package",
            "DELETE FROM app",
            "PRAGMA user_version",
            "ATTACH ':memory:' AS m",
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT 1 AS ev, count(*) AS package FROM c, c, c",
        ] {
            let j = judge(&rule(sql), &mut store());
            assert!(!j.failure.is_empty() && j.groups.is_empty(), "{sql} was allowed");
        }
    }
}
