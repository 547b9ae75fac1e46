//! `spangate effective POLICY OPERATION`: the steps that apply to an operation, in their order, each with where
//! it comes from.

mod show;

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use spangate_document::{Diagnostics, Node, suggestion};
use spangate_policy::{Api, Operation, Policy, Step, Target};

use crate::Verdict;
use crate::explain::{Excerpt, mode_word};
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
    api: &'p Api,
    operation: &'p Operation,
    /// Of the API's versions, those that have it and were asked for.
    versions: Vec<&'p str>,
    roles: Vec<&'p str>,
    /// In the order in which a call meets them; the response side is last.
    stages: [(Stage, Vec<Applied<'p>>); 4],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Policy,
    Api,
    Operation,
    Response,
}

/// A step, and what its author wrote.
struct Applied<'p> {
    step: &'p Step,
    line: Option<u32>,
    /// How many groups are around it.
    depth: usize,
    /// Whether it stands in the `otherwise` of the innermost.
    otherwise: bool,
    excerpt: Excerpt,
}

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    let source = Source::read(&arguments.policy)?;
    let mut findings = Diagnostics::default();
    let Some((policy, node)) = source.policy(&mut findings) else {
        anstream::eprint!("{}", Report { source: &source, findings: findings.sorted() }.picture());
        return Ok(Verdict::Findings);
    };
    let effective = Effective::of(&policy, &node, &arguments.operation)?;
    if arguments.json {
        anstream::println!("{}", effective.json(&source));
    } else {
        show::show(&effective, &source);
    }
    Ok(Verdict::Fine)
}

impl<'p> Effective<'p> {
    fn of(policy: &'p Policy, node: &Node, asked: &str) -> Result<Self> {
        let (name, version) = asked.split_once('@').map_or((asked, None), |(name, v)| (name, Some(v)));
        let operation = find(policy, name)?;
        let Some(api) = policy.apis().get(operation.api) else { bail!("`{name}` has no API") };
        let all = operation.versions.iter().filter_map(|index| api.versions.get(*index));
        let all: Vec<&str> = all.map(|version| version.name.as_str()).collect();
        let versions = match version {
            None => all,
            Some(version) if all.contains(&version) => vec![version],
            Some(version) => bail!("`{}` has no version `{version}`{}", operation.name, hint(version, &all)),
        };
        let short = operation.name.strip_prefix(&format!("{}.", api.name)).unwrap_or(&operation.name);
        let place = format!("apis.{}.operations.{short}", api.name);
        let steps = |prefix: &str, is_response: bool| -> Vec<Applied<'p>> {
            let prefix = format!("{prefix}[");
            let of_list = policy.steps().iter().filter(|step| step.path.starts_with(&prefix));
            // A group is told of wherever something in it is.
            let on_side = of_list.filter(|step| match step.kind_name() {
                "group" => policy.steps().iter().any(|inner| {
                    inner.path.starts_with(&format!("{}.", step.path)) && is_on(inner, is_response)
                }),
                _ => is_on(step, is_response),
            });
            on_side.map(|step| Applied::new(step, node)).collect()
        };
        let lists = ["steps".to_owned(), format!("apis.{}.steps", api.name), format!("{place}.steps")];
        let [of_policy, of_api, of_operation] = lists.each_ref().map(|list| steps(list, false));
        let response = lists.iter().rev().flat_map(|list| steps(list, true)).collect();
        let roles = node.at(&format!("{place}.roles"));
        Ok(Self {
            api,
            operation,
            versions,
            roles: roles.map(role_names).unwrap_or_default(),
            stages: [
                (Stage::Policy, of_policy),
                (Stage::Api, of_api),
                (Stage::Operation, of_operation),
                (Stage::Response, response),
            ],
        })
    }
}
