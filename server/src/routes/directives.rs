//! Policy, directives and receipts; recovery codes for the telephone; a new certificate where the present one ends soon.

use crate::answer::{Answer, Refusal, json};
use crate::audit_intake::receipt;
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::people::policy_in;
use crate::practice::Practice;
use crate::releasing;
use crate::store::{self, DirectiveRow, StoreError, Transaction};
use crate::{directing, erasing, workstations};
use axum::extract::State;
use jiff::Timestamp;
use keys::{Random, certificate};
use sync::wire::{Base64Bytes, Directive, DirectivesRequest, DirectivesResponse, ProblemCode, Renewal};

/// The longest name of a program version that is kept, in characters.
const LONGEST_PROGRAM: usize = 40;

/// `POST /v1/directives`.
pub(crate) async fn directives(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<DirectivesRequest, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        erasing::settle(&practice)?;
        store::write(practice.store.as_ref(), |tx| collect(&practice, tx, &workstation, &request, now))
    })
    .await?;
    json(&answer)
}

fn collect(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    request: &DirectivesRequest,
    now: Timestamp,
) -> Result<DirectivesResponse, Refusal> {
    let id = workstation.id();
    let program: String = request.program.chars().filter(|c| !c.is_control()).take(LONGEST_PROGRAM).collect();
    let before = tx.device(id)?.map_or(0, |row| row.directives_done);
    directing::note_done(practice, tx, id, (before, request.done), now)?;
    workstations::note_standings(practice, tx, id, &request.prepared_slots, now)?;
    workstations::note_steps(practice, tx, id, &request.used_steps, now)?;
    tx.touch_device(id, &program, request.done, now)?;
    let policy = policy_in(tx)?;
    directing::re_key_by_calendar(practice, tx, id, policy.rekey_days, now)?;
    let given = tx.directives(id, request.done.max(workstation.row.directives_since))?;
    let log = workstation.row.log.map(|log| tx.log(log)).transpose()?.flatten();
    let renewal = request.renewal_csr_pem.as_deref().map(|csr| renew(practice, tx, workstation, csr, now));
    Ok(DirectivesResponse {
        now,
        policy,
        directives: given.into_iter().map(directive).collect::<Result<_, _>>()?,
        log: log.as_ref().map(receipt),
        trust_bundle: (request.trust_bundle < practice.row.trust_number).then(|| practice.row.trust.clone()),
        renewal: renewal.transpose()?,
        recovery_codes_held: releasing::take_in(practice, tx, id, &request.recovery_codes, now)?,
        recovery_codes_released: tx.released_recovery_codes(id)?,
        prepared_slots: workstations::waiting(tx, id)?,
    })
}

fn directive(row: DirectiveRow) -> Result<Directive, StoreError> {
    Ok(Directive {
        number: row.number,
        issued_at: row.issued_at,
        order: directing::read_order(&row)?,
        signature: Base64Bytes(row.signature.to_vec()),
    })
}

fn renew(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    csr: &str,
    now: Timestamp,
) -> Result<Renewal, Refusal> {
    let id = workstation.id();
    let made = practice.keys.issuing.issue_client(csr, id.uuid(), now, &mut Random::from_os());
    let made = made.map_err(|_| ProblemCode::Malformed)?;
    tx.begin_renewal(id, &certificate::fingerprint(&made))?;
    Ok(Renewal { certificate_pem: certificate::to_pem(&[&made]), chain_pem: practice.keys.chain_pem() })
}
