//! Whether a policy and the sidecar's operations fit: each call is there, and gets from its route and its
//! caller what it binds.

use spangate_document::{Diagnostic, Diagnostics, Node, Path, Span, suggestion};
use spangate_operations::{Operation, Operations};
use spangate_policy::{Operation as Route, Policy, Target};

pub fn check(policy: &Policy, node: &Node, operations: &[Operations], findings: &mut Diagnostics) {
    for route in policy.operations() {
        if let (Some(api), Target::Call(call)) = (policy.apis().get(route.api), &route.target) {
            let name = route.name.strip_prefix(&format!("{}.", api.name)).unwrap_or(&route.name);
            let steps = ["apis", &api.name, "operations", name];
            let path = steps.into_iter().fold(Path::root(), |path, step| path.member(step));
            let node = steps.into_iter().try_fold(node, |node, step| node.member(step));
            Place { policy, route, call, path, node }.check(operations, findings);
        }
    }
}

/// An operation of the policy, and where it is written.
struct Place<'p> {
    policy: &'p Policy,
    route: &'p Route,
    call: &'p str,
    path: Path,
    node: Option<&'p Node>,
}

impl Place<'_> {
    fn check(&self, operations: &[Operations], findings: &mut Diagnostics) {
        let call = self.call;
        match operations.iter().find_map(|operations| operations.operation(call)) {
            Some(operation) => self.compare(operation, findings),
            None => {
                let names =
                    operations.iter().flat_map(Operations::iter).map(|operation| operation.name.as_str());
                let help = match suggestion(call, names) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("define `{call}` in the operations"),
                };
                let message = format!("the sidecar has no operation `{call}`");
                findings.push(self.error("operation_unknown", "call", message).help(help));
            }
        }
    }

    fn compare(&self, operation: &Operation, findings: &mut Diagnostics) {
        let Operation { name, .. } = operation;
        let given: Vec<_> = self.route.template.parameters().collect();
        for wanted in operation.path_names().filter(|wanted| !given.contains(wanted)) {
            let help = match suggestion(wanted, given.iter().copied()) {
                Some(similar) => format!("the route calls a parameter `{similar}`"),
                None => format!("add `{{{wanted}}}` to the route"),
            };
            let message =
                format!("`{name}` takes `{wanted}` from the path, and the route has no such parameter");
            findings.push(self.error("path_parameter_missing", "route", message).help(help));
        }
        for unused in given.iter().filter(|given| operation.path_names().all(|wanted| wanted != **given)) {
            let message = format!("`{name}` does not take `{unused}` from the path");
            findings.push(
                Diagnostic::warning("path_parameter_unused", &self.path.member("route"), message)
                    .at(self.span("route"))
                    .help("unless a condition reads it, every value there gives the same answer"),
            );
        }
        for header in
            operation.header_names().filter(|name| self.route.headers.iter().all(|header| header != name))
        {
            let message = format!("`{name}` binds the header `{header}`, which the policy does not pass on");
            let help = format!("declare it by a step `validate: {{headers: {{{header}: {{}}}}}}`");
            findings.push(self.error("header_undeclared", "call", message).help(help));
        }
        if operation.is_write()
            && let Some(step) = self.policy.cache_step(self.route)
        {
            let message = format!("`{name}` writes, and {} would keep its answer", step.path);
            findings.push(self.error("cache_of_write", "call", message).help("cache reads alone"));
        }
        if self.route.template.method == "GET" && operation.takes_body() {
            let message = format!("`{name}` binds the body, and a GET has none");
            let help = "route it by POST, PUT or PATCH";
            findings.push(self.error("body_missing", "route", message).help(help));
        }
        if self.route.public && operation.needs_identity() {
            let message =
                format!("`{name}` binds the caller's identity, and a public operation may have none");
            let help = "name `roles` in place of `public`, or give the parameter another source";
            findings.push(self.error("identity_missing", "public", message).help(help));
        }
    }

    fn error(&self, code: &'static str, member: &str, message: String) -> Diagnostic {
        Diagnostic::error(code, &self.path.member(member), message).at(self.span(member))
    }

    fn span(&self, member: &str) -> Option<Span> {
        self.node.and_then(|node| node.member(member)).and_then(|node| node.span)
    }
}
