//! Pseudonyms for other people: the same person is the same pseudonym throughout a case, and a pseudonym keeps the form of what it
//! stands for (address, number or name), so that a question over pseudonyms gives what it gives over the values themselves.

use super::identity;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Domain of addresses that are pseudonyms; `.invalid` never exists (RFC 2606).
const DOMAIN: &str = "@pseudonym.invalid";
/// Country code of numbers that are pseudonyms; 999 is not given to any country (ITU E.164).
const COUNTRY: &str = "+999";

/// The key of a case.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A key from the bytes of a key file, or from the number of the case.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"vrijspoor/pseudonym/1\0");
        hash.update(secret);
        Self(hash.finalize().into())
    }

    /// By which two audits see that they use the same key; tells nothing about it.
    #[must_use]
    pub fn check(&self) -> String {
        crate::report::json::hex(&Sha256::digest(self.0)[..8])
    }

    /// The pseudonym of a value; a pseudonym stays what it is.
    #[must_use]
    pub fn pseudonym(&self, value: &str) -> String {
        if is_pseudonym(value) {
            return value.to_string();
        }
        // Numbers first: an identifier of WhatsApp is a number that looks like an address.
        if let Some(number) = identity::number(value) {
            let mac = self.mac(&number);
            let digits = u64::from_be_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]]);
            return format!("{COUNTRY}{:012}", digits % 1_000_000_000_000);
        }
        if let Some(mail) = identity::mail(value) {
            let mac = self.mac(&mail);
            return format!("p-{}{DOMAIN}", crate::report::json::hex(&mac[..6]));
        }
        let mac = self.mac(&identity::name(value).unwrap_or_else(|| value.to_string()));
        format!("p {}", crate::report::json::hex(&mac[..6]))
    }

    fn mac(&self, text: &str) -> [u8; 32] {
        // A key of any length is accepted, so this cannot fail.
        Hmac::<Sha256>::new_from_slice(&self.0).map_or([0; 32], |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().into()
        })
    }
}

/// Declared names that must be known again where they are part of a longer name: `iPhone van Jan`.
#[derive(Clone, Default)]
pub struct Names(Vec<(Vec<String>, String)>);

impl Names {
    /// Names in the form in which they are compared. Those of fewer than three characters are parts of everything, and no rule
    /// knows them inside another name.
    #[must_use]
    pub fn new<'n>(names: impl Iterator<Item = &'n str>, key: &Key) -> Self {
        let long = names.filter(|n| !is_pseudonym(n)).filter_map(identity::name).filter(|n| n.chars().count() >= 3);
        let all: BTreeSet<String> = long.collect();
        let words = |name: &String| (name.split(' ').map(str::to_string).collect(), key.pseudonym(name));
        let mut names: Vec<(Vec<String>, String)> = all.iter().map(words).collect();
        // The longest first: a part of a name never hides the whole.
        names.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        Self(names)
    }

    /// The text with the pseudonyms of declared names in their place; `None` where there is none.
    #[must_use]
    pub fn mask(&self, text: &str) -> Option<String> {
        if self.0.is_empty() || is_pseudonym(text) {
            return None;
        }
        let spans = words(text);
        let (mut out, mut from, mut at) = (String::new(), 0, 0);
        while let Some((start, _, _)) = spans.get(at) {
            let here = |(name, _): &&(Vec<String>, String)| {
                let found = spans.get(at..at + name.len());
                found.is_some_and(|found| found.iter().map(|(_, _, word)| word).eq(name.iter()))
            };
            let Some((name, pseudonym)) = self.0.iter().find(here) else {
                at += 1;
                continue;
            };
            out.push_str(text.get(from..*start).unwrap_or_default());
            out.push_str(pseudonym);
            at += name.len();
            from = spans.get(at - 1).map_or(from, |(_, end, _)| *end);
        }
        (from > 0).then(|| out + text.get(from..).unwrap_or_default())
    }

    /// The pseudonym of a whole name, with those of the declared names that are part of it behind it: it stays known whose it is.
    #[must_use]
    pub fn whole(&self, text: &str, key: &Key) -> String {
        let whole = key.pseudonym(text);
        if self.0.is_empty() || is_pseudonym(text) || identity::number(text).is_some() || identity::mail(text).is_some()
        {
            return whole;
        }
        let spans = words(text);
        let part = |name: &[String]| {
            name.len() < spans.len()
                && spans.windows(name.len()).any(|found| found.iter().map(|(_, _, word)| word).eq(name.iter()))
        };
        let parts = self.0.iter().filter(|(name, _)| part(name)).map(|(_, pseudonym)| pseudonym.as_str());
        std::iter::once(whole.as_str()).chain(parts).collect::<Vec<_>>().join(" ")
    }
}

