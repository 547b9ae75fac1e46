//! What an operation names of a schema: every word of its SQL, since telling a column from an alias would need the
//! schema. So more may be refused than breaks, never less.

use std::collections::HashSet;

use spangate_operations::{
    Action, KeyRead, Kind, Mutation, MutationKind, Operation, Read, ReadSource, WriteStep,
};

use super::ddl::{self, Loss};

pub struct Uses<'o> {
    pub operation: &'o Operation,
    names: HashSet<String>,
    /// All of a table's columns, named or not.
    star: bool,
    inserts: bool,
}

impl<'o> Uses<'o> {
    pub fn of(operation: &'o Operation) -> Self {
        let mut uses = Self { operation, names: HashSet::new(), star: false, inserts: false };
        for statement in operation.statements() {
            uses.names.extend(ddl::names(&statement.sql, operation.dialect));
        }
        uses.star = uses.names.contains("*");
        uses.inserts = operation.is_write() && uses.names.contains("insert");
        match &operation.kind {
            Kind::Read(Read { source: ReadSource::Keys(KeyRead { table, index, columns, .. }), .. }) => {
                uses.add([table].into_iter().chain(index).chain(columns));
            }
            Kind::Read(Read { source: ReadSource::Sql(_), .. }) => {}
            Kind::Write(write) => write.steps.iter().for_each(|step| uses.add_step(step)),
        }
        uses
    }

    fn add_step(&mut self, step: &WriteStep) {
        let Action::Mutate(Mutation { kind, table }) = &step.action else { return };
        self.add([table]);
        match kind {
            MutationKind::Insert(columns)
            | MutationKind::InsertOrUpdate(columns)
            | MutationKind::Replace(columns) => {
                self.inserts = true;
                self.add(columns.iter().map(|(column, _)| column));
            }
            MutationKind::Update(columns) => self.add(columns.iter().map(|(column, _)| column)),
            MutationKind::Delete(_) => {}
        }
    }

    fn add<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        self.names.extend(names.into_iter().map(|name| name.to_lowercase()));
    }

    /// What it would miss, for a person to read.
    pub fn misses(&self, loss: &Loss) -> Option<String> {
        let uses = |name: &str| self.names.contains(name);
        match loss {
            Loss::Gone { what, name } => uses(name).then(|| format!("it uses {what} `{name}`")),
            Loss::ColumnGone { table, column } => {
                (uses(table) && (uses(column) || self.star)).then(|| format!("it uses `{table}.{column}`"))
            }
            Loss::Retyped { table, column } => (uses(table) && (uses(column) || self.star))
                .then(|| format!("it uses `{table}.{column}`, which becomes of another type")),
            Loss::Required { table, column } => (self.inserts && uses(table) && !uses(column))
                .then(|| format!("it inserts into `{table}` without `{column}`, which must have a value")),
            Loss::Replaced { view } => uses(view).then(|| {
                format!(
                    "it uses view `{view}`, which is replaced: `--scratch` can tell whether it still fits"
                )
            }),
            Loss::RoleLess { role, object } => {
                let is_own =
                    self.operation.database_role.as_ref().is_some_and(|own| own.to_lowercase() == *role);
                let touches = object.as_deref().is_none_or(uses);
                (is_own && touches).then(|| match object {
                    Some(object) => format!("its role `{role}` loses privileges on `{object}`"),
                    None => format!("its role `{role}` loses privileges"),
                })
            }
        }
    }
}
