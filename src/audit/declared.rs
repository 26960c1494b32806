//! What `case.toml` declares, as rows of the table `person`. Beside the people these are her own things, the times at which something
//! was different, and the days that matter; the tables `own` and `period` are views of those rows, so that whatever keeps the
//! declared people keeps these too. A day that is named without an hour is the whole day in the zone of the case.

use super::case::{CaseFile, network_prefix};
use rusqlite::types::Value;
use serde_json::json;
use toml::value::{Datetime, Offset};

/// All rows of the table `person`: role, kind, value, label.
#[must_use]
pub fn rows(case: &CaseFile, zone: &str) -> Vec<Vec<Value>> {
    let mut rows = case.people();
    let mut add = |role: &str, kind: &str, value: &str, label: &str| {
        rows.push([role, kind, value, label].map(|t| Value::Text(t.to_string())).to_vec());
    };
    for own in &case.own {
        let label = if own.name.is_empty() { &own.kind } else { &own.name };
        let network = own.kind == "network";
        // One row for the thing itself, and one for each network. Identifiers of hardware have rows of their own, which know
        // how to be hidden.
        let values = own.ids.iter().filter(|_| network).map(|id| network_prefix(id));
        for value in std::iter::once(String::new()).chain(values) {
            let thing = json!({
                "kind": own.kind, "os": own.os.to_lowercase(), "maker": own.maker, "model": own.model, "value": value,
                "from": moment(own.from.as_ref(), zone, false), "until": moment(own.until.as_ref(), zone, true),
            });
            add("own", "thing", &thing.to_string(), label);
        }
    }
    let periods =
        case.period.iter().map(|p| (p.kind.as_str(), p.country.to_uppercase(), p.from.as_ref(), p.until.as_ref()));
    let examined = case.examination.iter().map(|e| ("examination", String::new(), e.from.as_ref(), e.until.as_ref()));
    for (kind, country, from, until) in periods.chain(examined) {
        let period = json!({"country": country, "from": moment(from, zone, false), "until": moment(until, zone, true)});
        add("period", kind, &period.to_string(), "");
    }
    for day in case.dates.exports.iter().filter_map(|d| d.date) {
        add("own", "export", &day.to_string(), "");
    }
    if let Some(exit) = moment(case.dates.exit.as_ref(), zone, false) {
        add("date", "exit", &exit, "");
    }
    // A day without an hour may still be the hours before she left: what is surely after begins when it is over.
    if let Some(after) = moment(case.dates.exit.as_ref(), zone, true) {
        add("date", "after-exit", &after, "");
    }
    rows
}

/// A declared moment in UTC. `end`: a day without an hour is over when the next one begins.
fn moment(declared: Option<&Datetime>, zone: &str, end: bool) -> Option<String> {
    let declared = declared?;
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
        let rows = format!("{:?}", rows(&case, "Europe/Amsterdam"));
        for part in [
            "2026-09-11T22:00:00Z",
            "ES",
            "2026-06-30T22:00:00Z",
            "2026-07-14T10:00:00Z",
            "2026-10-20T07:00:00Z",
            r#"\"192.0.2\""#,
            r#"\"2001:db8:7\""#,
            "2026-09-12T22:00:00Z",
            "2026-10-19",
        ] {
            assert!(rows.contains(part), "{part}: {rows}");
        }
    }
}
