//! The folder that is handed over: a `BagIt` 1.0 bag (RFC 8493), so that `sha256sum -c manifest-sha256.txt` checks it without this
//! program. It is built under another name beside its place and renamed at the end: whoever stops the program halfway finds
//! either no bag or a whole one. Clock, host and path stand only in the session file that the caller hands in.

use super::copies::Reader;
use super::leak::{Forbidden, Leak, Scanner};
use super::text::Text;
use super::{Report, case_uco, csv, custody, html, json, persons, statement};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The declaration of the bag.
pub const BAGIT: &str = "bagit.txt";
/// Sizes and maker.
pub const INFO: &str = "bag-info.txt";
/// Digests of everything under `data/`.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// Digests of the other files.
pub const TAGS: &str = "tagmanifest-sha256.txt";
/// How to verify without this program.
pub const README: &str = "README_VERIFY.txt";
/// The files of a comparison, relative to its top.
pub const COMPARISON: [&str; 2] = ["data/comparison.html", "data/comparison.json"];
/// The files of the bag of every report, relative to its top.
pub const PAYLOAD: [&str; 9] = [
    "data/case.jsonld",
    "data/certificate-902.txt",
    "data/evidence.sha256",
    "data/report.html",
    "data/report.json",
    "data/proces-verbaal.txt",
    "data/session.json",
    "data/sessions.csv",
    "data/timeline.csv",
];

/// What decides about the copies for people: for whom they are made, and what must stand in no file at all.
#[derive(Debug, Clone, Default)]
pub struct Copies {
    /// For whom a copy of the checklist is written.
    pub readers: Vec<Reader>,
    /// What must never be printed: the leak check refuses it.
    pub never_print: Vec<String>,
    /// Whether every page is also set as PDF. It takes memory with the length of the report.
    pub pdf: bool,
}

/// The pages that are also set as PDF, and the name they then have.
pub const PRINTED: [(&str, &str); 6] = [
    ("data/checklist.html", "data/checklist.pdf"),
    ("data/comparison.html", "data/comparison.pdf"),
    ("data/notes.html", "data/notes.pdf"),
    ("data/persons.html", "data/persons.pdf"),
    ("data/police.html", "data/police.pdf"),
    ("data/report.html", "data/report.pdf"),
];

/// What `bagit.txt` says.
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Why a bag could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that is not a bag of this program is in the way; it is never replaced.
    #[error("{} exists and is not an empty folder", .0.display())]
    Exists(PathBuf),
    /// An earlier bag is in the way, and nobody said that it may be replaced.
    #[error("{} already holds an earlier report", .0.display())]
    EarlierBag(PathBuf),
    /// The operating system refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that must never be printed would have been.
    #[error("{}: line {}: item {} of [place] never_print, {}", .0.file, .0.line, .0.item, .0.masked)]
    Leak(Leak),
    /// A page could not be put together.
    #[error(transparent)]
    Page(#[from] html::Error),
    /// A PDF is asked of a program that was built without.
    #[error("built without the feature `pdf`")]
    NoPdf,
    /// A value could not be written as JSON.
    #[error("the report is not valid: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// Stable code; the texts for people hang on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "out-exists",
            Self::EarlierBag(_) => "out-is-bag",
            Self::Io { .. } => "out-unwritable",
            Self::Leak(_) => "leak",
            Self::NoPdf => "no-pdf",
            Self::Page(_) | Self::Json(_) => "report-invalid",
        }
    }
}

/// Checks before the work starts that [`write()`] will have a place to write to.
///
/// # Errors
/// [`Error::Exists`] and [`Error::EarlierBag`].
pub fn check(out: &Path, overwrite: bool) -> Result<(), Error> {
    let Ok(found) = fs::symlink_metadata(out) else { return Ok(()) };
    if !found.is_dir() {
        return Err(Error::Exists(out.to_owned()));
    }
    let empty = fs::read_dir(out).map_err(|source| failed(out, source))?.next().is_none();
    match (empty, is_ours(out), overwrite) {
        (true, ..) | (false, true, true) => Ok(()),
        (false, true, false) => Err(Error::EarlierBag(out.to_owned())),
        (false, false, _) => Err(Error::Exists(out.to_owned())),
    }
}

