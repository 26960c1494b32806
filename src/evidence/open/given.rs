//! What the user pointed at: recognises the form of a file by its first bytes, widens a path that lies inside a backup to the
//! backup, and joins the files that are parts of one export.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::evidence::android_backup::{self, AndroidBackup};
use crate::evidence::source::broken;
use crate::evidence::{Container, Context, Error, Folder, Source, Tar, dumpstate, ios, label, tar, zip};

/// So many first bytes of a file are looked at.
pub(super) const HEAD: usize = 4096;

/// What the name of a write-ahead log has behind that of its database.
const LOG: &str = "-wal";

/// The form of a container, as its first bytes tell it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Zip,
    AndroidBackup,
    Tar,
    GzipTar,
    Text(dumpstate::Looks),
}

/// Zip archives that are documents or programs: what they hold is no evidence of its own.
const DOCUMENTS: &[&str] = &[
    "apk", "apks", "xapk", "aab", "jar", "aar", "ipa", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "kmz",
    "pages", "numbers", "key",
];

/// Endings under which an archive within an archive, or a bug report, may go; those without ending are looked at too.
pub(super) const ENDINGS: &[&str] = &["zip", "ab", "tar", "tgz", "gz", "txt", "log"];

pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn ending(path: &str) -> Option<String> {
    base(path).rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())
}

pub(super) fn recognise(head: &[u8], path: &str) -> Option<Form> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") || head.starts_with(b"PK\x07\x08") {
        return ending(path).is_none_or(|ending| !DOCUMENTS.contains(&ending.as_str())).then_some(Form::Zip);
    }
    if head.starts_with(android_backup::MAGIC) {
        return Some(Form::AndroidBackup);
    }
    if tar::is_tar(head) {
        return Some(Form::Tar);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut block = Vec::new();
        // The head is cut, so an error after the first block is no matter.
        let _ = flate2::read::GzDecoder::new(head).take(512).read_to_end(&mut block);
        return tar::is_tar(&block).then_some(Form::GzipTar);
    }
    dumpstate::recognise(head, path).map(Form::Text)
}

/// One input, or several files that are parts of one export.
pub(super) struct Input(Vec<PathBuf>);

/// The paths that will be opened, and so must be hashed: a path inside an iPhone backup stands for the whole backup, a database
/// brings the write-ahead log beside it, and the same path given twice counts once. The order is kept.
///
/// # Errors
/// [`Error::NotFound`] and what the system says.
pub fn resolve_inputs(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut resolved: Vec<PathBuf> = Vec::new();
    for path in paths {
        let path = widen(path)?;
        let log = log_of(&path).filter(|log| log.is_file() && is_database(&path));
        for path in [Some(path), log].into_iter().flatten() {
            if !resolved.contains(&path) {
                resolved.push(path);
            }
        }
    }
    Ok(resolved)
}

/// The name of the write-ahead log of a database; nothing for a log itself.
fn log_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    (!name.ends_with(LOG)).then(|| path.with_file_name(format!("{name}{LOG}")))
}

fn is_database(path: &Path) -> bool {
    path.is_file()
        && Source::file(path).and_then(|s| s.head(16).map_err(|e| Error::io(path, e))).is_ok_and(|h| h == ios::SQLITE)
}

/// Makes one input of the parts of one export, or of a database and its log.
pub(super) fn group(paths: &[PathBuf]) -> Result<Vec<Input>, Error> {
    let mut inputs: Vec<Input> = Vec::new();
    let mut exports: BTreeMap<String, usize> = BTreeMap::new();
    let all = resolve_inputs(paths)?;
    let database = |log: &Path| all.iter().find(|path| log_of(path).is_some_and(|own| own == log) && is_database(path));
    for path in all.iter().filter(|path| database(path).is_none()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let at = match part_of(name).filter(|_| path.is_file()) {
            Some(export) => *exports.entry(export).or_insert(inputs.len()),
            None => inputs.len(),
        };
        let log = log_of(path).filter(|log| all.contains(log) && is_database(path));
        match inputs.get_mut(at) {
            Some(input) => input.0.push(path.clone()),
            None => inputs.push(Input([Some(path.clone()), log].into_iter().flatten().collect())),
        }
    }
    for input in &mut inputs {
        input.0.sort();
    }
    Ok(inputs)
}

