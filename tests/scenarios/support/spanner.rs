//! The mock Spanner within the test's own process: where a story has it fail, forget or hang, at the very step.

use std::ops::Deref;

use spangate_mock_spanner::Mock;
use spangate_stack::root;
use tokio::runtime::{Builder, Runtime};

/// Dropped, it is gone for whoever was connected.
pub struct Spanner {
    mock: Mock,
    _runtime: Runtime,
}

impl Spanner {
    /// At a port of this machine, with these tables, Spangate's own, and rows.
    pub fn start(port: u16, schema: &str, rows: &str) -> Self {
        let own = "spanner-sidecar/src/migration/own_tables/googlesql.sql";
        let ddl = format!("{}\n;{schema}", std::fs::read_to_string(root().join(own)).unwrap());
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mock = runtime.block_on(Mock::on(&ddl, &format!("127.0.0.1:{port}"))).unwrap();
        mock.execute(rows).unwrap();
        Self { mock, _runtime: runtime }
    }
}

impl Deref for Spanner {
    type Target = Mock;

    fn deref(&self) -> &Mock {
        &self.mock
    }
}
