//! What a writing role must be allowed on Spangate's own tables: to insert, and to read back whether it has. More
//! than that would let a compromised role rewrite what it did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use spangate_operations::{Dialect, sql};

use super::own_tables::{ALL, AUDIT, IDEMPOTENCY};

const NEEDED: [(&str, &[&str]); 2] = [(IDEMPOTENCY, &["SELECT", "INSERT"]), (AUDIT, &["INSERT"])];

/// Privileges that a role lacks on a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    role: String,
    table: &'static str,
    privileges: Vec<&'static str>,
}

impl Grant {
    pub fn ddl(&self, dialect: Dialect) -> String {
        let Self { role, table, privileges } = self;
        let (privileges, role) = (privileges.join(", "), sql::quoted(role, dialect));
        let to = match dialect {
            Dialect::GoogleSql => "TO ROLE",
            Dialect::PostgreSql => "TO",
        };
        format!("GRANT {privileges} ON TABLE {table} {to} {role}")
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "role `{}` lacks {} on {}", self.role, self.privileges.join(", "), self.table)
    }
}

/// What a person must see to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The operations name a role that the schema does not have.
    RoleMissing(String),
    TooMuch {
        role: String,
        table: String,
        privilege: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoleMissing(role) => write!(
                f,
                "there is no role `{role}`: create it by a migration, then run `spanner-sidecar migrate init`"
            ),
            Self::TooMuch { role, table, privilege } => {
                write!(f, "role `{role}` has {privilege} on {table}, which no operation needs: revoke it")
            }
        }
    }
}

/// The grants that are to be made, of the roles that are there, and what a person must see to.
pub fn compare(
    schema: &[String],
    dialect: Dialect,
    writing: &BTreeSet<String>,
) -> (Vec<Grant>, Vec<Finding>) {
    let Schema { roles, granted } = Schema::read(schema, dialect);
    let mut wanted = Vec::new();
    let mut findings = Vec::new();
    for role in writing {
        if !roles.contains(role) {
            findings.push(Finding::RoleMissing(role.clone()));
            continue;
        }
        for (table, needed) in NEEDED {
            let has = granted.get(&(role.clone(), table.to_owned()));
            let privileges: Vec<_> = needed
                .iter()
                .copied()
                .filter(|privilege| !has.is_some_and(|has| has.contains(*privilege)))
                .collect();
            if !privileges.is_empty() {
                wanted.push(Grant { role: role.clone(), table, privileges });
            }
        }
    }
    for ((role, table), privileges) in &granted {
        let allowed =
            NEEDED.iter().find(|(needed, _)| needed == table).map_or(&[][..], |(_, allowed)| allowed);
        let changes = |privilege: &str| matches!(privilege, "INSERT" | "UPDATE" | "DELETE");
        let is_reader = !writing.contains(role);
        for privilege in privileges {
            // Who reads the audit trail is the team's own affair; who writes it is not.
            let fine = if is_reader { !changes(privilege) } else { allowed.contains(&privilege.as_str()) };
            if !fine {
                findings.push(Finding::TooMuch {
                    role: role.clone(),
                    table: table.clone(),
                    privilege: privilege.clone(),
                });
            }
        }
    }
    (wanted, findings)
}

