/** The audit trail of the made-up practice. */
import { showDateTime } from '../../format/dates';
import type { AuditExportView, AuditRow, AuditView } from '../bindings';
import { fullName, PATIENTS } from './patients';

const ACTIONS = ['Opened chart', 'Searched for a patient', 'Recorded vital signs', 'Signed a note', 'Opened chart', 'Refused: needs a reason', 'Signed in', 'Locked the workstation'];
const WHO = ['Dana Whitfield', 'Dr Marcus Okafor', 'Lena Park'];
const SIZE = 1204;
const PAGE = 40;

export function fakeTrail(patientId: string | null, fromIndex: number | null, now: Date): AuditView {
  const top = fromIndex ?? SIZE - 1;
  const entries: AuditRow[] = [];
  for (let index = top; index >= 0 && entries.length < PAGE; index -= 1) {
    const row = entry(index, now);
    if (patientId === null || row.patientId === patientId) entries.push(row.shown);
  }
  return {
    entries,
    verified: { ok: true, checked: SIZE, size: SIZE, root: 'q3Zk0uRrM7m1QpXo9c2Vt5bJYwA8fHn6LsD4eKiG0Tg=', receipt: `1198 entries, ${showDateTime(now)}`, firstBad: null, alarm: null },
  };
}

export function fakeExport(now: Date): AuditExportView {
  return {
    path: `~/chartkeep-exports/audit-${now.getFullYear()}1128-101507.ckaudit`,
    entries: SIZE + 1,
    confirmed: SIZE - 6,
    sha256: '9f2b7c0e5d1a4f6883b2e07c4d9a1165f0c3e8b7a2d4916e5f70c8b3a19d2e64',
    key: 'ckx1.q3Zk0uRrM7m1QpXo9c2Vt5bJYwA8fHn6LsD4eKiG0Tg',
  };
}

function entry(index: number, now: Date): { shown: AuditRow; patientId: string | null } {
  const action = ACTIONS[index % ACTIONS.length] ?? '';
  const aboutPatient = /chart|note|vital|reason/.test(action);
  const patient = aboutPatient ? PATIENTS[(index * 5) % 9] : undefined;
  const at = new Date(now.getTime() - (SIZE - index) * 97_000);
  return {
    patientId: patient?.id ?? null,
    shown: {
      index,
      at: `${showDateTime(at)}:${String(at.getSeconds()).padStart(2, '0')}`,
      who: WHO[(index * 7) % WHO.length] ?? '',
      action,
      patient: patient === undefined ? null : fullName(patient),
      outcome: action.startsWith('Refused') ? 'Refused' : 'Done',
      delivered: index < SIZE - 6,
    },
  };
}
