//! One started process: its output goes to a file, it is ended by its id, and it never outlives whoever started it.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a process may take to end once it is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// Dropped, it stops.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    keeper: Keeper,
}

impl Process {
    /// Starts `command` in a process group of its own, so that a Ctrl-C reaches only us and we stop the parts in order.
    /// Its output is appended to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let keeper = Keeper::watch(child.id())?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), keeper })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until `ready` says so; an error if the process ends first, takes too long or `interrupted` is set.
    pub fn wait_until(
        &mut self,
        within: Duration,
        interrupted: &dyn Fn() -> bool,
        mut ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let start = Instant::now();
        while !ready() {
            anyhow::ensure!(!interrupted(), "interrupted");
            if let Some(status) = self.ended() {
                anyhow::bail!("{} ended ({}):\n{}", self.name, describe(status), self.tail(30));
            }
            if start.elapsed() > within {
                anyhow::bail!("{} was not ready within {within:?}:\n{}", self.name, self.tail(30));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks it to end, and ends it when it does not within ten seconds.
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while self.ended().is_none() && asked.elapsed() < GRACE {
            sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Ends it at once, and what it started: the emulator's front leaves its server behind otherwise.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        // An error says that it is gone already.
        let _ = self.child.wait();
        let killed = Instant::now();
        while self.group().is_some_and(|group| test_kill_process_group(group).is_ok())
            && killed.elapsed() < Duration::from_secs(1)
        {
            sleep(Duration::from_millis(5));
        }
        self.keeper.release();
    }

    /// The last lines of its output.
    pub fn tail(&self, lines: usize) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let skipped = text.lines().count().saturating_sub(lines);
        text.lines().skip(skipped).map(|line| format!("  {line}\n")).collect()
    }

    /// Sends `signal` to the whole group. A group that is gone is what was wanted.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group() {
            let _ = kill_process_group(group, signal);
        }
    }

    fn group(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A shell that waits on a pipe from us and ends the process group when the pipe closes without a word: whatever
/// happened to us (a test runner's SIGKILL runs no `Drop`), nothing stays behind.
struct Keeper {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Keeper {
    fn watch(group: u32) -> Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", "read -r released || kill -s KILL -- \"-$0\"", &group.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// The group is gone, and its number may be somebody else's soon.
    fn release(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            // An error says that the shell is gone already.
            let _ = pipe.write_all(b"released\n");
        }
        let _ = self.shell.wait();
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for no known reason".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str, directory: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("script", command, &directory.join("log")).unwrap()
    }

    #[test]
    fn what_ends_early_is_told_with_its_last_words() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = start("echo first; echo last; exit 3", directory.path());
        let fault = process.wait_until(Duration::from_secs(60), &|| false, || false).unwrap_err();
        assert_eq!(fault.to_string(), "script ended (exit code 3):\n  first\n  last\n");
    }

    #[test]
    fn stopping_ends_what_it_started_too() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = start("sleep 1000 & echo $!; wait", directory.path());
        let log = process.log().to_owned();
        let inner = || std::fs::read_to_string(&log).unwrap_or_default();
        process.wait_until(Duration::from_secs(60), &|| false, || inner().ends_with('\n')).unwrap();
        let inner: i32 = inner().trim().parse().unwrap();
        process.stop();
        let gone = || match std::fs::read_to_string(format!("/proc/{inner}/stat")) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        while !gone() {
            sleep(Duration::from_millis(5));
        }
    }

    /// As when whoever started it is killed: the pipe closes, and nothing was said.
    #[test]
    fn nothing_outlives_its_starter() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = start("sleep 1000 & wait", directory.path());
        drop(process.keeper.pipe.take());
        let fault = process.wait_until(Duration::from_secs(60), &|| false, || false).unwrap_err();
        assert_eq!(fault.to_string(), "script ended (signal 9):\n");
    }

    #[test]
    fn an_interruption_ends_the_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = start("sleep 1000", directory.path());
        let fault = process.wait_until(Duration::from_secs(60), &|| true, || false).unwrap_err();
        assert_eq!(fault.to_string(), "interrupted");
    }
}
