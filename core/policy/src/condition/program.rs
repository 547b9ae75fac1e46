//! A compiled expression: one flat arena of operations that refer to each other by index, and tables for what
//! they name. Children stand before their parents; the whole is plain data and may be shared between threads.

use hashbrown::HashSet;

use super::Value;
use super::functions::{self, Function};
use super::network::Networks;
use super::pattern::Pattern;
use super::variables::{Entries, Fact, Variable};

/// The place of an operation in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(u32);

/// The place of an entry in one of a program's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

/// Some of a program's operands, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    start: u32,
    count: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum Op {
    Constant(Slot),
    Fact(Fact),
    /// `request.headers["x"]`: the host is asked for this one.
    Entry(Entries, Slot),
    EntryOf(Entries, At),
    /// The names alone, each once.
    Names(Entries),
    Entries(Entries),
    /// `request.headers_all["x"]`.
    Every(Entries, Slot),
    EveryOf(Entries, At),
    EveryEntry(Entries),
    /// A caller's own variable, in [`Scope::Dynamic`](super::Scope::Dynamic).
    Binding(Slot),
    /// The variable of the loop that lies so many loops further out.
    Local(u32),
    /// Whatever yields a bool.
    Test(Test),
    Conditional(Operands),
    Negate(At),
    Arithmetic(Arithmetic, At, At),
    Index(At, At),
    Member(At, Slot),
    List(Operands),
    /// Keys and values by turns.
    Map(Operands),
    Call(Function, Operands),
    Collect(Slot),
}

#[derive(Clone, Copy, Debug)]
pub enum Test {
    Not(At),
    And(Operands),
    Or(Operands),
    Equal(At, At),
    /// One side is a text that stands in the source, the other is known to be a string.
    EqualText(At, Slot),
    Order(Order, At, At),
    /// One side is known to be an int, the other stands in the source.
    OrderInt(Order, At, i64),
    In(At, At),
    /// A string among those that a call comes with.
    InStrings(At, Fact),
    InSet(At, Slot),
    InNetworks(At, Slot),
    HasFact(Fact),
    HasEntry(Entries, Slot),
    HasEntryOf(Entries, At),
    HasMember(At, Slot),
    StartsWith(At, At),
    EndsWith(At, At),
    Contains(At, At),
    Matches(At, Slot),
    /// With a pattern that a caller's own expression computes.
    MatchesOf(At, At),
    Quantified(Quantifier, Slot),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// With its sides exchanged.
    pub fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    All,
    Exists,
    ExistsOne,
}

/// A macro's loop: over a list's elements or a map's keys.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    pub range: At,
    pub predicate: Option<At>,
    /// What `map` makes of an element; `filter` keeps it as it is.
    pub transform: Option<At>,
}

/// The literals of `x in […]`.
#[derive(Clone, Debug)]
pub enum Set {
    Texts(HashSet<Box<str>, foldhash::fast::FixedState>),
    Ints(HashSet<i64, foldhash::fast::FixedState>),
}

impl Set {
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.is_empty(),
            Self::Ints(ints) => ints.is_empty(),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Program {
    ops: Vec<Op>,
    operands: Vec<At>,
    constants: Vec<Value<'static>>,
    names: Vec<Box<str>>,
    sets: Vec<Set>,
    networks: Vec<Networks>,
    patterns: Vec<Pattern>,
    loops: Vec<Loop>,
}

/// Tables are bounded by the length of a source, far below `u32::MAX`.
fn next(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Program {
    pub fn push(&mut self, op: Op) -> At {
        self.ops.push(op);
        At(next(self.ops.len().saturating_sub(1)))
    }

    pub fn push_operands(&mut self, operands: &[At]) -> Operands {
        let start = next(self.operands.len());
        self.operands.extend_from_slice(operands);
        Operands { start, count: next(operands.len()) }
    }

    pub fn push_constant(&mut self, value: Value<'static>) -> At {
        self.constants.push(value);
        let slot = Slot(next(self.constants.len().saturating_sub(1)));
        self.push(Op::Constant(slot))
    }

    /// Each name once, however often it is used.
    pub fn intern(&mut self, name: &str) -> Slot {
        let known = self.names.iter().position(|known| known.as_ref() == name);
        Slot(next(known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len().saturating_sub(1)
        })))
    }

