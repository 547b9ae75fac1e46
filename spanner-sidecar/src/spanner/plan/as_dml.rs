//! Mutations as DML. Spanner plans no mutations, but what it says of the statement that does the same holds for them:
//! a table or a column that is not there, a value of another type, a role that may not do this.

use google_cloud_spanner::types::{self, Type};
use spangate_operations::{Argument, Dialect, Mutation, MutationKind, Statement, sql};

use crate::migration::own_tables::{AUDIT, IDEMPOTENCY};

/// What the mutation needs to be allowed. `is_key` tells the columns that no UPDATE may set.
pub fn of(mutation: &Mutation, dialect: Dialect, is_key: impl Fn(&str) -> bool) -> Vec<Statement> {
    let Mutation { kind, table } = mutation;
    let all = |columns: &[(String, Argument)]| insert(table, columns, dialect);
    let others = |columns: &[(String, Argument)]| {
        let others: Vec<_> = columns.iter().filter(|(column, _)| !is_key(column)).cloned().collect();
        update(table, &others, dialect)
    };
    match kind {
        MutationKind::Insert(columns) => vec![all(columns)],
        MutationKind::Update(columns) => others(columns).into_iter().collect(),
        MutationKind::InsertOrUpdate(columns) => others(columns).into_iter().chain([all(columns)]).collect(),
        MutationKind::Replace(columns) => vec![all(columns), delete(table, dialect)],
        MutationKind::Delete(_) => vec![delete(table, dialect)],
    }
}

/// What every write does beside its own steps: [`crate::spanner::write`] inserts these columns, and reads the first
/// table back.
pub struct Own {
    pub sql: String,
    pub types: Vec<(String, Type)>,
    pub needed: &'static str,
}

pub fn own_rows(dialect: Dialect) -> [Own; 3] {
    let json = match dialect {
        Dialect::GoogleSql => types::json(),
        Dialect::PostgreSql => types::pg_jsonb(),
    };
    let of_idempotency = [
        ("key_hash", types::bytes()),
        ("request_hash", types::bytes()),
        ("operation", types::string()),
        ("status", types::int64()),
        ("location", types::string()),
        ("body", types::string()),
        ("committed_at", types::timestamp()),
    ];
    let of_audit = [
        ("shard", types::int64()),
        ("committed_at", types::timestamp()),
        ("key_hash", types::bytes()),
        ("operation", types::string()),
        ("policy_operation", types::string()),
        ("issuer", types::string()),
        ("subject", types::string()),
        ("tenant", types::string()),
        ("request_id", types::string()),
        ("policy_revision", types::string()),
        ("fields", json),
    ];
    let inserted = |table, columns: &[(&str, Type)], needed| {
        let names: Vec<_> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let types =
            columns.iter().enumerate().map(|(index, (_, r#type))| (name(index, dialect), r#type.clone()));
        Own { sql: insert_into(table, &names, dialect), types: types.collect(), needed }
    };
    let columns = of_idempotency.each_ref().map(|(name, _)| *name).join(", ");
    [
        inserted(IDEMPOTENCY, &of_idempotency, "INSERT on `spangate_idempotency`"),
        inserted(AUDIT, &of_audit, "INSERT on `spangate_audit`"),
        Own {
            sql: format!("SELECT {columns} FROM {IDEMPOTENCY}"),
            types: Vec::new(),
            needed: "SELECT on `spangate_idempotency`",
        },
    ]
}

fn insert(table: &str, columns: &[(String, Argument)], dialect: Dialect) -> Statement {
    let names: Vec<_> = columns.iter().map(|(column, _)| column.clone()).collect();
    statement(insert_into(table, &names, dialect), columns, dialect)
}

fn insert_into(table: &str, columns: &[String], dialect: Dialect) -> String {
    let names: Vec<_> = columns.iter().map(|column| sql::quoted(column, dialect)).collect();
    let values: Vec<_> = (0..names.len()).map(|index| placeholder(index, dialect)).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", path(table, dialect), names.join(", "), values.join(", "))
}

/// None where there is nothing to set. Without a condition: one would need to read what the mutation does not.
fn update(table: &str, columns: &[(String, Argument)], dialect: Dialect) -> Option<Statement> {
    let set = |(index, (column, _)): (usize, &(String, Argument))| {
        format!("{} = {}", sql::quoted(column, dialect), placeholder(index, dialect))
    };
    let sets: Vec<_> = columns.iter().enumerate().map(set).collect();
    let text = format!("UPDATE {} SET {} WHERE TRUE", path(table, dialect), sets.join(", "));
    (!sets.is_empty()).then(|| statement(text, columns, dialect))
}

fn delete(table: &str, dialect: Dialect) -> Statement {
    statement(format!("DELETE FROM {} WHERE TRUE", path(table, dialect)), &[], dialect)
}

fn statement(sql: String, columns: &[(String, Argument)], dialect: Dialect) -> Statement {
    let arguments = columns.iter().enumerate();
    let arguments = arguments.map(|(index, (_, argument))| (name(index, dialect), argument.clone()));
    Statement { sql, arguments: arguments.collect(), returns_rows: false }
}

/// A table's name may begin with its schema's.
fn path(table: &str, dialect: Dialect) -> String {
    table.split('.').map(|part| sql::quoted(part, dialect)).collect::<Vec<_>>().join(".")
}

fn name(index: usize, dialect: Dialect) -> String {
    match dialect {
        Dialect::GoogleSql => format!("v{index}"),
        Dialect::PostgreSql => format!("p{}", index + 1),
    }
}

fn placeholder(index: usize, dialect: Dialect) -> String {
    match dialect {
        Dialect::GoogleSql => format!("@v{index}"),
        Dialect::PostgreSql => format!("${}", index + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(kind: MutationKind, dialect: Dialect) -> Vec<String> {
        let mutation = Mutation { kind, table: "shop.orders".to_owned() };
        of(&mutation, dialect, |column| column == "id").into_iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn each_kind_in_each_dialect() {
        let columns =
            || vec![("id".to_owned(), Argument::Parameter(0)), ("n".to_owned(), Argument::CommitTimestamp)];
        let google = |kind| texts(kind, Dialect::GoogleSql);
        let insert = "INSERT INTO `shop`.`orders` (`id`, `n`) VALUES (@v0, @v1)";
        let update = "UPDATE `shop`.`orders` SET `n` = @v0 WHERE TRUE";
        let delete = "DELETE FROM `shop`.`orders` WHERE TRUE";
        assert_eq!(google(MutationKind::Insert(columns())), [insert]);
        assert_eq!(google(MutationKind::Update(columns())), [update]);
        assert_eq!(google(MutationKind::InsertOrUpdate(columns())), [update, insert]);
        assert_eq!(google(MutationKind::Replace(columns())), [insert, delete]);
        assert_eq!(google(MutationKind::Delete(vec![Argument::Parameter(0)])), [delete]);
        assert_eq!(
            texts(MutationKind::InsertOrUpdate(columns()), Dialect::PostgreSql),
            [
                r#"UPDATE "shop"."orders" SET "n" = $1 WHERE TRUE"#,
                r#"INSERT INTO "shop"."orders" ("id", "n") VALUES ($1, $2)"#
            ]
        );
    }
}
