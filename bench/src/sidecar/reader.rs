//! Who can read an item: what a turn drives, and what is compared before one counts.

use anyhow::Result;
use serde_json::Value;

/// Rows of the table, numbered from 1.
pub const ITEMS: i64 = 1_000;
pub const OWNER: &str = "t1";

pub trait Reader: Clone + Send + Sync + 'static {
    type Answer: Send;

    fn read(&self, id: i64) -> impl Future<Output = Result<Self::Answer>> + Send;

    /// The answer as JSON, to compare it with another's.
    fn told(answer: Self::Answer) -> Result<Value>;
}
