//! A certified OpenID provider as the issuer: found by discovery, rotating its keys under load, down, broken, and taking
//! keys back.

use std::thread;
use std::time::Instant;

use serde_json::json;
use spangate_stack::{Fetches, OidcProvider, Options, Part, Stack, http};

use crate::support::{
    Connection, Flood, ORDERS, PROTOCOLS, Protocol, Request, assert_problem, assert_sound,
    connection_to_each_worker, eventually, forge, policy_with, statistics,
};

const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

/// Answered by the filter itself, so that a load is the filter's and not the emulator's.
const WHO: &str = "/storefront/v2/who";

fn running() -> OidcProvider {
    let mut provider = OidcProvider::prepare().unwrap();
    provider.start().unwrap();
    provider
}

/// The sample, which takes tokens of the provider too.
fn options(provider: &OidcProvider, refresh: &str) -> Options {
    let mut issuer = provider.issuer();
    issuer["refresh"] = refresh.into();
    let policy = policy_with(|policy| {
        policy["issuers"]["oidc"] = issuer;
        policy["steps"] = json!([{"authenticate": ["development", "oidc"]}]);
        policy["apis"]["storefront"]["operations"]["who"] = json!({
            "route": "GET /who", "roles": ["reader"], "respond": {"status": 200, "body": "you"},
        });
    });
    Options::storefront().unwrap().policy(policy).upstream("oidc", provider.port())
}

fn who(connection: &mut Connection, token: &str) -> http::Answer {
    connection.send(Request::get(WHO).token(token)).unwrap()
}

/// What the gateway counts of fetches of the provider's keys.
fn counted(stack: &Stack, what: &str) -> u64 {
    statistics(stack, &format!("^wasmcustom.spangate_keys_{what}_oidc$")).into_values().sum()
}

/// What Envoy's log says of the provider's keys.
fn log_of_keys(stack: &Stack, provider: &OidcProvider) -> Vec<String> {
    let log = std::fs::read(stack.process(Part::Envoy).unwrap().log()).unwrap();
    let of_provider = format!("keys of {}/", provider.url());
    let log = String::from_utf8_lossy(&log).into_owned();
    log.lines().filter(|line| line.contains(&of_provider)).map(str::to_owned).collect()
}

#[test]
fn tokens_of_a_discovered_issuer_pass_with_roles_and_scopes_of_their_claims() {
    let provider = running();
    let stack = Stack::start(options(&provider, "15m")).unwrap();
    for protocol in PROTOCOLS {
        for connection in &mut connection_to_each_worker(&stack, protocol) {
            for token in ALGORITHMS.map(|algorithm| provider.token(algorithm).unwrap()) {
                let list = connection.send(Request::get(&format!("{ORDERS}?limit=1")).token(&token)).unwrap();
                assert_eq!(list.status, 200, "{}", list.text());
                assert_eq!(list.json().unwrap()["rows"][0]["total"], "15", "those of its tenant");
                // It has no role that may write.
                let cancel = connection.send(Request::new("DELETE", &format!("{ORDERS}/any")).token(&token));
                assert_problem(&cancel.unwrap(), 403, "role_missing");
                let forged = forge(&token, |_, claims, _| claims["roles"] = json!(["Storefront.Write"]));
                assert_problem(&who(connection, &forged), 401, "token_signature_invalid");
            }
        }
    }
    assert_eq!(provider.fetches().unwrap(), Fetches { discovery: 1, jwks: 1 }, "once for all workers");
    assert_eq!((counted(&stack, "fetched"), counted(&stack, "failed")), (1, 0));
    assert_sound(&stack);
}

