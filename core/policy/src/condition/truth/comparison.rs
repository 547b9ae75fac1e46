//! Comparisons with a constant: what their subject can be, and which of them exclude each other.

use std::cmp::Ordering;

use super::Possible;
use crate::condition::Value;
use crate::condition::evaluate::holds;
use crate::condition::functions::Function;
use crate::condition::program::{At, Op, Order, Program, Test};
use crate::condition::variables::Fact;

/// `subject relation figure`.
pub(super) struct Comparison<'p> {
    pub subject: At,
    relation: Relation,
    figure: Value<'p>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Ordered(Order),
}

impl Program {
    pub(super) fn comparison(&self, at: At) -> Option<Comparison<'_>> {
        let (relation, one, other) = match self.op(at)? {
            Op::Test(Test::OrderInt(order, subject, figure)) => {
                let (relation, figure) = (Relation::Ordered(order), Value::Int(figure));
                return Some(Comparison { subject, relation, figure });
            }
            Op::Test(Test::Equal(one, other)) => (Relation::Equal, one, other),
            Op::Test(Test::Order(order, one, other)) => (Relation::Ordered(order), one, other),
            _ => return None,
        };
        match (self.constant_at(one), self.constant_at(other)) {
            (None, Some(figure)) => Some(Comparison { subject: one, relation, figure: figure.borrow() }),
            (Some(figure), None) => {
                Some(Comparison { subject: other, relation: relation.turned(), figure: figure.borrow() })
            }
            _ => None,
        }
    }

    pub(super) fn within_bounds(&self, comparison: &Comparison<'_>) -> Possible {
        let Some((least, greatest)) = self.bounds(comparison.subject) else { return Possible::EITHER };
        let order = |bound: i64| order(&Value::Int(bound), &comparison.figure);
        let (Some(least), Some(greatest)) = (order(least), order(greatest)) else { return Possible::EITHER };
        match comparison.relation {
            Relation::Equal => Possible { truth: least.is_le() && greatest.is_ge(), falsehood: true },
            // An order holds somewhere between the bounds if it does at one of them.
            Relation::Ordered(order) => {
                let (least, greatest) = (holds(order, least), holds(order, greatest));
                Possible { truth: least || greatest, falsehood: !least || !greatest }
            }
        }
    }

    /// The least and the greatest that a figure can be.
    fn bounds(&self, at: At) -> Option<(i64, i64)> {
        match self.op(at)? {
            Op::Fact(Fact::Size) => Some((0, i64::MAX)),
            Op::Fact(Fact::SourcePort) => Some((0, 65_535)),
            Op::Fact(Fact::Status) => Some((100, 999)),
            Op::Call(Function::Size, _) => Some((0, i64::MAX)),
            Op::Call(getter, operands) => {
                let of_time = matches!(self.operands(operands), [of, ..] if self.is_instant(*of));
                match getter {
                    Function::Month => Some((0, 11)),
                    Function::Date => Some((1, 31)),
                    Function::DayOfMonth => Some((0, 30)),
                    Function::DayOfWeek => Some((0, 6)),
                    Function::DayOfYear => Some((0, 365)),
                    // Of a duration they are unbounded.
                    Function::Hours if of_time => Some((0, 23)),
                    Function::Minutes | Function::Seconds if of_time => Some((0, 59)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn is_instant(&self, at: At) -> bool {
        matches!(
            self.op(at),
            Some(Op::Fact(Fact::Time | Fact::Expires | Fact::Issued) | Op::Call(Function::Timestamp, _))
        )
    }
}

impl Relation {
    /// With its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Ordered(order) => Self::Ordered(order.turned()),
        }
    }
}

impl Comparison<'_> {
    /// Whether it would hold if its subject were that; what has no order is taken to.
    fn holds_for(&self, figure: &Value<'_>) -> bool {
        match self.relation {
            Relation::Equal => figure.equals(&self.figure),
            Relation::Ordered(wanted) => {
                order(figure, &self.figure).is_none_or(|ordering| holds(wanted, ordering))
            }
        }
    }

    /// Whether nothing for which this holds can satisfy the other, of the same subject.
    pub(super) fn misses(&self, other: &Comparison<'_>) -> bool {
        use Order::{Greater, GreaterOrEqual, Less, LessOrEqual};
        match (self.relation, other.relation) {
            (Relation::Equal, _) => !other.holds_for(&self.figure),
            (Relation::Ordered(LessOrEqual), Relation::Ordered(GreaterOrEqual)) => {
                order(&self.figure, &other.figure).is_some_and(Ordering::is_lt)
            }
            (Relation::Ordered(Less | LessOrEqual), Relation::Ordered(Greater | GreaterOrEqual)) => {
                order(&self.figure, &other.figure).is_some_and(Ordering::is_le)
            }
            _ => false,
        }
    }
}

fn order(one: &Value<'_>, other: &Value<'_>) -> Option<Ordering> {
    one.order(other).flatten()
}
