import { expect, test } from 'vitest';
import type { LabRow } from '../api/bindings';
import { showCount } from './counts';
import { readShown, shortenToday, showAxisMark, showDateTime } from './dates';
import { groupLabs, labSeries, readRange } from './labs';
import { bannerName, bornWithAge } from './names';
import { asTyped, bodyMassIndex, readDecimal } from './vitals';

const AT = new Date(2026, 10, 2, 7, 5);

test('dates have letters for the month and a 24-hour clock', () => {
  expect(showDateTime(AT)).toBe('02-Nov-2026 07:05');
  expect(shortenToday('02-Nov-2026 07:05', AT)).toBe('07:05');
  expect(shortenToday('01-Nov-2026 07:05', AT)).toBe('01-Nov-2026 07:05');
});

test('a time axis says no more than it needs', () => {
  expect(showAxisMark(AT, 700)).toBe('Nov 2026');
  expect(showAxisMark(AT, 30)).toBe('02-Nov');
  expect(showAxisMark(AT, 1)).toBe('07:05');
});

test('a name without a title has no parentheses', () => {
  expect(bannerName({ family: 'BEAUMONT', given: 'Théo', title: '' })).toBe('BEAUMONT, Théo');
  expect(bornWithAge('Not Known', '')).toBe('Not Known');
});

test('typed numbers keep their precision, and words are not numbers', () => {
  expect(asTyped(' 36,60 ')).toBe('36.60');
  expect(asTyped('  ')).toBeNull();
  expect(readDecimal('12a')).toBeNull();
  expect(readDecimal('1e3')).toBeNull();
  expect(bodyMassIndex('72.5', '162')).toBe('27.6');
  expect(bodyMassIndex('72.5', '1.62')).toBeNull();
});

test('what was shown can be read back', () => {
  expect(readShown('02-Nov-2026 07:05')).toEqual(AT);
  expect(readShown('Unknown')).toBeNull();
});

test('results of one test in two units are two groups', () => {
  const row = (id: string, unit: string, value: string, at: string): LabRow => ({ id, code: '33914-3', title: 'eGFR', value, unit, at, flag: null, range: '≥ 60', previous: null });
  const groups = groupLabs([row('a', 'mL/min', '49', '02-Nov-2026 07:05'), row('b', '%', '50', '01-Nov-2026 07:05'), row('c', 'mL/min', '52', '01-Oct-2026 07:05')]);
  expect(groups.map((group) => [group.latest.id, group.earlier.map((one) => one.id)])).toEqual([['a', ['c']], ['b', []]]);
  expect(groups.map((group) => labSeries(group)?.points.map((point) => point.value))).toEqual([[52, 49], undefined]);
});

test.each([
  ['3.5–5.1', 3.5, 5.1],
  ['< 150', null, 150],
  ['≥ 60', 60, null],
])('the range %s is read as numbers', (range, low, high) => {
  expect(readRange(range)).toMatchObject({ low, high });
});

test.each([
  [0, '0'],
  [999, '999'],
  [1843, '1,843'],
  [1204567, '1,204,567'],
])('the count %s is shown as %s', (count, shown) => {
  expect(showCount(count)).toBe(shown);
});
