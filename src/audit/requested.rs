//! What was asked for when an export was requested, and when, as its own index page and names tell. A part that was never asked for is another thing
//! than one that was asked for and does not exist. Where the index lies and how it names the parts stands in `source.toml`.

use super::source::Source;
use crate::evidence::Opened;
use globset::GlobBuilder;
use regex::RegexBuilder;
use std::collections::BTreeSet;
use std::io::Read;

/// How much of an index page is read.
const LONGEST: u64 = 16 << 20;

/// The names of the parts that were asked for, in lower case; none when there is no index or it names nothing.
#[must_use]
pub fn parts(source: &Source<'_>, containers: &[Opened]) -> Option<BTreeSet<String>> {
    let index = source.family.index.as_ref()?;
    // The loader has refused patterns that do not parse.
    let name = RegexBuilder::new(&index.names).size_limit(1 << 20).build().ok()?;
    let glob = |g: &String| GlobBuilder::new(g).literal_separator(true).case_insensitive(true).build().ok();
    let places: Vec<_> = index.places.iter().filter_map(glob).map(|g| g.compile_matcher()).collect();
    let mut parts = BTreeSet::new();
    for at in &source.containers {
        let container = &containers[*at].container;
        for (entry, e) in container.entries().iter().enumerate() {
            if !places.iter().any(|p| p.is_match(&e.path)) {
                continue;
            }
            let mut page = Vec::new();
            if let Ok(stream) = container.open(entry) {
                // A page that breaks off names at least those before the break.
                let _ = stream.take(LONGEST).read_to_end(&mut page);
            }
            let page = String::from_utf8_lossy(&page);
            let named = name.captures_iter(&page).filter_map(|c| c.get(1));
            parts.extend(named.map(|n| n.as_str().replace("&amp;", "&").replace("&#39;", "'").to_lowercase()));
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Whether the index shows that none of these parts was asked for.
#[must_use]
pub fn was_not(parts: Option<&BTreeSet<String>>, wanted: &[String]) -> bool {
    parts.is_some_and(|p| !wanted.is_empty() && !wanted.iter().any(|w| p.contains(&w.to_lowercase())))
}

/// Whether the export has a placeholder that says that a part was asked for and holds nothing.
#[must_use]
pub fn is_empty(source: &Source<'_>, containers: &[Opened], placeholders: &[String]) -> bool {
    if placeholders.is_empty() {
        return false;
    }
    let globs = super::source::globs(placeholders);
    source.containers.iter().any(|at| containers[*at].container.entries().iter().any(|e| globs.is_match(&e.path)))
}

/// When the exports were asked for, as far as the names of their archives tell (RFC 3339, UTC): the newest.
#[must_use]
pub fn newest(sources: &[Source<'_>], containers: &[Opened]) -> Option<String> {
    let named = |source: &Source<'_>| {
        let made = RegexBuilder::new(source.family.made.as_ref()?).size_limit(1 << 20).build().ok()?;
        let names = source.containers.iter().flat_map(|at| &containers[*at].chain);
        names.filter_map(|name| moment(made.captures(name)?.get(1)?.as_str())).max()
    };
    sources.iter().filter_map(named).max()
}

/// `20261124T060000Z` as `2026-11-24T06:00:00Z`.
fn moment(stamp: &str) -> Option<String> {
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", stamp.strip_suffix('Z')?).ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn only_a_moment_in_utc_is_taken_from_a_name() {
        assert_eq!(moment("20261124T060000Z").as_deref(), Some("2026-11-24T06:00:00Z"));
        for odd in ["20261124T060000", "20261324T060000Z", "20261124", "", "2026-11-24T06:00:00Z"] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }
}
