//! One key of a set (RFC 7517, RFC 7518 section 6): what it may verify, checked once, so that a token meets only
//! keys that can have signed it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::super::algorithm::{Algorithm, Family, PublicKey};
use super::super::curve::{self, Curve};
use super::super::der;
use super::super::tenant::Template;
use super::{Key, KeyIssuer};

/// A set tells why it has no usable key: without values, since that goes to a log.
pub(super) fn read(jwk: &Value) -> Result<Key, &'static str> {
    let text = |name: &str, wrong: &'static str| match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(wrong),
    };
    if text("use", "a key's `use` is no text")?.is_some_and(|usage| usage != "sig") {
        return Err("a key is not for signatures (`use`)");
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.as_array().ok_or("a key's `key_ops` is no list")?;
        if !operations.iter().any(|operation| operation == "verify") {
            return Err("a key is not for verification (`key_ops`)");
        }
    }
    let (family, public) = match text("kty", "a key's `kty` is no text")? {
        Some("RSA") => (Family::Rsa, rsa(jwk)?),
        Some("EC") => ec(jwk)?,
        Some("OKP") => (Family::Ed25519, ed25519(jwk)?),
        _ => return Err("a key is of a type that is not supported (`kty`)"),
    };
    let algorithm = match text("alg", "a key's `alg` is no text")? {
        None => None,
        Some(name) => {
            let algorithm = Algorithm::from_name(name);
            Some(algorithm.ok_or("a key is for an algorithm that is not supported (`alg`)")?)
        }
    };
    if algorithm.is_some_and(|algorithm| algorithm.family() != family) {
        return Err("a key's `alg` does not fit its `kty`");
    }
    let issuer = text("issuer", "a key's `issuer` is no text")?.map(|issuer| match Template::parse(issuer) {
        Some(template) => KeyIssuer::Template(template),
        None => KeyIssuer::Exact(issuer.to_owned()),
    });
    let id = text("kid", "a key's `kid` is no text")?.map(str::to_owned);
    Ok(Key { id, family, algorithm, issuer, public: PublicKey(public) })
}

fn rsa(jwk: &Value) -> Result<Vec<u8>, &'static str> {
    let modulus = number(jwk, "n").ok_or("an RSA key has no proper `n`")?;
    let exponent = number(jwk, "e").ok_or("an RSA key has no proper `e`")?;
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    // RFC 7518, section 3.3, demands 2048 bits; above 8192 a check costs too much to be asked for by anyone.
    if leading > 0 && modulus.len() <= 256 || !(256..=1024).contains(&modulus.len()) {
        return Err("an RSA key has less than 2048 or more than 8192 bits");
    }
    // With an exponent of one every text is its own signature; no odd exponent, no odd modulus is RSA; and hosts take
    // exponents of up to 33 bits.
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !odd(&modulus) || !odd(&exponent) || exponent == [1] || exponent.len() > 4 {
        return Err("an RSA key's numbers make no key");
    }
    Ok(der::rsa_key(&modulus, &exponent))
}

fn ec(jwk: &Value) -> Result<(Family, Vec<u8>), &'static str> {
    let (family, curve): (_, &Curve) = match jwk.get("crv").and_then(Value::as_str) {
        Some("P-256") => (Family::P256, &curve::P256),
        Some("P-384") => (Family::P384, &curve::P384),
        _ => return Err("an EC key is on a curve that is not supported (`crv`)"),
    };
    match (bytes(jwk, "x"), bytes(jwk, "y")) {
        (Some(x), Some(y)) if curve.contains(&x, &y) => Ok((family, der::ec_key(&x, &y))),
        _ => Err("an EC key's `x` and `y` are no point of its curve"),
    }
}

fn ed25519(jwk: &Value) -> Result<Vec<u8>, &'static str> {
    if jwk.get("crv").and_then(Value::as_str) != Some("Ed25519") {
        return Err("an OKP key is on a curve that is not supported (`crv`)");
    }
    bytes(jwk, "x").filter(|x| x.len() == 32).ok_or("an OKP key has no proper `x`")
}

/// Without leading zeros, which some issuers send.
fn number(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    let mut number = bytes(jwk, name)?;
    let first = number.iter().position(|byte| *byte != 0)?;
    Some(number.split_off(first))
}

fn bytes(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()
}
