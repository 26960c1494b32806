//! The text of an Android bug report or of `dumpsys`, cut into streams: `dumpsys::package` for a service's dump,
//! `section::SYSTEM PROPERTIES` for a section, `section::HEADER` for what comes before the first. The text is read once, in
//! bounded memory, to find where each stream lies; it may be hundreds of megabytes and hold any bytes. Grammar after
//! catalogue/android.md 1.3.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::source::{IN_MEMORY, broken};
use super::{Container, Context, Entry, Error, Kind, Remark, Source, label, loose};
use crate::reader::text::Utf8;

/// Only so much of a line is looked at (bytes); no mark is longer.
const LONGEST_MARK: usize = 512;
/// The most streams of one text.
const MOST_STREAMS: usize = 200_000;

/// How the first bytes of a text look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looks {
    /// A bug report, or the dump of several services.
    Report,
    /// The output of one command: the name of its stream.
    Stream(String),
}

/// A text cut into streams.
#[derive(Debug)]
pub struct Dumpstate {
    text: Source,
    entries: Vec<Entry>,
    remarks: Vec<Remark>,
    /// The file on disk, when the whole text is one stream.
    file: Option<PathBuf>,
}

/// How a text looks by its first bytes (some 4 KiB) and its name; nothing when it is none of ours.
#[must_use]
pub fn recognise(head: &[u8], path: &str) -> Option<Looks> {
    let converted;
    let head = if is_utf16(head) {
        let mut bytes = Vec::new();
        // A head may be cut inside a character.
        let _ = Utf8::new(&mut &*head).read_to_end(&mut bytes);
        converted = bytes;
        converted.as_slice()
    } else {
        head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)
    };
    let lines = || head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let report = lines().take(3).any(|line| line.starts_with(b"== dumpstate: "))
        || lines().next().is_some_and(|line| line.starts_with(b"Currently running services:"))
        || lines().take(40).any(|line| service(line).is_some() || settings(line).is_some());
    if report {
        return Some(Looks::Report);
    }
    loose::stream(&String::from_utf8_lossy(head), path).map(Looks::Stream)
}

/// Whether a text is UTF-16, as the shell of Windows writes it.
fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF")
}

/// The service that a heading names. The word for the priority, the colon and the carriage return may be missing.
fn service(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"DUMP OF SERVICE ")?;
    let priority = [b"CRITICAL ".as_slice(), b"HIGH ", b"NORMAL "];
    let rest = priority.iter().find_map(|word| rest.strip_prefix(*word)).unwrap_or(rest);
    let name = rest.strip_suffix(b":").unwrap_or(rest);
    (!name.is_empty() && !name.iter().any(u8::is_ascii_whitespace)).then_some(name)
}

/// The table of settings that a heading of an `ISDi` dump names.
fn settings(line: &[u8]) -> Option<&[u8]> {
    let name = line.strip_prefix(b"DUMP OF SETTINGS ")?;
    let name = name.strip_suffix(b":").unwrap_or(name);
    [b"secure".as_slice(), b"system", b"global"].contains(&name).then_some(name)
}

/// What stands between `------ ` and ` ------`.
fn section(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"------ ")?.strip_suffix(b" ------").filter(|title| !title.is_empty())
}

fn is_rule(line: &[u8]) -> bool {
    line.len() >= 20 && line.iter().all(|byte| *byte == b'-')
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(line, part).is_some()
}

/// Why a service gave nothing, when this is the only line of its dump.
fn failure(line: &[u8]) -> Option<&'static str> {
    if line.starts_with(b"Can't find service: ") {
        Some("service-not-found")
    } else if line.starts_with(b"Permission Denial") {
        Some("permission-denied")
    } else if timed_out(line) {
        Some("dump-timeout")
    } else if line.starts_with(b"Error dumping service info") {
        Some("dump-failed")
    } else {
        None
    }
}

fn timed_out(line: &[u8]) -> bool {
    line.starts_with(b"*** SERVICE '") && contains(line, b"DUMP TIMEOUT")
}

