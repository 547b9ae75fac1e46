//! An Envoy by itself, with a configuration in which ports are 0: it chooses free ones and tells them. For benchmarks, and
//! for stories in which nothing stands behind Envoy.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{Process, dist, http};

const READY_WITHIN: Duration = Duration::from_secs(60);

/// Dropped, it stops.
pub struct Envoy {
    process: Process,
    /// Address of the admin interface.
    admin: String,
    /// Where it listens for calls, by the listeners' names.
    ports: BTreeMap<String, u16>,
}

impl Envoy {
    /// Runs `envoy.yaml` of `directory`, in there, so that relative paths name what lies beside it.
    pub fn start(name: &str, program: &Path, directory: &Path, workers: u32) -> Result<Self> {
        let mut command = Command::new(program);
        command.current_dir(directory).args(["--disable-hot-restart", "--concurrency", &workers.to_string()]);
        command.args(["--admin-address-path", "admin.txt", "--log-level", "warning", "-c", "envoy.yaml"]);
        let mut process = Process::start(name, command, &directory.join("envoy.log"))?;
        let mut found = None;
        process.wait_until(READY_WITHIN, &|| false, || {
            found = fs::read_to_string(directory.join("admin.txt")).ok().and_then(listeners);
            found.is_some()
        })?;
        let (admin, ports) = found.context("envoy listens nowhere")?;
        Ok(Self { process, admin, ports })
    }

    /// A path behind that listener.
    pub fn url(&self, listener: &str, path: &str) -> Result<String> {
        let port = self.port(listener)?;
        Ok(format!("http://127.0.0.1:{port}{path}"))
    }

    pub fn port(&self, listener: &str) -> Result<u16> {
        self.ports.get(listener).copied().with_context(|| format!("no listener is named `{listener}`"))
    }

    /// A path of the admin interface.
    pub fn admin(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// The admin interface's address and the listeners' ports, once Envoy is ready.
fn listeners(admin: String) -> Option<(String, BTreeMap<String, u16>)> {
    let ready = http::get(&format!("http://{admin}/ready"), &[]).ok()?;
    let told = http::get(&format!("http://{admin}/listeners?format=json"), &[]).ok()?.json().ok()?;
    let port = |listener: &Value| {
        let port = listener.pointer("/local_address/socket_address/port_value")?.as_u64()?;
        Some((listener.get("name")?.as_str()?.to_owned(), u16::try_from(port).ok()?))
    };
    let ports: BTreeMap<_, _> = told.get("listener_statuses")?.as_array()?.iter().filter_map(port).collect();
    (ready.status == 200 && !ports.is_empty()).then_some((admin, ports))
}

/// Writes what Envoy reads of `policy.json` beside it as `filter.json`, as a user would hand the policy over.
pub fn write_plugin(directory: &Path, module: &Path) -> Result<()> {
    let output = Command::new(dist().join("spangate"))
        .current_dir(directory)
        .args(["envoy", "policy.json", "--out", "filter.json", "--filter"])
        .arg(module)
        .output()
        .context("cannot run spangate: run `cargo xtask build`")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
