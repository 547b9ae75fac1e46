//! Whole decisions with plain values: a call goes in, a verdict comes out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use base64ct::{Base64UrlUnpadded, Encoding};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use spangate_document::from_yaml;
use spangate_limits::{Key, Lease, Take, Usage, slot, window};

use super::*;
use crate::facts::{Entries, Occurrence, Response, Timestamp};
use crate::load;
use crate::route::decode_query;
use crate::token::{Demands, Fault};

mod credentials;
mod steps;

const POLICY: &str = r#"
apiVersion: spangate/v1
name: shop
issuers:
  dev: {issuer: https://dev.example, audiences: [shop], jwks: {cluster: dev, url: "https://dev.example/jwks"}, claims: {tenant: tid}}
  other: {issuer: https://other.example, audiences: [shop], jwks: {cluster: dev, url: "https://other.example/jwks"}}
conditions:
  local: request.host == "localhost"
roles:
  reader: '"read" in auth.roles'
  writer: '"write" in auth.roles && auth.tenant == "t1"'
steps:
  - deny: {when: '"x-block" in request.headers && request.headers["x-block"] == "yes"', reason: blocked}
  - authenticate: [dev]
  - deny: {when: 'request.method == "DELETE"', mode: shadow, reason: no_deletes}
apis:
  orders:
    path: /shop
    versioning: {scheme: path, default: v2}
    versions: {v1: {}, v2: {}}
    steps:
      - require: '!conditions.local'
        reason: not_local
    operations:
      status: {route: GET /status, public: true, call: Status}
      list: {route: "GET /c/{customer}/orders", roles: [reader, writer], call: List, steps: [{deny: {when: 'has(request.query.limit) && int(request.query.limit) > 10', status: 400, reason: too_many}}]}
      drop: {route: "DELETE /c/{customer}", roles: [writer], call: Drop}
      limited: {route: GET /limited, roles: [reader], call: Limited, steps: [{rate_limit: {key: auth.subject, rate: 2/1h, headers: true}}]}
      old: {route: GET /old, versions: [v1], public: true, call: Old}
      any: {route: "GET /{thing}/orders", versions: [v2], public: true, call: Any}
"#;

struct TestCall {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
}

impl Call for TestCall {
    fn request_id(&self) -> Option<&str> {
        None
    }
    fn method(&self) -> &str {
        &self.method
    }
    fn scheme(&self) -> &str {
        "https"
    }
    fn host(&self) -> &str {
        self.headers.iter().find(|(name, _)| name == "host").map_or("api.example", |(_, host)| host)
    }
    fn authority(&self) -> &str {
        self.host()
    }
    fn path(&self) -> &str {
        &self.path
    }
    fn raw_query(&self) -> Option<&str> {
        Some(&self.query)
    }
    fn header(&self, name: &str) -> Occurrence<'_> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (None, _) => Occurrence::Absent,
            (Some((_, value)), None) => Occurrence::Once(Cow::Borrowed(value)),
            _ => Occurrence::Repeated,
        }
    }
    fn headers(&self) -> Entries<'_> {
        Box::new(self.headers.iter().map(|(name, value)| (name.into(), Some(value.into()))))
    }
    fn query(&self, name: &str) -> Occurrence<'_> {
        let mut values = decode_query(&self.query).flatten().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (None, _) => Occurrence::Absent,
            (Some((_, value)), None) => Occurrence::Once(value),
            _ => Occurrence::Repeated,
        }
    }
    fn queries(&self) -> Entries<'_> {
        Box::new(decode_query(&self.query).flatten().map(|(name, value)| (name, Some(value))))
    }
    fn size(&self) -> Option<i64> {
        None
    }
    fn has_body(&self) -> bool {
        self.header("content-type") != Occurrence::Absent
    }
    fn time(&self) -> Timestamp {
        Timestamp { nanoseconds: i128::from(NOW) * 1_000_000_000 }
    }
    fn source_ip(&self) -> Option<IpAddr> {
        "192.0.2.1".parse().ok()
    }
    fn source_port(&self) -> Option<u16> {
        Some(1)
    }
    fn tls(&self) -> bool {
        true
    }
    fn peer_subject(&self) -> Option<Cow<'_, str>> {
        None
    }
    fn peer_sans(&self) -> Vec<String> {
        Vec::new()
    }
    fn peer_certificate(&self) -> Option<[u8; 32]> {
        None
    }
}