    pub fn push_set(&mut self, set: Set) -> Slot {
        self.sets.push(set);
        Slot(next(self.sets.len().saturating_sub(1)))
    }

    pub fn push_networks(&mut self, networks: Networks) -> Slot {
        self.networks.push(networks);
        Slot(next(self.networks.len().saturating_sub(1)))
    }

    pub fn push_pattern(&mut self, pattern: Pattern) -> Slot {
        self.patterns.push(pattern);
        Slot(next(self.patterns.len().saturating_sub(1)))
    }

    pub fn push_loop(&mut self, body: Loop) -> Slot {
        self.loops.push(body);
        Slot(next(self.loops.len().saturating_sub(1)))
    }

    pub fn op(&self, at: At) -> Option<Op> {
        self.ops.get(at.0 as usize).copied()
    }

    pub fn operands(&self, range: Operands) -> &[At] {
        let start = range.start as usize;
        self.operands.get(start..start.saturating_add(range.count as usize)).unwrap_or_default()
    }

    pub fn name(&self, slot: Slot) -> &str {
        self.names.get(slot.0 as usize).map_or("", AsRef::as_ref)
    }

    pub fn constant(&self, slot: Slot) -> Option<&Value<'static>> {
        self.constants.get(slot.0 as usize)
    }

    /// The value of an operation that is a constant.
    pub fn constant_at(&self, at: At) -> Option<&Value<'static>> {
        match self.op(at)? {
            Op::Constant(slot) => self.constant(slot),
            _ => None,
        }
    }

    pub fn set(&self, slot: Slot) -> Option<&Set> {
        self.sets.get(slot.0 as usize)
    }

    pub fn networks(&self, slot: Slot) -> Option<&Networks> {
        self.networks.get(slot.0 as usize)
    }

    pub fn pattern(&self, slot: Slot) -> Option<&Pattern> {
        self.patterns.get(slot.0 as usize)
    }

    pub fn body(&self, slot: Slot) -> Option<&Loop> {
        self.loops.get(slot.0 as usize)
    }

    /// What a log may say of an operation: words of the policy, never values of the call.
    pub fn describe(&self, at: At) -> String {
        let entry = |entries: Variable, name: Slot| {
            let (object, field) = entries.path();
            format!("{object}.{field}[{:?}]", self.name(name))
        };
        let variable = |variable: Variable| {
            let (object, field) = variable.path();
            format!("{object}.{field}")
        };
        match self.op(at) {
            Some(Op::Fact(fact) | Op::Test(Test::InStrings(_, fact))) => variable(Variable::Fact(fact)),
            Some(Op::Entry(entries, name)) => entry(Variable::Entries(entries), name),
            Some(Op::Every(entries, name)) => entry(Variable::Every(entries), name),
            Some(Op::EntryOf(entries, _) | Op::Entries(entries) | Op::Names(entries)) => {
                variable(Variable::Entries(entries))
            }
            Some(Op::EveryOf(entries, _) | Op::EveryEntry(entries)) => variable(Variable::Every(entries)),
            Some(Op::Binding(name)) => self.name(name).to_owned(),
            Some(Op::Call(function, _)) => format!("{}()", functions::name(function)),
            Some(Op::Arithmetic(arithmetic, _, _)) => match arithmetic {
                Arithmetic::Add => "_ + _",
                Arithmetic::Subtract => "_ - _",
                Arithmetic::Multiply => "_ * _",
                Arithmetic::Divide => "_ / _",
                Arithmetic::Remainder => "_ % _",
            }
            .to_owned(),
            Some(Op::Negate(_)) => "-_".to_owned(),
            Some(Op::Member(_, name)) => format!("_.{}", self.name(name)),
            Some(Op::Index(_, _)) => "_[_]".to_owned(),
            Some(Op::Map(_)) => "{…}".to_owned(),
            Some(Op::Test(Test::Matches(..) | Test::MatchesOf(..))) => "matches()".to_owned(),
            Some(Op::Test(Test::Order(..) | Test::OrderInt(..))) => "a comparison".to_owned(),
            Some(Op::Test(Test::Quantified(..)) | Op::Collect(_)) => "a macro".to_owned(),
            Some(Op::Test(Test::And(_) | Test::Or(_))) => "a logical operator".to_owned(),
            _ => "an expression".to_owned(),
        }
    }
}
