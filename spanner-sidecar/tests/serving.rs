//! What the sidecar is while it runs: reloaded, planned again, crowded, watched, and asked to end. On a Spanner of our
//! own, whose tables and delays change in the middle.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stand;

#[path = "serving/crowd.rs"]
mod crowd;
#[path = "serving/drain.rs"]
mod drain;
#[path = "serving/metrics.rs"]
mod metrics;
#[path = "serving/peers.rs"]
mod peers;
#[path = "serving/reload.rs"]
mod reload;
#[path = "serving/roles.rs"]
mod roles;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use spangate_mock_spanner::Mock;
use stand::Stand;

const ITEMS: &str = "CREATE TABLE items (id INT64 NOT NULL, title STRING(MAX)) PRIMARY KEY (id);";

const OWN_TABLES: &str = include_str!("../src/migration/own_tables/googlesql.sql");

const SCAN: &str = "  Scan: {read: {sql: SELECT id FROM items}}\n";
const POINT: &str = "  Point:
    read: {keys: {table: items, columns: [id, title], key: [id]}}
    parameters: {id: {type: INT64, from: path}}
    answer: one
";

/// A document that can be replaced while it is served; its folder goes when this goes.
struct Document {
    folder: PathBuf,
}

impl Drop for Document {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Document {
    fn new(text: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("spangate-serving-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let document = Self { folder };
        document.replace(text);
        document
    }

    /// As an editor or a deployment does it: written beside, and renamed over.
    fn replace(&self, text: &str) {
        self.put("operations.yaml", text);
    }

    /// A file that the document names.
    fn put(&self, name: &str, text: &str) {
        let beside = self.folder.join("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.folder.join(name)).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.join("operations.yaml")
    }
}

/// A document with a database of these settings.
fn document(settings: &str, operations: &[&str]) -> String {
    format!(
        "apiVersion: spangate/v1\ndatabases:\n  main: {{name: projects/p/instances/i/databases/d{settings}}}\noperations:\n{}",
        operations.concat()
    )
}

/// A table with one row, and a sidecar that serves the document.
async fn start(document: &Document, options: &[&str]) -> (Mock, Stand) {
    let mock = Mock::start(&[ITEMS, OWN_TABLES].concat()).await.unwrap();
    mock.execute("INSERT INTO items (id, title) VALUES (1, 'one');").unwrap();
    let stand = serve(&mock, &document.path(), options).await;
    stand.until_healthy().await;
    mock.forget_counts();
    (mock, stand)
}

async fn until(what: &str, is: impl AsyncFn() -> bool) {
    for _ in 0..300 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come");
}

async fn serve(mock: &Mock, document: &Path, options: &[&str]) -> Stand {
    Stand::serving_with(mock.port, document.to_str().unwrap(), options).await
}
