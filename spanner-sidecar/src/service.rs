//! `Execute`: one admitted call, from its metadata to its answer. Reads from the top like the way of a call.

use std::sync::Arc;
use std::time::Duration;

use spangate_operations::{Body as AnswerBody, Bound, Kind, Operation, bind};
use spangate_proto::google::api::HttpBody;
use spangate_proto::v1::gateway_server::Gateway;
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status, Streaming};

use crate::answer::{self, Body};
use crate::call;
use crate::refusal::{Reason, Refusal};
use crate::served::Served;
use crate::spanner::{Admitted, Database, read, write};

/// How much sooner than gRPC's own clock ours ends a call: whoever ends it first words the refusal.
const AHEAD: Duration = Duration::from_millis(20);

pub struct Service {
    served: Arc<Served>,
}

impl Service {
    pub fn new(served: Arc<Served>) -> Self {
        Self { served }
    }

    async fn answer(&self, request: Request<Streaming<HttpBody>>) -> Result<Response<Body>, Refusal> {
        let start = Instant::now();
        let call = call::decode(request.metadata())?;
        let caller_timeout = call::timeout(request.metadata());
        let (operation, database) = self.served.operation(&call.operation)?;
        call::check_idempotency(operation, &call)?;
        let deadline = start + time_limit(operation, caller_timeout);
        let body = collect(request.into_inner(), operation.max_body, deadline).await?;
        let bound = bind(operation, &call::inputs(&call, &body))?;
        let admitted = database.admit()?;
        let answer = run(operation, database, &bound, admitted, call.head, deadline).await;
        if let Err(refusal) = &answer {
            let (operation, reason) = (operation.name.as_str(), refusal.reason.name());
            tracing::info!(
                event = "refused",
                operation,
                reason,
                request_id = call.request_id.escape_debug().to_string()
            );
        }
        answer
    }
}

#[tonic::async_trait]
impl Gateway for Service {
    type ExecuteStream = Body;

    async fn execute(&self, request: Request<Streaming<HttpBody>>) -> Result<Response<Body>, Status> {
        self.answer(request).await.map_err(Status::from)
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
async fn collect(mut stream: Streaming<HttpBody>, limit: u64, deadline: Instant) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        match timeout_at(deadline, stream.message()).await {
            Ok(Ok(Some(HttpBody { content_type: _, data }))) => {
                if body.len().saturating_add(data.len()) > limit {
                    let detail = format!("the operation takes a body of at most {limit} bytes");
                    return Err(Refusal::new(Reason::BodyTooLarge, detail));
                }
                body.extend_from_slice(&data);
            }
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(_)) => return Err(Refusal::new(Reason::ParameterInvalid, "the body was cut")),
            Err(_) => return Err(Refusal::new(Reason::DeadlineExceeded, "the body did not arrive in time")),
        }
    }
}

async fn run(
    operation: &Operation,
    database: &Database,
    bound: &[Bound<'_>],
    admitted: Admitted,
    head: bool,
    deadline: Instant,
) -> Result<Response<Body>, Refusal> {
    match &operation.kind {
        Kind::Read(query) => {
            let mut rows = read(database, operation, query, bound, deadline).await?;
            match operation.answer.body {
                AnswerBody::None => Ok(answer::whole(operation, None, None, head)),
                AnswerBody::Rows if head => Ok(answer::whole(operation, Some(String::new()), None, head)),
                AnswerBody::Rows => Ok(answer::streamed(operation, rows, admitted, deadline)),
                AnswerBody::One => {
                    let absent = || Refusal::new(Reason::NotFound, "there is no such row");
                    let row = rows.next().await?.ok_or_else(absent)?;
                    if rows.next().await?.is_some() {
                        let detail = "the operation answers with one row and found more";
                        return Err(Refusal::new(Reason::SchemaMismatch, detail));
                    }
                    let mut text = String::new();
                    rows.columns.write_row(&row, &mut text);
                    Ok(answer::whole(operation, Some(text), None, head))
                }
            }
        }
        Kind::Write(statement) => {
            let written = write(database, operation, statement, bound, deadline).await?;
            let body = match (operation.answer.body, written.rows.first()) {
                (AnswerBody::Rows, _) => Some(answer::rows_of(&written)),
                (AnswerBody::One, Some(row)) => {
                    let mut text = String::new();
                    written.columns.write_row(row, &mut text);
                    Some(text)
                }
                (AnswerBody::One, None) | (AnswerBody::None, _) => None,
            };
            let location = answer::location(operation, bound, &written);
            Ok(answer::whole(operation, body, location, head))
        }
    }
}