/// Writes the bag. `evidence_list` holds the digests of every stored byte of the input (coreutils format), `session` when,
/// where, by whom and with which binary the audit ran. The folder is private (0700 on Unix). An earlier bag of this program is
/// replaced only with `overwrite`; anything else in the way is never touched.
///
/// # Errors
/// When something is in the way, the system refuses, or a page cannot be put together. Nothing is left behind at `out` then.
pub fn write(
    out: &Path,
    report: &Report,
    evidence_list: &[u8],
    session: &serde_json::Value,
    copies: &Copies,
    overwrite: bool,
) -> Result<(), Error> {
    let at = |key: &str| session_time(session, key);
    let event = custody::Event {
        at: at("finished"),
        action: "made".to_owned(),
        by: "program".to_owned(),
        note: format!("{} {}, begun {}", report.tool.name, report.tool.version, at("started")),
        ..custody::Event::default()
    };
    let excerpt = report.excerpt()?;
    let mut payload = BTreeMap::from([
        ("data/case.jsonld", case_uco::bytes(&excerpt)?),
        ("data/certificate-902.txt", statement::certificate(&excerpt)?),
        ("data/evidence.sha256", evidence_list.to_vec()),
        ("data/report.html", html::render(&excerpt)?.into_bytes()),
        ("data/proces-verbaal.txt", statement::proces_verbaal(&excerpt)?),
        ("data/session.json", [serde_json::to_vec_pretty(session)?, b"\n".to_vec()].concat()),
        ("data/timeline.csv", csv::timeline(&excerpt)?),
    ]);
    for reader in &copies.readers {
        payload.insert(reader.file(), reader.render(&excerpt)?.into_bytes());
    }
    if let Some(page) = persons::render(&excerpt)? {
        payload.insert("data/persons.html", page.into_bytes());
    }
    let whole = |to: &mut dyn Write| json::write(report, to).map_err(io::Error::from);
    let sessions = |to: &mut dyn Write| super::sessions::csv(&report.sessions, to);
    let mut printed = BTreeMap::new();
    let mut files: BTreeMap<&str, Content<'_>> =
        payload.iter().map(|(name, bytes)| (*name, Content::Bytes(bytes))).collect();
    files.insert("data/report.json", Content::Written(&whole));
    files.insert("data/sessions.csv", Content::Written(&sessions));
    let forbidden = Forbidden::new(&copies.never_print);
    if !forbidden.is_empty() {
        for (name, content) in &files {
            let mut scanner = Scanner::new(&forbidden, name);
            content.write(&mut scanner).map_err(|source| failed(Path::new(name), source))?;
            if let Some(leak) = scanner.end() {
                return Err(Error::Leak(leak));
            }
        }
    }
    let agent = format!("{} {}", report.tool.name, report.tool.version);
    if copies.pdf {
        // After the leak check: a PDF says what its page says, but packed, where nothing can be looked for.
        let (digest, as_of, text) =
            (json::digest(&excerpt)?, report.options.as_of.as_deref(), Text::of(&report.options.lang));
        printed = print(&payload, &Origin { file: "report.json", digest: &digest, as_of, tool: &agent, text })?;
    }
    files.extend(printed.iter().map(|(name, bytes)| (*name, Content::Bytes(bytes))));
    put_bag(out, &agent, &files, Some(event), overwrite)
}

/// What the pages of a bag were made from and by, as their PDFs name it.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Its SHA-256.
    pub digest: &'a str,
    /// Its reference time (RFC 3339, UTC).
    pub as_of: Option<&'a str>,
    /// Program and version.
    pub tool: &'a str,
    /// The words of its language.
    pub text: &'a Text,
}

