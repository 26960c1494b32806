//! Who is meant: compares values of facts with what was declared in the case. One place for all rules, so that a number, address, name,
//! device or network is recognised in the same way everywhere.

use super::identity;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

/// Everything that was declared, as the table `person` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People(Vec<Declared>);

impl People {
    /// The rows of the table `person` as they stand now.
    ///
    /// # Errors
    /// When `SQLite` refuses.
    pub fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let mut statement = conn.prepare("SELECT role, kind, value, label FROM person ORDER BY rowid")?;
        let rows = statement.query_map([], |row| {
            let value: String = row.get(2)?;
            let (name, hardware) = (identity::name(&value), hardware(&value));
            Ok(Declared { role: row.get(0)?, kind: row.get(1)?, value, label: row.get(3)?, name, hardware })
        })?;
        Ok(Self(rows.collect::<rusqlite::Result<Vec<_>>>()?))
    }

    /// The labels of all people or things of a role.
    pub fn labels<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |p| p.role == role).map(Declared::shown)
    }

    /// The label of the first declared person or thing of that role that one of the values belongs to.
    #[must_use]
    pub fn label(&self, role: &str, values: &[&str]) -> Option<&str> {
        let values: Vec<Forms> = values.iter().filter(|v| !v.trim().is_empty()).map(|v| Forms::of(v)).collect();
        self.0.iter().find(|p| p.role == role && values.iter().any(|v| v.belongs_to(p))).map(Declared::shown)
    }
}

/// One row of the table `person`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    role: String,
    kind: String,
    value: String,
    label: String,
    /// The value as a name and as an identifier of hardware; made once, because every value of every fact is held against it.
    name: Option<String>,
    hardware: String,
}

/// Gives a connection the function `declared(role, value, …)`: the label of the first declared person or thing of that role that one
/// of the values belongs to, else NULL. It works with the rows that stand in `person` now.
///
/// # Errors
/// When `SQLite` refuses.
pub fn register(conn: &Connection) -> rusqlite::Result<()> {
    let people = People::read(conn)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("declared", -1, flags, move |context| {
        let mut values = (0..context.len()).filter_map(|n| match context.get_raw(n) {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(str::to_string),
            ValueRef::Integer(i) => Some(i.to_string()),
            _ => None,
        });
        let Some(role) = values.next() else { return Ok(None) };
        let values: Vec<String> = values.collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        Ok(people.label(&role, &values).map(str::to_string))
    })
}

impl Declared {
    fn shown(&self) -> &str {
        if self.label.is_empty() { &self.value } else { &self.label }
    }
}

/// A value of a fact in every form in which it may have been declared.
struct Forms {
    plain: String,
    mail: Option<String>,
    number: Option<String>,
    name: Option<String>,
    hardware: String,
}

impl Forms {
    fn of(value: &str) -> Self {
        let number = identity::number(value);
        Self {
            plain: value.trim().to_lowercase(),
            // An identifier of WhatsApp is a number that looks like an address.
            mail: if number.is_some() { None } else { identity::mail(value) },
            number,
            name: identity::name(value),
            hardware: hardware(value),
        }
    }

    fn belongs_to(&self, person: &Declared) -> bool {
        let same = |form: &Option<String>| form.as_deref() == Some(person.value.as_str());
        match person.kind.as_str() {
            "mail" => same(&self.mail),
            "number" => same(&self.number),
            "package" | "network" => self.plain == person.value.to_lowercase(),
            _ if same(&self.name) || (self.hardware.len() >= 6 && self.hardware == person.hardware) => true,
            // `iPhone van Ruben` may be a person of concern's; it never explains a device as one's own.
            "name" | "device" if person.role == "concern" => {
                let (Some(name), Some(declared)) = (&self.name, &person.name) else { return false };
                declared.chars().count() >= 3 && format!(" {name} ").contains(&format!(" {declared} "))
            }
            "device" => self.name.is_some() && self.name == person.name,
            _ => false,
        }
    }
}

/// A serial number, IMEI, UDID or address of hardware in one form: letters and digits only, lower case.
fn hardware(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ask(question: &str) -> Option<String> {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE person (role TEXT, kind TEXT, value TEXT, label TEXT);
             INSERT INTO person VALUES ('own', 'name', 'laptop', 'laptop'), ('own', 'device', 'F17-FIXTURE-01', 'phone'),
               ('own', 'network', 'Thuis', ''), ('concern', 'name', 'ruben', 'R.'), ('concern', 'mail', 'r@example.org', 'R.'),
               ('concern', 'number', '+31600000002', 'R.'), ('concern', 'device', 'PC-VAN-R', 'R.'), ('agreed', 'package', 'org.example.App', '');",
        )
        .unwrap();
        register(&conn).unwrap();
        conn.query_row(&format!("SELECT declared({question})"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn one_value_is_recognised_in_every_spelling() {
        for question in [
            "'concern', 'mailto:R@Example.org'",
            "'concern', '06-00000002'",
            "'concern', '31600000002@s.whatsapp.net'",
            "'concern', NULL, 'iPhone van Ruben'",
            "'concern', 'pc van r'",
        ] {
            assert_eq!(ask(question).as_deref(), Some("R."), "{question}");
        }
        assert_eq!(ask("'own', 'f17fixture01'").as_deref(), Some("phone"));
        assert_eq!(ask("'own', 'thuis'").as_deref(), Some("Thuis"));
        assert_eq!(ask("'agreed', 'ORG.example.app'").as_deref(), Some("org.example.App"));
    }

    #[test]
    fn what_was_not_declared_belongs_to_nobody() {
        for question in [
            "'own', 'Laptop van R'",
            "'own', '+31600000002'",
            "'concern', 'rubens'",
            "'concern', ''",
            "'concern', NULL",
            "'concern'",
            "'trusted', 'ruben'",
        ] {
            assert_eq!(ask(question), None, "{question}");
        }
    }
}
