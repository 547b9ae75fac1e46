//! The shipped `envoy.yaml` on other ports and paths. Nothing else may differ, so that what is tested is what is
//! shipped: a test compares the two, value by value, and another compares it with `docker-compose.yml`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Ports;

/// Where the three paths of `envoy.yaml` lead in this run.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `/etc/spangate`: what `spangate envoy` writes.
    pub configuration: PathBuf,
    /// `/run/spangate`: the sidecar's socket.
    pub run: PathBuf,
}

impl Paths {
    /// As in the file itself.
    pub fn shipped() -> Self {
        Self { configuration: "/etc/spangate".into(), run: "/run/spangate".into() }
    }

    /// The sidecar's socket.
    pub fn socket(&self) -> PathBuf {
        self.run.join("sidecar.sock")
    }

    /// The policy as Envoy reads it.
    pub fn filter(&self) -> PathBuf {
        self.configuration.join("filter.json")
    }
}

/// The same configuration, with each shipped port and path replaced.
pub fn adapt(shipped: &Value, ports: &Ports, paths: &Paths) -> Value {
    match shipped {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let value = match (name.as_str(), value.as_u64()) {
                        ("port_value", Some(number)) => port(number, ports).into(),
                        _ => adapt(value, ports, paths),
                    };
                    (name.clone(), value)
                })
                .collect(),
        ),
        Value::Array(items) => items.iter().map(|item| adapt(item, ports, paths)).collect(),
        Value::String(text) => path(text, paths).into(),
        other => other.clone(),
    }
}

/// An upstream of a user's own, on a port of this machine.
pub fn add_cluster(configuration: &mut Value, name: &str, port: u16) -> Option<()> {
    let address = json!({"address": "127.0.0.1", "port_value": port});
    let endpoint = json!({"endpoint": {"address": {"socket_address": address}}});
    let cluster = json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    configuration.pointer_mut("/static_resources/clusters")?.as_array_mut()?.push(cluster);
    Some(())
}

/// Lower than shipped, so that a few calls are too many.
pub fn set_breaker(configuration: &mut Value, at_once: u32) -> Option<()> {
    let clusters = configuration.pointer_mut("/static_resources/clusters")?.as_array_mut()?;
    let sidecar = clusters.iter_mut().find(|cluster| cluster["name"] == "spanner-sidecar")?;
    *sidecar.pointer_mut("/circuit_breakers/thresholds/0/max_requests")? = at_once.into();
    Some(())
}

fn port(shipped: u64, ports: &Ports) -> u64 {
    let named = Ports::default().named().into_iter().zip(ports.named());
    named
        .into_iter()
        .find(|((_, known), _)| u64::from(*known) == shipped)
        .map_or(shipped, |(_, (_, port))| port.into())
}

fn path(shipped: &str, paths: &Paths) -> String {
    let known = Paths::shipped();
    for (prefix, place) in [(known.configuration, &paths.configuration), (known.run, &paths.run)] {
        if let Ok(rest) = Path::new(shipped).strip_prefix(prefix) {
            let path = if rest.as_os_str().is_empty() { place.clone() } else { place.join(rest) };
            return path.display().to_string();
        }
    }
    shipped.to_owned()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{programs::root, read_yaml};

    /// Each place where two documents differ.
    fn differences(left: &Value, right: &Value, place: &str, found: &mut Vec<String>) {
        match (left, right) {
            (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
                for (name, value) in a {
                    differences(value, &b[name], &format!("{place}.{name}"), found);
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (index, (value, other)) in a.iter().zip(b).enumerate() {
                    differences(value, other, &format!("{place}[{index}]"), found);
                }
            }
            _ if left == right => {}
            _ => found.push(format!("{}: {left} → {right}", place.trim_start_matches('.'))),
        }
    }

    #[test]
    fn only_ports_and_paths_change() {
        let shipped = read_yaml(&root().join("envoy.yaml")).unwrap();
        let ports = Ports { gateway: 1, admin: 2, issuer: 3, emulator: 4, emulator_rest: 5 };
        let paths = Paths { configuration: "/a/etc".into(), run: "/a/run".into() };
        let mut found = Vec::new();
        differences(&shipped, &adapt(&shipped, &ports, &paths), "", &mut found);
        expect![[r#"
            admin.address.socket_address.port_value: 9901 → 2
            static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.pipe.path: "/run/spangate/sidecar.sock" → "/a/run/sidecar.sock"
            static_resources.clusters[1].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value: 9000 → 3
            static_resources.listeners[0].address.socket_address.port_value: 10000 → 1
            static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[2].config_discovery.config_source.path_config_source.path: "/etc/spangate/filter.json" → "/a/etc/filter.json"
            static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[2].config_discovery.config_source.path_config_source.watched_directory.path: "/etc/spangate" → "/a/etc""#]].assert_eq(&found.join("\n"));
    }

    #[test]
    fn unchanged_ports_and_paths_change_nothing() {
        let shipped = read_yaml(&root().join("envoy.yaml")).unwrap();
        assert_eq!(adapt(&shipped, &Ports::default(), &Paths::shipped()), shipped);
    }
}
