//! Whether a report or a kept small form is still what it was. The small form has its digest in a file beside it (`FILE.sha256`, as
//! `sha256sum -c` reads it) and, when somebody vouches for it, a signature (`FILE.sig`, as `ssh-keygen -Y verify` reads it). A
//! report has its manifest. What is changed is not compared.

use super::Error;
use crate::report::{bag, json, sign};
use std::fs;
use std::path::{Path, PathBuf};

/// What vouches for the bytes of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seal {
    /// A list beside the file holds its digest.
    pub listed: bool,
    /// Fingerprint of the key that signed it or its list.
    pub signer: Option<String>,
}

/// The file beside a small form that holds its digest.
#[must_use]
pub fn digest_file(file: &Path) -> PathBuf {
    beside(file, ".sha256")
}

/// The file beside a small form that holds its signature.
#[must_use]
pub fn signature_file(file: &Path) -> PathBuf {
    beside(file, ".sig")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The line that lists the digest of a file, as `sha256sum` writes it.
#[must_use]
pub fn list(file: &Path, bytes: &[u8]) -> String {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{}  {name}\n", json::sha256(bytes))
}

/// Checks a small form by what lies beside it. What is not there is no problem; the answer says so.
///
/// # Errors
/// [`Error::Changed`] when digest or signature do not hold.
pub fn check(file: &Path, bytes: &[u8]) -> Result<Seal, Error> {
    let listed = check_digest(file, bytes)?;
    let signer = match fs::read_to_string(signature_file(file)) {
        Ok(signature) => {
            let changed = || Error::Changed(file.display().to_string());
            Some(sign::signer(&signature, bytes).ok_or_else(changed)?)
        }
        Err(_) => None,
    };
    Ok(Seal { listed, signer })
}

/// Checks a small form by its digest alone; false when no digest lies beside it.
///
/// # Errors
/// [`Error::Changed`] when it is another one.
pub fn check_digest(file: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let Ok(list) = fs::read_to_string(digest_file(file)) else { return Ok(false) };
    // The name in the list is not compared: a file that was given another name is still the same file.
    let digest = list.split_whitespace().next().unwrap_or_default().to_lowercase();
    if digest == json::sha256(bytes) { Ok(true) } else { Err(Error::Changed(file.display().to_string())) }
}

/// Checks the `report.json` of a bag by its manifest, and the manifest by its signature. A folder without a manifest has no seal.
///
/// # Errors
/// [`Error::Changed`] when one of them does not hold.
pub fn check_bag(folder: &Path, report: &[u8]) -> Result<Seal, Error> {
    let changed = || Error::Changed(folder.display().to_string());
    let Ok(manifest) = fs::read(folder.join(bag::MANIFEST)) else { return Ok(Seal::default()) };
    let text = String::from_utf8_lossy(&manifest);
    let listed = text.lines().find_map(|line| line.strip_suffix("data/report.json"));
    if listed.map(|digest| digest.trim_end_matches([' ', '*']).to_lowercase()) != Some(json::sha256(report)) {
        return Err(changed());
    }
    let signer = match fs::read_to_string(folder.join(sign::FILE)) {
        Ok(signature) => Some(sign::signer(&signature, &manifest).ok_or_else(changed)?),
        Err(_) => None,
    };
    Ok(Seal { listed: true, signer })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("before.json");
        assert_eq!(check(&file, b"x").unwrap(), Seal::default());
        fs::write(digest_file(&file), list(&file, b"x")).unwrap();
        assert_eq!(check(&file, b"x").unwrap(), Seal { listed: true, signer: None });
        assert_eq!(check(&file, b"y").unwrap_err().code(), "report-changed");
        fs::remove_file(digest_file(&file)).unwrap();
        fs::write(signature_file(&file), "nonsense").unwrap();
        assert_eq!(check(&file, b"x").unwrap_err().code(), "report-changed");
    }
}
