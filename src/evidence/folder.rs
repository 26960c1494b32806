//! Folders and single files on disk. Links are never followed: what lies behind one was not handed in.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Container, Context, Entry, Error, Kind, Remark, Source, label};

/// A folder with everything below it, or one file handed in by itself.
#[derive(Debug)]
pub struct Folder {
    kind: Kind,
    entries: Vec<Entry>,
    paths: Vec<PathBuf>,
    remarks: Vec<Remark>,
}

impl Folder {
    /// Lists a folder.
    ///
    /// # Errors
    /// When the folder itself cannot be listed; a folder below that cannot be entered is a remark.
    pub fn open(root: &Path, ctx: &Context) -> Result<Self, Error> {
        std::fs::read_dir(root).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::NotFound(root.to_path_buf()),
            _ => Error::io(root, source),
        })?;
        let mut found = Vec::new();
        let mut closed = Vec::new();
        for item in walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name() {
            ctx.cancel.check()?;
            match item {
                Ok(item) if item.file_type().is_dir() => {}
                Ok(item) => found.push((list(&item, root), item.into_path())),
                Err(error) => closed.push(error.path().map_or_else(String::new, |path| relative(path, root))),
            }
        }
        found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let (entries, paths) = found.into_iter().unzip();
        let remarks = closed
            .first()
            .map(|first| Remark { code: "folder-unreadable", detail: first.clone(), count: closed.len() as u64 })
            .into_iter()
            .collect();
        Ok(Self { kind: Kind::Folder, entries, paths, remarks })
    }

    /// One file by itself, or a database with its log; the entries carry the files' names.
    ///
    /// # Errors
    /// When there is no such file or it cannot be opened.
    pub fn files(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut found = Vec::new();
        for path in paths {
            let source = Source::file(path)?;
            let name = path.file_name().map(|name| label(name.as_encoded_bytes())).unwrap_or_default();
            let modified = std::fs::metadata(path).ok().and_then(|data| modified(&data));
            found.push((Entry { path: name, size: source.len(), modified, ..Entry::default() }, path.clone()));
        }
        found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let (entries, paths) = found.into_iter().unzip();
        Ok(Self { kind: Kind::File, entries, paths, remarks: Vec::new() })
    }
}

fn list(item: &walkdir::DirEntry, root: &Path) -> Entry {
    let mut entry = Entry { path: relative(item.path(), root), ..Entry::default() };
    if item.file_type().is_symlink() {
        entry.unreadable = Some("link".into());
    } else if !item.file_type().is_file() {
        entry.unreadable = Some("not a regular file".into());
    } else if let Ok(data) = item.metadata() {
        entry.size = data.len();
        entry.modified = modified(&data);
    } else {
        entry.unreadable = Some("not listed by the system".into());
    }
    entry
}

/// The path below `root` with `/` between its parts on every system.
fn relative(path: &Path, root: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|part| label(part.as_os_str().as_encoded_bytes())).collect::<Vec<_>>().join("/")
}

fn modified(data: &std::fs::Metadata) -> Option<i64> {
    let since = data.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

impl Container for Folder {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        let (Some(listed), Some(path)) = (self.entries.get(entry), self.paths.get(entry)) else {
            return Err(Error::Missing { what: format!("entry {entry}") });
        };
        if let Some(reason) = &listed.unreadable {
            return Err(Error::Unsupported { what: listed.path.clone(), detail: reason.clone() });
        }
        Ok(Box::new(Source::file(path)?))
    }

    fn file(&self, entry: usize) -> Option<PathBuf> {
        self.entries.get(entry).filter(|listed| listed.unreadable.is_none())?;
        self.paths.get(entry).cloned()
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::evidence::tests::{context, find, read};

    #[test]
    fn files_are_sorted_and_links_are_not_followed() {
        let (scratch, ctx) = context(&[]);
        let root = scratch.path().join("root");
        std::fs::create_dir_all(root.join("b/c")).unwrap();
        std::fs::write(scratch.path().join("outside"), b"not handed in").unwrap();
        for (name, content) in [("b/c/1", "one"), ("b.txt", "two"), ("a", "")] {
            std::fs::write(root.join(name), content).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("../outside", root.join("link")).unwrap();
        let folder = Folder::open(&root, &ctx).unwrap();
        let names: Vec<_> = folder.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert!(names.is_sorted());
        assert_eq!(read(&folder, "b/c/1"), b"one");
        assert_eq!(folder.file(find(&folder, "b.txt")), Some(root.join("b.txt")));
        #[cfg(unix)]
        {
            let link = find(&folder, "link");
            assert_eq!(folder.entries()[link].unreadable.as_deref(), Some("link"));
            assert!(folder.open(link).is_err() && folder.file(link).is_none());
        }
        assert!(matches!(folder.open(99), Err(Error::Missing { .. })));
        assert!(matches!(Folder::open(&root.join("none"), &ctx), Err(Error::NotFound(_))));
        assert!(matches!(Folder::files(&[root.join("none")]), Err(Error::NotFound(_))));
        let file = Folder::files(&[root.join("b.txt")]).unwrap();
        assert_eq!((file.kind(), file.entries()[0].size), (Kind::File, 3));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8_are_shown_escaped() {
        use std::os::unix::ffi::OsStrExt as _;
        let (scratch, ctx) = context(&[]);
        std::fs::write(scratch.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), b"x").unwrap();
        let folder = Folder::open(scratch.path(), &ctx).unwrap();
        assert_eq!(read(&folder, "caf\\xE9"), b"x");
    }
}
