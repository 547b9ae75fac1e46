//! The row that a write's transaction inserts. Its id is the hash of the write's idempotency key: one write, one row.

use spangate_proto::v1::{Call, Identity};

use crate::idempotency::Key;

/// So many splits take the rows of one moment.
const SHARDS: u8 = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub shard: i64,
    pub key_hash: [u8; 32],
    pub operation: String,
    pub policy_operation: String,
    /// Absent when nobody was authenticated.
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub tenant: Option<String>,
    pub request_id: String,
    pub policy_revision: String,
    /// A JSON object.
    pub fields: String,
}

impl Row {
    pub fn new(call: &Call, key: &Key, fields: String) -> Self {
        let Call { operation, policy_operation, request_id, policy_revision, identity, .. } = call;
        let (issuer, subject, tenant) = match identity.clone() {
            Some(Identity { issuer, subject, tenant, roles: _, scopes: _, claims: _ }) => {
                (Some(issuer), Some(subject), tenant)
            }
            None => (None, None, None),
        };
        let [first, ..] = key.hash;
        Self {
            shard: i64::from(first % SHARDS),
            key_hash: key.hash,
            operation: operation.clone(),
            policy_operation: policy_operation.clone(),
            issuer,
            subject,
            tenant,
            request_id: request_id.clone(),
            policy_revision: policy_revision.clone(),
            fields,
        }
    }
}
