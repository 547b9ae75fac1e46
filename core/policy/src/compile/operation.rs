//! Operations: where they answer, who may call them, and what an allowed call comes to.

use spangate_document::{Diagnostic, Diagnostics};

use super::Compiler;
use crate::document::{
    ApiSource, Document, Named, OperationSource, StepKindSource, StepSource, TargetSource, VersioningScheme,
};
use crate::policy::{Operation, Target};
use crate::route::{Candidate, RouterBuilder, Template};
use crate::step::{Code, Step, StepId, StepKind};
use crate::validate::Place;

/// Headers that are for the gateway alone, whatever a policy declares: they carry credentials.
const NEVER_DECLARED: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// What an operation has from the policy and its API.
pub(super) struct Inherited<'c> {
    pub cors: Option<StepId>,
    pub codes: [&'c Code; 2],
}

impl Compiler<'_> {
    pub(super) fn operation(
        &mut self,
        api: usize,
        name: String,
        source: &OperationSource,
        inherited: &Inherited<'_>,
    ) -> Option<Operation> {
        let OperationSource { template, versions, roles, public, steps, target, span: _ } = source;
        let roles = roles.iter().filter_map(|role| self.roles.find(role, self.diagnostics)).collect();
        let list = self.list(steps);
        if let Some(template) = template {
            check_path_rules(steps, template, self.diagnostics);
        }
        let target = match target {
            Some(TargetSource::Call(call)) => Target::Call(call.clone()),
            Some(TargetSource::Forward(forward)) => Target::Forward(forward.clone()),
            Some(TargetSource::Respond(answer)) => Target::Respond(self.answer(answer)?),
            None => return None,
        };
        let [policy, of_api] = inherited.codes;
        let headers = declared_headers(&self.steps, [policy, of_api, &list.code]);
        Some(Operation {
            api,
            name,
            template: template.clone()?,
            target,
            public: *public,
            versions: versions.clone(),
            roles,
            code: list.code,
            headers,
            cors: list.cors.or(inherited.cors),
        })
    }

    /// Lays an operation out at every path where it answers. `earlier` names the operations before it.
    pub(super) fn routes(
        &mut self,
        router: &mut RouterBuilder,
        (api, source): (usize, &ApiSource),
        operation: &Named<OperationSource>,
        earlier: &[String],
    ) {
        let Some(template) = &operation.value.template else { return };
        let in_path =
            source.versioning.as_ref().is_some_and(|versioning| versioning.scheme == VersioningScheme::Path);
        let default = source.versioning.as_ref().and_then(|versioning| versioning.default);
        // Prefix and version of each place; an API without versions has one place.
        let mut places: Vec<(String, Option<usize>)> = Vec::new();
        for version in operation.value.versions.iter().copied() {
            let name = source.versions.get(version).map_or("", |version| version.name.as_str());
            if in_path {
                places.push((format!("{}/{name}", source.prefix), Some(version)));
            }
            if !in_path || default == Some(version) {
                places.push((source.prefix.clone(), Some(version)));
            }
        }
        if source.versions.is_empty() {
            places.push((source.prefix.clone(), None));
        }
        let hosts: Vec<_> = match &source.hosts[..] {
            [] => vec![None],
            hosts => hosts.iter().cloned().map(Some).collect(),
        };
        for (prefix, version) in &places {
            for host in &hosts {
                let candidate = Candidate {
                    host: host.clone(),
                    method: template.method.clone(),
                    api,
                    version: *version,
                    operation: earlier.len(),
                };
                if let Err(twin) = router.insert(prefix, template, candidate) {
                    let twin = earlier.get(twin).map_or("another", String::as_str);
                    let message = format!("the same calls would match `{twin}`");
                    self.diagnostics.push(
                        Diagnostic::error("ambiguous_route", &operation.path.member("route"), message)
                            .at(operation.span)
                            .help("change the path, the method, the host or the versions of one of them"),
                    );
                    return;
                }
            }
        }
    }

    /// Roles say nothing about a caller whom nobody has asked for a token.
    pub(super) fn authenticated(
        &mut self,
        document: &Document,
        api: &Named<ApiSource>,
        operation: &Named<OperationSource>,
    ) {
        let before = document.steps.iter().chain(&api.value.steps);
        if !operation.value.roles.is_empty() && !before.clone().any(StepSource::authenticates) {
            self.diagnostics.push(
                Diagnostic::error(
                    "unauthenticated_roles",
                    &operation.path,
                    "no `authenticate` precedes its `roles`",
                )
                .at(operation.span)
                .help("add `authenticate: [ISSUER]` to the policy's or the API's `steps`"),
            );
        }
    }
}

fn declared_headers(steps: &[Step], codes: [&Code; 3]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for placed in codes.into_iter().flat_map(Code::steps) {
        let Some(StepKind::Validate(validation)) = steps.get(placed.step.index()).map(|step| &step.kind)
        else {
            continue;
        };
        for rule in validation.parameters.iter().filter(|rule| rule.place == Place::Header) {
            if !names.contains(&rule.name) && !NEVER_DECLARED.contains(&rule.name.as_str()) {
                names.push(rule.name.clone());
            }
        }
    }
    names
}

/// A rule for a path parameter that the route does not have would never be kept.
fn check_path_rules(steps: &[StepSource], template: &Template, diagnostics: &mut Diagnostics) {
    for step in steps {
        match &step.kind {
            StepKindSource::Validate(validation) => {
                let rules = validation.parameters.iter().filter(|rule| rule.place == Place::Path);
                for rule in rules.filter(|rule| !template.parameters().any(|name| name == rule.name)) {
                    let message = format!("the route has no parameter `{}`", rule.name);
                    diagnostics.push(Diagnostic::error("unknown_name", &step.path, message).at(step.span));
                }
            }
            StepKindSource::Group { steps, otherwise } => {
                check_path_rules(steps, template, diagnostics);
                check_path_rules(otherwise, template, diagnostics);
            }
            _ => {}
        }
    }
}
