//! A step of a task: what it does is said when it begins, how long it took when it ends. All goes to stderr, so that
//! stdout stays for what a task is asked for.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

/// Does `work` under the heading `what`.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("▶ {what}");
    let start = Instant::now();
    let result = work();
    let mark = if result.is_ok() { "✔" } else { "✘" };
    eprintln!("{mark} {what} ({:.1} s)", start.elapsed().as_secs_f64());
    result
}

/// Runs to the end, with its output shown as it comes.
pub fn run(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status = command.status().with_context(|| format!("cannot start `{name}`"))?;
    anyhow::ensure!(status.success(), "`{name}` failed ({status})");
    Ok(())
}

/// What it prints on stdout, without the line's end.
pub fn output(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let output = command.output().with_context(|| format!("cannot start `{name}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`{name}` failed ({}): {}", output.status, said.trim_end());
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// The cargo that runs this, in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(spangate_stack::root());
    command
}

/// Whether a program can be started with these arguments and says that all is well.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
