//! The way to a cited value with stock tools. An expert of another party must be able to see a value without this program, so
//! every citation gets a command for a POSIX shell (`sqlite3`, `jq`, `plistutil` and `xmllint`, `unzip -p`, `tar`, `sed`, `grep`), to be
//! run in the folder that holds the copies. Which of the raw values such a command really prints is not promised but looked up
//! here, in the row that the value came from; the rest was computed by the artifact's question and is said to be.

mod place;

use super::extraction::Outcome as Extraction;
use crate::artifact::{Artifact, Variant, extract};
use crate::evidence::Opened;
use crate::fact::store::Cited;
use crate::reader;
use crate::reader::sqlite::{Database, Main};
use crate::report::Reproduce;
use place::{Bytes, Place, quote};
use regex::Regex;
use rusqlite::types::Value as Sql;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::LazyLock;

/// The functions that stock `sqlite3` does not have.
static OWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = reader::functions::NAMES.join("|");
    Regex::new(&format!(r"\b(?:{names})\(")).ok()
});
/// A column handed to a function that decodes a nested property list.
static NESTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(?:plist|nskeyed)\((?:\w+\.)?(\w+)\)").ok());
/// A key taken from the top of a record.
static KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\bdata\s*->>?\s*'\$\.(?:"([^"']+)"|([A-Za-z0-9_]+))"#).ok());
/// A record that is walked as a whole.
static WHOLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"json_(?:tree|each)\(\s*(?:\w+\.)?data\s*[,)]").ok());

fn found(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// A stream: container and entry.
type At = (usize, usize);
/// Rows of the streams that are cited, read once more: by stream and artifact, then by locator. Only cited rows: a log has a hundred
/// thousand others.
type Rows = BTreeMap<(At, String), BTreeMap<String, Rc<Value>>>;

/// Makes the commands.
pub struct Guide<'a> {
    containers: &'a [Opened],
    extraction: &'a Extraction,
    scratch: &'a Path,
    /// What will be asked for, by locator: it is all found in one reading of the stream.
    expected: RefCell<BTreeMap<At, BTreeSet<String>>>,
    rows: RefCell<Rows>,
    /// The text that was looked at last. Citations of one log follow each other.
    last: RefCell<Option<(At, Rc<String>)>>,
}

