//! What a request's parameters and body must look like: JSON Schema's words for single values. The rules are
//! plain data and know nothing of where a host finds a value.

mod body;
mod parameter;

pub use body::{BodyFault, BodyRule, MediaRange};
pub use parameter::{Number, ParameterFault, ParameterRule, ParameterType, Place};

/// One `validate` step.
#[derive(Clone, Debug)]
pub struct Validation {
    pub parameters: Vec<ParameterRule>,
    /// Whether a query parameter that no rule names is refused.
    pub refuse_unknown: bool,
    pub body: Option<BodyRule>,
}
