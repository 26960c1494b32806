//! A copy without the names of other people, in which every hidden value is promised: beside its mark stands HMAC-SHA256 of the value
//! under a salt of its own. The salts never lie in the copy. Who holds them can later open one value and no other, and everybody
//! can check that it is the value that was hidden: `openssl dgst -sha256 -mac HMAC -macopt hexkey:SALT`. Without a salt a value can
//! neither be read nor be found by trying names.

use super::{Report, json};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};

/// A hidden value, as the copy shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Its mark: `R-001`; it stands as `[R-001]` wherever the value stood.
    pub id: String,
    /// The columns of facts in which it stood.
    pub columns: Vec<String>,
    /// HMAC-SHA256 of the value under its salt, in hexadecimal.
    pub commitment: String,
}

/// What opens a hidden value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The mark.
    pub id: String,
    /// The salt, 32 bytes in hexadecimal.
    pub salt: String,
    /// The value.
    pub value: String,
}

/// The columns that name another person, by kind of fact.
pub type Columns = BTreeMap<String, BTreeSet<String>>;

/// Columns that may hold an address or number of anybody.
const MAY_NAME: [&str; 11] = [
    "account",
    "address",
    "buyer",
    "device_name",
    "identifier",
    "new_value",
    "old_value",
    "server",
    "target",
    "user",
    "value",
];

/// Whether somebody can be reached by a value: a mail address, or a number of at least seven digits.
fn reaches(value: &str) -> bool {
    value.contains('@') || value.chars().filter(char::is_ascii_digit).count() >= 7
}

/// Shorter values cannot be hidden inside other words without hiding those too; they are hidden only where they stand alone.
const SHORTEST_INSIDE: usize = 4;

/// The copy with its marks, and the openings that stay with the maker. `salt` gives 32 bytes that nobody can guess.
///
/// # Errors
/// When the report cannot be turned into JSON and back, which would be an error of this program.
pub fn redact(
    report: &Report,
    columns: &Columns,
    salt: &mut dyn FnMut() -> [u8; 32],
) -> Result<(Report, Vec<Opening>), serde_json::Error> {
    let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
    for citation in report.findings.iter().flat_map(|finding| &finding.citations) {
        let named = |column: &String| columns.get(&citation.fact).is_some_and(|hidden| hidden.contains(column));
        for (column, value) in &citation.decoded {
            let Some(value) = value.as_str().filter(|value| !value.trim().is_empty()) else { continue };
            let may_name = MAY_NAME.contains(&column.as_str()) && reaches(value);
            if !(named(column) || may_name) {
                continue;
            }
            match found.iter_mut().find(|(known, _)| known == value) {
                Some((_, columns)) => drop(columns.insert(column.clone())),
                None => found.push((value.to_owned(), BTreeSet::from([column.clone()]))),
            }
        }
    }
    let (mut redactions, mut openings) = (Vec::new(), Vec::new());
    for (n, (value, columns)) in (1..).zip(&found) {
        let salt = salt();
        let id = format!("R-{n:03}");
        let commitment = json::hex(&commit(&salt, value));
        redactions.push(Redaction { id: id.clone(), columns: columns.iter().cloned().collect(), commitment });
        openings.push(Opening { id, salt: json::hex(&salt), value: value.clone() });
    }
    let mut marks: Vec<(String, String)> =
        openings.iter().map(|one| (one.value.clone(), format!("[{}]", one.id))).collect();
    // A name inside a longer one is hidden with the longer one.
    marks.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.0.cmp(&other.0)));
    let mut copy = report.clone();
    // The list of all facts serves later audits of the maker, and the table of persons is about nothing but other people.
    copy.baseline = super::facts::Baseline::default();
    copy.persons = super::persons::Persons::default();
    // Names of devices and places of sign-in may be anybody's; those that a finding cites stand there, under their marks.
    copy.sessions.clear();
    copy.chains.clear();
    let mut tree = serde_json::to_value(&copy)?;
    hide(&mut tree, &marks);
    copy = serde_json::from_value(tree)?;
    copy.redactions = redactions;
    Ok((copy, openings))
}

