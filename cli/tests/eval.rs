//! `spangate eval`: one value or one error, for programs and for people; many, a line each.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use expect_test::{Expect, expect};

fn eval(arguments: &[&str], expected: Expect) {
    let directory = support::directory(&[]);
    let arguments: Vec<&str> = ["eval"].iter().chain(arguments).copied().collect();
    expected.assert_eq(&support::run(directory.path(), &arguments));
}

#[test]
fn a_value_is_written_as_json() {
    for (source, value) in [
        ("1 + 2", "3"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615u", "18446744073709551615"),
        ("1.0", "1.0"),
        ("1.0 / 0.0", r#""Infinity""#),
        ("-1.0 / 0.0", r#""-Infinity""#),
        ("0.0 / 0.0", r#""NaN""#),
        (r#"b"\xff\x00""#, r#""/wA=""#),
        ("'ü\\n'", r#""ü\n""#),
        ("null", "null"),
        ("timestamp('2026-11-23T12:00:00.5+01:00')", r#""2026-11-23T11:00:00.5Z""#),
        ("duration('1h30m')", r#""5400s""#),
        ("type(1u)", r#""uint""#),
        ("cidr('10.0.0.0/8')", r#""10.0.0.0/8""#),
        ("[1, 'a', {'b': [true]}]", r#"[1,"a",{"b":[true]}]"#),
        ("{1: 'x', true: 'y'}", r#"{"1":"x","true":"y"}"#),
    ] {
        assert_eq!(one(source, &[]), value, "{source}");
    }
}

#[test]
fn a_typed_value_keeps_what_json_cannot_tell_apart() {
    for (source, value) in [
        ("1", r#"{"type":"int","value":"1"}"#),
        ("1u", r#"{"type":"uint","value":"1"}"#),
        ("1.0", r#"{"type":"double","value":"1.0"}"#),
        ("0.0 / 0.0", r#"{"type":"double","value":"NaN"}"#),
        ("-1.0 / 0.0", r#"{"type":"double","value":"-Infinity"}"#),
        ("true", r#"{"type":"bool","value":true}"#),
        ("null", r#"{"type":"null_type","value":null}"#),
        ("'1'", r#"{"type":"string","value":"1"}"#),
        ("b'1'", r#"{"type":"bytes","value":"MQ=="}"#),
        ("timestamp(0)", r#"{"type":"google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}"#),
        ("duration('1ms')", r#"{"type":"google.protobuf.Duration","value":"0.001s"}"#),
        ("type(null)", r#"{"type":"type","value":"null_type"}"#),
        ("ip('::1')", r#"{"type":"net.IP","value":"::1"}"#),
        ("cidr('::/0')", r#"{"type":"net.CIDR","value":"::/0"}"#),
        (
            "[1, [2u]]",
            r#"{"type":"list","value":[{"type":"int","value":"1"},{"type":"list","value":[{"type":"uint","value":"2"}]}]}"#,
        ),
        ("{}", r#"{"type":"map","value":{}}"#),
        ("{'a': 1}", r#"{"type":"map","value":{"a":{"type":"int","value":"1"}}}"#),
        (
            "{1: 'a'}",
            r#"{"type":"map","value":[[{"type":"int","value":"1"},{"type":"string","value":"a"}]]}"#,
        ),
    ] {
        assert_eq!(one(source, &["--typed"]), value, "{source}");
    }
}

/// The only line of a run that has to succeed.
fn one(source: &str, further: &[&str]) -> String {
    let output = support::spangate().arg("eval").arg(source).args(further).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{source}: {text}");
    text.trim_end().to_owned()
}

#[test]
fn bindings_are_dynamic() {
    let bindings =
        r#"{"x": 1, "y": "a", "big": 18446744073709551615, "half": 0.5, "o": {"list": [1, null]}}"#;
    for (source, value) in [
        ("x + 1 == 2 && x < half + 1.0", "true"),
        (
            "[type(x), type(y), type(big), type(half), type(o), type(o.list[1])]",
            r#"["int","string","uint","double","map","null_type"]"#,
        ),
        ("has(o.list) && !has(o.none)", "true"),
        ("x + y == y || true", "true"),
    ] {
        assert_eq!(one(source, &["--bindings", bindings]), value, "{source}");
    }
    eval(
        &["x + y", "--bindings", bindings],
        expect![[r#"
        {"error":{"code":"evaluation","message":"`_ + _` does not apply to values of these types"}}
        error[evaluation]: `_ + _` does not apply to values of these types
        exit 1"#]],
    );
    eval(
        &["1 + \"a\""],
        expect![[r#"
        {"error":{"code":"type","message":"`+` does not apply to int and string"}}
        error[type]: `+` does not apply to int and string
          |
        1 | 1 + "a"
          |   ^
        exit 1"#]],
    );
}

#[test]
fn an_expression_without_a_value_tells_why() {
    for (source, code) in [
        ("1 +", "parse"),
        ("'\\q'", "parse"),
        ("1 = 1", "parse"),
        ("9223372036854775808", "parse"),
        ("1 + 'a'", "type"),
        ("1 + 1u", "type"),
        ("x", "type"),
        ("foo(1)", "type"),
        ("'a'.size(1)", "type"),
        ("1 ? 2 : 3", "type"),
        ("{1.5: 2}", "type"),
        ("optional.none()", "unsupported"),
        ("{'a': 1}.?a", "unsupported"),
        ("cel.bind(x, 1, x)", "unsupported"),
        ("math.greatest(1, 2)", "unsupported"),
        ("'%d'.format([1])", "unsupported"),
        ("[1, 2].all(i, v, v > i)", "unsupported"),
        ("google.protobuf.Int64Value{value: 1}", "unsupported"),
        ("timestamp(0).getHours('Europe/Berlin')", "unsupported"),
        ("timestamp(0).getHours(dyn('Europe/Berlin'))", "unsupported"),
        ("1 / 0", "evaluation"),
        ("9223372036854775807 + 1", "evaluation"),
        ("dyn(1) + 'a'", "evaluation"),
        ("{}.a", "evaluation"),
        ("[][0]", "evaluation"),
        ("int('x')", "evaluation"),
        ("timestamp('x')", "evaluation"),
        ("duration('x')", "evaluation"),
        ("ip('x')", "evaluation"),
        ("'a'.matches('(')", "evaluation"),
        ("timestamp(0).getHours('+2')", "evaluation"),
    ] {
        let output = support::spangate().args(["eval", "--json", source]).output().unwrap();
        let error: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(error["error"]["code"], code, "{source}: {error}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty(), "{source}");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]), "{source}");
    }
}

#[test]
fn people_see_where() {
    eval(
        &["'ä' + 1 == size(lits) || 'a'.startWith('b')", "--bindings", r#"{"list": []}"#],
        expect![[r#"
        {"error":{"code":"type","message":"`+` does not apply to string and int"}}
        error[type]: `+` does not apply to string and int
          |
        1 | 'ä' + 1 == size(lits) || 'a'.startWith('b')
          |     ^
          |
        error[type]: unknown variable `lits`
          |
        1 | 'ä' + 1 == size(lits) || 'a'.startWith('b')
          |                 ^
          = help: did you mean `list`?
        error[type]: unknown function `startWith`
          |
        1 | 'ä' + 1 == size(lits) || 'a'.startWith('b')
          |                                       ^
          = help: did you mean `startsWith`?
        exit 1"#]],
    );
    eval(
        &["[1, 2][2] == 3"],
        expect![[r#"
        {"error":{"code":"evaluation","message":"`_[_]` is out of range"}}
        error[evaluation]: `_[_]` is out of range
        exit 1"#]],
    );
}

#[test]
fn wrong_usage() {
    eval(
        &["x", "--bindings", "[1]"],
        expect![[r#"
        error: --bindings is no JSON object: invalid type: sequence, expected a map at line 1 column 0
        exit 2"#]],
    );
    eval(
        &["--batch", "nowhere.jsonl"],
        expect![[r#"
        error: cannot open `nowhere.jsonl`: No such file or directory (os error 2)
        exit 2"#]],
    );
    for arguments in [&["eval"][..], &["eval", "1", "2"], &["eval", "1", "--batch", "-"]] {
        let output = support::spangate().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_batch_answers_each_line() {
    let lines = r#"{"expr": "x + 1", "bindings": {"x": 1}}
{"expr": "1 / 0"}
nothing
{"expr": 1}

[]
{"expr": "[x]", "bindings": {"x": null}, "name": "ignored"}
{"expr": "1 + 'a'", "bindings": null}
{"expr": "1", "bindings": [1]}
"#;
    let directory = support::directory(&[
        ("lines.jsonl", lines),
        ("fine.jsonl", "{\"expr\": \"1\"}\n{\"expr\": \"1 +\"}"),
    ]);
    let check = |arguments: &[&str], expected: Expect| {
        expected.assert_eq(&support::run(directory.path(), arguments));
    };
    check(
        &["eval", "--batch", "lines.jsonl"],
        expect![[r#"
            2
            {"error":{"code":"evaluation","message":"`_ / _` divides by zero"}}
            {"error":{"code":"parse","message":"line 3: no JSON object: expected ident at line 1 column 2"}}
            {"error":{"code":"parse","message":"line 4: `expr` must be a string"}}
            {"error":{"code":"parse","message":"line 5: no JSON object: EOF while parsing a value at line 1 column 0"}}
            {"error":{"code":"parse","message":"line 6: no JSON object: invalid type: sequence, expected a map at line 1 column 0"}}
            [null]
            {"error":{"code":"type","message":"`+` does not apply to int and string"}}
            {"error":{"code":"parse","message":"line 9: `bindings` must be an object"}}
            exit 1"#]],
    );
    check(
        &["eval", "--typed", "--batch", "fine.jsonl"],
        expect![[r#"
        {"type":"int","value":"1"}
        {"error":{"code":"parse","message":"the text ends, expected expression"}}
        exit 0"#]],
    );
}

#[test]
fn a_batch_answers_before_the_next_line_comes() {
    let mut child = support::spangate()
        .args(["eval", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for number in 1..4 {
        writeln!(lines, r#"{{"expr": "{number} * 2"}}"#).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, format!("{}\n", number * 2));
    }
    drop(lines);
    assert!(child.wait().unwrap().success());
}
