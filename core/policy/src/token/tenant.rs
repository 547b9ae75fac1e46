//! Issuers that have a URL for each tenant, as Entra does.

use std::fmt;

/// An issuer's URL with a place for the tenant: `https://login.microsoftonline.com/{tenant}/v2.0`. Entra itself
/// writes `{tenantid}`, in its keys and its discovery documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    before: String,
    after: String,
}

impl Template {
    /// None for a text without that place, or with several.
    pub fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once("{tenant}").or_else(|| text.split_once("{tenantid}"))?;
        let plain = !before.contains(['{', '}']) && !after.contains(['{', '}']);
        plain.then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// The tenant for which `issuer` is this template.
    pub fn tenant<'t>(&self, issuer: &'t str) -> Option<&'t str> {
        let tenant = issuer.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        (!tenant.is_empty() && !tenant.contains('/')).then_some(tenant)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after } = self;
        write!(f, "{before}{{tenant}}{after}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_is_one_segment_in_its_place() {
        let template = Template::parse("https://login.example/{tenant}/v2.0").unwrap();
        assert_eq!(Template::parse("https://login.example/{tenantid}/v2.0").as_ref(), Some(&template));
        assert_eq!(template.to_string(), "https://login.example/{tenant}/v2.0");
        for (issuer, tenant) in [
            ("https://login.example/t1/v2.0", Some("t1")),
            ("https://login.example//v2.0", None),
            ("https://login.example/v2.0", None),
            ("https://login.example/t1/x/v2.0", None),
            ("https://login.example/t1/v2.0/", None),
            ("https://evil.example/t1/v2.0", None),
            ("x https://login.example/t1/v2.0", None),
        ] {
            assert_eq!(template.tenant(issuer), tenant, "{issuer}");
        }
        for text in ["https://login.example/", "{tenant}{tenant}", "{tenant}/{x}", "{tenants}"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
