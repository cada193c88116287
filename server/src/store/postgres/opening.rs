//! Reaching the database, and refusing one that must not be used as it is.

use super::column::Columns;
use super::lending::{Connection, Pool, WAIT};
use super::migrating::KNOWN;
use crate::database::Database;
use crate::error::{Failure, Kind};
use crate::store::StoreError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::{ChannelBinding, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A silent peer is asked after this time whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);
/// The oldest PostgreSQL that is known to do.
const OLDEST: i32 = 150_000;

/// What holds for every connection: where our tables are, that nobody waits for ever, and that a server which stopped in
/// the middle of a unit of work keeps the others waiting for a minute at most.
const SESSION: &str = "-c search_path=chartkeep,pg_temp -c lock_timeout=20s -c statement_timeout=120s \
    -c idle_in_transaction_session_timeout=60s -c client_min_messages=warning -c jit=off";

/// Where connections to a database come from. Nothing is asked yet.
pub(super) fn connections(database: &Database) -> Result<Pool, Failure> {
    let mut config = database.config()?;
    if let Some(password) = database.password()? {
        // Handed to the library that signs in with it.
        config.password(password.expose());
    }
    config
        .options(SESSION)
        .application_name("chartkeep-server")
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .channel_binding(ChannelBinding::Disable)
        .connect_timeout(WAIT)
        .keepalives_idle(SILENCE);
    let tls = database.root_certificate().map(tls).transpose()?;
    config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    Ok(Pool::new(config, tls.map(MakeRustlsConnect::new)))
}

/// One connection.
pub(super) fn connect(pool: &Pool) -> Result<Connection, Failure> {
    tokio::task::block_in_place(|| pool.connect()).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::warn!(cause = cause.unwrap_or_default(), "no connection to the database");
        match error.into() {
            StoreError::Failed(_) => Failure::new(
                Kind::Database,
                "The database does not let this role in.",
                "Check role, database and password; the log of PostgreSQL says more.",
            ),
            other @ (StoreError::Busy
            | StoreError::Unreachable
            | StoreError::Unreadable(_)
            | StoreError::NoKey(_)) => other.into(),
        }
    })
}

/// TLS to a PostgreSQL whose certificate this authority has signed, for the name by which it is asked.
fn tls(root: &Path) -> Result<ClientConfig, Failure> {
    let unreadable = || {
        let advice =
            "It is a PEM file with the certificate of the authority; check the path and who may read it.";
        Failure::new(Kind::Usage, "The certificate for the database cannot be read.", advice)
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root).map_err(|_| unreadable())? {
        roots.add(certificate.map_err(|_| unreadable())?).map_err(|_| unreadable())?;
    }
    if roots.is_empty() {
        return Err(unreadable());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let config = config.map_err(|_| Failure::internal("TLS 1.3 is not to be had."))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Whether a database may be worked on: it keeps what it confirms, its tables fit this program, and this role can do no
/// more than it must.
pub(super) fn check(connection: &Connection) -> Result<(), Failure> {
    check_database(connection)?;
    check_role(connection)
}

/// The same of the database and its tables alone, whatever the role may do.
pub(super) fn check_database(connection: &Connection) -> Result<(), Failure> {
    let row = one(
        connection,
        "SELECT current_setting('server_version_num')::int4, current_setting('server_encoding'),
            current_setting('fsync') || current_setting('full_page_writes'),
            current_setting('synchronous_commit'), to_regclass('chartkeep.migration') IS NOT NULL",
    )?;
    let row = Columns(&row);
    if row.get::<i32>(0)? < OLDEST || row.get::<&str>(1)? != "UTF8" {
        let advice = "Use PostgreSQL 15 or newer, and a database made by server/postgres/roles.sql.";
        return Err(Failure::new(Kind::Database, "The database is too old or not in UTF-8.", advice));
    }
    if row.get::<&str>(2)? != "onon" || ["off", "local"].contains(&row.get::<&str>(3)?) {
        let advice = "Set fsync, full_page_writes and synchronous_commit to on.";
        let sentence = "The database may lose what it has confirmed.";
        return Err(Failure::new(Kind::Database, sentence, advice));
    }
    if !row.get::<bool>(4)? {
        let advice = "As the owner of its tables run `chartkeep-server database migrate`.";
        return Err(Failure::new(Kind::Database, "The database has no tables of Chartkeep yet.", advice));
    }
    check_tables(connection)
}

fn check_tables(connection: &Connection) -> Result<(), Failure> {
    let row = one(connection, "SELECT coalesce(max(number), 0), coalesce(max(serves), 0) FROM migration")?;
    let (found, serves) = (Columns(&row).number(0)?, Columns(&row).number(1)?);
    if found < u64::from(KNOWN) {
        let advice = "As the owner of the tables run `chartkeep-server database migrate` of this version.";
        let sentence =
            format!("The tables are of an older program (schema {found}, this one needs {KNOWN}).");
        return Err(Failure::new(Kind::Database, sentence, advice));
    }
    if serves > u64::from(KNOWN) {
        let sentence =
            format!("The tables were made for a newer program (schema {found}, this one knows {KNOWN}).");
        let advice = "Nothing was changed. Install the newer chartkeep-server.";
        return Err(Failure::new(Kind::NewerStore, sentence, advice));
    }
    Ok(())
}

/// A role that could change the audit log or the tables is refused: a server that was broken into could use it.
fn check_role(connection: &Connection) -> Result<(), Failure> {
    let row = one(
        connection,
        "SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
            OR pg_has_role(r.oid, c.relowner, 'MEMBER')
            OR has_schema_privilege('chartkeep', 'CREATE')
            OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')
            OR has_any_column_privilege(c.oid, 'UPDATE')
         FROM pg_roles r, pg_class c WHERE r.rolname = current_user AND c.oid = 'chartkeep.leaf'::regclass",
    )?;
    if Columns(&row).get(0)? {
        let advice = "Serve as a role that is only in chartkeep_app: see server/postgres/roles.sql.";
        let sentence = "This role of the database can change the audit log or the tables.";
        return Err(Failure::new(Kind::Database, sentence, advice));
    }
    Ok(())
}

fn one(connection: &Connection, sql: &str) -> Result<tokio_postgres::Row, StoreError> {
    tokio::task::block_in_place(|| connection.wait(connection.client.query_one(sql, &[])))
        .map_err(super::failed)
}
