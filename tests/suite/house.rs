//! Rules of the house that neither a type nor a lint enforces.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(PathBuf, String)> {
    walkdir::WalkDir::new(root().join("src"))
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.path().extension().is_some_and(|x| x == "rs"))
        .map(|e| (e.path().strip_prefix(root()).unwrap().to_path_buf(), std::fs::read_to_string(e.path()).unwrap()))
        .collect()
}

/// What each stage may not lean on.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("src/reader", &["evidence", "artifact", "fact", "rule", "report", "audit", "cli"]),
    ("src/evidence", &["artifact", "fact", "rule", "report", "audit", "cli"]),
    ("src/fact", &["evidence", "reader", "artifact", "rule", "report", "audit", "cli"]),
    ("src/artifact", &["evidence", "rule", "audit", "cli"]),
    ("src/rule", &["evidence", "reader", "artifact", "audit", "cli"]),
    ("src/report", &["evidence", "reader", "audit", "compare", "cli"]),
    ("src/compare", &["evidence", "reader", "cli"]),
];

#[test]
fn imports_run_one_way() {
    for (file, text) in sources() {
        // Tests may look wherever they want.
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        for (folder, forbidden) in FORBIDDEN {
            if file.starts_with(folder) {
                for module in forbidden {
                    assert!(!code.contains(&format!("crate::{module}::")), "{} leans on {module}", file.display());
                }
            }
        }
    }
}

#[test]
fn every_module_says_what_it_is_responsible_for() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not open with a paragraph", file.display());
    }
}

#[test]
fn no_module_is_a_drawer_for_everything() {
    for (file, _) in sources() {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "common", "helpers", "helper", "manager", "misc"].contains(&stem.as_str()),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_glossary_of_the_readme_uses_the_words_of_the_code() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let all: String = sources().into_iter().map(|(_, text)| text).collect();
    for (word, name) in [
        ("container", "trait Container"),
        ("stream", "struct StreamInput"),
        ("reader", "mod reader"),
        ("row", "struct Row"),
        ("artifact", "struct Artifact"),
        ("fact", "struct NewFact"),
        ("citation", "struct Citation"),
        ("locator", "pub locator"),
        ("rule", "struct Rule"),
        ("outcome", "struct Outcome"),
        ("finding", "struct Finding"),
        ("gap", "struct Gap"),
        ("step", "struct Step"),
        ("checklist", "pub checklist"),
        ("report", "struct Report"),
    ] {
        assert!(readme.contains(&format!("**{word}**")), "the README's glossary lacks {word}");
        assert!(all.contains(name), "the code has no {name}");
    }
}

/// Words that no text for people may use (field.md A3.2, B5): they claim too much, blame, or alarm.
const BANNED: [&str; 14] = [
    "gehackt",
    "bespioneer",
    "u bent veilig",
    "je bent veilig",
    "toestel is schoon",
    "telefoon is schoon",
    "dader",
    "hacked",
    "you are safe",
    "phone is clean",
    "device is clean",
    "perpetrator",
    "spied on",
    "guilty",
];

#[test]
fn texts_for_people_do_not_claim_or_alarm() {
    for (name, text) in vrijspoor::embedded::rules::FILES.iter().chain(vrijspoor::embedded::artifacts::FILES) {
        if std::path::Path::new(name).extension().is_some_and(|x| x == "md") {
            continue;
        }
        for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with('#')) {
            let line = line.to_lowercase();
            for word in BANNED {
                assert!(!line.contains(word), "{name}:{}: {word}", n + 1);
            }
        }
    }
}

#[test]
fn dutch_sentences_are_short() {
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    let rules = vrijspoor::rule::Rules::embedded(&artifacts.vocabulary).unwrap();
    let mut long = Vec::new();
    let mut check = |id: &str, text: &str, most: usize| {
        for sentence in text.split(['.', '?', '!', ':', ';', '\n']) {
            let words = sentence.split_whitespace().count();
            if words > most {
                long.push(format!("{id}: {words} words: {}", sentence.trim()));
            }
        }
    };
    for rule in &rules.list {
        for text in [&rule.nl.title, &rule.nl.shows, &rule.nl.may_mean, &rule.nl.limits, &rule.nl.notices]
            .into_iter()
            .chain(&rule.nl.innocent)
        {
            check(&rule.id, text, 20);
        }
        for text in [&rule.nl_easy.title, &rule.nl_easy.shows] {
            check(&rule.id, text, 10);
        }
    }
    for step in &rules.steps {
        for text in [&step.nl.title, &step.nl.why].into_iter().chain(&step.nl.actions).chain(&step.nl.do_not) {
            check(&step.id, text, 20);
        }
        for text in std::iter::once(&step.nl_easy.title).chain(&step.nl_easy.actions) {
            check(&step.id, text, 10);
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_coverage_pages_are_those_of_the_data_files() {
    let artifacts = vrijspoor::artifact::Artifacts::embedded().unwrap();
    for family in artifacts.catalogues.keys() {
        let page = artifacts.coverage_page(family).unwrap();
        let kept = vrijspoor::embedded::artifact(&format!("{family}/COVERAGE.md")).unwrap_or_default();
        assert!(page == kept, "vrijspoor artifacts coverage {family} > artifacts/{family}/COVERAGE.md");
    }
}
