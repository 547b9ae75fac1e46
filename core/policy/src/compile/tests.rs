//! Policies with faults, and what their author reads.

use expect_test::{Expect, expect};
use spangate_document::from_yaml;

use super::load;
use crate::check as check_policy;

const GOOD: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev:
    issuer: https://dev.example
    audiences: [api://shop]
    jwks: {cluster: dev, url: "https://dev.example/jwks"}
roles:
  reader: '"read" in auth.roles'
steps:
  - authenticate: [dev]
apis:
  orders:
    path: /shop
    versioning: {scheme: path, default: v2}
    versions: {v1: {}, v2: {}}
    operations:
      list:
        route: GET /orders
        roles: [reader]
        call: ListOrders
"#;

/// The findings on [`GOOD`] after each replacement.
fn check(replacements: &[(&str, &str)], expected: Expect) {
    let mut text = GOOD.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let (policy, findings) = check_policy(&from_yaml(&text).unwrap());
    assert_eq!(policy.is_none(), findings.has_errors());
    expected.assert_eq(&findings.to_string());
}

#[test]
fn a_good_policy_has_no_findings() {
    check(&[], expect![[""]]);
}

#[test]
fn the_revision_is_that_of_the_meaning() {
    let revision = |text: &str| load(&from_yaml(text).unwrap()).unwrap().revision().to_owned();
    let spelled_otherwise = GOOD.replace("'\"read\" in auth.roles'", "\"\\\"read\\\" in auth.roles\"");
    assert_eq!(revision(GOOD), revision(&spelled_otherwise));
    assert_ne!(revision(GOOD), revision(&GOOD.replace("ListOrders", "ListOrder")));
}

#[test]
fn names_that_nothing_has() {
    check(
        &[("roles: [reader]", "roles: [raeder]"), ("[dev]", "[dve]")],
        expect![[r#"
        5:3: warning[unused]: issuers.dev: the issuer `dev` is not used
        10:3: warning[unused]: roles.reader: the role `reader` is not used
        12:19: error[unknown_name]: steps[0].authenticate: `dve` is no issuer of this policy (help: did you mean `dev`?)
        21:16: error[unknown_name]: apis.orders.operations.list.roles: `raeder` is no role of this policy (help: did you mean `reader`?)"#]],
    );
}

#[test]
fn who_may_call_is_always_said() {
    check(
        &[("        roles: [reader]\n", "")],
        expect![[r#"
        10:3: warning[unused]: roles.reader: the role `reader` is not used
        20:9: error[roles_or_public]: apis.orders.operations.list: `roles` or `public: true` is needed (help: name the roles that may call it, or say `public: true`)"#]],
    );
    check(
        &[("roles: [reader]", "roles: [reader]\n        public: true")],
        expect![[r#"
        20:9: error[roles_or_public]: apis.orders.operations.list: `public` and `roles` exclude each other (help: name the roles that may call it, or say `public: true`)"#]],
    );
    check(
        &[("  - authenticate: [dev]\n", "  - deny: {when: source.port == 1}\n")],
        expect![[r#"
        5:3: warning[unused]: issuers.dev: the issuer `dev` is not used
        19:7: error[unauthenticated_roles]: apis.orders.operations.list: no `authenticate` precedes its `roles` (help: add `authenticate: [ISSUER]` to the policy's or the API's `steps`)"#]],
    );
}

#[test]
fn steps() {
    check(
        &[(
            "  - authenticate: [dev]\n",
            concat!(
                "  - authenticate: [dev]\n",
                "  - dney: {when: 'true'}\n",
                "  - deny: {reason: x}\n",
                "  - deny: {when: 'request.path', mode: shdow}\n",
                "  - require: auth.tenant == 7\n",
                "  - rate_limit: {key: auth.subject, rate: 0/1m, scope: global}\n",
                "  - quota: {key: auth.subject, limit: 1/1d}\n",
                "  - {deny: {when: 'true'}, require: 'true'}\n",
                "  - authenticate: {issuers: [dev]}\n    mode: shadow\n",
            ),
        )],
        expect![[r#"
            13:5: error[step_kind]: steps[1]: `dney` is no kind of step (help: did you mean `deny`?)
            14:11: error[missing_key]: steps[2]: `when` is missing
            15:18: error[type]: steps[3].deny.when: a condition is true or false, this is of type `string`
            15:40: error[invalid_value]: steps[3].deny.mode: `shdow` is no mode (help: did you mean `shadow`?)
            16:14: error[condition_type]: steps[4].require: `==` does not apply to string and int (at character 13 of the expression)
            17:43: error[invalid_value]: steps[5].rate_limit.rate: the rate `0/1m` lets nothing pass: use `deny`
            19:5: error[step_kind]: steps[7]: a step is of one kind, this one has `require`, `deny` (help: write two steps)
            20:19: error[invalid_value]: steps[8]: `authenticate` cannot be shadowed"#]],
    );
}

#[test]
fn routes_that_match_the_same_calls() {
    let twin =
        "call: ListOrders\n      again:\n        route: GET /orders\n        public: true\n        call: X\n";
    check(
        &[("call: ListOrders\n", twin)],
        expect![
            "23:7: error[ambiguous_route]: apis.orders.operations.again.route: the same calls would match `orders.list` (help: change the path, the method, the host or the versions of one of them)"
        ],
    );
}

#[test]
fn issuers() {
    check(
        &[("    audiences: [api://shop]\n", ""), ("https://dev.example/jwks", "dev.example/jwks")],
        expect![[r#"
            6:5: error[missing_key]: issuers.dev: `audiences` is missing
            7:31: error[invalid_value]: issuers.dev.jwks.url: `dev.example/jwks` is no URL of http or https"#]],
    );
    check(
        &[("    jwks: {cluster: dev, url: \"https://dev.example/jwks\"}\n", "    algorithms: [HS256]\n")],
        expect![[r#"
            6:5: error[key_source]: issuers.dev: exactly one of `jwks`, `discovery` and `keys` is needed, none is there (help: write `jwks: {cluster: NAME, url: "https://…"}`)
            8:17: error[invalid_value]: issuers.dev.algorithms: `HS256` is no supported algorithm (help: did you mean `RS256`?)"#]],
    );
}

#[test]
fn versions_and_keys() {
    check(
        &[("default: v2", "default: v3"), ("call: ListOrders", "cal: ListOrders")],
        expect![[r#"
            16:41: error[invalid_value]: apis.orders.versioning.default: `v3` is no version (help: did you mean `v1`?)
            20:9: error[target]: apis.orders.operations.list: exactly one of `call`, `forward` and `respond` is needed, none is there (help: write `call: OPERATION` to call the sidecar)
            22:9: error[unknown_key]: apis.orders.operations.list: unknown key `cal` (help: did you mean `call`?)"#]],
    );
}

#[test]
fn a_faulty_operation_is_still_looked_at() {
    check(
        &[
            ("route: GET /orders", "route: GET orders"),
            ("[reader]", "[raeder]"),
            ("call: ListOrders", "cal: X"),
        ],
        expect![[r#"
            10:3: warning[unused]: roles.reader: the role `reader` is not used
            20:9: error[target]: apis.orders.operations.list: exactly one of `call`, `forward` and `respond` is needed, none is there (help: write `call: OPERATION` to call the sidecar)
            20:16: error[invalid_route]: apis.orders.operations.list.route: the path `orders` must begin with `/`
            21:16: error[unknown_name]: apis.orders.operations.list.roles: `raeder` is no role of this policy (help: did you mean `reader`?)
            22:9: error[unknown_key]: apis.orders.operations.list: unknown key `cal` (help: did you mean `call`?)"#]],
    );
}

/// The findings on [`GOOD`] with this step after its own.
fn check_step(step: &str, expected: Expect) {
    check(&[("  - authenticate: [dev]\n", &format!("  - authenticate: [dev]\n  - {step}\n"))], expected);
}

#[test]
fn refusals_are_in_the_authors_words_and_within_bounds() {
    check_step(
        "deny: {when: source.port == 1, status: 200, reason: No-Way}",
        expect![[r#"
        13:44: error[invalid_value]: steps[1].deny.status: `status` is a number from 400 to 599
        13:57: error[invalid_value]: steps[1].deny.reason: `No-Way` is no reason: write it in snake_case"#]],
    );
    check_step(
        "{require: {}, mode: shadow}",
        expect!["13:15: error[missing_key]: steps[1].require: `condition` is missing"],
    );
    check_step(
        "authenticate: {issuers: [], from: {form: x}, bound: dpop}",
        expect![[r#"
            13:19: error[invalid_value]: steps[1].authenticate.issuers: at least one issuer is needed
            13:39: error[invalid_value]: steps[1].authenticate.from: `from` is `bearer`, `{header: NAME}`, `{cookie: NAME}` or `{query: NAME}`
            13:57: error[invalid_value]: steps[1].authenticate.bound: `dpop` is no value of `bound` (help: known are `mtls`)"#]],
    );
}

#[test]
fn limits() {
    check_step(
        "rate_limit: {rate: 100, burst: 0, count: answer, unavailable: maybe}",
        expect![[r#"
            13:17: error[missing_key]: steps[1].rate_limit: `key` is missing
            13:24: error[wrong_type]: steps[1].rate_limit.rate: expected a text, found an integer (help: put it in quotation marks)
            13:36: error[invalid_value]: steps[1].rate_limit.burst: `burst` is a number from 1 to 1000000000
            13:46: error[invalid_value]: steps[1].rate_limit.count: `answer` is no value of `count` (help: known are `request`, `response`)
            13:67: error[invalid_value]: steps[1].rate_limit.unavailable: `maybe` is no value of `unavailable` (help: known are `deny`, `allow`, `proxy`)"#]],
    );
    check_step(
        "rate_limit: {key: source.ip, rate: []}",
        expect!["13:40: error[invalid_value]: steps[1].rate_limit.rate: at least one rate is needed"],
    );
    check_step(
        "rate_limit: {key: source.ip, rate: [{when: source.port, rate: 1/1s, bust: 2}]}",
        expect![[r#"
        13:48: error[type]: steps[1].rate_limit.rate[0].when: a condition is true or false, this is of type `int`
        13:73: error[unknown_key]: steps[1].rate_limit.rate[0]: unknown key `bust` (help: did you mean `burst`?)"#]],
    );
    check_step(
        "rate_limit: {key: source.ip, rate: 1/1s, cost: response.status}",
        expect![
            "13:52: error[unknown_variable]: steps[1].rate_limit.cost: unknown variable `response` (at character 1 of the expression) (help: only steps on the way back see the response)"
        ],
    );
    check_step(
        "quota: {key: source.ip, limit: 5/5month, scope: world}",
        expect![[r#"
            13:36: error[invalid_value]: steps[1].quota.limit: `5month` is none of 1, 2, 3, 4, 6 and 12 months
            13:53: error[invalid_value]: steps[1].quota.scope: `world` is no value of `scope` (help: known are `proxy`, `region`, `global`)"#]],
    );
    check_step(
        "concurrency: {key: source.ip, limit: 0, scope: region}",
        expect![[r#"
            13:42: error[invalid_value]: steps[1].concurrency.limit: `limit` is a number from 1 to 1000000
            13:52: error[invalid_value]: steps[1].concurrency.scope: `region` is no value of `scope` (help: known are `proxy`)"#]],
    );
}

#[test]
fn validation() {
    check_step(
        "validate: {query: {n: {type: int, minimum: a, pattern: '['}, m: {type: boolean, maximum: 3}}, headers: [x], unknown_query: no, body: {max_size: 5, media_types: [json]}}",
        expect![[r#"
            13:34: error[invalid_value]: steps[1].validate.query.n.type: `int` is no value of `type` (help: known are `string`, `integer`, `number`, `boolean`)
            13:48: error[invalid_value]: steps[1].validate.query.n.minimum: `minimum` is a number
            13:60: error[invalid_value]: steps[1].validate.query.n.pattern: `[` is no pattern: found unclosed character class
            13:94: error[invalid_value]: steps[1].validate.query.m.maximum: `maximum` says nothing about this type
            13:108: error[wrong_type]: steps[1].validate.headers: expected a map, found a list
            13:128: error[invalid_value]: steps[1].validate.unknown_query: `no` is no value of `unknown_query` (help: known are `deny`, `allow`)
            13:149: error[wrong_type]: steps[1].validate.body.max_size: expected a text, found an integer (help: put it in quotation marks)
            13:165: error[invalid_value]: steps[1].validate.body.media_types: `json` is no media type (such as `application/json`, `image/*`)"#]],
    );
    check(
        &[(
            "        call: ListOrders",
            "        call: ListOrders\n        steps: [{validate: {path: {id: {}}}}, {group: {steps: [{validate: {path: {x: {}}}}]}}]",
        )],
        expect![[r#"
            23:28: error[unknown_name]: apis.orders.operations.list.steps[0]: the route has no parameter `id`
            23:75: error[unknown_name]: apis.orders.operations.list.steps[1].group.steps[0]: the route has no parameter `x`"#]],
    );
}

#[test]
fn origins() {
    check_step(
        "cors: {origins: ['*', app.example], credentials: true}",
        expect![[r#"
        13:21: error[invalid_value]: steps[1].cors.origins: `app.example` is no origin: write `https://app.example.com`, without a path
        13:54: error[invalid_value]: steps[1].cors.credentials: `credentials` with the origin `*` would let any page act as its visitor (help: name the origins)"#]],
    );
    check_step(
        "{cors: {origins: ['*']}, when: auth.authenticated}",
        expect![
            "13:12: error[invalid_value]: steps[1]: `cors` is decided before anybody is authenticated: it cannot read `auth`"
        ],
    );
    check_step(
        "group: {steps: [{cors: {origins: ['*']}}]}",
        expect![
            "13:28: error[invalid_value]: steps[1].group.steps[0]: `cors` is taken out of the order: it stands in no group"
        ],
    );
    check_step(
        "cors: {origins: ['*']}\n  - cors: {origins: ['*']}",
        expect![
            "14:11: error[invalid_value]: steps[2]: there is one `cors` in a list of steps, this is the second"
        ],
    );
}

#[test]
fn headers_and_answers() {
    check_step(
        "set_header: {request: {Host: x, 'a b': y, x-a: auth.subjct}, response: {Content-Length: '1'}}",
        expect![[r#"
        13:28: error[invalid_value]: steps[1].set_header.request.Host: `Host` is not for a policy to edit
        13:37: error[invalid_value]: steps[1].set_header.request.a b: `a b` is no name of a header
        13:52: error[unknown_field]: steps[1].set_header.request.x-a: `auth` has no `subjct` (at character 5 of the expression) (help: did you mean `auth.subject`?)
        13:77: error[invalid_value]: steps[1].set_header.response.Content-Length: `Content-Length` is not for a policy to edit"#]],
    );
    check_step(
        "set_header: {}",
        expect![
            "13:17: error[missing_key]: steps[1].set_header: nothing is edited: name headers under `request` or `response`"
        ],
    );
    check_step(
        "remove_header: {request: [spangate-call-bin]}",
        expect![
            "13:30: error[invalid_value]: steps[1].remove_header.request: `spangate-call-bin` is not for a policy to edit"
        ],
    );
    check_step(
        "set_header: {request: {x-a: \"a\\nb\"}}",
        expect![
            "13:33: error[invalid_value]: steps[1].set_header.request.x-a: a header has no control characters"
        ],
    );
    check_step(
        "set_header: {request: {x-a: response.status}}",
        expect![
            "13:33: error[unknown_variable]: steps[1].set_header.request.x-a: unknown variable `response` (at character 1 of the expression) (help: only steps on the way back see the response)"
        ],
    );
    check_step(
        "respond: {status: 100, headers: {x-a: response.status}}",
        expect![[r#"
            13:23: error[invalid_value]: steps[1].respond.status: `status` is a number from 200 to 599
            13:43: error[unknown_variable]: steps[1].respond.headers.x-a: unknown variable `response` (at character 1 of the expression) (help: only steps on the way back see the response)"#]],
    );
    check_step(
        "cache: {vary: [source.prt]}",
        expect![[r#"
            13:12: error[missing_key]: steps[1].cache: `ttl` is missing
            13:20: error[unknown_field]: steps[1].cache.vary[0]: `source` has no `prt` (at character 7 of the expression) (help: did you mean `source.port`?)"#]],
    );
    check_step(
        "audit: {fields: {'a b': 'x +'}}",
        expect![[r#"
        13:22: error[invalid_name]: steps[1].audit.fields.a b: `a b` is no name (help: names have letters, digits, `_` and `-`, and at most 64 of them)
        13:29: error[condition_syntax]: steps[1].audit.fields.a b: the text ends, expected expression (at character 4 of the expression)"#]],
    );
}

#[test]
fn groups() {
    check_step(
        "group: {steps: [], otherwise: [{deny: {when: source.port == 1}}]}",
        expect![
            "13:35: error[unreachable]: steps[1].group.otherwise: without `when` these steps are never reached"
        ],
    );
    check_step(
        "{group: {when: source.port == 1, steps: [{authenticate: [dev]}]}, mode: shadow}",
        expect![
            "13:61: error[invalid_value]: steps[1].group.steps[0]: `authenticate` cannot be shadowed, nor its group"
        ],
    );
    let deep =
        (0..10).fold("{require: 'true'}".to_owned(), |inner, _| format!("{{group: {{steps: [{inner}]}}}}"));
    check_step(
        &deep,
        expect![
            "13:157: error[invalid_value]: steps[1].group.steps[0].group.steps[0].group.steps[0].group.steps[0].group.steps[0].group.steps[0].group.steps[0].group.steps[0].group.steps: groups lie more than 8 deep in each other"
        ],
    );
}

#[test]
fn the_life_of_versions() {
    check(
        &[
            ("v1: {}", "v1: {deprecated: 2027-01-01, sunset: 2026-13-01, link: 'a b'}"),
            ("v2: {}", "v2: {deprecated: 2027-06-01, sunset: 2027-01-01}"),
        ],
        expect![[r#"
            17:53: error[invalid_value]: apis.orders.versions.v1.sunset: `2026-13-01` is no date (such as `2027-06-30` or `2027-06-30T12:00:00Z`)
            17:71: error[invalid_value]: apis.orders.versions.v1.link: `a b` is no URL
            17:116: error[invalid_value]: apis.orders.versions.v2.sunset: the sunset is before the deprecation"#]],
    );
    check(
        &[
            ("v1: {}", "v1: {after_sunset: refuse}"),
            ("v2: {}", "v2: {sunset: 2027-01-01, after_sunset: close}"),
        ],
        expect![[r#"
            17:35: error[invalid_value]: apis.orders.versions.v1.after_sunset: `after_sunset` needs a `sunset`
            17:83: error[invalid_value]: apis.orders.versions.v2.after_sunset: `close` is no value of `after_sunset` (help: known are `refuse`, `serve`)"#]],
    );
}

#[test]
fn targets() {
    check(
        &[("call: ListOrders", "call: ListOrders\n        forward: old")],
        expect![
            "20:9: error[target]: apis.orders.operations.list: exactly one of `call`, `forward` and `respond` is needed, `call`, `forward` are (help: write `call: OPERATION` to call the sidecar)"
        ],
    );
    check(
        &[("call: ListOrders", "call: ListOrders\n        rewrite: /x")],
        expect![
            "23:18: error[invalid_value]: apis.orders.operations.list.rewrite: `rewrite` goes with `forward`"
        ],
    );
    check(
        &[("call: ListOrders", "forward: old\n        rewrite: '/v0/{id}/{rest=**}'")],
        expect![
            "23:18: error[invalid_value]: apis.orders.operations.list.rewrite: the route has no parameter `id`"
        ],
    );
    check(
        &[("call: ListOrders", "respond: {body: x}")],
        expect!["22:18: error[missing_key]: apis.orders.operations.list.respond: `status` is missing"],
    );
}

#[test]
fn the_top() {
    check(
        &[("spangate/v1", "spangate/v2"), ("name: shop", "name: shop\nmode: trial")],
        expect![[r#"
        2:13: error[api_version]: apiVersion: `spangate/v2` is not known (help: write `apiVersion: spangate/v1`)
        4:7: error[invalid_value]: mode: `trial` is no mode (help: known are `enforce`, `shadow`)"#]],
    );
    check(
        &[("path: /shop", "path: '/shop/{x}'\n    hosts: ['api.example:80']")],
        expect![[r#"
        10:3: warning[unused]: roles.reader: the role `reader` is not used
        15:11: error[invalid_value]: apis.orders.path: the path `/shop/{x}` of an API has no parameters
        16:12: error[invalid_value]: apis.orders.hosts: `api.example:80` is no host: write `api.example.com` or `*.example.com`, without a port"#]],
    );
    check(
        &[("'\"read\" in auth.roles'", "'request.path == \"/\"'")],
        expect![
            "10:11: error[unknown_variable]: roles.reader: `request` is not known here (at character 1 of the expression) (help: roles see `auth` alone)"
        ],
    );
}
