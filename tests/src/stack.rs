//! All parts together, in a directory of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::envoy_config::{Paths, adapt, add_cluster, set_breaker};
use crate::programs::root;
use crate::{Options, Part, Process, emulator, http, read_yaml};

/// How long a part may take until it is ready: a machine under load is slow, not broken.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// The running parts. Dropped, all are stopped in the opposite order; while panicking it shows the end of each log.
pub struct Stack {
    options: Options,
    layout: Layout,
    running: BTreeMap<Part, Process>,
    directory: TempDir,
}

/// Where the files of one run are.
pub(crate) struct Layout {
    pub paths: Paths,
    pub policy: PathBuf,
    pub operations: PathBuf,
    pub schema: PathBuf,
    pub data: PathBuf,
    pub people: PathBuf,
    pub keys: PathBuf,
    pub envoy: PathBuf,
    pub logs: PathBuf,
    /// What the development issuer calls itself: what the policy expects, whatever the port.
    pub issuer: String,
}

impl Stack {
    /// Starts every part and waits until calls are answered.
    pub fn start(options: Options) -> Result<Self> {
        let parts = options.parts();
        let mut stack = Self::prepare(options)?;
        for part in parts {
            stack.start_part(part)?;
        }
        Ok(stack)
    }

    /// The directory and the files, nothing running yet.
    pub fn prepare(options: Options) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("spangate-").tempdir()?;
        let layout = Layout::write(directory.path(), &options)?;
        Ok(Self { options, layout, running: BTreeMap::new(), directory })
    }

    /// Starts one part, also one that was stopped, and waits until it is ready.
    pub fn start_part(&mut self, part: Part) -> Result<()> {
        let (options, layout) = (&self.options, &self.layout);
        if part == Part::Policy {
            self.run_once(part).with_context(|| format!("{} has faults", layout.policy.display()))?;
        }
        let log = layout.log(part);
        let mut process = Process::start(part.name(), part.command(options, layout), &log)?;
        let interrupted = || options.interrupted.load(Ordering::Relaxed);
        process.wait_until(READY_WITHIN, &interrupted, || part.is_ready(options, layout))?;
        self.running.insert(part, process);
        if part == Part::Emulator {
            self.run_once(part).context("the emulator could not be filled")?;
        }
        Ok(())
    }

    /// Asks the part to end and waits for it.
    pub fn stop_part(&mut self, part: Part) {
        if let Some(mut process) = self.running.remove(&part) {
            process.stop();
        }
    }

    /// Ends the part at once, as a crash would.
    pub fn kill_part(&mut self, part: Part) {
        if let Some(mut process) = self.running.remove(&part) {
            process.kill();
        }
    }

    /// Until Envoy's next health check has seen the sidecar, and the filter answers.
    pub fn wait_ready(&mut self) -> Result<()> {
        let (options, layout) = (&self.options, &self.layout);
        let envoy = self.running.get_mut(&Part::Envoy).context("envoy does not run")?;
        envoy.wait_until(READY_WITHIN, &|| false, || Part::Envoy.is_ready(options, layout))
    }

    /// The first part that ended by itself, and its last words.
    pub fn ended(&mut self) -> Option<(Part, String)> {
        self.running.iter_mut().find_map(|(part, process)| {
            let status = process.ended()?;
            Some((*part, format!("{} ended ({status}):\n{}", process.name(), process.tail(10))))
        })
    }

    /// The process of a part, for its id and its log.
    pub fn process(&self, part: Part) -> Option<&Process> {
        self.running.get(&part)
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The directory of this run: removed with it.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A path of the gateway as a URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.options.ports.gateway)
    }

    /// A path of Envoy's admin interface as a URL.
    pub fn admin(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.options.ports.admin)
    }

    /// A path of the development issuer as a URL.
    pub fn issuer(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.options.ports.issuer)
    }

    /// A fresh token of one of the people, as the value of `authorization`.
    pub fn token(&self, name: &str) -> Result<String> {
        self.token_with(name, &Value::Null)
    }

    /// The same with further claims over the person's own.
    pub fn token_with(&self, name: &str, claims: &Value) -> Result<String> {
        let mut form = format!("grant_type=password&username={name}");
        if !claims.is_null() {
            form.push_str(&format!("&claims={}", percent_encode(&claims.to_string())));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = http::post(&self.issuer("/token"), &headers, form.as_bytes())?;
        let token = answer.json()?.get("access_token").and_then(Value::as_str).map(str::to_owned);
        Ok(format!("Bearer {}", token.with_context(|| format!("no token for {name}: {}", answer.text()))?))
    }

    /// The rows of a query, read from the emulator past gateway and sidecar.
    pub fn query(&self, sql: &str) -> Result<Vec<Value>> {
        emulator::query(&self.options.ports, &self.database()?, sql)
    }

    /// Saves another policy as an author would; `spangate envoy --watch` checks it and hands it on. Only a policy that
    /// was given as text can be saved over: a file in place is its author's.
    pub fn save_policy(&self, text: &str) -> Result<()> {
        let policy = &self.layout.policy;
        anyhow::ensure!(policy.starts_with(self.directory()), "{} is not ours to change", policy.display());
        let beside = policy.with_extension("saving");
        std::fs::write(&beside, text)?;
        Ok(std::fs::rename(beside, policy)?)
    }

    /// The end of each log.
    pub fn tails(&self) -> String {
        let tail = |process: &Process| format!("--- {}\n{}", process.name(), process.tail(25));
        self.running.values().map(tail).collect()
    }

    /// The first database of the operations.
    fn database(&self) -> Result<String> {
        let operations = read_yaml(&self.layout.operations)?;
        let databases = operations.get("databases").and_then(Value::as_object);
        let name = databases
            .and_then(|databases| databases.values().find_map(|database| database.get("name")?.as_str()));
        Ok(name.context("the operations name no database")?.to_owned())
    }

    fn run_once(&self, part: Part) -> Result<()> {
        part.once(&self.options, &self.layout).map_or(Ok(()), run)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.tails());
        }
        while let Some((_, mut process)) = self.running.pop_last() {
            process.stop();
        }
    }
}

