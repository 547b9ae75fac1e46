//! Replaces a file as a whole: written beside, then renamed. Nobody ever sees half a file, and a rename is the
//! only change that Envoy notices.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::Context;

/// Who may read the file.
#[derive(Clone, Copy)]
pub enum Readers {
    /// Envoy runs as a user of its own, and a policy holds no secret.
    Everyone,
    Owner,
}

pub fn replace(file: &Path, text: &str, readers: Readers) -> anyhow::Result<()> {
    write(file, text, readers).with_context(|| format!("cannot write {}", file.display()))
}

fn write(file: &Path, text: &str, readers: Readers) -> Result<()> {
    let directory = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let beside = directory.join(name);
    let written = write_new(&beside, text, readers).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // What counts is why it was not written.
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The rename itself is durable only once the directory is.
    File::open(directory)?.sync_all()
}

fn write_new(path: &Path, text: &str, readers: Readers) -> Result<()> {
    let mode = match readers {
        Readers::Everyone => 0o644,
        Readers::Owner => 0o600,
    };
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    // Said again, since the umask takes away from what is asked at creation.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}
