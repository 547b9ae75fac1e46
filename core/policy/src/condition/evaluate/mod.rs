//! Runs a program over a call: lazily, asking the host only for what a reached operation reads, without
//! allocation unless an expression makes something new, and in bounded time. Errors are values here, since `&&`,
//! `||`, `all` and `exists` absorb them as CEL says.

mod arithmetic;
mod conversion;
mod fact;
mod function;
mod loops;
mod network;
mod text;
mod time;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::functions::Function;
use super::pattern::Pattern;
use super::program::{At, Op, Operands, Order, Program, Set, Slot, Test};
use super::value::Map;
use super::variables::Fact;
use super::{ErrorKind, Value};
use crate::facts::Facts;

pub(super) use self::conversion::{is_cidr, is_duration, is_ip, is_timestamp};
pub(super) use self::time::offset;

/// Steps that one evaluation may take: each turn of a loop, each call, each element made, each 64 bytes of text
/// looked through. Some ten milliseconds at the very worst.
const BUDGET: u32 = 100_000;

/// A pattern takes far longer for a byte than a search does.
const STEPS_OF_PATTERN: u32 = 16;

/// Greatest text, in bytes, and greatest list that an expression may make.
const MAX_SIZE: usize = 1 << 20;

/// An error and the operation it came from.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    pub at: At,
}

type Outcome<T> = Result<T, Failure>;

pub struct Evaluation<'f> {
    program: &'f Program,
    facts: Option<&'f dyn Facts>,
    bindings: Option<&'f serde_json::Map<String, serde_json::Value>>,
    /// Elements of the loops around, innermost last.
    locals: Vec<Value<'f>>,
    budget: u32,
}

/// What an operation over constants yields.
pub fn constant(program: &Program, at: At) -> Option<Value<'static>> {
    Evaluation::new(program, None, None).value(at).ok().map(Value::into_static)
}

impl<'f> Evaluation<'f> {
    pub fn new(
        program: &'f Program,
        facts: Option<&'f dyn Facts>,
        bindings: Option<&'f serde_json::Map<String, serde_json::Value>>,
    ) -> Self {
        Self { program, facts, bindings, locals: Vec::new(), budget: BUDGET }
    }

    pub fn boolean(&mut self, at: At) -> Outcome<bool> {
        match self.program.op(at) {
            Some(Op::Test(test)) => self.test(at, test),
            _ => match self.value(at)? {
                Value::Bool(bool) => Ok(bool),
                _ => Err(Failure { kind: ErrorKind::NoSuchOverload, at }),
            },
        }
    }

