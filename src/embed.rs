//! Build script: puts the data folders (`artifacts/`, `rules/`, `fixtures/`) into the program as text, so that the binary
//! is one file and the data stay readable in the source tree. Paths of the building machine go into `OUT_DIR` only.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::var("CARGO_MANIFEST_DIR")?;
    let out = std::env::var("OUT_DIR")?;
    println!("cargo:rerun-if-changed=src/embed.rs");
    for folder in ["artifacts", "rules", "fixtures"] {
        println!("cargo:rerun-if-changed={folder}");
        let list = list_files(&Path::new(&root).join(folder))?;
        std::fs::write(Path::new(&out).join(format!("{folder}.rs")), list)?;
    }
    Ok(())
}

/// A Rust source text with every file under `folder` by its path, sorted bytewise. A file that is not text stops the build.
fn list_files(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        println!("cargo:rerun-if-changed={}", entry.path().display());
        if !entry.file_type().is_file() || entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path().to_str().ok_or("a data file has a name that is not UTF-8")?.to_owned();
        if std::fs::read(&path)?.contains(&0) || std::fs::read_to_string(&path).is_err() {
            return Err(format!("{path}: data files are UTF-8 text").into());
        }
        let name: Vec<_> = entry.path().strip_prefix(folder)?.iter().map(|part| part.to_string_lossy()).collect();
        files.push((name.join("/"), path));
    }
    files.sort();
    let mut text =
        String::from("/// Path and text of every file, sorted by path.\npub static FILES: &[(&str, &str)] = &[\n");
    for (name, path) in files {
        writeln!(text, "    ({name:?}, include_str!({path:?})),")?;
    }
    text.push_str("];\n");
    Ok(text)
}
