//! From "who it is" to an open vault: grants, the event, the drawers, the mailbox.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use keys::blob::{self, BlobKey};
use keys::reentry::ReentryContents;
use keys::reentry::by_key::KeyShare;
use keys::slot::{Anchor, KeyAnswer, OpenedSlot, PassphraseShare};
use keys::{AgreementSecret, Random, SigningKey};
use records::event::{AuditEvent, SignIn};
use records::id::{PersonId, SessionId};
use records::{Actor, Purpose};
use vault::{Drafts, OpenGrant};

use super::online::LetIn;
use super::refresh::{self, NewlyMade};
use super::tries;
use crate::client_state::Profile;
use crate::mailbox::Ticket;
use crate::session::{OpenSession, Seals, SessionParts, anchors_in_slot, person_view};
use crate::station::{SignedIn, Span, Station, ToPark};
use crate::syncing::Told;
use crate::view::{OpenedView, Place};
use crate::{ClientError, Code, recovery};

/// Somebody who has proven who they are.
pub(super) struct Entry {
    person: PersonId,
    profile: Profile,
    signing: SigningKey,
    agreement: AgreementSecret,
    share: PassphraseShare,
    /// What the security key left that was touched at the full sign-in.
    by_key: Option<KeyShare>,
    way: Way,
}

/// What let them in.
enum Way {
    /// The slot, which is to be refreshed.
    Slot(Box<OpenedSlot>),
    /// A security key's slot, which is to be refreshed with the key's answer to the next salt.
    Key(Box<OpenedSlot>, KeyAnswer),
    /// A recovery slot, which is used up.
    Recovery(Box<OpenedSlot>, SignIn),
    /// The server, and the new slot that was made.
    Server(Box<sync::wire::SignedIn>, Box<NewlyMade>),
    /// What was parked: since when one factor is enough, and how far the drawers had come.
    Back(Span, BTreeMap<String, Anchor>),
}

/// What a parked person's passphrase or security key opened.
pub(super) struct Back {
    pub(super) contents: ReentryContents,
    pub(super) share: PassphraseShare,
    pub(super) span: Span,
    pub(super) by_key: Option<KeyShare>,
}

impl Entry {
    /// By the slot. `None` when what else an unlock needs is not on this workstation.
    pub(super) fn offline(station: &Station, opened: Box<OpenedSlot>) -> Result<Option<Self>, ClientError> {
        let person = PersonId::from_uuid(opened.contents.person);
        let (signing, agreement) =
            (opened.contents.signing.duplicate(), opened.contents.agreement.duplicate());
        let profile = station.state().profile(person, &draft_key(person, &agreement));
        Ok(profile.map(|profile| Self {
            person,
            profile,
            signing,
            agreement,
            share: opened.passphrase_share(),
            by_key: None,
            way: Way::Slot(opened),
        }))
    }

    /// By a recovery slot. `None` as in [`Entry::offline`].
    pub(super) fn recovered(
        station: &Station,
        opened: Box<OpenedSlot>,
        how: SignIn,
    ) -> Result<Option<Self>, ClientError> {
        let entry = Self::offline(station, opened)?;
        Ok(entry.map(|entry| entry.by_way_of(|opened| Way::Recovery(opened, how))))
    }

    /// By a security key's slot, with the key's answer to the next salt. `None` as in [`Entry::offline`].
    pub(super) fn by_key(
        station: &Station,
        opened: Box<OpenedSlot>,
        next: KeyAnswer,
    ) -> Result<Option<Self>, ClientError> {
        let by_key = KeyShare::of(&opened, &next, &mut Random::from_os());
        let entry = Self::offline(station, opened)?;
        Ok(entry.map(|entry| Self { by_key, ..entry.by_way_of(|opened| Way::Key(opened, next)) }))
    }

    fn by_way_of(self, way: impl FnOnce(Box<OpenedSlot>) -> Way) -> Self {
        match self.way {
            Way::Slot(opened) => Self { way: way(opened), ..self },
            Way::Key(..) | Way::Recovery(..) | Way::Server(..) | Way::Back(..) => self,
        }
    }

