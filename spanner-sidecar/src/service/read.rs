//! The read's part of the way: the cache, and on a miss a place, the query and its answer. A hit takes no place: it
//! asks nothing of the database, and who waits for another's reading must not keep that one's successors out.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_wkt::Timestamp;
use spangate_operations::{Body as AnswerBody, Bound, Read};
use spangate_proto::v1::{Cache as Rule, Call};
use tokio::time::Instant;
use tonic::Response;
use tonic::metadata::MetadataMap;

use crate::answer::{self, Body, Head, Header, Media, Reading};
use crate::cache::{Cache, Found, Kept, Key, Wanted, validator};
use crate::freshness;
use crate::metrics::Metrics;
use crate::pages::{self, Paging};
use crate::refusal::Refusal;
use crate::served::Entry;
use crate::spanner::{Query, read, tag};

/// What the call wants read, and in which form.
#[derive(Clone, Copy)]
pub struct Asked<'c> {
    pub metadata: &'c MetadataMap,
    pub call: &'c Call,
    pub bound: &'c [Bound<'c>],
    pub media: Media,
    pub minimum: Option<Timestamp>,
    pub metrics: &'c Arc<Metrics>,
}

pub async fn answer(
    entry: &Entry,
    source: &Read,
    asked: Asked<'_>,
    paging: Option<Paging>,
    cache: Option<&Cache>,
    deadline: Instant,
) -> Result<Response<Body>, Refusal> {
    let begin = async |minimum| {
        let Entry { operation, database, .. } = entry;
        let admitted = entry.admit(deadline).await?;
        let at = freshness::at(&source.staleness, minimum, freshness::now());
        let tag = tag(&operation.name, &asked.call.policy_operation);
        let query = Query { operation, tag: &tag, source: &source.source, bound: asked.bound, at, deadline };
        let rows = read(database, query).await?;
        Ok(Reading::new(operation, rows, asked.media, paging.clone(), admitted))
    };
    let Some((cache, rule)) = cache.zip(asked.call.cache.as_ref()).filter(|(_, rule)| rule.ttl_ms > 0) else {
        return fresh(entry, asked, begin(asked.minimum).await?, deadline).await;
    };
    let key = Key::new(entry.generation, &entry.operation, asked.bound, asked.call, rule, asked.media);
    let ttl = ttl(entry, rule);
    let wanted = Wanted { key, ttl, minimum: asked.minimum, deadline };
    // What others will be given is read as fresh as the operation says, not as this caller asks.
    match cache.answer(wanted, || begin(None)).await? {
        Found::Read(kept) | Found::Hit(kept) => Ok(of_kept(entry, asked, rule, &kept)),
        Found::TooLong(reading) => fresh(entry, asked, *reading, deadline).await,
        Found::Unusable => fresh(entry, asked, begin(asked.minimum).await?, deadline).await,
    }
}

/// How long an answer is kept. A page's token must be good for a while yet when the page is given to another.
fn ttl(entry: &Entry, rule: &Rule) -> Duration {
    let ttl = Duration::from_millis(rule.ttl_ms);
    if entry.operation.pages.is_some() { ttl.min(pages::LIFETIME / 2) } else { ttl }
}

/// The head of an answer with a body, if the operation has one.
fn head(entry: &Entry, asked: Asked<'_>, read_timestamp: Option<Timestamp>) -> Head {
    let media = (entry.operation.answer.body != AnswerBody::None).then_some(asked.media);
    Head::new(&entry.operation, media).read_timestamp(read_timestamp)
}

async fn fresh(
    entry: &Entry,
    asked: Asked<'_>,
    mut reading: Reading,
    deadline: Instant,
) -> Result<Response<Body>, Refusal> {
    let mut head = head(entry, asked, reading.read_timestamp());
    if let Some(rule) = &asked.call.cache {
        head = controlled(head, entry, asked, rule);
    }
    match entry.operation.answer.body {
        AnswerBody::Rows if asked.call.head => Ok(answer::whole(head, None, true)),
        AnswerBody::Rows => Ok(answer::streamed(head, reading, deadline, cut(entry, asked))),
        AnswerBody::One | AnswerBody::None => {
            reading.fill(usize::MAX).await?;
            Ok(answer::whole(head, Some(reading.take()), asked.call.head))
        }
    }
}

/// Of an answer whose beginning was sent.
fn cut(entry: &Entry, asked: Asked<'_>) -> impl FnOnce(&Refusal) + Send + 'static {
    let (operation, metrics) = (Arc::clone(&entry.operation), Arc::clone(asked.metrics));
    let request_id = asked.call.request_id.escape_debug().to_string();
    move |refusal| {
        let (operation, reason) = (operation.name.as_str(), refusal.reason.name());
        metrics.answer_cut(operation, reason);
        tracing::info!(event = "answer_cut", operation, reason, request_id);
    }
}

fn of_kept(entry: &Entry, asked: Asked<'_>, rule: &Rule, kept: &Kept) -> Response<Body> {
    let known = validator::is_known(asked.metadata, &kept.etag);
    let head = match known {
        true => Head::not_modified().read_timestamp(kept.read_timestamp),
        false => head(entry, asked, kept.read_timestamp),
    };
    let head = controlled(head, entry, asked, rule)
        .header(Header::Etag, &kept.etag)
        .header(Header::Age, &kept.age().as_secs().to_string());
    let body = (!known).then(|| String::from(&*kept.body));
    answer::whole(head, body, asked.call.head)
}

/// `public` would let any cache on the way answer for us: only where nobody was asked who he is. What the policy's
/// `vary` read has no header's name here: then a client's own cache asks each time, which the `ETag` makes cheap.
fn controlled(head: Head, entry: &Entry, asked: Asked<'_>, rule: &Rule) -> Head {
    let who = match (rule.shared, &asked.call.identity) {
        (true, None) => "public",
        (true, Some(_)) | (false, _) => "private",
    };
    let control = match rule.vary.is_empty() {
        true => format!("{who}, max-age={}", ttl(entry, rule).as_secs()),
        false => format!("{who}, no-cache"),
    };
    head.header(Header::CacheControl, &control)
        .header(Header::Vary, "accept, authorization, read-min-timestamp")
}
