//! What each target does with its bytes, and what must hold of them. The fuzzer runs these without end; the ordinary
//! tests run them over the corpora, so that what was found once stays mended.

pub mod cel;
pub mod document;
pub mod headers;
pub mod path;
pub mod policy;
pub mod seeds;
pub mod token;

/// Takes any bytes; panics where something does not hold that must.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("cel", cel::run),
    ("document", document::run),
    ("headers", headers::run),
    ("path", path::run),
    ("policy", policy::run),
    ("token", token::run),
];
