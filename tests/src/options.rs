//! What a stack is made of: ports, programs, and the documents of a sample or of a user.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::programs::root;
use crate::{Ports, Programs};

/// A document in place, or as text that the stack writes into its own directory.
#[derive(Clone, Debug)]
pub enum Document {
    File(PathBuf),
    Text(String),
}

impl Document {
    /// Its path; a text is written to `directory/name` first.
    pub(crate) fn place(&self, directory: &Path, name: &str) -> Result<PathBuf> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Text(text) => {
                let path = directory.join(name);
                std::fs::write(&path, text)?;
                Ok(path)
            }
        }
    }

    pub fn text(&self) -> Result<String> {
        match self {
            Self::File(path) => Ok(std::fs::read_to_string(path)?),
            Self::Text(text) => Ok(text.clone()),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Documents {
    pub policy: Document,
    pub operations: Document,
    pub schema: Document,
    pub data: Document,
    /// Who may ask the development issuer for a token.
    pub people: Document,
}

impl Documents {
    /// Those of `examples/storefront`, in place.
    pub fn storefront() -> Self {
        let file = |name: &str| Document::File(root().join("examples/storefront").join(name));
        Self {
            policy: file("policy.yaml"),
            operations: file("operations.yaml"),
            schema: file("schema.sql"),
            data: file("data.sql"),
            people: file("people.yaml"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Options {
    pub ports: Ports,
    pub programs: Programs,
    pub documents: Documents,
    /// Envoy's worker threads; as many as cores where none is given.
    pub workers: Option<u32>,
    /// Clusters beyond those of `envoy.yaml`, each with a port of this machine: upstreams that a policy forwards to.
    pub upstreams: Vec<(String, u16)>,
    /// Set from outside (Ctrl-C), it ends the waiting for parts that are not ready yet.
    pub interrupted: Arc<AtomicBool>,
}

impl Options {
    /// The sample on free ports.
    pub fn storefront() -> Result<Self> {
        Ok(Self {
            ports: Ports::free()?,
            programs: Programs::find()?,
            documents: Documents::storefront(),
            workers: None,
            upstreams: Vec::new(),
            interrupted: Arc::default(),
        })
    }

    pub fn policy(mut self, text: impl Into<String>) -> Self {
        self.documents.policy = Document::Text(text.into());
        self
    }

    pub fn operations(mut self, text: impl Into<String>) -> Self {
        self.documents.operations = Document::Text(text.into());
        self
    }

    pub fn upstream(mut self, cluster: &str, port: u16) -> Self {
        self.upstreams.push((cluster.to_owned(), port));
        self
    }

    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = Some(workers);
        self
    }
}
