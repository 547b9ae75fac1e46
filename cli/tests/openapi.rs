//! `spangate openapi`.

#![allow(clippy::unwrap_used, reason = "what a test did not expect fails it")]

mod support;

use std::path::{Path, PathBuf};

use expect_test::{expect, expect_file};

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/storefront")
}

/// `cargo xtask generate` writes it anew.
#[test]
fn the_samples_document_is_the_one_beside_it() {
    let printed = support::run(&sample(), &["openapi", "policy.yaml", "--operations", "operations.yaml"]);
    let (document, exit) = printed.rsplit_once("exit ").unwrap();
    assert_eq!(exit, "0", "{document}");
    expect_file!["../../examples/storefront/openapi.json"].assert_eq(document);
}

#[test]
fn a_document_goes_to_a_file_and_names_its_servers() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("openapi.json");
    let arguments =
        ["openapi", "policy.yaml", "--operations", "operations.yaml", "--out", out.to_str().unwrap()];
    let servers = ["--server", "https://api.example", "--server", "https://eu.example"];
    assert_eq!(support::run(&sample(), &[&arguments[..], &servers].concat()), "exit 0");
    let document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
    let servers = document.get("servers").unwrap().to_string();
    assert_eq!(servers, r#"[{"url":"https://api.example"},{"url":"https://eu.example"}]"#);
}

#[test]
fn a_call_that_no_operation_answers_is_a_fault() {
    let policy = r#"
apiVersion: spangate/v1
name: shop
apis:
  orders:
    path: /orders
    operations:
      list: {route: GET /, public: true, call: List}
"#;
    let directory = support::directory(&[("policy.yaml", policy)]);
    let said = support::run(directory.path(), &["openapi", "policy.yaml"]);
    expect![[r#"
        error[operation_unknown]: `orders.list` calls `List`, which none of the operations is
        --> policy.yaml
         = help: name the file that has it with `--operations`

        exit 1"#]]
    .assert_eq(&said);
}
