//! Keeps the facts for a later comparison: all of them, under keys that do not hang on row numbers or on the order of inputs. Other
//! people are pseudonyms, unless a finding cites the fact.

use crate::fact::store::Sealed;
use crate::fact::{Packed, Sorter, Vocabulary};
use crate::report::Finding;
use crate::report::facts::{Baseline, Declared, Fact};
use crate::rule::pseudonym::{Key, Names};
use rusqlite::types::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Where the key of the pseudonyms comes from.
#[derive(Clone)]
pub struct Pseudonyms {
    /// `key-file`, `case-id` or `none`.
    pub origin: &'static str,
    /// The key.
    pub key: Key,
}

impl Pseudonyms {
    /// The key of a file when there is one, else that of the case number.
    #[must_use]
    pub fn new(key_file: Option<&[u8]>, case_id: &str) -> Self {
        match key_file {
            Some(secret) => Self { origin: "key-file", key: Key::new(secret) },
            None if !case_id.is_empty() => Self { origin: "case-id", key: Key::new(case_id.as_bytes()) },
            None => Self { origin: "none", key: Key::new(b"") },
        }
    }
}

/// The facts of a store, the declared people, and the hashed hardware of every source.
///
/// # Errors
/// When the store fails.
pub fn keep(
    store: &Sealed,
    vocabulary: &Vocabulary,
    findings: &[Finding],
    people: &[Vec<Value>],
    pseudonyms: &Pseudonyms,
) -> rusqlite::Result<Baseline> {
    let cited: BTreeSet<i64> = findings.iter().flat_map(|f| f.citations.iter().map(|c| c.ev)).collect();
    let mut baseline = Baseline {
        pseudonyms: pseudonyms.origin.into(),
        key_check: pseudonyms.key.check(),
        hardware: hardware(store)?,
        declared: people.iter().filter_map(|row| declared(row)).collect(),
        facts: Packed::default(),
    };
    baseline.declared.sort();
    let names = names(&baseline.declared, &pseudonyms.key);
    for (name, kind) in &vocabulary.kinds {
        let columns: Vec<&str> = kind.columns.iter().map(|(c, _)| c.as_str()).collect();
        let list = columns.iter().map(|c| format!(", {c}")).collect::<Vec<_>>().concat();
        let mut statement =
            store.connection().prepare(&format!("SELECT ev, source, artifact{list} FROM {name} ORDER BY ev"))?;
        let mut rows = statement.query([])?;
        let mut found = Sorter::default();
        while let Some(row) = rows.next()? {
            let mut fact = Fact { kind: name.clone(), source: row.get(1)?, artifact: row.get(2)?, ..Fact::default() };
            for (n, column) in columns.iter().enumerate() {
                let value = match row.get::<_, Value>(n + 3)? {
                    Value::Null | Value::Blob(_) => continue,
                    Value::Integer(i) => serde_json::Value::from(i),
                    Value::Real(f) => serde_json::json!(f),
                    Value::Text(text) => serde_json::Value::from(text),
                };
                fact.values.insert((*column).to_string(), value);
            }
            let cited = cited.contains(&row.get(0)?);
            if !cited && only_cited(&fact, kind) {
                continue;
            }
            // The key is made of pseudonyms, so that it does not change when a person becomes part of a finding.
            let open = fact.values.clone();
            hide(&mut fact, vocabulary, &pseudonyms.key, &Names::default());
            fact.key = key(&fact, &kind.same_by);
            fact.values = open;
            if !cited {
                hide(&mut fact, vocabulary, &pseudonyms.key, &names);
            }
            let values = serde_json::to_string(&fact.values).unwrap_or_default();
            found.push([fact.key, fact.source, fact.artifact, values].join("\0"));
        }
        // Kinds come in order. What is sorted is what the list needs in the end, and not more.
        found.each(|line| {
            let mut parts = line.splitn(4, '\0');
            let mut next = || parts.next().unwrap_or_default();
            let (key, source, artifact) = (next().into(), next().into(), next().into());
            let values = serde_json::from_str(next()).unwrap_or_default();
            baseline.facts.push(Fact { kind: name.clone(), source, artifact, key, values });
        });
    }
    Ok(baseline)
}

/// Whether a fact is nobody's concern unless a rule says so: which sites were visited is one.
fn only_cited(fact: &Fact, kind: &crate::fact::FactKind) -> bool {
    let one = |(name, column): &(String, crate::fact::Column)| {
        let value = fact.values.get(name).and_then(serde_json::Value::as_str);
        value.is_some_and(|v| column.only_cited.iter().any(|o| o == v))
    };
    kind.columns.iter().any(one)
}

/// Roles of declared people other than the owner.
pub const OTHERS: [&str; 3] = ["concern", "trusted", "privileged"];

/// The declared names of other people and of their devices.
#[must_use]
pub fn names(declared: &[Declared], key: &Key) -> Names {
    let others = declared.iter().filter(|d| OTHERS.contains(&d.role.as_str()));
    Names::new(others.filter(|d| matches!(d.kind.as_str(), "name" | "device")).map(|d| d.value.as_str()), key)
}

/// Puts pseudonyms in place of the people in a fact; a declared name that is part of a longer one stays known.
pub fn hide(fact: &mut Fact, vocabulary: &Vocabulary, key: &Key, names: &Names) {
    let Some(kind) = vocabulary.kinds.get(&fact.kind) else { return };
    for (column, value) in &mut fact.values {
        if kind.column(column).is_some_and(|c| c.person)
            && let Some(text) = value.as_str()
        {
            *value = names.whole(text, key).into();
        }
    }
}

/// The key of a fact: its kind and the values by which it is known again.
#[must_use]
pub fn key(fact: &Fact, same_by: &[String]) -> String {
    if same_by.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    hash.update(&fact.kind);
    for column in same_by {
        hash.update([0]);
        // NULL and an empty text are the same lack of a value.
        let value = fact.values.get(column).map(serde_json::Value::to_string).unwrap_or_default();
        hash.update(if value == "\"\"" { "" } else { &value });
    }
    crate::evidence::hash::hex(&hash.finalize()[..8])
}

fn declared(row: &[Value]) -> Option<Declared> {
    let text = |n: usize| match row.get(n) {
        Some(Value::Text(t)) => Some(t.clone()),
        _ => None,
    };
    Some(Declared { role: text(0)?, kind: text(1)?, value: text(2)?, label: text(3).unwrap_or_default() })
}

/// Hashed identifiers of the examined devices, and of the accounts that an export is of.
fn hardware(store: &Sealed) -> rusqlite::Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |sql: &str| -> rusqlite::Result<()> {
        let mut statement = store.connection().prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (source, value): (String, String) = (row.get(0)?, row.get(1)?);
            let digest = Sha256::digest(format!("vrijspoor/hardware/1\0{}", value.to_lowercase()));
            found.entry(source).or_default().insert(crate::evidence::hash::hex(&digest));
        }
        Ok(())
    };
    for column in ["serial", "imei", "hardware_id"] {
        add(&format!(
            "SELECT source, {column} FROM device WHERE role = 'examined' AND coalesce({column}, '') <> '' ORDER BY ev"
        ))?;
    }
    // An account export has no examined device: it is known by its account.
    add("SELECT source, coalesce(nullif(hardware_key, ''), identity) FROM account WHERE role = 'main'
         AND coalesce(nullif(hardware_key, ''), identity, '') <> ''
         AND source NOT IN (SELECT source FROM device WHERE role = 'examined') ORDER BY ev")?;
    Ok(found.into_iter().map(|(source, values)| (source, values.into_iter().collect())).collect())
}
