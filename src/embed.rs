//! Reads the data folders into the program at build time.
fn main() {}
