//! Long lists in little memory. An access log gives a hundred thousand facts, and each takes kilobytes as a value with its names. A
//! [`Packed`] list keeps its items as deflated JSON in blocks and unpacks one block at a time; a short list is never packed.

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::io::{Read as _, Write as _};
use std::marker::PhantomData;
use std::sync::Arc;

/// Items of a block: few enough to hold unpacked, many enough to pack well.
const BLOCK: usize = 512;

/// What can be kept packed.
pub trait Item: Clone + Serialize + DeserializeOwned {}
impl<T: Clone + Serialize + DeserializeOwned> Item for T {}

/// A list that can grow long. Its items come out as values of their own, in the order in which they went in.
#[derive(Clone)]
pub struct Packed<T> {
    /// Full blocks. They never change, so copies of the list share them.
    blocks: Vec<Arc<[u8]>>,
    /// The items after them, as they are.
    tail: Vec<T>,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), tail: Vec::new() }
    }
}

impl<T> Packed<T> {
    /// How many items.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.blocks.len() * BLOCK + self.tail.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all items out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<T: Item> Packed<T> {
    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.tail.push(item);
        if self.tail.len() == BLOCK {
            self.blocks.push(pack(&self.tail).into());
            self.tail.clear();
        }
    }

    /// The items, one block of them unpacked at a time.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { blocks: self.blocks.iter(), open: Vec::new().into_iter(), tail: self.tail.iter() }
    }
}

/// Packs a block.
fn pack<T: Serialize>(items: &[T]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = serde_json::to_writer(std::io::BufWriter::new(&mut out), items).map_err(std::io::Error::from);
    match written.and_then(|()| out.flush()).and_then(|()| out.finish()) {
        Ok(bytes) => bytes,
        // Writing to memory does not fail, and an item that is no JSON is a fault of the program.
        Err(error) => panic!("an item of a long list cannot be written: {error}"),
    }
}

fn unpack<T: DeserializeOwned>(block: &[u8]) -> Vec<T> {
    let mut json = Vec::with_capacity(block.len().saturating_mul(8));
    let inflated = DeflateDecoder::new(block).read_to_end(&mut json).map_err(serde_json::Error::io);
    // Read from memory: byte by byte out of the decoder takes three times as long.
    match inflated.and_then(|_| serde_json::from_slice(&json)) {
        Ok(items) => items,
        // It was written by `pack` and never left the memory.
        Err(error) => panic!("a block of a long list cannot be read: {error}"),
    }
}

/// The items of a [`Packed`] list.
pub struct Iter<'a, T> {
    blocks: std::slice::Iter<'a, Arc<[u8]>>,
    open: std::vec::IntoIter<T>,
    tail: std::slice::Iter<'a, T>,
}

impl<T: Item> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(item) = self.open.next() {
                return Some(item);
            }
            match self.blocks.next() {
                Some(block) => self.open = unpack(block).into_iter(),
                None => return self.tail.next().cloned(),
            }
        }
    }
}

impl<'a, T: Item> IntoIterator for &'a Packed<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Item> Extend<T> for Packed<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T: Item> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::default();
        list.extend(items);
        list
    }
}

impl<T: Item + PartialEq> PartialEq for Packed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.len())
    }
}

impl<T: Item> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self)
    }
}

impl<'de, T: Item> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Item> Visitor<'de> for Items<T> {
            type Value = Packed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Packed<T>, A::Error> {
                let mut list = Packed::default();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(list)
            }
        }
        from.deserialize_seq(Items(PhantomData))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_list_gives_back_what_went_in_and_is_the_same_list_as_json() {
        for count in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let items: Vec<String> = (0..count).map(|n| format!("2001:db8::{n:x} \"é\" \u{0}")).collect();
            let list: Packed<String> = items.iter().cloned().collect();
            assert_eq!((list.len(), list.is_empty()), (count, count == 0));
            assert_eq!(list.iter().collect::<Vec<_>>(), items);
            let json = serde_json::to_string_pretty(&list).unwrap();
            assert_eq!(json, serde_json::to_string_pretty(&items).unwrap());
            let again: Packed<String> = serde_json::from_str(&json).unwrap();
            assert!(again == list && again.clone() == list);
            assert!(again != items.iter().cloned().chain(["x".into()]).collect());
        }
    }

    #[test]
    fn like_items_take_little_room() {
        let item = |n: usize| format!("App : GMAIL_APP. Os : ANDROID_OS. Device Type : MOBILE. 2001:db8::{n:x}");
        let list: Packed<String> = (0..100 * BLOCK).map(item).collect();
        let plain: usize = list.iter().map(|s| s.len()).sum();
        let packed: usize = list.blocks.iter().map(|b| b.len()).sum();
        assert!(packed * 5 < plain, "{packed} of {plain}");
    }
}