/// New keys again and again, under load on four workers, each time with key ids forged before and while they come. Every
/// token of the load is good, so every call must pass.
#[test]
fn a_rotation_under_load_refuses_nobody() {
    const ROTATIONS: u64 = 4;
    let provider = running();
    let stack = Stack::start(options(&provider, "15m").workers(4)).unwrap();
    let started = Instant::now();
    let first = provider.token("RS256").unwrap();
    let flood = Flood::new(&first);
    let forger = |number: usize| {
        let mut connection = Connection::open(&stack, PROTOCOLS[number % 2]).unwrap();
        let forged = forge(&first, |header, _, _| header["kid"] = json!(format!("key-{number}")));
        thread::spawn(move || who(&mut connection, &forged))
    };
    thread::scope(|scope| {
        let _over = flood.until_dropped();
        scope.spawn(|| flood.run(&stack, WHO));
        scope.spawn(|| flood.renew(|number| provider.token(ALGORITHMS[number % 2]).unwrap()));
        for _ in 0..ROTATIONS {
            let before = (0..20).map(forger).collect::<Vec<_>>();
            provider.rotate().unwrap();
            flood.go_on();
            for forger in before.into_iter().chain((20..40).map(forger).collect::<Vec<_>>()) {
                assert_problem(&forger.join().unwrap(), 401, "token_key_unknown");
            }
        }
        flood.go_on();
    });
    let (passed, refused) = flood.told();
    let Fetches { discovery, jwks } = provider.fetches().unwrap();
    let elapsed = started.elapsed();
    println!("{passed} calls passed in {elapsed:?}, refused: {refused:?}; {discovery} + {jwks} fetches");
    assert!(refused.is_empty(), "of {passed} calls with good tokens: {refused:?}");
    // Each rotation had to be found out; three times in ten seconds is what calls may cause.
    let most = 1 + 3 * (elapsed.as_secs() / 10 + 1);
    assert!((1 + ROTATIONS..=most).contains(&jwks), "{jwks} fetches in {elapsed:?}, of at most {most}");
    assert_eq!(discovery, jwks);
    assert_sound(&stack);
}

/// Each way of answering, however wrong, says nothing against the keys that are known.
#[test]
fn whatever_a_provider_answers_known_keys_are_kept() {
    let provider = running();
    let stack = Stack::start(options(&provider, "1s")).unwrap();
    let mut connections = connection_to_each_worker(&stack, Protocol::Http1);
    eventually("keys are there", || counted(&stack, "fetched") > 0);
    let faults = [
        ("jwks", "error", "status 500"),
        ("jwks", "moved", "status 302"),
        ("jwks", "html", "no JSON"),
        ("jwks", "cut", "no JSON"),
        ("jwks", "hangup", "did not answer"),
        ("jwks", "silence", "status 504"),
        ("jwks", "giant", "more than"),
        ("jwks", "wrong-json", "keys"),
        ("jwks", "empty", "keys"),
        ("discovery", "error", "status 500"),
        ("discovery", "html", "no JSON"),
        ("discovery", "wrong-json", "another `issuer`"),
    ];
    for (index, (document, how, said)) in faults.into_iter().enumerate() {
        let (fetched, failed) = (counted(&stack, "fetched"), counted(&stack, "failed"));
        provider.break_document(document, how).unwrap();
        eventually("a fetch fails", || counted(&stack, "failed") > failed);
        // Tokens that no worker has seen, so that no cache answers.
        for connection in &mut connections {
            for token in ALGORITHMS.map(|algorithm| provider.token(algorithm).unwrap()) {
                assert_eq!(who(connection, &token).status, 200, "{document} {how}");
            }
        }
        provider.break_document(document, "").unwrap();
        eventually("a fetch succeeds", || counted(&stack, "fetched") > fetched);
        let lines = log_of_keys(&stack, &provider);
        assert_eq!(lines.len(), 2 * (index + 1), "one for an outage and one for its end: {lines:#?}");
        let (down, up) = (&lines[2 * index], &lines[2 * index + 1]);
        assert!(down.contains("could not be fetched") && down.contains(said), "{document} {how}: {down}");
        assert!(up.contains("are there again"), "{up}");
    }
    assert_sound(&stack);
}

