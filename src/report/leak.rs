//! The leak check: refuses output that holds something that must never be printed, such as the address, postcode, place on the map
//! or Wi-Fi name of a shelter. It looks in the finished bytes of every file, just before anything is written, and sees through
//! capitals, spaces and punctuation, JSON and HTML escapes and percent signs. It can only find what was declared in `[place]`.

use regex::Regex;
use std::sync::LazyLock;

/// Fewest letters and digits that can be looked for without finding it everywhere.
const SHORTEST: usize = 4;
/// Longest run of other characters between two characters of what is looked for.
const GAP: &str = r"[^\p{L}\p{N}]{0,6}";
/// How near a place on the map counts as the same, in degrees: some 200 metres.
const NEAR: f64 = 0.002;
/// How many bytes apart latitude and longitude may stand.
const APART: usize = 160;

/// Something that must not be printed was about to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Which item of the list, counted from 1.
    pub item: usize,
    /// The item, masked: the message itself must not give it away.
    pub masked: String,
    /// In which file.
    pub file: String,
    /// On which line of that file.
    pub line: usize,
}

/// Whether something is long enough to be looked for.
#[must_use]
pub fn searchable(item: &str) -> bool {
    item.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST
}

/// Everything that must never be printed, ready to be looked for.
pub struct Forbidden(Vec<Item>);

struct Item {
    masked: String,
    needle: Needle,
}

enum Needle {
    /// Letters and digits with anything between them. With `whole`, nothing may stand against them: digits that could also be
    /// part of a digest.
    Text { pattern: Regex, whole: bool },
    /// Latitude and longitude.
    Place(f64, f64),
}

impl Forbidden {
    /// Prepares the items; what is too short to be looked for is left out (the case file refuses it earlier).
    #[must_use]
    pub fn new(items: &[String]) -> Self {
        let one = |item: &String| Item { masked: mask(item), needle: needle(item) };
        Self(items.iter().filter(|item| searchable(item)).map(one).collect())
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a file that holds an item.
    ///
    /// # Errors
    /// The first item that it holds.
    pub fn check(&self, file: &str, content: &[u8]) -> Result<(), Leak> {
        self.find(file, content).map_or(Ok(()), Err)
    }

    /// The first item that a file holds.
    #[must_use]
    pub fn find(&self, file: &str, content: &[u8]) -> Option<Leak> {
        if self.is_empty() {
            return None;
        }
        let raw = String::from_utf8_lossy(content);
        let plain = unescape(&TAG.replace_all(&raw, " "));
        for (at, item) in self.0.iter().enumerate() {
            for text in [raw.as_ref(), plain.as_str()] {
                if let Some(offset) = item.needle.find(text) {
                    let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
                    return Some(Leak { item: at + 1, masked: item.masked.clone(), file: file.to_owned(), line });
                }
            }
        }
        None
    }
}

/// How many bytes are looked through at once, and how many of them again with the next.
const CHUNK: usize = 1024 * 1024;
const AGAIN: usize = 16 * 1024;

/// Looks for what must not be printed in bytes that are too many to be held: they are written to it and go nowhere.
pub struct Scanner<'a> {
    forbidden: &'a Forbidden,
    file: &'a str,
    held: Vec<u8>,
    lines: usize,
    leak: Option<Leak>,
}

impl<'a> Scanner<'a> {
    /// Looks through a file.
    #[must_use]
    pub const fn new(forbidden: &'a Forbidden, file: &'a str) -> Self {
        Self { forbidden, file, held: Vec::new(), lines: 0, leak: None }
    }

    fn look(&mut self) {
        if self.leak.is_none()
            && let Some(leak) = self.forbidden.find(self.file, &self.held)
        {
            self.leak = Some(Leak { line: leak.line + self.lines, ..leak });
        }
    }

    /// The first item that was found.
    #[must_use]
    pub fn end(mut self) -> Option<Leak> {
        self.look();
        self.leak
    }
}

