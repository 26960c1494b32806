//! Indicators in JSON: bundles of STIX 2.x, and the list of `TinyCheck`. Of a STIX pattern every comparison counts as one value.
//! The patterns are read by the grammar: values in quotes may hold `=`, brackets and escaped quotes.

use super::published::{Account, Head};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads a bundle or list.
///
/// # Errors
/// When it is other JSON.
pub fn read(json: &Value, account: &mut Account<'_>) -> Result<(), &'static str> {
    if let Some(list) = json.get("iocs").and_then(Value::as_array) {
        account.form("tinycheck", "unsorted");
        tinycheck(list, account);
        return Ok(());
    }
    let objects = json.get("objects").unwrap_or(json).as_array();
    let has_type = |o: &Value| o.get("type").is_some();
    let Some(objects) = objects.filter(|o| json.get("type") == Some(&"bundle".into()) || o.iter().any(has_type)) else {
        return Err("JSON, but neither a STIX bundle nor a list `iocs`");
    };
    account.form("stix", "unsorted");
    let threats = threats(objects);
    let relations: BTreeMap<&str, &str> = objects
        .iter()
        .filter(|o| text(o, "type") == "relationship")
        .map(|o| (text(o, "source_ref"), text(o, "target_ref")))
        .collect();
    for object in objects.iter().filter(|o| text(o, "type") == "indicator") {
        let id = text(object, "id");
        // The only threat of a bundle is what its indicators are about, also when no relation says so.
        let alone = (threats.len() == 1).then(|| threats.values().next()).flatten();
        let threat = relations.get(id).and_then(|t| threats.get(t)).or(alone);
        let own = words(object, &["labels", "indicator_types"]);
        let (name, category) = threat.cloned().unwrap_or_else(|| (text(object, "name").into(), String::new()));
        let category = if category.is_empty() { own } else { category };
        let head = Head { name, category, place: id.into(), ..Head::default() };
        let written = text(object, "pattern");
        if object.get("revoked") == Some(&Value::Bool(true)) {
            account.refuse("revoked", written, id);
            continue;
        }
        if !matches!(text(object, "pattern_type"), "" | "stix") {
            account.refuse("not-compared", written, id);
            continue;
        }
        match comparisons(written) {
            None => account.refuse("unreadable", written, id),
            Some(all) => {
                for comparison in all {
                    compare(&comparison, &head, account);
                }
            }
        }
    }
    Ok(())
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn words(object: &Value, keys: &[&str]) -> String {
    let first = |k: &&str| object.get(*k)?.as_array()?.first()?.as_str().map(str::to_string);
    keys.iter().find_map(first).unwrap_or_default()
}

/// Name and category of what the bundle warns of, by id.
fn threats(objects: &[Value]) -> BTreeMap<&str, (String, String)> {
    let kinds = ["malware", "tool", "threat-actor", "intrusion-set", "campaign"];
    let threat = |o: &&Value| kinds.contains(&text(o, "type"));
    objects
        .iter()
        .filter(threat)
        .map(|o| {
            let said = words(o, &["malware_types", "labels"]);
            let category = if said.is_empty() { text(o, "type").to_string() } else { said };
            (text(o, "id"), (text(o, "name").to_string(), category))
        })
        .collect()
}

fn compare(comparison: &Comparison, head: &Head, account: &mut Account<'_>) {
    let path: String = comparison.path.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '-' | ' ')).collect();
    let kind = match path.as_str() {
        "app:id" | "app:packagename" => "package",
        "app:cert.sha1" | "app:cert.sha256" => "certificate",
        "domainname:value" | "url:value" => "domain",
        "file:hashes.md5" | "file:hashes.sha1" | "file:hashes.sha256" => "file",
        _ => "",
    };
    let shown = format!("{} {} {}", comparison.path, comparison.operator, comparison.value);
    if kind.is_empty() {
        account.refuse("not-compared", &shown, &head.place);
    } else if comparison.operator == "=" {
        account.take(kind, &comparison.value, &Head { weak: comparison.joined, ..head.clone() });
    } else {
        account.refuse("not-equal", &shown, &head.place);
    }
}

/// One comparison of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    path: String,
    operator: String,
    value: String,
    /// Only together with another comparison: alone it says less.
    joined: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Text(String),
    Word(String),
    Sign(String),
}

/// The comparisons of a pattern; nothing when it does not follow the grammar.
fn comparisons(pattern: &str) -> Option<Vec<Comparison>> {
    let tokens = tokens(pattern)?;
    let mut out = Vec::new();
    // Depth of brackets; where the comparisons of this observation begin; whether one of them is joined by AND.
    let (mut open, mut begin, mut joined, mut negated) = (false, 0, false, false);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign(s) if s == "[" && !open => (open, begin, joined) = (true, out.len(), false),
            Token::Sign(s) if s == "]" && open => {
                open = false;
                if joined {
                    join(&mut out[begin..]);
                }
            }
            Token::Sign(s) if s == "(" || s == ")" => {}
            Token::Word(w) if w == "AND" => {
                joined = true;
                if !open {
                    join(&mut out);
                }
            }
            Token::Word(w) if w == "OR" || w == "FOLLOWEDBY" => {}
            Token::Word(w) if w == "NOT" => negated = true,
            Token::Word(path) if open && path.contains(':') => {
                let mut path = path.clone();
                // `file:hashes.'SHA-256'` is a word and a text.
                while let Some(Token::Text(part)) = tokens.get(at).filter(|_| path.ends_with('.')) {
                    path.push_str(part);
                    at += 1;
                }
                at += one(&tokens[at..], &path, std::mem::take(&mut negated), &mut out)?;
            }
            // Qualifiers after an observation: WITHIN 5 SECONDS, START t'…' STOP t'…'.
            Token::Word(_) | Token::Text(_) if !open => {}
            _ => return None,
        }
    }
    (!open && !out.is_empty()).then_some(out)
}