    /// By what was parked. `None` when the person has no profile here any more.
    pub(super) fn back(station: &Station, back: Back) -> Option<Self> {
        let Back { contents, share, span, by_key } = back;
        let person = PersonId::from_uuid(contents.person);
        let profile = station.state().profile(person, &draft_key(person, &contents.agreement))?;
        let ReentryContents { signing, agreement, anchors, .. } = contents;
        Some(Self { person, profile, signing, agreement, share, by_key, way: Way::Back(span, anchors) })
    }

    /// By the server.
    pub(super) fn online(let_in: LetIn) -> Self {
        let LetIn { keys, person, profile, answer, made } = let_in;
        let share = made.share.duplicate();
        Self {
            person,
            profile,
            signing: keys.signing,
            agreement: keys.agreement,
            share,
            by_key: None,
            way: Way::Server(Box::new(answer), Box::new(made)),
        }
    }
}

impl Way {
    fn word(&self) -> SignIn {
        match self {
            Self::Slot(_) => SignIn::Offline,
            Self::Key(..) => SignIn::SecurityKey,
            Self::Recovery(_, how) => *how,
            Self::Server(..) => SignIn::Online,
            Self::Back(..) => SignIn::ReEntry,
        }
    }

    /// The hours that this sign-in gives, or goes on with.
    fn span(&self, station: &Station) -> Span {
        match self {
            Self::Slot(_) | Self::Key(..) | Self::Recovery(..) | Self::Server(..) => station.reentry_span(),
            Self::Back(span, _) => *span,
        }
    }

    /// Whether a one-time code took part.
    fn is_by_code(&self) -> bool {
        match self {
            Self::Slot(_) | Self::Server(..) => true,
            Self::Key(..) | Self::Recovery(..) | Self::Back(..) => false,
        }
    }
}

/// Opens the vault for somebody. The event of the sign-in is durable before anything is shown.
pub(super) fn enter(
    station: &Arc<Station>,
    ticket: Ticket,
    entry: Entry,
    name: [u8; 16],
    failures: &vault::Throttle,
) -> Result<OpenedView, ClientError> {
    let Entry { person, profile, signing, agreement, share, by_key, way } = entry;
    let actor = actor(station, person, &profile);
    station.record(&[AuditEvent::signed_in(station.stamp(), &actor, &profile.name, way.word())])?;
    let grants = open_grants(station, person, &agreement)?;
    station.device().note_signing_key(person, signing.verifying_key().to_bytes())?;
    let key = draft_key(person, &agreement);
    let last_sign_in = note(station, person, &profile, &key)?;
    tries::note_success(station, name, failures)?;
    let view = person_view(&profile);
    let wants_key = station.wants_key(&profile.roles);
    let signed_in =
        SignedIn { actor: actor.clone(), view: view.clone(), key_due: wants_key && way.is_by_code() };
    let to_park = ToPark {
        person,
        name,
        shown: (view.name.clone(), view.role_title.clone()),
        keys: (signing.duplicate(), agreement.duplicate()),
        share,
        by_key,
        span: way.span(station),
        anchors: Arc::default(),
    };
    let drafts = Drafts::open(station.device().folder(), person, key)?;
    let recovered = station.store().open(grants, station.now())?;
    let trust = station.trust();
    let session = OpenSession::new(SessionParts {
        actor,
        profile,
        signing,
        drafts,
        seals: Seals { server: trust.sealing_key(), recovery: trust.recovery_key() },
        store: station.store().clone(),
        clock: station.clock().clone(),
    });
    let place = open_mailbox(station, ticket, session, signed_in, to_park)?;
    let online = matches!(way, Way::Server(..));
    let recovery_codes_left = match &way {
        Way::Recovery(..) => Some(recovery::left(station, person)?),
        Way::Slot(_) | Way::Key(..) | Way::Server(..) | Way::Back(..) => None,
    };
    station.send(recovered);
    settle(station, person, way, wants_key);
    station.compare_with_last_note();
    station.note_anchors();
    station.count_rows();
    station.compare_charts();
    station.driver().tell(Told::Opened);
    station.carry_out_orders();
    station.state_changed();
    Ok(OpenedView {
        person: view,
        place,
        last_sign_in: last_sign_in.map(|at| station.minute(at)),
        failures_since: failures.failures,
        online,
        first_time: online && last_sign_in.is_none(),
        recovery_codes_left,
    })
}

