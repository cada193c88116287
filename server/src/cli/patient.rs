//! The commands for legal holds and for erasing a patient.

use super::two_people::By;
use super::{Data, print, two_people};
use crate::erasing::{self, Erasure};
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{Act, ErasureReason};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use keys::erasure::{ErasedAt, ErasureCertificate, Fate};
use keys::trust::TrustBundle;
use records::id::PatientId;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum PatientCommand {
    /// Forbid that a patient is erased, until the hold is released. An erasure that waits for a second person is off.
    Hold {
        #[command(flatten)]
        data: Data,
        /// The patient's opaque id.
        #[arg(value_name = "ID")]
        id: PatientId,
        /// Why: a case number. Nothing of a record.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Release a legal hold.
    Release {
        #[command(flatten)]
        data: Data,
        /// The patient's opaque id.
        #[arg(value_name = "ID")]
        id: PatientId,
        #[command(flatten)]
        by: By,
    },
    /// List the legal holds.
    Holds {
        #[command(flatten)]
        data: Data,
    },
    /// Ask to erase a patient, here and on every workstation, for good. A second administrator has to agree.
    Erase {
        #[command(flatten)]
        data: Data,
        /// The patient's opaque id.
        #[arg(value_name = "ID")]
        id: PatientId,
        /// patient-request, retention-over, entered-in-error or legal-order.
        #[arg(long)]
        reason: ErasureReason,
        #[command(flatten)]
        by: By,
    },
    /// List the erasures, and the workstations that have not confirmed yet.
    Erasures {
        #[command(flatten)]
        data: Data,
    },
    /// Print the signed certificate of an erasure, with the trust bundle that it verifies against.
    Certificate {
        #[command(flatten)]
        data: Data,
        /// The patient's opaque id.
        #[arg(value_name = "ID")]
        id: PatientId,
    },
    /// Erase again who was erased before, after an older copy of the store was put back: before `serve`.
    Apply {
        #[command(flatten)]
        data: Data,
        /// What `patient certificate` printed, of every erasure.
        #[arg(required = true, value_name = "FILES")]
        certificates: Vec<PathBuf>,
    },
    /// Check the certificate of an erasure, on any computer and without the practice's data.
    Verify {
        /// What `patient certificate` printed.
        #[arg(value_name = "FILE")]
        certificate: PathBuf,
        /// The practice's root certificate: root.crt, from where the root is kept.
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
    },
}

pub(super) fn run(
    command: PatientCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        PatientCommand::Hold { data, id, reason, by } => {
            erasing::set_hold(&open(&data)?, &id, Some(&reason), &by.proof()?)?;
            print(&json!({ "patient": id, "held": true }))
        }
        PatientCommand::Release { data, id, by } => {
            erasing::set_hold(&open(&data)?, &id, None, &by.proof()?)?;
            print(&json!({ "patient": id, "held": false }))
        }
        PatientCommand::Holds { data } => {
            let holds = erasing::holds(&open(&data)?)?;
            let list: Vec<_> = holds
                .iter()
                .map(|hold| {
                    json!({ "patient": hold.patient, "reason": hold.reason, "set_by": hold.set.0, "set_at": hold.set.1 })
                })
                .collect();
            print(&list)
        }
        PatientCommand::Erase { data, id, reason, by } => {
            two_people::ask_for(&open(&data)?, Act::PatientErasure(id, reason), by)
        }
        PatientCommand::Erasures { data } => {
            let erasures = erasing::erasures(&open(&data)?)?;
            print(&erasures.iter().map(listed).collect::<Vec<_>>())
        }
        PatientCommand::Certificate { data, id } => certificate(&open(&data)?, &id),
        PatientCommand::Apply { data, certificates } => apply(&open(&data)?, &certificates),
        PatientCommand::Verify { certificate, root } => verify(&certificate, &root),
    }
}