impl<'a> Guide<'a> {
    /// A guide through these containers.
    #[must_use]
    pub fn new(containers: &'a [Opened], extraction: &'a Extraction, scratch: &'a Path) -> Self {
        Self {
            containers,
            extraction,
            scratch,
            expected: RefCell::default(),
            rows: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// Says beforehand that a place of a stream, by its number in the store, will be asked for.
    pub fn expect(&self, stream: i64, locator: &str) {
        let at = self.extraction.streams.get(&stream).copied().unwrap_or_default();
        self.expected.borrow_mut().entry(at).or_default().extend(ends(locator));
    }

    /// Lets go of what was read: no more will be asked for.
    pub fn forget(&self) {
        self.expected.borrow_mut().clear();
        self.rows.borrow_mut().clear();
        self.last.borrow_mut().take();
    }

    /// The command that shows a cited value; none where no stock tool reads the bytes.
    #[must_use]
    pub fn lead(&self, artifact: &Artifact, cited: &Cited, at: (usize, usize)) -> Option<Reproduce> {
        let place = match self.extraction.unnamed.digest(at) {
            Some(sha256) => place::by_digest(self.containers, at, sha256)?,
            None => place::find(self.containers, at)?,
        };
        let number = self.extraction.variants.get(&(cited.stream, artifact.id.clone())).copied().unwrap_or(0);
        let variant = artifact.variant.get(number)?;
        let (form, rest) = cited.locator.split_once(':')?;
        let mut made = match form {
            "sqlite" => self.database(variant, place, at, rest, cited)?,
            "json" | "plist" => self.tree(artifact, variant, place, at, cited, rest)?,
            "line" => {
                let line = rest.parse::<u64>().ok()?.saturating_add(place.first_line.saturating_sub(1));
                let command = place.bytes.piped(&format!("sed -n '{line}p'"), "");
                // A record of a dump runs over several lines; the cited one is where it begins.
                self.text(place, at, cited, command)
            }
            _ => self.search(artifact, place, at, cited)?,
        };
        if made.command.chars().any(|c| c.is_control() && c != '\n') {
            return None;
        }
        if made.shows.is_empty() {
            made.first.push("by-eye".to_owned());
        }
        made.computed = cited
            .raw
            .iter()
            .filter(|(name, value)| !value.is_null() && !made.shows.contains(name))
            .map(|(n, _)| n.clone())
            .collect();
        Some(made)
    }

    /// A row of a database: the artifact's own question where stock `sqlite3` can answer it, else the columns that it needs.
    fn database(
        &self,
        variant: &Variant,
        mut place: Place,
        at: (usize, usize),
        rest: &str,
        cited: &Cited,
    ) -> Option<Reproduce> {
        let (table, key) = rest.rsplit_once('/')?;
        let key = if key.parse::<i64>().is_ok() { key.to_owned() } else { format!("'{}'", key.replace('\'', "''")) };
        let log =
            super::extraction::wal_of(self.containers, at).and_then(|log| place::find(self.containers, (at.0, log)));
        let mut first = std::mem::take(&mut place.first);
        let target = match (&place.bytes, log) {
            (Bytes::File(path), None) => quote(&format!("file:{}?mode=ro&immutable=1", uri(path))),
            (bytes, log) => {
                let (mut lines, copy) = (Vec::new(), "work/copy.db");
                lines.push("mkdir -p work && rm -f work/copy.db*".to_owned());
                lines.push(bytes.copied_to(copy));
                if let Some(log) = log {
                    first.push("work-copy".to_owned());
                    lines.push(log.bytes.copied_to("work/copy.db-wal"));
                }
                place.lines.extend(lines);
                copy.to_owned()
            }
        };
        let plain = !found(&OWN, &variant.sql);
        let (sql, shows) = if plain {
            let sql: Vec<&str> =
                variant.sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim()).collect();
            let sql = format!("SELECT * FROM ({}) WHERE rowid = {key}", sql.join(" ").trim().trim_end_matches(';'));
            (sql, cited.raw.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.clone()).collect())
        } else {
            let columns = variant.needs.get(table)?;
            let decoded = nested(&variant.sql);
            let name = |c: &String| format!("\"{}\"", c.replace('"', "\"\""));
            let shown = columns
                .iter()
                .map(|c| if decoded.contains(c.as_str()) { format!("hex({0}) AS {0}", name(c)) } else { name(c) });
            let from = format!("FROM {} WHERE rowid = {key}", name(&table.to_owned()));
            let sql = format!("SELECT {} {from}", shown.collect::<Vec<_>>().join(", "));
            let plain = columns.iter().map(name).collect::<Vec<_>>().join(", ");
            let visible = self.look(at, &format!("SELECT {plain} {from}"));
            let same = cited.raw.iter().filter(|(_, value)| stands(value, &visible));
            (sql, same.map(|(name, _)| name.clone()).collect())
        };
        place.lines.push(format!("sqlite3 -json {target} {}", double(&sql)));
        if !plain {
            for column in nested(&variant.sql)
                .iter()
                .filter(|c| variant.needs.get(table).is_some_and(|n| n.iter().any(|one| one == *c)))
            {
                let sql = format!("SELECT hex(\"{column}\") FROM \"{table}\" WHERE rowid = {key}");
                place.lines.push(format!("sqlite3 {target} {} | xxd -r -p | plistutil -i - -f xml", double(&sql)));
            }
        }
        Some(Reproduce { first, command: place.lines.join("\n"), shows, computed: Vec::new() })
    }

