//! Vrijspoor reads copies of a phone or account, finds how somebody else can follow, read or steer its owner, and writes a
//! hashed report and a safety checklist.
//!
//! ```text
//! bytes ─(reader)→ rows ─(artifacts/*.toml)→ facts ─(rules/*.toml: SQL)→ findings ─(texts)→ report + checklist
//! ```
//!
//! The whole audit, on one screen: [`audit::run`] hashes every stored byte, opens the containers ([`evidence`]), lets every
//! artifact ([`artifact`]) map the rows of its streams ([`reader`]) to facts ([`fact`]), puts every rule ([`rule`]) to the sealed
//! facts, and assembles the [`report`]. Code knows formats; data knows places, meaning, concerns and words.

pub mod artifact;
pub mod audit;
pub mod cli;
pub mod compare;
pub mod embedded;
pub mod evidence;
pub mod fact;
pub mod fixture;
pub mod reader;
pub mod report;
pub mod rule;
