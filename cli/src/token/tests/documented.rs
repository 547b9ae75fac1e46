//! The tables of `docs/tokens.md` that name tests name those that there are.

use std::path::Path;

const PAGE: &str = include_str!("../../../../docs/tokens.md");

#[test]
fn rfc_8725() {
    let tests: Vec<_> = include_str!("rfc8725.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("fn section_")?.strip_suffix("() {"))
        .map(|name| format!("| `section_{name}` |"))
        .collect();
    assert_eq!(tests.len(), 12);
    let documented: Vec<_> = PAGE.lines().filter(|line| line.contains("| `section_")).collect();
    assert_eq!(documented.len(), tests.len());
    for (line, test) in documented.iter().zip(&tests) {
        assert!(line.ends_with(test), "{line}");
    }
}

#[test]
fn threats() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let section = PAGE.split("\n## ").find(|section| section.starts_with("Threats")).unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let [_, tests, file, _] = row.split(" |").collect::<Vec<_>>()[..] else { panic!("{row}") };
        let name = |text: &str| text.trim().trim_matches('`').to_owned();
        let source = std::fs::read_to_string(root.join(name(file))).unwrap();
        for test in tests.split(',').map(name) {
            assert!(source.contains(&format!("fn {test}(")), "{file} has no test `{test}`");
        }
    }
}
