//! `migrate init`: Spangate's own tables, and for each role that writes what it needs of them and no more.

use std::collections::BTreeSet;

use serde_json::json;

use super::grants::{self, Finding};
use super::{Bench, Verdict, own_tables};

impl Bench {
    pub(super) async fn init(&self, dry_run: bool) -> anyhow::Result<Verdict> {
        let schema = self.admin.schema(&self.database).await?;
        let lacking = own_tables::missing(&schema, &own_tables::ALL);
        if !dry_run {
            own_tables::create(&self.admin, &self.database, self.dialect).await?;
        }
        for name in &lacking {
            let told = if dry_run { "would be created" } else { "created" };
            self.report.say(&format!("{name}: {told}"), &json!({"event": told, "table": name}));
        }
        let (granted, verdict) = if self.admin.is_emulator() {
            self.skip_grants();
            (false, Verdict::Fine)
        } else {
            self.grant(&schema, dry_run).await?
        };
        if lacking.is_empty() && !granted && verdict == Verdict::Fine {
            self.report.say("everything is there already", &json!({"event": "nothing_to_do"}));
        }
        Ok(verdict)
    }

    fn skip_grants(&self) {
        let roles = self.writing_roles().into_iter().collect::<Vec<_>>().join(", ");
        if !roles.is_empty() {
            let note = format!("the emulator has no roles: nothing is granted to {roles}");
            self.report.say(&note, &json!({"event": "grants_skipped", "roles": roles}));
        }
    }

    /// Whether there was anything to grant, and whether a person must see to something.
    async fn grant(&self, schema: &[String], dry_run: bool) -> anyhow::Result<(bool, Verdict)> {
        let (wanted, findings) = grants::compare(schema, self.dialect, &self.writing_roles());
        let ddl: Vec<String> = wanted.iter().map(|grant| grant.ddl(self.dialect)).collect();
        if !dry_run && !ddl.is_empty() {
            self.admin.change_schema(&self.database, &ddl).await?;
        }
        for grant in &ddl {
            let told = if dry_run { "would be granted" } else { "granted" };
            self.report.say(&format!("{told}: {grant}"), &json!({"event": told, "ddl": grant}));
        }
        for finding in &findings {
            let problem = finding.to_string();
            self.report.say(&format!("warning: {problem}"), &json!({"event": "finding", "problem": problem}));
        }
        let verdict = if findings.is_empty() { Verdict::Fine } else { Verdict::Finding };
        Ok((!ddl.is_empty(), verdict))
    }

    /// Roles of the database's operations that write.
    pub(super) fn writing_roles(&self) -> BTreeSet<String> {
        let writes =
            self.operations.iter().filter(|operation| operation.database == self.key && operation.is_write());
        writes.filter_map(|operation| operation.database_role.clone()).collect()
    }

    pub(super) fn grant_findings(&self, schema: &[String]) -> Vec<String> {
        if self.admin.is_emulator() {
            return Vec::new();
        }
        let (wanted, findings) = grants::compare(schema, self.dialect, &self.writing_roles());
        let lacking = wanted.iter().map(|grant| format!("{grant}: run `spanner-sidecar migrate init`"));
        lacking.chain(findings.iter().map(Finding::to_string)).collect()
    }
}
