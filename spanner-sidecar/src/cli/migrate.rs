//! `migrate` and what it is told.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Google, duration};

#[derive(Debug, Args)]
pub struct Migrate {
    #[command(subcommand)]
    pub action: Action,

    /// Whose `databases` these are, and whose operations must not break.
    #[arg(long, value_name = "FILE", global = true, required = false, default_value = "operations.yaml")]
    pub operations: PathBuf,

    /// Which of the databases, by its key there; needless when there is one.
    #[arg(long, value_name = "NAME", global = true)]
    pub database: Option<String>,

    /// One JSON object a line in place of text.
    #[arg(long, global = true)]
    pub json: bool,

    #[command(flatten)]
    pub google: Google,
}

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Create Spangate's own tables where they are not yet, and grant each writing role what it needs of them.
    Init {
        /// Show what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Tell what is applied, what is left, and what is wrong.
    Status {
        #[command(flatten)]
        folder: Folder,
    },
    /// Show what `up` would do, and which operations it would break.
    Plan {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        breaking: Breaking,
    },
    /// Apply what is left.
    Up {
        #[command(flatten)]
        upward: Upward,
    },
    /// Apply what is left, up to a version.
    To {
        #[arg(id = "target", value_name = "VERSION")]
        version: u32,
        #[command(flatten)]
        upward: Upward,
    },
    /// Take the versions up to this one as applied, in a database that was there before its migrations.
    Baseline {
        #[arg(id = "target", value_name = "VERSION")]
        version: u32,
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        patience: Patience,
    },
    /// Accept files that have changed since they were applied, or say how a half-applied one was ended by hand.
    Repair {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        patience: Patience,
        /// A half-applied version whose other statements have been applied by hand.
        #[arg(long, value_name = "VERSION", conflicts_with = "undone")]
        applied: Option<u32>,
        /// A half-applied version whose statements have been undone by hand.
        #[arg(long, value_name = "VERSION")]
        undone: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub struct Folder {
    /// Where the files are: `0001_words.sql` (DDL), `0002_words.dml.sql`, `0003_words.partitioned.sql`.
    #[arg(long, value_name = "FOLDER")]
    pub migrations: PathBuf,
}

#[derive(Debug, Args)]
pub struct Upward {
    #[command(flatten)]
    pub folder: Folder,
    #[command(flatten)]
    pub breaking: Breaking,
    #[command(flatten)]
    pub patience: Patience,
    /// Show what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Breaking {
    /// Policy whose served versions call the operations that must not break; without any, all must not.
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,

    /// Operation that may break.
    #[arg(long, value_name = "OPERATION")]
    pub allow_breaking: Vec<String>,

    /// Database that is made, migrated, planned against and dropped again: `projects/P/instances/I/databases/D`.
    #[arg(long, value_name = "DATABASE")]
    pub scratch: Option<String>,
}

#[derive(Debug, Args)]
pub struct Patience {
    /// How long the lock holds without being renewed: who is killed keeps others waiting as long.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub lease: Duration,

    /// Longest wait for somebody else's lock.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub lock_wait: Duration,
}
