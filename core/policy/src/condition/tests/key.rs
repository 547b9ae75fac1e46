//! Keys of limits: equal for equal values, different for all others, however they are put together.

use super::{Call, compile};

fn key(sources: &[&str]) -> Vec<u8> {
    let call = Call::default();
    let mut key = Vec::new();
    for source in sources {
        compile(source).value(&call).unwrap().write_key(&mut key);
    }
    key
}

#[test]
fn equal_values_have_one_key_wherever_they_come_from() {
    for (one, other) in [
        ("auth.subject", "'alice'"),
        ("auth.claims.email", "'alice@' + 'example.com'"),
        ("auth.roles", "['Storefront.Read', 'Storefront.Write']"),
        ("auth.claims.level", "3"),
        ("auth.claims.address", "{'country': 'DE'}"),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
        ("0.0", "-0.0"),
        ("0.0 / 0.0", "-(0.0 / 0.0)"),
        ("source.ip", "ip('203.0.113.9')"),
    ] {
        assert_eq!(key(&[one]), key(&[other]), "{one} and {other}");
    }
}

#[test]
fn different_values_never_share_a_key() {
    let different: &[&[&str]] = &[
        &["'a:b'", "'c'"],
        &["'a'", "'b:c'"],
        &["'a:b:c'"],
        &["'a'", "''", "'b:c'"],
        &["['a:b', 'c']"],
        &["['a', 'b:c']"],
        &["[['a'], 'b']"],
        &["[['a', 'b']]"],
        &["['a', ['b']]"],
        &["[]"],
        &["[]", "[]"],
        &["[[]]"],
        &["{}"],
        &["''"],
        &["b''"],
        &["null"],
        &["false"],
        &["true"],
        &["'true'"],
        &["0"],
        &["0u"],
        &["0.0"],
        &["'0'"],
        &["1"],
        &["timestamp(0)"],
        &["duration('0s')"],
        &["ip('0.0.0.0')"],
        &["ip('::')"],
        &["cidr('0.0.0.0/0')"],
        &["cidr('0.0.0.0/1')"],
        &["'0.0.0.0'"],
        &["int"],
        &["'int'"],
        &["{'a': 'b'}"],
        &["{'a': ['b']}"],
        &["{'b': 'a'}"],
        &["{1: 'a'}"],
        &["{1u: 'a'}"],
    ];
    let keys: Vec<_> = different.iter().map(|sources| key(sources)).collect();
    for (index, one) in keys.iter().enumerate() {
        for (other, later) in keys.iter().enumerate().skip(index + 1) {
            assert_ne!(one, later, "{:?} and {:?}", different[index], different[other]);
        }
    }
}
