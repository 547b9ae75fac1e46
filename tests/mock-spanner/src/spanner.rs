//! The messages of `google.spanner.v1`, each from its hooks through the store to its answer.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use googleapis_tonic_google_spanner_v1::google::rpc;
use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    BeginTransactionRequest, CommitRequest, CommitResponse, CreateSessionRequest, ExecuteBatchDmlRequest,
    ExecuteBatchDmlResponse, ExecuteSqlRequest, ReadRequest, RequestOptions, ResultSet, ResultSetMetadata,
    ResultSetStats, RollbackRequest, Session, StructType, TransactionOptions, TransactionSelector,
    commit_request, execute_sql_request::QueryMode, result_set_stats::RowCount, transaction_options::Mode,
    transaction_options::read_only::TimestampBound, transaction_selector::Selector,
};
use googleapis_tonic_google_spanner_v1::google::spanner::v1::{Transaction as Begun, commit_response};
use prost_types::{ListValue, Timestamp as WireTimestamp};
use tonic::Status;

use crate::evaluate::Parameters;
use crate::hooks::{Hooks, Step, When};
use crate::record::Record;
use crate::run::{Output, View, read, run};
use crate::sql;
use crate::store::{Store, Timestamp};
use crate::transaction::Transaction;
use crate::value::Value;

/// Requests that are remembered for tests to look at.
const REMEMBERED: usize = 1000;

/// One database, which answers to every name.
#[derive(Default)]
pub struct Spanner {
    pub state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub store: Store,
    sessions: HashMap<String, String>,
    transactions: HashMap<Vec<u8>, Transaction>,
    /// Of everything that was made: its names are drawn from this.
    made: u64,
    /// Sessions of an earlier generation are lost.
    pub generation: u64,
    /// Roles of the sessions that were made, in order.
    pub roles: Vec<String>,
    pub records: VecDeque<Record>,
    /// How streams end after their first piece.
    pub broken_stream: Option<Status>,
    /// How often streams send their rows over; 0 is once.
    pub repeats: usize,
    /// Streams whose end has not been sent, and nobody has cancelled.
    pub open_streams: Arc<AtomicUsize>,
}

/// What a request's selector asks for, looked up.
enum Selected {
    /// `begun` when the transaction may be named again.
    Snapshot {
        at: Timestamp,
        tell: bool,
        begun: bool,
    },
    Existing(Vec<u8>),
    Begun(Vec<u8>),
}

impl Spanner {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One door's view of the database: its faults are its own.
#[derive(Clone)]
pub struct Door {
    pub spanner: Arc<Spanner>,
    pub hooks: Arc<Hooks>,
}

impl Door {
    pub async fn create_session(&self, request: CreateSessionRequest) -> Result<Session, Status> {
        self.hooks.meet(Step::CreateSession, When::Before).await?;
        let CreateSessionRequest { database, session } = request;
        let session = session.unwrap_or_default();
        let name = {
            let mut state = self.spanner.state();
            state.store.schema.check_role(&session.creator_role)?;
            state.made += 1;
            let name = format!("{database}/sessions/{}-{}", state.made, state.generation);
            state.roles.push(session.creator_role.clone());
            state.sessions.insert(name.clone(), session.creator_role.clone());
            name
        };
        self.hooks.meet(Step::CreateSession, When::After).await?;
        Ok(Session { name, multiplexed: true, ..session })
    }

    pub async fn begin(&self, request: BeginTransactionRequest) -> Result<Begun, Status> {
        self.hooks.meet(Step::Begin, When::Before).await?;
        let begun = {
            let mut state = self.spanner.state();
            let role = state.role(&request.session)?;
            let options = request.options.unwrap_or_default();
            match snapshot(&options, &state.store) {
                Some((at, tell)) => Begun {
                    id: format!("snapshot-{at}").into_bytes(),
                    read_timestamp: tell.then(|| wire(at)),
                    ..Begun::default()
                },
                None => Begun { id: state.begin(role), ..Begun::default() },
            }
        };
        self.hooks.meet(Step::Begin, When::After).await?;
        Ok(begun)
    }

    pub async fn execute(&self, request: ExecuteSqlRequest) -> Result<ResultSet, Status> {
        self.hooks.meet(Step::Execute, When::Before).await?;
        let done = self.run(request);
        self.hooks.meet(Step::Execute, When::After).await?;
        let (output, metadata) = done?;
        Ok(result_set(output, metadata))
    }

    /// The rows of a query, to be sent in pieces.
    pub async fn stream(&self, request: ExecuteSqlRequest) -> Result<(Output, ResultSetMetadata), Status> {
        if request.query_mode() == QueryMode::Plan || is_planning(request.request_options.as_ref()) {
            return self.run(request);
        }
        self.hooks.meet(Step::Stream, When::Before).await?;
        let done = self.run(request);
        self.hooks.meet(Step::Stream, When::After).await?;
        done
    }

