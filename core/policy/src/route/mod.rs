//! Which operation a call is for: a radix tree over path templates, then host, method and version. Lookup does
//! not depend on the number of operations, borrows, and never guesses: a path that could be read in two ways
//! is refused.

mod path;
mod rewrite;
mod router;
mod template;

pub use path::{AmbiguousPath, check_path, decode_query, decode_segment, query_parameter};
pub use rewrite::{Forward, Rewrite};
pub use router::{Candidate, Found, NotFound, Parameters, Router, RouterBuilder, VersionWanted};
pub use template::{HostPattern, Segment, Template};