    pub fn value(&mut self, at: At) -> Outcome<Value<'f>> {
        let fail = |kind| Failure { kind, at };
        let Some(op) = self.program.op(at) else { return Err(fail(ErrorKind::NoSuchOverload)) };
        match op {
            Op::Test(test) => self.test(at, test).map(Value::Bool),
            Op::Constant(slot) => {
                self.program.constant(slot).map(Value::borrow).ok_or(fail(ErrorKind::Absent))
            }
            Op::Fact(fact) => self.fact(fact).map_err(fail),
            Op::Entry(entries, name) => {
                self.entry(entries, self.program.name(name)).map(Value::String).map_err(fail)
            }
            Op::EntryOf(entries, name) => {
                let name = self.text(name)?;
                self.entry_of(entries, &name).map(Value::String).map_err(fail)
            }
            Op::Names(entries) => self.names(entries).map_err(fail),
            Op::Entries(entries) => self.entries(entries).map_err(fail),
            Op::Every(entries, name) => self.every(entries, self.program.name(name)).map_err(fail),
            Op::EveryOf(entries, name) => {
                let name = self.text(name)?;
                self.every(entries, &name).map_err(fail)
            }
            Op::EveryEntry(entries) => self.every_entry(entries).map_err(fail),
            Op::Binding(name) => {
                let bound = self.bindings.and_then(|bindings| bindings.get(self.program.name(name)));
                bound.map(Value::from_json).ok_or(fail(ErrorKind::Absent))
            }
            Op::Local(out) => {
                let index = self.locals.len().checked_sub(1 + out as usize);
                let local = index.and_then(|index| self.locals.get(index));
                local.cloned().ok_or(fail(ErrorKind::Absent))
            }
            Op::Conditional(operands) => match self.program.operands(operands) {
                &[condition, then, otherwise] => {
                    self.spend(at, 1)?;
                    let chosen = if self.boolean(condition)? { then } else { otherwise };
                    self.value(chosen)
                }
                _ => Err(fail(ErrorKind::NoSuchOverload)),
            },
            Op::Negate(inner) => arithmetic::negate(self.value(inner)?).map_err(fail),
            Op::Arithmetic(arithmetic, one, other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                self.spend(at, 1 + weight(&one) + weight(&other))?;
                arithmetic::apply(arithmetic, one, other).map_err(fail)
            }
            Op::Index(of, index) => {
                let (of, index) = (self.value(of)?, self.value(index)?);
                element(&of, &index).map_err(fail)
            }
            Op::Member(of, name) => match self.value(of)? {
                Value::Map(map) => {
                    map.entry(&Value::text(self.program.name(name))).ok_or(fail(ErrorKind::NoSuchKey))
                }
                _ => Err(fail(ErrorKind::NoSuchOverload)),
            },
            Op::List(operands) => {
                let elements = self.program.operands(operands).iter().map(|element| self.value(*element));
                elements.collect::<Outcome<Vec<_>>>().map(Value::list)
            }
            Op::Map(operands) => self.map(at, operands),
            Op::Call(function, operands) => self.call(at, function, operands),
            Op::Collect(body) => self.collect(at, body),
        }
    }

    /// The text of an operation that is known to be a string; the most common ones without the detour of a value.
    fn text(&mut self, at: At) -> Outcome<Cow<'f, str>> {
        let fail = |kind| Failure { kind, at };
        match self.program.op(at) {
            Some(Op::Fact(fact)) => return self.text_fact(fact).map_err(fail),
            Some(Op::Entry(entries, name)) => {
                return self.entry(entries, self.program.name(name)).map_err(fail);
            }
            Some(Op::Constant(slot)) => {
                if let Some(Value::String(text)) = self.program.constant(slot) {
                    return Ok(Cow::Borrowed(text));
                }
            }
            _ => {}
        }
        match self.value(at)? {
            Value::String(text) => Ok(text),
            _ => Err(Failure { kind: ErrorKind::NoSuchOverload, at }),
        }
    }

    /// The figure of an operation that is known to be an int; texts that are read as one and hours of the day without
    /// the detour of a value.
    fn int(&mut self, at: At) -> Outcome<i64> {
        let fail = |kind| Failure { kind, at };
        if let Some(Op::Call(function, operands)) = self.program.op(at)
            && let &[operand] = self.program.operands(operands)
        {
            match (function, self.program.op(operand)) {
                (Function::Int, Some(Op::Entry(..))) => {
                    self.spend(at, 1)?;
                    return self.text(operand)?.parse().map_err(|_| fail(ErrorKind::Conversion));
                }
                (getter, Some(Op::Fact(Fact::Time))) if getter.is_getter() => {
                    self.spend(at, 1)?;
                    let now = self.now().map_err(|kind| Failure { kind, at: operand })?;
                    return time::part(getter, now, 0).map_err(fail);
                }
                _ => {}
            }
        }
        match self.value(at)? {
            Value::Int(int) => Ok(int),
            _ => Err(fail(ErrorKind::NoSuchOverload)),
        }
    }

    fn test(&mut self, at: At, test: Test) -> Outcome<bool> {
        let fail = |kind| Failure { kind, at };
        match test {
            Test::Not(inner) => self.boolean(inner).map(|bool| !bool),
            Test::And(terms) => self.logical(at, terms, false),
            Test::Or(terms) => self.logical(at, terms, true),
            Test::Equal(one, other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                self.spend(at, 1 + weight(&one).min(weight(&other)))?;
                Ok(one.equals(&other))
            }
            Test::EqualText(one, other) => Ok(self.text(one)? == self.program.name(other)),
            Test::Order(order, one, other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                let ordering = one.order(&other).ok_or(fail(ErrorKind::NoSuchOverload))?;
                Ok(ordering.is_some_and(|ordering| holds(order, ordering)))
            }
            Test::OrderInt(order, one, other) => Ok(holds(order, self.int(one)?.cmp(&other))),
            Test::InStrings(element, fact) => {
                let element = self.text(element)?;
                let strings = self.strings_fact(fact).map_err(fail)?;
                self.spend(at, 1 + count(strings.len()))?;
                Ok(strings.iter().any(|string| *string == *element))
            }
            Test::In(element, list) => {
                let (element, list) = (self.value(element)?, self.value(list)?);
                self.spend(at, 1 + weight(&list))?;
                match list {
                    Value::List(list) => Ok(list.contains(&element)),
                    Value::Map(map) => Ok(map.entry(&element).is_some()),
                    _ => Err(fail(ErrorKind::NoSuchOverload)),
                }
            }
            Test::InSet(element, set) => self.in_set(element, set),
            Test::InNetworks(address, networks) => {
                match (self.value(address)?, self.program.networks(networks)) {
                    (Value::Ip(address), Some(networks)) => Ok(networks.contain(address)),
                    _ => Err(fail(ErrorKind::NoSuchOverload)),
                }
            }
            Test::HasFact(fact) => Ok(self.has_fact(fact)),
            Test::HasEntry(entries, name) => self.has_entry(entries, self.program.name(name)).map_err(fail),
            Test::HasEntryOf(entries, name) => {
                let name = self.text(name)?;
                self.has_entry(entries, &name).map_err(fail)
            }
            Test::HasMember(of, name) => match self.value(of)? {
                Value::Map(map) => Ok(map.entry(&Value::text(self.program.name(name))).is_some()),
                _ => Err(fail(ErrorKind::NoSuchOverload)),
            },
            Test::StartsWith(text, part) => Ok(self.text(text)?.starts_with(self.text(part)?.as_ref())),
            Test::EndsWith(text, part) => Ok(self.text(text)?.ends_with(self.text(part)?.as_ref())),
            Test::Contains(text, part) => {
                let (text, part) = (self.text(text)?, self.text(part)?);
                self.spend(at, 1 + bytes(text.len()))?;
                Ok(text.contains(part.as_ref()))
            }
            Test::Matches(text, pattern) => {
                let text = self.text(text)?;
                self.spend(at, 1 + bytes(text.len()).saturating_mul(STEPS_OF_PATTERN))?;
                let pattern = self.program.pattern(pattern).ok_or(fail(ErrorKind::NoSuchOverload))?;
                Ok(pattern.is_match(&text))
            }
            Test::MatchesOf(text, pattern) => {
                let (text, pattern) = (self.text(text)?, self.text(pattern)?);
                self.spend(at, 1 + bytes(text.len()).saturating_mul(STEPS_OF_PATTERN))?;
                let pattern = Pattern::compile(&pattern).map_err(|_| fail(ErrorKind::Conversion))?;
                Ok(pattern.is_match(&text))
            }
            Test::Quantified(quantifier, body) => self.quantified(at, quantifier, body),
        }
    }

    /// The first operand that `settles` it does so, whatever errors stood before; else an error stays one.
    fn logical(&mut self, at: At, terms: Operands, settles: bool) -> Outcome<bool> {
        self.spend(at, 1)?;
        let mut failure = None;
        for term in self.program.operands(terms) {
            match self.boolean(*term) {
                Ok(bool) if bool == settles => return Ok(settles),
                Ok(_) => {}
                Err(error) => absorb(&mut failure, error)?,
            }
        }
        failure.map_or(Ok(!settles), Err)
    }

    #[inline(never)]
    fn in_set(&mut self, element: At, set: Slot) -> Outcome<bool> {
        Ok(match (self.value(element)?, self.program.set(set)) {
            (Value::String(text), Some(Set::Texts(texts))) => texts.contains(text.as_ref()),
            (Value::Int(int), Some(Set::Ints(ints))) => ints.contains(&int),
            _ => return Err(Failure { kind: ErrorKind::NoSuchOverload, at: element }),
        })
    }

    #[inline(never)]
    fn map(&mut self, at: At, operands: Operands) -> Outcome<Value<'f>> {
        let mut entries: Vec<(Value<'f>, Value<'f>)> = Vec::new();
        for pair in self.program.operands(operands).chunks_exact(2) {
            let &[key, value] = pair else { continue };
            let (key, value) = (self.value(key)?, self.value(value)?);
            if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_)) {
                return Err(Failure { kind: ErrorKind::NoSuchOverload, at });
            }
            if entries.iter().any(|(known, _)| known.equals(&key)) {
                return Err(Failure { kind: ErrorKind::RepeatedKey, at });
            }
            entries.push((key, value));
        }
        Ok(Value::map(entries))
    }

    fn spend(&mut self, at: At, steps: u32) -> Outcome<()> {
        match self.budget.checked_sub(steps) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => {
                self.budget = 0;
                Err(Failure { kind: ErrorKind::BudgetExhausted, at })
            }
        }
    }
}

