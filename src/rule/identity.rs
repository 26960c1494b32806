//! One form for identities and moments, so that the same number, address or name written in two ways is recognised as the same, and
//! how far two moments lie apart can be counted.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// A mail address in one form: lower case, without surrounding space or `mailto:`. Addresses at Google lose dots and `+tags`,
/// because Google delivers those to the same mailbox. `None` when it is no address.
#[must_use]
pub fn mail(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("mailto:").trim_matches(['<', '>']).to_lowercase();
    let (user, domain) = text.rsplit_once('@')?;
    if user.is_empty() || !domain.contains('.') || text.contains(char::is_whitespace) {
        return None;
    }
    if matches!(domain, "gmail.com" | "googlemail.com") {
        let user = user.split('+').next().unwrap_or(user).replace('.', "");
        return Some(format!("{user}@gmail.com"));
    }
    Some(format!("{user}@{domain}"))
}

/// A telephone number in one form: `+` and digits. A single leading 0 is read as a Dutch number; `00` as `+`. Identifiers such
/// as `31600000001@s.whatsapp.net` are numbers too. `None` when it is no number.
#[must_use]
pub fn number(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("tel:");
    let (text, international) = match text.split_once("@s.whatsapp.net") {
        Some((user, _)) => (user.split([':', '.']).next().unwrap_or(user), true),
        None => (text, false),
    };
    if text.chars().any(|c| !(c.is_ascii_digit() || "+-./() \u{a0}".contains(c))) {
        return None;
    }
    let plus = text.starts_with('+') || international;
    let text = text.replace("(0)", "");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 6 || digits.len() > 15 {
        return None;
    }
    Some(if plus {
        format!("+{digits}")
    } else if let Some(rest) = digits.strip_prefix("00") {
        format!("+{rest}")
    } else if let Some(rest) = digits.strip_prefix('0') {
        format!("+31{rest}")
    } else {
        digits
    })
}

/// A name in one form: lower case, letters and digits only, words separated by one space. `None` when nothing is left.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    let mut out = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.to_lowercase());
    }
    (!out.is_empty()).then_some(out)
}

/// Seconds since 1970 of a stored time, for comparing distances. `None` for a time whose zone is not known: such a time is near
/// nothing.
#[must_use]
pub fn epoch(text: &str) -> Option<i64> {
    text.ends_with('Z').then(|| text.parse::<jiff::Timestamp>().ok()).flatten().map(jiff::Timestamp::as_second)
}

/// Every form that a text has: as a number, as an address, as a name.
#[must_use]
pub fn forms(text: &str) -> Vec<String> {
    [number(text), mail(text), name(text)].into_iter().flatten().collect()
}

/// Gives a connection the functions `mail(x)`, `number(x)`, `name(x)`, `epoch(x)` and `declared(role, x, …)`.
///
/// # Errors
/// When `SQLite` refuses.
pub fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (sql_name, function) in [("mail", mail as fn(&str) -> Option<String>), ("number", number), ("name", name)] {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        conn.create_scalar_function(sql_name, 1, flags, move |context| {
            Ok(match context.get_raw(0) {
                rusqlite::types::ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(function),
                rusqlite::types::ValueRef::Integer(i) => function(&i.to_string()),
                _ => None,
            })
        })?;
    }
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("epoch", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            rusqlite::types::ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(epoch),
            _ => None,
        })
    })?;
    super::declared::register(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for text in [
            "+31 6 0000 0001",
            "06-00000001",
            "0031600000001",
            "31600000001@s.whatsapp.net",
            "tel:+31600000001",
            "+31 (0)6 00000001",
        ] {
            assert_eq!(number(text).as_deref(), Some("+31600000001"), "{text}");
        }
        assert_eq!(number("someone@example.org"), None);
        assert_eq!(number("12"), None);
        assert_eq!(number("31600000001:4@s.whatsapp.net").as_deref(), Some("+31600000001"));
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(mail(" Noor.de.Wit+x@GMAIL.com ").as_deref(), Some("noordewit@gmail.com"));
        assert_eq!(mail("R.Backup@Example.org").as_deref(), Some("r.backup@example.org"));
        assert_eq!(mail("no address"), None);
        assert_eq!(mail("@example.org"), None);
    }

    #[test]
    fn a_time_without_zone_is_near_nothing() {
        assert_eq!(epoch("1970-01-02T00:00:00Z"), Some(86_400));
        assert_eq!(epoch("1970-01-02T00:00:00"), None);
        assert_eq!(epoch("yesterday Z"), None);
    }

    #[test]
    fn one_name_has_one_form() {
        assert_eq!(name("  PC-van_R. ").as_deref(), Some("pc van r"));
        assert_eq!(name(" - "), None);
    }
}
