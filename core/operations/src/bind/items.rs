//! The list that a write goes through: its items, and of each parameter that comes from them the value of every one.

use spangate_document::{Node, Value as Json};

use super::{Refusal, fit, from_node, invalid, parameter, shown};
use crate::{Operation, Parameter, Source, Value, body};

/// None where the operation goes through no list.
pub(super) struct Items<'n> {
    /// As its sender knows the list.
    name: String,
    nodes: &'n [Node],
}

impl<'n> Items<'n> {
    pub fn of(operation: &Operation, body: Option<&'n Node>) -> Result<Self, Refusal> {
        let Some(for_each) = operation.list() else {
            return Ok(Self { name: String::new(), nodes: &[] });
        };
        let name = if for_each.list.is_empty() { "body".to_owned() } else { for_each.list.join(".") };
        let nodes = match body.and_then(|body| body::member(body, &for_each.list)).map(|node| &node.value) {
            None if for_each.min_items > 0 => return Err(invalid(&name, "is missing")),
            None => &[],
            Some(Json::List(nodes)) => nodes.as_slice(),
            Some(_) => return Err(invalid(&name, "must be a list")),
        };
        if nodes.len() < for_each.min_items {
            return Err(invalid(&name, &format!("must have at least {} items", for_each.min_items)));
        }
        if nodes.len() > for_each.max_items {
            return Err(invalid(&name, &format!("must have at most {} items", for_each.max_items)));
        }
        let items = Self { name, nodes };
        items.refuse_undeclared(operation)?;
        Ok(items)
    }

    /// The value of each item.
    pub fn members(&self, declared: &Parameter, path: &[String]) -> Result<Value, Refusal> {
        let value = |(index, item): (usize, &Node)| {
            let name = || {
                format!(
                    "{}{}",
                    self.item(index),
                    path.iter().map(|name| format!(".{name}")).collect::<String>()
                )
            };
            let found = from_node(declared, body::member(item, path), path.is_empty(), name)?;
            fit(declared, found, name)
        };
        self.nodes.iter().enumerate().map(value).collect::<Result<_, _>>().map(Value::Array)
    }

    /// Counted from 1.
    pub fn positions(&self) -> Value {
        Value::Array((1..).zip(self.nodes).map(|(position, _)| Value::Int64(position)).collect())
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
        for (index, item) in self.nodes.iter().enumerate() {
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
