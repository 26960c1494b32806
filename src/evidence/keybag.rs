//! The keybag of an iPhone backup: reads its tag-length-value form, derives the key from the password and unwraps the class
//! keys. Formats after catalogue/ios.md 1.8 and 1.9; the integrity check of the unwrap (RFC 3394) is the password check.

use std::collections::BTreeMap;

use aes::cipher::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::cbc::Key;
use super::{Cancel, Error, Password};

/// The most rounds a keybag may ask for. Real bags ask 10 million; a forged one could otherwise ask for days.
const MOST_ROUNDS: u32 = 100_000_000;

/// How many rounds are computed between two looks at the wish to stop.
const STRETCH: u32 = 1 << 18;

const WHAT: &str = "the backup's keybag";

/// A keybag as read, before any password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keybag {
    /// 1 for a backup.
    pub kind: u32,
    /// Salt and rounds of the first derivation (SHA-256), since iOS 10.2.
    pub outer: Option<(Vec<u8>, u32)>,
    /// Salt and rounds of the second derivation (SHA-1).
    pub inner: (Vec<u8>, u32),
    /// The class records that hold a class number and a wrapped key.
    pub classes: Vec<ClassRecord>,
    /// Records without a class number or a wrapped key; they are passed over.
    pub incomplete: u64,
}

/// One class of protection in a keybag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassRecord {
    /// Number of the protection class (catalogue/ios.md 1.8).
    pub class: u32,
    /// Bit 2: wrapped with the backup password; bit 1: wrapped with the device's own key and closed to everybody else.
    pub wrap: u32,
    /// The wrapped key, 40 bytes when sound.
    pub wrapped: Vec<u8>,
}

/// The class keys that a password opened. Wiped on drop.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: BTreeMap<u32, Key>,
    /// Classes wrapped with the password that it did not open.
    pub closed: Vec<u32>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("classes", &self.keys.keys()).field("closed", &self.closed).finish()
    }
}

fn damaged(detail: String) -> Error {
    Error::Damaged { what: WHAT.to_string(), detail }
}

