//! Build script: reads the data folders (artifacts, rules, fixtures) into the program, so that the tool needs no other file.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    for folder in ["artifacts", "rules", "fixtures"] {
        let base = Path::new(&root).join(folder);
        println!("cargo:rerun-if-changed={}", base.display());
        let mut list = String::from("/// Name and text of every file, sorted by name.\npub static FILES: &[(&str, &str)] = &[\n");
        for entry in walkdir::WalkDir::new(&base).sort_by_file_name() {
            let Ok(entry) = entry else { continue };
            println!("cargo:rerun-if-changed={}", entry.path().display());
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(&base).expect("below base").to_string_lossy().replace('\\', "/");
                writeln!(list, "    ({name:?}, include_str!({:?})),", entry.path()).expect("writing to a string");
            }
        }
        list.push_str("];\n");
        fs::write(Path::new(&out).join(format!("{folder}.rs")), list).expect("OUT_DIR is writable");
    }
}
