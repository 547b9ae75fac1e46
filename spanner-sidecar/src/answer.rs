//! From rows to the answer's body and metadata. What is sent before the first row or the commit is there would
//! promise too much, so metadata are made here, last.

use google_cloud_spanner::value::Value;
use spangate_operations::{Bound, Operation};
use spangate_proto::google::api::HttpBody;
use spangate_proto::{CONTENT_TYPE_METADATA, HEADER_METADATA_PREFIX, STATUS_METADATA};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_stream::Stream;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Response, Status};

use crate::refusal::{Reason, Refusal};
use crate::spanner::{Admitted, Rows, Written};

/// Size at which a piece of the body is sent.
const CHUNK: usize = 32 * 1024;

pub type Body = std::pin::Pin<Box<dyn Stream<Item = Result<HttpBody, Status>> + Send>>;

/// A whole body, or none.
pub fn whole(
    operation: &Operation,
    body: Option<String>,
    location: Option<String>,
    head: bool,
) -> Response<Body> {
    let has_body = body.is_some();
    let pieces = body.filter(|_| !head).map(|body| Ok(piece(body)));
    let stream: Body = Box::pin(tokio_stream::iter(pieces));
    with_metadata(stream, operation, has_body, location)
}

/// `{"rows":[…]}`, sent while it is read. A task of its own reads, so that the deadline holds though a slow reader
/// asks for nothing; its outcome comes beside the pieces, so that an answer which was cut never looks whole.
pub fn streamed(operation: &Operation, rows: Rows, admitted: Admitted, deadline: Instant) -> Response<Body> {
    let (pieces, received) = mpsc::channel(2);
    let (ended, outcome) = oneshot::channel();
    tokio::spawn(async move {
        let result = send_rows(rows, &pieces, deadline).await;
        drop(admitted);
        // Nobody listens when the client has gone.
        let _ = ended.send(result);
    });
    let stream = futures::stream::unfold(Some((received, outcome)), |state| async move {
        let (mut received, outcome) = state?;
        match received.recv().await {
            Some(text) => Some((Ok(piece(text)), Some((received, outcome)))),
            None => match outcome.await {
                Ok(Ok(())) => None,
                Ok(Err(refusal)) => Some((Err(Status::from(refusal)), None)),
                Err(_) => Some((Err(Status::internal("the reader stopped")), None)),
            },
        }
    });
    with_metadata(Box::pin(stream), operation, true, None)
}

async fn send_rows(mut rows: Rows, pieces: &mpsc::Sender<String>, deadline: Instant) -> Result<(), Refusal> {
    let mut text = String::from("{\"rows\":[");
    let mut first = true;
    while let Some(row) = rows.next().await? {
        if !first {
            text.push(',');
        }
        first = false;
        rows.columns.write_row(&row, &mut text);
        if text.len() >= CHUNK {
            send(pieces, std::mem::take(&mut text), deadline).await?;
        }
    }
    text.push_str("]}");
    send(pieces, text, deadline).await
}

async fn send(pieces: &mpsc::Sender<String>, text: String, deadline: Instant) -> Result<(), Refusal> {
    match timeout_at(deadline, pieces.send(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Refusal::new(Reason::DeadlineExceeded, "the client has gone")),
        Err(_) => Err(Refusal::new(Reason::DeadlineExceeded, "the answer was not read in time")),
    }
}

/// The rows that a statement returned, all at once.
pub fn rows_of(written: &Written) -> String {
    let mut text = String::from("{\"rows\":[");
    for (index, row) in written.rows.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        written.columns.write_row(row, &mut text);
    }
    text.push_str("]}");
    text
}

/// Where the new thing is to be found. The write is committed: a value that is missing leaves the location out.
pub fn location(operation: &Operation, bound: &[Bound<'_>], written: &Written) -> Option<String> {
    let location = operation.answer.location.as_ref()?;
    let column = |name: &str| {
        let index = written.names.iter().position(|column| column == name)?;
        text(written.rows.first()?.get(index)?)
    };
    let parameter = |name: &str| bound.iter().find(|bound| bound.parameter.name == name)?.value.to_text();
    match location.fill(|name| column(name).or_else(|| parameter(name))) {
        Ok(location) => Some(location),
        Err(name) => {
            tracing::error!(event = "location_incomplete", operation = operation.name, name);
            None
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match (value.as_str(), value.as_bool(), value.as_f64()) {
        (Some(text), _, _) => Some(text.to_owned()),
        (None, Some(value), _) => Some(value.to_string()),
        (None, None, Some(value)) => Some(value.to_string()),
        (None, None, None) => None,
    }
}

/// Of the envelope only `data` is set: the filter takes no other field.
fn piece(text: String) -> HttpBody {
    HttpBody { data: text.into_bytes(), ..HttpBody::default() }
}

fn with_metadata(
    stream: Body,
    operation: &Operation,
    has_body: bool,
    location: Option<String>,
) -> Response<Body> {
    let mut metadata = MetadataMap::new();
    metadata.insert(STATUS_METADATA, MetadataValue::from(operation.answer.status));
    if has_body {
        metadata.insert(CONTENT_TYPE_METADATA, MetadataValue::from_static("application/json"));
    }
    let name = format!("{HEADER_METADATA_PREFIX}location");
    if let (Some(location), Ok(name)) = (location, name.parse::<tonic::metadata::AsciiMetadataKey>())
        && let Ok(location) = location.parse::<MetadataValue<_>>()
    {
        metadata.insert(name, location);
    }
    Response::from_parts(metadata, stream, tonic::Extensions::new())
}
