//! Spanner's emulator: gRPC for the sidecar, REST as the other way by which tests look at rows.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::programs::{EMULATOR_IMAGE, Emulator};
use crate::{Ports, http};

/// The clients' variable that leads them to an emulator, without credentials.
const VARIABLE: &str = "SPANNER_EMULATOR_HOST";

pub(crate) fn command(emulator: &Emulator, ports: &Ports) -> Command {
    match emulator {
        Emulator::Binaries(directory) => {
            let mut command = Command::new(directory.join("gateway_main"));
            command.arg("--hostname=127.0.0.1");
            command.arg(format!("--grpc_port={}", ports.emulator));
            command.arg(format!("--http_port={}", ports.emulator_rest));
            command.arg(format!("--grpc_binary={}", directory.join("emulator_main").display()));
            command
        }
        Emulator::Container => {
            let mut command = Command::new("docker");
            command.args(["run", "--rm"]);
            command.args(["--publish", &format!("127.0.0.1:{}:9010", ports.emulator)]);
            command.args(["--publish", &format!("127.0.0.1:{}:9020", ports.emulator_rest)]);
            command.arg(EMULATOR_IMAGE);
            command
        }
    }
}

pub(crate) fn point_at(command: &mut Command, ports: &Ports) {
    command.env(VARIABLE, format!("127.0.0.1:{}", ports.emulator));
}

pub(crate) fn is_ready(ports: &Ports) -> bool {
    http::get(&format!("{}/projects/any/instances", base(ports)), &[])
        .is_ok_and(|answer| answer.status == 200)
}

/// The rows of one query, by the emulator's REST API, each a list of values as Spanner writes them in JSON.
pub(crate) fn query(ports: &Ports, database: &str, sql: &str) -> Result<Vec<Value>> {
    let base = base(ports);
    let session = post(&format!("{base}/{database}/sessions"), &json!({}))?;
    let session =
        session.get("name").and_then(Value::as_str).context("the emulator gave no session")?.to_owned();
    let mut result = post(&format!("{base}/{session}:executeSql"), &json!({"sql": sql}))?;
    match result.pointer_mut("/rows").map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Ok(Vec::new()),
    }
}

fn post(url: &str, body: &Value) -> Result<Value> {
    let answer = http::post(url, &[("content-type", "application/json")], body.to_string().as_bytes())?;
    anyhow::ensure!(answer.status == 200, "the emulator answered {}: {}", answer.status, answer.text());
    answer.json()
}

fn base(ports: &Ports) -> String {
    format!("http://127.0.0.1:{}/v1", ports.emulator_rest)
}
