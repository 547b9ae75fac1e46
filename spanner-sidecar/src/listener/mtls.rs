//! Peers from elsewhere: mutual TLS, and of those whom the authority certifies only the ones that are named. The files
//! are read again when they change, for the connections that come after; those that are open stay.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;

use super::peer::{Named, San};
use super::surviving;
use crate::metrics::{Metrics, ResultLabel};
use crate::secret_file;
use crate::watched::Watched;

const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once; whoever comes then waits.
const HANDSHAKES: usize = 256;

#[derive(Clone, Debug)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_authority: PathBuf,
}

/// Connections of the named peers, and the address that was bound.
pub async fn listen(
    address: SocketAddr,
    files: Files,
    allowed: Vec<San>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<(impl Stream<Item = TlsStream<TcpStream>>, SocketAddr)> {
    let allowed: Arc<[San]> = allowed.into();
    let watched =
        Watched::new([files.certificate.clone(), files.key.clone(), files.client_authority.clone()]);
    let current = Arc::new(RwLock::new(Arc::new(configuration(&files, &allowed)?)));
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on `{address}`"))?;
    let address = listener.local_addr()?;
    tokio::spawn(rotate(watched, files, allowed, Arc::clone(&current), Arc::clone(&metrics)));
    let incoming = surviving(TcpListenerStream::new(listener))
        .map(move |connection| {
            let configuration = Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner));
            let metrics = Arc::clone(&metrics);
            async move { shake_hands(connection, configuration, &metrics).await }
        })
        .buffer_unordered(HANDSHAKES)
        .filter_map(async |connection| connection);
    Ok((incoming, address))
}

async fn shake_hands(
    connection: TcpStream,
    configuration: Arc<ServerConfig>,
    metrics: &Metrics,
) -> Option<TlsStream<TcpStream>> {
    let peer = connection.peer_addr().map(|address| address.to_string()).unwrap_or_default();
    // gRPC's frames are small and answers are waited for.
    let _ = connection.set_nodelay(true);
    let error = match timeout(HANDSHAKE, TlsAcceptor::from(configuration).accept(connection)).await {
        Ok(Ok(connection)) => return Some(connection),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no handshake in time".to_owned(),
    };
    metrics.peers_refused.inc();
    tracing::warn!(event = "peer_refused", peer, error);
    None
}

/// Ends with the process: whoever accepts has its own share of the configuration.
async fn rotate(
    mut watched: Watched,
    files: Files,
    allowed: Arc<[San]>,
    current: Arc<RwLock<Arc<ServerConfig>>>,
    metrics: Arc<Metrics>,
) {
    loop {
        watched.changed().await;
        let result = match configuration(&files, &allowed) {
            Ok(new) => {
                *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!(event = "certificates_reloaded");
                ResultLabel::ACCEPTED
            }
            Err(error) => {
                tracing::error!(event = "certificates_refused", error = format!("{error:#}"));
                ResultLabel::REFUSED
            }
        };
        metrics.certificate_reloads.get_or_create_owned(&result).inc();
    }
}

fn configuration(files: &Files, allowed: &Arc<[San]>) -> anyhow::Result<ServerConfig> {
    let chain = certificates(&files.certificate)?;
    let key = private_key(&files.key)?;
    let mut roots = RootCertStore::empty();
    for authority in certificates(&files.client_authority)? {
        roots
            .add(authority)
            .with_context(|| format!("`{}` holds no authority", files.client_authority.display()))?;
    }
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chains =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let mut configuration = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(Named::new(chains, Arc::clone(allowed))))
        .with_single_cert(chain, key)
        .with_context(|| {
            format!("`{}` and `{}` do not fit", files.certificate.display(), files.key.display())
        })?;
    configuration.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would not be verified again: not its certificate's time, nor its authority.
    configuration.session_storage = Arc::new(NoServerSessionStorage {});
    configuration.send_tls13_tickets = 0;
    Ok(configuration)
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
    let certificates = read().with_context(|| format!("cannot read certificates of `{}`", file.display()))?;
    if certificates.is_empty() {
        bail!("`{}` holds no certificate", file.display());
    }
    Ok(certificates)
}

fn private_key(file: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let is_open = secret_file::is_open_to_all(file);
    if is_open.with_context(|| format!("cannot read `{}`", file.display()))? {
        bail!("every user may read the key `{}`: set its mode to 0600, or 0640 for a group", file.display());
    }
    PrivateKeyDer::from_pem_file(file)
        .map_err(|_| anyhow::anyhow!("`{}` holds no private key in PEM", file.display()))
}

#[cfg(test)]
mod tests;
