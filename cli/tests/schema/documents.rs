//! Every document that stands in the tree: files of YAML, and what pages show between fences.

use std::path::Path;

use serde_json::Value;
use spangate_document::from_yaml;

use crate::language::root;

/// Each with where it stands; what is no YAML is none.
pub fn all() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open = ["README.md", "bench", "docs", "examples", "spanner-sidecar/tests", "tests"]
        .map(|place| root().join(place))
        .to_vec();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        for (index, text) in texts(&path).into_iter().enumerate() {
            let place = format!("{} ({})", path.strip_prefix(root()).unwrap().display(), index + 1);
            found.extend(from_yaml(&text).map(|node| (place, node.to_json())));
        }
    }
    found
}

fn texts(path: &Path) -> Vec<String> {
    let read = || std::fs::read_to_string(path).unwrap();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("yaml") => vec![read()],
        Some("md") => {
            let page = read();
            let fenced = page.split("```yaml\n").skip(1);
            fenced.filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}
