//! The way to an exchange under the names that Google's services have: a proxy on loopback that takes every name for its
//! own, over TLS, by an authority that the sidecar is told to trust. So what is tried is what runs before Google.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Exchange;

pub struct Tunnel {
    address: String,
    authority: String,
}

impl Tunnel {
    /// To `exchange`, for calls to `name`.
    pub async fn to(exchange: &Exchange, name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let configuration =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                )
                .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (name, target) = (format!("{name}:443"), exchange.url.replace("http://", ""));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(lead(stream, name.clone(), acceptor.clone(), target.clone()));
            }
        });
        Self { address, authority: authority.as_ref().pem() }
    }

    /// What makes a sidecar go this way; the authority is written into `folder`.
    pub fn environment(&self, folder: &Path) -> [(&'static str, String); 2] {
        let authority = folder.join("authority.pem");
        std::fs::write(&authority, &self.authority).unwrap();
        let authority = authority.into_os_string().into_string().unwrap();
        [("HTTPS_PROXY", format!("http://{}", self.address)), ("SSL_CERT_FILE", authority)]
    }
}

/// One connection, from `CONNECT` to its end. Whoever asks for another name is not led.
async fn lead(stream: TcpStream, name: String, acceptor: TlsAcceptor, target: String) {
    let mut stream = BufReader::new(stream);
    let (mut asked, mut line) = (String::new(), String::new());
    stream.read_line(&mut asked).await.unwrap();
    while stream.read_line(&mut line).await.unwrap() > 2 {
        line.clear();
    }
    if asked.split(' ').nth(1) != Some(&name) {
        return;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let mut client = acceptor.accept(stream).await.unwrap();
    let mut server = TcpStream::connect(target).await.unwrap();
    // How it ends is nobody's affair.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
