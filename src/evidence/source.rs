//! Sources: bytes with random access that several readers can share. A container is laid over a file on disk, over bytes in
//! memory, or over a private copy in scratch of a stream from another container; the code above need not know which.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Container, Context, Error};

/// Streams up to this size (bytes) are copied into memory, larger ones into scratch.
pub(super) const IN_MEMORY: u64 = 4 << 20;

/// The most bytes that one stream of a container is copied to scratch for, so that a nested archive cannot fill the disk.
const LARGEST_COPY: u64 = 64 << 30;

/// Bytes with random access. A clone shares the bytes and has its own position.
#[derive(Debug, Clone)]
pub struct Source {
    bytes: Arc<Bytes>,
    start: u64,
    length: u64,
    position: u64,
}

#[derive(Debug)]
enum Bytes {
    /// A file; with its path when it is part of the evidence, without when it is a nameless copy in scratch.
    File(File, Option<PathBuf>),
    Memory(Vec<u8>),
}

impl Source {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`Error::NotFound`] or what the system says.
    pub fn file(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound(path.to_path_buf()),
            _ => Error::io(path, source),
        })?;
        let length = file.metadata().map_err(|source| Error::io(path, source))?.len();
        Ok(Self { bytes: Arc::new(Bytes::File(file, Some(path.to_path_buf()))), start: 0, length, position: 0 })
    }

    /// Takes bytes in memory.
    #[must_use]
    pub fn memory(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self { bytes: Arc::new(Bytes::Memory(bytes)), start: 0, length, position: 0 }
    }

    /// The stream of a container's entry: the file on disk where there is one, otherwise a copy, in memory when small and
    /// in a nameless private file in scratch when large. The copy is gone when the last clone is dropped.
    ///
    /// # Errors
    /// When the stream cannot be read to its end, or passes 64 GiB.
    pub fn of_entry(container: &dyn Container, entry: usize, ctx: &Context) -> Result<Self, Error> {
        if let Some(path) = container.file(entry) {
            return Self::file(&path);
        }
        let name = container.entries().get(entry).map_or("", |entry| entry.path.as_str());
        container.prepare(&[entry])?;
        let mut stream = container.open(entry)?;
        Self::copy(&mut *stream, name, IN_MEMORY, ctx)
    }

    /// Copies a stream: into memory up to `in_memory` bytes, otherwise into a nameless private file in scratch; `name` is
    /// for messages.
    ///
    /// # Errors
    /// When the stream cannot be read to its end, or passes 64 GiB.
    pub(super) fn copy(stream: &mut dyn Read, name: &str, in_memory: u64, ctx: &Context) -> Result<Self, Error> {
        let mut head = Vec::new();
        stream.take(in_memory.saturating_add(1)).read_to_end(&mut head).map_err(|source| broken(name, source))?;
        if head.len() as u64 <= in_memory {
            return Ok(Self::memory(head));
        }
        let wrap = |source| Error::io(&ctx.scratch, source);
        let mut file = tempfile::tempfile_in(&ctx.scratch).map_err(wrap)?;
        file.write_all(&head).map_err(wrap)?;
        let mut length = head.len() as u64;
        let mut buffer = vec![0; 1 << 18];
        loop {
            ctx.cancel.check()?;
            let count = match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(broken(name, source)),
            };
            length = length.saturating_add(count as u64);
            if length > LARGEST_COPY {
                return Err(Error::Bound { what: name.to_string(), detail: format!("more than {LARGEST_COPY} bytes") });
            }
            file.write_all(buffer.get(..count).unwrap_or_default()).map_err(wrap)?;
        }
        Ok(Self { bytes: Arc::new(Bytes::File(file, None)), start: 0, length, position: 0 })
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether there is not one byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The evidence file that holds exactly these bytes, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &*self.bytes {
            Bytes::File(file, Some(path))
                if self.start == 0 && file.metadata().is_ok_and(|m| m.len() == self.length) =>
            {
                Some(path)
            }
            _ => None,
        }
    }

    /// A part of the bytes as a source of its own, cut to what is there, at position 0.
    #[must_use]
    pub fn slice(&self, start: u64, length: u64) -> Self {
        let start = start.min(self.length);
        Self {
            bytes: Arc::clone(&self.bytes),
            start: self.start.saturating_add(start),
            length: length.min(self.length - start),
            position: 0,
        }
    }

    /// The first bytes, at most `count`; fewer when the source is shorter.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    pub fn head(&self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.slice(0, count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The error of a stream that broke off while it was copied; an [`Error`] that travelled inside is taken out again.
pub(super) fn broken(name: &str, source: io::Error) -> Error {
    match source.downcast::<Error>() {
        Ok(error) => error,
        Err(source)
            if matches!(
                source.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
            ) =>
        {
            Error::Damaged { what: name.to_string(), detail: source.to_string() }
        }
        Err(source) => Error::io(name, source),
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let offset = self.start.saturating_add(self.position);
        let Some(buffer) = buffer.get_mut(..wanted).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let count = match &*self.bytes {
            Bytes::File(file, _) => read_at(file, buffer, offset)?,
            Bytes::Memory(bytes) => {
                let mut rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
                rest.read(buffer)?
            }
        };
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::evidence::tests::context;

    fn all(mut source: Source) -> Vec<u8> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn slices_are_cut_to_what_is_there() {
        let source = Source::memory(b"0123456789".to_vec());
        assert_eq!(all(source.slice(3, 4)), b"3456");
        assert_eq!(all(source.slice(8, u64::MAX)), b"89");
        assert_eq!(all(source.slice(u64::MAX, u64::MAX)), b"");
        assert_eq!(all(source.slice(2, 6).slice(1, 2)), b"34");
        assert_eq!(source.head(4).unwrap(), b"0123");
        let mut source = source;
        assert_eq!(source.seek(SeekFrom::End(-2)).unwrap(), 8);
        assert!(source.seek(SeekFrom::Current(-100)).is_err());
    }

    #[test]
    fn large_streams_leave_no_named_file_behind() {
        let (_scratch, ctx) = context(&[]);
        let bytes = vec![7; 5 << 20];
        let source = Source::copy(&mut bytes.as_slice(), "stream", IN_MEMORY, &ctx).unwrap();
        assert_eq!(source.len(), 5 << 20);
        assert_eq!(source.path(), None);
        assert_eq!(std::fs::read_dir(&ctx.scratch).unwrap().count(), 0);
        assert!(all(source) == bytes);
        ctx.cancel.set();
        assert!(matches!(Source::copy(&mut bytes.as_slice(), "stream", IN_MEMORY, &ctx), Err(Error::Cancelled)));
    }
}
