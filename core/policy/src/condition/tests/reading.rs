//! What a condition reads of a call: as little as it can, and nothing that is not there.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;

use expect_test::{Expect, expect};

use super::{Call, compile, shown};
use crate::condition::{Condition, Conditions, Scope};
use crate::facts::{self, Facts, Occurrence, Timestamp};
use crate::token::Identity;

/// Writes down which headers it is asked for.
struct Watched(Call, RefCell<Vec<String>>);

type Pairs<'f> = Box<dyn Iterator<Item = (Cow<'f, str>, Option<Cow<'f, str>>)> + 'f>;

impl facts::Call for Watched {
    fn header(&self, name: &str) -> Occurrence<'_> {
        self.1.borrow_mut().push(name.to_owned());
        self.0.header(name)
    }
    fn headers(&self) -> Pairs<'_> {
        self.1.borrow_mut().push("*".to_owned());
        self.0.headers()
    }
    fn request_id(&self) -> Option<&str> {
        self.0.request_id()
    }
    fn method(&self) -> &str {
        self.0.method()
    }
    fn scheme(&self) -> &str {
        self.0.scheme()
    }
    fn host(&self) -> &str {
        self.0.host()
    }
    fn authority(&self) -> &str {
        self.host()
    }

    fn raw_query(&self) -> Option<&str> {
        None
    }

    fn has_body(&self) -> bool {
        false
    }

    fn peer_certificate(&self) -> Option<[u8; 32]> {
        None
    }

    fn path(&self) -> &str {
        self.0.path()
    }
    fn query(&self, name: &str) -> Occurrence<'_> {
        self.0.query(name)
    }
    fn queries(&self) -> Pairs<'_> {
        self.0.queries()
    }
    fn size(&self) -> Option<i64> {
        self.0.size()
    }
    fn time(&self) -> Timestamp {
        self.0.time()
    }
    fn source_ip(&self) -> Option<IpAddr> {
        self.0.source_ip()
    }
    fn source_port(&self) -> Option<u16> {
        self.0.source_port()
    }
    fn tls(&self) -> bool {
        self.0.tls()
    }
    fn peer_subject(&self) -> Option<Cow<'_, str>> {
        self.0.peer_subject()
    }
    fn peer_sans(&self) -> Vec<String> {
        self.0.peer_sans()
    }
}

impl Facts for Watched {
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.parameter(name)
    }
    fn parameters(&self) -> Box<dyn Iterator<Item = (&str, Cow<'_, str>)> + '_> {
        self.0.parameters()
    }
    fn identity(&self) -> Option<&Identity> {
        self.0.identity()
    }
    fn api_name(&self) -> &str {
        self.0.api_name()
    }
    fn api_version(&self) -> Option<&str> {
        self.0.api_version()
    }
    fn operation(&self) -> &str {
        self.0.operation()
    }
}

#[test]
fn only_reached_headers_are_asked_for() {
    for (source, asked) in [
        ("request.method == 'PUT' && request.headers['x-tier'] == 'gold'", &[][..]),
        ("request.method == 'GET' || request.headers['x-tier'] == 'gold'", &[]),
        ("request.method == 'GET' && request.headers['X-Tier'] == 'gold'", &["x-tier"]),
        ("request.method == 'PUT' ? request.headers.a == '' : request.headers['x-tier'] == ''", &["x-tier"]),
        ("'x-tier' in request.headers", &["x-tier"]),
        ("request.headers.exists(name, name == 'x-tier')", &["*"]),
        ("false && request.headers['x-tier'] == 'gold'", &[]),
    ] {
        let watched = Watched(Call::default(), RefCell::default());
        compile(source).evaluate(&watched).unwrap();
        assert_eq!(*watched.1.borrow(), asked, "{source}");
    }
}

fn check(source: &str, call: &Call, expected: Expect) {
    expected.assert_eq(&shown(source, call));
}

