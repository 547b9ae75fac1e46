//! The issuer's keys: a current pair of RS256 and ES256, and the pair before it, whose tokens are still good
//! until the next rotation.

mod signer;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::replace::{Readers, replace};
pub use signer::{Algorithm, Signer};

/// Keys, and the file that keeps them.
pub struct Keys {
    current: Pair,
    previous: Option<Pair>,
    file: Option<PathBuf>,
}

struct Pair {
    rs256: Signer,
    es256: Signer,
}

impl Keys {
    /// Those of an earlier run if `directory` has them, else new ones.
    pub fn open(directory: Option<PathBuf>) -> Result<Self> {
        let file = directory.map(|directory| directory.join("keys.json"));
        if let Some(file) = file.as_ref().filter(|file| file.exists()) {
            let kept = || -> Result<Self> {
                let kept: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
                let previous = kept.get("previous").filter(|previous| !previous.is_null());
                Ok(Self {
                    current: Pair::from_json(kept.get("current").context("no `current`")?)?,
                    previous: previous.map(Pair::from_json).transpose()?,
                    file: Some(file.clone()),
                })
            };
            return kept().with_context(|| format!("cannot read the keys in {}", file.display()));
        }
        let keys = Self { current: Pair::generate()?, previous: None, file };
        keys.keep()?;
        Ok(keys)
    }

    pub fn signer(&self, algorithm: Algorithm) -> &Signer {
        match algorithm {
            Algorithm::Rs256 => &self.current.rs256,
            Algorithm::Es256 => &self.current.es256,
        }
    }

    /// New keys sign from now on. The ones before stay published, unless they are withdrawn with all others.
    pub fn rotate(&mut self, withdraw: bool) -> Result<()> {
        let retired = std::mem::replace(&mut self.current, Pair::generate()?);
        self.previous = (!withdraw).then_some(retired);
        self.keep()
    }

    /// What is published (RFC 7517).
    pub fn jwks(&self) -> Value {
        let pairs = [Some(&self.current), self.previous.as_ref()];
        let keys: Vec<_> =
            pairs.into_iter().flatten().flat_map(|pair| [pair.rs256.jwk(), pair.es256.jwk()]).collect();
        json!({"keys": keys})
    }

    fn keep(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let previous = self.previous.as_ref().map(Pair::to_json).transpose()?;
        let kept = json!({"current": self.current.to_json()?, "previous": previous});
        replace(file, &kept.to_string(), Readers::Owner)
    }
}

impl Pair {
    fn generate() -> Result<Self> {
        Ok(Self { rs256: Signer::generate(Algorithm::Rs256)?, es256: Signer::generate(Algorithm::Es256)? })
    }

    fn from_json(pair: &Value) -> Result<Self> {
        let read = |algorithm: Algorithm| {
            let text = pair.get(algorithm.name()).and_then(Value::as_str);
            Signer::from_text(algorithm, text.with_context(|| format!("no `{}`", algorithm.name()))?)
        };
        Ok(Self { rs256: read(Algorithm::Rs256)?, es256: read(Algorithm::Es256)? })
    }

    fn to_json(&self) -> Result<Value> {
        Ok(json!({
            Algorithm::Rs256.name(): self.rs256.to_text()?,
            Algorithm::Es256.name(): self.es256.to_text()?,
        }))
    }
}
