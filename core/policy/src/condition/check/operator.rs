//! Operators: which types each takes, and the shorter operations for the common cases.

use cel::common::ast::{IdedExpr, operators};
use hashbrown::HashSet;

use super::{Checker, Typed};
use crate::condition::fault::FaultKind;
use crate::condition::program::{Arithmetic, At, Op, Order, Set, Test};
use crate::condition::value::List;
use crate::condition::variables::{Fact, Variable};
use crate::condition::{ConditionFault, Type, Value};

impl Checker<'_> {
    /// `None`: it is no operator.
    pub(super) fn operator(&mut self, tree: &IdedExpr, name: &str, operands: &[IdedExpr]) -> Option<Typed> {
        let id = tree.id;
        Some(match (name, operands) {
            (operators::LOGICAL_AND, terms) => self.logical(id, terms, true),
            (operators::LOGICAL_OR, terms) => self.logical(id, terms, false),
            (operators::LOGICAL_NOT, [inner]) => {
                let inner = self.expression(inner);
                self.demand(id, &inner, &Type::Bool, "the operand of `!`");
                self.test(Test::Not(inner.at))
            }
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                self.conditional(id, condition, then, otherwise)
            }
            (operators::NEGATE, [inner]) => self.negate(id, inner),
            (operators::EQUALS, [one, other]) => self.equality(id, one, other),
            (operators::NOT_EQUALS, [one, other]) => {
                let equal = self.equality(id, one, other);
                let equal = self.folded(equal);
                self.test(Test::Not(equal.at))
            }
            (operators::LESS, [one, other]) => self.order(id, Order::Less, one, other),
            (operators::LESS_EQUALS, [one, other]) => self.order(id, Order::LessOrEqual, one, other),
            (operators::GREATER, [one, other]) => self.order(id, Order::Greater, one, other),
            (operators::GREATER_EQUALS, [one, other]) => self.order(id, Order::GreaterOrEqual, one, other),
            (operators::ADD, [one, other]) => self.arithmetic(id, Arithmetic::Add, one, other),
            (operators::SUBSTRACT, [one, other]) => self.arithmetic(id, Arithmetic::Subtract, one, other),
            (operators::MULTIPLY, [one, other]) => self.arithmetic(id, Arithmetic::Multiply, one, other),
            (operators::DIVIDE, [one, other]) => self.arithmetic(id, Arithmetic::Divide, one, other),
            (operators::MODULO, [one, other]) => self.arithmetic(id, Arithmetic::Remainder, one, other),
            (operators::IN, [element, list]) => self.membership(id, element, list),
            (operators::INDEX, [of, index]) => self.index(id, of, index),
            _ => return None,
        })
    }

    pub(super) fn test(&mut self, test: Test) -> Typed {
        self.push(Op::Test(test), Type::Bool)
    }

    fn mismatch(&mut self, expression: u64, operator: &str, one: &Type, other: &Type) -> Typed {
        let message = format!("`{operator}` does not apply to {one} and {other}");
        let mut fault = ConditionFault::new(FaultKind::Type, message);
        if let (Type::Ip, Type::String) | (Type::String, Type::Ip) = (one, other) {
            fault =
                fault.help("compare addresses: `ip(\"192.0.2.1\")`, or networks: `cidr(…).containsIP(…)`");
        }
        self.fault(expression, fault)
    }

    fn logical(&mut self, id: u64, terms: &[IdedExpr], all: bool) -> Typed {
        let guards: Vec<_> = terms.iter().map(|term| self.guards_of(term, all)).collect();
        let mut operands = Vec::with_capacity(terms.len());
        for (index, term) in terms.iter().enumerate() {
            let others = guards.iter().enumerate().filter(|(other, _)| *other != index);
            let others = others.flat_map(|(_, guards)| guards.iter().cloned()).collect();
            let typed = self.guarded_by(others, term);
            self.demand(
                id,
                &typed,
                &Type::Bool,
                if all { "an operand of `&&`" } else { "an operand of `||`" },
            );
            operands.push(typed.at);
        }
        let settles = Value::Bool(!all);
        if operands.iter().any(|operand| self.program.constant_at(*operand) == Some(&settles)) {
            return self.constant(settles, Type::Bool);
        }
        let operands = self.program.push_operands(&operands);
        self.test(if all { Test::And(operands) } else { Test::Or(operands) })
    }

    fn conditional(&mut self, id: u64, condition: &IdedExpr, then: &IdedExpr, otherwise: &IdedExpr) -> Typed {
        let holds = self.guards_of(condition, true);
        let fails = self.guards_of(condition, false);
        let condition = self.expression(condition);
        self.demand(id, &condition, &Type::Bool, "the condition of `?:`");
        let then = self.guarded_by(holds, then);
        let otherwise = self.guarded_by(fails, otherwise);
        let operands = self.program.push_operands(&[condition.at, then.at, otherwise.at]);
        self.push(Op::Conditional(operands), then.type_.join(otherwise.type_))
    }

    fn negate(&mut self, id: u64, inner: &IdedExpr) -> Typed {
        let inner = self.expression(inner);
        if !matches!(inner.type_, Type::Int | Type::Double | Type::Dyn) {
            let message = format!("`-` does not apply to {}", inner.type_);
            return self.fault(id, ConditionFault::new(FaultKind::Type, message));
        }
        self.push(Op::Negate(inner.at), inner.type_)
    }

    fn equality(&mut self, id: u64, one: &IdedExpr, other: &IdedExpr) -> Typed {
        let (one, other) = (self.expression(one), self.expression(other));
        if !one.type_.comparable(&other.type_) {
            return self.mismatch(id, "==", &one.type_, &other.type_);
        }
        let literal = |at: At| match self.program.constant_at(at) {
            Some(Value::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let short = match (literal(one.at), literal(other.at)) {
            (None, Some(text)) if one.type_ == Type::String => Some((one.at, text)),
            (Some(text), None) if other.type_ == Type::String => Some((other.at, text)),
            _ => None,
        };
        match short {
            Some((at, text)) => {
                let text = self.program.intern(&text);
                self.test(Test::EqualText(at, text))
            }
            None => self.test(Test::Equal(one.at, other.at)),
        }
    }

    fn order(&mut self, id: u64, order: Order, one: &IdedExpr, other: &IdedExpr) -> Typed {
        let (one, other) = (self.expression(one), self.expression(other));
        let ordered = |type_: &Type| {
            matches!(
                type_,
                Type::Bool | Type::String | Type::Bytes | Type::Timestamp | Type::Duration | Type::Dyn
            ) || type_.is_numeric()
        };
        let both = one.type_.is_numeric() && other.type_.is_numeric() || one.type_.accepts(&other.type_);
        if !both || !ordered(&one.type_) || !ordered(&other.type_) {
            let sign = match order {
                Order::Less => "<",
                Order::LessOrEqual => "<=",
                Order::Greater => ">",
                Order::GreaterOrEqual => ">=",
            };
            return self.mismatch(id, sign, &one.type_, &other.type_);
        }
        match (self.program.constant_at(one.at), self.program.constant_at(other.at)) {
            (None, Some(&Value::Int(figure))) if one.type_ == Type::Int => {
                self.test(Test::OrderInt(order, one.at, figure))
            }
            (Some(&Value::Int(figure)), None) if other.type_ == Type::Int => {
                self.test(Test::OrderInt(order.turned(), other.at, figure))
            }
            _ => self.test(Test::Order(order, one.at, other.at)),
        }
    }

    fn arithmetic(&mut self, id: u64, arithmetic: Arithmetic, one: &IdedExpr, other: &IdedExpr) -> Typed {
        let (one, other) = (self.expression(one), self.expression(other));
        match result(arithmetic, &one.type_, &other.type_) {
            Some(type_) => self.push(Op::Arithmetic(arithmetic, one.at, other.at), type_),
            None => {
                let sign = match arithmetic {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                    Arithmetic::Divide => "/",
                    Arithmetic::Remainder => "%",
                };
                self.mismatch(id, sign, &one.type_, &other.type_)
            }
        }
    }

    fn membership(&mut self, id: u64, element: &IdedExpr, list: &IdedExpr) -> Typed {
        if let Some(Variable::Entries(entries) | Variable::Every(entries)) = self.variable(list) {
            let name = self.expression(element);
            self.demand(id, &name, &Type::String, "the name of an entry");
            return match self.program.constant_at(name.at) {
                Some(Value::String(text)) => {
                    let name = super::name::spelled(entries, text);
                    let name = self.program.intern(&name);
                    self.test(Test::HasEntry(entries, name))
                }
                _ => self.test(Test::HasEntryOf(entries, name.at)),
            };
        }
        let (element, list) = (self.expression(element), self.expression(list));
        let fits = match &list.type_ {
            Type::List(of) => of.comparable(&element.type_),
            Type::Map(key, _) => key.comparable(&element.type_),
            Type::Dyn => true,
            Type::String if element.type_ == Type::String => {
                let fault = ConditionFault::new(FaultKind::Type, "`in` does not look into a string");
                return self.fault(id, fault.help("use `text.contains(part)`"));
            }
            _ => false,
        };
        if !fits {
            return self.mismatch(id, "in", &element.type_, &list.type_);
        }
        if let (Type::String, Some(Op::Fact(fact @ (Fact::Audience | Fact::Roles | Fact::Scopes)))) =
            (&element.type_, self.program.op(list.at))
        {
            return self.test(Test::InStrings(element.at, fact));
        }
        match self.literals(&element.type_, list.at) {
            Some(set) => {
                let set = self.program.push_set(set);
                self.test(Test::InSet(element.at, set))
            }
            None => self.test(Test::In(element.at, list.at)),
        }
    }

    /// A list of literals of the one type that the element has, so that equality is that of its bits.
    fn literals(&self, element: &Type, list: At) -> Option<Set> {
        let Some(Value::List(List::Owned(literals))) = self.program.constant_at(list) else { return None };
        match element {
            Type::String => {
                let mut texts = HashSet::default();
                for literal in literals.iter() {
                    let Value::String(text) = literal else { return None };
                    texts.insert(text.as_ref().into());
                }
                Some(Set::Texts(texts))
            }
            Type::Int => {
                let mut ints = HashSet::default();
                for literal in literals.iter() {
                    let Value::Int(int) = literal else { return None };
                    ints.insert(*int);
                }
                Some(Set::Ints(ints))
            }
            _ => None,
        }
    }

    fn index(&mut self, id: u64, of: &IdedExpr, index: &IdedExpr) -> Typed {
        if let Some(variable @ (Variable::Entries(entries) | Variable::Every(entries))) = self.variable(of) {
            let name = self.expression(index);
            self.demand(id, &name, &Type::String, "the name of an entry");
            let literal = match self.program.constant_at(name.at) {
                Some(Value::String(text)) => Some(text.to_string()),
                _ => None,
            };
            return match (variable, literal) {
                (Variable::Entries(_), Some(name)) => self.entry(id, entries, &name),
                (Variable::Entries(_), None) => self.push(Op::EntryOf(entries, name.at), Type::String),
                (_, Some(name)) => {
                    let name = self.program.intern(&super::name::spelled(entries, &name));
                    self.push(Op::Every(entries, name), Type::list(Type::String))
                }
                (_, None) => self.push(Op::EveryOf(entries, name.at), Type::list(Type::String)),
            };
        }
        let (of, index) = (self.expression(of), self.expression(index));
        let (fits, type_) = match &of.type_ {
            Type::List(element) => {
                (index.type_.is_numeric() || index.type_ == Type::Dyn, (**element).clone())
            }
            Type::Map(key, value) => (key.comparable(&index.type_), (**value).clone()),
            Type::Dyn => (true, Type::Dyn),
            _ => (false, Type::Dyn),
        };
        if !fits {
            return self.mismatch(id, "[…]", &of.type_, &index.type_);
        }
        self.push(Op::Index(of.at, index.at), type_)
    }
}

/// What an operator makes of two types; with a dynamic one, it is seen when it runs.
fn result(arithmetic: Arithmetic, one: &Type, other: &Type) -> Option<Type> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    match (arithmetic, one, other) {
        (_, Type::Dyn, _) | (_, _, Type::Dyn) => Some(Type::Dyn),
        (Add | Subtract | Multiply | Divide | Remainder, Type::Int, Type::Int) => Some(Type::Int),
        (Add | Subtract | Multiply | Divide | Remainder, Type::Uint, Type::Uint) => Some(Type::Uint),
        (Add | Subtract | Multiply | Divide, Type::Double, Type::Double) => Some(Type::Double),
        (Add, Type::String, Type::String) => Some(Type::String),
        (Add, Type::Bytes, Type::Bytes) => Some(Type::Bytes),
        (Add, Type::List(one), Type::List(other)) => {
            Some(Type::list((**one).clone().join((**other).clone())))
        }
        (Add | Subtract, Type::Timestamp, Type::Duration) | (Add, Type::Duration, Type::Timestamp) => {
            Some(Type::Timestamp)
        }
        (Subtract, Type::Timestamp, Type::Timestamp) | (Add | Subtract, Type::Duration, Type::Duration) => {
            Some(Type::Duration)
        }
        _ => None,
    }
}
