//! Running a test: its calls are decided in order, and each answer is compared with what is expected of it.

use spangate_document::Span;
use spangate_policy::Policy;
use spangate_policy::facts::Timestamp;

use super::{Test, Turn};
use crate::coverage::Coverage;
use crate::expectation::Expectation;
use crate::simulation::Simulation;

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    pub name: String,
    pub path: String,
    pub span: Option<Span>,
    /// How many calls were decided.
    pub calls: u64,
    /// Absent when all was as expected. A test ends with its first failure.
    pub failure: Option<Failure>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub span: Option<Span>,
    /// What was expected and what was found.
    pub message: String,
}

impl Test {
    /// Makes the calls, and notes in `coverage` which way they went.
    pub fn run(&self, policy: &Policy, coverage: &mut Coverage) -> TestResult {
        let mut simulation = Simulation::new(policy);
        self.unavailable.take_away(&mut simulation.host);
        let (mut now, mut calls, mut failure) = (self.at, 0, None);
        for turn in &self.turns {
            now = turn.at.unwrap_or(later(now, turn.after));
            failure = turn.run(&mut simulation, &mut now, &mut calls, coverage);
            if failure.is_some() {
                break;
            }
        }
        TestResult { name: self.name.clone(), path: self.path.to_string(), span: self.span, calls, failure }
    }
}

impl Turn {
    fn run(
        &self,
        simulation: &mut Simulation<'_>,
        now: &mut Timestamp,
        calls: &mut u64,
        coverage: &mut Coverage,
    ) -> Option<Failure> {
        let mut under_way = Vec::new();
        for number in 0..self.repeat {
            if number > 0 {
                *now = later(*now, self.every);
            }
            if under_way.len() >= usize::try_from(self.concurrent).unwrap_or(usize::MAX) {
                under_way.drain(..).for_each(|call| simulation.end(call));
            }
            let (outcome, call) = simulation.begin(&self.call, *now);
            under_way.push(call);
            *calls += 1;
            coverage.note(&outcome);
            let Some((expectation, span)) = self.expectation(number) else { continue };
            if let Some(message) = expectation.mismatch(&outcome) {
                let message = match self.repeat {
                    1 => message,
                    repeat => format!("call {} of {repeat}: {message}", number + 1),
                };
                return Some(Failure { span: span.or(self.span), message });
            }
        }
        under_way.into_iter().for_each(|call| simulation.end(call));
        None
    }

    /// What is expected of the call with this number. A single expectation is for every call.
    fn expectation(&self, number: u64) -> Option<&(Expectation, Option<Span>)> {
        if let [only] = self.expectations.as_slice() {
            return Some(only);
        }
        let mut before = 0;
        self.expectations.iter().find(|(expectation, _)| {
            before += expectation.times;
            number < before
        })
    }
}

fn later(now: Timestamp, nanoseconds: i128) -> Timestamp {
    Timestamp { nanoseconds: now.nanoseconds.saturating_add(nanoseconds) }
}
