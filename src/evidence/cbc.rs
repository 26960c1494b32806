//! AES-256-CBC as a stream: decrypts block by block in bounded memory and holds the last block back until the end, where
//! the PKCS#7 padding is checked and stripped. Used by iPhone backups and by Android backups.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aes::cipher::{Array, BlockModeDecrypt, KeyIvInit};
use zeroize::{Zeroize, Zeroizing};

use super::Error;

/// A 256-bit key that is wiped on drop.
pub(super) type Key = Zeroizing<[u8; 32]>;

pub(super) const BLOCK: usize = 16;
const BUFFER: usize = 1 << 16;

/// Decrypts what it reads. Padding that does not check out is given as it is, with the flag raised: the consumer may still
/// make something of the bytes (catalogue/ios.md 1.9). Ciphertext that ends inside a block is an error, given after all
/// whole blocks.
pub(super) struct CbcReader<R> {
    inner: R,
    cipher: cbc::Decryptor<aes::Aes256>,
    /// Ciphertext is read here, decrypted in place and given out from here.
    buffer: Vec<u8>,
    /// The plaintext that may be given out.
    ready: std::ops::Range<usize>,
    /// The last block decrypted so far; only the end tells whether it is data or padding.
    held: Option<[u8; BLOCK]>,
    state: State,
    /// Whether the padding is taken for data: a manifest is told from its padding by its page size instead.
    keep_padding: bool,
    invalid: Arc<AtomicBool>,
    name: String,
}

#[derive(PartialEq)]
enum State {
    Reading,
    /// The ciphertext ended inside a block.
    Cut,
    Ended,
}

impl<R: Read> CbcReader<R> {
    /// Decrypts `inner` with the key and initial vector; `name` is for messages. `invalid` is raised when, at the end, the
    /// padding proves invalid.
    pub(super) fn new(inner: R, key: &Key, iv: &[u8; BLOCK], name: String, invalid: Arc<AtomicBool>) -> Self {
        let cipher = cbc::Decryptor::new(&Array(**key), &Array(*iv));
        Self {
            inner,
            cipher,
            buffer: Vec::new(),
            ready: 0..0,
            held: None,
            state: State::Reading,
            keep_padding: false,
            invalid,
            name,
        }
    }

    /// Gives the padding out as well, unchecked.
    pub(super) fn with_padding(mut self) -> Self {
        self.keep_padding = true;
        self
    }

    /// Reads and decrypts the next stretch.
    fn fill(&mut self) -> io::Result<()> {
        // The first block of the buffer is room for the block held back before.
        self.buffer.resize(BUFFER + BLOCK, 0);
        let mut end = BLOCK;
        while let Some(space) = self.buffer.get_mut(end..).filter(|space| !space.is_empty()) {
            match self.inner.read(space) {
                Ok(0) => {
                    self.state = State::Ended;
                    break;
                }
                Ok(count) => end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let whole = end - end % BLOCK;
        let (blocks, _) = Array::slice_as_chunks_mut(self.buffer.get_mut(BLOCK..whole).unwrap_or_default());
        self.cipher.decrypt_blocks(blocks);
        let mut start = BLOCK;
        if let (Some(held), Some(room)) = (self.held.take(), self.buffer.get_mut(..BLOCK)) {
            room.copy_from_slice(&held);
            start = 0;
        }
        let fresh = self.buffer.get(start..whole).unwrap_or_default();
        let mut back = 0;
        if end != whole {
            self.state = State::Cut;
        } else if self.state == State::Ended && !self.keep_padding {
            match padding_length(fresh) {
                Some(length) => back = length,
                // No byte at all is an empty file, not a wrong padding.
                None if fresh.is_empty() => {}
                None => self.invalid.store(true, Ordering::Relaxed),
            }
        } else if self.state == State::Reading {
            self.held = fresh.last_chunk().copied();
            back = BLOCK;
        }
        self.ready = start..whole - back;
        Ok(())
    }
}

/// How many bytes of PKCS#7 padding end the plaintext; nothing when the padding is not valid.
pub(super) fn padding_length(plain: &[u8]) -> Option<usize> {
    let last = *plain.last()?;
    let length = usize::from(last);
    let padding = plain.len().checked_sub(length).and_then(|start| plain.get(start..))?;
    ((1..=BLOCK).contains(&length) && padding.iter().all(|byte| *byte == last)).then_some(length)
}

impl<R: Read> Read for CbcReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            match self.state {
                State::Reading => self.fill()?,
                State::Ended => return Ok(0),
                State::Cut => {
                    let detail = "the ciphertext ends inside a block".to_string();
                    return Err(Error::Damaged { what: self.name.clone(), detail }.into_io());
                }
            }
        }
        let count = self.buffer.get(self.ready.clone()).unwrap_or_default().read(out)?;
        self.ready.start += count;
        Ok(count)
    }
}

