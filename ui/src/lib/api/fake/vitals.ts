/** Vital signs of the made-up practice: two years of visits, drifting the way real ones do. */
import { showDateTime } from '../../format/dates';
import type { NormalRange, VitalPoint, VitalsView } from '../bindings';
import { daysAgo } from './charts';
import type { FakePatient } from './patients';

const VISITS = [742, 690, 601, 560, 487, 402, 366, 301, 262, 210, 171, 140, 110, 82, 54, 19];

interface Kind {
  code: string;
  title: string;
  unit: string;
  around: number;
  spread: number;
  digits: number;
  drift?: number;
  normal: NormalRange | null;
}

const KINDS: Kind[] = [
  { code: '8867-4', title: 'Heart rate', unit: '/min', around: 72, spread: 9, digits: 0, normal: { low: 60, high: 100, source: 'Adult at rest' } },
  { code: '9279-1', title: 'Respiratory rate', unit: '/min', around: 16, spread: 2, digits: 0, normal: { low: 12, high: 20, source: 'Adult at rest' } },
  { code: '59408-5', title: 'Oxygen saturation', unit: '%', around: 96, spread: 2, digits: 0, normal: { low: 94, high: 100, source: 'Adult, room air' } },
  { code: '8310-5', title: 'Body temperature', unit: '°C', around: 36.7, spread: 0.4, digits: 1, normal: { low: 36.1, high: 37.2, source: 'Adult, oral' } },
  { code: '29463-7', title: 'Weight', unit: 'kg', around: 74.2, spread: 0.9, digits: 1, drift: -2.6, normal: null },
  { code: '8302-2', title: 'Height', unit: 'cm', around: 162, spread: 0, digits: 0, normal: null },
  { code: '39156-5', title: 'Body mass index', unit: 'kg/m²', around: 28.3, spread: 0.3, digits: 1, drift: -1, normal: { low: 18.5, high: 25, source: 'Adult, WHO' } },
];

export function fakeVitals(patient: FakePatient, now: Date): VitalsView {
  const random = seeded(patient.family.length * 7919 + 11);
  const when = VISITS.map((days, index) => daysAgo(now, days, 9 + (index % 6), (index * 13) % 60));
  const view: VitalsView = { latest: [], series: [] };
  addPressure(view, when, random);
  for (const kind of KINDS) addKind(view, kind, when, random);
  return view;
}

function addPressure(view: VitalsView, when: Date[], random: () => number): void {
  const points: VitalPoint[] = when.map((at, index) => {
    const high = Math.round(154 - index * 1.1 + (random() - 0.5) * 16);
    const low = Math.round(91 - index * 0.7 + (random() - 0.5) * 9);
    return { at: at.toISOString(), value: high, low, high };
  });
  const normal = { low: 60, high: 140, source: 'Adult, office reading' };
  view.series.push({ code: '85354-9', title: 'Blood pressure', unit: 'mmHg', points, normal });
  const shown = (point: VitalPoint | undefined): string => `${point?.high ?? ''}/${point?.low ?? ''}`;
  const last = points.at(-1);
  view.latest.push({
    code: '85354-9', title: 'Blood pressure', value: shown(last), unit: 'mmHg', at: showDateTime(when.at(-1) ?? new Date()),
    flag: (last?.high ?? 0) > 140 ? 'H' : null, previous: shown(points.at(-2)),
  });
}

function addKind(view: VitalsView, kind: Kind, when: Date[], random: () => number): void {
  const values = when.map((_, index) => kind.around + ((kind.drift ?? 0) * index) / when.length + (random() - 0.5) * kind.spread * 2);
  const points = when.map((at, index) => ({ at: at.toISOString(), value: Number((values[index] ?? 0).toFixed(kind.digits)), low: null, high: null }));
  view.series.push({ code: kind.code, title: kind.title, unit: kind.unit, points, normal: kind.normal });
  const last = points.at(-1)?.value ?? 0;
  const { low, high } = kind.normal ?? { low: null, high: null };
  const flag = high !== null && last > high ? 'H' : low !== null && last < low ? 'L' : null;
  view.latest.push({
    code: kind.code, title: kind.title, value: last.toFixed(kind.digits), unit: kind.unit, at: showDateTime(when.at(-1) ?? new Date()),
    flag, previous: (points.at(-2)?.value ?? 0).toFixed(kind.digits),
  });
}

/** A small generator of its own, so that every run shows the same practice. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}
