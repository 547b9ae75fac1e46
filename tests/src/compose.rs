//! `docker-compose.yml` against the native run: every service is the native command on the shipped paths, ports and
//! environment. What must differ in containers is named here, one by one.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::envoy_config::Paths;
use crate::stack::Layout;
use crate::{
    Document, Documents, EMULATOR_IMAGE, ENVOY_VERSION, Emulator, Options, Part, Ports, Programs, Spanner,
    read_yaml, root,
};

/// The native run as it would be on the shipped paths and ports.
fn native() -> (Options, Layout) {
    let storefront = |name: &str| format!("/etc/storefront/{name}").into();
    let document = |name: &str| Document::File(storefront(name));
    let options = Options {
        ports: Ports::default(),
        programs: Programs {
            spangate: "/opt/spangate/spangate".into(),
            sidecar: "/opt/spangate/spanner-sidecar".into(),
            filter: "/opt/spangate/filter.wasm".into(),
            envoy: "envoy".into(),
            emulator: Emulator::Container,
        },
        documents: Documents {
            policy: document("policy.yaml"),
            operations: document("operations.yaml"),
            schema: document("schema.sql"),
            data: document("data.sql"),
            people: document("people.yaml"),
        },
        spanner: Spanner::Emulator,
        arguments: BTreeMap::new(),
        workers: None,
        upstreams: Vec::new(),
        breaker: None,
        interrupted: std::sync::Arc::default(),
    };
    let layout = Layout {
        paths: Paths::shipped(),
        policy: storefront("policy.yaml"),
        operations: storefront("operations.yaml"),
        schema: storefront("schema.sql"),
        data: storefront("data.sql"),
        people: storefront("people.yaml"),
        keys: "/var/lib/spangate".into(),
        envoy: "/etc/envoy/envoy.yaml".into(),
        logs: "/var/log".into(),
        issuer: "http://localhost:9000".to_owned(),
    };
    (options, layout)
}

fn words(command: &Command) -> Vec<String> {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

fn environment(command: &Command) -> BTreeMap<String, String> {
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    command.get_envs().map(|(name, value)| (text(name), value.map(text).unwrap_or_default())).collect()
}

fn texts(node: &Value) -> Vec<String> {
    node.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_service_is_the_native_command() {
    let compose = read_yaml(&root().join("docker-compose.yml")).unwrap();
    let (options, layout) = native();
    let services = [
        ("issuer", Part::Issuer.command(&options, &layout)),
        ("spanner-sidecar", Part::Sidecar.command(&options, &layout)),
        ("policy", Part::Policy.command(&options, &layout)),
        ("envoy", Part::Envoy.command(&options, &layout)),
        ("set-up", Part::Emulator.once(&options, &layout).unwrap()),
    ];
    for (name, native) in &services {
        let service = &compose["services"][*name];
        let mut command = texts(&service["command"]);
        if *name == "issuer" {
            // A published port reaches no listener on the container's loopback.
            command.retain(|word| word != "--allow-remote");
            for word in &mut command {
                *word = word.replace("=0.0.0.0:", "=127.0.0.1:");
            }
        }
        assert_eq!(command, words(native), "{name}");
        let environment_of = |(name, value): (&String, &Value)| {
            // The emulator is a host of its own there.
            (name.clone(), value.as_str().unwrap().replace("emulator:", "127.0.0.1:"))
        };
        let given: BTreeMap<_, _> =
            service["environment"].as_object().into_iter().flatten().map(environment_of).collect();
        assert_eq!(given, environment(native), "{name}");
    }
    let mut named: Vec<_> = compose["services"].as_object().unwrap().keys().map(String::as_str).collect();
    named.retain(|name| *name != "emulator");
    assert_eq!(named.len(), services.len(), "a service that is not compared: {named:?}");
}

#[test]
fn ports_images_and_mounts_are_the_same() {
    let compose = read_yaml(&root().join("docker-compose.yml")).unwrap();
    let services = &compose["services"];
    let Ports { gateway, issuer, emulator, emulator_rest, .. } = Ports::default();
    let loopback = |port: u16| format!("127.0.0.1:{port}:{port}");
    assert_eq!(texts(&services["envoy"]["ports"]), [format!("{gateway}:{gateway}"), loopback(issuer)]);
    assert_eq!(texts(&services["emulator"]["ports"]), [loopback(emulator), loopback(emulator_rest)]);
    let (major, minor, patch) = ENVOY_VERSION;
    assert_eq!(services["envoy"]["image"], format!("envoyproxy/envoy:v{major}.{minor}.{patch}"));
    assert_eq!(services["emulator"]["image"], EMULATOR_IMAGE);
    assert!(
        texts(&services["envoy"]["volumes"]).contains(&"./envoy.yaml:/etc/envoy/envoy.yaml:ro".to_owned())
    );
    for sharing in ["spanner-sidecar", "issuer"] {
        assert_eq!(services[sharing]["network_mode"], "service:envoy", "{sharing}");
    }
    // The socket's owner is who the sidecar lets in.
    for peer in ["envoy", "spanner-sidecar"] {
        let own = services[peer].get("user");
        assert_eq!(own.unwrap_or(&compose["x-ours"]["user"]), "10001:10001", "{peer}");
    }
}