    /// A record of a JSON file or a property list.
    fn tree(
        &self,
        artifact: &Artifact,
        variant: &Variant,
        mut place: Place,
        at: (usize, usize),
        cited: &Cited,
        rest: &str,
    ) -> Option<Reproduce> {
        let steps: Vec<String> = rest
            .split('/')
            .filter(|step| !step.is_empty())
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        let row = self.row(artifact, at, &cited.locator).unwrap_or_default();
        let keys = keys(&variant.sql);
        let mut commands = Vec::new();
        let mut visible =
            vec![steps.last().filter(|_| artifact.reader != "json").cloned().unwrap_or_default(), row.to_string()];
        if artifact.reader == "json" {
            let path = serde_json::to_string(&steps.iter().map(|s| number_or_text(s)).collect::<Vec<_>>()).ok()?;
            let only = if keys.is_empty() || !row.is_object() {
                String::new()
            } else {
                let kept = row.as_object()?.iter().filter(|(k, _)| keys.contains(*k));
                visible[1] = kept.map(|(_, v)| v.to_string()).collect::<Vec<_>>().join(
                    "
",
                );
                let keys = serde_json::to_string(&keys).ok()?;
                format!(" | with_entries(select(.key as $k | {keys} | index($k)))")
            };
            commands.push(place.bytes.piped(&format!("jq {}", quote(&format!("getpath({path}){only}"))), ""));
        } else {
            let read = match &place.bytes {
                Bytes::File(path) => format!("plistutil -i {} -f xml", quote(path)),
                pipe @ Bytes::Pipe(_) => pipe.piped("plistutil -i - -f xml", ""),
            };
            let mut path = "/plist/*".to_owned();
            let mut shown = String::new();
            for step in &steps {
                // The name of an entry stands beside it, not in it: both are printed.
                shown = element(step)?.strip_suffix(BESIDE).map_or_else(String::new, |key| format!("{path}{key} | "));
                path += &element(step)?;
            }
            let take = |path: &str| format!("{read} | xmllint --nonet --xpath {} -", double(path));
            commands.push(if steps.is_empty() { read.clone() } else { take(&format!("{shown}{path}")) });
            let mut inner = Vec::new();
            encoded(&row, &mut Vec::new(), &mut inner);
            for (steps, bytes) in inner {
                let missing = |shown: &str| {
                    let shown = [shown.to_owned()];
                    cited.raw.values().any(|value| !stands(value, &visible) && stands(value, &shown))
                };
                // A property list inside a property list, or plain words inside other bytes, stand there in base64.
                let (text, tool) = match reader::plist::parse(&bytes) {
                    Ok(list) => (list.to_string(), "plistutil -i - -f xml"),
                    Err(_) => (String::from_utf8_lossy(&bytes).into_owned(), "tr -cs '[:print:]' '\\n'"),
                };
                if missing(&text) {
                    let below = steps.iter().map(|step| element(step)).collect::<Option<String>>()?;
                    commands.push(format!("{} | base64 -di | {tool}", take(&format!("{path}{below}/text()"))));
                    visible.push(text);
                }
            }
        }
        place.lines.extend(commands);
        let shows =
            cited.raw.iter().filter(|(_, value)| stands(value, &visible)).map(|(name, _)| name.clone()).collect();
        Some(Reproduce { first: place.first, command: place.lines.join("\n"), shows, computed: Vec::new() })
    }

