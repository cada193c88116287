//! The rights table, the decision over it, and permits that only the trail makes.

use jiff::Timestamp;
use proptest::prelude::*;
use records::actor::Job;
use records::event::EventKind;
use records::rights::{ClassScope, Otherwise, StatedReason, row_scope};
use records::{
    Action, Actor, DataClass, DeniedReason, Drawer, Facts, PracticeId, Purpose, Relation, Rights, Role,
    decide,
};
use uuid::Uuid;

use super::people::{DEVICE, EVENT, MemoryTrail, OTHER_PRACTICE, PRACTICE, TrailFull, actor, now, patient};

/// The table as it is agreed on, one line a role, one column a class in the order of `DataClass::ALL`:
/// R read, C create, U update, S sign, D delete, P print, X export; then whose: `.` the practice's, `?` own or ask,
/// `!` own or break the glass, `~` own or hidden, `a` one's own writing.
const AGREED: &str = "
front-desk        RCU.  -   RCUP. RCU.  R.    RC.   -          -          -         -       -
nurse             RUP.  -   RUP.  R.    R.    RCU.  RCUDP?     RCUSDP?    R!        -       -
clinician         RUPX. -   RUP.  R.    R.    RCU.  RCUSDPX?   RCUSDPX?   RCUSDX!   RCUSDa  RC?
biller            RU.   R.  R.    RCUP. R.    RC.   -          -          -         -       RCUPX.
practice-manager  R.    -   RCUP. R.    RCU.  RC.   -          -          -         -       -
privacy-officer   RX.   R.  R.    R.    R.    -     RPX~       RPX~       RPX~      -       -
it-admin          -     -   -     -     -     -     -          -          -         -       -
auditor           -     -   -     -     -     -     -          -          -         -       -
";

#[test]
fn the_table_is_the_one_agreed_on() {
    let mut seen = String::from("\n");
    for role in Role::PEOPLE {
        let cells: Vec<String> = DataClass::ALL.into_iter().map(|class| cell(role, class)).collect();
        seen.push_str(&format!("{} {}\n", role.as_str(), cells.join(" ")));
    }
    let plain = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(plain(&seen), plain(AGREED));
}

fn cell(role: Role, class: DataClass) -> String {
    let Some(row) = Rights::built_in().row(role, class) else { return "-".to_owned() };
    let letters = [
        (Action::Read, 'R'),
        (Action::Create, 'C'),
        (Action::Update, 'U'),
        (Action::Sign, 'S'),
        (Action::Delete, 'D'),
        (Action::Print, 'P'),
        (Action::Export, 'X'),
    ];
    let mut cell: String = letters.iter().filter(|(a, _)| row.may.contains(a)).map(|(_, c)| *c).collect();
    let without =
        decide(Rights::built_in(), &actor(role), Action::Read, &facts(&[class], Relation::None), now());
    let author =
        decide(Rights::built_in(), &actor(role), Action::Read, &facts(&[class], Relation::Author), now());
    let care = facts(&[class], Relation::Care { until: Timestamp::MAX });
    let care = decide(Rights::built_in(), &actor(role), Action::Read, &care, now());
    cell.push(match (without.is_ok(), care.is_ok(), author.is_ok()) {
        (true, true, true) => '.',
        (false, true, true) => match row.otherwise {
            Otherwise::Ask => '?',
            Otherwise::BreakGlass => '!',
            Otherwise::Hidden => '~',
        },
        (false, false, true) => 'a',
        other => panic!("{role} {class}: {other:?}"),
    });
    cell
}

fn facts(classes: &[DataClass], relation: Relation) -> Facts {
    Facts::of_patient(PRACTICE, patient(), classes.to_vec(), relation)
}

const CHART: [DataClass; 5] = [
    DataClass::Demographics,
    DataClass::Scheduling,
    DataClass::ClinicalSummary,
    DataClass::NotesResults,
    DataClass::Sensitive,
];

fn open(actor: &Actor, facts: &Facts) -> Result<(Vec<DataClass>, Vec<DataClass>), DeniedReason> {
    let allowed =
        decide(Rights::built_in(), actor, Action::OpenChart, facts, now()).map_err(|d| d.reason())?;
    Ok((allowed.classes().iter().collect(), allowed.masked().iter().collect()))
}

