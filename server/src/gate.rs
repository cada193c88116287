//! The gates of both listeners. At the main one, who fails to prove who they are is written into the trail, and who passes is named.

use crate::authorities::{Authorities, Standing};
use crate::doorway::{Activity, Doorway, Watched};
use crate::identity::PeerCertificate;
use crate::meters::Meters;
use crate::practice::Practice;
use crate::store::{self, StoreError};
use crate::trail::ServerTrail;
use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use keys::certificate;
use records::AuditEvent;
use records::rights::Trail as _;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_layer::Layer as _;

/// So many refusals may wait to be written; more are counted, so that a flood fills neither memory nor disk.
const WAITING: usize = 256;

/// Takes connections in, and passes on those with a certificate of ours.
#[derive(Clone)]
pub(crate) struct Gate {
    authorities: Arc<Authorities>,
    doorway: Arc<Doorway>,
    refusals: Arc<Refusals>,
}

/// Takes connections to the enrolment listener in.
#[derive(Clone)]
pub(crate) struct EnrolmentGate {
    authorities: Arc<Authorities>,
    doorway: Arc<Doorway>,
}

/// Where refusals go.
pub(crate) struct Refusals {
    sender: mpsc::Sender<IpAddr>,
    meters: Arc<Meters>,
    uncounted: AtomicU64,
}

impl Gate {
    /// A gate that tells `refusals` of whom it turned away.
    #[must_use]
    pub(crate) fn new(authorities: Arc<Authorities>, doorway: Arc<Doorway>, refusals: Arc<Refusals>) -> Self {
        Self { authorities, doorway, refusals }
    }
}

impl EnrolmentGate {
    /// A gate that asks nobody who they are.
    #[must_use]
    pub(crate) fn new(authorities: Arc<Authorities>, doorway: Arc<Doorway>) -> Self {
        Self { authorities, doorway }
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

    fn tell(&self, peer: IpAddr) {
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

impl std::fmt::Debug for EnrolmentGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnrolmentGate")
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

fn record(practice: &Practice, peers: &[IpAddr]) -> Result<(), StoreError> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(practice, tx, now);
        for peer in peers {
            let event = AuditEvent::node_refused(trail.stamp(), trail.node(), &peer.to_string());
            trail.append(&event)?;
        }
        Ok(())
    })
}

type Stream = Watched<TlsStream<TcpStream>>;
type Accepting<S> = Pin<Box<dyn Future<Output = io::Result<(Stream, S)>> + Send>>;
type OfEnrolment<S> = AddExtension<S, Arc<Activity>>;
type OfMain<S> = AddExtension<OfEnrolment<S>, PeerCertificate>;

impl<S: Send + 'static> Accept<TcpStream, S> for Gate {
    type Stream = Stream;
    type Service = OfMain<S>;
    type Future = Accepting<OfMain<S>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Self { authorities, doorway, refusals } = self.clone();
        Box::pin(async move {
            let address = stream.peer_addr()?.ip();
            let unproven = doorway.admit(address)?;
            let acceptor = TlsAcceptor::from(standing(authorities).await?.main());
            let handshake = doorway.shake_hands(&acceptor, stream, address).await;
            let stream = handshake.inspect_err(|error| turn_away(address, error, Some(&refusals)))?;
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let der: Arc<[u8]> = shown.ok_or(io::ErrorKind::PermissionDenied)?.as_ref().into();
            let place = doorway.admit_workstation(address, certificate::fingerprint(&der))?;
            drop(unproven);
            let (stream, activity) = doorway.watch(stream, address, place);
            Ok((stream, Extension(PeerCertificate { der }).layer(Extension(activity).layer(service))))
        })
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for EnrolmentGate {
    type Stream = Stream;
    type Service = OfEnrolment<S>;
    type Future = Accepting<OfEnrolment<S>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Self { authorities, doorway } = self.clone();
        Box::pin(async move {
            let address = stream.peer_addr()?.ip();
            let place = doorway.admit(address)?;
            let acceptor = TlsAcceptor::from(standing(authorities).await?.enrolment());
            let handshake = doorway.shake_hands(&acceptor, stream, address).await;
            let stream = handshake.inspect_err(|error| turn_away(address, error, None))?;
            let (stream, activity) = doorway.watch(stream, address, place);
            Ok((stream, Extension(activity).layer(service)))
        })
    }
}

/// The certificates of this moment; coming to the next ones may touch the disk.
async fn standing(authorities: Arc<Authorities>) -> io::Result<Arc<Standing>> {
    let standing = tokio::task::spawn_blocking(move || authorities.standing()).await;
    standing.map_err(|_| io::ErrorKind::Other.into())
}

/// Logs a handshake that failed; where a certificate is asked for, one without a valid one goes into the trail.
fn turn_away(peer: IpAddr, error: &io::Error, refusals: Option<&Refusals>) {
    let failure = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (failure, refusals) {
        (
            Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)),
            Some(refusals),
        ) => {
            tracing::warn!(%peer, "a peer without a valid certificate was refused");
            refusals.tell(peer);
        }
        (Some(other), _) => tracing::info!(%peer, error = %other, "a handshake failed"),
        (None, _) => tracing::debug!(%peer, kind = ?error.kind(), "a connection ended early"),
    }
}
