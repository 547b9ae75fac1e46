//! Conditions against a call: tables written after the CEL specification, section by section, in
//! `specification/`; what the checker says, as text; and what must hold for every expression.

mod call;
mod faults;
mod intent;
mod key;
mod properties;
mod reading;
mod specification;

use self::call::Call;
use super::{Condition, Conditions, Scope};

fn compile(source: &str) -> Condition {
    Condition::compile(source, Scope::Request, &Conditions::default())
        .unwrap_or_else(|faults| panic!("{source}: {faults:?}"))
}

/// What an expression yields, for people: `true`, `7`, `error: ` and what a log says of it.
fn shown(source: &str, call: &Call) -> String {
    match compile(source).value(call) {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("error: {error}"),
    }
}
