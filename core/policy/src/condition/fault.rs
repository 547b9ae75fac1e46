//! What is wrong with a condition: faults of its text when it is configured, and errors of its evaluation.

use std::fmt;

/// A fault or a warning of a condition's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionFault {
    pub(super) kind: FaultKind,
    /// The kind's, stable, snake_case.
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    /// Characters into the source.
    pub offset: Option<usize>,
}

impl ConditionFault {
    pub(super) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, code: kind.code(), message: message.into(), help: None, offset: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What may be wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Syntax,
    TooLong,
    TooDeep,
    Type,
    /// CEL, or one of its extensions, has it; conditions have not.
    Unsupported,
    UnknownVariable,
    UnknownField,
    UnknownFunction,
    UnknownCondition,
    /// A named condition that needs itself.
    Cycle,
    /// A named condition with faults of its own.
    Faulty,
    InvalidLiteral,
    InvalidPattern,
    UnguardedHeader,
    UnguardedQuery,
}

impl FaultKind {
    fn code(self) -> &'static str {
        match self {
            Self::Syntax => "condition_syntax",
            Self::TooLong => "condition_too_long",
            Self::TooDeep => "condition_too_deep",
            Self::Type => "condition_type",
            Self::Unsupported => "condition_unsupported",
            Self::UnknownVariable => "unknown_variable",
            Self::UnknownField => "unknown_field",
            Self::UnknownFunction => "unknown_function",
            Self::UnknownCondition => "unknown_condition",
            Self::Cycle => "condition_cycle",
            Self::Faulty => "condition_faulty",
            Self::InvalidLiteral => "invalid_literal",
            Self::InvalidPattern => "invalid_pattern",
            Self::UnguardedHeader => "unguarded_header",
            Self::UnguardedQuery => "unguarded_query",
        }
    }
}

impl fmt::Display for ConditionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(offset) = self.offset {
            write!(f, " at {offset}")?;
        }
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Of a header, a parameter, a field that this call does not have.
    Absent,
    /// One value was asked for where the call has several.
    Repeated,
    /// Not UTF-8.
    Malformed,
    Unauthenticated,
    Overflow,
    DivisionByZero,
    NoSuchKey,
    NoSuchOverload,
    OutOfRange,
    /// A text that does not say what it is converted to.
    Conversion,
    RepeatedKey,
    NamedZone,
    TooLarge,
    BudgetExhausted,
}

/// An error of evaluation, for logs: what and where, in the policy's words, never a value of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationError {
    pub kind: ErrorKind,
    pub place: String,
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::Absent => "is absent",
            ErrorKind::Repeated => "occurs more than once",
            ErrorKind::Malformed => "is not UTF-8",
            ErrorKind::Unauthenticated => "is absent on an unauthenticated call",
            ErrorKind::Overflow => "overflows",
            ErrorKind::DivisionByZero => "divides by zero",
            ErrorKind::NoSuchKey => "finds no such key",
            ErrorKind::NoSuchOverload => "does not apply to values of these types",
            ErrorKind::OutOfRange => "is out of range",
            ErrorKind::Conversion => "cannot convert its argument",
            ErrorKind::RepeatedKey => "repeats a key",
            ErrorKind::NamedZone => "is asked for a time zone by name, which is not supported",
            ErrorKind::TooLarge => "would yield too large a value",
            ErrorKind::BudgetExhausted => "took more steps than an evaluation may",
        };
        write!(f, "`{}` {what}", self.place)
    }
}

impl std::error::Error for EvaluationError {}
