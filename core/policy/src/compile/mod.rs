//! From the document to the policy: names are looked up, expressions compiled, routes laid out. What is wrong
//! is reported, all of it, and then there is no policy.

mod step;

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use spangate_document::{Diagnostic, Diagnostics, Node, Severity, suggestion};

use crate::condition::{Condition, ConditionFault, Conditions, Scope, Type};
use crate::document::{
    self, ApiSource, Document, IssuerSource, Named, OperationSource, Text, VersioningScheme,
};
use crate::policy::{Api, Operation, Policy, Step};
use crate::route::{Candidate, RouterBuilder};
use crate::token::Issuer;

/// Reads and compiles a policy. With it come the warnings; without it, every fault.
pub fn load(node: &Node) -> Result<(Policy, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let document = document::read(node, &mut diagnostics);
    let policy = document.map(|document| {
        let mut compiler = Compiler::new(&document, &mut diagnostics);
        compiler.policy(&document, revision(node))
    });
    match policy {
        Some(policy) if !diagnostics.has_errors() => Ok((policy, diagnostics.sorted())),
        _ => Err(diagnostics.sorted()),
    }
}

/// A digest of what the document says, whatever its spelling: JSON sorts members and drops places.
fn revision(node: &Node) -> String {
    let digest = Sha256::digest(node.to_json().to_string());
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What names mean, and which were used.
struct Compiler<'d> {
    diagnostics: &'d mut Diagnostics,
    conditions: Conditions,
    issuers: Names,
    roles: Names,
}

/// Names of one kind of definition, and whether anything uses them.
struct Names {
    what: &'static str,
    names: Vec<(String, bool)>,
}

impl Names {
    fn of<T>(what: &'static str, definitions: &[Named<T>]) -> Self {
        Self { what, names: definitions.iter().map(|definition| (definition.name.clone(), false)).collect() }
    }

    fn find(&mut self, name: &Text, diagnostics: &mut Diagnostics) -> Option<usize> {
        let found = self.names.iter().position(|(known, _)| *known == name.text);
        match found.and_then(|index| self.names.get_mut(index)) {
            Some((_, used)) => *used = true,
            None => {
                let fault = format!("`{}` is no {} of this policy", name.text, self.what);
                let mut fault = Diagnostic::error("unknown_name", &name.path, fault).at(name.span);
                fault.help = suggestion(&name.text, self.names.iter().map(|(known, _)| known.as_str()))
                    .map(|close| format!("did you mean `{close}`?"));
                diagnostics.push(fault);
            }
        }
        found
    }

    fn warn_of_unused<T>(&self, definitions: &[Named<T>], diagnostics: &mut Diagnostics) {
        for (definition, _) in definitions.iter().zip(&self.names).filter(|(_, (_, used))| !used) {
            let message = format!("the {} `{}` is not used", self.what, definition.name);
            diagnostics.push(Diagnostic::warning("unused", &definition.path, message).at(definition.span));
        }
    }
}

impl<'d> Compiler<'d> {
    fn new(document: &Document, diagnostics: &'d mut Diagnostics) -> Self {
        let named = document.conditions.iter().map(|named| (named.name.as_str(), named.value.text.as_str()));
        let (conditions, faults) = Conditions::build(named);
        for (name, fault) in faults {
            if let Some(named) = document.conditions.iter().find(|named| named.name == name) {
                diagnostics.push(condition_fault(&named.value, &fault, Severity::Error));
            }
        }
        Self {
            diagnostics,
            conditions,
            issuers: Names::of("issuer", &document.issuers),
            roles: Names::of("role", &document.roles),
        }
    }

    fn policy(&mut self, document: &Document, revision: String) -> Policy {
        let issuers = document.issuers.iter().filter_map(issuer).collect();
        let roles =
            document.roles.iter().filter_map(|role| self.truth(&role.value, Scope::Identity)).collect();
        let steps = self.steps(&document.steps);
        let mut apis = Vec::new();
        let mut operations = Vec::new();
        let mut router = RouterBuilder::default();
        for api in &document.apis {
            let index = apis.len();
            apis.push(Api {
                name: api.name.clone(),
                prefix: api.value.prefix.clone(),
                versioning: api.value.versioning.clone(),
                versions: api.value.versions.clone(),
                steps: self.steps(&api.value.steps),
            });
            for operation in &api.value.operations {
                self.routes(&mut router, (index, &api.value), operation, operations.len(), &operations);
                self.authenticated(document, api, operation);
                operations.push(self.operation(index, &api.name, operation));
            }
        }
        self.issuers.warn_of_unused(&document.issuers, self.diagnostics);
        self.roles.warn_of_unused(&document.roles, self.diagnostics);
        Policy {
            name: document.name.clone(),
            revision,
            mode: document.mode,
            issuers,
            roles,
            steps,
            apis,
            operations,
            router: router.finish(),
        }
    }

