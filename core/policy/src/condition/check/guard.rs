//! What a condition knows to be there where it reads it. In `has(x) && f(x)` each side of `&&` guards the other,
//! since CEL lets a false side absorb the error of the rest; so do the negations in `!has(x) || f(x)`.

use cel::common::ast::{Expr, IdedExpr, operators};

use super::Checker;
use crate::condition::variables::{Entries, Fact, Variable};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    Entry(Entries, String),
    Fact(Fact),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Guards(Vec<Guard>);

impl Guards {
    pub fn hold(&self, guard: &Guard) -> bool {
        self.0.contains(guard)
    }

    pub fn with(&self, more: Vec<Guard>) -> Self {
        Self(self.0.iter().cloned().chain(more).collect())
    }
}

impl Checker<'_> {
    /// What must be there if `tree` is `holds`.
    pub(super) fn guards_of(&self, tree: &IdedExpr, holds: bool) -> Vec<Guard> {
        let of_all = |terms: &[IdedExpr]| terms.iter().flat_map(|term| self.guards_of(term, holds)).collect();
        match &tree.expr {
            Expr::Select(select) if select.test && holds => {
                self.guard_of(&select.operand, &select.field).into_iter().collect()
            }
            Expr::Select(_) if holds => match self.variable(tree) {
                Some(Variable::Fact(Fact::Authenticated)) => vec![Guard::Fact(Fact::Authenticated)],
                _ => Vec::new(),
            },
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_NOT, [inner]) => self.guards_of(inner, !holds),
                (operators::LOGICAL_AND, terms) if holds => of_all(terms),
                (operators::LOGICAL_OR, terms) if !holds => of_all(terms),
                (operators::IN, [name, map]) if holds => match (&name.expr, self.variable(map)) {
                    (Expr::Literal(literal), Some(Variable::Entries(entries) | Variable::Every(entries))) => {
                        super::name::text_of(literal)
                            .map(|name| Guard::Entry(entries, super::name::spelled(entries, &name)))
                            .into_iter()
                            .collect()
                    }
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn guard_of(&self, operand: &IdedExpr, field: &str) -> Option<Guard> {
        if let Some(Variable::Entries(entries) | Variable::Every(entries)) = self.variable(operand) {
            return Some(Guard::Entry(entries, super::name::spelled(entries, field)));
        }
        match self.field(operand, field) {
            Some(Variable::Fact(fact)) => Some(Guard::Fact(fact)),
            _ => None,
        }
    }
}
