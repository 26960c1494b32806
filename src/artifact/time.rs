//! How moments are written in the traces, and how they become `2026-01-09T22:44:12Z`. Whole seconds: the raw value keeps the
//! rest. Values that stand for "no time" (0, -1, the year 4001) give none, never 1970 or 2001.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rusqlite::types::Value;
use serde::Deserialize;

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Epoch {
    /// Seconds since 1970-01-01 UTC.
    Unix,
    /// Milliseconds since 1970-01-01 UTC.
    UnixMs,
    /// Microseconds since 1970-01-01 UTC.
    UnixUs,
    /// Seconds since 2001-01-01 UTC; values above 10¹² are nanoseconds (catalogue/ios.md 0.3).
    Cocoa,
    /// Nanoseconds since 2001-01-01 UTC; values below 10¹² are seconds (older schemas).
    CocoaNs,
    /// Microseconds since 1601-01-01 UTC (Chrome).
    Webkit,
    /// Ticks of 100 ns since 1601-01-01 UTC (Windows).
    Filetime,
    /// Text with a zone: RFC 3339 or one of its looser forms (`2023-02-25 04:34:32 Z`, `… UTC`).
    Rfc3339,
    /// Text without a zone that is documented as UTC.
    Utc,
    /// Text without a zone, in the local time of the device.
    Local,
}

impl Epoch {
    /// The name used in data files and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::UnixMs => "unix-ms",
            Self::UnixUs => "unix-us",
            Self::Cocoa => "cocoa",
            Self::CocoaNs => "cocoa-ns",
            Self::Webkit => "webkit",
            Self::Filetime => "filetime",
            Self::Rfc3339 => "rfc3339",
            Self::Utc => "utc",
            Self::Local => "local",
        }
    }
}

const COCOA: i128 = 978_307_200;
const WINDOWS: i128 = 11_644_473_600;
/// 4001-01-01 in Cocoa seconds: "distant future".
const DISTANT_FUTURE: i128 = 63_113_904_000;

/// What a raw value came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A time, as stored in facts.
    At(String),
    /// The value stands for "no time".
    None,
    /// The value is no time in this form.
    Unreadable,
}

/// Decodes a raw value.
#[must_use]
pub fn decode(epoch: Epoch, value: &Value) -> Moment {
    match epoch {
        Epoch::Rfc3339 | Epoch::Utc | Epoch::Local => match value {
            Value::Null => Moment::None,
            Value::Text(text) => decode_text(epoch, text),
            _ => Moment::Unreadable,
        },
        _ => decode_number(epoch, value),
    }
}

fn decode_number(epoch: Epoch, value: &Value) -> Moment {
    let number: f64 = match value {
        Value::Null => return Moment::None,
        #[allow(clippy::cast_precision_loss)] // only the split below needs the float; integers take the exact way
        Value::Integer(i) => return seconds(epoch, i128::from(*i)),
        Value::Real(f) => *f,
        Value::Text(t) if t.trim().is_empty() => return Moment::None,
        Value::Text(t) => match t.trim().parse::<i128>() {
            Ok(i) => return seconds(epoch, i),
            Err(_) => match t.trim().parse::<f64>() {
                Ok(f) => f,
                Err(_) => return Moment::Unreadable,
            },
        },
        Value::Blob(_) => return Moment::Unreadable,
    };
    if !number.is_finite() || number.abs() > 1e19 {
        return Moment::Unreadable;
    }
    #[allow(clippy::cast_possible_truncation)] // bounded just above
    seconds(epoch, number.floor() as i128)
}

/// Nothing that these traces tell of happened before 1973: such a number is in another unit, cut short, or made up.
const FIRST_PLAUSIBLE: i128 = 100_000_000;

