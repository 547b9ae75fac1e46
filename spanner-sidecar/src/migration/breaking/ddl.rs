//! What a statement of DDL takes away. Only that: what it adds breaks nothing that was written before it.

mod column;
#[cfg(test)]
mod tests;

use spangate_operations::{Dialect, sql};

pub use column::Column;
use column::{Words, column_of};

/// Names are in lower case, without quotes and without their schema's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A table, view, index, sequence or the like is there no more under its name.
    Gone {
        what: String,
        name: String,
    },
    ColumnGone {
        table: String,
        column: String,
    },
    /// It has another type, which arguments and readers of the old one do not fit.
    Retyped {
        table: String,
        column: String,
    },
    /// It must be given a value.
    Required {
        table: String,
        column: String,
    },
    /// Its columns may be others; which, the text does not tell.
    Replaced {
        view: String,
    },
    /// Of one object, or all of it.
    RoleLess {
        role: String,
        object: Option<String>,
    },
}

/// What the statement takes away of a schema that these statements made.
pub fn losses(statement: &str, dialect: Dialect, schema: &[&str]) -> Vec<Loss> {
    let mut words = Words::of(statement, dialect);
    if words.take("DROP") {
        return dropped(words);
    }
    if words.take("RENAME") {
        return renamed(words);
    }
    if words.take("CREATE") {
        let replaces = words.take("OR") && words.take("REPLACE");
        return match words.take("VIEW").then(|| words.name()).flatten() {
            Some(view) if replaces => vec![Loss::Replaced { view }],
            _ => Vec::new(),
        };
    }
    if words.take("REVOKE") {
        return revoked(words);
    }
    if words.take("ALTER") {
        if words.take("TABLE") {
            words.skip(&["IF", "EXISTS"]);
            words.skip(&["ONLY"]);
            return words.name().map_or(Vec::new(), |table| altered(table, words, schema));
        }
        if words.take("INDEX")
            && let Some(table) = words.name()
            && words.take("DROP")
        {
            words.skip(&["STORED", "COLUMN"]);
            return words.name().map(|column| Loss::ColumnGone { table, column }).into_iter().collect();
        }
    }
    Vec::new()
}

fn dropped(mut words: Words<'_>) -> Vec<Loss> {
    let mut what = String::new();
    // `DROP CHANGE STREAM s`, `DROP SEARCH INDEX i`, `DROP TABLE IF EXISTS t`.
    while let Some(word) = words.next_if(|word| {
        [
            "TABLE",
            "VIEW",
            "INDEX",
            "SEQUENCE",
            "ROLE",
            "FUNCTION",
            "SCHEMA",
            "MODEL",
            "STREAM",
            "GRAPH",
            "CHANGE",
            "SEARCH",
            "VECTOR",
            "PROPERTY",
            "PROTO",
            "BUNDLE",
            "LOCALITY",
            "GROUP",
            "STATISTICS",
        ]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
    }) {
        if !what.is_empty() {
            what.push(' ');
        }
        what.push_str(&word.to_ascii_lowercase());
    }
    words.skip(&["IF", "EXISTS"]);
    let mut losses = Vec::new();
    while let Some(name) = words.name() {
        losses.push(match what.as_str() {
            "role" => Loss::RoleLess { role: name, object: None },
            _ => Loss::Gone { what: what.clone(), name },
        });
        if !words.take(",") {
            break;
        }
    }
    losses
}

/// `RENAME TABLE a TO b, c TO d`.
fn renamed(mut words: Words<'_>) -> Vec<Loss> {
    words.skip(&["TABLE"]);
    let mut losses = Vec::new();
    while let Some(name) = words.name() {
        losses.push(Loss::Gone { what: "table".to_owned(), name });
        words.skip(&["TO"]);
        let _new = words.name();
        if !words.take(",") {
            break;
        }
    }
    losses
}

