//! A network that misbehaves on request: a proxy of TCP that is struck by faults, one at a time, in every connection that it carries.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use keys::Random;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What may happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It ends, and for a while nobody gets through.
    Cut,
    /// Nothing moves for a while, then all goes on.
    Stall,
    /// One side goes on sending and hears nothing more, until it ends.
    HalfOpen,
    /// A few bytes at a time.
    Slow,
    /// A byte arrives as another one.
    Garble,
    /// It is reset within the next message, after some of it has passed.
    Reset,
}

impl Fault {
    /// Its name in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Cut => "cut",
            Fault::Stall => "stall",
            Fault::HalfOpen => "half-open",
            Fault::Slow => "slow",
            Fault::Garble => "garbled",
            Fault::Reset => "reset in a message",
        }
    }
}

/// Every fault.
pub const FAULTS: [Fault; 6] =
    [Fault::Cut, Fault::Stall, Fault::HalfOpen, Fault::Slow, Fault::Garble, Fault::Reset];

/// A fault on its way to every connection.
#[derive(Clone, Copy, Debug)]
struct Strike {
    fault: Fault,
    /// How long it lasts, where it does.
    lasts: Duration,
    /// Which of the two directions, and which byte, where it is about one.
    to_server: bool,
    at: usize,
}

/// The proxy.
pub struct Proxy {
    /// Where it listens, by the name that the server has.
    pub port: u16,
    strikes: watch::Sender<Option<Strike>>,
    live: Arc<AtomicUsize>,
    carried: Arc<AtomicUsize>,
    passed: Arc<AtomicU64>,
    /// Carries the connections; they end with it.
    runtime: Option<Runtime>,
}

/// What a pump has to know.
struct Pipe {
    strikes: watch::Receiver<Option<Strike>>,
    passed: Arc<AtomicU64>,
    is_to_server: bool,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Whoever drops it may be inside another runtime, where nothing may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn target(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 2], port))
}

/// How a connection ended.
enum End {
    Closed,
    Reset,
}

impl Proxy {
    /// Listens on this machine, for a server on the same port of `127.0.0.2`; port 0 takes any free one.
    ///
    /// # Errors
    /// Where the port is taken.
    pub fn start(port: u16) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = bound(port)?;
        let port = listener.local_addr()?.port();
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (strikes, struck) = watch::channel(None);
        let (live, carried) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let passed = Arc::<AtomicU64>::default();
        let target = target(port);
        let known = (live.clone(), carried.clone(), passed.clone());
        runtime.spawn(async move {
            let mut weather = struck.clone();
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                if weather.has_changed().unwrap_or(false) {
                    let strike = *weather.borrow_and_update();
                    wait_out(strike).await;
                }
                carried.fetch_add(1, Ordering::SeqCst);
                let (struck, live, passed) = (struck.clone(), live.clone(), passed.clone());
                tokio::spawn(async move {
                    live.fetch_add(1, Ordering::SeqCst);
                    carry(client, target, struck, passed).await.ok();
                    live.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let (live, carried, passed) = known;
        Ok(Self { port, strikes, live, carried, passed, runtime: Some(runtime) })
    }

    /// Where the server must listen.
    #[must_use]
    pub fn target(&self) -> SocketAddr {
        target(self.port)
    }

    /// Connections that are open.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    /// Connections that were taken in.
    #[must_use]
    pub fn carried(&self) -> usize {
        self.carried.load(Ordering::SeqCst)
    }

    /// Bytes that have come through.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// Strikes everything that is open, with a fault and its details drawn by lot; returns the fault, if there was anything to strike.
    pub fn strike(&self, random: &mut Random) -> Option<Fault> {
        let [kind, lasts, direction, at] = random.bytes::<4>();
        let fault = FAULTS[usize::from(kind) % FAULTS.len()];
        let strike = Strike {
            fault,
            lasts: Duration::from_micros(u64::from(lasts) * 300),
            to_server: direction.is_multiple_of(2),
            at: usize::from(at),
        };
        let live = self.live();
        self.strikes.send_replace(Some(strike));
        (live > 0).then_some(fault)
    }
}

/// A listener that a runtime can take over. It is bound without one, so that whoever starts the proxy may be inside of one.
fn bound(port: u16) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// After a cut nobody gets through for a while.
async fn wait_out(strike: Option<Strike>) {
    if let Some(Strike { fault: Fault::Cut, lasts, .. }) = strike {
        tokio::time::sleep(lasts).await;
    }
}

async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut strikes: watch::Receiver<Option<Strike>>,
    passed: Arc<AtomicU64>,
) -> io::Result<()> {
    strikes.mark_unchanged();
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let pipe = |is_to_server| Pipe { strikes: strikes.clone(), passed: passed.clone(), is_to_server };
    let end = tokio::select! {
        end = pipe(true).pump(&mut from_client, &mut to_server) => end,
        end = pipe(false).pump(&mut from_server, &mut to_client) => end,
    };
    if let End::Reset = end {
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    Ok(())
}

impl Pipe {
    async fn pump(mut self, from: &mut ReadHalf<'_>, to: &mut WriteHalf<'_>) -> End {
        let mut buffer = vec![0; 16 << 10];
        let mut struck: Option<Strike> = None;
        loop {
            tokio::select! {
                biased;
                changed = self.strikes.changed() => {
                    if changed.is_err() {
                        return End::Closed;
                    }
                    struck = *self.strikes.borrow_and_update();
                    let Some(strike) = struck else { continue };
                    match strike.fault {
                        Fault::Cut => return End::Closed,
                        Fault::Stall => tokio::time::sleep(strike.lasts).await,
                        // What comes meanwhile is heard by nobody; the other direction goes on.
                        Fault::HalfOpen if strike.to_server == self.is_to_server => {
                            tokio::time::sleep(strike.lasts).await;
                            return End::Closed;
                        }
                        Fault::HalfOpen | Fault::Slow | Fault::Garble | Fault::Reset => {}
                    }
                }
                read = from.read(&mut buffer) => {
                    let Ok(length) = read else { return End::Closed };
                    if length == 0 {
                        return End::Closed;
                    }
                    if let Some(end) = self.pass(&mut buffer[..length], struck.take(), to).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Sends bytes on as the strike wants it; a strike is over after one message.
    async fn pass(&self, bytes: &mut [u8], strike: Option<Strike>, to: &mut WriteHalf<'_>) -> Option<End> {
        let strike = strike.filter(|strike| strike.to_server == self.is_to_server);
        let sent = match strike.map(|strike| (strike.fault, strike.at % bytes.len())) {
            Some((Fault::Garble, at)) => {
                bytes[at] ^= 0x20;
                to.write_all(bytes).await
            }
            Some((Fault::Reset, at)) => {
                to.write_all(&bytes[..at]).await.ok();
                return Some(End::Reset);
            }
            Some((Fault::Slow, _)) => slowly(bytes, to).await,
            Some((Fault::Cut | Fault::Stall | Fault::HalfOpen, _)) | None => to.write_all(bytes).await,
        };
        self.passed.fetch_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX), Ordering::SeqCst);
        sent.is_err().then_some(End::Closed)
    }
}

async fn slowly(bytes: &[u8], to: &mut WriteHalf<'_>) -> io::Result<()> {
    let size = (bytes.len() / 40).max(16);
    for part in bytes.chunks(size) {
        to.write_all(part).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