/// The words of a text with their places, in lower case: the words of [`identity::name`].
fn words(text: &str) -> Vec<(usize, usize, String)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, at, text.get(from..at).unwrap_or_default().to_lowercase()));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Whether a value is a pseudonym, also of a name with those of its parts.
#[must_use]
pub fn is_pseudonym(value: &str) -> bool {
    let hex = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    value.strip_suffix(DOMAIN).and_then(|v| v.strip_prefix("p-")).is_some_and(hex)
        || value.strip_prefix("p ").is_some_and(|rest| rest.split(" p ").all(hex))
        || value.strip_prefix(COUNTRY).is_some_and(|v| v.len() == 12 && v.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_one_pseudonym_in_every_spelling() {
        let key = Key::new(b"case 1");
        for (one, other) in [
            ("R.Backup@Example.org", "mailto:r.backup@example.org"),
            ("06-00000001", "31600000001@s.whatsapp.net"),
            ("PC-van_R", "pc van r"),
        ] {
            let pseudonym = key.pseudonym(one);
            assert_eq!(pseudonym, key.pseudonym(other));
            assert!(is_pseudonym(&pseudonym) && !is_pseudonym(one));
            assert_eq!(key.pseudonym(&pseudonym), pseudonym);
            assert_ne!(Key::new(b"case 2").pseudonym(one), pseudonym);
        }
    }

    #[test]
    fn a_declared_name_is_known_inside_a_longer_name() {
        let key = Key::new(b"case 1");
        let jan = key.pseudonym("Jan");
        let names = Names::new(["jan", "jan de boer", "r"].into_iter(), &key);
        assert_eq!(names.mask("iPhone van JAN").unwrap(), format!("iPhone van {jan}"));
        assert_eq!(names.mask("Jan's iPad").unwrap(), format!("{jan}'s iPad"));
        assert_eq!(names.mask("PC-Jan_de_Boer").unwrap(), format!("PC-{}", key.pseudonym("jan de boer")));
        for other in ["iPhone van Janneke", "R", "", "+31600000001", &jan] {
            assert_eq!(names.mask(other), None, "{other}");
        }
        let whole = names.whole("Galaxy van Jan", &key);
        assert_eq!(whole, format!("{} {jan}", key.pseudonym("Galaxy van Jan")));
        assert!(is_pseudonym(&whole) && key.pseudonym(&whole) == whole && names.whole(&whole, &key) == whole);
        assert_eq!(names.whole("Jan", &key), jan);
        assert_eq!(names.whole("jan@example.org", &key), key.pseudonym("jan@example.org"));
        assert_eq!(Names::default().mask("Jan"), None);
    }

    #[test]
    fn a_pseudonym_keeps_its_form() {
        let key = Key::new(b"case 1");
        let mail = key.pseudonym("r@example.org");
        assert_eq!(identity::mail(&mail), Some(mail));
        let number = key.pseudonym("+31600000001");
        assert_eq!(identity::number(&number), Some(number));
        let name = key.pseudonym("Rico");
        assert_eq!(identity::name(&name), Some(name));
    }
}
