//! Whether two parts of a program are the same expression.

use crate::condition::program::{At, Op, Program, Test};

impl Program {
    /// Whether two operations yield the same whatever the call; not every such pair is seen.
    pub(super) fn same(&self, one: At, other: At) -> bool {
        if one == other {
            return true;
        }
        match (self.op(one), self.op(other)) {
            (Some(Op::Constant(_)), Some(Op::Constant(_))) => {
                matches!((self.constant_at(one), self.constant_at(other)), (Some(one), Some(other))
                    if one.type_name() == other.type_name() && one.equals(other))
            }
            (Some(Op::Fact(one)), Some(Op::Fact(other))) => one == other,
            (Some(Op::Entry(map, name)), Some(Op::Entry(others, other))) => map == others && name == other,
            (Some(Op::Member(of, name)), Some(Op::Member(others, other))) => {
                name == other && self.same(of, others)
            }
            (Some(Op::Index(of, at)), Some(Op::Index(others, other))) => {
                self.same(of, others) && self.same(at, other)
            }
            (Some(Op::Call(one, operands)), Some(Op::Call(other, others))) => {
                let (operands, others) = (self.operands(operands), self.operands(others));
                one == other
                    && operands.len() == others.len()
                    && operands.iter().zip(others).all(|(one, other)| self.same(*one, *other))
            }
            (Some(Op::Test(one)), Some(Op::Test(other))) => self.same_test(one, other),
            _ => false,
        }
    }

    fn same_test(&self, one: Test, other: Test) -> bool {
        match (one, other) {
            (Test::Not(one), Test::Not(other)) => self.same(one, other),
            (Test::HasFact(one), Test::HasFact(other)) => one == other,
            (Test::HasEntry(map, name), Test::HasEntry(others, other)) => map == others && name == other,
            (Test::EqualText(of, text), Test::EqualText(others, other))
            | (Test::HasMember(of, text), Test::HasMember(others, other)) => {
                text == other && self.same(of, others)
            }
            (Test::OrderInt(order, of, figure), Test::OrderInt(orders, others, other)) => {
                order == orders && figure == other && self.same(of, others)
            }
            (Test::InStrings(of, fact), Test::InStrings(others, other)) => {
                fact == other && self.same(of, others)
            }
            (Test::Order(order, one, two), Test::Order(orders, other, another)) => {
                order == orders && self.same(one, other) && self.same(two, another)
            }
            (Test::Equal(one, two), Test::Equal(other, another))
            | (Test::In(one, two), Test::In(other, another))
            | (Test::StartsWith(one, two), Test::StartsWith(other, another))
            | (Test::EndsWith(one, two), Test::EndsWith(other, another))
            | (Test::Contains(one, two), Test::Contains(other, another)) => {
                self.same(one, other) && self.same(two, another)
            }
            _ => false,
        }
    }
}
