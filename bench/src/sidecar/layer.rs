//! The sidecar's operations, called in process: all of its work but the transport's.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::Value;
use spanner_sidecar::InProcess;

use super::Form;
use super::caller::call;
use super::reader::Reader;

#[derive(Clone)]
pub struct Layer {
    operations: InProcess,
    form: Form,
}

impl Layer {
    pub async fn start(operations: &Path, form: Form) -> Result<Self> {
        Ok(Self { operations: InProcess::start(operations, 0).await?, form })
    }
}

impl Reader for Layer {
    type Answer = Vec<u8>;

    async fn read(&self, id: i64) -> Result<Vec<u8>> {
        let answer = self.operations.execute(call(self.form.operation(), Some(id))).await;
        answer.map_err(|status| anyhow!("{status}"))
    }

    fn told(answer: Vec<u8>) -> Result<Value> {
        Ok(serde_json::from_slice(&answer)?)
    }
}
