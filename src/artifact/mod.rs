//! Artifacts: data files that say where a trace lies and what its rows mean. This module loads and checks them, and maps the
//! rows that a reader finds to facts. It never judges: no line here knows what is a concern.

pub mod catalogue;
pub mod emit;
pub mod extract;
pub mod form;
pub mod load;
pub mod shape;
pub mod time;

pub use extract::{Extracted, StreamInput};
pub use load::Artifacts;

use crate::report::Words;
use globset::GlobBuilder;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One artifact: a place, a reader, and what its rows mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// `folder.name`.
    pub id: String,
    /// Name for people.
    pub title: Words,
    /// Globs on the logical names of streams.
    #[serde(rename = "where", default)]
    pub places: Vec<String>,
    /// Recognition by content.
    #[serde(default)]
    pub shape: Shape,
    /// Which reader turns the stream into rows.
    pub reader: String,
    /// The repeated element, for trees.
    #[serde(default)]
    pub record: Option<String>,
    /// Consent scope.
    pub scope: String,
    /// What it does not show.
    pub limits: Words,
    /// Where the facts about this trace come from.
    pub source: String,
    /// Rows of the family's catalogue that it reads.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Other streams of the same container, each as a table of its own beside `row`, for what one stream only numbers.
    #[serde(default)]
    pub beside: BTreeMap<String, Beside>,
    /// Test data of others in which it reads rows: paths below the folder of test data beside the project. Empty: it was only tried on
    /// the project's own fixtures.
    #[serde(default)]
    pub tested_on: Vec<String>,
    /// Neither read on data of others, nor is its form confirmed by a published parser or description.
    #[serde(default)]
    pub experimental: bool,
    /// Where others published the format: a parser with its tests, a schema, a manual, the source of the provider.
    #[serde(default)]
    pub published: String,
    /// The names of its files are private (they bear the titles of documents): wherever a stream would be named, its source and
    /// SHA-256 stand instead.
    #[serde(default)]
    pub private_names: bool,
    /// Kept only in encrypted backups.
    #[serde(default)]
    pub encrypted_only: bool,
    /// Names that the index of an export has for the part it lies in.
    #[serde(default)]
    pub requested_as: Vec<String>,
    /// Globs on streams that an export puts in place of a part that was asked for and holds nothing.
    #[serde(default)]
    pub empty_as: Vec<String>,
    /// For a CSV whose column names are not known: which columns it can have. The first that fits gives the names.
    #[serde(default)]
    pub layout: Vec<form::Layout>,
    /// Mappings; the first whose needs hold is used.
    pub variant: Vec<Variant>,
}

impl Artifact {
    /// The family: the part of the id before the dot.
    #[must_use]
    pub fn family(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// The kinds of facts it can make.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.emits().map(|e| e.fact.as_str())
    }

    /// Whether it can make a fact of this kind whose columns have one of the given values.
    #[must_use]
    pub fn can_say(&self, kind: &str, values: &BTreeMap<String, Vec<String>>) -> bool {
        let may = |emit: &Emit, (column, wanted): (&String, &Vec<String>)| {
            emit.columns.get(column).is_some_and(|e| wanted.iter().any(|w| e.can_give(w)))
        };
        self.emits().any(|emit| emit.fact == kind && values.iter().all(|pair| may(emit, pair)))
    }

    fn emits(&self) -> impl Iterator<Item = &Emit> {
        self.variant.iter().flat_map(|v| v.emit.iter())
    }
}

/// A stream that another one is read with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Globs on the logical names of streams.
    #[serde(rename = "where")]
    pub places: Vec<String>,
    /// The repeated element.
    #[serde(default)]
    pub record: Option<String>,
}

/// How a stream is recognised by its content. All given parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// Cells that the header row of a CSV holds.
    pub csv: Vec<String>,
    /// Keys that stand at the top of a JSON object, or of the first object in a JSON array.
    pub json: Vec<String>,
    /// Words that stand in an HTML page.
    pub html: Vec<String>,
    /// Words that stand in a text.
    pub text: Vec<String>,
    /// Forms of values ([`form::FORMS`]) that columns of a CSV have, wherever they stand; `!form` in no column.
    pub form: Vec<String>,
    /// Cells of a header that is known: with all of them a table is not one in an unknown language.
    pub known: Vec<String>,
}

impl Shape {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One mapping from rows to facts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Tables and columns that must exist.
    #[serde(default)]
    pub needs: BTreeMap<String, Vec<String>>,
    /// Table that the locator names; the first of `needs` when absent.
    #[serde(default)]
    pub table: Option<String>,
    /// The question put to the rows.
    pub sql: String,
    /// The facts that each row makes.
    pub emit: Vec<Emit>,
}