impl<R> Drop for CbcReader<R> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.held.zeroize();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use super::*;
    use aes::cipher::BlockModeEncrypt;

    /// Encrypts with PKCS#7 padding and a zero initial vector, or as it is when the length fits and `pad` is false.
    pub fn encrypt(key: &[u8; 32], iv: &[u8; BLOCK], plain: &[u8], pad: bool) -> Vec<u8> {
        let mut bytes = plain.to_vec();
        if pad {
            let length = BLOCK - bytes.len() % BLOCK;
            bytes.resize(bytes.len() + length, u8::try_from(length).unwrap());
        }
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut bytes);
        assert!(rest.is_empty());
        cbc::Encryptor::<aes::Aes256>::new(&Array(*key), &Array(*iv)).encrypt_blocks(blocks);
        bytes
    }

    fn decrypt(key: &[u8; 32], cipher: &[u8]) -> (Vec<u8>, bool, Option<io::Error>) {
        let flag = Arc::new(AtomicBool::new(false));
        let mut reader = CbcReader::new(cipher, &Zeroizing::new(*key), &[0; 16], "test".into(), Arc::clone(&flag));
        let mut plain = Vec::new();
        let error = reader.read_to_end(&mut plain).err();
        (plain, flag.load(Ordering::Relaxed), error)
    }

    /// catalogue/ios.md 1.14, file key a0..bf.
    #[test]
    fn the_published_vectors_decrypt() {
        let key: [u8; 32] = std::array::from_fn(|i| 0xa0 + u8::try_from(i).unwrap());
        for (cipher, plain) in [
            ("657b71e743712b3c77c47548824b8d35", "hello"),
            ("42b91f870290f2918e6fa80aefc0e31478dd4282da1320403574cf8c1472ddf2", "0123456789abcdef"),
            ("dda83c3b909455455f37c10afac185b6", ""),
        ] {
            let cipher = super::super::keybag::tests::hex(cipher);
            let (found, invalid, error) = decrypt(&key, &cipher);
            assert_eq!((found.as_slice(), invalid, error.is_none()), (plain.as_bytes(), false, true));
            assert_eq!(encrypt(&key, &[0; 16], plain.as_bytes(), true), cipher);
        }
    }

    #[test]
    fn every_length_around_the_buffer_comes_back() {
        let key = [9; 32];
        for length in (0..70).chain(BUFFER - 40..BUFFER + 40).chain([3 * BUFFER, 3 * BUFFER + 5]) {
            let plain: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let (found, invalid, error) = decrypt(&key, &encrypt(&key, &[0; 16], &plain, true));
            assert!(found == plain && !invalid && error.is_none(), "length {length}");
        }
    }

    #[test]
    fn wrong_padding_keeps_all_bytes_and_a_cut_block_is_an_error() {
        let key = [3; 32];
        let plain = [0xEE; 48];
        let mut cipher = encrypt(&key, &[0; 16], &plain, false);
        let (found, invalid, error) = decrypt(&key, &cipher);
        assert_eq!((found.as_slice(), invalid, error.is_none()), (plain.as_slice(), true, true));
        cipher.truncate(40);
        let (found, _, error) = decrypt(&key, &cipher);
        assert_eq!(found, [0xEE; 32]);
        assert!(error.unwrap().to_string().contains("inside a block"));
        let (found, _, error) = decrypt(&key, &cipher[..15]);
        assert!(found.is_empty() && error.is_some());
        let (found, invalid, error) = decrypt(&key, b"");
        assert!(found.is_empty() && !invalid && error.is_none());
    }
}