#[test]
fn an_error_names_what_failed_and_no_value() {
    let call = Call::default();
    check(
        "request.headers['x-none'] == 'a'",
        &call,
        expect![[r#"error: `request.headers["x-none"]` is absent"#]],
    );
    check(
        "request.headers['accept'] == 'a'",
        &call,
        expect![[r#"error: `request.headers["accept"]` occurs more than once"#]],
    );
    check(
        "request.headers['x-bytes'] == 'a'",
        &call,
        expect![[r#"error: `request.headers["x-bytes"]` is not UTF-8"#]],
    );
    check(
        "request.query.tag == 'a'",
        &call,
        expect![[r#"error: `request.query["tag"]` occurs more than once"#]],
    );
    check("auth.tenant == 'a'", &call, expect!["error: `auth.tenant` is absent"]);
    check("int(auth.subject) > 1", &call, expect!["error: `int()` cannot convert its argument"]);
    check("auth.claims.nowhere == 1", &call, expect!["error: `_.nowhere` finds no such key"]);
    check("auth.claims['level'] + 9223372036854775807 > 0", &call, expect!["error: `_ + _` overflows"]);
    check(
        "auth.claims.level > 'a'",
        &call,
        expect!["error: `a comparison` does not apply to values of these types"],
    );
    check("auth.roles[7] == 'a'", &call, expect!["error: `_[_]` is out of range"]);
    check("auth.claims.email", &call, expect![[r#"String("alice@example.com")"#]]);
    let nowhere = Call { source: None, ..Call::default() };
    check("cidr('10.0.0.0/8').containsIP(source.ip)", &nowhere, expect!["error: `source.ip` is absent"]);
    check(
        "[cidr('10.0.0.0/8')].exists(n, n.containsIP(source.ip))",
        &nowhere,
        expect!["error: `source.ip` is absent"],
    );
}

#[test]
fn an_unauthenticated_call_has_no_identity() {
    let call = Call::unauthenticated();
    for (source, expected) in [
        ("auth.authenticated", Ok(false)),
        ("has(auth.tenant)", Ok(false)),
        ("has(auth.subject)", Ok(false)),
        ("has(auth.roles)", Ok(false)),
        ("has(auth.authenticated)", Ok(true)),
        ("auth.authenticated && 'Admin' in auth.roles", Ok(false)),
        ("'Admin' in auth.roles", Err("`auth.roles` is absent on an unauthenticated call")),
        ("auth.subject == 'alice'", Err("`auth.subject` is absent on an unauthenticated call")),
        ("has(auth.claims.level)", Err("`auth.claims` is absent on an unauthenticated call")),
        ("auth.expires > request.time", Err("`auth.expires` is absent on an unauthenticated call")),
    ] {
        let given = compile(source).evaluate(&call).map_err(|error| error.to_string());
        assert_eq!(given, expected.map_err(str::to_owned), "{source}");
    }
}

#[test]
fn a_mapped_address_is_the_address() {
    let call = Call { source: Some("::ffff:203.0.113.9"), ..Call::default() };
    assert_eq!(compile("cidr('203.0.113.0/24').containsIP(source.ip)").evaluate(&call), Ok(true));
}

#[test]
fn work_is_bounded() {
    const LONG: &str = match std::str::from_utf8(&[b'a'; 60_000]) {
        Ok(text) => text,
        Err(_) => "",
    };
    let call = Call { headers: vec![("x-long", Some(LONG))], ..Call::default() };
    for source in [
        "request.headers['x-long'].split('').all(a, request.headers['x-long'].split('').all(b, a == b))",
        "request.headers['x-long'].replace('', request.headers['x-long']) == ''",
        "request.headers['x-long'].split('').map(a, request.headers['x-long']).join() == ''",
        "[1].map(x, [request.headers['x-long']].map(a, a + a + a + a + a + a)[0]) \
         .map(b, b + b + b + b + b + b).map(c, c + c + c)[0] == ''",
        "request.headers['x-long'].split('').exists(a, request.headers['x-long'].contains('b'))",
        "request.headers['x-long'].split('').exists(a, request.headers['x-long'].matches('b'))",
    ] {
        let error = compile(source).evaluate(&call).unwrap_err().to_string();
        assert!(error.contains("more steps") || error.contains("too large"), "{source}: {error}");
    }
}

#[test]
fn expressions_over_bindings_of_ones_own() {
    let bindings = serde_json::json!({"x": 3, "space.name": 7, "pattern": "^a", "request": {"items": [1, 2.5, "a"]}, "big": 18446744073709551615u64});
    let bindings = bindings.as_object().unwrap();
    let names = || bindings.keys().cloned().chain(["unbound".to_owned()]).collect();
    for (source, expected) in [
        ("x + 1", "Ok(Int(4))"),
        ("request.items[1]", "Ok(Double(2.5))"),
        ("request.items.filter(i, type(i) == int)", "Ok(List(Owned([Int(1)])))"),
        ("type(big) == uint", "Ok(Bool(true))"),
        ("has(request.none)", "Ok(Bool(false))"),
        ("[1].all(request, request == 1)", "Ok(Bool(true))"),
        ("[1].all(x, .x == 3 && x == 1)", "Ok(Bool(true))"),
        ("space.name + 1", "Ok(Int(8))"),
        ("[{'name': 1}].all(space, space.name == 1)", "Ok(Bool(true))"),
        ("'abc'.matches(pattern)", "Ok(Bool(true))"),
        ("false && 'abc'.matches('(')", "Ok(Bool(false))"),
    ] {
        let condition = Condition::compile(source, Scope::Dynamic(names()), &Conditions::default()).unwrap();
        assert_eq!(format!("{:?}", condition.value_of(bindings)), expected, "{source}");
    }
    for (source, expected) in [
        ("unbound", "`unbound` is absent"),
        ("timestamp('x')", "`timestamp()` cannot convert its argument"),
        ("'abc'.matches('(')", "`matches()` cannot convert its argument"),
    ] {
        let condition = Condition::compile(source, Scope::Dynamic(names()), &Conditions::default()).unwrap();
        assert_eq!(condition.value_of(bindings).unwrap_err().to_string(), expected);
    }
    for source in ["y", "auth.subject", "conditions.x"] {
        assert!(Condition::compile(source, Scope::Dynamic(names()), &Conditions::default()).is_err());
    }
}

#[test]
fn values_go_out_as_json() {
    for (source, expected) in [
        (
            "{'a': [1, 2u, 1.5, null, true], 2: b'\\xff', false: 'x'}",
            r#"{"2":"/w==","a":[1,2,1.5,null,true],"false":"x"}"#,
        ),
        (
            "[timestamp(0), duration('90s'), 1.0 / 0.0, 0.0 / 0.0]",
            r#"["1970-01-01T00:00:00Z","90s","Infinity","NaN"]"#,
        ),
        ("[dyn(source.ip), cidr('10.0.0.0/8'), int]", r#"["203.0.113.9","10.0.0.0/8","int"]"#),
        ("auth.claims.address", r#"{"country":"DE"}"#),
    ] {
        assert_eq!(
            compile(source).value(&Call::default()).unwrap().to_json().to_string(),
            expected,
            "{source}"
        );
    }
}
