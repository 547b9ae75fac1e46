//! The OpenAPI documents of the storefront, and of a notebook that has what the storefront has not: valid by the schema of
//! the OpenAPI Initiative, and kept by the running gateway, whatever calls are made up by them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use spangate_stack::{Document, Documents, Options, Part, Programs, Schemathesis, Stack, root};
use tempfile::TempDir;

use crate::support::{Connection, Protocol, Request, assert_no_trap, assert_sound, storefront};

/// Made-up calls are the same in every run.
const SEED: &str = "20261124";
/// For each operation and phase.
const EXAMPLES: &str = "25";
/// So many that few are used for more than one call.
const KEYS: usize = 2000;

/// What every answer is judged by: that it is one of the document's, that what fits the schemas is accepted (there may be
/// no such row) and what does not is refused. Not among them is `unsupported_method`: to a method that Envoy's HTTP/1 codec
/// does not know the answer is a 400, before any route.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,missing_required_header,ignored_auth,positive_data_acceptance,\
                      negative_data_rejection";

/// Of whose documents the folder is.
fn document(sample: &Path, directory: &TempDir) -> PathBuf {
    let file = directory.path().join("openapi.json");
    let mut spangate = Command::new(Programs::find().unwrap().spangate);
    spangate.arg("openapi").arg(sample.join("policy.yaml"));
    spangate.arg("--operations").arg(sample.join("operations.yaml")).arg("--out").arg(&file);
    told(&mut spangate);
    file
}

/// What the program printed; it must have succeeded.
#[track_caller]
fn told(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{command:?} ended with {}\n{text}", output.status);
    text
}

/// With what its configuration, in TOML, says.
fn exercise(
    stack: &Stack,
    document: &Path,
    person: &str,
    configuration: &str,
    directory: &TempDir,
) -> String {
    let token = stack.token(person).unwrap();
    let mut schemathesis = Schemathesis::run(document, &stack.url("")).unwrap();
    fs::write(directory.path().join("schemathesis.toml"), configuration).unwrap();
    schemathesis
        .args(["--header", &format!("Authorization: {token}"), "--checks", CHECKS])
        .args(["--seed", SEED, "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing"])
        .args(["--generation-database", "none", "--warnings", "off"])
        .current_dir(directory.path());
    told(&mut schemathesis)
}

fn storefront_sample() -> PathBuf {
    root().join("examples/storefront")
}

/// With pages, kept answers, freshness, demanded keys, a list in the body, a schema of the author's and a header.
fn notebook_sample() -> PathBuf {
    root().join("tests/scenarios/openapi")
}

fn notebook(directory: &TempDir) -> Stack {
    let page_keys = directory.path().join("page.keys");
    fs::write(&page_keys, "bm90ZXMgb2YgcGFnZXMsIDMyIGJ5dGVzIGluIGFsbC4=").unwrap();
    fs::set_permissions(&page_keys, fs::Permissions::from_mode(0o600)).unwrap();
    let file = |name: &str| Document::File(notebook_sample().join(name));
    let mut options = Options::storefront().unwrap();
    options.documents = Documents {
        policy: file("policy.yaml"),
        operations: file("operations.yaml"),
        schema: file("schema.sql"),
        data: file("data.sql"),
        people: options.documents.people,
    };
    let options = options.arguments(Part::Sidecar, ["--page-key-file"]);
    Stack::start(options.arguments(Part::Sidecar, page_keys.to_str())).unwrap()
}

#[test]
fn the_documents_are_valid() {
    for sample in [storefront_sample(), notebook_sample()] {
        let directory = tempfile::tempdir().unwrap();
        told(&mut Schemathesis::validate(&document(&sample, &directory)).unwrap());
    }
}

/// With a token that may do everything, and with one that may only read.
#[test]
fn the_gateway_answers_as_its_document_says() {
    let directory = tempfile::tempdir().unwrap();
    let document = document(&storefront_sample(), &directory);
    let stack = storefront();
    for person in ["bob", "alice"] {
        let said = exercise(&stack, &document, person, "", &directory);
        assert!(said.contains("No issues found"), "{said}");
    }
    assert_sound(&stack);
}

/// Of pages and freshness only what an answer has told can be sent, which nobody can make up.
#[test]
fn what_is_told_by_an_answer_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let document = document(&notebook_sample(), &directory);
    let stack = notebook(&directory);
    let bob = stack.token("bob").unwrap();
    let mut connection = Connection::open(&stack, Protocol::Http1).unwrap();
    let first = connection.send(Request::get("/notebook/v1?limit=1").token(&bob)).unwrap();
    let page = first.json().unwrap()["next_page"].as_str().unwrap().to_owned();
    let read_at = first.header("read-timestamp").unwrap();
    let keys: Vec<String> = (0..KEYS).map(|number| format!("key-{number}")).collect();
    let configuration = format!(
        r#"
        dictionaries.keys.values = {keys:?}
        [parameters]
        page = "{page}"
        Read-Min-Timestamp = "{read_at}"
        "header.Idempotency-Key" = {{dictionary = "keys"}}
        [checks.positive_data_acceptance]
        expected-statuses = ["2xx", "304", "403", "404", "422"]
        "#
    );
    let said = exercise(&stack, &document, "bob", &configuration, &directory);
    assert!(said.contains("No issues found"), "{said}");
    let entries = stack.query("SELECT id FROM entries").unwrap().len();
    assert!(entries > 2, "no made-up call has written anything");
    assert_no_trap(&stack);
}
