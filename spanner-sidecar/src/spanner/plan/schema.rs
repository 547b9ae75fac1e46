//! What a role sees of a database's tables: enough to tell whether a mutation fits, which Spanner plans not at all.

use std::collections::HashMap;

use google_cloud_spanner::statement::Statement as Query;
use spangate_operations::{
    Action, Argument, Dialect, KeyRead, Mutation, MutationKind, Operation, Statement, Type, WriteStep,
};
use tokio::time::Instant;

use super::{Failure, TAG, as_dml};
use crate::migration::own_tables;
use crate::spanner::connection::Session;
use crate::spanner::{backoff_policy, remaining, retry_policy};

const COLUMNS: &str = "SELECT table_schema, table_name, column_name, spanner_type, is_nullable, column_default, \
                       is_generated, is_identity FROM information_schema.columns";
/// What an index stores beside its key has no position in it.
const KEYS: &str = "SELECT table_schema, table_name, index_name, column_name FROM information_schema.index_columns \
                    WHERE ordinal_position IS NOT NULL ORDER BY ordinal_position";
const PRIMARY_KEY: &str = "primary_key";

pub struct Schema {
    dialect: Dialect,
    /// By name, in lower case.
    tables: HashMap<String, Table>,
}

#[derive(Default)]
struct Table {
    /// By name, in lower case.
    columns: HashMap<String, Column>,
    /// Names of columns by that of the index, all in lower case.
    indexes: HashMap<String, Vec<String>>,
}

struct Column {
    name: String,
    r#type: String,
    is_nullable: bool,
    /// Spanner gives it a value where none is given.
    is_filled: bool,
}

impl Schema {
    pub async fn read(session: &Session, dialect: Dialect, deadline: Instant) -> Result<Self, Failure> {
        let (columns, keys) =
            tokio::try_join!(texts(session, COLUMNS, deadline), texts(session, KEYS, deadline))?;
        let mut tables: HashMap<String, Table> = HashMap::new();
        for row in columns {
            let [schema, table, name, r#type, nullable, default, generated, identity] = row.as_slice() else {
                continue;
            };
            let column = Column {
                name: name.clone(),
                r#type: r#type.clone(),
                is_nullable: nullable == "YES",
                is_filled: !default.is_empty() || generated == "ALWAYS" || identity == "YES",
            };
            let table = tables.entry(named(schema, table)).or_default();
            table.columns.insert(name.to_lowercase(), column);
        }
        for row in keys {
            let [schema, table, index, column] = row.as_slice() else { continue };
            let table = tables.entry(named(schema, table)).or_default();
            table.indexes.entry(index.to_lowercase()).or_default().push(column.to_lowercase());
        }
        Ok(Self { dialect, tables })
    }

    pub fn demand_own_tables(&self) -> Result<(), Failure> {
        match own_tables::OF_WRITES.into_iter().find(|table| !self.tables.contains_key(*table)) {
            None => Ok(()),
            Some(table) => Err(Failure::mismatch(format!(
                "`{table}` is not there, or the operation's role may not use it: run `spanner-sidecar migrate init`"
            ))),
        }
    }

    pub fn compare(&self, operation: &Operation, step: &WriteStep) -> Result<(), Failure> {
        let Action::Mutate(Mutation { kind, table: name }) = &step.action else { return Ok(()) };
        let unknown = || {
            Failure::mismatch(format!("there is no table `{name}`, or the operation's role may not use it"))
        };
        let table = self.tables.get(&name.to_lowercase()).ok_or_else(unknown)?;
        match kind {
            MutationKind::Update(columns) => {
                self.compare_columns(operation, name, table, columns)?;
                demand(name, columns, table.key().iter().filter_map(|column| table.columns.get(column)))
            }
            // A row may be new: it needs all that no default gives.
            MutationKind::Insert(columns)
            | MutationKind::InsertOrUpdate(columns)
            | MutationKind::Replace(columns) => {
                self.compare_columns(operation, name, table, columns)?;
                let needed = table.columns.iter().filter(|(column, _)| table.needs(column));
                demand(name, columns, needed.map(|(_, column)| column))
            }
            MutationKind::Delete(key) if key.len() != table.key().len() => Err(Failure::mismatch(format!(
                "the key of `{name}` has {} parts, not {}",
                table.key().len(),
                key.len()
            ))),
            MutationKind::Delete(key) => table.key().iter().zip(key).try_for_each(|(column, argument)| {
                self.compare_column(operation, name, table, column, argument)
            }),
        }
    }

