//! All sessions of all accounts in one place: every record with the class that the views gave it and where it stands, and the
//! chains that tie records of one device together. Plain data for `report.json`, the chapter of `report.html`, and the rows of
//! `sessions.csv`. Nothing here decides; it shows what `rules/views/session_class.toml` decided.

use crate::fact::Packed;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// One record of use of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Chain that it belongs to, as [`Chain::id`].
    pub chain: String,
    /// Service that recorded it.
    pub service: String,
    /// The account, as far as the source tells; empty when not known.
    pub account: String,
    /// `login_event`, `active`, `remembered`, `registered` or `background`: five things that are never mixed.
    pub kind: String,
    /// `login`, `logout` or `use`; empty when not recorded.
    pub event: String,
    /// `explained_by_identifier`, `consistent_with_declared`, `not_explained`, `contradicted` or `cannot_tell`.
    pub class: String,
    /// Why, as a code.
    pub reason: String,
    /// What the record calls the device.
    pub device: String,
    /// System, as claimed.
    pub os: String,
    /// Network address.
    pub ip: String,
    /// Place as the provider guesses it.
    pub place: String,
    /// First seen.
    pub first_at: String,
    /// When, or last seen. Without `Z` when the source gives no zone.
    pub at: String,
    /// Records that it sums up.
    pub uses: i64,
    /// Where it stands, and where the device stands that explains it.
    pub citations: Vec<Place>,
}

/// Where a fact stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Number of the fact, as in the citations of findings.
    pub ev: i64,
    /// The stream.
    pub stream: String,
    /// Where in the stream.
    pub locator: String,
}

/// Records that belong to one device, browser or installation, as far as the sources tie them together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chain {
    /// `C-001`, the strangest first.
    pub id: String,
    /// What ties the records: `identifier`, `cookie`, or only a like `profile`, which two equal devices share.
    pub basis: String,
    /// What the records call the device.
    pub device: String,
    /// The strangest class among its records.
    pub class: String,
    /// A reason of that class.
    pub reason: String,
    /// Services.
    pub services: Vec<String>,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Kinds of records.
    pub kinds: Vec<String>,
    /// Number of records.
    pub records: i64,
    /// Number of addresses.
    pub addresses: i64,
    /// First seen.
    pub first_at: String,
    /// Last seen.
    pub at: String,
    /// Changes of locks from one of its addresses within the hour.
    pub changes: i64,
}

/// Header of `sessions.csv`.
const HEADER: [&str; 17] = [
    "at", "first_at", "service", "account", "kind", "event", "class", "reason", "device", "os", "ip", "place", "uses",
    "chain", "ev", "stream", "locator",
];

/// Writes `sessions.csv` (RFC 4180, UTF-8): a header, and a line for every session. A cell that a spreadsheet would take for a
/// formula begins with an apostrophe.
///
/// # Errors
/// When it cannot be written.
pub fn csv(sessions: &Packed<Session>, to: &mut dyn Write) -> io::Result<()> {
    let mut out = Vec::new();
    super::csv::line(&mut out, HEADER.into_iter());
    for s in sessions {
        let place = s.citations.first().cloned().unwrap_or_default();
        let (uses, ev) = (s.uses.to_string(), place.ev.to_string());
        let cells = [
            &s.at,
            &s.first_at,
            &s.service,
            &s.account,
            &s.kind,
            &s.event,
            &s.class,
            &s.reason,
            &s.device,
            &s.os,
            &s.ip,
            &s.place,
            &uses,
            &s.chain,
            &ev,
            &place.stream,
            &place.locator,
        ];
        super::csv::line(&mut out, cells.into_iter().map(String::as_str));
        if out.len() > 64 * 1024 {
            to.write_all(&out)?;
            out.clear();
        }
    }
    to.write_all(&out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_breaks_out() {
        let device = "=HYPERLINK(\"http://203.0.113.7\",\"a\")\r\n@x".to_string();
        let session = Session { device: device.clone(), place: " +31".into(), uses: 2, ..Session::default() };
        let mut bytes = Vec::new();
        csv(&[session].into_iter().collect(), &mut bytes).unwrap();
        let mut reader = ::csv::Reader::from_reader(&bytes[..]);
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), HEADER);
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(row.get(8), Some(format!("'{device}").as_str()));
        assert_eq!((row.get(11), row.get(12)), (Some("' +31"), Some("2")));
        assert!(bytes.ends_with(b"\r\n"));
    }
}