/// `REVOKE PRIVILEGES ON TABLE t, u FROM ROLE r`.
fn revoked(mut words: Words<'_>) -> Vec<Loss> {
    let is = |word: &str, keyword: &str| word.eq_ignore_ascii_case(keyword);
    while words.next_if(|word| !is(word, "ON") && !is(word, "FROM")).is_some() {}
    let mut objects = Vec::new();
    if words.take("ON") {
        for kind in ["TABLE", "VIEW", "CHANGE", "STREAM", "FUNCTION", "SEQUENCE"] {
            words.skip(&[kind]);
        }
        objects = words.names();
        // `ALL TABLES IN SCHEMA s`, or what else we do not know: it may be any object.
        while words.next_if(|word| !is(word, "FROM")).is_some() {
            objects.clear();
        }
    }
    words.skip(&["FROM"]);
    words.skip(&["ROLE"]);
    let mut losses = Vec::new();
    for role in words.names() {
        match objects.as_slice() {
            // Of objects that are not named, or a role that was a member of another one.
            [] => losses.push(Loss::RoleLess { role, object: None }),
            objects => losses.extend(
                objects
                    .iter()
                    .map(|object| Loss::RoleLess { role: role.clone(), object: Some(object.clone()) }),
            ),
        }
    }
    losses
}

fn altered(table: String, mut words: Words<'_>, schema: &[&str]) -> Vec<Loss> {
    if words.take("RENAME") {
        if words.take("TO") {
            let _new = words.name();
            // The old name goes on as a synonym.
            let keeps = words.take(",") && words.take("ADD") && words.take("SYNONYM");
            return if keeps {
                Vec::new()
            } else {
                vec![Loss::Gone { what: "table".to_owned(), name: table }]
            };
        }
        words.skip(&["COLUMN"]);
        return words.name().map(|column| Loss::ColumnGone { table, column }).into_iter().collect();
    }
    if words.take("DROP") {
        if words.take("SYNONYM") {
            return words
                .name()
                .map(|name| Loss::Gone { what: "synonym".to_owned(), name })
                .into_iter()
                .collect();
        }
        if ["CONSTRAINT", "ROW", "TTL"].iter().any(|no_column| words.take(no_column)) {
            return Vec::new();
        }
        words.skip(&["COLUMN"]);
        words.skip(&["IF", "EXISTS"]);
        return words.name().map(|column| Loss::ColumnGone { table, column }).into_iter().collect();
    }
    if words.take("ALTER") && !words.take("TTL") {
        words.skip(&["COLUMN"]);
        return words.name().map_or(Vec::new(), |column| altered_column(table, column, words, schema));
    }
    Vec::new()
}

fn altered_column(table: String, column: String, mut words: Words<'_>, schema: &[&str]) -> Vec<Loss> {
    let before = column_of(&table, &column, schema, words.dialect);
    if words.take("SET") {
        words.skip(&["DATA"]);
        if words.take("NOT") {
            return vec![Loss::Required { table, column }];
        }
        if !words.take("TYPE") {
            return Vec::new();
        }
    } else if words.take("DROP") {
        // Who relied on the default of a column that must have a value gives none.
        let was_required = before.as_ref().is_none_or(|before| before.required);
        return if words.take("DEFAULT") && was_required {
            vec![Loss::Required { table, column }]
        } else {
            Vec::new()
        };
    } else {
        words.skip(&["TYPE"]);
    }
    let after = Column::read(&mut words);
    let mut losses = Vec::new();
    if before.as_ref().is_none_or(|before| !before.widens_to(&after)) {
        losses.push(Loss::Retyped { table: table.clone(), column: column.clone() });
    }
    let becomes_required = after.required && before.is_none_or(|before| !before.required);
    if becomes_required {
        losses.push(Loss::Required { table, column });
    }
    losses
}

/// Every name that a statement of SQL mentions, in lower case and without quotes.
pub fn names(statement: &str, dialect: Dialect) -> impl Iterator<Item = String> {
    sql::code(statement, dialect).map(move |word| sql::named(word, dialect).to_lowercase())
}