    /// A row of a CSV or a page: the lines that hold the cited values.
    fn search(&self, artifact: &Artifact, mut place: Place, at: (usize, usize), cited: &Cited) -> Option<Reproduce> {
        let text = self.looked_at(at);
        let leaves: Vec<String> = ends(&cited.locator)
            .iter()
            .map(|locator| self.row(artifact, at, locator).unwrap_or_default().to_string())
            .collect();
        let mut wanted: Vec<(&String, String)> = cited
            .raw
            .iter()
            .filter(|(_, value)| stands(value, &leaves))
            .map(|(name, value)| (name, plain(value)))
            .filter(|(_, value)| value.len() > 3 && !value.contains('\n') && text.contains(value.as_str()))
            .collect();
        // The longest value is the least common one.
        wanted.sort_by(|one, other| other.1.len().cmp(&one.1.len()).then(one.0.cmp(other.0)));
        wanted.dedup_by(|one, other| one.1 == other.1);
        if wanted.is_empty() {
            return None;
        }
        let command = if artifact.reader == "html" {
            let each: Vec<String> = wanted.iter().map(|(_, value)| format!("-e {}", quote(value))).collect();
            place.bytes.piped("tr '<>' '\\n\\n'", &format!(" | grep -n -F {}", each.join(" ")))
        } else {
            // Values that stand together on one line narrow the search; a record over several lines is shown line by line.
            let (first, others) = wanted.get(..3).unwrap_or(&wanted).split_first()?;
            let together = lines_with(&text, &first.1).any(|line| others.iter().all(|(_, value)| line.contains(value)));
            let each: Vec<String> = wanted.iter().map(|(_, value)| format!("-e {}", quote(value))).collect();
            // Of a row that sums up others, what stands in one of the two places finds the lines, what stands in both narrows them.
            let (common, apart): (Vec<_>, Vec<_>) = wanted.iter().partition(|(_, value)| {
                leaves.iter().all(|row| stands(&value.as_str().into(), std::slice::from_ref(row)))
            });
            let on_one =
                |line: &str, one: &str| line.contains(one) && common.iter().all(|(_, v)| line.contains(v.as_str()));
            if leaves.len() > 1
                && !apart.is_empty()
                && apart.iter().all(|(_, v)| lines_with(&text, v).any(|line| on_one(line, v)))
            {
                let each: Vec<String> = apart.iter().map(|(_, value)| format!("-e {}", quote(value))).collect();
                let rest = common.iter().fold(String::new(), |all, (_, v)| all + " | grep -F -e " + &quote(v));
                place.bytes.piped(&format!("grep -n -F {}", each.join(" ")), &rest)
            } else if together {
                let rest = each.iter().skip(1).take(2).fold(String::new(), |all, value| all + " | grep -F " + value);
                place.bytes.piped(&format!("grep -n -F {}", each.first()?), &rest)
            } else {
                place.bytes.piped(&format!("grep -n -F {}", each.join(" ")), "")
            }
        };
        place.lines.push(command);
        let shows = wanted.into_iter().map(|(name, _)| name.clone()).collect();
        Some(Reproduce { first: place.first, command: place.lines.join("\n"), shows, computed: Vec::new() })
    }

    /// A line of a text.
    fn text(&self, mut place: Place, at: (usize, usize), cited: &Cited, command: String) -> Reproduce {
        let number = cited.locator.rsplit(':').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(1);
        let text = self.looked_at(at).lines().nth(number.saturating_sub(1)).unwrap_or_default().to_owned();
        place.lines.push(command);
        let lines = [text];
        let shows = cited.raw.iter().filter(|(_, value)| stands(value, &lines)).map(|(name, _)| name.clone()).collect();
        Reproduce { first: place.first, command: place.lines.join("\n"), shows, computed: Vec::new() }
    }

    /// What a question to a database prints, nested property lists taken apart.
    fn look(&self, at: (usize, usize), sql: &str) -> Vec<String> {
        let container = &*self.containers[at.0].container;
        let log = super::extraction::wal_of(self.containers, at).and_then(|log| container.open(log).ok());
        let Ok(mut main) = container.open(at.1) else { return Vec::new() };
        let mut log = log;
        let log = log.as_mut().map(|log| &mut **log as &mut dyn std::io::Read);
        let Ok(database) = Database::open(Main::Stream(&mut *main), log, self.scratch) else { return Vec::new() };
        let mut shown = Vec::new();
        // A question that fails shows nothing; the command is given all the same.
        let _ = database.query(sql, &mut |columns| {
            shown.extend(columns.into_iter().map(|(_, value)| match value {
                Sql::Text(text) => text,
                Sql::Blob(bytes) => reader::plist::parse(&bytes).map(|list| list.to_string()).unwrap_or_default(),
                Sql::Integer(number) => number.to_string(),
                Sql::Real(number) => number.to_string(),
                Sql::Null => String::new(),
            }));
            Ok(())
        });
        shown
    }

