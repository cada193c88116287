//! Alerts: the list of them, who has looked, and the messages that go out about each.

pub(crate) mod attending;

use crate::approving::{Proof, Refused, in_one_commit, prove};
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, AlertRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use attending::NotClosed;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::Purpose;
use records::id::{DeviceId, PersonId};
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use sync::wire::AlertOutcome;

/// So many alerts are listed or sent at once.
const AT_ONCE: u64 = 1_000;
/// The header with the signature of the body, base64.
pub const SIGNATURE_HEADER: &str = "chartkeep-signature";
/// How often there is a look for alerts that were not sent.
pub(crate) const PACE: Duration = Duration::from_secs(5);
/// The longest wait after messages that did not go out.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// How long the other side may take.
const LIMIT: Duration = Duration::from_secs(10);

const WEBHOOK: &str = "webhook";
const SENT: &str = "webhook-sent";

/// An alert in the list.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its number.
    pub alert: u64,
    /// When.
    pub at: Timestamp,
    /// About what.
    pub kind: &'static str,
    /// Which workstation.
    pub device: Option<DeviceId>,
    /// Which person.
    pub person: Option<PersonId>,
    /// Numbers and ids that help to look.
    pub detail: String,
    /// Who has looked at it.
    pub seen_by: Option<PersonId>,
    /// When.
    pub seen_at: Option<Timestamp>,
    /// What came of it.
    pub seen_as: Option<AlertOutcome>,
}

/// Where alerts are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// Who vouches for it, PEM.
    pub ca_pem: Option<String>,
}

/// What is sent of an alert (docs/formats/alert.md).
#[derive(Serialize)]
struct Message<'a> {
    version: u8,
    practice: String,
    alert: u64,
    at: Timestamp,
    sent_at: Timestamp,
    kind: &'a str,
    device: Option<DeviceId>,
    person: Option<PersonId>,
}

/// Why messages did not go out.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address or its CA cannot be used.
    #[error("the address of the webhook cannot be used")]
    Unusable,
    /// Nobody answered, or not with success.
    #[error("the webhook did not take a message")]
    NotTaken,
}

/// Alerts after a number, oldest first: at most a thousand, those alone that nobody has looked at unless `all`.
///
/// # Errors
/// When the store fails.
pub fn list(practice: &Practice, after: u64, all: bool) -> Result<Vec<Listed>, Failure> {
    let rows = store::read(practice.store.as_ref(), |tx| tx.alerts(after, AT_ONCE))?;
    Ok(rows.into_iter().filter(|row| all || row.acknowledged.is_none()).map(listed).collect())
}

/// Somebody has looked at an alert, and says what came of it; who, is proven and in the event.
///
/// # Errors
/// When the person is not proven or must not, there is no such open alert, or the store fails.
pub fn acknowledge(
    practice: &Practice,
    number: u64,
    outcome: AlertOutcome,
    by: &Proof,
) -> Result<(), Failure> {
    in_one_commit(practice, |tx, now| note(practice, tx, (number, outcome), by, now))
}

#[derive(Clone, Copy, Debug)]
enum NotNoted {
    By(Refused),
    NotClosed(NotClosed),
}

impl From<NotNoted> for Failure {
    fn from(refused: NotNoted) -> Self {
        match refused {
            NotNoted::By(refused) => refused.into(),
            NotNoted::NotClosed(NotClosed::NotAllowed) => Refused::NotAllowed.into(),
            NotNoted::NotClosed(NotClosed::AboutOneself) => Self::new(
                Kind::Refused,
                "This alert is about the person who would close it.",
                "Somebody else who may has to look at it and close it.",
            ),
            NotNoted::NotClosed(NotClosed::NoAlert) => Self::new(
                Kind::Refused,
                "There is no open alert with this number.",
                "See `alert list`; somebody may have looked at it already.",
            ),
        }
    }
}

fn note(
    practice: &Practice,
    tx: &dyn Transaction,
    (number, outcome): (u64, AlertOutcome),
    by: &Proof,
    now: Timestamp,
) -> Result<Result<(), NotNoted>, StoreError> {
    let actor = match prove(practice, tx, by, now)? {
        Ok(actor) => actor,
        Err(refused) => return Ok(Err(NotNoted::By(refused))),
    };
    Ok(attending::close(practice, tx, number, &actor, outcome, now)?.map_err(NotNoted::NotClosed))
}

