//! Spangate's own rows of a write: inserted as mutations, which need no dialect and are refused at the commit when the
//! key is there already, and read back by the key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use google_cloud_spanner::Error;
use google_cloud_spanner::key::{Key as SpannerKey, KeySet};
use google_cloud_spanner::mutation::Mutation;
use google_cloud_spanner::read::ReadRequest;
use google_cloud_spanner::value::Value;
use google_cloud_wkt::Timestamp;

use super::{COMMIT_TIMESTAMP, Order, Stamp};
use crate::audit;
use crate::idempotency::{Answer, Kept};
use crate::migration::own_tables::{AUDIT, IDEMPOTENCY};
use crate::spanner::connection::Session;
use crate::spanner::statement::priority;
use crate::spanner::{backoff_policy, remaining, retry_policy};

/// The row that makes the write happen once, and the one that tells of it.
pub fn of(stamp: &Stamp, answer: &Answer) -> [Mutation; 2] {
    let Stamp { key, audit } = stamp;
    let Answer { status, location, body } = answer;
    let idempotency = Mutation::new_insert_builder(IDEMPOTENCY)
        .set("key_hash")
        .to(key.hash.as_slice())
        .set("request_hash")
        .to(key.request.as_slice())
        .set("operation")
        .to(&audit.operation)
        .set("status")
        .to(i64::from(*status))
        .set("location")
        .to(location)
        .set("body")
        .to(body)
        .set("committed_at")
        .to(COMMIT_TIMESTAMP)
        .build();
    [idempotency, audit_row(audit)]
}

/// Exhaustive, so that a new column is written.
fn audit_row(row: &audit::Row) -> Mutation {
    let audit::Row {
        shard,
        key_hash,
        operation,
        policy_operation,
        issuer,
        subject,
        tenant,
        request_id,
        policy_revision,
        fields,
    } = row;
    Mutation::new_insert_builder(AUDIT)
        .set("shard")
        .to(shard)
        .set("committed_at")
        .to(COMMIT_TIMESTAMP)
        .set("key_hash")
        .to(key_hash.as_slice())
        .set("operation")
        .to(operation)
        .set("policy_operation")
        .to(policy_operation)
        .set("issuer")
        .to(issuer)
        .set("subject")
        .to(subject)
        .set("tenant")
        .to(tenant)
        .set("request_id")
        .to(request_id)
        .set("policy_revision")
        .to(policy_revision)
        .set("fields")
        .to(fields)
        .build()
}

/// What the write's row holds now, if there is one. A strong read: it sees whatever was committed before it began.
pub async fn kept(session: &Session, order: &Order) -> Result<Option<Kept>, Error> {
    let Order { operation, stamp, tag, deadline, .. } = order;
    let key = SpannerKey::new(vec![stamp.key.hash.as_slice().into()]);
    let columns = ["request_hash", "status", "location", "body", "committed_at"];
    let request = ReadRequest::builder(IDEMPOTENCY, columns)
        .with_keys(KeySet::builder().add_key(key).build())
        .set_request_tag(tag)
        .set_priority(priority(operation.priority))
        .with_attempt_timeout(remaining(*deadline))
        .with_retry_policy(retry_policy(*deadline))
        .with_backoff_policy(backoff_policy())
        .build();
    let mut rows = session.client.single_use().build().execute_read(request).await?;
    match rows.next().await {
        // A row that cannot be read is there all the same: it must not pass for one that is not.
        Some(row) => match from_values(&row?.into_values()) {
            Some(kept) => Ok(Some(kept)),
            None => Err(Error::binding("the idempotency row cannot be read")),
        },
        None => Ok(None),
    }
}

fn from_values(values: &[Value]) -> Option<Kept> {
    let [request_hash, status, location, body, committed_at] = values else { return None };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let status = status.as_str()?.parse().ok()?;
    let request_hash = BASE64_STANDARD.decode(request_hash.as_str()?).ok()?;
    let committed_at = committed_at.as_str().and_then(|text| Timestamp::try_from(text).ok());
    Some(Kept {
        request_hash,
        answer: Answer { status, location: text(location), body: text(body) },
        committed_at,
    })
}
