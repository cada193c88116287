//! One generation of a slot, whatever it opens with.

use super::file::{Header, Part, SlotKind, TableSpan};
use super::seal::{self, Factor};
use super::{
    KeyAnswer, KeyRequest, MadeSlot, NewSlot, PassphraseKey, PassphraseShare, SlotContents, SlotKey,
    SlotNotMade, derive_a,
};
use crate::Random;
use crate::recovery::RecoveryCode;
use crate::totp::CODES;

/// What a generation will open with.
pub(super) enum FirstFactor<'a> {
    Codes,
    RecoveryCode(&'a RecoveryCode),
    SecurityKey(&'a KeyRequest, &'a KeyAnswer),
}

pub(super) fn create_generation(
    new: &NewSlot<'_>,
    kind: SlotKind,
    span: TableSpan,
    factor: &FirstFactor<'_>,
    random: &mut Random,
) -> Result<MadeSlot, SlotNotMade> {
    new.cost.check()?;
    let header = Header {
        kind,
        slot: new.slot,
        person: new.contents.person,
        device: new.device,
        generation: 1,
        cost: new.cost,
        slot_salt: random.bytes(),
        generation_salt: random.bytes(),
        span,
    };
    let a_key = derive_a(new.passphrase, &header).ok_or(SlotNotMade::OutOfMemory)?;
    seal_generation(&header, new.contents, &a_key, factor, random)
}

/// Draws the keyring half, and what the kind needs, and seals the contents.
pub(super) fn seal_generation(
    header: &Header,
    contents: &SlotContents,
    a_key: &PassphraseKey,
    factor: &FirstFactor<'_>,
    random: &mut Random,
) -> Result<MadeSlot, SlotNotMade> {
    header.cost.check()?;
    contents.check()?;
    let k_slot = SlotKey::make(random);
    // Drawn for every kind, so that the frozen vectors of each stay what they are.
    let target = random.below(CODES);
    let seal = |part: &Part<'_>, factor: &Factor<'_>, random: &mut Random| {
        seal::seal(header, part, contents, a_key, &k_slot, factor, random).ok_or(SlotNotMade::OutOfMemory)
    };
    let file = match factor {
        FirstFactor::Codes => {
            let mask_key = seal::derive_mask_key(a_key, &k_slot, header);
            let table = seal::mask_table(target, &contents.totp_seed, &mask_key, header.span);
            seal(&Part::Table(&table), &Factor::Target(target), random)?
        }
        FirstFactor::RecoveryCode(code) => seal(&Part::Nothing, &Factor::RecoveryCode(code), random)?,
        FirstFactor::SecurityKey(request, answer) => {
            seal(&Part::Request(request), &Factor::KeyAnswer(answer), random)?
        }
    };
    Ok(MadeSlot { file, k_slot, generation: header.generation, share: PassphraseShare::of(a_key, header) })
}
