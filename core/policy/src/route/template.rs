//! Path templates and host patterns as an author writes them.

use std::fmt::Write;

use super::path::check_path;

/// `GET /customers/{customer_id}/orders/{rest=**}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub method: String,
    pub segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    /// Exactly one segment.
    Parameter(String),
    /// One or more segments, at the end only.
    Rest(String),
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"];

impl Template {
    /// Reads `METHOD /template`. The error is the message for the author.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (method, path) = text.split_once(' ').ok_or_else(|| {
            format!("`{text}` is no route: write a method and a path, such as `GET /orders`")
        })?;
        if !METHODS.contains(&method) {
            return Err(match method {
                "HEAD" => "`HEAD` follows `GET` by itself: write a route for `GET`".to_owned(),
                "OPTIONS" => "`OPTIONS` is answered by the gateway: it needs no route".to_owned(),
                _ => format!("`{method}` is no method: known are `{}`", METHODS.join("`, `")),
            });
        }
        let segments = parse_path(path)?;
        let mut names: Vec<&str> = Vec::new();
        let mut named = segments.iter().filter_map(Segment::name);
        let twice = named.find(|name| {
            names.contains(name) || {
                names.push(name);
                false
            }
        });
        if let Some(twice) = twice {
            return Err(format!("the parameter `{twice}` occurs twice"));
        }
        Ok(Self { method: method.to_owned(), segments })
    }

    /// Names of the parameters, from left to right.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(Segment::name)
    }

    /// In the radix tree's own syntax, after `prefix`. Parameters are numbered there, so that two operations
    /// may name the same place differently.
    pub(super) fn pattern(&self, prefix: &str) -> String {
        let mut pattern = prefix.trim_end_matches('/').replace('{', "{{").replace('}', "}}");
        let mut number = 0_usize;
        for segment in &self.segments {
            // Writing to a String cannot fail.
            let _ = match segment {
                Segment::Literal(text) => write!(pattern, "/{text}"),
                Segment::Parameter(_) => write!(pattern, "/{{p{number}}}"),
                Segment::Rest(_) => write!(pattern, "/{{*p{number}}}"),
            };
            number = number.saturating_add(usize::from(segment.name().is_some()));
        }
        if pattern.is_empty() { "/".to_owned() } else { pattern }
    }
}

impl Segment {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Parameter(name) | Self::Rest(name) => Some(name),
        }
    }
}

pub(super) fn parse_path(path: &str) -> Result<Vec<Segment>, String> {
    let rest = path.strip_prefix('/').ok_or_else(|| format!("the path `{path}` must begin with `/`"))?;
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<_> = rest.split('/').collect();
    let last = parts.len().saturating_sub(1);
    let mut segments = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let segment = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(inner) => {
                let (name, rest) = match inner.strip_suffix("=**") {
                    Some(name) => (name, true),
                    None => (inner, false),
                };
                if !is_name(name) {
                    return Err(format!("`{{{inner}}}` is no parameter: write `{{name}}` or `{{name=**}}`"));
                }
                if rest && index != last {
                    return Err(format!("`{{{inner}}}` may only stand at the end"));
                }
                if rest { Segment::Rest(name.to_owned()) } else { Segment::Parameter(name.to_owned()) }
            }
            None if part.contains(['{', '}', '%', '*']) => {
                return Err(format!("`{part}` must be a plain segment or one whole `{{parameter}}`"));
            }
            None if check_path(&format!("/{part}")).is_err() || part.is_empty() => {
                return Err(format!("the path `{path}` has a segment that no call can match"));
            }
            None => Segment::Literal(part.to_owned()),
        };
        segments.push(segment);
    }
    Ok(segments)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `api.example.com`, or `*.example.com` for any depth below; case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    Exact(String),
    /// With the leading dot.
    Below(String),
}

impl HostPattern {
    pub fn parse(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let (name, below) = match lower.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(format!(
                "`{text}` is no host: write `api.example.com` or `*.example.com`, without a port"
            ));
        }
        Ok(if below { Self::Below(format!(".{name}")) } else { Self::Exact(name.to_owned()) })
    }

    /// `host` is lower case and without a port.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host == name,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&match Template::parse(text) {
            Ok(template) => template.pattern("/api/v1"),
            Err(message) => message,
        });
    }

    #[test]
    fn templates() {
        check("GET /", expect!["/api/v1"]);
        check("GET /orders", expect!["/api/v1/orders"]);
        check(
            "GET /customers/{customer_id}/orders/{rest=**}",
            expect!["/api/v1/customers/{p0}/orders/{*p1}"],
        );
    }

    #[test]
    fn faults() {
        check("/orders", expect!["`/orders` is no route: write a method and a path, such as `GET /orders`"]);
        check(
            "GTE /orders",
            expect!["`GTE` is no method: known are `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `QUERY`"],
        );
        check("HEAD /orders", expect!["`HEAD` follows `GET` by itself: write a route for `GET`"]);
        check("GET orders", expect!["the path `orders` must begin with `/`"]);
        check("GET /a//b", expect!["the path `/a//b` has a segment that no call can match"]);
        check("GET /a/../b", expect!["the path `/a/../b` has a segment that no call can match"]);
        check("GET /a/x{b}", expect!["`x{b}` must be a plain segment or one whole `{parameter}`"]);
        check("GET /{Order-Id}", expect!["`{Order-Id}` is no parameter: write `{name}` or `{name=**}`"]);
        check("GET /{a=**}/b", expect!["`{a=**}` may only stand at the end"]);
        check("GET /{a}/{a}", expect!["the parameter `a` occurs twice"]);
    }

    #[test]
    fn hosts() {
        let below = HostPattern::parse("*.Example.com").unwrap();
        assert!(below.matches("a.example.com") && below.matches("a.b.example.com"));
        assert!(
            !below.matches("example.com")
                && !below.matches("badexample.com")
                && !below.matches(".example.com")
        );
        assert!(HostPattern::parse("api.example.com:443").is_err());
        assert!(HostPattern::parse("*").is_err());
    }
}
