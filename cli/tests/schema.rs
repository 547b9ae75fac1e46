//! The JSON Schema: the committed one is what the types give, and it says what the reader does, key by key.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a test did not expect fails it"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};
use spangate_document::{Diagnostics, from_json, from_yaml};

const EVERY_KEY: &str = include_str!("data/every_key.yaml");

/// A key and a word that resemble none, so that the reader lists those that it knows.
const STRANGE: &str = "qqqqqqqqqqqqqqqqqqqqqqqq";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn validator() -> Validator {
    jsonschema::validator_for(&spangate_policy::schema()).unwrap()
}

fn every_key() -> Value {
    from_yaml(EVERY_KEY).unwrap().to_json()
}

/// What the reader says of a document.
fn read(document: &Value) -> Diagnostics {
    spangate_policy::check(&from_json(&document.to_string()).unwrap()).1
}

#[test]
fn the_committed_schema_is_what_the_types_give() {
    let directory = support::directory(&[]);
    let printed = support::run(directory.path(), &["schema"]);
    let committed = std::fs::read_to_string(root().join("docs/policy.schema.json")).unwrap_or_default();
    let current = printed.strip_suffix("exit 0").unwrap();
    assert!(committed == current, "docs/policy.schema.json is out of date: run `cargo xtask generate`");
}

#[test]
fn every_example_fits() {
    let validator = validator();
    let mut found = 0;
    let mut open = vec![root().join("examples")];
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let document = from_yaml(&std::fs::read_to_string(&path).unwrap()).map(|node| node.to_json());
                let Ok(document) = document else { continue };
                if document["apiVersion"] == "spangate/v1" && document.get("apis").is_some() {
                    let faults: Vec<_> =
                        validator.iter_errors(&document).map(|fault| fault.to_string()).collect();
                    assert!(faults.is_empty(), "{}: {faults:?}", path.display());
                    found += 1;
                }
            }
        }
    }
    assert!(found > 0, "no policy was found");
    assert!(validator.is_valid(&every_key()));
    assert!(!read(&every_key()).has_errors());
}

/// A change of the full document at a place, and whether the reader refuses it too.
#[test]
fn faulty_documents_do_not_fit() {
    let validator = validator();
    for (place, value) in [
        ("/apiVersion", json!("spangate/v2")),
        ("/name", json!(7)),
        ("/mode", json!("shadwo")),
        ("/steps", json!({})),
        ("/steps/0", json!({})),
        ("/steps/0", json!({"deny": {"when": "true"}, "require": "true"})),
        ("/steps/0", json!({"denny": {"when": "true"}})),
        ("/steps/0/authenticate/from", json!({"pocket": "x"})),
        ("/steps/0/authenticate/issuers", json!([])),
        ("/steps/1/status", json!(200)),
        ("/steps/1/reason", json!("Not This")),
        ("/issuers/entra/jwks", json!({"cluster": "c", "url": "https://a.example"})),
        ("/issuers/entra/algorithms", json!(["HS256"])),
        ("/issuers/entra/clock_skew", json!("5 parsecs")),
        ("/issuers/entra/clock_skew", json!(60)),
        ("/conditions", json!({"a name": "true"})),
        ("/apis/shop/path", json!("shop")),
        ("/apis/shop/versioning/scheme", json!("cookie x")),
        ("/apis/shop/steps/0/rate_limit/rate", json!("often")),
        ("/apis/shop/steps/0/rate_limit/rate", json!([])),
        ("/apis/shop/steps/0/rate_limit/burst", json!(0)),
        ("/apis/shop/steps/2/quota/limit", json!("5/5month")),
        ("/apis/shop/steps/3/concurrency/scope", json!("global")),
        ("/apis/shop/operations/list/public", json!(true)),
        ("/apis/shop/operations/list/forward", json!("other")),
        ("/apis/shop/operations/list/roles", json!([])),
        ("/apis/shop/operations/health/respond/status", json!(100)),
        ("/apis/shop/operations/list/steps/0/validate/query/limit/type", json!("date")),
        ("/apis/shop/operations/list/steps/0/validate/body/max_size", json!("64KB")),
    ] {
        let mut document = every_key();
        put(&mut document, place, value.clone());
        assert!(read(&document).has_errors(), "the reader takes {value} at {place}");
        assert!(!validator.is_valid(&document), "the schema takes {value} at {place}");
    }
}

