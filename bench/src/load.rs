//! The load: `wrk`, with the same request, headers and number of connections for everyone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::conditions;
use crate::issuer::Issuer;
use crate::workload::Workload;

pub struct Load {
    arguments: Vec<String>,
    /// The script that takes tokens from a file, and the file.
    rotation: Option<[PathBuf; 2]>,
}

/// What was answered, all of it with 200.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    pub requests: u64,
    pub per_second: f64,
}

impl Load {
    pub fn prepare(
        workload: Workload,
        issuer: &Issuer,
        directory: &Path,
        connections: u32,
        duration: Duration,
    ) -> Result<Self> {
        // It answers `--version` with its usage and the status 1: that it runs is all that is asked.
        Command::new("wrk")
            .arg("--version")
            .output()
            .context("wrk makes the load and is not there: install the package `wrk`")?;
        let (name, value) = conditions::HEADER;
        let mut arguments = vec![
            "--threads=1".to_owned(),
            format!("--connections={connections}"),
            format!("--duration={}s", duration.as_secs()),
            "--timeout=10s".to_owned(),
            format!("--header={name}: {value}"),
        ];
        let rotation = match workload.rotation() {
            None => {
                arguments.push(format!("--header=authorization: {}", issuer.reader()));
                None
            }
            Some(rotation) => {
                let script = directory.join("rotate.lua");
                std::fs::write(&script, include_str!("rotate.lua"))?;
                Some([script, issuer.write_tokens(directory, rotation.algorithm, rotation.count)?])
            }
        };
        Ok(Self { arguments, rotation })
    }

    /// `start` is how many requests came before, so that tokens go on where they were.
    pub fn run(&self, url: &str, start: u64) -> Result<Served> {
        let mut command = Command::new("wrk");
        command.args(&self.arguments);
        match &self.rotation {
            None => command.arg(url),
            Some([script, tokens]) => {
                command.arg("--script").arg(script).args([url, "--"]).arg(tokens).arg(start.to_string())
            }
        };
        let output = command.output().context("cannot run wrk")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed: {said}{}", String::from_utf8_lossy(&output.stderr));
        served(&said)
    }
}

fn served(said: &str) -> Result<Served> {
    let fault = said.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors"));
    ensure!(fault.is_none(), "not every call was answered with 200: {}", fault.unwrap_or_default().trim());
    let requests = said.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse().ok());
    let per_second = said.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    let (requests, per_second) = requests.zip(per_second).with_context(|| format!("wrk says: {said}"))?;
    ensure!(requests > 0, "no call was answered");
    Ok(Served { requests, per_second })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 1s test @ http://127.0.0.1:10000/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   386.99us  219.50us  10.14ms   98.31%
    Req/Sec    41.98k     1.61k   43.69k    90.91%
  45953 requests in 1.10s, 3.94MB read
Requests/sec:  41775.45
Transfer/sec:      3.59MB
";

    #[test]
    fn counts_and_rates_are_read() {
        assert_eq!(served(SAID).unwrap(), Served { requests: 45_953, per_second: 41_775.45 });
    }

    #[test]
    fn anything_but_success_is_an_error() {
        for fault in
            ["  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 0, read 3, write 0, timeout 0\n"]
        {
            served(&format!("{SAID}{fault}")).unwrap_err();
        }
        served(&SAID.replace("45953 requests", "0 requests")).unwrap_err();
        served("").unwrap_err();
    }
}
