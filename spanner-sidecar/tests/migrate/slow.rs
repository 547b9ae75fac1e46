//! The emulator, seen through a door where schema changes take as long as a test likes, stop where it says, and know
//! roles. All else is handed through as it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use googleapis_tonic_google_longrunning::google::longrunning::operation::Result as Outcome;
use googleapis_tonic_google_longrunning::google::longrunning::{GetOperationRequest, Operation};
use googleapis_tonic_google_longrunning::google::rpc;
use googleapis_tonic_google_spanner_admin_database_v1::google::spanner::admin::database::v1 as api;
use http::uri::{Authority, Scheme};
use http::{Request as HttpRequest, Response as HttpResponse, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use prost_types::{Any, Timestamp};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::ground::{FOR_EVER, PAUSE};

#[derive(Clone)]
pub struct Slow {
    pub port: u16,
    emulator: Authority,
    through: Client<HttpConnector, Incoming>,
    admin: api::database_admin_client::DatabaseAdminClient<Channel>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    batches: BTreeMap<String, Batch>,
    /// How many statements of a batch are applied before it waits.
    held: Option<usize>,
    /// A word; a statement that has it is refused.
    refused: Option<String>,
    /// What the emulator does not know.
    roles: Vec<String>,
    /// By the method's name, and after how many of its requests.
    troubles: BTreeMap<&'static str, (usize, Trouble)>,
    /// How many requests of each method there were.
    asked: BTreeMap<String, usize>,
}

/// What becomes of every request of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Unavailable,
    Denied,
    /// A change of the schema is taken, and nobody is told.
    AnswerLost,
    /// Until it is healed.
    Wait,
    /// No answer, ever.
    Silence,
}

#[derive(Clone, Default)]
struct Batch {
    statements: Vec<String>,
    applied: usize,
    failure: Option<String>,
}

impl Slow {
    pub async fn before(emulator: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = format!("127.0.0.1:{emulator}");
        let channel = Channel::from_shared(format!("http://{authority}")).unwrap().connect_lazy();
        let slow = Self {
            port,
            emulator: authority.parse().unwrap(),
            through: Client::builder(TokioExecutor::new()).http2_only(true).build_http(),
            admin: api::database_admin_client::DatabaseAdminClient::new(channel),
            state: Arc::default(),
        };
        tokio::spawn(slow.clone().serve(listener));
        slow
    }

    /// Batches wait once so many of their statements are applied.
    pub fn hold_after(&self, statements: usize) {
        self.state().held = Some(statements);
    }

    pub fn release(&self) {
        self.state().held = None;
    }

    pub fn refuse(&self, word: Option<&str>) {
        self.state().refused = word.map(str::to_owned);
    }

    pub fn trouble(&self, method: &'static str, trouble: Trouble) {
        self.trouble_after(0, method, trouble);
    }

    /// So many requests from now on are answered as ever.
    pub fn trouble_after(&self, requests: usize, method: &'static str, trouble: Trouble) {
        let asked = self.asked(method);
        self.state().troubles.insert(method, (asked + requests, trouble));
    }

    pub fn heal(&self, method: &str) {
        self.state().troubles.remove(method);
    }

    pub fn asked(&self, method: &str) -> usize {
        self.state().asked.get(method).copied().unwrap_or(0)
    }

