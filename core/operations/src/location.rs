//! The template of a `location`: literal text and `{name}`, which stands for a parameter or a returned column.

/// Such as `/customers/{customer_id}/orders/{order_id}`. The sidecar does not know under which path the policy
/// serves the operation, so authors write it as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Name(String),
}

impl Location {
    pub fn parse(template: &str) -> Result<Self, String> {
        if !template.starts_with('/') || template.starts_with("//") {
            return Err(format!("`{template}` is no path that begins with one `/`"));
        }
        if !template.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("`{template}` has characters that no URL has"));
        }
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some((text, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("a `{{` in `{template}` is never closed"))?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(format!("`{{{name}}}` names no parameter or column"));
            }
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Name(name.to_owned()));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('}'))) {
            return Err(format!("a `}}` in `{template}` closes nothing"));
        }
        Ok(Self { pieces })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The location with every name replaced by its percent-encoded value; `Err` is the name without a value.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, &str> {
        let mut location = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => location.push_str(text),
                Piece::Name(name) => encode(&value(name).ok_or(name.as_str())?, &mut location),
            }
        }
        Ok(location)
    }
}

/// All but RFC 3986's unreserved characters, so that a value is always one path segment.
fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let location = Location::parse("/customers/{customer}/orders/{order}").unwrap();
        let fill = |name: &str| match name {
            "customer" => Some("a/../b ?é".to_owned()),
            _ => Some("7".to_owned()),
        };
        assert_eq!(location.fill(fill).unwrap(), "/customers/a%2F..%2Fb%20%3F%C3%A9/orders/7");
        assert_eq!(location.fill(|_| None), Err("customer"));
    }

    #[test]
    fn faults() {
        for template in ["", "x", "//evil.example/x", "/a b", "/{", "/{}", "/{a-b}", "/}", "/a\r\nx: y"] {
            assert!(Location::parse(template).is_err(), "{template}");
        }
    }
}
