//! Who is measured: the folders of `contenders/`, each an Envoy configuration for every workload, in which ports and
//! paths are already right: Envoy chooses free ports itself, and runs in a directory with all files it names.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;
use spangate_stack::envoy::{Envoy, write_plugin};
use spangate_stack::{http, read_yaml, root};

use crate::issuer::Credentials;
use crate::load::Load;
use crate::report::Turn;
use crate::{conditions, cpu, module, upstream};

/// What every contender is asked.
pub const TARGET: &str = "/storefront/v2/customers/7/orders?limit=20";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Envoy alone.
    Bare,
    /// Envoy with its own filters.
    Native,
    /// Envoy with ours.
    Spangate,
    /// The same two with [`conditions::COUNT`] conditions more.
    NativeConditions,
    SpangateConditions,
}

impl Kind {
    /// The folder of its configuration.
    const fn folder(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Native | Self::NativeConditions => "native",
            Self::Spangate | Self::SpangateConditions => "spangate",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Native => "native",
            Self::Spangate => "spangate",
            Self::NativeConditions => "native+20",
            Self::SpangateConditions => "spangate+20",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// Envoy answers what is allowed: the decision and nothing else.
    Decided,
    /// What is allowed goes to an HTTP/2 upstream, by gRPC and back to JSON, but for `bare`.
    Proxied,
}

impl Workload {
    pub const ALL: [Self; 2] = [Self::Decided, Self::Proxied];

    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Decided => {
                &[Kind::Bare, Kind::Native, Kind::Spangate, Kind::NativeConditions, Kind::SpangateConditions]
            }
            Self::Proxied => &[Kind::Bare, Kind::Native, Kind::Spangate],
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Proxied => "proxied",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Contender {
    pub kind: Kind,
    pub workload: Workload,
}

/// A contender's Envoy; it stops when dropped.
pub struct Running {
    contender: Contender,
    envoy: Envoy,
    url: String,
}

impl Contender {
    pub fn start(self, parent: &Path, envoy: &Path, credentials: &Credentials) -> Result<Running> {
        let directory = parent.join(format!("{}-{}", self.workload.name(), self.kind.name()));
        self.furnish(&directory, parent, credentials)?;
        let envoy = Envoy::start(self.kind.name(), envoy, &directory, 1)?;
        let url = envoy.url("gateway", TARGET)?;
        Ok(Running { contender: self, envoy, url })
    }

    /// Puts beside the configuration what it names by relative paths.
    fn furnish(self, directory: &Path, parent: &Path, credentials: &Credentials) -> Result<()> {
        let folder = folder(self.kind);
        fs::create_dir(directory)?;
        let mut envoy = read_yaml(&folder.join(self.workload.name()).with_extension("yaml"))?;
        if self.kind == Kind::NativeConditions {
            conditions::add_to_envoy(&mut envoy)?;
        }
        fs::write(directory.join("envoy.yaml"), envoy.to_string())?;
        symlink(parent.join(upstream::SOCKET), directory.join(upstream::SOCKET))?;
        match self.kind {
            Kind::Bare => {}
            Kind::Native | Kind::NativeConditions => {
                fs::write(directory.join("jwks.json"), credentials.jwks.to_string())?;
                fs::write(directory.join("orders.pb"), descriptors(&folder)?)?;
            }
            Kind::Spangate | Kind::SpangateConditions => {
                let mut policy = read_yaml(&folder.join("policy.yaml"))?;
                let issuer =
                    policy.pointer_mut("/issuers/development").context("the policy has no issuer")?;
                issuer.as_object_mut().context("no issuer")?.insert("keys".into(), credentials.jwks.clone());
                if self.kind == Kind::SpangateConditions {
                    conditions::add_to_policy(&mut policy)?;
                }
                fs::write(directory.join("policy.json"), policy.to_string())?;
                write_plugin(directory, &module())?;
            }
        }
        Ok(())
    }
}

fn folder(kind: Kind) -> PathBuf {
    root().join("bench/contenders").join(kind.folder())
}

/// What `grpc_json_transcoder` has to know of the upstream's service.
fn descriptors(folder: &Path) -> Result<Vec<u8>> {
    let mut compiler = protox::Compiler::new([folder])?;
    compiler.include_imports(true).open_file("orders.proto")?;
    Ok(compiler.encode_file_descriptor_set())
}

impl Running {
    pub fn kind(&self) -> Kind {
        self.contender.kind
    }

    pub fn workload(&self) -> &'static str {
        self.contender.workload.name()
    }

    /// One turn under load. An answer that is no 200 fails the run: what refuses is not measured.
    pub fn turn(&mut self, load: &Load) -> Result<Turn> {
        let name = self.kind().name();
        let before = cpu::spent(self.envoy.process().id())?;
        let served = load.run(&self.url).with_context(|| format!("{name}:\n{}", self.envoy.process().tail(10)))?;
        let spent =
            cpu::spent(self.envoy.process().id())?.checked_sub(before).context("a thread of envoy has ended")?;
        Ok(Turn::new(spent, served))
    }
}

/// Before anything is measured: all give the same answer, and those who decide refuse a call without a token and one
/// without the role.
pub fn check(running: &[Running], credentials: &Credentials) -> Result<()> {
    let ask = |contender: &Running, token: Option<&str>| -> Result<(u16, Value)> {
        let token = token.map(|token| ("authorization", token));
        let headers: Vec<_> = token.into_iter().chain([conditions::HEADER]).collect();
        let answer = http::get(&contender.url, &headers)?;
        let body = if answer.body.is_empty() { Value::Null } else { answer.json().unwrap_or_default() };
        Ok((answer.status, body))
    };
    let mut expected = None;
    for contender in running {
        let name = contender.kind().name();
        let answer = ask(contender, Some(&credentials.reader))?;
        ensure!(answer.0 == 200, "{name} answers {answer:?}:\n{}", contender.envoy.process().tail(10));
        let expected = expected.get_or_insert_with(|| answer.clone());
        ensure!(*expected == answer, "{name} answers {answer:?} where others answer {expected:?}");
        if contender.kind() != Kind::Bare {
            let refused = [ask(contender, None)?.0, ask(contender, Some(&credentials.stranger))?.0];
            ensure!(refused == [401, 403], "{name} answers {refused:?} where it must refuse");
        }
    }
    Ok(())
}
