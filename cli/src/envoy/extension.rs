//! The policy as a resource of Envoy's extension-config discovery, in the form that it reads from a file: a
//! `DiscoveryResponse` as JSON. The policy rides as text in a `StringValue`, so that no reader of YAML between
//! us and the filter takes `no` for false.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Name of the filter in `envoy.yaml`, which is that of the resource too.
const NAME: &str = "spangate";

/// Version and text of the resource.
pub fn wrap(policy: &Value, filter: &Path, vm_id: &str) -> (String, String) {
    let resource = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": NAME,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": NAME,
                "root_id": NAME,
                // A VM that trapped comes back by itself; until then its worker refuses.
                "failure_policy": "FAIL_RELOAD",
                "vm_config": {
                    "vm_id": vm_id,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": filter}},
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": policy.to_string(),
                },
            },
        },
    });
    let version: String =
        Sha256::digest(resource.to_string()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let response = json!({"version_info": version, "resources": [resource]});
    (version, format!("{response:#}\n"))
}
