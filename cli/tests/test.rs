//! `spangate test`, as the text that a person sees.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use expect_test::{Expect, expect};
use support::directory;

const POLICY: &str = r#"apiVersion: spangate/v1
name: shop
issuers:
  own: {issuer: "https://id.example", audiences: [shop], jwks: {cluster: id, url: "https://id.example/keys"}}
roles:
  reader: '"read" in auth.roles'
steps:
  - authenticate: [own]
apis:
  shop:
    path: /shop
    operations:
      list:
        route: GET /orders
        roles: [reader]
        steps:
          - rate_limit: {key: auth.subject, rate: 2/1h}
          - set_header: {name: kept, when: response.status == 200, response: {x-kept: "yes"}}
        call: ListOrders
"#;

const TESTS: &str = r#"policy: policy.yaml
at: 2026-11-23T12:00:00Z
tokens:
  rita: {subject: rita, roles: [read]}
tests:
  - name: readers list
    call: {path: /shop/orders, token: rita}
    expect: {allow: ListOrders}
  - name: two an hour
    call: {path: /shop/orders, token: rita}
    expect: [{times: 2, allow: true}, {reason: rate_limited}]
"#;

const FAILING: &str = r#"policy: policy.yaml
tests:
  - name: anyone lists
    call: {path: /shop/orders}
    expect: {allow: ListOrders}
"#;

fn check(files: &[(&str, &str)], arguments: &[&str], expected: Expect) {
    let directory = directory(files);
    expected.assert_eq(&support::run(directory.path(), &[&["test"], arguments].concat()));
}

