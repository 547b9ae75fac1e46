//! The tables that Spangate keeps beside a team's own. Their DDL stands here and nowhere else.

use spangate_operations::{Dialect, sql};

use crate::admin::Admin;

pub const IDEMPOTENCY: &str = "spangate_idempotency";
pub const AUDIT: &str = "spangate_audit";
pub const MIGRATIONS: &str = "spangate_migrations";
pub const LOCK: &str = "spangate_migration_lock";

/// What a database that takes writes must have.
pub const OF_WRITES: [&str; 2] = [IDEMPOTENCY, AUDIT];

pub const ALL: [&str; 4] = [IDEMPOTENCY, AUDIT, MIGRATIONS, LOCK];

/// Makes those that are not there, and says which.
pub async fn create(admin: &Admin, database: &str, dialect: Dialect) -> anyhow::Result<Vec<&'static str>> {
    let lacking = missing(&admin.schema(database).await?, &ALL);
    if lacking.is_empty() {
        return Ok(lacking);
    }
    let ddl: Vec<String> = ddl(dialect)
        .into_iter()
        .filter(|statement| lacking.iter().any(|name| creates(statement, name)))
        .collect();
    admin.change_schema(database, &ddl).await?;
    Ok(lacking)
}

/// Which of these tables a schema does not have.
pub fn missing<'n>(schema: &[String], names: &[&'n str]) -> Vec<&'n str> {
    names.iter().copied().filter(|name| !schema.iter().any(|statement| creates(statement, name))).collect()
}

pub fn ddl(dialect: Dialect) -> Vec<String> {
    let text = match dialect {
        Dialect::PostgreSql => include_str!("own_tables/postgresql.sql"),
        Dialect::GoogleSql => include_str!("own_tables/googlesql.sql"),
    };
    sql::statements(text, dialect).into_iter().map(|statement| statement.text).collect()
}

fn creates(statement: &str, table: &str) -> bool {
    let head = statement.split('(').next().unwrap_or_default();
    let mut words = head.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("CREATE"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("TABLE"))
        && words.next_back().is_some_and(|name| name.trim_matches(['`', '"']) == table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_have_every_table() {
        for dialect in [Dialect::GoogleSql, Dialect::PostgreSql] {
            assert_eq!(missing(&ddl(dialect), &ALL), [""; 0]);
        }
    }

    #[test]
    fn a_table_is_known_by_its_name_alone() {
        let schema = [
            "CREATE TABLE `spangate_audit` (\n  a INT64,\n) PRIMARY KEY (a)",
            "CREATE TABLE spangate_idempotency_old (spangate_idempotency INT64) PRIMARY KEY ()",
        ]
        .map(str::to_owned);
        assert_eq!(missing(&schema, &OF_WRITES), [IDEMPOTENCY]);
    }
}
