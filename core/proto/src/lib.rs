//! The messages and metadata between the filter and the spanner-sidecar, generated from `proto/` by
//! `cargo xtask generate` (protox, so that no protoc is needed). Names of metadata stand here, so that both
//! sides agree on them by construction.

mod borrowed;

pub use borrowed::{BorrowedCache, BorrowedCall, BorrowedIdempotency};

/// `google.api`, as far as it is used.
#[allow(clippy::all, clippy::pedantic, clippy::allow_attributes_without_reason, reason = "generated")]
pub mod google {
    pub mod api {
        include!("generated/google.api.rs");
    }
}

/// `spangate.v1`.
#[allow(clippy::all, clippy::pedantic, clippy::allow_attributes_without_reason, reason = "generated")]
pub mod spangate {
    pub mod v1 {
        include!("generated/spangate.v1.rs");
    }
}

pub use spangate::v1;

/// Path of the one method: what the filter turns every admitted call into.
pub const EXECUTE_PATH: &str = "/spangate.v1.Gateway/Execute";

/// Metadata of the request: a [`v1::Call`], base64 without padding as gRPC's binary metadata demands.
pub const CALL_METADATA: &str = "spangate-call-bin";

/// Longest [`CALL_METADATA`] in bytes before base64 that either side takes.
pub const MAX_CALL_BYTES: usize = 48 * 1024;

/// Metadata of the response (initial, or trailers of a refusal): the HTTP status as decimal text.
pub const STATUS_METADATA: &str = "spangate-status";

/// Initial metadata of the response: the media type of the body. Absent when there is no body.
pub const CONTENT_TYPE_METADATA: &str = "spangate-content-type";

/// Initial metadata whose name begins with this becomes a header of the answer, without the prefix:
/// `spangate-header-location`.
pub const HEADER_METADATA_PREFIX: &str = "spangate-header-";

/// Trailers of a refusal: the stable reason.
pub const REASON_METADATA: &str = "spangate-reason";

/// Trailers of a refusal: what is safe to show, percent-encoded like `grpc-message`.
pub const DETAIL_METADATA: &str = "spangate-detail";

/// Trailers of a refusal: seconds after which another try may help.
pub const RETRY_AFTER_METADATA: &str = "spangate-retry-after";
