//! Android backups (`adb backup`, `.ab`): reads the header, opens the encryption and hands the tar archive inside to
//! [`Tar`]. Form and key derivation after catalogue/android.md 1.1; everything is streamed, nothing is written out.

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sha1::Sha1;
use zeroize::Zeroizing;

use super::cbc::{BLOCK, CbcReader, Key};
use super::tar::Opener;
use super::{Container, Context, Entry, Error, Kind, Password, Remark, Source, Tar};

/// First line of every Android backup.
pub const MAGIC: &[u8] = b"ANDROID BACKUP\n";

/// The longest header line in bytes; the longest real one, the key blob, has 192 digits.
const LONGEST_LINE: usize = 4096;
/// The most rounds a header may ask for; every backup seen asks 10,000.
const MOST_ROUNDS: u32 = 10_000_000;

/// An Android backup.
#[derive(Debug)]
pub struct AndroidBackup {
    tar: Tar,
    entries: Vec<Entry>,
    remarks: Vec<Remark>,
}

/// The lines before the payload.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    version: u32,
    compressed: bool,
    encryption: Option<Encryption>,
    /// Where the payload starts (bytes).
    payload: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Encryption {
    user_salt: Vec<u8>,
    checksum_salt: Vec<u8>,
    rounds: u32,
    iv: [u8; BLOCK],
    blob: Vec<u8>,
}

/// The key and initial vector of the payload.
struct Master {
    key: Key,
    iv: [u8; BLOCK],
    /// Whether the checksum of the key is right in one of its two known forms.
    checked: bool,
}

impl AndroidBackup {
    /// Opens an Android backup, trying the context's passwords in turn; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Empty`] for a zero-length or header-only file (the phone refused, or somebody tapped cancel),
    /// [`Error::PasswordNeeded`], [`Error::PasswordWrong`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Bound`].
    pub fn open(source: &Source, name: &str, ctx: &Context) -> Result<Self, Error> {
        let empty = |detail: &str| Error::Empty { what: name.to_string(), detail: detail.to_string() };
        if source.is_empty() {
            return Err(empty("the file is empty"));
        }
        let head = source.head(10 * LONGEST_LINE).map_err(|error| super::source::broken(name, error))?;
        let header = Header::parse(&head, name)?;
        let payload = source.slice(header.payload, u64::MAX);
        if payload.is_empty() {
            return Err(empty("there is a header and nothing behind it"));
        }
        let mut remarks = Vec::new();
        let mut note = |code, detail: String| remarks.push(Remark { code, detail, count: 1 });
        if !(1..=5).contains(&header.version) {
            note("version-unknown", format!("version {}", header.version));
        }
        let master = match &header.encryption {
            None => None,
            Some(encryption) => {
                if !payload.len().is_multiple_of(BLOCK as u64) {
                    note("archive-cut", "the ciphertext ends inside a block".into());
                }
                Some(encryption.open(header.version, name, ctx)?)
            }
        };
        if master.as_ref().is_some_and(|master| !master.checked) {
            note("key-checksum-wrong", "the password fits, the checksum of the key does not".into());
        }
        let encrypted = master.is_some();
        let opener = opener(payload, master, header.compressed, name.to_string());
        let tar = Tar::open_forward(Kind::AndroidBackup, opener, name, ctx)?;
        if tar.entries().is_empty() && tar.remarks().is_empty() {
            return Err(empty("the backup is complete and lists no file"));
        }
        remarks.extend(tar.remarks().iter().cloned());
        remarks.dedup_by_key(|remark| remark.code);
        let entries = tar.entries().iter().map(|entry| Entry { encrypted, ..entry.clone() }).collect();
        Ok(Self { tar, entries, remarks })
    }
}

fn opener(payload: Source, master: Option<Master>, compressed: bool, name: String) -> Opener {
    Box::new(move || {
        let bytes = payload.slice(0, u64::MAX);
        let plain: Box<dyn Read + Send> = match &master {
            None => Box::new(BufReader::with_capacity(1 << 16, bytes)),
            Some(master) => {
                // Wrong padding at the end shows itself in the archive: it is cut.
                let flag = Arc::new(AtomicBool::new(false));
                Box::new(CbcReader::new(bytes, &master.key, &master.iv, name.clone(), flag))
            }
        };
        Ok(if compressed {
            // Stops at the end of the zlib stream: padding and trailing bytes behind it are no concern.
            Box::new(flate2::read::ZlibDecoder::new_with_buf(plain, vec![0; 1 << 16]))
        } else {
            plain
        })
    })
}

