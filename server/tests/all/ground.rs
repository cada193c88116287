//! Where a practice of a test keeps its store: in a file, or in a database of its own on a PostgreSQL of this program's own.

use chartkeep_server::clock::Clock;
use chartkeep_server::database::Database;
use chartkeep_server::store::postgres::migrate;
use keys::Random;
use keys::certificate::{self, Authority};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

/// Set to `postgres`, every test keeps its records there: `cargo xtask test` runs them so once more.
const STORE: &str = "CHARTKEEP_TEST_STORE";
/// The password of both roles.
const PASSWORD: &str = "seven pines in a row";
/// The name in PostgreSQL's certificate.
const DATABASE_HOST: &str = "database.test";

/// What holds the records of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    InAFile,
    InPostgres,
}

impl Kept {
    /// What this run asks for.
    pub(crate) fn here() -> Self {
        match std::env::var(STORE).as_deref() {
            Ok("postgres") => Self::InPostgres,
            Ok(other) => panic!("{STORE} is {other}; there is only postgres"),
            Err(_) => Self::InAFile,
        }
    }

    /// A place for the records of one practice.
    pub(crate) fn make(self) -> Store {
        match self {
            Self::InAFile => Store::File,
            Self::InPostgres => Store::Postgres(Fresh::make()),
        }
    }
}

/// Where the records of one practice are.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    File,
    Postgres(Fresh),
}

impl Store {
    /// The database, where there is one.
    pub(crate) fn database(&self) -> Option<Database> {
        match self {
            Self::File => None,
            Self::Postgres(fresh) => Some(fresh.served()),
        }
    }
}

/// The PostgreSQL of this test program; it ends when the program does.
struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    secrets: TempDir,
    _script: Child,
}

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static NEXT: AtomicU32 = AtomicU32::new(1);

impl Cluster {
    fn start() -> Self {
        let secrets = tempfile::tempdir().unwrap();
        let file = |name: &str| secrets.path().join(name);
        certify(&file("ca.pem"), &file("server.crt"), &file("server.key"));
        std::fs::write(file("password"), format!("{PASSWORD}\n")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut script = Command::new("sh")
            .arg(here.join("tests/postgres.sh"))
            .arg(port.to_string())
            .args([file("server.crt"), file("server.key"), here.join("postgres/roles.sql")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (programs, folder) = line.trim().split_once(' ').unwrap_or_else(|| {
            panic!("PostgreSQL could not be started, so nothing can be tested on it: see above, and tests/postgres.sh")
        });
        let (programs, folder) = (programs.into(), folder.into());
        let cluster = Self { programs, folder, port, secrets, _script: script };
        for role in ["chartkeep_owner", "chartkeep"] {
            cluster.sql("postgres", &format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'"));
        }
        migrate(&cluster.database("chartkeep_owner", "pattern"), Clock::System.now()).unwrap();
        cluster
    }

    fn database(&self, role: &str, name: &str) -> Database {
        Database::at(&self.url(role, name), None, Some(self.secrets.path().join("password"))).unwrap()
    }

    fn url(&self, role: &str, name: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgresql://{role}@{folder}:{}/{name}", self.port)
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-c", sql, "-p"]);
        psql.arg(self.port.to_string()).arg("-h").arg(&self.folder).arg(database);
        let done = psql.output().unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

fn certify(root: &Path, server: &Path, key: &Path) {
    let (now, mut random) = (Clock::System.now(), Random::from_os());
    let authority = Authority::make_root(Uuid::nil(), "Database", now, &mut random).unwrap();
    let issuing = authority.make_issuing("Database", now, &mut random).unwrap();
    let identity = issuing.make_server(&[DATABASE_HOST], now, &mut random).unwrap();
    std::fs::write(root, certificate::to_pem(&[authority.certificate()])).unwrap();
    let chain = certificate::to_pem(&[&identity.certificate, issuing.certificate()]);
    std::fs::write(server, chain).unwrap();
    std::fs::write(key, certificate::key_to_pem(&identity.key).expose()).unwrap();
}

/// A database that is there for one test, with the tables of this program and nothing in them.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    name: String,
}

impl Fresh {
    pub(crate) fn make() -> Self {
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        CLUSTER.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE pattern"));
        Self { name }
    }

    /// A database without tables.
    pub(crate) fn bare() -> Self {
        let made = Self::make();
        made.as_administrator("DROP SCHEMA chartkeep CASCADE; CREATE SCHEMA chartkeep AUTHORIZATION chartkeep_owner; GRANT USAGE ON SCHEMA chartkeep TO chartkeep_app");
        made
    }

    /// As the role that serves, over the socket.
    pub(crate) fn served(&self) -> Database {
        CLUSTER.database("chartkeep", &self.name)
    }

    /// As the role that owns the tables.
    pub(crate) fn owned(&self) -> Database {
        CLUSTER.database("chartkeep_owner", &self.name)
    }

    /// The address for a role; the password lies in [`password_file`].
    pub(crate) fn url(&self, role: &str) -> String {
        CLUSTER.url(role, &self.name)
    }

    /// The address over TLS, as if PostgreSQL had this name.
    pub(crate) fn url_over_tls(&self, host: &str) -> String {
        let (port, name) = (CLUSTER.port, &self.name);
        format!("postgresql://chartkeep@{host}:{port}/{name}?hostaddr=127.0.0.1&sslmode=verify-full")
    }

    /// The same content in another database, as a backup brings it back.
    pub(crate) fn put_back(&self) -> Self {
        let copy = Self::bare();
        let there =
            ["-U", "postgres", "-p", &CLUSTER.port.to_string(), "-h", CLUSTER.folder.to_str().unwrap()];
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(CLUSTER.programs.join(program));
            let done = command.args(there).args(arguments).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        let file = CLUSTER.secrets.path().join(&copy.name);
        run("pg_dump", &["-Fc", "-n", "chartkeep", "-f", file.to_str().unwrap(), &self.name]);
        run("pg_restore", &["--clean", "--if-exists", "-d", &copy.name, file.to_str().unwrap()]);
        copy
    }

    /// In how many places of the database's files the words stand.
    pub(crate) fn hits(&self, words: &[impl AsRef<[u8]>]) -> u64 {
        self.as_administrator("CHECKPOINT");
        let oid =
            self.as_administrator(&format!("SELECT oid FROM pg_database WHERE datname = '{}'", self.name));
        let mut count = 0;
        for file in std::fs::read_dir(CLUSTER.folder.join("data/base").join(oid)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for word in words {
                let found = memchr::memmem::find_iter(&bytes, word).count();
                count += u64::try_from(found).unwrap();
            }
        }
        count
    }

    /// Runs SQL as the administrator of PostgreSQL.
    pub(crate) fn as_administrator(&self, sql: &str) -> String {
        CLUSTER.sql(&self.name, &format!("SET search_path = chartkeep; {sql}"))
    }
}

/// The file with the password of both roles.
pub(crate) fn password_file() -> PathBuf {
    CLUSTER.secrets.path().join("password")
}

/// The authority that signed PostgreSQL's certificate, and the name in that.
pub(crate) fn known_by() -> (PathBuf, &'static str) {
    (CLUSTER.secrets.path().join("ca.pem"), DATABASE_HOST)
}
