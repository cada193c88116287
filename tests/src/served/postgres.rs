//! A PostgreSQL for one run, started the way the server's own tests start theirs, on a disk and with Debian's settings.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keys::Random;
use keys::certificate::{self, Authority};
use tempfile::TempDir;
use uuid::Uuid;

use super::memory::{children_of, cpu_of};
use super::{Outcome, on_its_own};
use client::{Clock as _, SystemClock};

/// The password of both roles.
const PASSWORD: &str = "seven pines in a row";
/// The database that the script makes.
const DATABASE: &str = "pattern";
/// What Debian's package sets, where the script sets something smaller for its tests.
const AS_INSTALLED: [&str; 5] =
    ["shared_buffers=128MB", "max_wal_size=1GB", "min_wal_size=80MB", "autovacuum=on", "wal_level=replica"];

/// A PostgreSQL of this run's own. It ends, and its folder goes, when this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    secrets: TempDir,
    script: Child,
}

/// How the server reaches the database.
pub(crate) struct Database {
    /// Its address, as the server's role.
    pub(crate) url: String,
    /// The file with the password of that role.
    pub(crate) password_file: String,
}

impl Cluster {
    /// Starts it with its files below `place`, which its own user must be able to reach.
    pub(crate) fn start(place: &Path) -> Outcome<Cluster> {
        let secrets = tempfile::tempdir()?;
        let file = |name: &str| secrets.path().join(name);
        certify(&file("server.crt"), &file("server.key"))?;
        std::fs::write(file("password"), format!("{PASSWORD}\n"))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server");
        let mut script = Command::new("sh");
        let mut script = on_its_own(&mut script)
            .arg(server.join("tests/postgres.sh"))
            .arg(port.to_string())
            .args([file("server.crt"), file("server.key"), server.join("postgres/roles.sql")])
            .arg(place)
            .args(AS_INSTALLED)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = script.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let (programs, folder) = line.trim().split_once(' ').ok_or("PostgreSQL could not be started")?;
        let cluster = Cluster { programs: programs.into(), folder: folder.into(), port, secrets, script };
        for role in ["chartkeep_owner", "chartkeep"] {
            cluster.sql(&format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'"))?;
        }
        Ok(cluster)
    }

    /// Makes the tables with the server's own command.
    pub(crate) fn database(&self, server: &Path) -> Outcome<Database> {
        let password_file = self.secrets.path().join("password").display().to_string();
        let owner = self.url("chartkeep_owner");
        let mut migrate = Command::new(server);
        migrate.args(["database", "migrate", "--database", &owner]);
        let done = migrate.args(["--database-password-file", &password_file]).output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        Ok(Database { url: self.url("chartkeep"), password_file })
    }

    /// How large the practice's database is.
    pub(crate) fn bytes(&self) -> Outcome<u64> {
        Ok(self.sql(&format!("SELECT pg_database_size('{DATABASE}')"))?.parse()?)
    }

    /// How long PostgreSQL has computed, all its processes together.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let process: u32 = text.lines().next().ok_or("PostgreSQL does not run")?.trim().parse()?;
        let children = children_of(process)?.into_iter().filter_map(|child| cpu_of(child).ok());
        Ok(cpu_of(process)? + children.sum::<Duration>())
    }

    fn url(&self, role: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgresql://{role}@{folder}:{}/{DATABASE}", self.port)
    }

    fn sql(&self, sql: &str) -> Outcome<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-c", sql, "-p"]);
        let done = psql.arg(self.port.to_string()).arg("-h").arg(&self.folder).arg("postgres").output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The script ends when nobody can write to it any more, and takes PostgreSQL and the folder along.
        drop(self.script.stdin.take());
        let _ended = self.script.wait();
    }
}

fn certify(server: &Path, key: &Path) -> Outcome<()> {
    let (now, mut random) = (SystemClock::new().now(), Random::from_os());
    let authority = Authority::make_root(Uuid::nil(), "Database", now, &mut random)?;
    let issuing = authority.make_issuing("Database", now, &mut random)?;
    let identity = issuing.make_server(&["localhost"], now, &mut random)?;
    std::fs::write(server, certificate::to_pem(&[&identity.certificate, issuing.certificate()]))?;
    // EXPOSE: the key of a database that lasts as long as this run.
    std::fs::write(key, certificate::key_to_pem(&identity.key).expose())?;
    Ok(())
}
