//! Both listeners, running.

use crate::doorway::{Bounds, Doorway, Listener};
use crate::error::{Failure, Kind};
use crate::gate::{EnrolmentGate, Gate, Refusals};
use crate::practice::Practice;
use crate::router::{enrolment_router, main_router};
use crate::routes::enrolment::Enrolment;
use crate::store::{self, StoreError};
use crate::trail::ServerTrail;
use crate::{alerting, observing, reporting, resting, watching};
use axum_server::Handle;
use records::AuditEvent;
use records::rights::Trail as _;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long open requests may go on when the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How often is looked whether the store names other issuing CAs.
const CERTIFICATES: Duration = Duration::from_secs(5);

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// Where the main listener is.
    pub listening: SocketAddr,
    /// Where the enrolment listener is.
    pub enrolment: SocketAddr,
    practice: Practice,
    handle: Handle<SocketAddr>,
    tasks: JoinSet<io::Result<()>>,
}

/// Where to listen.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The main listener: client certificate required.
    pub main: SocketAddr,
    /// The enrolment listener.
    pub enrolment: SocketAddr,
}

/// Starts both listeners; they answer when this returns.
///
/// # Errors
/// When an address is taken or not ours, or the keys do not fit each other.
pub fn start(practice: Practice, addresses: Addresses) -> Result<Running, Failure> {
    start_within(practice, addresses, Bounds::STANDARD)
}

/// Starts both listeners, with bounds of their own on how long a peer may take and how much room it gets.
///
/// # Errors
/// As [`start`].
pub fn start_within(practice: Practice, addresses: Addresses, bounds: Bounds) -> Result<Running, Failure> {
    let main = bind(addresses.main)?;
    let enrolment = bind(addresses.enrolment)?;
    let listening = main.local_addr().map_err(|error| cannot_listen(addresses.main, &error))?;
    let enrolling = enrolment.local_addr().map_err(|error| cannot_listen(addresses.enrolment, &error))?;
    record_start(&practice)?;
    let (refusals, writer) = Refusals::into_trail_of(practice.clone());
    let handle = Handle::new();
    let mut tasks = JoinSet::new();

    let doorway = Doorway::new(Listener::Main, bounds, practice.meters.clone());
    let gate = Gate::new(practice.authorities.clone(), doorway.clone(), refusals);
    let mut server = axum_server::from_tcp(main).map_err(|error| cannot_listen(listening, &error))?;
    doorway.set_up(&mut server);
    let service = main_router(practice.clone(), doorway).into_make_service();
    tasks.spawn(server.acceptor(gate).handle(handle.clone()).serve(service));

    let doorway = Doorway::new(Listener::Enrolment, bounds, practice.meters.clone());
    let gate = EnrolmentGate::new(practice.authorities.clone(), doorway.clone());
    let url = format!("https://{}:{}", practice.row.host, listening.port());
    let state = Enrolment { practice: practice.clone(), server_url: url.into() };
    let mut server = axum_server::from_tcp(enrolment).map_err(|error| cannot_listen(enrolling, &error))?;
    doorway.set_up(&mut server);
    let service = enrolment_router(state, doorway).into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn(server.acceptor(gate).handle(handle.clone()).serve(service));

    tokio::spawn(writer);
    tokio::spawn(keep_certificates(practice.clone()));
    tokio::spawn(watch(practice.clone()));
    tokio::spawn(send_alerts(practice.clone()));
    Ok(Running { listening, enrolment: enrolling, practice, handle, tasks })
}

impl Running {
    /// Answers on one more address, of this machine alone, whether the server is up and what its meters show; without TLS.
    /// Returns where.
    ///
    /// # Errors
    /// When the address is taken, or not one of this machine alone.
    pub fn observe(&mut self, address: SocketAddr) -> Result<SocketAddr, Failure> {
        if !address.ip().is_loopback() {
            let advice = "Give one such as 127.0.0.1:9464, and let the collector run on this machine.";
            return Err(Failure::new(Kind::Usage, "Meters are shown on this machine alone.", advice));
        }
        let listener = bind(address)?;
        let observing = listener.local_addr().map_err(|error| cannot_listen(address, &error))?;
        let server = axum_server::from_tcp(listener).map_err(|error| cannot_listen(observing, &error))?;
        let service = observing::router(self.practice.clone()).into_make_service();
        self.tasks.spawn(server.handle(self.handle.clone()).serve(service));
        Ok(observing)
    }

