//! Tests of the tree of a page.

use super::*;

fn page(body: &str, most: usize) -> Page {
    let html = format!("<html><head><title> T </title><style>p > a {{}}</style></head><body>{body}</body></html>");
    read(&html, Glyphs::Fonts, most).unwrap()
}

fn words(nodes: &[Node]) -> String {
    nodes.iter().map(|node| node.words.clone() + &words(&node.inner)).collect()
}

#[test]
fn words_are_kept_with_one_space_between_them() {
    let page = page(
        "<section>\n<p> a  <b>b </b> <bdi>c</bdi>&#60;d&#62; </p>\n loose <i>words</i> <ul><li>x</li></ul></section>",
        9,
    );
    assert_eq!(page.title, "T");
    let section = &page.body[0];
    let tags: Vec<&str> = section.inner.iter().map(|node| node.tag.as_str()).collect();
    assert_eq!(tags, ["p", "run", "ul"]);
    assert_eq!(words(&section.inner[0].inner), "a b c<d>");
    assert_eq!(words(&section.inner[1].inner), "loose words");
}

#[test]
fn a_long_word_may_break_and_loses_nothing() {
    let digest = "0123456789abcdef".repeat(4);
    let shown = breakable(&digest);
    assert!(shown.split(BREAK).all(|piece| piece.len() <= 8) && shown.replace(BREAK, "") == digest);
    for whole in ["waarschijnlijkheidsoordeel", "een gewone zin met korte woorden", "+31600000001"] {
        assert_eq!(breakable(whole), whole);
    }
}

#[test]
fn too_many_rows_are_left_out_and_counted() {
    let row = "<tr><td>a</td></tr>";
    let html =
        format!("<table><thead><tr><th>h</th></tr></thead><tbody>{}</tbody></table><ul><li>x</li></ul>", row.repeat(5));
    let cut = page(&html, 3);
    let table = cut.body[0].table.as_ref().unwrap();
    assert_eq!((table.rows.len(), table.all, cut.left_out), (3, 5, 3));
    assert_eq!(page(&html, 6).left_out, 0);
}

#[test]
fn links_lead_to_headings_only() {
    let page = page(
        "<p><a href=\"#f\">1</a> <a href=\"#r\">2</a></p><article id=\"f\"><h3 id=\"f-t\">t</h3></article><div id=\"r\"></div>",
        9,
    );
    let to: Vec<&str> = page.body[0].inner.iter().filter(|n| n.tag == "a").map(|n| n.to.as_str()).collect();
    assert_eq!(to, ["f", ""]);
}

#[test]
fn a_page_that_is_not_closed_is_refused() {
    assert_eq!(read("<html><body><p>a</body></html>", Glyphs::Fonts, 9).unwrap_err(), "body");
    assert!(read("<html><body>", Glyphs::Fonts, 9).is_err());
}
