//! Calls: the function and its form are found by name, style and types; literals that can be parsed now are.

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use regex_lite::RegexBuilder;
use spangate_document::suggestion;

use super::{Checker, Typed};
use crate::condition::functions::{DECLARATIONS, Declaration, Function, Kind, Style};
use crate::condition::program::{Op, Test};
use crate::condition::{ConditionFault, Scope, Type, Value, evaluate};

/// What a compiled pattern may take, in bytes.
const MAX_PATTERN: usize = 256 * 1024;

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
        let style = if call.target.is_some() { Style::Member } else { Style::Global };
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let known = DECLARATIONS.iter().find(|known| known.name == name && known.style == style);
        let Some(declaration) = known else { return self.unknown_function(tree.id, name, call) };
        let arguments: Vec<Typed> = arguments.into_iter().map(|argument| self.expression(argument)).collect();
        let Some(result) = form(declaration, &arguments) else {
            let types: Vec<String> = arguments.iter().map(|argument| argument.type_.to_string()).collect();
            let message = format!("`{name}` does not apply to ({})", types.join(", "));
            let forms: Vec<String> = declaration.forms().map(|form| format!("`{form}`")).collect();
            let help = format!("its forms are {}", forms.join(", "));
            return self.fault(tree.id, ConditionFault::new("condition_type", message).help(help));
        };
        if let Some(fault) = self.invalid_literal(declaration.function, &arguments) {
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

    /// A pattern is compiled now, once; the library's time is linear in text times pattern, whatever they are.
    fn matches(&mut self, id: u64, text: &IdedExpr, pattern: &IdedExpr) -> Typed {
        let text = self.expression(text);
        self.demand(id, &text, &Type::String, "what `matches` looks at");
        let pattern = self.expression(pattern);
        let source = match self.program.constant_at(pattern.at) {
            Some(Value::String(source)) => source.to_string(),
            _ => {
                let fault =
                    ConditionFault::new("condition_unsupported", "the pattern of `matches` is no literal");
                return self.fault(id, fault.help("patterns are compiled when the policy is loaded"));
            }
        };
        match RegexBuilder::new(&source).size_limit(MAX_PATTERN).nest_limit(32).build() {
            Ok(pattern) => {
                let pattern = self.program.push_pattern(pattern);
                self.test(Test::Matches(text.at, pattern))
            }
            Err(fault) => {
                let message = format!("the pattern `{source}` cannot be compiled: {fault}");
                self.fault(id, ConditionFault::new("invalid_pattern", message))
            }
        }
    }

    /// A literal that can never be converted is a fault of the text. A caller's own expressions (`eval`) get
    /// CEL's error instead.
    fn invalid_literal(&self, function: Function, arguments: &[Typed]) -> Option<ConditionFault> {
        if matches!(self.scope, Scope::Dynamic(_)) {
            return None;
        }
        // `dyn("…")` says that it is to be seen when it runs.
        let literal = |typed: &Typed| match self.program.constant_at(typed.at) {
            Some(Value::String(text)) if typed.type_ == Type::String => Some(text.to_string()),
            _ => None,
        };
        let (what, text, valid) = match (function, arguments) {
            (Function::Ip, [text]) => ("IP address", literal(text)?, evaluate::is_ip as fn(&str) -> bool),
            (Function::Cidr, [text]) => ("network in CIDR notation", literal(text)?, evaluate::is_cidr as _),
            (Function::ContainsIp, [_, text]) => ("IP address", literal(text)?, evaluate::is_ip as _),
            (Function::ContainsCidr, [_, text]) => {
                ("network in CIDR notation", literal(text)?, evaluate::is_cidr as _)
            }
            (Function::Timestamp, [text]) => {
                ("RFC 3339 timestamp", literal(text)?, evaluate::is_timestamp as _)
            }
            (Function::Duration, [text]) => {
                ("duration (such as `1h30m`)", literal(text)?, evaluate::is_duration as _)
            }
            (
                Function::FullYear
                | Function::Month
                | Function::Date
                | Function::DayOfMonth
                | Function::DayOfWeek
                | Function::DayOfYear
                | Function::Hours
                | Function::Minutes
                | Function::Seconds
                | Function::Milliseconds,
                [_, zone],
            ) => (
                "time zone known here (`UTC` or an offset, `+02:00`)",
                literal(zone)?,
                evaluate::is_zone as _,
            ),
            _ => return None,
        };
        if valid(&text) {
            return None;
        }
        Some(ConditionFault::new("invalid_literal", format!("`{text}` is no {what}")))
    }

    fn unknown_function(&mut self, id: u64, name: &str, call: &CallExpr) -> Typed {
        let style = if call.target.is_some() { Style::Member } else { Style::Global };
        let target = call.target.as_deref().map(|target| &target.expr);
        let name = match target {
            Some(Expr::Ident(space)) if !self.is_declared(space) => format!("{space}.{name}"),
            _ => name.to_owned(),
        };
        if MACROS.contains(&name.as_str()) {
            let message = format!("the macro `{name}` is called with the wrong arguments");
            let help = match name.as_str() {
                "has" => "it is `has(x.member)`".to_owned(),
                "map" => "it is `list.map(variable, expression)`".to_owned(),
                name => format!("it is `list.{name}(variable, condition)`"),
            };
            return self.fault(id, ConditionFault::new("condition_syntax", message).help(help));
        }
        let fault = ConditionFault::new("unknown_function", format!("unknown function `{name}`"));
        let other_style = DECLARATIONS.iter().find(|known| known.name == name && known.style != style);
        let styles = DECLARATIONS.iter().filter(|known| known.style == style).map(|known| known.name);
        let fault = match (other_style, suggestion(&name, styles)) {
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
