//! Pseudonyms for other people: the same person is the same pseudonym throughout a case, and a pseudonym keeps the form of what it
//! stands for (address, number or name), so that a question over pseudonyms gives what it gives over the values themselves.

use super::identity;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

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

/// Whether a value is a pseudonym.
#[must_use]
pub fn is_pseudonym(value: &str) -> bool {
    let hex = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    value.strip_suffix(DOMAIN).and_then(|v| v.strip_prefix("p-")).is_some_and(hex)
        || value.strip_prefix("p ").is_some_and(hex)
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
