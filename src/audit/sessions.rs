//! Fills the part of the report on sessions from the views `session_seen`, `session_class` and `session_chain`.

use super::extraction::Outcome as Extraction;
use crate::evidence::Opened;
use crate::fact::Packed;
use crate::fact::store::Sealed;
use crate::report::sessions::{Chain, Place, Session};
use rusqlite::types::Value;
use std::collections::BTreeMap;

/// All sessions in order of time, and all chains, the strangest first. Empty when a view could not be made, which is a gap.
///
/// # Errors
/// When the store fails.
pub fn list(
    store: &Sealed,
    containers: &[Opened],
    extraction: &Extraction,
) -> rusqlite::Result<(Packed<Session>, Vec<Chain>)> {
    let conn = store.connection();
    let made: i64 = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('session_seen', 'session_class', 'session_chain')",
        [],
        |r| r.get(0),
    )?;
    if made < 3 {
        return Ok((Packed::default(), Vec::new()));
    }
    let mut ids = BTreeMap::new();
    let mut chains = Vec::new();
    let mut statement = conn.prepare(
        "SELECT chain, basis, device, class, reason, services, accounts, kinds, records, addresses, first_at, at, changes
         FROM session_chain
         ORDER BY CASE class WHEN 'contradicted' THEN 1 WHEN 'not_explained' THEN 2 WHEN 'cannot_tell' THEN 3
                             WHEN 'consistent_with_declared' THEN 4 ELSE 5 END, coalesce(first_at, at), chain",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = format!("C-{:03}", chains.len() + 1);
        let many = |n: usize| -> rusqlite::Result<Vec<String>> {
            let mut list: Vec<String> =
                text(row, n)?.split(',').filter(|s| !s.is_empty()).map(str::to_string).collect();
            list.sort();
            Ok(list)
        };
        chains.push(Chain {
            id: id.clone(),
            basis: text(row, 1)?,
            device: text(row, 2)?,
            class: text(row, 3)?,
            reason: text(row, 4)?,
            services: many(5)?,
            accounts: many(6)?,
            kinds: many(7)?,
            records: row.get(8)?,
            addresses: row.get(9)?,
            first_at: text(row, 10)?,
            at: text(row, 11)?,
            changes: row.get(12)?,
        });
        ids.insert(text(row, 0)?, id);
    }
    let mut sessions = Packed::default();
    let mut statement = conn.prepare(
        "SELECT s.chain, s.service, s.account, s.kind, s.event, c.class, c.reason, s.device, s.os, s.ip, s.place, s.first_at,
                s.at, coalesce(s.uses, 1), s.ev, c.ev_own
         FROM session_seen AS s JOIN session_class AS c ON c.ev = s.ev ORDER BY s.at, s.ev",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut citations = Vec::new();
        for n in [14, 15] {
            if let Some(ev) = row.get::<_, Option<i64>>(n)? {
                let (stream, locator) = store.place(ev)?;
                let at = extraction.streams.get(&stream).copied().unwrap_or_default();
                citations.push(Place { ev, stream: extraction.unnamed.name(containers, at), locator });
            }
        }
        sessions.push(Session {
            chain: ids.get(&text(row, 0)?).cloned().unwrap_or_default(),
            service: text(row, 1)?,
            account: text(row, 2)?,
            kind: text(row, 3)?,
            event: text(row, 4)?,
            class: text(row, 5)?,
            reason: text(row, 6)?,
            device: text(row, 7)?,
            os: text(row, 8)?,
            ip: text(row, 9)?,
            place: text(row, 10)?,
            first_at: text(row, 11)?,
            at: text(row, 12)?,
            uses: row.get(13)?,
            citations,
        });
    }
    Ok((sessions, chains))
}

fn text(row: &rusqlite::Row<'_>, n: usize) -> rusqlite::Result<String> {
    Ok(match row.get::<_, Value>(n)? {
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string(),
        _ => String::new(),
    })
}
