//! Case files on disk: replaced whole or not at all, and private, for they name people.

use std::io::Write as _;
use std::path::Path;

/// The name of a file without its folder.
pub fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| "case.toml".into(), |n| n.to_string_lossy().into_owned())
}

/// Writes a file beside its place and puts it there at the end. Only its owner can read it.
///
/// # Errors
/// When the system refuses; what stood there before is then still there.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|e| e.error)
}
