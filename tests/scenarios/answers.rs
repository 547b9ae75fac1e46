//! What a caller is given beyond rows, over both protocols: kept answers, a row a line, its own writes, and one answer
//! to a write however often it arrives. Before the mock, whose rows can be changed behind everybody's back.

mod kept;
mod lossy;
mod own_writes;
mod repeated;
mod rows;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use spangate_stack::{Document, Options, Part, Stack, root};
use tempfile::TempDir;

use crate::support::{Request, Spanner};

const SCHEMA: &str = "CREATE TABLE notes (tenant STRING(MAX) NOT NULL, id INT64 NOT NULL, text STRING(MAX), n INT64) PRIMARY KEY (tenant, id)";
const ROWS: &str = "INSERT INTO notes (tenant, id, text, n) VALUES ('t1', 1, 'one', 0), ('t1', 2, 'two', 0), ('t1', 3, 'three', 0);";

struct Site {
    stack: Stack,
    spanner: Spanner,
    /// Of tenant `t1`.
    token: String,
    _directory: TempDir,
}

impl Site {
    fn start() -> Self {
        Self::start_with(|options| Stack::start(options).unwrap())
    }

    /// The same where the stack is put together otherwise.
    fn start_with(start: impl FnOnce(Options) -> Stack) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = options(directory.path());
        let spanner = Spanner::start(options.ports.emulator, SCHEMA, ROWS);
        let stack = start(options);
        let token = stack.token("alice").unwrap();
        Self { stack, spanner, token, _directory: directory }
    }

    fn get(&self, path: &str) -> Request {
        Request::get(&format!("/notes/v1{path}")).token(&self.token)
    }

    fn post(&self, path: &str, body: &str) -> Request {
        Request::text(&format!("/notes/v1{path}"), body).token(&self.token)
    }
}

fn options(directory: &Path) -> Options {
    let page_keys = directory.join("page.keys");
    fs::write(&page_keys, "bm90ZXMgb2YgcGFnZXMsIDMyIGJ5dGVzIGluIGFsbC4=").unwrap();
    fs::set_permissions(&page_keys, fs::Permissions::from_mode(0o600)).unwrap();
    let document = |name| Document::File(root().join("tests/scenarios/answers").join(name));
    let mut options = Options::storefront().unwrap().given_spanner();
    options.documents.policy = document("policy.yaml");
    options.documents.operations = document("operations.yaml");
    options
        .arguments(Part::Sidecar, ["--metrics", "127.0.0.1:0", "--page-key-file"])
        .arguments(Part::Sidecar, page_keys.to_str())
}
