//! What authors write, and what they are told.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::from_json;

fn check(text: &str, expected: Expect) {
    let mut findings = Diagnostics::default();
    let node = read_yaml(text, &mut findings);
    let actual = match node {
        Some(node) if findings.is_empty() => node.to_json().to_string(),
        _ => findings.sorted().to_string(),
    };
    expected.assert_eq(&actual);
}

#[test]
fn scalars_follow_the_core_schema() {
    check(
        r#"[~, null, true, False, 12, -4, +3, 0, 0o17, 0x1F, 1.5, .5, 1e3, 2027-06-30, 100/1m, nan, inf, '5', "x"]"#,
        expect![[
            r#"[null,null,true,false,12,-4,3,0,15,31,1.5,0.5,1000.0,"2027-06-30","100/1m","nan","inf","5","x"]"#
        ]],
    );
    check(
        "a: |\n  two\n  lines\nb: >\n  one\n  line\nc:\n",
        expect![[r#"{"a":"two\nlines\n","b":"one line\n","c":null}"#]],
    );
}

#[test]
fn json_is_yaml() {
    check(
        r#"{"a": {"b": [1, "two", null, "\u00e9\/"]}, "no": "no"}"#,
        expect![[r#"{"a":{"b":[1,"two",null,"é/"]},"no":"no"}"#]],
    );
}

#[test]
fn words_that_other_readers_take_for_booleans() {
    check(
        "a: no\nb: [Off, y]\non: 1\n",
        expect![[r#"
        1:4: warning[ambiguous_value]: `no` is a text here, and false to readers of YAML 1.1 (help: put it in quotation marks)
        2:5: warning[ambiguous_value]: `Off` is a text here, and false to readers of YAML 1.1 (help: put it in quotation marks)
        2:10: warning[ambiguous_value]: `y` is a text here, and true to readers of YAML 1.1 (help: put it in quotation marks)
        3:1: warning[ambiguous_value]: `on` is a text here, and true to readers of YAML 1.1 (help: put it in quotation marks)"#]],
    );
    check("a: 'no'\nb: [\"Off\"]\n'on': 1\n", expect![[r#"{"a":"no","b":["Off"],"on":1}"#]]);
}

#[test]
fn numbers_that_readers_disagree_on() {
    check(
        "a: 1_000\nb: 0b11\nc: 10:30\n",
        expect![[r#"
        1:4: warning[ambiguous_value]: `1_000` is a text here, and a number to readers of YAML 1.1 (help: put it in quotation marks)
        2:4: warning[ambiguous_value]: `0b11` is a text here, and a number to readers of YAML 1.1 (help: put it in quotation marks)
        3:4: warning[ambiguous_value]: `10:30` is a text here, and a number to readers of YAML 1.1 (help: put it in quotation marks)"#]],
    );
    check(
        "[0777, -08, 01.5, 00]",
        expect![[r#"
        1:2: error[ambiguous_value]: `0777` begins with a zero, which some readers take for octal (help: leave the zero out, or put it in quotation marks if it is a text)
        1:8: error[ambiguous_value]: `-08` begins with a zero, which some readers take for octal (help: leave the zero out, or put it in quotation marks if it is a text)
        1:13: error[ambiguous_value]: `01.5` begins with a zero, which some readers take for octal (help: leave the zero out, or put it in quotation marks if it is a text)
        1:19: error[ambiguous_value]: `00` begins with a zero, which some readers take for octal (help: leave the zero out, or put it in quotation marks if it is a text)"#]],
    );
    check(
        "[.inf, -.Inf, .NaN]",
        expect![[r#"
            1:2: error[ambiguous_value]: `.inf` is no finite number (help: write a number, or put it in quotation marks if it is a text)
            1:8: error[ambiguous_value]: `-.Inf` is no finite number (help: write a number, or put it in quotation marks if it is a text)
            1:15: error[ambiguous_value]: `.NaN` is no finite number (help: write a number, or put it in quotation marks if it is a text)"#]],
    );
    check(
        "[9223372036854775808, 0xFFFFFFFFFFFFFFFFF, 1e999]",
        expect![[r#"
        1:2: error[ambiguous_value]: the number `9223372036854775808` is out of range (help: put it in quotation marks if it is a text)
        1:23: error[ambiguous_value]: the number `0xFFFFFFFFFFFFFFFFF` is out of range (help: put it in quotation marks if it is a text)
        1:44: error[ambiguous_value]: the number `1e999` is out of range (help: put it in quotation marks if it is a text)"#]],
    );
}

#[test]
fn places_are_those_of_the_text() {
    let node = from_yaml("a: 1\nsteps:\n  - deny: x\n").unwrap();
    let steps = node.member("steps").unwrap();
    let Value::List(items) = &steps.value else { panic!() };
    let deny = items[0].member("deny").unwrap();
    assert_eq!(deny.span, Some(Span { line: 3, column: 11, length: 1 }));
}

#[test]
fn keys() {
    check(
        "a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n",
        expect![[r#"
        2:11: error[duplicate_key]: the key `c` occurs twice, first on line 2
        3:1: error[duplicate_key]: the key `a` occurs twice, first on line 1
        4:1: error[duplicate_key]: the key `a` occurs twice, first on line 1"#]],
    );
    check(
        "1: a\ntrue: b\n~: c\n: d\n'1': fine\n",
        expect![[r#"
        1:1: error[invalid_key]: a key is a text, `1` is an integer (help: put it in quotation marks)
        2:1: error[invalid_key]: a key is a text, `true` is a boolean (help: put it in quotation marks)
        3:1: error[invalid_key]: a key is a text, `~` is nothing (help: put it in quotation marks)
        4:1: error[invalid_key]: a key is a text, `` is nothing (help: put it in quotation marks)"#]],
    );
    check("? [a]\n: 1\n", expect!["1:3: error[invalid_key]: a key is a text"]);
    check("? {a: b}\n: 1\n", expect!["1:3: error[invalid_key]: a key is a text"]);
    check(
        "&x a: 1\nb: *x\n",
        expect!["1:1: error[invalid_key]: a key has no anchor (help: give one to what the key stands for)"],
    );
    check("*x : 1\n", expect!["1:1: error[syntax]: while parsing node, found unknown anchor"]);
}

#[test]
fn aliases_stand_for_what_they_name() {
    check("a: &x [1]\nb: *x\n", expect![[r#"{"a":[1],"b":[1]}"#]]);
    check("a: &x 1\nb: &x 2\nc: *x\n", expect![[r#"{"a":1,"b":2,"c":2}"#]]);
    check("a: &x {b: *x}\n", expect!["1:11: error[syntax]: the alias stands inside of what it names"]);
    check("a: *x\n", expect!["1:4: error[syntax]: while parsing node, found unknown anchor"]);
    check(
        "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
        expect![
            "3:3: error[invalid_key]: merge keys (`<<`) are not supported (help: write the members out, or give a name to the whole by an anchor)"
        ],
    );
    check("'<<': fine\n", expect![[r#"{"<<":"fine"}"#]]);
}

#[test]
fn tags_are_refused() {
    check(
        "a: !x 1\nb: !!str 1\nc: !!binary |\n  aGk=\nd: !!map {}\n",
        expect![[r#"
        1:4: error[tag]: tags (`!…`) are not supported (help: quotation marks make a text of any value)
        2:4: error[tag]: tags (`!…`) are not supported (help: quotation marks make a text of any value)
        3:4: error[tag]: tags (`!…`) are not supported (help: quotation marks make a text of any value)
        5:4: error[tag]: tags (`!…`) are not supported (help: quotation marks make a text of any value)"#]],
    );
}

#[test]
fn one_document() {
    check("", expect!["error[syntax]: the document is empty"]);
    check("# nothing\n", expect!["error[syntax]: the document is empty"]);
    check("---\na: 1\n...\n", expect![[r#"{"a":1}"#]]);
    check(
        "a\n---\nb\n",
        expect![
            "3:1: error[syntax]: only one document may stand in a file (help: keep each document in a file of its own)"
        ],
    );
}

#[test]
fn syntax() {
    check(
        "a:\n\tb: 1\n",
        expect![
            "2:2: error[syntax]: tabs disallowed within this context (block indentation) (help: indent with spaces)"
        ],
    );
    check("a: [1\n", expect!["2:1: error[syntax]: while parsing a flow sequence, expected ',' or ']'"]);
    check("a: b: c\n", expect!["1:5: error[syntax]: mapping values are not allowed in this context"]);
    check(
        "a: 'x\n",
        expect!["1:4: error[syntax]: while scanning a quoted scalar, found unexpected end of stream"],
    );
    check(
        "a: \"\\q\"\n",
        expect!["1:4: error[syntax]: while parsing a quoted scalar, found unknown escape character"],
    );
    check("a: @x\n", expect!["1:4: error[syntax]: unexpected character: `@'"]);
    check("a: %x\n", expect!["1:4: error[syntax]: unexpected character: `%'"]);
    check("a: \u{0}\n", expect!["1:4: error[syntax]: found unprintable character"]);
}

#[test]
fn bombs() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    check(&laughs, expect!["6:15: error[too_large]: the document has more than 500000 values"]);
    // Few values, many bytes.
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 100].join(", "));
    check(&text, expect!["2:57: error[too_large]: the document has more than 16777216 bytes"]);
    let mut ladder = String::from("a0: &a0 [x]\n");
    for level in 1..70 {
        ladder.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    check(&ladder, expect!["64:12: error[too_deep]: the document is nested deeper than 64"]);
    check(&"[".repeat(70), expect!["1:65: error[too_deep]: the document is nested deeper than 64"]);
    check(
        &format!("[{}]", "1,".repeat(MAX_NODES)),
        expect!["1:1000000: error[too_large]: the document has more than 500000 values"],
    );
    check(&" ".repeat(MAX_BYTES + 1), expect!["error[too_large]: the document has more than 16777216 bytes"]);
}

#[test]
fn as_deep_as_json() {
    for depth in [MAX_DEPTH, MAX_DEPTH + 1] {
        let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(from_yaml(&text).is_ok(), depth == MAX_DEPTH);
        assert_eq!(from_json(&text).is_ok(), depth == MAX_DEPTH);
    }
}

#[test]
fn printed() {
    let value = serde_json::json!({
        "apiVersion": "spangate/v1",
        "empty": [{}, [], "", null],
        "lists": [[1, [2.5]], {"a": true, "b": {"c": ["x", "y"]}}],
        "no": "no",
        "texts": ["a: b", "0777", "1_000", "ü", "two\nlines", "-", "/path", "\u{85}"],
    });
    expect![[r#"
        apiVersion: spangate/v1
        empty:
          - {}
          - []
          - ""
          - null
        lists:
          - - 1
            - - 2.5
          - a: true
            b:
              c:
                - x
                - "y"
        "no": "no"
        texts:
          - "a: b"
          - "0777"
          - "1_000"
          - "ü"
          - "two\nlines"
          - "-"
          - /path
          - "\u0085"
    "#]]
    .assert_eq(&to_yaml(&value));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value as Json;
    let text = prop_oneof![
        "[a-z0-9_.:+-]{0,8}",
        "\\PC{0,12}",
        any::<String>(),
        proptest::sample::select(vec![
            "no",
            "~",
            "<<",
            "0x1F",
            "1e3",
            ".inf",
            "a: b",
            "# c",
            "- d",
            "\t",
            "|",
            "2027-06-30"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        // serde_json is exact to fifteen digits, which is more than a policy has use for.
        (any::<i32>(), 0..9).prop_map(|(digits, places)| Json::from(f64::from(digits) / 10f64.powi(places))),
        text.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::btree_map(text.clone(), inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// The tree without places, which two texts of one document do not share.
fn bare(node: Node) -> Node {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(bare).collect()),
        Value::Map(members) => Value::Map(
            members.into_iter().map(|(key, node)| (Key { span: None, ..key }, bare(node))).collect(),
        ),
        scalar => scalar,
    };
    Node { value, span: None }
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_it_was(value in json()) {
        let tree = from_json(&value.to_string()).unwrap();
        prop_assert_eq!(tree.to_json(), value.clone());
        prop_assert_eq!(&from_json(&tree.to_json().to_string()).unwrap(), &tree);
        let mut findings = Diagnostics::default();
        let printed = to_yaml(&value);
        let again = read_yaml(&printed, &mut findings).map(bare);
        prop_assert_eq!(findings.to_string(), "", "{}", printed);
        prop_assert_eq!(again.unwrap(), tree, "{}", printed);
    }

    #[test]
    fn no_text_is_too_much(text in "[ \n\t\\[\\]{}:,'\"&*!|>#%@<a0~.-]{0,60}") {
        let mut findings = Diagnostics::default();
        let node = read_yaml(&text, &mut findings);
        prop_assert!(node.is_some() || findings.has_errors());
    }

    #[test]
    fn a_json_text_means_the_same_in_yaml(value in json()) {
        for text in [value.to_string(), format!("{value:#}")] {
            if let Ok(node) = from_yaml(&text) {
                prop_assert_eq!(bare(node), from_json(&text).unwrap());
            }
        }
    }
}