/// Sets where alerts are sent from now on; earlier ones are not sent there.
///
/// # Errors
/// When the address cannot be used, or the store fails.
pub fn set_webhook(practice: &Practice, webhook: Option<&Webhook>) -> Result<(), Failure> {
    if let Some(webhook) = webhook {
        client(webhook).map_err(|_| {
            let advice = "Give an https address with --ca, or a plain http address of this machine such as \
                http://127.0.0.1:9000/alerts.";
            Failure::new(Kind::Usage, "Alerts cannot be sent to this address.", advice)
        })?;
    }
    let now = practice.clock.now();
    Ok(store::write(practice.store.as_ref(), |tx| -> Result<(), StoreError> {
        let json = webhook.map(|webhook| serde_json::to_string(webhook).unwrap_or_default());
        tx.set_server_setting(WEBHOOK, &json.unwrap_or_default())?;
        tx.set_server_setting(SENT, &last_alert(tx)?.to_string())?;
        ServerTrail::new(practice, tx, now).changed_settings()
    })?)
}

fn last_alert(tx: &dyn Transaction) -> Result<u64, StoreError> {
    let mut last = 0;
    while let Some(row) = tx.alerts(last, AT_ONCE)?.last() {
        last = row.number;
    }
    Ok(last)
}

/// Sends what was not sent yet, in its order; stops at the first that is not taken. Returns how many went out.
///
/// # Errors
/// [`NotSent`]; what was not taken is sent again.
pub async fn send_all(practice: &Practice) -> Result<u64, NotSent> {
    let (webhook, waiting) = on_store(practice, |tx| {
        let webhook: Option<Webhook> =
            tx.server_setting(WEBHOOK)?.and_then(|json| serde_json::from_str(&json).ok());
        let sent = tx.server_setting(SENT)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let waiting = if webhook.is_some() { tx.alerts(sent, AT_ONCE)? } else { Vec::new() };
        Ok((webhook, waiting))
    })
    .await?;
    let Some(webhook) = webhook.filter(|_| !waiting.is_empty()) else { return Ok(0) };
    let client = client(&webhook)?;
    let mut count = 0;
    for row in waiting {
        send(practice, &client, &webhook, &row).await?;
        on_store(practice, move |tx| tx.set_server_setting(SENT, &row.number.to_string())).await?;
        count += 1;
    }
    Ok(count)
}

async fn send(
    practice: &Practice,
    client: &reqwest::Client,
    webhook: &Webhook,
    row: &AlertRow,
) -> Result<(), NotSent> {
    let message = Message {
        version: 1,
        practice: practice.row.id.to_string(),
        alert: row.number,
        at: row.at,
        sent_at: practice.clock.now(),
        kind: row.kind.as_str(),
        device: row.device,
        person: row.person,
    };
    let body = serde_json::to_vec(&message).map_err(|_| NotSent::Unusable)?;
    let signature = STANDARD.encode(practice.keys.directive.sign(Purpose::Alert, &body).to_bytes());
    let request = client.post(&webhook.url).header(SIGNATURE_HEADER, signature);
    let answer = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body).send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(_) | Err(_) => Err(NotSent::NotTaken),
    }
}

/// Runs a unit of work where it holds nobody up.
async fn on_store<T: Send + 'static>(
    practice: &Practice,
    work: impl FnOnce(&dyn Transaction) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, NotSent> {
    let store = practice.store.clone();
    let done = tokio::task::spawn_blocking(move || store::write(store.as_ref(), work)).await;
    Ok(done.map_err(|_| NotSent::Unusable)??)
}

/// The way there: a plain address of this machine, or one that the given CA alone vouches for. No redirects, no proxies.
fn client(webhook: &Webhook) -> Result<reqwest::Client, NotSent> {
    let url = Url::parse(&webhook.url).map_err(|_| NotSent::Unusable)?;
    let is_here = url.host_str().is_some_and(|host| {
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    let roots = match (url.scheme(), &webhook.ca_pem) {
        ("http", None) if is_here => RootCertStore::empty(),
        ("https", Some(pem)) => roots(pem)?,
        (_, _) => return Err(NotSent::Unusable),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| NotSent::Unusable)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LIMIT)
        .build()
        .map_err(|_| NotSent::Unusable)
}

fn roots(pem: &str) -> Result<RootCertStore, NotSent> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|_| NotSent::Unusable)?).map_err(|_| NotSent::Unusable)?;
    }
    if roots.is_empty() { Err(NotSent::Unusable) } else { Ok(roots) }
}

fn listed(row: AlertRow) -> Listed {
    Listed {
        alert: row.number,
        at: row.at,
        kind: row.kind.as_str(),
        device: row.device,
        person: row.person,
        detail: row.detail,
        seen_by: row.acknowledged.map(|seen| seen.by),
        seen_at: row.acknowledged.map(|seen| seen.at),
        seen_as: row.acknowledged.map(|seen| seen.outcome),
    }
}