/// What is left to do behind the first screen.
fn settle(station: &Arc<Station>, person: PersonId, way: Way, wants_key: bool) {
    match way {
        Way::Slot(opened) => {
            station.note_step_to_tell(person, opened.step);
            station.compare_drawers(anchors_in_slot(&opened.contents.anchors));
            refresh::begin(station, opened);
        }
        Way::Key(opened, next) => {
            station.compare_drawers(anchors_in_slot(&opened.contents.anchors));
            if wants_key {
                // A key that has opened is one to rely on.
                station.end_codes(person);
            }
            refresh::begin_by_key(station, opened, next);
        }
        Way::Recovery(opened, _) => {
            station.compare_drawers(anchors_in_slot(&opened.contents.anchors));
            let share = opened.passphrase_share();
            refresh::prepare_for_telephone(
                station,
                NewlyMade { contents: opened.contents, share, slot: None },
            );
        }
        Way::Server(answer, made) => {
            station.keep_session_token(person, answer.session);
            refresh::prepare_for_telephone(station, *made);
        }
        Way::Back(_, anchors) => station.compare_drawers(anchors_in_slot(&anchors)),
    }
}

/// Hands the session over to the vault's thread. If a lock came meanwhile, the drawers are closed again.
fn open_mailbox(
    station: &Arc<Station>,
    ticket: Ticket,
    session: OpenSession,
    signed_in: SignedIn,
    to_park: ToPark,
) -> Result<Option<Place>, ClientError> {
    let place = session.place();
    let store = station.store().clone();
    let noted = to_park.anchors.clone();
    let leaving = move |session: OpenSession| {
        // Without them the next sign-in compares with what the slot knows.
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = session.anchors().unwrap_or_default();
        drop(session);
        store.close();
    };
    station.set_signed_in(Some(signed_in.clone()));
    station.parking().keep(to_park);
    if station.mailbox().open(ticket, session, leaving).is_err() {
        station.set_signed_in(None);
        station.parking().let_go();
        station.store().close();
        station.record(&[AuditEvent::locked(
            station.stamp(),
            &signed_in.actor,
            records::event::LockCause::Request,
        )])?;
        return Err(Code::Locked.into());
    }
    Ok(place)
}

fn actor(station: &Station, person: PersonId, profile: &Profile) -> Actor {
    let identity = station.identity();
    Actor {
        person,
        practice: identity.practice,
        roles: profile.roles.clone(),
        device: identity.device,
        session: SessionId::from_uuid(Random::from_os().uuid_v7(station.now())),
        purpose: profile.roles.first().map_or(Purpose::Operations, |role| Purpose::usual(*role)),
    }
}

/// The drawers' keys, out of the person's grants. One that does not open, or has run out, opens no drawer.
fn open_grants(
    station: &Station,
    person: PersonId,
    agreement: &AgreementSecret,
) -> Result<Vec<OpenGrant>, ClientError> {
    let trust = station.trust();
    let device = station.identity().device.uuid();
    let proven = station.proven_time().earliest(&station.reading());
    let mut grants: Vec<OpenGrant> = Vec::new();
    for stored in station.device().grants_of(person)? {
        // That it was issued proves that it had begun; when it ends is a matter of proven time, not of the date.
        let issued = keys::grant::verify(&stored.bytes, trust.rights_key()).map(|header| header.not_before);
        let now = proven.max(issued.ok()).unwrap_or_default();
        match keys::grant::open(&stored.bytes, trust.rights_key(), agreement, device, now) {
            // While a re-key is under way there are two generations: the vault knows which opens the file.
            Ok(body) => grants.push(OpenGrant { drawer: stored.drawer, keys: body.keys }),
            Err(refused) => {
                tracing::warn!(%refused, drawer = stored.drawer.as_str(), "a grant does not open")
            }
        }
    }
    Ok(grants)
}

/// Notes the sign-in and keeps the profile for the next one without the server.
fn note(
    station: &Station,
    person: PersonId,
    profile: &Profile,
    key: &BlobKey,
) -> Result<Option<jiff::Timestamp>, ClientError> {
    let (last, bytes) = {
        let mut state = station.state();
        state.keep_profile(person, profile, key, &mut Random::from_os());
        (state.note_sign_in(person, station.now()), state.to_bytes())
    };
    station.device().set(vault::Setting::Client, &bytes)?;
    Ok(last)
}

fn draft_key(person: PersonId, agreement: &AgreementSecret) -> BlobKey {
    blob::derive_draft_key(person.uuid(), agreement)
}
