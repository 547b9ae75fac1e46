//! What CEL's extensions have and conditions have not: told by name, so that an author does not look for a slip.

use cel::common::ast::{CallExpr, Expr};

use crate::condition::ConditionFault;
use crate::condition::fault::FaultKind;

/// Name spaces of functions, with what they are for.
const SPACES: &[(&str, &str)] = &[
    ("base64", "encodings"),
    ("cel", "local names (`cel.bind`)"),
    ("lists", "making lists"),
    ("math", "mathematics"),
    ("optional", "optional values"),
    ("proto", "extensions of messages"),
    ("regex", "captures of patterns"),
    ("sets", "sets"),
    ("strings", "quoting"),
];

const FUNCTIONS: &[&str] = &[
    "distinct",
    "find",
    "findAll",
    "first",
    "flatten",
    "format",
    "hasValue",
    "last",
    "optFlatMap",
    "optMap",
    "or",
    "orValue",
    "quantity",
    "range",
    "semver",
    "slice",
    "sort",
    "sortBy",
    "transformList",
    "transformMap",
    "transformMapEntry",
    "url",
    "value",
];

pub(super) fn is_space(name: &str) -> bool {
    SPACES.iter().any(|(space, _)| *space == name)
}

/// The fault of a call of a known function of another library.
pub(super) fn unsupported(name: &str, call: &CallExpr) -> Option<ConditionFault> {
    let fault = |message| Some(ConditionFault::new(FaultKind::Unsupported, message));
    if let Some((space, _)) = name.split_once('.') {
        let (_, purpose) = SPACES.iter().find(|(known, _)| *known == space)?;
        return fault(format!("`{name}` is not supported, nor is any function for {purpose}"));
    }
    let over_two = matches!(call.args.as_slice(), [one, other, _, ..]
        if matches!((&one.expr, &other.expr), (Expr::Ident(_), Expr::Ident(_))));
    if ["all", "exists", "exists_one", "existsOne"].contains(&name) && over_two {
        return fault(format!("`{name}` over two variables is not supported"));
    }
    if FUNCTIONS.contains(&name) {
        return fault(format!("the function `{name}` is not supported"));
    }
    None
}
