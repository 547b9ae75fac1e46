use expect_test::{Expect, expect};

use super::*;

fn check(files: &[(&str, &str)], expected: Expect) {
    let texts = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let told = match arrange(texts, Dialect::GoogleSql) {
        Ok(files) => files
            .iter()
            .map(|file| format!("{} {:?} {}", file.version, file.kind, file.statements.len()))
            .collect(),
        Err(faults) => faults.iter().map(str::to_owned).collect::<Vec<_>>(),
    };
    expected.assert_eq(&told.join("\n"));
}

const DDL: &str = "CREATE TABLE t (a INT64) PRIMARY KEY (a);";

#[test]
fn kinds_and_order() {
    check(
        &[
            ("0010_tidy.partitioned.sql", "DELETE FROM t WHERE a < 3; UPDATE t SET a = 1 WHERE true"),
            ("2_b.sql", DDL),
            ("0001_a.sql", "-- first\nCREATE TABLE t (a INT64) PRIMARY KEY (a);\n\nCREATE INDEX i ON t (a);"),
            ("0003_fill.dml.sql", "INSERT INTO t (a) VALUES (1); DELETE FROM t WHERE a = 2"),
        ],
        expect!["0010_tidy.partitioned.sql: versions 4 to 9 are missing"],
    );
    check(
        &[
            ("0003_tidy.partitioned.sql", "DELETE FROM t WHERE a < 3; UPDATE t SET a = 1 WHERE true"),
            ("0001_a.sql", "-- first\nCREATE TABLE t (a INT64) PRIMARY KEY (a);\n\nCREATE INDEX i ON t (a);"),
            ("2_fill.dml.sql", "INSERT INTO t (a) VALUES (1); DELETE FROM t WHERE a = 2"),
        ],
        expect![[r#"
            1 Ddl 2
            2 Dml 2
            3 Partitioned 2"#]],
    );
    check(&[], expect![""]);
}

#[test]
fn faults_are_told_at_once() {
    check(
        &[
            ("0000_a.sql", DDL),
            ("1-a.sql", DDL),
            ("0002_A.sql", DDL),
            ("0002_a.dlm.sql", DDL),
            ("0003_empty.sql", "-- nothing;\n"),
            ("0003_mixed.sql", "CREATE TABLE t (a INT64) PRIMARY KEY (a);\nINSERT INTO t (a) VALUES (1)"),
            ("0004_mixed.dml.sql", "\nDROP TABLE t"),
            ("0005_once.partitioned.sql", "INSERT INTO t (a) VALUES (1)"),
            ("0006_read.dml.sql", "SELECT 1"),
        ],
        expect![[r#"
            0000_a.sql: the name must be a version, `_`, and words, such as `0001_create_orders.sql` (DDL), `0002_fill_orders.dml.sql` or `0003_clean_orders.partitioned.sql`
            0002_A.sql: the name must be a version, `_`, and words, such as `0001_create_orders.sql` (DDL), `0002_fill_orders.dml.sql` or `0003_clean_orders.partitioned.sql`
            0002_a.dlm.sql: the name must be a version, `_`, and words, such as `0001_create_orders.sql` (DDL), `0002_fill_orders.dml.sql` or `0003_clean_orders.partitioned.sql`
            0003_empty.sql: no statement
            0003_mixed.sql, line 2: `INSERT INTO t (a) VALUES (1)`: `INSERT` is DML: give it a file of its own that ends in `.dml.sql`
            0004_mixed.dml.sql, line 2: `DROP TABLE t`: `DROP` is DDL: give it a file of its own that ends in `.sql` alone
            0005_once.partitioned.sql, line 1: `INSERT INTO t (a) VALUES (1)`: `INSERT` cannot be partitioned, only `UPDATE` and `DELETE` can
            0006_read.dml.sql, line 1: `SELECT 1`: this is neither DDL nor DML
            1-a.sql: the name must be a version, `_`, and words, such as `0001_create_orders.sql` (DDL), `0002_fill_orders.dml.sql` or `0003_clean_orders.partitioned.sql`
            0003_empty.sql: versions 1 to 2 are missing
            0003_empty.sql and 0003_mixed.sql have the same version: number one of them anew"#]],
    );
}

#[test]
fn checksums_are_of_statements_not_of_comments() {
    let file = |text: &str| {
        arrange(vec![("1_a.sql".to_owned(), text.to_owned())], Dialect::GoogleSql).unwrap().remove(0)
    };
    let one = file("-- why\nDROP TABLE a;\r\nDROP TABLE\r\n b;");
    let same = file("DROP TABLE a; -- because\nDROP TABLE\n b");
    let other = file("DROP TABLE a; DROP TABLE c");
    assert_eq!(one.checksum(2), same.checksum(2));
    assert_eq!(one.checksum(1), other.checksum(1));
    assert_ne!(one.checksum(2), other.checksum(2));
    assert_ne!(one.checksum(1), one.checksum(2));
}
