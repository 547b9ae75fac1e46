use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::ClientConfig;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::*;

const GATEWAY: &str = "spiffe://cluster.local/ns/web/sa/gateway";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

struct Certified {
    chain: Vec<CertificateDer<'static>>,
    pem: String,
    key: KeyPair,
}

fn certified(authority: &Authority, names: &[&str], last_year: Option<i32>) -> Certified {
    let mut parameters = CertificateParams::default();
    parameters.subject_alt_names = names
        .iter()
        .map(|name| match name.contains("://") {
            true => SanType::URI((*name).try_into().unwrap()),
            false => SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    if let Some(year) = last_year {
        parameters.not_before = date_time_ymd(year, 1, 1);
        parameters.not_after = date_time_ymd(year, 12, 31);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, authority).unwrap();
    Certified { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
}

/// A server that says one word to whoever it takes, and its files.
struct Server {
    folder: PathBuf,
    address: SocketAddr,
    authority: Authority,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    async fn start(name: &str, allowed: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("spangate-mtls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let authority = authority();
        let files = write(&folder, &authority, &authority);
        let allowed = allowed.iter().map(|name| name.parse().unwrap()).collect();
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let metrics = Arc::new(Metrics::new());
        let (incoming, address) = listen(address, files, allowed, metrics).await.unwrap();
        tokio::spawn(incoming.for_each(async |mut connection| {
            connection.write_all(b"welcome").await.unwrap();
            let _ = connection.shutdown().await;
        }));
        Self { folder, address, authority }
    }

    /// What a client reads who trusts `authority` and shows this certificate.
    async fn greets(&self, client: Option<&Certified>, authority: &Authority) -> Option<String> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.as_ref().der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut configuration = match client {
            Some(Certified { chain, key, .. }) => {
                let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
                builder.with_client_auth_cert(chain.clone(), key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        configuration.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("sidecar.test").unwrap();
        let mut connection = TlsConnector::from(Arc::new(configuration)).connect(name, stream).await.ok()?;
        let mut text = String::new();
        connection.read_to_string(&mut text).await.ok()?;
        Some(text)
    }
}

/// The server's own certificate, of one authority, and the one whose clients it takes.
fn write(folder: &Path, own: &Authority, clients: &Authority) -> Files {
    let Certified { pem, key, .. } = certified(own, &["sidecar.test"], None);
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        let beside = folder.join(format!("{name}.new"));
        std::fs::write(&beside, text).unwrap();
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(&beside, &path).unwrap();
        path
    };
    Files {
        certificate: file("certificate.pem", &pem),
        key: file("key.pem", &key.serialize_pem()),
        client_authority: file("clients.pem", &clients.as_ref().pem()),
    }
}

#[tokio::test]
async fn only_who_is_named_is_welcome() {
    let server = Server::start("named", &[GATEWAY, "gateway.web.svc"]).await;
    let stranger = authority();
    let named = |names: &[&str]| certified(&server.authority, names, None);
    for (what, client, welcome) in [
        ("the URI", Some(named(&[GATEWAY])), true),
        ("the name of DNS, among others", Some(named(&["other", "Gateway.Web.svc"])), true),
        ("another URI", Some(named(&["spiffe://cluster.local/ns/web/sa/other"])), false),
        ("one that begins so", Some(named(&[&format!("{GATEWAY}-2")])), false),
        ("a wildcard", Some(named(&["*.web.svc"])), false),
        ("no name at all", Some(named(&[])), false),
        ("no certificate", None, false),
        ("another authority's", Some(certified(&stranger, &[GATEWAY], None)), false),
        ("expired", Some(certified(&server.authority, &[GATEWAY], Some(2020))), false),
        ("not valid yet", Some(certified(&server.authority, &[GATEWAY], Some(2090))), false),
    ] {
        let greeting = server.greets(client.as_ref(), &server.authority).await;
        assert_eq!(greeting.as_deref(), welcome.then_some("welcome"), "{what}");
    }
}

#[tokio::test]
async fn files_are_read_again_and_faulty_ones_change_nothing() {
    let server = Server::start("rotated", &[GATEWAY]).await;
    let next = authority();
    let (old, new) = (certified(&server.authority, &[GATEWAY], None), certified(&next, &[GATEWAY], None));
    assert!(server.greets(Some(&old), &server.authority).await.is_some());
    assert!(server.greets(Some(&new), &server.authority).await.is_none());

    write(&server.folder, &next, &next);
    while server.greets(Some(&new), &next).await.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(server.greets(Some(&old), &next).await.is_none());

    let key = server.folder.join("key.pem");
    std::fs::write(&key, "no key").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(server.greets(Some(&new), &next).await.is_some());
}

#[test]
fn faults_of_files_are_told_without_what_is_in_them() {
    let folder = std::env::temp_dir().join(format!("spangate-mtls-faults-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let authority = authority();
    let fault = |files: &Files| {
        let error = configuration(files, &Arc::from([])).err().map(|error| format!("{error:#}"));
        error.unwrap_or_default().replace(&folder.display().to_string(), "FOLDER")
    };
    let files = write(&folder, &authority, &authority);
    assert_eq!(fault(&files), "");

    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let readable = "every user may read the key `FOLDER/key.pem`: set its mode to 0600, or 0640 for a group";
    assert_eq!(fault(&files), readable);
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(fault(&files), "");

    std::fs::write(&files.key, "secret").unwrap();
    assert_eq!(fault(&files), "`FOLDER/key.pem` holds no private key in PEM");
    std::fs::write(&files.client_authority, "").unwrap();
    let files = Files { key: write(&folder, &authority, &authority).key, ..files };
    std::fs::write(&files.client_authority, "").unwrap();
    assert_eq!(fault(&files), "`FOLDER/clients.pem` holds no certificate");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_name_is_one_whole_name() {
    assert_eq!(GATEWAY.parse(), Ok(San::Uri(GATEWAY.to_owned())));
    assert_eq!("gateway".parse(), Ok(San::Dns("gateway".to_owned())));
    for text in ["", "*.web.svc", "a b", "spiffe://cluster.local/*"] {
        assert!(text.parse::<San>().is_err(), "{text}");
    }
}
