//! How each part of the stack is started and when it is ready.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use crate::http;
use crate::stack::Layout;
use crate::{Options, emulator};

/// In the order in which they start; they stop in the opposite one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Emulator,
    Issuer,
    Sidecar,
    /// `spangate envoy --watch`: checks the policy and hands it to Envoy whenever it is saved.
    Policy,
    Envoy,
}

impl Part {
    pub const ALL: [Self; 5] = [Self::Emulator, Self::Issuer, Self::Sidecar, Self::Policy, Self::Envoy];

    /// Its name in messages and of its log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emulator => "emulator",
            Self::Issuer => "issuer",
            Self::Sidecar => "spanner-sidecar",
            Self::Policy => "policy",
            Self::Envoy => "envoy",
        }
    }

    pub(crate) fn command(self, options: &Options, layout: &Layout) -> Command {
        let mut command = self.usual_command(options, layout);
        command.args(options.arguments.get(&self).into_iter().flatten());
        command
    }

    fn usual_command(self, options: &Options, layout: &Layout) -> Command {
        let (programs, ports) = (&options.programs, &options.ports);
        match self {
            Self::Emulator => emulator::command(&programs.emulator, ports),
            Self::Issuer => {
                let mut command = Command::new(&programs.spangate);
                command.arg("issuer").arg(format!("--listen=127.0.0.1:{}", ports.issuer));
                command.arg(format!("--issuer={}", layout.issuer));
                command.arg(path("--people", &layout.people)).arg(path("--key-dir", &layout.keys));
                command
            }
            Self::Sidecar => {
                let mut command = Command::new(&programs.sidecar);
                command.arg("serve").arg(path("--operations", &layout.operations));
                command.arg(path("--socket", &layout.paths.socket()));
                emulator::point_at(&mut command, ports);
                command
            }
            Self::Policy => {
                let mut command = Command::new(&programs.spangate);
                command.arg("envoy").arg(&layout.policy).arg("--watch");
                command.arg(path("--out", &layout.paths.filter())).arg(path("--filter", &programs.filter));
                command
            }
            Self::Envoy => {
                let mut command = Command::new(&programs.envoy);
                // Several run on one machine, and hot restart would let them find each other.
                command.arg("--disable-hot-restart").arg("-c").arg(&layout.envoy);
                if let Some(workers) = options.workers {
                    command.args(["--concurrency", &workers.to_string()]);
                }
                command
            }
        }
    }

    /// What runs once before the part, or once it is ready.
    pub(crate) fn once(self, options: &Options, layout: &Layout) -> Option<Command> {
        match self {
            // Instance, database, schema and rows, which an emulator loses when it ends.
            Self::Emulator => {
                let mut command = Command::new(&options.programs.sidecar);
                command.arg("emulator-setup").arg(path("--operations", &layout.operations));
                command.arg(path("--schema", &layout.schema)).arg(path("--data", &layout.data));
                emulator::point_at(&mut command, &options.ports);
                Some(command)
            }
            // Without watching, a fault ends the program at once.
            Self::Policy => {
                let mut command = Command::new(&options.programs.spangate);
                command.arg("envoy").arg(&layout.policy);
                command
                    .arg(path("--out", &layout.paths.filter()))
                    .arg(path("--filter", &options.programs.filter));
                Some(command)
            }
            Self::Issuer | Self::Sidecar | Self::Envoy => None,
        }
    }

    /// Asks the part itself: a port that is open says little.
    pub(crate) fn is_ready(self, options: &Options, layout: &Layout) -> bool {
        let ports = &options.ports;
        match self {
            Self::Emulator => emulator::is_ready(ports),
            Self::Issuer => answers(&format!("http://127.0.0.1:{}/jwks", ports.issuer)),
            Self::Sidecar => UnixStream::connect(layout.paths.socket()).is_ok(),
            Self::Policy => layout.paths.filter().exists(),
            Self::Envoy => sidecar_is_healthy(ports.admin) && filter_decides(ports.gateway),
        }
    }
}

fn path(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

fn answers(url: &str) -> bool {
    http::get(url, &[]).is_ok_and(|answer| answer.status == 200)
}

/// Envoy's own health checks tell whether the sidecar serves.
fn sidecar_is_healthy(admin: u16) -> bool {
    let statistic = "cluster.spanner-sidecar.membership_healthy";
    http::get(&format!("http://127.0.0.1:{admin}/stats?filter=^{statistic}$"), &[])
        .is_ok_and(|answer| answer.text().trim() == format!("{statistic}: 1"))
}

/// Envoy says that it is live even when its filter has no configuration: then every call is a bare 500, and where the
/// filter is skipped, `envoy.yaml` answers 503. Any other answer is the filter's.
fn filter_decides(gateway: u16) -> bool {
    http::get(&format!("http://127.0.0.1:{gateway}/.well-known/spangate-ready"), &[])
        .is_ok_and(|answer| !matches!(answer.status, 500 | 503))
}
