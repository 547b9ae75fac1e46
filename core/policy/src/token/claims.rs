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
    /// Where the audience stands: the first claim of these that a token has. A provider's matter, not an author's.
    pub audience: &'static [&'static str],
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
            audience: &["aud"],
        }
    }
}

/// The claim at `path`. Any of its names may have dots itself, as in `kubernetes.io.namespace`.
pub fn claim<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    claims.get(path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| {
            let (name, rest) = path.split_at_checked(dot)?;
            claim(claims.get(name)?.as_object()?, rest.strip_prefix('.')?)
        })
    })
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

/// A NumericDate (RFC 7519, section 2), to the second: a JSON number, which may have a fraction, an exponent or a
/// minus. Anything else is an error, and what no clock will ever show too.
pub fn numeric_date(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, NotADate> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            (None, Some(seconds)) if seconds.abs() < 9.2e18 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "rounded and within 64 bits")]
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
            "kubernetes.io": {"namespace": "shop", "pod.x": {"y.z": "d"}},
            "sub": ""
        }));
        assert_eq!(words(&claims, "realm_access.roles"), ["a", "b"]);
        assert_eq!(words(&claims, "https://example.com/roles"), ["c"]);
        assert_eq!(words(&claims, "scp"), ["read", "write"]);
        assert_eq!(words(&claims, "scp.x"), [""; 0]);
        assert_eq!(words(&claims, "kubernetes.io.namespace"), ["shop"]);
        assert_eq!(words(&claims, "kubernetes.io.pod.x.y.z"), ["d"]);
        assert_eq!(text(&claims, "sub"), None);
    }

    #[test]
    fn dates() {
        let date = |value: Value| numeric_date(&map(json!({"exp": value})), "exp");
        assert_eq!(date(json!(12)), Ok(Some(12)));
        assert_eq!(date(json!(-12)), Ok(Some(-12)));
        assert_eq!(date(json!(12.9)), Ok(Some(12)));
        assert_eq!(date(json!(-0.5)), Ok(Some(-1)));
        assert_eq!(date(json!(1.5e9)), Ok(Some(1_500_000_000)));
        assert_eq!(date(json!(i64::MAX)), Ok(Some(i64::MAX)));
        for value in [json!("12"), json!(null), json!(true), json!(1e19), json!(u64::MAX), json!([1])] {
            assert_eq!(date(value.clone()), Err(NotADate), "{value}");
        }
        assert_eq!(numeric_date(&Map::new(), "exp"), Ok(None));
    }
}
