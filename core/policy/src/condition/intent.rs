//! Where a policy takes an expression or plain text (the value of a header), what an author meant. Knows the tree
//! alone: whether an expression is right is said when it is compiled.

use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, operators};
use spangate_document::suggestion;

use super::check::is_function;
use super::syntax;
use super::variables::OBJECTS;

/// Whether a text is meant as CEL: it parses, and it is a text in quotes, reads a member of what conditions see,
/// or calls a function or macro that they know. All else stands for itself: `nosniff`, `text/html`, `no-store`,
/// and a number or a bool, which would be written just so. A member that is not there (`request.pth`) still reads
/// as an expression, so that a slip is a fault and not a header.
pub fn reads_like_an_expression(source: &str) -> bool {
    syntax::parse(source).is_ok_and(|tree| {
        matches!(tree.expr, Expr::Literal(LiteralValue::String(_))) || any(&tree, &is_telling)
    })
}

fn is_telling(tree: &IdedExpr) -> bool {
    match &tree.expr {
        Expr::Select(select) => select.test || is_member(&select.operand, Some(&select.field)),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [of, _]) => is_member(of, None),
            (name, _) => is_function(name.trim_start_matches('.')),
        },
        Expr::Comprehension(_) => true,
        _ => false,
    }
}

/// `request.…`, or a name so near to it that what follows the point is a member of the one meant.
fn is_member(operand: &IdedExpr, field: Option<&str>) -> bool {
    let Expr::Ident(name) = &operand.expr else { return false };
    let objects = || OBJECTS.iter().map(|(object, _)| *object);
    if name == "conditions" || objects().any(|object| object == name) {
        return true;
    }
    let meant = suggestion(name, objects());
    let mut members = OBJECTS.iter().filter(|(object, _)| meant == Some(object)).flat_map(|(_, all)| *all);
    members.any(|(member, _)| Some(*member) == field)
}

/// Whether any part of a tree, itself included, is what is asked for.
fn any(tree: &IdedExpr, is: &dyn Fn(&IdedExpr) -> bool) -> bool {
    let within = |part: &IdedExpr| any(part, is);
    is(tree)
        || match &tree.expr {
            Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).any(within),
            Expr::Select(select) => within(&select.operand),
            Expr::List(list) => list.elements.iter().any(within),
            Expr::Map(map) => map.entries.iter().any(|entry| any_of_entry(entry, is)),
            Expr::Struct(message) => message.entries.iter().any(|entry| any_of_entry(entry, is)),
            // A macro is telling by itself.
            Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => false,
        }
}

fn any_of_entry(entry: &IdedEntryExpr, is: &dyn Fn(&IdedExpr) -> bool) -> bool {
    match &entry.expr {
        EntryExpr::MapEntry(entry) => any(&entry.key, is) || any(&entry.value, is),
        EntryExpr::StructField(field) => any(&field.value, is),
    }
}