/// Sets the pages among these files as PDF, and gives those by the name that each has in the bag.
///
/// # Errors
/// [`Error::NoPdf`] when the program was built without, and [`Error::Page`].
#[cfg(feature = "pdf")]
pub fn print(
    files: &BTreeMap<&'static str, Vec<u8>>,
    origin: &Origin<'_>,
) -> Result<BTreeMap<&'static str, Vec<u8>>, Error> {
    let mut printed = BTreeMap::new();
    for (page, pdf) in PRINTED {
        let Some(html) = files.get(page).map(|bytes| String::from_utf8_lossy(bytes)) else { continue };
        let kind = Path::new(page).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Origin { file, digest, as_of, tool, text } = *origin;
        // Nothing on the page for the person may say what made it.
        let (tool, made_from) = if page == Reader::Person.file() { ("", "") } else { (tool, file) };
        printed.insert(
            pdf,
            super::pdf::render(&super::pdf::Sheet { html: &html, kind, made_from, digest, as_of, tool, text })?,
        );
    }
    Ok(printed)
}

/// Refuses: this program was built without PDF.
///
/// # Errors
/// Always [`Error::NoPdf`].
#[cfg(not(feature = "pdf"))]
pub fn print(_: &BTreeMap<&'static str, Vec<u8>>, _: &Origin<'_>) -> Result<BTreeMap<&'static str, Vec<u8>>, Error> {
    Err(Error::NoPdf)
}

/// Says before the work starts whether [`print()`] will refuse.
///
/// # Errors
/// [`Error::NoPdf`].
pub const fn check_pdf(asked: bool) -> Result<(), Error> {
    if asked && !cfg!(feature = "pdf") { Err(Error::NoPdf) } else { Ok(()) }
}

/// A file of the payload: its bytes, or what writes them where they are too many to be held. It writes the same every time.
enum Content<'a> {
    Bytes(&'a [u8]),
    Written(&'a (dyn Fn(&mut dyn Write) -> io::Result<()> + Sync)),
}

impl Content<'_> {
    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => to.write_all(bytes),
            Self::Written(write) => write(to),
        }
    }
}

/// A time of the session; the beginning of time where it has none, which only tests have.
fn session_time(session: &serde_json::Value, key: &str) -> String {
    session.get(key).and_then(serde_json::Value::as_str).unwrap_or("1970-01-01T00:00:00Z").to_owned()
}

/// Writes a bag with the given files under `data/`, unless they hold what is forbidden. `agent` names the program and its version.
///
/// # Errors
/// As [`write()`].
pub fn write_files(
    out: &Path,
    agent: &str,
    payload: &BTreeMap<&str, Vec<u8>>,
    forbidden: &Forbidden,
    overwrite: bool,
) -> Result<(), Error> {
    // A PDF is packed: its page, which says the same, is looked through in its place.
    let mut open = payload.iter().filter(|(name, _)| !PRINTED.iter().any(|(_, pdf)| pdf == *name));
    open.try_for_each(|(name, content)| forbidden.check(name, content)).map_err(Error::Leak)?;
    let files = payload.iter().map(|(name, bytes)| (*name, Content::Bytes(bytes))).collect();
    put_bag(out, agent, &files, None, overwrite)
}

fn put_bag(
    out: &Path,
    agent: &str,
    payload: &BTreeMap<&str, Content<'_>>,
    event: Option<custody::Event>,
    overwrite: bool,
) -> Result<(), Error> {
    check(out, overwrite)?;
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
    // A temporary folder of this kind is made 0700 and takes itself away when it goes out of scope.
    let building =
        tempfile::Builder::new().prefix(".vrijspoor-").tempdir_in(parent).map_err(|source| failed(parent, source))?;
    let bag = building.path().join("bag");
    create_private(&bag)?;
    create_private(&bag.join("data"))?;
    let put_all = |files: &BTreeMap<&str, Content<'_>>| -> Result<Listed, Error> {
        // Side by side: the two files of a long log are each as large as memory should be, and are made while they are written.
        let one = |(name, content): (&&str, &Content<'_>)| {
            let path = bag.join(name);
            Ok(((*name).to_owned(), put(&path, content).map_err(|source| failed(&path, source))?))
        };
        files.par_iter().map(one).collect()
    };
    let written = put_all(payload)?;
    let bytes = written.values().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
    let info = format!("Bag-Software-Agent: {agent}\nPayload-Oxum: {bytes}.{}\n", written.len());
    let listed = manifest(&written);
    let mut tags = BTreeMap::from([
        (BAGIT, DECLARATION.as_bytes().to_vec()),
        (INFO, info.into_bytes()),
        (README, readme().into_bytes()),
    ]);
    if let Some(mut event) = event {
        event.manifest_sha256 = json::sha256(listed.as_bytes());
        tags.insert(custody::FILE, custody::append("", event)?.into_bytes());
    }
    tags.insert(MANIFEST, listed.into_bytes());
    let tags = tags.iter().map(|(name, bytes)| (*name, Content::Bytes(bytes))).collect();
    let list = manifest(&put_all(&tags)?);
    put_all(&BTreeMap::from([(TAGS, Content::Bytes(list.as_bytes()))]))?;
    if fs::symlink_metadata(out).is_ok() {
        // The old bag moves into the temporary folder and goes with it, once the new one stands in its place.
        let old = building.path().join("old");
        fs::rename(out, &old).map_err(|source| failed(out, source))?;
        if let Err(source) = fs::rename(&bag, out) {
            fs::rename(&old, out).map_err(|source| failed(out, source))?;
            return Err(failed(out, source));
        }
        return Ok(());
    }
    fs::rename(&bag, out).map_err(|source| failed(out, source))
}