fn listed(erasure: &Erasure) -> Value {
    let row = &erasure.row;
    json!({
        "erasure": row.number,
        "patient": row.patient,
        "reason": row.reason.as_str(),
        "asked_by": row.asked.0,
        "asked_at": row.asked.1,
        "agreed_by": row.agreed.0,
        "erased_at": row.agreed.1,
        "records": row.records,
        "workstations": erasure.workstations.len(),
        "outstanding": erasure.outstanding().map(|station| station.device).collect::<Vec<_>>(),
        "certified": row.certificate.is_some(),
    })
}

fn certificate(practice: &Practice, id: &PatientId) -> Result<(), Failure> {
    let Some(signed) = erasing::certificate(practice, id)? else {
        return Err(Failure::new(
            Kind::Incomplete,
            "There is no certificate yet: a workstation has not confirmed the erasure.",
            "See `patient erasures`: at each that is outstanding somebody who opens its drawers has to sign in; one that \
             is gone for good is revoked with `device revoke`.",
        ));
    };
    print(&json!({
        "patient": id,
        "certificate": STANDARD.encode(signed),
        "trust_bundle": practice.row.trust,
    }))
}

fn apply(practice: &Practice, files: &[PathBuf]) -> Result<(), Failure> {
    for file in files {
        print(&json!({ "file": file, "erased_again": erase_again(practice, file)? }))?;
    }
    Ok(())
}

/// Erases again whom a printed certificate names; false where the store knows of it.
pub(super) fn erase_again(practice: &Practice, file: &Path) -> Result<bool, Failure> {
    let printed = fs::read(file).map_err(|error| Failure::disk("The certificate cannot be read.", &error))?;
    let printed: Option<Value> = serde_json::from_slice(&printed).ok();
    let certificate = printed.as_ref().and_then(|printed| part(printed, "certificate"));
    erasing::apply(practice, &certificate.ok_or_else(erasing::not_verified)?)
}

/// One part of what was printed.
fn part(printed: &Value, name: &str) -> Option<Vec<u8>> {
    STANDARD.decode(printed.get(name)?.as_str()?).ok()
}

fn verify(file: &Path, root: &Path) -> Result<(), Failure> {
    let printed = fs::read(file).map_err(|error| Failure::disk("The certificate cannot be read.", &error))?;
    let root = fs::read(root).map_err(|error| Failure::disk("The root cannot be read.", &error))?;
    let certificate = checked(&printed, &root).ok_or_else(erasing::not_verified)?;
    let workstation = |station: &ErasedAt| {
        let fate = match station.fate {
            Fate::Confirmed => "confirmed",
            Fate::Retired => "retired",
        };
        json!({ "device_id": station.device.to_string(), "fate": fate, "at": station.at })
    };
    print(&json!({
        "ok": true,
        "erasure": certificate.number,
        "practice_id": certificate.practice.to_string(),
        "patient": certificate.patient,
        "reason": certificate.reason,
        "asked_by": certificate.asked.0.to_string(),
        "asked_at": certificate.asked.1,
        "agreed_by": certificate.agreed.0.to_string(),
        "erased_at": certificate.agreed.1,
        "issued_at": certificate.issued_at,
        "records": certificate.records,
        "versions": certificate.versions,
        "workstations": certificate.workstations.iter().map(workstation).collect::<Vec<_>>(),
        "destroyed": "every record at the server, and the data key that sealed them there and in what was copied without it",
        "kept": "audit events, which hold opaque ids only, and that changes were received, without what they said",
    }))
}

/// The root signed the trust bundle, and the key in the bundle the certificate.
fn checked(printed: &[u8], root: &[u8]) -> Option<ErasureCertificate> {
    let printed: Value = serde_json::from_slice(printed).ok()?;
    let (certificate, bundle) = (part(&printed, "certificate")?, part(&printed, "trust_bundle")?);
    let practice = TrustBundle::claimed_practice(&bundle).ok()?;
    let bundle = TrustBundle::verify(&bundle, root, practice, None).ok()?;
    ErasureCertificate::verify(&certificate, &bundle.directive_key, bundle.practice).ok()
}
