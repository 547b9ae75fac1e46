//! The JSON Schemas of policies and operations: the committed ones are what the types give, and they say what the
//! readers do, key by key.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a test did not expect fails it"
)]

mod documents;
mod faulty;
mod language;
mod sites;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use language::Language;
use sites::{Sites, put, words};

/// A key and a word that resemble none, so that a reader lists those that it knows.
const STRANGE: &str = "qqqqqqqqqqqqqqqqqqqqqqqq";

#[test]
fn the_committed_schemas_are_what_the_types_give() {
    let directory = support::directory(&[]);
    for language in Language::all() {
        let printed = support::run(directory.path(), &["schema", language.name]);
        let current = printed.strip_suffix("exit 0").unwrap();
        let name = language.name;
        assert!(
            language.committed() == current,
            "docs/{name}.schema.json is old: run `cargo xtask generate`"
        );
    }
    let (unsaid, policy) = (["schema"], ["schema", "policy"]);
    assert_eq!(support::run(directory.path(), &unsaid), support::run(directory.path(), &policy));
    assert!(support::run(directory.path(), &["schema", "tests"]).ends_with("exit 2"));
}

#[test]
fn what_the_reader_takes_fits() {
    let documents = documents::all();
    for language in Language::all() {
        let of_it = documents.iter().filter(|(_, document)| language.is_of(document));
        let taken: Vec<_> = of_it.filter(|(_, document)| !language.read(document).has_errors()).collect();
        assert!(taken.len() > 5, "only {} documents were found", taken.len());
        for (place, document) in taken {
            let faults: Vec<_> =
                language.validator.iter_errors(document).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{place}: {faults:?}");
        }
        assert!(!language.read(&language.every_key).has_errors());
        assert!(language.validator.is_valid(&language.every_key));
    }
}

/// What fits shows an author nothing to mend, so that each fault which a schema can tell is worth a row.
#[test]
fn faulty_documents_do_not_fit() {
    for (language, changes) in
        [(Language::policy(), faulty::policies()), (Language::operations(), faulty::operations())]
    {
        for (place, value) in changes {
            let mut document = language.every_key.clone();
            put(&mut document, place, value.clone());
            assert!(language.read(&document).has_errors(), "the reader takes {value} at {place}");
            assert!(!language.validator.is_valid(&document), "the schema takes {value} at {place}");
        }
    }
}

/// What YAML makes of a key that nothing follows is no value, whatever stands there in the schema's eyes.
#[test]
fn a_key_without_a_value_is_not_there() {
    for (language, rows) in [
        (Language::policy(), faulty::policies_without()),
        (Language::operations(), faulty::operations_without()),
    ] {
        for (place, told) in rows {
            let mut document = language.every_key.clone();
            put(&mut document, place, Value::Null);
            let findings = language.read(&document);
            assert!(findings.iter().any(|fault| fault.message == *told), "{place}: {findings}");
        }
    }
}

/// What a fault's help says is known; of `body.MEMBER` and the like there is no end.
fn known(help: &str) -> BTreeSet<String> {
    let is_word =
        |word: &&str| !["MEMBER", "COLUMN", "NAME", "…", "{", "<"].iter().any(|open| word.contains(open));
    help.split('`').skip(1).step_by(2).filter(is_word).map(str::to_owned).collect()
}

#[test]
fn the_reader_knows_the_keys_of_the_schema_and_no_others() {
    for language in Language::all() {
        let mut document = language.every_key.clone();
        let sites = Sites::of(&language.schema, &document).maps;
        // The one map that is not read by its keys: it has exactly one.
        let sites: Vec<_> = sites.into_iter().filter(|site| !site.path.ends_with(".from")).collect();
        for site in &sites {
            put(&mut document, &format!("{}/{STRANGE}", site.pointer), json!(1));
        }
        let findings = language.read(&document);
        // A step tells the keys of its kind alone, so all places of one rule are put together.
        let mut read_keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for site in &sites {
            let fault = findings.iter().find(|fault| fault.code == "unknown_key" && fault.path == site.path);
            let fault = fault.unwrap_or_else(|| panic!("a strange key at `{}` is not told", site.path));
            read_keys.entry(&site.rule).or_default().extend(known(fault.help.as_ref().unwrap()));
        }
        for (rule, read) in read_keys {
            let described = language.schema.pointer(rule).unwrap()["properties"].as_object().unwrap();
            let described: BTreeSet<String> = described.keys().cloned().collect();
            assert_eq!(read, described, "read and described at {rule} of {}", language.name);
        }
    }
}

