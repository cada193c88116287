import { waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { openChart, signInAs } from './window';

describe('a chart that this workstation does not keep', () => {
  test('is fetched when it is opened, and says until when it is here', async () => {
    const window = await signInAs('mokafor');
    theClinic().away.set('p001', null);
    await openChart(window, 'holloway');
    await waitFor(() => expect(window.byId('chart-away').textContent).toContain('here until 29-Nov-2026 10:15'));
    expect(window.byId('banner-allergies-title').textContent).toBe('Known allergies');
    expect(window.byId('summary-problems').textContent).not.toContain('Something may be recorded');
  });

  test('without the server no section reads as if nothing were recorded, and it can be fetched later', async () => {
    const window = await signInAs('mokafor');
    theClinic().away.set('p001', null);
    theClinic().online = false;
    await openChart(window, 'holloway');
    expect((await window.find('chart-fetch')).textContent).toContain('Fetch it again');
    expect(window.byId('banner-allergies-title').textContent).toBe('Allergies unavailable');
    const clinical = ['problems', 'medications', 'allergies', 'vitals', 'labs', 'notes', 'immunizations'];
    expect(window.byId('chart-away').textContent).toContain('cannot be reached');
    for (const section of clinical) {
      expect(window.byId(`section-${section}`).textContent).toMatch(/Missing\s*$/);
      expect(window.byId(`summary-${section}`).textContent).toContain('Something may be recorded');
    }
    for (const section of clinical) {
      await window.user.click(window.byId(`section-${section}`));
      const page = (await window.find(`page-${section}`)).textContent;
      expect(page).toContain('Something may be recorded');
      expect(page).not.toContain('None recorded');
    }
    await window.user.click(window.byId('section-summary'));
    theClinic().online = true;
    await window.user.click(window.byId('chart-fetch'));
    await waitFor(() => expect(window.byId('banner-allergies-title').textContent).toBe('Known allergies'));
    expect(window.byId('summary-problems').textContent).not.toContain('Something may be recorded');
  });

  test('what comes after another chart was opened does not take its place', async () => {
    const window = await signInAs('mokafor');
    theClinic().away.set('p001', null);
    theClinic().online = false;
    await openChart(window, 'holloway');
    await window.find('chart-fetch');
    await window.user.keyboard('{Control>}k{/Control}');
    await openChart(window, 'lindqvist');
    await waitFor(() => expect(window.byId('banner').textContent).toContain('LINDQVIST'));
    expect(window.gone('chart-away')).toBe(true);
  });
});
