//! A [`v1::Call`](crate::v1::Call) written from borrowed pieces. The filter does this for every call it admits,
//! so nothing is copied on the way into the bytes; they are the same that prost would write, which the sidecar
//! demands.

use std::borrow::Cow;

/// The pieces of a call. Fields mean what those of [`v1::Call`](crate::v1::Call) mean.
#[derive(Clone, Debug)]
pub struct BorrowedCall<'c> {
    pub operation: &'c str,
    pub path: Vec<(&'c str, Cow<'c, str>)>,
    pub query: Vec<(Cow<'c, str>, Cow<'c, str>)>,
    /// An encoded [`v1::Identity`](crate::v1::Identity): it is the same for every call of a token.
    pub identity: Option<&'c [u8]>,
    pub request_id: &'c str,
    pub idempotency: BorrowedIdempotency<'c>,
    pub policy_revision: &'c str,
    pub head: bool,
    pub policy_operation: &'c str,
    pub headers: Vec<(&'c str, Cow<'c, str>)>,
    pub cache: Option<BorrowedCache<'c>>,
}

/// The pieces of a [`v1::Cache`](crate::v1::Cache).
#[derive(Clone, Copy, Debug)]
pub struct BorrowedCache<'c> {
    pub ttl_ms: u64,
    pub vary: &'c [u8],
    pub shared: bool,
}

#[derive(Clone, Debug)]
pub enum BorrowedIdempotency<'c> {
    CallerKey(Cow<'c, str>),
    Nonce([u8; 16]),
}

impl BorrowedCall<'_> {
    /// The encoded message.
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            operation,
            path,
            query,
            identity,
            request_id,
            idempotency,
            policy_revision,
            head,
            policy_operation,
            headers,
            cache,
        } = self;
        let mut bytes = Vec::with_capacity(512);
        text(&mut bytes, 1, operation);
        for (name, value) in path {
            parameter(&mut bytes, 2, name, value);
        }
        for (name, value) in query {
            parameter(&mut bytes, 3, name, value);
        }
        if let Some(identity) = identity {
            delimited(&mut bytes, 4, identity);
        }
        text(&mut bytes, 5, request_id);
        match idempotency {
            BorrowedIdempotency::CallerKey(key) => delimited(&mut bytes, 6, key.as_bytes()),
            BorrowedIdempotency::Nonce(nonce) => delimited(&mut bytes, 7, nonce),
        }
        text(&mut bytes, 8, policy_revision);
        if *head {
            bytes.extend([9 << 3, 1]);
        }
        text(&mut bytes, 10, policy_operation);
        for (name, value) in headers {
            parameter(&mut bytes, 11, name, value);
        }
        if let Some(cache) = cache {
            delimited(&mut bytes, 12, &cache.encode());
        }
        bytes
    }
}

impl BorrowedCache<'_> {
    fn encode(&self) -> Vec<u8> {
        let Self { ttl_ms, vary, shared } = self;
        let mut bytes = Vec::with_capacity(vary.len().saturating_add(16));
        if *ttl_ms > 0 {
            bytes.push(1 << 3);
            prost::encoding::encode_varint(*ttl_ms, &mut bytes);
        }
        if !vary.is_empty() {
            delimited(&mut bytes, 2, vary);
        }
        if *shared {
            bytes.extend([3 << 3, 1]);
        }
        bytes
    }
}

/// proto3 leaves an empty text out.
fn text(bytes: &mut Vec<u8>, field: u8, value: &str) {
    if !value.is_empty() {
        delimited(bytes, field, value.as_bytes());
    }
}

fn delimited(bytes: &mut Vec<u8>, field: u8, value: &[u8]) {
    bytes.push(field << 3 | 2);
    prost::encoding::encode_varint(value.len() as u64, bytes);
    bytes.extend_from_slice(value);
}

fn parameter(bytes: &mut Vec<u8>, field: u8, name: &str, value: &str) {
    bytes.push(field << 3 | 2);
    let length = text_length(name) + text_length(value);
    prost::encoding::encode_varint(length as u64, bytes);
    text(bytes, 1, name);
    text(bytes, 2, value);
}

fn text_length(value: &str) -> usize {
    match value.len() {
        0 => 0,
        length => 1 + prost::encoding::encoded_len_varint(length as u64) + length,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::v1;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_bytes_are_those_of_prost(
            texts: [String; 4],
            path: Vec<(String, String)>,
            query: Vec<(String, String)>,
            identity: Option<(String, Option<String>, Vec<String>)>,
            key: Option<String>,
            nonce: [u8; 16],
            head: bool,
            headers: Vec<(String, String)>,
            cache: Option<(u64, Vec<u8>, bool)>,
        ) {
            let identity = identity.map(|(subject, tenant, roles)| v1::Identity {
                subject,
                tenant,
                roles,
                ..v1::Identity::default()
            });
            let parameters = |pairs: &[(String, String)]| {
                pairs.iter().map(|(name, value)| v1::Parameter { name: name.clone(), value: value.clone() }).collect()
            };
            let [operation, request_id, policy_revision, policy_operation] = texts;
            let idempotency = match &key {
                Some(key) => v1::call::Idempotency::CallerKey(key.clone()),
                None => v1::call::Idempotency::Nonce(nonce.to_vec()),
            };
            let call = v1::Call {
                operation: operation.clone(),
                path: parameters(&path),
                query: parameters(&query),
                identity: identity.clone(),
                request_id: request_id.clone(),
                idempotency: Some(idempotency),
                policy_revision: policy_revision.clone(),
                head,
                policy_operation: policy_operation.clone(),
                headers: parameters(&headers),
                cache: cache.clone().map(|(ttl_ms, vary, shared)| v1::Cache { ttl_ms, vary, shared }),
            };
            let identity = identity.map(|identity| identity.encode_to_vec());
            let borrowed = BorrowedCall {
                operation: &operation,
                path: path.iter().map(|(name, value)| (name.as_str(), value.into())).collect(),
                query: query.iter().map(|(name, value)| (name.into(), value.into())).collect(),
                identity: identity.as_deref(),
                request_id: &request_id,
                idempotency: match &key {
                    Some(key) => BorrowedIdempotency::CallerKey(key.into()),
                    None => BorrowedIdempotency::Nonce(nonce),
                },
                policy_revision: &policy_revision,
                head,
                policy_operation: &policy_operation,
                headers: headers.iter().map(|(name, value)| (name.as_str(), value.into())).collect(),
                cache: cache
                    .as_ref()
                    .map(|(ttl_ms, vary, shared)| BorrowedCache { ttl_ms: *ttl_ms, vary, shared: *shared }),
            };
            prop_assert_eq!(borrowed.encode(), call.encode_to_vec());
        }
    }
}
