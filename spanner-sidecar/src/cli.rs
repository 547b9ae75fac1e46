//! The command line.

mod migrate;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
pub use migrate::{Action, Breaking, Folder, Migrate, Patience, Upward};

/// Runs named operations on Spanner for the gateway's filter.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the operations of a document.
    Serve(Serve),
    /// Create Spangate's own tables, and bring a database's schema up to date by ordered files.
    Migrate(Migrate),
    /// Create the documents' databases in the Spanner emulator, with a schema and rows. Never touches Spanner itself.
    EmulatorSetup(EmulatorSetup),
}

#[derive(Debug, Args)]
pub struct Serve {
    /// What may be run.
    #[arg(long, value_name = "FILE")]
    pub operations: PathBuf,

    /// Unix socket to listen on.
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/run/spangate/sidecar.sock",
        conflicts_with = "listen"
    )]
    pub socket: PathBuf,

    /// Further user ids that may connect to the socket, besides this process's own and root.
    #[arg(long, value_name = "UID")]
    pub allow_uid: Vec<u32>,

    /// Group that the socket, mode 0660, is given to, so that a proxy of another user can reach it.
    #[arg(long, value_name = "GID")]
    pub socket_group: Option<u32>,

    /// Loopback address to listen on, in place of the socket.
    #[arg(long, value_name = "ADDRESS", requires = "trust_loopback")]
    pub listen: Option<SocketAddr>,

    /// Trust whoever reaches the loopback address: every container of the pod, every user of the machine.
    #[arg(long)]
    pub trust_loopback: bool,

    /// Exit when an operation does not fit the schema, instead of serving the others.
    #[arg(long)]
    pub strict: bool,

    /// Longest wait for calls in flight at the end, such as `20s`.
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    pub drain: std::time::Duration,

    #[command(flatten)]
    pub google: Google,
}

/// How Spanner is reached; of no account where SPANNER_EMULATOR_HOST is set.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spanner")]
pub struct Google {
    /// Credentials: a service account's key, or a configuration of another cloud's identity. Read again when it
    /// changes. Without it: what GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own file, or the metadata server.
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,

    /// Service account in whose name everything is done.
    #[arg(long, value_name = "ACCOUNT")]
    pub impersonate: Option<String>,

    /// Where Spanner is, in place of its global address, such as a regional or a private one.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

#[derive(Debug, Args)]
pub struct EmulatorSetup {
    /// Whose `databases` are created.
    #[arg(long, value_name = "FILE")]
    pub operations: PathBuf,

    /// DDL, applied at once.
    #[arg(long, value_name = "FILE")]
    pub schema: PathBuf,

    /// DML, run in one transaction.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,

    /// Longest wait for the emulator to answer, such as `60s`.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub wait: std::time::Duration,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    spangate_document::parse_duration(text)
        .map(|duration| std::time::Duration::from_millis(duration.milliseconds))
}
