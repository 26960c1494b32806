//! The filter for privileged contacts: what the copies hold about a lawyer or doctor declared in the case file is taken out of the
//! facts before any question is asked. Only how many rows went is kept, so that the report can say that the filter ran.

use crate::fact::{ColumnType, Store, Vocabulary};
use crate::rule::identity;

/// Takes every fact out that names a privileged person, by mail address, number, user name or name. Needs the table `person` to be
/// filled. Gives the number of facts that went.
///
/// # Errors
/// When the store refuses.
pub fn filter(store: &mut Store, vocabulary: &Vocabulary) -> rusqlite::Result<u64> {
    let conn = store.connection_mut();
    identity::register(conn)?;
    let mut gone = 0;
    for (kind, fact) in &vocabulary.kinds {
        let texts = fact.columns.iter().filter(|(_, column)| matches!(column.column_type, ColumnType::Text));
        let conditions: Vec<String> = texts
            .map(|(column, _)| {
                format!(
                    "(p.kind = 'mail' AND p.value = mail(t.{column})) OR (p.kind = 'number' AND p.value = number(t.{column})) \
                     OR (p.kind IN ('name', 'handle') AND p.value = name(t.{column}))"
                )
            })
            .collect();
        if conditions.is_empty() {
            continue;
        }
        let sql = format!(
            "DELETE FROM {kind} WHERE ev IN (SELECT t.ev FROM {kind} AS t JOIN person AS p ON p.role = 'privileged' AND ({}))",
            conditions.join(" OR ")
        );
        gone += conn.execute(&sql, [])?;
    }
    Ok(gone as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::fact::NewFact;
    use rusqlite::types::Value;

    #[test]
    fn facts_about_a_lawyer_go_and_are_counted() {
        let text = "[contact_activity]\ndoc = \"x\"\ncounterpart = { type = \"text\", doc = \"p\" }\nsent = { type = \"integer\", doc = \"n\" }\n";
        let vocabulary = Vocabulary::parse("f", text).unwrap();
        let mut store = Store::new(&vocabulary).unwrap();
        let fact = |counterpart: &str| NewFact {
            kind: "contact_activity".into(),
            values: [("counterpart".to_string(), Value::Text(counterpart.into()))].into(),
            locator: "l".into(),
            raw: String::new(),
        };
        let all = ["06 0000 0007", "+31600000008", "Advocaat@Example.org", "mr. de Boer", "Noor"];
        store.add(all.map(fact), "s 1", "x.y", 1).unwrap();
        let person =
            |kind: &str, value: &str| ["privileged", kind, value, "advocaat"].map(|t| Value::Text(t.into())).to_vec();
        let people =
            [person("number", "+31600000007"), person("mail", "advocaat@example.org"), person("name", "mr de boer")];
        store.insert("INSERT INTO person (role, kind, value, label) VALUES (?, ?, ?, ?)", people).unwrap();
        assert_eq!(filter(&mut store, &vocabulary).unwrap(), 3);
        let left = store.seal().unwrap().rows("SELECT counterpart FROM contact_activity").unwrap();
        assert_eq!(left.len(), 2);
    }
}
