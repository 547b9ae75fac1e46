//! One JSON object a line on stderr, for machines first. Never a parameter's value, a token or SQL; that is why
//! the filter is fixed: below warnings the Spanner client's own events can hold rows.

use tracing_subscriber::EnvFilter;

pub fn init() {
    let filter = EnvFilter::new("warn,spanner_sidecar=info");
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every event that the code logs stands in the documentation, and no other does.
    #[test]
    fn every_event_is_documented() {
        let mut logged = BTreeSet::new();
        events(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut logged);
        let page = include_str!("../../docs/sidecar.md");
        let (_, table) = page.split_once("## Log").unwrap();
        let documented: BTreeSet<String> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(event, _)| event.to_owned())
            .collect();
        assert_eq!(documented, logged);
    }

    fn events(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                events(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let after = text.split(concat!("event", " = \"")).skip(1);
            let names = after.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name);
            found.extend(names.filter(|name| !name.contains(' ')).map(str::to_owned));
        }
    }
}
