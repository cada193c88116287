/** Charts of the made-up practice: one long and careful, the others short. */
import { showDate, showDateTime } from '../../format/dates';
import type { AllergyBanner, AllergyRow, ChartView, FreshnessRow, Section } from '../bindings';
import { fakeLabs } from './labs';
import { fakeNotes } from './notes';
import type { FakePerson } from './people';
import { ageOf, fullName, PATIENTS, type FakePatient } from './patients';
import { fakeVitals } from './vitals';

export function daysAgo(now: Date, days: number, hour = 9, minute = 10): Date {
  const at = new Date(now);
  at.setDate(at.getDate() - days);
  at.setHours(hour, minute, 0, 0);
  return at;
}

export function fakeChart(patient: FakePatient, person: FakePerson, now: Date): ChartView {
  const clinical = person.sections.includes('problems');
  const long = patient === PATIENTS[0];
  const view = emptyChart(patient, person, now);
  if (!clinical) return view;
  view.allergies = long ? longAllergies(now) : [];
  view.banner.allergies = allergyBanner(patient, view.allergies, now);
  view.vitals = fakeVitals(patient, now);
  view.labs = fakeLabs(long, now);
  view.notes = fakeNotes(long, now);
  fillHistory(view, long, now);
  return view;
}

/** The clinical sections without a record; new lists each time, since they are filled. */
export const nothingClinical = () =>
  ({
    problems: [],
    medications: { current: [], past: [] },
    allergies: [],
    vitals: { latest: [], series: [] },
    labs: [],
    immunizations: [],
    encounters: [],
    notes: [],
    documents: [],
  }) satisfies Partial<ChartView>;

function emptyChart(patient: FakePatient, person: FakePerson, now: Date): ChartView {
  return {
    patientId: patient.id,
    banner: {
      family: patient.family,
      given: patient.given,
      title: patient.title,
      preferred: patient === PATIENTS[0] ? 'Peggy' : null,
      born: showDate(patient.born),
      age: ageOf(patient, now),
      sex: patient.sex,
      mrn: patient.mrn,
      deceased: patient.died === null ? null : showDate(patient.died),
      phone: patient.phone,
      address: '18 Quarry Lane, Ashby Falls, OR 97999',
      allergies: null,
      flags: flagsOf(patient),
    },
    sections: person.sections,
    ...nothingClinical(),
    appointments: [appointment('ap1', patient, '10:40', '20min', 'Blood pressure review', 'booked')],
    demographics: {
      name: fullName(patient),
      born: showDate(patient.born),
      sex: patient.sex,
      mrn: patient.mrn,
      phones: patient.phone === null ? [] : [`Home ${patient.phone}`, 'Mobile 555-0198'],
      emails: ['m.holloway@example.org'],
      addresses: ['18 Quarry Lane, Ashby Falls, OR 97999'],
      language: 'English',
      maritalStatus: 'Widowed',
      contacts: ['HOLLOWAY, Peter (son), 555-0161, emergency contact'],
    },
    coverage: [
      { id: 'c1', payer: 'Cascade Mutual', plan: 'Senior Choice B', member: 'CM 448 201 77', status: 'Active', period: '01-Jan-2026 to 31-Dec-2026' },
      { id: 'c2', payer: 'Ashby County Supplement', plan: null, member: 'ACS 90117', status: 'Active', period: 'From 01-Mar-2024' },
    ],
    includes: [],
    away: null,
    freshness: freshness(person.sections, now),
    drafts: [],
    canWrite: person.canWriteClinical,
    held: null,
  };
}

function flagsOf(patient: FakePatient): string[] {
  if (patient.family === 'GARCÍA') return ['Another patient has this name'];
  if (patient.family === 'TREVIÑO') return ['Interpreter: Spanish'];
  if (patient === PATIENTS[0]) return ['Hard of hearing: face her when you speak'];
  return [];
}

function freshness(sections: Section[], now: Date): FreshnessRow[] {
  return sections.map((section) => {
    const stale = section === 'labs';
    return {
      section,
      asOf: showDateTime(stale ? daysAgo(now, 9, 17, 42) : daysAgo(now, 0, 7, 58)),
      stale,
      note: `As of ${showDateTime(stale ? daysAgo(now, 9, 17, 42) : daysAgo(now, 0, 7, 58))}. Work done elsewhere since then is not shown.`,
    };
  });
}

function appointment(id: string, patient: FakePatient, time: string, duration: string, reason: string, status: string) {
  return { id, patientId: patient.id, patientName: fullName(patient), born: showDate(patient.born), date: showDate(new Date()), time, duration, reason, status, room: 'Room 2', clinician: 'Dr Marcus Okafor' };
}

function longAllergies(now: Date): AllergyRow[] {
  const row = (id: string, agent: string, category: string, criticality: string | null, reactions: string[], certainty: string, days: number) => ({
    id, agent, category, criticality, reactions, certainty, status: 'Active', recorded: showDate(daysAgo(now, days)), masked: false,
  });
  return [
    row('a1', 'Penicillin G', 'Drug', 'High', ['Anaphylaxis'], 'Confirmed', 6120),
    row('a2', 'Sulfamethoxazole', 'Drug', 'Low', ['Widespread rash', 'Itching'], 'Confirmed', 2210),
    row('a3', 'Natural rubber latex', 'Environment', null, ['Contact dermatitis'], 'Unconfirmed', 940),
  ];
}

