//! What an author is told: every fault at once, where it is and how to mend it.

use expect_test::{Expect, expect};

use crate::condition::{Condition, Conditions, Scope};

fn in_scope(scope: Scope, named: &Conditions, source: &str, expected: Expect) {
    let shown = match Condition::compile(source, scope, named) {
        Ok(condition) => condition.warnings().iter().map(|warning| format!("warning: {warning}\n")).collect(),
        Err(faults) => faults.iter().map(|fault| format!("{fault}\n")).collect::<String>(),
    };
    expected.assert_eq(&shown);
}

fn check(source: &str, expected: Expect) {
    in_scope(Scope::Request, &Conditions::default(), source, expected);
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    check(
        "request.metod == 'GET' && foo(1) && 'ä' + 1 == 2 && requst.path == ''",
        expect![[r#"
        unknown_field: `request` has no `metod` at 7 (help: did you mean `request.method`?)
        unknown_function: unknown function `foo` at 26
        condition_type: `+` does not apply to string and int at 40
        unknown_variable: unknown variable `requst` at 52 (help: did you mean `request`?)
    "#]],
    );
    check(
        "source.ip == '10.0.0.1'",
        expect![[r#"
        condition_type: `==` does not apply to ip and string at 10 (help: compare addresses: `ip("192.0.2.1")`, or networks: `cidr(…).containsIP(…)`)
    "#]],
    );
    check(
        "'a' in request.path",
        expect![[r#"
        condition_type: `in` does not look into a string at 4 (help: use `text.contains(part)`)
    "#]],
    );
    check(
        "request.path.startWith('/a')",
        expect![[r#"
        unknown_function: unknown function `startWith` at 22 (help: did you mean `startsWith`?)
    "#]],
    );
    check(
        "size(request.path, 1)",
        expect![[r#"
        condition_type: `size` does not apply to (string, int) at 0 (help: its forms are `size(string)`, `size(bytes)`, `size(list(dyn))`, `size(map(dyn, dyn))`)
    "#]],
    );
    check(
        "lowerAscii(request.path)",
        expect![[r#"
        unknown_function: unknown function `lowerAscii` at 0 (help: it is called `string.lowerAscii()`)
    "#]],
    );
    check(
        "has(request)",
        expect![[r#"
        condition_syntax: invalid argument to has() macro at 4
    "#]],
    );
    check(
        "auth.roles.contains('a')",
        expect![[r#"
        condition_type: `contains` does not apply to (list(string), string) at 19 (help: its forms are `string.contains(string)`)
    "#]],
    );
    check(
        "cidr('10.0.0/8').containsIP(source.ip)",
        expect![[r#"
        invalid_literal: `10.0.0/8` is no network in CIDR notation at 0
    "#]],
    );
    check(
        "request.path.matches('a(b')",
        expect![[r#"
        invalid_pattern: the pattern `a(b` cannot be compiled: found open group without closing ')' at 20
    "#]],
    );
    check(
        "1 +",
        expect![[r#"
            condition_syntax: the text ends, expected expression at 3
        "#]],
    );
    check(
        "'ä' == request.path +\n  ]",
        expect![[r#"
        condition_syntax: unexpected token at 24
    "#]],
    );
    check(
        "connection",
        expect![[r#"
        condition_type: `connection` is no value of its own at 0 (help: read one of `connection.tls`, `connection.peer_subject`, `connection.peer_sans`)
    "#]],
    );
}

#[test]
fn bounds() {
    let faults = |source: String| {
        let faults = Condition::compile(&source, Scope::Request, &Conditions::default()).unwrap_err();
        format!("{}", faults[0])
    };
    expect!["condition_too_long: the condition has 20000 bytes, more than 16384"]
        .assert_eq(&faults("a".repeat(20_000)));
    for source in [
        format!("{}true{}", "(".repeat(200), ")".repeat(200)),
        format!("{}true", "!(-".repeat(5_000)),
        format!("{}1", "true ? 1 : ".repeat(1_000)),
        format!("request{}", ".a".repeat(5_000)),
        format!("request{}", ".a()".repeat(4_000)),
        format!("1{}", " + 1".repeat(3_000)),
        format!("{}1{}", "[".repeat(300), "]".repeat(300)),
        format!("{}1", "{1:".repeat(3_000)),
        format!("{}true", "[1].all(x, ".repeat(1_000)),
    ] {
        let shown = faults(source.clone());
        assert!(shown.starts_with("condition_too_deep"), "{:.20}… {shown}", source);
    }
    let wide = format!("{}true", "request.method == 'X' || ".repeat(600));
    assert!(Condition::compile(&wide, Scope::Request, &Conditions::default()).is_ok());
}

#[test]
fn named_conditions_are_bounded_together() {
    let chain = |links: usize, of: fn(usize) -> String| {
        let mut pairs: Vec<(String, String)> =
            (0..links).map(|link| (format!("c{link}"), of(link + 1))).collect();
        pairs.push((format!("c{links}"), "request.method == 'PUT'".to_owned()));
        Conditions::build(pairs.iter().map(|(name, source)| (name.as_str(), source.as_str())))
    };
    let nested = |link: usize| format!("!(conditions.c{link} || request.path == '')");
    assert_eq!(chain(30, nested).1, []);
    let faults = chain(60, nested).1;
    assert!(faults.iter().any(|(_, fault)| fault.code == "condition_too_deep"), "{faults:?}");

    // Each link doubles the work of the one before.
    let doubled = |link: usize| format!("conditions.c{link} || conditions.c{link}");
    let (named, faults) = chain(40, doubled);
    assert_eq!(faults, []);
    let condition = Condition::compile("conditions.c0", Scope::Request, &named).unwrap();
    let error = condition.evaluate(&super::Call::default()).unwrap_err();
    assert_eq!(error.to_string(), "`a logical operator` took more steps than an evaluation may");
}

#[test]
fn unguarded_reads_are_warned_of() {
    check(
        "request.headers['X-Tier'] == 'gold'",
        expect![[r#"
        warning: unguarded_header: a call without `request.headers["x-tier"]` is refused here: reading it is an error at 15 (help: guard it: `"x-tier" in request.headers && …`)
    "#]],
    );
    check(
        "request.query.limit == '1'",
        expect![[r#"
        warning: unguarded_query: a call without `request.query["limit"]` is refused here: reading it is an error at 13 (help: guard it: `"limit" in request.query && …`)
    "#]],
    );
    for guarded in [
        "'x-tier' in request.headers && request.headers['X-Tier'] == 'gold'",
        "request.headers['x-tier'] == 'gold' && 'X-Tier' in request.headers",
        "has(request.headers.tier) && (request.method == 'GET' || request.headers.tier == 'gold')",
        "!('x-tier' in request.headers) || request.headers['x-tier'] == 'gold'",
        "'x-tier' in request.headers ? request.headers['x-tier'] == 'gold' : false",
        "!has(request.query.limit) ? true : int(request.query.limit) < 10",
        "!(!has(request.query.a) || !has(request.query.b)) && request.query.a == request.query.b",
        "'x-tier' in request.headers && ['gold'].exists(tier, request.headers['x-tier'] == tier)",
    ] {
        check(guarded, expect![[""]]);
    }
    for unguarded in [
        "'x-tier' in request.headers || request.headers['x-tier'] == 'gold'",
        "!('x-tier' in request.headers) && request.headers['x-tier'] == 'gold'",
        "'x-other' in request.headers && request.headers['x-tier'] == 'gold'",
        "'x-tier' in request.headers ? false : request.headers['x-tier'] == 'gold'",
        "has(request.query.limit) == true && request.query.limit == '1'",
    ] {
        let condition = Condition::compile(unguarded, Scope::Request, &Conditions::default()).unwrap();
        assert_eq!(condition.warnings().len(), 1, "{unguarded}");
    }
}

#[test]
fn roles_see_the_identity_alone() {
    let named =
        Conditions::build([("internal", "request.host == 'internal'"), ("staff", "'s' in auth.roles")]).0;
    in_scope(Scope::Identity, &named, "'r' in auth.roles && conditions.staff", expect![[""]]);
    in_scope(
        Scope::Identity,
        &named,
        "request.method == 'GET'",
        expect![[r#"
        unknown_variable: `request` is not known here at 0 (help: roles see `auth` alone)
    "#]],
    );
    in_scope(
        Scope::Identity,
        &named,
        "'r' in auth.roles || conditions.internal",
        expect![[r#"
        unknown_variable: in `conditions.internal`: `request` is not known here at 31 (help: roles see `auth` alone)
    "#]],
    );
    in_scope(
        Scope::Response,
        &named,
        "response.status == 200 && response.headers.etag == 'a' && request.method == 'GET'",
        expect![[r#"
            warning: unguarded_header: an answer without `response.headers["etag"]` is refused here: reading it is an error at 42 (help: guard it: `"etag" in response.headers && …`)
        "#]],
    );
    in_scope(
        Scope::Request,
        &named,
        "response.status == 200",
        expect![[r#"
        unknown_variable: unknown variable `response` at 0 (help: only steps on the way back see the response)
    "#]],
    );
}

#[test]
fn reading_the_identity_is_known() {
    for (source, reads) in [
        ("auth.subject == 'a'", true),
        ("auth.authenticated && auth.subject == 'a'", false),
        ("!auth.authenticated || auth.subject == 'a'", false),
        ("auth.authenticated ? auth.subject : 'anonymous'", false),
        ("has(auth.tenant) ? auth.tenant : 'none'", false),
        ("has(auth.tenant) && auth.subject == 'a'", true),
        ("auth.authenticated", false),
        ("request.method == 'GET'", false),
    ] {
        let condition = Condition::compile(source, Scope::Request, &Conditions::default()).unwrap();
        assert_eq!(condition.reads_identity(), reads, "{source}");
    }
}

#[test]
fn named_conditions() {
    let (named, faults) = Conditions::build([
        ("office", "cidr('203.0.113.0/24').containsIP(source.ip)"),
        ("staff", "conditions.office && 'staff' in auth.roles"),
        ("tiered", "request.headers['x-tier'] == 'gold'"),
        ("circle", "conditions.square"),
        ("square", "conditions.circle || true"),
        ("itself", "conditions.itself"),
        ("broken", "request.pth == ''"),
    ]);
    let faults: String = faults.iter().map(|(name, fault)| format!("{name}: {fault}\n")).collect();
    expect![[r#"
        circle: condition_cycle: in `conditions.square`: `conditions.circle` needs itself: circle → square → circle at 10
        square: condition_cycle: in `conditions.circle`: `conditions.square` needs itself: square → circle → square at 10
        itself: condition_cycle: `conditions.itself` needs itself: itself → itself at 10
        broken: unknown_field: `request` has no `pth` at 7 (help: did you mean `request.path`?)
    "#]].assert_eq(&faults);
    let warnings: String = named.warnings().map(|(name, warning)| format!("{name}: {warning}\n")).collect();
    expect![[r#"
        tiered: unguarded_header: a call without `request.headers["x-tier"]` is refused here: reading it is an error at 15 (help: guard it: `"x-tier" in request.headers && …`)
    "#]].assert_eq(&warnings);

    in_scope(Scope::Request, &named, "conditions.staff && conditions.tiered && conditions.office", expect![]);
    in_scope(
        Scope::Request,
        &named,
        "conditions.stuff",
        expect![[r#"
        unknown_condition: unknown condition `conditions.stuff` at 10 (help: did you mean `conditions.staff`?)
    "#]],
    );
    in_scope(
        Scope::Request,
        &named,
        "conditions.broken",
        expect![[r#"
        condition_faulty: `conditions.broken` has faults of its own at 10
    "#]],
    );
    in_scope(
        Scope::Request,
        &named,
        "conditions.circle",
        expect![[r#"
        condition_faulty: `conditions.circle` has faults of its own at 10
    "#]],
    );
    let condition = Condition::compile("conditions.staff", Scope::Request, &named).unwrap();
    assert_eq!(condition.uses(), ["office", "staff"]);
}

#[test]
fn what_can_never_be_true_or_false_is_known() {
    for (source, truth, falsehood) in [
        ("false && request.method == 'GET'", false, true),
        ("request.path == '/a' && !(request.path == '/a')", false, true),
        ("request.path != '/a' && request.path == '/a'", false, true),
        ("auth.authenticated && (request.method == 'GET' && !auth.authenticated)", false, true),
        ("auth.authenticated || !auth.authenticated", true, false),
        ("!(auth.authenticated || !auth.authenticated)", false, true),
        ("request.method == 'GET' && request.method == 'PUT'", false, true),
        ("request.method != 'GET' || request.method != 'PUT'", true, false),
        ("request.method == 'GET' || request.method == 'PUT'", true, true),
        ("request.method == 'GET' && request.path == 'PUT'", true, true),
        ("request.size == 1 && request.size == 2", false, true),
        ("request.size < 10 && request.size > 10", false, true),
        ("request.size <= 10 && 10 <= request.size", true, true),
        ("request.size < 10 && request.size == 10", false, true),
        ("request.size < 10 || request.size >= 10", true, true),
        ("auth.claims.level == 1 && auth.claims.level == 'x'", false, true),
        ("size(request.path) < 0", false, true),
        ("0 <= size(auth.roles)", true, false),
        ("size(auth.roles) == -1", false, true),
        ("size(auth.roles) >= 1", true, true),
        ("request.time.getHours() > 23", false, true),
        ("request.time.getHours('+02:00') <= 23", true, false),
        ("(request.time - timestamp(0)).getHours() > 23", true, true),
        ("request.time.getMonth() == 12", false, true),
        ("source.port > 65535", false, true),
        ("source.port > double('nan')", true, true),
        ("source.port < 70000.5", true, false),
        ("request.method in []", false, true),
        ("[].exists(x, request.method == x)", false, true),
        ("[].all(x, request.method == x)", true, false),
        ("auth.authenticated ? false : request.method == 'GET' && false", false, true),
        ("1 / 0 == 1", true, true),
        ("auth.claims.level", true, true),
        ("'x' in request.headers && !('x' in request.headers)", false, true),
        ("'x' in request.headers && !('y' in request.headers)", true, true),
        ("request.headers['a'] == 'b' && request.headers['A'] == 'c'", false, true),
        ("int(request.query.limit) > 10 && int(request.query.limit) < 5", false, true),
    ] {
        let condition = Condition::compile(source, Scope::Request, &Conditions::default()).unwrap();
        assert_eq!((!condition.never_true(), !condition.always_true()), (truth, falsehood), "{source}");
    }
}

#[test]
fn named_conditions_that_serve_nothing_are_known() {
    let (named, faults) = Conditions::build([
        ("used", "conditions.needed || request.method == 'GET'"),
        ("needed", "request.method == 'PUT'"),
        ("unused", "request.method == 'PUT'"),
        ("never", "conditions.needed && request.method == 'GET'"),
        ("always", "size(request.path) >= 0"),
    ]);
    assert_eq!(faults, []);
    let condition = Condition::compile("conditions.used", Scope::Request, &named).unwrap();
    let used = condition.uses().iter().map(String::as_str);
    assert_eq!(named.unused(used), ["unused", "never", "always"]);
    assert_eq!(named.settled().collect::<Vec<_>>(), [("never", false), ("always", true)]);
}

#[test]
fn what_no_call_can_change_is_known() {
    for (source, constant) in [
        ("1 + 1 == 2", Some(true)),
        ("request.method == 'GET' && false", Some(false)),
        ("request.method == 'GET' || 'a' != 'b'", Some(true)),
        ("'a' in ['b', 'c']", Some(false)),
        ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", Some(true)),
        ("request.method == 'GET'", None),
        ("1 / 0 == 1", None),
    ] {
        let condition = Condition::compile(source, Scope::Request, &Conditions::default()).unwrap();
        let given = condition.constant().map(|value| *value == crate::condition::Value::Bool(true));
        assert_eq!(given, constant, "{source}");
    }
}
