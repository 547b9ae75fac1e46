//! An answer that is sent while it is read. Two pieces wait at most: a reader that is slow slows the query down.

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tonic::{Response, Status};

use super::{Head, Reading, piece};
use crate::refusal::{Reason, Refusal};

/// Size at which a piece of the body is sent.
const CHUNK: usize = 32 * 1024;
const WAITING: usize = 2;

/// A task of its own reads, so that the deadline holds though a slow reader asks for nothing; its outcome comes
/// beside the pieces, so that an answer which was cut never looks whole, and `cut` is told why it was. When the client
/// leaves, the query ends.
pub fn streamed(
    head: Head,
    reading: Reading,
    deadline: Instant,
    cut: impl FnOnce(&Refusal) + Send + 'static,
) -> Response<super::Body> {
    let (pieces, received) = mpsc::channel(WAITING);
    let (ended, outcome) = oneshot::channel();
    tokio::spawn(async move {
        let result = tokio::select! {
            result = send(reading, &pieces, deadline) => result,
            () = pieces.closed() => return,
        };
        if let Err(refusal) = &result {
            cut(refusal);
        }
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
    head.response(Box::pin(stream))
}

async fn send(mut reading: Reading, pieces: &mpsc::Sender<String>, deadline: Instant) -> Result<(), Refusal> {
    loop {
        let ended = reading.fill(CHUNK).await?;
        match timeout_at(deadline, pieces.send(reading.take())).await {
            Ok(Ok(())) if ended => return Ok(()),
            Ok(Ok(())) => {}
            // Nobody is told any more.
            Ok(Err(_)) => return Ok(()),
            Err(_) => {
                return Err(Refusal::new(Reason::DeadlineExceeded, "the answer was not read in time"));
            }
        }
    }
}
