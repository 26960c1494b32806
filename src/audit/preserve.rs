//! The list of data that others hold and that is soon gone: for each entry what the copies tell about account, period and identifier.
//! It is for the police, who can have such data frozen; everything that the copies do not tell stays blank for a person to fill in.

use crate::fact::store::Sealed;
use crate::report::Preserve;
use crate::rule::load::PreserveFile;
use crate::rule::step::Identifier;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most network addresses that the list names; `sessions.csv` has them all.
const MOST_NETWORKS: usize = 25;

/// Fills the entries from the facts.
///
/// # Errors
/// When the store fails.
pub fn fill(entries: &[PreserveFile], store: &Sealed) -> rusqlite::Result<Vec<Preserve>> {
    let accounts = store.rows(
        "SELECT provider AS of, identity AS value FROM account WHERE identity <> ''
         UNION SELECT 'apple', identity FROM find_device WHERE identity <> '' ORDER BY 1, 2",
    )?;
    let devices = store.rows(
        "SELECT DISTINCT role, serial, imei, iccid, number FROM device WHERE role = 'examined' ORDER BY serial, imei, iccid, number",
    )?;
    let sessions = store.rows(
        "SELECT service AS of, min(coalesce(first_at, at)) AS first, max(at) AS last FROM session GROUP BY service",
    )?;
    let networks = store.rows(&format!(
        "SELECT s.ip || ', ' || coalesce(min(coalesce(s.first_at, s.at)) || ' – ' || max(s.at), '?') AS value
         FROM session AS s JOIN session_class AS c ON c.ev = s.ev
         WHERE s.ip <> '' AND c.class IN ('not_explained', 'contradicted')
         GROUP BY s.ip ORDER BY COUNT(*) DESC, s.ip LIMIT {MOST_NETWORKS}"
    ))?;
    let trackers = store.rows("SELECT DISTINCT identifier FROM tracker WHERE identifier <> '' ORDER BY identifier")?;
    let text =
        |row: &BTreeMap<String, Value>, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
    let mut out = Vec::new();
    for entry in entries {
        let of = |row: &BTreeMap<String, Value>| {
            let provider = text(row, "of").to_lowercase();
            entry.providers.iter().any(|p| provider.starts_with(p.as_str()))
        };
        let mut identifiers = BTreeSet::new();
        for key in &entry.identifiers {
            let (rows, column) = match key {
                Identifier::Tracker => (&trackers, "identifier"),
                Identifier::Network => (&networks, "value"),
                Identifier::Serial => (&devices, "serial"),
                Identifier::Imei => (&devices, "imei"),
                Identifier::Iccid => (&devices, "iccid"),
                Identifier::Number => (&devices, "number"),
            };
            identifiers.extend(rows.iter().map(|row| text(row, column)).filter(|value| !value.is_empty()));
        }
        out.push(Preserve {
            id: entry.id.clone(),
            holder: entry.holder.clone(),
            what: entry.what.clone(),
            gone: entry.gone.clone(),
            accounts: accounts.iter().filter(|row| of(row)).map(|row| text(row, "value")).collect(),
            identifiers: identifiers.into_iter().collect(),
            from: sessions.iter().filter(|row| of(row)).map(|row| text(row, "first")).filter(|t| !t.is_empty()).min(),
            until: sessions.iter().filter(|row| of(row)).map(|row| text(row, "last")).filter(|t| !t.is_empty()).max(),
        });
    }
    Ok(out)
}