/// Replaces the values in every string below a node.
fn hide(node: &mut Value, marks: &[(String, String)]) {
    match node {
        Value::String(text) => {
            for (value, mark) in marks {
                if text == value {
                    text.clone_from(mark);
                } else if value.len() >= SHORTEST_INSIDE && text.contains(value.as_str()) {
                    *text = text.replace(value.as_str(), mark);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, marks)),
        Value::Object(fields) => fields.values_mut().for_each(|field| hide(field, marks)),
        Value::Number(number) => {
            // A number of an account is a number in the file and a text in the fact.
            if let Some((_, mark)) = marks.iter().find(|(value, _)| *value == number.to_string() && value.len() > 5) {
                *node = Value::String(mark.clone());
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The promise of a value.
fn commit(salt: &[u8], value: &str) -> Vec<u8> {
    // A key of any length is allowed, so this cannot fail; an empty promise would match nothing.
    Hmac::<Sha256>::new_from_slice(salt).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(value.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// Whether an opening opens what a copy promised.
#[must_use]
pub fn opens(redactions: &[Redaction], opening: &Opening) -> bool {
    let Some(salt) = bytes(&opening.salt).filter(|salt| salt.len() == 32) else { return false };
    let promised = redactions.iter().find(|one| one.id == opening.id);
    promised.is_some_and(|one| one.commitment == json::hex(&commit(&salt, &opening.value)))
}

/// Bytes from hexadecimal.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().as_chunks::<2>();
    if !digits.1.is_empty() {
        return None;
    }
    digits.0.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;
    use serde_json::json;

    fn columns() -> Columns {
        BTreeMap::from([("permission_grant".to_owned(), BTreeSet::from(["counterpart".to_owned()]))])
    }

    fn hidden() -> (Report, Vec<Opening>) {
        let mut report = sample::report("nl");
        report.findings[0].citations[0].decoded.insert("counterpart".to_owned(), json!("r.voorbeeld@example.org"));
        report.findings[0].citations[0].raw.insert("who".to_owned(), json!("mailto:r.voorbeeld@example.org"));
        report.findings[0].texts.nl.shows = "Mail gaat naar r.voorbeeld@example.org.".to_owned();
        let mut n = 0;
        redact(&report, &columns(), &mut || {
            n += 1;
            [n; 32]
        })
        .unwrap()
    }

    #[test]
    fn a_hidden_value_stands_nowhere_and_can_be_opened_alone() {
        let (copy, openings) = hidden();
        let text = serde_json::to_string(&copy).unwrap();
        assert!(
            !text.contains("r.voorbeeld") && text.contains("mailto:[R-001]") && text.contains("gaat naar [R-001].")
        );
        assert_eq!(openings[0].value, "r.voorbeeld@example.org");
        assert!(!text.contains(&openings[0].salt), "the salt never lies in the copy");
        assert!(opens(&copy.redactions, &openings[0]));
    }

    #[test]
    fn no_other_value_and_no_other_salt_opens_it() {
        let (copy, openings) = hidden();
        let other = |change: &dyn Fn(&mut Opening)| {
            let mut opening = openings[0].clone();
            change(&mut opening);
            opens(&copy.redactions, &opening)
        };
        assert!(!other(&|one| one.value.push('x')));
        assert!(!other(&|one| one.salt = "00".repeat(32)));
        assert!(!other(&|one| one.salt.clear()));
        assert!(!other(&|one| one.id = "R-999".to_owned()));
        assert!(!other(&|one| one.salt = "zz".repeat(32)));
    }

    #[test]
    fn the_promise_is_that_of_openssl() {
        // printf abc | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01 (32 bytes)
        let expected = "73860612aa6aadf68985b6e9c4233357cedd5f24a221eba740b2aa8350276cfc";
        assert_eq!(json::hex(&commit(&[1; 32], "abc")), expected);
    }
}
