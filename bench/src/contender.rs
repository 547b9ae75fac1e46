//! Who is measured: the folders of `contenders/`, each an Envoy configuration for every workload, in which ports and
//! paths are already right: Envoy chooses free ports itself, and runs in a directory with all files it names.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use spangate_stack::envoy::{Envoy, write_plugin};
use spangate_stack::{http, read_yaml, root};

use crate::issuer::Issuer;
use crate::load::Load;
use crate::report::Turn;
use crate::workload::Workload;
use crate::{conditions, cpu, memory, module, upstream};

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
    pub const fn folder(self) -> &'static str {
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

#[derive(Clone, Copy, Debug)]
pub struct Contender {
    pub kind: Kind,
    pub workload: Workload,
}

/// Where `native` says what it asks of a token.
pub const JWT_AUTHN_PROVIDER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/providers/development";

/// A contender's Envoy; it stops when dropped.
pub struct Running {
    contender: Contender,
    envoy: Envoy,
    url: String,
    /// Requests so far.
    served: u64,
}

impl Contender {
    pub fn start(self, parent: &Path, envoy: &Path, issuer: &Issuer) -> Result<Running> {
        let directory = parent.join(format!("{}-{}", self.workload.name(), self.kind.name()));
        self.furnish(&directory, parent, issuer)?;
        let envoy = Envoy::start(self.kind.name(), envoy, &directory, 1)?;
        let url = envoy.url("gateway", TARGET)?;
        Ok(Running { contender: self, envoy, url, served: 0 })
    }

    /// Puts beside the configuration what it names by relative paths.
    fn furnish(self, directory: &Path, parent: &Path, issuer: &Issuer) -> Result<()> {
        let folder = folder(self.kind);
        fs::create_dir(directory)?;
        let mut envoy =
            read_yaml(&folder.join(self.workload.configuration(self.kind)).with_extension("yaml"))?;
        if self.kind == Kind::NativeConditions {
            conditions::add_to_envoy(&mut envoy)?;
        }
        if let Some(provider) = envoy.pointer_mut(JWT_AUTHN_PROVIDER).and_then(Value::as_object_mut) {
            provider.remove("jwt_cache_config");
            let size = self.workload.native_cache();
            if size > 0 {
                provider.insert("jwt_cache_config".into(), json!({"jwt_cache_size": size}));
            }
        }
        fs::write(directory.join("envoy.yaml"), envoy.to_string())?;
        symlink(parent.join(upstream::SOCKET), directory.join(upstream::SOCKET))?;
        match self.kind {
            Kind::Bare => {}
            Kind::Native | Kind::NativeConditions => {
                fs::write(directory.join("jwks.json"), issuer.jwks().to_string())?;
                fs::write(directory.join("orders.pb"), descriptors(&folder)?)?;
            }
            Kind::Spangate | Kind::SpangateConditions => {
                let mut policy = read_yaml(&folder.join(self.workload.policy()))?;
                let development = policy.pointer_mut("/issuers/development").and_then(Value::as_object_mut);
                development.context("the policy has no issuer")?.insert("keys".into(), issuer.jwks());
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

    /// One turn under load. An answer that is no 200 fails the run: what refuses is not measured.
    pub fn turn(&mut self, load: &Load) -> Result<Turn> {
        let name = self.kind().name();
        let before = cpu::spent(self.envoy.process().id())?;
        let served = load
            .run(&self.url, self.served)
            .with_context(|| format!("{name}:\n{}", self.envoy.process().tail(10)))?;
        let spent = cpu::spent(self.envoy.process().id())?
            .checked_sub(before)
            .context("a thread of envoy has ended")?;
        self.served = self.served.saturating_add(served.requests);
        Ok(Turn::new(spent, served))
    }

    /// Bytes that its Envoy has in memory.
    pub fn resident(&self) -> Result<u64> {
        memory::resident(self.envoy.process().id())
    }
}

/// Before anything is measured: all give the same answer, and those who decide refuse a call without a token and, where
/// more is asked, one without the role.
pub fn check(workload: Workload, running: &[Running], issuer: &Issuer) -> Result<()> {
    let ask = |contender: &Running, token: Option<&str>| -> Result<(u16, Value)> {
        let token = token.map(|token| ("authorization", token));
        let headers: Vec<_> = token.into_iter().chain([conditions::HEADER]).collect();
        let answer = http::get(&contender.url, &headers)?;
        let body = if answer.body.is_empty() { Value::Null } else { answer.json().unwrap_or_default() };
        Ok((answer.status, body))
    };
    let (reader, stranger) = (issuer.reader(), issuer.stranger());
    let demanded = [401, if workload.authorizes() { 403 } else { 200 }];
    let mut expected = None;
    for contender in running {
        let name = contender.kind().name();
        let answer = ask(contender, Some(&reader))?;
        ensure!(answer.0 == 200, "{name} answers {answer:?}:\n{}", contender.envoy.process().tail(10));
        let expected = expected.get_or_insert_with(|| answer.clone());
        ensure!(*expected == answer, "{name} answers {answer:?} where others answer {expected:?}");
        if contender.kind() != Kind::Bare {
            let answers = [ask(contender, None)?.0, ask(contender, Some(&stranger))?.0];
            ensure!(answers == demanded, "{name} answers {answers:?} where {demanded:?} are right");
        }
    }
    Ok(())
}
