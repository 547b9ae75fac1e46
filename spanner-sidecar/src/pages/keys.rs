//! The keys of page tokens, from their file: one or two lines, each 32 bytes in base64. The first seals, both
//! open: a new key is put first, and the old one is taken out once its last tokens have expired.

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::secret_file;

pub struct Keys {
    seals: RandomizedNonceKey,
    opens: Option<RandomizedNonceKey>,
}

/// How a key is made; told where one is missing.
const MADE_BY: &str = "`openssl rand -base64 32`";

impl Keys {
    /// The file's faults never repeat what stands in it.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let cannot = || format!("cannot read the page keys `{shown}`");
        if secret_file::is_open_to_all(path).with_context(cannot)? {
            bail!("the page keys `{shown}` are open to every user of the machine: chmod 0640 or less");
        }
        let text = std::fs::read_to_string(path).with_context(cannot)?;
        Self::parse(&text).with_context(|| format!("the page keys `{shown}`"))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let seals = lines.next().with_context(|| format!("there is no key: make one with {MADE_BY}"))?;
        let opens = lines.next();
        if lines.next().is_some() {
            bail!("there are more than two keys");
        }
        Ok(Self { seals: key(seals)?, opens: opens.map(key).transpose()? })
    }

    /// Nonce, ciphertext and tag. `None` only if there is no randomness.
    pub(super) fn seal(&self, plain: Vec<u8>, bound_to: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = plain;
        let nonce = self.seals.seal_in_place_append_tag(Aad::from(bound_to), &mut sealed).ok()?;
        let mut token = nonce.as_ref().to_vec();
        token.append(&mut sealed);
        Some(token)
    }

    pub(super) fn open(&self, token: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = token.split_first_chunk::<NONCE_LEN>()?;
        [Some(&self.seals), self.opens.as_ref()].into_iter().flatten().find_map(|key| {
            let mut opened = sealed.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = key.open_in_place(nonce, Aad::from(bound_to), &mut opened).ok()?.len();
            opened.truncate(length);
            Some(opened)
        })
    }
}

fn key(line: &str) -> anyhow::Result<RandomizedNonceKey> {
    let bytes = STANDARD.decode(line).ok().filter(|bytes| bytes.len() == AES_256_GCM_SIV.key_len());
    let bytes =
        bytes.with_context(|| format!("a line is not 32 bytes in base64: make one with {MADE_BY}"))?;
    RandomizedNonceKey::new(&AES_256_GCM_SIV, &bytes).ok().context("a key cannot be used")
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    pub fn keys(seals: u8, opens: Option<u8>) -> Keys {
        let line = |byte| STANDARD.encode([byte; 32]);
        let lines: Vec<String> = [Some(seals), opens].into_iter().flatten().map(line).collect();
        Keys::parse(&lines.join("\n")).unwrap()
    }

    #[test]
    fn faults_of_the_file() {
        let fault = |text: &str| Keys::parse(text).unwrap_err().to_string();
        assert_eq!(fault("\n"), "there is no key: make one with `openssl rand -base64 32`");
        let short = "a line is not 32 bytes in base64: make one with `openssl rand -base64 32`";
        assert_eq!(fault("c2VjcmV0"), short);
        assert_eq!(fault("%%%"), short);
        let line = STANDARD.encode([1; 32]);
        assert_eq!(fault(&format!("{line}\n{line}\n{line}")), "there are more than two keys");
    }

    #[test]
    fn a_file_that_all_may_read_is_refused() {
        let path = std::env::temp_dir().join(format!("page-keys-{}", std::process::id()));
        std::fs::write(&path, STANDARD.encode([1; 32])).unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        assert!(Keys::read(&path).unwrap_err().to_string().contains("open to every user"));
        mode(0o440);
        let keys = Keys::read(&path).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys { .. }");
        std::fs::remove_file(&path).unwrap();
    }
}
