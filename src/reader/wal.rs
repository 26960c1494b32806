//! The write-ahead log of a `SQLite` database: which of its frames are committed, and their pages. Opening a database with its
//! log beside it would change the evidence, and `immutable=1` would miss the rows that live only in the log (crates.md §3), so
//! the committed frames are laid over the pages by us. Format: <https://sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Error;

/// What a write-ahead log held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalReport {
    /// Whether there were bytes at all.
    pub present: bool,
    /// Committed frames, laid over the pages of the database.
    pub applied: u64,
    /// Frames left out: not committed, of an earlier generation (foreign salts) or damaged.
    pub ignored: u64,
    /// Why the log as a whole was not used, if it was not.
    pub problem: Option<String>,
}

/// The committed pages of a log, spooled to memory or to a private unnamed scratch file.
pub(crate) struct Wal {
    /// What was found.
    pub(crate) report: WalReport,
    /// Bytes in a page; 0 when no frame is committed.
    pub(crate) page_size: usize,
    /// Pages of the database after the last commit.
    pub(crate) pages: u64,
    latest: HashMap<u64, u64>,
    spool: tempfile::SpooledTempFile,
}

/// The rolling checksum of a log, over 32-bit words whose byte order the header's magic tells.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Checksum {
    big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let (mut first, mut second) = self.sums;
        let mut odd = false;
        for raw in bytes.as_chunks::<4>().0 {
            let word = if self.big_endian { u32::from_be_bytes(*raw) } else { u32::from_le_bytes(*raw) };
            if odd {
                second = second.wrapping_add(word).wrapping_add(first);
            } else {
                first = first.wrapping_add(word).wrapping_add(second);
            }
            odd = !odd;
        }
        self.sums = (first, second);
    }
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |raw| u32::from_be_bytes(*raw))
}

impl Wal {
    /// Reads a log to its end.
    ///
    /// # Errors
    /// The stream or the scratch file could not be read or written. A log that is damaged is not an error but a report.
    pub(crate) fn read(source: &mut dyn Read, scratch: &Path) -> Result<Self, Error> {
        let mut wal = Self {
            report: WalReport::default(),
            page_size: 0,
            pages: 0,
            latest: HashMap::new(),
            spool: tempfile::SpooledTempFile::new_in(8 << 20, scratch),
        };
        let mut header = [0_u8; 32];
        let have = read_full(source, &mut header)?;
        wal.report.present = have > 0;
        if have == 0 {
            return Ok(wal);
        }
        let big_endian = match be32(&header, 0) {
            0x377F_0682 => false,
            0x377F_0683 => true,
            _ => return Ok(wal.refuse("the log has no valid header")),
        };
        let page_size = be32(&header, 8) as usize;
        let mut sum = Checksum { big_endian, sums: (0, 0) };
        sum.add(header.get(..24).unwrap_or_default());
        if have < 32 || sum.sums != (be32(&header, 24), be32(&header, 28)) {
            return Ok(wal.refuse("the header's checksum does not match"));
        }
        if !(512..=65536).contains(&page_size) || !page_size.is_power_of_two() {
            return Ok(wal.refuse("the header names an impossible page size"));
        }
        wal.frames(source, sum, &header, page_size)?;
        Ok(wal)
    }

    fn refuse(mut self, why: &str) -> Self {
        self.report.problem = Some(why.to_owned());
        self
    }

    fn frames(
        &mut self,
        source: &mut dyn Read,
        mut sum: Checksum,
        header: &[u8],
        page_size: usize,
    ) -> Result<(), Error> {
        let mut frame = vec![0_u8; 24 + page_size];
        let (mut seen, mut valid) = (0_u64, true);
        let (mut open, mut open_frames) = (Vec::new(), 0_u64);
        loop {
            let have = read_full(source, &mut frame)?;
            if have == 0 {
                break;
            }
            seen += 1;
            let page = u64::from(be32(&frame, 0));
            valid = valid && have == frame.len() && page > 0 && frame.get(8..16) == header.get(16..24);
            if !valid {
                continue;
            }
            sum.add(frame.get(..8).unwrap_or_default());
            sum.add(frame.get(24..).unwrap_or_default());
            if sum.sums != (be32(&frame, 16), be32(&frame, 20)) {
                valid = false;
                continue;
            }
            let offset = self.spool.stream_position()?;
            self.spool.write_all(frame.get(24..).unwrap_or_default())?;
            open.push((page, offset));
            open_frames += 1;
            let size = u64::from(be32(&frame, 4));
            if size > 0 {
                self.latest.extend(open.drain(..));
                self.report.applied += open_frames;
                open_frames = 0;
                self.pages = size;
                self.page_size = page_size;
            }
        }
        self.report.ignored = seen.saturating_sub(self.report.applied);
        Ok(())
    }

    /// Puts the committed content of a page (1-based) into `page`; `false` when the log does not hold it.
    ///
    /// # Errors
    /// The scratch file could not be read.
    pub(crate) fn page(&mut self, number: u64, page: &mut [u8]) -> io::Result<bool> {
        let Some(offset) = self.latest.get(&number) else { return Ok(false) };
        self.spool.seek(SeekFrom::Start(*offset))?;
        self.spool.read_exact(page)?;
        Ok(true)
    }

    /// Lays no frame over anything: the log belongs to another database.
    pub(crate) fn discard(&mut self, why: &str) {
        self.report.ignored += self.report.applied;
        self.report.applied = 0;
        self.report.problem = Some(why.to_owned());
        self.latest.clear();
        self.page_size = 0;
    }
}

/// Fills the buffer as far as the stream reaches.
pub(crate) fn read_full(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while let Some(room) = buffer.get_mut(have..).filter(|room| !room.is_empty()) {
        match source.read(room) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(have)
}
