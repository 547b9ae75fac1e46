//! Runs statements and reads: on the committed rows as of a timestamp, or within a read-write transaction.

use std::cmp::Ordering;
use std::collections::HashMap;

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    ReadRequest, Type, TypeCode, struct_type::Field,
};
use tonic::Status;

use crate::evaluate::{Parameters, Scope, type_of};
use crate::keys::Keys;
use crate::schema::{Column, Table};
use crate::sql::{Expression, Item, Operator, Select, Statement};
use crate::store::{Key, Row, Store, Timestamp, key_of};
use crate::transaction::{Transaction, no_column};
use crate::value::{Value, scalar};

/// What a statement returns.
#[derive(Debug, Default)]
pub struct Output {
    pub fields: Vec<Field>,
    pub rows: Vec<Vec<Value>>,
    /// Of DML.
    pub changed: Option<i64>,
}

/// Where a statement finds its rows.
pub enum View<'t> {
    Snapshot { at: Timestamp, role: &'t str },
    Transaction(&'t mut Transaction),
}

impl View<'_> {
    fn role(&self) -> &str {
        match self {
            Self::Snapshot { at: _, role } => role,
            Self::Transaction(transaction) => &transaction.role,
        }
    }

    fn row(&mut self, store: &Store, table: &Table, key: &Key) -> Option<Row> {
        match self {
            Self::Snapshot { at, role: _ } => store.row(&table.name.to_lowercase(), key, *at).cloned(),
            Self::Transaction(transaction) => transaction.row(store, table, key),
        }
    }

    fn rows(&mut self, store: &Store, table: &Table) -> Vec<Row> {
        match self {
            Self::Snapshot { at, role: _ } => {
                store.rows(&table.name.to_lowercase(), *at).map(|(_, row)| row.clone()).collect()
            }
            Self::Transaction(transaction) => transaction.rows(store, table),
        }
    }

    fn writer(&mut self) -> Result<&mut Transaction, Status> {
        match self {
            Self::Snapshot { .. } => Err(Status::invalid_argument(
                "DML statements can only be performed in a read-write transaction.",
            )),
            Self::Transaction(transaction) => Ok(transaction),
        }
    }
}

/// Runs a statement, or with `plan` only says what it would return.
pub fn run(
    store: &Store,
    view: &mut View<'_>,
    statement: &Statement,
    parameters: &Parameters<'_>,
    plan: bool,
) -> Result<Output, Status> {
    match statement {
        Statement::Select(select) => run_select(store, view, select, parameters, plan),
        Statement::Insert { table, columns, rows, returning } => {
            let table = store.schema.table(table)?;
            store.schema.check(view.role(), "INSERT", &table.name)?;
            let writer = view.writer()?;
            let fields = fields(returning, Some(table), parameters)?;
            let positions = columns
                .iter()
                .map(|name| table.position(name).ok_or_else(|| no_column(table, name)))
                .collect::<Result<Vec<_>, _>>()?;
            let mut output = Output { fields, rows: Vec::new(), changed: Some(0) };
            for values in rows {
                let mut row = vec![Value::Null; table.columns.len()];
                for (position, expression) in positions.iter().zip(values) {
                    let value = Scope { table: None, row: &[], parameters }.value(expression)?;
                    assign(table, &mut row, *position, value);
                }
                if !plan {
                    writer.insert(store, table, row.clone())?;
                    note(&mut output, returning, table, &row, parameters)?;
                }
            }
            Ok(output)
        }
        Statement::Update { table, set, filter, returning } => {
            let table = store.schema.table(table)?;
            store.schema.check(view.role(), "UPDATE", &table.name)?;
            view.writer()?;
            let fields = fields(returning, Some(table), parameters)?;
            let mut output = Output { fields, rows: Vec::new(), changed: Some(0) };
            check_names(filter.as_ref(), table, parameters)?;
            for (name, expression) in set {
                table.position(name).ok_or_else(|| no_column(table, name))?;
                check_names(Some(expression), table, parameters)?;
            }
            for old in matching(store, view, table, filter.as_ref(), parameters, plan)? {
                let mut row = old.clone();
                for (name, expression) in set {
                    let value = Scope { table: Some(table), row: &old, parameters }.value(expression)?;
                    assign(table, &mut row, table.position(name).unwrap_or_default(), value);
                }
                view.writer()?.put(table, row.clone())?;
                note(&mut output, returning, table, &row, parameters)?;
            }
            Ok(output)
        }
        Statement::Delete { table, filter, returning } => {
            let table = store.schema.table(table)?;
            store.schema.check(view.role(), "DELETE", &table.name)?;
            view.writer()?;
            let fields = fields(returning, Some(table), parameters)?;
            let mut output = Output { fields, rows: Vec::new(), changed: Some(0) };
            check_names(filter.as_ref(), table, parameters)?;
            for row in matching(store, view, table, filter.as_ref(), parameters, plan)? {
                view.writer()?.delete(table, key_of(table, &row));
                note(&mut output, returning, table, &row, parameters)?;
            }
            Ok(output)
        }
    }
}