/// The export that a file is a part of, by its name: `takeout-20260101T000000Z-001.zip`, `takeout-…-3-002.zip`, either also
/// with ` (1)` (catalogue/accounts.md 0.1).
pub(super) fn part_of(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let stem = lower.strip_suffix(".zip")?;
    let stem = match stem.rsplit_once(" (") {
        Some((front, number)) if number.strip_suffix(')').is_some_and(|digits| digits.parse::<u32>().is_ok()) => front,
        _ => stem,
    };
    let mut pieces = stem.strip_prefix("takeout-")?.split('-');
    let (time, last) = (pieces.next()?, pieces.next_back()?);
    (last.len() >= 3 && last.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("takeout-{time}"))
}

/// The folder of the iPhone backup that a path lies in, when the user pointed too deep; otherwise the path itself.
fn widen(path: &Path) -> Result<PathBuf, Error> {
    let data = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound(path.to_path_buf()),
        _ => Error::io(path, source),
    })?;
    let full = std::path::absolute(path).map_err(|source| Error::io(path, source))?;
    let name = full.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let table = |folder: &&Path| ["Manifest.db", "Manifest.mbdb"].iter().any(|name| folder.join(name).is_file());
    let hexadecimal = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let inside = if data.is_dir() {
        hexadecimal(name, 2) || name == "Snapshot"
    } else {
        hexadecimal(name, 40)
            || ["Manifest.db", "Manifest.db-wal", "Manifest.mbdb", "Manifest.plist", "Info.plist", "Status.plist"]
                .contains(&name)
    };
    let above = full.ancestors().skip(1).take(if data.is_dir() { 1 } else { 2 }).find(table);
    Ok(above.filter(|_| inside).map_or_else(|| path.to_path_buf(), Path::to_path_buf))
}

pub(super) fn open_given(input: &Input, ctx: &Context) -> Result<(Arc<dyn Container>, String), Error> {
    let Some(path) = input.0.first() else { return Err(Error::Missing { what: "an input".into() }) };
    let name = |path: &Path| {
        let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        full.file_name().map_or_else(|| "/".to_string(), |name| label(name.as_encoded_bytes()))
    };
    let own = name(path);
    if path.is_dir() {
        return Ok((Arc::new(Folder::open(path, ctx)?), own));
    }
    let source = Source::file(path)?;
    if source.is_empty() {
        return Err(Error::Empty { what: own, detail: "the file is empty".into() });
    }
    if input.0.iter().any(|path| log_of(path).is_none()) && input.0.len() > 1 {
        return Ok((Arc::new(Folder::files(&input.0)?), own));
    }
    if input.0.len() > 1 {
        let parts: Result<Vec<_>, Error> = input.0.iter().map(|path| Ok((name(path), Source::file(path)?))).collect();
        let shown = format!("{own} (+{})", input.0.len() - 1);
        return Ok((Arc::new(zip::open_parts(parts?, ctx)?), shown));
    }
    let head = source.head(HEAD).map_err(|error| broken(&own, error))?;
    let container: Arc<dyn Container> = match recognise(&head, &own) {
        Some(form @ (Form::Zip | Form::AndroidBackup | Form::Tar | Form::GzipTar)) => {
            open_archive(&form, source, &own, ctx)?
        }
        Some(Form::Text(_)) | None => Arc::new(Folder::files(&input.0)?),
    };
    Ok((container, own))
}

pub(super) fn open_archive(
    form: &Form,
    source: Source,
    name: &str,
    ctx: &Context,
) -> Result<Arc<dyn Container>, Error> {
    Ok(match form {
        Form::AndroidBackup => Arc::new(AndroidBackup::open(&source, name, ctx)?),
        Form::Tar => Arc::new(Tar::open(source, name, ctx)?),
        Form::GzipTar => Arc::new(Tar::open_gzip(source, name, ctx)?),
        Form::Zip | Form::Text(_) => Arc::new(zip::open(source, name, ctx)?),
    })
}
