//! Policies name clusters by what they are for; the mesh has names of its own.

use std::str::FromStr;

use anyhow::{Result, bail};
use serde_json::Value;

/// `NAME=CLUSTER`. Istio's names hold `=` nowhere and `|` often.
#[derive(Clone, Debug)]
pub struct Mapping {
    name: String,
    cluster: String,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, cluster)) if !name.is_empty() && !cluster.is_empty() => {
                Ok(Self { name: name.to_owned(), cluster: cluster.to_owned() })
            }
            _ => Err("write NAME=CLUSTER".to_owned()),
        }
    }
}

/// Puts the mesh's names in place of the policy's: where keys are fetched, and where calls are forwarded. A
/// mapping that meets nothing is refused, since it is a slip of the pen.
pub fn rename(policy: &mut Value, mappings: &[Mapping]) -> Result<()> {
    let mut used = vec![false; mappings.len()];
    for name in names(policy) {
        let found = mappings.iter().zip(&mut used).find(|(mapping, _)| *name == mapping.name);
        if let Some((mapping, used)) = found {
            *name = Value::from(mapping.cluster.clone());
            *used = true;
        }
    }
    match mappings.iter().zip(&used).find(|(_, used)| !**used) {
        Some((mapping, _)) => bail!("the policy names no cluster `{}`", mapping.name),
        None => Ok(()),
    }
}

/// Each place of a policy that names a cluster.
fn names(policy: &mut Value) -> Vec<&mut Value> {
    let mut names = Vec::new();
    for (section, node) in members(policy) {
        for (_, named) in members(node) {
            match section.as_str() {
                "issuers" => names.extend(members(named).filter_map(|(key, source)| match key.as_str() {
                    "jwks" | "discovery" => source.get_mut("cluster"),
                    _ => None,
                })),
                "apis" => names.extend(
                    named
                        .get_mut("operations")
                        .into_iter()
                        .flat_map(members)
                        .filter_map(|(_, operation)| operation.get_mut("forward")),
                ),
                _ => {}
            }
        }
    }
    names
}

fn members(node: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    node.as_object_mut().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_and_nothing_else() {
        let mut policy = json!({
            "name": "keys",
            "issuers": {"a": {"issuer": "keys", "jwks": {"cluster": "keys", "url": "keys"}},
                        "b": {"discovery": {"cluster": "other", "url": "keys"}}},
            "apis": {"x": {"path": "keys", "operations": {"y": {"forward": "keys"}, "z": {"call": "keys"}}}}
        });
        let mapping: Mapping = "keys=outbound|443||keys.example".parse().unwrap();
        rename(&mut policy, &[mapping]).unwrap();
        let renamed = "outbound|443||keys.example";
        assert_eq!(
            policy,
            json!({
                "name": "keys",
                "issuers": {"a": {"issuer": "keys", "jwks": {"cluster": renamed, "url": "keys"}},
                            "b": {"discovery": {"cluster": "other", "url": "keys"}}},
                "apis": {"x": {"path": "keys", "operations": {"y": {"forward": renamed}, "z": {"call": "keys"}}}}
            })
        );
    }

    #[test]
    fn a_mapping_that_meets_nothing_is_a_slip() {
        let mapping: Mapping = "kyes=x".parse().unwrap();
        let error = rename(&mut json!({"apis": {}}), &[mapping]).unwrap_err();
        assert_eq!(error.to_string(), "the policy names no cluster `kyes`");
        assert!("=x".parse::<Mapping>().is_err() && "x".parse::<Mapping>().is_err());
    }
}
