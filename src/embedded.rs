//! The data files as they were when the program was built: artifacts, rules and fixtures.

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
