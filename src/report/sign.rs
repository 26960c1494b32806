//! Signatures over `manifest-sha256.txt`, which holds the digest of every file of the report. They are made in the form of OpenSSH
//! (SSHSIG), so that every laptop has a verifier: `ssh-keygen -Y verify -n vrijspoor`. A signature says who vouches for the report, not
//! that what it says is true; that the key belongs to that person is checked by people, with a list of known keys.

use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

/// The name of the signature in the bag; the one that `ssh-keygen -Y sign` gives.
pub const FILE: &str = "manifest-sha256.txt.sig";
/// The namespace: a signature made for another purpose does not count here.
pub const NAMESPACE: &str = "vrijspoor";

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key cannot be read.
    #[error("the key cannot be read: {0}")]
    Key(ssh_key::Error),
    /// The key is locked, and the passphrase does not open it.
    #[error("the passphrase does not open the key")]
    Locked,
    /// The key cannot sign here (only Ed25519 keys that lie in a file can).
    #[error("the key cannot sign: {0}")]
    Signing(ssh_key::Error),
}

impl Error {
    /// Stable code; the texts for people hang on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Key(_) => "key-unreadable",
            Self::Locked => "key-locked",
            Self::Signing(_) => "key-cannot-sign",
        }
    }
}

/// Whether a key is locked with a passphrase.
///
/// # Errors
/// When it is no key of OpenSSH.
pub fn is_locked(key: &str) -> Result<bool, Error> {
    Ok(PrivateKey::from_openssh(key).map_err(Error::Key)?.is_encrypted())
}

/// Signs. The same bytes and the same key always give the same signature.
///
/// # Errors
/// When the key cannot be read, opened or used.
pub fn sign(key: &str, passphrase: &str, bytes: &[u8]) -> Result<String, Error> {
    let mut key = PrivateKey::from_openssh(key).map_err(Error::Key)?;
    if key.is_encrypted() {
        key = key.decrypt(passphrase).map_err(|_| Error::Locked)?;
    }
    let signature = key.sign(NAMESPACE, HashAlg::Sha512, bytes).map_err(Error::Signing)?;
    signature.to_pem(LineEnding::LF).map_err(Error::Signing)
}

/// The fingerprint of the key that made this signature over these bytes; `None` when the signature does not hold.
#[must_use]
pub fn signer(signature: &str, bytes: &[u8]) -> Option<String> {
    let signature = SshSig::from_pem(signature).ok()?;
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(NAMESPACE, bytes, &signature).ok()?;
    Some(key.fingerprint(HashAlg::Sha256).to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A key for tests, made for nothing else; its secret is 32 times the byte 7.
    pub fn key() -> String {
        let pair = ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
        PrivateKey::from(pair).to_openssh(LineEnding::LF).unwrap().to_string()
    }

    #[test]
    fn a_signature_holds_for_its_bytes_alone() {
        let made = sign(&key(), "", b"list").unwrap();
        assert_eq!(made, sign(&key(), "", b"list").unwrap());
        assert!(made.starts_with("-----BEGIN SSH SIGNATURE-----\n"));
        assert!(signer(&made, b"list").unwrap().starts_with("SHA256:"));
        assert_eq!(signer(&made, b"lisT"), None);
        assert_eq!(signer("nonsense", b"list"), None);
    }

    #[test]
    fn a_signature_for_another_purpose_does_not_count() {
        let key = PrivateKey::from_openssh(key()).unwrap();
        let other = key.sign("file", HashAlg::Sha512, b"list").unwrap().to_pem(LineEnding::LF).unwrap();
        assert_eq!(signer(&other, b"list"), None);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(sign("nonsense", "", b"x").unwrap_err().code(), "key-unreadable");
        assert!(!is_locked(&key()).unwrap());
    }
}