    /// The parts of a read's key; what is not there at all Spanner says itself.
    pub fn compare_key(&self, operation: &Operation, read: &KeyRead) -> Result<(), Failure> {
        let Some(table) = self.tables.get(&read.table.to_lowercase()) else { return Ok(()) };
        let index = read.index.as_deref().unwrap_or(PRIMARY_KEY).to_lowercase();
        let Some(columns) = table.indexes.get(&index) else { return Ok(()) };
        let parts = read.key.iter().filter_map(|argument| match argument {
            Argument::Parameter(index) => operation.parameters.get(*index),
            Argument::Returned { .. } | Argument::CommitTimestamp => None,
        });
        let parts = parts.flat_map(|parameter| {
            key_types(&parameter.r#type).into_iter().map(|r#type| (parameter.name.as_str(), r#type))
        });
        columns.iter().zip(parts).try_for_each(|(column, (name, r#type))| {
            self.compare_type(&read.table, table, column, name, r#type)
        })
    }

    /// The statements that do what the mutation does.
    pub fn as_dml(&self, mutation: &Mutation) -> Vec<Statement> {
        let table = self.tables.get(&mutation.table.to_lowercase());
        let is_key = |column: &str| table.is_some_and(|table| table.key().contains(&column.to_lowercase()));
        as_dml::of(mutation, self.dialect, is_key)
    }

    fn compare_columns(
        &self,
        operation: &Operation,
        name: &str,
        table: &Table,
        columns: &[(String, Argument)],
    ) -> Result<(), Failure> {
        columns
            .iter()
            .try_for_each(|(column, argument)| self.compare_column(operation, name, table, column, argument))
    }

    fn compare_column(
        &self,
        operation: &Operation,
        name: &str,
        table: &Table,
        column: &str,
        argument: &Argument,
    ) -> Result<(), Failure> {
        if !table.columns.contains_key(&column.to_lowercase()) {
            return Err(Failure::mismatch(format!("`{name}` has no column `{column}`")));
        }
        // A returned column's type is Spanner's own.
        let Argument::Parameter(index) = argument else { return Ok(()) };
        let Some(parameter) = operation.parameters.get(*index) else { return Ok(()) };
        self.compare_type(name, table, column, &parameter.name, &parameter.r#type)
    }

    /// PostgreSQL's types have other names in the schema: there it is for Spanner to say.
    fn compare_type(
        &self,
        name: &str,
        table: &Table,
        column: &str,
        parameter: &str,
        declared: &Type,
    ) -> Result<(), Failure> {
        let Some(Column { r#type: actual, .. }) = table.columns.get(&column.to_lowercase()) else {
            return Ok(());
        };
        if self.dialect == Dialect::GoogleSql && !is_type(declared, actual) {
            let problem = format!("`{column}` of `{name}` is {actual}, and `{parameter}` is {declared}");
            return Err(Failure::mismatch(problem));
        }
        Ok(())
    }
}

impl Table {
    /// Of the table itself.
    fn key(&self) -> &[String] {
        self.indexes.get(PRIMARY_KEY).map_or(&[], Vec::as_slice)
    }

    /// Whether a new row must be given this column.
    fn needs(&self, column: &str) -> bool {
        let is_key = self.key().iter().any(|part| part == column);
        self.columns.get(column).is_some_and(|column| !column.is_filled && (is_key || !column.is_nullable))
    }
}

fn demand<'t>(
    name: &str,
    given: &[(String, Argument)],
    needed: impl Iterator<Item = &'t Column>,
) -> Result<(), Failure> {
    let is_given = |column: &&Column| given.iter().any(|(given, _)| given.eq_ignore_ascii_case(&column.name));
    let mut missing: Vec<_> =
        needed.filter(|column| !is_given(column)).map(|column| format!("`{}`", column.name)).collect();
    missing.sort();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Failure::mismatch(format!("a row of `{name}` needs {} as well", missing.join(", ")))),
    }
}

/// Of an array each element is a key, and of a STRUCT each field a part of one.
fn key_types(declared: &Type) -> Vec<&Type> {
    match declared {
        Type::Array(element) => key_types(element),
        Type::Struct(fields) => fields.iter().map(|field| &field.r#type).collect(),
        Type::Scalar(_) => vec![declared],
    }
}

/// As statements and mutations name it.
fn named(schema: &str, table: &str) -> String {
    match schema {
        "" | "public" => table.to_lowercase(),
        _ => format!("{schema}.{table}").to_lowercase(),
    }
}

/// `STRING(36)` is a STRING; what is not one of our types, such as an ENUM, is nobody's.
fn is_type(declared: &Type, actual: &str) -> bool {
    let mut bare = String::new();
    let mut inside = false;
    for c in actual.chars() {
        match c {
            '(' => inside = true,
            ')' => inside = false,
            _ if inside => {}
            _ => bare.push(c),
        }
    }
    bare == declared.to_string()
}

async fn texts(session: &Session, sql: &str, deadline: Instant) -> Result<Vec<Vec<String>>, Failure> {
    let statement = Query::builder(sql)
        .set_request_tag(TAG)
        .with_attempt_timeout(remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .with_backoff_policy(backoff_policy())
        .build();
    let mut result = session.client.single_use().build().execute_query(statement).await?;
    let mut rows = Vec::new();
    while let Some(row) = result.next().await {
        let texts = row?.into_values().into_iter();
        rows.push(texts.map(|value| value.as_str().unwrap_or_default().to_owned()).collect());
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spangate_operations::Scalar;

    #[test]
    fn lengths_are_no_part_of_a_type() {
        assert!(is_type(&Type::Scalar(Scalar::String), "STRING(36)"));
        assert!(is_type(&Type::array_of(Scalar::String.into()), "ARRAY<STRING(MAX)>"));
        assert!(is_type(&Type::Scalar(Scalar::Int64), "INT64"));
        assert!(!is_type(&Type::Scalar(Scalar::Int64), "STRING(36)"));
        assert!(!is_type(&Type::Scalar(Scalar::String), "ARRAY<STRING(36)>"));
    }
}
