//! The audit: from a plan (inputs, options, case) to a report. Five steps: hash, open, extract, judge, assemble. Only the plan can
//! be refused; once reading has begun, what fails is a gap in the report.

pub mod assemble;
pub mod case;
pub mod cite;
pub mod consent;
pub mod declared;
pub mod extraction;
pub mod keep;
pub mod loose;
pub mod persons;
pub mod preserve;
pub mod privileged;
pub mod reconcile;
pub mod reproduce;
pub mod requested;
pub mod rewrite;
pub mod sessions;
pub mod source;
mod validation;

use crate::artifact::Artifacts;
use crate::embedded::Data;
use crate::evidence::hash::{self, FileHash};
use crate::evidence::{self, Cancel, Context, Kind, Opened, Password, ledger::Ledger, scratch::Scratch};
use crate::fact::{Problems, Store};
use crate::report::{self, Report, checklist};
use crate::rule::indicator::published::NotRecognised;
use crate::rule::{self, Rules};
use case::CaseFile;
use rusqlite::types::Value;
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Inputs of one person.
    pub inputs: Vec<PathBuf>,
    /// What was declared.
    pub case: CaseFile,
    /// `nl` or `en`.
    pub lang: String,
    /// Reference time; the newest time of the copies themselves when absent.
    pub as_of: Option<jiff::Timestamp>,
    /// Zone for display.
    pub zone: String,
    /// Consent scopes; `all` or names.
    pub scope: Vec<String>,
    /// Passwords to try.
    pub passwords: Vec<Password>,
    /// Go on with what can be read when no password opens a backup.
    pub locked_ok: bool,
    /// The data files to work with.
    pub data: Data,
    /// Contents of the key file of the case, for pseudonyms that cannot be guessed.
    pub case_key: Option<Vec<u8>>,
}

/// What comes out.
#[derive(Debug)]
pub struct Audited {
    /// The report.
    pub report: Report,
    /// Digests of every stored byte, in coreutils form.
    pub evidence_list: Vec<u8>,
}

/// Where the audit is, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Hashing every stored byte.
    Hashing,
    /// Opening and unlocking.
    Opening,
    /// Reading artifacts.
    Reading,
    /// Asking the rules.
    Judging,
}

/// Told how far the audit is.
pub trait Progress: Sync {
    /// A new stage begins.
    fn begin(&self, stage: Stage);
    /// So many bytes are hashed, of so many in all.
    fn hashed(&self, done: u64, total: u64);
}

