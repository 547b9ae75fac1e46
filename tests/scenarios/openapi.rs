//! The sample's OpenAPI document: valid by the schema of the OpenAPI Initiative, and kept by the running gateway, whatever
//! calls are made up by it.

use std::path::{Path, PathBuf};
use std::process::Command;

use spangate_stack::{Programs, Schemathesis, Stack, root};
use tempfile::TempDir;

use crate::support::{assert_sound, storefront};

/// Made-up calls are the same in every run.
const SEED: &str = "20261124";
/// For each operation and phase.
const EXAMPLES: &str = "25";

/// What every answer is judged by: that it is one of the document's, that what fits the schemas is accepted (there may be
/// no such row) and what does not is refused. Not among them is `unsupported_method`: to a method that Envoy's HTTP/1 codec
/// does not know the answer is a 400, before any route.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,missing_required_header,ignored_auth,positive_data_acceptance,\
                      negative_data_rejection";

fn document(directory: &TempDir) -> PathBuf {
    let sample = root().join("examples/storefront");
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

fn exercise(stack: &Stack, document: &Path, person: &str, directory: &TempDir) -> String {
    let token = stack.token(person).unwrap();
    let mut schemathesis = Schemathesis::run(document, &stack.url("")).unwrap();
    schemathesis
        .args(["--header", &format!("Authorization: {token}"), "--checks", CHECKS])
        .args(["--seed", SEED, "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing"])
        .args(["--generation-database", "none", "--warnings", "off"])
        .current_dir(directory.path());
    told(&mut schemathesis)
}

#[test]
fn the_samples_document_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    told(&mut Schemathesis::validate(&document(&directory)).unwrap());
}

/// With a token that may do everything, and with one that may only read.
#[test]
fn the_gateway_answers_as_its_document_says() {
    let directory = tempfile::tempdir().unwrap();
    let document = document(&directory);
    let stack = storefront();
    for person in ["bob", "alice"] {
        let said = exercise(&stack, &document, person, &directory);
        assert!(said.contains("No issues found"), "{said}");
    }
    assert_sound(&stack);
}
