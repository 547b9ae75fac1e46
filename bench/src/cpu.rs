//! What a process has spent of the processor, by the kernel's own accounting of each of its threads.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// All threads together, main thread and workers. In nanoseconds, where `/proc/PID/stat` counts hundredths of a second.
pub fn spent(process: u32) -> Result<Duration> {
    let threads = format!("/proc/{process}/task");
    let mut total = 0;
    for thread in fs::read_dir(&threads).with_context(|| format!("cannot read {threads}"))? {
        let path = thread?.path().join("schedstat");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        total += nanoseconds(&text).with_context(|| format!("{} says `{text}`", path.display()))?;
    }
    Ok(Duration::from_nanos(total))
}

/// Of `time-running time-waiting timeslices`.
fn nanoseconds(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread::sleep;

    use super::*;

    #[test]
    fn work_is_counted_and_sleep_is_not() {
        let mut busy = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let mut idle = Command::new("sleep").arg("60").spawn().unwrap();
        while spent(busy.id()).unwrap() < Duration::from_millis(200) {
            sleep(Duration::from_millis(1));
        }
        let slept = spent(idle.id()).unwrap();
        for child in [&mut busy, &mut idle] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(slept < Duration::from_millis(200), "{slept:?}");
    }

    #[test]
    fn the_first_number_counts() {
        assert_eq!(nanoseconds("12 34 5\n"), Some(12));
        assert_eq!(nanoseconds(""), None);
    }
}
