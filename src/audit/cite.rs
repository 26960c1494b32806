//! Checking citations: reads every cited value again from the original and compares it with the report.

use super::{Error, extraction, source};
use crate::artifact::Artifacts;
use crate::embedded::Data;
use crate::evidence::{self, Cancel, Context, Password, hash, scratch::Scratch};
use crate::report::{Citation, Finding};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What came of one citation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Finding it belongs to.
    pub finding: String,
    /// Stream and locator.
    pub place: String,
    /// `agrees`, or what differs.
    pub outcome: Outcome,
}

/// Whether the original says what the report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stream, digest and values are the same.
    Agrees,
    /// The stream is not in the evidence.
    NoStream,
    /// The stream has other bytes: digest now.
    OtherBytes(String),
    /// The values are not at that place any more.
    OtherValues,
    /// The stream could not be read: reason.
    Unreadable(String),
}

/// Reads the citations of the findings of a report again. `scope` is the consent scope of that report: what it left closed stays closed.
///
/// # Errors
/// When the evidence cannot be opened.
pub fn check(
    findings: &[&Finding],
    scope: &[String],
    inputs: &[PathBuf],
    passwords: &[Password],
    data: Data,
    cancel: &Cancel,
) -> Result<Vec<Checked>, Error> {
    let artifacts = Artifacts::load(data.artifacts)?;
    let scratch = Scratch::new()?;
    let context =
        Context { scratch: scratch.path().to_path_buf(), passwords: passwords.to_vec(), cancel: cancel.clone() };
    let opened = evidence::open::open_locked(&evidence::open::resolve_inputs(inputs)?, &context)?;
    let containers = &opened.containers;
    let sources = source::recognise(&artifacts, containers, scope, scratch.path());

    // Every stream that some artifact wants, by its name in the report.
    let by_digest = format!("!{}", extraction::PRIVATE);
    let unnamed = if findings.iter().flat_map(|f| &f.citations).any(|c| c.stream.contains(&by_digest)) {
        extraction::Unnamed::find(&artifacts, &sources, containers, scope)?
    } else {
        extraction::Unnamed::default()
    };
    let mut by_name = BTreeMap::new();
    for source in &sources {
        for at in source.wanted.values().flatten() {
            by_name.insert(unnamed.name(containers, *at), *at);
        }
    }
    let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for citation in findings.iter().flat_map(|f| &f.citations) {
        if let Some((container, entry)) = by_name.get(&citation.stream) {
            wanted.entry(*container).or_default().push(*entry);
        }
    }
    for (container, entries) in &mut wanted {
        entries.sort_unstable();
        entries.dedup();
        containers[*container].container.prepare(entries)?;
    }

    let mut cache = BTreeMap::new();
    let mut digests = BTreeMap::new();
    let mut out = Vec::new();
    for finding in findings {
        for citation in &finding.citations {
            cancel.check()?;
            let outcome = match by_name.get(&citation.stream) {
                None => Outcome::NoStream,
                Some(at) => {
                    let digest = digests
                        .entry(*at)
                        .or_insert_with(|| {
                            hash::digest_stream(&*containers[at.0].container, at.1).map_err(|e| e.to_string())
                        })
                        .clone();
                    match digest {
                        Err(e) => Outcome::Unreadable(e),
                        Ok(digest) if digest != citation.sha256 => Outcome::OtherBytes(digest),
                        Ok(_) => {
                            let facts = cache.entry((*at, citation.artifact.clone())).or_insert_with(|| {
                                let Some(artifact) = artifacts.list.iter().find(|a| a.id == citation.artifact) else {
                                    return Err(format!("this version has no artifact {}", citation.artifact));
                                };
                                extraction::again(artifact, &artifacts, containers, *at, scratch.path())
                            });
                            compare(citation, facts)
                        }
                    }
                }
            };
            let place = format!("{} {}", citation.stream, citation.locator);
            out.push(Checked { finding: finding.id.clone(), place, outcome });
        }
    }
    Ok(out)
}

fn compare(citation: &Citation, extracted: &Result<crate::artifact::Extracted, String>) -> Outcome {
    match extracted {
        Err(e) => Outcome::Unreadable(e.clone()),
        Ok(extracted) => {
            let same = |f: &crate::fact::NewFact| {
                f.kind == citation.fact
                    && f.locator == citation.locator
                    && serde_json::from_str(&f.raw).is_ok_and(|raw: BTreeMap<_, _>| raw == citation.raw)
            };
            if extracted.facts.iter().any(|f| same(&f)) { Outcome::Agrees } else { Outcome::OtherValues }
        }
    }
}
