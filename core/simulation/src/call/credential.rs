//! Which token a described call carries, and where.

use spangate_document::{Diagnostics, Fields, Node, Path, Value};
use spangate_policy::Policy;
pub use spangate_policy::document::CredentialPlace;

use crate::token::{Token, Tokens};

#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    pub token: Token,
    pub place: CredentialPlace,
}

/// `token: NAME`; `{name: NAME, from: {cookie: session}}` where it comes in another place; or the description
/// of a token that nobody else needs.
pub fn read(
    fields: &mut Fields<'_>,
    policy: &Policy,
    tokens: &Tokens,
    diagnostics: &mut Diagnostics,
) -> Option<Credential> {
    let node = fields.take("token")?;
    let path = fields.path().member("token");
    match &node.value {
        Value::String(name) => {
            let token = tokens.named(name, node, &path, diagnostics)?;
            Some(Credential { token, place: CredentialPlace::default() })
        }
        Value::Map(_) if node.member("name").is_some() => named(node, path, tokens, diagnostics),
        _ => {
            let token = Token::read(node, path, policy, diagnostics)?;
            Some(Credential { token, place: CredentialPlace::default() })
        }
    }
}

fn named(node: &Node, path: Path, tokens: &Tokens, diagnostics: &mut Diagnostics) -> Option<Credential> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let name = fields.demand_string("name", diagnostics);
    let place = match fields.take("from") {
        None => CredentialPlace::default(),
        Some(node) if node.as_str() == Some("bearer") => CredentialPlace::Bearer,
        Some(node) => place(node, fields.path().member("from"), diagnostics).unwrap_or_default(),
    };
    let path = fields.path().member("name");
    fields.finish(diagnostics);
    Some(Credential { token: tokens.named(name?, node, &path, diagnostics)?, place })
}

fn place(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<CredentialPlace> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let header =
        fields.string("header", diagnostics).map(str::to_ascii_lowercase).map(CredentialPlace::Header);
    let cookie = fields.string("cookie", diagnostics).map(str::to_owned).map(CredentialPlace::Cookie);
    let query = fields.string("query", diagnostics).map(str::to_owned).map(CredentialPlace::Query);
    let found = [header, cookie, query].into_iter().flatten().next();
    if found.is_none() {
        let message = "a token comes from `bearer`, `{header: NAME}`, `{cookie: NAME}` or `{query: NAME}`";
        diagnostics.error("invalid_value", fields.path(), node, message);
    }
    fields.finish(diagnostics);
    found
}
