//! From rows to the answer's body and metadata. What is sent before the first row or the commit is there would
//! promise too much, so metadata are made here, last.

mod head;
mod media;
mod reading;
mod stream;
pub mod written;

use google_cloud_spanner::value::Value;
use spangate_proto::google::api::HttpBody;
use tokio_stream::Stream;
use tonic::{Response, Status};

pub use head::{Head, Header};
pub use media::Media;
pub use reading::Reading;
pub use stream::streamed;

pub type Body = std::pin::Pin<Box<dyn Stream<Item = Result<HttpBody, Status>> + Send>>;

/// A whole body, or none; of a HEAD the head alone.
pub fn whole(head: Head, body: Option<String>, is_head: bool) -> Response<Body> {
    let pieces = body.filter(|body| !is_head && !body.is_empty()).map(|body| Ok(piece(body)));
    head.response(Box::pin(tokio_stream::iter(pieces)))
}

/// Of the envelope only `data` is set: the filter takes no other field.
fn piece(text: String) -> HttpBody {
    HttpBody { data: text.into_bytes(), ..HttpBody::default() }
}

/// A scalar as a location or a page token has it; NULL and lists have no text.
pub fn text(value: &Value) -> Option<String> {
    match (value.as_str(), value.as_bool(), value.as_f64()) {
        (Some(text), _, _) => Some(text.to_owned()),
        (None, Some(value), _) => Some(value.to_string()),
        (None, None, Some(value)) => Some(value.to_string()),
        (None, None, None) => None,
    }
}
