//! Calls one after another on one host, as a page or a script gives them: a list, one alone, or a document with what
//! they share.

use spangate_document::{Diagnostics, Fields, Node, Path, Value};
use spangate_policy::Policy;
use spangate_policy::facts::Timestamp;

use crate::call::Call;
use crate::instant::instant;
use crate::outcome::Outcome;
use crate::simulation::Simulation;
use crate::suite::Unavailable;
use crate::token::Tokens;

/// Calls in a row, and what is taken away from them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    at: Option<Timestamp>,
    unavailable: Unavailable,
    /// A call that could not be read keeps its place.
    calls: Vec<Option<Call>>,
}

impl Batch {
    /// `[CALL, …]`, `{at, tokens, unavailable, calls: [CALL, …]}`, or what a document of one call is.
    pub fn read(document: &Node, policy: &Policy, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &document.value {
            Value::List(calls) => {
                let calls = calls.iter().map(|call| Call::from_document(call, policy, diagnostics));
                Some(Self { calls: calls.collect(), ..Self::default() })
            }
            Value::Map(_) if document.member("calls").is_some() => {
                let mut fields = Fields::of(document, Path::root(), diagnostics)?;
                let at = instant(&mut fields, "at", diagnostics);
                let tokens = Tokens::read(&mut fields, policy, diagnostics);
                let unavailable = Unavailable::read(&mut fields, policy, diagnostics);
                let calls = fields.list("calls", diagnostics).into_iter();
                let calls =
                    calls.map(|(node, path)| Call::read(node, path, policy, &tokens, diagnostics)).collect();
                fields.finish(diagnostics);
                Some(Self { at, unavailable, calls })
            }
            _ => {
                let call = Call::from_document(document, policy, diagnostics)?;
                Some(Self { calls: vec![Some(call)], ..Self::default() })
            }
        }
    }

    /// What becomes of each; those that do not say when come at `otherwise`.
    pub fn decide(&self, policy: &Policy, otherwise: Timestamp) -> Vec<Option<Outcome>> {
        let mut simulation = Simulation::new(policy);
        self.unavailable.take_away(&mut simulation.host);
        let at = self.at.unwrap_or(otherwise);
        let mut decide = |call: &Call| simulation.decide(call, call.at.unwrap_or(at));
        self.calls.iter().map(|call| call.as_ref().map(&mut decide)).collect()
    }
}
