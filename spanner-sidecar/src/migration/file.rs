//! A folder of migrations: one file a version, one kind of statement a file. Whatever is wrong with names, order and
//! kinds is told at once, before anything is sent.

mod kind;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use spangate_operations::{Dialect, sql};

pub use kind::Kind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub version: u32,
    /// Such as `0001_create_orders.sql`.
    pub name: String,
    pub kind: Kind,
    pub statements: Vec<sql::Statement>,
}

impl File {
    /// What the history keeps of the first `count` statements. Blanks and comments between statements may change;
    /// a statement's own text may not.
    pub fn checksum(&self, count: usize) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        for statement in self.statements.iter().take(count) {
            let length = u64::try_from(statement.text.len()).unwrap_or(u64::MAX);
            hash.update(&length.to_be_bytes());
            hash.update(statement.text.as_bytes());
        }
        hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A statement in a message: where it stands, and how it begins.
    pub fn place(&self, index: usize) -> String {
        let Some(statement) = self.statements.get(index) else { return self.name.clone() };
        let first = statement.text.lines().next().unwrap_or_default();
        format!("{}, line {}: `{first}`", self.name, statement.line)
    }

    /// The texts of the statements after the first `from`.
    pub fn texts(&self, from: usize) -> Vec<String> {
        self.statements.iter().skip(from).map(|statement| statement.text.clone()).collect()
    }
}

pub fn read(folder: &Path, dialect: Dialect) -> anyhow::Result<Vec<File>> {
    let mut texts = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".sql") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            texts.push((name, text));
        }
    }
    match arrange(texts, dialect) {
        Ok(files) => Ok(files),
        Err(faults) => bail!("`{}` has faults:\n{faults}", folder.display()),
    }
}

/// Everything that is wrong, a line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    pub fn push(&mut self, fault: String) {
        self.0.push(fault);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The files in the order of their versions.
pub fn arrange(mut texts: Vec<(String, String)>, dialect: Dialect) -> Result<Vec<File>, Faults> {
    texts.sort();
    let mut faults = Faults::default();
    let mut files: Vec<File> = Vec::new();
    for (name, text) in texts {
        let Some((version, kind)) = named(&name) else {
            faults.push(format!(
                "{name}: the name must be a version, `_`, and words, such as `0001_create_orders.sql` (DDL), `0002_fill_orders.dml.sql` or `0003_clean_orders.partitioned.sql`"
            ));
            continue;
        };
        // Another checkout's line ends make no other migration.
        let statements = sql::statements(&text.replace("\r\n", "\n"), dialect);
        let file = File { version, name, kind, statements };
        check(&file, dialect, &mut faults);
        files.push(file);
    }
    files.sort_by_key(|file| file.version);
    let mut expected = 1;
    let mut previous: Option<&File> = None;
    for file in &files {
        match previous.filter(|previous| previous.version == file.version) {
            Some(previous) => faults.push(format!(
                "{} and {} have the same version: number one of them anew",
                previous.name, file.name
            )),
            None if file.version > expected => {
                let gap = if file.version - expected == 1 {
                    format!("version {expected} is missing")
                } else {
                    format!("versions {expected} to {} are missing", file.version - 1)
                };
                faults.push(format!("{}: {gap}", file.name));
            }
            None => {}
        }
        expected = file.version.saturating_add(1);
        previous = Some(file);
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

fn named(name: &str) -> Option<(u32, Kind)> {
    let (digits, rest) = name.split_once('_')?;
    let stem = rest.strip_suffix(".sql")?;
    let (words, kind) = Kind::of_suffix(stem);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let version = digits.parse().ok().filter(|version| *version > 0)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits && !words.is_empty() && words.chars().all(fits)).then_some((version, kind))
}

fn check(file: &File, dialect: Dialect, faults: &mut Faults) {
    if file.statements.is_empty() {
        faults.push(format!("{}: no statement", file.name));
    }
    for (index, statement) in file.statements.iter().enumerate() {
        if let Some(fault) = file.kind.refuses(&statement.text, dialect) {
            faults.push(format!("{}: {fault}", file.place(index)));
        }
    }
}
