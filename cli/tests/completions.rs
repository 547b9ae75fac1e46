//! `spangate completions`: each shell gets a script that knows our commands.

#![allow(clippy::unwrap_used, reason = "what a test did not expect fails it")]

mod support;

#[test]
fn every_shell_learns_the_commands() {
    let directory = support::directory(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let printed = support::run(directory.path(), &["completions", shell]);
        assert!(printed.ends_with("exit 0") && printed.contains("check"), "{shell}");
    }
    assert!(support::run(directory.path(), &["completions", "tcsh"]).ends_with("exit 2"));
}
