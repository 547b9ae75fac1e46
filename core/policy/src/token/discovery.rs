//! Discovery documents (OpenID Connect Discovery 1.0, section 4; RFC 8414): where an issuer keeps its keys, if it is
//! that issuer.

use serde_json::Value;

use super::issuer::IssuerUrl;
use super::json::object;
use super::url::HttpUrl;

/// Where the document that `from` answered with says that `issuer` has its keys.
pub fn jwks_url(document: &str, issuer: &IssuerUrl, from: &HttpUrl) -> Result<HttpUrl, &'static str> {
    let document = object(document.as_bytes()).ok_or("the discovery document is no JSON object")?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    // Else whoever answers there could speak for any issuer (section 4.3).
    if !text("issuer").is_some_and(|announced| issuer.is_announced_as(announced)) {
        return Err("the discovery document is of another `issuer`");
    }
    let url =
        text("jwks_uri").and_then(HttpUrl::parse).ok_or("the discovery document has no proper `jwks_uri`")?;
    if from.scheme == "https" && url.scheme != "https" {
        return Err("the discovery document's `jwks_uri` is not https");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::Template;

    fn check(issuer: &IssuerUrl, document: Value, expected: Result<&str, &str>) {
        let from = HttpUrl::parse("https://a.example/.well-known/openid-configuration").unwrap();
        let url = jwks_url(&document.to_string(), issuer, &from).map(|url| url.to_string());
        assert_eq!(url, expected.map(str::to_owned), "{document}");
    }

    #[test]
    fn only_the_issuer_itself_is_believed() {
        const OTHER: Result<&str, &str> = Err("the discovery document is of another `issuer`");
        const KEYS: &str = "https://keys.example/jwks";
        let one = IssuerUrl::Exact("https://a.example".to_owned());
        check(&one, json!({"issuer": "https://a.example", "jwks_uri": KEYS}), Ok(KEYS));
        check(&one, json!({"issuer": "https://a.example/", "jwks_uri": KEYS}), OTHER);
        check(&one, json!({"jwks_uri": KEYS}), OTHER);
        check(
            &one,
            json!({"issuer": "https://a.example"}),
            Err("the discovery document has no proper `jwks_uri`"),
        );
        check(
            &one,
            json!({"issuer": "https://a.example", "jwks_uri": "http://keys.example/jwks"}),
            Err("the discovery document's `jwks_uri` is not https"),
        );
        let template = Template::parse("https://a.example/{tenant}/v2.0").unwrap();
        let many = IssuerUrl::Tenants(template, vec!["t1".to_owned()]);
        check(&many, json!({"issuer": "https://a.example/{tenantid}/v2.0", "jwks_uri": KEYS}), Ok(KEYS));
        check(&many, json!({"issuer": "https://a.example/t1/v2.0", "jwks_uri": KEYS}), OTHER);
    }
}
