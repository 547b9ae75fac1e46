//! Which crate may know which. An arrow that is not drawn here is a fault, so that the core stays pure and the Spanner
//! client stays in the sidecar.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::{cargo, output};

/// Each crate of ours and those of ours that it may use.
const ALLOWED: [(&str, &[&str]); 18] = [
    ("spangate-document", &[]),
    ("spangate-proto", &[]),
    ("spangate-limits", &["spangate-document"]),
    ("spangate-policy", &["spangate-document", "spangate-limits"]),
    ("spangate-simulation", &["spangate-document", "spangate-limits", "spangate-policy"]),
    ("spangate-operations", &["spangate-document"]),
    ("spangate-openapi", &["spangate-operations", "spangate-policy"]),
    ("spangate-filter", &["spangate-document", "spangate-limits", "spangate-policy", "spangate-proto"]),
    ("spanner-sidecar", &["spangate-document", "spangate-operations", "spangate-policy", "spangate-proto"]),
    (
        "spangate-cli",
        &[
            "spangate-document",
            "spangate-limits",
            "spangate-openapi",
            "spangate-operations",
            "spangate-policy",
            "spangate-simulation",
        ],
    ),
    ("spangate-generated", &["spangate-document", "spangate-policy", "spangate-simulation"]),
    ("spangate-mock-spanner", &[]),
    ("spangate-signing", &[]),
    ("spangate-stack", &["spangate-document", "spangate-proto"]),
    (
        "spangate-bench",
        &[
            "spangate-document",
            "spangate-mock-spanner",
            "spangate-proto",
            "spangate-signing",
            "spangate-stack",
            "spanner-sidecar",
        ],
    ),
    ("spangate-playground", &["spangate-document", "spangate-policy", "spangate-simulation"]),
    ("spangate-playground-glue", &[]),
    ("xtask", &["spangate-document", "spangate-stack"]),
];

/// Crates from outside that only some of ours may use: what the Spanner client is measured against must use it too.
const KEPT_TO: [(&str, &[&str]); 2] =
    [("google-cloud-spanner", &["spanner-sidecar", "spangate-bench"]), ("proxy-wasm", &["spangate-filter"])];

/// What would make the core impure.
const NEVER_IN_CORE: [&str; 6] = ["tokio", "hyper", "tonic", "ureq", "rand", "getrandom"];

pub fn check() -> Result<()> {
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("cargo told no packages")?;
    let faults: Vec<String> = packages.iter().flat_map(faults).collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn faults(package: &Value) -> Vec<String> {
    let text =
        |node: &Value, name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = text(package, "name");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let Some(allowed) = allowed.get(name.as_str()) else {
        return vec![format!("`{name}` is not among the crates that lint/arrows.rs knows")];
    };
    let in_core = text(package, "manifest_path").contains("/core/");
    let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    // What tests use does not ship.
    let shipped = dependencies.filter(|dependency| text(dependency, "kind") != "dev");
    shipped
        .filter_map(|dependency| {
            let other = text(dependency, "name");
            let ours = dependency.get("path").is_some_and(Value::is_string);
            let kept =
                KEPT_TO.iter().any(|(kept, owners)| *kept == other && !owners.contains(&name.as_str()));
            // A shell may ask `core/proto` for tonic's client or server; by itself it has neither.
            let optional = dependency.get("optional") == Some(&Value::Bool(true));
            let impure = in_core && !optional && NEVER_IN_CORE.contains(&other.as_str());
            let unknown = ours && !allowed.contains(&other.as_str());
            (kept || impure || unknown).then(|| format!("`{name}` must not know `{other}`"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_workspace_has_none_but_these() {
        check().unwrap();
    }

    #[test]
    fn a_forbidden_arrow_is_a_fault() {
        let package = |name: &str, path: &str, dependency: Value| {
            faults(&json!({"name": name, "manifest_path": path, "dependencies": [dependency]}))
        };
        let ours = |name: &str| json!({"name": name, "path": "/x", "kind": null});
        let outside = |name: &str| json!({"name": name, "kind": null});
        assert!(
            package("spangate-policy", "/x/core/policy/Cargo.toml", ours("spangate-document")).is_empty()
        );
        for (name, path, dependency) in [
            ("spangate-policy", "/x/core/policy/Cargo.toml", ours("spangate-operations")),
            ("spangate-document", "/x/core/document/Cargo.toml", outside("tokio")),
            ("spangate-cli", "/x/cli/Cargo.toml", outside("google-cloud-spanner")),
            ("another", "/x/another/Cargo.toml", outside("serde")),
        ] {
            assert_eq!(package(name, path, dependency).len(), 1, "{name}");
        }
    }
}
