//! What the database says has been applied, compared with the files: which steps are left, and what must not be.

#[cfg(test)]
mod tests;

use super::file::{Faults, File, Kind};

/// A row of `spangate_migrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub version: u32,
    pub name: String,
    pub kind: Kind,
    pub state: State,
    /// How many of the file's statements are applied, from the first on.
    pub statements: usize,
    /// Of these statements; of all while the step runs, since then all of them have been sent.
    pub checksum: String,
    /// Which try it is: a batch of DDL is known to Spanner by version, checksum and this.
    pub attempt: u32,
    pub applied_by: String,
    /// Commit timestamp, once it has been read back.
    pub committed_at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Applied,
    /// There before migrations were kept.
    Baseline,
    /// Begun; whether it ended is not known here.
    Running,
    /// Half applied: one of the statements was refused.
    Stopped,
}

impl State {
    const ALL: [Self; 4] = [Self::Applied, Self::Baseline, Self::Running, Self::Stopped];

    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Baseline => "baseline",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub fn is_done(self) -> bool {
        matches!(self, Self::Applied | Self::Baseline)
    }
}

impl Row {
    pub fn of(file: &File, state: State, statements: usize, attempt: u32, by: &str) -> Self {
        let hashed = if state == State::Running { file.statements.len() } else { statements };
        Self {
            version: file.version,
            name: file.name.clone(),
            kind: file.kind,
            state,
            statements,
            checksum: file.checksum(hashed),
            attempt,
            applied_by: by.to_owned(),
            committed_at: String::new(),
        }
    }

    /// What the checksum is one of.
    fn hashed(&self, file: &File) -> usize {
        if self.state == State::Running { file.statements.len() } else { self.statements }
    }

    /// Whether the file still says what was applied or sent.
    pub fn agrees(&self, file: &File) -> bool {
        let whole = !self.state.is_done() || self.statements == file.statements.len();
        whole && self.kind == file.kind && self.checksum == file.checksum(self.hashed(file))
    }
}

/// A file that is to be applied, or the rest of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'f> {
    pub file: &'f File,
    /// How many of its statements are applied already.
    pub from: usize,
    pub attempt: u32,
    /// That it was begun and nobody knows how it ended.
    pub resumed: bool,
}

/// The steps up to a version, in order.
pub fn pending<'f>(files: &'f [File], rows: &[Row], target: Option<u32>) -> Result<Vec<Step<'f>>, Faults> {
    let mut faults = Faults::default();
    let highest = rows.iter().map(|row| row.version).max().unwrap_or(0);
    let mut steps = Vec::new();
    for file in files {
        match rows.iter().find(|row| row.version == file.version) {
            Some(row) if !row.agrees(file) => faults.push(changed(file, row)),
            Some(row) if row.state.is_done() => {}
            Some(row) => {
                let resumed = row.state == State::Running;
                let attempt = if resumed { row.attempt } else { row.attempt.saturating_add(1) };
                steps.push(Step { file, from: row.statements, attempt, resumed });
            }
            None if file.version < highest => faults.push(format!(
                "{} is not applied, and version {highest} is: give it a version of its own after that one",
                file.name
            )),
            None => steps.push(Step { file, from: 0, attempt: 1, resumed: false }),
        }
    }
    for row in rows.iter().filter(|row| files.iter().all(|file| file.version != row.version)) {
        faults.push(format!("{} is {} and its file is missing", row.name, row.state.name()));
    }
    if let Some(target) = target {
        if files.iter().all(|file| file.version != target) {
            faults.push(format!("there is no version {target}"));
        } else if rows.iter().any(|row| row.state.is_done() && row.version > target) {
            faults.push(format!(
                "the database is at version {highest}, after {target}: what is applied is undone by a new migration"
            ));
        }
        steps.retain(|step| step.file.version <= target);
    }
    if faults.is_empty() { Ok(steps) } else { Err(faults) }
}

fn changed(file: &File, row: &Row) -> String {
    let name = &file.name;
    match row.state {
        State::Applied | State::Baseline => format!(
            "{name} has changed since it was applied: restore it, or accept it as it is by `migrate repair`"
        ),
        State::Running => format!(
            "{name} has changed while it was being applied: restore it, so that `migrate up` can find out how that ended"
        ),
        State::Stopped => format!(
            "{name} is half applied, and its first {} statements, which are, have changed: restore them, or accept them as they are by `migrate repair`",
            row.statements
        ),
    }
}
