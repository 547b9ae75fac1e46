//! The request's body: what the operation binds of it, put together from the paths of its parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spangate_operations::{Kind, Operation, Parameter, Source};

use crate::operation::Described;
use crate::parameters::is_demanded;
use crate::schema::{self, Form};

pub fn of(described: &Described<'_>) -> Option<Value> {
    let bodies = &described.contract.bodies;
    let media: Vec<String> =
        bodies.iter().flat_map(|rule| &rule.media_types).map(ToString::to_string).collect();
    let rule_demands = bodies.iter().any(|rule| rule.required);
    let (schema, demanded) = match described.called {
        Some(called) if called.takes_body() => {
            let tree = Tree::of(called);
            (tree.schema(), tree.demanded || rule_demands)
        }
        // The sidecar takes none.
        Some(_) => return None,
        None if bodies.is_empty() => return None,
        None => (json!({}), rule_demands),
    };
    let media = match (media.is_empty(), described.called) {
        (false, _) => media,
        (true, Some(_)) => vec!["application/json".to_owned()],
        (true, None) => vec!["*/*".to_owned()],
    };
    let content: Map<String, Value> =
        media.into_iter().map(|name| (name, json!({"schema": schema}))).collect();
    Some(json!({"required": demanded, "content": content}))
}

/// Members by their names, as deep as parameters name them.
#[derive(Default)]
struct Tree {
    members: BTreeMap<String, Tree>,
    /// What is bound here.
    schemas: Vec<Value>,
    /// A list whose items are this.
    items: Option<Box<Items>>,
    demanded: bool,
}

struct Items {
    item: Tree,
    least: usize,
    most: usize,
}

impl Tree {
    fn of(operation: &Operation) -> Self {
        let mut tree = Self::default();
        for parameter in &operation.parameters {
            if let Source::Body(path) = &parameter.source {
                tree.put(path, operation, parameter);
            }
        }
        let Kind::Write(write) = &operation.kind else { return tree };
        for for_each in write.steps.iter().filter_map(|step| step.for_each.as_ref()) {
            let list = tree.at(&for_each.list, for_each.min_items > 0);
            let items = list
                .items
                .get_or_insert_with(|| Box::new(Items { item: Tree::default(), least: 0, most: usize::MAX }));
            items.least = items.least.max(for_each.min_items);
            items.most = items.most.min(for_each.max_items);
            for parameter in &operation.parameters {
                if let Source::Item(path) = &parameter.source {
                    items.item.put(path, operation, parameter);
                }
            }
        }
        tree
    }

    fn put(&mut self, path: &[String], operation: &Operation, parameter: &Parameter) {
        let leaf = self.at(path, is_demanded(parameter));
        let schema = schema::of_parameter(operation, parameter, Form::Json);
        if !leaf.schemas.contains(&schema) {
            leaf.schemas.push(schema);
        }
    }

    /// The tree at the end of the path; all on the way must be there if it must.
    fn at(&mut self, path: &[String], demanded: bool) -> &mut Self {
        let mut tree = self;
        tree.demanded |= demanded;
        for name in path {
            tree = tree.members.entry(name.clone()).or_default();
            tree.demanded |= demanded;
        }
        tree
    }

    fn schema(&self) -> Value {
        let mut schemas = self.schemas.clone();
        if !self.members.is_empty() {
            let properties: Map<String, Value> =
                self.members.iter().map(|(name, tree)| (name.clone(), tree.schema())).collect();
            let required: Vec<&String> =
                self.members.iter().filter(|(_, tree)| tree.demanded).map(|(name, _)| name).collect();
            // Members that nothing binds are refused, unless the whole is bound as JSON.
            let mut object = json!({"type": "object", "properties": properties, "required": required});
            if let (true, Some(members)) = (self.schemas.is_empty(), object.as_object_mut()) {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            schemas.push(object);
        }
        if let Some(items) = &self.items {
            schemas.push(json!({
                "type": "array",
                "items": items.item.schema(),
                "minItems": items.least,
                "maxItems": items.most,
            }));
        }
        match schemas.as_slice() {
            [] => json!({}),
            [only] => only.clone(),
            several => json!({"allOf": several}),
        }
    }
}
