//! Inbox pages: history of one drawer for a workstation where nobody who can open the drawer is there. Sealed to the drawer,
//! so that the workstation without a person reads nothing; signed by the server.
//!
//! ```text
//! "CKip" 01 · practice 16 · device 16 · drawer (u16 + text) · generation u32 · from u64 · to u64 · more u8
//! · made at i64 ms · parcel for the drawer's inbox key (u32 + bytes) · signature 64
//! ```
//! The parcel's context is everything before its length. `from` and `to` are places in the server's sequence: a page fits
//! where the one before it ended, and nowhere else. The signature is of the directive key and covers everything before it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::layout::{Format, Reader, Writer};
use crate::{
    AgreementPublic, AgreementSecret, BadPublicKey, Parcel, Purpose, Random, SecretBytes, Signature,
    SigningKey, Unreadable, VerifyingKey,
};

const FORMAT: Format = Format { magic: *b"CKip", version: 1 };
const DRAWER_NAME_LIMIT: usize = 64;
/// The largest Bundle in a page, in bytes.
const BUNDLE_LIMIT: usize = 64 << 20;

/// What a page says in the open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageHeader {
    /// The practice.
    pub practice: Uuid,
    /// The workstation it is for.
    pub device: Uuid,
    /// The drawer, by name; at most 64 bytes.
    pub drawer: String,
    /// The generation of the drawer's keys that it is sealed to.
    pub generation: u32,
    /// Where in the server's sequence it begins: everything up to and with this came before it.
    pub from: u64,
    /// Where it ends: the next page begins there.
    pub to: u64,
    /// Whether more was known to follow.
    pub more: bool,
    /// When the server made it (to the millisecond): what the drawer holds then is as of that time.
    pub made_at: Timestamp,
}

/// A page cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageNotSealed {
    /// The drawer's name is longer than 64 bytes, the page leads nowhere, or it is too large.
    #[error("the page contradicts itself")]
    Contradiction,
    /// The drawer's key is not usable.
    #[error(transparent)]
    BadPublicKey(#[from] BadPublicKey),
}

/// A page is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageRefused {
    /// Not readable as a page.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The practice's server did not make it.
    #[error("the server did not make this page")]
    BadSignature,
    /// Sealed to another drawer, or to other keys of it.
    #[error("the page is for another drawer")]
    OtherDrawer,
}

/// Seals a page to a drawer and signs it.
///
/// # Errors
/// [`PageNotSealed`].
pub fn seal(
    header: &PageHeader,
    bundle: &[u8],
    inbox_key: &AgreementPublic,
    directive_key: &SigningKey,
    random: &mut Random,
) -> Result<Vec<u8>, PageNotSealed> {
    let coherent = header.drawer.len() <= DRAWER_NAME_LIMIT && header.from < header.to;
    if !coherent || bundle.len() > BUNDLE_LIMIT {
        return Err(PageNotSealed::Contradiction);
    }
    let writer = Writer::begin(&FORMAT, 400 + bundle.len())
        .uuid(header.practice)
        .uuid(header.device)
        .text(&header.drawer)
        .u32(header.generation)
        .u64(header.from)
        .u64(header.to)
        .u8(header.more.into())
        .time(header.made_at);
    let sealed = inbox_key.seal(Parcel::InboxPage, writer.written(), bundle, random)?;
    let writer = writer.bytes(&sealed);
    let signature = directive_key.sign(Purpose::InboxPage, writer.written());
    Ok(writer.raw(&signature.to_bytes()).into_vec())
}

/// Checks who made a page, and what it says in the open; needs no secret, so it works while the drawer is shut.
///
/// # Errors
/// [`PageRefused::Unreadable`] or [`PageRefused::BadSignature`].
pub fn verify(bytes: &[u8], directive_key: &VerifyingKey) -> Result<PageHeader, PageRefused> {
    Ok(parse(bytes, directive_key)?.header)
}

/// Opens a page with the drawer's inbox key ([`crate::row::derive_inbox_key`]); what is in it is a FHIR history Bundle.
///
/// # Errors
/// [`PageRefused`].
pub fn open(
    bytes: &[u8],
    directive_key: &VerifyingKey,
    inbox_secret: &AgreementSecret,
) -> Result<(PageHeader, SecretBytes), PageRefused> {
    let Parsed { header, before_seal, sealed } = parse(bytes, directive_key)?;
    let opened = inbox_secret.open(Parcel::InboxPage, before_seal, sealed);
    Ok((header, opened.map_err(|_| PageRefused::OtherDrawer)?))
}

struct Parsed<'a> {
    header: PageHeader,
    before_seal: &'a [u8],
    sealed: &'a [u8],
}

/// Takes a page apart; nothing of it comes out before the signature has verified.
fn parse<'a>(bytes: &'a [u8], directive_key: &VerifyingKey) -> Result<Parsed<'a>, PageRefused> {
    let mut reader = Reader::begin(bytes, &FORMAT)?;
    let header = PageHeader {
        practice: reader.uuid()?,
        device: reader.uuid()?,
        drawer: reader.text(DRAWER_NAME_LIMIT)?.to_owned(),
        generation: reader.u32()?,
        from: reader.u64()?,
        to: reader.u64()?,
        more: match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(Unreadable::Damaged.into()),
        },
        made_at: reader.time()?,
    };
    if header.from >= header.to {
        return Err(Unreadable::Damaged.into());
    }
    let before_seal = reader.read_so_far();
    let sealed = reader.bytes()?;
    let signed = reader.read_so_far();
    let signature = Signature::from_bytes(reader.array()?);
    reader.finish()?;
    directive_key.verify(Purpose::InboxPage, signed, &signature).map_err(|_| PageRefused::BadSignature)?;
    Ok(Parsed { header, before_seal, sealed })
}
