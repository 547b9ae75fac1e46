//! What goes before a body: status, media type, headers.

use google_cloud_wkt::Timestamp;
use spangate_operations::Operation;
use spangate_proto::{CONTENT_TYPE_METADATA, STATUS_METADATA};
use tonic::Response;
use tonic::metadata::{MetadataMap, MetadataValue};

use super::{Body, Media};

/// The headers that an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    Age,
    CacheControl,
    Etag,
    IdempotencyReplayed,
    Location,
    ReadTimestamp,
    Vary,
}

impl Header {
    /// Its name behind [`spangate_proto::HEADER_METADATA_PREFIX`], which tells the filter that it is the caller's.
    const fn metadata(self) -> &'static str {
        match self {
            Self::Age => "spangate-header-age",
            Self::CacheControl => "spangate-header-cache-control",
            Self::Etag => "spangate-header-etag",
            Self::IdempotencyReplayed => "spangate-header-idempotency-replayed",
            Self::Location => "spangate-header-location",
            Self::ReadTimestamp => "spangate-header-read-timestamp",
            Self::Vary => "spangate-header-vary",
        }
    }
}

pub struct Head {
    metadata: MetadataMap,
}

impl Head {
    /// As the operation says. `media` is absent when there is no body.
    pub fn new(operation: &Operation, media: Option<Media>) -> Self {
        Self::with_status(operation.answer.status, media)
    }

    /// The caller has the body already.
    pub fn not_modified() -> Self {
        Self::with_status(304, None)
    }

    pub fn with_status(status: u16, media: Option<Media>) -> Self {
        let mut metadata = MetadataMap::new();
        metadata.insert(STATUS_METADATA, MetadataValue::from(status));
        if let Some(media) = media {
            metadata.insert(CONTENT_TYPE_METADATA, MetadataValue::from_static(media.name()));
        }
        Self { metadata }
    }

    /// When the data were read, or written.
    pub fn read_timestamp(self, timestamp: Option<Timestamp>) -> Self {
        match timestamp {
            Some(timestamp) => self.header(Header::ReadTimestamp, &String::from(timestamp)),
            None => self,
        }
    }

    /// A value that is no header's is left out.
    pub fn header(mut self, header: Header, value: &str) -> Self {
        if let Ok(value) = value.parse::<MetadataValue<_>>() {
            self.metadata.insert(header.metadata(), value);
        }
        self
    }

    pub fn response(self, body: Body) -> Response<Body> {
        Response::from_parts(self.metadata, body, tonic::Extensions::new())
    }
}

#[cfg(test)]
mod tests {
    use spangate_proto::HEADER_METADATA_PREFIX;
    use tonic::metadata::AsciiMetadataKey;

    use super::*;

    #[test]
    fn each_is_a_header_of_the_callers() {
        for header in [
            Header::Age,
            Header::CacheControl,
            Header::Etag,
            Header::IdempotencyReplayed,
            Header::Location,
            Header::ReadTimestamp,
            Header::Vary,
        ] {
            let name = header.metadata();
            assert!(
                name.starts_with(HEADER_METADATA_PREFIX) && name.parse::<AsciiMetadataKey>().is_ok(),
                "{name}"
            );
        }
    }
}
