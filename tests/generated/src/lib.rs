//! Calls made up at random over several policies, and always the same ones: what the native engine says of them is
//! what Envoy with the filter must say, and a browser. A document gives the policy, its tokens, and for each part of a
//! call what to choose from; a call is one choice of each.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the documents are our own: one that cannot be read fails every test that rests on it"
)]

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use spangate_document::{Diagnostics, Fields, Node, Path, from_json, from_yaml};
use spangate_policy::Policy;
use spangate_policy::facts::Timestamp;
use spangate_simulation::{Call, Outcome, Request, Simulation, Tokens, public_jwk};

const DOCUMENTS: [&str; 4] = [
    include_str!("../documents/shop.yaml"),
    include_str!("../documents/headers.yaml"),
    include_str!("../documents/origins.yaml"),
    include_str!("../documents/trial.yaml"),
];

/// How many calls of each document all hosts are compared on, and from which seed.
pub const CALLS_COMPARED: usize = 3_000;
pub const SEED: u8 = 7;

/// The document's own issuers have this in place of their keys.
const KEYS: &str = "simulated";

/// A policy and what calls of it are made of.
pub struct Document {
    pub policy: Value,
    pub tokens: Value,
    /// For each part of a call what to choose from.
    parts: Vec<Vec<Choice>>,
    /// Issuers whose keys nobody can fetch.
    pub without_keys: Vec<String>,
}

#[derive(Clone, Debug)]
struct Choice {
    weight: u32,
    /// Members of a call.
    call: Map<String, Value>,
}

/// One call, as the simulation and a test file describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    pub call: Value,
}

/// All documents.
pub fn documents() -> Vec<Document> {
    DOCUMENTS.iter().map(|text| Document::read(text)).collect()
}

impl Document {
    fn read(text: &str) -> Self {
        let document = from_yaml(text).unwrap_or_else(|fault| panic!("{fault}")).to_json();
        let member = |name: &str| document.get(name).cloned().unwrap_or_default();
        let mut policy = member("policy");
        let issuers = policy.get_mut("issuers").and_then(Value::as_object_mut).into_iter().flatten();
        for (name, issuer) in issuers {
            if issuer.get("keys") == Some(&json!(KEYS)) {
                issuer["keys"] = json!({"keys": [public_jwk(name)]});
            }
        }
        let parts = member("parts").as_array().expect("parts").iter().map(choices).collect();
        let without_keys = member("without_keys").as_array().cloned().unwrap_or_default();
        let without_keys = without_keys.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Self { policy, tokens: member("tokens"), parts, without_keys }
    }

    pub fn name(&self) -> &str {
        self.policy.get("name").and_then(Value::as_str).expect("name")
    }

    /// So many calls, the same for the same seed.
    pub fn calls(&self, count: usize, seed: u8) -> Vec<Generated> {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let parts: Vec<_> = self.parts.iter().map(|choices| one_of(choices)).collect();
        let call = parts.prop_map(|members| {
            let mut call = Map::new();
            for more in members {
                merge(&mut call, more);
            }
            Generated { call: Value::Object(call) }
        });
        (0..count).map(|_| call.new_tree(&mut runner).expect("a call").current()).collect()
    }
}

fn choices(part: &Value) -> Vec<Choice> {
    let choice = |choice: &Value| {
        let mut call = choice.as_object().expect("a choice is a map").clone();
        let weight = call.remove("weight").and_then(|weight| weight.as_u64()).unwrap_or(1);
        Choice { weight: u32::try_from(weight).expect("a weight"), call }
    };
    part.as_array().expect("a part is a list").iter().map(choice).collect()
}

fn one_of(choices: &[Choice]) -> impl Strategy<Value = Map<String, Value>> + use<> {
    let weighted =
        choices.iter().map(|choice| (choice.weight, proptest::strategy::Just(choice.call.clone())));
    proptest::strategy::Union::new_weighted(weighted.collect())
}

/// Maps (headers, query) are joined, anything else is replaced.
fn merge(call: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (call.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(value)) => known.extend(value),
            (_, value) => {
                call.insert(name, value);
            }
        }
    }
}

/// What the native engine decides on, prepared once for many calls.
pub struct Native {
    pub policy: Policy,
    tokens: Tokens,
    without_keys: Vec<usize>,
    now: Timestamp,
}

impl Native {
    /// `policy` may be the document's or one made from it.
    pub fn new(document: &Document, policy: &Node, now: Timestamp) -> Self {
        let policy = spangate_policy::load(policy).unwrap_or_else(|faults| panic!("{faults}"));
        let mut faults = Diagnostics::default();
        let node = from_json(&json!({"tokens": document.tokens}).to_string()).expect("JSON");
        let mut fields = Fields::of(&node, Path::root(), &mut faults).expect("a map");
        let tokens = Tokens::read(&mut fields, &policy, &mut faults);
        assert!(!faults.has_errors(), "{faults}");
        let is_without = |name: &String| policy.issuers().iter().position(|issuer| issuer.name == *name);
        let without_keys = document.without_keys.iter().filter_map(is_without).collect();
        Self { policy, tokens, without_keys, now }
    }

    pub fn call(&self, generated: &Generated) -> Call {
        let mut faults = Diagnostics::default();
        let node = from_json(&generated.call.to_string()).expect("JSON");
        let call = Call::read(&node, Path::root(), &self.policy, &self.tokens, &mut faults);
        assert!(!faults.has_errors(), "{faults} in {}", generated.call);
        call.expect("a call")
    }

    /// Decides calls one after another.
    pub fn simulation(&self) -> Simulation<'_> {
        let mut simulation = Simulation::new(&self.policy);
        for issuer in &self.without_keys {
            simulation.host.without_keys(*issuer);
        }
        simulation
    }

    pub fn decide(&self, simulation: &mut Simulation<'_>, generated: &Generated) -> Outcome {
        simulation.decide(&self.call(generated), self.now)
    }

    /// The same call as it is sent over HTTP.
    pub fn request<'c>(&self, call: &'c Call) -> Request<'c> {
        Request::new(call, &self.policy, self.now)
    }
}
