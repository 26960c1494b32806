//! The ledger of what was opened. Consent has a scope; what lies outside it must stay closed, and a report can only say so when the
//! doors themselves keep count. Every opened container is put behind a door that writes down each stream that is asked of it.
//! Hashing goes over the stored bytes and not through these doors.

use super::{Container, Entry, Error, Kind, Opened, Remark};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What has been done with a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touch {
    /// It was opened while it was not yet known what it is: its beginning, or the names of its tables.
    pub looked_at: bool,
    /// It was opened to be read.
    pub read: bool,
}

/// The ledger of all containers of an audit.
pub struct Ledger {
    reading: Arc<AtomicBool>,
    doors: Vec<Arc<Door>>,
}

impl Ledger {
    /// Puts a door before every container. What is opened from now on is written down as looked at.
    pub fn keep(containers: &mut [Opened]) -> Self {
        let reading = Arc::new(AtomicBool::new(false));
        let door = |opened: &mut Opened| {
            let door = Arc::new(Door {
                container: Arc::clone(&opened.container),
                reading: Arc::clone(&reading),
                touched: Mutex::default(),
            });
            opened.container = Arc::clone(&door) as Arc<dyn Container>;
            door
        };
        let doors = containers.iter_mut().map(door).collect();
        Self { reading, doors }
    }

    /// From now on an opened stream is read, no longer looked at.
    pub fn begin_reading(&self) {
        self.reading.store(true, Ordering::SeqCst);
    }

    /// What was done with a stream: container and entry.
    #[must_use]
    pub fn of(&self, (container, entry): (usize, usize)) -> Touch {
        let touched = self.doors.get(container).map(|door| door.touched.lock().unwrap_or_else(PoisonError::into_inner));
        touched.and_then(|touched| touched.get(&entry).copied()).unwrap_or_default()
    }
}

/// A container that keeps count of what is asked of it.
struct Door {
    container: Arc<dyn Container>,
    reading: Arc<AtomicBool>,
    touched: Mutex<BTreeMap<usize, Touch>>,
}

impl Door {
    fn note(&self, entry: usize) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let touch = touched.entry(entry).or_default();
        if self.reading.load(Ordering::SeqCst) {
            touch.read = true;
        } else {
            touch.looked_at = true;
        }
    }
}

impl Container for Door {
    fn kind(&self) -> Kind {
        self.container.kind()
    }

    fn entries(&self) -> &[Entry] {
        self.container.entries()
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        self.note(entry);
        self.container.open(entry)
    }

    fn prepare(&self, wanted: &[usize]) -> Result<(), Error> {
        for entry in wanted {
            self.note(*entry);
        }
        self.container.prepare(wanted)
    }

    fn file(&self, entry: usize) -> Option<PathBuf> {
        self.note(entry);
        self.container.file(entry)
    }

    fn remarks(&self) -> &[Remark] {
        self.container.remarks()
    }

    fn found_while_reading(&self) -> Vec<Remark> {
        self.container.found_while_reading()
    }
}
