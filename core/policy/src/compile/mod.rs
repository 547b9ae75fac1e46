//! From the document to the policy: names are looked up, expressions compiled, routes laid out. What is wrong
//! is reported, all of it, and then there is no policy.

mod names;
mod operation;
mod step;
mod version;

use std::fmt::Write;

use sha2::{Digest, Sha256};
use spangate_document::{Diagnostic, Diagnostics, Node, Severity};

use self::names::Names;
use self::operation::Inherited;
use crate::condition::{Condition, ConditionFault, Conditions, Scope, Type};
use crate::document::{self, Document, Named, Text};
use crate::policy::{Api, Policy, Role};
use crate::route::RouterBuilder;
use crate::step::{Code, Step, StepId};
use crate::token::Issuer;

/// Reads and compiles a policy; the error is every fault, as they were found. [`check`](crate::check) tells them in the
/// order of the text, and warnings as well.
pub fn load(node: &Node) -> Result<Policy, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let document = document::read(node, &mut diagnostics);
    let compiled = document.map(|document| compile(&document, node, &mut diagnostics));
    match compiled {
        Some(compiled) if !diagnostics.has_errors() => Ok(compiled.policy),
        _ => Err(diagnostics),
    }
}

/// A policy, whole if nothing was reported, and the named conditions that it was made with.
pub struct Compiled {
    pub policy: Policy,
    pub conditions: Conditions,
}

pub fn compile(document: &Document, node: &Node, diagnostics: &mut Diagnostics) -> Compiled {
    let mut compiler = Compiler::new(document, diagnostics);
    let policy = compiler.policy(document, revision(node));
    Compiled { policy, conditions: compiler.conditions }
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

/// What names mean, and the steps so far.
struct Compiler<'d> {
    diagnostics: &'d mut Diagnostics,
    conditions: Conditions,
    issuers: Names,
    roles: Names,
    steps: Vec<Step>,
}

/// A list of steps, and the `cors` that stands in it: that one is taken out of the order.
struct CompiledList {
    code: Code,
    cors: Option<StepId>,
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
            steps: Vec::new(),
        }
    }

    fn policy(&mut self, document: &Document, revision: String) -> Policy {
        let named = |issuer: &Named<Issuer>| Issuer { name: issuer.name.clone(), ..issuer.value.clone() };
        let issuers = document.issuers.iter().map(named).collect();
        let mut roles = Vec::new();
        for role in &document.roles {
            let condition = self.truth(&role.value, Scope::Identity);
            roles.extend(condition.map(|condition| Role { name: role.name.clone(), condition }));
        }
        let own = self.list(&document.steps);
        let mut apis = Vec::new();
        let mut operations = Vec::new();
        // One with faults is no operation, but has its number, so that routes are compared all the same.
        let mut names: Vec<String> = Vec::new();
        let mut router = RouterBuilder::default();
        for api in &document.apis {
            let index = apis.len();
            let list = self.list(&api.value.steps);
            let of_api = list.code;
            let inherited = Inherited { cors: list.cors.or(own.cors), codes: [&own.code, &of_api] };
            for operation in &api.value.operations {
                self.routes(&mut router, (index, &api.value), operation, &names);
                self.authenticated(document, api, operation);
                let name = format!("{}.{}", api.name, operation.name);
                names.push(name.clone());
                operations.extend(self.operation(index, name, &operation.value, &inherited));
            }
            apis.push(Api {
                name: api.name.clone(),
                prefix: api.value.prefix.clone(),
                versioning: api.value.versioning.clone(),
                versions: api.value.versions.iter().map(version::version).collect(),
                code: of_api,
            });
        }
        Policy {
            name: document.name.clone(),
            revision,
            mode: document.mode,
            issuers,
            roles,
            steps: std::mem::take(&mut self.steps),
            code: own.code,
            apis,
            operations,
            router: router.finish(),
        }
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

/// A finding about an expression, at its place in the document.
pub fn condition_fault(text: &Text, fault: &ConditionFault, severity: Severity) -> Diagnostic {
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

#[cfg(test)]
mod tests;
