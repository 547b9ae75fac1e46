//! Expressions on their own, over bindings that a caller gives as JSON: what `spangate eval` and the playground
//! evaluate. Knows no call and no policy.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::fault::FaultKind;
use super::{Condition, ConditionFault, Conditions, ErrorKind, EvaluationError, Scope};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As JSON has it: [`Value::to_json`](super::Value::to_json).
    Plain,
    /// With its CEL type: [`Value::to_typed_json`](super::Value::to_typed_json).
    Typed,
}

/// Why an expression has no value, in the classes that a caller tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It is no expression.
    Parse,
    /// Names and types do not fit; seen before it runs.
    Type,
    /// CEL has it, or one of its libraries; it is left out here.
    Unsupported,
    /// It ran, and erred.
    Evaluation,
}

/// An expression without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unevaluated {
    /// At least one.
    Faults(Vec<ConditionFault>),
    Error(EvaluationError),
}

pub fn evaluate_alone(source: &str, bindings: &Map<String, Json>, form: Form) -> Result<Json, Unevaluated> {
    let scope = Scope::Dynamic(bindings.keys().cloned().collect());
    let condition = Condition::compile(source, scope, &Conditions::default()).map_err(Unevaluated::Faults)?;
    let value = condition.value_of(bindings).map_err(Unevaluated::Error)?;
    Ok(match form {
        Form::Plain => value.to_json(),
        Form::Typed => value.to_typed_json(),
    })
}

impl Unevaluated {
    /// Of several faults the first counts.
    pub fn class(&self) -> Class {
        match self {
            Self::Faults(faults) => faults.first().map_or(Class::Parse, |fault| fault.class()),
            Self::Error(error) => error.kind.class(),
        }
    }

    /// `{"code": …, "message": …}`.
    pub fn to_json(&self) -> Json {
        serde_json::json!({"code": self.class().code(), "message": self.to_string()})
    }
}

impl fmt::Display for Unevaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(faults) => faults.first().map_or(Ok(()), |fault| f.write_str(&fault.message)),
            Self::Error(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Unevaluated {}

impl Class {
    pub fn code(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Type => "type",
            Self::Unsupported => "unsupported",
            Self::Evaluation => "evaluation",
        }
    }
}

impl ConditionFault {
    pub fn class(&self) -> Class {
        self.kind.class()
    }
}

impl FaultKind {
    fn class(self) -> Class {
        match self {
            Self::Syntax => Class::Parse,
            // Right in CEL, and beyond the bounds that are kept here.
            Self::TooLong | Self::TooDeep | Self::Unsupported => Class::Unsupported,
            Self::Type
            | Self::UnknownVariable
            | Self::UnknownField
            | Self::UnknownFunction
            | Self::UnknownCondition
            | Self::Cycle
            | Self::Faulty => Class::Type,
            // What a policy is told early is an error of evaluation in CEL.
            Self::InvalidLiteral | Self::InvalidPattern | Self::UnguardedHeader | Self::UnguardedQuery => {
                Class::Evaluation
            }
        }
    }
}

impl ErrorKind {
    fn class(self) -> Class {
        match self {
            Self::NamedZone => Class::Unsupported,
            Self::Absent
            | Self::Repeated
            | Self::Malformed
            | Self::Unauthenticated
            | Self::Overflow
            | Self::DivisionByZero
            | Self::NoSuchKey
            | Self::NoSuchOverload
            | Self::OutOfRange
            | Self::Conversion
            | Self::RepeatedKey
            | Self::TooLarge
            | Self::BudgetExhausted => Class::Evaluation,
        }
    }
}
