//! Nothing in a token makes the gateway call anywhere: not where its header says that the key is, nor where its issuer
//! claims to be.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::json;
use spangate_stack::{Options, Stack};

use crate::support::{
    Connection, ORDERS, PROTOCOLS, Request, assert_problem, assert_sound, connection_to_each_worker, forge,
    policy_with, statistics,
};

#[test]
fn no_token_makes_the_gateway_call_out() {
    // A cluster leads there, so that the gateway could.
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/keys");
    let options = Options::storefront().unwrap().policy(policy_with(|_| {}));
    let stack = Stack::start(options.upstream("elsewhere", port)).unwrap();
    let alice = stack.token("alice").unwrap();
    let of_header = |name: &str| forge(&alice, |header, _, _| header[name] = json!(url));
    let forged = [
        (of_header("jku"), "token_signature_invalid"),
        (of_header("x5u"), "token_signature_invalid"),
        (of_header("kid"), "token_key_unknown"),
        (
            forge(&alice, |header, _, _| header["jwk"] = json!({"kty": "RSA", "x5u": url})),
            "token_signature_invalid",
        ),
        (forge(&alice, |_, claims, _| claims["iss"] = json!(url)), "token_issuer_unknown"),
        (forge(&alice, |_, claims, _| claims["jwks_uri"] = json!(url)), "token_signature_invalid"),
        (
            forge(&alice, |header, _, _| {
                header["kid"] = json!("nobody");
                header["jku"] = json!(url);
            }),
            "token_key_unknown",
        ),
    ];
    let ask = |connection: &mut Connection, token: &str| {
        connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(token)).unwrap()
    };
    for protocol in PROTOCOLS {
        for connection in &mut connection_to_each_worker(&stack, protocol) {
            assert_eq!(ask(connection, &alice).status, 200);
            for (token, reason) in &forged {
                assert_problem(&ask(connection, token), 401, reason);
            }
        }
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody has called");
    let called = statistics(&stack, r"^cluster\..*\.upstream_cx_total$").into_iter();
    let called: Vec<_> = called.filter(|(_, count)| *count > 0).map(|(name, _)| name).collect();
    assert_eq!(called, ["cluster.issuer.upstream_cx_total", "cluster.spanner-sidecar.upstream_cx_total"]);
    assert_sound(&stack);
}