impl Keybag {
    /// Reads a keybag. Unknown tags are passed over; an incomplete class record is counted, not fatal.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a length runs past the end (the tag is named), or salt or rounds are missing or absurd.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut header: BTreeMap<[u8; 4], &[u8]> = BTreeMap::new();
        let mut records: Vec<BTreeMap<[u8; 4], &[u8]>> = Vec::new();
        let mut rest = bytes;
        let mut uuids = 0u32;
        while !rest.is_empty() {
            let (tag, after) = rest.split_first_chunk::<4>().ok_or_else(|| damaged("it ends inside a tag".into()))?;
            let name = super::label(tag);
            let (length, after) = after
                .split_first_chunk::<4>()
                .ok_or_else(|| damaged(format!("it ends inside the length of {name}")))?;
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            let (value, after) =
                after.split_at_checked(length).ok_or_else(|| damaged(format!("{name} runs past the end")))?;
            rest = after;
            if tag == b"UUID" {
                uuids += 1;
                if uuids > 1 {
                    records.push(BTreeMap::new());
                }
            }
            records.last_mut().unwrap_or(&mut header).insert(*tag, value);
        }
        let mut bag =
            Self { kind: header.get(b"TYPE").and_then(|value| number(value)).unwrap_or(0), ..Self::default() };
        bag.inner = (
            header.get(b"SALT").map(|salt| salt.to_vec()).unwrap_or_default(),
            rounds(&header, *b"ITER")?.unwrap_or(0),
        );
        if bag.inner.0.is_empty() || bag.inner.1 == 0 {
            return Err(damaged("SALT or ITER is missing".into()));
        }
        bag.outer = match (header.get(b"DPSL"), rounds(&header, *b"DPIC")?) {
            (Some(salt), Some(rounds)) => Some((salt.to_vec(), rounds)),
            (None, None) => None,
            _ => return Err(damaged("of DPSL and DPIC only one is there".into())),
        };
        for record in records {
            let class = record.get(b"CLAS").and_then(|value| number(value));
            match (class, record.get(b"WPKY")) {
                (Some(class), Some(wrapped)) => bag.classes.push(ClassRecord {
                    class,
                    wrap: record.get(b"WRAP").and_then(|value| number(value)).unwrap_or(0),
                    wrapped: wrapped.to_vec(),
                }),
                _ => bag.incomplete += 1,
            }
        }
        Ok(bag)
    }

    /// Opens the class keys with a password; a class that stays closed beside open ones is named in the keyring.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`] when not one class opens, [`Error::Damaged`] when no class could be opened by any
    /// password, [`Error::Cancelled`].
    pub fn unlock(&self, password: &Password, cancel: &Cancel) -> Result<Keyring, Error> {
        let (open, sound): (Vec<_>, Vec<_>) = (
            self.classes.iter().filter(|record| record.wrap & 2 != 0).collect(),
            self.classes.iter().filter(|record| record.wrap & 2 != 0 && record.wrapped.len() == 40).collect(),
        );
        if sound.is_empty() {
            return Err(damaged("no class key is wrapped with a password".into()));
        }
        let key = self.derive(password, cancel)?;
        let mut ring = Keyring::default();
        for record in open {
            // Bit 1 as well: the password's layer lies under the device's layer, which nobody else can lift.
            match unwrap_key(&key, &record.wrapped) {
                Some(class_key) => {
                    ring.keys.insert(record.class, class_key);
                }
                None if record.wrap & 1 == 0 => ring.closed.push(record.class),
                None => {}
            }
        }
        if ring.keys.is_empty() { Err(Error::PasswordWrong { what: WHAT.to_string() }) } else { Ok(ring) }
    }

    /// The key-encryption key: SHA-256 rounds over the password since iOS 10.2, then SHA-1 rounds.
    fn derive(&self, password: &Password, cancel: &Cancel) -> Result<Key, Error> {
        let mut key = Zeroizing::new([0; 32]);
        let mut first = Zeroizing::new(password.as_str().as_bytes().to_vec());
        if let Some((salt, rounds)) = &self.outer {
            first = Zeroizing::new(stretch_password(&first, salt, *rounds, cancel)?.to_vec());
        }
        cancel.check()?;
        pbkdf2::pbkdf2_hmac::<sha1::Sha1>(&first, &self.inner.0, self.inner.1, &mut *key);
        Ok(key)
    }
}

impl Keyring {
    /// The key under which a stream is encrypted: `wrapped` is a little-endian class number and the wrapped key, as in
    /// `EncryptionKey` and `ManifestKey`. `fallback` is the class where the number in front names none that is open.
    #[must_use]
    pub(super) fn open(&self, wrapped: &[u8], fallback: Option<u32>) -> Option<Key> {
        let (class, wrapped) = wrapped.split_first_chunk::<4>()?;
        let class = u32::from_le_bytes(*class);
        [Some(class), fallback].into_iter().flatten().find_map(|class| unwrap_key(self.keys.get(&class)?, wrapped))
    }
}

fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

fn rounds(header: &BTreeMap<[u8; 4], &[u8]>, tag: [u8; 4]) -> Result<Option<u32>, Error> {
    let Some(value) = header.get(&tag) else { return Ok(None) };
    let name = super::label(&tag);
    match number(value) {
        Some(0) | None => Err(damaged(format!("{name} is not a number of rounds"))),
        Some(rounds) if rounds > MOST_ROUNDS => Err(Error::Bound {
            what: WHAT.to_string(),
            detail: format!("{name} asks {rounds} rounds, the bound is {MOST_ROUNDS}"),
        }),
        Some(rounds) => Ok(Some(rounds)),
    }
}

/// RFC 3394 unwrap of a 256-bit key; nothing when the integrity check fails or the length is not 40 bytes.
fn unwrap_key(kek: &Key, wrapped: &[u8]) -> Option<Key> {
    let mut key = Zeroizing::new([0; 32]);
    if wrapped.len() != 40 {
        return None;
    }
    aes_kw::KwAes256::new(&aes::cipher::Array(**kek)).unwrap_key(wrapped, &mut *key).ok()?;
    Some(key)
}

