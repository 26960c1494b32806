//! The YAML lists of stalkerware-indicators (Association Echap): `ioc.yaml` and `watchware.yaml`, a list of products. Each product is
//! read by itself, so that one wrong product does not take the others with it.

use super::published::{Account, Head};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A product of the list. Scalars stay text: a digest of digits alone is no number.
#[derive(Deserialize)]
struct App {
    name: Option<String>,
    names: Option<Vec<String>>,
    r#type: Option<String>,
    packages: Option<Vec<String>>,
    ios_bundles: Option<Vec<String>>,
    certificates: Option<Vec<String>>,
    websites: Option<Vec<String>>,
    distribution: Option<Vec<String>>,
    c2: Option<Servers>,
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Servers {
    domains: Option<Vec<String>>,
    ips: Option<Vec<String>>,
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// Reads the list.
///
/// # Errors
/// When no product of it has a name and something that gives it away.
pub fn read(text: &str, account: &mut Account<'_>) -> Result<(), &'static str> {
    account.form("stalkerware-indicators", "stalkerware");
    let mut understood = false;
    for (line, part) in products(text) {
        let place = format!("line {line}");
        let Ok(apps) = serde_saphyr::from_str::<Vec<App>>(&part) else {
            account.refuse("unreadable", part.lines().next().unwrap_or_default(), &place);
            continue;
        };
        for app in apps {
            understood |= app.name.is_some()
                && [&app.packages, &app.ios_bundles, &app.certificates, &app.websites, &app.distribution]
                    .iter()
                    .any(|l| l.is_some());
            product(app, &place, account);
        }
    }
    if understood {
        Ok(())
    } else {
        Err("YAML, but not a list of products with `name` and `packages`, `websites` or `certificates`")
    }
}

fn product(app: App, place: &str, account: &mut Account<'_>) {
    let name = app.name.unwrap_or_default();
    let also: Vec<String> = app.names.unwrap_or_default().into_iter().filter(|n| *n != name).collect();
    let place = format!("{name} ({place})");
    let head = Head { name, also, category: app.r#type.unwrap_or_default(), weak: false, place };
    let servers = app.c2.unwrap_or(Servers { domains: None, ips: None, other: BTreeMap::new() });
    for (kind, values) in [
        ("package", app.packages),
        ("bundle", app.ios_bundles),
        ("certificate", app.certificates),
        ("domain", app.websites),
        ("domain", app.distribution),
        ("domain", servers.domains),
    ] {
        for value in values.unwrap_or_default() {
            account.take(kind, &value, &head);
        }
    }
    // Addresses of servers, names in certificates: nothing that a copy of a phone holds is compared with them.
    for value in servers.ips.unwrap_or_default() {
        account.refuse("not-compared", &value, &head.place);
    }
    for (key, value) in app.other.iter().chain(&servers.other) {
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            account.refuse("not-compared", &format!("{key}: {value}"), &head.place);
        }
    }
}

/// The text of every entry of the outermost list, with its line.
fn products(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut indent = None;
    for (n, line) in text.lines().enumerate() {
        let here = line.len() - line.trim_start_matches(' ').len();
        let entry = line.get(here..).is_some_and(|l| l == "-" || l.starts_with("- "));
        if entry && *indent.get_or_insert(here) == here {
            out.push((n + 1, String::new()));
        }
        if let Some((_, part)) = out.last_mut().filter(|_| line.trim() != "---") {
            part.push_str(line);
            part.push('\n');
        }
    }
    out
}
