//! Lists of indicators that others publish, read as they are: the form is recognised by the content, never by the name. Every value
//! that a list holds is either kept, or repeats one that was kept, or is refused with a reason; the three add up to what was read. A
//! bad entry never ends the run.

use super::{Indicators, echap, normal, stix, table};
use crate::report::{IndicatorList, IndicatorValue, Refused};
use std::collections::BTreeSet;

/// A list is not larger than this, in bytes. The largest published one has about 2 MB.
pub const MOST_BYTES: usize = 64 << 20;

/// Most refused values that are named; more are counted.
const MOST_EXAMPLES: usize = 50;

/// The file is no list in a known form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {why}")]
pub struct NotRecognised {
    /// Name of the file.
    pub file: String,
    /// What was seen instead.
    pub why: String,
}

/// What a list says about the product that a value belongs to.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Name of the product.
    pub name: String,
    /// Other names.
    pub also: Vec<String>,
    /// The list's own word for the category; empty when it has none.
    pub category: String,
    /// The value alone says little, by the list's own words.
    pub weak: bool,
    /// Where in the file.
    pub place: String,
}

/// Collects the values of one list and keeps the account.
pub struct Account<'a> {
    known: &'a Indicators,
    /// Category of values for which the list names none.
    otherwise: &'static str,
    seen: BTreeSet<(&'static str, String)>,
    out: IndicatorList,
}

impl<'a> Account<'a> {
    fn new(known: &'a Indicators, file: &str, bytes: &[u8]) -> Self {
        let out = IndicatorList {
            name: file.into(),
            file: file.into(),
            sha256: crate::report::json::sha256(bytes),
            format: String::new(),
            imported: true,
            sources: Vec::new(),
            read: 0,
            repeated: 0,
            refused: Vec::new(),
            values: Vec::new(),
        };
        Self { known, otherwise: "unsorted", seen: BTreeSet::new(), out }
    }

    /// Names the form of the list, and the category of what it does not sort itself.
    pub fn form(&mut self, format: &str, otherwise: &'static str) {
        self.out.format = format.into();
        self.otherwise = otherwise;
    }

    /// The list's own name and sources.
    pub fn title(&mut self, name: &str, sources: Vec<String>) {
        if !name.trim().is_empty() {
            self.out.name = name.trim().into();
        }
        self.out.sources = sources;
    }

    /// Takes one value of the list.
    pub fn take(&mut self, kind: &'static str, value: &str, head: &Head) {
        let form = match normal(kind, value) {
            Ok(form) if self.known.is_system(kind, &form) => Err("system-name"),
            other => other,
        };
        let form = match form {
            Ok(form) => form,
            Err(why) => return self.refuse(why, value, &head.place),
        };
        let category = self.known.category(&head.category);
        if category.is_some_and(|c| c.harmless) {
            return self.refuse("harmless", value, &head.place);
        }
        self.out.read += 1;
        if !self.seen.insert((kind, form.clone())) {
            self.out.repeated += 1;
            return;
        }
        let category = match category {
            Some(category) => category.id.clone(),
            None if head.category.is_empty() => self.otherwise.into(),
            None => "unsorted".into(),
        };
        let generic = (head.weak && matches!(kind, "package" | "bundle")) || self.known.is_generic(kind, &form);
        let name = if head.name.trim().is_empty() { form.clone() } else { head.name.trim().to_string() };
        let also = head.also.clone();
        self.out.values.push(IndicatorValue { kind: kind.into(), value: form, name, also, category, generic });
    }

    /// Counts a value that cannot be used.
    pub fn refuse(&mut self, reason: &str, value: &str, place: &str) {
        self.out.read += 1;
        let refused = &mut self.out.refused;
        let at = refused.iter().position(|r| r.reason == reason).unwrap_or_else(|| {
            refused.push(Refused { reason: reason.into(), count: 0, examples: Vec::new() });
            refused.len() - 1
        });
        refused[at].count += 1;
        if refused[at].examples.len() < MOST_EXAMPLES {
            let value: String = value.chars().take(120).collect();
            refused[at].examples.push(if place.is_empty() { value } else { format!("{place}: {value}") });
        }
    }
}

/// Reads a published list.
///
/// # Errors
/// When the file is no list in a known form.
pub fn read(file: &str, bytes: &[u8], known: &Indicators) -> Result<IndicatorList, NotRecognised> {
    let not = |why: &str| NotRecognised { file: file.into(), why: why.into() };
    if bytes.len() > MOST_BYTES {
        return Err(not("larger than 64 MB"));
    }
    let text = decode(bytes);
    let mut account = Account::new(known, file, bytes);
    let start = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#') && *l != "---");
    let Some(start) = start else { return Err(not("empty")) };
    if start.starts_with('{') || (start.starts_with('[') && !start.starts_with("[[")) {
        let json = serde_json::from_str(&text).map_err(|e| not(&format!("JSON: {e}")))?;
        stix::read(&json, &mut account).map_err(not)?;
    } else if start.starts_with("- ") || start == "-" {
        echap::read(&text, &mut account).map_err(not)?;
    } else if let Ok(list) = toml::from_str::<super::ListFile>(&text) {
        own(&list, &mut account);
    } else {
        table::read(&text, &mut account).map_err(not)?;
    }
    account.out.refused.sort_by(|a, b| a.reason.cmp(&b.reason));
    Ok(account.out)
}

/// A list in our own shape. Only its products count: what explains a name is not for somebody else to say.
fn own(list: &super::ListFile, account: &mut Account<'_>) {
    account.form("vrijspoor", "unsorted");
    account.title(&list.list, list.sources.clone());
    for product in &list.product {
        let weak: BTreeSet<&String> = product.generic.iter().map(toml::Spanned::get_ref).collect();
        for (kind, values) in product.values() {
            for value in values {
                let head = Head {
                    name: product.name.clone(),
                    also: product.also.clone(),
                    category: product.category.get_ref().clone(),
                    weak: weak.contains(value.get_ref()),
                    place: product.name.clone(),
                };
                account.take(kind, value.get_ref(), &head);
            }
        }
    }
    for known in &list.known {
        account.refuse("allow-list", &known.pattern, &known.kind);
    }
    for other in list.generic.iter().map(|g| &g.get_ref().pattern).chain(list.category.iter().map(|c| &c.get_ref().id))
    {
        account.refuse("allow-list", other, "");
    }
}

/// The text of a file: by its byte order mark, else UTF-8, else the code page of western Europe.
fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}
