//! What is counted while the server runs, and how Prometheus reads it. Routes and numbers only: no id of anybody.

use crate::doorway::{Listener, Why};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;

/// Upper ends of the time classes of answers, in seconds.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// A route and the status of an answer.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: String,
    status: u16,
}

/// A route.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

/// A listener and why it did not let a connection in, or did not keep it.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TurnedAway {
    listener: &'static str,
    why: &'static str,
}

/// A listener.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct At {
    listener: &'static str,
}

/// What is read out of the store when somebody asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Workstations that are not revoked.
    pub(crate) devices: i64,
    /// Those of them that were not heard of for a day.
    pub(crate) away: i64,
    /// Those of them that deserve a look.
    pub(crate) to_look_at: i64,
    /// Alerts that nobody has looked at.
    pub(crate) open_alerts: i64,
    /// Conflicts that wait for a person.
    pub(crate) open_conflicts: i64,
    /// How old the last backup is, in seconds; since the practice was made where there is none.
    pub(crate) backup_age_s: i64,
}

/// The meters of one server.
pub struct Meters {
    registry: Registry,
    answers: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    refused_handshakes: Counter,
    limited: Counter,
    turned_away: Family<TurnedAway, Counter>,
    connections: Family<At, Gauge>,
    devices: Gauge,
    away: Gauge,
    to_look_at: Gauge,
    open_alerts: Gauge,
    open_conflicts: Gauge,
    backup_age_s: Gauge,
}

impl Meters {
    /// Meters that stand at nothing.
    #[must_use]
    pub(crate) fn new() -> Self {
        let mut meters = Self {
            registry: Registry::with_prefix("chartkeep"),
            answers: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            refused_handshakes: Counter::default(),
            limited: Counter::default(),
            turned_away: Family::default(),
            connections: Family::default(),
            devices: Gauge::default(),
            away: Gauge::default(),
            to_look_at: Gauge::default(),
            open_alerts: Gauge::default(),
            open_conflicts: Gauge::default(),
            backup_age_s: Gauge::default(),
        };
        let registry = &mut meters.registry;
        registry.register("answers", "Answers by route and status", meters.answers.clone());
        registry.register("answer_seconds", "How long answers took", meters.seconds.clone());
        registry.register(
            "refused_handshakes",
            "Peers without a valid certificate",
            meters.refused_handshakes.clone(),
        );
        registry.register("limited_requests", "Requests beyond the limit of a peer", meters.limited.clone());
        let refused = "Connections that were not let in or not kept, and why";
        registry.register("turned_away", refused, meters.turned_away.clone());
        registry.register("connections", "Connections after their handshake", meters.connections.clone());
        registry.register("workstations", "Workstations that are not revoked", meters.devices.clone());
        registry.register("workstations_away", "Those not heard of for a day", meters.away.clone());
        registry.register("workstations_to_look_at", "Those that deserve a look", meters.to_look_at.clone());
        registry.register("open_alerts", "Alerts that nobody has looked at", meters.open_alerts.clone());
        registry.register(
            "open_conflicts",
            "Conflicts that wait for a person",
            meters.open_conflicts.clone(),
        );
        registry.register("backup_age_seconds", "How old the last backup is", meters.backup_age_s.clone());
        meters.show_from_the_start();
        meters
    }

    /// A line that is there with a nought can be watched before anything has happened.
    fn show_from_the_start(&self) {
        for listener in [Listener::Main, Listener::Enrolment] {
            self.connections.get_or_create(&At { listener: listener.as_str() }).set(0);
            for why in Why::ALL {
                self.turned_away(listener, why, 0);
            }
        }
    }

    /// Connections were not let in, or not kept. Returns how many there were, with these.
    pub(crate) fn turned_away(&self, listener: Listener, why: Why, count: u64) -> u64 {
        let label = TurnedAway { listener: listener.as_str(), why: why.as_str() };
        self.turned_away.get_or_create(&label).inc_by(count) + count
    }

    /// A connection has passed its handshake.
    pub(crate) fn connection_opened(&self, listener: Listener) {
        self.connections.get_or_create(&At { listener: listener.as_str() }).inc();
    }

    /// One of them has ended.
    pub(crate) fn connection_closed(&self, listener: Listener) {
        self.connections.get_or_create(&At { listener: listener.as_str() }).dec();
    }

    /// A request was answered.
    pub(crate) fn answered(&self, route: &str, status: u16, millis: u64) {
        let route = route.to_owned();
        self.answers.get_or_create(&Answered { route: route.clone(), status }).inc();
        let seconds = std::time::Duration::from_millis(millis).as_secs_f64();
        self.seconds.get_or_create(&Route { route }).observe(seconds);
    }

    /// A peer was refused in the handshake.
    pub(crate) fn refused_handshake(&self) {
        self.refused_handshakes.inc();
    }

    /// A request was refused because its peer sends too many.
    pub(crate) fn limited(&self) {
        self.limited.inc();
    }

    /// All of it as text (`OpenMetrics` 1.0).
    ///
    /// # Errors
    /// When it cannot be written, which a text gives no reason for.
    pub(crate) fn to_text(&self, standing: Standing) -> Result<String, fmt::Error> {
        self.devices.set(standing.devices);
        self.away.set(standing.away);
        self.to_look_at.set(standing.to_look_at);
        self.open_alerts.set(standing.open_alerts);
        self.open_conflicts.set(standing.open_conflicts);
        self.backup_age_s.set(standing.backup_age_s);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}
