/** The staff of the made-up practice. */
import type { PersonView, Section } from '../bindings';

export interface FakePerson extends PersonView {
  username: string;
  sections: Section[];
}

const CLINICAL: Section[] = [
  'problems',
  'medications',
  'allergies',
  'vitals',
  'labs',
  'notes',
  'immunizations',
  'encounters',
  'documents',
  'appointments',
  'demographics',
  'coverage',
];

const FRONT_DESK: Section[] = ['demographics', 'appointments', 'coverage'];

function person(
  username: string,
  name: string,
  role: string,
  roleTitle: string,
  sections: Section[],
  rights: { write?: boolean; audit?: boolean; alerts?: 'read' | 'close'; noPatients?: boolean } = {},
): FakePerson {
  const initials = name
    .replace(/^Dr /, '')
    .split(' ')
    .map((part) => part.charAt(0))
    .join('');
  return {
    username,
    name,
    role,
    roleTitle,
    initials,
    sections,
    canWriteClinical: rights.write ?? false,
    canJoinCharts: (rights.write ?? false) || role === 'front-desk',
    canReadAudit: rights.audit ?? false,
    canExportAudit: role === 'privacy-officer',
    canReadAlerts: rights.alerts !== undefined,
    canCloseAlerts: rights.alerts === 'close',
    canFindPatients: !rights.noPatients,
  };
}

export const STAFF: FakePerson[] = [
  person('dwhitfield', 'Dana Whitfield', 'nurse', 'Nurse', CLINICAL, { write: true }),
  person('mokafor', 'Dr Marcus Okafor', 'clinician', 'Clinician', CLINICAL, { write: true }),
  person('lpark', 'Lena Park', 'front-desk', 'Front desk', FRONT_DESK),
  person('rsato', 'Ren Sato', 'auditor', 'Auditor', [], { audit: true, alerts: 'read', noPatients: true }),
  person('pvolkova', 'Irina Volkova', 'privacy-officer', 'Privacy officer', FRONT_DESK, { audit: true, alerts: 'close' }),
  person('ikaya', 'Ivo Kaya', 'it-admin', 'IT administrator', [], { alerts: 'close', noPatients: true }),
];
