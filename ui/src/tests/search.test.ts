import { waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { chart } from '$lib/state/chart.svelte';
import { openChart, signInAs } from './window';

const rows = () => [...document.querySelectorAll<HTMLElement>('[data-testid="search-row"]')];

describe('finding a patient', () => {
  test.each([
    ['part of a name without accents', 'trevino', 'TREVIÑO, Adán (Mr)'],
    ['a birth date', '14-jul-1945', 'HOLLOWAY, Margaret Anne (Mrs)'],
    ['a telephone number', '5550142', 'HOLLOWAY, Margaret Anne (Mrs)'],
  ])('by %s', async (_, typed, name) => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), typed);
    await waitFor(() => expect(rows().map((row) => row.textContent)).toEqual([expect.stringContaining(name)]));
  });

  test('while the first records arrive, nobody is said not to exist', async () => {
    theClinic().arriving = true;
    const window = await signInAs('dwhitfield');
    expect((await window.find('today-arriving')).textContent).toContain('still arriving');
    await window.user.type(await window.find('search-input'), 'zzzz');
    await waitFor(() => expect(document.body.textContent).toContain('do not register anybody anew'));
    expect(document.body.textContent).not.toContain('No patient matches');
  });

  test('each row has two identifiers beside the name', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), 'holloway');
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(rows()[0]?.textContent).toMatch(/Born\s+14-Jul-1945 \(8\dy\)/);
    expect(rows()[0]?.textContent).toMatch(/MRN\s+100 214 0/);
  });

  test('arrows choose and Enter opens, without the mouse', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), 'hol');
    await waitFor(() => expect(rows()).toHaveLength(3));
    await window.user.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}');
    expect(rows().map((row) => row.getAttribute('aria-selected'))).toEqual(['false', 'true', 'false']);
    expect(window.byId('search-input').getAttribute('aria-activedescendant')).toBe(rows()[1]?.id);
    await window.user.keyboard('{Enter}');
    expect((await window.find('banner-name')).textContent).toBe('HOLLIS, Jermaine (Mr)');
  });

  test('a name that two patients share is checked once more before the chart opens', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), 'garcia');
    await waitFor(() => expect(rows()).toHaveLength(2));
    expect(rows().every((row) => row.textContent?.includes('Same name'))).toBe(true);
    await window.user.keyboard('{Enter}');
    expect((await window.find('same-name-dialog')).textContent).toContain('02-Mar-1987');
    expect(chart.view).toBeNull();
    await window.user.keyboard('{Enter}');
    expect((await window.find('banner-born')).textContent).toContain('02-Mar-1987');
  });

  test('the list counts as seen once: when it has stood, or when one is chosen', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    expect(theClinic().settled).toEqual([['p001']]);
  });

  test('a chart outside the care relation asks why, and one key answers', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), 'petrov');
    await window.find('search-row');
    await window.user.keyboard('{Enter}');
    await window.find('reason-dialog');
    expect(window.gone('chart-screen')).toBe(true);
    await window.user.keyboard('t');
    expect((await window.find('banner-name')).textContent).toContain('PETROV');
  });

  test('a restricted chart stays shut and says what stands in the way', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), 'delacroix');
    await window.find('search-row');
    await window.user.keyboard('{Enter}');
    expect((await window.find('error-code')).textContent).toBe('needs-break-glass');
    await window.user.click(window.byId('refusal-close'));
    expect(window.gone('chart-screen')).toBe(true);
  });

  test("Ctrl+K comes back from anywhere, and today's list opens a chart", async () => {
    const window = await signInAs('dwhitfield');
    await window.user.click(await window.find('sync-open'));
    await window.find('sync-screen');
    await window.user.keyboard('{Control>}k{/Control}');
    expect(document.activeElement).toBe(await window.find('search-input'));
    const row = await waitFor(() => {
      const found = document.querySelector<HTMLElement>('[data-testid="today-row"][data-patient="p001"]');
      if (found === null) throw new Error('not yet');
      return found;
    });
    await window.user.click(row);
    expect((await window.find('banner-name')).textContent).toContain('HOLLOWAY');
  });
});
