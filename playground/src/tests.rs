//! What a page is told. The same by the compiled module is shown by `playground/tests`.

use expect_test::{Expect, expect};

use super::*;

const POLICY: &str = r#"{"apiVersion": "spangate/v1", "name": "p",
    "steps": [{"rate_limit": {"key": "source.ip", "rate": "1/1h", "name": "once"}}],
    "apis": {"a": {"path": "/a", "operations": {
        "read": {"route": "GET /{id}", "public": true, "call": "Read"}}}}}"#;

fn check_text(actual: String, expected: Expect) {
    expected.assert_eq(&actual);
}

#[test]
fn findings() {
    check_text(check(POLICY), expect![[r#"{"findings":[]}"#]]);
    check_text(
        check("apiVersion: spangate/v1\nname: no\napis: {}\napsi: 1\n"),
        expect![[
            r#"{"findings":[{"code":"ambiguous_value","column":7,"file":"policy","help":"put it in quotation marks","length":2,"line":2,"message":"`no` is a text here, and false to readers of YAML 1.1","path":"","severity":"warning"},{"code":"unknown_key","column":1,"file":"policy","help":"did you mean `apis`?","length":4,"line":4,"message":"unknown key `apsi`","path":"","severity":"error"}]}"#
        ]],
    );
}

#[test]
fn limits_count_over_the_calls() {
    let calls = r#"[{"path": "/a/1"}, {"path": "/a/2"}, {"pth": "/a/2"}]"#;
    check_text(
        decide(POLICY, calls),
        expect![[
            r#"{"findings":[{"code":"missing_key","column":null,"file":"call","help":null,"length":null,"line":null,"message":"`path` is missing","path":"","severity":"error"},{"code":"unknown_key","column":null,"file":"call","help":"did you mean `path`?","length":null,"line":null,"message":"unknown key `pth`","path":"","severity":"error"}],"outcomes":[{"body":null,"call":"Read","detail":null,"forward":null,"headers":[["content-type","application/json"]],"operation":"a.read","reason":null,"request_headers":[],"shadowed":[],"status":200,"verdict":"allow","version":null},{"body":"{\"detail\":\"too many calls: try again later\",\"reason\":\"rate_limited\",\"status\":429,\"title\":\"Too Many Requests\"}","call":null,"detail":"too many calls: try again later","forward":null,"headers":[["content-type","application/problem+json"],["ratelimit-policy","\"once\";q=1;w=3600"],["ratelimit","\"once\";r=0;t=3600"],["retry-after","3600"]],"operation":"a.read","reason":"rate_limited","request_headers":[],"shadowed":[],"status":429,"verdict":"refuse","version":null},null]}"#
        ]],
    );
    check_text(
        decide("apis: {}", r#"{"path": "/"}"#),
        expect![[
            r#"{"findings":[{"code":"missing_key","column":1,"file":"policy","help":null,"length":1,"line":1,"message":"`apiVersion` is missing","path":"","severity":"error"},{"code":"missing_key","column":1,"file":"policy","help":null,"length":1,"line":1,"message":"`name` is missing","path":"","severity":"error"}],"outcomes":[]}"#
        ]],
    );
}

#[test]
fn the_way_of_a_call() {
    check_text(
        explain(POLICY, "path: /a/1\n"),
        expect![[
            r#"{"findings":[],"outcome":{"body":null,"call":"Read","detail":null,"forward":null,"headers":[["content-type","application/json"]],"operation":"a.read","reason":null,"request_headers":[],"shadowed":[],"status":200,"trace":[{"defined":{},"does":"","error":null,"kind":"route","line":null,"mode":"enforce","name":null,"path":"","reason":null,"side":"request","verdict":"passed","when":null},{"defined":{},"does":"key: source.ip, rate: 1/1h","error":null,"kind":"rate_limit","line":2,"mode":"enforce","name":"once","path":"steps[0]","reason":null,"side":"request","verdict":"passed","when":null}],"verdict":"allow","version":null}}"#
        ]],
    );
    check_text(
        explain(POLICY, "{"),
        expect![[
            r#"{"findings":[{"code":"syntax","column":1,"file":"call","help":null,"length":1,"line":2,"message":"while parsing a node, did not find expected node content","path":"","severity":"error"}],"outcome":null}"#
        ]],
    );
}
