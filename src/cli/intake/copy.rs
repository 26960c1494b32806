//! Whether a place holds a copy that can be read: said while somebody is still choosing it, not after half an hour.

use crate::artifact::Artifacts;
use crate::audit::{reconcile, source};
use crate::embedded::Data;
use crate::evidence::{Cancel, Context, open, scratch::Scratch};
use std::path::Path;

/// What is recognised at a place: the names of the phones and accounts, none when nothing is.
///
/// # Errors
/// The code of the error when the place cannot be opened.
pub fn recognised(place: &Path, data: Data, lang: &str) -> Result<Vec<String>, String> {
    let artifacts = Artifacts::load(data.artifacts).map_err(|_| "data-files".to_owned())?;
    let code = |e: crate::evidence::Error| e.code().to_owned();
    let scratch = Scratch::new().map_err(code)?;
    let context = Context { scratch: scratch.path().to_path_buf(), passwords: Vec::new(), cancel: Cancel::default() };
    // Saying what it is needs no password.
    let opened = open::open_locked(&[place.to_path_buf()], &context).map_err(code)?;
    let all = ["all".to_owned()];
    let mut sources = source::recognise(&artifacts, &opened.containers, &all, scratch.path());
    reconcile::reconcile(&mut sources, &artifacts, &opened.containers, &all, scratch.path());
    Ok(sources.iter().map(|source| source.family.title.get(lang).to_owned()).collect())
}
