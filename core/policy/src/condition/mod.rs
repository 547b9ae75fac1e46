//! Conditions: CEL, checked against what a call offers and compiled to a flat, typed program when a policy is
//! configured, evaluated lazily for each call. Knows nothing of steps, nor how a host comes by its facts.
//!
//! `syntax` parses, `check` resolves and types, `program` is the result, `evaluate` runs it.

mod alone;
mod check;
mod evaluate;
mod fault;
mod functions;
mod intent;
mod named;
mod network;
mod pattern;
mod program;
mod syntax;
pub(crate) mod time;
mod truth;
mod types;
mod value;
mod variables;

#[cfg(test)]
mod tests;

pub use self::alone::{Class, Form, Unevaluated, evaluate_alone};
use self::evaluate::{Evaluation, Failure};
pub use self::fault::{ConditionFault, ErrorKind, EvaluationError};
pub use self::intent::reads_like_an_expression;
pub use self::named::Conditions;
use self::program::{At, Program};
pub use self::time::{format_timestamp, parse_timestamp};
pub use self::types::Type;
pub use self::value::{Cidr, Entry, List, Map, Span, Value};
use crate::facts::Facts;

/// Which variables an expression may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of a call's.
    Request,
    /// `auth` alone: roles.
    Identity,
    /// All of a call's, and the `response` that came back.
    Response,
    /// Names of a caller's own, bound to JSON and dynamic: expressions at the command line.
    Dynamic(Vec<String>),
}

/// A compiled expression: plain data, shared between threads, cheap to evaluate.
#[derive(Clone, Debug)]
pub struct Condition {
    program: Program,
    root: At,
    result: Type,
    warnings: Vec<ConditionFault>,
    uses: Vec<String>,
    reads_identity: bool,
}

impl Condition {
    /// Compiles `source`; `named` are the policy's own `conditions.NAME`. Every fault is reported.
    pub fn compile(source: &str, scope: Scope, named: &Conditions) -> Result<Self, Vec<ConditionFault>> {
        Self::define(source, &scope, named, None)
    }

    /// As the definition of `conditions.NAME`, which may not need itself.
    fn define(
        source: &str,
        scope: &Scope,
        named: &Conditions,
        name: Option<&str>,
    ) -> Result<Self, Vec<ConditionFault>> {
        let check::Checked { program, root, type_, warnings, uses, reads_identity } =
            check::check(source, scope, named, name)?;
        Ok(Self { program, root, result: type_, warnings, uses, reads_identity })
    }

    /// Whether the condition holds for a call. An error must refuse it, whatever the condition was for.
    pub fn evaluate(&self, facts: &dyn Facts) -> Result<bool, EvaluationError> {
        Evaluation::new(&self.program, Some(facts), None)
            .boolean(self.root)
            .map_err(|failure| self.error(failure))
    }

    /// The expression's value for a call: the key of a limit, the text of a header.
    pub fn value<'f>(&'f self, facts: &'f dyn Facts) -> Result<Value<'f>, EvaluationError> {
        Evaluation::new(&self.program, Some(facts), None)
            .value(self.root)
            .map_err(|failure| self.error(failure))
    }

    /// The value over a caller's own bindings, for [`Scope::Dynamic`].
    pub fn value_of<'f>(
        &'f self,
        bindings: &'f serde_json::Map<String, serde_json::Value>,
    ) -> Result<Value<'f>, EvaluationError> {
        Evaluation::new(&self.program, None, Some(bindings))
            .value(self.root)
            .map_err(|failure| self.error(failure))
    }

    /// The static type; [`Type::Dyn`] where only the call decides.
    pub fn result(&self) -> Type {
        self.result.clone()
    }

    /// The value when no call can change it.
    pub fn constant(&self) -> Option<&Value<'static>> {
        self.program.constant_at(self.root)
    }

    /// Whether no call can make it true, as far as that can be seen: a constant, terms that exclude each other,
    /// a figure beyond its bounds. For those who report to authors: it looks through the whole program.
    pub fn never_true(&self) -> bool {
        !self.program.possible(self.root).truth
    }

    /// Whether no call can make it false, as far as that can be seen; it may err.
    pub fn always_true(&self) -> bool {
        !self.program.possible(self.root).falsehood
    }

    pub fn warnings(&self) -> &[ConditionFault] {
        &self.warnings
    }

    /// The named conditions that this one needs, directly or not.
    pub fn uses(&self) -> &[String] {
        &self.uses
    }

    /// Whether it reads the caller's identity without asking first whether there is one: an error on a public
    /// operation that is called without a token.
    pub fn reads_identity(&self) -> bool {
        self.reads_identity
    }

    fn error(&self, Failure { kind, at }: Failure) -> EvaluationError {
        EvaluationError { kind, place: self.program.describe(at) }
    }
}
