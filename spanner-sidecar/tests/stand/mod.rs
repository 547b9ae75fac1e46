//! A stand for one test: an emulator on a free port, the sidecar on a socket in a folder of its own, and a client
//! that calls as the filter does. All of it ends with the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a stand fails by panicking")]
#![allow(dead_code, reason = "each file of tests uses a part of it")]

#[path = "../key_file/mod.rs"]
pub mod key_file;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::vec::IntoIter;

use futures::StreamExt;
use futures::stream::BoxStream;
use http::Uri;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use spangate_proto::CALL_METADATA;
use spangate_proto::google::api::HttpBody;
use spangate_proto::v1::gateway_client::GatewayClient;
use spangate_proto::v1::{Call, Identity, Parameter, call};
use tokio::net::UnixStream;
use tokio_stream::Iter;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Tries of what takes a while, and the pause between them.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

pub struct Stand {
    folder: PathBuf,
    port: u16,
    emulator: Option<Running>,
    sidecar: Running,
    channel: Channel,
}

/// A process that ends with its owner.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stand {
    /// Everything up, the sidecar healthy.
    pub async fn start() -> Self {
        let mut stand = Self::without_emulator().await;
        stand.start_emulator().await;
        stand.set_up().await;
        stand.until_healthy().await;
        stand.plan_again().await;
        stand
    }

    /// For a sidecar that was there before its tables, and may have looked when only some of them were.
    pub async fn plan_again(&self) {
        let reloads = || self.log().matches(r#""event":"operations_reloaded""#).count();
        let before = reloads();
        self.signal("-HUP");
        for _ in 0..TRIES {
            if reloads() > before {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("nothing was planned again\n{}", self.log());
    }

    /// The sidecar alone, listening.
    pub async fn without_emulator() -> Self {
        Self::on_free_port("operations.yaml").await
    }

    /// Before an emulator that is yet to be started.
    pub async fn on_free_port(operations: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::serving(port, operations).await
    }

    pub async fn strict() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::serving_with(port, "operations.yaml", &["--strict"]).await
    }

    /// The sidecar, before whatever is or will be at `port`.
    pub async fn serving(port: u16, operations: &str) -> Self {
        Self::serving_with(port, operations, &[]).await
    }

    pub async fn serving_with(port: u16, operations: &str, options: &[&str]) -> Self {
        Self::started(sidecar(port), port, operations, options).await
    }

    /// The sidecar before a Spanner that is no emulator and asks who is calling.
    pub async fn before_spanner(operations: &str, options: &[&str], environment: &[(&str, String)]) -> Self {
        let mut sidecar = without_emulator();
        sidecar.envs(environment.iter().map(|(name, value)| (name, value)));
        Self::started(sidecar, 0, operations, options).await
    }

    /// As it is before Spanner itself: a service account's key, channels that grow, and writers side by side on one
    /// session, which the emulator does not take.
    pub async fn in_production(port: u16, operations: &str) -> Self {
        static KEY: OnceLock<PathBuf> = OnceLock::new();
        let key = KEY.get_or_init(|| private_file("account", &key_file::key_file("stand").0));
        let endpoint = format!("http://127.0.0.1:{port}");
        let options = ["--endpoint", &endpoint, "--credentials", key.to_str().unwrap()];
        Self::before_spanner(operations, &options, &[]).await
    }

    /// What a sidecar says that does not start.
    pub async fn refusing_to_start(operations: &str, options: &[&str]) -> String {
        Self::refusing_to_start_in(operations, options, &[]).await
    }

    pub async fn refusing_to_start_in(
        operations: &str,
        options: &[&str],
        environment: &[(&str, String)],
    ) -> String {
        let mut command = tokio::process::Command::from(without_emulator());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--operations", &data(operations)]).args(options).kill_on_drop(true);
        let output = command.output().await.unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Where the options say, and not on a socket: nobody is called through this stand.
    pub async fn listening_elsewhere(port: u16, operations: &str, options: &[&str]) -> Self {
        Self::spawn(sidecar(port), port, operations, options, false)
    }

    async fn started(sidecar: Command, port: u16, operations: &str, options: &[&str]) -> Self {
        let mut stand = Self::spawn(sidecar, port, operations, options, true);
        let socket = stand.folder.join("sidecar.sock");
        stand.until(|| socket.exists(), "the socket").await;
        stand
    }

    fn spawn(mut sidecar: Command, port: u16, operations: &str, options: &[&str], on_socket: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("spangate-stand-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("sidecar.sock");
        sidecar.args(["serve", "--operations", &data(operations)]).args(options);
        if on_socket {
            sidecar.arg("--socket").arg(&socket);
        }
        let sidecar =
            sidecar.stderr(std::fs::File::create(folder.join("sidecar.log")).unwrap()).spawn().unwrap();
        let channel = channel(socket);
        Self { folder, port, emulator: None, sidecar: Running(sidecar), channel }
    }

    pub async fn start_emulator(&mut self) {
        let log = std::fs::File::create(self.folder.join("emulator.log")).unwrap();
        let child = Command::new(emulator())
            .args(["--host_port", &format!("127.0.0.1:{}", self.port)])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.emulator = Some(Running(child));
    }

    pub fn stop_emulator(&mut self) {
        self.emulator = None;
    }

    /// Runs `emulator-setup` to its end.
    pub async fn set_up(&self) {
        self.set_up_with("schema.sql", "rows.sql").await.unwrap();
    }

    pub async fn set_up_with(&self, schema: &str, rows: &str) -> Result<(), String> {
        self.set_up_for("operations.yaml", schema, rows).await
    }

    /// The databases of another document.
    pub async fn set_up_for(&self, operations: &str, schema: &str, rows: &str) -> Result<(), String> {
        let output = tokio::process::Command::from(sidecar(self.port))
            .args(["emulator-setup", "--operations", &data(operations)])
            .args(["--schema", &data(schema), "--data", &data(rows)])
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(text) }
    }

    pub async fn execute(&self, call: Call, body: &[HttpBody]) -> Answer {
        Answer::of(self.begin(call, body).await, Duration::ZERO).await
    }

    /// Reads the first piece, and the others only after a pause.
    pub async fn execute_slowly(&self, call: Call, pause: Duration) -> Answer {
        Answer::of(self.begin(call, &[]).await, pause).await
    }

    /// With a deadline of the caller's own, as gRPC writes it. Not over the usual channel: tonic's would run a clock on
    /// it as well, and end the call with a word of its own where Envoy waits for ours.
    pub async fn execute_within(&self, call: Call, timeout: &str) -> Answer {
        let stream = UnixStream::connect(self.folder.join("sidecar.sock")).await.unwrap();
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let serving = tokio::spawn(connection);
        let service = tower::service_fn(move |request| sender.clone().send_request(request));
        let mut request = request(call, &[]);
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        let mut client = GatewayClient::with_origin(service, Uri::from_static("http://sidecar"));
        let answer = Answer::of(client.execute(request).await, Duration::ZERO).await;
        serving.abort();
        answer
    }

    /// With a body that begins and never ends.
    pub async fn execute_endlessly(&self, call: Call, begin: &[HttpBody]) -> Answer {
        let body = futures::stream::iter(begin.to_vec()).chain(futures::stream::pending());
        let request = request(call, &[]).map(|_| body);
        Answer::of(GatewayClient::new(self.channel.clone()).execute(request).await, Duration::ZERO).await
    }

    /// With headers of the caller's that the filter passes on.
    pub async fn execute_with(&self, call: Call, headers: &[(&'static str, &str)]) -> Answer {
        Answer::of(self.begin_with(call, headers).await, Duration::ZERO).await
    }

    pub async fn begin_with(
        &self,
        call: Call,
        headers: &[(&'static str, &str)],
    ) -> Result<Response<Streaming<HttpBody>>, Status> {
        let mut request = request(call, &[]);
        for (name, value) in headers {
            request.metadata_mut().append(*name, value.parse().unwrap());
        }
        GatewayClient::new(self.channel.clone()).execute(request).await
    }

    pub async fn begin(
        &self,
        call: Call,
        body: &[HttpBody],
    ) -> Result<Response<Streaming<HttpBody>>, Status> {
        GatewayClient::new(self.channel.clone()).execute(request(call, body)).await
    }

    /// A new connection for the calls to come.
    pub fn reconnect(&mut self) {
        self.channel = channel(self.folder.join("sidecar.sock"));
    }

    pub async fn health(&self) -> String {
        self.health_of("spangate.v1.Gateway").await
    }

    pub async fn health_of(&self, service: &str) -> String {
        let request = HealthCheckRequest { service: service.to_owned() };
        match HealthClient::new(self.channel.clone()).check(request).await {
            Ok(response) => format!("{:?}", response.into_inner().status()),
            Err(status) => status.to_string(),
        }
    }

    /// What health says of a service, now and at each change.
    pub async fn watch_health(&self, service: &str) -> BoxStream<'static, String> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let watch = HealthClient::new(self.channel.clone()).watch(request).await.unwrap().into_inner();
        watch.map(|told| format!("{:?}", told.unwrap().status())).boxed()
    }

    pub async fn until_healthy(&self) {
        self.until_health_of("spangate.v1.Gateway", "Serving").await;
    }

    pub async fn until_health_of(&self, service: &str, wanted: &str) {
        for _ in 0..TRIES {
            if self.health_of(service).await == wanted {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the health of `{service}` did not become {wanted}\n{}", self.log());
    }

    pub async fn until_served(&self, call: Call) {
        for _ in 0..TRIES {
            if self.execute(call.clone(), &[]).await.status() == "200" {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the call was not served again\n{}", self.log());
    }

    pub fn ask_to_terminate(&self) {
        self.signal("-TERM");
    }

    pub fn signal(&self, name: &str) {
        let id = self.sidecar.0.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// The sidecar's own folder, for files that change while it runs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Until the log has a line with all of these.
    pub async fn until_logged(&self, parts: &[&str]) {
        for _ in 0..TRIES {
            if self.log().lines().any(|line| parts.iter().all(|part| line.contains(part))) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{parts:?} was not logged\n{}", self.log());
    }

    /// How the sidecar ended.
    pub async fn ended(&mut self) -> ExitStatus {
        for _ in 0..TRIES {
            if let Some(status) = self.sidecar.0.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the sidecar did not end\n{}", self.log());
    }

    async fn until(&mut self, is: impl Fn() -> bool, what: &str) {
        for _ in 0..TRIES {
            if is() {
                return;
            }
            if let Some(status) = self.sidecar.0.try_wait().unwrap() {
                panic!("the sidecar ended with {status}\n{}", self.log());
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{what} did not come\n{}", self.log());
    }

    /// Where its Spanner is.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn process(&self) -> u32 {
        self.sidecar.0.id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("sidecar.log")).unwrap_or_default()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the sidecar's log\n{}", self.log());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn request(call: Call, body: &[HttpBody]) -> Request<Iter<IntoIter<HttpBody>>> {
    let mut request = Request::new(tokio_stream::iter(body.to_vec()));
    let bytes = MetadataValue::from_bytes(&call.encode_to_vec());
    request.metadata_mut().insert_bin(CALL_METADATA, bytes);
    request
}

fn sidecar(port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanner-sidecar"));
    command.env("SPANNER_EMULATOR_HOST", format!("127.0.0.1:{port}"));
    // The log's filter is fixed: nobody can make it tell more than it may.
    command.env("RUST_LOG", "trace");
    command
}

/// A file with a key for page tokens.
pub fn page_keys() -> PathBuf {
    private_file("page-keys", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n")
}

/// One that nobody else may read.
fn private_file(name: &str, text: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("spangate-{name}-{}-{number}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Of the environment only what says nothing of Google.
fn without_emulator() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanner-sidecar"));
    for name in [
        "SPANNER_EMULATOR_HOST",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "AWS_ACCESS_KEY_ID",
        "AWS_REGION",
        "HTTPS_PROXY",
        "https_proxy",
    ] {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "127.0.0.1");
    command
}

/// Of the tests' own files; an absolute path stays as it is.
fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    path.into_os_string().into_string().unwrap()
}

fn channel(socket: PathBuf) -> Channel {
    // The address is a form: the connector knows where to go.
    let endpoint = Endpoint::from_static("http://sidecar");
    // Answers that nobody reads must not hold up the others: each has a small window, and there is room for all.
    let endpoint =
        endpoint.initial_stream_window_size(64 * 1024).initial_connection_window_size(128 * 1024 * 1024);
    endpoint.connect_with_connector_lazy(tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    }))
}

/// The emulator's own binary, without the gateway before it, which would outlive a kill.
pub fn emulator() -> PathBuf {
    if let Some(path) = std::env::var_os("SPANGATE_EMULATOR") {
        return path.into();
    }
    let inside = "bin/cloud_spanner_emulator/emulator_main";
    let mut roots: Vec<PathBuf> =
        ["/usr/lib/google-cloud-sdk", "/usr/local/google-cloud-sdk", "/opt/google-cloud-sdk"]
            .map(PathBuf::from)
            .into();
    let path = std::env::var_os("PATH").unwrap_or_default();
    roots.extend(std::env::split_paths(&path).filter_map(|folder| folder.parent().map(Path::to_owned)));
    let found = roots.iter().map(|root| root.join(inside)).find(|path| path.exists());
    found.expect("the Spanner emulator was not found: run `cargo xtask setup`, or set SPANGATE_EMULATOR to its `emulator_main`")
}

/// What came back, to its end.
#[derive(Debug)]
pub struct Answer {
    metadata: MetadataMap,
    pieces: usize,
    body: String,
    error: Option<Status>,
}

impl Answer {
    async fn of(response: Result<Response<Streaming<HttpBody>>, Status>, pause: Duration) -> Self {
        let (metadata, mut stream, _) = match response {
            Ok(response) => response.into_parts(),
            Err(status) => {
                let metadata = status.metadata().clone();
                return Self { metadata, pieces: 0, body: String::new(), error: Some(status) };
            }
        };
        let mut answer = Self { metadata, pieces: 0, body: String::new(), error: None };
        loop {
            match stream.message().await {
                Ok(Some(piece)) => {
                    assert!(piece.content_type.is_empty());
                    answer.body.push_str(std::str::from_utf8(&piece.data).unwrap());
                    if answer.pieces == 0 {
                        tokio::time::sleep(pause).await;
                    }
                    answer.pieces += 1;
                }
                Ok(None) => return answer,
                Err(status) => return Self { error: Some(status), ..answer },
            }
        }
    }

    /// The reason in the trailers of an answer that had begun.
    pub fn error_reason(&self) -> &str {
        let status = self.error.as_ref().expect("the answer failed");
        status.metadata().get("spangate-reason").map_or("", |value| value.to_str().unwrap())
    }

    pub fn metadata(&self, name: &str) -> &str {
        self.metadata.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn status(&self) -> &str {
        self.metadata("spangate-status")
    }

    pub fn reason(&self) -> &str {
        self.metadata("spangate-reason")
    }

    /// The body of an answer that came whole.
    pub fn json(&self) -> &str {
        assert!(self.error.is_none(), "{:?}", self.error);
        &self.body
    }

    pub fn pieces(&self) -> usize {
        self.pieces
    }

    pub fn failed(&self) -> bool {
        self.error.as_ref().is_some_and(|status| status.code() != Code::Ok)
    }

    pub fn assert_refused(&self, status: &str, reason: &str) {
        assert!(self.failed(), "{self:?}");
        assert_eq!((self.status(), self.reason()), (status, reason), "{self:?}");
        assert!(self.body.is_empty());
    }
}

pub fn alice() -> Identity {
    Identity {
        issuer: "entra".to_owned(),
        subject: "alice".to_owned(),
        tenant: Some("t1".to_owned()),
        ..Identity::default()
    }
}

pub fn call(operation: &str) -> Call {
    Call { operation: operation.to_owned(), identity: Some(alice()), ..Call::default() }
}

pub fn nonce() -> Option<call::Idempotency> {
    Some(call::Idempotency::Nonce(vec![7; 16]))
}

fn parameters(pairs: &[(&str, &str)]) -> Vec<Parameter> {
    pairs
        .iter()
        .map(|(name, value)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() })
        .collect()
}

pub fn path(pairs: &[(&str, &str)]) -> Vec<Parameter> {
    parameters(pairs)
}

pub fn query(pairs: &[(&str, &str)]) -> Vec<Parameter> {
    parameters(pairs)
}

/// A body cut in pieces, as Envoy hands it over.
pub fn body(text: &str) -> Vec<HttpBody> {
    text.as_bytes().chunks(7).map(|data| HttpBody { data: data.to_vec(), ..HttpBody::default() }).collect()
}
