//! What a process has in memory, by the kernel's own accounting.

use std::fs;

use anyhow::{Context, Result};

/// Resident bytes.
pub fn resident(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    kibibytes(&status)
        .and_then(|size| size.checked_mul(1024))
        .with_context(|| format!("{path} says `{status}`"))
}

fn kibibytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        assert_eq!(kibibytes("Name:\tenvoy\nVmHWM:\t  9 kB\nVmRSS:\t   7324 kB\n"), Some(7324));
        assert_eq!(kibibytes("VmRSS: many"), None);
        assert!(resident(std::process::id()).unwrap() > 0);
    }
}
