//! Facts: the vocabulary (`artifacts/facts.toml`) and the store that holds them. A fact is one row of one kind, with a
//! citation that says where it was read. The store is a private `SQLite` database; once sealed it can only be asked.

pub mod lint;
pub mod packed;
pub mod sorted;
pub mod store;
pub mod vocabulary;

pub use lint::{Problem, Problems};
pub use packed::Packed;
pub use sorted::Sorter;
pub use store::{NewFact, Store};
pub use vocabulary::{Column, ColumnType, FactKind, Vocabulary};
