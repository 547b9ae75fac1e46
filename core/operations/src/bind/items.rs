//! The list that a write goes through: its items, and of each parameter that comes from them the value of every one.

use spangate_document::Value as Json;

use super::{Refusal, fit, from_sent, invalid, parameter, shown};
use crate::sent::Sent;
use crate::{Operation, Parameter, Source, Value, body};

/// None where the operation goes through no list.
pub(super) struct Items<'n> {
    /// As its sender knows the list.
    name: String,
    items: Vec<Sent<'n>>,
}

impl<'n> Items<'n> {
    pub fn of(operation: &Operation, body: Option<Sent<'n>>) -> Result<Self, Refusal> {
        let Some(for_each) = operation.list() else {
            return Ok(Self { name: String::new(), items: Vec::new() });
        };
        let name = if for_each.list.is_empty() { "body".to_owned() } else { for_each.list.join(".") };
        let items: Vec<_> = match body.and_then(|body| body.member(&for_each.list)) {
            None if for_each.min_items > 0 => return Err(invalid(&name, "is missing")),
            None => Vec::new(),
            Some(list) if matches!(list.node.value, Json::List(_)) => list.items().collect(),
            Some(_) => return Err(invalid(&name, "must be a list")),
        };
        if items.len() < for_each.min_items {
            return Err(invalid(&name, &format!("must have at least {} items", for_each.min_items)));
        }
        if items.len() > for_each.max_items {
            return Err(invalid(&name, &format!("must have at most {} items", for_each.max_items)));
        }
        let items = Self { name, items };
        items.refuse_undeclared(operation)?;
        Ok(items)
    }

    /// The value of each item.
    pub fn members(&self, declared: &Parameter, path: &[String]) -> Result<Value, Refusal> {
        let value = |(index, item): (usize, &Sent<'_>)| {
            let name = || {
                format!(
                    "{}{}",
                    self.item(index),
                    path.iter().map(|name| format!(".{name}")).collect::<String>()
                )
            };
            let found = from_sent(declared, item.member(path), path.is_empty(), name)?;
            fit(declared, found, name)
        };
        self.items.iter().enumerate().map(value).collect::<Result<_, _>>().map(Value::Array)
    }

    /// Counted from 1.
    pub fn positions(&self) -> Value {
        Value::Array((1..).zip(&self.items).map(|(position, _)| Value::Int64(position)).collect())
    }

    fn refuse_undeclared(&self, operation: &Operation) -> Result<(), Refusal> {
        let paths: Vec<&[String]> = operation
            .parameters
            .iter()
            .filter_map(|parameter| match &parameter.source {
                Source::Item(path) => Some(path.as_slice()),
                _ => None,
            })
            .collect();
        let whole = paths.iter().any(|path| path.is_empty());
        for (index, item) in self.items.iter().map(|sent| sent.node).enumerate() {
            if !whole && !matches!(item.value, Json::Map(_)) {
                return Err(invalid(&self.item(index), "must be a JSON object"));
            }
            if let Some(name) = body::unknown_member(item, &paths) {
                let (item, name) = (self.item(index), shown(&name));
                return Err(parameter(format!("the operation takes no member `{name}` of `{item}`")));
            }
        }
        Ok(())
    }

    fn item(&self, index: usize) -> String {
        format!("{}[{index}]", self.name)
    }
}
