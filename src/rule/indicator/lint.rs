//! The lint of indicator lists: every value is of its kind, stands in one place only, and does not hit a name that phones have by
//! themselves. A wrong value would accuse an ordinary phone, so all problems are shown with their place and nothing is loaded.

use super::{Indicators, ListFile, fits, normal};
use crate::fact::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Checks the lists of the built-in files, or of the folder that somebody is working on.
pub fn check(files: &[(&str, &str, ListFile)], all: &Indicators, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut lists = BTreeSet::new();
    let mut categories = BTreeSet::new();
    for (file, text, list) in files {
        let mut say = |span: Option<Range<usize>>, message: String| {
            problems.push(Problem::at(file, text, span, message));
        };
        if !lists.insert(&list.list) {
            say(None, format!("there is another list `{}`", list.list));
        }
        if list.sources.is_empty() {
            say(None, "`sources` must say where the facts come from".into());
        }
        for category in &list.category {
            for word in std::iter::once(&category.get_ref().id).chain(&category.get_ref().aka) {
                if !categories.insert(word.clone()) {
                    say(Some(category.span()), format!("`{word}` names two categories"));
                }
            }
        }
        for generic in &list.generic {
            if generic.get_ref().pattern.trim_end_matches('*').contains('*') {
                say(Some(generic.span()), "a pattern may have one `*`, at its end".into());
            }
        }
        for product in &list.product {
            let category = all.categories.iter().find(|c| c.id == *product.category.get_ref() && !c.harmless);
            if category.is_none() {
                let known: Vec<&str> = all.categories.iter().filter(|c| !c.harmless).map(|c| c.id.as_str()).collect();
                let message = format!("`{}` is not one of {}", product.category.get_ref(), known.join(", "));
                say(Some(product.category.span()), message);
            }
            for (kind, values) in product.values() {
                for value in values {
                    let span = Some(value.span());
                    let form = match normal(kind, value.get_ref()) {
                        Ok(form) => form,
                        Err(why) => {
                            say(span, format!("`{}` is no {kind}: {why}", value.get_ref()));
                            continue;
                        }
                    };
                    if form != *value.get_ref() {
                        say(span.clone(), format!("write it as `{form}`, the form in which it is compared"));
                    }
                    if let Some(other) = collision(all, kind, &form, category.is_some_and(|c| c.covert)) {
                        say(span.clone(), format!("{kind} `{form}` is the name of {other}"));
                    }
                    if let Some(first) = seen.insert((kind, form), file) {
                        say(span, format!("{kind} `{}` stands in {first} already", value.get_ref()));
                    }
                }
            }
            for value in &product.generic {
                let of = |list: &[toml::Spanned<String>]| list.iter().any(|v| v.get_ref() == value.get_ref());
                if !of(&product.packages) && !of(&product.bundles) {
                    say(Some(value.span()), "`generic` names a package or bundle of the same product".into());
                }
            }
        }
    }
}

/// What an ordinary phone has under that name.
fn collision(all: &Indicators, kind: &str, value: &str, covert: bool) -> Option<String> {
    // A part of the system may be listed as what it is, such as the maker's own way to find a phone; never as something covert.
    // The same goes for holders of special powers that are no reason for concern.
    let kinds = ["system", "accessibility", "notification_listener", "device_admin", "input_method"];
    let ordinary = |k: &&super::Known| covert && kinds.contains(&k.kind.as_str());
    if !matches!(kind, "package" | "bundle") {
        return None;
    }
    all.known.iter().filter(ordinary).find(|k| fits(&k.pattern, value)).map(|k| k.name.clone())
}
