//! Statements of one unit of work: sent and waited for, or sent and left for the next answer.

use super::column::Columns;
use super::lending::Connection;
use super::{Params, StoreError, failed};
use crate::store::End;
use crate::store::sealing::{Sealer, Sealing};
use bytes::BytesMut;
use std::cell::{Cell, RefCell};
use std::error::Error as StdError;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Error, Row};

/// More statements than this do not wait for their answers at once.
const MOST_SENT: usize = 64;

type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// One unit of work on one connection.
pub(super) struct Work<'a> {
    connection: &'a Connection,
    pub(super) sealer: Sealer<'a>,
    /// Whether others write at the same time: then it writes only what belongs to one workstation.
    is_beside: bool,
    /// Whether it was about to write something else.
    wants_turn: Cell<bool>,
    has_failed: Cell<bool>,
    /// Statements that are under way, in their order.
    sent: RefCell<Vec<Answer<'a>>>,
}

impl<'a> Work<'a> {
    pub(super) fn new(connection: &'a Connection, sealing: &'a Sealing, is_beside: bool) -> Self {
        let (wants_turn, has_failed) = (Cell::new(false), Cell::new(false));
        Self {
            connection,
            sealer: sealing.unit(),
            is_beside,
            wants_turn,
            has_failed,
            sent: RefCell::new(Vec::new()),
        }
    }

    /// Begins, and waits until it has: nothing may run outside of the unit.
    pub(super) fn begin(&self, sql: &str) -> Result<(), StoreError> {
        self.wait(self.connection.client.batch_execute(sql))
    }

    /// Begins to read: the first question goes along.
    pub(super) fn begin_reading(&self, sql: &'static str) {
        self.leave(Box::pin(self.connection.client.batch_execute(sql)));
    }

    pub(super) fn end(self, end: End) -> Result<(), StoreError> {
        match end {
            End::Commit if self.has_failed.get() => {
                Err(StoreError::Unreadable("a unit of work that went on after a failure"))
            }
            End::Commit => {
                self.wait(self.connection.client.batch_execute("COMMIT"))?;
                self.sealer.committed();
                Ok(())
            }
            End::RollBack => {
                // What failed before is undone with the rest.
                self.collect().ok();
                self.wait(self.connection.client.batch_execute("ROLLBACK"))
            }
        }
    }

    /// Whether it has to be done once more in its turn.
    pub(super) fn wants_turn(&self) -> bool {
        self.wants_turn.get()
    }

    /// Runs a statement that writes; how many rows it touched.
    pub(super) fn run(&self, sql: &str, params: Params<'_>) -> Result<u64, StoreError> {
        self.in_turn()?;
        self.wait(async {
            let statement = self.connection.prepared(sql).await?;
            self.connection.client.execute(&statement, params).await
        })
    }

    /// Sends a statement that writes. Its answer comes with the next one that is waited for, at the latest with that of the
    /// commit; and so does its failure.
    pub(super) fn send(&self, sql: &str, params: Params<'_>) -> Result<(), StoreError> {
        self.in_turn()?;
        self.send_of(sql, params)
    }

    /// Sends a statement that writes only what belongs to one workstation.
    pub(super) fn send_of(&self, sql: &str, params: Params<'_>) -> Result<(), StoreError> {
        let statement = self.wait(self.connection.prepared(sql))?;
        let values = params.iter().zip(statement.params()).map(|(value, kind)| Encoded::of(*value, kind));
        let values: Vec<Encoded> = values.collect::<Result<_, _>>().map_err(StoreError::Failed)?;
        let client = &self.connection.client;
        self.leave(Box::pin(async move { client.execute_raw(&statement, values).await.map(|_| ()) }));
        if self.sent.borrow().len() < MOST_SENT { Ok(()) } else { self.collect() }
    }

    /// Runs a statement that writes, and reads what it returns.
    pub(super) fn run_first<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        read: impl FnOnce(&Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.in_turn()?;
        self.first(sql, params, read)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        read: impl FnOnce(&Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.rows(sql, params)?;
        rows.first().map(|row| read(&Columns(row))).transpose()
    }

    /// Every row.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        read: impl Fn(&Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(sql, params)?.iter().map(|row| read(&Columns(row))).collect()
    }

    /// The rows as they arrive, to be asked for one by one.
    pub(super) fn stream(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<tokio_postgres::RowStream, StoreError> {
        self.wait(async {
            let statement = self.connection.prepared(sql).await?;
            self.connection.client.query_raw(&statement, params.iter().copied()).await
        })
    }

    /// Waits for an answer. After a statement that failed, PostgreSQL runs no other one in this unit of work, and would
    /// take its commit for a rollback: so it is noted here.
    pub(super) fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        // On its way first; then the answers are taken in the order of the questions, as the connection has them.
        let mut answer = pin!(answer);
        let at_once = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let before = self.collect();
        let answer = match at_once {
            Poll::Ready(answer) => answer,
            Poll::Pending => self.connection.wait(answer),
        };
        before?;
        answer.map_err(|error| self.note(error))
    }

    fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.wait(async {
            let statement = self.connection.prepared(sql).await?;
            self.connection.client.query(&statement, params).await
        })
    }

    /// A unit of work beside the others writes nothing that those rely on: it ends here, and comes again in its turn.
    fn in_turn(&self) -> Result<(), StoreError> {
        if self.is_beside {
            self.wants_turn.set(true);
            return Err(StoreError::Busy);
        }
        Ok(())
    }

    /// Sets a statement on its way.
    fn leave(&self, mut answer: Answer<'a>) {
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.sent.borrow_mut().push(Box::pin(std::future::ready(answer))),
            Poll::Pending => self.sent.borrow_mut().push(answer),
        }
    }

    /// Takes the answers of everything that was sent.
    fn collect(&self) -> Result<(), StoreError> {
        let mut first = Ok(());
        for answer in self.sent.take() {
            // All of them are taken; what failed first is why the others did.
            first = first.and(self.connection.wait(answer).map_err(|error| self.note(error)));
        }
        first
    }

    fn note(&self, error: Error) -> StoreError {
        self.has_failed.set(true);
        failed(error)
    }
}

/// A value as it goes to PostgreSQL; none for NULL.
struct Encoded(Option<BytesMut>);

impl Encoded {
    fn of(value: &(dyn ToSql + Sync), kind: &Type) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let mut bytes = BytesMut::new();
        Ok(match value.to_sql_checked(kind, &mut bytes)? {
            IsNull::No => Self(Some(bytes)),
            IsNull::Yes => Self(None),
        })
    }
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoded")
    }
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Send + Sync>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    /// Whatever it was encoded for.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
