//! Keys and values in text: `getprop` (`[key]: [value]`), `settings list` (`key=value`) and the settings section of a bug report
//! (`_id:36 name:K pkg:P value:V …`), each with values over several lines, and the file that the settings lie in on the phone
//! (`<setting name value …/>`, text or ABX) (catalogue/android.md 1.5).

use std::io::Read;

use base64::Engine as _;
use serde_json::{Value, json};

use super::lines::Lines;
use super::{Error, Options, Row, Sink, Summary};

/// Longest value, in bytes; the rest of a longer one is passed over and counted.
const MAX_VALUE: usize = 1 << 20;

/// Reads keys and values: `{"key","value","namespace","user","package","default","line"}`, locator `line:N`. `namespace` (`global`, `secure`,
/// `system`, `config`) and `user` come from the heading above, where there is one. With the record `/operations` the rows are the
/// "Historical operations" instead: `{"at","operation","key","namespace","user","line"}`, times in the device's own zone.
///
/// # Errors
/// The stream could not be read, or the sink failed. Lines of another form are passed over, not counted.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut head = Vec::new();
    (&mut *source).take(64).read_to_end(&mut head)?;
    let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head).trim_ascii_start();
    let stored = start.starts_with(b"ABX\0") || start.starts_with(b"<?xml") || start.starts_with(b"<setting");
    let mut source = std::io::Cursor::new(head).chain(source);
    if stored { read_stored(&mut source, sink) } else { read_lines(&mut source, options, sink) }
}

/// The settings as they lie on the phone; the file may have no root of its own. Locators are those of the `xml` reader.
fn read_stored(source: &mut dyn Read, sink: Sink<'_>) -> Result<Summary, Error> {
    let options = Options { record: Some("//setting".into()), ..Options::default() };
    super::xml::read(source, &options, &mut |row| {
        let text = |name: &str, coded: &str| {
            let plain = row.data.get(name).and_then(Value::as_str).map(str::to_owned);
            plain.or_else(|| {
                let coded = row.data.get(coded).and_then(Value::as_str)?;
                let bytes = base64::engine::general_purpose::STANDARD.decode(coded).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            })
        };
        let key = text("name", "nameBase64").unwrap_or_default();
        let data = json!({"key": key, "value": text("value", "valueBase64"), "namespace": null, "user": null,
            "package": text("package", ""), "default": text("defaultValue", "defaultValueBase64"), "line": null});
        sink(Row { locator: row.locator, key, data: data.into() })
    })
}

fn read_lines(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut lines = Lines::new(source);
    let mut state = State {
        summary: Summary::default(),
        sink,
        history: options.record.as_deref().is_some_and(|record| record.trim_matches('/') == "operations"),
        namespace: None,
        user: None,
        in_dump: false,
        open: None,
    };
    let mut line = String::new();
    while lines.next(&mut line, &mut state.summary)? {
        state.line(&line, lines.number)?;
    }
    state.finish()?;
    Ok(state.summary)
}

/// How an entry is written, which decides where it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bracketed,
    Assigned,
    Dumped,
}

struct Entry {
    form: Form,
    number: u64,
    key: String,
    value: String,
    cut: bool,
}

struct State<'s> {
    summary: Summary,
    sink: Sink<'s>,
    history: bool,
    namespace: Option<String>,
    user: Option<i64>,
    in_dump: bool,
    open: Option<Entry>,
}

