//! Indicators: what gives a known product away, and the names that explain or imitate. This module holds their one shape, loads and
//! checks the lists under `rules/indicators/`, and takes in the lists that somebody else published ([`published`]). It knows what a
//! value of each kind looks like; what a match means is for the rules.

pub mod echap;
pub mod lint;
pub mod published;
pub mod stix;
pub mod table;
pub mod write;

use crate::fact::Problem;
use crate::report::{IndicatorList, IndicatorValue};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use toml::Spanned;

/// The kinds of indicators, each with the key of a product that holds it.
pub const KINDS: [(&str, &str); 5] = [
    ("package", "packages"),
    ("bundle", "bundles"),
    ("certificate", "certificates"),
    ("file", "files"),
    ("domain", "domains"),
];

/// Everything that is known about names: indicators, allow lists, categories.
#[derive(Debug, Clone, Default)]
pub struct Indicators {
    /// Patterns of names that explain something, or that imitate the system.
    pub known: Vec<Known>,
    /// The categories.
    pub categories: Vec<Category>,
    /// Names that others use too.
    pub generic: Vec<Generic>,
    /// Every list with its digest and its values, as the report names them; the built-in ones first.
    pub lists: Vec<IndicatorList>,
}

/// One pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What it is about.
    pub kind: String,
    /// A GLOB pattern.
    pub pattern: String,
    /// Name for people.
    pub name: String,
    /// Where the fact comes from, where it is not that of the list.
    #[serde(default)]
    pub source: String,
}

/// A sort of product, with its words. This is the only place where categories are listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Short name, used in lists and rules.
    pub id: String,
    /// What it is called in Dutch.
    pub nl: String,
    /// What it is called in English.
    pub en: String,
    /// What other lists call it.
    #[serde(default)]
    pub aka: Vec<String>,
    /// Made to work without the user of the phone seeing it.
    #[serde(default)]
    pub covert: bool,
    /// What other lists call something that is no indicator at all: their own mark for harmless.
    #[serde(default)]
    pub harmless: bool,
}

/// A package name that says little by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generic {
    /// The name; a `*` at the end stands for anything.
    pub pattern: String,
    /// Why it says little.
    pub why: String,
}

/// A file under `rules/indicators/`, and what `vrijspoor indicators import` writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFile {
    /// Name of the list.
    pub list: String,
    /// Where its facts come from.
    pub sources: Vec<String>,
    /// Products.
    #[serde(default)]
    pub product: Vec<Product>,
    /// Patterns of names.
    #[serde(default)]
    pub known: Vec<Known>,
    /// Categories.
    #[serde(default)]
    pub category: Vec<Spanned<Category>>,
    /// Names that say little.
    #[serde(default)]
    pub generic: Vec<Spanned<Generic>>,
}

/// A product and what gives it away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// Other names under which it is sold.
    #[serde(default)]
    pub also: Vec<String>,
    /// Id of its category.
    pub category: Spanned<String>,
    /// Android packages.
    #[serde(default)]
    pub packages: Vec<Spanned<String>>,
    /// iPhone bundle identifiers.
    #[serde(default)]
    pub bundles: Vec<Spanned<String>>,
    /// SHA-1 or SHA-256 of the certificate that its app is signed with.
    #[serde(default)]
    pub certificates: Vec<Spanned<String>>,
    /// MD5, SHA-1 or SHA-256 of its app file.
    #[serde(default)]
    pub files: Vec<Spanned<String>>,
    /// Its web sites and servers.
    #[serde(default)]
    pub domains: Vec<Spanned<String>>,
    /// Which of its packages and bundles need a second sign, beside the names of `[[generic]]`.
    #[serde(default)]
    pub generic: Vec<Spanned<String>>,
    /// Where the fact about this product comes from; read by people.
    #[serde(default)]
    pub source: String,
}

