//! `spangate check`, as the text that a person sees.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use expect_test::{Expect, expect};

const POLICY: &str = r#"apiVersion: spangate/v1
name: shop
issuers:
  own: {issuer: "http://localhost:9000", audiences: [shop], jwks: {cluster: issuer, url: "http://localhost:9000/jwks"}}
roles:
  reader: '"Read" in auth.roles'
steps:
  - authenticate: [own]
apis:
  shop:
    path: /shop
    operations:
      list:
        route: GET /customers/{customer_id}/orders
        roles: [reader]
        call: ListOrders
"#;

const OPERATIONS: &str = r#"apiVersion: spangate/v1
databases:
  main: {name: projects/p/instances/i/databases/d}
defaults: {database: main}
operations:
  ListOrders:
    read:
      sql: SELECT order_id FROM orders WHERE tenant = @tenant AND customer_id = @customer_id
    parameters:
      tenant: {type: STRING, from: identity.tenant}
      customer_id: {type: INT64, from: path}
    answer: rows
"#;

fn check(files: &[(&str, &str)], expected: Expect) {
    let directory = support::directory(files);
    let mut arguments = vec!["check"];
    arguments.extend(files.iter().map(|(name, _)| *name));
    expected.assert_eq(&support::run(directory.path(), &arguments));
}