impl Header {
    fn parse(head: &[u8], name: &str) -> Result<Self, Error> {
        let damaged = |detail: String| Error::Damaged { what: name.to_string(), detail };
        let mut rest = head;
        let mut line = |what: &str| -> Result<&str, Error> {
            let end = rest.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
            let (line, after) = end
                .and_then(|end| Some((rest.get(..end)?, rest.get(end + 1..)?)))
                .ok_or_else(|| damaged(format!("the header ends before {what}")))?;
            rest = after;
            std::str::from_utf8(line).map_err(|_| damaged(format!("{what} is not text")))
        };
        if line("its first line")? != "ANDROID BACKUP" {
            return Err(damaged("it does not start with ANDROID BACKUP".into()));
        }
        let text = line("the version")?;
        let version =
            text.parse().map_err(|_| damaged(format!("version \"{}\" is not a number", text.escape_debug())))?;
        let compressed = match line("the compression")? {
            "0" => false,
            "1" => true,
            other => return Err(damaged(format!("compression is \"{}\"", other.escape_debug()))),
        };
        let encryption = match line("the encryption")? {
            "none" => None,
            "AES-256" => Some(Encryption {
                user_salt: digits(line("the password's salt")?).ok_or_else(|| damaged("the password's salt".into()))?,
                checksum_salt: digits(line("the checksum's salt")?)
                    .ok_or_else(|| damaged("the checksum's salt".into()))?,
                rounds: match line("the rounds")?.parse() {
                    Ok(0) | Err(_) => return Err(damaged("the rounds are not a number".into())),
                    Ok(rounds) if rounds > MOST_ROUNDS => {
                        let detail = format!("it asks {rounds} rounds, the bound is {MOST_ROUNDS}");
                        return Err(Error::Bound { what: name.to_string(), detail });
                    }
                    Ok(rounds) => rounds,
                },
                iv: digits(line("the initial vector")?)
                    .and_then(|iv| iv.try_into().ok())
                    .ok_or_else(|| damaged("the initial vector".into()))?,
                blob: digits(line("the key blob")?)
                    .filter(|blob| !blob.is_empty() && blob.len() % BLOCK == 0)
                    .ok_or_else(|| damaged("the key blob is not whole blocks of hexadecimal digits".into()))?,
            }),
            other => {
                let detail = format!("encryption \"{}\"", other.escape_debug());
                return Err(Error::Unsupported { what: name.to_string(), detail });
            }
        };
        Ok(Self { version, compressed, encryption, payload: (head.len() - rest.len()) as u64 })
    }
}

