//! Scratch: the one private folder where plaintext of the evidence may lie. It has a random name, only its owner may enter
//! it, and it is removed when it goes out of scope, so also when an error or a panic unwinds the run.

use std::path::{Path, PathBuf};

use super::Error;

/// A private folder that removes itself.
#[derive(Debug)]
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes a new private folder in the system's folder for temporary files.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new() -> Result<Self, Error> {
        Self::within(&std::env::temp_dir())
    }

    /// Makes a new private folder in the given folder (the user may choose an encrypted disk).
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn within(parent: &Path) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("vrijspoor-").rand_bytes(12);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder.tempdir_in(parent).map(Self).map_err(|source| Error::io(parent, source))
    }

    /// Where the folder lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Removes the folder now and says so when that fails (a drop cannot).
    ///
    /// # Errors
    /// When something in the folder cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        let path: PathBuf = self.path().to_path_buf();
        self.0.close().map_err(|source| Error::io(path, source))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_and_gone_afterwards() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_path_buf();
        std::fs::write(path.join("plain"), b"secret").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
        scratch.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_panic_removes_it_too() {
        let seen = std::sync::Mutex::new(PathBuf::new());
        let outcome = std::panic::catch_unwind(|| {
            let scratch = Scratch::new().unwrap();
            std::fs::write(scratch.path().join("plain"), b"secret").unwrap();
            *seen.lock().unwrap() = scratch.path().to_path_buf();
            std::panic::resume_unwind(Box::new("boom"));
        });
        assert!(outcome.is_err());
        let path = seen.lock().unwrap().clone();
        assert!(path.is_absolute() && !path.exists());
    }
}
