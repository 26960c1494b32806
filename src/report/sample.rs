//! A rich invented report for the tests of the formats: two sources, findings of every urgency, gaps, outcomes of all kinds
//! and values that try to break out of the page. No real person, number or address.

use super::{
    Case, Citation, Contact, Coverage, EasyStep, EasyText, Evidence, Finding, FindingText, Gap, Gates, Options,
    Outcome, Remark, Report, Ruleset, SCHEMA, Source, Step, StepText, Texts, Tool, Wave, Words,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A name that holds markup, a script and a quote.
pub const SCRIPT: &str = "<script>alert('x')</script><img src=x onerror=\"alert(1)\">&amp;";
/// A name that turns the line around.
pub const BIDI: &str = "foto\u{202E}gpj.exe";
/// A value with line breaks, a terminal escape and a character without width.
pub const CONTROL: &str = "regel 1\r\nregel 2\u{1b}[31m\u{200B}einde";

fn words(nl: &str, en: &str) -> Words {
    Words { nl: nl.to_owned(), en: en.to_owned() }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn values(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn digest(of: &str) -> String {
    super::json::sha256(of.as_bytes())
}

/// A step with words in both languages; `id` stands in every line.
pub fn step(id: &str, may_alert: &str) -> Step {
    Step {
        check: false,
        ticked: None,
        reversible: String::new(),
        recheck_in_days: None,
        id: id.to_owned(),
        may_alert: may_alert.to_owned(),
        always: true,
        findings: Vec::new(),
        urgency: String::new(),
        involve: vec!["police".to_owned(), "no-such-contact".to_owned()],
        checked: "2026-11-01".to_owned(),
        tested_on: Vec::new(),
        nl: StepText {
            title: format!("Titel van {id}"),
            why: "De ander kan dit merken. Daarom is een plan nodig.".to_owned(),
            actions: vec![format!("Doe-regel van {id}."), "Open op een ander toestel de website.".to_owned()],
            do_not: vec![format!("Niet-regel van {id}.")],
            ..StepText::default()
        },
        en: StepText {
            title: format!("Title of {id}"),
            why: "The other person may notice this. So a plan is needed.".to_owned(),
            actions: vec![format!("Do line of {id}.")],
            do_not: vec![format!("Do-not line of {id}.")],
            ..StepText::default()
        },
        nl_easy: EasyStep { title: format!("Makkelijk {id}"), actions: vec![format!("Makkelijke regel van {id}.")] },
    }
}

fn citation(ev: i64, source: &str, stream: &str, raw: &Value, decoded: &Value) -> Citation {
    Citation {
        ev,
        fact: "permission_grant".to_owned(),
        artifact: "ios.tcc".to_owned(),
        artifact_title: words("Toestemmingen van apps (TCC)", "App permissions (TCC)"),
        limits: words(
            "Laat zien wat apps mogen, niet wat ze deden.",
            "Lists what apps may use, not what they did use.",
        ),
        source: source.to_owned(),
        stream: stream.to_owned(),
        stored: Some("64/64d0019cb3d46bfc8cce545a8ba54b93e7ea9347".to_owned()),
        sha256: digest(stream),
        locator: format!("table access, rowid {ev}"),
        raw: values(raw),
        decoded: values(decoded),
        times: BTreeMap::from([(
            "at".to_owned(),
            super::Basis { raw: "last_modified".to_owned(), epoch: "unix".to_owned() },
        )]),
        reproduce: Some(super::Reproduce {
            first: vec!["work-copy".to_owned(), "code-of-tomorrow".to_owned()],
            command: format!("sqlite3 -json x.db \"SELECT * FROM access WHERE rowid = {ev}\""),
            shows: vec!["client".to_owned()],
            computed: vec!["allowed".to_owned()],
        }),
    }
}

fn finding(
    id: usize,
    rule: &str,
    urgency: &str,
    confidence: &str,
    title: [&str; 2],
    shows: [&str; 2],
    sees: &[&str],
) -> Finding {
    let text = |title: &str, shows: &str, en: bool| FindingText {
        title: title.to_owned(),
        shows: shows.to_owned(),
        may_mean: (if en {
            "Another person may be able to see this."
        } else {
            "Iemand anders kan dit misschien zien."
        })
        .to_owned(),
        innocent: if en {
            vec![
                "The owner may have set this up and forgotten it.".to_owned(),
                "A school or employer may have asked for it.".to_owned(),
            ]
        } else {
            vec![
                "De eigenaar kan dit zelf hebben aangezet.".to_owned(),
                "Een school of werkgever kan erom hebben gevraagd.".to_owned(),
            ]
        },
        limits: (if en { "It does not show who set it up." } else { "Dit laat niet zien wie het heeft ingesteld." })
            .to_owned(),
        notices: (if en {
            "The name disappears from their list."
        } else {
            "De naam verdwijnt uit de lijst van de ander."
        })
        .to_owned(),
    };
    let ev = i64::try_from(id).unwrap_or(0);
    Finding {
        group: vec!["ios 1".into()],
        recheck_in_days: 7,
        id: format!("F-{id:03}"),
        key: digest(rule).chars().take(16).collect(),
        rule: rule.to_owned(),
        urgency: urgency.to_owned(),
        confidence: confidence.to_owned(),
        category: rule.split('.').next().unwrap_or_default().to_owned(),
        experimental: false,
        sees: sees.iter().map(|one| (*one).to_owned()).collect(),
        params: map(&[("counterpart", "n.devries@example.org")]),
        rows: vec![map(&[("counterpart", "n.devries@example.org"), ("at", "2026-07-02T10:00:00Z")])],
        citations: vec![citation(
            ev,
            "ios 1",
            "HomeDomain::Library/TCC/TCC.db",
            &json!({"auth_value": 2, "last_modified": 1_782_986_400 + ev, "client": "org.example.kompas"}),
            &json!({"state": "allowed", "at": format!("2026-07-0{id}T10:00:00Z"), "package": "org.example.kompas"}),
        )],
        steps: vec!["stop-share".to_owned(), "keep-list".to_owned()],
        texts: Texts {
            nl: text(title[0], shows[0], false),
            en: text(title[1], shows[1], true),
            nl_easy: EasyText { title: "Iemand ziet waar je bent.".to_owned(), shows: "Doe nog niets.".to_owned() },
        },
        source: "field.md A3.1 card 1".to_owned(),
        detect: "SELECT s.ev, s.counterpart, s.at\nFROM location_share AS s\nWHERE s.direction = 'outgoing' AND s.at < 'z'\n".to_owned(),
        views: vec!["session_seen".to_owned()],
    }
}

fn findings() -> Vec<Finding> {
    let mut all = vec![
        finding(
            1,
            "location-sharing.find-my",
            "now",
            "certain",
            ["Iemand anders kan zien waar deze telefoon is", "Another person can see where this phone is"],
            [
                "In de gegevens staat dat de plaats wordt gedeeld met n.devries@example.org.",
                "The data say that the place is shared with n.devries@example.org.",
            ],
            &["location"],
        ),
        finding(
            2,
            "stalkerware.accessibility-outside-store",
            "now",
            "possible",
            ["Een app van buiten de winkel kan het scherm lezen", "An app from outside the store can read the screen"],
            [
                "App org.example.kompas heeft de toegankelijkheidsdienst aan.",
                "App org.example.kompas has its accessibility service switched on.",
            ],
            &["messages", "location", "accounts"],
        ),
        finding(
            3,
            "sessions.google-unknown-device",
            "this-week",
            "likely",
            [
                "Het Google-account is ingelogd op een ander toestel",
                "The Google account is signed in on another device",
            ],
            [&format!("Het toestel noemt zichzelf {SCRIPT}."), &format!("The device calls itself {SCRIPT}.")],
            &["mail", "photos", "location"],
        ),
        finding(
            4,
            "forwarding.mail-filter",
            "this-week",
            "certain",
            ["E-mail wordt doorgestuurd naar een ander adres", "E-mail is forwarded to another address"],
            [&format!("Het filter heet {BIDI}."), &format!("The filter is called {BIDI}.")],
            &["mail"],
        ),
        finding(
            5,
            "trackers.bluetooth-tag",
            "later",
            "possible",
            ["Een Bluetooth-baken is gekoppeld", "A Bluetooth tag is paired"],
            [&format!("Het baken heet {}.", "é".repeat(300)), &format!("The tag is called {}.", "é".repeat(300))],
            &["location"],
        ),
        finding(
            6,
            "contact.new-number",
            "info",
            "certain",
            ["Er is contact met een nieuw nummer", "There is contact with a new number"],
            [
                "In de gegevens staat het nummer +31 6 0000 0001, met de naam سارة 🌷.",
                "The data hold the number +31 6 0000 0001, with the name سارة 🌷.",
            ],
            &[],
        ),
    ];
    all[1].experimental = true;
    all[2].params = map(&[("device_name", SCRIPT)]);
    all[2].rows = vec![
        map(&[("device_name", SCRIPT), ("first_at", "2026-01-02T23:30:00Z"), ("ip", "192.0.2.17"), ("place", CONTROL)]),
        map(&[("device_name", "Noa’s telefoon 🌷"), ("at", "2026-03-29T01:00:00Z"), ("ip", "198.51.100.4")]),
        map(&[("device_name", "سارة"), ("at", "2026-10-25T00:30:00Z"), ("odd_column", &"W".repeat(300))]),
    ];
    all[2].citations.push(citation(
        31,
        "google 1",
        &format!("takeout.zip!Takeout/Google-account/{BIDI}.json"),
        &json!({"name": SCRIPT, "note": CONTROL, "nested": {"a": [1, null, true]}, "long": "M".repeat(420)}),
        &json!({"device_name": SCRIPT, "at": "2026-03-29T01:00:00Z", "uses": 3, "gone": null}),
    ));
    all
}

/// The sample report in a language.
#[allow(clippy::too_many_lines, reason = "one literal value reads best in one piece")]
pub fn report(lang: &str) -> Report {
    let findings = findings();
    let outcome = |rule: &str, nl: &str, en: &str, outcome: &str, why: &str| Outcome {
        rule: rule.to_owned(),
        category: rule.split('.').next().unwrap_or_default().to_owned(),
        title: words(nl, en),
        outcome: outcome.to_owned(),
        findings: usize::from(outcome == "found"),
        examined: if why.is_empty() {
            vec!["ios 1: ios.tcc".to_owned(), "ios 1: ios.findmy".to_owned()]
        } else {
            Vec::new()
        },
        missing: if why == "no-source" { Vec::new() } else { vec!["ios 1: ios.wifi (encrypted-only)".to_owned()] },
        why: why.to_owned(),
    };
    let covered = |artifact: &str, nl: &str, en: &str, outcome: &str, rows: u64| Coverage {
        source: "ios 1".to_owned(),
        artifact: artifact.to_owned(),
        title: words(nl, en),
        outcome: outcome.to_owned(),
        streams: if rows > 0 { vec!["HomeDomain::Library/TCC/TCC.db".to_owned()] } else { Vec::new() },
        rows,
        facts: rows,
        tested: artifact == "ios.tcc",
        closed: (outcome == "out-of-scope").then(|| super::Closed {
            streams: 2,
            looked_at: 1,
            ..super::Closed::default()
        }),
        experimental: artifact == "ios.findmy",
        limits: words("Laat zien wat mag, niet wat gebeurde.", "Shows what is allowed, not what happened."),
    };
    let gap = |kind: &str, artifact: &str, detail: &str, count: u64| Gap {
        kind: kind.to_owned(),
        artifact: artifact.to_owned(),
        source: "ios 1".to_owned(),
        detail: detail.to_owned(),
        count,
    };
    let linked = |id: &str, alert: &str, findings: &[&str], urgency: &str| Step {
        findings: findings.iter().map(|one| (*one).to_owned()).collect(),
        urgency: urgency.to_owned(),
        always: findings.is_empty(),
        ..step(id, alert)
    };
    let wave = |wave: &str, steps: Vec<Step>| Wave { wave: wave.to_owned(), steps, ..Wave::default() };
    let mut outcomes: Vec<Outcome> = findings
        .iter()
        .map(|finding| outcome(&finding.rule, &finding.texts.nl.title, &finding.texts.en.title, "found", ""))
        .collect();
    outcomes.extend([
        outcome(
            "device-control.mdm-profile",
            "Wordt het toestel door een ander beheerd?",
            "Is the device managed by somebody else?",
            "not-found",
            "",
        ),
        outcome(
            "forwarding.mail-forwarding",
            "Wordt uw e-mail doorgestuurd?",
            "Is your e-mail forwarded?",
            "not-evaluated",
            "no-source",
        ),
        outcome(
            "location-sharing.wifi",
            "Staan er bekende netwerken in?",
            "Are there known networks?",
            "not-evaluated",
            "no-stream",
        ),
        outcome(
            "contact.night",
            "Is er veel contact in de nacht?",
            "Is there much contact at night?",
            "not-evaluated",
            "out-of-scope",
        ),
    ]);
    Report {
        views: vec![super::View {
            id: "session_seen".to_owned(),
            sql: "CREATE TABLE session_seen AS\nSELECT ev FROM session;\n".to_owned(),
        }],
        schema: SCHEMA.to_owned(),
        tool: Tool { name: "vrijspoor".to_owned(), version: "0.1.0".to_owned() },
        ruleset: Ruleset {
            artifacts_sha256: digest("artifacts"),
            rules_sha256: digest("rules"),
            artifacts: 41,
            rules: 37,
            indicators: vec![super::IndicatorList {
                name: "eigen-lijst".to_owned(),
                file: "eigen.toml".to_owned(),
                sha256: digest("list"),
                format: "vrijspoor".to_owned(),
                imported: false,
                sources: vec!["eigen kennis".to_owned()],
                read: 0,
                repeated: 0,
                refused: Vec::new(),
                values: Vec::new(),
            }],
        },
        options: Options {
            lang: lang.to_owned(),
            as_of: Some("2026-11-20T08:15:00Z".to_owned()),
            as_of_from: "copies".to_owned(),
            zone: "Europe/Amsterdam".to_owned(),
            scope: vec!["all".to_owned()],
        },
        case: Case {
            id: "2026-0042".to_owned(),
            label: "Zaak Merel".to_owned(),
            examiner: "M. Jansen".to_owned(),
            organisation: "Opvang Voorbeeld".to_owned(),
            classification: String::new(),
            second_reader: String::new(),
            consent_date: "2026-07-02".to_owned(),
            exhibits: Vec::new(),
            privileged: 1,
            never_print: 0,
            basis: "Toestemming van de betrokkene".to_owned(),
            consent: Some(true),
            consent_by: "self".to_owned(),
            age_band: "16-17".to_owned(),
            living: "left".to_owned(),
            reading: "nl".to_owned(),
            custody: "parent".to_owned(),
            gates: Gates {
                danger: "no".to_owned(),
                safe_device: "yes".to_owned(),
                plan: "yes".to_owned(),
                on_call: "A. Bereikbaar".to_owned(),
                police: "none".to_owned(),
                police_agreed: String::new(),
            },
            ticked: Vec::new(),
        },
        evidence: vec![
            Evidence {
                name: "00008110-000A1B2C3D4E801E".to_owned(),
                kind: "ios-backup".to_owned(),
                files: 18_231,
                bytes: 7_340_122_881,
                sha256: digest("backup"),
                sha256_of: "list".to_owned(),
                remarks: vec![Remark {
                    container: "00008110-000A1B2C3D4E801E".to_owned(),
                    code: "payload-missing".to_owned(),
                    detail: "12 files of CameraRollDomain".to_owned(),
                    count: 12,
                }],
            },
            Evidence {
                name: "takeout<b>.zip".to_owned(),
                kind: "zip".to_owned(),
                files: 212,
                bytes: 1_200_344,
                sha256: digest("takeout"),
                sha256_of: "file".to_owned(),
                remarks: vec![Remark {
                    container: "takeout<b>.zip!inner.zip".to_owned(),
                    code: "new-code-of-tomorrow".to_owned(),
                    detail: CONTROL.to_owned(),
                    count: 1,
                }],
            },
        ],
        sources: vec![
            Source {
                lists_all: true,
                encrypted: true,
                id: "ios 1".to_owned(),
                family: "ios".to_owned(),
                title: words("iPhone of iPad", "iPhone or iPad"),
                containers: vec!["00008110-000A1B2C3D4E801E".to_owned()],
                never: vec![words(
                    "Met wie de plaats wordt gedeeld via Zoek mijn. Kijk op het toestel bij Zoek mijn, Personen.",
                    "With whom the place is shared through Find My. Look on the device under Find My, People.",
                )],
            },
            Source {
                lists_all: true,
                encrypted: true,
                id: "google 1".to_owned(),
                family: "google".to_owned(),
                title: words("Google-account (Takeout)", "Google account (Takeout)"),
                containers: vec!["takeout<b>.zip".to_owned()],
                never: vec![words("Wie het wachtwoord kent.", "Who knows the password.")],
            },
        ],
        device: vec![
            values(
                &json!({"role": "examined", "name": "Noa’s iPhone سارة", "model": "iPhone15,2", "os": "ios", "os_version": "26.1", "serial": "F2LX00000000", "last_at": "2026-11-20T08:15:00Z"}),
            ),
            values(&json!({"role": "account", "name": SCRIPT, "model": null, "os": "android"})),
        ],
        findings,
        outcomes,
        gaps: vec![
            gap("stream-damaged", "ios.calls", "HomeDomain::Library/CallHistoryDB/CallHistory.storedata: page 7", 1),
            gap("unmapped-value", "ios.tcc", "state raw:7", 4),
            gap("gap-of-tomorrow", "", SCRIPT, 1),
        ],
        coverage: vec![
            covered("ios.findmy", "Zoek mijn", "Find My", "read", 3),
            covered("ios.profiles", "Profielen", "Profiles", "absent", 0),
            covered("ios.tcc", "Toestemmingen van apps (TCC)", "App permissions (TCC)", "read", 214),
            covered("ios.wifi", "Bekende netwerken", "Known networks", "encrypted-only", 0),
        ],
        validation: vec![crate::report::Validation {
            rule: "location-sharing.find-my".to_owned(),
            fires: vec!["iphone-controlled".to_owned()],
            quiet: vec!["iphone-clean".to_owned()],
        }],
        checklist: vec![
            wave("danger", vec![linked("call-112", "no", &[], "")]),
            wave("safe-device", vec![linked("other-device", "no", &[], "")]),
            wave("consent", vec![]),
            wave("plan", vec![linked("make-plan", "no", &[], "")]),
            wave("evidence", vec![linked("keep-list", "no", &["F-001", "F-002"], "now")]),
            wave("police", vec![]),
            wave("quiet", vec![linked("recovery-mail", "unknown", &["F-004"], "this-week")]),
            wave("visible", vec![linked("stop-share", "yes", &["F-001"], "now")]),
            wave("recheck", vec![linked("look-again", "no", &[], "")]),
        ],
        preserve: Vec::new(),
        sessions: [super::sessions::Session { device: SCRIPT.into(), ip: BIDI.into(), ..Default::default() }]
            .into_iter()
            .collect(),
        chains: vec![super::sessions::Chain { id: "C-001".into(), device: SCRIPT.into(), ..Default::default() }],
        persons: crate::report::persons::Persons::default(),
        baseline: crate::report::facts::Baseline::default(),
        redactions: Vec::new(),
        whole: None,
        contacts: vec![
            Contact {
                id: "police".to_owned(),
                name: "Politie (geen spoed)".to_owned(),
                value: "0900-0000".to_owned(),
                when: "dag en nacht".to_owned(),
                source: "example.org".to_owned(),
                last_verified: "2026-11-01".to_owned(),
                verified: true,
                emergency: false,
                minors: false,
            },
            Contact {
                id: "advice".to_owned(),
                name: "Voorbeeldlijn <advies>".to_owned(),
                value: "0800-0000".to_owned(),
                when: String::new(),
                source: "example.org".to_owned(),
                last_verified: "2026-10-01".to_owned(),
                verified: false,
                emergency: false,
                minors: false,
            },
        ],
    }
}
