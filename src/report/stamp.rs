//! Time stamps (RFC 3161). The request is written here, without a network; somebody carries it to a time stamping authority and brings
//! the reply back. Only a digest leaves the house, yet the authority learns when and from where it was asked. Here the reply is
//! checked for the digest and the number of the request; the authority's own signature is checked by `openssl ts -verify`, with
//! the certificate of an authority that people trust.

use super::json::hex;

/// The request in the bag.
pub const REQUEST: &str = "manifest-sha256.txt.tsq";
/// The reply in the bag.
pub const REPLY: &str = "manifest-sha256.txt.tsr";

/// SHA-256 (2.16.840.1.101.3.4.2.1).
const SHA256: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// Signed data (1.2.840.113549.1.7.2).
const SIGNED: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
/// The content of a time stamp (1.2.840.113549.1.9.16.1.4).
const TST_INFO: [u8; 11] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x04];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xA0;

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When, as the authority wrote it: `20261124195500Z`.
    pub time: String,
    /// Its number with the authority, in hexadecimal.
    pub serial: String,
}

/// Why a reply does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no reply of this form.
    #[error("this is no time stamp reply")]
    Malformed,
    /// The authority refused.
    #[error("the authority refused the request")]
    Refused,
    /// It is about other bytes.
    #[error("the reply is about other bytes")]
    OtherBytes,
    /// It answers another request.
    #[error("the reply answers another request")]
    OtherRequest,
}

impl Error {
    /// Stable code; the texts for people hang on it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "stamp-malformed",
            Self::Refused => "stamp-refused",
            Self::OtherBytes => "stamp-other-bytes",
            Self::OtherRequest => "stamp-other-request",
        }
    }
}

/// A request for a stamp on a digest. `nonce` ties the reply to this request.
#[must_use]
pub fn request(digest: &[u8; 32], nonce: [u8; 8]) -> Vec<u8> {
    let algorithm = value(SEQUENCE, &[value(OID, &SHA256), value(0x05, &[])].concat());
    let imprint = value(SEQUENCE, &[algorithm, value(OCTETS, digest)].concat());
    // A positive number without a leading zero byte.
    let mut nonce = nonce;
    nonce[0] = (nonce[0] & 0x7F) | 0x40;
    let parts = [value(INTEGER, &[1]), imprint, value(INTEGER, &nonce), value(0x01, &[0xFF])];
    value(SEQUENCE, &parts.concat())
}

/// Checks a reply against its request and the digest.
///
/// # Errors
/// When it is no reply, a refusal, or about something else.
pub fn check(reply: &[u8], request: &[u8], digest: &[u8; 32]) -> Result<Stamp, Error> {
    let mut parts = inside(reply, SEQUENCE)?;
    let status = take(&mut inside(take(&mut parts, SEQUENCE)?.whole, SEQUENCE)?, INTEGER)?.content;
    // 0 granted, 1 granted with changes.
    if !matches!(status, [0 | 1]) {
        return Err(Error::Refused);
    }
    let info = token(take(&mut parts, SEQUENCE)?)?;
    let mut info = inside(info, SEQUENCE)?;
    take(&mut info, INTEGER)?;
    take(&mut info, OID)?;
    let imprint = take(&mut info, SEQUENCE)?;
    let serial = take(&mut info, INTEGER)?.content;
    let time = take(&mut info, TIME)?.content;
    let nonce = rest(info).find(|item| item.tag == INTEGER).map(|item| item.content);

    let mut asked = inside(request, SEQUENCE)?;
    take(&mut asked, INTEGER)?;
    let asked_imprint = take(&mut asked, SEQUENCE)?;
    let asked_nonce = take(&mut asked, INTEGER)?.content;
    let hashed = rest(imprint.content).last().filter(|item| item.tag == OCTETS).map(|item| item.content);
    let method = rest(imprint.content).next().and_then(|item| rest(item.content).next()).map(|item| item.content);
    if hashed != Some(digest.as_slice()) || method != Some(&SHA256) || !asked_imprint.content.ends_with(digest) {
        return Err(Error::OtherBytes);
    }
    if nonce != Some(asked_nonce) {
        return Err(Error::OtherRequest);
    }
    let time = std::str::from_utf8(time).ok().filter(|time| time.ends_with('Z') && time.is_ascii());
    Ok(Stamp { time: time.ok_or(Error::Malformed)?.to_owned(), serial: hex(serial) })
}

/// The content of a time stamp token: `ContentInfo` → `SignedData` → `TSTInfo`.
fn token(item: Item<'_>) -> Result<&[u8], Error> {
    let mut content = item.content;
    if take(&mut content, OID)?.content != SIGNED {
        return Err(Error::Malformed);
    }
    let mut signed = inside(take(&mut content, CONTEXT_0)?.content, SEQUENCE)?;
    take(&mut signed, INTEGER)?;
    take(&mut signed, 0x31)?;
    let mut inner = take(&mut signed, SEQUENCE)?.content;
    if take(&mut inner, OID)?.content != TST_INFO {
        return Err(Error::Malformed);
    }
    inside(take(&mut inner, CONTEXT_0)?.content, OCTETS)
}

/// One DER value.
#[derive(Debug, Clone, Copy)]
struct Item<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// The first value of some bytes, and what comes after it. Lengths are bounded by the bytes that are there.
fn first(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7F => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7F))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len().checked_sub(after.len())?)?;
    Some((Item { tag, content, whole }, after))
}

/// Takes the next value, which must have this tag.
fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Result<Item<'a>, Error> {
    let (item, after) = first(bytes).filter(|(item, _)| item.tag == tag).ok_or(Error::Malformed)?;
    *bytes = after;
    Ok(item)
}

/// What is inside the one value that these bytes are.
fn inside(bytes: &[u8], tag: u8) -> Result<&[u8], Error> {
    first(bytes).filter(|(item, _)| item.tag == tag).map(|(item, _)| item.content).ok_or(Error::Malformed)
}

/// All values one after another, up to the first that is none.
fn rest(bytes: &[u8]) -> impl Iterator<Item = Item<'_>> {
    let mut bytes = bytes;
    std::iter::from_fn(move || {
        let (item, after) = first(bytes)?;
        bytes = after;
        Some(item)
    })
}

/// A DER value of less than 128 bytes, which is all that a request needs.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_the_standard_says() {
        let made = request(&[9; 32], [0xFF; 8]);
        assert_eq!(made.len(), 69);
        assert_eq!(&made[..5], [0x30, 67, 2, 1, 1]);
        assert!(made.ends_with(&[2, 8, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1, 1, 255]));
        assert_eq!(inside(&made, SEQUENCE).unwrap().len(), 67);
    }

    #[test]
    fn bytes_that_are_no_reply_are_refused_whatever_they_claim() {
        let asked = request(&[9; 32], [1; 8]);
        for bytes in
            [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x00", b"\x30\x80\x00\x00", &asked]
        {
            assert!(check(bytes, &asked, &[9; 32]).is_err());
        }
        let refused = value(SEQUENCE, &value(SEQUENCE, &value(INTEGER, &[2])));
        assert_eq!(check(&refused, &asked, &[9; 32]), Err(Error::Refused));
    }

    #[test]
    fn any_cut_or_changed_byte_of_a_request_is_harmless() {
        let asked = request(&[9; 32], [1; 8]);
        for at in 0..asked.len() {
            let mut other = asked.clone();
            other[at] ^= 0x80;
            let _ = check(&other, &asked, &[9; 32]);
            let _ = check(&asked[..at], &asked[..at], &[9; 32]);
        }
    }
}
