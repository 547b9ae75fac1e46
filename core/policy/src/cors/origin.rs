//! Origins as an author writes them, and as browsers send them (RFC 6454, section 6.2).

/// `*`, `null`, `https://app.example.com`, or `https://*.example.com` for any depth below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginPattern {
    Any,
    /// Also the opaque origin `null`, which any sandboxed page has.
    Exact(String),
    Below {
        /// With `://`.
        scheme: String,
        /// With the leading dot, and the port if there is one.
        suffix: String,
    },
}

impl OriginPattern {
    /// The error is the message for the author.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        match lower.as_str() {
            "*" => return Ok(Self::Any),
            "null" => return Ok(Self::Exact(lower)),
            _ => {}
        }
        let fault = || format!("`{text}` is no origin: write `https://app.example.com`, without a path");
        let (scheme, host) = lower.split_once("://").ok_or_else(fault)?;
        let (name, wildcard) = match host.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (host, false),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']' | '_');
        let fits =
            scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && !name.is_empty()
                && !name.starts_with('.')
                && name.chars().all(plain);
        if !fits {
            return Err(fault());
        }
        Ok(if wildcard {
            Self::Below { scheme: format!("{scheme}://"), suffix: format!(".{name}") }
        } else {
            Self::Exact(lower)
        })
    }

    /// Browsers send scheme and host in lower case; whatever else is sent is no origin of theirs.
    pub fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(accepted) => accepted == origin,
            Self::Below { scheme, suffix } => origin.strip_prefix(scheme.as_str()).is_some_and(|host| {
                host.strip_suffix(suffix.as_str())
                    .is_some_and(|below| !below.is_empty() && !below.contains(['/', ':', '@', '?', '#']))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OriginPattern;

    #[test]
    fn patterns() {
        for (pattern, accepted, refused) in [
            ("https://app.example", "https://app.example", "https://app.example.evil"),
            ("https://app.example", "https://app.example", "http://app.example"),
            ("https://app.example:8443", "https://app.example:8443", "https://app.example"),
            ("https://*.example", "https://a.b.example", "https://example"),
            ("https://*.example", "https://a.example", "https://evilexample"),
            ("https://*.example", "https://a.example", "https://evil/.example"),
            ("https://*.example:1", "https://a.example:1", "https://a.example"),
            ("null", "null", "https://null"),
        ] {
            let parsed = OriginPattern::parse(pattern).unwrap();
            assert!(parsed.matches(accepted), "{pattern} {accepted}");
            assert!(!parsed.matches(refused), "{pattern} {refused}");
        }
    }

    #[test]
    fn what_is_no_origin() {
        for text in [
            "",
            "app.example",
            "https://",
            "https://a/",
            "https://a/b",
            "https://*",
            "https://a b",
            "https://u@a",
        ] {
            assert!(OriginPattern::parse(text).is_err(), "{text}");
        }
    }
}
