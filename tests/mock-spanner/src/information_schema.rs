//! `information_schema`, as far as planning asks for it: ordinary tables of the store, filled anew after each DDL.

use googleapis_tonic_google_spanner_v1::google::spanner::v1::TypeCode;

use crate::schema::{Column, Schema, Table};
use crate::store::Row;
use crate::value::Value;

pub const DDL: &str = "
    CREATE TABLE information_schema.tables (
      table_catalog STRING(MAX), table_schema STRING(MAX), table_name STRING(MAX)) PRIMARY KEY (table_name);
    CREATE TABLE information_schema.columns (
      table_schema STRING(MAX), table_name STRING(MAX), column_name STRING(MAX), ordinal_position INT64,
      is_nullable STRING(MAX), spanner_type STRING(MAX), is_generated STRING(MAX), column_default STRING(MAX),
      is_identity STRING(MAX))
      PRIMARY KEY (table_name, column_name);
    CREATE TABLE information_schema.index_columns (
      table_schema STRING(MAX), table_name STRING(MAX), index_name STRING(MAX), index_type STRING(MAX),
      column_name STRING(MAX), ordinal_position INT64) PRIMARY KEY (table_name, index_name, column_name);";

/// The name of each table here, and its rows.
pub fn rows(schema: &Schema) -> Vec<(&'static str, Row)> {
    let mut rows = Vec::new();
    for table in schema.tables.values().filter(|table| !is_here(&table.name)) {
        let name = || Value::Text(table.name.clone());
        rows.push(("information_schema.tables", vec![empty(), empty(), name()]));
        for (index, column) in table.columns.iter().enumerate() {
            rows.push(("information_schema.columns", column_row(table, index, column)));
        }
        let key = table.key.iter().filter_map(|position| table.columns.get(*position));
        let key: Vec<String> = key.map(|column| column.name.clone()).collect();
        rows.extend(index_rows(&table.name, "PRIMARY_KEY", &key));
    }
    for (name, index) in &schema.indexes {
        rows.extend(index_rows(&index.table, name, &index.columns));
    }
    rows
}

pub fn is_here(table: &str) -> bool {
    table.to_lowercase().starts_with("information_schema.")
}

fn column_row(table: &Table, index: usize, column: &Column) -> Row {
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        empty(),
        text(&table.name),
        text(&column.name),
        position(index),
        text(if column.not_null { "NO" } else { "YES" }),
        Value::Text(type_name(column)),
        text("NEVER"),
        Value::Null,
        text("NO"),
    ]
}

fn index_rows(table: &str, index: &str, columns: &[String]) -> Vec<(&'static str, Row)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let row = |(at, column): (usize, &String)| {
        let r#type = if index == "PRIMARY_KEY" { index } else { "INDEX" };
        let row = vec![empty(), text(table), text(index), text(r#type), text(column), position(at)];
        ("information_schema.index_columns", row)
    };
    columns.iter().enumerate().map(row).collect()
}

fn type_name(column: &Column) -> String {
    let name = |code: TypeCode| match code {
        TypeCode::String | TypeCode::Bytes => format!("{}(MAX)", code.as_str_name()),
        _ => code.as_str_name().to_owned(),
    };
    match &column.r#type.array_element_type {
        Some(element) => format!("ARRAY<{}>", name(element.code())),
        None => name(column.r#type.code()),
    }
}

fn empty() -> Value {
    Value::Text(String::new())
}

fn position(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1))
}