/// What was known is served; what only the provider can tell waits for it; its new keys are taken when it is back.
#[test]
fn a_provider_may_be_down_and_come_back_with_other_keys() {
    let mut provider = running();
    let stack = Stack::start(options(&provider, "1s")).unwrap();
    let seen = provider.token("RS256").unwrap();
    let unseen: Vec<_> = (0..8).map(|number| provider.token(ALGORITHMS[number % 2]).unwrap()).collect();
    let mut connections = connection_to_each_worker(&stack, Protocol::Http2);
    for connection in &mut connections {
        assert_eq!(who(connection, &seen).status, 200);
    }
    provider.kill();
    eventually("fetches fail", || counted(&stack, "failed") > 1);
    let unknown = forge(&seen, |header, _, _| header["kid"] = json!("another"));
    for connection in &mut connections {
        for token in unseen.iter().chain([&seen]) {
            assert_eq!(who(connection, token).status, 200);
        }
    }
    // Its key may be among those that cannot be fetched.
    let answer = who(&mut connections[0], &unknown);
    assert_problem(&answer, 503, "keys_unavailable");
    assert!(answer.header("retry-after").is_some());
    provider.start().unwrap();
    let new = ALGORITHMS.map(|algorithm| provider.token(algorithm).unwrap());
    for connection in &mut connections {
        eventually("its new tokens pass", || who(connection, &new[0]).status == 200);
        assert_eq!(who(connection, &new[1]).status, 200);
        // The keys it had before are none of its keys any more.
        for token in unseen.iter().chain([&seen]) {
            assert_problem(&who(connection, token), 401, "token_key_unknown");
        }
    }
    let lines = log_of_keys(&stack, &provider);
    assert_eq!(lines.len(), 2, "one for the outage and one for its end: {lines:#?}");
    assert_sound(&stack);
}

#[test]
fn a_cold_start_waits_for_the_provider() {
    let mut provider = running();
    let early = provider.token("ES256").unwrap();
    provider.kill();
    let stack = Stack::start(options(&provider, "15m")).unwrap();
    let mut connections = connection_to_each_worker(&stack, Protocol::Http1);
    for connection in &mut connections {
        let answer = who(connection, &early);
        assert_problem(&answer, 503, "keys_unavailable");
        assert!(answer.header("retry-after").is_some());
        // Nobody's else's tokens suffer.
        assert_eq!(who(connection, &stack.token("alice").unwrap()).status, 200);
    }
    provider.start().unwrap();
    for connection in &mut connections {
        let token = provider.token("ES256").unwrap();
        eventually("keys are fetched as soon as it is there", || who(connection, &token).status == 200);
    }
    assert_sound(&stack);
}

#[test]
fn a_withdrawn_key_takes_its_tokens_along_and_no_others() {
    let provider = running();
    let stack = Stack::start(options(&provider, "1s")).unwrap();
    let [gone, kept] = ALGORITHMS.map(|algorithm| provider.token(algorithm).unwrap());
    let mut connections = connection_to_each_worker(&stack, Protocol::Http2);
    for connection in &mut connections {
        for token in [&gone, &kept, &gone, &kept] {
            assert_eq!(who(connection, token).status, 200);
        }
    }
    provider.withdraw("RS256").unwrap();
    for connection in &mut connections {
        eventually("its token is refused, though it was cached", || who(connection, &gone).status != 200);
        assert_problem(&who(connection, &gone), 401, "token_key_unknown");
        assert_eq!(who(connection, &kept).status, 200);
        assert_eq!(who(connection, &provider.token("ES256").unwrap()).status, 200);
    }
    assert_sound(&stack);
}

/// Whoever answers a discovery for another issuer is not believed, however good its tokens look.
#[test]
fn a_discovery_of_another_issuer_is_not_believed() {
    let provider = running();
    let mut options = options(&provider, "15m");
    let policy = options.documents.policy.text().unwrap();
    let issuer = format!(r#""issuer":"{}""#, provider.url());
    let other = policy.replace(&issuer, &issuer.replace("127.0.0.1", "localhost"));
    assert_ne!(policy, other);
    options = options.policy(other);
    let stack = Stack::start(options).unwrap();
    let token = forge(&provider.token("RS256").unwrap(), |_, claims, _| {
        claims["iss"] = json!(provider.url().replace("127.0.0.1", "localhost"));
    });
    for connection in &mut connection_to_each_worker(&stack, Protocol::Http1) {
        assert_problem(&who(connection, &token), 503, "keys_unavailable");
        assert_problem(&who(connection, &provider.token("RS256").unwrap()), 401, "token_issuer_unknown");
    }
    let Fetches { discovery, jwks } = provider.fetches().unwrap();
    assert!(discovery > 0 && jwks == 0, "{discovery} and {jwks} fetches");
    let lines = log_of_keys(&stack, &provider);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("the discovery document is of another `issuer`"), "{lines:#?}");
    assert_sound(&stack);
}
