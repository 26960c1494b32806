//! The pages on paper: what stands on the page stands in the PDF, in characters that can be copied and searched, and nothing else
//! does. Words are read back with `pdftotext`; where that is not installed the test says so and passes over.

use super::court::has;
use super::golden::audit_fixture;
use assert_cmd::Command;
use std::collections::BTreeMap;
use std::path::Path;
use vrijspoor::report::copies::Reader;
use vrijspoor::report::pdf::{MOST_LINES, Sheet, render};
use vrijspoor::report::text::Text;
use vrijspoor::report::{bag, json};

/// The words of a PDF, when the tool that reads them is there.
fn words(pdf: &Path) -> Option<String> {
    if !has("pdftotext") {
        return None;
    }
    let done = Command::new("pdftotext").arg(pdf).arg("-").assert().success();
    Some(String::from_utf8(done.get_output().stdout.clone()).unwrap())
}

/// A text without its spaces and hyphens: lines fall differently on paper, and the tool drops a hyphen at the end of one.
fn flat(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// Whether a word is never broken on paper.
fn is_one(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    (4..=20).contains(&word.len()) && bare.chars().all(char::is_alphanumeric)
}

fn set(html: &str) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = Text::of("nl");
    let sheet =
        Sheet { html, kind: "report", made_from: "report.json", digest: "00ff", as_of: None, tool: "vrijspoor", text };
    std::fs::write(file.path(), render(&sheet).unwrap()).unwrap();
    words(file.path())
}

fn page(body: &str) -> String {
    format!("<html><head><title>t</title></head><body><h1>t</h1>{body}</body></html>")
}

#[test]
fn a_bag_with_pdf_says_on_paper_what_it_says_on_screen() {
    let folder = tempfile::tempdir().unwrap();
    let audited = audit_fixture("demo", &folder.path().join("evidence"));
    let out = folder.path().join("out");
    let readers = ["care", "police", "victim"].into_iter().filter_map(Reader::named).collect();
    let copies = bag::Copies { readers, pdf: true, ..bag::Copies::default() };
    bag::write(&out, &audited.report, &audited.evidence_list, &serde_json::json!({}), &copies, false).unwrap();
    let manifest = std::fs::read_to_string(out.join(bag::MANIFEST)).unwrap();
    let digest = json::digest(&audited.report).unwrap();
    let mut printed = BTreeMap::new();
    for (html, pdf) in bag::PRINTED.iter().filter(|(html, _)| out.join(html).is_file()) {
        assert!(manifest.contains(&format!("  {pdf}\n")), "{pdf} is not in the manifest");
        let Some(text) = words(&out.join(pdf)) else { return };
        assert!(!text.to_ascii_uppercase().contains("MARKER"), "{pdf} holds private content");
        // Word by word: columns stand beside each other, and what has a hyphen or a point in it may go on in the next line, or
        // page, of its column.
        let page = std::fs::read_to_string(out.join(html)).unwrap();
        let body = page.split_once("<main").unwrap().1;
        let text = flat(&text);
        let mut missing = Vec::new();
        let pictures = body.split("<svg").map(|part| part.split_once("</svg>").map_or(part, |(_, after)| after));
        let body: String = pictures.collect();
        for part in body.split('<').filter_map(|part| part.split_once('>')).map(|(_, words)| words) {
            let plain = part.contains(['&', '\u{FE0F}']) || part.chars().any(|c| c > '\u{2FF}');
            missing
                .extend(part.split_whitespace().filter(|word| !plain && is_one(word) && !text.contains(&flat(word))));
        }
        assert!(
            missing.is_empty(),
            "{pdf}: {} words are missing: {:?}",
            missing.len(),
            &missing[..missing.len().min(20)]
        );
        printed.insert(*pdf, text);
    }
    assert!(printed.len() >= 4, "{:?}", printed.keys());
    for pdf in ["data/report.pdf", "data/checklist.pdf", "data/police.pdf"] {
        assert!(printed[pdf].contains(&digest), "{pdf}");
    }
    for finding in &audited.report.findings {
        assert!(printed["data/report.pdf"].contains(&flat(&finding.texts.nl.title)), "{}", finding.id);
    }
    let person = &printed["data/notes.pdf"];
    assert!(!person.to_lowercase().contains("vrijspoor") && !person.contains("PDF/A"));
}

#[test]
fn a_digest_is_copied_without_hidden_characters() {
    let digest = "0123456789abcdef".repeat(4);
    let cells = format!("<td>a</td><td>{}</td><td>b</td><td><code>{digest}</code></td>", "word ".repeat(40));
    let head = "<tr><th>1</th><th>2</th><th>3</th><th>4</th></tr>";
    let html = page(&format!("<table><thead>{head}</thead><tbody><tr>{cells}</tr></tbody></table>"));
    let Some(words) = set(&html) else { return };
    assert!(!words.contains(&digest), "the digest was meant to be too long for its cell");
    let clean = |c: char| c.is_ascii_graphic() || c.is_whitespace() || c == '·';
    assert!(words.chars().all(clean), "{words:?}");
    let rest = flat(&words);
    assert!(
        rest.contains(&digest)
            || digest.as_bytes().chunks(8).all(|part| rest.contains(std::str::from_utf8(part).unwrap()))
    );
}

#[test]
fn what_people_write_is_shown_or_named_by_its_code() {
    let said = "سارة Noa 😀❤️ \u{202E}abc שלום 你好 e\u{301}\u{328} ก็ \u{E000}\u{10FFFF} ﷽ \u{FE0F}";
    let Some(words) = set(&page(&format!("<h2>{said}</h2><p><bdi>{said}</bdi></p><pre>{said}</pre>"))) else { return };
    for code in ["[U+1F600]", "[U+202E]", "[U+05E9]", "[U+4F60]", "[U+E000]"] {
        assert_eq!(flat(&words).matches(code).count(), 3, "{code}: {words}");
    }
}

#[test]
fn too_many_rows_are_left_out_and_the_page_says_so() {
    let row = "<tr><td>regel</td></tr>";
    let table = |n: usize| format!("<table><thead><tr><th>h</th></tr></thead><tbody>{}</tbody></table>", row.repeat(n));
    let html = page(&format!("<main>{}</main><footer><p>einde</p></footer>", table(MOST_LINES + 17)));
    let Some(words) = set(&html) else { return };
    assert_eq!(words.matches("regel\n").count(), MOST_LINES);
    let said = flat(&words);
    assert!(
        said.contains("17regelsweggelaten") && said.contains(&format!("{MOST_LINES}van{}", MOST_LINES + 17)),
        "{said}"
    );
}
