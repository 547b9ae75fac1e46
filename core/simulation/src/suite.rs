//! Test files: calls, and what is expected of them. A test begins with untouched limits and keeps their state
//! for all of its calls.

mod run;
mod unavailable;

use spangate_document::{Diagnostics, Fields, Node, Path, Span};
use spangate_policy::Policy;
use spangate_policy::facts::Timestamp;

use crate::call::Call;
use crate::expectation::Expectation;
use crate::instant::{instant, span};
use crate::token::Tokens;
pub use run::{Failure, TestResult};
pub use unavailable::Unavailable;

/// When calls take place in a file that does not say.
const DEFAULT_TIME: Timestamp = Timestamp { nanoseconds: 1_767_268_800_000_000_000 };

/// The tests of one file.
#[derive(Clone, Debug)]
pub struct Suite {
    pub tests: Vec<Test>,
}

/// One test: calls in a row.
#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    /// Where it stands in the file.
    pub path: Path,
    pub span: Option<Span>,
    at: Timestamp,
    unavailable: Unavailable,
    turns: Vec<Turn>,
}

/// The same call so many times.
#[derive(Clone, Debug)]
struct Turn {
    call: Call,
    span: Option<Span>,
    at: Option<Timestamp>,
    /// Nanoseconds since the call before.
    after: i128,
    repeat: u64,
    /// Nanoseconds from one to the next.
    every: i128,
    /// How many are under way at a time.
    concurrent: u64,
    expectations: Vec<(Expectation, Option<Span>)>,
}

/// Which files a test file speaks of, beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    pub policy: Option<String>,
    pub operations: Vec<String>,
}

impl Files {
    /// Reads nothing else, so that the policy can be read first: the rest of the file is checked against it.
    pub fn read(document: &Node, diagnostics: &mut Diagnostics) -> Self {
        let Some(mut fields) = Fields::of(document, Path::root(), diagnostics) else {
            return Self::default();
        };
        Self {
            policy: fields.demand_string("policy", diagnostics).map(str::to_owned),
            operations: fields
                .strings("operations", diagnostics)
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl Suite {
    /// Whether a document means to be one.
    pub fn is_meant(document: &Node) -> bool {
        document.member("tests").is_some()
    }

    pub fn read(document: &Node, policy: &Policy, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(document, Path::root(), diagnostics)?;
        // Read by `Files` before.
        fields.take("policy");
        fields.take("operations");
        let reader = Reader {
            policy,
            at: instant(&mut fields, "at", diagnostics).unwrap_or(DEFAULT_TIME),
            tokens: Tokens::read(&mut fields, policy, diagnostics),
        };
        let listed = fields.list("tests", diagnostics);
        let tests =
            listed.into_iter().filter_map(|(node, path)| reader.test(node, path, diagnostics)).collect();
        fields.finish(diagnostics);
        Some(Self { tests })
    }
}

/// What all tests of a file share.
struct Reader<'p> {
    policy: &'p Policy,
    at: Timestamp,
    tokens: Tokens,
}

impl Reader<'_> {
    fn test(&self, node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Test> {
        let mut fields = Fields::of(node, path.clone(), diagnostics)?;
        let name = fields.demand_string("name", diagnostics).map(str::to_owned);
        let unavailable = Unavailable::read(&mut fields, self.policy, diagnostics);
        let first = self.turn(&mut fields, diagnostics);
        let mut turns: Vec<Turn> = first.into_iter().collect();
        for (node, path) in fields.list("then", diagnostics) {
            if let Some(mut fields) = Fields::of(node, path, diagnostics) {
                turns.extend(self.turn(&mut fields, diagnostics));
                fields.finish(diagnostics);
            }
        }
        fields.finish(diagnostics);
        Some(Test { name: name?, path, span: node.span, at: self.at, unavailable, turns })
    }

    fn turn(&self, fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Turn> {
        let path = fields.path().member("call");
        let call = fields.demand("call", diagnostics);
        let call = call.and_then(|node| Call::read(node, path, self.policy, &self.tokens, diagnostics));
        let at = instant(fields, "at", diagnostics);
        let after = span(fields, "after", diagnostics).unwrap_or_default();
        let every = span(fields, "every", diagnostics).unwrap_or_default();
        let concurrent = positive(fields, "concurrent", diagnostics);
        let repeat = positive(fields, "repeat", diagnostics);
        let expectations = Expectation::read_all(fields, self.policy, diagnostics);
        let expected: u64 = expectations.iter().map(|(expectation, _)| expectation.times).sum();
        let made = repeat.or(concurrent).unwrap_or(expected);
        // One expectation is for every call.
        if expectations.len() > 1 && expected != made {
            let message = format!("{made} calls are made, and `expect` tells of {expected}");
            diagnostics.push(fields.fault("expect", message).help("the `times` must add up to `repeat`"));
        }
        let call = call?;
        Some(Turn {
            at: at.or(call.at),
            call,
            span: fields.node().span,
            after,
            repeat: made,
            every,
            concurrent: concurrent.unwrap_or(1),
            expectations,
        })
    }
}

fn positive(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> Option<u64> {
    let number = fields.integer_in(name, 1..=1_000_000, diagnostics)?;
    u64::try_from(number).ok()
}