function allergyBanner(patient: FakePatient, rows: AllergyRow[], now: Date): AllergyBanner {
  const asOf = showDate(daysAgo(now, 40));
  if (rows.length > 0) return { title: 'Known allergies', items: rows.map((row) => row.agent), asOf, masked: false };
  if (patient.family === 'OYELARAN') return { title: 'Allergies not recorded', items: [], asOf: null, masked: false };
  if (patient.family === 'LINDQVIST') return { title: 'Allergies unavailable', items: [], asOf: null, masked: true };
  return { title: 'No known allergies', items: [], asOf, masked: false };
}

function fillHistory(view: ChartView, long: boolean, now: Date): void {
  const date = (days: number): string => showDate(daysAgo(now, days));
  const problem = (id: string, title: string, code: string, days: number, ended: number | null = null) => ({
    id, title, code, status: ended === null ? 'Active' : 'Resolved', active: ended === null, onset: date(days), ended: ended === null ? null : date(ended),
  });
  const medication = (id: string, name: string, dose: string, days: number, reason: string, status = 'Started', ended: number | null = null) => ({
    id, name, dose, status, started: date(days), ended: ended === null ? null : date(ended), reason, prescriber: 'Dr Marcus Okafor',
  });
  view.problems = [problem('pr1', 'Essential hypertension', 'I10', 4810)];
  view.medications.current = [medication('m1', 'lisinopril', '10 mg tablet, one tablet by mouth once a day in the morning', 820, 'Essential hypertension')];
  view.immunizations = [{ id: 'i1', vaccine: 'Influenza, seasonal, injectable', at: date(48), status: 'Completed', lot: 'FL26-0933', site: 'Left deltoid' }];
  view.encounters = [{ id: 'e1', title: 'Office visit', at: showDateTime(daysAgo(now, 82)), reason: 'Blood pressure review', clinician: 'Dr Marcus Okafor', status: 'Finished' }];
  if (!long) return;
  view.problems.push(
    problem('pr2', 'Type 2 diabetes mellitus without complications', 'E11.9', 3320),
    problem('pr3', 'Chronic kidney disease, stage 3a', 'N18.31', 1130),
    problem('pr4', 'Osteoarthritis of right knee', 'M17.11', 2475),
    problem('pr5', 'Hyperlipidemia', 'E78.5', 3990),
    problem('pr6', 'Community-acquired pneumonia', 'J18.9', 1460, 1431),
    problem('pr7', 'Fracture of left distal radius', 'S52.502A', 5210, 5120),
  );
  view.medications.current.push(
    medication('m2', 'metformin', '500 mg extended-release tablet, two tablets by mouth once a day with the evening meal', 1210, 'Type 2 diabetes mellitus'),
    medication('m3', 'atorvastatin', '20 mg tablet, one tablet by mouth at bedtime', 2100, 'Hyperlipidemia'),
    medication('m4', 'levothyroxine', '75 micrograms tablet, one tablet by mouth once a day before breakfast', 640, 'Hypothyroidism'),
    medication('m5', 'acetaminophen', '500 mg tablet, one or two tablets by mouth every 6 hours as needed; at most 6 tablets a day', 410, 'Knee pain'),
  );
  view.medications.past = [
    medication('m6', 'doxycycline', '100 mg capsule, one capsule by mouth twice a day for 7 days', 1460, 'Pneumonia', 'Completed', 1453),
    medication('m7', 'amlodipine', '5 mg tablet, one tablet by mouth once a day', 1900, 'Ankle swelling', 'Discontinued', 820),
  ];
  view.immunizations.push(
    { id: 'i2', vaccine: 'COVID-19, mRNA, 2026–2027 formula', at: date(48), status: 'Completed', lot: 'CV7714', site: 'Right deltoid' },
    { id: 'i3', vaccine: 'Pneumococcal conjugate PCV20', at: date(1120), status: 'Completed', lot: 'PN20-118', site: 'Left deltoid' },
    { id: 'i4', vaccine: 'Zoster, recombinant, dose 2', at: date(1580), status: 'Completed', lot: null, site: null },
  );
  view.encounters.push(
    { id: 'e2', title: 'Telephone call', at: showDateTime(daysAgo(now, 117, 15, 20)), reason: 'Question about metformin', clinician: 'Dana Whitfield', status: 'Finished' },
    { id: 'e3', title: 'Office visit', at: showDateTime(daysAgo(now, 171, 11, 0)), reason: 'Annual review', clinician: 'Dr Marcus Okafor', status: 'Finished' },
  );
  view.documents = [
    { id: 'd1', title: 'Letter from nephrology, Dr S. Iyer', kind: 'Referral letter', at: showDateTime(daysAgo(now, 64)), author: 'Riverside Kidney Clinic' },
    { id: 'd2', title: 'Knee radiograph, two views, report', kind: 'Imaging report', at: showDateTime(daysAgo(now, 411)), author: 'Ashby Imaging' },
  ];
}
