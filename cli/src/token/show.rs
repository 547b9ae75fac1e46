//! `spangate token show`: the parts of a token, as they are. It says of itself that nothing was verified.

use anyhow::Result;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use spangate_policy::condition::format_timestamp;
use spangate_policy::facts::Timestamp;
use spangate_policy::token::Untrusted;

use crate::Verdict;

#[derive(clap::Args)]
pub struct Arguments {
    /// The token, or `-` for standard input.
    #[arg(allow_hyphen_values = true)]
    token: String,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let token = super::read(&arguments.token)?;
    let malformed = Untrusted::parse(&token).err().map(|fault| fault.detail());
    let mut parts = token.split('.').map(part);
    let [header, claims] = [parts.next(), parts.next()].map(Option::unwrap_or_default);
    let shown = json!({
        "verified": false,
        "malformed": malformed,
        "times": times(&claims),
        "header": header,
        "claims": claims,
    });
    anstream::println!("{shown:#}");
    Ok(if malformed.is_none() { Verdict::Fine } else { Verdict::Findings })
}

/// What a part says, if it is JSON.
fn part(text: &str) -> Value {
    let bytes = Base64UrlUnpadded::decode_vec(text.trim().trim_end_matches('=')).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// The times for people.
fn times(claims: &Value) -> Value {
    let time = |name: &str| {
        let seconds = claims.get(name)?.as_i64()?;
        let at = Timestamp { nanoseconds: i128::from(seconds) * 1_000_000_000 };
        Some((name.to_owned(), format_timestamp(at).into()))
    };
    Value::Object(["iat", "nbf", "exp"].into_iter().filter_map(time).collect())
}