impl std::io::Write for Scanner<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.held.extend_from_slice(bytes);
        // Only whole lines: a digest that goes on would look as if it ended.
        if self.held.len() >= CHUNK
            && let Some(end) = memchr::memrchr(b'\n', &self.held)
        {
            let rest = self.held.split_off(end + 1);
            self.look();
            let from = memchr::memrchr(b'\n', self.held.get(..end.saturating_sub(AGAIN)).unwrap_or_default());
            let gone = from.map_or(0, |at| at + 1);
            self.lines += memchr::memchr_iter(b'\n', self.held.get(..gone).unwrap_or_default()).count();
            self.held.drain(..gone);
            self.held.extend(rest);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Needle {
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Self::Text { pattern, whole } => {
                pattern.find_iter(text).find(|m| !whole || stands_free(text, m)).map(|m| m.start())
            }
            Self::Place(latitude, longitude) => near(text, *latitude, *longitude),
        }
    }
}

fn stands_free(text: &str, found: &regex::Match<'_>) -> bool {
    let before = text.get(..found.start()).and_then(|t| t.chars().next_back());
    let after = text.get(found.end()..).and_then(|t| t.chars().next());
    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}

fn needle(item: &str) -> Needle {
    if let Some((latitude, longitude)) = place(item) {
        return Needle::Place(latitude, longitude);
    }
    let letters: Vec<char> = item.chars().filter(|c| c.is_alphanumeric()).collect();
    let whole = letters.iter().all(char::is_ascii_hexdigit);
    let parts: Vec<String> = letters.iter().map(|c| regex::escape(&c.to_string())).collect();
    let pattern = Regex::new(&format!("(?i){}", parts.join(GAP)));
    // A pattern too large to build is looked for by its first part; it is never silently dropped.
    let first = || Regex::new(&format!("(?i){}", parts.iter().take(40).cloned().collect::<Vec<_>>().join(GAP)));
    match pattern.or_else(|_| first()) {
        Ok(pattern) => Needle::Text { pattern, whole },
        Err(_) => Needle::Text { pattern: NUMBER.clone(), whole: false },
    }
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"-?\d{1,3}[.,]\d{3,}"));
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"&#x([0-9A-Fa-f]{1,6});|&#([0-9]{1,7});|\\u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})|&([a-z]{2,4});|\\([/nrt\x22\\])",
    )
});

static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"</?[a-zA-Z][^<>]{0,200}>"));

/// A pattern that is part of the program. It cannot fail in a program that passed its tests.
fn pattern(text: &str) -> Regex {
    match Regex::new(text) {
        Ok(pattern) => pattern,
        Err(error) => panic!("a pattern of the program itself is broken: {error}"),
    }
}

/// Latitude and longitude, when the item is a place on the map.
fn place(item: &str) -> Option<(f64, f64)> {
    let numbers: Vec<f64> = NUMBER.find_iter(item).filter_map(|m| m.as_str().replace(',', ".").parse().ok()).collect();
    let other = item.chars().any(|c| !(c.is_ascii_digit() || "-., ;NEne°".contains(c)));
    match numbers[..] {
        [latitude, longitude] if !other => Some((latitude, longitude)),
        _ => None,
    }
}

/// Where the two numbers of a place stand near each other.
fn near(text: &str, latitude: f64, longitude: f64) -> Option<usize> {
    let close = |value: f64, wanted: f64| (value - wanted).abs() <= NEAR;
    let mut north: Option<usize> = None;
    let mut east: Option<usize> = None;
    for found in NUMBER.find_iter(text) {
        let Ok(value) = found.as_str().replace(',', ".").parse::<f64>() else { continue };
        if close(value, latitude) {
            north = Some(found.start());
        } else if close(value, longitude) {
            east = Some(found.start());
        } else {
            continue;
        }
        if let (Some(n), Some(e)) = (north, east)
            && n.abs_diff(e) <= APART
        {
            return Some(n.min(e));
        }
    }
    None
}

/// Undoes the escapes of JSON, HTML and addresses. What is no escape stays.
fn unescape(text: &str) -> String {
    let once = ESCAPE.replace_all(text, |found: &regex::Captures<'_>| {
        let number = |group: usize, radix: u32| {
            found.get(group).and_then(|m| u32::from_str_radix(m.as_str(), radix).ok()).and_then(char::from_u32)
        };
        let plain = number(1, 16).or_else(|| number(2, 10)).or_else(|| number(3, 16)).or_else(|| number(4, 16));
        let named = || match found.get(5).map(|m| m.as_str()) {
            Some("amp") => Some('&'),
            Some("lt") => Some('<'),
            Some("gt") => Some('>'),
            Some("quot") => Some('"'),
            Some("apos") => Some('\''),
            Some("nbsp") => Some(' '),
            _ => None,
        };
        let letter = || found.get(6).map(|m| if matches!(m.as_str(), "n" | "r" | "t") { ' ' } else { '-' });
        plain.or_else(named).or_else(letter).map_or_else(|| found[0].to_owned(), String::from)
    });
    once.into_owned()
}

