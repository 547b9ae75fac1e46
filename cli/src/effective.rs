//! `spangate effective POLICY OPERATION`: the steps that apply to an operation, in their order, each with where
//! it comes from.

mod show;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use spangate_document::{Diagnostics, Node, suggestion};
use spangate_policy::document::{Mode, VersioningScheme};
use spangate_policy::{Api, EffectiveStep, Operation, Origin, Policy, Step, Target};
use spangate_simulation::Excerpt;

use crate::Verdict;
use crate::report::Report;
use crate::source::Source;

#[derive(clap::Args)]
pub struct Arguments {
    /// The policy, as YAML or JSON.
    policy: PathBuf,
    /// Such as `orders.list_orders`, or `orders.list_orders@v2` for one version of its API.
    operation: String,
    /// Print it as one JSON document.
    #[arg(long)]
    json: bool,
}

/// What applies to one operation.
struct Effective<'p> {
    operation: &'p Operation,
    /// With the prefix of its API.
    route: String,
    /// Of the API's versions, those that have it and were asked for.
    versions: Vec<&'p str>,
    roles: Vec<&'p str>,
    /// Before the call goes on.
    request: Vec<Applied<'p>>,
    /// On the way back: from the operation to the policy.
    response: Vec<Applied<'p>>,
}

/// A step, and what its author wrote.
struct Applied<'p> {
    step: &'p Step,
    place: EffectiveStep,
    excerpt: Excerpt,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let source = Source::read(&arguments.policy)?;
    let mut findings = Diagnostics::default();
    let Some((policy, document)) = source.policy(&mut findings) else {
        anstream::eprint!("{}", Report { source: &source, findings: findings.sorted() }.picture());
        return Ok(Verdict::Findings);
    };
    let effective = Effective::of(&policy, &document, &arguments.operation)?;
    if arguments.json {
        anstream::println!("{}", effective.json(&source));
    } else {
        show::show(&effective, &source);
    }
    Ok(Verdict::Fine)
}

impl<'p> Effective<'p> {
    fn of(policy: &'p Policy, document: &Node, asked: &str) -> Result<Self> {
        let (name, version) = asked.split_once('@').map_or((asked, None), |(name, v)| (name, Some(v)));
        let operation = find(policy, name)?;
        let api = policy.apis().get(operation.api).with_context(|| format!("`{name}` has no API"))?;
        let request = applied(policy, document, operation, |step| step.sides().request);
        let mut response = applied(policy, document, operation, |step| step.sides().response);
        response.sort_by_key(|applied| std::cmp::Reverse(applied.place.origin));
        let versions = versions(api, operation, version)?;
        Ok(Self {
            operation,
            route: route(api, operation, &versions, document),
            versions,
            roles: policy.roles_of(operation).collect(),
            request,
            response,
        })
    }

    /// Where an allowed call goes.
    fn target(&self) -> String {
        match &self.operation.target {
            Target::Call(call) => format!("call {call}"),
            Target::Forward(forward) => format!("forward {}", forward.cluster),
            Target::Respond(_) => "respond".to_owned(),
        }
    }

    fn json(&self, source: &Source) -> Value {
        let steps = |steps: &[Applied<'_>]| -> Vec<Value> {
            steps.iter().map(|applied| applied.json(source)).collect()
        };
        json!({
            "operation": self.operation.name,
            "route": self.route,
            "versions": self.versions,
            "public": self.operation.public,
            "roles": self.roles,
            "steps": steps(&self.request),
            "target": self.target(),
            "response_steps": steps(&self.response),
        })
    }
}

