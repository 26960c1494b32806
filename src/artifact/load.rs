//! Loads and checks all artifact files at once. A file that names an unknown fact, column, reader or place, whose SQL does not
//! prepare, or whose texts are missing in a language, is refused with its place; all problems are given together.

use super::catalogue::{self, Catalogue};
use super::{Artifact, Expression, Family, Variant, form};
use crate::fact::{Problem, Problems, Vocabulary};
use crate::reader;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// Consent scopes that an artifact can fall under.
pub const SCOPES: [&str; 13] = [
    "device",
    "apps",
    "permissions",
    "location",
    "accounts",
    "sharing",
    "messages-meta",
    "calls-meta",
    "management",
    "network",
    "sessions",
    PATTERN,
    ADVERTS,
];

/// Contact hour by hour.
pub const PATTERN: &str = "contact-pattern";

/// Traces of sites and apps for adverts, escort and dating.
pub const ADVERTS: &str = "adverts";

/// Whether `all` does not contain a scope: what it covers is read only when the consent names it.
#[must_use]
pub fn apart(scope: &str) -> bool {
    matches!(scope, PATTERN | ADVERTS)
}

/// Whether a scope was consented to.
#[must_use]
pub fn in_scope(scope: &str, consented: &[String]) -> bool {
    consented.iter().any(|c| c == scope || (c == "all" && !apart(scope)))
}

/// Columns that hold private content (words, titles, pictures) in the databases that artifacts read. No SQL may name them.
const PRIVATE: [&str; 14] = [
    "text",
    "ztext",
    "attributedbody",
    "body",
    "zbody",
    "snippet",
    "zsnippet",
    "subject",
    "zsubject",
    "payload_data",
    "message_summary_info",
    "zcontent",
    "summary",
    "v_data",
];

/// Everything under `artifacts/`.
#[derive(Debug, Clone)]
pub struct Artifacts {
    /// The vocabulary of facts.
    pub vocabulary: Vocabulary,
    /// Families of sources, by id.
    pub families: BTreeMap<String, Family>,
    /// Artifacts, sorted by id.
    pub list: Vec<Artifact>,
    /// Catalogues of traces, by family.
    pub catalogues: BTreeMap<String, Catalogue>,
    /// SHA-256 over all files.
    pub sha256: String,
}

impl Artifacts {
    /// Loads the files that are built into the program.
    ///
    /// # Errors
    /// All problems of all files.
    pub fn embedded() -> Result<Self, Problems> {
        Self::load(crate::embedded::artifacts::FILES)
    }

    /// Loads and checks the given files (name below `artifacts/`, text).
    ///
    /// # Errors
    /// All problems of all files.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, Problems> {
        let facts = files.iter().find(|(name, _)| *name == "facts.toml");
        let Some((name, text)) = facts else {
            return Err(Problems(vec![Problem::near("facts.toml", "", "", "the vocabulary is missing")]));
        };
        let vocabulary = Vocabulary::parse(name, text)?;
        let (mut families, mut list, mut problems) = (BTreeMap::new(), Vec::<Artifact>::new(), Vec::new());
        let mut catalogues = BTreeMap::new();
        for (file, text) in files {
            let Some((folder, base)) = file.rsplit_once('/') else { continue };
            if base == "source.toml" {
                match toml::from_str::<Family>(text) {
                    Ok(family) => {
                        check_family(file, text, folder, &family, &mut problems);
                        families.insert(family.id.clone(), family);
                    }
                    Err(e) => problems.push(Problem::from_toml(file, text, &e)),
                }
            } else if base == "catalogue.toml" {
                match toml::from_str::<Catalogue>(text) {
                    Ok(catalogue) => drop(catalogues.insert(folder.to_string(), catalogue)),
                    Err(e) => problems.push(Problem::from_toml(file, text, &e)),
                }
            } else if let Some(stem) = base.strip_suffix(".toml") {
                match toml::from_str::<Artifact>(text) {
                    Ok(artifact) => {
                        if artifact.id != format!("{folder}.{stem}") {
                            let message = format!("the id must be `{folder}.{stem}`, after folder and file");
                            problems.push(Problem::near(file, text, &artifact.id, message));
                        }
                        check(file, text, &artifact, &vocabulary, &mut problems);
                        list.push(artifact);
                    }
                    Err(e) => problems.push(Problem::from_toml(file, text, &e)),
                }
            }
        }
        for family in families.values() {
            let named = family.identity.iter().chain(family.never.iter().filter_map(|never| never.unless.as_ref()));
            for id in named.filter(|id| !list.iter().any(|artifact| artifact.id == **id)) {
                problems.push(Problem::near(&family.id, "", "", format!("source.toml names no artifact `{id}`")));
            }
        }
        for artifact in &list {
            if !families.contains_key(artifact.family()) {
                problems.push(Problem::near(
                    &artifact.id,
                    "",
                    "",
                    format!("no source.toml for `{}`", artifact.family()),
                ));
            }
        }
        for artifact in &mut list {
            share_maps(artifact, families.get(artifact.family()), &mut problems);
        }
        for (family, catalogue) in &catalogues {
            let file = format!("{family}/catalogue.toml");
            let text = files.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| *text);
            let own: Vec<&Artifact> = list.iter().filter(|a| a.family() == family).collect();
            catalogue::check(&file, text, catalogue, &own, &mut problems);
        }
        list.sort_by(|a, b| a.id.cmp(&b.id));
        let sha256 = crate::embedded::digest(files);
        Problems::or(problems, Self { vocabulary, families, list, catalogues, sha256 })
    }

    /// The artifacts of one family.
    pub fn of<'a>(&'a self, family: &'a str) -> impl Iterator<Item = &'a Artifact> {
        self.list.iter().filter(move |a| a.family() == family)
    }
}

