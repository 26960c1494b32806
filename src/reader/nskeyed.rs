//! `NSKeyedArchiver` archives to plain JSON. An archive is a property list whose objects point at each other by number; it may
//! point in circles or share one object a million times, so the walk keeps the path it is on and a budget (crates.md §4: a
//! published crate overflows the stack on a self-reference).

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::{Map, Value};

/// Deepest nesting of the result; below the 128 that JSON parsers accept.
const MAX_DEPTH: usize = 100;
/// Most values of the result.
const MAX_NODES: usize = 500_000;
/// Most text of the result, in bytes.
const MAX_TEXT: usize = 64 << 20;

/// The plain JSON of an archive given as the JSON that [`super::plist::parse`] makes. `None` when it is no archive or passes the
/// budget. A reference into its own path becomes `{"$cycle": n}`; an object of an unknown class keeps its fields and gains `$class`.
#[must_use]
pub fn unarchive(archive: &Value) -> Option<Value> {
    let objects = archive.get("$objects")?.as_array()?;
    let top = archive.get("$top")?.as_object()?;
    let mut walk = Walk { objects, open: vec![false; objects.len()], nodes: 0, text: 0 };
    match top.get("root") {
        Some(root) if top.len() == 1 => walk.value(root, 0),
        _ => walk.fields(top, 0).map(Value::Object),
    }
}

/// As [`unarchive`], from the bytes of a property list. A property list that is no archive is given as it is: some Apple stores
/// hold either under one column.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Value> {
    let plain = super::plist::parse(bytes).ok()?;
    if is_archive(&plain) { unarchive(&plain) } else { Some(plain) }
}

/// Whether a JSON value has the form of an archive.
#[must_use]
pub fn is_archive(value: &Value) -> bool {
    value.get("$archiver").is_some() && value.get("$objects").is_some()
}

struct Walk<'a> {
    objects: &'a [Value],
    open: Vec<bool>,
    nodes: usize,
    text: usize,
}

impl Walk<'_> {
    /// `None` means that the budget is spent, which ends the whole walk.
    fn value(&mut self, value: &Value, depth: usize) -> Option<Value> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return None;
        }
        match value {
            Value::Object(map) => match reference(value) {
                Some(index) => self.object(index, depth),
                None => self.fields(map, depth).map(Value::Object),
            },
            Value::Array(items) => self.list(items, depth).map(Value::Array),
            Value::String(text) if text == "$null" => Some(Value::Null),
            Value::String(text) => {
                self.text = self.text.saturating_add(text.len());
                (self.text <= MAX_TEXT).then(|| value.clone())
            }
            _ => Some(value.clone()),
        }
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Option<Vec<Value>> {
        items.iter().map(|item| self.value(item, depth + 1)).collect()
    }

    fn fields(&mut self, map: &Map<String, Value>, depth: usize) -> Option<Map<String, Value>> {
        let mut out = Map::new();
        for (key, field) in map {
            if key != "$class" {
                self.text = self.text.saturating_add(key.len());
                out.insert(key.clone(), self.value(field, depth + 1)?);
            }
        }
        Some(out)
    }

    fn object(&mut self, index: usize, depth: usize) -> Option<Value> {
        let objects = self.objects;
        let Some(object) = objects.get(index) else { return Some(Value::Null) };
        let Value::Object(map) = object else { return self.value(object, depth + 1) };
        let Some(open) = self.open.get_mut(index) else { return Some(Value::Null) };
        if std::mem::replace(open, true) {
            return Some(Value::Object(Map::from_iter([("$cycle".to_owned(), Value::from(index))])));
        }
        let result = self.instance(map, depth);
        if let Some(open) = self.open.get_mut(index) {
            *open = false;
        }
        result
    }

    /// An object with a class. Classes are known by any name of their ancestry, so mutable and private subclasses work too.
    fn instance(&mut self, map: &Map<String, Value>, depth: usize) -> Option<Value> {
        let class = map.get("$class").and_then(reference).and_then(|index| self.objects.get(index));
        let name = class.and_then(|class| class.get("$classname")).and_then(Value::as_str).unwrap_or_default();
        let ancestry = class.and_then(|class| class.get("$classes")).and_then(Value::as_array);
        let is = |wanted: &str| {
            name == wanted || ancestry.is_some_and(|names| names.iter().any(|n| n.as_str() == Some(wanted)))
        };
        if is("NSNull") {
            return Some(Value::Null);
        }
        if is("NSDictionary") {
            return self.dictionary(map, depth);
        }
        if is("NSArray") || is("NSSet") || is("NSOrderedSet") {
            let items = match map.get("NS.objects") {
                Some(Value::Array(items)) => items.clone(),
                _ => numbered(map, "NS.object."),
            };
            return self.list(&items, depth).map(Value::Array);
        }
        let field = |key: &str| map.get(key);
        if is("NSString")
            && let Some(text) = field("NS.string").or_else(|| field("NS.bytes"))
        {
            return self.value(text, depth + 1);
        }
        if is("NSDate")
            && let Some(seconds) = field("NS.time").and_then(Value::as_f64)
        {
            return Some(cocoa_text(seconds).map_or(Value::Null, Value::String));
        }
        if is("NSData")
            && let Some(data) = field("NS.data").or_else(|| field("NS.bytes"))
        {
            return self.value(data, depth + 1);
        }
        if is("NSUUID")
            && let Some(text) = field("NS.uuidbytes").and_then(|data| self.resolve(data)).and_then(uuid_text)
        {
            return Some(Value::String(text));
        }
        if is("NSURL")
            && let Some(relative) = field("NS.relative")
        {
            let relative = self.value(relative, depth + 1)?;
            let base = field("NS.base").map_or(Some(Value::Null), |base| self.value(base, depth + 1))?;
            return Some(if base.is_null() {
                relative
            } else {
                Value::Object(Map::from_iter([("base".to_owned(), base), ("relative".to_owned(), relative)]))
            });
        }
        if is("NSNumber")
            && let Some(number) = ["NS.boolval", "NS.intval", "NS.dblval"].into_iter().find_map(field)
        {
            return self.value(number, depth + 1);
        }
        let mut out = Map::from_iter([("$class".to_owned(), Value::String(name.to_owned()))]);
        out.append(&mut self.fields(map, depth)?);
        Some(Value::Object(out))
    }

    fn dictionary(&mut self, map: &Map<String, Value>, depth: usize) -> Option<Value> {
        let (keys, values) = match (map.get("NS.keys"), map.get("NS.objects")) {
            (Some(Value::Array(keys)), Some(Value::Array(values))) => (keys.clone(), values.clone()),
            _ => (numbered(map, "NS.key."), numbered(map, "NS.object.")),
        };
        let mut out = Map::new();
        for (key, value) in keys.iter().zip(&values) {
            let key = match self.value(key, depth + 1)? {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let value = self.value(value, depth + 1)?;
            out.insert(key, value);
        }
        Some(Value::Object(out))
    }

    fn resolve<'v>(&'v self, value: &'v Value) -> Option<&'v Value> {
        match reference(value) {
            Some(index) => self.objects.get(index),
            None => Some(value),
        }
    }
}