/// No progress is shown.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage) {}
    fn hashed(&self, _: u64, _: u64) {}
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input cannot be opened.
    #[error(transparent)]
    Evidence(#[from] evidence::Error),
    /// A data file is wrong.
    #[error("{0}")]
    Data(#[from] Problems),
    /// Nothing in the input is a phone or account that is known.
    #[error("nothing in the input is recognised")]
    Nothing {
        /// What was seen instead, and what could not be opened.
        seen: Vec<String>,
    },
    /// A list of indicators has no form that is known.
    #[error(transparent)]
    List(#[from] NotRecognised),
    /// The fact store failed; this is a fault of the program.
    #[error("the fact store failed: {0}")]
    Store(#[from] rusqlite::Error),
}

impl Error {
    /// Stable code; the texts for people hang on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Evidence(e) => e.code(),
            Self::Data(_) => "data-files",
            Self::Nothing { .. } => "not-recognised",
            Self::List(_) => "indicator-list",
            Self::Store(_) => "internal",
        }
    }
}

/// Loads the data files and the published lists of indicators.
///
/// # Errors
/// When a data file is wrong, or a list has no form that is known.
pub fn load(data: Data) -> Result<(Artifacts, Rules), Error> {
    let artifacts = Artifacts::load(data.artifacts)?;
    let mut rules = Rules::load(data.rules, &artifacts.vocabulary)?;
    for (name, bytes) in data.lists {
        rules.indicators.import(name, bytes)?;
    }
    Ok((artifacts, rules))
}

/// Runs an audit.
///
/// # Errors
/// When the plan cannot be carried out; never for a broken stream.
pub fn run(plan: &Plan, cancel: &Cancel, progress: &dyn Progress) -> Result<Audited, Error> {
    let (artifacts, rules) = load(plan.data)?;
    progress.begin(Stage::Hashing);
    // Somebody who points at a file inside a backup means the whole backup.
    let inputs = evidence::open::resolve_inputs(&plan.inputs)?;
    let hashed = hash::hash_inputs(&inputs, &|done, total| progress.hashed(done, total), cancel)?;

    progress.begin(Stage::Opening);
    let scratch = Scratch::new()?;
    let mut opened = open(plan, &inputs, &scratch, cancel)?;
    let ledger = Ledger::keep(&mut opened.containers);
    let containers = &opened.containers;
    let mut sources = source::recognise(&artifacts, containers, &plan.scope, scratch.path());
    let joined = reconcile::reconcile(&mut sources, &artifacts, containers, &plan.scope, scratch.path());
    if sources.is_empty() {
        return Err(nothing(&opened));
    }

    progress.begin(Stage::Reading);
    ledger.begin_reading();
    let mut store = Store::in_scratch(&artifacts.vocabulary, scratch.path())?;
    let mut extraction =
        extraction::extract_all(&artifacts, &sources, containers, &plan.scope, scratch.path(), cancel, &mut store)?;
    for (chain, problem) in &opened.problems {
        extraction.gaps.add("container-unopened", "", chain, format!("{}: {problem}", problem.code()), 1);
    }
    let remarks = remarks(containers, joined);
    note_unread(&sources, containers, &remarks, &hashed, &mut extraction.gaps);

    progress.begin(Stage::Judging);
    let mut people = declared::rows(&plan.case, &plan.zone);
    // What has to be asked for by name is also no question to facts that were read for something else.
    for scope in plan.scope.iter().filter(|scope| crate::artifact::load::apart(scope)) {
        people.push(["consent", scope.as_str(), "given", ""].map(|t| Value::Text(t.to_string())).to_vec());
    }
    let beside = Beside {
        people: people.clone(),
        coverage: &extraction.coverage,
        as_of: plan.as_of.map(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        living: &plan.case.person.living,
        age_band: &plan.case.person.age_band,
    };
    fill(&mut store, &rules, beside)?;
    let named = date_by_name(plan, &sources, containers, &mut store)?;
    if !plan.case.privileged.is_empty() {
        let gone = privileged::filter(&mut store, &artifacts.vocabulary)?;
        extraction.gaps.add("privileged-filtered", "", "", "", gone);
    }
    let rule::Judged { store, judgements, failures } =
        rule::judge_all(store, &rules, || cancel.check().map_err(Error::from))?;
    for (id, why) in failures {
        extraction.gaps.add("rule-failed", "", &id, why, 1);
    }

    let digests = Digests { containers, done: Mutex::default() };
    let guide = reproduce::Guide::new(containers, &extraction, scratch.path());
    let workshop = assemble::Workshop {
        artifacts: &artifacts,
        rules: &rules,
        sources: &sources,
        containers,
        store: &store,
        extraction: &extraction,
        zone: &plan.zone,
        digests: &|at| digests.of(at),
        guide: &guide,
    };
    let findings = workshop.findings(&judgements)?;
    let outcomes = workshop.outcomes(&judgements);
    let pseudonyms = keep::Pseudonyms::new(plan.case_key.as_deref(), &plan.case.case.id);
    let baseline = keep::keep(&store, &artifacts.vocabulary, &findings, &people, &pseudonyms)?;
    let persons = gather(plan, &artifacts, &workshop, &pseudonyms)?;
    let (sessions, chains) = sessions::list(&store, containers, &extraction)?;
    let families: Vec<String> = sources.iter().map(|s| s.family.id.clone()).collect();
    // Last of all, so that nothing is opened after the count.
    consent::note(&mut extraction.coverage, &sources, &artifacts, &plan.scope, &ledger);
    let report = Report {
        schema: report::SCHEMA.into(),
        tool: report::Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
        ruleset: report::Ruleset {
            artifacts_sha256: artifacts.sha256.clone(),
            rules_sha256: rules.sha256.clone(),
            artifacts: artifacts.list.len(),
            rules: rules.list.len(),
            indicators: rules.indicators.lists.clone(),
        },
        options: options(plan, &store, named.as_deref())?,
        case: plan.case.summary(),
        evidence: describe(&inputs, &hashed, containers, &remarks),
        sources: sources.iter().map(|s| describe_source(s, containers)).collect(),
        device: store.rows("SELECT * FROM device ORDER BY ev")?,
        checklist: checklist::assemble(&findings, &rules.known_steps(), &families, &plan.case.summary()),
        contacts: rules.contacts.clone(),
        preserve: preserve::fill(&rules.preserve, &store)?,
        baseline,
        sessions,
        chains,
        persons,
        redactions: Vec::new(),
        whole: None,
        views: views(&rules, &findings),
        findings,
        outcomes,
        validation: validation::of(&rules, plan.data.fixtures),
        coverage: std::mem::take(&mut extraction.coverage),
        gaps: extraction.gaps.list(),
    };
    Ok(Audited { report, evidence_list: list(hashed.iter()) })
}

/// The views that the findings lean on, in the order in which they are made.
fn views(rules: &Rules, findings: &[report::Finding]) -> Vec<report::View> {
    let read = |view: &&rule::view::View| findings.iter().any(|finding| finding.views.contains(&view.id));
    rules.views.iter().filter(read).map(|view| report::View { id: view.id.clone(), sql: view.statement() }).collect()
}

/// Opens the inputs, with the passwords of the plan.
fn open(
    plan: &Plan,
    inputs: &[PathBuf],
    scratch: &Scratch,
    cancel: &Cancel,
) -> Result<evidence::open::Evidence, evidence::Error> {
    let (scratch, cancel) = (scratch.path().to_path_buf(), cancel.clone());
    let context = Context { scratch, passwords: plan.passwords.clone(), cancel };
    let open = if plan.locked_ok { evidence::open::open_locked } else { evidence::open::open_input };
    open(inputs, &context)
}

/// Takes the reference time from the names of archives, where it is not stated and the copies have no newer time.
fn date_by_name(
    plan: &Plan,
    sources: &[source::Source<'_>],
    containers: &[Opened],
    store: &mut Store,
) -> rusqlite::Result<Option<String>> {
    let named = requested::newest(sources, containers).filter(|_| plan.as_of.is_none());
    if let Some(named) = &named {
        let newer = "UPDATE case_file SET as_of = ?1 WHERE coalesce(as_of, '') < ?1";
        store.insert(newer, [vec![Value::Text(named.clone())]])?;
    }
    Ok(named)
}

/// The options with the reference time, and where that comes from.
fn options(plan: &Plan, store: &crate::fact::store::Sealed, named: Option<&str>) -> rusqlite::Result<report::Options> {
    let as_of: Option<String> = store.connection().query_row("SELECT as_of FROM case_file", [], |r| r.get(0))?;
    let from = match as_of.as_deref() {
        Some(_) if plan.as_of.is_some() => "stated",
        Some(at) if named == Some(at) => "name",
        Some(_) => "copies",
        None => "",
    };
    Ok(report::Options {
        lang: plan.lang.clone(),
        as_of,
        as_of_from: from.into(),
        zone: plan.zone.clone(),
        scope: plan.scope.clone(),
    })
}

/// What was seen where nothing is recognised.
fn nothing(opened: &evidence::open::Evidence) -> Error {
    let name = |o: &Opened| format!("{} ({})", o.chain.join("!"), o.container.kind().name());
    let mut seen: Vec<String> = opened.containers.iter().map(name).collect();
    seen.extend(opened.problems.iter().map(|(chain, e)| format!("{chain}: {e}")));
    Error::Nothing { seen }
}

/// Everything about persons of concern.
fn gather(
    plan: &Plan,
    artifacts: &Artifacts,
    workshop: &assemble::Workshop<'_>,
    pseudonyms: &keep::Pseudonyms,
) -> rusqlite::Result<report::persons::Persons> {
    persons::Gather {
        store: workshop.store,
        vocabulary: &artifacts.vocabulary,
        pseudonyms,
        zone: &plan.zone,
        exit: plan.case.dates.exit.as_ref().map(|d| d.to_string().chars().take(10).collect()),
        pattern_read: plan.scope.iter().any(|s| s == crate::artifact::load::PATTERN),
        cite: &|ev| workshop.citation(ev),
    }
    .persons()
}

/// What is put into the store beside the facts.
pub struct Beside<'a> {
    /// Rows of the table `person`.
    pub people: Vec<Vec<Value>>,
    /// Coverage of every artifact in every source.
    pub coverage: &'a [report::Coverage],
    /// Stated reference time; the newest time of the copies themselves when absent.
    pub as_of: Option<String>,
    /// Living situation.
    pub living: &'a str,
    /// Age band.
    pub age_band: &'a str,
}

/// Fills the tables of declared people, indicators, coverage and the case.
///
/// # Errors
/// When the store refuses.
pub fn fill(store: &mut Store, rules: &Rules, beside: Beside<'_>) -> rusqlite::Result<()> {
    let text = |t: &str| Value::Text(t.to_string());
    store.insert("INSERT INTO person (role, kind, value, label) VALUES (?, ?, ?, ?)", beside.people)?;
    let indicators = rules.indicators.all().map(|(list, i)| {
        vec![
            text(&i.kind),
            text(&i.value),
            text(&i.name),
            text(&i.category),
            Value::Integer(i64::from(i.generic)),
            text(&list.name),
        ]
    });
    store.insert(
        "INSERT INTO indicator (kind, value, name, category, generic, list) VALUES (?, ?, ?, ?, ?, ?)",
        indicators,
    )?;
    let known = rules.indicators.known.iter().map(|k| vec![text(&k.kind), text(&k.pattern), text(&k.name)]);
    store.insert("INSERT INTO known (kind, pattern, name) VALUES (?, ?, ?)", known)?;
    let categories = rules.indicators.categories.iter();
    let categories =
        categories.map(|c| vec![text(&c.id), text(&c.nl), text(&c.en), Value::Integer(i64::from(c.covert))]);
    store.insert("INSERT INTO category (id, nl, en, covert) VALUES (?, ?, ?, ?)", categories)?;
    let coverage = beside.coverage.iter().map(|c| {
        let rows = i64::try_from(c.rows).unwrap_or(i64::MAX);
        vec![text(&c.artifact), text(&c.source), text(&c.outcome), Value::Integer(rows)]
    });
    store.insert("INSERT INTO coverage (artifact, source, outcome, rows) VALUES (?, ?, ?, ?)", coverage)?;
    let as_of = beside.as_of.map_or(Value::Null, Value::Text);
    store.insert(
        // Without a stated time the copies' own newest date stands in: a report must not hang on the clock of the laptop.
        "INSERT INTO case_file (as_of, living, age_band) VALUES (coalesce(?, (SELECT max(at) FROM backup WHERE examined)), ?, ?)",
        [vec![as_of, text(beside.living), text(beside.age_band)]],
    )
}

/// What was not read at all, and files that were told by themselves: where those come from is not shown.
fn note_unread(
    sources: &[source::Source<'_>],
    containers: &[Opened],
    remarks: &[report::Remark],
    hashed: &[FileHash],
    gaps: &mut extraction::Gaps,
) {
    for (source, at) in sources.iter().flat_map(|source| source.loose.iter().map(move |at| (source, *at))) {
        gaps.add("origin-unknown", "", &source.id, extraction::stream_name(containers, at), 1);
    }
    for remark in remarks.iter().filter(|r| r.code == "locked") {
        gaps.add("locked", "", &remark.container, remark.detail.clone(), 1);
    }
    for remark in remarks.iter().filter(|r| ["part-missing", "part-damaged"].contains(&r.code.as_str())) {
        gaps.add(&remark.code, "", &remark.container, remark.detail.clone(), remark.count);
    }
    for file in hashed {
        if let Some(why) = &file.problem {
            gaps.add("bytes-missing", "", &evidence::label(&file.path), why.clone(), 1);
        }
    }
}

/// Remarks of all containers, and those on which of them are of one device.
fn remarks(containers: &[Opened], joined: Vec<report::Remark>) -> Vec<report::Remark> {
    let mut out = joined;
    for opened in containers {
        for remark in opened.container.remarks().iter().cloned().chain(opened.container.found_while_reading()) {
            let (code, count) = (remark.code.into(), remark.count);
            out.push(report::Remark { container: opened.name(), code, detail: remark.detail, count });
        }
    }
    out
}

/// A hash list in coreutils form. Files that could not be read are gaps, not lines.
fn list<'a>(files: impl Iterator<Item = &'a FileHash>) -> Vec<u8> {
    let listed: Vec<hash::Listed> = files.filter_map(|f| Some((f.path.clone(), f.sha256.clone()?))).collect();
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = hash::write_list(&mut out, &listed);
    out
}

fn describe(
    inputs: &[PathBuf],
    hashed: &[FileHash],
    containers: &[Opened],
    remarks: &[report::Remark],
) -> Vec<report::Evidence> {
    let names: Vec<String> = hash::input_names(inputs).iter().map(|n| evidence::label(n)).collect();
    let mut out = Vec::new();
    for (index, (input, name)) in inputs.iter().zip(hash::input_names(inputs)).enumerate() {
        let below = [name.as_slice(), b"/"].concat();
        let files: Vec<&FileHash> = hashed.iter().filter(|f| f.path == name || f.path.starts_with(&below)).collect();
        let kind = containers
            .iter()
            .filter(|o| belongs(&o.chain.join("!"), index, &names))
            .map(|o| o.container.kind())
            .max_by_key(|k| matches!(k, Kind::IosBackup | Kind::IosFilesystem | Kind::AndroidBackup | Kind::Dumpstate))
            // A log belongs to its database, and a further part of a joined export to the first: they have no container of their own.
            .map_or(if name.ends_with(b"-wal") { Kind::File.name() } else { Kind::Zip.name() }, Kind::name);
        let whole = input.is_file();
        let sha256 = match files.first() {
            Some(file) if whole => file.sha256.clone().unwrap_or_default(),
            // The digest of the list of digests, in the very form of `evidence.sha256`.
            _ => hash::hex(&sha2::Sha256::digest(list(files.iter().copied()))),
        };
        out.push(report::Evidence {
            name: evidence::label(&name),
            kind: kind.into(),
            files: files.len() as u64,
            bytes: files.iter().map(|f| f.size).sum(),
            sha256,
            sha256_of: if whole { "file" } else { "list" }.into(),
            remarks: remarks.iter().filter(|r| belongs(&r.container, index, &names)).cloned().collect(),
        });
    }
    out
}

/// Whether a container lies in the input: parts of one export are joined under the name of the first.
fn belongs(chain: &str, index: usize, names: &[String]) -> bool {
    let root = chain.split('!').next().unwrap_or_default();
    let root = root.rsplit_once(" (+").map_or(root, |(first, _)| first);
    names.iter().position(|n| n == root).unwrap_or(0) == index
}

/// Remarks after which a container's list cannot be taken for whole.
const NOT_WHOLE: [&str; 6] =
    ["locked", "manifest-rows-damaged", "backup-unfinished", "archive-cut", "folder-unreadable", "legacy-backup"];

fn describe_source(source: &source::Source<'_>, containers: &[Opened]) -> report::Source {
    let own: Vec<&Opened> = source.containers.iter().map(|c| &containers[*c]).collect();
    let lists_all = |o: &&Opened| {
        let kind = o.container.kind().name();
        source.family.lists_all.iter().any(|k| k == kind)
            && !o.container.remarks().iter().any(|r| NOT_WHOLE.contains(&r.code))
    };
    report::Source {
        id: source.id.clone(),
        family: source.family.id.clone(),
        title: source.family.title.clone(),
        containers: source.containers.iter().map(|c| containers[*c].chain.join("!")).collect(),
        never: source.never(),
        lists_all: own.iter().any(lists_all),
        encrypted: own.iter().any(|o| o.container.entries().iter().any(|e| e.encrypted)),
    }
}

/// SHA-256 of streams as read. Only cited streams are asked for, each once.
struct Digests<'a> {
    containers: &'a [Opened],
    done: Mutex<BTreeMap<(usize, usize), String>>,
}

impl Digests<'_> {
    fn of(&self, at: (usize, usize)) -> String {
        if let Some(digest) = self.done.lock().ok().and_then(|d| d.get(&at).cloned()) {
            return digest;
        }
        let digest = hash::digest_stream(&*self.containers[at.0].container, at.1).unwrap_or_default();
        if let Ok(mut done) = self.done.lock() {
            done.insert(at, digest.clone());
        }
        digest
    }
}
