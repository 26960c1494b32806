//! Long logs: every question must be answered in steps that grow with the number of facts, not with its square. The bound of the
//! judge grows so, and a log of some thousand lines shows what does not keep to it; nothing here hangs on the clock.

use rusqlite::types::Value;
use std::collections::BTreeMap;
use vrijspoor::artifact::Artifacts;
use vrijspoor::audit::{self, Beside};
use vrijspoor::fact::{NewFact, Packed, Store};
use vrijspoor::rule::{self, Rules};

const KINDS: [&str; 5] = ["login_event", "active", "remembered", "registered", "background"];
const SERVICES: [&str; 4] = ["google", "facebook", "instagram", "chrome"];

fn fact(n: usize, kind: &str, values: &[(&str, String)]) -> NewFact {
    NewFact {
        kind: kind.into(),
        values: values.iter().map(|(k, v)| ((*k).to_string(), Value::Text(v.clone()))).collect(),
        locator: format!("csv:{n}"),
        raw: "{}".into(),
    }
}

/// When the lines of a device are dated.
fn moment(device: usize) -> String {
    let (day, hour, minute) = (1 + device % 28, device % 24, device / 24 % 60);
    format!("2026-10-{day:02}T{hour:02}:{minute:02}:00Z")
}

/// A line of a log. Four services each have a line of a device; devices differ in every value that a question could compare.
fn session(n: usize) -> NewFact {
    let device = n / 4;
    let text = |wanted: bool, text: String| if wanted { text } else { String::new() };
    let mut fact = fact(
        n,
        "session",
        &[
            ("service", SERVICES[n % 4].into()),
            ("kind", KINDS[device % 5].into()),
            ("event", "login".into()),
            ("identity", format!("n{}@example.org", n % 3)),
            ("ip", format!("2001:db8::{device:x}")),
            ("os", ["windows", "android", "ios", "other"][device % 4].into()),
            ("client", format!("Mozilla/5.0 (Windows NT 10.0) Chrome/{device}.0 Safari/537.36")),
            ("device_name", text(device.is_multiple_of(3), format!("Toestel {device}"))),
            ("device_model", text(device.is_multiple_of(5), format!("SM-X{device}"))),
            ("chain", text(device.is_multiple_of(7), format!("keten{n}"))),
            ("place", ["Utrecht, NL", "Oslo, NO"][device % 2].into()),
            ("first_at", moment(device)),
            ("at", moment(device)),
        ],
    );
    fact.values.retain(|_, v| !matches!(v, Value::Text(t) if t.is_empty()));
    if device.is_multiple_of(2) {
        fact.values.insert("uses".into(), Value::Integer(3));
    }
    fact
}

fn declared() -> Vec<Vec<Value>> {
    let row = |role: &str, kind: &str, value: &str, label: &str| {
        [role, kind, value, label].map(|t| Value::Text(t.into())).to_vec()
    };
    vec![
        row("own", "thing", r#"{"kind":"phone","os":"android","model":"SM-A546B"}"#, "telefoon"),
        row("own", "thing", r#"{"kind":"laptop","os":"windows"}"#, "Toestel 3"),
        row("own", "thing", r#"{"kind":"network","value":"203.0.113"}"#, "thuis"),
        row("concern", "mail", "r@example.org", "R"),
        row("period", "seized", r#"{"from":"2026-10-05T00:00:00Z","until":"2026-10-08T00:00:00Z"}"#, ""),
        row("period", "travel", r#"{"country":"BE","from":"2026-10-11T00:00:00Z","until":"2026-10-14T00:00:00Z"}"#, ""),
        row("date", "exit", "2026-10-10T00:00:00Z", ""),
    ]
}

#[test]
fn no_question_grows_with_the_square_of_a_log() {
    let artifacts = Artifacts::embedded().unwrap();
    let rules = Rules::embedded(&artifacts.vocabulary).unwrap_or_else(|e| panic!("{e}"));
    let mut store = Store::new(&artifacts.vocabulary).unwrap();
    let stream = store.add_stream("google 1", "log").unwrap();
    let sessions: Packed<NewFact> = (0..6000).map(session).collect();
    store.add(&sessions, "google 1", "google.access-log", stream).unwrap();
    let change = |n: usize| {
        fact(
            n,
            "credential_event",
            &[
                ("service", "google".into()),
                ("event", "recovery".into()),
                ("at", moment(n)),
                ("ip", format!("2001:db8::{n:x}")),
            ],
        )
    };
    store.add(&(0..300).map(change).collect::<Packed<_>>(), "google 1", "google.changes", stream).unwrap();
    let device = |n: usize| {
        fact(
            n,
            "device",
            &[("role", "registered".into()), ("model", format!("SM-X{n}")), ("serial", format!("R58M{n:06}"))],
        )
    };
    store.add(&(0..50).map(device).collect::<Packed<_>>(), "google 1", "google.android-devices", stream).unwrap();
    let beside = Beside {
        people: declared(),
        coverage: &[],
        as_of: Some("2026-11-01T00:00:00Z".into()),
        living: "left",
        age_band: "24+",
    };
    audit::fill(&mut store, &rules, beside).unwrap();
    let judged = rule::judge_all(store, &rules, || Ok::<(), rusqlite::Error>(())).unwrap();
    assert_eq!(judged.failures, []);
    // The log is one that the questions have something to say about.
    let found: BTreeMap<&str, usize> =
        judged.judgements.iter().map(|(id, j)| (*id, j.groups.len())).filter(|(_, n)| *n > 0).collect();
    for id in [
        "sessions.foreign-login",
        "sessions.account-use",
        "sessions.use-while-seized",
        "sessions.several-accounts-one-hour",
        "account-control.change-near-session",
    ] {
        assert!(found.contains_key(id), "{id} in {found:?}");
    }
}