/// Bytes from hexadecimal digits in either case.
fn digits(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

impl Encryption {
    fn open(&self, version: u32, name: &str, ctx: &Context) -> Result<Master, Error> {
        if ctx.passwords.is_empty() {
            return Err(Error::PasswordNeeded { what: name.to_string() });
        }
        for password in &ctx.passwords {
            for bytes in forms(password, version) {
                ctx.cancel.check()?;
                if let Some(master) = self.try_password(&bytes) {
                    return Ok(master);
                }
            }
        }
        Err(Error::PasswordWrong { what: name.to_string() })
    }

    /// The master key, when the blob decrypts to its proper form. That form (padding and three lengths) already leaves a
    /// wrong password a chance of one in four thousand million.
    fn try_password(&self, password: &[u8]) -> Option<Master> {
        let mut user_key: Key = Zeroizing::new([0; 32]);
        pbkdf2::pbkdf2_hmac::<Sha1>(password, &self.user_salt, self.rounds, &mut *user_key);
        let flag = Arc::new(AtomicBool::new(false));
        let mut blob = Zeroizing::new(Vec::new());
        CbcReader::new(self.blob.as_slice(), &user_key, &self.iv, String::new(), Arc::clone(&flag))
            .read_to_end(&mut blob)
            .ok()?;
        if flag.load(std::sync::atomic::Ordering::Relaxed) {
            return None;
        }
        let (iv, rest) = part(&blob)?;
        let (key, rest) = part(rest)?;
        let (checksum, _) = part(rest)?;
        let iv = iv.try_into().ok()?;
        let key: Key = Zeroizing::new(key.try_into().ok()?);
        let checked = [mangled(&key), Zeroizing::new(key.to_vec())].iter().any(|form| {
            let mut sum = [0; 32];
            pbkdf2::pbkdf2_hmac::<Sha1>(form, &self.checksum_salt, self.rounds, &mut sum);
            sum == checksum
        });
        Some(Master { key, iv, checked })
    }
}

/// A length byte and as many bytes; both, and what follows.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// The password's bytes, likeliest form first: UTF-8 since version 2, the low half of each UTF-16 unit in version 1.
fn forms(password: &Password, version: u32) -> Vec<Zeroizing<Vec<u8>>> {
    let text = password.as_str();
    let utf8 = Zeroizing::new(text.as_bytes().to_vec());
    if text.is_ascii() {
        return vec![utf8];
    }
    let low = Zeroizing::new(text.encode_utf16().map(|unit| unit.to_be_bytes()[1]).collect());
    if version < 2 { vec![low, utf8] } else { vec![utf8, low] }
}

/// The key as Java passed it on since version 2: each signed byte became a UTF-16 unit, and those became UTF-8.
fn mangled(key: &Key) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(96));
    for byte in **key {
        match byte {
            0..0x80 => bytes.push(byte),
            0x80..0xC0 => bytes.extend([0xEF, 0xBE, byte]),
            0xC0.. => bytes.extend([0xEF, 0xBF, byte - 0x40]),
        }
    }
    bytes
}

impl Container for AndroidBackup {
    fn kind(&self) -> Kind {
        Kind::AndroidBackup
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn open(&self, entry: usize) -> Result<Box<dyn Read + Send + '_>, Error> {
        self.tar.open(entry)
    }

    fn prepare(&self, wanted: &[usize]) -> Result<(), Error> {
        self.tar.prepare(wanted)
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use super::super::cbc::tests::encrypt;
    use super::super::tar::tests::{end, member};
    use super::*;
    use crate::evidence::hash::{HashingReader, hex};
    use crate::evidence::tests::{context, read, remark, testdata};
    use std::io::Write as _;

    /// How a test backup is made.
    pub struct Make<'a> {
        pub version: u32,
        pub compressed: bool,
        pub password: Option<&'a [u8]>,
        pub rounds: u32,
        pub key: [u8; 32],
        /// Whether the checksum is over the key as Java passed it on.
        pub mangle: bool,
    }

    pub const PLAIN: Make =
        Make { version: 5, compressed: false, password: None, rounds: 100, key: [1; 32], mangle: true };

    pub fn inside() -> Vec<u8> {
        [
            member(b"apps/org.example.a/_manifest", b'0', b"1\norg.example.a\n"),
            member(b"apps/org.example.a/db/x", b'0', &[5; 9000]),
            end(),
        ]
        .concat()
    }

