//! From the claims of a token to who is calling.

use serde_json::{Map, Value};

/// Where an issuer keeps what a policy speaks of. Each path is a claim's name, or names joined by dots; a claim
/// whose name itself has dots (an URL, say) is found first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPaths {
    pub subject: String,
    pub tenant: Option<String>,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    /// Claims that the sidecar may bind.
    pub forward: Vec<String>,
}

impl Default for ClaimPaths {
    fn default() -> Self {
        Self {
            subject: "sub".to_owned(),
            tenant: None,
            roles: vec!["roles".to_owned()],
            // RFC 9068 says `scope`, Entra and Okta say `scp`.
            scopes: vec!["scope".to_owned(), "scp".to_owned()],
            forward: Vec::new(),
        }
    }
}

/// The claim at `path`.
pub fn claim<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// The texts at `path`: a list of texts, or words separated by spaces.
pub fn words(claims: &Map<String, Value>, path: &str) -> Vec<String> {
    match claim(claims, path) {
        Some(Value::String(text)) => {
            text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A claim that is a text and not empty.
pub fn text(claims: &Map<String, Value>, path: &str) -> Option<String> {
    claim(claims, path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A NumericDate in whole seconds (RFC 7519, section 2), which may have a fraction; anything else is an error.
pub fn numeric_date(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, NotADate> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            (None, Some(seconds)) if seconds.abs() < 9.0e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "rounded and within 2^53")]
                Ok(Some(seconds.floor() as i64))
            }
            _ => Err(NotADate),
        },
        Some(_) => Err(NotADate),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADate;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn paths() {
        let claims = map(json!({
            "realm_access": {"roles": ["a", 7, "b"]},
            "https://example.com/roles": ["c"],
            "scp": "read  write",
            "sub": ""
        }));
        assert_eq!(words(&claims, "realm_access.roles"), ["a", "b"]);
        assert_eq!(words(&claims, "https://example.com/roles"), ["c"]);
        assert_eq!(words(&claims, "scp"), ["read", "write"]);
        assert_eq!(words(&claims, "scp.x"), [""; 0]);
        assert_eq!(text(&claims, "sub"), None);
    }

    #[test]
    fn dates() {
        let date = |value: Value| numeric_date(&map(json!({"exp": value})), "exp");
        assert_eq!(date(json!(12)), Ok(Some(12)));
        assert_eq!(date(json!(-12)), Ok(Some(-12)));
        assert_eq!(date(json!(12.9)), Ok(Some(12)));
        assert_eq!(date(json!(1.5e9)), Ok(Some(1_500_000_000)));
        for value in [json!("12"), json!(null), json!(true), json!(1e300), json!(u64::MAX), json!([1])] {
            assert_eq!(date(value.clone()), Err(NotADate), "{value}");
        }
        assert_eq!(numeric_date(&Map::new(), "exp"), Ok(None));
    }
}
