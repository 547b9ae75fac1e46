use std::collections::HashMap;

use spangate_operations::{Constraints, Parameter, Scalar, Type, Value};

use super::*;

fn call(idempotency: Idempotency) -> Call {
    let identity = Identity {
        issuer: "entra".to_owned(),
        subject: "alice".to_owned(),
        tenant: Some("t1".to_owned()),
        ..Identity::default()
    };
    Call {
        operation: "Place".to_owned(),
        identity: Some(identity),
        idempotency: Some(idempotency),
        request_id: "r1".to_owned(),
        ..Call::default()
    }
}

fn caller(key: &str) -> Call {
    call(Idempotency::CallerKey(key.to_owned()))
}

fn with(change: impl FnOnce(&mut Call)) -> Call {
    let mut call = caller("k");
    change(&mut call);
    call
}

fn identity(change: impl FnOnce(&mut Identity)) -> Call {
    with(|call| change(call.identity.as_mut().unwrap()))
}

/// Each of these is another write than all the others.
#[test]
fn keys_of_different_writers_differ() {
    let calls = [
        ("a key", caller("k")),
        ("another", caller("k2")),
        ("a nonce of the same bytes", call(Idempotency::Nonce(b"k".to_vec()))),
        ("another issuer", identity(|identity| identity.issuer = "okta".to_owned())),
        ("another subject", identity(|identity| identity.subject = "bob".to_owned())),
        ("another tenant", identity(|identity| identity.tenant = Some("t2".to_owned()))),
        ("no tenant", identity(|identity| identity.tenant = None)),
        ("an empty tenant", identity(|identity| identity.tenant = Some(String::new()))),
        ("nobody", with(|call| call.identity = None)),
        ("another operation", with(|call| call.operation = "Pay".to_owned())),
        (
            "parts that run together",
            identity(|identity| {
                identity.issuer = "entr".to_owned();
                identity.subject = "aalice".to_owned();
            }),
        ),
    ];
    let mut seen = HashMap::new();
    for (name, call) in calls {
        let key = Key::of(&call, &[], b"").unwrap();
        assert_eq!(seen.insert(key.hash, name), None, "{name}");
    }
}

/// What changes between a call and its repeat makes no other key.
#[test]
fn a_repeat_has_the_same_key() {
    let first = Key::of(&caller("k"), &[], b"{}").unwrap();
    let repeats = [
        with(|call| call.request_id = "r2".to_owned()),
        with(|call| call.policy_revision = "next".to_owned()),
        identity(|identity| identity.roles = vec!["writer".to_owned()]),
    ];
    for repeat in repeats {
        assert_eq!(Key::of(&repeat, &[], b"{}"), Some(first));
    }
    assert_eq!(Key::of(&with(|call| call.idempotency = None), &[], b""), None);
}

#[test]
fn another_request_differs_in_its_hash_alone() {
    let parameter = |source| Parameter {
        name: "n".to_owned(),
        r#type: Type::Scalar(Scalar::Int64),
        source,
        required: true,
        nullable: false,
        default: None,
        constraints: Constraints::default(),
        schema: None,
    };
    let sent = parameter(Source::Path("n".to_owned()));
    let constant = parameter(Source::Constant(Value::Int64(0)));
    let bound = |parameter, number| [Bound { parameter, value: Value::Int64(number) }];
    let key = |bound: &[Bound<'_>], body: &[u8]| Key::of(&caller("k"), bound, body).unwrap();
    let first = key(&bound(&sent, 1), b"{}");
    assert_eq!(first, key(&bound(&sent, 1), b"{}"));
    for other in [key(&bound(&sent, 2), b"{}"), key(&bound(&sent, 1), b"{ }")] {
        assert_eq!(first.hash, other.hash);
        assert_ne!(first.request, other.request);
    }
    assert_eq!(key(&bound(&constant, 1), b""), key(&bound(&constant, 2), b""));
}
