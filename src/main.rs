//! The command line: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    vrijspoor::cli::run(&std::env::args_os().collect::<Vec<_>>())
}