#[test]
fn a_nurse_without_a_relation_is_asked_and_opens_with_a_reason() {
    let nurse = actor(Role::Nurse);
    assert_eq!(open(&nurse, &facts(&CHART, Relation::None)), Err(DeniedReason::NeedsReason));
    let (readable, masked) = open(&nurse, &facts(&CHART, Relation::Stated(StatedReason::Visit))).unwrap();
    assert!(readable.contains(&DataClass::ClinicalSummary) && readable.contains(&DataClass::NotesResults));
    assert_eq!(masked, [DataClass::Sensitive], "a stated reason does not open what needs the glass broken");
}

#[test]
fn a_care_relation_opens_the_chart_until_it_ends() {
    let clinician = actor(Role::Clinician);
    let until = |text: &str| facts(&CHART, Relation::Care { until: text.parse().unwrap() });
    let (readable, masked) = open(&clinician, &until("2026-03-02T23:59:59Z")).unwrap();
    assert!(readable.contains(&DataClass::Sensitive) && masked.is_empty());
    assert_eq!(open(&clinician, &until("2026-03-02T09:30:00Z")), Err(DeniedReason::NeedsReason));
}

#[test]
fn the_front_desk_opens_any_chart_and_sees_no_clinical_class() {
    let (readable, masked) = open(&actor(Role::FrontDesk), &facts(&CHART, Relation::None)).unwrap();
    assert!(readable.iter().all(|class| class.drawer() == Drawer::Demographics));
    assert_eq!(masked, [DataClass::ClinicalSummary, DataClass::NotesResults, DataClass::Sensitive]);
}

#[test]
fn breaking_the_glass_opens_what_it_may() {
    let mut clinician = actor(Role::Clinician);
    clinician.purpose = Purpose::EmergencyTreatment;
    let classes = [CHART.as_slice(), &[DataClass::Counselling]].concat();
    let (readable, masked) = open(&clinician, &facts(&classes, Relation::None)).unwrap();
    assert!(readable.contains(&DataClass::Sensitive));
    assert_eq!(masked, [DataClass::Counselling], "counselling notes are their author's alone");
    let mut desk = actor(Role::FrontDesk);
    desk.purpose = Purpose::BreakGlass;
    let (readable, _) = open(&desk, &facts(&CHART, Relation::None)).unwrap();
    assert!(!readable.contains(&DataClass::ClinicalSummary), "there is no glass to break for the front desk");
}

#[test]
fn a_chart_of_nobody_is_not_found() {
    assert_eq!(open(&actor(Role::Nurse), &Facts::of_practice(PRACTICE)), Err(DeniedReason::NotFound));
}

#[test]
fn a_vip_chart_takes_more_than_a_reason() {
    let mut facts = facts(&CHART, Relation::Stated(StatedReason::Covering));
    facts.vip = true;
    assert_eq!(open(&actor(Role::Nurse), &facts), Err(DeniedReason::NeedsBreakGlass));
    facts.relation = Relation::Care { until: Timestamp::MAX };
    assert!(open(&actor(Role::Nurse), &facts).is_ok());
}

#[test]
fn a_privacy_officer_reads_clinical_records_only_through_a_case() {
    let officer = actor(Role::PrivacyOfficer);
    for relation in [Relation::None, Relation::Stated(StatedReason::Results)] {
        let (readable, _) = open(&officer, &facts(&CHART, relation)).unwrap();
        assert!(!readable.contains(&DataClass::ClinicalSummary));
    }
    let (readable, _) = open(&officer, &facts(&CHART, Relation::Care { until: Timestamp::MAX })).unwrap();
    assert!(readable.contains(&DataClass::ClinicalSummary));
}

#[test]
fn the_it_admin_and_the_auditor_reach_no_record_at_all() {
    for role in [Role::ItAdmin, Role::Auditor] {
        for action in
            [Action::Search, Action::ViewSchedule, Action::OpenChart, Action::Read, Action::Replicate]
        {
            let facts = facts(&DataClass::ALL, Relation::Care { until: Timestamp::MAX });
            let denied = decide(Rights::built_in(), &actor(role), action, &facts, now()).unwrap_err();
            assert_eq!(denied.reason(), DeniedReason::NotYourRole, "{role} {action:?}");
        }
        let scope = row_scope(Rights::built_in(), &actor(role), Action::Search);
        assert!(DataClass::ALL.into_iter().all(|class| scope.class(class) == ClassScope::None));
    }
}

