//! Paths, queries and templates, a line each: what is accepted has one reading.

use spangate_policy::route::{Template, check_path, decode_query, decode_segment};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (path, query, template) = (line(), line(), line());
    if check_path(path).is_ok() {
        for segment in path.split('/') {
            let decoded = decode_segment(segment).expect("an accepted path decodes");
            assert!(!decoded.contains(['/', '\\', '\0']), "`{segment}` is more than one segment");
            assert!(!matches!(&*decoded, "." | ".."), "`{segment}` leads elsewhere");
        }
    }
    for (name, value) in decode_query(query).flatten() {
        // Decoded once, and not again: what is plain stays as it is.
        assert!(name.len() <= query.len() && value.len() <= query.len());
    }
    if let Ok(template) = Template::parse(template) {
        assert!(template.parameters().count() <= template.segments.len());
    }
}
