//! The gateway before the mock, and its callers.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use spangate_mock_spanner::Step;
use spangate_stack::http::Answer;
use spangate_stack::{Document, Options, Part, Stack, root};
use tempfile::TempDir;

use super::canaries::Canaries;
use super::refused::{Caller, Key, Refused};
use crate::support::{Connection, Protocol, Request, Spanner, assert_problem, eventually};

const PAGE_KEY: &str = "b3Jpb2xlLW9yaW9sZS1vcmlvbGUtb3Jpb2xlLW9yaW8=";

/// Of the first write that there is.
const FIRST_KEY: &str = "oriole-first-key";

pub struct Site {
    pub stack: Stack,
    pub spanner: Spanner,
    pub canaries: Canaries,
    tokens: [(Caller, String); 3],
    /// Of writes that were to be new.
    fresh: usize,
    _directory: TempDir,
}

impl Site {
    /// With its Spanner, and calls that went well.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = options(directory.path());
        let spanner = spanner(&options);
        let stack = Stack::start(options).unwrap();
        let tokens = [
            (Caller::Canary, stack.token("canary").unwrap()),
            (Caller::Homeless, stack.token("homeless").unwrap()),
            (
                Caller::Forger,
                "Bearer oriole-forged-header.oriole-forged-claims.oriole-forged-signature".to_owned(),
            ),
        ];
        let mut canaries = Canaries::new(PAGE_KEY);
        tokens.iter().for_each(|(_, token)| canaries.plant_token(token));
        let mut site = Self { stack, spanner, canaries, tokens, fresh: 0, _directory: directory };
        site.begin_well();
        // From now on the clerk's operation is refused.
        site.spanner.apply("REVOKE INSERT ON TABLE oriole_items FROM ROLE clerk").unwrap();
        site
    }

    /// What is not refused: a page with another to come, a row, writes.
    fn begin_well(&mut self) {
        let mut connection = Connection::open(&self.stack, Protocol::Http1).unwrap();
        let mut send = |request: Request| connection.send(self.signed(request, Caller::Canary)).unwrap();
        let page = send(Request::get("/items/v1?title=oriole-query"));
        assert_eq!(page.status, 200, "{}", page.text());
        let next = page.json().unwrap()["next_page"].as_str().unwrap().to_owned();
        let page = send(Request::get(&format!("/items/v1?title=oriole-query&page={next}")));
        assert_eq!(page.json().unwrap()["next_page"], Value::Null, "{}", page.text());
        assert_eq!(send(Request::get("/items/v1/1")).text(), r#"{"title":"oriole-row"}"#);
        let limited = [(); 2].map(|()| send(Request::get("/items/v1/limited?title=oriole-query")));
        assert_eq!(limited.each_ref().map(|answer| answer.status), [200, 429]);
        self.assert_clean(&limited[1], "limited");
        let title = r#"{"title": "oriole-title"}"#;
        for (path, body, status, key) in [
            ("/items/v1/3", title, 201, FIRST_KEY),
            ("/items/v1/4/clerk", title, 201, "oriole-clerk"),
            ("/items/v1/2/more", "", 204, "oriole-more"),
        ] {
            let write = Request::text(path, body).header("x-note", "oriole-header");
            let written = send(write.header("idempotency-key", key));
            assert_eq!(written.status, status, "{}", written.text());
        }
        self.canaries.plant(&next);
    }

    /// Calls, and is refused so, with nothing written.
    pub fn meet(&mut self, protocol: Protocol, refused: Refused) {
        let Refused { status, reason, retry_after, caller, request, key, occupied, trouble } = refused;
        let told = format!("{protocol:?} {status} {reason} {request:?}");
        let request = match key {
            Key::Absent => request,
            Key::First => request.header("idempotency-key", FIRST_KEY),
            Key::Fresh => request.header("idempotency-key", self.fresh_key()),
        };
        let request = self.signed(request, caller);
        let before = self.rows();
        trouble(&self.spanner);
        let occupying = occupied.map(|path| self.occupy(path));
        let answer = Connection::open(&self.stack, protocol).unwrap().send(request).unwrap();
        drop(occupying);
        self.spanner.heal_all();
        assert_eq!(answer.json().unwrap()["reason"], reason, "{told}: {}", answer.text());
        assert_problem(&answer, status, reason);
        assert_eq!(answer.header("retry-after"), retry_after, "{told}");
        self.assert_clean(&answer, &told);
        assert_eq!(self.rows(), before, "{told}");
    }

    /// A write that nobody has sent yet.
    pub fn new_write(&mut self) -> Request {
        let key = self.fresh_key();
        let path = format!("/items/v1/{}/soon", 1000 + self.fresh);
        let write = Request::text(&path, r#"{"title": "oriole-title"}"#);
        self.signed(write.header("idempotency-key", key), Caller::Canary)
    }

    fn fresh_key(&mut self) -> String {
        self.fresh += 1;
        format!("oriole-key-{}", self.fresh)
    }

    /// Nothing planted, and no header that is spoken inside only.
    pub fn assert_clean(&self, answer: &Answer, told: &str) {
        let headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let inside = ["grpc-", "spangate-", "x-"];
        let leaked = headers.iter().find(|header| inside.iter().any(|prefix| header.starts_with(prefix)));
        assert_eq!(leaked, None, "{told}");
        let whole = format!("{}\n{}", headers.join("\n"), answer.text());
        assert_eq!(self.canaries.found_in(&whole), Vec::<&str>::new(), "{told}");
    }

    fn signed(&self, request: Request, caller: Caller) -> Request {
        let token = self.tokens.iter().find(|(of, _)| *of == caller);
        request.token(&token.unwrap().1).header("baggage", "oriole=1")
    }

    /// A call that hangs in the database for as long as its client stays.
    fn occupy(&self, path: &str) -> TcpStream {
        let (running, token) = (self.spanner.count(Step::Stream), &self.tokens[0].1);
        self.spanner.silent(Step::Stream);
        let mut stream = TcpStream::connect(("127.0.0.1", self.stack.options().ports.gateway)).unwrap();
        write!(stream, "GET /items/v1{path} HTTP/1.1\r\nhost: a\r\nauthorization: {token}\r\n\r\n").unwrap();
        eventually("the database has the call", || self.spanner.count(Step::Stream) > running);
        stream
    }

    /// All that writes write.
    pub fn rows(&self) -> Vec<Vec<Vec<String>>> {
        let all = |table| self.spanner.query(&format!("SELECT * FROM {table}")).unwrap();
        ["oriole_items", "spangate_idempotency", "spangate_audit"].map(all).to_vec()
    }
}

/// The gateway and the sidecar, whose keys are in that directory.
pub fn options(directory: &Path) -> Options {
    let page_keys = directory.join("page.keys");
    fs::write(&page_keys, PAGE_KEY).unwrap();
    fs::set_permissions(&page_keys, fs::Permissions::from_mode(0o600)).unwrap();
    let mut options = Options::storefront().unwrap().given_spanner();
    options.documents.policy = document("policy.yaml");
    options.documents.operations = document("operations.yaml");
    options.documents.people = document("people.yaml");
    options
        .arguments(Part::Sidecar, ["--region", "here", "--metrics", "127.0.0.1:0", "--page-key-file"])
        .arguments(Part::Sidecar, page_keys.to_str())
        // What the filter says at any level; what Envoy itself says of headers at `debug` is its own.
        .arguments(Part::Envoy, ["--component-log-level", "wasm:trace"])
}

/// The mock where the stack's sidecar looks for it.
pub fn spanner(options: &Options) -> Spanner {
    Spanner::start(options.ports.emulator, &text("schema.sql"), &text("rows.sql"))
}

pub fn path(name: &str) -> PathBuf {
    Path::new("tests/scenarios/reasons").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(path(name))).unwrap()
}

fn document(name: &str) -> Document {
    Document::File(root().join(path(name)))
}
