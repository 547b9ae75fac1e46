//! A request's body: strict JSON (no repeated member, bounded depth), and the members that parameters name.

use spangate_document::{Node, Value as Json};

/// What a body that cannot be used is refused with: safe to show.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the body is not UTF-8".to_owned())?;
    spangate_document::from_json(text).map_err(|fault| match fault.span {
        // The message of a repeated member would show it: bodies are the caller's own, but logs are not.
        Some(span) => format!("the body is not valid JSON (line {}, column {})", span.line, span.column),
        None => "the body is not valid JSON".to_owned(),
    })
}

/// The first member that no parameter takes. Ignoring it would tell its sender that it had been understood.
pub(crate) fn unknown_member(node: &Node, paths: &[&[String]]) -> Option<String> {
    if paths.iter().any(|path| path.is_empty()) {
        return None;
    }
    let Json::Map(members) = &node.value else { return None };
    members.iter().find_map(|(key, node)| {
        let deeper: Vec<&[String]> = paths
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(first, _)| **first == key.name)
            .map(|(_, rest)| rest)
            .collect();
        if deeper.is_empty() {
            return Some(key.name.clone());
        }
        unknown_member(node, &deeper).map(|inner| format!("{}.{inner}", key.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_members_are_found_at_any_depth() {
        let body = parse(br#"{"a": {"b": 1, "c": {"any": 1}}, "d": 2}"#).unwrap();
        let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (b, c, d) = (path(&["a", "b"]), path(&["a", "c"]), path(&["d"]));
        assert_eq!(unknown_member(&body, &[&b, &c, &d]), None);
        assert_eq!(unknown_member(&body, &[&b, &d]).as_deref(), Some("a.c"));
        assert_eq!(unknown_member(&body, &[&b, &c]).as_deref(), Some("d"));
        assert_eq!(unknown_member(&body, &[&[]]), None);
    }

    #[test]
    fn faults() {
        assert_eq!(
            parse(b"{\"a\":1,\"a\":2}").unwrap_err(),
            "the body is not valid JSON (line 1, column 10)"
        );
        assert_eq!(parse(b"\xff").unwrap_err(), "the body is not UTF-8");
        assert!(parse("[".repeat(100).as_bytes()).is_err());
    }
}
