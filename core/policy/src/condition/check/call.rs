//! Calls: the function and its form are found by name, style and types; literals that can be parsed now are.

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use spangate_document::suggestion;

use super::{Checker, Typed, extension};
use crate::condition::fault::FaultKind;
use crate::condition::functions::{DECLARATIONS, Declaration, Function, Kind, Style};
use crate::condition::pattern::Pattern;
use crate::condition::program::{Op, Test};
use crate::condition::{ConditionFault, ErrorKind, Scope, Type, Value, evaluate};

/// Functions that are checked in a way of their own.
const SPECIAL: &[&str] = &["dyn", "matches"];

/// Names of macros, which take a variable and so are no functions.
const MACROS: &[&str] = &["has", "all", "exists", "exists_one", "existsOne", "map", "filter"];

/// Whether a call of that name is known, as a function, a member or a macro.
pub(in crate::condition) fn is_function(name: &str) -> bool {
    SPECIAL.contains(&name)
        || MACROS.contains(&name)
        || DECLARATIONS.iter().any(|declaration| declaration.name == name)
}

impl Checker<'_> {
    pub(super) fn call(&mut self, tree: &IdedExpr, call: &CallExpr) -> Typed {
        if call.target.is_none()
            && let Some(typed) = self.operator(tree, &call.func_name, &call.args)
        {
            return typed;
        }
        let name = call.func_name.trim_start_matches('.');
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("dyn", None, [inner]) => {
                let inner = self.expression(inner);
                return Typed { type_: Type::Dyn, ..inner };
            }
            ("matches", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
                return self.matches(tree.id, text, pattern);
            }
            ("size", Some(map), []) | ("size", None, [map]) => {
                if let Some(range) = self.names_of(map) {
                    let operands = self.program.push_operands(&[range.at]);
                    return self.push(Op::Call(Function::Size, operands), Type::Int);
                }
            }
            _ => {}
        }
        let spaced = self.spaced(call);
        let (name, target) = match &spaced {
            Some(spaced) => (spaced.as_str(), None),
            None => (name, call.target.as_deref()),
        };
        let style = if target.is_some() { Style::Member } else { Style::Global };
        let arguments: Vec<&IdedExpr> = target.into_iter().chain(&call.args).collect();
        let known = DECLARATIONS.iter().find(|known| known.name == name && known.style == style);
        let Some(declaration) = known else { return self.unknown_function(tree.id, name, call, style) };
        let arguments: Vec<Typed> = arguments.into_iter().map(|argument| self.expression(argument)).collect();
        let Some(result) = form(declaration, &arguments) else {
            let types: Vec<String> = arguments.iter().map(|argument| argument.type_.to_string()).collect();
            let message = format!("`{name}` does not apply to ({})", types.join(", "));
            let forms: Vec<String> = declaration.forms().map(|form| format!("`{form}`")).collect();
            let help = format!("its forms are {}", forms.join(", "));
            return self.fault(tree.id, ConditionFault::new(FaultKind::Type, message).help(help));
        };
        // A caller's own expressions (`eval`) get CEL's error when they run, instead.
        let dynamic = matches!(self.scope, Scope::Dynamic(_));
        let invalid = self.invalid_literal(declaration.function, &arguments);
        if let Some(fault) = invalid.filter(|fault| !dynamic || fault.kind == FaultKind::Unsupported) {
            return self.fault(tree.id, fault);
        }
        self.emit(declaration.function, &arguments, result)
    }

    fn emit(&mut self, function: Function, arguments: &[Typed], result: Type) -> Typed {
        match (function, arguments) {
            (Function::StartsWith, [text, part]) => self.test(Test::StartsWith(text.at, part.at)),
            (Function::EndsWith, [text, part]) => self.test(Test::EndsWith(text.at, part.at)),
            (Function::Contains, [text, part]) => self.test(Test::Contains(text.at, part.at)),
            _ => {
                let operands: Vec<_> = arguments.iter().map(|argument| argument.at).collect();
                let operands = self.program.push_operands(&operands);
                self.push(Op::Call(function, operands), result)
            }
        }
    }

    /// A pattern is compiled now, once. Only a caller's own expression may compute one.
    fn matches(&mut self, id: u64, text: &IdedExpr, pattern: &IdedExpr) -> Typed {
        let text = self.expression(text);
        self.demand(id, &text, &Type::String, "what `matches` looks at");
        let pattern = self.expression(pattern);
        self.demand(id, &pattern, &Type::String, "the pattern of `matches`");
        let dynamic = matches!(self.scope, Scope::Dynamic(_));
        let compiled = match self.program.constant_at(pattern.at) {
            Some(Value::String(source)) => Pattern::compile(source).map_err(|fault| {
                let message = format!("the pattern `{source}` cannot be compiled: {fault}");
                ConditionFault::new(FaultKind::InvalidPattern, message)
            }),
            _ => {
                let message = "the pattern of `matches` is no literal";
                Err(ConditionFault::new(FaultKind::Unsupported, message)
                    .help("patterns are compiled when the policy is loaded"))
            }
        };
        match compiled {
            Ok(pattern) => {
                let pattern = self.program.push_pattern(pattern);
                self.test(Test::Matches(text.at, pattern))
            }
            Err(_) if dynamic => self.test(Test::MatchesOf(text.at, pattern.at)),
            Err(fault) => self.fault(id, fault),
        }
    }

    /// A literal that can never be converted is a fault of the text.
    fn invalid_literal(&self, function: Function, arguments: &[Typed]) -> Option<ConditionFault> {
        use Function::{Cidr, ContainsCidr, ContainsIp, Duration, Ip, Timestamp};
        // `dyn("…")` says that it is to be seen when it runs.
        let literal = |typed: &Typed| match self.program.constant_at(typed.at) {
            Some(Value::String(text)) if typed.type_ == Type::String => Some(text.to_string()),
            _ => None,
        };
        let text = literal(arguments.last()?)?;
        if function.is_getter() {
            return invalid_zone(&text);
        }
        let (what, valid): (_, fn(&str) -> bool) = match (function, arguments) {
            (Ip, [_]) | (ContainsIp, [_, _]) => ("IP address", evaluate::is_ip),
            (Cidr, [_]) | (ContainsCidr, [_, _]) => ("network in CIDR notation", evaluate::is_cidr),
            (Timestamp, [_]) => ("RFC 3339 timestamp", evaluate::is_timestamp),
            (Duration, [_]) => ("duration (such as `1h30m`)", evaluate::is_duration),
            _ => return None,
        };
        if valid(&text) {
            return None;
        }
        Some(ConditionFault::new(FaultKind::InvalidLiteral, format!("`{text}` is no {what}")))
    }

    /// `space.name` of a function that lies in a name space, such as `ip.isCanonical`.
    fn spaced(&self, call: &CallExpr) -> Option<String> {
        match call.target.as_deref().map(|target| &target.expr) {
            Some(Expr::Ident(space)) if !self.is_declared(space) => {
                let name = format!("{}.{}", space.trim_start_matches('.'), call.func_name);
                (is_function(&name) || extension::is_space(space)).then_some(name)
            }
            _ => None,
        }
    }

    fn unknown_function(&mut self, id: u64, name: &str, call: &CallExpr, style: Style) -> Typed {
        if let Some(fault) = extension::unsupported(name, call) {
            return self.fault(id, fault);
        }
        if MACROS.contains(&name) {
            let message = format!("the macro `{name}` is called with the wrong arguments");
            let help = match name {
                "has" => "it is `has(x.member)`".to_owned(),
                "map" => "it is `list.map(variable, expression)`".to_owned(),
                name => format!("it is `list.{name}(variable, condition)`"),
            };
            return self.fault(id, ConditionFault::new(FaultKind::Syntax, message).help(help));
        }
        let fault = ConditionFault::new(FaultKind::UnknownFunction, format!("unknown function `{name}`"));
        let other_style = DECLARATIONS.iter().find(|known| known.name == name && known.style != style);
        let styles = DECLARATIONS.iter().filter(|known| known.style == style).map(|known| known.name);
        let fault = match (other_style, suggestion(name, styles)) {
            (Some(other), _) => {
                let forms: Vec<String> = other.forms().map(|form| format!("`{form}`")).collect();
                fault.help(format!("it is called {}", forms.join(", ")))
            }
            (None, Some(meant)) => fault.help(format!("did you mean `{meant}`?")),
            (None, None) => fault,
        };
        self.fault(id, fault)
    }

    fn is_declared(&self, name: &str) -> bool {
        self.loops.iter().any(|(known, _)| known == name)
            || matches!(self.scope, Scope::Dynamic(names) if names.iter().any(|known| known == name))
    }
}

/// Zones by name are refused as such: they would need a database of their own.
fn invalid_zone(zone: &str) -> Option<ConditionFault> {
    match evaluate::offset(zone) {
        Ok(_) => None,
        Err(ErrorKind::NamedZone) => {
            let message = format!("time zones by name (`{zone}`) are not supported");
            Some(ConditionFault::new(FaultKind::Unsupported, message).help("give an offset: `+02:00`"))
        }
        Err(_) => {
            let message = format!("`{zone}` is no offset from UTC, such as `+02:00`");
            Some(ConditionFault::new(FaultKind::InvalidLiteral, message))
        }
    }
}

/// The result of the first form that takes the arguments; where a dynamic argument leaves several open, their
/// results joined.
fn form(declaration: &Declaration, arguments: &[Typed]) -> Option<Type> {
    let takes = |parameters: &[Kind]| {
        parameters.len() == arguments.len()
            && parameters.iter().zip(arguments).all(|(kind, argument)| kind.type_().accepts(&argument.type_))
    };
    let fitting = declaration.forms.iter().filter(|(parameters, _)| takes(parameters));
    fitting.map(|(_, result)| result.type_()).reduce(Type::join)
}
