import { waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { openChart, signInAs, type Window } from './window';

async function openDemographics(window: Window): Promise<void> {
  await openChart(window, 'holloway');
  await window.user.click(window.byId('section-demographics'));
  await window.find('joined-charts');
}

async function compareWith(window: Window, typed: string): Promise<void> {
  await window.user.click(window.byId('join-open'));
  await window.user.type(await window.find('join-search'), typed);
  await waitFor(() => expect(document.querySelectorAll('#join-list [role="option"]').length).toBeGreaterThan(0));
  await window.user.keyboard('{Enter}');
  await window.find('join-compare');
}

const disabled = (element: HTMLElement): boolean => (element as HTMLButtonElement).disabled;

describe('joined charts', () => {
  test('two charts are joined after both answers alone, and either leads to the one that stays', async () => {
    const window = await signInAs('lpark');
    await openDemographics(window);
    await compareWith(window, 'hollis');
    expect(window.byId('join-compare').textContent).toContain('HOLLIS, Jermaine');
    expect(window.byId('join-reasons').textContent).toContain('Another birth date');
    expect(disabled(window.byId('join-confirm'))).toBe(true);
    await window.user.click(document.querySelectorAll<HTMLElement>('[data-testid="join-stays"]')[0] as HTMLElement);
    expect(disabled(window.byId('join-confirm'))).toBe(true);
    await window.user.click(window.byId('join-sure'));
    await window.user.click(window.byId('join-confirm'));
    expect((await window.find('chart-includes')).textContent).toContain('HOLLIS, Jermaine');
    expect([...theClinic().joined.values()]).toEqual(['p001']);
    expect(theClinic().settled.length).toBeGreaterThan(0);
  });

  test('the other chart may be the one that stays, and is on the screen then', async () => {
    const window = await signInAs('lpark');
    await openDemographics(window);
    await compareWith(window, 'hollis');
    await window.user.click(document.querySelectorAll<HTMLElement>('[data-testid="join-stays"]')[1] as HTMLElement);
    await window.user.click(window.byId('join-sure'));
    await window.user.click(window.byId('join-confirm'));
    await waitFor(() => expect(window.byId('chart-screen').textContent).toContain('Includes the chart of HOLLOWAY'));
    expect(window.byId('chart-screen').textContent).toContain('HOLLIS');
  });

  test('who may be the same person is proposed before anything is typed', async () => {
    const window = await signInAs('lpark');
    await openChart(window, 'garcía 1987');
    await window.user.click(window.byId('section-demographics'));
    await window.user.click(await window.find('join-open'));
    await waitFor(() => expect(window.byId('join-find').textContent).toContain('These may be of the same person'));
    expect(document.querySelectorAll('#join-list [role="option"]').length).toBe(1);
    await window.user.keyboard('{Enter}');
    expect((await window.find('join-reasons')).textContent).toContain('Same name');
  });

  test('what is decided later is left as it is', async () => {
    const window = await signInAs('lpark');
    await openDemographics(window);
    await compareWith(window, 'hollis');
    await window.user.click(window.byId('join-later'));
    await waitFor(() => expect(window.gone('join-compare')).toBe(true));
    expect([theClinic().joined.size, theClinic().apart.size]).toEqual([0, 0]);
  });

  test('two people are told apart, are not proposed again, and it can be taken back', async () => {
    const window = await signInAs('lpark');
    await openChart(window, 'garcía 1987');
    await window.user.click(window.byId('section-demographics'));
    await compareWith(window, 'garcía 1951');
    await window.user.click(window.byId('join-two'));
    await waitFor(() => expect(window.byId('status-message').textContent).toContain('two people'));
    await window.user.click(window.byId('join-open'));
    await waitFor(() => expect(window.byId('join-find').textContent).toContain('No chart on this workstation looks alike'));
    await window.user.click(window.byId('join-cancel'));
    await compareWith(window, 'garcía 1951');
    expect(window.byId('join-told-apart').textContent).toContain('Said to be two people by ');
    expect(window.gone('join-confirm')).toBe(true);
    await window.user.click(window.byId('join-take-back'));
    await waitFor(() => expect(theClinic().apart.size).toBe(0));
    await compareWith(window, 'garcía 1951');
    expect(window.gone('join-told-apart')).toBe(true);
  });

  test('pairs that nobody asked for are counted, compared and decided from one page', async () => {
    const window = await signInAs('lpark');
    expect((await window.find('alike-notice')).textContent).toContain('Charts that may be one person: 1');
    await window.user.click(window.byId('alike-open'));
    expect((await window.find('alike-row')).textContent).toContain('GARCÍA, Elena (Ms)');
    expect(window.byId('alike-row').textContent).toContain('Another birth date');
    await waitFor(() => expect(document.activeElement).toBe(window.byId('alike-compare')));
    await window.user.keyboard('{Enter}');
    await window.user.click(await window.find('join-two'));
    await window.find('alike-none');
    expect(theClinic().settled.some((shown) => shown.length === 2)).toBe(true);
    await window.user.click(window.byId('alike-tab-apart'));
    await window.user.click(await window.find('alike-compare'));
    await window.user.click(await window.find('join-take-back'));
    await window.find('alike-none');
    await window.user.click(window.byId('home-open'));
    expect((await window.find('alike-notice')).textContent).toContain('1');
  });

  test('who may not say who a patient is is told of no pair', async () => {
    const window = await signInAs('pvolkova');
    await window.find('today-list');
    expect(window.gone('alike-notice')).toBe(true);
  });

  test('joined charts are separated again after a second look', async () => {
    const window = await signInAs('lpark');
    theClinic().joined.set('p013', 'p001');
    await openDemographics(window);
    await window.user.click(window.byId('separate-open'));
    expect(disabled(await window.find('separate-confirm'))).toBe(true);
    await window.user.click(window.byId('separate-sure'));
    await window.user.click(window.byId('separate-confirm'));
    await waitFor(() => expect(window.gone('chart-includes')).toBe(true));
    expect(theClinic().joined.size).toBe(0);
  });

  test('who may not say who a patient is sees what is included and is offered nothing', async () => {
    const window = await signInAs('pvolkova');
    theClinic().joined.set('p013', 'p001');
    await openDemographics(window);
    expect(window.byId('joined-charts').textContent).toContain('HOLLIS, Jermaine');
    expect(window.gone('join-open')).toBe(true);
    expect(window.gone('separate-open')).toBe(true);
  });

  test('a chart closes where a patient is erased whose chart is part of it', async () => {
    const window = await signInAs('lpark');
    theClinic().joined.set('p013', 'p001');
    await openDemographics(window);
    theClinic().emit('patient-erased', { patientId: 'p013' });
    await waitFor(() => expect(window.gone('chart-screen')).toBe(true));
  });
});