/// The first character and the length: enough to know which item it is, too little to find the place.
fn mask(item: &str) -> String {
    let first: String = item.chars().take(1).collect();
    format!("{first}… ({})", item.chars().count())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn finds(item: &str, text: &str) -> bool {
        Forbidden::new(&[item.to_owned()]).find("data/x", text.as_bytes()).is_some()
    }

    #[test]
    fn an_item_is_found_in_the_stream_of_a_file_wherever_it_lies() {
        let forbidden = Forbidden::new(&["Voorbeeldlaan 12".to_owned(), "ab12cd".to_owned()]);
        let filler = "een gewone regel\n".repeat(CHUNK / 17);
        for place in [0, 1, CHUNK / 2, CHUNK - 40, CHUNK - 9, CHUNK + 3] {
            let mut text = filler.clone() + &filler;
            text.insert_str(place, "Voorbeeldlaan\n12");
            let mut scanner = Scanner::new(&forbidden, "data/x");
            for piece in text.as_bytes().chunks(997) {
                scanner.write_all(piece).unwrap();
            }
            let leak = scanner.end().unwrap();
            let line = text[..place].matches('\n').count() + 1;
            assert_eq!((leak.item, leak.line), (1, line));
        }
        // A digest that goes on beyond what is held is no place of its own.
        let mut scanner = Scanner::new(&forbidden, "data/x");
        scanner.write_all(format!("{filler}ab12c").as_bytes()).unwrap();
        scanner.write_all(b"d9\nab12c").unwrap();
        assert_eq!(scanner.end(), None);
    }

    #[test]
    fn an_item_is_found_however_it_is_written() {
        for text in [
            "Voorbeeldlaan 12",
            "voorbeeldlaan  12",
            "VOORBEELDLAAN-12",
            r"Voorbeeldlaan 12",
            r"Voorbeeldlaan\n12",
            "Voorbeeldlaan&nbsp;12",
            "Voorbeeldlaan&#32;12",
            "&#x56;oorbeeldlaan 12",
            "https://example.org/?q=Voorbeeldlaan%2012",
            "Voorbeeldlaan<br>12",
        ] {
            assert!(finds("Voorbeeldlaan 12", text), "{text}");
        }
        for text in ["1234 AB", "1234ab", "1234AB Voorbeeld", "<b>1234\u{a0}AB</b>"] {
            assert!(finds("1234 AB", text) && finds("1234ab", text), "{text}");
        }
        assert!(finds("Zonnehuis-gast", r#""ssid":"zonnehuis gast""#));
        assert!(finds("Zonnehuis\"gast", r#""ssid":"Zonnehuis\"gast""#));
        assert!(finds("Café Élan", "CAFÉ ÉLAN"));
    }

    #[test]
    fn a_digest_is_not_a_postcode() {
        assert!(!finds("1234 AB", "00f1234ab99e"));
        assert!(!finds("Voorbeeldlaan 12", "Voorbeeldlaan 3"));
        assert!(!searchable("a 1") && searchable("1234"));
    }

    #[test]
    fn a_place_on_the_map_is_found_with_more_or_fewer_digits() {
        let place = "52.09070, 5.12140";
        for text in [
            r#"{"lat": 52.0907374, "lon": 5.1214201}"#,
            "52.091,5.121",
            "5,12140 52,09070",
            "52.09&#46; 52.0907 / 5.1214",
        ] {
            assert!(finds(place, text), "{text}");
        }
        assert!(!finds(place, "52.3702, 4.8952") && !finds(place, "52.0907374"));
        assert!(!finds(place, &format!("52.0907{}5.1214", " ".repeat(400))));
    }

    #[test]
    fn the_message_names_the_item_without_giving_it_away() {
        let items = ["Zonnehuis".to_owned(), "1234 AB".to_owned()];
        let leak = Forbidden::new(&items).find("data/report.json", b"a\nb 1234ab").unwrap();
        assert_eq!((leak.item, leak.line, leak.file.as_str()), (2, 2, "data/report.json"));
        assert!(!leak.masked.contains("234"));
    }
}
