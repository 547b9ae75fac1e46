//! Test files: how they go, and what is wrong with them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test did not expect fails it"
)]

mod support;

use expect_test::{Expect, expect};
use support::run;

fn check(tests: &str, expected: Expect) {
    expected.assert_eq(&run(tests));
}

#[test]
fn what_is_as_expected_passes() {
    check(
        r#"
  - {name: a reader, call: {path: /shop/c/7/orders, host: shop.example, token: alice}, expect: {allow: ListOrders}}
  - {name: the other, call: {path: /shop/c/7/orders, host: "SHOP.example:8443", token: bob}, expect: {allow: orders.list, status: 200, shadow: []}}
  - {name: too many, call: {path: "/shop/c/7/orders?limit=11", host: shop.example, token: alice}, expect: {status: 400, reason: too_many}}
  - {name: query apart, call: {path: /shop/c/7/orders, query: {limit: 11}, host: shop.example, token: alice}, expect: {reason: too_many}}
  - {name: by address, call: {path: /shop/c/7/orders, host: shop.example, token: alice, source: "198.51.100.4:99"}, expect: {allow: false, reason: blocked}}
  - {name: by header, call: {path: /shop/c/7/orders, host: shop.example, token: alice, headers: {X-Block: [a, b]}}, expect: {reason: blocked}}
  - {name: by night, call: {path: /shop/c/7/orders, host: shop.example, token: alice, at: 2026-11-23T01:00:00Z}, expect: {allow: list, shadow: [night]}}
  - {name: the scope, call: {method: DELETE, path: /shop/c/7, host: shop.example, token: alice}, expect: {allow: Cancel}}
  - {name: without, call: {path: /shop/c/7/orders, host: shop.example}, expect: {status: 401, headers: {WWW-Authenticate: 'Bearer realm="shop"', retry-after: null}}}
  - {name: no keys, unavailable: {keys: entra}, call: {path: /shop/c/7/orders, host: shop.example, token: alice}, expect: {reason: keys_unavailable}}
  - {name: no limits, unavailable: {limits: proxy}, call: {path: /shop/limited, host: shop.example, token: alice}, expect: {status: 503}}
"#,
        expect![[r#"
            a reader: ok (1 calls)
            the other: ok (1 calls)
            too many: ok (1 calls)
            query apart: ok (1 calls)
            by address: ok (1 calls)
            by header: ok (1 calls)
            by night: ok (1 calls)
            the scope: ok (1 calls)
            without: ok (1 calls)
            no keys: ok (1 calls)
            no limits: ok (1 calls)"#]],
    );
}

#[test]
fn limits_live_as_long_as_a_test() {
    check(
        r#"
  - name: two an hour
    call: {path: /shop/limited, host: shop.example, token: alice}
    expect: [{times: 2, allow: Limited}, {reason: rate_limited, headers: {retry-after: "1800"}}]
    then:
      - {call: {path: /shop/limited, host: shop.example, token: bob}, expect: {allow: true}}
      - {after: 30m, call: {path: /shop/limited, host: shop.example, token: alice}, expect: {times: 1, allow: true}}
      - {call: {path: /shop/limited, host: shop.example, token: alice}, expect: {status: 429}}
  - name: fresh again
    call: {path: /shop/limited, host: shop.example, token: alice}
    repeat: 10
    every: 30m
    expect: {allow: true}
"#,
        expect![[r#"
            two an hour: ok (6 calls)
            fresh again: ok (10 calls)"#]],
    );
}

#[test]
fn what_a_call_costs_may_be_known_by_its_answer() {
    check(
        r#"
  - name: what failed costs nothing
    call: {path: /shop/dear, host: shop.example, token: alice, response: {status: 500}}
    repeat: 9
    expect: {allow: Dear}
  - name: the second takes what is left
    call: {path: /shop/dear, host: shop.example, token: alice}
    expect: [{times: 2, allow: Dear}, {reason: rate_limited}]
"#,
        expect![[r#"
            what failed costs nothing: ok (9 calls)
            the second takes what is left: ok (3 calls)"#]],
    );
}

#[test]
fn what_is_not_as_expected_is_told() {
    check(
        r#"
  - {name: allow, call: {path: /shop/c/7/orders, host: shop.example}, expect: {allow: ListOrders}}
  - {name: refuse, call: {path: /shop/status, host: shop.example}, expect: {allow: false}}
  - {name: operation, call: {path: /shop/status, host: shop.example}, expect: {allow: ListOrders}}
  - {name: status, call: {path: /shop/status, host: shop.example}, expect: {status: 403}}
  - {name: reason, call: {path: /shop/nowhere, host: shop.example}, expect: {reason: denied}}
  - {name: header, call: {path: /shop/c/7/orders, host: shop.example}, expect: {headers: {www-authenticate: Basic, a: b}}}
  - {name: no header, call: {path: /shop/c/7/orders, host: shop.example}, expect: {headers: {www-authenticate: null}}}
  - {name: shadow, call: {path: /shop/status, host: shop.example}, expect: {shadow: [night]}}
  - {name: forward, call: {path: /shop/status, host: shop.example}, expect: {forward: legacy}}
  - {name: repeated, repeat: 5, call: {path: /shop/limited, host: shop.example, token: alice}, expect: {allow: true}}
"#,
        expect![[r#"
            allow: expected `ListOrders` to be allowed: refused with 401 token_missing by steps[0] (1 calls)
            refuse: expected it not to be allowed: allowed, as `Status` (1 calls)
            operation: expected `ListOrders` to be allowed: allowed, as `Status` (1 calls)
            status: expected status 403: allowed, as `Status` (1 calls)
            reason: expected reason `denied`: refused with 404 route_not_found (1 calls)
            header: expected header `www-authenticate: Basic`, found `Bearer realm="shop"` (1 calls)
            no header: expected no header `www-authenticate`, found `Bearer realm="shop"` (1 calls)
            shadow: expected `night` to be shadowed, found nothing (1 calls)
            forward: expected it to be forwarded to `legacy`: allowed, as `Status` (1 calls)
            repeated: call 3 of 5: expected it to be allowed: refused with 429 rate_limited by apis.orders.operations.limited.steps[0] (3 calls)"#]],
    );
}

#[test]
fn every_fault_is_told_at_once() {
    check(
        r#"
  - {name: a, call: {path: /x, token: alise, source: nowhere, headers: {a: {}}, body: 7, bodi: x}, expect: {allow: ListOrder}}
  - {call: {pathh: /x}, expect: {}}
  - {name: c, call: {path: /x}, repeat: 3, expect: [{times: 1, status: 200}, {times: 1, reason: denied}]}
  - {name: d, call: {path: /x, at: noon}, repeat: 0, after: -1s, unavailable: {keys: [entre]}}
"#,
        expect![[r#"
            9:39: error[unknown_name]: tests[0].call.token: there is no token `alise` (help: did you mean `alice`?)
            9:54: error[invalid_value]: tests[0].call.source: `nowhere` is no address (such as `198.51.100.4`, `[2001:db8::1]:443`)
            9:76: error[wrong_type]: tests[0].call.headers.a: expected a text or a list of texts, found a map
            9:87: error[wrong_type]: tests[0].call.body: expected a text or a map, found an integer
            9:90: error[unknown_key]: tests[0].call: unknown key `bodi` (help: did you mean `body`?)
            9:116: error[invalid_value]: tests[0].expect.allow: the policy has no call or operation `ListOrder` (help: did you mean `ListOrders`?)
            10:5: error[missing_key]: tests[1]: `name` is missing
            10:12: error[missing_key]: tests[1].call: `path` is missing
            10:13: error[unknown_key]: tests[1].call: unknown key `pathh` (help: did you mean `path`?)
            10:33: error[invalid_value]: tests[1].expect: nothing is expected, so nothing is tested (help: write `allow: true`, or the `status` and `reason` of a refusal)
            11:52: error[invalid_value]: tests[2].expect: 3 calls are made, and `expect` tells of 2 (help: the `times` must add up to `repeat`)
            12:5: error[missing_key]: tests[3]: `expect` is missing
            12:36: error[invalid_value]: tests[3].call.at: `noon` is no instant (such as `2026-11-23T12:00:00Z`)
            12:51: error[invalid_value]: tests[3].repeat: `repeat` is a number from 1 to 1000000
            12:61: error[invalid_value]: tests[3].after: `-1s` is no duration (such as `30s`, `5m`, `1h`, `1d`)
            12:86: error[invalid_value]: tests[3].unavailable.keys: the policy has no issuer `entre` (help: did you mean `entra`?)"#]],
    );
}
