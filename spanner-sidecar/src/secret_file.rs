//! Files that hold keys: they are for their owner and group alone.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const OTHERS: u32 = 0o007;

/// Whether every user of the machine may read, change or run it.
pub fn is_open_to_all(path: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.permissions().mode() & OTHERS != 0)
}
