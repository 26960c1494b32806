//! The date of the next check: by the finding that asks for it soonest. Also as a calendar file with a neutral title, because a
//! calendar is read by others.

use crate::report::Report;
use jiff::ToSpan as _;
use jiff::civil::Date;

/// The date of the next check, counted from the reference time of the report. `None` where the report has no such time.
#[must_use]
pub fn date(report: &Report) -> Option<String> {
    let from: Date = report.options.as_of.as_deref()?.get(..10)?.parse().ok()?;
    let days = report.findings.iter().map(|f| f.recheck_in_days).filter(|d| *d > 0).min();
    // Without findings the check is still repeated: an absence says little.
    let days = days.unwrap_or_else(|| crate::rule::Urgency::Info.recheck_in_days());
    let date = from.checked_add(i64::from(days).days()).ok()?;
    Some(date.to_string())
}

/// A calendar file (RFC 5545) with one all-day entry. Nothing in it tells what it is for.
#[must_use]
pub fn calendar(date: &str, title: &str) -> Option<String> {
    let day: Date = date.parse().ok()?;
    let next = day.tomorrow().ok()?;
    let stamp = day.strftime("%Y%m%d");
    let lines = [
        "BEGIN:VCALENDAR".to_string(),
        "VERSION:2.0".into(),
        "PRODID:-//agenda//NL".into(),
        "BEGIN:VEVENT".into(),
        format!("UID:{stamp}@agenda.invalid"),
        format!("DTSTAMP:{stamp}T000000Z"),
        format!("DTSTART;VALUE=DATE:{stamp}"),
        format!("DTEND;VALUE=DATE:{}", next.strftime("%Y%m%d")),
        format!("SUMMARY:{title}"),
        "CLASS:PRIVATE".into(),
        "TRANSP:TRANSPARENT".into(),
        "END:VEVENT".into(),
        "END:VCALENDAR".into(),
    ];
    Some(lines.join("\r\n") + "\r\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::text::Text;

    #[test]
    fn the_finding_that_asks_for_it_soonest_gives_the_date() {
        let mut report = sample::report("nl");
        report.options.as_of = Some("2026-10-30T23:30:00Z".into());
        report.findings.iter_mut().for_each(|f| f.recheck_in_days = 28);
        report.findings[0].recheck_in_days = 7;
        assert_eq!(date(&report).unwrap(), "2026-11-06");
        report.findings.clear();
        assert!(date(&report).is_some(), "an absence is looked at again too");
        report.options.as_of = None;
        assert_eq!(date(&report), None);
    }

    #[test]
    fn the_calendar_file_is_whole_and_says_nothing() {
        for lang in ["nl", "en"] {
            let file = calendar("2026-12-31", &Text::of(lang).compare.calendar).unwrap();
            assert!(file.contains("DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n"));
            assert!(file.lines().count() == file.matches("\r\n").count() && file.ends_with("END:VCALENDAR\r\n"));
            let lower = file.to_lowercase();
            for telling in ["vrijspoor", "telefoon", "phone", "onderzoek", "audit", "check", "controle", "report"] {
                assert!(!lower.contains(telling), "{telling} in {file}");
            }
        }
        assert_eq!(calendar("soon", "x"), None);
    }
}
