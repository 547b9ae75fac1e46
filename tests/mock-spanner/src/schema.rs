//! Tables, indexes, roles and grants, read from DDL. What the mock cannot obey (checks, foreign keys, interleaving, row
//! deletion) it reads over.

use std::collections::{BTreeMap, BTreeSet};

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{Type, TypeCode};
use tonic::Status;

use crate::information_schema;
use crate::token::{Token, Tokens};
use crate::value::scalar;

#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub tables: BTreeMap<String, Table>,
    pub indexes: BTreeMap<String, Index>,
    /// Empty when roles are not enforced: nobody has declared any.
    roles: BTreeSet<String>,
    grants: BTreeSet<Grant>,
}

/// Role, privilege, table.
type Grant = (String, String, String);

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Positions of the primary key's columns.
    pub key: Vec<usize>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub r#type: Type,
    pub not_null: bool,
    pub takes_commit_timestamp: bool,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub table: String,
    pub columns: Vec<String>,
}

impl Table {
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.name.eq_ignore_ascii_case(column))
    }
}

impl Schema {
    /// Statements that end with semicolons.
    pub fn apply(&mut self, ddl: &str) -> Result<(), Status> {
        let mut tokens = Tokens::of(ddl)?;
        while !tokens.is_done() {
            if tokens.sign(";") {
                continue;
            }
            if tokens.words(&["CREATE", "TABLE"]) {
                let table = create_table(&mut tokens)?;
                self.tables.insert(table.name.to_lowercase(), table);
            } else if tokens.words(&["CREATE", "ROLE"]) {
                self.roles.insert(tokens.demand_name()?);
            } else if tokens.words(&["GRANT"]) {
                for grant in grants(&mut tokens, "TO")? {
                    self.grants.insert(grant);
                }
            } else if tokens.words(&["REVOKE"]) {
                for grant in grants(&mut tokens, "FROM")? {
                    self.grants.remove(&grant);
                }
            } else if tokens.words(&["DROP", "TABLE"]) {
                self.tables.remove(&tokens.demand_name()?.to_lowercase());
            } else if tokens.words(&["CREATE", "INDEX"]) || tokens.words(&["CREATE", "UNIQUE", "INDEX"]) {
                let name = tokens.demand_name()?;
                tokens.demand_words(&["ON"])?;
                let table = tokens.demand_name()?;
                self.indexes.insert(name, Index { table, columns: tokens.demand_names()? });
            } else {
                return Err(tokens.unexpected("a statement that the mock knows"));
            }
            tokens.skip_to(&[";"]);
            tokens.sign(";");
        }
        Ok(())
    }

    pub fn table(&self, name: &str) -> Result<&Table, Status> {
        self.tables
            .get(&name.to_lowercase())
            .ok_or_else(|| Status::not_found(format!("Table not found: {name}")))
    }

    pub fn check_role(&self, role: &str) -> Result<(), Status> {
        if role.is_empty() || self.roles.is_empty() || self.roles.contains(role) {
            return Ok(());
        }
        Err(Status::permission_denied(format!("Role not found: {role}")))
    }

    /// Whether the role has the privilege (`SELECT`, `INSERT`, `UPDATE`, `DELETE`). No role at all may do everything.
    pub fn check(&self, role: &str, privilege: &str, table: &str) -> Result<(), Status> {
        let grant = (role.to_owned(), privilege.to_owned(), table.to_lowercase());
        let is_free = information_schema::is_here(table) || self.roles.is_empty() || role.is_empty();
        if is_free || self.grants.contains(&grant) {
            return Ok(());
        }
        let message =
            format!("Role {role} does not have required privileges ({privilege}) on table {table}.");
        Err(Status::permission_denied(message))
    }
}

/// `SELECT, INSERT(a, b) ON TABLE t, u TO ROLE r, s`. Of columns nothing is enforced.
fn grants(tokens: &mut Tokens, whom: &str) -> Result<Vec<Grant>, Status> {
    let mut privileges = Vec::new();
    while !tokens.words(&["ON"]) {
        privileges.push(tokens.demand_name()?.to_uppercase());
        if matches!(tokens.peek(), Some(Token::Sign("("))) {
            tokens.demand_names()?;
        }
        tokens.sign(",");
    }
    tokens.words(&["TABLE"]);
    let mut tables = Vec::new();
    while !tokens.words(&[whom]) {
        tables.push(tokens.demand_name()?.to_lowercase());
        tokens.sign(",");
    }
    tokens.words(&["ROLE"]);
    let mut grants = Vec::new();
    loop {
        let role = tokens.demand_name()?;
        for (privilege, table) in privileges.iter().flat_map(|p| tables.iter().map(move |t| (p, t))) {
            grants.push((role.clone(), privilege.clone(), table.clone()));
        }
        if !tokens.sign(",") {
            return Ok(grants);
        }
    }
}

