//! What one more condition costs: the same comparison of a header, twenty times, in Envoy's own CEL and in ours.

use anyhow::{Context, Result};
use serde_json::{Value, json};

pub const COUNT: usize = 20;

/// Every call carries it; no condition meets its value.
pub const HEADER: (&str, &str) = ("x-tier", "gold");

/// One more RBAC filter, whose policies deny nothing that is sent.
pub fn add_to_envoy(envoy: &mut Value) -> Result<()> {
    let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let filters = envoy.pointer_mut(filters).and_then(Value::as_array_mut).context("no filters")?;
    let policy = |number| {
        let policy = json!({
            "permissions": [{"any": true}],
            "principals": [{"any": true}],
            "condition": comparison(number),
        });
        (format!("c{number}"), policy)
    };
    let policies: serde_json::Map<String, Value> = (0..COUNT).map(policy).collect();
    let rbac = json!({
        "name": "conditions",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": {"action": "DENY", "policies": policies},
        },
    });
    let authenticated = filters.iter().position(|filter| filter["name"] == "envoy.filters.http.jwt_authn");
    filters.insert(authenticated.context("no jwt_authn")?.saturating_add(1), rbac);
    Ok(())
}

/// `request.headers["x-tier"] == "tN"`, as the tree that Envoy's configuration takes.
fn comparison(number: usize) -> Value {
    let headers =
        json!({"select_expr": {"operand": {"ident_expr": {"name": "request"}}, "field": "headers"}});
    let text = |text: String| json!({"const_expr": {"string_value": text}});
    let header = json!({"call_expr": {"function": "_[_]", "args": [headers, text("x-tier".to_owned())]}});
    json!({"call_expr": {"function": "_==_", "args": [header, text(format!("t{number}"))]}})
}

/// The same as steps of the policy.
pub fn add_to_policy(policy: &mut Value) -> Result<()> {
    let steps = policy.pointer_mut("/steps").and_then(Value::as_array_mut).context("no steps")?;
    let deny = |number| json!({"deny": {"when": format!("request.headers[\"x-tier\"] == \"t{number}\"")}});
    steps.extend((0..COUNT).map(deny));
    Ok(())
}
