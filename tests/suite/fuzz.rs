//! Damaged evidence: every fixture is cut, flipped and overwritten at many places, and each damaged copy is audited. Nothing may
//! panic, and no damaged copy may end as an empty success: there is a refusal, or a report that says what it read.
//!
//! The damage is drawn from a fixed seed, so that a failure can be had again. `VRIJSPOOR_FUZZ_SECONDS` makes the run longer.

use super::golden::plan;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vrijspoor::audit::{self, Silent};
use vrijspoor::embedded::Data;
use vrijspoor::evidence::Cancel;
use vrijspoor::fixture;

/// A small generator of numbers (xorshift64*), enough to choose where to hurt a file.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or(0) % below.max(1)
    }
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    match dice.roll(4) {
        0 => bytes.truncate(dice.roll(bytes.len().max(1))),
        1 => {
            for _ in 0..=dice.roll(16) {
                let at = dice.roll(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.roll(8);
                }
            }
        }
        2 => {
            let at = dice.roll(bytes.len());
            for byte in bytes.iter_mut().skip(at).take(dice.roll(64)) {
                *byte = 0xff;
            }
        }
        _ => {
            let at = dice.roll(bytes.len());
            let tail = bytes.split_off(at);
            bytes.extend_from_slice(tail.get(dice.roll(tail.len())..).unwrap_or_default());
        }
    }
}

fn files(inputs: &[PathBuf]) -> Vec<PathBuf> {
    inputs
        .iter()
        .flat_map(|input| walkdir::WalkDir::new(input).sort_by_file_name())
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

#[test]
fn damaged_evidence_never_panics_and_never_ends_as_if_all_were_well() {
    let seconds = std::env::var("VRIJSPOOR_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(30);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut dice = Dice(0x5eed_0001);
    let mut runs = 0;
    'all: loop {
        for name in fixture::names(Data::default().fixtures) {
            let recipe = fixture::recipe(Data::default().fixtures, name).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let inputs = fixture::build(&recipe, folder.path()).unwrap();
            let all = files(&inputs);
            for _ in 0..4 {
                if Instant::now() > end && runs >= 40 {
                    break 'all;
                }
                let file: &Path = &all[dice.roll(all.len())];
                let whole = std::fs::read(file).unwrap();
                let mut bytes = whole.clone();
                damage(&mut bytes, &mut dice);
                std::fs::write(file, &bytes).unwrap();
                let plan = plan(inputs.clone(), recipe.password.as_deref(), recipe.case.as_deref().unwrap_or(""));
                if let Ok(audited) = audit::run(&plan, &Cancel::default(), &Silent) {
                    let report = &audited.report;
                    assert!(!report.sources.is_empty() && !report.coverage.is_empty(), "{name}: an empty success");
                    assert!(report.outcomes.iter().all(|o| !o.outcome.is_empty()), "{name}");
                }
                std::fs::write(file, &whole).unwrap();
                runs += 1;
            }
        }
    }
    println!("{runs} damaged copies audited");
}
