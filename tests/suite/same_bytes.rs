//! The report is a pure function of evidence, options, data files and version: another folder, another number of threads, another
//! zone and another language of the machine give the same bytes. Only `session.json`, `custody.jsonl` and what people put beside
//! the report may differ.

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::path::Path;
use vrijspoor::embedded::Data;
use vrijspoor::fixture;

fn outputs(bag: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(bag)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(|e| (e.path().strip_prefix(bag).unwrap().display().to_string(), std::fs::read(e.path()).unwrap()))
        // The manifests repeat the digest of the session, and custody its times.
        .filter(|(name, _)| {
            !name.ends_with("session.json")
                && !name.contains("manifest")
                && name != "bag-info.txt"
                && name != "custody.jsonl"
        })
        .collect()
}

#[test]
fn two_runs_give_the_same_bytes() {
    for name in ["demo", "android-controlled"] {
        let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
        let mut results = Vec::new();
        for (zone, lang, threads) in [("UTC", "C", "1"), ("Pacific/Auckland", "nl_NL.UTF-8", "4")] {
            let folder = tempfile::tempdir().unwrap();
            let inputs = fixture::build(&recipe, &folder.path().join("evidence")).unwrap();
            let out = folder.path().join("out");
            let mut command = Command::new(env!("CARGO_BIN_EXE_vrijspoor"));
            command.arg("audit").args(&inputs).arg("-o").arg(&out).arg("--quiet");
            if cfg!(feature = "pdf") {
                command.arg("--pdf");
            }
            if let Some(case) = &recipe.case {
                let path = folder.path().join("case.toml");
                std::fs::write(&path, case).unwrap();
                command.arg("--case").arg(path);
            }
            command.env("TZ", zone).env("LANG", lang).env("LC_ALL", lang).env("RAYON_NUM_THREADS", threads);
            command.env("VRIJSPOOR_PASSWORD", recipe.password.clone().unwrap_or_default());
            command.current_dir(folder.path()).assert().success();
            results.push(outputs(&out));
        }
        assert!(results[0].len() >= 10, "{:?}", results[0].keys());
        for (file, bytes) in &results[0] {
            assert!(results[1].get(file) == Some(bytes), "{name}: {file} differs between two runs");
        }
        assert_eq!(results[0].len(), results[1].len());
    }
}
