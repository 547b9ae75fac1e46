//! From the parser's tree to a typed program: every name is resolved, every type is checked, what is constant is
//! computed here and now. All faults of a text are found in one pass; what has a fault counts as dynamic, so that
//! it causes no second one.

mod call;
mod extension;
mod guard;
mod literal;
mod macros;
mod name;
mod operator;

use cel::common::ast::{Expr, IdedExpr};

pub(super) use self::call::is_function;
use self::guard::{Guard, Guards};
use super::fault::FaultKind;
use super::program::{At, Op, Program};
use super::{ConditionFault, Conditions, Scope, Type, Value, evaluate, syntax};

/// Deepest program, named conditions inlined. The checker and the evaluator recurse as deep; the stack of a wasm
/// module is 1 MiB.
const MAX_TREE: usize = 128;

/// Loops within loops; each level multiplies the steps.
const MAX_LOOPS: usize = 4;

/// A checked expression.
#[derive(Clone, Debug)]
struct Typed {
    at: At,
    type_: Type,
}

pub(super) struct Checker<'c> {
    program: Program,
    scope: &'c Scope,
    named: &'c Conditions,
    faults: Vec<(u64, ConditionFault)>,
    warnings: Vec<(u64, ConditionFault)>,
    /// Variables of the loops around, innermost last.
    loops: Vec<(String, Type)>,
    guards: Guards,
    /// Named conditions that are being inlined, outermost first, each with its place in the source.
    inlining: Vec<(String, u64)>,
    inlined: Vec<Inlined>,
    depth: usize,
    deepest: usize,
    reads_identity: bool,
}

/// A named condition that is part of the program, and how deep it is itself.
struct Inlined {
    name: String,
    typed: Typed,
    height: usize,
}

/// What a checked source amounts to.
pub(super) struct Checked {
    pub program: Program,
    pub root: At,
    pub type_: Type,
    pub warnings: Vec<ConditionFault>,
    pub uses: Vec<String>,
    pub reads_identity: bool,
}

pub(super) fn check(
    source: &str,
    scope: &Scope,
    named: &Conditions,
    name: Option<&str>,
) -> Result<Checked, Vec<ConditionFault>> {
    let tree = syntax::parse(source)?;
    let mut checker = Checker {
        program: Program::default(),
        scope,
        named,
        faults: Vec::new(),
        warnings: Vec::new(),
        loops: Vec::new(),
        guards: Guards::default(),
        inlining: name.map(|name| (name.to_owned(), 0)).into_iter().collect(),
        inlined: Vec::new(),
        depth: 0,
        deepest: 0,
        reads_identity: false,
    };
    let Typed { at: root, type_ } = checker.expression(&tree);
    if checker.deepest > MAX_TREE {
        let message = format!("the condition is nested more than {MAX_TREE} deep");
        checker.faults.push((tree.id, ConditionFault::new(FaultKind::TooDeep, message)));
    }
    let Checker { program, faults, warnings, inlined, reads_identity, .. } = checker;
    if faults.is_empty() {
        let uses = inlined.into_iter().map(|inlined| inlined.name).collect();
        return Ok(Checked {
            program,
            root,
            type_,
            warnings: placed(source, warnings),
            uses,
            reads_identity,
        });
    }
    Err(placed(source, faults))
}

fn placed(source: &str, faults: Vec<(u64, ConditionFault)>) -> Vec<ConditionFault> {
    if faults.is_empty() {
        return Vec::new();
    }
    let places = syntax::Places::of(source);
    let mut placed: Vec<ConditionFault> = Vec::with_capacity(faults.len());
    for (expression, fault) in faults {
        let fault = ConditionFault { offset: places.offset(source, expression), ..fault };
        let after = placed.partition_point(|known| known.offset <= fault.offset);
        placed.insert(after, fault);
    }
    placed.dedup();
    placed
}