    /// The row at a locator, as the reader gives it.
    fn row(&self, artifact: &Artifact, at: At, locator: &str) -> Option<Rc<Value>> {
        let key = (at, artifact.id.clone());
        let mut rows = self.rows.borrow_mut();
        let unexpected = self.expected.borrow_mut().entry(at).or_default().insert(locator.to_owned());
        if unexpected || !rows.contains_key(&key) {
            let (expected, mut kept) = (self.expected.borrow(), BTreeMap::new());
            let read = reader::reader(&artifact.reader)?;
            let container = &*self.containers[at.0].container;
            let open = || container.open(at.1).map_err(std::io::Error::other);
            let options = extract::options(artifact, &open).ok()?;
            if let Ok(mut stream) = self.containers[at.0].container.open(at.1) {
                // What was read before is only looked up again; an error was reported then.
                let _ = read(&mut *stream, &options, &mut |row| {
                    if expected.get(&at).is_some_and(|locators| holds_one(&row.locator, locators)) {
                        kept.insert(row.locator, Rc::new(row.data.into_value()));
                    }
                    Ok(())
                });
            }
            rows.insert(key.clone(), kept);
        }
        let rows = rows.get(&key)?;
        // Part of a record: the record is the longest beginning of the locator that was read.
        let mut end = locator.len();
        loop {
            let record = locator.get(..end)?;
            let whole = rows.get(record).or_else(|| rows.get(&format!("{record}/")).filter(|_| record.ends_with(':')));
            if let Some(row) = whole {
                let inside = &locator[end..];
                return if inside.is_empty() {
                    Some(Rc::clone(row))
                } else {
                    row.pointer(inside).cloned().map(Rc::new)
                };
            }
            end = record.rfind('/')?;
        }
    }

    /// The text of a stream, as far as it is looked at.
    fn looked_at(&self, at: At) -> Rc<String> {
        if let Some((last, text)) = &*self.last.borrow()
            && *last == at
        {
            return Rc::clone(text);
        }
        // Let go before the next is read: there is never more than one.
        self.last.borrow_mut().take();
        let mut bytes = Vec::new();
        if let Ok(stream) = self.containers[at.0].container.open(at.1) {
            let _ = std::io::Read::read_to_end(&mut std::io::Read::take(stream, LOOKED_AT), &mut bytes);
        }
        let text = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        let text = Rc::new(text);
        *self.last.borrow_mut() = Some((at, Rc::clone(&text)));
        text
    }
}

/// Whether a record is one of these places, or one of them lies in it.
fn holds_one(record: &str, places: &BTreeSet<String>) -> bool {
    let below = if record.ends_with('/') { record.to_owned() } else { format!("{record}/") };
    places.contains(record) || places.range(below.clone()..).next().is_some_and(|place| place.starts_with(&below))
}

/// The lines that hold a value, each at least once.
fn lines_with<'t>(text: &'t str, value: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(value).map(move |(at, _)| {
        let from = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1);
        let to = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n);
        text.get(from..to).unwrap_or_default()
    })
}

/// How much of a text is searched for a cited value (bytes).
const LOOKED_AT: u64 = 64 << 20;

/// The places of a row of a table or page that names two: `csv:13..25` is the row of the first and that of the last use.
fn ends(locator: &str) -> Vec<String> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let place = locator.starts_with("csv:") || locator.starts_with("html:item ");
    match locator.rsplit_once("..").filter(|(_, last)| place && number(last)) {
        Some((first, last)) => {
            let head = first.trim_end_matches(|c: char| c.is_ascii_digit());
            vec![first.to_owned(), format!("{head}{last}")]
        }
        None => vec![locator.to_owned()],
    }
}

/// The columns that the question hands to a decoder of property lists.
fn nested(sql: &str) -> BTreeSet<&str> {
    let captures = NESTED.as_ref().into_iter().flat_map(|regex| regex.captures_iter(sql));
    captures.filter_map(|c| Some(c.get(1)?.as_str())).collect()
}

/// The keys that the question takes from the top of a record; none when it walks the whole record.
fn keys(sql: &str) -> Vec<String> {
    if found(&WHOLE, sql) {
        return Vec::new();
    }
    let captures = KEY.as_ref().into_iter().flat_map(|regex| regex.captures_iter(sql));
    let all: BTreeSet<String> =
        captures.filter_map(|c| Some(c.get(1).or_else(|| c.get(2))?.as_str().to_owned())).collect();
    all.into_iter().collect()
}

/// A step of a path: an index or a name.
fn number_or_text(step: &str) -> Value {
    step.parse::<u64>().map_or_else(|_| Value::String(step.to_owned()), Value::from)
}

/// The `XPath` from the name of an entry to its value.
const BESIDE: &str = "/following-sibling::*[1]";
/// How many pieces of nested data of one record are looked into.
const MOST_NESTED: usize = 64;

