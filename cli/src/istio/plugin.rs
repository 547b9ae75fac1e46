//! The `WasmPlugin`: which module, where in the chain, and the policy.

use clap::ValueEnum;
use serde_json::{Value, json};

/// Where a module stands that is mounted into the proxy, when nothing else is said.
const DEFAULT_URL: &str = "file:///etc/spangate/filter.wasm";

/// Where the proxies get the filter's module.
#[derive(clap::Args)]
#[group(multiple = false)]
pub struct Module {
    /// An image in a registry, with or without `oci://`.
    #[arg(long)]
    image: Option<String>,
    /// `https://…`, or `file://…` for a module that stands in the proxy's own file system.
    #[arg(long, default_value = DEFAULT_URL)]
    url: String,
}

#[derive(clap::Args)]
pub struct Plugin {
    /// SHA-256 of the module, or of the image's manifest: the proxy takes nothing else.
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    /// A secret of the namespace, for a registry that asks for one.
    #[arg(long, value_name = "SECRET")]
    image_pull_secret: Option<String>,
    /// Where the filter stands among Istio's own. After authorisation, Istio's policies have seen the call as its client
    /// sent it, and nothing stands between the filter's decision and the router but telemetry.
    #[arg(long, value_enum, default_value = "stats")]
    phase: Phase,
    /// What a proxy does whose filter fails: `reload` rebuilds it after a pause, and needs Istio 1.27 or later; `close`
    /// refuses until the proxy starts again.
    #[arg(long, value_enum, default_value = "reload")]
    fail: Fail,
}

#[derive(Clone, Copy, ValueEnum)]
enum Phase {
    /// Before Istio's authentication.
    Authn,
    /// Before Istio's authorisation.
    Authz,
    /// After Istio's authorisation.
    Stats,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fail {
    Reload,
    Close,
}

impl Module {
    fn url(&self) -> String {
        match (&self.image, &self.url) {
            (Some(image), _) if image.contains("://") => image.clone(),
            (Some(image), _) => format!("oci://{image}"),
            (None, url) => url.clone(),
        }
    }
}

impl Plugin {
    /// The plugin's specification with that policy, for the proxy on all its ways or only on the way into a pod.
    pub fn spec(&self, module: &Module, selector: Option<Value>, inbound: bool, policy: Value) -> Value {
        let phase = match self.phase {
            Phase::Authn => "AUTHN",
            Phase::Authz => "AUTHZ",
            Phase::Stats => "STATS",
        };
        // Never FAIL_OPEN: a filter that fails must let nothing through.
        let fail = match self.fail {
            Fail::Reload => "FAIL_RELOAD",
            Fail::Close => "FAIL_CLOSE",
        };
        let mut spec = json!({
            "pluginName": "spangate",
            "url": module.url(),
            "phase": phase,
            "failStrategy": fail,
            "pluginConfig": policy,
        });
        let optional = [
            ("match", inbound.then(|| json!([{"mode": "SERVER"}]))),
            ("selector", selector.map(|labels| json!({"matchLabels": labels}))),
            ("sha256", self.sha256.clone().map(Value::from)),
            ("imagePullSecret", self.image_pull_secret.clone().map(Value::from)),
        ];
        if let Some(spec) = spec.as_object_mut() {
            spec.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        spec
    }
}
