//! The tests that look at the program from outside. One binary, so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, missing_docs)]

#[path = "suite/accounts_data.rs"]
mod accounts_data;
#[path = "suite/android_data.rs"]
mod android_data;
#[path = "suite/broken.rs"]
mod broken;
#[path = "suite/cli.rs"]
mod cli;
#[path = "suite/compare.rs"]
mod compare;
#[path = "suite/consent.rs"]
mod consent;
#[path = "suite/contact.rs"]
mod contact;
#[path = "suite/court.rs"]
mod court;
#[path = "suite/export_parts.rs"]
mod export_parts;
#[path = "suite/export_times.rs"]
mod export_times;
#[path = "suite/fuzz.rs"]
mod fuzz;
#[path = "suite/golden.rs"]
mod golden;
#[path = "suite/google_apple_data.rs"]
mod google_apple_data;
#[path = "suite/google_takeout.rs"]
mod google_takeout;
#[path = "suite/house.rs"]
mod house;
#[path = "suite/indicators.rs"]
mod indicators;
#[path = "suite/ios_data.rs"]
mod ios_data;
#[path = "suite/ios_filesystem.rs"]
mod ios_filesystem;
#[path = "suite/large_logs.rs"]
mod large_logs;
#[cfg(feature = "pdf")]
#[path = "suite/pdf.rs"]
mod pdf;
#[path = "suite/private.rs"]
mod private;
#[path = "suite/reproduce.rs"]
mod reproduce;
#[path = "suite/same_bytes.rs"]
mod same_bytes;
#[path = "suite/third_party.rs"]
mod third_party;
#[path = "suite/untouched.rs"]
mod untouched;