/// A row that is not there, and how.
struct TestResponse;

impl Response for TestResponse {
    fn status(&self) -> u16 {
        404
    }
    fn header(&self, name: &str) -> Occurrence<'_> {
        if name == "x-why" { Occurrence::Once("gone".into()) } else { Occurrence::Absent }
    }
    fn headers(&self) -> Entries<'_> {
        Box::new([("x-why".into(), Some("gone".into()))].into_iter())
    }
}

const NOW: i64 = 1_800_000_000;

/// Signatures hold when they name their hash; keys are there unless taken away; limits are real.
#[derive(Default)]
struct TestHost {
    keys: Option<Arc<KeySet>>,
    callers: HashMap<String, Rc<Caller>>,
    checks: RefCell<usize>,
    slots: HashMap<u32, Vec<u8>>,
    quotas: HashMap<Vec<u8>, Usage>,
    inside: HashMap<Vec<u8>, u32>,
    /// What becomes of a wait for keys; by default they are there at once.
    keys_since: Option<KeysSince>,
    unknown: Vec<String>,
}

impl SignatureCheck for TestHost {
    fn holds(&self, hash: &'static str, _key: &[u8], _message: &[u8], signature: &[u8]) -> bool {
        *self.checks.borrow_mut() += 1;
        signature == hash.as_bytes()
    }
}

impl Host for TestHost {
    fn known_caller(&mut self, token: &str) -> Option<Rc<Caller>> {
        self.callers.get(token).cloned()
    }
    fn remember_caller(&mut self, token: &str, caller: &Rc<Caller>) {
        self.callers.insert(token.to_owned(), caller.clone());
    }
    fn keys(&self, _issuer: usize) -> Option<Arc<KeySet>> {
        self.keys.clone()
    }
    fn keys_since(&self, _issuer: usize) -> KeysSince {
        self.keys_since.unwrap_or(KeysSince::Fetched)
    }
    fn knows_of_no_key(&self, token: &str) -> bool {
        self.unknown.iter().any(|known| known == token)
    }
    fn remember_no_key(&mut self, token: &str) {
        self.unknown.push(token.to_owned());
    }
    fn draw(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8], cost: u64) -> Outcome {
        let take = Lease::default().ask(&tier.limit, 1, cost, 1);
        self.take(tier, account, &take)
    }
    fn hold(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8]) -> (Outcome, Option<Hold>) {
        let mut lease = Lease::default();
        let take = Take { hold: true, ..lease.ask(&tier.limit, 1, 1, 1) };
        let outcome = self.take(tier, account, &take);
        let hold = lease.accept(1, &take, &outcome);
        (outcome, hold)
    }
    fn conclude(&mut self, tier: &Tier, _scope: LimitScope, account: &[u8], hold: Hold, counts: bool) {
        let mut lease = Lease::default();
        lease.conclude(hold, u64::from(counts));
        let take = lease.ask(&tier.limit, 1, 0, 1);
        self.take(tier, account, &take);
    }
    fn draw_quota(
        &mut self,
        quota: &Quota,
        _scope: LimitScope,
        account: &[u8],
        cost: u64,
    ) -> Option<QuotaOutcome> {
        let usage = self.quotas.entry(account.to_vec()).or_default();
        let (next, outcome) = window::take(*usage, &quota.limit, NOW.unsigned_abs() * 1_000_000_000, cost);
        *usage = next;
        Some(outcome)
    }
    fn enter(&mut self, limit: &Concurrency, account: &[u8]) -> Entry {
        let inside = self.inside.entry(account.to_vec()).or_default();
        if *inside >= limit.limit {
            return Entry::Full;
        }
        *inside += 1;
        Entry::Entered
    }
    fn leave(&mut self, _limit: &Concurrency, account: &[u8]) {
        *self.inside.get_mut(account).unwrap() -= 1;
    }
}

