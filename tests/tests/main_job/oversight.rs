//! Who answers for privacy, at a workstation: alerts and reports are the server's, and each look at them is in its trail.

use chartkeep_tests::practice::people::{IT_ADMIN, NURSE, PRIVACY_OFFICER};
use client::view::AlertOutcome;
use client::{Code, LockCause};

use super::clinic::Clinic;

#[test]
fn an_alert_is_read_and_closed_at_a_workstation_and_neither_works_without_the_server() {
    let mut clinic = Clinic::make(3);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&PRIVACY_OFFICER, &IT_ADMIN, &NURSE] {
        clinic.activate(&workstation, person);
    }
    let opened = clinic.sign_in(&workstation, &PRIVACY_OFFICER).unwrap();
    assert!(opened.person.can_read_alerts && opened.person.can_close_alerts);
    let open = workstation.alerts(None, false).unwrap();
    assert_eq!((open.open, open.alerts.len()), (1, 1));
    let alert = &open.alerts[0];
    assert_eq!((alert.kind.as_str(), alert.about_me), ("new-device", false));
    assert!(alert.device.is_some(), "by the name that people know it by");
    assert_eq!(workstation.close_alert(alert.number, AlertOutcome::Expected).unwrap(), 0);
    let again = workstation.close_alert(alert.number, AlertOutcome::Incident).unwrap_err();
    assert_eq!(again.code, Code::ServerRefused);
    let all = workstation.alerts(None, true).unwrap();
    let closed = all.alerts[0].closed.as_ref().unwrap();
    assert_eq!((closed.by.as_str(), closed.outcome), (PRIVACY_OFFICER.name, AlertOutcome::Expected));
    // Yesterday there was no practice yet: an empty report, and a day that is not over has none.
    let report = workstation.day_report(None).unwrap();
    assert_eq!((report.events, report.activity.len(), report.open_alerts), (0, 0, 0));
    assert_eq!(workstation.day_report(Some("9000-01-01")).unwrap_err().code, Code::ServerRefused);
    clinic.server.stop();
    assert_eq!(workstation.alerts(None, false).unwrap_err().code, Code::ServerAway);
    assert_eq!(workstation.day_report(None).unwrap_err().code, Code::ServerAway);
    clinic.server.start();
    workstation.lock(LockCause::Person);
    assert_eq!(workstation.alerts(None, false).unwrap_err().code, Code::Locked);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    assert_eq!(workstation.alerts(None, false).unwrap_err().code, Code::NotYourRole);
    workstation.lock(LockCause::Person);
    let opened = clinic.sign_in(&workstation, &IT_ADMIN).unwrap();
    assert!(opened.person.can_read_alerts && !opened.person.can_read_audit);
    assert_eq!(workstation.alerts(None, true).unwrap().alerts.len(), 1);
}