fn run_select(
    store: &Store,
    view: &mut View<'_>,
    select: &Select,
    parameters: &Parameters<'_>,
    plan: bool,
) -> Result<Output, Status> {
    let Select { items, table, filter, order, limit } = select;
    let Some(table) = table else {
        let fields = fields(items, None, parameters)?;
        let rows = if plan { Vec::new() } else { vec![project(items, None, &[], parameters)?] };
        return Ok(Output { fields, rows, changed: None });
    };
    let table = store.schema.table(table)?;
    store.schema.check(view.role(), "SELECT", &table.name)?;
    let fields = fields(items, Some(table), parameters)?;
    check_names(filter.as_ref(), table, parameters)?;
    let mut rows = matching(store, view, table, filter.as_ref(), parameters, plan)?;
    let mut positions = Vec::new();
    for (name, descends) in order {
        positions.push((table.position(name).ok_or_else(|| no_column(table, name))?, *descends));
    }
    rows.sort_by(|one, other| {
        positions.iter().fold(Ordering::Equal, |so_far, (position, descends)| {
            let by = one.get(*position).cmp(&other.get(*position));
            so_far.then(if *descends { by.reverse() } else { by })
        })
    });
    if let Some(limit) = limit
        && let Value::Int(limit) = (Scope { table: None, row: &[], parameters }).value(limit)?
    {
        rows.truncate(usize::try_from(limit).unwrap_or(0));
    }
    let rows = if let Some(Item::Count(_)) = items.first() {
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if plan { Vec::new() } else { vec![vec![Value::Int(count)]] }
    } else {
        rows.iter().map(|row| project(items, Some(table), row, parameters)).collect::<Result<_, _>>()?
    };
    Ok(Output { fields, rows, changed: None })
}