fn create_table(tokens: &mut Tokens) -> Result<Table, Status> {
    tokens.words(&["IF", "NOT", "EXISTS"]);
    let name = tokens.demand_name()?;
    tokens.demand_sign("(")?;
    let mut columns = Vec::new();
    let mut key = Vec::new();
    while !tokens.sign(")") {
        if tokens.words(&["PRIMARY", "KEY"]) {
            key = tokens.demand_names()?;
        } else if !["CONSTRAINT", "FOREIGN", "CHECK", "UNIQUE"].iter().any(|word| tokens.is_word(word)) {
            columns.push(column(tokens)?);
        }
        tokens.skip_to(&[",", ")"]);
        tokens.sign(",");
    }
    if tokens.words(&["PRIMARY", "KEY"]) {
        key = tokens.demand_names()?;
    }
    let position = |name: &String| {
        columns
            .iter()
            .position(|column| column.name == *name)
            .ok_or_else(|| Status::invalid_argument(format!("the key's `{name}` is no column")))
    };
    let key = key.iter().map(position).collect::<Result<_, _>>()?;
    Ok(Table { name, columns, key })
}

fn column(tokens: &mut Tokens) -> Result<Column, Status> {
    let name = tokens.demand_name()?;
    let written = tokens.demand_name()?;
    let r#type = column_type(&written, tokens)?;
    let mut column = Column { name, r#type, not_null: false, takes_commit_timestamp: written.contains('.') };
    if tokens.sign("(") {
        tokens.skip_to(&[")"]);
        tokens.sign(")");
    }
    while !matches!(tokens.peek(), None | Some(Token::Sign("," | ")"))) {
        if tokens.words(&["NOT", "NULL"]) {
            column.not_null = true;
        } else if tokens.words(&["OPTIONS"]) {
            tokens.demand_sign("(")?;
            column.takes_commit_timestamp |= tokens.is_word("allow_commit_timestamp");
            tokens.skip_to(&[")"]);
            tokens.sign(")");
        } else if matches!(tokens.peek(), Some(Token::Sign("("))) {
            tokens.sign("(");
            tokens.skip_to(&[")"]);
            tokens.sign(")");
        } else {
            tokens.take();
        }
    }
    Ok(column)
}

fn column_type(written: &str, tokens: &mut Tokens) -> Result<Type, Status> {
    let code = match written.to_uppercase().as_str() {
        "BOOL" | "BOOLEAN" => TypeCode::Bool,
        "INT64" | "BIGINT" => TypeCode::Int64,
        "FLOAT64" | "DOUBLE" => TypeCode::Float64,
        "FLOAT32" | "REAL" => TypeCode::Float32,
        "STRING" | "VARCHAR" | "TEXT" => TypeCode::String,
        "BYTES" | "BYTEA" => TypeCode::Bytes,
        "DATE" => TypeCode::Date,
        "TIMESTAMP" | "TIMESTAMPTZ" | "SPANNER.COMMIT_TIMESTAMP" => TypeCode::Timestamp,
        "NUMERIC" => TypeCode::Numeric,
        "JSON" | "JSONB" => TypeCode::Json,
        "UUID" => TypeCode::Uuid,
        "ARRAY" => {
            tokens.demand_sign("<")?;
            let element = tokens.demand_name()?;
            let element = column_type(&element, tokens)?;
            if tokens.sign("(") {
                tokens.skip_to(&[")"]);
                tokens.sign(")");
            }
            tokens.demand_sign(">")?;
            let array_element_type = Some(Box::new(element));
            return Ok(Type { array_element_type, ..scalar(TypeCode::Array) });
        }
        _ => return Err(Status::invalid_argument(format!("the mock knows no type `{written}`"))),
    };
    Ok(scalar(code))
}
