//! A read-write transaction: what it has seen and what it will change, apart from the store until it commits. The first
//! to commit wins; who has seen what has changed since is aborted.

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    Mutation, mutation::Delete, mutation::Operation,
};
use tonic::Status;

use crate::keys::Keys;
use crate::schema::{Column, Table};
use crate::store::{Changes, Key, PENDING, Row, Seen, Store, Timestamp, key_of};
use crate::value::Value;

#[derive(Debug)]
pub struct Transaction {
    pub started: Timestamp,
    pub role: String,
    seen: Seen,
    changes: Changes,
    state: State,
}

/// Of a mutation that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Insert,
    Update,
    InsertOrUpdate,
    Replace,
}

impl Kind {
    fn privileges(self) -> &'static [&'static str] {
        match self {
            Self::Insert => &["INSERT"],
            Self::Update => &["UPDATE"],
            Self::InsertOrUpdate | Self::Replace => &["INSERT", "UPDATE"],
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Open,
    Committed(Timestamp),
    RolledBack,
}

impl Transaction {
    pub fn new(started: Timestamp, role: String) -> Self {
        let (seen, changes) = (Seen::default(), Changes::default());
        Self { started, role, seen, changes, state: State::Open }
    }

    pub fn check_open(&self) -> Result<(), Status> {
        match self.state {
            State::Open => Ok(()),
            State::Committed(_) => Err(Status::failed_precondition("Transaction was already committed.")),
            State::RolledBack => Err(Status::failed_precondition("Transaction was already rolled back.")),
        }
    }

    pub fn row(&mut self, store: &Store, table: &Table, key: &Key) -> Option<Row> {
        let place = (table.name.to_lowercase(), key.clone());
        let row = match self.changes.get(&place) {
            Some(changed) => changed.clone(),
            None => store.row(&place.0, key, Timestamp::MAX).cloned(),
        };
        self.seen.keys.insert(place);
        row
    }

    /// All rows, its own changes included.
    pub fn rows(&mut self, store: &Store, table: &Table) -> Vec<Row> {
        let name = table.name.to_lowercase();
        let mut rows: std::collections::BTreeMap<Key, Row> =
            store.rows(&name, Timestamp::MAX).map(|(key, row)| (key.clone(), row.clone())).collect();
        for ((changed, key), row) in &self.changes {
            if *changed == name {
                match row {
                    Some(row) => rows.insert(key.clone(), row.clone()),
                    None => rows.remove(key),
                };
            }
        }
        self.seen.tables.insert(name);
        rows.into_values().collect()
    }

    pub fn insert(&mut self, store: &Store, table: &Table, row: Row) -> Result<(), Status> {
        let key = key_of(table, &row);
        if self.row(store, table, &key).is_some() {
            let message = format!("Row {:?} in table {} already exists", texts(&key), table.name);
            return Err(Status::already_exists(message));
        }
        self.put(table, row)
    }

    pub fn put(&mut self, table: &Table, row: Row) -> Result<(), Status> {
        for (column, value) in table.columns.iter().zip(&row) {
            check(table, column, value)?;
        }
        self.changes.insert((table.name.to_lowercase(), key_of(table, &row)), Some(row));
        Ok(())
    }

    pub fn delete(&mut self, table: &Table, key: Key) {
        self.changes.insert((table.name.to_lowercase(), key), None);
    }

    /// Applies the mutations and commits. A second commit gets the first one's answer, as from Spanner.
    pub fn commit(&mut self, store: &mut Store, mutations: Vec<Mutation>) -> Result<Timestamp, Status> {
        if let State::Committed(at) = self.state {
            return Ok(at);
        }
        self.check_open()?;
        let done = mutations
            .into_iter()
            .try_for_each(|mutation| self.mutate(store, mutation))
            .and_then(|()| store.commit(self.started, &self.seen, std::mem::take(&mut self.changes)));
        self.state = done.as_ref().map_or(State::RolledBack, |at| State::Committed(*at));
        done
    }

    pub fn roll_back(&mut self) {
        if self.state == State::Open {
            self.state = State::RolledBack;
        }
    }

    fn mutate(&mut self, store: &Store, mutation: Mutation) -> Result<(), Status> {
        let (kind, write) = match mutation.operation {
            Some(Operation::Insert(write)) => (Kind::Insert, write),
            Some(Operation::Update(write)) => (Kind::Update, write),
            Some(Operation::InsertOrUpdate(write)) => (Kind::InsertOrUpdate, write),
            Some(Operation::Replace(write)) => (Kind::Replace, write),
            Some(Operation::Delete(delete)) => return self.delete_keys(store, delete),
            _ => return Err(Status::unimplemented("a mutation that the mock does not know")),
        };
        let table = store.schema.table(&write.table)?;
        for privilege in kind.privileges() {
            store.schema.check(&self.role, privilege, &table.name)?;
        }
        let positions = write
            .columns
            .iter()
            .map(|name| table.position(name).ok_or_else(|| no_column(table, name)))
            .collect::<Result<Vec<_>, _>>()?;
        for values in &write.values {
            let mut fresh = vec![Value::Null; table.columns.len()];
            set(&mut fresh, table, &positions, &values.values);
            let old = self.row(store, table, &key_of(table, &fresh));
            match (kind, old) {
                (Kind::Insert, _) => self.insert(store, table, fresh)?,
                (Kind::Update, None) => {
                    let message = format!("Row in table {} is missing. Row cannot be updated.", table.name);
                    return Err(Status::not_found(message));
                }
                (Kind::Update | Kind::InsertOrUpdate, Some(mut row)) => {
                    set(&mut row, table, &positions, &values.values);
                    self.put(table, row)?;
                }
                (Kind::Replace, _) | (Kind::InsertOrUpdate, None) => self.put(table, fresh)?,
            }
        }
        Ok(())
    }

    fn delete_keys(&mut self, store: &Store, delete: Delete) -> Result<(), Status> {
        let table = store.schema.table(&delete.table)?;
        store.schema.check(&self.role, "DELETE", &table.name)?;
        let columns: Vec<&Column> = table.key.iter().filter_map(|index| table.columns.get(*index)).collect();
        let keys = Keys::of(delete.key_set.unwrap_or_default(), &columns);
        for row in self.rows(store, table) {
            let key = key_of(table, &row);
            if keys.contain(&key) {
                self.delete(table, key);
            }
        }
        Ok(())
    }
}

fn set(row: &mut Row, table: &Table, positions: &[usize], values: &[prost_types::Value]) {
    for (position, wire) in positions.iter().zip(values) {
        let r#type = table.columns.get(*position).map(|column| &column.r#type);
        if let Some(cell) = row.get_mut(*position) {
            *cell = Value::from_wire(wire, r#type);
        }
    }
}

fn check(table: &Table, column: &Column, value: &Value) -> Result<(), Status> {
    let Column { name, r#type: _, not_null, takes_commit_timestamp } = column;
    if *value == Value::Null && *not_null {
        let message = format!("{name} must not be NULL in table {}.", table.name);
        return Err(Status::failed_precondition(message));
    }
    if *value == Value::Text(PENDING.to_owned()) && !takes_commit_timestamp {
        let message = format!("Cannot write commit timestamps to {}.{name}.", table.name);
        return Err(Status::failed_precondition(message));
    }
    Ok(())
}

pub fn no_column(table: &Table, name: &str) -> Status {
    Status::not_found(format!("Column not found in table {}: {name}", table.name))
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(Value::text).collect()
}