/// One fact made of a row.
#[derive(Debug, Clone, Deserialize)]
pub struct Emit {
    /// Kind of fact.
    pub fact: String,
    /// Only for rows where this column is not NULL, 0 or empty.
    #[serde(default)]
    pub when: Option<String>,
    /// How each column of the fact is made.
    #[serde(flatten)]
    pub columns: BTreeMap<String, Expression>,
}

/// How a column of a fact is made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// A selected column as it is.
    Column(String),
    /// A selected column through a map.
    Map(MapExpression),
    /// A selected column as a moment.
    Time(TimeExpression),
    /// A constant.
    Constant(ConstantExpression),
    /// A time of the stream itself.
    Stream(StreamExpression),
}

impl Expression {
    /// Whether it can give this value. A column as it is can give any.
    fn can_give(&self, value: &str) -> bool {
        // `*` in what is asked for stands for anything.
        let glob = GlobBuilder::new(value).case_insensitive(true).literal_separator(false).build();
        let like = |text: &str| glob.as_ref().is_ok_and(|g| g.compile_matcher().is_match(text));
        let is = |v: &toml::Value| match v {
            toml::Value::String(s) => like(s),
            toml::Value::Boolean(b) => value == if *b { "1" } else { "0" },
            other => other.to_string() == value,
        };
        match self {
            Self::Column(_) | Self::Time(_) | Self::Stream(_) => true,
            Self::Constant(c) => is(&c.value),
            Self::Map(m) => m.map.values().any(is) || m.otherwise.as_deref().is_some_and(|o| o == "keep" || like(o)),
        }
    }
}

/// A value through a map.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapExpression {
    /// The selected column.
    pub column: String,
    /// Value by raw value (as text).
    #[serde(default)]
    pub map: BTreeMap<String, toml::Value>,
    /// A map of the family's source.toml, whose values come under those of `map`.
    #[serde(default, rename = "use")]
    pub shared: Option<String>,
    /// What becomes of other values: absent, `raw:…` and a gap; `keep`, as it is; `""`, dropped; else this value.
    #[serde(default)]
    pub otherwise: Option<String>,
}

/// A value as a moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeExpression {
    /// The selected column.
    pub column: String,
    /// How it is written.
    pub time: time::Epoch,
}

/// A constant value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantExpression {
    /// The value.
    pub value: toml::Value,
}

/// A time of the stream as its container stores it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamExpression {
    /// Which time.
    pub stream: StreamTime,
}

/// Which time of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamTime {
    /// Last modification.
    Modified,
    /// Creation.
    Created,
}

/// A family of sources: how it is recognised and what it can never show.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The folder's name.
    pub id: String,
    /// Name for people.
    pub title: Words,
    /// `ios`, `android`, or the account's provider.
    pub platform: String,
    /// Kinds of containers that are such a source.
    #[serde(default)]
    pub container: Vec<String>,
    /// Names that give it away in a folder or archive.
    #[serde(default)]
    pub recognise: Vec<String>,
    /// Whether its files are also known one by one, by name or by tables.
    #[serde(default)]
    pub loose: bool,
    /// Artifacts that tell which device it is: copies of one device are read together.
    #[serde(default)]
    pub identity: Vec<String>,
    /// Maps that several artifacts of the family use.
    #[serde(default)]
    pub map: BTreeMap<String, BTreeMap<String, toml::Value>>,
    /// The page in which an export tells what was asked for.
    #[serde(default)]
    pub index: Option<Index>,
    /// Expression whose first group is the moment at which an export was asked for, in the name of its archive (`20261124T060000Z`).
    #[serde(default)]
    pub made: Option<String>,
    /// Kinds of containers that list everything of their scope: what is not listed was not there.
    #[serde(default)]
    pub lists_all: Vec<String>,
    /// What it can never show, and where a person can look instead.
    #[serde(default)]
    pub never: Vec<Never>,
}

/// The page in which an export tells what was asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Globs on the logical names of streams.
    #[serde(rename = "where")]
    pub places: Vec<String>,
    /// Expression whose first group is the name of a part.
    pub names: String,
}

/// What a source can never show.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// In Dutch.
    pub nl: String,
    /// In English.
    pub en: String,
    /// The artifact that shows it after all, in copies that hold its stream (a whole file system).
    #[serde(default)]
    pub unless: Option<String>,
}