impl TestHost {
    fn take(&mut self, tier: &Tier, account: &[u8], take: &Take) -> Outcome {
        let key = Key::digest(&tier.rule, &[account]);
        let number = key.slot(16);
        let slot = self.slots.get(&number).map(Vec::as_slice);
        let (changed, outcome) = slot::take(slot, &key, &tier.limit, 1, take).unwrap();
        self.slots.extend(changed.map(|bytes| (number, bytes)));
        outcome
    }
}

fn keys() -> Arc<KeySet> {
    let modulus = Base64UrlUnpadded::encode_string(&[0xc3; 256]);
    Arc::new(
        KeySet::from_value(&json!({"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB", "kid": "k"}]}))
            .unwrap(),
    )
}

fn token(changes: Value) -> String {
    let mut claims = json!({"iss": "https://dev.example", "aud": "shop", "sub": "alice", "exp": NOW + 60});
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let parts = [json!({"alg": "RS256", "kid": "k"}).to_string(), claims.to_string(), "sha256".to_owned()];
    parts.map(|part| Base64UrlUnpadded::encode_string(part.as_bytes())).join(".")
}

struct Gate {
    policy: Policy,
    host: TestHost,
}

impl Gate {
    fn new(policy: &str) -> Self {
        let policy = load(&from_yaml(policy).unwrap()).unwrap_or_else(|faults| panic!("{faults}"));
        Self { policy, host: TestHost { keys: Some(keys()), ..TestHost::default() } }
    }

    fn decide(&mut self, line: &str, headers: &[(&str, &str)]) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let call =
            TestCall { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), headers };
        let mut progress = Progress::default();
        let text = match self.policy.decide(&mut progress, &call, &mut self.host) {
            Decision::Allow => self.allowed(&mut progress, &call),
            Decision::Refuse(refusal) => shown(&refusal),
            Decision::Respond(answer) => {
                let headers: Vec<_> =
                    answer.headers.iter().map(|(name, value)| format!(" {name}: {value}")).collect();
                format!("respond {} {:?}{}", answer.status, answer.body, headers.concat())
            }
            Decision::Need(need) => format!("{need:?}"),
        };
        let shadowed = progress.trace().iter().filter_map(|entry| {
            let refused = entry.shadowed()?;
            let place = match entry.place {
                Place::Step(id) => self.policy.step(id).unwrap().path.clone(),
                place => format!("{place:?}").to_lowercase(),
            };
            Some(format!(" (shadow {place} {})", refused.reason))
        });
        let text = text + &shadowed.collect::<String>();
        self.policy.finish(&mut progress, &mut self.host);
        text
    }

    fn allowed(&mut self, progress: &mut Progress, call: &TestCall) -> String {
        let mut text = match &progress.operation(&self.policy).unwrap().target {
            Target::Call(name) => {
                let parameters = progress.path_parameters(&self.policy, &call.path);
                let parameters: Vec<_> = parameters.map(|(name, value)| format!(" {name}={value}")).collect();
                let headers = self.policy.declared_headers(progress, call).unwrap();
                let headers: Vec<_> =
                    headers.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("allow {name}{}{}", parameters.concat(), headers.concat())
            }
            Target::Forward(_) => {
                let forwarded = self.policy.forwarded(progress, call).unwrap();
                format!("forward {} {} {:?}", forwarded.cluster, forwarded.target, forwarded.edits)
            }
            Target::Respond(_) => panic!("answered by itself"),
        };
        let edits = self.policy.respond(progress, call, &TestResponse, &mut self.host);
        for (name, value) in self.policy.answer_headers(progress) {
            text += &format!(" {name}: {value}");
        }
        if !edits.is_empty() {
            text += &format!(" {edits:?}");
        }
        for (name, value) in progress.audit_fields(&self.policy) {
            text += &format!(" [{name}={value}]");
        }
        text
    }

    fn with_token(&mut self, line: &str, changes: Value) -> String {
        self.decide(line, &[("authorization", &format!("Bearer {}", token(changes)))])
    }
}