fn seconds(epoch: Epoch, n: i128) -> Moment {
    if n == 0 || n == -1 || n == -10_000_000_000 {
        return Moment::None;
    }
    let unix = match epoch {
        Epoch::UnixMs => n.div_euclid(1_000),
        Epoch::UnixUs => n.div_euclid(1_000_000),
        Epoch::Cocoa | Epoch::CocoaNs => {
            let s = if n.abs() > 1_000_000_000_000 { n.div_euclid(1_000_000_000) } else { n };
            if s >= DISTANT_FUTURE {
                return Moment::None;
            }
            s + COCOA
        }
        Epoch::Webkit => n.div_euclid(1_000_000) - WINDOWS,
        Epoch::Filetime => n.div_euclid(10_000_000) - WINDOWS,
        _ => n,
    };
    if matches!(epoch, Epoch::Unix | Epoch::UnixMs | Epoch::UnixUs) && unix < FIRST_PLAUSIBLE {
        return Moment::Unreadable;
    }
    from_unix(unix)
}

fn from_unix(unix: i128) -> Moment {
    i64::try_from(unix)
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok())
        .map_or(Moment::Unreadable, |t| Moment::At(t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

/// Unix seconds as stored in facts; `None` for values that stand for "no time".
#[must_use]
pub fn unix_seconds(seconds: i64) -> Option<String> {
    match self::seconds(Epoch::Unix, i128::from(seconds)) {
        Moment::At(at) => Some(at),
        _ => None,
    }
}

/// Forms without a zone that occur in the traces (catalogue/android.md 1.4, accounts.md 1). Numbers with the year last are taken only
/// between points: who writes points puts the day first, while between strokes or slashes day and month cannot be told apart.
const CIVIL: [&str; 14] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%b %d, %Y, %I:%M:%S %p",
    "%d %b %Y, %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y %I:%M %p",
    "%d %b %Y %H:%M",
    "%d %b %Y, %H:%M",
    "%a %b %d %H:%M:%S %Y",
    "%d.%m.%Y, %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
];

/// Short names of zones that stand for one offset only, in hours, and a place that keeps that zone. Names that several parts of the
/// world share (EST, CST, IST, BST …) are not here: such a time stays without a zone.
const ZONES: [(&str, i8, &str); 10] = [
    ("UTC", 0, "UTC"),
    ("GMT", 0, "UTC"),
    ("WET", 0, "Europe/Lisbon"),
    ("WEST", 1, "Europe/Lisbon"),
    ("CET", 1, "Europe/Amsterdam"),
    ("CEST", 2, "Europe/Amsterdam"),
    ("MEZ", 1, "Europe/Berlin"),
    ("MESZ", 2, "Europe/Berlin"),
    ("EET", 2, "Europe/Athens"),
    ("EEST", 3, "Europe/Athens"),
];

/// What the end of a text says of its zone.
enum Stated {
    /// Nothing: the text is the time alone.
    Nothing,
    /// So many seconds east of UTC.
    Offset(i32),
    /// A name, or a name that contradicts the season: which zone it is cannot be told.
    Unclear,
}

/// Takes a zone from the end of a text: a short name, `UTC+1`, `GMT+02:00`. The rest is the time without it.
fn zone_at_end(text: &str) -> (&str, Stated) {
    let Some((rest, word)) = text.rsplit_once(' ') else { return (text, Stated::Nothing) };
    if let Some(offset) = word.strip_prefix("UTC").or_else(|| word.strip_prefix("GMT")).and_then(offset) {
        return (rest, Stated::Offset(offset));
    }
    let name = (2..=5).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_uppercase());
    if !name || matches!(word, "AM" | "PM") {
        return (text, Stated::Nothing);
    }
    let Some((_, hours, place)) = ZONES.iter().find(|(known, ..)| *known == word) else {
        return (rest, Stated::Unclear);
    };
    let seconds = i32::from(*hours) * 3600;
    // A summer name in winter, or the other way round, is no statement that can be relied on.
    let fits = civil(rest).and_then(|time| jiff::tz::Offset::from_seconds(seconds).ok()?.to_timestamp(time).ok());
    let fits =
        fits.is_some_and(|at| jiff::tz::TimeZone::get(place).is_ok_and(|zone| zone.to_offset(at).seconds() == seconds));
    (rest, if fits { Stated::Offset(seconds) } else { Stated::Unclear })
}

/// `+1`, `-03`, `+05:30` in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        '\u{2212}' => (-1, &text['\u{2212}'.len_utf8()..]),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
    let part = |text: &str, most: i32| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|n| plain && *n <= most)
    };
    Some(sign * (part(hours, 14)? * 3600 + part(minutes, 59)? * 60))
}

