//! Policy, directives and receipts; recovery codes for the telephone; a new certificate where the present one ends soon.

use crate::answer::{Answer, Refusal, json};
use crate::audit_intake::receipt;
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::people::policy_in;
use crate::practice::Practice;
use crate::recovering;
use crate::releasing;
use crate::store::{self, DirectiveRow, ReportRow, StoreError, Transaction};
use crate::{certifying, directing, erasing, workstations};
use axum::extract::State;
use jiff::Timestamp;
use sync::wire::{Base64Bytes, Directive, DirectivesRequest, DirectivesResponse};

/// The longest name of a program version or an operating system that is kept, in characters.
const LONGEST_NAME: usize = 60;

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
    let before = tx.device(id)?.map_or(0, |row| row.directives_done);
    directing::note_done(practice, tx, id, (before, request.done), now)?;
    recovering::replace_unknown_keys(practice, tx, id, request.done, now)?;
    workstations::note_standings(practice, tx, id, &request.prepared_slots, now)?;
    workstations::note_steps(practice, tx, id, &request.used_steps, now)?;
    tx.touch_device(id, &report(request, &workstation.row.report), request.done, now)?;
    let policy = policy_in(tx)?;
    directing::re_key_by_calendar(practice, tx, id, policy.rekey_days, now)?;
    let given = tx.directives(id, request.done.max(workstation.row.directives_since))?;
    let log = workstation.row.log.map(|log| tx.log(log)).transpose()?.flatten();
    let renewal = request.renewal_csr_pem.as_deref().map(|csr| certifying::issue(practice, tx, id, csr, now));
    // As the store has it now: it may be newer than this server's start.
    let kept = tx.practice()?;
    Ok(DirectivesResponse {
        now,
        policy,
        directives: given.into_iter().map(directive).collect::<Result<_, _>>()?,
        backed_up_until: recovering::held_until(tx, id, request.done)?,
        log: log.and_then(|log| receipt(practice, &log, now)),
        trust_bundle: (request.trust_bundle < kept.trust_number).then_some(kept.trust),
        renewal: renewal.transpose()?,
        recovery_codes_held: releasing::take_in(practice, tx, id, &request.recovery_codes, now)?,
        recovery_codes_released: tx.released_recovery_codes(id)?,
        prepared_slots: workstations::waiting(tx, id)?,
    })
}

/// What the workstation says of itself; what it leaves out stays as it was said last.
fn report(request: &DirectivesRequest, before: &ReportRow) -> ReportRow {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect::<String>();
    let program = plain(&request.program);
    match &request.machine {
        None => ReportRow { program, ..before.clone() },
        Some(machine) => ReportRow {
            program,
            system: plain(&machine.system),
            disk: machine.disk.as_str().to_owned(),
            swap: machine.swap.as_str().to_owned(),
            unsent_changes: machine.unsent_changes,
            unsent_events: machine.unsent_events,
        },
    }
}

fn directive(row: DirectiveRow) -> Result<Directive, StoreError> {
    Ok(Directive {
        number: row.number,
        issued_at: row.issued_at,
        order: directing::read_order(&row)?,
        signature: Base64Bytes(row.signature.to_vec()),
    })
}
