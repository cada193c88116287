//! Connections: made when they are wanted, lent to one unit of work at a time, kept for the next.
//!
//! Each has a small runtime of its own, and whoever waits for an answer drives it: question and answer cross from this thread
//! to PostgreSQL and back, and wake no other thread on their way. Under load that is most of what a question costs
//! (`docs/adr/0014-one-lock-orders-what-servers-write.md`).

use super::failed;
use crate::store::StoreError;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, Error, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections of one server process: one that writes, some beside it, and those that read.
const CONNECTIONS: usize = 12;
/// Statements that a connection remembers: ours, and the last of the endless ways in which can be searched.
const MOST_STATEMENTS: usize = 512;
/// How long to wait for a connection.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// A connection to the database.
pub(super) struct Connection {
    /// Present until it is dropped.
    runtime: Option<Runtime>,
    pub(super) client: Client,
    /// What was asked before is asked again without being explained.
    statements: RefCell<BTreeMap<String, Statement>>,
}

impl Connection {
    /// Waits for an answer.
    pub(super) fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.runtime.as_ref().expect("it is there until this is dropped").block_on(answer)
    }

    /// Runs several questions that belong together.
    pub(super) fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let runtime = self.runtime.as_ref().expect("it is there until this is dropped");
        runtime.block_on(work(&mut self.client))
    }

    /// A statement, explained to PostgreSQL once.
    pub(super) async fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).await?;
        let mut known = self.statements.borrow_mut();
        if known.len() >= MOST_STATEMENTS {
            known.clear();
        }
        known.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Drop for Connection {
    /// The last one to drop it may be a task of another runtime, where nobody may wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where connections come from.
pub(super) struct Pool {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    lots: Mutex<Lots>,
    freed: Condvar,
}

#[derive(Default)]
struct Lots {
    idle: Vec<Connection>,
    lent: usize,
}

impl Pool {
    pub(super) fn new(config: Config, tls: Option<MakeRustlsConnect>) -> Self {
        Self { config, tls, lots: Mutex::default(), freed: Condvar::new() }
    }

    /// A connection of one's own.
    pub(super) fn connect(&self) -> Result<Connection, NotConnected> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(NotConnected::NoThreads)?;
        let client = runtime.block_on(async {
            let asked = tokio::time::timeout(WAIT, self.ask()).await;
            asked.map_err(|_| NotConnected::Silent)?.map_err(NotConnected::Refused)
        })?;
        Ok(Connection { runtime: Some(runtime), client, statements: RefCell::default() })
    }

    async fn ask(&self) -> Result<Client, Error> {
        match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    /// A connection for one unit of work; it comes back by [`Lent::give_back`].
    pub(super) fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut lots = self.lots();
        while lots.lent >= CONNECTIONS {
            let (waited, time) = self.freed.wait_timeout(lots, WAIT).unwrap_or_else(PoisonError::into_inner);
            lots = waited;
            if time.timed_out() && lots.lent >= CONNECTIONS {
                return Err(StoreError::Busy);
            }
        }
        lots.lent += 1;
        drop(lots);
        let mut lent = Lent { pool: self, connection: None };
        while let Some(idle) = self.idle() {
            if is_open(&idle) {
                lent.connection = Some(idle);
                return Ok(lent);
            }
        }
        lent.connection = Some(self.connect()?);
        Ok(lent)
    }

    fn idle(&self) -> Option<Connection> {
        self.lots().idle.pop()
    }

    fn lots(&self) -> MutexGuard<'_, Lots> {
        self.lots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether PostgreSQL has not closed it meanwhile; to be told, somebody has to listen.
fn is_open(connection: &Connection) -> bool {
    let listened = connection.wait(async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok(())
    });
    listened.is_ok() && !connection.client.is_closed()
}

/// A connection within a unit of work. Where that does not come to its end (a panic, an answer that did not come), the
/// connection is closed, and PostgreSQL rolls back.
pub(super) struct Lent<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Lent<'_> {
    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or(StoreError::Unreadable("a connection that was given back"))
    }

    /// The unit of work came to its end: the connection serves the next one.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.lots().idle.push(connection);
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.lots().lent -= 1;
        self.pool.freed.notify_one();
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotConnected {
    /// PostgreSQL, or TLS, said no.
    #[error("refused")]
    Refused(#[source] Error),
    /// Nobody answered in time.
    #[error("no answer")]
    Silent,
    /// The system gives no more of what waiting takes.
    #[error("the system refused")]
    NoThreads(#[source] std::io::Error),
}

impl From<NotConnected> for StoreError {
    fn from(error: NotConnected) -> Self {
        match error {
            NotConnected::Refused(error) if error.code().is_some() => failed(error),
            NotConnected::Refused(_) | NotConnected::Silent => Self::Unreachable,
            NotConnected::NoThreads(error) => Self::Failed(Box::new(error)),
        }
    }
}