impl State<'_> {
    fn line(&mut self, line: &str, number: u64) -> Result<(), Error> {
        if let Some((namespace, user)) = heading(line) {
            self.finish()?;
            self.in_dump = user.is_some();
            self.namespace = Some(namespace);
            self.user = user;
            return Ok(());
        }
        if line.starts_with("_id:") {
            self.finish()?;
            self.in_dump = true;
            self.start(Form::Dumped, number, String::new(), line);
            return Ok(());
        }
        if let Some((at, operation, key)) = operation(line) {
            self.finish()?;
            return self.operation(&at, &operation, &key, number);
        }
        if let Some((key, value)) = bracketed(line) {
            self.finish()?;
            self.start(Form::Bracketed, number, key.to_owned(), value);
            return if value.ends_with(']') { self.finish() } else { Ok(()) };
        }
        if !self.in_dump
            && !matches!(self.open, Some(Entry { form: Form::Bracketed, .. }))
            && let Some((key, value)) = assigned(line)
        {
            self.finish()?;
            self.start(Form::Assigned, number, key.to_owned(), value);
            return Ok(());
        }
        self.continued(line)
    }

    fn start(&mut self, form: Form, number: u64, key: String, value: &str) {
        self.open = Some(Entry { form, number, key, value: value.to_owned(), cut: false });
    }

    /// A line that begins nothing belongs to the value before it.
    fn continued(&mut self, line: &str) -> Result<(), Error> {
        let Some(entry) = &mut self.open else { return Ok(()) };
        let complete = entry.form == Form::Dumped && entry.value.contains(" defaultSystemSet:");
        if complete || (entry.form == Form::Dumped && line.trim() == "Historical operations") {
            return self.finish();
        }
        if entry.value.len() + line.len() < MAX_VALUE {
            entry.value.push('\n');
            entry.value.push_str(line);
        } else {
            entry.cut = true;
        }
        if entry.form == Form::Bracketed && line.ends_with(']') { self.finish() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), Error> {
        let Some(entry) = self.open.take() else { return Ok(()) };
        let number = entry.number;
        if entry.cut {
            self.summary.skip(|| format!("the value at line {number} is longer than 1 MiB"));
        }
        if self.history {
            return Ok(());
        }
        let (key, value, package, default) = match entry.form {
            Form::Bracketed => {
                let value = entry.value.strip_suffix(']').unwrap_or(&entry.value).to_owned();
                (entry.key, value, None, None)
            }
            Form::Assigned => (entry.key, entry.value.trim_end_matches('\n').to_owned(), None, None),
            Form::Dumped => {
                let Some(parts) = dumped(&entry.value) else {
                    self.summary.skip(|| format!("the setting at line {number} has no name or value"));
                    return Ok(());
                };
                parts
            }
        };
        // `null` is how the commands print "not set".
        let value = if value == "null" { Value::Null } else { Value::String(value) };
        let data = json!({"key": key, "value": value, "namespace": self.namespace, "user": self.user,
            "package": package, "default": default, "line": number});
        self.summary.give(self.sink, Row { locator: format!("line:{number}"), key, data: data.into() })
    }

    fn operation(&mut self, at: &str, operation: &str, key: &str, number: u64) -> Result<(), Error> {
        if !self.history {
            return Ok(());
        }
        let data = json!({"at": at, "operation": operation, "key": key, "namespace": self.namespace, "user": self.user, "line": number});
        self.summary.give(self.sink, Row { locator: format!("line:{number}"), key: key.to_owned(), data: data.into() })
    }
}

/// `SECURE SETTINGS (user 0)` of a bug report, or `DUMP OF SETTINGS secure` of an `ISDi` dump (then without a user).
fn heading(line: &str) -> Option<(String, Option<i64>)> {
    if let Some(name) = line.strip_prefix("DUMP OF SETTINGS ") {
        return Some((name.trim().trim_end_matches(':').to_lowercase(), None));
    }
    let (name, rest) = line.split_once(" SETTINGS (user ")?;
    let user = rest.trim_end().strip_suffix(')')?.parse().ok()?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase())).then(|| (name.to_lowercase(), Some(user)))
}

fn bracketed(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('[')?.split_once("]: [")
}

fn assigned(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let word = |c: char| c.is_alphanumeric() || "_.-:/@$".contains(c);
    (!key.is_empty() && key.chars().all(word)).then_some((key, value))
}

/// `2020-01-08 15:30:07 update adb_enabled`; the key is absent for operations on the whole file.
fn operation(line: &str) -> Option<(String, String, String)> {
    let mut words = line.splitn(4, ' ');
    let (day, time, operation) = (words.next()?, words.next()?, words.next()?);
    let digits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.chars().zip(shape.chars()).all(|(c, s)| if s == '0' { c.is_ascii_digit() } else { c == s })
    };
    if !digits(day, "0000-00-00") || !digits(time, "00:00:00") || !operation.chars().all(|c| c.is_ascii_lowercase()) {
        return None;
    }
    Some((format!("{day} {time}"), operation.to_owned(), words.next().unwrap_or_default().trim().to_owned()))
}

type Dumped = (String, String, Option<String>, Option<String>);