impl Product {
    /// Its values by kind.
    #[must_use]
    pub fn values(&self) -> [(&'static str, &[Spanned<String>]); 5] {
        let of = |kind| match kind {
            "package" => &self.packages,
            "bundle" => &self.bundles,
            "certificate" => &self.certificates,
            "file" => &self.files,
            _ => &self.domains,
        };
        KINDS.map(|(kind, _)| (kind, of(kind).as_slice()))
    }
}

/// Whether a value fits a pattern with at most one `*`, at its end.
#[must_use]
pub fn fits(pattern: &str, value: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == value, |start| value.starts_with(start))
}

/// A value in the form in which it is compared, or why it is none of that kind.
///
/// # Errors
/// The code of the reason, as the texts of `[refused]` explain it.
pub fn normal(kind: &str, value: &str) -> Result<String, &'static str> {
    let value = value.trim();
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let dotted = |v: &str| !v.starts_with('.') && !v.ends_with('.') && !v.contains("..");
    if value.is_empty() {
        return Err("empty");
    }
    if value.len() > 255 {
        return Err("malformed");
    }
    match kind {
        "package" if value.contains('.') && value.chars().all(word) && dotted(value) => Ok(value.into()),
        "bundle" if value.chars().all(word) && dotted(value) => Ok(value.into()),
        "certificate" | "file" => {
            let hex: String = value.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_lowercase();
            let long = [40, 64].contains(&hex.len()) || (kind == "file" && hex.len() == 32);
            if long && hex.bytes().all(|b| b.is_ascii_hexdigit()) { Ok(hex) } else { Err("malformed") }
        }
        "domain" => domain(value),
        _ => Err("malformed"),
    }
}

/// A host name: of an address only when the address names the whole site.
fn domain(value: &str) -> Result<String, &'static str> {
    let lower = value.to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A page of a large site says nothing about the site.
    if !path.is_empty() || rest.contains(['?', '#']) {
        return Err("not-compared");
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.trim_start_matches("*.").trim_end_matches('.');
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !host.contains('.') || !host.split('.').all(label) {
        return Err("malformed");
    }
    // A network address: no rule compares those, because hosts move.
    if host.split('.').next_back().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit())) {
        return Err("not-compared");
    }
    Ok(host.into())
}