/// The Read API: by keys of the table or of an index.
pub fn read(store: &Store, view: &mut View<'_>, request: &ReadRequest) -> Result<Output, Status> {
    let table = store.schema.table(&request.table)?;
    store.schema.check(view.role(), "SELECT", &table.name)?;
    let columns = request
        .columns
        .iter()
        .map(|name| table.position(name).ok_or_else(|| no_column(table, name)))
        .collect::<Result<Vec<_>, _>>()?;
    let by: Vec<usize> = if request.index.is_empty() || request.index == "PRIMARY_KEY" {
        table.key.clone()
    } else {
        let unknown = || Status::not_found(format!("Index not found: {}", request.index));
        let index = store.schema.indexes.get(&request.index).ok_or_else(unknown)?;
        if !index.table.eq_ignore_ascii_case(&table.name) {
            return Err(unknown());
        }
        index.columns.iter().filter_map(|name| table.position(name)).collect()
    };
    let typed: Vec<&Column> = by.iter().filter_map(|position| table.columns.get(*position)).collect();
    let keys = Keys::of(request.key_set.clone().unwrap_or_default(), &typed);
    let mut rows: Vec<Row> = if by == table.key && keys.are_points(by.len()) {
        let mut points = keys.single.clone();
        points.sort();
        points.dedup();
        points.iter().filter_map(|key| view.row(store, table, key)).collect()
    } else {
        let mut found: Vec<(Key, Row)> = view
            .rows(store, table)
            .into_iter()
            .map(|row| (by.iter().filter_map(|position| row.get(*position).cloned()).collect(), row))
            .filter(|(key, _): &(Key, Row)| keys.contain(key))
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.into_iter().map(|(_, row)| row).collect()
    };
    if request.limit > 0 {
        rows.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
    }
    let field = |position: &usize| {
        table
            .columns
            .get(*position)
            .map(|Column { name, r#type, .. }| Field { name: name.clone(), r#type: Some(r#type.clone()) })
    };
    let fields = columns.iter().filter_map(field).collect();
    let cells = |row: &Row| columns.iter().filter_map(|position| row.get(*position).cloned()).collect();
    Ok(Output { fields, rows: rows.iter().map(cells).collect(), changed: None })
}

/// Rows for which the filter is true: by key where it names all of it, else by looking at each.
fn matching(
    store: &Store,
    view: &mut View<'_>,
    table: &Table,
    filter: Option<&Expression>,
    parameters: &Parameters<'_>,
    plan: bool,
) -> Result<Vec<Row>, Status> {
    if plan {
        return Ok(Vec::new());
    }
    let rows = match whole_key(table, filter, parameters)? {
        Some(key) => view.row(store, table, &key).into_iter().collect(),
        None => view.rows(store, table),
    };
    let mut matching = Vec::new();
    for row in rows {
        let is_wanted = match filter {
            Some(filter) => Scope { table: Some(table), row: &row, parameters }.value(filter)?,
            None => Value::Bool(true),
        };
        if is_wanted == Value::Bool(true) {
            matching.push(row);
        }
    }
    Ok(matching)
}

/// The key, if the filter is a conjunction that sets each of its columns equal to something constant.
fn whole_key(
    table: &Table,
    filter: Option<&Expression>,
    parameters: &Parameters<'_>,
) -> Result<Option<Key>, Status> {
    fn gather<'e>(filter: &'e Expression, equal: &mut HashMap<String, &'e Expression>) {
        if let Expression::Binary(operator, left, right) = filter {
            match (operator, left.as_ref(), right.as_ref()) {
                (Operator::And, _, _) => {
                    gather(left, equal);
                    gather(right, equal);
                }
                (
                    Operator::Equal,
                    Expression::Column(name),
                    Expression::Parameter(_) | Expression::Literal(_),
                ) => {
                    equal.insert(name.to_lowercase(), right);
                }
                _ => {}
            }
        }
    }
    let mut equal = HashMap::new();
    if let Some(filter) = filter {
        gather(filter, &mut equal);
    }
    let mut key = Key::new();
    for column in table.key.iter().filter_map(|position| table.columns.get(*position)) {
        let Some(expression) = equal.get(&column.name.to_lowercase()) else { return Ok(None) };
        key.push(Scope { table: None, row: &[], parameters }.value(expression)?);
    }
    Ok(Some(key))
}

fn assign(table: &Table, row: &mut Row, position: usize, value: Value) {
    let is_integer = table.columns.get(position).is_some_and(|c| c.r#type.code() == TypeCode::Int64);
    let value = match value {
        // An undeclared parameter: only the column tells what it is.
        Value::Text(text) if is_integer => text.parse().map_or(Value::Text(text), Value::Int),
        value => value,
    };
    if let Some(cell) = row.get_mut(position) {
        *cell = value;
    }
}

fn note(
    output: &mut Output,
    returning: &[Item],
    table: &Table,
    row: &Row,
    parameters: &Parameters<'_>,
) -> Result<(), Status> {
    output.changed = output.changed.map(|changed| changed + 1);
    if !returning.is_empty() {
        output.rows.push(project(returning, Some(table), row, parameters)?);
    }
    Ok(())
}

fn project(
    items: &[Item],
    table: Option<&Table>,
    row: &[Value],
    parameters: &Parameters<'_>,
) -> Result<Vec<Value>, Status> {
    let scope = Scope { table, row, parameters };
    let mut values = Vec::new();
    for item in items {
        match item {
            Item::Star => values.extend_from_slice(row),
            Item::Count(_) => {}
            Item::Expression(expression, _) => values.push(scope.value(expression)?),
        }
    }
    Ok(values)
}

fn fields(items: &[Item], table: Option<&Table>, parameters: &Parameters<'_>) -> Result<Vec<Field>, Status> {
    let field = |name: &str, r#type: Type| Field { name: name.to_owned(), r#type: Some(r#type) };
    let mut fields = Vec::new();
    for item in items {
        match item {
            Item::Star => {
                let columns = table.into_iter().flat_map(|table| &table.columns);
                fields.extend(columns.map(|column| field(&column.name, column.r#type.clone())));
            }
            Item::Count(name) => fields.push(field(name, scalar(TypeCode::Int64))),
            Item::Expression(expression, name) => {
                fields.push(field(name, type_of(expression, table, parameters)?));
            }
        }
    }
    Ok(fields)
}

fn check_names(
    expression: Option<&Expression>,
    table: &Table,
    parameters: &Parameters<'_>,
) -> Result<(), Status> {
    expression.map_or(Ok(()), |expression| type_of(expression, Some(table), parameters).map(|_| ()))
}