/// What YAML makes of a key that nothing follows is no value, whatever stands there in the schema's eyes.
#[test]
fn a_key_without_a_value_is_not_there() {
    for (place, told) in [
        (
            "/apis/shop/operations/list/call",
            "exactly one of `call`, `forward` and `respond` is needed, none is there",
        ),
        ("/apis/shop/operations/list/roles", "`roles` or `public: true` is needed"),
        ("/apis/shop/steps/0/rate_limit", "`rate_limit` is missing"),
        (
            "/issuers/entra/discovery",
            "exactly one of `jwks`, `discovery` and `keys` is needed, none is there",
        ),
        ("/name", "`name` is missing"),
    ] {
        let mut document = every_key();
        put(&mut document, place, Value::Null);
        let findings = read(&document);
        assert!(findings.iter().any(|fault| fault.message == told), "{place}: {findings}");
    }
}

fn put(document: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        scalar => panic!("{place} is in {scalar}"),
    }
}

/// A place of a document together with what the schema says of it.
struct Site {
    /// As faults call it.
    path: String,
    /// As JSON pointers call it.
    pointer: String,
    /// Which part of the schema holds.
    rule: String,
}

/// Every closed map of a document, and every word out of a list.
#[derive(Default)]
struct Sites {
    maps: Vec<Site>,
    words: Vec<Site>,
}

impl Sites {
    fn of(schema: &Value, document: &Value) -> Self {
        let mut sites = Self::default();
        sites.walk(schema, "", document, "", "");
        sites
    }

    fn walk(&mut self, schema: &Value, rule: &str, value: &Value, path: &str, pointer: &str) {
        let rule = resolve(schema, rule, value);
        let here = schema.pointer(&rule).unwrap();
        let site = || Site { path: path.to_owned(), pointer: pointer.to_owned(), rule: rule.clone() };
        match value {
            Value::Object(members) => {
                if here["additionalProperties"] == false {
                    self.maps.push(site());
                }
                for (name, value) in members {
                    let member = format!("{rule}/properties/{name}");
                    let any = format!("{rule}/additionalProperties");
                    let known = [member, any]
                        .into_iter()
                        .find(|rule| schema.pointer(rule).is_some_and(Value::is_object));
                    // What is free of form, such as an answer's body, has no rule.
                    let Some(rule) = known else { continue };
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.walk(schema, &rule, value, &path, &format!("{pointer}/{}", name.replace('/', "~1")));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let (path, pointer) = (format!("{path}[{index}]"), format!("{pointer}/{index}"));
                    self.walk(schema, &format!("{rule}/items"), item, &path, &pointer);
                }
            }
            Value::String(_) if !words(schema, &rule).is_empty() => self.words.push(site()),
            _ => {}
        }
    }
}

/// Where the rule stands that a value is under, once references and alternatives are followed.
fn resolve(schema: &Value, rule: &str, value: &Value) -> String {
    let here = schema.pointer(rule).unwrap_or_else(|| panic!("no rule at {rule}"));
    if let Some(reference) = here["$ref"].as_str() {
        return resolve(schema, reference.trim_start_matches('#'), value);
    }
    if !words(schema, rule).is_empty() || here.get("properties").is_some() {
        return rule.to_owned();
    }
    for alternatives in ["anyOf", "oneOf"] {
        for index in 0..here[alternatives].as_array().map_or(0, Vec::len) {
            let rule = resolve(schema, &format!("{rule}/{alternatives}/{index}"), value);
            let other = schema.pointer(&rule).unwrap();
            if fits(other, value) && (value.is_string() || words(schema, &rule).is_empty()) {
                return rule;
            }
        }
    }
    rule.to_owned()
}

/// Whether an alternative is meant for this kind of value, and names its keys.
fn fits(rule: &Value, value: &Value) -> bool {
    let of_type = |name: &str| match &rule["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        // Alternatives of words have their types inside.
        _ => name == "string" && rule.get("oneOf").is_some(),
    };
    match value {
        Value::Object(members) => {
            of_type("object")
                && rule["properties"]
                    .as_object()
                    .is_none_or(|known| members.keys().any(|key| known.contains_key(key)))
        }
        Value::Array(_) => of_type("array"),
        Value::String(_) => of_type("string"),
        Value::Bool(_) => of_type("boolean"),
        Value::Number(_) => of_type("integer") || of_type("number"),
        Value::Null => of_type("null"),
    }
}