#[test]
fn a_policy_and_operations_that_agree() {
    check(
        &[("policy.yaml", POLICY), ("operations.yaml", OPERATIONS)],
        expect![[r#"
        2 files checked: 0 errors, 0 warnings
        exit 0"#]],
    );
}

#[test]
fn each_fault_is_shown_where_it_stands() {
    let policy = POLICY
        .replace("roles: [reader]", "rolls: [reader]")
        .replace("apiVersion: spangate/v1", "apiVersion: 2");
    check(
        &[("policy.yaml", &policy)],
        expect![[r#"
            error[wrong_type]: expected a text, found an integer
             --> policy.yaml:1:13
              |
            1 | apiVersion: 2
              |             ^ apiVersion
              |
              = help: put it in quotation marks

            warning[unused]: the role `reader` is not used
             --> policy.yaml:6:3
              |
            6 |   reader: '"Read" in auth.roles'
              |   ^^^^^^ roles.reader

            error[roles_or_public]: `roles` or `public: true` is needed
              --> policy.yaml:14:9
               |
            14 |         route: GET /customers/{customer_id}/orders
               |         ^ apis.shop.operations.list
               |
               = help: name the roles that may call it, or say `public: true`

            error[unknown_key]: unknown key `rolls`
              --> policy.yaml:15:9
               |
            15 |         rolls: [reader]
               |         ^^^^^ apis.shop.operations.list
               |
               = help: did you mean `roles`?

            1 file checked: 3 errors, 1 warning
            exit 1"#]],
    );
}

#[test]
fn places_are_right_after_letters_of_many_bytes() {
    let policy = POLICY.replace("name: shop", "name: größe\nnäme: 'ü'");
    check(
        &[("policy.yaml", &policy)],
        expect![[r#"
        error[unknown_key]: unknown key `näme`
         --> policy.yaml:3:1
          |
        3 | näme: 'ü'
          | ^^^^
          |
          = help: did you mean `name`?

        1 file checked: 1 error, 0 warnings
        exit 1"#]],
    );
}

#[test]
fn headers_are_declared_and_only_reads_are_cached() {
    let operations = r#"apiVersion: spangate/v1
databases: {main: {name: projects/p/instances/i/databases/d}}
operations:
  ListOrders:
    write: [{sql: "DELETE FROM orders WHERE customer_id = @customer_id AND cart = @cart AND other = @other"}]
    parameters:
      customer_id: {type: INT64, from: path}
      cart: {type: STRING, from: header X-Cart}
      other: {type: STRING, from: header x-other}
"#;
    let steps = "\n        steps: [{validate: {headers: {X-Cart: {}}}}, {cache: {ttl: 10s}}]\n        call:";
    check(
        &[("policy.yaml", &POLICY.replace("\n        call:", steps)), ("operations.yaml", operations)],
        expect![[r#"
            error[header_undeclared]: `ListOrders` binds the header `x-other`, which the policy does not pass on
              --> policy.yaml:17:15
               |
            17 |         call: ListOrders
               |               ^^^^^^^^^^ apis.shop.operations.list.call
               |
               = help: declare it by a step `validate: {headers: {x-other: {}}}`

            error[cache_of_write]: `ListOrders` writes, and apis.shop.operations.list.steps[1] would keep its answer
              --> policy.yaml:17:15
               |
            17 |         call: ListOrders
               |               ^^^^^^^^^^ apis.shop.operations.list.call
               |
               = help: cache reads alone

            2 files checked: 2 errors, 0 warnings
            exit 1"#]],
    );
}

#[test]
fn what_disagrees_between_files() {
    let policy = POLICY
        .replace("{customer_id}", "{customer}")
        .replace("roles: [reader]", "public: true")
        .replace("        call: ListOrders\n", "        call: ListOrders\n      all:\n        route: GET /all\n        roles: [reader]\n        call: ListOrder\n");
    check(
        &[("policy.yaml", &policy), ("operations.yaml", OPERATIONS)],
        expect![[r#"
        error[path_parameter_missing]: `ListOrders` takes `customer_id` from the path, and the route has no such parameter
          --> policy.yaml:14:16
           |
        14 |         route: GET /customers/{customer}/orders
           |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ apis.shop.operations.list.route
           |
           = help: the route calls a parameter `customer`

        warning[path_parameter_unused]: `ListOrders` does not take `customer` from the path
          --> policy.yaml:14:16
           |
        14 |         route: GET /customers/{customer}/orders
           |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ apis.shop.operations.list.route
           |
           = help: unless a condition reads it, every value there gives the same answer

        error[identity_missing]: `ListOrders` binds the caller's identity, and a public operation may have none
          --> policy.yaml:15:17
           |
        15 |         public: true
           |                 ^^^^ apis.shop.operations.list.public
           |
           = help: name `roles` in place of `public`, or give the parameter another source

        error[operation_unknown]: the sidecar has no operation `ListOrder`
          --> policy.yaml:20:15
           |
        20 |         call: ListOrder
           |               ^^^^^^^^^ apis.shop.operations.all.call
           |
           = help: did you mean `ListOrders`?

        2 files checked: 3 errors, 1 warning
        exit 1"#]],
    );
}

#[test]
fn a_get_has_no_body() {
    let operations = OPERATIONS.replace("from: path", "from: body.customer");
    let policy = POLICY.replace("/customers/{customer_id}", "");
    check(
        &[("policy.yaml", &policy), ("operations.yaml", &operations)],
        expect![[r#"
        error[body_missing]: `ListOrders` binds the body, and a GET has none
          --> policy.yaml:14:16
           |
        14 |         route: GET /orders
           |                ^^^^^^^^^^^ apis.shop.operations.list.route
           |
           = help: route it by POST, PUT or PATCH

        2 files checked: 1 error, 0 warnings
        exit 1"#]],
    );
}

#[test]
fn json_has_places_too() {
    check(
        &[("policy.json", "{\n  \"apiVersion\": \"spangate/v1\",\n  \"name\": 7,\n  \"apis\": {}\n}")],
        expect![[r#"
            error[wrong_type]: expected a text, found an integer
             --> policy.json:3:11
              |
            3 |   "name": 7,
              |           ^ name
              |
              = help: put it in quotation marks

            1 file checked: 1 error, 0 warnings
            exit 1"#]],
    );
    check(
        &[("policy.json", "{\n  \"apis\": {},\n  \"apis\": {}\n}")],
        expect![[r#"
            error[missing_key]: `apiVersion` is missing
             --> policy.json:1:1
              |
            1 | {
              | ^

            error[missing_key]: `name` is missing
             --> policy.json:1:1
              |
            1 | {
              | ^

            error[duplicate_key]: the key `apis` occurs twice, first on line 2
             --> policy.json:3:3
              |
            3 |   "apis": {}
              |   ^^^^^^

            1 file checked: 3 errors, 0 warnings
            exit 1"#]],
    );
}

#[test]
fn what_is_neither() {
    check(
        &[("other.yaml", "a: 1"), ("broken.yaml", "a: [1"), ("empty.yaml", "")],
        expect![[r#"
            error[unknown_document]: this is neither a policy nor operations nor tests
            --> other.yaml
             = help: a policy has `apis`, operations have `operations`, tests have `tests`

            error[syntax]: while parsing a flow sequence, expected ',' or ']'
             --> broken.yaml:1:6
              |
            1 | a: [1
              |      ^

            error[syntax]: the document is empty
            --> empty.yaml

            3 files checked: 3 errors, 0 warnings
            exit 1"#]],
    );
}

#[test]
fn findings_as_json() {
    let directory = support::directory(&[("policy.yaml", "apis: {}\nname: a\napiVersoin: spangate/v1\n")]);
    let expected = expect![[r#"
        {"errors":2,"findings":[{"code":"missing_key","column":1,"file":"policy.yaml","help":null,"length":1,"line":1,"message":"`apiVersion` is missing","path":"","severity":"error"},{"code":"unknown_key","column":1,"file":"policy.yaml","help":"did you mean `apiVersion`?","length":10,"line":3,"message":"unknown key `apiVersoin`","path":"","severity":"error"}],"warnings":0}
        exit 1"#]];
    expected.assert_eq(&support::run(directory.path(), &["check", "--json", "policy.yaml"]));
}

#[test]
fn faults_of_the_text_come_with_those_of_the_policy() {
    check(
        &[("policy.yaml", &POLICY.replace("name: shop", "name: no\nname: shop\nmode: shadwo\n1: x"))],
        expect![[r#"
            warning[ambiguous_value]: `no` is a text here, and false to readers of YAML 1.1
             --> policy.yaml:2:7
              |
            2 | name: no
              |       ^^
              |
              = help: put it in quotation marks

            error[duplicate_key]: the key `name` occurs twice, first on line 2
             --> policy.yaml:3:1
              |
            3 | name: shop
              | ^^^^

            error[invalid_value]: `shadwo` is no mode
             --> policy.yaml:4:7
              |
            4 | mode: shadwo
              |       ^^^^^^ mode
              |
              = help: did you mean `shadow`?

            error[invalid_key]: a key is a text, `1` is an integer
             --> policy.yaml:5:1
              |
            5 | 1: x
              | ^
              |
              = help: put it in quotation marks

            1 file checked: 3 errors, 1 warning
            exit 1"#]],
    );
    let json = "{\n\t\"apis\": {},\n\t\"name\": 1,\n\t\"apis\": {},\n\t\"name\": \"x\"\n}";
    check(
        &[("policy.json", json)],
        expect![[r#"
        error[missing_key]: `apiVersion` is missing
         --> policy.json:1:1
          |
        1 | {
          | ^

        error[wrong_type]: expected a text, found an integer
         --> policy.json:3:10
          |
        3 |     "name": 1,
          |             ^ name
          |
          = help: put it in quotation marks

        error[duplicate_key]: the key `apis` occurs twice, first on line 2
         --> policy.json:4:2
          |
        4 |     "apis": {},
          |     ^^^^^^

        error[duplicate_key]: the key `name` occurs twice, first on line 3
         --> policy.json:5:2
          |
        5 |     "name": "x"
          |     ^^^^^^

        1 file checked: 4 errors, 0 warnings
        exit 1"#]],
    );
}

#[test]
fn tests_are_checked_against_their_policy() {
    let tests = "policy: policy.yaml\ntests:\n  - name: nobody\n    call: {path: /shop, tokn: alice}\n    expect: {status: 404}\n";
    check(
        &[("policy.yaml", POLICY), ("policy.test.yaml", tests)],
        expect![[r#"
        error[unknown_key]: unknown key `tokn`
         --> policy.test.yaml:4:25
          |
        4 |     call: {path: /shop, tokn: alice}
          |                         ^^^^ tests[0].call
          |
          = help: did you mean `token`?

        2 files checked: 1 error, 0 warnings
        exit 1"#]],
    );
    check(
        &[("policy.yaml", "apis: {}"), ("policy.test.yaml", tests)],
        expect![[r#"
        error[missing_key]: `apiVersion` is missing
         --> policy.yaml:1:1
          |
        1 | apis: {}
          | ^

        error[missing_key]: `name` is missing
         --> policy.yaml:1:1
          |
        1 | apis: {}
          | ^

        error[policy_unusable]: the policy `policy.yaml` has faults
         --> policy.test.yaml:1:9
          |
        1 | policy: policy.yaml
          |         ^^^^^^^^^^^ policy
          |
          = help: `spangate check policy.yaml` tells them

        2 files checked: 3 errors, 0 warnings
        exit 1"#]],
    );
    check(
        &[("policy.test.yaml", tests)],
        expect![[r#"
        error[policy_unusable]: cannot read policy.yaml: No such file or directory (os error 2)
         --> policy.test.yaml:1:9
          |
        1 | policy: policy.yaml
          |         ^^^^^^^^^^^ policy

        1 file checked: 1 error, 0 warnings
        exit 1"#]],
    );
}

#[test]
fn what_is_no_text() {
    let directory = support::directory(&[]);
    for (name, bytes) in [("latin.yaml", &b"name: gr\xf6\xdfe\n"[..]), ("wide.json", b"\xff\xfe{\0}\0")] {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    std::fs::write(directory.path().join("mark.yaml"), format!("\u{feff}{POLICY}")).unwrap();
    expect![[r#"
        error[encoding]: these bytes are no UTF-8
         --> latin.yaml:1:9
          |
        1 | name: gr��e
          |         ^
          |
          = help: save the file as UTF-8

        error[encoding]: the document is UTF-16
        --> wide.json
         = help: save the file as UTF-8

        3 files checked: 2 errors, 0 warnings
        exit 1"#]]
    .assert_eq(&support::run(directory.path(), &["check", "latin.yaml", "wide.json", "mark.yaml"]));
}

#[test]
fn colours_are_for_terminals() {
    let directory = support::directory(&[("policy.yaml", "apis: 1")]);
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = support::spangate();
        command.current_dir(directory.path()).args(["check", "policy.yaml"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn no_file_is_wrong_usage() {
    let directory = support::directory(&[]);
    expect![[r#"
        error: cannot read nowhere.yaml: No such file or directory (os error 2)
        exit 2"#]]
    .assert_eq(&support::run(directory.path(), &["check", "nowhere.yaml"]));
    assert!(support::run(directory.path(), &["check"]).ends_with("exit 2"));
}