impl Dumpstate {
    /// Cuts a text of the parent container into its streams.
    ///
    /// # Errors
    /// When the text cannot be read, or holds no section and no service ([`Error::Damaged`]).
    pub fn open(parent: &dyn Container, entry: usize, ctx: &Context) -> Result<Self, Error> {
        let what = parent.entries().get(entry).map_or("", |entry| entry.path.as_str());
        let mut text = Source::of_entry(parent, entry, ctx)?;
        let mut remarks = Vec::new();
        if is_utf16(&text.head(2).map_err(|error| broken(what, error))?) {
            // Marks and lines are looked for in UTF-8; line numbers stay what they are in the original.
            text = Source::copy(&mut Utf8::new(&mut text), what, IN_MEMORY, ctx)?;
            remarks.push(Remark { code: "text-converted", detail: "UTF-16".into(), count: 1 });
        }
        let mut cutter = Cutter::default();
        cutter.read(text.clone(), what, ctx)?;
        if cutter.found.is_empty() || cutter.found.iter().all(|entry| entry.path == "section::HEADER") {
            let detail = "it holds neither a section nor the dump of a service".to_string();
            return Err(Error::Damaged { what: what.to_string(), detail });
        }
        if cutter.timeouts > 0 {
            remarks.push(Remark {
                code: "dump-timeout",
                detail: "services that were cut off by a time limit".into(),
                count: cutter.timeouts,
            });
        }
        if cutter.ends && cutter.open.as_ref().is_some_and(|body| body.service) {
            remarks.push(Remark {
                code: "text-cut",
                detail: "the text ends inside the dump of a service".into(),
                count: 1,
            });
        }
        let length = text.len();
        cutter.close(length);
        let mut entries = cutter.found;
        let modified = parent.entries().get(entry).and_then(|entry| entry.modified);
        for entry in &mut entries {
            entry.modified = modified;
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { text, entries, remarks, file: None })
    }

    /// Takes a whole text as one stream.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub fn open_stream(parent: &dyn Container, entry: usize, name: &str, ctx: &Context) -> Result<Self, Error> {
        let text = Source::of_entry(parent, entry, ctx)?;
        let head = text.head(LONGEST_MARK).map_err(|error| broken(name, error))?;
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let unreadable = lines.next().and_then(failure).filter(|_| lines.next().is_none());
        let listed = Entry {
            path: name.to_owned(),
            size: text.len(),
            modified: parent.entries().get(entry).and_then(|entry| entry.modified),
            offset: Some(0),
            line: Some(1),
            unreadable: unreadable.map(String::from),
            ..Entry::default()
        };
        Ok(Self { text, entries: vec![listed], remarks: Vec::new(), file: parent.file(entry) })
    }
}

/// Finds the streams of a text, line by line.
#[derive(Default)]
struct Cutter {
    found: Vec<Entry>,
    names: HashMap<String, u32>,
    /// Whether a stream is open: the last one found.
    open: Option<Body>,
    /// Whether the first heading of a service had a rule above it; then every one must have.
    ruled: Option<bool>,
    /// Whether ends of services are marked in this text.
    ends: bool,
    timeouts: u64,
}

/// The lines of the open stream, as far as they tell whether it holds anything.
#[derive(Default)]
struct Body {
    filled: u64,
    failure: Option<&'static str>,
    service: bool,
}

impl Cutter {
    fn read(&mut self, text: Source, what: &str, ctx: &Context) -> Result<(), Error> {
        let mut reader = BufReader::with_capacity(1 << 18, text);
        let mut line = Vec::with_capacity(LONGEST_MARK);
        let (mut offset, mut number) = (0u64, 1u64);
        // Where the rule before a heading starts: the stream before it ends there.
        let mut rule = None;
        self.start("section::HEADER".into(), 0, 1, false);
        loop {
            if number % 65_536 == 0 {
                ctx.cancel.check()?;
            }
            let length = take_line(&mut reader, &mut line).map_err(|error| broken(what, error))?;
            if length == 0 {
                break;
            }
            let after = offset.saturating_add(length);
            if line.len() < LONGEST_MARK {
                self.look(line.trim_ascii_end(), (offset, after), number, rule);
            }
            rule = is_rule(line.trim_ascii_end()).then_some(offset);
            if let Some(body) = self.open.as_mut().filter(|_| rule.is_none() && !line.trim_ascii().is_empty()) {
                // The heading itself opened the stream and is no part of it.
                if self.found.last().is_some_and(|entry| entry.line <= Some(number)) {
                    body.filled += 1;
                    body.failure = failure(line.trim_ascii());
                    self.timeouts += u64::from(body.service && timed_out(line.trim_ascii()));
                }
            }
            if self.found.len() > MOST_STREAMS {
                return Err(Error::Bound {
                    what: what.to_string(),
                    detail: format!("more than {MOST_STREAMS} streams"),
                });
            }
            offset = after;
            number = number.saturating_add(1);
        }
        Ok(())
    }

