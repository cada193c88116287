import { waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { chart } from '$lib/state/chart.svelte';
import { openChart, signInAs } from './window';

describe('the chart', () => {
  test('the banner says name, birth date with age, gender and number in that order and without colons', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    const banner = window.byId('banner').textContent ?? '';
    const order = ['HOLLOWAY, Margaret Anne (Mrs)', 'Born', '14-Jul-1945 (8', 'Gender', 'Female', 'MRN', '100 214 0'];
    const at = order.map((words) => banner.indexOf(words));
    expect(at.every((position) => position >= 0)).toBe(true);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    expect(banner).not.toMatch(/(Born|Gender|MRN):/);
  });

  test.each([
    ['holloway', 'Known allergies'],
    ['trevino', 'No known allergies'],
    ['oyelaran', 'Allergies not recorded'],
    ['lindqvist', 'Allergies unavailable'],
  ])('%s stands under the exact title "%s"', async (typed, title) => {
    const window = await signInAs('mokafor');
    await openChart(window, typed);
    expect(window.byId('banner-allergies-title').textContent).toBe(title);
  });

  test('a death shows with its date and its own banner', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'fitzwilliam');
    expect(window.byId('banner-died').textContent).toContain('03-Feb-2026 (92y)');
    expect(window.byId('banner').classList).toContain('deceased');
  });

  test('the front desk sees demographics, appointments and coverage, and nothing clinical', async () => {
    const window = await signInAs('lpark');
    await openChart(window, 'holloway');
    const shown = [...document.querySelectorAll('[data-testid^="section-"]')].map((tab) => tab.getAttribute('data-testid'));
    expect(shown).toEqual(['section-summary', 'section-demographics', 'section-appointments', 'section-coverage']);
    expect(window.gone('banner-allergies')).toBe(true);
    expect(window.gone('vitals-open')).toBe(true);
    expect(document.body.textContent).not.toMatch(/allerg|lisinopril|hypertension/i);
  });

  test('a key that the role may not use says so', async () => {
    const window = await signInAs('lpark');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Alt>}v{/Alt}');
    expect(window.byId('status-message').textContent).toContain('Your role does not record');
  });

  test('each section says how fresh it is, and an old one says it in words', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    expect(window.byId('freshness-problems').textContent).toMatch(/as of \d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d/);
    expect(window.byId('freshness-labs').textContent).toContain('Old');
  });

  test('every section opens by its key', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Alt>}3{/Alt}');
    expect(await window.find('page-medications')).toBeTruthy();
    await window.user.click(window.byId('section-vitals'));
    const plots = [...document.querySelectorAll('[data-testid="vitals-plot"]')];
    expect(plots.map((plot) => plot.querySelector('[role="img"]')?.getAttribute('aria-label'))).toContainEqual(expect.stringMatching(/^Blood pressure in mmHg, \d+ measurements/));
  });
});

describe('recording vital signs', () => {
  test('an unusual value is shown at its field, and is saved only once confirmed', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Alt>}v{/Alt}');
    expect(document.activeElement).toBe(await window.find('vitals-systolic'));
    await window.user.keyboard('210{Tab}84{Enter}');
    expect((await window.find('vitals-systolic-note')).textContent).toContain('unusual');
    expect(theClinic().written.vitals).toHaveLength(0);
    await window.user.click(await window.find('vitals-confirm'));
    expect((await window.find('status-unsent')).textContent).toBe('1 unsent');
    expect(theClinic().written.vitals[0]).toMatchObject({ systolic: '210', diastolic: '84', heartRate: null, confirmed: true });
  });

  test('what is not a number cannot be confirmed away', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('vitals-open'));
    await window.user.type(await window.find('vitals-heartRate'), 'fast{Enter}');
    expect((await window.find('vitals-heartRate-note')).textContent).toContain('not a number');
    expect(window.gone('vitals-confirm')).toBe(true);
  });

  test('the body mass index follows weight and height, and precision stays as typed', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('vitals-open'));
    await window.user.type(await window.find('vitals-weight'), '72,50');
    await window.user.type(window.byId('vitals-height'), '162');
    expect(window.byId('vitals-bmi').textContent).toContain('27.6');
    await window.user.click(window.byId('vitals-save'));
    await window.find('status-unsent');
    expect(theClinic().written.vitals[0]?.weight).toBe('72.50');
  });
});

describe('somebody who is erased', () => {
  test('closes the chart with a sentence, whatever is being typed, and no other chart', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    const patientId = chart.view?.patientId ?? '';
    await window.user.click(window.byId('vitals-open'));
    await window.user.type(await window.find('vitals-weight'), '72');
    theClinic().emit('patient-erased', { patientId: 'somebody-else' });
    expect(window.gone('chart-screen')).toBe(false);
    theClinic().emit('patient-erased', { patientId });
    await waitFor(() => expect(window.gone('chart-screen')).toBe(true));
    expect(window.byId('status-message').textContent).toContain('This patient was erased by order of your clinic.');
    expect(window.gone('chart-tab')).toBe(true);
  });
});