fn shown(refusal: &Refusal) -> String {
    let headers: Vec<_> = refusal.headers.iter().map(|(name, value)| format!(" {name}: {value}")).collect();
    format!("{} {}{}", refusal.status, refusal.reason, headers.concat())
}

fn check(line: &str, claims: Value, expected: Expect) {
    expected.assert_eq(&Gate::new(POLICY).with_token(line, claims));
}

fn check_bare(line: &str, headers: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&Gate::new(POLICY).decide(line, headers));
}

#[test]
fn routes_and_versions() {
    let reader = || json!({"roles": ["read"]});
    check("GET /shop/v1/c/7/orders", reader(), expect!["allow List customer=7"]);
    check("HEAD /shop/c/a%20b/orders", reader(), expect!["allow List customer=a b"]);
    check("GET /shop/v3/status", reader(), expect!["404 version_unknown"]);
    check("GET /shop/v2/nothing", reader(), expect!["404 route_not_found"]);
    check("GET /shop/old", reader(), expect!["404 route_not_found"]);
    check("GET /shop/v1/old", reader(), expect!["allow Old"]);
    check("GET /shop/tea/orders", reader(), expect!["allow Any thing=tea"]);
    // `v1` is no thing of the default version.
    check("GET /shop/v1/orders", reader(), expect!["404 route_not_found"]);
    check("POST /shop/status", reader(), expect!["405 method_not_allowed allow: GET, HEAD"]);
    check("GET /shop//status", reader(), expect!["400 parameter_invalid"]);
    check("GET /shop/status?a=%zz", reader(), expect!["400 parameter_invalid"]);
}

