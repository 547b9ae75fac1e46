//! Where calls come from. The call metadata is trusted, so who may connect is decided here: by the kernel's word
//! on the peer's user id on a Unix socket, by certificates on the network, by nothing at all on loopback, which is why
//! that must be asked for.

pub mod mtls;
pub mod peer;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_stream::Stream;
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};

use crate::metrics::Metrics;

/// After a failed accept, so that the next ones do not fail as fast as they can.
const PAUSE: Duration = Duration::from_millis(100);

/// A bound Unix socket; its file goes when this goes.
pub struct Socket {
    listener: UnixListener,
    allowed: Vec<u32>,
    file: SocketFile,
}

/// Keeps the socket's file until the server has ended.
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may have been removed or replaced by hand: nothing depends on it any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Socket {
    pub async fn bind(path: &Path, allow: &[u32], group: Option<u32>) -> anyhow::Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot create `{}` for the socket", parent.display()))?;
        }
        remove_stale(path).await?;
        let listener =
            UnixListener::bind(path).with_context(|| format!("cannot listen on `{}`", path.display()))?;
        let file = SocketFile(path.to_owned());
        // Until here the mode is the umask's; whoever got in meanwhile still meets the check of user ids.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
            .with_context(|| format!("cannot set the mode of `{}`", path.display()))?;
        if group.is_some() {
            std::os::unix::fs::chown(path, None, group)
                .with_context(|| format!("cannot give `{}` to the group", path.display()))?;
        }
        let own = std::fs::symlink_metadata(path)?.uid();
        let allowed = [own, 0].into_iter().chain(allow.iter().copied()).collect();
        Ok(Self { listener, allowed, file })
    }

    /// Connections of allowed peers; others are closed unread.
    pub fn into_incoming(self, metrics: Arc<Metrics>) -> (impl Stream<Item = UnixStream>, SocketFile) {
        let Self { listener, allowed, file } = self;
        let incoming = surviving(UnixListenerStream::new(listener)).filter_map(move |connection| {
            let admitted = admit(connection, &allowed);
            if admitted.is_none() {
                metrics.peers_refused.inc();
            }
            async move { admitted }
        });
        (incoming, file)
    }
}

/// A connection that cannot be accepted, for want of descriptors for one, is no reason to end the server, as the
/// error would if it were handed on.
fn surviving<C: Send + 'static>(
    connections: impl Stream<Item = std::io::Result<C>> + Send + 'static,
) -> Pin<Box<dyn Stream<Item = C> + Send>> {
    Box::pin(connections.filter_map(async |connection| match connection {
        Ok(connection) => Some(connection),
        Err(error) => {
            tracing::warn!(event = "accept_failed", error = %error);
            tokio::time::sleep(PAUSE).await;
            None
        }
    }))
}

fn admit(connection: UnixStream, allowed: &[u32]) -> Option<UnixStream> {
    match connection.peer_cred() {
        Ok(peer) if allowed.contains(&peer.uid()) => Some(connection),
        Ok(peer) => {
            tracing::warn!(event = "peer_refused", uid = peer.uid(), "use --allow-uid if this is the proxy");
            None
        }
        Err(error) => {
            tracing::warn!(event = "peer_refused", error = %error);
            None
        }
    }
}

/// A socket's file that outlived its server. One that somebody listens on, or that is no socket, stays.
async fn remove_stale(path: &Path) -> anyhow::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot look at `{}`", path.display())),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            bail!("`{}` exists and is no socket", path.display());
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Ok(_) => bail!("somebody listens on `{}` already", path.display()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)
            .with_context(|| format!("cannot remove the stale `{}`", path.display())),
        Err(error) => {
            Err(error).with_context(|| format!("cannot tell whether `{}` is in use", path.display()))
        }
    }
}

pub async fn loopback(address: SocketAddr) -> anyhow::Result<(impl Stream<Item = TcpStream>, SocketAddr)> {
    if !address.ip().is_loopback() {
        bail!("`{address}` is not a loopback address: from elsewhere nothing tells the proxy from others");
    }
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on `{address}`"))?;
    let address = listener.local_addr()?;
    Ok((surviving(TcpListenerStream::new(listener)), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_stale_sockets_are_replaced() {
        let folder = std::env::temp_dir().join(format!("spangate-listener-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("s.sock");

        drop(UnixListener::bind(&path).unwrap());
        let socket = Socket::bind(&path, &[], None).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        let error = Socket::bind(&path, &[], None).await.err().unwrap();
        assert!(error.to_string().contains("listens on"), "{error}");
        drop(socket);
        assert!(!path.exists());

        std::fs::write(&path, "a file").unwrap();
        let error = Socket::bind(&path, &[], None).await.err().unwrap();
        assert!(error.to_string().contains("is no socket"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn strangers_are_closed_unread() {
        let (one, _other) = UnixStream::pair().unwrap();
        let own = one.peer_cred().unwrap().uid();
        assert!(admit(one, &[own]).is_some());
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(admit(one, &[own + 1]).is_none());
    }

    #[tokio::test]
    async fn loopback_alone() {
        assert!(loopback("0.0.0.0:0".parse().unwrap()).await.is_err());
        assert!(loopback("127.0.0.1:0".parse().unwrap()).await.is_ok());
    }
}
