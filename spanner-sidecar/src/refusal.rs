//! Why a call was not answered: a stable reason, and what is safe to show. One table leads from the reason to
//! the statuses of HTTP and gRPC, one function to the trailers that the filter reads.

use std::borrow::Cow;
use std::time::Duration;

use spangate_operations as operations;
use spangate_proto::{DETAIL_METADATA, REASON_METADATA, RETRY_AFTER_METADATA, STATUS_METADATA};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    ParameterInvalid,
    BodyTooLarge,
    OperationUnknown,
    NotFound,
    Conflict,
    AlreadyExists,
    OutOfRange,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    PreconditionFailed,
    DeadlineExceeded,
    DatabaseUnavailable,
    DatabaseOverloaded,
    /// The sidecar's region has as many calls in flight as it may.
    RegionLimit,
    PermissionDenied,
    /// SQL and schema do not fit. Found by planning, the operation is not served at all.
    SchemaMismatch,
    NotServed,
    OutcomeUnknown,
    /// An author's own, of `expect`.
    Expected {
        status: u16,
        reason: String,
    },
}

impl Reason {
    pub fn name(&self) -> &str {
        self.row().0
    }

    pub fn http_status(&self) -> u16 {
        self.row().1
    }

    pub fn code(&self) -> Code {
        self.row().2
    }

    fn row(&self) -> (&str, u16, Code) {
        match self {
            Self::ParameterInvalid => ("parameter_invalid", 400, Code::InvalidArgument),
            Self::BodyTooLarge => ("body_too_large", 413, Code::InvalidArgument),
            Self::OperationUnknown => ("operation_unknown", 501, Code::Unimplemented),
            Self::NotFound => ("not_found", 404, Code::NotFound),
            Self::Conflict => ("conflict", 409, Code::Aborted),
            Self::AlreadyExists => ("already_exists", 409, Code::AlreadyExists),
            Self::OutOfRange => ("out_of_range", 400, Code::OutOfRange),
            Self::IdempotencyKeyMissing => ("idempotency_key_missing", 400, Code::InvalidArgument),
            Self::IdempotencyKeyReused => ("idempotency_key_reused", 422, Code::FailedPrecondition),
            Self::PreconditionFailed => ("precondition_failed", 412, Code::FailedPrecondition),
            Self::DeadlineExceeded => ("deadline_exceeded", 504, Code::DeadlineExceeded),
            Self::DatabaseUnavailable => ("database_unavailable", 503, Code::Unavailable),
            Self::DatabaseOverloaded => ("database_overloaded", 503, Code::ResourceExhausted),
            Self::RegionLimit => ("region_limit", 429, Code::ResourceExhausted),
            Self::PermissionDenied => ("permission_denied", 403, Code::PermissionDenied),
            Self::SchemaMismatch => ("schema_mismatch", 500, Code::Internal),
            Self::NotServed => ("schema_mismatch", 503, Code::FailedPrecondition),
            // Not a code that proxies retry: a second try could write twice.
            Self::OutcomeUnknown => ("outcome_unknown", 500, Code::Unknown),
            Self::Expected { status, reason } => (reason, *status, Code::FailedPrecondition),
        }
    }

    /// Seconds after which another try may help.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::DatabaseUnavailable | Self::DatabaseOverloaded | Self::RegionLimit | Self::Conflict => {
                Some(1)
            }
            Self::NotServed => Some(30),
            Self::ParameterInvalid
            | Self::BodyTooLarge
            | Self::OperationUnknown
            | Self::NotFound
            | Self::AlreadyExists
            | Self::OutOfRange
            | Self::IdempotencyKeyMissing
            | Self::IdempotencyKeyReused
            | Self::PreconditionFailed
            | Self::DeadlineExceeded
            | Self::PermissionDenied
            | Self::SchemaMismatch
            | Self::OutcomeUnknown
            | Self::Expected { .. } => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: Reason,
    /// For the client: no values, no SQL, no names of tables.
    pub detail: Cow<'static, str>,
    /// Where it is known better than the reason alone tells.
    retry_after: Option<u32>,
}

/// The longest that a client is told to wait for a place.
const LONGEST_RETRY: u32 = 30;

impl Refusal {
    pub fn new(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: detail.into(), retry_after: None }
    }

    /// When another try may help, in whole seconds of at least one.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        let seconds = u32::try_from(seconds).unwrap_or(LONGEST_RETRY);
        self.retry_after = Some(seconds.clamp(1, LONGEST_RETRY));
        self
    }
}

impl From<operations::Refusal> for Refusal {
    fn from(refusal: operations::Refusal) -> Self {
        let operations::Refusal { wrong, detail } = refusal;
        match wrong {
            operations::Wrong::Parameter => Self::new(Reason::ParameterInvalid, detail),
            operations::Wrong::Identity => Self::new(Reason::PermissionDenied, detail),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let Refusal { reason, detail, retry_after } = refusal;
        let mut metadata = MetadataMap::new();
        metadata.insert(STATUS_METADATA, MetadataValue::from(reason.http_status()));
        if let Ok(name) = reason.name().parse() {
            metadata.insert(REASON_METADATA, name);
        }
        if let Ok(detail) = percent_encoded(&detail).parse() {
            metadata.insert(DETAIL_METADATA, detail);
        }
        if let Some(seconds) = retry_after.or_else(|| reason.retry_after()) {
            metadata.insert(RETRY_AFTER_METADATA, MetadataValue::from(seconds));
        }
        Status::with_metadata(reason.code(), reason.name(), metadata)
    }
}

/// As gRPC encodes `grpc-message`: all but printable ASCII, and the percent sign itself.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_all_in_the_trailers() {
        let status = Status::from(Refusal::new(Reason::DatabaseUnavailable, "100 % é"));
        assert_eq!(status.code(), Code::Unavailable);
        let text = |name| status.metadata().get(name).unwrap().to_str().unwrap();
        assert_eq!(text(STATUS_METADATA), "503");
        assert_eq!(text(REASON_METADATA), "database_unavailable");
        assert_eq!(text(DETAIL_METADATA), "100 %25 %C3%A9");
        assert_eq!(text(RETRY_AFTER_METADATA), "1");
    }

    /// Exhaustive by way of `retry_after`'s match: whoever adds a reason meets this list too.
    #[test]
    fn every_reason_is_documented_with_its_status() {
        let page = include_str!("../../docs/reasons.md");
        let (_, table) = page.split_once("## Of the sidecar").unwrap();
        let documented: std::collections::BTreeSet<_> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .flat_map(|row| {
                let (reason, rest) = row.split_once("` | ").unwrap();
                let (statuses, _) = rest.split_once(" |").unwrap();
                statuses.split(", ").map(move |status| (reason, status.parse().unwrap()))
            })
            .collect();
        let reasons = [
            Reason::ParameterInvalid,
            Reason::BodyTooLarge,
            Reason::OperationUnknown,
            Reason::NotFound,
            Reason::Conflict,
            Reason::AlreadyExists,
            Reason::OutOfRange,
            Reason::IdempotencyKeyMissing,
            Reason::IdempotencyKeyReused,
            Reason::PreconditionFailed,
            Reason::DeadlineExceeded,
            Reason::DatabaseUnavailable,
            Reason::DatabaseOverloaded,
            Reason::RegionLimit,
            Reason::PermissionDenied,
            Reason::SchemaMismatch,
            Reason::NotServed,
            Reason::OutcomeUnknown,
        ];
        let actual = reasons.iter().map(|reason| (reason.name(), reason.http_status())).collect();
        assert_eq!(documented, actual);
    }
}
