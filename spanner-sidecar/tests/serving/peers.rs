//! Calls over mutual TLS, and peers that trickle.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use spangate_mock_spanner::Step;

use super::stand::{body, call};
use super::*;

const GATEWAY: &str = "spiffe://cluster.local/ns/web/sa/gateway";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn certified(authority: &Authority, name: SanType) -> (rcgen::Certificate, KeyPair) {
    let mut parameters = CertificateParams::default();
    parameters.subject_alt_names = vec![name];
    let key = KeyPair::generate().unwrap();
    (parameters.signed_by(&key, authority).unwrap(), key)
}

/// What health says to a client whose certificate names `uri`, or that there is no connection.
async fn health(address: &str, authority: &Authority, uri: &str) -> Result<String, String> {
    let (certificate, key) = certified(authority, SanType::URI(uri.try_into().unwrap()));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.as_ref().der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let mut configuration = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate.der().clone()], key)
        .unwrap();
    configuration.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("sidecar.test").unwrap();
    let stream = TlsConnector::from(Arc::new(configuration)).connect(name, stream).await;
    let stream = TokioIo::new(stream.map_err(|error| error.to_string())?);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
    let (sender, connection) = handshake.map_err(|error| error.to_string())?;
    let serving = tokio::spawn(connection);
    let service = tower::service_fn(move |request| sender.clone().send_request(request));
    let mut client = HealthClient::with_origin(service, http::Uri::from_static("https://sidecar.test"));
    let answer = client.check(HealthCheckRequest { service: String::new() }).await;
    serving.abort();
    answer.map(|answer| format!("{:?}", answer.into_inner().status())).map_err(|status| status.to_string())
}

#[tokio::test]
async fn only_the_named_gateway_is_served() {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let (certificate, key) = certified(&authority, SanType::DnsName("sidecar.test".try_into().unwrap()));
    let file = Document::new(&document("", &[SCAN]));
    let beside = |name: &str, text: &str| {
        let path = file.path().with_file_name(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, key) =
        (beside("cert.pem", &certificate.pem()), beside("key.pem", &key.serialize_pem()));
    let clients = beside("clients.pem", &authority.as_ref().pem());
    let mock = Mock::start(ITEMS).await.unwrap();
    let options = ["--listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key];
    let peers = ["--tls-client-ca", &clients, "--allow-san", GATEWAY];
    let path = file.path();
    let stand =
        Stand::listening_elsewhere(mock.port, path.to_str().unwrap(), &[&options[..], &peers].concat()).await;
    stand.until_logged(&[r#""event":"ready""#]).await;
    stand.until_logged(&[r#""event":"database_answers""#]).await;
    let log = stand.log();
    let line = log.lines().find(|line| line.contains(r#""event":"listening""#)).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let address = line["address"].as_str().unwrap();

    let mut answer = health(address, &authority, GATEWAY).await;
    while answer == Ok("NotServing".to_owned()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = health(address, &authority, GATEWAY).await;
    }
    assert_eq!(answer, Ok("Serving".to_owned()));
    let stranger = health(address, &authority, "spiffe://cluster.local/ns/web/sa/other").await;
    assert!(stranger.is_err(), "{stranger:?}");
    stand.until_logged(&["peer_refused"]).await;
}

/// Nothing runs before a body has ended, and for its end nobody waits longer than the operation may take.
#[tokio::test]
async fn a_body_that_trickles_ends_with_the_deadline() {
    let scan = "  Scan: {read: {sql: SELECT id FROM items}, deadline: 300ms}\n";
    let file = Document::new(&document("", &[scan]));
    let (mock, stand) = start(&file, &[]).await;
    let begin = body("{");
    let answers = (0..200).map(|_| stand.execute_endlessly(call("Scan"), &begin));
    for answer in futures::future::join_all(answers).await {
        answer.assert_refused("504", "deadline_exceeded");
    }
    assert_eq!(mock.count(Step::Stream), 0);
    assert_eq!(stand.execute(call("Scan"), &[]).await.status(), "200");
}
