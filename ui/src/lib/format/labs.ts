/** Results gathered by test and unit: one LOINC code with two units is two lines, never one. */
import type { LabRow, NormalRange, VitalSeriesView } from '../api/bindings';
import { readShown } from './dates';

export interface LabGroup {
  /** Code and unit. */
  id: string;
  latest: LabRow;
  /** Newest first. */
  earlier: LabRow[];
}

/** Rows come newest first, and groups stand in the order of their newest row. */
export function groupLabs(rows: LabRow[]): LabGroup[] {
  const groups = new Map<string, LabGroup>();
  for (const row of rows) {
    const id = `${row.code} ${row.unit}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { id, latest: row, earlier: [] });
    else group.earlier.push(row);
  }
  return [...groups.values()];
}

/** What can be drawn of a group; nothing below two numbers. */
export function labSeries({ latest, earlier }: LabGroup): VitalSeriesView | null {
  const points = [latest, ...earlier]
    .flatMap((row) => {
      const at = readShown(row.at);
      return at === null || !/^-?\d+(\.\d+)?$/.test(row.value) ? [] : [{ at: at.toISOString(), value: Number(row.value), low: null, high: null }];
    })
    .reverse();
  if (points.length < 2) return null;
  return { code: latest.code, title: latest.title, unit: latest.unit, points, normal: readRange(latest.range) };
}

/** `3.5–5.1`, `< 150` or `≥ 60` as numbers. */
export function readRange(range: string): NormalRange | null {
  const between = /^(\d+(?:\.\d+)?)\s*[–-]\s*(\d+(?:\.\d+)?)/.exec(range);
  if (between !== null) return { low: Number(between[1]), high: Number(between[2]), source: 'as supplied' };
  const bound = /^([<>≤≥]=?)\s*(\d+(?:\.\d+)?)/.exec(range);
  if (bound === null) return null;
  const value = Number(bound[2]);
  return /[<≤]/.test(bound[1] ?? '') ? { low: null, high: value, source: 'as supplied' } : { low: value, high: null, source: 'as supplied' };
}
