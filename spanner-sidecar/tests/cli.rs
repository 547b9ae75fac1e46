//! What the command line refuses, as a person sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

fn run(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_spanner-sidecar"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .env_remove("SPANNER_EMULATOR_HOST")
        .args(arguments)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn check(arguments: &[&str], expected: &str) {
    let (success, text) = run(arguments);
    assert!(!success && text.contains(expected), "{text}");
}

#[test]
fn loopback_must_be_trusted_and_be_loopback() {
    check(&["serve", "--operations", "operations.yaml", "--listen", "127.0.0.1:0"], "--trust-loopback");
    check(
        &["serve", "--operations", "operations.yaml", "--listen", "0.0.0.0:0", "--trust-loopback"],
        "`0.0.0.0:0` is not a loopback address",
    );
}

#[test]
fn set_up_touches_the_emulator_alone() {
    let arguments = ["--operations", "operations.yaml", "--schema", "schema.sql", "--data", "rows.sql"];
    check(&[&["emulator-setup"], arguments.as_slice()].concat(), "`SPANNER_EMULATOR_HOST` is not set");
}

#[test]
fn faults_of_documents() {
    check(&["serve", "--operations", "nowhere.yaml"], "cannot read `nowhere.yaml`");
    check(&["serve", "--operations", "schema.sql"], "`schema.sql`");
}
