//! Everything the typesetter may see: the template, the page and its pictures. There is no file system, no package, no network and no
//! clock behind it, so the same page gives the same bytes everywhere.

use super::glyphs;
use std::collections::BTreeMap;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

/// The template.
const TEMPLATE: &str = include_str!("page.typ");

/// The world of one page.
pub(super) struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    main: Source,
    files: BTreeMap<String, Bytes>,
}

impl Desk {
    /// A world with these files beside the template.
    ///
    /// # Errors
    /// When a name is no path, which no name of this program is.
    pub(super) fn new(files: BTreeMap<String, Bytes>) -> Result<Self, String> {
        let main = VirtualPath::new("/page.typ").map_err(|error| format!("{error:?}"))?;
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(glyphs::fonts())),
            main: Source::new(RootedPath::new(VirtualRoot::Project, main).intern(), TEMPLATE.to_owned()),
            files,
        })
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let inside = *id.root() == VirtualRoot::Project;
        let name = id.vpath().get_without_slash();
        self.files.get(name).filter(|_| inside).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        glyphs::fonts().get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