impl Indicators {
    /// Loads and checks the given lists (name below `rules/`, text).
    pub fn load<'a>(files: impl Iterator<Item = (&'a str, &'a str)>, problems: &mut Vec<Problem>) -> Self {
        let mut read: Vec<(&str, &str, ListFile)> = Vec::new();
        for (file, text) in files {
            match toml::from_str(text) {
                Ok(list) => read.push((file, text, list)),
                Err(e) => problems.push(Problem::from_toml(file, text, &e)),
            }
        }
        let mut all = Self::default();
        for (_, _, list) in &read {
            all.known.extend(list.known.iter().cloned());
            all.categories.extend(list.category.iter().map(|c| c.get_ref().clone()));
            all.generic.extend(list.generic.iter().map(|g| g.get_ref().clone()));
        }
        lint::check(&read, &all, problems);
        for (file, text, list) in read {
            all.add(file, text, list);
        }
        all
    }

    fn add(&mut self, file: &str, text: &str, list: ListFile) {
        let mut values = Vec::new();
        for product in &list.product {
            let own: BTreeSet<&str> = product.generic.iter().map(|g| g.get_ref().as_str()).collect();
            for (kind, of_kind) in product.values() {
                for value in of_kind {
                    // A value that is not of its kind was a problem already.
                    let Ok(value) = normal(kind, value.get_ref()) else { continue };
                    values.push(IndicatorValue {
                        kind: kind.into(),
                        generic: own.contains(value.as_str()) || self.is_generic(kind, &value),
                        value,
                        name: product.name.clone(),
                        also: product.also.clone(),
                        category: product.category.get_ref().clone(),
                    });
                }
            }
        }
        self.lists.push(IndicatorList {
            name: list.list,
            file: file.rsplit('/').next().unwrap_or(file).into(),
            sha256: crate::report::json::sha256(text.as_bytes()),
            format: "vrijspoor".into(),
            imported: false,
            sources: list.sources,
            read: values.len(),
            repeated: 0,
            refused: Vec::new(),
            values,
        });
    }

    /// Every indicator with the list that it comes from.
    pub fn all(&self) -> impl Iterator<Item = (&IndicatorList, &IndicatorValue)> {
        self.lists.iter().flat_map(|list| list.values.iter().map(move |value| (list, value)))
    }

    /// Whether a name says little by itself.
    #[must_use]
    pub fn is_generic(&self, kind: &str, value: &str) -> bool {
        matches!(kind, "package" | "bundle") && self.generic.iter().any(|g| fits(&g.pattern, value))
    }

    /// Whether a name is that of a part of the system itself.
    #[must_use]
    pub fn is_system(&self, kind: &str, value: &str) -> bool {
        matches!(kind, "package" | "bundle") && self.known.iter().any(|k| k.kind == "system" && fits(&k.pattern, value))
    }

    /// The category that a list means by a word.
    #[must_use]
    pub fn category(&self, word: &str) -> Option<&Category> {
        let word = word.trim().to_lowercase().replace([' ', '_'], "-");
        self.categories.iter().find(|c| c.id == word || c.aka.contains(&word))
    }

    /// Takes in a published list. What it says about a value that a built-in list knows is kept, but under the category of the
    /// built-in list: a family app does not become something else because one list calls it so.
    ///
    /// # Errors
    /// When the file is no list in a known form.
    pub fn import(&mut self, file: &str, bytes: &[u8]) -> Result<(), published::NotRecognised> {
        let mut list = published::read(file, bytes, self)?;
        let names: Vec<&str> = self.lists.iter().map(|l| l.name.as_str()).collect();
        let base = list.name.clone();
        let mut number = 2;
        while names.contains(&list.name.as_str()) {
            list.name = format!("{base} ({number})");
            number += 1;
        }
        let built_in: HashMap<&str, &IndicatorValue> =
            self.all().filter(|(l, _)| !l.imported).map(|(_, v)| (v.value.as_str(), v)).collect();
        for value in &mut list.values {
            if let Some(known) = built_in.get(value.value.as_str()) {
                value.category.clone_from(&known.category);
                value.generic |= known.generic;
            }
        }
        self.lists.push(list);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_form() {
        assert_eq!(normal("certificate", "31:A6:EC"), Err("malformed"));
        let digest = "AB".repeat(20);
        assert_eq!(normal("certificate", &digest).unwrap(), "ab".repeat(20));
        assert_eq!(normal("certificate", &"ab".repeat(16)), Err("malformed"));
        assert_eq!(normal("file", &"ab".repeat(16)).unwrap(), "ab".repeat(16));
        assert_eq!(normal("domain", "https://Www.Example.org/").unwrap(), "www.example.org");
        assert_eq!(normal("domain", "example.org:8443").unwrap(), "example.org");
        assert_eq!(normal("domain", "example.org/page"), Err("not-compared"));
        assert_eq!(normal("domain", "192.0.2.7"), Err("not-compared"));
        assert_eq!(normal("domain", "a=b"), Err("malformed"));
        assert_eq!(normal("package", "com.example.App_1").unwrap(), "com.example.App_1");
        assert_eq!(normal("package", "word"), Err("malformed"));
        assert_eq!(normal("package", "  "), Err("empty"));
        assert_eq!(normal("bundle", "5ABC.com.example.a-b").unwrap(), "5ABC.com.example.a-b");
    }

    #[test]
    fn a_pattern_ends_in_a_star_or_is_the_whole_name() {
        assert!(fits("com.example.*", "com.example.app") && fits("com.fone", "com.fone"));
        assert!(!fits("com.fone", "com.fones") && !fits("com.example.*", "com.other"));
    }
}