fn civil(text: &str) -> Option<DateTime> {
    CIVIL.iter().find_map(|form| DateTime::strptime(form, text).ok())
}

/// Month names as account exports write them, and their English abbreviation.
const MONTHS: [(&str, &[&str]); 12] = [
    ("Jan", &["jan", "januari", "january", "januar", "janv", "janvier", "ene", "enero"]),
    ("Feb", &["feb", "februari", "february", "februar", "févr", "février", "febrero"]),
    ("Mar", &["mar", "mrt", "maart", "march", "märz", "mär", "mars", "marzo"]),
    ("Apr", &["apr", "april", "avr", "avril", "abr", "abril"]),
    ("May", &["may", "mei", "mai", "mayo"]),
    ("Jun", &["jun", "juni", "june", "juin", "junio"]),
    ("Jul", &["jul", "juli", "july", "juil", "juillet", "julio"]),
    ("Aug", &["aug", "augustus", "august", "août", "ago", "agosto"]),
    ("Sep", &["sep", "sept", "september", "septembre", "septiembre"]),
    ("Oct", &["oct", "okt", "oktober", "october", "octobre", "octubre"]),
    ("Nov", &["nov", "november", "novembre", "noviembre"]),
    ("Dec", &["dec", "december", "dez", "dezember", "déc", "décembre", "dic", "diciembre"]),
];

/// The text with its month in English and abbreviated, and without a word for "at" before the time.
fn english(text: &str) -> String {
    let word = |word: &str| {
        let (bare, comma) = word.strip_suffix(',').map_or((word, ""), |w| (w, ","));
        let lower = bare.trim_end_matches('.').to_lowercase();
        if matches!(lower.as_str(), "om" | "at" | "um" | "à" | "de") {
            return None;
        }
        let month = MONTHS.iter().find(|(_, names)| names.contains(&lower.as_str())).map(|(month, _)| *month);
        Some(month.map_or_else(|| word.to_string(), |m| format!("{m}{comma}")))
    };
    text.split(' ').filter(|w| !w.is_empty()).filter_map(word).collect::<Vec<_>>().join(" ")
}

/// Whether the zone of a text is one that RFC 2822 gives a meaning. Other names are UTC to its parsers, which would be a wrong time;
/// the American ones count only where the text is in the form of a mail, day of the week first.
fn is_mail_date(text: &str) -> bool {
    let text = text.split_once(" (").map_or(text, |(before, _)| before).trim_end();
    let Some((before, zone)) = text.rsplit_once(' ') else { return false };
    let american = ["EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"];
    zone.starts_with(['+', '-'])
        || matches!(zone, "GMT" | "UT" | "UTC")
        || (american.contains(&zone) && before.split_once(", ").is_some_and(|(day, _)| day.len() == 3))
}

fn decode_text(epoch: Epoch, text: &str) -> Moment {
    // Narrow and no-break spaces stand before AM/PM in recent exports.
    let text = text.replace(['\u{a0}', '\u{202f}'], " ");
    let text = text.trim();
    if text.is_empty() || text == "N/A" || text == "null" || text.starts_with("0000") || text.starts_with("4001-01-01")
    {
        return Moment::None;
    }
    let compact = text.strip_suffix(" Z").map_or_else(|| text.to_string(), |t| format!("{t}Z"));
    if let Ok(at) = compact.parse::<Timestamp>() {
        return sentinel_free(at);
    }
    // `2026-01-09 22:44:12 +0000 UTC`, and the date of a mail.
    let offset = compact.strip_suffix(" UTC").unwrap_or(&compact);
    if let Ok(at) = Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", offset) {
        return sentinel_free(at);
    }
    if is_mail_date(&compact)
        && let Ok(at) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&compact)
    {
        return sentinel_free(at);
    }
    let compact = english(&compact);
    // `Fri Jan 09 22:44:12 UTC 2026`: the zone stands before the year.
    let compact = [" UTC ", " GMT "]
        .iter()
        .find_map(|zone| compact.split_once(zone))
        .map_or(compact.clone(), |(before, year)| format!("{before} {year} UTC"));
    let (text, stated) = match (zone_at_end(&compact), compact.strip_suffix('Z')) {
        ((_, Stated::Nothing), Some(rest)) => (rest, Stated::Offset(0)),
        (stated, _) => stated,
    };
    let Some(civil) = civil(text) else {
        return Moment::Unreadable;
    };
    let stated = match (stated, epoch) {
        (Stated::Nothing, Epoch::Utc) => Stated::Offset(0),
        (stated, _) => stated,
    };
    match (stated, epoch) {
        (Stated::Offset(seconds), _) => jiff::tz::Offset::from_seconds(seconds)
            .and_then(|offset| offset.to_timestamp(civil))
            .map_or(Moment::Unreadable, sentinel_free),
        (_, Epoch::Local) if civil.year() == 1970 || civil.date() == jiff::civil::date(1, 1, 1) => Moment::None,
        // `01-02-26` is no day in the year 1.
        (_, Epoch::Local) if civil.year() < 1970 => Moment::Unreadable,
        (_, Epoch::Local) => Moment::At(civil.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        // A zone was promised and is not there: not silently UTC.
        (_, _) => Moment::Unreadable,
    }
}

