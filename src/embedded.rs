//! The data files: artifacts, rules and fixtures. They are built into the program; a folder with files of the same layout can take
//! their place, so that somebody who writes a rule or adds a package needs no compiler. Which files were used stands in the report.

use std::io;
use std::path::Path;

/// Files under `artifacts/`: name and text, sorted by name.
pub mod artifacts {
    include!(concat!(env!("OUT_DIR"), "/artifacts.rs"));
}

/// Files under `rules/`.
pub mod rules {
    include!(concat!(env!("OUT_DIR"), "/rules.rs"));
}

/// Files under `fixtures/`.
pub mod fixtures {
    include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));
}

/// Name and text of every file of one folder, sorted by name. They live as long as the program.
pub type Files = &'static [(&'static str, &'static str)];

/// The data files that a run works with.
#[derive(Debug, Clone, Copy)]
pub struct Data {
    /// `artifacts/`
    pub artifacts: Files,
    /// `rules/`
    pub rules: Files,
    /// `fixtures/`
    pub fixtures: Files,
    /// Published lists of indicators to use beside the built-in ones: name of the file and its bytes.
    pub lists: &'static [(&'static str, &'static [u8])],
}

impl Default for Data {
    fn default() -> Self {
        Self { artifacts: artifacts::FILES, rules: rules::FILES, fixtures: fixtures::FILES, lists: &[] }
    }
}

impl Data {
    /// The files below `folder`; a part that is not there is the built-in one.
    ///
    /// # Errors
    /// When none of the three folders is there, or a file cannot be read as text.
    pub fn folder(folder: &Path) -> io::Result<Self> {
        let built_in = Self::default();
        let part = |name: &str, otherwise: Files| {
            let path = folder.join(name);
            if path.is_dir() { read_folder(&path).map(|files| (true, files)) } else { Ok((false, otherwise)) }
        };
        let (own, artifacts) = part("artifacts", built_in.artifacts)?;
        let (own_rules, rules) = part("rules", built_in.rules)?;
        let (own_fixtures, fixtures) = part("fixtures", built_in.fixtures)?;
        if !(own || own_rules || own_fixtures) {
            let what = format!("{}: no artifacts, rules or fixtures in it", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, what));
        }
        Ok(Self { artifacts, rules, fixtures, lists: &[] })
    }
}

/// Reads published lists of indicators, in the given order. They live as long as the program, like the other data files.
///
/// # Errors
/// When a file cannot be read.
pub fn read_lists(paths: &[std::path::PathBuf]) -> io::Result<&'static [(&'static str, &'static [u8])]> {
    let mut lists: Vec<(&'static str, &'static [u8])> = Vec::new();
    for path in paths {
        let bytes = std::fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        lists.push((name.leak(), bytes.leak()));
    }
    Ok(lists.leak())
}

/// Reads a folder of data files as the build does: text only, by name with `/`, sorted bytewise, hidden files left out.
///
/// # Errors
/// When a file cannot be read as text.
pub fn read_folder(folder: &Path) -> io::Result<Files> {
    let mut files: Vec<(&'static str, &'static str)> = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        if !entry.file_type().is_file() || entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let name: Vec<_> = entry.path().strip_prefix(folder).unwrap_or(entry.path()).iter().collect();
        let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        let name = name.join("/");
        let text =
            std::fs::read_to_string(entry.path()).map_err(|e| io::Error::new(e.kind(), format!("{name}: {e}")))?;
        // Read once for the whole run, like the files that are built in.
        files.push((name.leak(), text.leak()));
    }
    files.sort_unstable();
    Ok(files.leak())
}

/// The text of one file under `artifacts/`.
#[must_use]
pub fn artifact(name: &str) -> Option<&'static str> {
    artifacts::FILES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// SHA-256 over all files of a folder: name, length and text of each, in the given order. Hexadecimal.
#[must_use]
pub fn digest(files: &[(&str, &str)]) -> String {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    for (name, text) in files {
        hash.update(format!("{name}\0{}\0", text.len()));
        hash.update(text);
    }
    crate::evidence::hash::hex(&hash.finalize())
}
