/** What the made-up clinic takes for an unusual vital sign. */
import { readDecimal } from '../../format/vitals';
import type { FieldWarning, VitalsForm } from '../bindings';

const BOUNDS: [field: keyof VitalsForm, low: number, high: number, words: string][] = [
  ['systolic', 80, 200, 'A systolic pressure outside 80–200 mmHg is unusual.'],
  ['diastolic', 40, 120, 'A diastolic pressure outside 40–120 mmHg is unusual.'],
  ['heartRate', 40, 150, 'A heart rate outside 40–150 /min is unusual.'],
  ['respiratoryRate', 8, 40, 'A respiratory rate outside 8–40 /min is unusual.'],
  ['spo2', 85, 100, 'An oxygen saturation outside 85–100 % is unusual.'],
  ['temperature', 34, 41, 'A temperature outside 34–41 °C is unusual.'],
  ['weight', 2, 250, 'A weight outside 2–250 kg is unusual.'],
  ['height', 40, 220, 'A height outside 40–220 cm is unusual.'],
];

export function checkVitals(form: VitalsForm): FieldWarning[] {
  return BOUNDS.flatMap(([field, low, high, words]): FieldWarning[] => {
    const typed = form[field];
    if (typeof typed !== 'string') return [];
    const value = readDecimal(typed);
    if (value === null) return [{ field, message: 'This is not a number.', blocking: true }];
    return value < low || value > high ? [{ field, message: words, blocking: value > high * 2 || (field === 'spo2' && value > 100) }] : [];
  });
}
