//! `Execute`: one admitted call, from its metadata to its answer. Reads from the top like the way of a call.

mod read;
mod write;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use spangate_operations::{Kind, Operation, bind};
use spangate_proto::google::api::HttpBody;
use spangate_proto::v1::Call;
use spangate_proto::v1::gateway_server::Gateway;
use tokio::time::{Instant, timeout_at};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::answer::{Body, Media};
use crate::cache::Cache;
use crate::pages::{KeyFile, Paging};
use crate::refusal::{Reason, Refusal};
use crate::served::Served;
use crate::{call, freshness};

/// How much sooner than gRPC's own clock ours ends a call: whoever ends it first words the refusal.
const AHEAD: Duration = Duration::from_millis(20);

pub struct Service {
    served: Arc<Served>,
    /// Absent when nothing is to be kept.
    cache: Option<Cache>,
    page_keys: Option<Arc<KeyFile>>,
}

impl Service {
    pub fn new(served: Arc<Served>, cache: Option<Cache>, page_keys: Option<Arc<KeyFile>>) -> Self {
        Self { served, cache, page_keys }
    }

    /// A call from the moment at which it has been taken off its transport, to the answer that is put on it.
    pub async fn run(
        &self,
        metadata: &MetadataMap,
        call: Result<Call, Refusal>,
        stream: impl Stream<Item = Result<HttpBody, Status>>,
    ) -> Result<Response<Body>, Status> {
        let start = Instant::now();
        let answer = match &call {
            Ok(call) => {
                let answer = self.answer(metadata, call, stream, start).await;
                let is_write = self.served.is_write(&call.operation);
                answer.map_err(
                    |refusal| if is_write { write::doubted(refusal, metadata, call) } else { refusal },
                )
            }
            Err(refusal) => Err(refusal.clone()),
        };
        self.note(call.as_ref().ok(), &answer, start);
        answer.map_err(Status::from)
    }

    async fn answer(
        &self,
        metadata: &MetadataMap,
        call: &Call,
        stream: impl Stream<Item = Result<HttpBody, Status>>,
        start: Instant,
    ) -> Result<Response<Body>, Refusal> {
        let entry = self.served.operation(&call.operation)?;
        let operation = &entry.operation;
        call::check_idempotency(operation, call)?;
        let minimum = freshness::minimum(operation, metadata, freshness::now())?;
        let deadline = start + time_limit(operation, call::timeout(metadata));
        let body = collect(stream, operation.max_body, deadline).await?;
        let mut bound = bind(operation, &call::inputs(call, &body))?;
        match &operation.kind {
            Kind::Read(source) => {
                let keys = self.page_keys.as_ref().map(|file| file.keys());
                let paging = Paging::begin(operation, entry.database.name(), call, &mut bound, keys)?;
                let media = Media::wanted(operation, metadata);
                let metrics = self.served.metrics();
                let asked = read::Asked { metadata, call, bound: &bound, media, minimum, metrics };
                read::answer(&entry, source, asked, paging, self.cache.as_ref(), deadline).await
            }
            Kind::Write(_) => {
                let wanted = write::Wanted { metadata, call, body: &body, bound: &bound };
                write::answer(&entry, wanted, deadline).await
            }
        }
    }

    /// Counts the call and logs why it was refused: the author's names and words of this program, and of what the
    /// caller sent the request id alone, which is there to be found again.
    fn note(&self, call: Option<&Call>, answer: &Result<Response<Body>, Refusal>, start: Instant) {
        let reason = answer.as_ref().map_or_else(|refusal| refusal.reason.name(), |_| "ok");
        let known = !matches!(answer, Err(refusal) if refusal.reason == Reason::OperationUnknown);
        let operation = call.map(|call| call.operation.as_str()).filter(|_| known);
        self.served.metrics().call_ended(operation, reason, start.elapsed());
        if answer.is_err() {
            let request_id = call.map(|call| call.request_id.escape_debug().to_string());
            tracing::info!(event = "refused", operation, reason, request_id);
        }
        if let (Err(Refusal { reason: Reason::SchemaMismatch, .. }), Some(operation)) = (answer, operation) {
            self.served.suspect(operation);
        }
    }
}

#[tonic::async_trait]
impl Gateway for Service {
    type ExecuteStream = Body;

    async fn execute(&self, request: Request<Streaming<HttpBody>>) -> Result<Response<Body>, Status> {
        let (metadata, _, stream) = request.into_parts();
        self.run(&metadata, call::decode(&metadata), stream).await
    }
}

fn time_limit(operation: &Operation, caller: Option<Duration>) -> Duration {
    let own = Duration::from_millis(operation.deadline.milliseconds);
    match caller {
        Some(caller) => own.min(caller.saturating_sub(AHEAD.min(caller / 10))),
        None => own,
    }
}

/// The body, whole and within its limit: nothing runs before the stream has ended.
async fn collect(
    stream: impl Stream<Item = Result<HttpBody, Status>>,
    limit: u64,
    deadline: Instant,
) -> Result<Vec<u8>, Refusal> {
    let mut stream = pin!(stream);
    let mut body = Vec::new();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(HttpBody { content_type: _, data }))) => {
                if body.len().saturating_add(data.len()) > limit {
                    return Err(too_large(limit));
                }
                body.extend_from_slice(&data);
            }
            Ok(None) => return Ok(body),
            // One message is longer than the transport takes.
            Ok(Some(Err(status))) if status.code() == Code::OutOfRange => return Err(too_large(limit)),
            Ok(Some(Err(_))) => return Err(Refusal::new(Reason::ParameterInvalid, "the body was cut")),
            Err(_) => return Err(Refusal::new(Reason::DeadlineExceeded, "the body did not arrive in time")),
        }
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Reason::BodyTooLarge, format!("the operation takes a body of at most {limit} bytes"))
}
