//! `migrate up`, `to`, `plan` and `--dry-run`: what is left, whether it breaks an operation, and then the steps.

use anyhow::bail;
use serde_json::json;

use super::apply::Apply;
use super::breaking::{self, Breach};
use super::file::{self, File};
use super::history::{self, Step};
use super::{Bench, Verdict, lease};
use crate::cli;

impl Bench {
    pub(super) async fn plan(
        &self,
        folder: &cli::Folder,
        breaking: &cli::Breaking,
        target: Option<u32>,
    ) -> anyhow::Result<Verdict> {
        let files = file::read(&folder.migrations, self.dialect)?;
        let rows = self.store().await?.history().await?;
        let steps = match history::pending(&files, &rows, target) {
            Ok(steps) => steps,
            Err(faults) => bail!("{faults}"),
        };
        self.show(&steps);
        let breaches = self.breaches(&steps, breaking).await?;
        self.tell(&breaches);
        Ok(if breaches.is_empty() { Verdict::Fine } else { Verdict::Finding })
    }

    pub(super) async fn up(&self, upward: &cli::Upward, target: Option<u32>) -> anyhow::Result<Verdict> {
        let cli::Upward { folder, breaking, patience, dry_run } = upward;
        if *dry_run {
            return self.plan(folder, breaking, target).await;
        }
        // Faults of the files are told without waiting for the lock.
        let files = file::read(&folder.migrations, self.dialect)?;
        let store = self.store().await?;
        let lease = self.lease(&store, patience).await?;
        let by = lease::person();
        let apply = Apply {
            admin: &self.admin,
            store: &store,
            holder: &lease.holder,
            database: &self.database,
            by: &by,
            report: &self.report,
        };
        let done = self.run(&apply, &files, breaking, target).await;
        lease.release().await;
        done
    }

    async fn run(
        &self,
        apply: &Apply<'_>,
        files: &[File],
        breaking: &cli::Breaking,
        target: Option<u32>,
    ) -> anyhow::Result<Verdict> {
        // Only now: another one may have applied some while this one waited.
        let rows = apply.store.history().await?;
        let steps = match history::pending(files, &rows, target) {
            Ok(steps) => steps,
            Err(faults) => bail!("{faults}"),
        };
        if steps.is_empty() {
            self.report.say("everything is applied", &json!({"event": "nothing_to_do"}));
            return Ok(Verdict::Fine);
        }
        let breaches = self.breaches(&steps, breaking).await?;
        if !breaches.is_empty() {
            self.tell(&breaches);
            bail!(
                "nothing was applied: first serve a version that does without (`--allow-breaking OPERATION` breaks it all the same)"
            );
        }
        for step in &steps {
            apply.step(step).await?;
        }
        Ok(Verdict::Fine)
    }

    /// Which operations the steps would break, those apart that may.
    async fn breaches(&self, steps: &[Step<'_>], options: &cli::Breaking) -> anyhow::Result<Vec<Breach>> {
        let schema = self.admin.schema(&self.database).await?;
        let protected = breaking::protected(&self.operations, &self.key, &options.policy)?;
        let mut breaches = breaking::of_text(&schema, self.dialect, steps, &protected);
        if let Some(scratch) = &options.scratch {
            breaches = self.tried(scratch, &schema, steps, &protected, breaches).await?;
        }
        breaches.retain(|breach| !options.allow_breaking.contains(&breach.operation));
        Ok(breaches)
    }

    fn show(&self, steps: &[Step<'_>]) {
        if steps.is_empty() {
            self.report.say("everything is applied", &json!({"event": "nothing_to_do"}));
        }
        for Step { file, from, resumed, .. } in steps {
            let how = file.kind.name();
            let begun = if *resumed { ", begun before" } else { "" };
            let texts = file.texts(*from);
            let mut lines = format!("{} ({how}{begun})", file.name);
            for (index, _) in texts.iter().enumerate() {
                lines.push_str(&format!("\n  {}", file.place(from + index)));
            }
            self.report.say(
                &lines,
                &json!({"event": "pending", "file": file.name, "kind": how, "from": from, "statements": texts}),
            );
        }
    }

    fn tell(&self, breaches: &[Breach]) {
        for breach in breaches {
            self.report.say(
                &format!("breaks `{}`: {}", breach.operation, breach.why),
                &json!({"event": "breaks", "operation": breach.operation, "problem": breach.why}),
            );
        }
    }
}
