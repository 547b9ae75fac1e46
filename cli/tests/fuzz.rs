//! The fuzz targets over their corpora, by the ordinary compiler: what was found once stays mended.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target fails by a panic"
)]

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::path::Path;

#[test]
fn what_was_found_once_stays_mended() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, target) in fuzz::TARGETS {
        let seeds = fuzz::seeds::seeds(&root, name);
        assert!(!seeds.is_empty(), "`{name}` has no corpus");
        for seed in seeds {
            target(&seed);
            // Cut anywhere, as from a client that left.
            for end in (0..seed.len()).step_by(seed.len() / 4 + 1) {
                target(&seed[..end]);
            }
        }
    }
}
