//! What a request said of itself, for tests to look at.

use std::collections::HashMap;

use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    CommitRequest, DirectedReadOptions, ExecuteSqlRequest, ReadRequest, RequestOptions, TransactionSelector,
    Type, request_options::Priority, transaction_options::Mode,
    transaction_options::read_only::TimestampBound, transaction_selector::Selector,
};
use prost_types::Struct;

#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The SQL, `read TABLE`, or `commit`.
    pub what: String,
    pub role: String,
    pub request_tag: String,
    pub transaction_tag: String,
    /// Such as `PRIORITY_MEDIUM`.
    pub priority: String,
    pub directed_read: Option<DirectedReadOptions>,
    /// Of a read outside of a read-write transaction.
    pub timestamp_bound: Option<TimestampBound>,
    pub parameters: Struct,
    pub types: HashMap<String, Type>,
}

impl Record {
    pub fn of_sql(request: &ExecuteSqlRequest, role: &str) -> Self {
        Self {
            directed_read: request.directed_read_options.clone(),
            timestamp_bound: timestamp_bound(request.transaction.as_ref()),
            parameters: request.params.clone().unwrap_or_default(),
            types: request.param_types.clone(),
            ..Self::new(request.sql.clone(), role, request.request_options.as_ref())
        }
    }

    pub fn of_read(request: &ReadRequest, role: &str) -> Self {
        Self {
            directed_read: request.directed_read_options.clone(),
            timestamp_bound: timestamp_bound(request.transaction.as_ref()),
            ..Self::new(format!("read {}", request.table), role, request.request_options.as_ref())
        }
    }

    pub fn of_commit(request: &CommitRequest, role: &str) -> Self {
        Self::new("commit".to_owned(), role, request.request_options.as_ref())
    }

    fn new(what: String, role: &str, options: Option<&RequestOptions>) -> Self {
        let options = options.cloned().unwrap_or_default();
        let priority = Priority::try_from(options.priority).unwrap_or_default().as_str_name().to_owned();
        let RequestOptions { request_tag, transaction_tag, .. } = options;
        Self { what, role: role.to_owned(), request_tag, transaction_tag, priority, ..Self::default() }
    }
}

fn timestamp_bound(selector: Option<&TransactionSelector>) -> Option<TimestampBound> {
    let (Selector::SingleUse(options) | Selector::Begin(options)) = selector?.selector.as_ref()? else {
        return None;
    };
    match options.mode.as_ref()? {
        Mode::ReadOnly(only) => only.timestamp_bound,
        Mode::ReadWrite(_) | Mode::PartitionedDml(_) => None,
    }
}