/// The words of a list: an `enum`, or a `oneOf` of constants where each is explained.
fn words(schema: &Value, rule: &str) -> BTreeSet<String> {
    let here = schema.pointer(rule).unwrap();
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let explained = here["oneOf"].as_array().into_iter().flatten();
    let explained = explained
        .flat_map(|word| word["const"].as_str().map(str::to_owned).into_iter().chain(texts(&word["enum"])));
    texts(&here["enum"]).into_iter().chain(explained).collect()
}

/// What a fault's help says is known.
fn known(help: &str) -> BTreeSet<String> {
    help.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_reader_knows_the_keys_of_the_schema_and_no_others() {
    let schema = spangate_policy::schema();
    let mut document = every_key();
    let sites = Sites::of(&schema, &document).maps;
    // The one map that is not read by its keys: it has exactly one.
    let sites: Vec<_> = sites.into_iter().filter(|site| !site.path.ends_with(".from")).collect();
    for site in &sites {
        put(&mut document, &format!("{}/{STRANGE}", site.pointer), json!(1));
    }
    let findings = read(&document);
    // A step tells the keys of its kind alone, so all places of one rule are put together.
    let mut read_keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for site in &sites {
        let fault = findings.iter().find(|fault| fault.code == "unknown_key" && fault.path == site.path);
        let fault = fault.unwrap_or_else(|| panic!("a strange key at `{}` is not told", site.path));
        read_keys.entry(&site.rule).or_default().extend(known(fault.help.as_ref().unwrap()));
    }
    for (rule, read) in read_keys {
        let described = schema.pointer(rule).unwrap()["properties"].as_object().unwrap();
        let described: BTreeSet<String> = described.keys().cloned().collect();
        assert_eq!(read, described, "read and described at {rule}");
    }
}

#[test]
fn the_full_document_meets_every_rule_and_every_key() {
    let schema = spangate_policy::schema();
    let document = every_key();
    let mut met: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for site in Sites::of(&schema, &document).maps {
        let members = document.pointer(&site.pointer).unwrap().as_object().unwrap();
        met.entry(site.rule).or_default().extend(members.keys().cloned());
    }
    let mut closed = vec![String::new()];
    closed.extend(schema["$defs"].as_object().unwrap().keys().map(|name| format!("/$defs/{name}")));
    for rule in closed {
        let Some(described) = schema.pointer(&rule).unwrap()["properties"].as_object() else { continue };
        let described: BTreeSet<String> = described.keys().cloned().collect();
        assert_eq!(met.get(&rule), Some(&described), "used and described at {rule}");
    }
}

#[test]
fn the_reader_knows_the_words_of_the_schema_and_no_others() {
    let schema = spangate_policy::schema();
    let mut document = every_key();
    let sites = Sites::of(&schema, &document).words;
    // A version and a place for tokens have words of their own for what they are.
    let sites: Vec<_> =
        sites.into_iter().filter(|site| site.path != "apiVersion" && !site.path.ends_with(".from")).collect();
    assert!(sites.len() > 10, "only {} words were found", sites.len());
    for site in &sites {
        put(&mut document, &site.pointer, json!(STRANGE));
    }
    let findings = read(&document);
    for site in &sites {
        // A fault in a list may stand at the list.
        let list = site.path.split('[').next().unwrap();
        let fault = findings
            .iter()
            .find(|fault| (fault.path == site.path || fault.path == list) && fault.message.contains(STRANGE));
        let fault = fault.unwrap_or_else(|| panic!("a strange word at `{}` is not told", site.path));
        assert_eq!(known(fault.help.as_ref().unwrap()), words(&schema, &site.rule), "at {}", site.path);
    }
}

#[test]
fn what_the_reader_demands_the_schema_requires() {
    let schema = spangate_policy::schema();
    let (validator, full) = (validator(), every_key());
    let mut demanded = 0;
    for site in Sites::of(&schema, &full).maps {
        for name in full.pointer(&site.pointer).unwrap().as_object().unwrap().keys() {
            let mut document = full.clone();
            document.pointer_mut(&site.pointer).unwrap().as_object_mut().unwrap().remove(name);
            let findings = read(&document);
            let fits = validator.is_valid(&document);
            let place = format!("{name} of {}", site.path);
            assert!(fits || findings.has_errors(), "the schema demands `{place}`, the reader does not");
            if findings
                .iter()
                .any(|fault| fault.code == "missing_key" && fault.message == format!("`{name}` is missing"))
            {
                // The condition of `deny` may stand beside it as well as inside, which the schema leaves open.
                assert!(!fits || name == "when", "the reader demands `{place}`, the schema does not");
                demanded += 1;
            }
        }
    }
    assert!(demanded > 15, "only {demanded} keys are demanded");
}
