//! Answers that several operations have stand once, among the components: most refusals are everybody's.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const METHODS: [&str; 6] = ["delete", "get", "patch", "post", "put", "query"];

/// Takes out of the paths what occurs more than once, and returns it by name: `Refused401`, and `Refused401_2` for another
/// set of reasons.
pub fn answers(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (status, answer) in of(paths) {
        *counts.entry(key(status, answer)).or_default() += 1;
    }
    let mut shared = Map::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (status, answer) in of(paths) {
        let key = key(status, answer);
        if counts.get(&key).is_none_or(|count| *count < 2) {
            continue;
        }
        let name = names.entry(key).or_insert_with(|| {
            let name = name(status, &shared);
            shared.insert(name.clone(), std::mem::take(answer));
            name
        });
        *answer = json!({"$ref": format!("#/components/responses/{name}")});
    }
    shared
}

fn of(paths: &mut Map<String, Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    paths
        .values_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.iter_mut().filter(|(method, _)| METHODS.contains(&method.as_str())))
        .filter_map(|(_, operation)| operation.get_mut("responses")?.as_object_mut())
        .flat_map(|answers| answers.iter_mut())
        .filter(|(status, _)| status.as_str() >= "400" && status.as_str() != "default")
}

fn key(status: &str, answer: &Value) -> String {
    format!("{status} {answer}")
}

fn name(status: &str, taken: &Map<String, Value>) -> String {
    let first = format!("Refused{status}");
    let others = (2_usize..).map(|number| format!("{first}_{number}"));
    std::iter::once(first.clone()).chain(others).find(|name| !taken.contains_key(name)).unwrap_or(first)
}
