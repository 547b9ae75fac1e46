//! The examples: each is in order, tested, and together they show every key of the language.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use expect_test::expect;
use serde_json::Value;
use spangate_document::from_yaml;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn policies() -> Vec<PathBuf> {
    let recipes = std::fs::read_dir(root().join("examples/cookbook")).unwrap();
    let mut policies: Vec<_> = recipes.map(|entry| entry.unwrap().path().join("policy.yaml")).collect();
    policies.retain(|policy| policy.exists());
    policies.sort();
    policies
}

#[test]
fn the_tests_of_the_examples_pass_and_leave_nothing_out() {
    let output = support::run(&root(), &["test", "examples", "--coverage", "--json"]);
    let (json, exit) = output.rsplit_once("exit ").unwrap();
    let told: Value = serde_json::from_str(json).unwrap();
    assert_eq!((exit, &told["failed"]), ("0", &Value::from(0)), "{told:#}");
    assert!(told["passed"].as_u64().unwrap() >= 100, "{}", told["passed"]);
    let coverage = told["coverage"].as_array().unwrap();
    let recipes = coverage.iter().filter(|policy| policy["file"].as_str().unwrap().contains("cookbook"));
    assert_eq!(recipes.count(), policies().len());
    for policy in coverage {
        let parts = policy["parts"].as_array().unwrap();
        let missing: Vec<_> = parts.iter().filter(|part| part["covered"] == false).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", policy["file"]);
    }
}

#[test]
fn what_the_examples_are_warned_of_is_meant() {
    let mut warnings = String::new();
    for policy in policies() {
        let output = support::run(&root(), &["check", "--json", policy.to_str().unwrap()]);
        let (json, exit) = output.rsplit_once("exit ").unwrap();
        assert_eq!(exit, "0", "{json}");
        let told: Value = serde_json::from_str(json).unwrap();
        let recipe = policy.parent().unwrap().file_name().unwrap().to_str().unwrap();
        for finding in told["findings"].as_array().unwrap() {
            warnings += &format!("{recipe}: {} {}\n", finding["code"], finding["path"]);
        }
    }
    expect![[r#"
        02-plans: "no_leases" "steps[1]"
        02-plans: "no_leases" "steps[2]"
        02-plans: "no_leases" "apis.weather.operations.history.steps[1]"
        11-machines: "token_in_query" "apis.watch.steps[0]"
    "#]]
    .assert_eq(&warnings);
}

#[test]
fn every_key_of_the_language_is_shown() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/policy.schema.json")).unwrap();
    let mut used = BTreeSet::new();
    for policy in policies() {
        let document = from_yaml(&std::fs::read_to_string(&policy).unwrap()).unwrap();
        collect(&schema, "Policy", &schema, &document.to_json(), &mut used);
    }
    let definitions = schema["$defs"].as_object().unwrap();
    let known = definitions.iter().map(|(name, definition)| (name.as_str(), definition));
    let known = known.chain([("Policy", &schema)]).flat_map(|(name, definition)| {
        let keys = definition["properties"].as_object().into_iter().flatten();
        keys.map(move |(key, _)| identity(name, key))
    });
    let missing: Vec<_> = known.filter(|key| !used.contains(key)).collect();
    assert!(missing.is_empty(), "no example shows {}", missing.join(", "));
}

/// What goes with a step of any kind may stand inside or beside it: it is shown once.
fn identity(definition: &str, key: &str) -> String {
    let of_any_step = match definition {
        "Policy" | "Tier" => false,
        "RequireDetails" => key != "condition",
        _ => ["when", "mode", "name"].contains(&key),
    };
    format!("{}.{key}", if of_any_step { "Step" } else { definition })
}

/// Every key of `value` that the schema knows, as `Definition.key`.
fn collect(root: &Value, name: &str, schema: &Value, value: &Value, used: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return collect(root, name, &root["$defs"][name], value, used);
    }
    for branch in ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[key].as_array()).flatten() {
        collect(root, name, branch, value, used);
    }
    for item in value.as_array().into_iter().flatten() {
        collect(root, name, &schema["items"], item, used);
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(key) {
            Some(property) => {
                used.insert(identity(name, key));
                collect(root, name, property, inner, used);
            }
            None => collect(root, name, &schema["additionalProperties"], inner, used),
        }
    }
}
