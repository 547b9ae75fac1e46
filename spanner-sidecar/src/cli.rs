//! The command line.

mod audit;
mod migrate;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use audit::Audit;
use clap::{Args, Parser, Subcommand};
pub use migrate::{Action, Breaking, Folder, Migrate, Patience, Upward};

use crate::credentials::Impersonation;
use crate::listener::mtls;
use crate::listener::peer::San;

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
    /// Show who wrote what, newest first.
    Audit(Audit),
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

    /// Address to listen on, in place of the socket: a loopback one that is trusted, or any with mutual TLS.
    #[arg(long, value_name = "ADDRESS", requires = "trust")]
    pub listen: Option<SocketAddr>,

    /// Trust whoever reaches the loopback address: every container of the pod, every user of the machine.
    #[arg(long, group = "trust")]
    pub trust_loopback: bool,

    #[command(flatten)]
    pub tls: Tls,

    /// Region in which this sidecar runs, whose limits of operations.yaml hold for it.
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,

    /// Exit when an operation does not fit the schema, instead of serving the others.
    #[arg(long)]
    pub strict: bool,

    /// Longest wait for calls in flight at the end, such as `20s`.
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    pub drain: std::time::Duration,

    /// How often every operation is planned again, such as `5m`: schemas change without asking.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub replan: std::time::Duration,

    /// Loopback address at which `/metrics` is served for Prometheus.
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,

    /// Serve the metrics on an address that is not a loopback one, too.
    #[arg(long, requires = "metrics")]
    pub metrics_anywhere: bool,

    /// Memory for answers that a policy's `cache` steps let be kept, such as `64MiB`; `0` keeps none.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size)]
    pub cache_size: u64,

    /// Keys of page tokens, a line each, made by `openssl rand -base64 32`: the first one seals, a second one opens
    /// as well. Read again when it changes.
    #[arg(long, value_name = "FILE")]
    pub page_key_file: Option<PathBuf>,

    #[command(flatten)]
    pub google: Google,
}

/// Mutual TLS with the proxy. The files are read again when they change.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mutual TLS")]
pub struct Tls {
    /// This server's certificate, with its chain, in PEM.
    #[arg(long, value_name = "FILE", group = "trust", requires_all = ["listen", "tls_key", "tls_client_ca", "allow_san"])]
    pub tls_cert: Option<PathBuf>,

    /// Its private key, in PEM, which not every user may read.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Authorities of the clients' certificates, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,

    /// Who may call: a URI (as of SPIFFE) or a name of DNS, which the client's certificate has among its subject
    /// alternative names, exactly so.
    #[arg(long, value_name = "NAME", requires = "tls_cert")]
    pub allow_san: Vec<San>,
}

impl Serve {
    /// The files of mutual TLS and who may call, if that is wanted.
    pub fn mtls(&self) -> Option<(mtls::Files, Vec<San>)> {
        let Tls { tls_cert, tls_key, tls_client_ca, allow_san } = &self.tls;
        let files = mtls::Files {
            certificate: tls_cert.clone()?,
            key: tls_key.clone()?,
            client_authority: tls_client_ca.clone()?,
        };
        Some((files, allow_san.clone()))
    }
}

/// How Spanner is reached; of no account where SPANNER_EMULATOR_HOST is set.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spanner")]
pub struct Google {
    /// Credentials: a service account's key, or a configuration of another cloud's identity. Read again when it
    /// changes. Without it: what GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own file, or the metadata server.
    #[arg(long, global = true, value_name = "FILE")]
    pub credentials: Option<PathBuf>,

    /// Service account in whose name everything is done; `A,B,ACCOUNT` where each lends the next one's identity.
    #[arg(long, global = true, value_name = "ACCOUNT")]
    pub impersonate: Option<Impersonation>,

    /// Where Spanner is, in place of its global address, such as a regional or a private one.
    #[arg(long, global = true, value_name = "URL")]
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

fn size(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { spangate_document::parse_size(text) }
}
