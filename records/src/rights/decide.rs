//! The decision: pure, from the table, the actor and the facts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::scope::{RowScope, row_scope};
use super::table::{Action, Otherwise, Reach, Rights};
use crate::actor::Actor;
use crate::class::{ClassSet, DataClass};
use crate::event::WriteDetails;
use crate::id::{ChangeId, PatientId, PracticeId, RecordKey};

/// How the actor stands to the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Not at all, as far as is known.
    None,
    /// Cares for the patient.
    Care {
        /// When it ends.
        until: Timestamp,
    },
    /// Has said why the chart is opened, just now or earlier today: the store keeps it for the day once the permit
    /// is there, and hands it back as this, not as `Care`. It opens what may be asked for, never what needs the
    /// glass broken.
    Stated(StatedReason),
    /// Wrote the record in question.
    Author,
}

/// Why a chart is opened without a care relation, by one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatedReason {
    /// The patient is here.
    Visit,
    /// The patient is on the telephone.
    Telephone,
    /// Results have come.
    Results,
    /// Standing in for a colleague.
    Covering,
}

/// What has to be known to decide; read from an indexed table, and never handed out of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The practice that the records belong to.
    pub practice: PracticeId,
    /// The patient, where the action is about one.
    pub patient: Option<PatientId>,
    /// The classes in question: of the records to be read or written, or that exist in the chart.
    pub classes: Vec<DataClass>,
    /// How the actor stands to the patient.
    pub relation: Relation,
    /// Whether the chart is labelled VIP or employee.
    pub vip: bool,
}

impl Facts {
    /// Facts about a practice and no patient.
    pub fn of_practice(practice: PracticeId) -> Self {
        Self { practice, patient: None, classes: Vec::new(), relation: Relation::None, vip: false }
    }

    /// Facts about one patient's records of some classes.
    pub fn of_patient(
        practice: PracticeId,
        patient: PatientId,
        classes: Vec<DataClass>,
        relation: Relation,
    ) -> Self {
        Self { practice, patient: Some(patient), classes, relation, vip: false }
    }
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeniedReason {
    /// As far as this person is concerned, there is no such patient.
    NotFound,
    /// Ask for a reason: visit, telephone, results or covering.
    NeedsReason,
    /// Only breaking the glass opens it.
    NeedsBreakGlass,
    /// The role does not do this.
    NotYourRole,
}

impl DeniedReason {
    /// The name used in events and error codes.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeniedReason::NotFound => "not-found",
            DeniedReason::NeedsReason => "needs-reason",
            DeniedReason::NeedsBreakGlass => "needs-break-glass",
            DeniedReason::NotYourRole => "not-your-role",
        }
    }
}

/// A refusal; hand it to [`Denied::record`], so that the trail has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason.as_str())]
#[must_use = "a refusal is recorded"]
pub struct Denied {
    pub(super) actor: Actor,
    pub(super) action: Action,
    pub(super) patient: Option<PatientId>,
    pub(super) reason: DeniedReason,
}

impl Denied {
    /// Why.
    pub fn reason(&self) -> DeniedReason {
        self.reason
    }
}

/// A decision in favour. It shows nothing until the trail has turned it into a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an allowed action shows nothing until it has become a permit"]
pub struct Allowed {
    pub(super) actor: Actor,
    pub(super) action: Action,
    pub(super) patient: Option<PatientId>,
    pub(super) stated: Option<StatedReason>,
    pub(super) classes: ClassSet,
    pub(super) masked: ClassSet,
    pub(super) scope: RowScope,
    pub(super) details: Details,
}

/// What the event says beyond who and which patient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) records: Vec<RecordKey>,
    pub(super) tokens: Vec<u8>,
    pub(super) change: Option<ChangeId>,
    pub(super) changed: Vec<String>,
}

impl Details {
    pub(super) fn write(&self) -> WriteDetails {
        WriteDetails { records: self.records.clone(), change: self.change, changed: self.changed.clone() }
    }
}

impl Allowed {
    /// The classes that may be shown or written.
    pub fn classes(&self) -> ClassSet {
        self.classes
    }

    /// The classes that exist but stay masked.
    pub fn masked(&self) -> ClassSet {
        self.masked
    }

