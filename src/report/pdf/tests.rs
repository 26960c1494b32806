//! Tests of the pages on paper that need no tool of others.

use super::*;
use crate::report::copies::Reader;
use crate::report::{html, json, sample};
use proptest::prelude::{ProptestConfig, proptest};

fn holds(pdf: &[u8], text: &str) -> bool {
    pdf.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn every_page_is_set_in_both_languages_twice_the_same() {
    for lang in ["nl", "en"] {
        let report = sample::report(lang);
        let digest = json::digest(&report).unwrap();
        let page = |reader: Reader| (reader.file(), reader.render(&report).unwrap());
        let pages = [Reader::Care, Reader::Police, Reader::Person].map(page);
        for (name, html) in [("data/report.html", html::render(&report).unwrap())].into_iter().chain(pages) {
            let kind = name.trim_start_matches("data/").trim_end_matches(".html");
            let (made_from, tool, as_of) = ("report.json", "vrijspoor 0", report.options.as_of.as_deref());
            let sheet = Sheet { html: &html, kind, made_from, digest: &digest, as_of, tool, text: Text::of(lang) };
            // The sample holds characters of every kind; they are shown in codes, not by falling back on Latin for the whole page.
            let pdf = set(&sheet, Glyphs::Fonts).unwrap();
            assert!(pdf == render(&sheet).unwrap(), "{name} differs between two runs");
            assert!(pdf.starts_with(b"%PDF-1.7"), "{name}");
            for mark in [
                "<pdfaid:part>2</pdfaid:part>",
                "<pdfaid:conformance>A</pdfaid:conformance>",
                "<pdfuaid:part>1</pdfuaid:part>",
                "/StructTreeRoot",
            ] {
                assert!(holds(&pdf, mark), "{name}: {mark}");
            }
            assert!(!holds(&pdf, "/JavaScript") && !holds(&pdf, "/EmbeddedFile"), "{name}");
        }
    }
}

#[test]
fn nothing_in_a_page_for_the_person_says_what_made_it() {
    let report = sample::report("nl");
    let html = Reader::Person.render(&report).unwrap();
    let sheet =
        Sheet { html: &html, kind: "notes", made_from: "", digest: "00", as_of: None, tool: "", text: Text::of("nl") };
    let pdf = render(&sheet).unwrap();
    assert!(!holds(&pdf.to_ascii_lowercase(), "vrijspoor"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn any_text_can_be_set(lines in proptest::collection::vec("\\PC{0,40}", 12)) {
        let escape = |line: &String| line.replace('&', "&#38;").replace('<', "&#60;");
        let line = |line: String| format!("<p>{line}</p><pre>{line}</pre><p><code>{line}</code></p>");
        let body: String = lines.iter().map(escape).map(line).collect();
        let html = format!("<html><head><title>t</title></head><body><h1>t</h1>{body}</body></html>");
        let sheet = Sheet { html: &html, kind: "report", made_from: "", digest: "00", as_of: None, tool: "", text: Text::of("nl") };
        render(&sheet).unwrap();
    }
}
