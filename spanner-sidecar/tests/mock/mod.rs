//! As much of `google.spanner.v1` as the sidecar uses: one table with two rows, and a fault at every step.

#![allow(clippy::unwrap_used, reason = "a mock fails by panicking")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use googleapis_tonic_google_spanner_v1::google::spanner::v1::{
    BeginTransactionRequest, CommitRequest, CommitResponse, CreateSessionRequest, ExecuteSqlRequest,
    PartialResultSet, ResultSet, ResultSetMetadata, ResultSetStats, RollbackRequest, Session, StructType,
    Transaction, TransactionSelector, Type, execute_sql_request::QueryMode, result_set_stats::RowCount,
    struct_type::Field, transaction_selector::Selector,
};
use http::{Request as HttpRequest, Response as HttpResponse};
use prost_types::value::Kind;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    CreateSession,
    Begin,
    /// DML.
    Execute,
    /// A query.
    Stream,
    Commit,
    Rollback,
}

#[derive(Clone)]
pub struct Mock {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    counts: HashMap<Step, usize>,
    faults: HashMap<Step, Fault>,
    break_after_rows: Option<Status>,
    /// Sessions of an earlier generation are lost.
    generation: usize,
    roles: Vec<String>,
    last: Option<ExecuteSqlRequest>,
}

enum Fault {
    Once(Status),
    Always(Status),
    Silent,
}

