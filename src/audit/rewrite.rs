//! Writes answers into a case file that people may have written in: their comments, their order and everything that did not change stay
//! as they are, byte for byte.

use super::case::CaseFile;
use toml_edit::{DocumentMut, Item, Table};

/// Why the answers could not be put into the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not TOML any more, or the answers cannot be written as TOML.
    #[error("{0}")]
    Toml(String),
    /// What came out would say something else than the answers.
    #[error("the file is written in a way that cannot be changed without losing something; answers were not saved")]
    Unlike,
}

/// The text of the file with the answers in it.
///
/// # Errors
/// When the file is no TOML, or the answers cannot be put into it without changing what they say.
pub fn answers(written: &str, case: &CaseFile) -> Result<String, Error> {
    let toml = |e: &dyn std::fmt::Display| Error::Toml(e.to_string());
    let fresh_text = case.to_text().map_err(|e| toml(&e))?;
    let fresh: DocumentMut = fresh_text.parse().map_err(|e| toml(&e))?;
    let mut document: DocumentMut = written.parse().map_err(|e| toml(&e))?;
    let before: toml::Table = toml::from_str(written).map_err(|e| toml(&e))?;
    let after: toml::Table = toml::from_str(&fresh_text).map_err(|e| toml(&e))?;
    merge(document.as_table_mut(), &before, fresh.as_table(), &after);
    let text = document.to_string();
    let same = CaseFile::parse("case.toml", &text).ok().and_then(|read| read.to_text().ok());
    if same.as_deref() == Some(&fresh_text) { Ok(text) } else { Err(Error::Unlike) }
}

/// Brings a table to what the answers say. What is the same is not touched; `before` and `after` are the plain values of both.
fn merge(table: &mut Table, before: &toml::Table, fresh: &Table, after: &toml::Table) {
    let gone: Vec<&String> =
        before.iter().filter(|(k, v)| !after.contains_key(*k) && says(v)).map(|(k, _)| k).collect();
    for key in gone {
        table.remove(key);
    }
    for (key, value) in after {
        let old = before.get(key);
        let Some(new) = fresh.get(key).filter(|_| old != Some(value)) else { continue };
        match (table.get_mut(key), old, new, value) {
            (Some(Item::Table(one)), Some(toml::Value::Table(old)), Item::Table(new), toml::Value::Table(value)) => {
                merge(one, old, new, value);
            }
            (
                Some(Item::ArrayOfTables(one)),
                Some(toml::Value::Array(old)),
                Item::ArrayOfTables(new),
                toml::Value::Array(value),
            ) if value.len() >= old.len() => {
                for (at, (new, value)) in new.iter().zip(value).enumerate() {
                    match (one.get_mut(at), old.get(at), value) {
                        (Some(one), Some(toml::Value::Table(old)), toml::Value::Table(value)) => {
                            merge(one, old, new, value);
                        }
                        _ => one.push(new.clone()),
                    }
                }
            }
            (Some(Item::Value(one)), _, Item::Value(new), _) => {
                // A remark behind the value stays.
                let decor = one.decor().clone();
                *one = new.clone();
                *one.decor_mut() = decor;
            }
            _ => {
                let mut new = new.clone();
                if let Item::Table(part) = &mut new {
                    part.decor_mut().set_prefix("\n");
                }
                table.insert(key, new);
            }
        }
    }
}

/// Whether a value says anything: an empty text or list is what an answer that was left out looks like.
fn says(value: &toml::Value) -> bool {
    match value {
        toml::Value::String(text) => !text.is_empty(),
        toml::Value::Array(items) => !items.is_empty(),
        toml::Value::Table(table) => table.values().any(says),
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const WRITTEN: &str = "# kept by the team\n[gates] # asked again each time\ndanger = 'no' # said by N.\n\n# her sister\n[[trusted]]\nname = \"S.\"   # calls daily\n\n[person]\nliving = \"left\"\n";

    fn changed(change: impl Fn(&mut CaseFile)) -> String {
        let mut case = CaseFile::parse("c", WRITTEN).unwrap();
        change(&mut case);
        answers(WRITTEN, &case).unwrap()
    }

    #[test]
    fn what_did_not_change_stays_byte_for_byte() {
        assert_eq!(changed(|_| ()), WRITTEN);
    }

    #[test]
    fn remarks_and_order_stay_when_answers_change() {
        let text = changed(|case| {
            case.gates.danger = "unknown".into();
            case.trusted.push(crate::audit::case::Identity { name: "T.".into(), ..Default::default() });
            case.intake.answered.push("age".into());
            case.person.living.clear();
            case.consent.date = "2026-10-19".parse().ok();
        });
        for kept in ["# kept by the team", "# asked again each time", "# said by N.", "# her sister", "# calls daily"] {
            assert!(text.contains(kept), "{kept} is gone:\n{text}");
        }
        assert!(text.contains("danger = \"unknown\" # said by N.") && !text.contains("living"), "{text}");
        assert!(text.contains("date = 2026-10-19"), "a date is written as a date:\n{text}");
        let read = CaseFile::parse("c", &text).unwrap();
        assert_eq!((read.trusted.len(), read.intake.answered.len()), (2, 1));
    }

    #[test]
    fn a_list_in_another_shape_is_replaced_and_says_the_same() {
        let written = "trusted = [{ name = \"S.\" }]\n";
        let mut case = CaseFile::parse("c", written).unwrap();
        case.trusted.push(crate::audit::case::Identity { name: "T.".into(), ..Default::default() });
        let text = answers(written, &case).unwrap();
        assert_eq!(CaseFile::parse("c", &text).unwrap().trusted.len(), 2);
    }
}