/// 0001-01-01, as some programs write "never".
const FIRST_DAY: i64 = -62_135_596_800;

fn sentinel_free(at: Timestamp) -> Moment {
    match at.as_second() {
        // The beginnings of the epochs, and the first day of all.
        0 | 978_307_200 | FIRST_DAY => Moment::None,
        s if i128::from(s) < FIRST_PLAUSIBLE => Moment::Unreadable,
        s => from_unix(i128::from(s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: Epoch, value: impl Into<Value>) -> Moment {
        decode(epoch, &value.into())
    }

    #[test]
    fn every_epoch_gives_the_same_moment() {
        let want = Moment::At("2026-01-09T22:44:12Z".into());
        let unix: i64 = 1_767_998_652;
        assert_eq!(at(Epoch::Unix, unix), want);
        assert_eq!(at(Epoch::UnixMs, unix * 1000 + 999), want);
        assert_eq!(at(Epoch::UnixMs, (unix * 1000).to_string()), want);
        assert_eq!(at(Epoch::Cocoa, 789_691_452.75_f64), want);
        assert_eq!(at(Epoch::CocoaNs, 789_691_452_i64 * 1_000_000_000), want);
        assert_eq!(at(Epoch::CocoaNs, 789_691_452_i64), want);
        assert_eq!(at(Epoch::Webkit, (unix + 11_644_473_600) * 1_000_000), want);
        assert_eq!(at(Epoch::Rfc3339, "2026-01-09 22:44:12 Z".to_string()), want);
        assert_eq!(at(Epoch::Rfc3339, "2026-01-09 22:44:12 UTC".to_string()), want);
        assert_eq!(at(Epoch::Rfc3339, "2026-01-09T23:44:12+01:00".to_string()), want);
        assert_eq!(at(Epoch::Rfc3339, "Jan 9, 2026, 10:44:12\u{202f}PM UTC".to_string()), want);
        assert_eq!(at(Epoch::Utc, "2026-01-09 22:44:12.5".to_string()), want);
        for text in [
            "Fri Jan 09 22:44:12 UTC 2026",
            "Fri, 09 Jan 2026 23:44:12 +0100",
            "Fri, 09 Jan 2026 23:44:12 +0100 (CET)",
            "Fri, 09 Jan 2026 17:44:12 EST",
            "Fri, 09 Jan 2026 22:44:12 GMT",
            "2026-01-09 22:44:12 +0000 UTC",
            "9 januari 2026 om 22:44:12 UTC",
        ] {
            assert_eq!(at(Epoch::Rfc3339, text.to_string()), want, "{text}");
        }
    }

    #[test]
    fn a_missing_zone_is_never_utc() {
        assert_eq!(at(Epoch::Local, "2026-01-09 22:44:12".to_string()), Moment::At("2026-01-09T22:44:12".into()));
        assert_eq!(at(Epoch::Rfc3339, "2026-01-09 22:44:12".to_string()), Moment::Unreadable);
        for (text, want) in [
            ("4 mrt. 2026 10:48:26", "2026-03-04T10:48:26"),
            ("Feb 04, 2026 10:48:26 pm", "2026-02-04T22:48:26"),
            ("04 mei 2026, 10:48", "2026-05-04T10:48:00"),
            ("1. März 2026, 10:48", ""),
        ] {
            let want = if want.is_empty() { Moment::Unreadable } else { Moment::At(want.into()) };
            assert_eq!(at(Epoch::Local, text.to_string()), want, "{text}");
        }
    }

    #[test]
    fn a_short_name_of_a_zone_counts_only_when_it_is_clear() {
        for (text, want) in [
            ("Feb 4, 2026, 10:48:26\u{202f}AM CET", "2026-02-04T09:48:26Z"),
            ("4 feb 2026 10:48:26 CET", "2026-02-04T09:48:26Z"),
            ("4 jul 2026, 10:48:26 CEST", "2026-07-04T08:48:26Z"),
            ("04.02.2026, 10:48:26 MEZ", "2026-02-04T09:48:26Z"),
            ("4 févr. 2026, 10:48:26 UTC+1", "2026-02-04T09:48:26Z"),
            ("Feb 4, 2026, 10:48:26 PM GMT-03:30", "2026-02-05T02:18:26Z"),
            ("Feb 4, 2026, 10:48:26 AM GMT", "2026-02-04T10:48:26Z"),
            // The hour that comes twice: the name tells which of the two.
            ("25 okt 2026 02:30:00 CEST", "2026-10-25T00:30:00Z"),
            ("25 okt 2026 02:30:00 CET", "2026-10-25T01:30:00Z"),
            // Shared by several parts of the world, or against the season: no zone.
            ("Feb 4, 2026, 10:48:26 AM CST", "2026-02-04T10:48:26"),
            ("4 Feb 2026, 10:48:26 BST", "2026-02-04T10:48:26"),
            ("4 jul 2026, 10:48:26 CET", "2026-07-04T10:48:26"),
            ("Feb 4, 2026, 10:48:26 PM", "2026-02-04T22:48:26"),
        ] {
            assert_eq!(at(Epoch::Local, text.to_string()), Moment::At(want.into()), "{text}");
            let zoned = if want.ends_with('Z') { Moment::At(want.into()) } else { Moment::Unreadable };
            assert_eq!(at(Epoch::Rfc3339, text.to_string()), zoned, "{text}");
        }
        for text in [
            "04/02/2026, 10:48:26 CET",
            "4 lut 2026, 10:48:26 CET",
            "4 feb 2026 CET",
            "CET",
            "2026年2月4日 10:48:26 CET",
        ] {
            assert_eq!(at(Epoch::Local, text.to_string()), Moment::Unreadable, "{text}");
        }
    }

    #[test]
    fn no_time_is_no_time() {
        for value in [0_i64, -1, -10_000_000_000] {
            assert_eq!(at(Epoch::Cocoa, value), Moment::None);
        }
        assert_eq!(at(Epoch::Cocoa, 63_113_904_000_i64), Moment::None);
        assert_eq!(at(Epoch::Unix, Value::Null), Moment::None);
        assert_eq!(at(Epoch::Unix, f64::INFINITY), Moment::Unreadable);
        assert_eq!(at(Epoch::Unix, i64::MAX), Moment::Unreadable);
        // Milliseconds taken for seconds, and numbers cut short.
        assert_eq!(at(Epoch::Unix, 1_767_998_652_000_i64), Moment::Unreadable);
        assert_eq!(at(Epoch::UnixMs, 1_767_998_652_i64), Moment::Unreadable);
        assert_eq!(at(Epoch::Unix, 17_375_704_i64), Moment::Unreadable);
        assert_eq!(at(Epoch::Local, "gisteren".to_string()), Moment::Unreadable);
        for (text, want) in [
            ("01-02-26 22:41", Moment::Unreadable),
            ("05-01-2026 22:41:07", Moment::Unreadable),
            ("0001-01-01 00:00:00", Moment::None),
            ("1970-01-01 01:00:00", Moment::None),
        ] {
            assert_eq!(at(Epoch::Local, text.to_string()), want, "{text}");
        }
        assert_eq!(at(Epoch::Rfc3339, "01-02-26 22:41 UTC".to_string()), Moment::Unreadable);
        assert_eq!(at(Epoch::Rfc3339, "0001-01-01T00:00:00Z".to_string()), Moment::None);
    }
}
