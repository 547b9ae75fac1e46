//! Where a document's closed maps and its words out of a list stand, and what the schema says of each.

use std::collections::BTreeSet;

use serde_json::Value;

/// A place of a document together with what the schema says of it.
pub struct Site {
    /// As faults call it.
    pub path: String,
    /// As JSON pointers call it.
    pub pointer: String,
    /// Which part of the schema holds.
    pub rule: String,
}

/// Every closed map of a document, and every word out of a list.
#[derive(Default)]
pub struct Sites {
    pub maps: Vec<Site>,
    pub words: Vec<Site>,
}

impl Sites {
    pub fn of(schema: &Value, document: &Value) -> Self {
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
pub fn words(schema: &Value, rule: &str) -> BTreeSet<String> {
    let here = schema.pointer(rule).unwrap();
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let explained = here["oneOf"].as_array().into_iter().flatten();
    let explained = explained
        .flat_map(|word| word["const"].as_str().map(str::to_owned).into_iter().chain(texts(&word["enum"])));
    texts(&here["enum"]).into_iter().chain(explained).collect()
}

/// Puts a value in the place of another, by its pointer.
pub fn put(document: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        scalar => panic!("{place} is in {scalar}"),
    }
}
