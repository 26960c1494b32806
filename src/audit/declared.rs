//! What `case.toml` declares about her own things and about time, as rows that questions can compare with: which device or
//! network was hers from when until when, when a phone was seized or away, when she travelled. A day that is named without an
//! hour is the whole day in the zone of the case.

use super::case::{CaseFile, network_prefix};
use rusqlite::types::Value;
use toml::value::{Datetime, Offset};

/// Rows for the table `own`: label, kind, os, maker, model, value, from, until. One row for the thing itself (no value) and one
/// for each of its identifiers.
#[must_use]
pub fn own(case: &CaseFile, zone: &str) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for own in &case.own {
        let label = if own.name.is_empty() { &own.kind } else { &own.name };
        let network = own.kind == "network";
        let values = own.ids.iter().map(|id| if network { network_prefix(id) } else { id.trim().to_string() });
        for value in std::iter::once(String::new()).chain(values) {
            let mut row: Vec<Value> =
                [label, &own.kind, &own.os.to_lowercase(), &own.maker, &own.model, &value].map(|t| filled(t)).to_vec();
            row.push(moment(own.from.as_ref(), zone, false));
            row.push(moment(own.until.as_ref(), zone, true));
            rows.push(row);
        }
    }
    rows
}

/// Rows for the table `period`: kind, country, from, until.
#[must_use]
pub fn periods(case: &CaseFile, zone: &str) -> Vec<Vec<Value>> {
    let row = |kind: &str, country: &str, from: Option<&Datetime>, until: Option<&Datetime>| {
        vec![filled(kind), filled(&country.to_uppercase()), moment(from, zone, false), moment(until, zone, true)]
    };
    let periods = case.period.iter().map(|p| row(&p.kind, &p.country, p.from.as_ref(), p.until.as_ref()));
    let examined = case.examination.iter().map(|e| row("examination", "", e.from.as_ref(), e.until.as_ref()));
    periods.chain(examined).collect()
}

/// Rows for the table `person` on the exports that she asked for herself: the day of each.
#[must_use]
pub fn exports(case: &CaseFile) -> Vec<Vec<Value>> {
    let day = |d: &Datetime| d.date.map(|date| date.to_string());
    let row = |day: String| ["own", "export", &day, ""].map(|t| Value::Text(t.to_string())).to_vec();
    case.dates.exports.iter().filter_map(day).map(row).collect()
}

/// When she left, as the table `case_file` has it.
#[must_use]
pub fn exit(case: &CaseFile, zone: &str) -> Value {
    moment(case.dates.exit.as_ref(), zone, false)
}

fn filled(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::Text(text.to_string()) }
}

/// A declared moment in UTC. `end`: a day without an hour is over when the next one begins.
fn moment(declared: Option<&Datetime>, zone: &str, end: bool) -> Value {
    declared.and_then(|d| in_utc(d, zone, end)).map_or(Value::Null, Value::Text)
}

fn in_utc(declared: &Datetime, zone: &str, end: bool) -> Option<String> {
    let text = declared.to_string().replace(' ', "T");
    let at = match (declared.date, declared.time, declared.offset) {
        (Some(_), Some(_), Some(Offset::Z | Offset::Custom { .. })) => text.parse::<jiff::Timestamp>().ok()?,
        (Some(_), Some(_), None) => text.parse::<jiff::civil::DateTime>().ok()?.in_tz(zone).ok()?.timestamp(),
        (Some(_), None, _) => {
            let day = text.parse::<jiff::civil::Date>().ok()?;
            let day = if end { day.tomorrow().ok()? } else { day };
            day.in_tz(zone).ok()?.timestamp()
        }
        _ => return None,
    };
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const CASE: &str = r#"
[dates]
exit = 2026-09-12
exports = [2026-10-19]
[[own]]
kind = "network"
name = "home"
ids = ["192.0.2.0/24", "2001:db8:7::/48"]
until = 2026-09-12
[[period]]
kind = "travel"
country = "es"
from = 2026-07-01
until = 2026-07-14T12:00:00
[[examination]]
host = "LAB-1"
from = 2026-10-20T09:00:00+02:00
"#;

    #[test]
    fn a_day_is_the_whole_day_in_the_zone_of_the_case() {
        let case = CaseFile::parse("case.toml", CASE).unwrap();
        let zone = "Europe/Amsterdam";
        assert_eq!(exit(&case, zone), Value::Text("2026-09-11T22:00:00Z".into()));
        let periods = format!("{:?}", periods(&case, zone));
        assert!(periods.contains("ES") && periods.contains("2026-06-30T22:00:00Z"), "{periods}");
        assert!(periods.contains("2026-07-14T10:00:00Z") && periods.contains("2026-10-20T07:00:00Z"), "{periods}");
        let own = format!("{:?}", own(&case, zone));
        assert!(own.contains("\"192.0.2\"") && own.contains("\"2001:db8:7\""), "{own}");
        assert!(own.contains("2026-09-12T22:00:00Z"), "{own}");
        assert!(format!("{:?}", exports(&case)).contains("2026-10-19"));
    }
}
