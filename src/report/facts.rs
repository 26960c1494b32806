//! What a later audit is compared with: the facts themselves under keys that stay the same, and the people that were declared. Other
//! people are pseudonyms here; their names stand in the report only where they are the finding.

use crate::fact::Packed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Facts, declared people and hardware of one audit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Baseline {
    /// Where the key of the pseudonyms comes from: `key-file`, `case-id` or `none`. Without a key file a pseudonym keeps a name from
    /// being read, not from being guessed.
    pub pseudonyms: String,
    /// First 16 hex digits of the key's SHA-256: two audits whose values differ here have other pseudonyms for the same person.
    pub key_check: String,
    /// For every source the hardware it names, hashed: SHA-256 over a label and the serial number, IMEI or other identifier.
    pub hardware: BTreeMap<String, Vec<String>>,
    /// Declared people as rows of the table `person`, values as pseudonyms.
    pub declared: Vec<Declared>,
    /// All facts, sorted.
    pub facts: Packed<Fact>,
}

/// A declared person or thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Declared {
    /// `own`, `concern`, `trusted`, `privileged`, `agreed`, `examination`.
    pub role: String,
    /// `mail`, `number`, `name` …
    pub kind: String,
    /// Its value; a pseudonym for other people.
    pub value: String,
    /// Label; empty for other people.
    pub label: String,
}

/// One fact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Kind of fact.
    pub kind: String,
    /// Which source.
    pub source: String,
    /// Which artifact made it.
    pub artifact: String,
    /// First 16 hex digits of SHA-256 over kind and identity; empty where facts of the kind are not compared.
    pub key: String,
    /// Its values, those that are not known left out.
    pub values: BTreeMap<String, serde_json::Value>,
}
