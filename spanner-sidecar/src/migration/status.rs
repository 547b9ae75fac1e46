//! `migrate status`: what is applied, by whom and when, what is left, and what is wrong.

use serde_json::{Value, json};

use super::file::{self, File};
use super::history::{self, Row, State};
use super::{Bench, Verdict, own_tables};
use crate::cli;

impl Bench {
    pub(super) async fn status(&self, folder: &cli::Folder) -> anyhow::Result<Verdict> {
        let files = file::read(&folder.migrations, self.dialect)?;
        let schema = self.admin.schema(&self.database).await?;
        let lacking = own_tables::missing(&schema, &own_tables::ALL);
        let mut findings: Vec<String> = lacking
            .iter()
            .map(|name| format!("{name} is missing: run `spanner-sidecar migrate init`"))
            .collect();
        findings.extend(self.grant_findings(&schema));
        let keeps_history =
            !lacking.iter().any(|name| [own_tables::MIGRATIONS, own_tables::LOCK].contains(name));
        let (rows, holder) = if keeps_history {
            let store = self.store().await?;
            (store.history().await?, store.holder().await?)
        } else {
            (Vec::new(), None)
        };
        if let Err(faults) = history::pending(&files, &rows, None) {
            findings.extend(faults.iter().map(str::to_owned));
        }
        findings.extend(rows.iter().filter(|row| row.state == State::Stopped).map(stopped));
        for row in &rows {
            self.report.say(&line(row), &object(row));
        }
        for file in files.iter().filter(|file| rows.iter().all(|row| row.version != file.version)) {
            self.report.say(&left(file), &json!({"version": file.version, "file": file.name, "kind": file.kind.name(), "state": "pending"}));
        }
        if let Some(locked) = holder.filter(|locked| !locked.left.is_zero()) {
            let text = format!("`{}` is migrating", locked.owner);
            self.report.say(&text, &json!({"lock": locked.owner, "seconds_left": locked.left.as_secs()}));
        }
        for finding in &findings {
            self.report.say(&format!("warning: {finding}"), &json!({"finding": finding}));
        }
        Ok(if findings.is_empty() { Verdict::Fine } else { Verdict::Finding })
    }
}

fn line(row: &Row) -> String {
    let Row { name, kind, state, applied_by, committed_at, .. } = row;
    format!("{:<9} {:<12} {name}  {committed_at} {applied_by}", state.name(), kind.name())
}

fn left(file: &File) -> String {
    format!("{:<9} {:<12} {}", "pending", file.kind.name(), file.name)
}

fn object(row: &Row) -> Value {
    let Row { version, name, kind, state, statements, checksum, attempt, applied_by, committed_at } = row;
    json!({
        "version": version, "file": name, "kind": kind.name(), "state": state.name(), "statements": statements,
        "checksum": checksum, "attempt": attempt, "by": applied_by, "at": committed_at,
    })
}

fn stopped(row: &Row) -> String {
    format!(
        "{} stopped after {} of its statements: mend those after them and run `migrate up`, or say how it was ended by hand by `migrate repair`",
        row.name, row.statements
    )
}