impl Checker<'_> {
    fn expression(&mut self, tree: &IdedExpr) -> Typed {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        // Beyond the bound one fault is told, at the end.
        let typed = if self.depth > MAX_TREE {
            self.constant(Value::Null, Type::Dyn)
        } else {
            let typed = self.typed(tree);
            self.folded(typed)
        };
        self.depth -= 1;
        typed
    }

    fn typed(&mut self, tree: &IdedExpr) -> Typed {
        match &tree.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) => self.identifier(tree.id, name),
            Expr::Select(select) if select.test => self.presence(tree.id, select),
            Expr::Select(_) => self.member(tree),
            Expr::Call(call) => self.call(tree, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(tree.id, map),
            Expr::Comprehension(comprehension) => self.comprehension(tree.id, comprehension),
            Expr::Struct(message) => {
                let message =
                    format!("`{}{{…}}` makes a message, which conditions have not", message.type_name);
                self.fault(tree.id, ConditionFault::new(FaultKind::Unsupported, message))
            }
            Expr::Unspecified => {
                self.fault(tree.id, ConditionFault::new(FaultKind::Syntax, "an expression is missing"))
            }
        }
    }

    fn push(&mut self, op: Op, type_: Type) -> Typed {
        Typed { at: self.program.push(op), type_ }
    }

    fn constant(&mut self, value: Value<'static>, type_: Type) -> Typed {
        Typed { at: self.program.push_constant(value), type_ }
    }

    /// Records a fault; what stands in its place fits everywhere.
    fn fault(&mut self, expression: u64, fault: ConditionFault) -> Typed {
        self.report(expression, fault);
        self.constant(Value::Null, Type::Dyn)
    }

    /// A fault within a named condition is placed where the condition is used.
    fn report(&mut self, expression: u64, mut fault: ConditionFault) {
        let mut expression = expression;
        // The first is the one that is being defined, when there is a place 0; its faults are its own.
        if let Some((name, place)) = self.inlining.iter().find(|(_, place)| *place != 0) {
            expression = *place;
            fault.message = format!("in `conditions.{name}`: {}", fault.message);
        }
        self.faults.push((expression, fault));
    }

    /// A warning belongs to the text in which it stands: a named condition warns where it is defined.
    fn warn(&mut self, expression: u64, fault: ConditionFault) {
        if self.inlining.iter().all(|(_, place)| *place == 0) {
            self.warnings.push((expression, fault));
        }
    }

    fn demand(&mut self, expression: u64, typed: &Typed, type_: &Type, what: &str) -> bool {
        let fits = type_.accepts(&typed.type_);
        if !fits {
            let message = format!("{what} must be {type_}, not {}", typed.type_);
            self.report(expression, ConditionFault::new(FaultKind::Type, message));
        }
        fits
    }

    /// An operation over constants alone is computed now. One that errs is left to err when it is evaluated:
    /// CEL lets `false && 1/0 == 1` be false.
    fn folded(&mut self, typed: Typed) -> Typed {
        if !self.is_foldable(typed.at) {
            return typed;
        }
        match evaluate::constant(&self.program, typed.at) {
            Some(value) => self.constant(value, typed.type_),
            None => typed,
        }
    }

    fn is_foldable(&self, at: At) -> bool {
        use super::program::Test;
        let constant = |at: &At| self.program.constant_at(*at).is_some();
        match self.program.op(at) {
            Some(Op::Arithmetic(_, one, other) | Op::Index(one, other)) => constant(&one) && constant(&other),
            Some(Op::Negate(one) | Op::Member(one, _)) => constant(&one),
            Some(
                Op::List(operands)
                | Op::Map(operands)
                | Op::Call(_, operands)
                | Op::Conditional(operands)
                | Op::Test(Test::And(operands) | Test::Or(operands)),
            ) => self.program.operands(operands).iter().all(constant),
            Some(Op::Test(test)) => match test {
                Test::Not(one)
                | Test::EqualText(one, _)
                | Test::InSet(one, _)
                | Test::InNetworks(one, _)
                | Test::HasMember(one, _)
                | Test::Matches(one, _) => constant(&one),
                Test::Equal(one, other)
                | Test::Order(_, one, other)
                | Test::MatchesOf(one, other)
                | Test::In(one, other)
                | Test::StartsWith(one, other)
                | Test::EndsWith(one, other)
                | Test::Contains(one, other) => constant(&one) && constant(&other),
                _ => false,
            },
            _ => false,
        }
    }

    fn guarded(&self, guard: &Guard) -> bool {
        self.guards.hold(guard)
    }
}