    pub async fn until_asked(&self, method: &str, times: usize) {
        let asked = async {
            while self.asked(method) < times {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(FOR_EVER, asked).await.unwrap();
    }

    /// The statements of each batch that was sent under a name of its own, in the order of the names.
    pub fn batches(&self) -> Vec<Vec<String>> {
        self.state().batches.values().map(|batch| batch.statements.clone()).collect()
    }

    pub fn roles(&self) -> Vec<String> {
        self.state().roles.clone()
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let slow = self.clone();
            let service = hyper::service::service_fn(move |request| slow.clone().answer(request));
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    }

    async fn answer(
        self,
        request: HttpRequest<Incoming>,
    ) -> Result<HttpResponse<Body>, hyper_util::client::legacy::Error> {
        macro_rules! unary {
            ($method:ident) => {{
                let method = service_fn(|request: Request<_>| {
                    let slow = self.clone();
                    async move { slow.$method(request.into_inner()).await.map(Response::new) }
                });
                Ok(Grpc::new(ProstCodec::default()).unary(method, request).await)
            }};
        }
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        match self.troubled(&method).await {
            None | Some(Trouble::Wait) => {}
            Some(Trouble::Unavailable) => return Ok(Status::unavailable("nobody is here").into_http()),
            Some(Trouble::Denied) => return Ok(Status::permission_denied("you may not").into_http()),
            Some(Trouble::Silence) => return std::future::pending().await,
            Some(Trouble::AnswerLost) => {
                let _answer: HttpResponse<Body> = unary!(update)?;
                return Ok(Status::unavailable("the answer is lost").into_http());
            }
        }
        match method.as_str() {
            "UpdateDatabaseDdl" => unary!(update),
            "GetOperation" => unary!(operation),
            "GetDatabaseDdl" => unary!(schema),
            _ => self.hand_through(request).await,
        }
    }

    /// What becomes of a request that has come.
    async fn troubled(&self, method: &str) -> Option<Trouble> {
        let number = {
            let mut state = self.state();
            let asked = state.asked.entry(method.to_owned()).or_default();
            *asked += 1;
            *asked
        };
        loop {
            let planned = self.state().troubles.get(method).copied();
            match planned {
                Some((after, Trouble::Wait)) if number > after => tokio::time::sleep(PAUSE).await,
                Some((after, trouble)) if number > after => return Some(trouble),
                Some(_) | None => return None,
            }
        }
    }

    async fn hand_through(
        &self,
        mut request: HttpRequest<Incoming>,
    ) -> Result<HttpResponse<Body>, hyper_util::client::legacy::Error> {
        let mut uri = request.uri().clone().into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.emulator.clone());
        *request.uri_mut() = Uri::from_parts(uri).unwrap();
        Ok(self.through.request(request).await?.map(Body::new))
    }

    async fn update(&self, request: api::UpdateDatabaseDdlRequest) -> Result<Operation, Status> {
        let api::UpdateDatabaseDdlRequest { database, statements, operation_id, .. } = request;
        let mut state = self.state();
        let id =
            if operation_id.is_empty() { format!("unnamed_{}", state.batches.len()) } else { operation_id };
        let name = format!("{database}/operations/{id}");
        if state.batches.contains_key(&name) {
            return Err(Status::already_exists(name));
        }
        state.batches.insert(name.clone(), Batch { statements, ..Batch::default() });
        Ok(Operation { name, ..Operation::default() })
    }

    /// As it stands once it has gone on as far as it may.
    async fn operation(&self, request: GetOperationRequest) -> Result<Operation, Status> {
        let GetOperationRequest { name } = request;
        loop {
            let (mut batch, held, refused) = {
                let state = self.state();
                let batch =
                    state.batches.get(&name).cloned().ok_or_else(|| Status::not_found(name.clone()))?;
                (batch, state.held, state.refused.clone())
            };
            let next = batch.statements.get(batch.applied).cloned();
            match next {
                Some(statement)
                    if batch.failure.is_none() && held.is_none_or(|held| batch.applied < held) =>
                {
                    if refused.is_some_and(|word| statement.contains(&word)) {
                        batch.failure = Some("it is refused here".to_owned());
                    } else {
                        self.apply(&name, statement).await?;
                        batch.applied += 1;
                    }
                    self.state().batches.insert(name.clone(), batch);
                }
                _ => return Ok(batch.operation(name)),
            }
        }
    }

    async fn apply(&self, name: &str, statement: String) -> Result<(), Status> {
        if ["CREATE ROLE", "GRANT"].iter().any(|begin| statement.starts_with(begin)) {
            self.state().roles.push(statement);
            return Ok(());
        }
        let database = name.split_once("/operations/").map_or(name, |(database, _)| database).to_owned();
        let request = api::UpdateDatabaseDdlRequest {
            database,
            statements: vec![statement],
            ..api::UpdateDatabaseDdlRequest::default()
        };
        self.admin.clone().update_database_ddl(request).await.map(|_| ())
    }

    async fn schema(
        &self,
        request: api::GetDatabaseDdlRequest,
    ) -> Result<api::GetDatabaseDdlResponse, Status> {
        let mut schema = self.admin.clone().get_database_ddl(request).await?.into_inner();
        schema.statements.extend(self.roles());
        Ok(schema)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Batch {
    fn operation(self, name: String) -> Operation {
        let Self { statements, applied, failure } = self;
        let done = failure.is_some() || applied == statements.len();
        let metadata = api::UpdateDatabaseDdlMetadata {
            commit_timestamps: vec![Timestamp::default(); applied],
            statements,
            ..api::UpdateDatabaseDdlMetadata::default()
        };
        let metadata = Some(Any { value: metadata.encode_to_vec(), ..Any::default() });
        let result = match failure {
            Some(message) => Some(Outcome::Error(rpc::Status {
                code: Code::FailedPrecondition.into(),
                message,
                ..rpc::Status::default()
            })),
            None => done.then(|| Outcome::Response(Any::default())),
        };
        Operation { name, metadata, done, result }
    }
}