#[test]
fn tests_that_pass_and_one_that_does_not() {
    let files = [("policy.yaml", POLICY), ("a.test.yaml", TESTS), ("b.test.yaml", FAILING)];
    check(
        &files,
        &["a.test.yaml"],
        expect![[r#"
        a.test.yaml
          ✓ readers list
          ✓ two an hour
        2 passed, 0 failed
        exit 0"#]],
    );
    check(
        &files,
        &["."],
        expect![[r#"
        ./a.test.yaml
          ✓ readers list
          ✓ two an hour
        ./b.test.yaml
          ✗ anyone lists
              expected `ListOrders` to be allowed: refused with 401 token_missing by steps[0]
              ./b.test.yaml:5
        2 passed, 1 failed
        exit 1"#]],
    );
}

#[test]
fn coverage() {
    check(
        &[("policy.yaml", POLICY), ("a.test.yaml", TESTS)],
        &["--coverage", "."],
        expect![[r#"
        ./a.test.yaml
          ✓ readers list
          ✓ two an hour
        ./policy.yaml: 2 of 5 covered
          never refused: authenticate  ./policy.yaml:8 steps[0]
          never skipped: set_header `kept`  ./policy.yaml:18 apis.shop.operations.list.steps[1]
          never refused: roles  ./policy.yaml:15 apis.shop.operations.list.roles
        2 passed, 0 failed
        exit 0"#]],
    );
}

#[test]
fn faults_of_a_file_are_told_with_a_picture_and_nothing_is_run() {
    let faulty = TESTS.replace("token: rita}", "token: rito}").replace("ListOrders", "ListOrder");
    check(
        &[("policy.yaml", POLICY), ("a.test.yaml", &faulty)],
        &["."],
        expect![[r#"
        error[unknown_name]: there is no token `rito`
         --> ./a.test.yaml:7:39
          |
        7 |     call: {path: /shop/orders, token: rito}
          |                                       ^^^^ tests[0].call.token
          |
          = help: did you mean `rita`?

        error[invalid_value]: the policy has no call or operation `ListOrder`
         --> ./a.test.yaml:8:21
          |
        8 |     expect: {allow: ListOrder}
          |                     ^^^^^^^^^ tests[0].expect.allow
          |
          = help: did you mean `ListOrders`?

        error[unknown_name]: there is no token `rito`
          --> ./a.test.yaml:10:39
           |
        10 |     call: {path: /shop/orders, token: rito}
           |                                       ^^^^ tests[1].call.token
           |
           = help: did you mean `rita`?

        0 passed, 0 failed, 3 faults in the files
        exit 1"#]],
    );
    let policy = POLICY.replace("auth.roles", "auth.rolls");
    check(
        &[("policy.yaml", &policy), ("a.test.yaml", TESTS)],
        &["."],
        expect![[r#"
        error[unknown_field]: `auth` has no `rolls` (at character 15 of the expression)
         --> ./policy.yaml:6:11
          |
        6 |   reader: '"read" in auth.rolls'
          |           ^^^^^^^^^^^^^^^^^^^^^^ roles.reader
          |
          = help: did you mean `auth.roles`?

        0 passed, 0 failed, 1 fault in the files
        exit 1"#]],
    );
}

#[test]
fn operations_must_fit_the_policy() {
    let operations = "apiVersion: spangate/v1
databases: {main: {name: projects/p/instances/i/databases/d}}
defaults: {database: main, deadline: 5s}
operations: {ListOrder: {read: {sql: SELECT 1}, answer: rows}}
";
    let tests = TESTS.replace("at:", "operations: operations.yaml\nat:");
    let files = [("policy.yaml", POLICY), ("operations.yaml", operations), ("a.test.yaml", &tests)];
    check(
        &files,
        &["."],
        expect![[r#"
        error[operation_unknown]: the sidecar has no operation `ListOrders`
          --> ./policy.yaml:19:15
           |
        19 |         call: ListOrders
           |               ^^^^^^^^^^ apis.shop.operations.list.call
           |
           = help: did you mean `ListOrder`?

        ./a.test.yaml
          ✓ readers list
          ✓ two an hour
        2 passed, 0 failed, 1 fault in the files
        exit 1"#]],
    );
}

#[test]
fn a_run_without_tests_is_no_success() {
    check(
        &[("policy.yaml", POLICY)],
        &["."],
        expect![[r#"
        error: no test file in .
        exit 2"#]],
    );
    check(
        &[],
        &["a.test.yaml"],
        expect![[r#"
        error: cannot read a.test.yaml: No such file or directory (os error 2)
        exit 2"#]],
    );
    check(
        &[("a.test.yaml", TESTS)],
        &["a.test.yaml"],
        expect![[r#"
            error: a.test.yaml names a file that is not there: cannot read policy.yaml: No such file or directory (os error 2)
            exit 2"#]],
    );
}

#[test]
fn json_and_junit_say_the_same() {
    let directory = directory(&[("policy.yaml", POLICY), ("a.test.yaml", TESTS), ("b.test.yaml", FAILING)]);
    let output = support::run(directory.path(), &["test", ".", "--json", "--junit", "results.xml"]);
    let (json, exit) = output.rsplit_once("exit ").unwrap();
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((exit, &told["passed"], &told["failed"]), ("1", &2.into(), &1.into()));
    expect![[r#"
        {
          "calls": 1,
          "file": "./b.test.yaml",
          "line": 5,
          "message": "expected `ListOrders` to be allowed: refused with 401 token_missing by steps[0]",
          "name": "anyone lists",
          "passed": false,
          "path": "tests[0]"
        }"#]]
    .assert_eq(&format!("{:#}", told["tests"][2]));
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="spangate" tests="3" skipped="0" failures="1" errors="0">
            <testsuite name="./a.test.yaml" tests="2" skipped="0" errors="0" failures="0">
                <testcase name="readers list" classname="./a.test.yaml"/>
                <testcase name="two an hour" classname="./a.test.yaml"/>
            </testsuite>
            <testsuite name="./b.test.yaml" tests="1" skipped="0" errors="0" failures="1">
                <testcase name="anyone lists" classname="./b.test.yaml">
                    <failure message="expected `ListOrders` to be allowed: refused with 401 token_missing by steps[0]"/>
                </testcase>
            </testsuite>
        </testsuites>
    "#]].assert_eq(&std::fs::read_to_string(directory.path().join("results.xml")).unwrap());
}

#[test]
fn a_file_that_cannot_be_run_is_an_error_in_junit_too() {
    let faulty = TESTS.replace("ListOrders", "ListOrder");
    let directory = directory(&[("policy.yaml", POLICY), ("a.test.yaml", &faulty)]);
    let output = support::run(directory.path(), &["test", ".", "--junit", "results.xml"]);
    assert!(output.ends_with("exit 1"), "{output}");
    let xml = std::fs::read_to_string(directory.path().join("results.xml")).unwrap();
    assert!(xml.contains(r#"errors="1""#) && xml.contains("ListOrder"), "{xml}");
}
