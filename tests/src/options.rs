//! What a stack is made of: ports, programs, and the documents of a sample or of a user.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::programs::root;
use crate::{Part, Ports, Programs};

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

/// What listens at the port of the emulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spanner {
    #[default]
    Emulator,
    /// A Spanner that whoever asks for the stack has started there, with its tables and rows.
    Given,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub ports: Ports,
    pub programs: Programs,
    pub documents: Documents,
    pub spanner: Spanner,
    /// Of the parts' programs, beyond those that every stack gives them.
    pub arguments: BTreeMap<Part, Vec<String>>,
    /// Envoy's worker threads; as many as cores where none is given.
    pub workers: Option<u32>,
    /// Clusters beyond those of `envoy.yaml`, each with a port of this machine: upstreams that a policy forwards to.
    pub upstreams: Vec<(String, u16)>,
    /// How many calls Envoy lets on to the sidecar at once, where it is not `envoy.yaml` that says so.
    pub breaker: Option<u32>,
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
            spanner: Spanner::default(),
            arguments: BTreeMap::new(),
            workers: None,
            upstreams: Vec::new(),
            breaker: None,
            interrupted: Arc::default(),
        })
    }

    /// The parts that are the stack's own.
    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        let spanner = self.spanner;
        Part::ALL.into_iter().filter(move |part| *part != Part::Emulator || spanner == Spanner::Emulator)
    }

    pub fn given_spanner(mut self) -> Self {
        self.spanner = Spanner::Given;
        self
    }

    pub fn arguments<'a>(mut self, part: Part, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned);
        self.arguments.entry(part).or_default().extend(arguments);
        self
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

    pub fn breaker(mut self, at_once: u32) -> Self {
        self.breaker = Some(at_once);
        self
    }

    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = Some(workers);
        self
    }
}
