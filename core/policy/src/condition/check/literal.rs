//! Literals, lists and maps.

use cel::common::ast::{EntryExpr, ListExpr, LiteralValue, MapExpr};

use super::{Checker, Typed};
use crate::condition::fault::FaultKind;
use crate::condition::program::Op;
use crate::condition::{ConditionFault, Type, Value};

impl Checker<'_> {
    pub(super) fn literal(&mut self, literal: &LiteralValue) -> Typed {
        let (value, type_) = match literal {
            LiteralValue::Null => (Value::Null, Type::Null),
            LiteralValue::Boolean(bool) => (Value::Bool(**bool), Type::Bool),
            LiteralValue::Int(int) => (Value::Int(**int), Type::Int),
            LiteralValue::UInt(uint) => (Value::Uint(**uint), Type::Uint),
            LiteralValue::Double(double) => (Value::Double(**double), Type::Double),
            LiteralValue::String(text) => (Value::String(text.inner().to_owned().into()), Type::String),
            LiteralValue::Bytes(bytes) => (Value::Bytes(bytes.inner().to_vec().into()), Type::Bytes),
        };
        self.constant(value, type_)
    }

    pub(super) fn list(&mut self, list: &ListExpr) -> Typed {
        let elements: Vec<Typed> = list.elements.iter().map(|element| self.expression(element)).collect();
        let type_ = joined(elements.iter().map(|element| element.type_.clone()));
        let elements: Vec<_> = elements.into_iter().map(|element| element.at).collect();
        let operands = self.program.push_operands(&elements);
        self.push(Op::List(operands), Type::list(type_))
    }

    pub(super) fn map(&mut self, expression: u64, map: &MapExpr) -> Typed {
        let mut operands = Vec::new();
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            let key = self.expression(&entry.key);
            let value = self.expression(&entry.value);
            if !matches!(key.type_, Type::Bool | Type::Int | Type::Uint | Type::String | Type::Dyn) {
                let message = format!("a map's key must be bool, int, uint or string, not {}", key.type_);
                return self.fault(expression, ConditionFault::new(FaultKind::Type, message));
            }
            operands.extend([key.at, value.at]);
            keys.push(key.type_);
            values.push(value.type_);
        }
        let operands = self.program.push_operands(&operands);
        let type_ = Type::map(joined(keys.into_iter()), joined(values.into_iter()));
        self.push(Op::Map(operands), type_)
    }
}

/// Of nothing at all, anything.
fn joined(types: impl Iterator<Item = Type>) -> Type {
    types.reduce(Type::join).unwrap_or(Type::Dyn)
}
