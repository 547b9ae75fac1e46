//! `spangate istio`: what Istio will take, and that the policy in it is the one that was given.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use expect_test::{Expect, expect};
use serde_json::Value;

const POLICY: &str = r#"apiVersion: spangate/v1
name: shop
issuers:
  own: {issuer: "http://localhost", audiences: ["no"], jwks: {cluster: issuer, url: "http://localhost/jwks"}}
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

fn istio(arguments: &[&str]) -> String {
    let directory = support::directory(&[("policy.yaml", POLICY)]);
    support::run(directory.path(), &[&["istio", "policy.yaml"], arguments].concat())
}

fn check(arguments: &[&str], expected: Expect) {
    expected.assert_eq(&istio(arguments));
}

#[test]
fn a_plugin_with_the_policy() {
    check(
        &["--image", "registry.example/spangate:1", "--cluster", "issuer=outbound|443||keys"],
        expect![[r#"
        apiVersion: extensions.istio.io/v1alpha1
        kind: WasmPlugin
        metadata:
          name: spangate
        spec:
          failStrategy: FAIL_RELOAD
          phase: STATS
          pluginConfig:
            apiVersion: spangate/v1
            apis:
              shop:
                operations:
                  list:
                    call: ListOrders
                    roles:
                      - reader
                    route: "GET /orders"
                path: /shop
            issuers:
              own:
                audiences:
                  - "no"
                issuer: "http://localhost"
                jwks:
                  cluster: "outbound|443||keys"
                  url: "http://localhost/jwks"
            name: shop
            roles:
              reader: '"Read" in auth.roles'
            steps:
              - authenticate:
                  - own
          pluginName: spangate
          url: "oci://registry.example/spangate:1"
        exit 0"#]],
    );
}

#[test]
fn in_the_sidecar_of_the_application() {
    let module = ["--url", "file:///opt/filter.wasm", "--sha256", "abc", "--fail", "close"];
    let way = ["--mode", "sidecar", "--selector", "app=orders", "--endpoint", "unix:///run/spangate.sock"];
    let printed = istio(&[&module[..], &way, &["--namespace", "shop", "--name", "orders"]].concat());
    expect![[r#"
        apiVersion: extensions.istio.io/v1alpha1
        kind: WasmPlugin
        metadata:
          name: orders
          namespace: shop
        spec:
          failStrategy: FAIL_CLOSE
          match:
            - mode: SERVER
          phase: STATS
          pluginName: spangate
          selector:
            matchLabels:
              app: orders
          sha256: abc
          url: "file:///opt/filter.wasm"
        ---
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata:
          name: orders
          namespace: shop
        spec:
          ingress:
            - defaultEndpoint: "unix:///run/spangate.sock"
              port:
                name: grpc
                number: 8080
                protocol: GRPC
          workloadSelector:
            labels:
              app: orders
        exit 0"#]]
    .assert_eq(&without_policy(&printed));
}

#[test]
fn in_a_gateway() {
    let way = [
        "--image=i",
        "--phase=authz",
        "--mode=gateway",
        "--gateway=ingress/main",
        "--host=shop.example",
        "--port=443",
        "--service=sidecar.shop.svc.cluster.local",
        "--service-selector=app=orders",
        "--principal=cluster.local/ns/ingress/sa/gateway",
    ];
    expect![[r#"
        apiVersion: extensions.istio.io/v1alpha1
        kind: WasmPlugin
        metadata:
          name: spangate
        spec:
          failStrategy: FAIL_RELOAD
          phase: AUTHZ
          pluginName: spangate
          url: "oci://i"
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata:
          name: spangate
        spec:
          gateways:
            - ingress/main
          hosts:
            - shop.example
          http:
            - match:
                - uri:
                    prefix: /spangate.v1.Gateway/
              name: spangate
              retries:
                attempts: 1
                retryOn: "connect-failure,refused-stream,unavailable"
              route:
                - destination:
                    host: sidecar.shop.svc.cluster.local
                    port:
                      number: 443
              timeout: "0s"
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata:
          name: spangate
        spec:
          mtls:
            mode: STRICT
          selector:
            matchLabels:
              app: orders
        ---
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata:
          name: spangate
        spec:
          action: ALLOW
          rules:
            - from:
                - source:
                    principals:
                      - cluster.local/ns/ingress/sa/gateway
          selector:
            matchLabels:
              app: orders
        exit 0"#]]
    .assert_eq(&without_policy(&istio(&way)));
}

/// The policy's own lines are deeper than all else.
fn without_policy(printed: &str) -> String {
    let (before, rest) = printed.split_once("  pluginConfig:\n").unwrap();
    let after = rest.split_inclusive('\n').skip_while(|line| line.starts_with("    "));
    before.to_owned() + &after.collect::<String>()
}

#[test]
fn json_has_the_same_policy() {
    let printed = istio(&["--image", "i", "--json"]);
    let list: Value = serde_json::from_str(printed.strip_suffix("exit 0").unwrap()).unwrap();
    let plugin = &list["items"][0];
    assert_eq!((&list["kind"], &plugin["kind"]), (&"List".into(), &"WasmPlugin".into()));
    let policy = spangate_document::from_yaml(POLICY).unwrap().to_json();
    assert_eq!(plugin["spec"]["pluginConfig"], policy);
    let yaml = istio(&["--image", "i"]);
    let read = spangate_document::from_yaml(yaml.strip_suffix("exit 0").unwrap()).unwrap().to_json();
    assert_eq!(&read, plugin);
}

#[test]
fn a_mounted_module_when_nothing_is_said() {
    assert!(istio(&[]).contains("  url: \"file:///etc/spangate/filter.wasm\"\n"));
}

#[test]
fn wrong_usage() {
    check(
        &["--image", "i", "--mode", "sidecar", "--selector", "app=x"],
        expect![[r#"
        error: `--mode sidecar` needs `--endpoint`
        exit 2"#]],
    );
    check(
        &["--image", "i", "--mode", "sidecar", "--endpoint", "127.0.0.1:1"],
        expect![[r#"
        error: `--mode sidecar` needs `--selector`
        exit 2"#]],
    );
    check(
        &["--image", "i", "--mode", "gateway"],
        expect![[r#"
        error: `--mode gateway` needs `--service`
        exit 2"#]],
    );
    check(
        &["--image", "i", "--cluster", "isuer=x"],
        expect![[r#"
        error: the policy names no cluster `isuer`
        exit 2"#]],
    );
    for arguments in [&["--image", "i", "--url", "u"][..], &["--image", "i", "--selector", "app"]] {
        assert!(istio(arguments).ends_with("exit 2"), "{arguments:?}");
    }
}

/// `check` warns of it, since the language has it; a gateway would not take it.
#[test]
fn a_limit_that_no_gateway_keeps_gives_nothing() {
    let policy = POLICY.replace("[own]\n", "[own]\n  - quota: {key: auth.subject, limit: 10/1d}\n");
    let directory = support::directory(&[("policy.yaml", &policy)]);
    assert!(
        support::run(directory.path(), &["check", "policy.yaml"]).ends_with("0 errors, 1 warning\nexit 0")
    );
    let [istio, envoy] =
        ["istio", "envoy"].map(|command| support::run(directory.path(), &[command, "policy.yaml"]));
    assert_eq!(istio, envoy);
    expect![[r#"
        error[no_leases]: the gateway has no source of leases for `quota` with `scope: global` yet: it refuses this policy
         --> policy.yaml:9:12
          |
        9 |   - quota: {key: auth.subject, limit: 10/1d}
          |            ^ steps[1]

        exit 1"#]].assert_eq(&istio);
}

#[test]
fn a_faulty_policy_gives_nothing() {
    let directory = support::directory(&[("policy.yaml", &POLICY.replace("roles: [", "rolls: ["))]);
    let printed = support::run(directory.path(), &["istio", "policy.yaml", "--image", "i", "--json"]);
    expect![[r#"
        {"findings":[{"code":"unused","column":3,"file":"policy.yaml","help":null,"length":6,"line":6,"message":"the role `reader` is not used","path":"roles.reader","severity":"warning"},{"code":"roles_or_public","column":13,"file":"policy.yaml","help":"name the roles that may call it, or say `public: true`","length":1,"line":13,"message":"`roles` or `public: true` is needed","path":"apis.shop.operations.list","severity":"error"},{"code":"unknown_key","column":34,"file":"policy.yaml","help":"did you mean `roles`?","length":5,"line":13,"message":"unknown key `rolls`","path":"apis.shop.operations.list","severity":"error"}]}
        exit 1"#]].assert_eq(&printed);
}
