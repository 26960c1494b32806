//! Writes a list that was read in our own shape, so that it can be looked through, corrected and used again.

use super::KINDS;
use crate::report::IndicatorList;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The list as the text of a TOML file. What was refused stands in it as remarks.
#[must_use]
pub fn toml(list: &IndicatorList) -> String {
    let mut out = String::new();
    let quote = |text: &str| toml::Value::String(text.to_string()).to_string();
    let _ =
        writeln!(out, "# {}: {} read, {} kept, {} repeated", list.file, list.read, list.values.len(), list.repeated);
    for refused in &list.refused {
        let _ = writeln!(out, "# refused, {}: {}", refused.reason, refused.count);
    }
    let _ = writeln!(out, "list    = {}", quote(&list.name));
    let mut sources = list.sources.clone();
    sources.push(format!("{} ({}), SHA-256 {}", list.file, list.format, list.sha256));
    let _ = writeln!(out, "sources = [{}]", sources.iter().map(|s| quote(s)).collect::<Vec<_>>().join(", "));
    // One product for every name, other names and category.
    let mut products: BTreeMap<_, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for value in &list.values {
        let product = products.entry((&value.name, &value.also, &value.category)).or_default();
        product.entry(&value.kind).or_default().push(&value.value);
        if value.generic {
            product.entry("generic").or_default().push(&value.value);
        }
    }
    for ((name, also, category), values) in products {
        let _ = writeln!(out, "\n[[product]]\nname = {}", quote(name));
        if !also.is_empty() {
            let _ = writeln!(out, "also = [{}]", also.iter().map(|n| quote(n)).collect::<Vec<_>>().join(", "));
        }
        let _ = writeln!(out, "category = {}", quote(category));
        for (kind, key) in KINDS.into_iter().chain([("generic", "generic")]) {
            if let Some(values) = values.get(kind) {
                let values: Vec<String> = values.iter().map(|v| quote(v)).collect();
                let _ = writeln!(out, "{key} = [{}]", values.join(", "));
            }
        }
    }
    out
}
