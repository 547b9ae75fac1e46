//! How an allowed call reaches the spanner-sidecar. Beside the proxy of its own pod it is the application; behind a
//! gateway it is a service of the mesh that only the gateway may call.

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::labels::{Label, selector};

/// Version, kind and specification of a resource.
pub type Resource = (&'static str, &'static str, Value);

#[derive(clap::Args)]
pub struct Way {
    /// Print what leads calls to the spanner-sidecar, too.
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// With `--mode sidecar`: where the spanner-sidecar listens in the pod, `127.0.0.1:PORT` or `unix:///…`.
    #[arg(long)]
    endpoint: Option<String>,
    /// The port that clients call (sidecar), or that of the service (gateway).
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// With `--mode gateway`: the spanner-sidecar's service, as `HOST.NAMESPACE.svc.cluster.local`.
    #[arg(long)]
    service: Option<String>,
    /// With `--mode gateway`: a label of the spanner-sidecar's own pods.
    #[arg(long = "service-selector", value_name = "LABEL=VALUE")]
    service_selector: Vec<Label>,
    /// With `--mode gateway`: the `Gateway` that clients come in by, as `NAMESPACE/NAME`.
    #[arg(long)]
    gateway: Option<String>,
    /// With `--mode gateway`: hosts that clients call.
    #[arg(long = "host", default_value = "*")]
    hosts: Vec<String>,
    /// With `--mode gateway`: the gateway's identity, as `cluster.local/ns/NAMESPACE/sa/ACCOUNT`.
    #[arg(long)]
    principal: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// The filter runs in the proxy of the spanner-sidecar's pod.
    Sidecar,
    /// The filter runs in a gateway or waypoint, the spanner-sidecar in pods of its own.
    Gateway,
}

impl Way {
    /// Whether the proxy stands beside an application, whose own calls to others are no clients of the policy. A gateway
    /// has no such ways, and Istio counts its listeners as ways out.
    pub fn is_beside_an_application(&self) -> bool {
        matches!(self.mode, Some(Mode::Sidecar))
    }

    pub fn resources(&self, selected: &[Label]) -> Result<Vec<Resource>> {
        match self.mode {
            None => Ok(Vec::new()),
            Some(Mode::Sidecar) => Ok(vec![self.ingress(selected)?]),
            Some(Mode::Gateway) => self.route(),
        }
    }

    /// Istio hands calls to the pod's address, and the spanner-sidecar listens on none that others reach.
    fn ingress(&self, selected: &[Label]) -> Result<Resource> {
        let endpoint = self.endpoint.as_ref().context("`--mode sidecar` needs `--endpoint`")?;
        let Some(labels) = selector(selected) else { bail!("`--mode sidecar` needs `--selector`") };
        let spec = json!({
            "workloadSelector": {"labels": labels},
            "ingress": [{
                // What the proxy sends on is HTTP/2.
                "port": {"number": self.port, "name": "grpc", "protocol": "GRPC"},
                "defaultEndpoint": endpoint,
            }],
        });
        Ok(("networking.istio.io/v1", "Sidecar", spec))
    }

    /// The spanner-sidecar sees a loopback peer whoever calls its pod, so the mesh must let in the gateway alone.
    fn route(&self) -> Result<Vec<Resource>> {
        let service = self.service.as_ref().context("`--mode gateway` needs `--service`")?;
        let gateway = self.gateway.as_ref().context("`--mode gateway` needs `--gateway`")?;
        let principal = self.principal.as_ref().context("`--mode gateway` needs `--principal`")?;
        let Some(labels) = selector(&self.service_selector) else {
            bail!("`--mode gateway` needs `--service-selector`")
        };
        let route = json!({
            "hosts": self.hosts,
            "gateways": [gateway],
            "http": [{
                "name": "spangate",
                // The path that the filter gives to a call which it lets through.
                "match": [{"uri": {"prefix": "/spangate.v1.Gateway/"}}],
                "route": [{"destination": {"host": service, "port": {"number": self.port}}}],
                // A call has its own deadline, and an answer may stream for long.
                "timeout": "0s",
                // A write has its idempotency key, so a repeat is harmless; Istio's default would retry more than this.
                "retries": {"attempts": 1, "retryOn": "connect-failure,refused-stream,unavailable"},
            }],
        });
        let strict = json!({"selector": {"matchLabels": labels}, "mtls": {"mode": "STRICT"}});
        let allowed = json!({
            "selector": {"matchLabels": labels},
            "action": "ALLOW",
            "rules": [{"from": [{"source": {"principals": [principal]}}]}],
        });
        Ok(vec![
            ("networking.istio.io/v1", "VirtualService", route),
            ("security.istio.io/v1", "PeerAuthentication", strict),
            ("security.istio.io/v1", "AuthorizationPolicy", allowed),
        ])
    }
}