    pub async fn read(&self, request: ReadRequest) -> Result<(Output, ResultSetMetadata), Status> {
        let counts = !is_planning(request.request_options.as_ref());
        if counts {
            self.hooks.meet(Step::Read, When::Before).await?;
        }
        let done = {
            let mut state = self.spanner.state();
            let role = state.role(&request.session)?;
            state.note(Record::of_read(&request, &role));
            state.with(request.transaction.as_ref(), &role, |store, view| read(store, view, &request))
        };
        if counts {
            self.hooks.meet(Step::Read, When::After).await?;
        }
        done
    }

    pub async fn batch(&self, request: ExecuteBatchDmlRequest) -> Result<ExecuteBatchDmlResponse, Status> {
        self.hooks.meet(Step::Batch, When::Before).await?;
        let mut response =
            ExecuteBatchDmlResponse { status: Some(rpc::Status::default()), ..Default::default() };
        let mut transaction = request.transaction;
        for statement in request.statements {
            let single = ExecuteSqlRequest {
                session: request.session.clone(),
                transaction: transaction.clone(),
                sql: statement.sql,
                params: statement.params,
                param_types: statement.param_types,
                request_options: request.request_options.clone(),
                ..ExecuteSqlRequest::default()
            };
            match self.run(single) {
                Ok((output, metadata)) => {
                    if let Some(begun) = &metadata.transaction {
                        transaction =
                            Some(TransactionSelector { selector: Some(Selector::Id(begun.id.clone())) });
                    }
                    response.result_sets.push(result_set(output, metadata));
                }
                Err(status) => {
                    let (code, message) = (status.code().into(), status.message().to_owned());
                    response.status = Some(rpc::Status { code, message, details: Vec::new() });
                    break;
                }
            }
        }
        self.hooks.meet(Step::Batch, When::After).await?;
        Ok(response)
    }

    pub async fn commit(&self, request: CommitRequest) -> Result<CommitResponse, Status> {
        self.hooks.meet(Step::Commit, When::Before).await?;
        let at = {
            let mut state = self.spanner.state();
            let role = state.role(&request.session)?;
            state.note(Record::of_commit(&request, &role));
            let id = match request.transaction {
                Some(commit_request::Transaction::TransactionId(id)) => id,
                Some(commit_request::Transaction::SingleUseTransaction(_)) => state.begin(role),
                None => return Err(Status::invalid_argument("no transaction")),
            };
            let State { store, transactions, .. } = &mut *state;
            let transaction = transactions.get_mut(&id).ok_or_else(no_transaction)?;
            transaction.commit(store, request.mutations)
        };
        self.hooks.meet(Step::Commit, When::After).await?;
        let at = at?;
        let commit_stats = request.return_commit_stats.then(commit_response::CommitStats::default);
        Ok(CommitResponse { commit_timestamp: Some(wire(at)), commit_stats, ..CommitResponse::default() })
    }

    pub async fn rollback(&self, request: RollbackRequest) -> Result<(), Status> {
        self.hooks.meet(Step::Rollback, When::Before).await?;
        {
            let mut state = self.spanner.state();
            state.role(&request.session)?;
            if let Some(transaction) = state.transactions.get_mut(&request.transaction_id) {
                transaction.roll_back();
            }
        }
        self.hooks.meet(Step::Rollback, When::After).await
    }

    fn run(&self, request: ExecuteSqlRequest) -> Result<(Output, ResultSetMetadata), Status> {
        let mut state = self.spanner.state();
        let role = state.role(&request.session)?;
        let plan = request.query_mode() == QueryMode::Plan;
        if !plan {
            state.note(Record::of_sql(&request, &role));
        }
        let statement = sql::parse(&request.sql)?;
        let parameters = Parameters { values: request.params.as_ref(), types: &request.param_types, plan };
        state.with(request.transaction.as_ref(), &role, |store, view| {
            run(store, view, &statement, &parameters, plan)
        })
    }
}

impl State {
    /// Statements that end with semicolons, in one transaction without a role.
    pub fn execute(&mut self, statements: &str) -> Result<(), Status> {
        let types = HashMap::new();
        let parameters = Parameters { values: None, types: &types, plan: false };
        let mut transaction = Transaction::new(self.store.last_commit(), String::new());
        for statement in sql::parse_all(statements)? {
            run(&self.store, &mut View::Transaction(&mut transaction), &statement, &parameters, false)?;
        }
        transaction.commit(&mut self.store, Vec::new()).map(|_| ())
    }

    pub fn query(&mut self, query: &str) -> Result<Vec<Vec<String>>, Status> {
        let types = HashMap::new();
        let parameters = Parameters { values: None, types: &types, plan: false };
        let mut view = View::Snapshot { at: Timestamp::MAX, role: "" };
        let output = run(&self.store, &mut view, &sql::parse(query)?, &parameters, false)?;
        Ok(output.rows.iter().map(|row| row.iter().map(Value::text).collect()).collect())
    }