    /// Starts and ends streams at the marks.
    fn look(&mut self, line: &[u8], (offset, after): (u64, u64), number: u64, rule: Option<u64>) {
        let next = number.saturating_add(1);
        if let Some(title) = section(line) {
            self.close(offset);
            if contains(title, b" was the duration of '") {
                return;
            }
            let end = memchr::memmem::find(title, b" (").unwrap_or(title.len());
            self.start(format!("section::{}", label(title.get(..end).unwrap_or_default())), after, next, false);
        } else if let Some(name) = service(line) {
            // An application may print such a heading into its own dump; only the real ones have a rule above them.
            if *self.ruled.get_or_insert(rule.is_some()) && rule.is_none() {
                return;
            }
            self.close(rule.unwrap_or(offset));
            self.start(format!("dumpsys::{}", label(name)), after, next, true);
        } else if let Some(name) = settings(line).filter(|_| self.ruled != Some(true)) {
            self.close(rule.unwrap_or(offset));
            self.start(format!("settings::{}", label(name)), after, next, false);
        } else if line.starts_with(b"--------- ") && contains(line, b" was the duration of dumpsys ") {
            self.ends = true;
            if self.open.as_ref().is_some_and(|body| body.service) {
                self.close(offset);
            }
        }
    }

    fn start(&mut self, name: String, offset: u64, line: u64, service: bool) {
        let count = self.names.entry(name.clone()).or_insert(0);
        *count += 1;
        let path = if *count == 1 { name } else { format!("{name}#{count}") };
        self.found.push(Entry { path, offset: Some(offset), line: Some(line), ..Entry::default() });
        self.open = Some(Body { service, ..Body::default() });
    }

    fn close(&mut self, end: u64) {
        let (Some(body), Some(entry)) = (self.open.take(), self.found.last_mut()) else { return };
        entry.size = end.saturating_sub(entry.offset.unwrap_or(end));
        if body.service && body.filled == 1 {
            entry.unreadable = body.failure.map(String::from);
        }
        if entry.path == "section::HEADER" && body.filled == 0 {
            self.found.pop();
        }
    }
}

/// Reads a line of any length, keeps its first bytes without the line end, gives its full length; 0 at the end.
fn take_line(reader: &mut BufReader<Source>, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut length = 0u64;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(length);
        }
        let end = memchr::memchr(b'\n', bytes);
        let count = end.map_or(bytes.len(), |end| end + 1);
        let room = LONGEST_MARK.saturating_sub(line.len()).min(end.unwrap_or(bytes.len()));
        line.extend_from_slice(bytes.get(..room).unwrap_or_default());
        reader.consume(count);
        length = length.saturating_add(count as u64);
        if end.is_some() {
            return Ok(length);
        }
    }
}

impl Container for Dumpstate {
    fn kind(&self) -> Kind {
        Kind::Dumpstate
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Opens one stream. The few words of a service that failed can be read too, for the citation.
    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        let listed = self.entries.get(entry).ok_or_else(|| Error::Missing { what: format!("entry {entry}") })?;
        Ok(Box::new(self.text.slice(listed.offset.unwrap_or(0), listed.size)))
    }

