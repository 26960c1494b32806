//! What was asked for when an export was requested, as its own index page tells. A part that was never asked for is another thing
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