fn reference(value: &Value) -> Option<usize> {
    let map = value.as_object()?;
    if map.len() != 1 {
        return None;
    }
    usize::try_from(map.get("$uid")?.as_u64()?).ok()
}

/// The fields `prefix0`, `prefix1` … of the older way to archive collections.
fn numbered(map: &Map<String, Value>, prefix: &str) -> Vec<Value> {
    (0..map.len()).map_while(|n| map.get(&format!("{prefix}{n}")).cloned()).collect()
}

/// Seconds since 2001-01-01 UTC as RFC 3339.
fn cocoa_text(seconds: f64) -> Option<String> {
    let span = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    let epoch = jiff::Timestamp::from_second(978_307_200).ok()?;
    Some(epoch.checked_add(span).ok()?.to_string())
}

fn uuid_text(data: &Value) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(data.as_str()?.strip_prefix("base64:")?).ok()?;
    if bytes.len() != 16 {
        return None;
    }
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02X}");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn archive(objects: &Value) -> Value {
        json!({"$archiver": "NSKeyedArchiver", "$version": 100_000, "$top": {"root": {"$uid": 1}}, "$objects": objects})
    }

    fn class(name: &str, parent: &str) -> Value {
        json!({"$classname": name, "$classes": [name, parent, "NSObject"]})
    }

    #[test]
    fn common_classes_become_plain_json() {
        let value = archive(&json!([
            "$null",
            {"NS.keys": [{"$uid": 2}, {"$uid": 4}, {"$uid": 6}, {"$uid": 9}], "NS.objects": [{"$uid": 3}, {"$uid": 5}, {"$uid": 7}, {"$uid": 0}], "$class": {"$uid": 8}},
            "list",
            {"NS.objects": ["inline", {"$uid": 10}, 3], "$class": {"$uid": 11}},
            "id",
            {"NS.uuidbytes": "base64:AAECAwQFBgcICQoLDA0ODw==", "$class": {"$uid": 12}},
            "odd",
            {"name": {"$uid": 4}, "$class": {"$uid": 13}},
            class("NSMutableDictionary", "NSDictionary"),
            "nothing",
            {"NS.time": 700_000_000.5, "$class": {"$uid": 14}},
            class("NSMutableArray", "NSArray"), class("NSUUID", "NSObject"), class("NEConfiguration", "NSObject"), class("NSDate", "NSObject")
        ]));
        assert_eq!(
            unarchive(&value).unwrap(),
            json!({"list": ["inline", "2023-03-08T20:26:40.5Z", 3], "id": "00010203-0405-0607-0809-0A0B0C0D0E0F",
                   "odd": {"$class": "NEConfiguration", "name": "id"}, "nothing": null})
        );
    }

    #[test]
    fn circles_and_bombs_end() {
        let circle = archive(
            &json!(["$null", {"NS.objects": [{"$uid": 1}, {"$uid": 99}], "$class": {"$uid": 2}}, class("NSArray", "NSObject")]),
        );
        assert_eq!(unarchive(&circle).unwrap(), json!([{"$cycle": 1}, null]));
        let mut objects = vec![json!("$null")];
        for level in 1..=60 {
            objects.push(json!({"NS.objects": [{"$uid": level + 1}, {"$uid": level + 1}], "$class": {"$uid": 62}}));
        }
        objects.push(json!("leaf"));
        objects.push(class("NSArray", "NSObject"));
        assert_eq!(unarchive(&archive(&Value::Array(objects))), None);
        assert_eq!(unarchive(&json!({"$objects": 3, "$top": []})), None);
        assert_eq!(unarchive(&archive(&json!([]))), Some(Value::Null));
    }
}