impl Mock {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mock = Self { port, state: Arc::default() };
        let server = Server::builder().add_service(mock.clone());
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        mock
    }

    pub fn once(&self, step: Step, status: Status) {
        self.state.lock().unwrap().faults.insert(step, Fault::Once(status));
    }

    pub fn always(&self, step: Step, status: Status) {
        self.state.lock().unwrap().faults.insert(step, Fault::Always(status));
    }

    /// The step gets no answer at all.
    pub fn silent(&self, step: Step) {
        self.state.lock().unwrap().faults.insert(step, Fault::Silent);
    }

    pub fn break_after_rows(&self, status: Status) {
        self.state.lock().unwrap().break_after_rows = Some(status);
    }

    pub fn lose_sessions(&self) {
        self.state.lock().unwrap().generation += 1;
    }

    pub fn forget_counts(&self) {
        self.state.lock().unwrap().counts.clear();
    }

    pub fn count(&self, step: Step) -> usize {
        self.state.lock().unwrap().counts.get(&step).copied().unwrap_or(0)
    }

    pub fn roles(&self) -> Vec<String> {
        let mut roles = self.state.lock().unwrap().roles.clone();
        roles.sort();
        roles
    }

    /// The value of a parameter of the last statement, and the code of its type.
    pub fn last_parameter(&self, name: &str) -> (String, i32) {
        let last = self.state.lock().unwrap().last.clone().unwrap();
        let code = last.param_types.get(name).map_or(0, |r#type| r#type.code);
        match last.params.unwrap().fields.get(name).and_then(|value| value.kind.clone()) {
            Some(Kind::StringValue(text)) => (text, code),
            other => (format!("{other:?}"), code),
        }
    }

    /// Counts the step, and fails it if that is planned.
    async fn step(&self, step: Step, session: &str) -> Result<(), Status> {
        let silent = {
            let mut state = self.state.lock().unwrap();
            *state.counts.entry(step).or_default() += 1;
            if step != Step::CreateSession && !session.ends_with(&format!("-{}", state.generation)) {
                return Err(Status::not_found(format!("Session not found: {session}")));
            }
            match state.faults.remove(&step) {
                None => false,
                Some(Fault::Once(status)) => return Err(status),
                Some(Fault::Always(status)) => {
                    state.faults.insert(step, Fault::Always(status.clone()));
                    return Err(status);
                }
                Some(Fault::Silent) => {
                    state.faults.insert(step, Fault::Silent);
                    true
                }
            }
        };
        if silent {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn create_session(&self, request: CreateSessionRequest) -> Result<Session, Status> {
        self.step(Step::CreateSession, "").await?;
        let CreateSessionRequest { database, session } = request;
        let session = session.unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        state.roles.push(session.creator_role.clone());
        let name = format!("{database}/sessions/{}-{}", state.roles.len(), state.generation);
        Ok(Session { name, multiplexed: true, ..session })
    }

    async fn begin(&self, request: BeginTransactionRequest) -> Result<Transaction, Status> {
        self.step(Step::Begin, &request.session).await?;
        Ok(transaction())
    }

    async fn execute(&self, request: ExecuteSqlRequest) -> Result<ResultSet, Status> {
        self.step(Step::Execute, &request.session).await?;
        let stats =
            ResultSetStats { row_count: Some(RowCount::RowCountExact(1)), ..ResultSetStats::default() };
        let metadata = metadata(request.transaction.as_ref());
        Ok(ResultSet { metadata: Some(metadata), stats: Some(stats), ..ResultSet::default() })
    }

    async fn stream(
        &self,
        request: ExecuteSqlRequest,
    ) -> Result<Vec<Result<PartialResultSet, Status>>, Status> {
        // Planning is not what the faults are about.
        let planning = request.query_mode == i32::from(QueryMode::Plan);
        if !planning {
            self.step(Step::Stream, &request.session).await?;
        }
        let metadata = Some(metadata(request.transaction.as_ref()));
        let mut state = self.state.lock().unwrap();
        state.last = Some(request);
        let text = |text: &str| prost_types::Value { kind: Some(Kind::StringValue(text.to_owned())) };
        let values = if planning { Vec::new() } else { vec![text("x"), text("y")] };
        let broken = state.break_after_rows.clone();
        let last = broken.is_none();
        // The client hands rows on only once it could resume after them.
        let resume_token = b"resume".to_vec();
        let rows = PartialResultSet { metadata, values, resume_token, last, ..PartialResultSet::default() };
        Ok([Ok(rows)].into_iter().chain(broken.map(Err)).collect())
    }

    async fn commit(&self, request: CommitRequest) -> Result<CommitResponse, Status> {
        self.step(Step::Commit, &request.session).await?;
        Ok(CommitResponse {
            commit_timestamp: Some(prost_types::Timestamp::default()),
            ..CommitResponse::default()
        })
    }

    async fn rollback(&self, request: RollbackRequest) -> Result<(), Status> {
        self.step(Step::Rollback, &request.session).await
    }
}

fn transaction() -> Transaction {
    Transaction { id: b"transaction".to_vec(), ..Transaction::default() }
}

fn metadata(selector: Option<&TransactionSelector>) -> ResultSetMetadata {
    let begins = matches!(selector.and_then(|selector| selector.selector.as_ref()), Some(Selector::Begin(_)));
    let string = Type { code: 6, ..Type::default() };
    ResultSetMetadata {
        row_type: Some(StructType { fields: vec![Field { name: "a".to_owned(), r#type: Some(string) }] }),
        transaction: begins.then(transaction),
        ..ResultSetMetadata::default()
    }
}

impl NamedService for Mock {
    const NAME: &'static str = "google.spanner.v1.Spanner";
}

impl tower::Service<HttpRequest<Body>> for Mock {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<HttpResponse<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        macro_rules! unary {
            ($mock:ident, $method:ident) => {
                Grpc::new(ProstCodec::default())
                    .unary(
                        service_fn(|request: Request<_>| {
                            let mock = $mock.clone();
                            async move { mock.$method(request.into_inner()).await.map(Response::new) }
                        }),
                        request,
                    )
                    .await
            };
        }
        let mock = self.clone();
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            Ok(match method.as_str() {
                "CreateSession" => unary!(mock, create_session),
                "BeginTransaction" => unary!(mock, begin),
                "ExecuteSql" => unary!(mock, execute),
                "Commit" => unary!(mock, commit),
                "Rollback" => unary!(mock, rollback),
                "ExecuteStreamingSql" => {
                    let stream = service_fn(|request: Request<ExecuteSqlRequest>| {
                        let mock = mock.clone();
                        async move {
                            let pieces = mock.stream(request.into_inner()).await?;
                            Ok::<_, Status>(Response::new(tokio_stream::iter(pieces)))
                        }
                    });
                    Grpc::new(ProstCodec::default()).server_streaming(stream, request).await
                }
                _ => Status::unimplemented(method).into_http(),
            })
        })
    }
}
