//! A column as DDL writes it, found in the schema that it stands in.

use spangate_operations::{Dialect, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// `STRING`, `ARRAY < STRING >`: without lengths.
    family: Vec<String>,
    /// The largest that there is for `MAX` or none.
    length: u64,
    /// NOT NULL.
    pub required: bool,
}

impl Column {
    /// From the type on, to the end of the column.
    pub fn read(words: &mut Words<'_>) -> Self {
        let mut column = Self { family: Vec::new(), length: u64::MAX, required: false };
        let mut depth = 0_u32;
        let mut in_type = true;
        while let Some(word) = words.next_if(|_| true) {
            match word {
                "(" => depth = depth.saturating_add(1),
                ")" => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => break,
                },
                "," if depth == 0 => break,
                length if depth > 0 => {
                    if in_type && let Ok(length) = length.parse() {
                        column.length = length;
                    }
                }
                word if word.eq_ignore_ascii_case("NOT") => {
                    column.required |= words.take("NULL");
                    in_type = false;
                }
                word if ["DEFAULT", "AS", "GENERATED", "OPTIONS", "PRIMARY", "HIDDEN", "USING"]
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known)) =>
                {
                    in_type = false;
                }
                word if in_type => column.family.push(word.to_ascii_uppercase()),
                _ => {}
            }
        }
        column.family = one_name(column.family);
        column
    }

    /// Whether what fits the one fits the other.
    pub fn widens_to(&self, after: &Self) -> bool {
        self.family == after.family && self.length <= after.length
    }
}

/// PostgreSQL has several names for a type, and prints another one than its author has written.
fn one_name(family: Vec<String>) -> Vec<String> {
    let (head, array) = match family.iter().position(|word| word == "[") {
        Some(at) => family.split_at(at),
        None => (family.as_slice(), &[][..]),
    };
    let name = match head.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["CHARACTER", "VARYING"] | ["TEXT"] => "VARCHAR",
        ["INT8"] => "BIGINT",
        ["BOOL"] => "BOOLEAN",
        ["FLOAT8"] => "DOUBLE PRECISION",
        ["DOUBLE", "PRECISION"] => "DOUBLE PRECISION",
        ["FLOAT4"] => "REAL",
        ["DECIMAL"] => "NUMERIC",
        ["TIMESTAMP", "WITH", "TIME", "ZONE"] => "TIMESTAMPTZ",
        _ => return family,
    };
    [name.to_owned()].into_iter().chain(array.iter().cloned()).collect()
}

/// The column as the latest of these statements has it.
pub fn column_of(table: &str, column: &str, schema: &[&str], dialect: Dialect) -> Option<Column> {
    schema.iter().rev().find_map(|statement| {
        let mut words = Words::of(statement, dialect);
        if words.take("CREATE") && words.take("TABLE") {
            words.skip(&["IF", "NOT", "EXISTS"]);
            return (words.name()? == table && words.take("(")).then(|| in_table(column, words)).flatten();
        }
        let mut words = Words::of(statement, dialect);
        if words.take("ALTER") && words.take("TABLE") && words.name()? == table {
            let changes = words.take("ADD") || words.take("ALTER");
            words.skip(&["COLUMN"]);
            words.skip(&["IF", "NOT", "EXISTS"]);
            let is_meant = changes && words.name()? == column;
            let of_type = !words.clone().take("SET") && !words.clone().take("DROP");
            words.skip(&["TYPE"]);
            return (is_meant && of_type).then(|| Column::read(&mut words));
        }
        None
    })
}

fn in_table(wanted: &str, mut words: Words<'_>) -> Option<Column> {
    loop {
        let name = words.name()?;
        let column = Column::read(&mut words);
        if name == wanted {
            return Some(column);
        }
    }
}

/// The words, names and signs of a statement, read one after the other.
#[derive(Clone)]
pub struct Words<'s> {
    pub dialect: Dialect,
    rest: std::iter::Peekable<std::vec::IntoIter<&'s str>>,
}

impl<'s> Words<'s> {
    pub fn of(statement: &'s str, dialect: Dialect) -> Self {
        let words: Vec<_> = sql::code(statement, dialect).collect();
        Self { dialect, rest: words.into_iter().peekable() }
    }

    pub fn next_if(&mut self, is: impl Fn(&str) -> bool) -> Option<&'s str> {
        self.rest.next_if(|word| is(word))
    }

    pub fn take(&mut self, keyword: &str) -> bool {
        self.next_if(|word| word.eq_ignore_ascii_case(keyword)).is_some()
    }

    /// Passes over these words, as far as they come.
    pub fn skip(&mut self, keywords: &[&str]) {
        for keyword in keywords {
            if !self.take(keyword) {
                return;
            }
        }
    }

    /// A name, of a path the last part: names of several schemas are not told apart, which refuses too much at
    /// worst.
    pub fn name(&mut self) -> Option<String> {
        let is_name =
            |word: &str| word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '`' | '"'));
        let mut name = self.next_if(is_name)?;
        while self.take(".") {
            name = self.next_if(is_name)?;
        }
        Some(sql::named(name, self.dialect).to_lowercase())
    }

    /// Names that commas part.
    pub fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            if !self.take(",") {
                break;
            }
        }
        names
    }
}
