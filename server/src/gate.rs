//! The gate of the main listener: who fails to prove who they are is written into the trail, who passes is named.

use crate::identity::PeerCertificate;
use crate::meters::Meters;
use crate::practice::Practice;
use crate::store::{self, StoreError};
use crate::trail::ServerTrail;
use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use records::AuditEvent;
use records::rights::Trail as _;
use rustls::ServerConfig;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_layer::Layer as _;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// So many refusals may wait to be written; more are counted, so that a flood fills neither memory nor disk.
const WAITING: usize = 256;

/// Takes connections in, and passes on those with a certificate of ours.
#[derive(Clone)]
pub(crate) struct Gate {
    acceptor: TlsAcceptor,
    refusals: Arc<Refusals>,
}

/// Where refusals go.
pub(crate) struct Refusals {
    sender: mpsc::Sender<SocketAddr>,
    meters: Arc<Meters>,
    uncounted: AtomicU64,
}

impl Gate {
    /// A gate that tells `refusals` of whom it turned away.
    #[must_use]
    pub(crate) fn new(config: Arc<ServerConfig>, refusals: Arc<Refusals>) -> Self {
        Self { acceptor: TlsAcceptor::from(config), refusals }
    }
}

impl Refusals {
    /// Where refusals go, and a task that writes them into the trail.
    pub(crate) fn into_trail_of(practice: Practice) -> (Arc<Self>, impl Future<Output = ()> + Send) {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let refusals =
            Arc::new(Self { sender, meters: practice.meters.clone(), uncounted: AtomicU64::new(0) });
        let task = async move {
            let mut batch = Vec::new();
            while receiver.recv_many(&mut batch, WAITING).await > 0 {
                let (practice, peers) = (practice.clone(), std::mem::take(&mut batch));
                let written = tokio::task::spawn_blocking(move || record(&practice, &peers)).await;
                if !matches!(written, Ok(Ok(()))) {
                    tracing::error!("a refused handshake could not be written into the trail");
                }
            }
        };
        (refusals, task)
    }

    fn tell(&self, peer: SocketAddr) {
        self.meters.refused_handshake();
        if self.sender.try_send(peer).is_err() {
            let count = self.uncounted.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::warn!(count, "more refused handshakes than can be written one by one");
        }
    }
}

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusals")
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

fn record(practice: &Practice, peers: &[SocketAddr]) -> Result<(), StoreError> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(practice, tx, now);
        for peer in peers {
            let event = AuditEvent::node_refused(trail.stamp(), trail.node(), &peer.ip().to_string());
            trail.append(&event)?;
        }
        Ok(())
    })
}

type Accepted<S> = (TlsStream<TcpStream>, AddExtension<S, PeerCertificate>);

impl<S: Send + 'static> Accept<TcpStream, S> for Gate {
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<S, PeerCertificate>;
    type Future = Pin<Box<dyn Future<Output = io::Result<Accepted<S>>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let gate = self.clone();
        Box::pin(async move {
            let address = stream.peer_addr()?;
            stream.set_nodelay(true)?;
            let handshake = tokio::time::timeout(HANDSHAKE, gate.acceptor.accept(stream)).await;
            let stream = handshake.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            let stream = stream.inspect_err(|error| gate.turn_away(address, error))?;
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let der: Arc<[u8]> = certificate.ok_or(io::ErrorKind::PermissionDenied)?.as_ref().into();
            let service = Extension(PeerCertificate { der }).layer(service);
            Ok((stream, service))
        })
    }
}

impl Gate {
    fn turn_away(&self, peer: SocketAddr, error: &io::Error) {
        let failure = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match failure {
            Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => {
                tracing::warn!(peer = %peer.ip(), "a peer without a valid certificate was refused");
                self.refusals.tell(peer);
            }
            Some(other) => tracing::info!(peer = %peer.ip(), error = %other, "a handshake failed"),
            None => tracing::debug!(peer = %peer.ip(), kind = ?error.kind(), "a connection ended early"),
        }
    }
}