#[test]
fn the_full_document_meets_every_rule_and_every_key() {
    for Language { schema, every_key, .. } in Language::all() {
        let mut met: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for site in Sites::of(&schema, &every_key).maps {
            let members = every_key.pointer(&site.pointer).unwrap().as_object().unwrap();
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
}

/// What an editor shows of a key: its own words, or those of what it holds.
#[test]
fn every_key_is_explained() {
    for Language { schema, .. } in Language::all() {
        let rules = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        let keys = rules.flat_map(|rule| rule["properties"].as_object().into_iter().flatten());
        let unexplained: BTreeSet<_> = keys
            .filter(|(_, key)| key.get("description").is_none() && !refers(key))
            .map(|(key, _)| key)
            .collect();
        assert!(unexplained.is_empty(), "{unexplained:?}");
    }
}

fn refers(rule: &Value) -> bool {
    rule.get("$ref").is_some()
        || rule["anyOf"].as_array().is_some_and(|rules| rules.iter().any(|rule| rule.get("$ref").is_some()))
}

#[test]
fn the_reader_knows_the_words_of_the_schema_and_no_others() {
    for language in Language::all() {
        let sites = Sites::of(&language.schema, &language.every_key).words;
        // A version has a word of its own for what it is, and a policy's place for tokens.
        let is_told =
            |path: &str| path != "apiVersion" && !(language.name == "policy" && path.ends_with(".from"));
        let sites: Vec<_> = sites.into_iter().filter(|site| is_told(&site.path)).collect();
        assert!(sites.len() > 10, "only {} words were found", sites.len());
        for site in &sites {
            let mut document = language.every_key.clone();
            put(&mut document, &site.pointer, json!(STRANGE));
            let findings = language.read(&document);
            // A fault in a list may stand at the list.
            let list = site.path.split('[').next().unwrap();
            let fault = findings.iter().find(|fault| {
                (fault.path == site.path || fault.path == list) && fault.message.contains(STRANGE)
            });
            let fault = fault.unwrap_or_else(|| panic!("a strange word at `{}` is not told", site.path));
            let described = words(&language.schema, &site.rule);
            assert_eq!(known(fault.help.as_ref().unwrap()), described, "at {}", site.path);
        }
    }
}

#[test]
fn what_the_reader_demands_the_schema_requires() {
    for language in Language::all() {
        let mut demanded = 0;
        for site in Sites::of(&language.schema, &language.every_key).maps {
            for name in language.every_key.pointer(&site.pointer).unwrap().as_object().unwrap().keys() {
                let mut document = language.every_key.clone();
                document.pointer_mut(&site.pointer).unwrap().as_object_mut().unwrap().remove(name);
                let findings = language.read(&document);
                let fits = language.validator.is_valid(&document);
                let place = format!("{name} of {}", site.path);
                assert!(fits || findings.has_errors(), "the schema demands `{place}`, the reader does not");
                let missing = format!("`{name}` is missing");
                if findings.iter().any(|fault| fault.code == "missing_key" && fault.message == missing) {
                    // The condition of `deny` may stand beside it as well as inside, which the schema leaves open.
                    assert!(!fits || name == "when", "the reader demands `{place}`, the schema does not");
                    demanded += 1;
                }
            }
        }
        assert!(demanded > 15, "only {demanded} keys are demanded");
    }
}
