//! Both forms of XML against documents written out by hand and against those of others.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

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

fn interned(text: &str) -> Vec<u8> {
    [&[0xFF, 0xFF][..], &string(text.as_bytes())].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

#[test]
fn records_of_text_know_what_is_around_them() {
    let xml = "\u{feff}<?xml version='1.0'?><packages><version sdk=\"34\"/><package name=\"a&amp;b\" it=\"17f\"><sigs count=\"1\"><cert key=\"30\"/><cert key=\"31\"/></sigs>x &lt; y &odd;</package><package name=\"c\" sigs=\"1\"><sigs/></package></packages>";
    let (rows, summary) = read_all(xml.as_bytes(), Some("/packages/package")).unwrap();
    assert_eq!(rows[0].locator, "xml:/packages[1]/package[1]");
    assert_eq!(rows[1].locator, "xml:/packages[1]/package[2]");
    assert_eq!(
        rows[0].data,
        json!({"_tag": "package", "name": "a&b", "it": "17f", "sigs": [{"_tag": "sigs", "count": "1", "cert": [{"_tag": "cert", "key": "30"}, {"_tag": "cert", "key": "31"}]}], "_text": "x < y &odd;", "_in": [{"_tag": "packages"}]})
    );
    assert_eq!((&rows[1].data["@sigs"], &rows[1].data["sigs"]), (&json!("1"), &json!([{"_tag": "sigs"}])));
    assert_eq!((summary.rows, summary.skipped), (2, 0));
    assert_eq!(read_all(xml.as_bytes(), Some("//cert")).unwrap().0[1].data["_in"][1]["name"], "a&b");
    assert_eq!(read_all(xml.as_bytes(), Some("/*/*")).unwrap().0.len(), 3);
    assert_eq!(read_all(xml.as_bytes(), Some("/other/package")).unwrap().0, []);
    assert_eq!(read_all(xml.as_bytes(), None).unwrap().0.len(), 1);
}

#[test]
fn several_roots_and_broken_ends_keep_what_came_before() {
    let (rows, _) = read_all(b"<setting name='a'/>\n<setting name='b'/>", None).unwrap();
    assert_eq!(rows.iter().map(|row| row.locator.as_str()).collect::<Vec<_>>(), ["xml:/setting[1]", "xml:/setting[2]"]);
    let (rows, summary) = read_all(b"<s><a n='1'/><a n='2'>", Some("/s/a")).unwrap();
    assert_eq!((rows.len(), summary.skipped), (1, 1));
    assert_eq!(summary.first_problem.as_deref(), Some("the document ends inside <a>"));
    for bytes in [&b""[..], b"plain text", b"  ", b"ABX\0", b"ABX\0\x10\x11", b"<?xml version='1.0'?>"] {
        assert!(read_all(bytes, None).is_err(), "{bytes:?}");
    }
    let deep = "<a>".repeat(300);
    assert!(matches!(read_all(deep.as_bytes(), None), Err(Error::Bound { .. })));
}

#[test]
fn a_document_inside_a_dump_is_found() {
    let dump = "ADB MANAGER STATE\n  keystore=<?xml version='1.0' ?>\n<keyStore><adbKey key=\"Q x@y\" lastConnection=\"5\"/></keyStore>\n  }\n<not closed\n";
    assert_eq!(read_all(dump.as_bytes(), Some("//adbKey")).unwrap().0[0].data["lastConnection"], "5");
    let mut dump = vec![b'-'; 64 * 1024 - 2];
    dump.extend(
        [&b"ABX\0\x32"[..], &interned("keyStore"), b"\x32", &interned("adbKey"), b"\x8f", &interned("lastConnection")]
            .concat(),
    );
    dump.extend(5_i64.to_be_bytes());
    dump.extend([&b"\x33\0\x01\x33\0\0\x11"[..], b"\n  }\n"].concat());
    assert_eq!(read_all(&dump, Some("//adbKey")).unwrap().0[0].data["lastConnection"], "5");
}

#[test]
fn every_type_of_abx_has_the_text_of_its_twin() {
    let mut bytes = b"ABX\0\x10\x32".to_vec();
    bytes.extend(interned("r"));
    let mut attribute = |kind: u8, name: &str, value: &[u8]| {
        bytes.push(kind << 4 | 15);
        bytes.extend(interned(name));
        bytes.extend(value);
    };
    attribute(1, "null", b"");
    attribute(2, "long", &string("x".repeat(40_000).as_bytes()));
    attribute(3, "pooled", &[0, 0]);
    attribute(4, "hex", &string(b"\x12\xFF"));
    attribute(5, "base64", &string(b"\xBA\xCE\x64"));
    attribute(6, "int", &(-5_i32).to_be_bytes());
    attribute(7, "inthex", &(-255_i32).to_be_bytes());
    attribute(8, "big", &i64::MIN.to_be_bytes());
    attribute(9, "longhex", &0x17F_0000_0000_i64.to_be_bytes());
    attribute(10, "float", &0.5_f32.to_be_bytes());
    attribute(11, "double", &1.0_f64.to_be_bytes());
    attribute(12, "yes", b"");
    attribute(13, "no", b"");
    attribute(2, "java", &string(b"a\xC0\x80\xED\xA0\xBD\xED\xB8\x80\xF0\x9F\x98\x80\xFF\xED\xA0\xBD"));
    bytes.extend([&b"\x24"[..], &string(b"one "), b"\x26", &string(b"lt"), b"\x14\x33\0\0\x11"].concat());
    let row = read_all(&bytes, None).unwrap().0.remove(0).data;
    assert_eq!(row["long"].as_str().unwrap().len(), 40_000);
    let expected = json!({"null": "", "pooled": "r", "hex": "12ff", "base64": "us5k", "int": "-5", "inthex": "-ff", "big": "-9223372036854775808",
        "longhex": "17f00000000", "float": "0.5", "double": "1.0", "yes": "true", "no": "false", "java": "a\0😀😀\u{FFFD}\u{FFFD}", "_text": "one <"});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&row[key], value, "{key}");
    }
}

#[test]
fn references_are_unsigned_and_must_exist() {
    let mut bytes = b"ABX\0".to_vec();
    for number in 0..40_000 {
        bytes.push(0x32);
        bytes.extend(interned(&format!("t{number}")));
        bytes.extend([&[0x33][..], &u16::try_from(number).unwrap().to_be_bytes()].concat());
    }
    bytes.extend([0x32, 0x9C, 0x3F, 0x33, 0x9C, 0x3F]);
    let rows = read_all(&bytes, None).unwrap().0;
    assert_eq!((rows.len(), rows[40_000].key.as_str()), (40_001, "t39999"));
    assert!(read_all(b"ABX\0\x32\0\x07", None).is_err());
}

#[test]
fn third_party_twins_give_the_same_rows() {
    let Some(folder) = crate::reader::third_party::testdata("abx-ccl") else { return };
    for name in ["test-basic", "test-typed-attribute", "test_interned_strings"] {
        let text = std::fs::read(folder.join(format!("abx-ccl/{name}.xml"))).unwrap();
        let binary = std::fs::read(folder.join(format!("abx-ccl/{name}.xml.abx"))).unwrap();
        let (text, binary) = (read_all(&text, None).unwrap(), read_all(&binary, None).unwrap());
        assert_eq!(text, binary, "{name}");
        assert_eq!(text.0.len(), 1, "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = read_all(&bytes, None);
        let _ = read_all(&[&b"ABX\0"[..], &bytes].concat(), Some("//a"));
        let _ = read_all(&[&b"<a>"[..], &bytes].concat(), Some("//a"));
    }
}
