//! The issuing CAs of the practice as they stand at a moment, and the server's own certificate under the one that issues.
//!
//! Nothing is noted of who issues since when: an authority issues from the moment for which its certificate was made, and the
//! trust bundle in the store names those that count. So every server of a practice comes to the same answer by its clock,
//! also one that was started in the middle of a change.

mod files;
mod named;

pub(crate) use files::{forget, hosts, write_first, write_next};
pub(crate) use named::{Named, OLD_UNTIL, Span};

use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::tls;
use files::OnDisk;
use jiff::{SignedDuration, Timestamp};
use keys::certificate::{self, Authority, Identity};
use rustls::ServerConfig;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A server certificate with less time left than this is replaced.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So long after something that could not be done it is tried again.
const TRY_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// The issuing CAs, and the server's certificate; each renewed while the server goes on.
pub struct Authorities {
    on_disk: OnDisk,
    root: Vec<u8>,
    clock: Clock,
    kept: RwLock<Kept>,
    /// Whoever works out what holds next.
    settling: Mutex<()>,
}

struct Kept {
    standing: Arc<Standing>,
    /// Until when it is looked at no more.
    until: Timestamp,
}

/// What holds until something changes.
pub struct Standing {
    named: Named,
    issuing: Authority,
    server: Identity,
    /// Those whose certificates are taken.
    accepted: Vec<Vec<u8>>,
    root: Vec<u8>,
    main: Arc<ServerConfig>,
    enrolment: Arc<ServerConfig>,
}

impl Authorities {
    /// The authorities as the folder has their keys and the store has their names. Where the folder is only looked at, nothing
    /// in it is renewed.
    ///
    /// # Errors
    /// When a file is missing or unreadable, or cannot be written.
    pub(crate) fn open(
        (dir, host): (&DataDir, &str),
        root: &[u8],
        named: Named,
        clock: Clock,
        is_only_looked_at: bool,
    ) -> Result<Self, Failure> {
        let on_disk = OnDisk { dir: dir.clone(), host: host.to_owned(), is_only_looked_at };
        let now = clock.now();
        let standing = settle(&on_disk, root, &named, &clock)?;
        let kept = RwLock::new(Kept { until: standing.changes_at(now), standing: Arc::new(standing) });
        Ok(Self { on_disk, root: root.to_vec(), clock, kept, settling: Mutex::default() })
    }

    /// What holds now. Where the next of it cannot be had, that is logged, what held before goes on, and it is tried again.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        self.in_force().unwrap_or_else(|| {
            let _one_at_a_time = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
            self.in_force().unwrap_or_else(|| {
                let before = self.before();
                self.come_to(before.named.clone()).unwrap_or(before)
            })
        })
    }

    /// Takes in what the store says, where that is news.
    pub(crate) fn hear(&self, named: Named) {
        let _one_at_a_time = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        if self.before().named != named {
            self.come_to(named);
        }
    }

    fn in_force(&self) -> Option<Arc<Standing>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        (self.clock.now() < kept.until).then(|| kept.standing.clone())
    }

    fn before(&self) -> Arc<Standing> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).standing.clone()
    }

    fn come_to(&self, named: Named) -> Option<Arc<Standing>> {
        let now = self.clock.now();
        let settled = settle(&self.on_disk, &self.root, &named, &self.clock);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        match settled {
            Ok(standing) => {
                let standing = Arc::new(standing);
                *kept = Kept { until: standing.changes_at(now), standing: standing.clone() };
                Some(standing)
            }
            Err(failure) => {
                tracing::error!(code = failure.kind.as_str(), "the certificates stay as they were");
                kept.until = now.checked_add(TRY_AGAIN).unwrap_or(now);
                None
            }
        }
    }
}

impl Standing {
    /// Signs client and server certificates.
    #[must_use]
    pub fn issuing(&self) -> &Authority {
        &self.issuing
    }

    /// What the server shows to workstations.
    #[must_use]
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// The issuing CA and the root as PEM.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        certificate::to_pem(&[self.issuing.certificate(), &self.root])
    }

    /// Whether a certificate (DER) is by an authority that counts.
    #[must_use]
    pub fn accepts(&self, certificate: &[u8]) -> bool {
        self.accepted.iter().any(|ca| certificate::verify_issued(certificate, ca).is_ok())
    }

    /// The main listener's side of a handshake.
    pub(crate) fn main(&self) -> Arc<ServerConfig> {
        self.main.clone()
    }

    /// The enrolment listener's.
    pub(crate) fn enrolment(&self) -> Arc<ServerConfig> {
        self.enrolment.clone()
    }

    /// The next moment at which another authority issues, one counts no more, or the server's certificate is due.
    fn changes_at(&self, now: Timestamp) -> Timestamp {
        let due = certificate::validity(&self.server.certificate).ok();
        let due = due.and_then(|(_, end)| end.checked_sub(RENEW_BEFORE).ok());
        let next = self.named.moments().into_iter().chain(due).filter(|moment| *moment > now).min();
        next.unwrap_or(Timestamp::MAX)
    }
}

fn settle(on_disk: &OnDisk, root: &[u8], named: &Named, clock: &Clock) -> Result<Standing, Failure> {
    let now = clock.now();
    let issuing = on_disk.issuing(named, now)?;
    if named.should_issue(now) != Some(issuing.certificate()) {
        tracing::error!("the key of the authority that issues now is not here; the one before it goes on");
    }
    let server = on_disk.server(&issuing, now, RENEW_BEFORE)?;
    let accepted = named.accepted(now);
    let chain = [&server.certificate[..], issuing.certificate(), root];
    let main = tls::main_config(&accepted, &chain, &server.key, clock)?;
    let enrolment = tls::enrolment_config(&chain, &server.key)?;
    let named = named.clone();
    Ok(Standing { issuing, server, accepted, root: root.to_vec(), main, enrolment, named })
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorities")
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Standing")
    }
}