#[derive(Default)]
struct Schema {
    roles: BTreeSet<String>,
    /// By role and own table; a grant on columns counts as one on the table only where it is too much.
    granted: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Schema {
    fn read(schema: &[String], dialect: Dialect) -> Self {
        let mut read = Self::default();
        for statement in schema {
            let words: Vec<&str> = sql::code(statement, dialect).collect();
            match words.as_slice() {
                [create, role, name] if is(create, "CREATE") && is(role, "ROLE") => {
                    read.roles.insert(sql::named(name, dialect));
                }
                [grant, rest @ ..] if is(grant, "GRANT") => read.grant(rest, dialect),
                _ => {}
            }
        }
        read
    }

    /// `PRIVILEGES ON [TABLE] TABLES TO [ROLE] ROLES`, as Spanner prints it.
    fn grant(&mut self, words: &[&str], dialect: Dialect) {
        let mut parts = words.split(|word| is(word, "ON") || is(word, "TO"));
        let (Some(privileges), Some(tables), Some(roles)) = (parts.next(), parts.next(), parts.next()) else {
            return;
        };
        let privileges: Vec<String> = words_of(privileges, "ALL", dialect).collect();
        for role in words_of(roles, "ROLE", dialect) {
            for table in words_of(tables, "TABLE", dialect).filter(|table| ALL.contains(&table.as_str())) {
                let privileges = privileges.iter().map(|privilege| privilege.to_ascii_uppercase());
                self.granted.entry((role.clone(), table)).or_default().extend(privileges);
            }
        }
    }
}

/// Names of a list, without the word that may stand before it and what stands in parentheses.
fn words_of<'w>(words: &'w [&str], before: &'w str, dialect: Dialect) -> impl Iterator<Item = String> + 'w {
    let mut depth = 0_i32;
    words.iter().filter_map(move |word| {
        match *word {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," => {}
            name if depth == 0 && !is(name, before) => return Some(sql::named(name, dialect)),
            _ => {}
        }
        None
    })
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(schema: &[&str], writing: &[&str], expected: Expect) {
        check_in(Dialect::GoogleSql, schema, writing, expected);
    }

    fn check_in(dialect: Dialect, schema: &[&str], writing: &[&str], expected: Expect) {
        let schema: Vec<String> = schema.iter().map(|statement| (*statement).to_owned()).collect();
        let (wanted, findings) =
            compare(&schema, dialect, &writing.iter().map(|role| (*role).to_owned()).collect());
        let grants = wanted.iter().map(|grant| grant.ddl(dialect));
        let told: Vec<String> = grants.chain(findings.iter().map(Finding::to_string)).collect();
        expected.assert_eq(&told.join("\n"));
    }

    #[test]
    fn a_writer_gets_what_it_lacks() {
        check(
            &["CREATE ROLE writer"],
            &["writer", "ghost"],
            expect![[r#"
            GRANT SELECT, INSERT ON TABLE spangate_idempotency TO ROLE `writer`
            GRANT INSERT ON TABLE spangate_audit TO ROLE `writer`
            there is no role `ghost`: create it by a migration, then run `spanner-sidecar migrate init`"#]],
        );
        check(
            &[
                "CREATE ROLE writer",
                "GRANT INSERT ON TABLE spangate_audit, spangate_idempotency TO ROLE writer, other",
                "GRANT SELECT ON TABLE orders TO ROLE writer",
            ],
            &["writer"],
            expect![[r#"
                GRANT SELECT ON TABLE spangate_idempotency TO ROLE `writer`
                role `other` has INSERT on spangate_audit, which no operation needs: revoke it
                role `other` has INSERT on spangate_idempotency, which no operation needs: revoke it"#]],
        );
        check(
            &[
                "CREATE ROLE writer",
                "GRANT SELECT, INSERT ON TABLE `spangate_idempotency` TO ROLE writer",
                "GRANT INSERT ON TABLE spangate_audit TO ROLE writer",
            ],
            &["writer"],
            expect![""],
        );
    }

    #[test]
    fn postgresql() {
        check_in(
            Dialect::PostgreSql,
            &[
                "CREATE ROLE writer",
                "CREATE ROLE \"Odd\"\"one\"",
                "GRANT INSERT ON TABLE \"spangate_idempotency\", public.orders TO writer",
            ],
            &["writer", "Odd\"one"],
            expect![[r#"
                GRANT SELECT, INSERT ON TABLE spangate_idempotency TO "Odd""one"
                GRANT INSERT ON TABLE spangate_audit TO "Odd""one"
                GRANT SELECT ON TABLE spangate_idempotency TO "writer"
                GRANT INSERT ON TABLE spangate_audit TO "writer""#]],
        );
    }

    #[test]
    fn too_much_is_told() {
        check(
            &[
                "CREATE ROLE writer",
                "CREATE ROLE auditor",
                "GRANT SELECT, INSERT, UPDATE(body) ON TABLE spangate_idempotency TO ROLE writer",
                "GRANT SELECT, INSERT, DELETE ON TABLE spangate_audit TO ROLE writer",
                "GRANT SELECT ON TABLE spangate_audit TO ROLE auditor",
                "GRANT DELETE ON TABLE spangate_migrations TO ROLE auditor",
            ],
            &["writer"],
            expect![[r#"
                role `auditor` has DELETE on spangate_migrations, which no operation needs: revoke it
                role `writer` has DELETE on spangate_audit, which no operation needs: revoke it
                role `writer` has SELECT on spangate_audit, which no operation needs: revoke it
                role `writer` has UPDATE on spangate_idempotency, which no operation needs: revoke it"#]],
        );
    }
}
