//! `spangate envoy`: what Envoy will read, and that it always reads a whole and good file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use expect_test::expect;
use serde_json::Value;
use support::Running;

const POLICY: &str = r#"apiVersion: spangate/v1
name: shop
issuers:
  own: {issuer: "http://localhost", audiences: ['no'], jwks: {cluster: issuer, url: "http://localhost/jwks"}}
roles:
  reader: '"Read" in auth.roles'
steps:
  - authenticate: [own]
apis:
  shop:
    path: /shop
    operations:
      list: {route: GET /orders, roles: [reader], call: ListOrders}
"#;

fn resource(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn policy(resource: &Value) -> Value {
    let text = resource.pointer("/resources/0/typed_config/config/configuration/value").unwrap();
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[test]
fn a_policy_as_envoy_reads_it() {
    let directory = support::directory(&[("policy.yaml", POLICY)]);
    let arguments = ["--filter", "/f.wasm", "--vm-id", "shop", "--cluster", "issuer=outbound|443||keys"];
    let printed = support::run(
        directory.path(),
        &[&["envoy", "policy.yaml", "--out", "filter.json"][..], &arguments].concat(),
    );
    assert_eq!(printed, "exit 0");
    let file = directory.path().join("filter.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left beside");
    expect![[r#"
        {
          "resources": [
            {
              "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
              "name": "spangate",
              "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": {
                  "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": "{\"apiVersion\":\"spangate/v1\",\"apis\":{\"shop\":{\"operations\":{\"list\":{\"call\":\"ListOrders\",\"roles\":[\"reader\"],\"route\":\"GET /orders\"}},\"path\":\"/shop\"}},\"issuers\":{\"own\":{\"audiences\":[\"no\"],\"issuer\":\"http://localhost\",\"jwks\":{\"cluster\":\"outbound|443||keys\",\"url\":\"http://localhost/jwks\"}}},\"name\":\"shop\",\"roles\":{\"reader\":\"\\\"Read\\\" in auth.roles\"},\"steps\":[{\"authenticate\":[\"own\"]}]}"
                  },
                  "failure_policy": "FAIL_RELOAD",
                  "name": "spangate",
                  "root_id": "spangate",
                  "vm_config": {
                    "code": {
                      "local": {
                        "filename": "/f.wasm"
                      }
                    },
                    "runtime": "envoy.wasm.runtime.v8",
                    "vm_id": "shop"
                  }
                }
              }
            }
          ],
          "version_info": "1b20b1445ebfb33c"
        }
    "#]].assert_eq(&fs::read_to_string(&file).unwrap());
}

#[test]
fn a_faulty_policy_is_not_written() {
    let directory = support::directory(&[
        ("policy.yaml", &POLICY.replace("roles: [", "rolls: [")),
        ("filter.json", "old"),
    ]);
    let printed = support::run(directory.path(), &["envoy", "policy.yaml", "--out", "filter.json"]);
    assert!(printed.ends_with("exit 1") && printed.contains("did you mean `roles`?"), "{printed}");
    assert_eq!(fs::read_to_string(directory.path().join("filter.json")).unwrap(), "old");
}

#[test]
fn without_a_file_it_is_printed() {
    let directory = support::directory(&[("policy.yaml", POLICY), ("faulty.yaml", "apis: 1")]);
    support::run(directory.path(), &["envoy", "policy.yaml", "--out", "filter.json"]);
    let written = fs::read_to_string(directory.path().join("filter.json")).unwrap();
    for out in [&[][..], &["--out", "-"]] {
        let printed = support::run(directory.path(), &[&["envoy", "policy.yaml"], out].concat());
        assert_eq!(printed, format!("{written}exit 0"));
    }
    expect![[r#"
        {"findings":[{"code":"missing_key","column":1,"file":"faulty.yaml","help":null,"length":1,"line":1,"message":"`apiVersion` is missing","path":"","severity":"error"},{"code":"missing_key","column":1,"file":"faulty.yaml","help":null,"length":1,"line":1,"message":"`name` is missing","path":"","severity":"error"},{"code":"wrong_type","column":7,"file":"faulty.yaml","help":null,"length":1,"line":1,"message":"expected a map, found an integer","path":"apis","severity":"error"}]}
        exit 1"#]].assert_eq(&support::run(directory.path(), &["envoy", "faulty.yaml", "--json"]));
}

#[test]
fn wrong_usage() {
    let directory = support::directory(&[("policy.yaml", POLICY)]);
    for (arguments, expected) in [
        (
            &["--out", "-", "--cluster", "isuer=x"][..],
            expect![[r#"
            error: the policy names no cluster `isuer`
            exit 2"#]],
        ),
        (
            &["--watch"],
            expect![[r#"
            error: `--watch` needs a file to write to
            exit 2"#]],
        ),
        (
            &["--out", "nowhere/filter.json"],
            expect![[r#"
                error: cannot write nowhere/filter.json: No such file or directory (os error 2)
                exit 2"#]],
        ),
    ] {
        expected.assert_eq(&support::run(directory.path(), &[&["envoy", "policy.yaml"], arguments].concat()));
    }
}

#[test]
fn a_saved_policy_is_written_and_a_faulty_one_leaves_the_last() {
    let directory = support::directory(&[("policy.yaml", POLICY)]);
    let (source, file) = (directory.path().join("policy.yaml"), directory.path().join("filter.json"));
    let mut watch =
        Running::start(directory.path(), &["envoy", "policy.yaml", "--out", "filter.json", "--watch"]);
    let written = |watch: &mut Running| {
        let (event, before) = watch.event();
        assert_eq!((&event["event"], before.as_str()), (&Value::from("written"), ""));
        assert_eq!(resource(&file)["version_info"], event["version"]);
        policy(&resource(&file))["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(written(&mut watch), "shop");

    fs::write(&source, POLICY.replace("name: shop", "name: [")).unwrap();
    let (event, before) = watch.event();
    assert_eq!(event["event"], "refused");
    assert!(before.contains("policy.yaml:"), "{before}");
    assert_eq!(policy(&resource(&file))["name"], "shop");

    // As editors save: another file takes the name.
    let beside = directory.path().join("policy.yaml~");
    fs::write(&beside, POLICY.replace("name: shop", "name: store")).unwrap();
    fs::rename(&beside, &source).unwrap();
    assert_eq!(written(&mut watch), "store");

    fs::remove_file(&source).unwrap();
    assert_eq!(watch.event().0["event"], "failed");
    fs::write(&source, POLICY).unwrap();
    assert_eq!(written(&mut watch), "shop");
    assert_eq!(watch.terminate(), Some(0));
}