/// PBKDF2-HMAC-SHA256 of one 32-byte block. The loop works on prepared HMAC states, which is what makes ten million rounds
/// take about a second, and looks now and then whether the user wants to stop.
fn stretch_password(password: &[u8], salt: &[u8], rounds: u32, cancel: &Cancel) -> Result<Key, Error> {
    let mac = Hmac::<Sha256>::new_from_slice(password).map_err(|error| damaged(error.to_string()))?;
    let mut first = mac;
    first.update(salt);
    first.update(&1u32.to_be_bytes());
    let last = Zeroizing::new(<[u8; 32]>::from(first.finalize().into_bytes()));

    let (inner, outer) = hmac_states(password);
    // A block of 32 bytes that follows one full block: the bytes, the end mark, and the length of 96 bytes in bits. Only
    // the bytes change from round to round.
    let mut block = [0u8; 64];
    for (room, byte) in block.iter_mut().zip(last.iter().chain(&[0x80])) {
        *room = *byte;
    }
    if let Some(length) = block.last_chunk_mut::<2>() {
        *length = (96u16 * 8).to_be_bytes();
    }
    let mut total = Zeroizing::new([0u32; 8]);
    for (sum, bytes) in total.iter_mut().zip(last.as_chunks().0) {
        *sum = u32::from_be_bytes(*bytes);
    }
    for round in 1..rounds {
        if round % STRETCH == 0 {
            cancel.check()?;
        }
        let mut words = inner;
        sha2::block_api::compress256(&mut words, std::slice::from_ref(&block));
        fill(&mut block, &words);
        words = outer;
        sha2::block_api::compress256(&mut words, std::slice::from_ref(&block));
        fill(&mut block, &words);
        for (sum, word) in total.iter_mut().zip(words) {
            *sum ^= word;
        }
    }
    block.zeroize();
    let mut key = Zeroizing::new([0; 32]);
    for (bytes, word) in key.as_chunks_mut().0.iter_mut().zip(*total) {
        *bytes = word.to_be_bytes();
    }
    Ok(key)
}

/// Writes a hash state as bytes over the first half of a block.
fn fill(block: &mut [u8; 64], words: &[u32; 8]) {
    for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
}

