/** A row of the search shows who it is whole, however long, and opens from any place in it. */
import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { PatientRow } from '../api/bindings';
import PatientRows from './PatientRows.svelte';

const LONG: PatientRow = {
  id: 'p1',
  name: 'WOLFESCHLEGELSTEINHAUSENBERGERDORFF, Maximiliana Bartholomea (Ms)',
  born: '14-Jul-1945',
  age: '81y',
  sex: 'Female',
  mrn: '3f2b8c1e-9d47-4a6b-8f30-c2d1e5a7b914',
  phone: '+44 20 7946 0958 ext. 4471',
  deceased: false,
  sameName: false,
  foundAs: [],
  arrival: null,
};

test('a long name, a long record number and a long telephone number stand there in full, and each opens the row', async () => {
  const onchoose = vi.fn();
  render(PatientRows, { id: 'list', label: 'Patients', rows: [LONG], at: 0, onchoose });
  const row = screen.getByTestId('search-row');
  for (const whole of [LONG.name, `MRN ${LONG.mrn}`, LONG.phone]) {
    expect(row.textContent).toContain(whole);
  }
  for (const cell of row.children) await userEvent.click(cell);
  expect(onchoose.mock.calls).toEqual(Array(row.children.length).fill([LONG]));
});