/// The parts of a dumped setting. Values hold spaces and colons, so the end is cut from the right.
fn dumped(line: &str) -> Option<Dumped> {
    let (_, rest) = line.split_once(" name:")?;
    let (before, mut value) = rest.split_once(" value:")?;
    let (name, package) = match before.rsplit_once(" pkg:") {
        Some((name, package)) => (name, Some(package.to_owned())),
        None => (before, None),
    };
    for mark in [" isValuePreservedInRestore:", " tag:", " defaultSystemSet:"] {
        if let Some((left, right)) = value.rsplit_once(mark)
            && (mark != " tag:" || !right.contains(" default"))
        {
            value = left;
        }
    }
    if let Some((left, _)) = value.rsplit_once(" tag:")
        && left.contains(" default:")
    {
        value = left;
    }
    // The default mostly repeats the value, which may itself hold the mark: then both halves are equal.
    let middle = value.len().checked_sub(" default:".len()).map(|both| both / 2);
    let halves = middle.and_then(|at| Some((value.get(..at)?, value.get(at..)?.strip_prefix(" default:")?)));
    let (value, default) = match halves {
        Some((left, right)) if left == right => (left, Some(right.to_owned())),
        _ => match value.rsplit_once(" default:") {
            Some((left, right)) => (left, Some(right.to_owned())),
            None => (value, None),
        },
    };
    Some((name.to_owned(), value.to_owned(), package, default))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn read_all(text: &str, record: Option<&str>) -> Vec<Value> {
        let options = Options { record: record.map(str::to_owned), ..Options::default() };
        let mut rows = Vec::new();
        let mut source = text.as_bytes();
        read(&mut source, &options, &mut |row| {
            assert_eq!(row.locator, format!("line:{}", row.data["line"]));
            rows.push(row.data.into_value());
            Ok(())
        })
        .unwrap();
        rows
    }

    fn pairs(rows: &[Value]) -> Vec<(&str, Option<&str>)> {
        rows.iter().map(|row| (row["key"].as_str().unwrap(), row["value"].as_str())).collect()
    }

    #[test]
    fn getprop_and_settings_list() {
        let rows = read_all("[ro.build]: [x]\n[multi]: [one\ntwo=2\nthree]\n[empty]: []\n", None);
        assert_eq!(pairs(&rows), [("ro.build", Some("x")), ("multi", Some("one\ntwo=2\nthree")), ("empty", Some(""))]);
        let rows = read_all("adb_enabled=1\nlong=first\nsecond line = no key\n\na=b=c\nnone=null\n", None);
        assert_eq!(
            pairs(&rows),
            [
                ("adb_enabled", Some("1")),
                ("long", Some("first\nsecond line = no key")),
                ("a", Some("b=c")),
                ("none", None)
            ]
        );
        assert_eq!(rows[1]["line"], 2);
    }

    #[test]
    fn settings_as_the_phone_keeps_them() {
        let text = "<?xml version='1.0'?>\n<settings version=\"1\">\n<setting id=\"1\" name=\"a\" value=\"x=y\" package=\"p\" defaultValue=\"d\"/><setting name=\"b\" valueBase64=\"w6k=\"/></settings>";
        let mut rows = Vec::new();
        let mut source = text.as_bytes();
        read(&mut source, &Options::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        assert_eq!(rows[0].locator, "xml:/settings[1]/setting[1]");
        assert_eq!((&rows[0].data["value"], &rows[0].data["default"]), (&json!("x=y"), &json!("d")));
        assert_eq!((rows[1].key.as_str(), &rows[1].data["value"]), ("b", &json!("é")));
    }

    #[test]
    fn settings_of_a_bug_report() {
        let text = "SECURE SETTINGS (user 10)\r\n_id:36 name:enabled_accessibility_services pkg:com.android.settings value:com.example/.A b default:x y defaultSystemSet:true\r\n\
_id:37 name:odd pkg:android value:a default:b default:a default:b defaultSystemSet:false isValuePreservedInRestore:true\r\n_id:38 name:bare value:1\r\n\
_id:39 name:two pkg:p value:1\r\n2 default:1\r\n2 defaultSystemSet:true tag:null\r\n\r\nHistorical operations\r\n2026-01-02 03:04:05 update adb_enabled\r\n2026-01-02 03:04:05 persist\r\n";
        let rows = read_all(text, None);
        assert_eq!(
            pairs(&rows),
            [
                ("enabled_accessibility_services", Some("com.example/.A b")),
                ("odd", Some("a default:b")),
                ("bare", Some("1")),
                ("two", Some("1\n2"))
            ]
        );
        assert_eq!(
            (&rows[0]["namespace"], &rows[0]["user"], &rows[0]["package"]),
            (&json!("secure"), &json!(10), &json!("com.android.settings"))
        );
        let history = read_all(text, Some("/operations"));
        assert_eq!(history.len(), 2);
        assert_eq!((&history[0]["at"], &history[0]["key"]), (&json!("2026-01-02 03:04:05"), &json!("adb_enabled")));
    }
}
