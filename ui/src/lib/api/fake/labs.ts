/** Laboratory results of the made-up practice. */
import { showDateTime } from '../../format/dates';
import type { LabRow } from '../bindings';
import { daysAgo } from './charts';

type Line = [code: string, title: string, value: string, unit: string, range: string, flag: string | null, previous: string | null];

const LINES: Line[] = [
  ['4548-4', 'Hemoglobin A1c', '7.4', '%', '4.0–5.6', 'H', '7.9'],
  ['2823-3', 'Potassium', '5.9', 'mmol/L', '3.5–5.1', 'HH', '5.0'],
  ['2160-0', 'Creatinine', '1.21', 'mg/dL', '0.50–1.10', 'H', '1.18'],
  ['33914-3', 'eGFR (MDRD)', '49', 'mL/min/1.73 m²', '≥ 60', 'L', '52'],
  ['2951-2', 'Sodium', '138', 'mmol/L', '136–145', null, '139'],
  ['2345-7', 'Glucose', '134', 'mg/dL', '70–99', 'H', '141'],
  ['13457-7', 'LDL cholesterol, calculated', '88', 'mg/dL', 'Range not supplied', null, '96'],
  ['2571-8', 'Triglycerides', '142', 'mg/dL', '< 150', null, '151'],
  ['718-7', 'Hemoglobin', '11.6', 'g/dL', '12.0–15.5', 'L', '11.9'],
  ['777-3', 'Platelets', '241', '10³/µL', '150–400', null, null],
  ['3016-3', 'Thyrotropin (TSH)', '2.8', 'mU/L', '0.4–4.0', null, '3.1'],
];

export function fakeLabs(long: boolean, now: Date): LabRow[] {
  const lines = long ? LINES : LINES.slice(4, 6);
  const latest = lines.map(([code, title, value, unit, range, flag, previous], index) => ({
    id: `l${index}`,
    code,
    title,
    value,
    unit,
    at: showDateTime(daysAgo(now, index < 6 ? 12 : 171, 7, 35)),
    flag,
    range,
    previous,
  }));
  const earlier = [3, 5, 8, 12, 17].flatMap((months, turn) =>
    latest
      .filter((row) => row.previous !== null)
      .map((row, index) => {
        const digits = row.value.split('.')[1]?.length ?? 0;
        const value = Number(row.previous) * (1 + (((turn * 5 + index * 3) % 7) - 3) / 60);
        return { ...row, id: `${row.id}-${turn}`, value: value.toFixed(digits), flag: row.flag === 'HH' ? 'H' : row.flag, at: showDateTime(daysAgo(now, months * 30, 7, 35)) };
      }),
  );
  return [...latest, ...earlier];
}
