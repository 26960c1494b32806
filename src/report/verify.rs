//! Checks a bag afterwards: every listed file is hashed again, nothing is missing, nothing was added, and `report.json` is what it
//! says it is. It says what is wrong and goes on; whether the original evidence still has its digests is checked elsewhere.

use super::bag::{BAGIT, COMPARISON, DECLARATION, INFO, MANIFEST, PAYLOAD, README, TAGS};
use super::{Report, SCHEMA};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

mod beside;

/// What a check of a bag came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Number of files that were hashed and agree with their list.
    pub files: usize,
    /// SHA-256 of `manifest-sha256.txt`, which covers the whole report: the one number to write down. It stays the same when a
    /// signature, a time stamp or a line of custody is put beside the report. Empty when that file is missing.
    pub seal: String,
    /// Fingerprint of the key that signed; `None` when it is not signed.
    pub signer: Option<String>,
    /// Time of the time stamp, as the authority wrote it; `None` when there is none.
    pub stamp: Option<String>,
    /// A request for a time stamp lies there without its reply.
    pub stamp_asked: bool,
    /// Number of lines of custody, and the hash of the last.
    pub custody: (usize, String),
    /// Everything that is wrong, sorted by path; empty when all agrees.
    pub problems: Vec<Problem>,
}

/// Something that is wrong with a bag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Which file of the bag.
    pub path: String,
    /// Stable code: `changed`, `missing`, `extra`, `malformed`, `unlisted`, `schema`, `report-unreadable`, `size`,
    /// `signature`, `stamp`, `custody`.
    pub code: &'static str,
    /// Particulars, in English.
    pub detail: String,
}

/// Why a bag could not be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no bag at this place.
    #[error("{} is not the folder of a report", .0.display())]
    NotABag(PathBuf),
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Stable code; the texts for people hang on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotABag(_) => "not-a-bag",
            Self::Io { .. } => "unreadable",
        }
    }
}

/// Checks the bag at `out`.
///
/// # Errors
/// When there is no bag, or the system refuses to read it. What is wrong inside a bag is no error but a list of problems.
pub fn verify(out: &Path) -> Result<Verified, Error> {
    if !out.join(BAGIT).is_file() || !out.join("data").is_dir() {
        return Err(Error::NotABag(out.to_owned()));
    }
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in walkdir::WalkDir::new(out).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::Io { path: out.to_owned(), source: error.into() })?;
        if entry.file_type().is_dir() {
            continue;
        }
        let inside = entry.path().strip_prefix(out).unwrap_or(entry.path());
        let name = inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        if entry.file_type().is_file() {
            let digest = hash(entry.path()).map_err(|source| Error::Io { path: entry.path().to_owned(), source })?;
            found.insert(name, digest);
        } else {
            // A link can point to other bytes tomorrow, so it is never followed.
            problems.push(Problem { path: name, code: "extra", detail: "not a plain file".to_owned() });
        }
    }

    let mut listed = BTreeSet::from([TAGS.to_owned()]);
    let mut files = 0_usize;
    for (list, is_payload) in [(MANIFEST, true), (TAGS, false)] {
        for (line, entry) in read(out, list).lines().enumerate().map(|(at, line)| (at.saturating_add(1), entry(line))) {
            let Some((digest, name)) = entry.filter(|(_, name)| name.starts_with("data/") == is_payload) else {
                problems.push(Problem { path: list.to_owned(), code: "malformed", detail: format!("line {line}") });
                continue;
            };
            match found.get(&name) {
                None => problems.push(Problem { path: name.clone(), code: "missing", detail: String::new() }),
                Some((is, _)) if *is == digest => files = files.saturating_add(1),
                Some((is, _)) => {
                    problems.push(Problem {
                        path: name.clone(),
                        code: "changed",
                        detail: format!("listed {digest}, is {is}"),
                    });
                }
            }
            if !listed.insert(name.clone()) {
                problems.push(Problem {
                    path: list.to_owned(),
                    code: "malformed",
                    detail: format!("line {line} repeats {name}"),
                });
            }
        }
    }
    // `ssh-keygen -Y sign` and people who bring a reply put files beside the report that no list holds.
    for name in found.keys().filter(|name| !listed.contains(*name) && !super::seal::OPTIONAL.contains(&name.as_str())) {
        problems.push(Problem { path: name.clone(), code: "extra", detail: String::new() });
    }
    // A comparison is a bag of its own, with other files.
    let compared = listed.contains(COMPARISON[1]) && !listed.contains("data/report.json");
    let payload: &[&str] = if compared { &COMPARISON } else { &PAYLOAD };
    for name in payload.iter().chain(&[BAGIT, INFO, MANIFEST, README]).filter(|name| !listed.contains(**name)) {
        problems.push(Problem { path: (*name).to_owned(), code: "unlisted", detail: String::new() });
    }
    if !found.contains_key(TAGS) {
        problems.push(Problem { path: TAGS.to_owned(), code: "missing", detail: String::new() });
    }
    if read(out, BAGIT) != DECLARATION {
        problems.push(Problem { path: BAGIT.to_owned(), code: "malformed", detail: String::new() });
    }
    problems.extend(check_size(out, &found));
    problems.extend(check_report(out));
    let vouched = beside::check(out, &found, &mut problems);
    problems.sort();
    problems.dedup();
    Ok(Verified {
        files,
        seal: found.get(MANIFEST).map(|(digest, _)| digest.clone()).unwrap_or_default(),
        problems,
        ..vouched
    })
}

