//! Tests of the reader beside this file.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use serde_json::{Value, json};

const ALERT: &str = "From 1861@xxx Fri Jan 09 22:41:30 +0000 2026\r
X-GM-THRID: 1861\r
X-Gmail-Labels: =?UTF-8?Q?Prullenbak,Geopend?=\r
Received: by 2002:a05:6520:1 with SMTP id x; Fri, 9 Jan 2026 14:41:30 -0800 (PST)\r
Authentication-Results: mx.google.com;\r
       dkim=pass header.i=@accounts.google.com header.s=1; dmarc=pass (p=REJECT) header.from=accounts.google.com\r
From: Google\r
 <no-reply@accounts.google.com>\r
To: Noor.Vermeer@example.org\r
Date: Fri, 09 Jan 2026 23:41:28 +0100\r
Subject: =?UTF-8?B?QmV2ZWlsaWdpbmdzbWVsZGluZw==?=\r
Content-Type: text/plain; charset=utf-8\r
\r
Nieuwe aanmelding op Windows\r
Apparaat: Windows-computer\r
IP-adres: 203.0.113.77 versie 1.2.3\r
https://accounts.google.com/AccountChooser?x=1\r
>From MARKER-private line\r
\r
";

fn rows(text: &str, senders: &str) -> Vec<Row> {
    let options = Options { record: Some(senders.to_owned()), ..Options::default() };
    let mut rows = Vec::new();
    let mut source = text.as_bytes();
    read(&mut source, &options, &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

#[test]
fn a_notice_in_a_mail_box_is_found_among_private_mail() {
    let private = "From x Fri Jan 09 22:00:00 2026\nFrom: Ouder <ma@example.org>\nSubject: MARKER-a\n\nMARKER-b\n\nFrom here on 12 lines\nmore\n\n";
    let found = rows(&format!("{private}{ALERT}{private}"), "google.com|other.example");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].locator, "mail:2");
    assert_eq!(
        found[0].data,
        json!({"message": 2, "from": "no-reply@accounts.google.com", "to": "noor.vermeer@example.org", "date": "2026-01-09T23:41:28+01:00",
               "received": "2026-01-09T14:41:30-08:00", "labels": ["Prullenbak", "Geopend"], "auth": "pass", "domain": "accounts.google.com",
               "subject": "Beveiligingsmelding", "addresses": ["203.0.113.77"], "hosts": ["accounts.google.com"],
               "fields": {"Apparaat": "Windows-computer", "IP-adres": "203.0.113.77 versie 1.2.3"}})
    );
    assert!(rows(private, "google.com").is_empty());
}

#[test]
fn a_single_message_and_its_origin() {
    let origin = |results: &str| {
        let text = format!("{results}From: x@accounts.google.com\nSubject: a\n\nhello\n");
        rows(&text, "accounts.google.com")[0].data["auth"].clone()
    };
    assert_eq!(origin(""), "absent");
    assert_eq!(origin("Authentication-Results: mx.example.org; dkim=pass header.d=accounts.google.com\n"), "pass");
    assert_eq!(origin("Authentication-Results: mx.example.org; dkim=pass header.d=evil.example\n"), "absent");
    assert_eq!(origin("Authentication-Results: mx.example.org; dkim=fail; dmarc=fail\n"), "fail");
    // A forged one lies below that of the receiving host.
    assert_eq!(
        origin("Authentication-Results: mx.example.org; dmarc=fail\nAuthentication-Results: x; dmarc=pass\n"),
        "fail"
    );
    assert_eq!(rows("From: <a@notgoogle.com>\n\nx", "google.com"), []);
    assert_eq!(rows("Subject: only a subject\n\nx", "google.com"), []);
}

#[test]
fn hostile_mail_boxes_end() {
    let mut source = &b"\x00\x01 no mail"[..];
    assert!(read(&mut source, &Options::default(), &mut |_| Ok(())).is_err());
    let long = format!(
        "From x Fri Jan 09 22:00:00 2026\nFrom: a@example.org\n{}\n\n{}",
        "X: y\n".repeat(200_000),
        "z".repeat(3 << 20)
    );
    let found = rows(&long, "example.org");
    assert_eq!(found.len(), 1);
    assert!(found[0].data["fields"].as_object().unwrap().len() <= 32);
    assert_eq!(found[0].data["date"], Value::Null);
}
