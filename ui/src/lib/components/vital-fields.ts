/** The fields of a set of vital signs, in the order they are taken. */
import type { VitalsForm } from '../api/bindings';
import { text } from '../text';

export type VitalName = Exclude<keyof VitalsForm, 'patientId' | 'takenAt' | 'confirmed'>;

export interface VitalFieldKind {
  name: VitalName;
  label: string;
  unit: string;
  /** LOINC codes under which the chart may show the last value. */
  codes: string[];
}

const t = text.vitalsForm;

export const VITAL_FIELDS: VitalFieldKind[] = [
  { name: 'systolic', label: t.systolic, unit: 'mmHg', codes: ['85354-9', '55284-4'] },
  { name: 'diastolic', label: t.diastolic, unit: 'mmHg', codes: ['85354-9', '55284-4'] },
  { name: 'heartRate', label: t.heartRate, unit: '/min', codes: ['8867-4'] },
  { name: 'respiratoryRate', label: t.respiratoryRate, unit: '/min', codes: ['9279-1'] },
  { name: 'spo2', label: t.spo2, unit: '%', codes: ['59408-5', '2708-6'] },
  { name: 'temperature', label: t.temperature, unit: '°C', codes: ['8310-5'] },
  { name: 'weight', label: t.weight, unit: 'kg', codes: ['29463-7'] },
  { name: 'height', label: t.height, unit: 'cm', codes: ['8302-2'] },
];

export function emptyVitals(): Record<VitalName, string> {
  return Object.fromEntries(VITAL_FIELDS.map(({ name }) => [name, ''])) as Record<VitalName, string>;
}

/** A draft as it was kept; what is not there is empty. */
export function readVitals(content: string): Record<VitalName, string> {
  const fields = emptyVitals();
  let kept: unknown;
  try {
    kept = JSON.parse(content);
  } catch {
    return fields;
  }
  if (typeof kept !== 'object' || kept === null) return fields;
  for (const { name } of VITAL_FIELDS) {
    const value = (kept as Record<string, unknown>)[name];
    if (typeof value === 'string') fields[name] = value;
  }
  return fields;
}