/// Puts the maps of the family into the expressions that use them.
fn share_maps(artifact: &mut Artifact, family: Option<&Family>, problems: &mut Vec<Problem>) {
    let id = artifact.id.clone();
    for expression in artifact.variant.iter_mut().flat_map(|v| &mut v.emit).flat_map(|e| e.columns.values_mut()) {
        let Expression::Map(map) = expression else { continue };
        let Some(name) = &map.shared else { continue };
        match family.and_then(|family| family.map.get(name)) {
            Some(shared) => {
                for (key, value) in shared {
                    map.map.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            None => problems.push(Problem::near(&id, "", "", format!("source.toml has no map `{name}`"))),
        }
    }
}

fn check_family(file: &str, text: &str, folder: &str, family: &Family, problems: &mut Vec<Problem>) {
    if family.id != folder {
        problems.push(Problem::near(file, text, &family.id, format!("the id must be `{folder}`, after the folder")));
    }
    let texts = family.never.iter().map(|never| (&never.nl, &never.en)).chain([(&family.title.nl, &family.title.en)]);
    for (nl, en) in texts {
        if nl.trim().is_empty() || en.trim().is_empty() {
            problems.push(Problem::near(file, text, en, "a text is missing in Dutch or English"));
        }
    }
    for pattern in family.made.iter().chain(family.index.iter().map(|index| &index.names)) {
        if let Err(e) = regex::Regex::new(pattern) {
            problems.push(Problem::near(file, text, pattern, e.to_string()));
        }
    }
    for glob in &family.recognise {
        if let Err(e) = globset::Glob::new(glob) {
            problems.push(Problem::near(file, text, glob, e.to_string()));
        }
    }
}

fn check(file: &str, text: &str, artifact: &Artifact, vocabulary: &Vocabulary, problems: &mut Vec<Problem>) {
    let mut say = |needle: &str, message: String| problems.push(Problem::near(file, text, needle, message));
    if artifact.places.is_empty() && artifact.shape.is_empty() {
        say(&artifact.id, "an artifact needs `where` or `shape`".into());
    }
    for glob in artifact.places.iter().chain(&artifact.empty_as) {
        if let Err(e) = globset::Glob::new(glob) {
            say(glob, e.to_string());
        }
    }
    if artifact.reader != "sqlite" && reader::reader(&artifact.reader).is_none() {
        say(&artifact.reader, format!("unknown reader; known are sqlite, {}", reader::NAMES.join(", ")));
    }
    if !SCOPES.contains(&artifact.scope.as_str()) {
        say("scope", format!("unknown scope `{}`; known are {}", artifact.scope, SCOPES.join(", ")));
    }
    if !artifact.beside.is_empty() && artifact.reader == "sqlite" {
        say("beside", "a database has its own tables; `beside` goes with the other readers".into());
    }
    for words in [&artifact.title, &artifact.limits] {
        if words.nl.trim().is_empty() || words.en.trim().is_empty() {
            say(&artifact.id, "title and limits are needed in Dutch and English".into());
        }
    }
    let forms =
        artifact.shape.form.iter().chain(artifact.layout.iter().flat_map(|l| l.columns.iter().map(|(_, form)| form)));
    for form in forms.filter(|form| !form::is_known(form)) {
        say(form, format!("unknown form `{form}`; known are {}", form::FORMS.join(", ")));
    }
    if artifact.reader != "csv" && !(artifact.layout.is_empty() && artifact.shape.form.is_empty()) {
        say("csv", "layouts and forms are for the reader `csv`".into());
    }
    if artifact.layout.is_empty() != artifact.shape.form.is_empty() {
        say(&artifact.id, "`form` tells that a table may be one of the layouts, so both are needed".into());
    }
    if artifact.variant.is_empty() {
        say(&artifact.id, "an artifact needs a [[variant]]".into());
    }
    if artifact.private_names && artifact.variant.iter().any(|v| v.sql.contains("stream_path(")) {
        say("stream_path", "the names of these files are private; `stream_path()` would show them".into());
    }
    for variant in &artifact.variant {
        check_variant(file, text, artifact, variant, vocabulary, problems);
    }
}

fn check_variant(
    file: &str,
    text: &str,
    artifact: &Artifact,
    variant: &Variant,
    vocabulary: &Vocabulary,
    problems: &mut Vec<Problem>,
) {
    let first_line = variant.sql.trim().lines().next().unwrap_or_default().to_string();
    let selected = match prepare(artifact, variant) {
        Ok(selected) => selected,
        Err(message) => {
            problems.push(Problem::near(file, text, &first_line, message));
            return;
        }
    };
    let key = if artifact.reader == "sqlite" { "rowid" } else { "locator" };
    if !selected.iter().any(|c| c == key) {
        problems.push(Problem::near(file, text, &first_line, format!("the SELECT must give `{key}`")));
    }
    for emit in &variant.emit {
        let needle = format!("\"{}\"", emit.fact);
        let Some(kind) = vocabulary.kinds.get(&emit.fact) else {
            problems.push(Problem::near(file, text, &needle, format!("unknown kind of fact `{}`", emit.fact)));
            continue;
        };
        for (column, expression) in &emit.columns {
            if kind.column(column).is_none() {
                let known: Vec<&str> = kind.columns.iter().map(|(n, _)| n.as_str()).collect();
                let message = format!("`{}` has no column `{column}`; it has {}", emit.fact, known.join(", "));
                problems.push(Problem::near(file, text, column, message));
            }
            let from = match expression {
                Expression::Column(c) => Some(c),
                Expression::Map(m) => Some(&m.column),
                Expression::Time(t) => Some(&t.column),
                Expression::Constant(_) | Expression::Stream(_) => None,
            };
            if let Some(c) = from.filter(|c| !selected.contains(c)) {
                problems.push(Problem::near(file, text, c, format!("`{c}` is not among the selected columns")));
            }
        }
        if let Some(when) = emit.when.as_ref().filter(|w| !selected.contains(w)) {
            problems.push(Problem::near(file, text, when, format!("`{when}` is not among the selected columns")));
        }
    }
}

/// Prepares the SQL on empty tables made of `needs`, and gives the selected columns.
fn prepare(artifact: &Artifact, variant: &Variant) -> Result<Vec<String>, String> {
    let mut conn = Connection::open_in_memory().map_err(|e| e.to_string())?;
    reader::functions::register(&conn).map_err(|e| e.to_string())?;
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut tables = variant.needs.clone();
    if artifact.reader != "sqlite" {
        // Every reader fills these; a CSV adds its header cells.
        let row = tables.entry("row".into()).or_default();
        row.extend(["locator", "key", "data"].map(String::from));
        for table in artifact.beside.keys() {
            tables.insert(table.clone(), ["locator", "key", "data"].map(String::from).to_vec());
        }
    } else if tables.is_empty() {
        return Err("a sqlite variant names its tables and columns in `needs`".into());
    }
    for (table, columns) in &tables {
        // Core Data gives every table the key Z_PK; it need not be asked for.
        let columns = columns.iter().map(String::as_str).chain(["Z_PK"]);
        let list: BTreeSet<String> = columns.map(quote).collect();
        let list: Vec<String> = list.into_iter().collect();
        let sql = format!("CREATE TABLE {} ({})", quote(table), list.join(", "));
        conn.execute_batch(&sql).map_err(|e| e.to_string())?;
    }
    let private: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let seen = Arc::clone(&private);
    conn.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
        if let rusqlite::hooks::AuthAction::Read { column_name, .. } = context.action
            && PRIVATE.contains(&column_name.to_ascii_lowercase().as_str())
            && let Ok(mut seen) = seen.lock()
        {
            seen.insert(column_name.to_string());
        }
        rusqlite::hooks::Authorization::Allow
    }))
    .map_err(|e| e.to_string())?;
    let names = {
        let statement = conn.prepare(&variant.sql).map_err(|e| e.to_string())?;
        statement.column_names().map(str::to_string).collect()
    };
    let private = private.lock().map_err(|e| e.to_string())?;
    if !private.is_empty() && artifact.reader == "sqlite" {
        let list: Vec<&str> = private.iter().map(String::as_str).collect();
        return Err(format!("the column {} may hold private content and must not be selected", list.join(", ")));
    }
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const FACTS: (&str, &str) =
        ("facts.toml", "[app]\ndoc = \"An app.\"\npackage = { type = \"text\", doc = \"package\" }\n");
    const SOURCE: (&str, &str) = (
        "x/source.toml",
        "id = \"x\"\ntitle = { nl = \"X\", en = \"X\" }\nplatform = \"ios\"\ncontainer = [\"ios-backup\"]\n",
    );

    fn artifact(change: impl Fn(&str) -> String) -> Result<Artifacts, Problems> {
        let text = "id = \"x.a\"\ntitle = { nl = \"A\", en = \"A\" }\nwhere = [\"a.db\"]\nreader = \"sqlite\"\nscope = \"apps\"\nlimits = { nl = \"l\", en = \"l\" }\nsource = \"s\"\n\n[[variant]]\nneeds = { t = [\"c\"] }\nsql = \"SELECT rowid, c FROM t\"\n\n[[variant.emit]]\nfact = \"app\"\npackage = \"c\"\n";
        Artifacts::load(&[FACTS, SOURCE, ("x/a.toml", &change(text))])
    }

    #[test]
    fn a_right_file_loads() {
        assert_eq!(artifact(str::to_string).unwrap().list.len(), 1);
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        for (from, to, want) in [
            ("x.a", "x.b", "the id must be"),
            ("\"apps\"", "\"all\"", "unknown scope"),
            ("\"sqlite\"", "\"sqlight\"", "unknown reader"),
            ("fact = \"app\"", "fact = \"apps\"", "unknown kind"),
            ("package = \"c\"", "packages = \"c\"", "has no column"),
            ("package = \"c\"", "package = \"d\"", "not among the selected"),
            ("rowid, c FROM t", "rowid, d FROM t", "no such column"),
            ("SELECT rowid, c", "SELECT c", "must give `rowid`"),
            ("en = \"l\"", "en = \"\"", "Dutch and English"),
            (
                "source = \"s\"\n\n[[variant]]\nneeds = { t = [\"c\"] }\nsql = \"SELECT rowid, c",
                "source = \"s\"\nprivate_names = true\n\n[[variant]]\nneeds = { t = [\"c\"] }\nsql = \"SELECT rowid, stream_path() AS c",
                "are private",
            ),
            (
                "t = [\"c\"] }\nsql = \"SELECT rowid, c",
                "t = [\"c\", \"text\"] }\nsql = \"SELECT rowid, text, c",
                "private content",
            ),
        ] {
            let problems = artifact(|t| t.replacen(from, to, 1)).unwrap_err();
            assert!(problems.to_string().contains(want), "{from} -> {to}: {problems}");
            assert!(problems.0[0].line > 0, "{problems}");
        }
    }

    #[test]
    fn the_embedded_artifacts_are_right() {
        Artifacts::embedded().unwrap_or_else(|e| panic!("{e}"));
    }
}
