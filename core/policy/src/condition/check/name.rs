//! Names: variables of the call, of loops, of the caller; members of maps; `has()`.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, SelectExpr};
use spangate_document::suggestion;

use super::guard::{Guard, Guards};
use super::{Checker, Inlined, Typed};
use crate::condition::fault::FaultKind;
use crate::condition::program::{Op, Test};
use crate::condition::variables::{Entries, Fact, OBJECTS, Variable};
use crate::condition::{ConditionFault, Scope, Type, Value, syntax};

/// Types as values: `type(x) == int`.
const TYPE_NAMES: &[&str] =
    &["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// Those with dots in their names.
const QUALIFIED_TYPE_NAMES: &[&str] =
    &["google.protobuf.Duration", "google.protobuf.Timestamp", "net.CIDR", "net.IP"];

impl Checker<'_> {
    pub(super) fn identifier(&mut self, expression: u64, name: &str) -> Typed {
        if let Some((out, (_, type_))) =
            self.loops.iter().rev().enumerate().find(|(_, (known, _))| known == name)
        {
            let type_ = type_.clone();
            return self.push(Op::Local(u32::try_from(out).unwrap_or(u32::MAX)), type_);
        }
        // `.x` is the outermost `x`, whatever loops call theirs so.
        let name = name.trim_start_matches('.');
        if let Some(bound) = self.binding(name) {
            return bound;
        }
        if let Some(name) = TYPE_NAMES.iter().find(|known| **known == name) {
            return self.constant(Value::Type(name), Type::Type);
        }
        let fault = match OBJECTS.iter().find(|(object, _)| *object == name) {
            Some((_, fields)) if self.sees(name) => {
                let fields: Vec<_> = fields.iter().map(|(field, _)| format!("`{name}.{field}`")).collect();
                ConditionFault::new(FaultKind::Type, format!("`{name}` is no value of its own"))
                    .help(format!("read one of {}", fields.join(", ")))
            }
            _ => self.unknown_variable(name),
        };
        self.fault(expression, fault)
    }

    /// A caller's own variable.
    fn binding(&mut self, name: &str) -> Option<Typed> {
        let Scope::Dynamic(names) = self.scope else { return None };
        names.iter().any(|known| known == name).then(|| {
            let slot = self.program.intern(name);
            self.push(Op::Binding(slot), Type::Dyn)
        })
    }

    fn unknown_variable(&self, name: &str) -> ConditionFault {
        let fault = ConditionFault::new(FaultKind::UnknownVariable, format!("unknown variable `{name}`"));
        if *self.scope == Scope::Identity && OBJECTS.iter().any(|(object, _)| *object == name) {
            return ConditionFault::new(FaultKind::UnknownVariable, format!("`{name}` is not known here"))
                .help("roles see `auth` alone");
        }
        if name == "response" {
            return fault.help("only steps on the way back see the response");
        }
        let known: Vec<&str> = match self.scope {
            Scope::Dynamic(names) => names.iter().map(String::as_str).collect(),
            _ => OBJECTS.iter().map(|(object, _)| *object).filter(|object| self.sees(object)).collect(),
        };
        let loops = self.loops.iter().map(|(name, _)| name.as_str());
        match suggestion(name, known.iter().copied().chain(loops)) {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None if known.is_empty() => fault,
            None => fault.help(format!(
                "known are {}",
                known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )),
        }
    }

    fn sees(&self, object: &str) -> bool {
        match self.scope {
            Scope::Request => object != "response",
            Scope::Response => true,
            Scope::Identity => object == "auth",
            Scope::Dynamic(_) => false,
        }
    }

    /// `request.method`: a variable that the scope declares, and that no loop's variable hides.
    pub(super) fn variable(&self, tree: &IdedExpr) -> Option<Variable> {
        match &tree.expr {
            Expr::Select(select) if !select.test => self.field(&select.operand, &select.field),
            _ => None,
        }
    }

    pub(super) fn field(&self, operand: &IdedExpr, field: &str) -> Option<Variable> {
        let (_, fields) = self.object(operand)?;
        fields.iter().find(|(name, _)| *name == field).map(|(_, variable)| *variable)
    }

    fn object(&self, tree: &IdedExpr) -> Option<(&'static str, &'static [(&'static str, Variable)])> {
        let Expr::Ident(name) = &tree.expr else { return None };
        let hidden = self.loops.iter().any(|(known, _)| known == name);
        let name = name.trim_start_matches('.');
        OBJECTS.iter().find(|(object, _)| *object == name && !hidden && self.sees(name)).copied()
    }

    pub(super) fn member(&mut self, tree: &IdedExpr) -> Typed {
        let Expr::Select(select) = &tree.expr else {
            return self.fault(tree.id, ConditionFault::new(FaultKind::Syntax, "a name is missing"));
        };
        if let Some((object, fields)) = self.object(&select.operand) {
            return match self.field(&select.operand, &select.field) {
                Some(variable) => self.read(tree.id, variable),
                None => {
                    self.unknown_field(tree.id, object, &select.field, fields.iter().map(|(name, _)| *name))
                }
            };
        }
        if let Expr::Ident(name) = &select.operand.expr
            && name == "conditions"
            && self.loops.iter().all(|(known, _)| known != name)
            && !matches!(self.scope, Scope::Dynamic(_))
        {
            return self.named(tree.id, &select.field);
        }
        if let Some(name) = self.qualified(tree) {
            if let Some(bound) = self.binding(&name) {
                return bound;
            }
            if let Some(name) = QUALIFIED_TYPE_NAMES.iter().find(|known| **known == name) {
                return self.constant(Value::Type(name), Type::Type);
            }
        }
        if let Some(Variable::Entries(entries)) = self.variable(&select.operand) {
            return self.entry(tree.id, entries, &select.field);
        }
        if let Some(Variable::Every(entries)) = self.variable(&select.operand) {
            let name = self.program.intern(&spelled(entries, &select.field));
            return self.push(Op::Every(entries, name), Type::list(Type::String));
        }
        let operand = self.expression(&select.operand);
        let type_ = match &operand.type_ {
            Type::Map(_, value) => (**value).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("a value of type {other} has no member `{}`", select.field);
                return self.fault(tree.id, ConditionFault::new(FaultKind::Type, message));
            }
        };
        let name = self.program.intern(&select.field);
        self.push(Op::Member(operand.at, name), type_)
    }

    fn unknown_field<'n>(
        &mut self,
        expression: u64,
        object: &str,
        field: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> Typed {
        let fault = ConditionFault::new(FaultKind::UnknownField, format!("`{object}` has no `{field}`"));
        let help = match suggestion(field, known.clone()) {
            Some(meant) => format!("did you mean `{object}.{meant}`?"),
            None => {
                format!("it has {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
            }
        };
        self.fault(expression, fault.help(help))
    }

    pub(super) fn read(&mut self, _expression: u64, variable: Variable) -> Typed {
        let op = match variable {
            Variable::Fact(fact) => {
                self.note_identity(fact);
                Op::Fact(fact)
            }
            Variable::Entries(entries) => Op::Entries(entries),
            Variable::Every(entries) => Op::EveryEntry(entries),
        };
        self.push(op, variable.type_())
    }

    fn note_identity(&mut self, fact: Fact) {
        let known = self.guarded(&Guard::Fact(Fact::Authenticated)) || self.guarded(&Guard::Fact(fact));
        self.reads_identity |= fact.needs_identity() && !known;
    }

    /// `request.headers["x"]`, `request.query.x`.
    pub(super) fn entry(&mut self, expression: u64, entries: Entries, name: &str) -> Typed {
        let name = spelled(entries, name);
        if entries != Entries::Parameters && !self.guarded(&Guard::Entry(entries, name.clone())) {
            let code =
                if entries.are_headers() { FaultKind::UnguardedHeader } else { FaultKind::UnguardedQuery };
            let (object, field) = Variable::Entries(entries).path();
            let what = match entries {
                Entries::ResponseHeaders => "an answer",
                Entries::Headers | Entries::Query | Entries::Parameters => "a call",
            };
            let message = format!(
                "{what} without `{object}.{field}[{name:?}]` is refused here: reading it is an error"
            );
            let guard = format!("guard it: `{name:?} in {object}.{field} && …`");
            self.warn(expression, ConditionFault::new(code, message).help(guard));
        }
        let slot = self.program.intern(&name);
        self.push(Op::Entry(entries, slot), Type::String)
    }

    /// `has(x.y)`.
    pub(super) fn presence(&mut self, expression: u64, select: &SelectExpr) -> Typed {
        if let Some((object, fields)) = self.object(&select.operand) {
            return match self.field(&select.operand, &select.field) {
                Some(Variable::Fact(fact)) => self.push(Op::Test(Test::HasFact(fact)), Type::Bool),
                Some(_) => self.constant(Value::Bool(true), Type::Bool),
                None => self.unknown_field(
                    expression,
                    object,
                    &select.field,
                    fields.iter().map(|(name, _)| *name),
                ),
            };
        }
        if let Some(Variable::Entries(entries) | Variable::Every(entries)) = self.variable(&select.operand) {
            let name = self.program.intern(&spelled(entries, &select.field));
            return self.push(Op::Test(Test::HasEntry(entries, name)), Type::Bool);
        }
        let operand = self.expression(&select.operand);
        if !matches!(operand.type_, Type::Map(..) | Type::Dyn) {
            let message = format!("`has()` asks a map for a member, not a value of type {}", operand.type_);
            return self.fault(expression, ConditionFault::new(FaultKind::Type, message));
        }
        let name = self.program.intern(&select.field);
        self.push(Op::Test(Test::HasMember(operand.at, name)), Type::Bool)
    }

    /// `conditions.NAME`, inlined: once a program, however often it is used.
    fn named(&mut self, expression: u64, name: &str) -> Typed {
        if let Some((start, _)) = self.inlining.iter().enumerate().find(|(_, (known, _))| known == name) {
            let mut circle: Vec<_> =
                self.inlining.iter().skip(start).map(|(name, _)| name.as_str()).collect();
            circle.push(name);
            let message = format!("`conditions.{name}` needs itself: {}", circle.join(" → "));
            return self.fault(expression, ConditionFault::new(FaultKind::Cycle, message));
        }
        if let Some(known) = self.inlined.iter().find(|known| known.name == name) {
            self.deepest = self.deepest.max(self.depth + known.height);
            return known.typed.clone();
        }
        let named = self.named;
        let Some(source) = named.source(name) else {
            let fault = ConditionFault::new(
                FaultKind::UnknownCondition,
                format!("unknown condition `conditions.{name}`"),
            );
            let fault = match suggestion(name, named.names()) {
                Some(meant) => fault.help(format!("did you mean `conditions.{meant}`?")),
                None => fault.help("define it under `conditions`"),
            };
            return self.fault(expression, fault);
        };
        let (Ok(tree), false) = (syntax::parse(source), named.is_faulty(name)) else {
            let message = format!("`conditions.{name}` has faults of its own");
            return self.fault(expression, ConditionFault::new(FaultKind::Faulty, message));
        };
        let loops = std::mem::take(&mut self.loops);
        let guards = std::mem::take(&mut self.guards);
        let deepest = std::mem::replace(&mut self.deepest, self.depth);
        self.inlining.push((name.to_owned(), expression));
        let typed = self.expression(&tree);
        self.inlining.pop();
        let height = self.deepest - self.depth;
        self.deepest = self.deepest.max(deepest);
        self.guards = guards;
        self.loops = loops;
        self.inlined.push(Inlined { name: name.to_owned(), typed: typed.clone(), height });
        typed
    }

    /// `a.b.c`, spelled out, if no loop's variable is its root: a binding's name may have dots.
    fn qualified(&self, tree: &IdedExpr) -> Option<String> {
        match &tree.expr {
            Expr::Ident(name) if self.loops.iter().all(|(known, _)| known != name) => {
                Some(name.trim_start_matches('.').to_owned())
            }
            Expr::Select(select) if !select.test => {
                Some(format!("{}.{}", self.qualified(&select.operand)?, select.field))
            }
            _ => None,
        }
    }

    /// Checks a part under what the parts around it make sure of.
    pub(super) fn guarded_by(&mut self, guards: Vec<Guard>, tree: &IdedExpr) -> Typed {
        let around: Guards = std::mem::take(&mut self.guards);
        self.guards = around.with(guards);
        let typed = self.expression(tree);
        self.guards = around;
        typed
    }
}

/// Names of headers are lower case; all others are as they are.
pub(super) fn spelled(entries: Entries, name: &str) -> String {
    if entries.are_headers() { name.to_ascii_lowercase() } else { name.to_owned() }
}

pub(super) fn text_of(literal: &LiteralValue) -> Option<String> {
    match literal {
        LiteralValue::String(text) => Some(text.inner().to_owned()),
        _ => None,
    }
}