/// A text file of the bag; empty when it cannot be read, which the digests report by themselves.
fn read(out: &Path, name: &str) -> String {
    fs::read(out.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// One line of a manifest: 64 hexadecimal digits, blanks (and the `*` of binary mode), a name inside the bag in which carriage
/// return, line feed and percent are written as `%0D`, `%0A`, `%25` (RFC 8493, 2.1.3).
fn entry(line: &str) -> Option<(String, String)> {
    let (digest, name) = line.split_once([' ', '\t'])?;
    let name = name.trim_start_matches([' ', '\t', '*']);
    let name =
        name.replace("%0A", "\n").replace("%0a", "\n").replace("%0D", "\r").replace("%0d", "\r").replace("%25", "%");
    let inside =
        !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | "..")) && !name.contains('\\');
    let hex = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && inside).then(|| (digest.to_ascii_lowercase(), name))
}

/// SHA-256 and length of a file.
fn hash(path: &Path) -> io::Result<(String, u64)> {
    let (mut file, mut state, mut length) = (File::open(path)?, Sha256::new(), 0_u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        state.update(bytes);
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok((super::json::hex(&state.finalize()), length))
}

/// Compares number and size of the payload with `Payload-Oxum`.
fn check_size(out: &Path, found: &BTreeMap<String, (String, u64)>) -> Option<Problem> {
    let payload: Vec<u64> =
        found.iter().filter(|(name, _)| name.starts_with("data/")).map(|(_, (_, length))| *length).collect();
    let is = format!("{}.{}", payload.iter().fold(0_u64, |sum, length| sum.saturating_add(*length)), payload.len());
    let info = read(out, INFO);
    let said = info.lines().find_map(|line| line.strip_prefix("Payload-Oxum:")).map(str::trim).unwrap_or_default();
    (said != is).then(|| Problem { path: INFO.to_owned(), code: "size", detail: format!("listed {said}, is {is}") })
}

/// Checks that `report.json` is a report that this version knows.
fn check_report(out: &Path) -> Option<Problem> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    let problem = |code, detail| Some(Problem { path: "data/report.json".to_owned(), code, detail });
    let open = || File::open(out.join("data/report.json")).map(io::BufReader::new).ok();
    match serde_json::from_reader::<_, Head>(open()?) {
        Ok(Head { schema }) if schema != SCHEMA => return problem("schema", super::shown::value(&schema)),
        Ok(_) => {}
        Err(error) => return problem("report-unreadable", error.to_string()),
    }
    serde_json::from_reader::<_, Report>(open()?)
        .err()
        .and_then(|error| problem("report-unreadable", error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::{bag, sample, text::Text};

    fn bag() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        bag::write(&out, &sample::report("en"), b"", &serde_json::json!({}), &bag::Copies::default(), false).unwrap();
        (place, out)
    }

    fn codes(out: &Path) -> Vec<(String, &'static str)> {
        let verified = verify(out).unwrap();
        for problem in &verified.problems {
            assert!(Text::of("nl").problem.contains_key(problem.code), "no words for {}", problem.code);
        }
        verified.problems.into_iter().map(|problem| (problem.path, problem.code)).collect()
    }

    #[test]
    fn an_untouched_bag_agrees() {
        let (_place, out) = bag();
        let verified = verify(&out).unwrap();
        assert_eq!((verified.files, verified.problems.len(), verified.seal.len()), (PAYLOAD.len() + 5, 0, 64));
    }

    #[test]
    fn one_changed_byte_is_seen_in_every_file() {
        for name in PAYLOAD.iter().chain(&[BAGIT, INFO, MANIFEST, README, TAGS]) {
            let (_place, out) = bag();
            let mut bytes = fs::read(out.join(name)).unwrap();
            match bytes.last_mut() {
                Some(last) => *last ^= 1,
                None => bytes.push(b'x'),
            }
            fs::write(out.join(name), bytes).unwrap();
            assert!(!codes(&out).is_empty(), "a change of {name} went unseen");
        }
        let (_place, out) = bag();
        let page = fs::read_to_string(out.join("data/report.html")).unwrap();
        fs::write(out.join("data/report.html"), page.replacen("F-001", "F-009", 1)).unwrap();
        assert_eq!(codes(&out), [("data/report.html".to_owned(), "changed")]);
    }

    #[test]
    fn missing_and_added_files_are_seen() {
        for name in PAYLOAD.iter().chain(&[INFO, MANIFEST, README, TAGS]) {
            let (_place, out) = bag();
            fs::remove_file(out.join(name)).unwrap();
            assert!(codes(&out).iter().any(|(path, code)| path == name && *code == "missing"), "{name}");
        }
        for name in ["data/extra.html", "note.txt", "data/deep/er.txt"] {
            let (_place, out) = bag();
            fs::create_dir_all(out.join("data/deep")).unwrap();
            fs::write(out.join(name), "").unwrap();
            assert!(codes(&out).contains(&(name.to_owned(), "extra")));
        }
        #[cfg(unix)]
        {
            let (_place, out) = bag();
            std::os::unix::fs::symlink("report.json", out.join("data/link")).unwrap();
            assert_eq!(codes(&out), [("data/link".to_owned(), "extra")]);
        }
    }

    #[test]
    fn a_report_of_another_layout_is_named() {
        let (place, _) = bag();
        let out = place.path().join("other");
        let mut report = sample::report("en");
        report.schema = "vrijspoor/report/99".to_owned();
        bag::write(&out, &report, b"", &serde_json::json!({}), &bag::Copies::default(), false).unwrap();
        assert_eq!(codes(&out), [("data/report.json".to_owned(), "schema")]);
    }

    #[test]
    fn a_list_cannot_point_outside_the_bag() {
        let digest = "0".repeat(64);
        assert!(entry(&format!("{digest}  data/a b.txt")).is_some());
        assert_eq!(entry(&format!("{digest} *data/50%25%0A")).unwrap().1, "data/50%\n");
        for line in [
            "",
            "00  data/a",
            &format!("{digest}  ../a"),
            &format!("{digest}  /etc/a"),
            &format!("{digest}  data/../../a"),
            &digest,
        ] {
            assert_eq!(entry(line), None, "{line}");
        }
        let place = tempfile::tempdir().unwrap();
        assert!(matches!(verify(place.path()), Err(Error::NotABag(_))));
    }
}
