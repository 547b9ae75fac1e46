//! What a run tells on standard output: lines for people, or one JSON object a line.

use serde_json::{Value, json};

use super::file::File;
use super::history::Step;

#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub json: bool,
}

impl Report {
    pub fn begun(&self, step: &Step<'_>) {
        let Step { file, from, attempt, resumed } = step;
        let told = if *resumed { "resumed" } else { "begun" };
        let place = if *from > 0 { format!(" after statement {from}") } else { String::new() };
        self.say(
            &format!("{}: {told}{place}", file.name),
            &json!({"event": told, "file": file.name, "from": from, "attempt": attempt}),
        );
    }

    pub fn progress(&self, file: &File, applied: usize) {
        tracing::info!(event = "migration_progress", file = file.name, applied, of = file.statements.len());
    }

    pub fn applied(&self, step: &Step<'_>) {
        let Step { file, .. } = step;
        let count = file.statements.len();
        self.say(
            &format!(
                "{}: applied ({count} {})",
                file.name,
                if count == 1 { "statement" } else { "statements" }
            ),
            &json!({"event": "applied", "file": file.name, "statements": count}),
        );
    }

    pub fn say(&self, line: &str, object: &Value) {
        if self.json { println!("{object}") } else { println!("{line}") }
    }
}