impl Applied<'_> {
    fn json(&self, source: &Source) -> Value {
        let Self { step, place, excerpt } = self;
        json!({
            "origin": origin(place.origin),
            "kind": step.kind_name(),
            "name": step.name,
            "mode": if step.mode == Mode::Shadow { "shadow" } else { "enforce" },
            "path": step.path,
            "file": source.name,
            "line": excerpt.line,
            "depth": place.depth,
            "otherwise": place.otherwise,
            "when": excerpt.when,
            "does": excerpt.does,
            "defined": excerpt.defined.iter().cloned().collect::<BTreeMap<_, _>>(),
        })
    }
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Preceding => "preceding",
        Origin::Policy => "policy",
        Origin::Api => "api",
        Origin::Operation => "operation",
    }
}

/// As calls write it. Of several versions in the path none is named.
fn route(api: &Api, operation: &Operation, versions: &[&str], document: &Node) -> String {
    let name = operation.name.strip_prefix(&format!("{}.", api.name)).unwrap_or(&operation.name);
    let route = document.at(&format!("apis.{}.operations.{name}.route", api.name)).and_then(Node::as_str);
    let (method, template) = route.and_then(|route| route.split_once(' ')).unwrap_or_default();
    let in_path =
        api.versioning.as_ref().is_some_and(|versioning| versioning.scheme == VersioningScheme::Path);
    let version = match versions {
        _ if !in_path => String::new(),
        [only] => format!("/{only}"),
        _ => "/{version}".to_owned(),
    };
    let path = format!("{}{version}{}", api.prefix, template.trim().trim_end_matches('/'));
    format!("{method} {}", if path.is_empty() { "/" } else { &path })
}

/// The steps that do something on one side, with the groups around them.
fn applied<'p>(
    policy: &'p Policy,
    document: &Node,
    operation: &Operation,
    is_on_side: impl Fn(&Step) -> bool,
) -> Vec<Applied<'p>> {
    let all: Vec<(EffectiveStep, &Step)> = policy
        .effective(operation)
        .into_iter()
        .filter_map(|place| Some((place, policy.step(place.step)?)))
        .collect();
    let is_told = |step: &Step| match step.kind_name() {
        "group" => {
            let inside = format!("{}.", step.path);
            all.iter().any(|(_, inner)| {
                inner.path.starts_with(&inside) && inner.kind_name() != "group" && is_on_side(inner)
            })
        }
        _ => is_on_side(step),
    };
    all.iter()
        .filter(|(_, step)| is_told(step))
        .map(|(place, step)| Applied { step, place: *place, excerpt: Excerpt::of(document, step) })
        .collect()
}

fn versions<'p>(api: &'p Api, operation: &Operation, asked: Option<&str>) -> Result<Vec<&'p str>> {
    let versions = operation.versions.iter().filter_map(|index| api.versions.get(*index));
    let all: Vec<&str> = versions.map(|version| version.name.as_str()).collect();
    match asked {
        None => Ok(all),
        Some(asked) => match all.iter().find(|version| **version == asked) {
            Some(version) => Ok(vec![version]),
            None => bail!("`{}` has no version `{asked}`{}", operation.name, hint(asked, &all)),
        },
    }
}

/// In full, or without its API where no other API has an operation of that name.
fn find<'p>(policy: &'p Policy, name: &str) -> Result<&'p Operation> {
    if let Some(operation) = policy.operation_named(name) {
        return Ok(operation);
    }
    let end = format!(".{name}");
    let named = policy.operations().iter().filter(|operation| operation.name.ends_with(&end));
    match named.collect::<Vec<_>>().as_slice() {
        [operation] => Ok(operation),
        [] => {
            let names: Vec<&str> =
                policy.operations().iter().map(|operation| operation.name.as_str()).collect();
            bail!("the policy has no operation `{name}`{}", hint(name, &names))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|operation| operation.name.as_str()).collect();
            bail!("`{name}` may be `{}`", names.join("` or `"))
        }
    }
}

fn hint(name: &str, known: &[&str]) -> String {
    match (suggestion(name, known.iter().copied()), known) {
        (Some(close), _) => format!(": did you mean `{close}`?"),
        (None, []) => String::new(),
        (None, known) => format!(": there are `{}`", known.join("`, `")),
    }
}
