import { expect, test } from 'vitest';
import { fakeChart } from '../api/fake/charts';
import { PATIENTS, type FakePatient } from '../api/fake/patients';
import { STAFF, type FakePerson } from '../api/fake/people';
import { expandWord } from './note-words';

const NOW = new Date(2026, 10, 22, 10, 15);
const view = fakeChart(PATIENTS[0] as FakePatient, STAFF[0] as FakePerson, NOW);
const typed = (text: string) => expandWord({ text, caret: text.length }, view, NOW);

test('a short word becomes what the chart says, where it was typed', () => {
  expect(typed('Seen .today ')?.text).toBe('Seen 22-Nov-2026 ');
  expect(typed('.meds ')?.text).toContain('lisinopril: 10 mg tablet');
  expect(typed('.allergies ')?.text).toContain('Known allergies\nPenicillin G: Anaphylaxis');
  expect(typed('Objective\n.vitals ')?.text).toMatch(/^Objective\nBlood pressure \d+\/\d+ mmHg \(/);
});

test('what stands after the caret stays, and the caret stands after what came', () => {
  const before = 'On .today ';
  expect(expandWord({ text: `${before}seen`, caret: before.length }, view, NOW)).toEqual({ text: 'On 22-Nov-2026 seen', caret: 15 });
});

test.each(['e.g. today ', '.unknown ', 'v.vitals ', '.today'])('%s stays as typed', (text) => {
  expect(typed(text)).toBeNull();
});
