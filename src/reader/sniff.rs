//! What a stream is by its first bytes. Names and extensions are not asked: exports rename files, and backups have no names.

/// The format of a stream by its first bytes (some KiB are enough): the name of a reader where there is one, else of a container
/// (`sqlite`, `zip`, `gzip`, `tar`, `android-backup`, `abx`, `xml`). `None` when it could be anything.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 8] = [
        (b"SQLite format 3\0", "sqlite"),
        (b"bplist", "plist"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"\x1F\x8B\x08", "gzip"),
        (b"ANDROID BACKUP\n", "android-backup"),
        (b"ABX\0", "abx"),
        (b"window.YTD.", "json"),
    ];
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(name);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("tar");
    }
    let mut source = head;
    let mut utf8 = Vec::new();
    std::io::Read::read_to_end(&mut super::text::Utf8::new(&mut source), &mut utf8).ok()?;
    let text = String::from_utf8_lossy(&utf8);
    let start = text.trim_start();
    let begin: String = start.chars().take(1024).collect::<String>().to_ascii_lowercase();
    if begin.starts_with('<') {
        return Some(if begin.contains("<!doctype plist") || begin.contains("<plist") {
            "plist"
        } else if begin.starts_with("<!doctype html") || begin.contains("<html") {
            "html"
        } else if begin.starts_with("<?xml") {
            "xml"
        } else {
            return None;
        });
    }
    let mut lines = start.lines();
    let first = lines.next().unwrap_or_default();
    if first.starts_with('[') && first.contains("]: [") {
        return Some("properties");
    }
    if is_json(start) {
        return Some("json");
    }
    if start
        .lines()
        .any(|line| matches!(line.trim_end(), "Activity Resolver Table:" | "Packages:" | "DUMP OF SERVICE package:"))
    {
        return Some("package-dump");
    }
    is_table(start).then_some("csv")
}

/// An opening bracket followed by what may follow it.
fn is_json(text: &str) -> bool {
    let mut rest = text.chars();
    let open = rest.next();
    let next = rest.find(|c| !c.is_whitespace());
    match (open, next) {
        (Some('{'), Some('"' | '}')) => true,
        (Some('['), Some(c)) => matches!(c, '{' | '[' | '"' | ']' | '-' | 't' | 'f' | 'n') || c.is_ascii_digit(),
        _ => false,
    }
}

/// Two lines or more with the same number of the same delimiter.
fn is_table(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(2).collect();
    let [first, second] = lines[..] else { return false };
    [',', ';', '\t'].into_iter().any(|delimiter| {
        let cells = first.matches(delimiter).count();
        cells > 0 && second.matches(delimiter).count() == cells && !first.contains('\0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_format() {
        for (head, name) in [
            (&b"SQLite format 3\0...."[..], Some("sqlite")),
            (b"bplist00", Some("plist")),
            (b"\xEF\xBB\xBF<?xml version=\"1.0\"?><!DOCTYPE plist PUBLIC", Some("plist")),
            (b"<?xml version='1.0'?><map/>", Some("xml")),
            (b"\n<!DOCTYPE html><html>", Some("html")),
            (b"\xEF\xBB\xBF {\"a\":1}", Some("json")),
            (b"[ {\"a\":1}]", Some("json")),
            (b"[ro.a]: [1]\n[ro.b]: [2]\n", Some("properties")),
            (b"a,b\n1,2\n", Some("csv")),
            (b"Database versions:\nPackages:\n", Some("package-dump")),
            (b"just words", None),
            (b"", None),
        ] {
            assert_eq!(sniff(head), name, "{}", String::from_utf8_lossy(head));
        }
    }
}