    fn role(&self, session: &str) -> Result<String, Status> {
        let lost = || Status::not_found(format!("Session not found: {session}"));
        let role = self.sessions.get(session).cloned();
        role.filter(|_| session.ends_with(&format!("-{}", self.generation))).ok_or_else(lost)
    }

    fn begin(&mut self, role: String) -> Vec<u8> {
        self.made += 1;
        let id = format!("transaction-{}", self.made).into_bytes();
        self.transactions.insert(id.clone(), Transaction::new(self.store.last_commit(), role));
        id
    }

    fn note(&mut self, record: Record) {
        if self.records.len() == REMEMBERED {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Works on what the selector names; what begins with the request is told in the metadata, unless it failed.
    fn with(
        &mut self,
        selector: Option<&TransactionSelector>,
        role: &str,
        work: impl FnOnce(&Store, &mut View<'_>) -> Result<Output, Status>,
    ) -> Result<(Output, ResultSetMetadata), Status> {
        let mut transaction = None;
        let output = match self.select(selector, role)? {
            Selected::Snapshot { at, tell, begun } => {
                if tell || begun {
                    let id = if begun { format!("snapshot-{at}").into_bytes() } else { Vec::new() };
                    let read_timestamp = tell.then(|| wire(at));
                    transaction = Some(Begun { id, read_timestamp, ..Begun::default() });
                }
                work(&self.store, &mut View::Snapshot { at, role })?
            }
            Selected::Existing(id) => {
                let found = self.transactions.get_mut(&id).ok_or_else(no_transaction)?;
                found.check_open()?;
                work(&self.store, &mut View::Transaction(found))?
            }
            Selected::Begun(id) => {
                let found = self.transactions.get_mut(&id).ok_or_else(no_transaction)?;
                let output = work(&self.store, &mut View::Transaction(found))?;
                transaction = Some(Begun { id, ..Begun::default() });
                output
            }
        };
        let row_type = Some(StructType { fields: output.fields.clone() });
        Ok((output, ResultSetMetadata { row_type, transaction, ..ResultSetMetadata::default() }))
    }

    fn select(&mut self, selector: Option<&TransactionSelector>, role: &str) -> Result<Selected, Status> {
        let strong = |state: &Self| Selected::Snapshot { at: state.store.now(), tell: false, begun: false };
        match selector.and_then(|selector| selector.selector.as_ref()) {
            None => Ok(strong(self)),
            Some(selector @ (Selector::SingleUse(options) | Selector::Begin(options))) => {
                let begun = matches!(selector, Selector::Begin(_));
                match snapshot(options, &self.store) {
                    Some((at, tell)) => Ok(Selected::Snapshot { at, tell, begun }),
                    None => Ok(Selected::Begun(self.begin(role.to_owned()))),
                }
            }
            Some(Selector::Id(id)) => {
                match std::str::from_utf8(id).ok().and_then(|id| id.strip_prefix("snapshot-")) {
                    Some(at) => {
                        let at = at.parse().unwrap_or(Timestamp::MAX);
                        Ok(Selected::Snapshot { at, tell: false, begun: false })
                    }
                    None => Ok(Selected::Existing(id.clone())),
                }
            }
        }
    }
}

/// The timestamp of a read-only transaction, and whether it is to be told.
fn snapshot(options: &TransactionOptions, store: &Store) -> Option<(Timestamp, bool)> {
    let Some(Mode::ReadOnly(only)) = &options.mode else { return None };
    let now = store.now();
    let micros = |seconds: i64, nanos: i32| seconds * 1_000_000 + i64::from(nanos) / 1000;
    let at = match &only.timestamp_bound {
        None | Some(TimestampBound::Strong(_)) => now,
        Some(TimestampBound::ReadTimestamp(at) | TimestampBound::MinReadTimestamp(at)) => {
            micros(at.seconds, at.nanos)
        }
        Some(TimestampBound::MaxStaleness(age) | TimestampBound::ExactStaleness(age)) => {
            now - micros(age.seconds, age.nanos)
        }
    };
    Some((at, only.return_read_timestamp))
}

fn result_set(output: Output, metadata: ResultSetMetadata) -> ResultSet {
    let row = |row: &Vec<Value>| ListValue { values: row.iter().map(|v| v.to_wire()).collect() };
    ResultSet {
        metadata: Some(metadata),
        rows: output.rows.iter().map(row).collect(),
        stats: Some(stats(&output)),
        ..ResultSet::default()
    }
}

pub fn stats(output: &Output) -> ResultSetStats {
    ResultSetStats { row_count: output.changed.map(RowCount::RowCountExact), ..ResultSetStats::default() }
}

fn wire(at: Timestamp) -> WireTimestamp {
    let nanos = i32::try_from(at.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    WireTimestamp { seconds: at.div_euclid(1_000_000), nanos }
}

/// What the sidecar asks in order to plan is not what faults and counts are about.
fn is_planning(options: Option<&RequestOptions>) -> bool {
    options.is_some_and(|options| options.request_tag == "spangate=plan")
}

fn no_transaction() -> Status {
    Status::not_found("Transaction not found")
}