/// Names an operating-system error.
fn failed(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

/// Makes a folder that only its owner can enter.
fn create_private(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| failed(path, source))
}

/// Writes a file through to the disk, so that a rename never shows an empty one after a power cut; gives digest and length.
fn put(path: &Path, content: &Content<'_>) -> io::Result<(String, u64)> {
    let mut to = json::Digesting::new(File::create_new(path)?);
    content.write(&mut to)?;
    let (file, digest, length) = to.end();
    file.sync_all()?;
    Ok((digest, length))
}

/// Files with digest and length.
type Listed = BTreeMap<String, (String, u64)>;

/// A manifest: digest, two spaces, name; sorted by name, which is how `sha256sum` writes and reads it.
fn manifest(files: &Listed) -> String {
    files.iter().fold(String::new(), |list, (name, (digest, _))| list + digest + "  " + name + "\n")
}

/// Whether a folder holds a bag of this program: only then may it be replaced.
fn is_ours(folder: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    let declared = fs::read_to_string(folder.join(BAGIT)).is_ok_and(|text| text.starts_with("BagIt-Version:"));
    let ours = |name: &str| {
        let head = File::open(folder.join(name)).ok().map(io::BufReader::new);
        let head = head.and_then(|file| serde_json::from_reader::<_, Head>(file).ok());
        head.is_some_and(|head| head.schema.starts_with("vrijspoor/"))
    };
    declared && (ours("data/report.json") || ours("data/comparison.json"))
}

/// The stock commands that check a bag, each after what it does.
#[must_use]
pub fn commands(text: &Text) -> Vec<(&str, &'static str)> {
    let words = &text.verify;
    vec![
        (&words.linux, "sha256sum -c manifest-sha256.txt"),
        (&words.tags, "sha256sum -c tagmanifest-sha256.txt"),
        (&words.mac, "shasum -a 256 -c manifest-sha256.txt"),
        (&words.windows, "Get-FileHash -Algorithm SHA256 data\\report.json"),
        (
            &words.signature,
            "ssh-keygen -Y check-novalidate -n vrijspoor -s manifest-sha256.txt.sig < manifest-sha256.txt",
        ),
        (
            &words.signer,
            "ssh-keygen -Y verify -n vrijspoor -f allowed_signers -I NAME -s manifest-sha256.txt.sig < manifest-sha256.txt",
        ),
        (
            &words.stamp,
            "openssl ts -verify -queryfile manifest-sha256.txt.tsq -in manifest-sha256.txt.tsr -CAfile AUTHORITY.pem",
        ),
        (&words.evidence, "sha256sum -c OUT/data/evidence.sha256"),
        (&words.value, "sqlite3 -readonly COPY-OF-FILE \"SELECT COLUMN FROM TABLE WHERE rowid = 1\""),
    ]
}