    fn file(&self, _entry: usize) -> Option<PathBuf> {
        self.file.clone()
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

/// As [`Dumpstate::open`] or [`Dumpstate::open_stream`], by how the text looks.
///
/// # Errors
/// What those give.
pub fn open(parent: &dyn Container, entry: usize, looks: &Looks, ctx: &Context) -> Result<Arc<Dumpstate>, Error> {
    match looks {
        Looks::Report => Dumpstate::open(parent, entry, ctx),
        Looks::Stream(name) => Dumpstate::open_stream(parent, entry, name, ctx),
    }
    .map(Arc::new)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::evidence::tests::{context, find, read, remark, testdata};
    use crate::evidence::{Folder, zip};

    const RULE: &str = "-------------------------------------------------------------------------------";

    fn report() -> String {
        format!(
            "========\n== dumpstate: 2026-01-21 11:07:03\n========\n\nBuild: X\n\
             ------ SYSTEM PROPERTIES (getprop) ------\n[a]: [b]\n------ 0.1s was the duration of 'SYSTEM PROPERTIES' ------\n\
             ------ DUMPSYS CRITICAL (/system/bin/dumpsys) ------\n{RULE}\nDUMP OF SERVICE CRITICAL activity:\nact\nDUMP OF SERVICE package:\nspoof\n\
             --------- 0.05s was the duration of dumpsys activity, ending at: x\n{RULE}\nDUMP OF SERVICE meminfo:\none\n\
             {RULE}\nDUMP OF SERVICE HIGH meminfo:\ntwo\n-------- Inner --------\n--------- 0.05s was the duration of dumpsys meminfo, ending at: x\n\
             {RULE}\nDUMP OF SERVICE media.camera:\n*** SERVICE 'media.camera' DUMP TIMEOUT (10000ms) EXPIRED ***\n\
             {RULE}\nDUMP OF SERVICE gone:\n\nCan't find service: gone\n{RULE}\nDUMP OF SERVICE empty:\n\
             {RULE}\nDUMP OF SERVICE NORMAL half:\nsome\n*** SERVICE 'half' DUMP TIMEOUT (10ms) EXPIRED ***\n\
             --------- 0.05s was the duration of dumpsys half, ending at: x\n\
             ------ 11.9s was the duration of 'DUMPSYS' ------\n------ EVENT LOG (logcat) ------\nlog \u{fffd}\n== dumpstate: done\n"
        )
    }

    fn text(bytes: &[u8]) -> Result<Dumpstate, Error> {
        let (scratch, ctx) = context(&[]);
        let path = scratch.path().join("report.txt");
        std::fs::write(&path, bytes).unwrap();
        Dumpstate::open(&Folder::files(std::slice::from_ref(&path)).unwrap(), 0, &ctx)
    }

    #[test]
    fn every_stream_is_cut_where_it_lies() {
        for ends in ["\n", "\r\n"] {
            let whole = report().replace('\n', ends);
            let dump = text(whole.as_bytes()).unwrap();
            let body = |name: &str| String::from_utf8(read(&dump, name)).unwrap().replace("\r\n", "\n");
            assert!(body("section::HEADER").ends_with("Build: X\n"));
            assert_eq!(body("section::SYSTEM PROPERTIES"), "[a]: [b]\n");
            assert_eq!(body("dumpsys::activity"), "act\nDUMP OF SERVICE package:\nspoof\n");
            assert_eq!(body("dumpsys::meminfo"), "one\n");
            assert_eq!(body("dumpsys::meminfo#2"), "two\n-------- Inner --------\n");
            assert_eq!(body("dumpsys::empty"), "");
            assert!(body("section::EVENT LOG").starts_with("log "));
            let reason = |name: &str| dump.entries()[find(&dump, name)].unreadable.clone();
            assert_eq!(reason("dumpsys::media.camera").as_deref(), Some("dump-timeout"));
            assert_eq!(reason("dumpsys::gone").as_deref(), Some("service-not-found"));
            assert_eq!(
                (reason("dumpsys::half"), reason("dumpsys::empty"), remark(&dump, "dump-timeout")),
                (None, None, 2)
            );
            assert!(dump.entries().iter().all(|entry| entry.path != "dumpsys::package"));
            assert_eq!(remark(&dump, "text-cut"), 0);
            for entry in dump.entries() {
                let before = &whole.as_bytes()[..usize::try_from(entry.offset.unwrap()).unwrap()];
                assert_eq!(entry.line, Some(1 + memchr::memchr_iter(b'\n', before).count() as u64), "{}", entry.path);
            }
        }
    }

    #[test]
    fn loose_dumps_are_recognised() {
        let looks = |head: &str, path: &str| recognise(head.as_bytes(), path);
        let service = |name: &str| Some(Looks::Stream(format!("dumpsys::{name}")));
        assert_eq!(looks(&report(), "x.txt"), Some(Looks::Report));
        assert_eq!(looks("\r\nCurrently running services:\r\n  a\r\n", "x"), Some(Looks::Report));
        assert_eq!(looks("DUMP OF SERVICE device_policy\nx", "x"), Some(Looks::Report));
        assert_eq!(
            looks("Service host process PID: 1\nThreads in use: 0/32\nDatabase versions:\n", "x"),
            service("package")
        );
        assert_eq!(looks("anything", "logs/dumpsys_account.txt"), service("account"));
        assert_eq!(looks("Current Device Policy Manager state:\n", "a"), service("device_policy"));
        assert_eq!(looks("Dear diary", "diary.txt"), None);
        assert_eq!(looks("", "dumpsys_.txt"), None);
        let wide: Vec<u8> = format!("\u{feff}{}", report()).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(recognise(&wide, "x"), Some(Looks::Report));
        let wide = text(&wide).unwrap();
        assert_eq!(read(&wide, "dumpsys::meminfo"), b"one\n");
        assert_eq!(
            (wide.entries()[find(&wide, "dumpsys::meminfo")].line, remark(&wide, "text-converted")),
            (Some(18), 1)
        );
        assert!(matches!(text(b"Dear diary\n"), Err(Error::Damaged { .. })));
        let isdi =
            text(b"DUMP OF SERVICE device_policy\nstate\nDUMP OF SETTINGS secure\na=1\nDUMP OF SETTINGS system\n")
                .unwrap();
        assert_eq!(read(&isdi, "dumpsys::device_policy"), b"state\n");
        assert_eq!(read(&isdi, "settings::secure"), b"a=1\n");
        assert_eq!(isdi.entries().len(), 3);
    }

    #[test]
    fn long_lines_and_odd_bytes_do_no_harm() {
        let mut bytes = vec![b'-'; 3_000_000];
        bytes.extend_from_slice(format!("\n{RULE}\nDUMP OF SERVICE caf\u{e9}:\n\0\u{1}").as_bytes());
        bytes.extend_from_slice(b"\xff\xfe");
        let dump = text(&bytes).unwrap();
        assert_eq!(read(&dump, "dumpsys::caf\u{e9}"), b"\0\x01\xff\xfe");
    }

    proptest::proptest! {
        #[test]
        fn mutated_texts_never_panic(at in 0usize..2000, byte: u8, cut in 0usize..2000) {
            let mut bytes = report().into_bytes();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(cut);
            let _ = recognise(&bytes, "x");
            if let Ok(dump) = text(&bytes) {
                proptest::prop_assert!(dump.entries().iter().all(|entry| entry.offset.unwrap() + entry.size <= bytes.len() as u64));
            }
        }
    }

    #[test]
    fn third_party_reports_list_their_services() {
        let Some(folder) = testdata("bugreport-chkbugreport") else { return };
        let (_scratch, ctx) = context(&[]);
        let mut seen = 0;
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            let dump = if path.extension().unwrap() == "zip" {
                let zip = zip::open(Source::file(&path).unwrap(), "z", &ctx).unwrap();
                let dump = Dumpstate::open(&zip, 0, &ctx).unwrap();
                // It was cut off after it had printed something: readable, and told.
                assert_eq!(dump.entries()[find(&dump, "dumpsys::media.camera")].unreadable, None);
                assert_eq!(remark(&dump, "dump-timeout"), 1);
                assert!(String::from_utf8_lossy(&read(&dump, "dumpsys::account")).contains("UserInfo{11:User2"));
                find(&dump, "section::SYSTEM PROPERTIES");
                dump
            } else {
                Dumpstate::open(&Folder::files(std::slice::from_ref(&path)).unwrap(), 0, &ctx).unwrap()
            };
            for name in [
                "section::HEADER",
                "dumpsys::activity",
                "dumpsys::account",
                "dumpsys::device_policy",
                "section::MEMORY INFO",
            ] {
                assert!(dump.entries()[find(&dump, name)].size > 0, "{name}");
            }
            assert!(String::from_utf8_lossy(&read(&dump, "dumpsys::package")).contains("\nPackages:"), "{path:?}");
            seen += 1;
        }
        assert_eq!(seen, 4);
    }
}