    /// Names the records in the event.
    pub fn naming(mut self, records: impl IntoIterator<Item = RecordKey>) -> Self {
        self.details.records.extend(records);
        self
    }

    /// Puts search terms into the event, as keyed tokens: never as text.
    pub fn with_tokens(mut self, tokens: &[u8]) -> Self {
        self.details.tokens.extend_from_slice(tokens);
        self
    }

    /// Names the change that is about to be written, and the elements it touches: names, never values.
    pub fn for_change(mut self, change: ChangeId, changed: impl IntoIterator<Item = String>) -> Self {
        self.details.change = Some(change);
        self.details.changed.extend(changed);
        self
    }
}

/// Decides. A patient of another practice is not found, always; what no row of the table allows is refused.
///
/// # Errors
/// A [`Denied`] with the reason; its caller records it.
pub fn decide(
    rights: &Rights,
    actor: &Actor,
    action: Action,
    facts: &Facts,
    now: Timestamp,
) -> Result<Allowed, Denied> {
    let denied = |reason| Denied { actor: actor.clone(), action, patient: facts.patient.clone(), reason };
    if facts.practice != actor.practice {
        return Err(denied(DeniedReason::NotFound));
    }
    if action == Action::OpenChart && facts.patient.is_none() {
        return Err(denied(DeniedReason::NotFound));
    }
    if action.is_function() && !actor.roles.iter().any(|role| rights.has_function(*role, action)) {
        return Err(denied(DeniedReason::NotYourRole));
    }
    let (classes, masked) = match action {
        Action::OpenChart => open_chart(rights, actor, facts, now).map_err(denied)?,
        Action::Read => some_of(rights, actor, facts, now).map_err(denied)?,
        Action::Create | Action::Update | Action::Sign | Action::Delete | Action::Print | Action::Export => {
            (all_of(rights, actor, action, facts, now).map_err(denied)?, ClassSet::EMPTY)
        }
        Action::Search | Action::ViewSchedule => (listed(rights, actor), ClassSet::EMPTY),
        Action::Replicate => (of_drawers(actor), ClassSet::EMPTY),
        Action::Import
        | Action::ReadAudit
        | Action::ReadOwnAudit
        | Action::ExportAudit
        | Action::ReadAlerts
        | Action::CloseAlerts
        | Action::ManagePeople
        | Action::ManageDevices => (ClassSet::EMPTY, ClassSet::EMPTY),
    };
    Ok(Allowed {
        actor: actor.clone(),
        action,
        patient: facts.patient.clone(),
        stated: match facts.relation {
            Relation::Stated(reason) => Some(reason),
            Relation::None | Relation::Care { .. } | Relation::Author => None,
        },
        classes,
        masked,
        scope: row_scope(rights, actor, action),
        details: Details::default(),
    })
}

/// How one class answers one action: open, or what would open it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Open,
    Ask,
    BreakGlass,
    Closed,
}

/// A chart opens when the class that says whose it is opens; the rest is readable or masked class by class. A
/// missing relation is asked for before anything is shown, so that a clinician does not work on half a chart.
fn open_chart(
    rights: &Rights,
    actor: &Actor,
    facts: &Facts,
    now: Timestamp,
) -> Result<(ClassSet, ClassSet), DeniedReason> {
    if facts.vip && !actor.purpose.is_emergency() && !related(facts, now) && reads_clinical(rights, actor) {
        return Err(DeniedReason::NeedsBreakGlass);
    }
    let mut readable: ClassSet = [DataClass::Demographics, DataClass::Directory]
        .into_iter()
        .filter(|class| answer(rights, actor, Action::Read, *class, facts, now) == Answer::Open)
        .collect();
    if !readable.contains(DataClass::Demographics) {
        return Err(DeniedReason::NotYourRole);
    }
    let mut masked = ClassSet::EMPTY;
    for class in facts.classes.iter().copied() {
        match answer(rights, actor, Action::Read, class, facts, now) {
            Answer::Open => readable.insert(class),
            Answer::Ask => return Err(DeniedReason::NeedsReason),
            Answer::BreakGlass | Answer::Closed => masked.insert(class),
        }
    }
    Ok((readable, masked))
}

