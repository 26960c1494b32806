//! Text blocks for people who must vouch in writing: a Dutch one that an investigating officer can take into a *proces-verbaal* after an
//! own check, and an English certificate under the Federal Rules of Evidence 902(13) and (14). They are filled where the program
//! knows, and blank where a person must speak from own observation. No file of this program is itself such a document.

use super::text::{Text, fill};
use super::{Report, html, json, shown};
use std::fmt::Write as _;

const NL: &str = include_str!("text/proces-verbaal.nl.txt");
const EN: &str = include_str!("text/certificate-902.en.txt");

/// What a person fills in.
const BLANK: &str = "____________________";

/// `proces-verbaal.txt`, always in Dutch.
///
/// # Errors
/// When the report cannot be turned into JSON and back, which would be an error of this program.
pub fn proces_verbaal(report: &Report) -> Result<Vec<u8>, html::Error> {
    make(report, NL, "nl")
}

/// `certificate-902.txt`, always in English.
///
/// # Errors
/// As [`proces_verbaal`].
pub fn certificate(report: &Report) -> Result<Vec<u8>, html::Error> {
    make(report, EN, "en")
}

fn make(report: &Report, template: &str, lang: &str) -> Result<Vec<u8>, html::Error> {
    let digest = json::digest(report)?;
    let report = shown::report(report)?;
    let text = Text::of(lang);
    let known = |value: &str| if value.trim().is_empty() { BLANK.to_owned() } else { value.to_owned() };
    let mut exhibits = String::new();
    for (n, input) in (1..).zip(&report.evidence) {
        let _ = writeln!(exhibits, "  {n}. {} ({}, {} bytes)", input.name, text.name(&input.kind), input.bytes);
        let _ = writeln!(exhibits, "     SHA-256 {}", input.sha256);
    }
    let mut findings = String::new();
    for finding in &report.findings {
        let say = html::texts(finding, text);
        let _ = writeln!(findings, "  {} {}", finding.id, html::title(finding, text));
        if finding.experimental {
            let _ = writeln!(findings, "     {}", text.report.experimental);
        }
        let _ = writeln!(findings, "     {}", say.shows);
        for line in &say.innocent {
            let _ = writeln!(findings, "     {}: {line}", text.court.also_possible);
        }
        let _ = writeln!(findings, "     {}: {}", text.report.limits, say.limits);
    }
    if findings.is_empty() {
        let _ = writeln!(findings, "  {}", text.report.summary_nothing);
    }
    let open = report.outcomes.iter().filter(|one| one.outcome == "not-evaluated").count();
    let filled = fill(
        template,
        &[
            ("blank", BLANK),
            ("case", &known(&report.case.id)),
            ("examiner", &known(&report.case.examiner)),
            ("organisation", &known(&report.case.organisation)),
            ("basis", &known(&report.case.basis)),
            ("tool", &format!("{} {}", report.tool.name, report.tool.version)),
            ("rules", &report.ruleset.rules_sha256),
            ("artifacts", &report.ruleset.artifacts_sha256),
            ("report", &digest),
            ("exhibits", exhibits.trim_end()),
            ("findings", findings.trim_end()),
            ("questions", &report.outcomes.len().to_string()),
            ("open", &open.to_string()),
            ("gaps", &report.gaps.len().to_string()),
            ("parts", &html::parts(&report, text)),
        ],
    );
    Ok(filled.into_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_is_known_is_filled_in_and_the_rest_is_left_to_people() {
        let report = sample::report("nl");
        for text in [proces_verbaal(&report).unwrap(), certificate(&report).unwrap()] {
            let text = String::from_utf8(text).unwrap();
            let known: [&str; 4] = [&report.evidence[0].sha256, &report.case.id, &report.ruleset.rules_sha256, "F-001"];
            for known in known {
                assert!(text.contains(known), "{known}");
            }
            assert!(text.matches(BLANK).count() >= 5);
            assert!(!text.contains('{') && !text.contains('\u{202E}') && !text.contains('\u{1b}'));
        }
        let mut empty = report;
        empty.case = crate::report::Case::default();
        empty.findings.clear();
        assert!(
            String::from_utf8(certificate(&empty).unwrap()).unwrap().contains(&Text::of("en").report.summary_nothing)
        );
    }

    #[test]
    fn no_text_accuses() {
        for template in [NL, EN] {
            let lower = template.to_lowercase();
            for word in [
                "dader",
                "verdachte",
                "slachtoffer",
                "suspect",
                "perpetrator",
                "victim",
                "gehackt",
                "hacked",
                "bewijst dat",
                "proves that",
            ] {
                assert!(!lower.contains(word), "{word}");
            }
        }
    }
}