#[test]
fn who_is_calling() {
    let challenge = expect![[r#"401 token_missing www-authenticate: Bearer realm="shop""#]];
    check_bare("GET /shop/c/7/orders", &[], challenge);
    check_bare("GET /shop/status", &[], expect!["allow Status"]);
    let malformed = expect![[
        r#"401 token_malformed www-authenticate: Bearer realm="shop", error="invalid_token", error_description="the token is no signed JSON Web Token""#
    ]];
    check_bare("GET /shop/status", &[("authorization", "Bearer x")], malformed);
    let repeated = expect![[
        r#"401 token_repeated www-authenticate: Bearer realm="shop", error="invalid_request", error_description="the request carries more than one credential""#
    ]];
    let two = [("authorization", "Bearer x"), ("authorization", "Bearer y")];
    check_bare("GET /shop/status", &two, repeated);
    let other = expect![[
        r#"401 token_issuer_unknown www-authenticate: Bearer realm="shop", error="invalid_token", error_description="the token's issuer is not accepted here""#
    ]];
    check("GET /shop/c/7/orders", json!({"iss": "https://other.example"}), other);
}

#[test]
fn roles() {
    check("GET /shop/c/7/orders", json!({}), expect!["403 role_missing"]);
    check("GET /shop/c/7/orders", json!({"roles": ["read"]}), expect!["allow List customer=7"]);
    check("GET /shop/c/7/orders", json!({"roles": ["write"], "tid": "t1"}), expect!["allow List customer=7"]);
    check("GET /shop/c/7/orders", json!({"roles": ["write"], "tid": "t2"}), expect!["403 role_missing"]);
    // Without a tenant the role cannot be decided, which only matters to who has no other.
    check("GET /shop/c/7/orders", json!({"roles": ["write"]}), expect!["403 condition_error"]);
    check("GET /shop/c/7/orders", json!({"roles": ["read", "write"]}), expect!["allow List customer=7"]);
}

#[test]
fn conditions() {
    let reader = || json!({"roles": ["read"]});
    check("GET /shop/c/7/orders?limit=11", reader(), expect!["400 too_many"]);
    check("GET /shop/c/7/orders?limit=10", reader(), expect!["allow List customer=7"]);
    check("GET /shop/c/7/orders?limit=ten", reader(), expect!["403 condition_error"]);
    check("GET /shop/c/7/orders?limit=1&limit=2", reader(), expect!["403 condition_error"]);
    check_bare("GET /shop/status", &[("host", "localhost")], expect!["403 not_local"]);
    check_bare("GET /shop/status", &[("x-block", "yes")], expect!["403 blocked"]);
    // Whoever repeats the header does not get past the rule.
    check_bare("GET /shop/status", &[("x-block", "no"), ("x-block", "yes")], expect!["403 condition_error"]);
    let dropped = expect!["allow Drop customer=7 (shadow steps[2] no_deletes)"];
    check("DELETE /shop/c/7", json!({"roles": ["write"], "tid": "t1"}), dropped);
}

#[test]
fn shadow_mode_enforces_tokens_and_routes_alone() {
    let policy = POLICY.replace("name: shop\n", "name: shop\nmode: shadow\n");
    let mut gate = Gate::new(&policy);
    expect![
        "allow List customer=7 (shadow roles role_missing) (shadow apis.orders.operations.list.steps[0] too_many)"
    ]
    .assert_eq(&gate.with_token("GET /shop/c/7/orders?limit=11", json!({})));
    assert!(gate.decide("GET /shop/c/7/orders", &[]).starts_with("401 token_missing"));
    assert_eq!(gate.decide("GET /nowhere", &[]), "404 route_not_found");
}

#[test]
fn limits_count_by_caller_and_issuer() {
    let mut gate = Gate::new(POLICY);
    let mut call =
        |subject: &str| gate.with_token("GET /shop/limited", json!({"sub": subject, "roles": ["read"]}));
    let allowed = r#"allow Limited ratelimit-policy: "default";q=2;w=3600 ratelimit: "default";r=1;t=1800"#;
    assert_eq!(call("alice"), allowed);
    call("alice");
    let refused = r#"429 rate_limited ratelimit-policy: "default";q=2;w=3600 ratelimit: "default";r=0;t=3600 retry-after: 1800"#;
    assert_eq!(call("alice"), refused);
    assert_eq!(call("bob"), allowed);
}

#[test]
fn a_token_is_verified_once_and_never_outlives_itself() {
    let mut gate = Gate::new(POLICY);
    for _ in 0..3 {
        assert_eq!(gate.with_token("GET /shop/status", json!({})), "allow Status");
    }
    assert_eq!(*gate.host.checks.borrow(), 1);
    let short = json!({"exp": NOW - 59});
    assert_eq!(gate.with_token("GET /shop/status", short.clone()), "allow Status");
    let remembered =
        gate.host.callers.values().find(|caller| caller.token().identity().expires < NOW).unwrap();
    let demands = Demands { issuers: &[0], ..Demands::default() };
    let stands = remembered.token().stands(gate.policy.issuers(), &demands, NOW + 1, || None);
    assert_eq!(stands, Err(Fault::Expired));
}

#[test]
fn missing_keys_are_asked_for_once_and_are_no_fault_of_the_caller() {
    let mut gate = Gate::new(POLICY);
    gate.host.keys = None;
    let call = TestCall {
        method: "GET".to_owned(),
        path: "/shop/status".to_owned(),
        query: String::new(),
        headers: vec![("authorization".to_owned(), format!("Bearer {}", token(json!({}))))],
    };
    let mut progress = Progress::default();
    let mut ask = |gate: &mut Gate| gate.policy.decide(&mut progress, &call, &mut gate.host);
    assert_eq!(ask(&mut gate), Decision::Need(Need::Keys { issuer: 0 }));
    let Decision::Refuse(refusal) = ask(&mut gate) else { panic!() };
    assert_eq!(shown(&refusal), "503 keys_unavailable retry-after: 5");
    gate.host.keys = Some(keys());
    assert_eq!(ask(&mut gate), Decision::Allow);
}