    fn operation(&mut self, api: usize, api_name: &str, source: &Named<OperationSource>) -> Operation {
        let roles =
            source.value.roles.iter().filter_map(|role| self.roles.find(role, self.diagnostics)).collect();
        Operation {
            api,
            name: format!("{api_name}.{}", source.name),
            template: source.value.template.clone().unwrap_or_default(),
            call: source.value.call.clone(),
            public: source.value.public,
            roles,
            steps: self.steps(&source.value.steps),
        }
    }

    /// Lays an operation out at every path where it answers.
    fn routes(
        &mut self,
        router: &mut RouterBuilder,
        (api, source): (usize, &ApiSource),
        operation: &Named<OperationSource>,
        index: usize,
        earlier: &[Operation],
    ) {
        let Some(template) = &operation.value.template else { return };
        let in_path =
            source.versioning.as_ref().is_some_and(|versioning| versioning.scheme == VersioningScheme::Path);
        let default = source.versioning.as_ref().and_then(|versioning| versioning.default);
        // Prefix and version of each place; an API without versions has one place.
        let mut places: Vec<(String, Option<usize>)> = Vec::new();
        for version in operation.value.versions.iter().copied() {
            let name = source.versions.get(version).map_or("", String::as_str);
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
                    operation: index,
                };
                if let Err(twin) = router.insert(prefix, template, candidate) {
                    let twin = earlier.get(twin).map_or("another", |twin| twin.name.as_str());
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
    fn authenticated(
        &mut self,
        document: &Document,
        api: &Named<ApiSource>,
        operation: &Named<OperationSource>,
    ) {
        let before = document.steps.iter().chain(&api.value.steps);
        if !operation.value.roles.is_empty() && !before.clone().any(step::authenticates) {
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

    fn steps(&mut self, sources: &[document::StepSource]) -> Arc<[Step]> {
        sources.iter().filter_map(|source| self.step(source)).collect()
    }

    /// Compiles an expression that must be true or false.
    fn truth(&mut self, text: &Text, scope: Scope) -> Option<Condition> {
        let condition = self.expression(text, scope)?;
        if !matches!(condition.result(), Type::Bool | Type::Dyn) {
            let message = format!("a condition is true or false, this is of type `{}`", condition.result());
            self.diagnostics.push(Diagnostic::error("type", &text.path, message).at(text.span));
            return None;
        }
        Some(condition)
    }

    fn expression(&mut self, text: &Text, scope: Scope) -> Option<Condition> {
        match Condition::compile(&text.text, scope, &self.conditions) {
            Ok(condition) => {
                for warning in condition.warnings() {
                    self.diagnostics.push(condition_fault(text, warning, Severity::Warning));
                }
                Some(condition)
            }
            Err(faults) => {
                for fault in &faults {
                    self.diagnostics.push(condition_fault(text, fault, Severity::Error));
                }
                None
            }
        }
    }
}

fn condition_fault(text: &Text, fault: &ConditionFault, severity: Severity) -> Diagnostic {
    let place = match fault.offset {
        Some(offset) => format!(" (at character {} of the expression)", offset.saturating_add(1)),
        None => String::new(),
    };
    let mut diagnostic =
        Diagnostic::error(fault.code, &text.path, format!("{}{place}", fault.message)).at(text.span);
    diagnostic.severity = severity;
    diagnostic.help.clone_from(&fault.help);
    diagnostic
}

/// None where reading has reported that its keys have no source.
fn issuer(source: &Named<IssuerSource>) -> Option<Issuer> {
    let IssuerSource {
        issuer,
        audiences,
        keys,
        algorithms,
        clock_skew,
        max_lifetime,
        required_claims,
        token_types,
        claims,
    } = source.value.clone();
    Some(Issuer {
        name: source.name.clone(),
        url: issuer,
        audiences,
        algorithms,
        keys: keys?,
        clock_skew,
        max_lifetime,
        required_claims,
        token_types,
        claims,
    })
}

#[cfg(test)]
mod tests;
