//! Where a forwarded call goes: which cluster of the proxy, and under which path.

use super::template::{Template, parse_path};
use super::{Parameters, Segment};

/// Another upstream than the sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    pub cluster: String,
    /// The path as it came, where there is none.
    pub rewrite: Option<Rewrite>,
}

/// `/v2/{customer_id}/orders`: a path whose parameters are those of the route. They are put in as they came,
/// percent-encoded, so that nothing is decoded twice on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The number of the route's parameter.
    Parameter(usize),
}

impl Rewrite {
    /// The error is the message for the author. Without a template its parameters cannot be looked up, which is
    /// a fault that is told elsewhere.
    pub fn parse(text: &str, template: Option<&Template>) -> Result<Self, String> {
        let mut parts = Vec::new();
        for segment in parse_path(text)? {
            parts.push(match segment {
                Segment::Literal(text) => Part::Text(text),
                Segment::Rest(name) => {
                    return Err(format!("`{{{name}=**}}` is for routes: write `{{{name}}}`"));
                }
                Segment::Parameter(name) => {
                    let known =
                        template.map(|template| template.parameters().position(|known| known == name));
                    match known {
                        Some(Some(number)) => Part::Parameter(number),
                        Some(None) => return Err(format!("the route has no parameter `{name}`")),
                        None => continue,
                    }
                }
            });
        }
        Ok(Self { parts })
    }

    /// The path for a call whose own path is `path`.
    pub fn apply(&self, parameters: &Parameters, path: &str) -> String {
        let mut rewritten = String::new();
        for part in &self.parts {
            rewritten.push('/');
            rewritten.push_str(match part {
                Part::Text(text) => text,
                Part::Parameter(number) => parameters.raw(path, *number).unwrap_or_default(),
            });
        }
        if rewritten.is_empty() { "/".to_owned() } else { rewritten }
    }
}