/// The states of SHA-256 after the inner and the outer key block of HMAC (RFC 2104).
fn hmac_states(password: &[u8]) -> ([u32; 8], [u32; 8]) {
    /// The initial state of SHA-256 (FIPS 180-4, 5.3.3).
    const START: [u32; 8] =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let mut key = Zeroizing::new([0u8; 64]);
    let digest: [u8; 32];
    let short = if password.len() > 64 {
        digest = sha2::Digest::finalize(<Sha256 as sha2::Digest>::new_with_prefix(password)).into();
        digest.as_slice()
    } else {
        password
    };
    for (room, byte) in key.iter_mut().zip(short) {
        *room = *byte;
    }
    let state = |mask: u8| {
        let mut state = START;
        sha2::block_api::compress256(&mut state, &[key.map(|byte| byte ^ mask)]);
        state
    };
    (state(0x36), state(0x5c))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use super::*;

    pub fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// The class keys of the vector: 40..5f and 60..7f.
    fn counting(from: u8) -> [u8; 32] {
        std::array::from_fn(|i| from + u8::try_from(i).unwrap())
    }

    pub const PASSWORD: &str = "correct horse battery staple";

    /// catalogue/ios.md 1.14; classes 3, 4 and 6.
    pub fn vector() -> Vec<u8> {
        hex("5645525300000004000000045459504500000004000000015555494400000010000102030405060708090a0b0c0d0e0f484d\
         434b000000280000000000000000000000000000000000000000000000000000000000000000000000000000000057524150\
         000000040000000053414c5400000014202122232425262728292a2b2c2d2e2f303132334954455200000004000003e84450\
         575400000004000000014450494300000004000003e84450534c00000014000102030405060708090a0b0c0d0e0f10111213\
         555549440000001003030303030303030303030303030303434c415300000004000000035752415000000004000000024b54\
         5950000000040000000057504b59000000288284cf27f253b81915544d81d1d34b2d64fe74958deca90ce3cc9f40e26b0a4c\
         9a67066a75c94ce1555549440000001004040404040404040404040404040404434c41530000000400000004575241500000\
         0004000000024b545950000000040000000057504b59000000288546199e4b212b6d72bab4da55f7f162e4b26e3a6a674aad\
         19d7ac820a025927be26d48425a2ac73555549440000001006060606060606060606060606060606434c4153000000040000\
         00065752415000000004000000024b545950000000040000000057504b59000000282a44308e046a3ce729122c34ec0c049c\
         25062a6e19277fbe45a9e7f9b98a2b3a4c18432c588e7b51")
    }

    fn unlock(bag: &[u8], password: &str) -> Result<Keyring, Error> {
        Keybag::parse(bag)?.unlock(&Password::new(password.into()), &Cancel::default())
    }

    #[test]
    fn the_published_vector_opens() {
        let bag = Keybag::parse(&vector()).unwrap();
        assert_eq!((bag.kind, bag.inner.1, bag.outer.as_ref().unwrap().1, bag.incomplete), (1, 1000, 1000, 0));
        assert_eq!(bag.classes.iter().map(|c| (c.class, c.wrap)).collect::<Vec<_>>(), [(3, 2), (4, 2), (6, 2)]);
        let k1 =
            stretch_password(PASSWORD.as_bytes(), &bag.outer.as_ref().unwrap().0, 1000, &Cancel::default()).unwrap();
        assert_eq!(k1.as_slice(), hex("fb9880774a6fc1fa29abd7a533bf3969697aa9a73e5722662220854d51ae580a"));
        let kek = bag.derive(&Password::new(PASSWORD.into()), &Cancel::default()).unwrap();
        assert_eq!(kek.as_slice(), hex("8c3a08e0503601371bb918a06265fade476a852aee6e15f594e45b1b23ac4676"));
        let legacy = Keybag { outer: None, ..bag.clone() };
        let kek = legacy.derive(&Password::new(PASSWORD.into()), &Cancel::default()).unwrap();
        assert_eq!(kek.as_slice(), hex("744f2d2108eab5d0ab3e58e67cebf57b0f37e2bf3fcd71133d40494b7a81c7f8"));

        let ring = unlock(&vector(), PASSWORD).unwrap();
        assert_eq!(ring.keys.get(&3).unwrap().as_slice(), counting(0x40));
        assert_eq!(ring.keys.get(&4).unwrap().as_slice(), counting(0x60));
        let file = ring.open(
            &hex("030000001e4b8c6dfafc5e7d8cdced03acccb50e619f1563362cfae621e45919be87390efc109207e6841df9"),
            None,
        );
        assert_eq!(file.unwrap().as_slice(), counting(0xa0));
        let manifest = ring.open(
            &hex("04000000cba7f4623b907e8acbee9e36a79341b65e7650098e66c140a57e576fcf7cc386c92bd8532468a45a"),
            None,
        );
        assert_eq!(manifest.unwrap().as_slice(), counting(0xc0));
        // Class absent, then found through the fallback.
        let mut other = hex("030000001e4b8c6dfafc5e7d8cdced03acccb50e619f1563362cfae621e45919be87390efc109207e6841df9");
        other[0] = 9;
        assert!(ring.open(&other, None).is_none());
        assert!(ring.open(&other, Some(3)).is_some());
        assert!(ring.open(&other[..43], Some(3)).is_none());
        assert!(ring.open(b"", Some(3)).is_none());
        assert!(!format!("{ring:?}").contains("64, 65"));
    }

    #[test]
    fn rfc_3394_section_4_6() {
        let kek = Zeroizing::new(counting(0));
        let wrapped = hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
        let key = unwrap_key(&kek, &wrapped).unwrap();
        assert_eq!(key.as_slice(), hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"));
        assert!(unwrap_key(&kek, &wrapped[..39]).is_none());
        let mut spoilt = wrapped.clone();
        spoilt[17] ^= 1;
        assert!(unwrap_key(&kek, &spoilt).is_none());
    }

    #[test]
    fn the_own_loop_equals_the_library() {
        for (password, salt, rounds) in
            [("", "", 1), ("x", "salt", 2), ("pässwörd", "s", 777), (&"long".repeat(40), "salt", 5)]
        {
            let mut expected = [0; 32];
            pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), rounds, &mut expected);
            let found = stretch_password(password.as_bytes(), salt.as_bytes(), rounds, &Cancel::default()).unwrap();
            assert_eq!(found.as_slice(), expected, "{password} {rounds}");
        }
        let cancel = Cancel::default();
        cancel.set();
        assert!(matches!(stretch_password(b"x", b"y", STRETCH + 1, &cancel), Err(Error::Cancelled)));
    }

    #[test]
    fn a_wrong_password_fails_at_the_unwrap() {
        assert!(matches!(unlock(&vector(), "correct horse battery stapler"), Err(Error::PasswordWrong { .. })));
        assert!(matches!(unlock(&vector(), ""), Err(Error::PasswordWrong { .. })));
    }

    #[test]
    fn damaged_bags_are_named_and_never_panic() {
        let bag = vector();
        for length in 0..bag.len() {
            let _ = unlock(&bag[..length], PASSWORD);
        }
        let error = Keybag::parse(&bag[..bag.len() - 1]).unwrap_err();
        assert!(error.to_string().contains("WPKY"), "{error}");
        assert!(Keybag::parse(b"").is_err());
        let with = |at: &[u8], value: &[u8]| {
            let mut bag = vector();
            let place = bag.windows(4).position(|w| w == at).unwrap() + 8;
            bag[place..place + value.len()].copy_from_slice(value);
            bag
        };
        assert!(matches!(Keybag::parse(&with(b"DPIC", &[0; 4])), Err(Error::Damaged { .. })));
        assert!(matches!(Keybag::parse(&with(b"DPIC", &[0xFF; 4])), Err(Error::Bound { .. })));
        assert!(matches!(Keybag::parse(&with(b"ITER", &[0; 4])), Err(Error::Damaged { .. })));
        // One class that does not open beside others is not a wrong password.
        let ring = unlock(&with(b"WPKY", &[1; 40]), PASSWORD).unwrap();
        assert_eq!((ring.closed.as_slice(), ring.keys.len()), ([3].as_slice(), 2));
    }

    #[test]
    fn incomplete_and_unknown_records_are_passed_over() {
        let mut bag = vector();
        for (tag, value) in [
            (b"UUID", [7u8; 16].as_slice()),
            (b"ZZZZ", b"?"),
            (b"WPKY", &[1; 39]),
            (b"CLAS", &[0, 0, 0, 5]),
            (b"WRAP", &[0, 0, 0, 2]),
        ] {
            bag.extend_from_slice(tag);
            bag.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            bag.extend_from_slice(value);
        }
        // A record without a class.
        bag.extend_from_slice(b"UUID\0\0\0\0WPKY\0\0\0\0");
        let parsed = Keybag::parse(&bag).unwrap();
        assert_eq!((parsed.classes.len(), parsed.incomplete), (4, 1));
        assert_eq!(unlock(&bag, PASSWORD).unwrap().closed, [5]);
        let none = Keybag { classes: vec![ClassRecord { class: 9, wrap: 3, wrapped: vec![0; 39] }], ..parsed };
        assert!(matches!(none.unlock(&Password::new(String::new()), &Cancel::default()), Err(Error::Damaged { .. })));
    }

    proptest::proptest! {
        #[test]
        fn mutated_bags_never_panic(at in 0usize..524, byte: u8, cut in 0usize..524) {
            let mut bag = vector();
            bag[at] = byte;
            let _ = Keybag::parse(&bag);
            bag.truncate(cut);
            let _ = Keybag::parse(&bag);
        }
    }
}
