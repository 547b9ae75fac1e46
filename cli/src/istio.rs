//! `spangate istio POLICY`: a policy as the resources that Istio takes: a `WasmPlugin`, and what leads calls to the
//! sidecar where the mesh does not do so by itself.

mod labels;
mod plugin;
mod way;

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};
use spangate_document::to_yaml;

use crate::Verdict;
use crate::mesh::{self, Mapping, Prepared};
use crate::source::Source;

use labels::Label;
use plugin::{Module, Plugin};
use way::Way;

#[derive(clap::Args)]
pub struct Arguments {
    /// The policy, YAML or JSON.
    policy: PathBuf,
    /// What the mesh calls a cluster of the policy, such as `entra=outbound|443||login.microsoftonline.com`.
    #[arg(long = "cluster", value_name = "NAME=CLUSTER")]
    clusters: Vec<Mapping>,
    /// Of all resources; the plugin's name too.
    #[arg(long, default_value = "spangate")]
    name: String,
    #[arg(long)]
    namespace: Option<String>,
    /// A label of the pods whose proxy gets the filter; all of the namespace when absent.
    #[arg(long = "selector", value_name = "LABEL=VALUE")]
    selector: Vec<Label>,
    #[command(flatten)]
    module: Module,
    #[command(flatten)]
    plugin: Plugin,
    #[command(flatten)]
    way: Way,
    /// Print one JSON list in place of YAML documents, and findings as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let source = Source::read(&arguments.policy)?;
    let Prepared::Ready(policy) = mesh::prepare(&source, &arguments.clusters, arguments.json)? else {
        return Ok(Verdict::Findings);
    };
    let selector = labels::selector(&arguments.selector);
    let inbound = arguments.way.is_beside_an_application();
    let plugin = arguments.plugin.spec(&arguments.module, selector, inbound, policy);
    let mut resources = vec![arguments.resource("extensions.istio.io/v1alpha1", "WasmPlugin", plugin)];
    let further = arguments.way.resources(&arguments.selector)?;
    resources
        .extend(further.into_iter().map(|(version, kind, spec)| arguments.resource(version, kind, spec)));
    if arguments.json {
        anstream::println!("{:#}", json!({"apiVersion": "v1", "kind": "List", "items": resources}));
    } else {
        let documents: Vec<String> = resources.iter().map(to_yaml).collect();
        anstream::print!("{}", documents.join("---\n"));
    }
    Ok(Verdict::Fine)
}

impl Arguments {
    fn resource(&self, version: &str, kind: &str, spec: Value) -> Value {
        let mut metadata = json!({"name": self.name});
        if let (Some(namespace), Some(metadata)) = (&self.namespace, metadata.as_object_mut()) {
            metadata.insert("namespace".to_owned(), namespace.as_str().into());
        }
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    }
}