/// The text of `README_VERIFY.txt`, in Dutch and in English, whatever the language of the report.
fn readme() -> String {
    let mut all = String::new();
    for lang in ["nl", "en"] {
        let text = Text::of(lang);
        let words = &text.verify;
        all += &[words.readme_title.as_str(), "\n\n", &words.readme_lead, "\n"].concat();
        for (meaning, command) in commands(text) {
            all += &["\n", meaning, ":\n    ", command, "\n"].concat();
        }
        all += &["\n", words.readme_limits.as_str(), "\n\n\n"].concat();
    }
    all.trim_end().to_owned() + "\n"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::report::{sample, verify};

    fn all() -> Copies {
        Copies { readers: vec![Reader::Care, Reader::Police, Reader::Person], ..Copies::default() }
    }

    #[test]
    fn a_bag_that_would_leak_is_not_written() {
        let place = tempfile::tempdir().unwrap();
        let session = serde_json::json!({"host": "zonnehuis kantoor"});
        for (item, file) in [("Opvang Voorbeeld", "data/"), ("ZONNEHUIS-Kantoor", "data/session.json")] {
            let out = place.path().join(item);
            let copies = Copies { never_print: vec!["Niemandsweg 1".into(), item.into()], ..all() };
            match write(&out, &sample::report("nl"), b"", &session, &copies, false).unwrap_err() {
                Error::Leak(leak) => assert!(leak.item == 2 && leak.file.starts_with(file), "{leak:?}"),
                other => panic!("{other}"),
            }
            assert!(!out.exists());
        }
        assert!(Text::of("nl").error.contains_key("leak"));
    }

    fn make(out: &Path, overwrite: bool) -> Result<(), Error> {
        let session = serde_json::json!({"started": "2026-11-24T00:00:00Z"});
        write(out, &sample::report("nl"), b"00  a\n", &session, &all(), overwrite)
    }

    #[test]
    fn a_bag_is_written_as_sha256sum_reads_it() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("deep/out");
        make(&out, false).unwrap();
        let list = fs::read_to_string(out.join(MANIFEST)).unwrap() + &fs::read_to_string(out.join(TAGS)).unwrap();
        let mut names = Vec::new();
        for line in list.lines() {
            let (digest, name) = line.split_once("  ").expect("two spaces");
            assert_eq!(json::sha256(&fs::read(out.join(name)).unwrap()), digest);
            names.push(name.to_owned());
        }
        assert!(PAYLOAD.iter().all(|name| names.contains(&(*name).to_owned())));
        assert_eq!(names.len(), PAYLOAD.len() + 3 + 5);
        let info = fs::read_to_string(out.join(INFO)).unwrap();
        assert!(
            info.contains("Payload-Oxum: ")
                && info.ends_with(&format!(".{}\n", PAYLOAD.len() + 3))
                && !info.contains("Date")
        );
        assert_eq!(fs::read(out.join("data/evidence.sha256")).unwrap(), b"00  a\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1, "nothing temporary stays");
    }

    #[test]
    fn two_bags_of_one_report_are_the_same_byte_for_byte() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        make(&one, false).unwrap();
        make(&other, false).unwrap();
        assert_eq!(fs::read(one.join(TAGS)).unwrap(), fs::read(other.join(TAGS)).unwrap());
        assert_eq!(verify::verify(&one).unwrap().seal, verify::verify(&other).unwrap().seal);
    }

    #[test]
    fn what_stands_in_the_way_is_not_touched() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        fs::create_dir(&out).unwrap();
        make(&out, false).expect("an empty folder is free");
        assert!(matches!(make(&out, false), Err(Error::EarlierBag(_))));
        fs::write(out.join("data/report.html"), "old").unwrap();
        make(&out, true).expect("an earlier bag may be replaced when asked");
        assert!(verify::verify(&out).unwrap().problems.is_empty());

        let full = place.path().join("photos");
        fs::create_dir(&full).unwrap();
        fs::write(full.join("a.jpg"), "x").unwrap();
        for overwrite in [false, true] {
            assert!(matches!(make(&full, overwrite), Err(Error::Exists(_))));
            assert!(matches!(make(&full.join("a.jpg"), overwrite), Err(Error::Exists(_))));
        }
        assert_eq!(fs::read(full.join("a.jpg")).unwrap(), b"x");
        let error = make(&full.join("a.jpg/deeper"), false).unwrap_err();
        assert_eq!(error.code(), "out-unwritable");
        assert!(Text::of("nl").error.contains_key(error.code()));
    }
}
