//! What holds for an operation, from everywhere: the steps that apply, in their order, each with where it comes
//! from. For people; a decision goes its own way through the same code.

use crate::policy::{Operation, Policy};
use crate::step::{Code, Step, StepId, StepKind};

/// One step on an operation's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveStep {
    pub step: StepId,
    pub origin: Origin,
    /// How many groups are around it.
    pub depth: usize,
    /// Whether it belongs to the `otherwise` of the innermost.
    pub otherwise: bool,
}

/// Which list of steps a step stands in. They apply in this order, and their response sides in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `cors` is taken out of the order: it comes before all others.
    Preceding,
    Policy,
    Api,
    /// After the operation's roles.
    Operation,
}

impl Policy {
    /// The operation of that name, such as `orders.list_orders`.
    pub fn operation_named(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    pub fn effective(&self, operation: &Operation) -> Vec<EffectiveStep> {
        let none = Code::default();
        let api = self.apis.get(operation.api).map_or(&none, |api| &api.code);
        let preceding = operation.cors.into_iter().map(|step| EffectiveStep {
            step,
            origin: Origin::Preceding,
            depth: 0,
            otherwise: false,
        });
        let lists = [(Origin::Policy, &self.code), (Origin::Api, api), (Origin::Operation, &operation.code)];
        let steps = lists.into_iter().flat_map(|(origin, code)| {
            code.steps().map(move |placed| EffectiveStep {
                step: placed.step,
                origin,
                depth: placed.depth,
                otherwise: placed.otherwise,
            })
        });
        preceding.chain(steps).collect()
    }

    /// The `cache` step that may apply to an operation, the last one where there are several.
    pub fn cache_step(&self, operation: &Operation) -> Option<&Step> {
        let steps = self.effective(operation).into_iter().rev();
        let mut steps = steps.filter_map(|effective| self.step(effective.step));
        steps.find(|step| matches!(step.kind, StepKind::Cache(_)))
    }

    /// Names of the roles of which an operation needs one; none where it is public.
    pub fn roles_of(&self, operation: &Operation) -> impl Iterator<Item = &str> {
        operation.roles.iter().filter_map(|role| Some(self.roles.get(*role)?.name.as_str()))
    }
}
