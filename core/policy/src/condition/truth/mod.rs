//! Conditions that no call can make true, or none false: constants, contradictions between the terms of `&&` and
//! `||`, and comparisons beyond what a figure can be. Asked for by those who report to authors, never on the way
//! of a call. What is not recognised may be either; an error is neither.

mod comparison;
mod same;

use super::Value;
use super::program::{At, Op, Operands, Program, Quantifier, Set, Test};

/// What an expression may yield, errors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possible {
    pub truth: bool,
    pub falsehood: bool,
}

impl Possible {
    const EITHER: Self = Self { truth: true, falsehood: true };

    fn negated(self) -> Self {
        Self { truth: self.falsehood, falsehood: self.truth }
    }

    fn or(self, other: Self) -> Self {
        Self { truth: self.truth || other.truth, falsehood: self.falsehood || other.falsehood }
    }
}

/// Terms of `&&` or `||` beyond which pairs are no longer looked at.
const MAX_TERMS: usize = 64;

impl Program {
    pub fn possible(&self, at: At) -> Possible {
        match self.op(at) {
            Some(Op::Constant(_)) => match self.constant_at(at) {
                Some(Value::Bool(bool)) => Possible { truth: *bool, falsehood: !bool },
                _ => Possible::EITHER,
            },
            Some(Op::Conditional(operands)) => match self.operands(operands) {
                &[condition, then, otherwise] => self.chosen(condition, then, otherwise),
                _ => Possible::EITHER,
            },
            Some(Op::Test(test)) => self.possible_of(at, test),
            _ => Possible::EITHER,
        }
    }

    fn possible_of(&self, at: At, test: Test) -> Possible {
        match test {
            Test::Not(inner) => self.possible(inner).negated(),
            Test::And(terms) => self.together(terms, true),
            Test::Or(terms) => self.together(terms, false).negated(),
            Test::InSet(_, set) if self.set(set).is_some_and(Set::is_empty) => {
                Possible { truth: false, falsehood: true }
            }
            Test::Quantified(quantifier, body) => {
                let range = self.body(body).and_then(|body| self.constant_at(body.range));
                match range {
                    Some(Value::List(list)) if list.is_empty() => {
                        let all = quantifier == Quantifier::All;
                        Possible { truth: all, falsehood: !all }
                    }
                    _ => Possible::EITHER,
                }
            }
            Test::Equal(..) | Test::Order(..) | Test::OrderInt(..) => {
                self.comparison(at).map_or(Possible::EITHER, |comparison| self.within_bounds(&comparison))
            }
            _ => Possible::EITHER,
        }
    }

    fn chosen(&self, condition: At, then: At, otherwise: At) -> Possible {
        let condition = self.possible(condition);
        match (condition.truth, condition.falsehood) {
            (true, false) => self.possible(then),
            (false, true) => self.possible(otherwise),
            _ => self.possible(then).or(self.possible(otherwise)),
        }
    }

    /// What the conjunction of terms may yield, each taken as it is or negated: a disjunction is the negation of
    /// the conjunction of its negated terms.
    fn together(&self, terms: Operands, polarity: bool) -> Possible {
        let mut literals = Vec::new();
        self.flatten(terms, polarity, &mut literals);
        let possible = |(at, polarity): &(At, bool)| {
            let possible = self.possible(*at);
            if *polarity { possible } else { possible.negated() }
        };
        let pairs = literals.iter().take(MAX_TERMS).enumerate();
        let contradicted = pairs
            .flat_map(|(index, one)| literals.iter().take(index).map(move |other| (one, other)))
            .any(|(one, other)| self.contradict(*one, *other));
        Possible {
            truth: !contradicted && literals.iter().all(|literal| possible(literal).truth),
            falsehood: literals.iter().any(|literal| possible(literal).falsehood),
        }
    }

    /// The terms of a conjunction and of those within it; negations become polarities.
    fn flatten(&self, terms: Operands, polarity: bool, literals: &mut Vec<(At, bool)>) {
        for term in self.operands(terms) {
            let (mut at, mut holds) = (*term, polarity);
            while let Some(Op::Test(Test::Not(inner))) = self.op(at) {
                (at, holds) = (inner, !holds);
            }
            match (self.op(at), holds) {
                (Some(Op::Test(Test::And(terms))), true) | (Some(Op::Test(Test::Or(terms))), false) => {
                    self.flatten(terms, holds, literals);
                }
                _ => literals.push((at, holds)),
            }
        }
    }

    fn contradict(&self, (one, one_holds): (At, bool), (other, other_holds): (At, bool)) -> bool {
        if one_holds != other_holds {
            return self.same(one, other);
        }
        // A comparison that does not hold says nothing of its opposite: with NaN neither does.
        one_holds && self.exclude(one, other)
    }

    /// `x == 1 && x == 2`, `x < 1 && x > 5`.
    fn exclude(&self, one: At, other: At) -> bool {
        if let (Some(Op::Test(Test::EqualText(one, text))), Some(Op::Test(Test::EqualText(other, others)))) =
            (self.op(one), self.op(other))
        {
            return text != others && self.same(one, other);
        }
        let (Some(one), Some(other)) = (self.comparison(one), self.comparison(other)) else { return false };
        self.same(one.subject, other.subject) && (one.misses(&other) || other.misses(&one))
    }
}