    pub fn make(how: &Make) -> Vec<u8> {
        let mut body = inside();
        if how.compressed {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&body).unwrap();
            body = encoder.finish().unwrap();
        }
        let mut head = format!("ANDROID BACKUP\n{}\n{}\n", how.version, u8::from(how.compressed));
        let Some(password) = how.password else {
            head += "none\n";
            return [head.into_bytes(), body].concat();
        };
        let (user_salt, checksum_salt, iv, master_iv) = ([0xA1; 64], [0xC5; 64], [0x17; 16], [0x4D; 16]);
        let derive = |password: &[u8], salt: &[u8]| {
            let mut key = [0; 32];
            pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, how.rounds, &mut key);
            key
        };
        let key = Zeroizing::new(how.key);
        let form = if how.mangle { mangled(&key).to_vec() } else { key.to_vec() };
        let checksum = derive(&form, &checksum_salt);
        let blob = [[16].as_slice(), &master_iv, &[32], &how.key, &[32], &checksum].concat();
        let blob = encrypt(&derive(password, &user_salt), &iv, &blob, true);
        let line = |bytes: &[u8]| hex(bytes).to_uppercase();
        head = format!(
            "{head}AES-256\n{}\n{}\n{}\n{}\n{}\n",
            line(&user_salt),
            line(&checksum_salt),
            how.rounds,
            line(&iv),
            line(&blob)
        );
        [head.into_bytes(), encrypt(&how.key, &master_iv, &body, true)].concat()
    }

    fn open(bytes: Vec<u8>, passwords: &[&str]) -> Result<AndroidBackup, Error> {
        let (_scratch, ctx) = context(passwords);
        AndroidBackup::open(&Source::memory(bytes), "test.ab", &ctx)
    }

    fn check(backup: &AndroidBackup, encrypted: bool) {
        assert_eq!(read(backup, "apps/org.example.a/_manifest"), b"1\norg.example.a\n");
        backup.prepare(&[1]).unwrap();
        assert_eq!(read(backup, "apps/org.example.a/db/x"), [5; 9000]);
        assert!(backup.entries().iter().all(|entry| entry.encrypted == encrypted));
        assert!(backup.remarks().is_empty());
    }

    /// The cases (a) to (h) of catalogue/android.md 1.1.
    #[test]
    fn the_forms_that_exist_open() {
        let mut awkward = [0x55; 32];
        awkward[..6].copy_from_slice(&[0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF]);
        let v1 = Make { version: 1, password: Some(b"pass"), mangle: false, ..PLAIN };
        check(&open(make(&v1), &["pass"]).unwrap(), true);
        let v5 = Make { password: Some(b"pass"), key: awkward, ..PLAIN };
        check(&open(make(&v5), &["no", "pass"]).unwrap(), true);
        // Some firmwares mixed the two checksums.
        check(&open(make(&Make { mangle: false, ..v5 }), &["pass"]).unwrap(), true);
        check(&open(make(&Make { mangle: true, ..v1 }), &["pass"]).unwrap(), true);
        let utf8 = Make { password: Some("wachtwöörd".as_bytes()), ..PLAIN };
        check(&open(make(&utf8), &["wachtwöörd"]).unwrap(), true);
        let low = Make { version: 1, password: Some(b"wachtw\xf6\xf6rd\xac"), mangle: false, ..PLAIN };
        check(&open(make(&low), &["wachtwöörd€"]).unwrap(), true);
        assert!(matches!(open(make(&v5), &["wrong"]), Err(Error::PasswordWrong { .. })));
        assert!(matches!(open(make(&v5), &[]), Err(Error::PasswordNeeded { .. })));
        check(&open(make(&Make { rounds: 1, password: Some(b"p"), ..PLAIN }), &["p"]).unwrap(), true);
        let packed = Make { compressed: true, password: Some(b"p"), ..PLAIN };
        check(&open(make(&packed), &["p"]).unwrap(), true);
        let mut trailing = make(&Make { compressed: true, ..PLAIN });
        trailing.extend_from_slice(b"trailing garbage");
        check(&open(trailing, &[]).unwrap(), false);
        check(&open(make(&PLAIN), &["not needed"]).unwrap(), false);
        let lower = String::from_utf8_lossy(&make(&v5)[..200]).to_lowercase();
        assert!(lower.contains("a1a1"));
    }

    #[test]
    fn nothing_in_it_is_said_so() {
        for bytes in [b"".as_slice(), b"ANDROID BACKUP\n5\n1\nnone\n", b"ANDROID BACKUP\n5\n0\nnone\n\0"] {
            let padded = if bytes.ends_with(b"\0") {
                [bytes.strip_suffix(b"\0").unwrap(), &[0; 1024]].concat()
            } else {
                bytes.to_vec()
            };
            assert!(matches!(open(padded, &[]), Err(Error::Empty { .. })));
        }
        let sealed = make(&Make { password: Some(b"p"), ..PLAIN });
        let head = sealed.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(8).unwrap().0 + 1;
        assert!(matches!(open(sealed[..head].to_vec(), &["p"]), Err(Error::Empty { .. })));
    }

    #[test]
    fn wrong_headers_are_clean_errors() {
        for (head, code) in [
            ("ANDROID BACKUP\nfive\n0\nnone\nx", "damaged"),
            ("ANDROID BACKUP\n5\n2\nnone\nx", "damaged"),
            ("ANDROID BACKUP\n5\n0\nAES-512\nx", "unsupported"),
            ("ANDROID BACKUP\n5\n", "damaged"),
            ("ANDROID BACKUP\n5\n0\nAES-256\nzz\n", "damaged"),
            ("ANDROID BACKUP\n5\n0\nAES-256\n00\n00\n99999999\n00\n00\nx", "bound"),
            ("ANDROID BACKUP\n5\n0\nAES-256\n00\n00\n10\n00\n00\nx", "damaged"),
            ("SOMETHING ELSE\n5\n0\nnone\nx", "damaged"),
        ] {
            assert_eq!(open(head.into(), &["p"]).unwrap_err().code(), code, "{head}");
        }
        let long = [b"ANDROID BACKUP\n5\n0\nAES-256\n".as_slice(), &vec![b'0'; 1 << 20]].concat();
        assert_eq!(open(long, &["p"]).unwrap_err().code(), "damaged");
        let mut later = make(&PLAIN);
        later[15] = b'7';
        assert_eq!(remark(&open(later, &[]).unwrap(), "version-unknown"), 1);
    }

    #[test]
    fn a_cut_backup_gives_what_is_there_and_never_panics() {
        for how in
            [PLAIN, Make { password: Some(b"p"), ..PLAIN }, Make { compressed: true, password: Some(b"p"), ..PLAIN }]
        {
            let whole = make(&how);
            for length in (0..whole.len() - 600).step_by(13) {
                if let Ok(backup) = open(whole[..length].to_vec(), &["p"]) {
                    assert_eq!(remark(&backup, "archive-cut"), 1);
                }
            }
        }
        // The blob of the key cut short.
        let mut text = make(&Make { password: Some(b"p"), ..PLAIN });
        let lines: Vec<_> =
            text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).take(9).collect();
        text.drain(lines[8] - 64..lines[8]);
        assert!(matches!(open(text, &["p"]), Err(Error::PasswordWrong { .. })));
    }

    proptest::proptest! {
        #[test]
        fn mutated_headers_never_panic(at in 0usize..700, byte: u8) {
            let mut bytes = make(&Make { password: Some(b"p"), rounds: 1, ..PLAIN });
            bytes[at] = byte;
            let _ = open(bytes, &["p"]);
        }
    }

    #[test]
    fn third_party_backups_open() {
        let Some(folder) = testdata("composite-ab") else { return };
        let truth = std::fs::read(testdata("truth/ab-dev.json").unwrap()).unwrap();
        let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
        for case in truth.as_array().unwrap() {
            let name = case["file"].as_str().unwrap().rsplit('/').next().unwrap();
            let password = case["password"].as_str();
            let (_scratch, ctx) = context(&password.into_iter().collect::<Vec<_>>());
            let source = Source::file(&folder.join(name)).unwrap();
            let backup = AndroidBackup::open(&source, name, &ctx).unwrap();
            assert!(backup.remarks().is_empty(), "{name}");
            let mut packages: Vec<_> =
                backup.entries().iter().map(|entry| entry.path.split('/').nth(1).unwrap()).collect();
            packages.dedup();
            let expected: Vec<_> =
                case["packages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(packages, expected, "{name}");
            let all: Vec<_> = (0..backup.entries().len()).collect();
            backup.prepare(&all).unwrap();
            for index in all {
                let (_, size) = HashingReader::new(backup.open(index).unwrap()).finish_all().unwrap();
                assert_eq!(size, backup.entries()[index].size);
            }
            // The whole archive inside, byte for byte.
            let head = Header::parse(&source.head(40_000).unwrap(), name).unwrap();
            let master = head.encryption.as_ref().map(|encryption| encryption.open(head.version, name, &ctx).unwrap());
            let stream = opener(source.slice(head.payload, u64::MAX), master, head.compressed, name.into())().unwrap();
            assert_eq!(HashingReader::new(stream).finish_all().unwrap().0, case["tar_sha256"].as_str().unwrap());
            if password.is_some() {
                let wrong = Context { passwords: vec![Password::new("abpass2".into())], ..ctx.clone() };
                assert!(matches!(AndroidBackup::open(&source, name, &wrong), Err(Error::PasswordWrong { .. })));
            }
        }
        let (_scratch, ctx) = context(&[]);
        let cut = AndroidBackup::open(&Source::file(&folder.join("bad-truncated.ab")).unwrap(), "bad", &ctx).unwrap();
        assert_eq!(remark(&cut, "archive-cut"), 1);
        assert!(!cut.entries().is_empty());
    }
}
