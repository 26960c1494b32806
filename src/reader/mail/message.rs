//! One message: its headers, what the receiving host found out about its origin, and the few facts that its text names.

use mail_parser::{HeaderForm, HeaderValue, Message, MessageParser};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Most addresses, hosts and fields that are taken of one message.
const MOST: usize = 32;
const MAX_LABEL: usize = 60;
const MAX_VALUE: usize = 200;

/// The domain of the sender in raw headers, lower case. Cheap: most messages of a mail box end here.
pub(super) fn sender_domain(headers: &[u8]) -> Option<String> {
    let at = if headers.get(..5)?.eq_ignore_ascii_case(b"from:") {
        0
    } else {
        memchr::memchr_iter(b'\n', headers)
            .find(|at| headers.get(at + 1..at + 6).is_some_and(|h| h.eq_ignore_ascii_case(b"from:")))?
            + 1
    };
    let mut value: Vec<u8> = Vec::new();
    for (n, line) in headers.get(at + 5..)?.split(|b| *b == b'\n').enumerate() {
        // Long headers go on in lines that begin with a space.
        if n > 0 && !line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            break;
        }
        value.extend_from_slice(line);
    }
    let value = String::from_utf8_lossy(&value).into_owned();
    let address = match (value.rfind('<'), value.rfind('>')) {
        (Some(from), Some(to)) if from < to => value.get(from + 1..to)?.to_owned(),
        _ => value,
    };
    let domain = address.rsplit_once('@')?.1.trim().to_ascii_lowercase();
    (!domain.is_empty() && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
        .then_some(domain)
}

/// What is told of a message; `None` when it has no headers at all.
pub(super) fn describe(bytes: &[u8], number: u64) -> Option<Value> {
    let message = MessageParser::default().parse(bytes)?;
    let domain = sender_domain(bytes)?;
    let mut out = Map::new();
    out.insert("message".into(), number.into());
    let from = message.from().and_then(|a| a.first()).and_then(|a| a.address()).unwrap_or_default();
    out.insert("from".into(), from.to_lowercase().into());
    let to = message.to().and_then(|a| a.first()).and_then(|a| a.address()).map(str::to_lowercase);
    out.insert("to".into(), to.into());
    out.insert("date".into(), message.date().map(mail_parser::DateTime::to_rfc3339).into());
    out.insert(
        "received".into(),
        message.received().and_then(mail_parser::Received::date).map(|d| d.to_rfc3339()).into(),
    );
    out.insert("labels".into(), labels(&message).into());
    out.insert("auth".into(), origin(&message, &domain).into());
    out.insert("domain".into(), domain.into());
    out.insert("subject".into(), message.subject().unwrap_or_default().chars().take(300).collect::<String>().into());
    let text = message.body_text(0).unwrap_or_default();
    let html = message.body_html(0).unwrap_or_default();
    out.insert("addresses".into(), addresses(&text).into());
    out.insert("hosts".into(), hosts(&text, &html).into());
    out.insert("fields".into(), fields(&text));
    Some(Value::Object(out))
}

/// The folders that Google Mail wrote into the message, decoded and in their own language.
fn labels(message: &Message<'_>) -> Vec<Value> {
    let text = match message.header_as("X-Gmail-Labels", HeaderForm::Text).into_iter().next() {
        Some(HeaderValue::Text(text)) => text.to_string(),
        Some(HeaderValue::TextList(list)) => list.join(","),
        _ => String::new(),
    };
    text.split(',')
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .take(MOST)
        .map(|l| Value::from(l.trim_matches('"')))
        .collect()
}

/// What the topmost `Authentication-Results` says of the sender: a receiving host adds it above what was there. `pass` needs DMARC, or DKIM
/// by the sender's own domain. Signatures are not checked again: their keys are gone.
fn origin(message: &Message<'_>, domain: &str) -> &'static str {
    let first = message.headers().iter().find(|h| h.name().eq_ignore_ascii_case("Authentication-Results"));
    let Some(first) = first else { return "absent" };
    let raw = message.raw_message().get(first.offset_start() as usize..first.offset_end() as usize).unwrap_or_default();
    let text = String::from_utf8_lossy(raw).to_ascii_lowercase().replace(['\r', '\n', '\t'], " ");
    let mut dkim_own = false;
    let mut failed = false;
    for part in text.split(';').map(str::trim) {
        if part.starts_with("dmarc=pass") {
            return "pass";
        }
        failed |= part.starts_with("dmarc=fail");
        if part.starts_with("dkim=pass") {
            let signer = part.split_whitespace().find_map(|w| {
                w.strip_prefix("header.d=")
                    .or_else(|| w.strip_prefix("header.i=").map(|i| i.rsplit('@').next().unwrap_or(i)))
            });
            let own = |s: &str| domain == s || domain.ends_with(&format!(".{s}")) || s.ends_with(&format!(".{domain}"));
            dkim_own |= signer.is_some_and(own);
        }
        failed |= part.starts_with("dkim=fail");
    }
    match (dkim_own, failed) {
        (true, _) => "pass",
        (false, true) => "fail",
        _ => "absent",
    }
}

static NUMBERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7})").ok());
static LINKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)https?://([a-z0-9.-]{1,200})").ok());

/// Network addresses in the text. What only looks like one (a version, a time) does not parse.
fn addresses(text: &str) -> Vec<Value> {
    let found: BTreeSet<String> = NUMBERS
        .iter()
        .flat_map(|r| r.find_iter(text))
        .filter_map(|m| m.as_str().parse::<IpAddr>().ok())
        .map(|ip| ip.to_string())
        .take(MOST)
        .collect();
    found.into_iter().map(Value::from).collect()
}

fn hosts(text: &str, html: &str) -> Vec<Value> {
    let found: BTreeSet<String> = LINKS
        .iter()
        .flat_map(|r| r.captures_iter(text).chain(r.captures_iter(html)))
        .filter_map(|c| c.get(1))
        .map(|m| m.as_str().to_ascii_lowercase())
        .take(MOST)
        .collect();
    found.into_iter().map(Value::from).collect()
}

/// Lines of the form `label: value`, as sign-in notices list device, place and time.
fn fields(text: &str) -> Value {
    let mut out = Map::new();
    for line in text.lines() {
        let Some((label, value)) = line.split_once(": ") else { continue };
        let (label, value) = (super::super::text::fold(label), super::super::text::fold(value));
        let fits = !label.is_empty() && label.chars().count() <= MAX_LABEL && !value.is_empty();
        if fits && value.chars().count() <= MAX_VALUE && out.len() < MOST && !out.contains_key(&label) {
            out.insert(label, value.into());
        }
    }
    json!(out)
}
