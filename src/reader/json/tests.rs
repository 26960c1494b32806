//! Tests of the reader beside this file.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use serde_json::json;

fn read_all(bytes: &[u8], record: Option<&str>) -> Result<(Vec<Row>, Summary), Error> {
    let options = Options { record: record.map(str::to_owned), ..Options::default() };
    let mut rows = Vec::new();
    let mut source = bytes;
    let summary = read(&mut source, &options, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok((rows, summary))
}

fn value(data: Data) -> Value {
    data.into_value()
}

fn brief(bytes: &str, record: &str) -> Vec<(String, Value)> {
    read_all(bytes.as_bytes(), Some(record)).unwrap().0.into_iter().map(|row| (row.locator, value(row.data))).collect()
}

#[test]
fn records_of_arrays_and_objects() {
    let text = "\u{FEFF}{\"a\":{\"x\":1},\"filter\":[{\"q\":\"a]\\\"}\"}, 2 ,[3]], \"t~/\":{\"k\":null}}";
    assert_eq!(
        brief(text, "/filter/*"),
        [
            ("json:/filter/0".to_owned(), json!({"q": "a]\"}"})),
            ("json:/filter/1".to_owned(), json!(2)),
            ("json:/filter/2".to_owned(), json!([3]))
        ]
    );
    assert_eq!(brief(text, "/t~0~1/*"), [("json:/t~0~1/k".to_owned(), Value::Null)]);
    assert_eq!(brief(text, "/*").len(), 3);
    assert_eq!(
        brief("[{\"s\":[1,2]},{\"s\":[]},{\"s\":[3]}]", "/*/s/*").last().unwrap(),
        &("json:/2/s/0".to_owned(), json!(3))
    );
    assert_eq!(brief("{\"a\":[1]}", "/b/*"), []);
    assert_eq!(brief("{}", "/*"), []);
    // No list is another thing than an empty list.
    for (text, absent) in
        [("{\"a\":{\"b\":[]}}", false), ("{\"a\":{}}", true), ("{\"c\":1}", true), ("{\"a\":{\"b\":[1]}}", false)]
    {
        assert_eq!(read_all(text.as_bytes(), Some("/a/b/*")).unwrap().1.absent, absent, "{text}");
    }
    let whole = read_all(b" {\"a\":1} ", None).unwrap().0;
    assert_eq!((whole[0].locator.as_str(), value(whole[0].data.clone())), ("json:/", json!({"a": 1})));
}

#[test]
fn sequences_lines_and_assignments() {
    assert_eq!(brief("{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}", "/*/a").len(), 3);
    let (rows, summary) = read_all(b"{\"a\":1}\n{\"a\":\n{\"a\":3}\n", Some("/*")).unwrap();
    assert_eq!((rows.len(), summary.skipped, rows[1].locator.as_str()), (2, 1, "json:/2"));
    assert_eq!(brief("{\n\"a\":1}{\n\"a\":2}", "/*").len(), 2);
    assert_eq!(
        brief("window.YTD.account.part0 = [ {\"account\": {\"id\":\"1\"}} ]", "/*/account")[0].1,
        json!({"id": "1"})
    );
}

#[test]
fn one_broken_record_is_one_record() {
    let (rows, summary) = read_all(b"[{\"a\":1},{\"a\":NaN},{\"a\" 3},{\"a\":4}]", Some("/*")).unwrap();
    assert_eq!((rows.len(), summary.skipped, summary.rows), (2, 2, 2));
    assert!(summary.first_problem.unwrap().starts_with("json:/1"));
    let (rows, summary) = read_all(b"[{\"a\":1},{\"a\":", Some("/*")).unwrap();
    assert_eq!((rows.len(), summary.skipped), (1, 1));
    let (rows, summary) = read_all(b"[\"caf\xE9\"]", Some("/*")).unwrap();
    assert_eq!((value(rows[0].data.clone()), summary.repaired), (json!("caf\u{FFFD}"), 1));
}

#[test]
fn mojibake_is_repaired_in_values_and_keys_and_nothing_else() {
    let text =
        r#"[{"na\u00c3\u00afef":"Zo\u00c3\u00ab \u00f0\u009f\u0098\u0080","right":"Zo\u00eb €","sold":"50 \u00a3"}]"#;
    let (rows, summary) = read_all(text.as_bytes(), Some("/*")).unwrap();
    assert_eq!(rows[0].data, json!({"naïef": "Zoë 😀", "right": "Zoë €", "sold": "50 £"}));
    assert_eq!(summary.repaired, 2);
    let (rows, summary) = read_all("{\"caf\u{c3}\u{a9}\":{\"a\":1}}".as_bytes(), Some("/café")).unwrap();
    assert_eq!((rows[0].locator.as_str(), summary.repaired), ("json:/café", 1));
}

#[test]
fn hostile_json_is_refused_without_memory_or_stack() {
    let deep = "[".repeat(1_000_000);
    assert!(read_all(deep.as_bytes(), None).is_err());
    assert!(read_all(deep.as_bytes(), Some("/*/*")).is_err());
    let closed = format!("[{}{}, 1]", "[".repeat(500_000), "]".repeat(500_000));
    let (rows, summary) = read_all(closed.as_bytes(), Some("/*")).unwrap();
    assert_eq!((rows.len(), summary.skipped), (1, 1));
    for bad in ["", "   ", "<html>", "window.x", "{\"a\"", "\"", "[1 2]", "\u{0}"] {
        assert!(read_all(bad.as_bytes(), None).is_err(), "{bad}");
    }
    let long = format!("[\"{}\", 2]", "x".repeat(MAX_RECORD + 10));
    let (rows, summary) = read_all(long.as_bytes(), Some("/*")).unwrap();
    assert_eq!((value(rows[0].data.clone()), summary.skipped), (json!(2), 1));
    assert!(matches!(read_all(long.as_bytes(), None), Err(Error::Bound { .. })));
    let large = format!("{{\"a\":{{\"x\":\"{}\"}},\"b\":1}}", "y".repeat(MAX_RECORD));
    assert_eq!(read_all(large.as_bytes(), Some("/*")).unwrap().0.len(), 1);
}

#[test]
fn records_across_buffer_ends() {
    let items: Vec<Value> = (0..40_000).map(|n| json!({"n": n, "s": "\\\"{[".repeat(n % 9)})).collect();
    let text = serde_json::to_vec(&json!({"list": items})).unwrap();
    let (rows, _) = read_all(&text, Some("/list/*")).unwrap();
    assert_eq!(rows.len(), items.len());
    assert!(rows.iter().zip(&items).all(|(row, item)| row.data == *item));
}
