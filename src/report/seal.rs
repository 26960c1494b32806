//! What is put beside a finished report: a signature, a time stamp, a line of custody. They are tag files of the bag: the payload and
//! its manifest stay as they were, and only the list of the tag files is written anew.

use super::bag::{Error, MANIFEST, README, TAGS};
use super::custody::{self, Event};
use super::json::sha256;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// The bytes that are signed and stamped: the list of the digests of the payload.
///
/// # Errors
/// When the system refuses to read them.
pub fn manifest(bag: &Path) -> Result<Vec<u8>, Error> {
    let path = bag.join(MANIFEST);
    fs::read(&path).map_err(|source| Error::Io { path, source })
}

/// Puts tag files into a bag (each whole or not at all) and lists them. `event` is written into the list of custody too.
///
/// # Errors
/// When the system refuses.
pub fn put(bag: &Path, files: &BTreeMap<&str, Vec<u8>>, mut event: Event) -> Result<(), Error> {
    event.manifest_sha256 = sha256(&manifest(bag)?);
    let mut files = files.clone();
    files.insert(custody::FILE, custody::append(&custody::of(bag), event)?.into_bytes());
    let path = bag.join(TAGS);
    let list = fs::read_to_string(&path).map_err(|source| Error::Io { path, source })?;
    // Lines of files that are not touched stay as they are: a change that somebody made to them must stay visible.
    let mut lines: BTreeMap<String, String> = list
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(digest, name)| (name.to_owned(), digest.to_owned())))
        .collect();
    lines.extend(files.iter().map(|(name, bytes)| ((*name).to_owned(), sha256(bytes))));
    let list = lines.iter().fold(String::new(), |all, (name, digest)| all + digest + "  " + name + "\n");
    for (name, bytes) in &files {
        replace(bag, name, bytes)?;
    }
    replace(bag, TAGS, list.as_bytes())
}

/// Writes a file beside its place and moves it there.
fn replace(bag: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = bag.join(name);
    let failed = |source| Error::Io { path: path.clone(), source };
    // The working file lies beside the bag, so that nobody who looks in between finds a file that is not listed.
    let beside = bag.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".vrijspoor-").tempfile_in(beside).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The tag files that a bag may have beside those that every bag has.
pub const OPTIONAL: [&str; 4] = [custody::FILE, super::sign::FILE, super::stamp::REQUEST, super::stamp::REPLY];

/// Whether a name is that of a tag file of this program.
#[must_use]
pub fn is_known(name: &str) -> bool {
    OPTIONAL.contains(&name) || [super::bag::BAGIT, super::bag::INFO, MANIFEST, README].contains(&name)
}
