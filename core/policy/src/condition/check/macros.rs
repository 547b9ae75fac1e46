//! Macros: the parser has already written them out as folds; their shapes are recognised here and become loops
//! that stop early and build no accumulator.

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{Checker, MAX_LOOPS, Typed};
use crate::condition::fault::FaultKind;
use crate::condition::functions::Function;
use crate::condition::network::Networks;
use crate::condition::program::{At, Loop, Op, Quantifier, Test};
use crate::condition::value::List;
use crate::condition::variables::{Fact, OBJECTS, Variable};
use crate::condition::{ConditionFault, Scope, Type, Value};

/// What a fold was before it was written out.
enum Shape<'t> {
    Quantified(Quantifier, &'t IdedExpr),
    Collect { predicate: Option<&'t IdedExpr>, transform: &'t IdedExpr },
}

impl Checker<'_> {
    pub(super) fn comprehension(&mut self, id: u64, fold: &ComprehensionExpr) -> Typed {
        let Some(shape) = shape(fold) else {
            return self
                .fault(id, ConditionFault::new(FaultKind::Unsupported, "this macro is not supported"));
        };
        let variable = fold.iter_var.as_str();
        let known = OBJECTS.iter().any(|(object, _)| *object == variable) || variable == "conditions";
        if known && !matches!(self.scope, Scope::Dynamic(_)) {
            let message = format!("the variable `{variable}` would hide what conditions see under that name");
            return self.fault(id, ConditionFault::new(FaultKind::Type, message));
        }
        if self.loops.len() >= MAX_LOOPS {
            let message = format!("macros are nested more than {MAX_LOOPS} deep");
            return self.fault(id, ConditionFault::new(FaultKind::TooDeep, message));
        }
        let range = match self.names_of(&fold.iter_range) {
            Some(names) => names,
            None => self.expression(&fold.iter_range),
        };
        let element = match &range.type_ {
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) => (**key).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("a macro goes over a list or a map, not over {other}");
                return self.fault(id, ConditionFault::new(FaultKind::Type, message));
            }
        };
        self.loops.push((variable.to_owned(), element));
        let typed = match shape {
            Shape::Quantified(quantifier, predicate) => self.quantified(id, quantifier, range.at, predicate),
            Shape::Collect { predicate, transform } => self.collect(id, range.at, predicate, transform),
        };
        self.loops.pop();
        typed
    }

    /// The names of `request.headers` and its like, when they stand as a whole: no value is read.
    pub(super) fn names_of(&mut self, map: &IdedExpr) -> Option<Typed> {
        match self.variable(map)? {
            Variable::Entries(entries) | Variable::Every(entries) => {
                Some(self.push(Op::Names(entries), Type::list(Type::String)))
            }
            Variable::Fact(_) => None,
        }
    }

    fn quantified(&mut self, id: u64, quantifier: Quantifier, range: At, predicate: &IdedExpr) -> Typed {
        let predicate = self.expression(predicate);
        self.demand(id, &predicate, &Type::Bool, "what a macro tests");
        if let Some(networks) = self.any_network(quantifier, range, predicate.at) {
            return networks;
        }
        let body = Loop { range, predicate: Some(predicate.at), transform: None };
        let body = self.program.push_loop(body);
        self.test(Test::Quantified(quantifier, body))
    }

    fn collect(&mut self, id: u64, range: At, predicate: Option<&IdedExpr>, transform: &IdedExpr) -> Typed {
        let predicate = predicate.map(|predicate| {
            let predicate = self.expression(predicate);
            self.demand(id, &predicate, &Type::Bool, "what a macro tests");
            predicate.at
        });
        let transform = self.expression(transform);
        let body = Loop { range, predicate, transform: Some(transform.at) };
        let body = self.program.push_loop(body);
        self.push(Op::Collect(body), Type::list(transform.type_))
    }

    /// `[cidr("…"), …].exists(network, network.containsIP(source.ip))` becomes one lookup.
    fn any_network(&mut self, quantifier: Quantifier, range: At, predicate: At) -> Option<Typed> {
        let Some(Op::Call(Function::ContainsIp, operands)) = self.program.op(predicate) else { return None };
        let &[network, address] = self.program.operands(operands) else { return None };
        let over_network = matches!(self.program.op(network), Some(Op::Local(0)));
        let Some(Op::Fact(Fact::SourceIp)) = self.program.op(address) else { return None };
        let Some(Value::List(List::Owned(list))) = self.program.constant_at(range) else { return None };
        if quantifier != Quantifier::Exists || !over_network {
            return None;
        }
        let mut networks = Networks::default();
        for element in list.iter() {
            let Value::Cidr(network) = element else { return None };
            networks.insert(network);
        }
        let networks = self.program.push_networks(networks);
        Some(self.test(Test::InNetworks(address, networks)))
    }
}

fn shape(fold: &ComprehensionExpr) -> Option<Shape<'_>> {
    if fold.iter_var2.is_some() {
        return None;
    }
    let Expr::Call(step) = &fold.loop_step.expr else { return None };
    match (step.func_name.as_str(), step.args.as_slice(), &fold.accu_init.expr) {
        (operators::LOGICAL_AND, [_, predicate], Expr::Literal(LiteralValue::Boolean(_))) => {
            Some(Shape::Quantified(Quantifier::All, predicate))
        }
        (operators::LOGICAL_OR, [_, predicate], Expr::Literal(LiteralValue::Boolean(_))) => {
            Some(Shape::Quantified(Quantifier::Exists, predicate))
        }
        (operators::CONDITIONAL, [predicate, _, _], Expr::Literal(LiteralValue::Int(_))) => {
            Some(Shape::Quantified(Quantifier::ExistsOne, predicate))
        }
        (operators::CONDITIONAL, [predicate, then, _], Expr::List(_)) => {
            let Expr::Call(append) = &then.expr else { return None };
            Some(Shape::Collect { predicate: Some(predicate), transform: appended(&append.args)? })
        }
        (operators::ADD, operands, Expr::List(_)) => {
            Some(Shape::Collect { predicate: None, transform: appended(operands)? })
        }
        _ => None,
    }
}

/// The `x` of `@result + [x]`.
fn appended(operands: &[IdedExpr]) -> Option<&IdedExpr> {
    match operands {
        [_, IdedExpr { expr: Expr::List(list), .. }] => list.elements.first(),
        _ => None,
    }
}
