//! A policy that is saved changes the running gateway; a faulty one changes nothing.

use spangate_stack::{Part, Stack};

use crate::support::{
    Connection, ORDERS, Protocol, Request, assert_problem, assert_sound, connection_to_each_worker,
    eventually, policy_with, statistics, storefront,
};

/// Saves the policy and waits until Envoy has taken something over, or refused it.
fn save(stack: &Stack, policy: &str) {
    let updates = || {
        statistics(stack, "^extension_config_discovery.*(config_reload|config_fail)$")
            .into_values()
            .sum::<u64>()
    };
    let before = updates();
    stack.save_policy(policy).unwrap();
    eventually("Envoy has seen the new policy", || updates() > before);
}

#[test]
fn a_saved_policy_holds_without_a_restart() {
    let stack = storefront();
    let (alice, bob) = (stack.token("alice").unwrap(), stack.token("bob").unwrap());
    let envoy = stack.process(Part::Envoy).unwrap().id();
    let mut connections = connection_to_each_worker(&stack, Protocol::Http1);
    connections.extend(connection_to_each_worker(&stack, Protocol::Http2));
    let catalog = || Request::get("/storefront/v2/catalog");
    let list = |limit: u32| Request::get(&format!("{ORDERS}?limit={limit}"));
    for _ in 0..2 {
        for connection in &mut connections {
            assert_eq!(
                connection.send(catalog()).unwrap().json().unwrap()["rows"].as_array().unwrap().len(),
                3
            );
            assert_eq!(connection.send(list(3).token(&alice)).unwrap().status, 200);
        }
        let stricter = policy_with(|policy| {
            let operations = &mut policy["apis"]["storefront"]["operations"];
            let catalog = operations["catalog"].as_object_mut().unwrap();
            catalog.remove("public");
            catalog.insert("roles".to_owned(), serde_json::json!(["writer"]));
            operations["list_orders"]["steps"][0]["deny"]["when"] =
                "has(request.query.limit) && int(request.query.limit) > 2".into();
        });
        save(&stack, &stricter);
        for connection in &mut connections {
            eventually("the catalogue needs a token", || connection.send(catalog()).unwrap().status == 401);
            assert_problem(&connection.send(catalog()).unwrap(), 401, "token_missing");
            assert_problem(&connection.send(catalog().token(&alice)).unwrap(), 403, "role_missing");
            let answer = connection.send(catalog().token(&bob)).unwrap();
            assert_eq!(answer.json().unwrap()["rows"].as_array().unwrap().len(), 3);
            assert_problem(&connection.send(list(3).token(&alice)).unwrap(), 400, "page_too_large");
            assert_eq!(connection.send(list(2).token(&alice)).unwrap().status, 200);
        }
        save(&stack, &policy_with(|_| {}));
        for connection in &mut connections {
            eventually("the catalogue is public again", || connection.send(catalog()).unwrap().status == 200);
        }
    }
    assert_eq!(stack.process(Part::Envoy).unwrap().id(), envoy);
    assert_sound(&stack);
}

/// A limit that was reached stays reached: a new policy does not forget what the old one counted.
#[test]
fn limits_outlive_the_policy() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let mut connections = connection_to_each_worker(&stack, Protocol::Http1);
    let revenue = || Request::get("/storefront/v2/revenue").token(&alice);
    let admitted =
        (0..12).filter(|index| connections[index % 2].send(revenue()).unwrap().status == 200).count();
    assert_eq!(admitted, 3);
    save(&stack, &policy_with(|policy| policy["roles"]["nobody"] = "false".into()));
    for connection in &mut connections {
        for _ in 0..4 {
            assert_problem(&connection.send(revenue()).unwrap(), 429, "rate_limited");
        }
    }
}

#[test]
fn a_faulty_policy_is_refused_and_the_old_one_goes_on() {
    let stack = storefront();
    let alice = stack.token("alice").unwrap();
    let still_good = || {
        for connection in &mut connection_to_each_worker(&stack, Protocol::Http2) {
            assert_problem(&connection.send(Request::get(ORDERS)).unwrap(), 401, "token_missing");
            let answer =
                connection.send(Request::get(&format!("{ORDERS}?limit=1001")).token(&alice)).unwrap();
            assert_problem(&answer, 400, "page_too_large");
        }
        assert_sound(&stack);
    };
    // By `spangate envoy --watch`, which tells the author and hands nothing on.
    let refused = || {
        let log = std::fs::read_to_string(stack.process(Part::Policy).unwrap().log()).unwrap();
        log.matches(r#""event":"refused""#).count()
    };
    let deny = |when: &str| {
        let step = serde_json::json!({"deny": {"when": when, "status": 400, "reason": "page_too_large"}});
        policy_with(|policy| policy["apis"]["storefront"]["operations"]["list_orders"]["steps"][0] = step)
    };
    let faulty = [
        "apiVersion: spangate/v1\nname: [".to_owned(),
        "apiVersion: spangate/v1".to_owned(),
        deny("request.nothing == 1"),
        deny("'text'"),
        policy_with(|policy| policy["step"] = serde_json::json!([])),
        policy_with(|policy| {
            policy["apis"]["storefront"]["operations"]["revenue"].as_object_mut().unwrap().remove("roles");
        }),
    ];
    for (number, policy) in faulty.iter().enumerate() {
        stack.save_policy(policy).unwrap();
        eventually("the author is told", || refused() > number);
        still_good();
    }
    let counted = statistics(&stack, "^extension_config_discovery.*config_reload$");
    assert_eq!(counted.into_values().collect::<Vec<_>>(), [1], "Envoy was told of a faulty policy");

    // By the filter itself, where somebody hands Envoy what `spangate` would not.
    let file = stack.directory().join("etc/filter.json");
    let good = std::fs::read_to_string(&file).unwrap();
    for change in [
        good.replace(r#"\"reader\":\"#, r#"\"writer\":\"#),
        good.replace("page_too_large", "page too large"),
        good.replace("authenticate", "authenticated"),
        good.replace(r#"\"apiVersion\":"#, r#"\"apiversion\":"#),
        good.replace("filter.wasm", "no-such-filter.wasm"),
        good.chars().take(good.len() / 2).collect(),
    ] {
        assert_ne!(change, good);
        let failures = || {
            let names = "^extension_config_discovery.*(config_fail|update_rejected|update_failure)$";
            statistics(&stack, names).into_values().sum::<u64>()
        };
        let before = failures();
        std::fs::write(file.with_extension("saving"), &change).unwrap();
        std::fs::rename(file.with_extension("saving"), &file).unwrap();
        eventually("Envoy refuses it", || failures() > before);
        still_good();
    }
    // And a good one is taken over after all that.
    stack.save_policy(&deny("has(request.query.limit) && int(request.query.limit) > 2")).unwrap();
    let mut connection = Connection::open(&stack, Protocol::Http1).unwrap();
    eventually("the next good policy holds", || {
        connection.send(Request::get(&format!("{ORDERS}?limit=3")).token(&alice)).unwrap().status == 400
    });
}