    /// Waits until a listener ends, or `stop` does; then lets open requests finish.
    ///
    /// # Errors
    /// When a listener failed.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let ended = tokio::select! {
            () = stop => None,
            ended = self.tasks.join_next() => ended,
        };
        self.handle.graceful_shutdown(Some(GRACE));
        while self.tasks.join_next().await.is_some() {}
        record_stop(&self.practice)?;
        // What is in the log of pages goes into the file, so that a copy of the folder is whole.
        self.practice.store.empty_log()?;
        match ended {
            Some(Ok(Err(_)) | Err(_)) => Err(Failure::internal("A listener ended by itself.")),
            Some(Ok(Ok(()))) | None => Ok(()),
        }
    }
}

/// Hears of new issuing CAs that the store names, and renews the server's own certificate in time.
async fn keep_certificates(practice: Practice) {
    loop {
        tokio::time::sleep(CERTIFICATES).await;
        let practice = practice.clone();
        let looked = tokio::task::spawn_blocking(move || {
            practice.hear_of_authorities()?;
            drop(practice.authorities.standing());
            Ok::<_, Failure>(())
        });
        match looked.await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                tracing::warn!(code = failure.kind.as_str(), "the trust bundle was not looked at");
            }
            Err(_) => tracing::error!("the watch over the certificates panicked"),
        }
    }
}

/// Looks through what came in, and makes the reports that are due.
async fn watch(practice: Practice) {
    loop {
        tokio::time::sleep(watching::PACE).await;
        practice.limits.tidy();
        let practice = practice.clone();
        let looked = tokio::task::spawn_blocking(move || {
            watching::look(&practice)?;
            reporting::make_due(&practice)?;
            resting::review_if_due(&practice)
        });
        match looked.await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) => {
                tracing::error!(code = failure.kind.as_str(), "the trail was not looked through")
            }
            Err(_) => tracing::error!("the watch over the trail panicked"),
        }
    }
}

/// Sends what there is to tell of alerts; waits longer after each failure.
async fn send_alerts(practice: Practice) {
    let mut wait = alerting::PACE;
    loop {
        tokio::time::sleep(wait).await;
        wait = match alerting::send_all(&practice).await {
            Ok(_) => alerting::PACE,
            Err(error) => {
                tracing::warn!(%error, "alerts wait to be sent");
                (wait * 2).min(alerting::LONGEST_WAIT)
            }
        };
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).map_err(|error| cannot_listen(address, &error))?;
    listener.set_nonblocking(true).map_err(|error| cannot_listen(address, &error))?;
    Ok(listener)
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let (why, advice) = if error.kind() == io::ErrorKind::AddrInUse {
        ("another program listens there", "Stop that program, or choose another port (0 takes a free one).")
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        ("this user may not listen there", "Choose a port above 1023, or give the server that right.")
    } else if error.kind() == io::ErrorKind::AddrNotAvailable {
        ("it is not an address of this machine", "Use 127.0.0.1, 0.0.0.0, or an address of this machine.")
    } else {
        ("the system refused", "Check the address.")
    };
    Failure::new(Kind::Address, format!("The server cannot listen on {address}: {why}."), advice)
}

fn record_start(practice: &Practice) -> Result<(), StoreError> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(practice, tx, now);
        let event = AuditEvent::app_started(trail.stamp(), trail.node(), env!("CARGO_PKG_VERSION"));
        trail.append(&event)?;
        Ok(())
    })
}

fn record_stop(practice: &Practice) -> Result<(), StoreError> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(practice, tx, now);
        let event = AuditEvent::app_stopped(trail.stamp(), trail.node());
        trail.append(&event)?;
        Ok(())
    })
}