fn some_of(
    rights: &Rights,
    actor: &Actor,
    facts: &Facts,
    now: Timestamp,
) -> Result<(ClassSet, ClassSet), DeniedReason> {
    let answers = || facts.classes.iter().map(|c| (*c, answer(rights, actor, Action::Read, *c, facts, now)));
    let readable: ClassSet = answers().filter(|(_, a)| *a == Answer::Open).map(|(c, _)| c).collect();
    let masked: ClassSet = answers().filter(|(_, a)| *a != Answer::Open).map(|(c, _)| c).collect();
    if readable.is_empty() {
        let best = answers().map(|(_, a)| a).min().unwrap_or(Answer::Closed);
        return Err(refusal(best));
    }
    Ok((readable, masked))
}

fn all_of(
    rights: &Rights,
    actor: &Actor,
    action: Action,
    facts: &Facts,
    now: Timestamp,
) -> Result<ClassSet, DeniedReason> {
    let worst = facts.classes.iter().map(|c| answer(rights, actor, action, *c, facts, now)).max();
    match worst.unwrap_or(Answer::Closed) {
        Answer::Open => Ok(facts.classes.iter().copied().collect()),
        refused @ (Answer::Ask | Answer::BreakGlass | Answer::Closed) => Err(refusal(refused)),
    }
}

fn refusal(answer: Answer) -> DeniedReason {
    match answer {
        Answer::Ask => DeniedReason::NeedsReason,
        Answer::BreakGlass => DeniedReason::NeedsBreakGlass,
        Answer::Open | Answer::Closed => DeniedReason::NotYourRole,
    }
}

/// The most that any of the actor's roles gives.
fn answer(
    rights: &Rights,
    actor: &Actor,
    action: Action,
    class: DataClass,
    facts: &Facts,
    now: Timestamp,
) -> Answer {
    let rows = actor.roles.iter().filter_map(|role| rights.row(*role, class));
    rows.filter(|row| row.may.contains(&action))
        .map(|row| match row.reach {
            Reach::Practice => Answer::Open,
            Reach::Author if facts.relation == Relation::Author => Answer::Open,
            Reach::Author => Answer::Closed,
            Reach::Own => without_relation(row.otherwise, actor, facts, now),
        })
        .min()
        .unwrap_or(Answer::Closed)
}

fn without_relation(otherwise: Otherwise, actor: &Actor, facts: &Facts, now: Timestamp) -> Answer {
    match (facts.relation, otherwise) {
        (Relation::Author, _) => Answer::Open,
        (Relation::Care { until }, _) if until > now => Answer::Open,
        (Relation::Stated(_), Otherwise::Ask) => Answer::Open,
        (_, Otherwise::Ask | Otherwise::BreakGlass) if actor.purpose.is_emergency() => Answer::Open,
        (_, Otherwise::Ask) => Answer::Ask,
        (_, Otherwise::BreakGlass) => Answer::BreakGlass,
        (_, Otherwise::Hidden) => Answer::Closed,
    }
}

fn related(facts: &Facts, now: Timestamp) -> bool {
    match facts.relation {
        Relation::Care { until } => until > now,
        Relation::Author => true,
        Relation::None | Relation::Stated(_) => false,
    }
}

fn reads_clinical(rights: &Rights, actor: &Actor) -> bool {
    let clinical = |role| rights.row(role, DataClass::ClinicalSummary).is_some();
    actor.roles.iter().any(|role| clinical(*role))
}

/// What a list of patients or appointments may be made of.
fn listed(rights: &Rights, actor: &Actor) -> ClassSet {
    let lists = [DataClass::Demographics, DataClass::Scheduling, DataClass::Directory];
    let reads = |class: &DataClass| {
        let rows = actor.roles.iter().filter_map(|role| rights.row(*role, *class));
        rows.into_iter().any(|row| row.may.contains(&Action::Read))
    };
    lists.into_iter().filter(reads).collect()
}

fn of_drawers(actor: &Actor) -> ClassSet {
    let drawers = actor.drawers();
    DataClass::ALL.into_iter().filter(|class| drawers.contains(&class.drawer())).collect()
}
