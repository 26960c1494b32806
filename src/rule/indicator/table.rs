//! Indicators in a table with a header: commas, semicolons or tabs, columns in any order. What a column holds is told by its name; a
//! column whose name says nothing here, such as a version or a note, is not an indicator and is left alone.

use super::published::{Account, Head};
use std::collections::BTreeMap;

/// Names of columns (lower case, without spaces and signs) and what they hold.
const COLUMNS: [(&str, &[&str]); 12] = [
    ("package", &["package", "packages", "packagename", "androidpackage", "pkg"]),
    ("app-id", &["appid", "id", "identifier"]),
    ("bundle", &["bundle", "bundles", "bundleid", "bundleidentifier", "iosbundle", "iosbundles"]),
    (
        "certificate",
        &[
            "certificate",
            "certificates",
            "cert",
            "certsha1",
            "certsha256",
            "certificatesha1",
            "certificatesha256",
            "sha1cert",
            "signer",
        ],
    ),
    ("file", &["sha256", "sha1", "md5", "hash", "filehash", "apksha256", "filesha256"]),
    ("domain", &["domain", "domains", "website", "websites", "host", "hostname", "site"]),
    ("value", &["value", "indicator", "ioc"]),
    ("kind", &["kind", "type", "indicatortype"]),
    ("name", &["name", "product", "app", "title", "family", "appname"]),
    ("category", &["category", "flag", "tag", "class", "sort"]),
    ("store", &["store"]),
    ("generic", &["generic"]),
];

/// Reads the table.
///
/// # Errors
/// When its first row is no header that names an indicator.
pub fn read(text: &str, account: &mut Account<'_>) -> Result<(), &'static str> {
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    let separator = [',', ';', '\t'].into_iter().max_by_key(|c| (count(*c), *c == ',')).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let Ok(header) = reader.headers().cloned() else { return Err("no table") };
    let columns: Vec<&str> = header.iter().map(column).collect();
    let has = |c: &str| columns.contains(&c);
    let usable = ["package", "app-id", "bundle", "certificate", "file", "domain"].into_iter().any(has)
        || (has("value") && has("kind"));
    if !usable {
        return Err("neither YAML, STIX nor a table whose header names a package, domain, certificate or hash");
    }
    // The samples of stalkerware-indicators have no column for the category.
    let samples = ["file", "package", "certificate", "name"].into_iter().all(has) && !has("category");
    account.form("csv", if samples { "stalkerware" } else { "unsorted" });
    for (n, record) in reader.records().enumerate() {
        let place = format!("row {}", n + 2);
        match record {
            Ok(record) if record.len() > columns.len() => {
                account.refuse("unreadable", &record.iter().collect::<Vec<_>>().join(" "), &place);
            }
            Ok(record) => row(&columns, &record, place, account),
            Err(e) => account.refuse("unreadable", &e.to_string(), &place),
        }
    }
    Ok(())
}

/// What a column holds; empty when nothing that counts.
fn column(name: &str) -> &'static str {
    let short: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    COLUMNS.iter().find(|(_, names)| names.contains(&short.as_str())).map_or("", |(column, _)| column)
}

fn row(columns: &[&str], record: &csv::StringRecord, place: String, account: &mut Account<'_>) {
    let cells = || columns.iter().copied().zip(record.iter()).filter(|(_, value)| !value.is_empty());
    let about: BTreeMap<&str, &str> =
        cells().filter(|(c, _)| matches!(*c, "name" | "category" | "store" | "generic" | "kind")).collect();
    let of = |key: &str| about.get(key).copied().unwrap_or_default();
    let head = Head {
        name: of("name").into(),
        category: of("category").into(),
        weak: matches!(of("generic").to_lowercase().as_str(), "1" | "true" | "yes" | "ja"),
        also: Vec::new(),
        place,
    };
    let mut any = false;
    for (column, value) in cells() {
        let kind = match column {
            "package" | "bundle" | "certificate" | "file" | "domain" => column,
            // One column for apps of both kinds of phone: the shop tells which, else the form does.
            "app-id" if of("store").eq_ignore_ascii_case("appstore") => "bundle",
            "app-id" => "package",
            "value" => match self::column(of("kind")) {
                "app-id" => "package",
                kind @ ("package" | "bundle" | "certificate" | "file" | "domain") => kind,
                _ => "",
            },
            _ => continue,
        };
        any = true;
        if kind.is_empty() {
            account.refuse("not-compared", &format!("{} {value}", of("kind")), &head.place);
        } else {
            account.take(super::KINDS.iter().find(|(k, _)| *k == kind).map_or("package", |(k, _)| k), value, &head);
        }
    }
    if !any {
        account.refuse("empty", &record.iter().collect::<Vec<_>>().join(" "), &head.place);
    }
}
