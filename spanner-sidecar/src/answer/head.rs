//! What goes before a body: status, media type, headers.

use google_cloud_wkt::Timestamp;
use spangate_operations::Operation;
use spangate_proto::{CONTENT_TYPE_METADATA, HEADER_METADATA_PREFIX, STATUS_METADATA};
use tonic::Response;
use tonic::metadata::{AsciiMetadataKey, MetadataMap, MetadataValue};

use super::{Body, Media};

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
            Some(timestamp) => self.header("read-timestamp", &String::from(timestamp)),
            None => self,
        }
    }

    /// A value that is no header's is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (
            format!("{HEADER_METADATA_PREFIX}{name}").parse::<AsciiMetadataKey>(),
            value.parse::<MetadataValue<_>>(),
        ) {
            self.metadata.insert(name, value);
        }
        self
    }

    pub fn response(self, body: Body) -> Response<Body> {
        Response::from_parts(self.metadata, body, tonic::Extensions::new())
    }
}