/// The data in a record, decoded, with the way to it.
fn encoded(value: &Value, path: &mut Vec<String>, out: &mut Vec<(Vec<String>, Vec<u8>)>) {
    let mut below = |step: String, value: &Value| {
        path.push(step);
        encoded(value, path, out);
        path.pop();
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name.clone(), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| below(at.to_string(), value)),
        Value::String(text) if out.len() < MOST_NESTED => {
            if let Some(text) = text.strip_prefix("base64:")
                && let Ok(bytes) = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text)
            {
                out.push((path.clone(), bytes));
            }
        }
        _ => {}
    }
}

/// The `XPath` of a step below an element of a property list.
fn element(step: &str) -> Option<String> {
    if let Ok(index) = step.parse::<u64>() {
        return Some(format!("/*[{}]", index.saturating_add(1)));
    }
    let literal = match (step.contains('\''), step.contains('"')) {
        (false, _) => format!("'{step}'"),
        (true, false) => format!("\"{step}\""),
        (true, true) => return None,
    };
    Some(format!("/key[.={literal}]{BESIDE}"))
}

/// A value as a tool prints it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value stands in what a command prints. Flags say nothing by themselves: `1` stands everywhere.
fn stands(value: &Value, visible: &[String]) -> bool {
    let text = match value {
        Value::String(text) if text.len() > 1 => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|n| n.abs() >= 100.0) => number.to_string(),
        _ => return false,
    };
    let escaped = serde_json::to_string(&text).unwrap_or_default();
    let escaped = escaped.trim_matches('"');
    visible.iter().any(|shown| shown.contains(&text) || shown.contains(escaped))
}

/// A path in a database URI.
fn uri(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// An argument in double quotes, which reads better around SQL and `XPath` with their own quotes.
fn double(text: &str) -> String {
    if text.contains(['"', '$', '`', '\\', '!']) { quote(text) } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_tells_which_keys_it_takes() {
        let sql = r#"SELECT data ->> '$.query', r.data -> '$."a b".c' FROM row"#;
        assert_eq!(keys(sql), ["a b", "query"]);
        assert!(keys("SELECT 1 FROM row AS r, json_tree(r.data) AS t WHERE data ->> '$.x'").is_empty());
        assert_eq!(nested("coalesce(nskeyed(q.ZVALUE), plist(q.ZVALUE))").into_iter().collect::<Vec<_>>(), ["ZVALUE"]);
    }

    #[test]
    fn a_record_is_kept_when_it_or_a_part_of_it_is_cited() {
        let places: BTreeSet<String> =
            ["csv:12", "json:/a/3/x", "json:/a/3-", "json:/b"].iter().map(|p| (*p).to_owned()).collect();
        for kept in ["csv:12", "json:/", "json:/a", "json:/a/3", "json:/a/3/x", "json:/b"] {
            assert!(holds_one(kept, &places), "{kept}");
        }
        for left in ["csv:1", "csv:120", "json:/a/30", "json:/c", "plist:/"] {
            assert!(!holds_one(left, &places), "{left}");
        }
        assert_eq!(lines_with("a x\r\nb\nx", "x").collect::<Vec<_>>(), ["a x\r", "x"]);
    }

    #[test]
    fn two_places_are_taken_apart() {
        assert_eq!(ends("csv:24..25"), ["csv:24", "csv:25"]);
        assert_eq!(ends("html:item 7..8"), ["html:item 7", "html:item 8"]);
        for one in ["csv:24", "html:table 1 row 4", "json:/a..1", "csv:24..", "csv:1..x"] {
            assert_eq!(ends(one), [one]);
        }
    }

    #[test]
    fn only_what_is_printed_is_said_to_be_shown() {
        let visible = ["{\"a\":\"x & y\",\"n\":1792276848000,\"q\":\"say \\\"hi\\\"\"}".to_owned()];
        assert!(stands(&"x & y".into(), &visible) && stands(&1_792_276_848_000_u64.into(), &visible));
        assert!(stands(&"say \"hi\"".into(), &visible));
        assert!(!stands(&1.into(), &visible) && !stands(&"z".into(), &visible) && !stands(&"not".into(), &visible));
    }
}
