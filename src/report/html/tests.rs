//! Tests of the page: nothing breaks out of it, nothing is loaded, and everything is said.

use super::evidence::MOST_CITATIONS;
use super::*;
use crate::report::{checklist, sample};

fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for lang in ["nl", "en"] {
        let report = sample::report(lang);
        pages.push((format!("report {lang}"), render(&report).unwrap()));
        pages.push((format!("checklist {lang}"), checklist::render(&report).unwrap()));
        let mut empty = report.clone();
        empty.findings.clear();
        empty.case = crate::report::Case::default();
        pages.push((format!("empty {lang}"), render(&empty).unwrap()));
    }
    pages
}

#[test]
fn nothing_from_evidence_breaks_out_of_the_page() {
    for (name, page) in pages() {
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("takeout<b>"), "{name}");
        assert!(!page.contains("onerror=\""), "{name}");
        assert!(
            !page.contains('\u{202E}')
                && !page.contains('\u{200B}')
                && !page.contains('\u{1b}')
                && !page.contains('\r'),
            "{name}"
        );
        assert!(
            !page.contains("&#38;lt;") && !page.contains("&amp;lt;") && !page.contains("&#38;#"),
            "{name} is escaped twice"
        );
    }
    let page = render(&sample::report("nl")).unwrap();
    assert!(page.contains("&#60;script&#62;"), "the markup is shown as text");
    assert!(page.contains("foto[U+202E]gpj.exe"));
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let attribute =
        regex::Regex::new(r#"(?i)\b(src|href|action|srcset|data|poster|background)\s*=\s*"([^"]*)""#).unwrap();
    for (name, page) in pages() {
        for found in attribute.captures_iter(&page) {
            assert!(found[2].starts_with('#'), "{name} points to {}", &found[2]);
        }
        assert!(
            !page.contains("url(")
                && !page.contains("@import")
                && !page.contains("http://")
                && !page.contains("https://"),
            "{name}"
        );
        assert!(page.contains(r#"content="default-src 'none'; style-src 'unsafe-inline'""#), "{name}");
        assert!(
            !page.contains("<form") && !page.contains("<iframe") && !page.contains(" style=") && !page.contains("{{"),
            "{name}"
        );
    }
}

#[test]
fn links_inside_the_page_arrive_and_marks_are_used_once() {
    let id = regex::Regex::new(r#"\bid="([^"]*)""#).unwrap();
    let link = regex::Regex::new(r##"href="#([^"]*)""##).unwrap();
    for (name, page) in pages() {
        let ids: Vec<_> = id.captures_iter(&page).map(|found| found[1].to_owned()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name} uses an id twice");
        for found in link.captures_iter(&page) {
            assert!(ids.contains(&found[1].to_owned()), "{name}: nothing is called {}", &found[1]);
        }
    }
}

#[test]
fn the_page_is_well_formed() {
    let void = ["meta", "br", "hr"];
    let tag = regex::Regex::new(r"<(/?)([a-z0-9]+)[^>]*>").unwrap();
    for (name, page) in pages() {
        let body = page.strip_prefix("<!DOCTYPE html>").expect("starts with its type");
        let mut open: Vec<String> = Vec::new();
        for found in tag.captures_iter(body) {
            let element = found[2].to_owned();
            if void.contains(&element.as_str()) {
            } else if found[1].is_empty() {
                open.push(element);
            } else {
                assert_eq!(open.pop().as_deref(), Some(element.as_str()), "{name}: {}", &found[0]);
            }
        }
        assert!(open.is_empty(), "{name}: {open:?} stays open");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(pages(), pages());
}

#[test]
fn every_finding_says_all_that_a_person_needs() {
    for lang in ["nl", "en"] {
        let report = sample::report(lang);
        let page = render(&report).unwrap();
        let text = Text::of(lang);
        for finding in &report.findings {
            let start = page.find(&format!("id=\"{}\"", finding.id)).unwrap();
            let card = page.get(start..).unwrap().split("</article>").next().unwrap();
            let words = texts(finding, text);
            let urgency = text.urgency.name(&finding.urgency);
            for needed in
                [urgency, text.confidence.name(&finding.confidence), &words.may_mean, &words.limits, &words.notices]
            {
                assert!(card.contains(needed), "{} lacks {needed}", finding.id);
            }
            assert!(words.innocent.iter().all(|innocent| card.contains(innocent.as_str())));
            let places = page.split(&format!("id=\"{}-vp\"", finding.id)).nth(1).unwrap();
            assert!(places.contains(&finding.citations[0].sha256) && places.contains(&finding.citations[0].locator));
        }
        assert!(page.contains("2026-07-01 10:00:00 UTC") && page.contains("2026-07-01 12:00:00 +02:00"));
        assert!(page.contains(&json_digest(&report)));
    }
}

fn json_digest(report: &Report) -> String {
    crate::report::json::digest(report).unwrap()
}

#[test]
fn nothing_found_is_never_called_well() {
    for lang in ["nl", "en"] {
        let mut report = sample::report(lang);
        report.findings.clear();
        let page = render(&report).unwrap();
        assert!(
            page.contains(&Text::of(lang).report.summary_nothing)
                && page.contains(&Text::of(lang).report.summary_never)
        );
        assert!(!page.contains('✓') && !page.contains('✔') && !page.contains('✅'));
    }
}

#[test]
fn codes_without_words_are_shown_with_their_particulars() {
    let page = render(&sample::report("nl")).unwrap();
    assert!(page.contains("gap-of-tomorrow") && page.contains("new-code-of-tomorrow"));
    assert!(page.contains(&Text::of("nl").unknown.what));
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let mut report = sample::report("nl");
    let row = report.findings[0].rows[0].clone();
    let numbered = |n: usize| row.clone().into_iter().chain([("count".to_owned(), n.to_string())]).collect();
    report.findings[0].rows = (0..=MOST_ROWS).map(numbered).collect();
    let citation = report.findings[0].citations[0].clone();
    report.findings[0].citations = vec![citation; MOST_CITATIONS + 1];
    let page = render(&report).unwrap();
    assert!(page.contains("de eerste 200 van 201 rijen") && page.contains("de eerste 200 van 201 vindplaatsen"));
}

#[test]
fn what_all_rows_have_alike_is_said_once() {
    let mut report = sample::report("nl");
    let row = |value: &str| {
        [("service", "google"), ("value", value)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    };
    report.findings[0].rows = vec![row("192.0.2.1"), row("192.0.2.2")];
    let page = render(&report).unwrap();
    let card = page.split("<article").nth(1).unwrap();
    assert_eq!(card.matches("Google").count(), 1, "{card}");
    assert!(
        card.contains("In alle rijen gelijk: Dienst: <bdi>Google</bdi></p>") && card.contains("Alle 2 rijen"),
        "{card}"
    );
}

#[test]
fn parts_stand_by_their_number_with_the_reason_in_words() {
    let report = sample::report("nl");
    let page = render(&report).unwrap();
    let number = report.coverage.iter().position(|part| part.artifact == "ios.wifi").unwrap() + 1;
    assert!(
        page.contains(&format!("ios 1, Alleen in versleutelde kopie: <a href=\"#part-{number}\">{number}</a>")),
        "{page}"
    );
    assert!(page.contains(&format!("<tr id=\"part-{number}\"><th scope=\"row\">{number}. ios 1: Bekende netwerken")));
}

/// The chapters of field.md B4 that stand in the report itself, by the name under which links reach them.
const CHAPTERS: [&str; 24] = [
    "facts",
    "summary",
    "question",
    "privileged",
    "examined",
    "copying",
    "custody",
    "method",
    "findings",
    "matrix",
    "timeline",
    "outcomes",
    "coverage",
    "gaps",
    "never",
    "limits",
    "objections",
    "signoff",
    "alternatives",
    "handover",
    "verify",
    "files",
    "contacts",
    "glossary",
];

#[test]
fn the_report_has_every_chapter_and_answers_every_attack() {
    for lang in ["nl", "en"] {
        let page = render(&sample::report(lang)).unwrap();
        for chapter in CHAPTERS {
            assert!(page.contains(&format!("id=\"{chapter}\"")), "no chapter {chapter}");
        }
        let court = &Text::of(lang).court;
        // field.md B9 lists sixteen lines of attack.
        assert_eq!(court.objections.len(), 16);
        for one in &court.objections {
            assert!(page.contains(&one.answer.replace('\'', "&#39;")), "{}", one.question);
            assert!(page.contains(&format!("id=\"{}\"", one.place)), "{} points to {}", one.question, one.place);
        }
    }
}

#[test]
fn what_only_a_person_knows_is_filled_in_or_left_open() {
    let mut report = sample::report("nl");
    let open = render(&report).unwrap().matches("class=\"line\"").count();
    let name = report.evidence[0].name.clone();
    let on = "2026-06-30T09:00:00+02:00".to_owned();
    let known = |text: &str| text.to_owned();
    report.case.exhibits = vec![crate::report::Exhibit {
        name,
        code: known("A.01.01"),
        by: known("B. Maker"),
        on,
        with: known("Finder 15.6"),
        state: known("verzegeld, aan"),
    }];
    report.case.classification = known("Intern");
    report.case.second_reader = known("C. Lezer");
    let page = render(&report).unwrap();
    for text in ["A.01.01", "B. Maker", "Finder 15.6", "verzegeld, aan", "Intern", "C. Lezer"] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("class=\"line\"").count(), open - 5);
    assert!(page.contains("Opgegeven personen: 1."));
    report.case.privileged = 0;
    assert!(render(&report).unwrap().contains(&Text::of("nl").court.privileged_none));
}