#[test]
fn two_roles_together_may_what_either_may() {
    let mut both = actor(Role::FrontDesk);
    both.roles.push(Role::Biller);
    let (readable, _) =
        open(&both, &facts(&[DataClass::Charges, DataClass::Identifiers], Relation::None)).unwrap();
    assert!(readable.contains(&DataClass::Charges) && readable.contains(&DataClass::Identifiers));
    assert_eq!(both.drawers(), [Drawer::Demographics, Drawer::Billing]);
}

#[test]
fn a_write_of_several_classes_needs_all_of_them() {
    let nurse = actor(Role::Nurse);
    let create = |classes: &[DataClass]| {
        let facts = facts(classes, Relation::Care { until: Timestamp::MAX });
        decide(Rights::built_in(), &nurse, Action::Create, &facts, now()).map_err(|denied| denied.reason())
    };
    assert!(create(&[DataClass::ClinicalSummary, DataClass::NotesResults]).is_ok());
    assert_eq!(
        create(&[DataClass::ClinicalSummary, DataClass::Sensitive]).unwrap_err(),
        DeniedReason::NotYourRole
    );
    assert_eq!(create(&[]).unwrap_err(), DeniedReason::NotYourRole, "a write of nothing is not decided on");
}

#[test]
fn lists_are_scoped_by_practice_and_relation() {
    let rights = Rights::built_in();
    let scope = row_scope(rights, &actor(Role::Nurse), Action::Search);
    assert_eq!(scope.practice(), PRACTICE);
    assert_eq!(scope.class(DataClass::Demographics), ClassScope::All);
    assert_eq!(scope.class(DataClass::ClinicalSummary), ClassScope::Related);
    assert_eq!(scope.class(DataClass::Charges), ClassScope::None);
    let pages = row_scope(rights, &actor(Role::Nurse), Action::Replicate);
    assert_eq!(pages.class(DataClass::ClinicalSummary), ClassScope::All, "a drawer is kept whole");
    assert_eq!(pages.class(DataClass::Sensitive), ClassScope::None);
}

#[test]
fn a_permit_exists_only_after_its_event_is_durable() {
    let mut trail = MemoryTrail::default();
    let facts = facts(&CHART, Relation::Care { until: Timestamp::MAX });
    let allowed =
        || decide(Rights::built_in(), &actor(Role::Nurse), Action::OpenChart, &facts, now()).unwrap();
    trail.full = true;
    assert_eq!(allowed().permit(&mut trail, EVENT, now()).unwrap_err(), TrailFull);
    trail.full = false;
    let permit = allowed().permit(&mut trail, EVENT, now()).unwrap();
    assert_eq!(permit.position().index, 0);
    assert_eq!(permit.patient(), Some(&patient()));
    assert_eq!(permit.event(), EVENT);
    let event = trail.last();
    assert_eq!((event.kind, event.patient), (Some(EventKind::ChartOpened), Some(patient())));
}

#[test]
fn a_refusal_is_recorded_too() {
    let mut trail = MemoryTrail::default();
    let mut facts = facts(&CHART, Relation::None);
    facts.practice = OTHER_PRACTICE;
    let denied =
        decide(Rights::built_in(), &actor(Role::Clinician), Action::OpenChart, &facts, now()).unwrap_err();
    let denied = denied.record(&mut trail, EVENT, now()).unwrap();
    assert_eq!(denied.reason(), DeniedReason::NotFound);
    let event = trail.last();
    assert_eq!(event.kind, Some(EventKind::Denied));
    assert_eq!(event.outcome.as_deref(), Some("4"));
    assert_eq!(event.outcome_words.as_deref(), Some("not-found"));
}

#[test]
fn alerts_are_read_by_whoever_answers_for_them_and_an_auditor_closes_none() {
    let who = |action| {
        let may = |role: &Role| Rights::built_in().has_function(*role, action);
        Role::PEOPLE.into_iter().filter(may).map(Role::as_str).collect::<Vec<_>>()
    };
    assert_eq!(
        who(Action::ReadAlerts),
        ["practice-manager", "privacy-officer", "it-admin", "auditor"],
        "alerts name people and workstations, never a record"
    );
    assert_eq!(who(Action::CloseAlerts), ["practice-manager", "privacy-officer", "it-admin"]);
    assert_eq!(who(Action::ReadAudit), ["privacy-officer", "auditor"]);
    assert_eq!(who(Action::ExportAudit), ["privacy-officer"]);
}

