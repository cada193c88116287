//! Which PostgreSQL database holds the practice, where it is not the file in the data folder: `database.toml`.

use crate::data_dir::{DataDir, write_private};
use crate::error::{Failure, Kind};
use keys::SecretBytes;
use serde::{Deserialize, Serialize};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Holds the password of the database's role, where no file is named.
pub const PASSWORD: &str = "CHARTKEEP_DATABASE_PASSWORD";

/// A database, and how it is reached. Its password is read when it is wanted and kept nowhere.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgresql://ROLE@HOST:PORT/DATABASE`, without a password.
    url: String,
    /// The authority that signed the certificate of PostgreSQL, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_certificate: Option<PathBuf>,
    /// The file with the password of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_file: Option<PathBuf>,
}

impl Database {
    /// A database that is named on the command line.
    ///
    /// # Errors
    /// When the address cannot be read, holds a password, or leads beyond this machine without TLS.
    pub fn at(
        url: &str,
        root_certificate: Option<PathBuf>,
        password_file: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let database = Self { url: url.to_owned(), root_certificate, password_file };
        database.config()?;
        Ok(database)
    }

    /// The database of a data folder; none where the store is a file in it.
    ///
    /// # Errors
    /// When `database.toml` cannot be read or is not what it should be.
    pub fn of(dir: &DataDir) -> Result<Option<Self>, Failure> {
        let text = match fs::read_to_string(dir.database()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::disk("database.toml cannot be read.", &error)),
        };
        // The parser's own words would repeat what stands there.
        let read: Result<Self, _> = toml::from_str(&text);
        let database = read.map_err(|_| {
            let advice = "It holds url, and where they are needed root_certificate and password_file.";
            Failure::new(Kind::Usage, "database.toml is not what it should be.", advice)
        })?;
        database.config()?;
        Ok(Some(database))
    }

    /// Writes the database into a new data folder.
    ///
    /// # Errors
    /// When there is one already, or the disk refuses.
    pub fn write(&self, dir: &DataDir) -> Result<(), Failure> {
        let text =
            toml::to_string(self).map_err(|_| Failure::internal("database.toml cannot be written."))?;
        let written = write_private(&dir.database(), text.as_bytes());
        written.map_err(|error| Failure::disk("database.toml cannot be written.", &error))
    }

    /// The same database, reached as another role.
    #[must_use]
    pub fn as_role(&self, url: String, password_file: Option<PathBuf>) -> Self {
        Self { url, root_certificate: self.root_certificate.clone(), password_file }
    }

    /// The authority that signed the certificate of PostgreSQL; none where nothing leaves this machine.
    pub(crate) fn root_certificate(&self) -> Option<&Path> {
        self.root_certificate.as_deref()
    }

    /// Where it is and who asks, without the password.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        // The only way to speak TLS here is with the certificate verified in full; the library has no word for that.
        let url = self.url.replace("sslmode=verify-full", "sslmode=require");
        let config: Config = url.parse().map_err(|_| {
            let advice = "Write postgresql://ROLE@HOST:PORT/DATABASE.";
            Failure::new(Kind::Usage, "The address of the database cannot be read.", advice)
        })?;
        if config.get_password().is_some() {
            let advice = format!("Take it out of there, and put it into a file or into {PASSWORD}.");
            return Err(Failure::new(Kind::Usage, "The address of the database holds a password.", advice));
        }
        if self.root_certificate.is_none() && !stays_here(&config) {
            let advice = "Name the authority of its certificate: --database-ca FILE, or root_certificate in database.toml.";
            let sentence = "The database is on another machine, and nothing says how to know it.";
            return Err(Failure::new(Kind::Usage, sentence, advice));
        }
        Ok(config)
    }

    /// The password of the role; none where PostgreSQL knows it otherwise.
    pub(crate) fn password(&self) -> Result<Option<SecretBytes>, Failure> {
        let Some(path) = &self.password_file else {
            let given = env::var(PASSWORD).ok().filter(|text| !text.is_empty());
            return Ok(given.map(|text| SecretBytes::new(text.into_bytes())));
        };
        let mut text = fs::read(path).map_err(|error| {
            Failure::disk("The file with the password of the database cannot be read.", &error)
        })?;
        while text.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            text.pop();
        }
        Ok(Some(SecretBytes::new(text)))
    }
}

/// Whether nothing that is said to the database leaves this machine.
fn stays_here(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(std::net::IpAddr::is_loopback);
    }
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> Option<String> {
        Database::at(url, None, None).err().map(|failure| failure.sentence)
    }

    #[test]
    fn what_stays_on_this_machine_needs_no_certificate() {
        for url in [
            "postgresql://chartkeep@localhost/chartkeep",
            "postgresql://chartkeep@127.0.0.1:5433/chartkeep",
            "postgresql://chartkeep@%2Frun%2Fpostgresql/chartkeep",
            "host=/run/postgresql user=chartkeep dbname=chartkeep",
        ] {
            assert_eq!(told(url), None, "{url}");
        }
    }

    #[test]
    fn another_machine_is_reached_with_a_verified_certificate_or_not_at_all() {
        for url in [
            "postgresql://chartkeep@db.example/chartkeep",
            "postgresql://chartkeep@127.0.0.1,db.example/chartkeep",
            "postgresql://chartkeep@localhost/chartkeep?hostaddr=192.0.2.7",
            "postgresql:///chartkeep",
        ] {
            assert!(told(url).unwrap_or_default().contains("another machine"), "{url}");
        }
        let verified = "postgresql://chartkeep@db.example/chartkeep?sslmode=verify-full";
        assert!(Database::at(verified, Some("ca.pem".into()), None).is_ok());
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let failure =
            Database::at("postgresql://chartkeep:pine7@localhost/chartkeep", None, None).unwrap_err();
        assert!(failure.sentence.contains("password") && !format!("{failure:?}").contains("pine7"));
        let failure = Database::at("postgresql://chartkeep:pine7@local host", None, None).unwrap_err();
        assert!(!format!("{failure:?}").contains("pine7"));
    }
}
