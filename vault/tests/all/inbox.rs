//! Pages for drawers that are shut: kept, opened with the drawer, and asked for again where they are not what they should be.

use std::fs;

use keys::inbox::{PageHeader, seal};
use keys::row::derive_inbox_key;
use keys::{DrawerKeys, Random, SigningKey, VerifyingKey};
use records::rights::Permit;
use records::{Drawer, Role};
use vault::{INBOX_LIMIT, InboxError, OpenGrant, Page, Vault, WaitingPage};

use crate::clinic::{Clinic, heart_rate, id, now, upsert};

fn server() -> SigningKey {
    SigningKey::make(&mut Random::from_seed([41; 32]))
}

fn server_key() -> VerifyingKey {
    server().verifying_key()
}

fn waiting(from: u64, to: u64) -> WaitingPage {
    WaitingPage { drawer: Drawer::Clinical, from, to }
}

fn header(clinic: &Clinic, page: &WaitingPage) -> PageHeader {
    PageHeader {
        practice: clinic.identity.practice.uuid(),
        device: clinic.identity.device.uuid(),
        drawer: page.drawer.as_str().to_owned(),
        generation: clinic.keys[&page.drawer].generation,
        from: page.from,
        to: page.to,
        more: false,
        made_at: now(),
    }
}

fn sealed(header: &PageHeader, keys: &DrawerKeys, by: &SigningKey) -> Vec<u8> {
    let key = derive_inbox_key(&keys.field).public();
    seal(header, b"history", &key, by, &mut Random::from_seed([42; 32])).unwrap()
}

/// A genuine page.
fn genuine(clinic: &Clinic, page: &WaitingPage) -> Vec<u8> {
    sealed(&header(clinic, page), &clinic.keys[&page.drawer], &server())
}

fn open(vault: &mut Vault, permit: &Permit, page: &WaitingPage) -> Result<Vec<u8>, InboxError> {
    vault.open_page(permit, page, &server_key()).map(|opened| opened.bundle.expose().to_vec())
}

#[test]
fn a_page_is_kept_with_everything_shut_and_opened_with_its_drawer() {
    let mut clinic = Clinic::new();
    let vault = clinic.open_all();
    let mut device = vault.close();
    let pages = [waiting(9, 12), waiting(0, 9)];
    for page in &pages {
        device.keep_page(page, &genuine(&clinic, page)).unwrap();
    }
    // What a power cut left, and what is of nobody.
    let inbox = clinic.folder().inbox();
    for name in ["clinical.12.14.page.new", "clinical.012.14.page", "attic.1.2.page", "clinical.1.page"] {
        fs::write(inbox.join(name), b"half").unwrap();
    }
    drop(device);
    assert_eq!(clinic.device().waiting_pages().unwrap(), [waiting(0, 9), waiting(9, 12)], "in their order");

    let mut vault = clinic.reopen();
    let permit = clinic.replicate(&mut vault);
    assert_eq!(open(&mut vault, &permit, &pages[0]).unwrap(), b"history");
    vault.device_mut().remove_page(&pages[0]).unwrap();
    assert_eq!(vault.device().waiting_pages().unwrap(), [waiting(0, 9)]);
    vault.device_mut().remove_pages(|drawer| drawer == Drawer::Clinical).unwrap();
    let left: Vec<_> = fs::read_dir(&inbox).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["attic.1.2.page"], "halves of pages go too");
}

#[test]
fn a_page_that_is_not_what_its_name_says_or_not_the_servers_is_damaged() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let permit = clinic.replicate(&mut vault);
    let page = waiting(3, 8);
    let good = header(&clinic, &page);
    let keys = clinic.keys[&Drawer::Clinical].duplicate();
    let stranger = SigningKey::make(&mut Random::from_seed([43; 32]));
    let mut bent = genuine(&clinic, &page);
    bent[150] ^= 1;
    let cut = genuine(&clinic, &page)[..100].to_vec();
    let wrong = [
        bent,
        cut,
        Vec::new(),
        sealed(&good, &keys, &stranger),
        sealed(&PageHeader { from: 2, ..good.clone() }, &keys, &server()),
        sealed(&PageHeader { to: 9, ..good.clone() }, &keys, &server()),
        sealed(&PageHeader { drawer: "billing".to_owned(), ..good.clone() }, &keys, &server()),
        sealed(&PageHeader { device: id(77), ..good.clone() }, &keys, &server()),
        sealed(&PageHeader { practice: id(77), ..good.clone() }, &keys, &server()),
        sealed(&PageHeader { generation: 0, ..good.clone() }, &keys, &server()),
        sealed(&good, &clinic.keys[&Drawer::Billing], &server()),
    ];
    for (nth, bytes) in wrong.iter().enumerate() {
        vault.device_mut().keep_page(&page, bytes).unwrap();
        let refused = open(&mut vault, &permit, &page);
        assert!(matches!(refused, Err(InboxError::Damaged)), "{nth}: {refused:?}");
    }
    let gone = waiting(8, 9);
    assert!(matches!(open(&mut vault, &permit, &gone), Err(InboxError::Damaged)));
    vault.device_mut().keep_page(&page, &genuine(&clinic, &page)).unwrap();
    assert_eq!(open(&mut vault, &permit, &page).unwrap(), b"history");
}

