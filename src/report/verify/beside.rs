//! What lies beside the report: whether the signature holds for these bytes, whether the time stamp is about them, whether the lines
//! of custody hang together.

use super::{MANIFEST, Problem, Verified, fs};
use crate::report::{custody, sign, stamp};
use std::collections::BTreeMap;
use std::path::Path;

/// Checks what lies beside the report. What is not there is no problem; the caller says that it is not there.
pub(super) fn check(out: &Path, found: &BTreeMap<String, (String, u64)>, problems: &mut Vec<Problem>) -> Verified {
    let manifest = fs::read(out.join(MANIFEST)).unwrap_or_default();
    let digest = super::super::json::sha256(&manifest);
    let mut problem = |path: &str, code, detail: String| problems.push(Problem { path: path.to_owned(), code, detail });
    let mut verified = Verified::default();
    if found.contains_key(sign::FILE) {
        let signature = fs::read_to_string(out.join(sign::FILE)).unwrap_or_default();
        verified.signer = sign::signer(&signature, &manifest);
        if verified.signer.is_none() {
            problem(sign::FILE, "signature", String::new());
        }
    }
    verified.stamp_asked = found.contains_key(stamp::REQUEST);
    if found.contains_key(stamp::REPLY) {
        let [request, reply] = [stamp::REQUEST, stamp::REPLY].map(|name| fs::read(out.join(name)).unwrap_or_default());
        match stamp::check(&reply, &request, &super::super::json::digest_bytes(&manifest)) {
            Ok(stamp) => verified.stamp = Some(stamp.time),
            Err(error) => problem(stamp::REPLY, "stamp", error.to_string()),
        }
    }
    let (entries, broken) = custody::check(&custody::of(out), &digest);
    for one in broken {
        problem(custody::FILE, "custody", format!("line {}: {}", one.line, one.code));
    }
    // Only reports have a list of custody; a comparison of two reports has none.
    if entries.is_empty() && found.contains_key("data/report.json") {
        problem(custody::FILE, "missing", String::new());
    }
    verified.custody = (entries.len(), entries.last().map(|last| last.hash.clone()).unwrap_or_default());
    verified
}
