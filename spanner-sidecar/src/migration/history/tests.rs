use expect_test::{Expect, expect};

use super::super::file::arrange;
use super::*;

fn files(texts: &[&str]) -> Vec<File> {
    let named =
        texts.iter().zip(1..).map(|(text, version)| (format!("{version:04}_x.sql"), (*text).to_owned()));
    arrange(named.collect(), spangate_operations::Dialect::GoogleSql).unwrap()
}

const THREE: &str = "DROP TABLE a; DROP TABLE b; DROP TABLE c";

/// Applied rows of files as they once were; then what is left of the files as they are.
fn check(rows: &[(u32, &str, State, usize)], present: &[&str], target: Option<u32>, expected: Expect) {
    let rows: Vec<Row> = rows
        .iter()
        .map(|(version, text, state, statements)| {
            let file = File { version: *version, ..files(&[text]).remove(0) };
            Row::of(&file, *state, *statements, 1, "someone")
        })
        .collect();
    let told: Vec<_> = match pending(&files(present), &rows, target) {
        Ok(steps) => steps
            .iter()
            .map(|step| {
                let Step { file, from, attempt, resumed } = step;
                format!(
                    "{} from {from} attempt {attempt}{}",
                    file.name,
                    if *resumed { " resumed" } else { "" }
                )
            })
            .collect(),
        Err(faults) => faults.iter().map(str::to_owned).collect(),
    };
    expected.assert_eq(&told.join("\n"));
}

#[test]
fn what_is_left() {
    use State::{Applied, Baseline, Running, Stopped};
    check(
        &[],
        &["DROP TABLE a", THREE],
        None,
        expect![[r#"
        0001_x.sql from 0 attempt 1
        0002_x.sql from 0 attempt 1"#]],
    );
    check(&[], &["DROP TABLE a", THREE], Some(1), expect!["0001_x.sql from 0 attempt 1"]);
    check(
        &[(1, "DROP TABLE a", Baseline, 1)],
        &["DROP TABLE a", THREE],
        None,
        expect!["0002_x.sql from 0 attempt 1"],
    );
    check(
        &[(1, "DROP TABLE a", Applied, 1), (2, THREE, Applied, 3)],
        &["DROP TABLE a", THREE],
        None,
        expect![""],
    );
    check(&[(1, THREE, Running, 1)], &[THREE], None, expect!["0001_x.sql from 1 attempt 1 resumed"]);
    // Half applied: what is left may be mended.
    check(
        &[(1, THREE, Stopped, 2)],
        &["DROP TABLE a; DROP TABLE b; DROP TABLE d"],
        None,
        expect!["0001_x.sql from 2 attempt 2"],
    );
}

#[test]
fn what_must_not_be() {
    use State::{Applied, Running, Stopped};
    check(
        &[(1, "DROP TABLE b", Applied, 1)],
        &["DROP TABLE a"],
        None,
        expect![
            "0001_x.sql has changed since it was applied: restore it, or accept it as it is by `migrate repair`"
        ],
    );
    check(
        &[(1, THREE, Applied, 3)],
        &["DROP TABLE a; DROP TABLE b; DROP TABLE c; DROP TABLE d"],
        None,
        expect![
            "0001_x.sql has changed since it was applied: restore it, or accept it as it is by `migrate repair`"
        ],
    );
    check(
        &[(1, THREE, Running, 1)],
        &["DROP TABLE a; DROP TABLE b"],
        None,
        expect![
            "0001_x.sql has changed while it was being applied: restore it, so that `migrate up` can find out how that ended"
        ],
    );
    check(
        &[(1, THREE, Stopped, 2)],
        &["DROP TABLE a; DROP TABLE x; DROP TABLE c"],
        None,
        expect![
            "0001_x.sql is half applied, and its first 2 statements, which are, have changed: restore them, or accept them as they are by `migrate repair`"
        ],
    );
    check(
        &[(2, "DROP TABLE b", Applied, 1)],
        &["DROP TABLE a", "DROP TABLE b"],
        None,
        expect!["0001_x.sql is not applied, and version 2 is: give it a version of its own after that one"],
    );
    check(
        &[(2, "DROP TABLE b", Applied, 1)],
        &["DROP TABLE a"],
        None,
        expect![[r#"
        0001_x.sql is not applied, and version 2 is: give it a version of its own after that one
        0001_x.sql is applied and its file is missing"#]],
    );
    check(&[], &["DROP TABLE a"], Some(2), expect!["there is no version 2"]);
    check(
        &[(1, "DROP TABLE a", Applied, 1), (2, "DROP TABLE b", Applied, 1)],
        &["DROP TABLE a", "DROP TABLE b"],
        Some(1),
        expect!["the database is at version 2, after 1: what is applied is undone by a new migration"],
    );
}