/// Keeps the first error; an exhausted budget ends everything at once.
fn absorb(failure: &mut Option<Failure>, error: Failure) -> Outcome<()> {
    if error.kind == ErrorKind::BudgetExhausted {
        return Err(error);
    }
    failure.get_or_insert(error);
    Ok(())
}

pub(super) fn holds(order: Order, ordering: Ordering) -> bool {
    match order {
        Order::Less => ordering.is_lt(),
        Order::LessOrEqual => ordering.is_le(),
        Order::Greater => ordering.is_gt(),
        Order::GreaterOrEqual => ordering.is_ge(),
    }
}

fn element<'f>(of: &Value<'f>, index: &Value<'f>) -> Result<Value<'f>, ErrorKind> {
    match of {
        Value::List(list) => {
            let position = match index {
                Value::Int(int) => usize::try_from(*int).ok(),
                Value::Uint(uint) => usize::try_from(*uint).ok(),
                Value::Double(double) if double.fract() == 0.0 && *double >= 0.0 => Some(*double as usize),
                Value::Double(_) => None,
                _ => return Err(ErrorKind::NoSuchOverload),
            };
            position.and_then(|position| list.element(position)).ok_or(ErrorKind::OutOfRange)
        }
        Value::Map(map) => map.entry(index).ok_or(ErrorKind::NoSuchKey),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

/// What looking a value through costs.
fn weight(value: &Value<'_>) -> u32 {
    match value {
        Value::String(text) => bytes(text.len()),
        Value::Bytes(all) => bytes(all.len()),
        Value::List(list) => count(list.len()),
        Value::Map(Map::Json(members)) => bytes(members.len()),
        Value::Map(map) => count(map.len()),
        _ => 0,
    }
}

fn bytes(length: usize) -> u32 {
    count(length / 64)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX / 4).min(u32::MAX / 4)
}
