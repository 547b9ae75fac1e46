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
