/** The patients of the made-up practice. Nobody here has ever lived. */
import { showDate } from '../../format/dates';
import type { PatientRow } from '../bindings';

export interface FakePatient {
  id: string;
  family: string;
  given: string;
  title: string;
  born: Date;
  sex: string;
  mrn: string;
  phone: string | null;
  died: Date | null;
  access: 'open' | 'ask' | 'restricted';
}

type Line = [family: string, given: string, title: string, born: string, sex: string, phone?: string];

const LINES: Line[] = [
  ['HOLLOWAY', 'Margaret Anne', 'Mrs', '1945-07-14', 'Female', '555-0142'],
  ['GARCÍA', 'Elena', 'Ms', '1987-03-02', 'Female', '555-0118'],
  ['GARCÍA', 'Elena', 'Mrs', '1951-11-23', 'Female', '555-0177'],
  ['TREVIÑO', 'Adán', 'Mr', '1972-09-30', 'Male', '555-0106'],
  ['OYELARAN', 'Folasade', 'Mrs', '1968-01-19', 'Female', '555-0133'],
  ['LINDQVIST', 'Per', 'Mr', '1939-05-08', 'Male', '555-0190'],
  ['BEAUMONT', 'Théo', '', '2019-02-27', 'Male', '555-0155'],
  ['NAKAMURA', 'Yuki', 'Dr', '1980-12-11', 'Female', '555-0121'],
  ["O'SULLIVAN", 'Ciarán', 'Mr', '1963-06-17', 'Male', '555-0164'],
  ['ABUBAKAR', 'Halima', 'Ms', '1995-10-05', 'Female', '555-0109'],
  ['FITZWILLIAM', 'Edmund', 'Mr', '1934-02-03', 'Male'],
  ['KOWALCZYK', 'Zofia', 'Ms', '1999-04-21', 'Female', '555-0188'],
  ['HOLLIS', 'Jermaine', 'Mr', '1984-08-12', 'Male', '555-0113'],
  ['HOLM', 'Astrid', 'Mrs', '1957-12-01', 'Female', '555-0102'],
  ['DELACROIX', 'Simone', 'Ms', '1976-05-25', 'Female', '555-0139'],
  ['MBEKI', 'Thandiwe', 'Ms', '2003-09-09', 'Female', '555-0147'],
  ['PETROV', 'Aleksei', 'Mr', '1949-03-16', 'Male', '555-0171'],
  ['WINTERBOURNE', 'Clementine', 'Miss', '2014-07-07', 'Female', '555-0150'],
  ['SATTERTHWAITE-BROWN', 'Alexandria Josephine', 'Ms', '1991-01-31', 'Female', '555-0195'],
  ['NGUYEN', 'Minh', 'Mr', '1966-10-28', 'Male', '555-0125'],
  ['HARGREAVES', 'Dennis', 'Mr', '1942-06-04', 'Male', '555-0168'],
  ['VARGAS', 'Luz María', 'Mrs', '1959-08-15', 'Female', '555-0136'],
  ['COHEN', 'Naomi', 'Ms', '1988-11-19', 'Female', '555-0111'],
  ['EASTWOOD', 'Rory', 'Mr', '2001-05-13', 'Male', '555-0182'],
];

const RESTRICTED = new Set(['DELACROIX']);
const ASK = new Set(['PETROV', 'COHEN', 'NGUYEN']);

export const PATIENTS: FakePatient[] = LINES.map(([family, given, title, born, sex, phone], index) => ({
  id: `p${String(index + 1).padStart(3, '0')}`,
  family,
  given,
  title,
  born: new Date(`${born}T00:00:00`),
  sex,
  mrn: `${100 + ((index * 37) % 900)} ${String(214 + ((index * 91) % 700)).padStart(3, '0')} ${(index * 7) % 10}`,
  phone: phone ?? null,
  died: family === 'FITZWILLIAM' ? new Date('2026-02-03T00:00:00') : null,
  access: RESTRICTED.has(family) ? 'restricted' : ASK.has(family) ? 'ask' : 'open',
}));

export function fullName(patient: FakePatient): string {
  return `${patient.family}, ${patient.given}${patient.title === '' ? '' : ` (${patient.title})`}`;
}

export function ageOf(patient: FakePatient, now: Date): string {
  const until = patient.died ?? now;
  const birthday = new Date(until.getFullYear(), patient.born.getMonth(), patient.born.getDate());
  return `${until.getFullYear() - patient.born.getFullYear() - (birthday > until ? 1 : 0)}y`;
}

export function findPatients(typed: string, now: Date): PatientRow[] {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits = PATIENTS.filter((patient) => words.every((word) => matches(patient, word)));
  return toRows(hits, now);
}

export function toRows(patients: FakePatient[], now: Date): PatientRow[] {
  const key = (patient: FakePatient): string => fold(`${patient.family} ${patient.given}`);
  return patients.map((patient) => ({
    id: patient.id,
    name: fullName(patient),
    born: showDate(patient.born),
    age: ageOf(patient, now),
    sex: patient.sex,
    mrn: patient.mrn,
    phone: patient.phone,
    deceased: patient.died !== null,
    sameName: patients.some((other) => other !== patient && key(other) === key(patient)),
    foundAs: [],
    arrival: null,
  }));
}

function matches(patient: FakePatient, word: string): boolean {
  const names = fold(`${patient.family} ${patient.given}`).split(/[\s'-]+/);
  const digits = word.replace(/\D/g, '');
  return (
    names.some((name) => name.startsWith(word)) ||
    fold(showDate(patient.born)).includes(word) ||
    (digits.length > 2 && `${patient.mrn}|${patient.phone ?? ''}`.replace(/[^\d|]/g, '').includes(digits))
  );
}

function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