/// Notes that comparisons only count together.
fn join(comparisons: &mut [Comparison]) {
    for comparison in comparisons {
        comparison.joined = true;
    }
}

/// The operator and value after a path. Gives how many tokens they take.
fn one(rest: &[Token], path: &str, negated: bool, out: &mut Vec<Comparison>) -> Option<usize> {
    let mut used = 0;
    let mut operator = match rest.first()? {
        Token::Sign(s) | Token::Word(s) => s.clone(),
        Token::Text(_) => return None,
    };
    used += 1;
    if operator == "NOT" {
        let Token::Word(next) = rest.get(used)? else { return None };
        operator = format!("NOT {next}");
        used += 1;
    }
    let mut push = |value: &str| {
        let any_of = operator == "IN" || operator == "==";
        let operator = if negated {
            "NOT".into()
        } else if any_of {
            "=".into()
        } else {
            operator.clone()
        };
        out.push(Comparison { path: path.into(), operator, value: value.into(), joined: false });
    };
    if rest.get(used) == Some(&Token::Sign("(".into())) {
        used += 1;
        loop {
            match rest.get(used)? {
                Token::Text(value) | Token::Word(value) => push(value),
                Token::Sign(s) if s == "," => {}
                Token::Sign(s) if s == ")" => return Some(used + 1),
                Token::Sign(_) => return None,
            }
            used += 1;
        }
    }
    match rest.get(used)? {
        Token::Text(value) | Token::Word(value) => push(value),
        Token::Sign(_) => return None,
    }
    Some(used + 1)
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next()? {
                        '\\' => value.push(chars.next()?),
                        '\'' => break,
                        other => value.push(other),
                    }
                }
                out.push(Token::Text(value));
            }
            '[' | ']' | '(' | ')' | ',' => out.push(Token::Sign(c.into())),
            '=' | '!' | '<' | '>' => {
                let mut sign = String::from(c);
                while let Some(next) = chars.next_if(|n| matches!(n, '=' | '>')) {
                    sign.push(next);
                }
                out.push(Token::Sign(sign));
            }
            c => {
                let mut word = String::from(c);
                let part = |n: &char| {
                    !n.is_whitespace() && !matches!(n, '\'' | '[' | ']' | '(' | ')' | ',' | '=' | '!' | '<' | '>')
                };
                while let Some(next) = chars.next_if(part) {
                    word.push(next);
                }
                out.push(Token::Word(word));
            }
        }
    }
    Some(out)
}

fn tinycheck(list: &[Value], account: &mut Account<'_>) {
    for (n, entry) in list.iter().enumerate() {
        let head = Head { category: text(entry, "tag").into(), place: format!("iocs[{n}]"), ..Head::default() };
        // Trackers of advertisers are in the list too; they say nothing about a person.
        if head.category == "tracker" {
            account.refuse("not-compared", text(entry, "value"), &head.place);
            continue;
        }
        match text(entry, "type") {
            "domain" => account.take("domain", text(entry, "value"), &head),
            "sha1cert" => account.take("certificate", text(entry, "value"), &head),
            other => account.refuse("not-compared", &format!("{other} {}", text(entry, "value")), &head.place),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn values(pattern: &str) -> Vec<(String, String, String, bool)> {
        let short = |c: Comparison| (c.path, c.operator, c.value, c.joined);
        comparisons(pattern).unwrap_or_else(|| panic!("{pattern}")).into_iter().map(short).collect()
    }

    #[test]
    fn values_hold_signs_and_quotes() {
        assert_eq!(values("[domain-name:value='a=b']")[0].2, "a=b");
        assert_eq!(values(r"[file:name = 'it\'s [x] \\ AND y']")[0].2, r"it's [x] \ AND y");
    }

    #[test]
    fn patterns_are_joined() {
        let all = values("[app:id='a.b'] OR [domain-name:value = 'x.org' OR url:value='y.org']");
        assert_eq!(
            all.iter().map(|c| (c.2.as_str(), c.3)).collect::<Vec<_>>(),
            [("a.b", false), ("x.org", false), ("y.org", false)]
        );
        let all = values("[app:id='a.b' AND (app:cert.sha1='c' OR app:cert.sha1='d')]");
        assert!(all.len() == 3 && all.iter().all(|c| c.3), "{all:?}");
        let all = values("[file:hashes.'SHA-256' = 'ab'] FOLLOWEDBY [app:id IN ('a.b', 'c.d')] WITHIN 5 SECONDS");
        assert_eq!(all[0].0, "file:hashes.SHA-256");
        assert_eq!(all.iter().map(|c| c.2.as_str()).collect::<Vec<_>>(), ["ab", "a.b", "c.d"]);
        assert_eq!(values("[app:id != 'a.b']")[0].1, "!=");
        assert_eq!(values("[app:id NOT IN ('a.b')]")[0].1, "NOT IN");
    }

    #[test]
    fn what_is_no_pattern_is_not_guessed_at() {
        for pattern in ["", "app:id='x'", "[app:id='x'", "[app:id]", "[app:id='x]", "['x'='y']", "[app:id 'x']x]"] {
            assert_eq!(comparisons(pattern), None, "{pattern}");
        }
    }
}