#[test]
fn a_page_of_newer_keys_waits_for_them_and_opens_once_they_are_here() {
    let mut clinic = Clinic::new();
    let vault = clinic.open_all();
    let newer = DrawerKeys::make(2, &mut clinic.random);
    let page = waiting(0, 4);
    let made = sealed(&PageHeader { generation: 2, ..header(&clinic, &page) }, &newer, &server());
    let mut device = vault.close();
    device.keep_page(&page, &made).unwrap();
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    let permit = clinic.replicate(&mut vault);
    assert!(matches!(open(&mut vault, &permit, &page), Err(InboxError::OtherKeys)));

    let device = vault.close();
    let mut grants = clinic.grants(&Drawer::ALL);
    grants.push(OpenGrant { drawer: Drawer::Clinical, keys: newer });
    let mut vault = Vault::open(device, grants, Random::from_seed([9; 32]), now()).unwrap();
    let permit = clinic.replicate(&mut vault);
    assert_eq!(open(&mut vault, &permit, &page).unwrap(), b"history");
}

#[test]
fn nobody_opens_a_page_without_leave_for_its_drawer() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let page = waiting(0, 4);
    vault.device_mut().keep_page(&page, &genuine(&clinic, &page)).unwrap();
    let front_desk = clinic.practice_permit(&mut vault, Role::FrontDesk, records::Action::Replicate);
    let search = clinic.practice_permit(&mut vault, Role::Nurse, records::Action::Search);
    for permit in [&front_desk, &search] {
        assert!(matches!(open(&mut vault, permit, &page), Err(InboxError::NotPermitted)));
    }
    let device = vault.close();
    let mut vault = clinic.unlock(device, &[Drawer::Demographics]);
    let permit = clinic.replicate(&mut vault);
    assert!(matches!(open(&mut vault, &permit, &page), Err(InboxError::OtherKeys)), "the drawer is shut");
}

#[test]
fn how_far_a_drawer_has_come_is_noted_for_when_it_is_shut() {
    let mut clinic = Clinic::new();
    let device = clinic.enrol();
    assert_eq!(device.noted_cursor(Drawer::Clinical).unwrap(), None, "it was never made here");
    let mut vault = clinic.unlock(device, &Drawer::ALL);
    assert_eq!(vault.device().noted_cursor(Drawer::Clinical).unwrap().as_deref(), Some(""));
    let permit = clinic.replicate(&mut vault);
    let apply = |vault: &mut Vault, cursor: &str, complete| {
        let entries = vec![upsert(&heart_rate("hr", "ada", 60), 1)];
        let page =
            Page { entries, charts: vec![], next_cursor: cursor.to_owned(), complete, received_at: now() };
        vault.apply_page(&permit, Drawer::Clinical, &page).unwrap();
        vault.device().noted_cursor(Drawer::Clinical).unwrap().unwrap()
    };
    assert_eq!(apply(&mut vault, "v1.clinical.5", true), "v1.clinical.5");
    assert_eq!(apply(&mut vault, "v1.clinical.7", false), "v1.clinical.5", "not with every page");
    let device = vault.close();
    assert_eq!(device.noted_cursor(Drawer::Clinical).unwrap().as_deref(), Some("v1.clinical.7"));
}

#[test]
fn the_inbox_does_not_fill_the_disk() {
    let clinic = Clinic::new();
    let mut device = clinic.open_all().close();
    assert!(!device.is_inbox_full().unwrap());
    let large = fs::File::create(clinic.folder().inbox().join("clinical.0.1.page")).unwrap();
    large.set_len(INBOX_LIMIT - (40 << 20)).unwrap();
    assert!(!device.is_inbox_full().unwrap());
    large.set_len(INBOX_LIMIT - 10).unwrap();
    assert!(device.is_inbox_full().unwrap(), "there is no room for a page");
    let page = waiting(1, 2);
    assert!(matches!(device.keep_page(&page, &[0; 11]), Err(InboxError::Full)));
    device.keep_page(&page, &[0; 10]).unwrap();
}
