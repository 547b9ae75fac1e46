//! Where fuzzing begins, besides the corpora: the examples and the tables that the tests hold anyway.

use std::fs;
use std::path::{Path, PathBuf};

/// What is asked of a policy that comes without a call.
const CALL: &[u8] = b"\n---\nmethod: GET\npath: /\ntoken: {issuer: 1, roles: [Read]}\n";

/// The first inputs of a target, from a checkout of the repository.
pub fn seeds(root: &Path, target: &str) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> =
        files(&root.join("fuzz/corpus").join(target)).iter().map(|file| read(file)).collect();
    match target {
        "document" => {
            let documents = ["examples", "bench/contenders", "spanner-sidecar/tests/data"];
            let documents = documents.iter().flat_map(|folder| files(&root.join(folder)));
            seeds.extend(
                documents.filter(|file| has_extension(file, &["yaml", "json"])).map(|file| read(&file)),
            );
        }
        "cel" => {
            let tables = files(&root.join("core/policy/tests/cel"));
            for table in tables.iter().filter(|file| has_extension(file, &["txt"])).map(|file| read(file)) {
                let text = String::from_utf8_lossy(&table).into_owned();
                let expressions = text.lines().filter_map(|line| line.split_once(" ⇒ "));
                seeds.extend(expressions.map(|(expression, _)| expression.trim().as_bytes().to_vec()));
            }
        }
        "policy" => {
            let policies = [root.join("examples"), root.join("cli/tests/data")];
            let policies = policies.iter().flat_map(|folder| files(folder));
            let policies = policies.filter(|file| has_extension(file, &["yaml"])).map(|file| read(&file));
            seeds
                .extend(policies.filter(|text| contains(text, "\napis:")).map(|text| [&text, CALL].concat()));
        }
        _ => {}
    }
    seeds
}

/// Every file below a folder, in an order that does not change.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    file.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_default()
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}