#[test]
fn the_service_role_cannot_be_given_to_a_person() {
    assert!("service".parse::<Role>().is_err() && "program".parse::<Role>().is_err());
    let job = Actor::service(Job::Import, PRACTICE, DEVICE, actor(Role::Nurse).session);
    let import = decide(Rights::built_in(), &job, Action::Import, &Facts::of_practice(PRACTICE), now());
    assert!(import.is_ok());
    let read = decide(Rights::built_in(), &job, Action::OpenChart, &facts(&CHART, Relation::None), now());
    assert_eq!(read.unwrap_err().reason(), DeniedReason::NotYourRole);
}

#[test]
fn a_table_that_contradicts_the_model_is_refused() {
    let wrong_drawer = "role = 'auditor'\ndrawers = []\nfunctions = []\n[[rows]]\nclass = 'charges'\ndrawer = 'clinical'\nmay = ['read']\nreach = 'practice'";
    let wrong_keys = "role = 'auditor'\ndrawers = ['clinical']\nfunctions = []";
    let unknown = "role = 'auditor'\ndrawers = []\nfunctions = []\nsurprise = 1";
    for table in [wrong_drawer, wrong_keys, unknown] {
        assert!(Rights::parse(&[table]).is_err());
    }
}

fn any_role() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::PEOPLE.to_vec())
}

fn any_action() -> impl Strategy<Value = Action> {
    proptest::sample::select(Action::ALL.to_vec())
}

fn any_relation() -> impl Strategy<Value = Relation> {
    prop_oneof![
        Just(Relation::None),
        Just(Relation::Author),
        Just(Relation::Stated(StatedReason::Visit)),
        Just(Relation::Care { until: Timestamp::MAX }),
    ]
}

fn any_classes() -> impl Strategy<Value = Vec<DataClass>> {
    proptest::sample::subsequence(DataClass::ALL.to_vec(), 0..=11)
}

proptest! {
    #[test]
    fn another_practices_patient_is_not_found_whatever_is_asked(
        roles in proptest::collection::vec(any_role(), 0..3), action in any_action(), relation in any_relation(),
        classes in any_classes(), practice in any::<u128>(),
    ) {
        let mut facts = facts(&classes, relation);
        facts.practice = PracticeId::from_uuid(Uuid::from_u128(practice));
        prop_assume!(facts.practice != PRACTICE);
        let mut someone = actor(Role::Clinician);
        someone.roles = roles;
        let denied = decide(Rights::built_in(), &someone, action, &facts, now()).unwrap_err();
        prop_assert_eq!(denied.reason(), DeniedReason::NotFound);
    }

    #[test]
    fn without_a_role_nothing_is_allowed(action in any_action(), relation in any_relation(), classes in any_classes()) {
        let mut nobody = actor(Role::Clinician);
        nobody.roles.clear();
        nobody.purpose = Purpose::EmergencyTreatment;
        prop_assert!(decide(Rights::built_in(), &nobody, action, &facts(&classes, relation), now()).is_err());
    }

    #[test]
    fn an_open_chart_is_split_into_readable_and_masked(
        role in any_role(), relation in any_relation(), classes in any_classes(),
    ) {
        if let Ok((readable, masked)) = open(&actor(role), &facts(&classes, relation)) {
            prop_assert!(readable.iter().all(|class| !masked.contains(class)));
            prop_assert!(classes.iter().all(|class| readable.contains(class) || masked.contains(class)));
            let has_row = |class: &DataClass| Rights::built_in().row(role, *class).is_some();
            prop_assert!(readable.iter().all(has_row));
        }
    }

    #[test]
    fn another_role_never_takes_anything_away(
        role in any_role(), more in any_role(), relation in any_relation(), classes in any_classes(),
    ) {
        let mut both = actor(role);
        both.roles.push(more);
        let (one, two) = (actor(role), both);
        if let (Ok((few, _)), Ok((many, _))) =
            (open(&one, &facts(&classes, relation)), open(&two, &facts(&classes, relation)))
        {
            prop_assert!(few.iter().all(|class| many.contains(class)));
        }
    }
}