impl Layout {
    fn write(directory: &Path, options: &Options) -> Result<Self> {
        let paths = Paths { configuration: directory.join("etc"), run: directory.join("run") };
        let (keys, logs) = (directory.join("keys"), directory.join("logs"));
        for created in [&paths.configuration, &paths.run, &keys, &logs] {
            std::fs::create_dir(created)?;
        }
        let envoy = directory.join("envoy.json");
        let shipped = read_yaml(&root().join("envoy.yaml"))?;
        let mut adapted = adapt(&shipped, &options.ports, &paths);
        for (name, port) in &options.upstreams {
            add_cluster(&mut adapted, name, *port).context("envoy.yaml has no clusters")?;
        }
        if let Some(at_once) = options.breaker {
            set_breaker(&mut adapted, at_once).context("envoy.yaml has no breaker of the sidecar's")?;
        }
        std::fs::write(&envoy, adapted.to_string())?;
        let documents = &options.documents;
        let policy = documents.policy.place(directory, "policy.yaml")?;
        Ok(Self {
            issuer: issuer(&read_yaml(&policy)?),
            policy,
            operations: documents.operations.place(directory, "operations.yaml")?,
            schema: documents.schema.place(directory, "schema.sql")?,
            data: documents.data.place(directory, "data.sql")?,
            people: documents.people.place(directory, "people.yaml")?,
            paths,
            keys,
            envoy,
            logs,
        })
    }

    fn log(&self, part: Part) -> PathBuf {
        self.logs.join(format!("{}.log", part.name()))
    }
}

/// What the policy calls it, so that no policy has to know the port.
fn issuer(policy: &Value) -> String {
    let named = development_issuer(policy).and_then(|issuer| issuer.get("issuer")?.as_str());
    named.unwrap_or("http://localhost:9000").to_owned()
}

/// The policy's issuer whose keys come from the cluster `issuer`: the one that the development issuer stands for.
pub fn development_issuer(policy: &Value) -> Option<&Value> {
    let is_ours = |issuer: &&Value| {
        ["/jwks/cluster", "/discovery/cluster"]
            .iter()
            .any(|cluster| issuer.pointer(cluster).is_some_and(|name| name == "issuer"))
    };
    policy.get("issuers")?.as_object()?.values().find(is_ours)
}

/// Runs to the end; what it said is the error when it fails.
fn run(mut command: Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    anyhow::bail!("{}", String::from_utf8_lossy(&said).trim_end())
}

fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
