//! The built program, files to give it, and processes that end with the test.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

pub fn spangate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spangate"));
    command.env_remove("CLICOLOR_FORCE");
    command
}

/// A directory with these files.
pub fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// What a run in `directory` printed, and its exit code.
pub fn run(directory: &Path, arguments: &[&str]) -> String {
    let output = spangate().current_dir(directory).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!("{}{}exit {}", text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// A process that goes on until it is dropped, and the lines of its standard error.
pub struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    pub fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = spangate();
        command.current_dir(directory).args(arguments).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    /// The next event, and the text before it.
    pub fn event(&mut self) -> (serde_json::Value, String) {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "ended: {before}");
            match serde_json::from_str(&line) {
                Ok(event) => return (event, before),
                Err(_) => before.push_str(&line),
            }
        }
    }

    /// Asks it to end, and tells its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
