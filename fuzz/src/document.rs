//! The document's two readers: whatever the bytes, they end, and where both understand a text they agree.

use spangate_document::{Diagnostics, Key, Node, Value, decode, from_json, from_yaml, read_yaml, to_yaml};

pub fn run(data: &[u8]) {
    let Ok(text) = decode(data) else { return };
    let mut findings = Diagnostics::default();
    let read = read_yaml(text, &mut findings);
    assert!(read.is_some() || findings.has_errors(), "nothing is read, and nothing is told");
    let yaml = from_yaml(text).map(bare);
    let json = from_json(text).map(bare);
    if let (Ok(yaml), Ok(json)) = (&yaml, &json) {
        assert_eq!(yaml, json, "one text, two meanings");
    }
    if let Ok(node) = json.or(yaml) {
        print(&node);
    }
}

/// What is printed reads as it was.
fn print(node: &Node) {
    let value = node.to_json();
    assert_eq!(from_json(&value.to_string()).map(bare).as_ref(), Ok(node));
    // YAML takes no longer keys than this where they stand before their colon.
    if longest_key(node) < 1000 {
        let printed = to_yaml(&value);
        assert_eq!(from_yaml(&printed).map(bare).as_ref(), Ok(node), "{printed}");
    }
}

/// The tree without what two texts of one document may differ in: places, the order of members, and the last digits
/// of long numbers, which serde_json reads approximately.
fn bare(node: Node) -> Node {
    let value = match node.value {
        Value::Float(float) => Value::Float(format!("{float:.13e}").parse().unwrap_or(float)),
        Value::List(items) => Value::List(items.into_iter().map(bare).collect()),
        Value::Map(members) => {
            let bare = |(key, node)| (Key { span: None, ..key }, bare(node));
            let mut members: Vec<_> = members.into_iter().map(bare).collect();
            members.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
            Value::Map(members)
        }
        scalar => scalar,
    };
    Node { value, span: None }
}

fn longest_key(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => items.iter().map(longest_key).max().unwrap_or(0),
        Value::Map(members) => {
            let own = members.iter().map(|(key, _)| key.name.len());
            let inner = members.iter().map(|(_, node)| longest_key(node));
            own.chain(inner).max().unwrap_or(0)
        }
        _ => 0,
    }
}
