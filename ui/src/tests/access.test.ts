import axe from 'axe-core';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { openChart, openWindow, signInAs, typeSignIn, type Window } from './window';

/** Colour contrast needs a layout, which jsdom has not; it was measured when the colours were chosen. */
async function faults(): Promise<string[]> {
  const { violations } = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
}

const onChart = async (open: (window: Window) => Promise<unknown>): Promise<void> => {
  const window = await signInAs('mokafor');
  await openChart(window, 'holloway');
  await open(window);
};

const SCREENS: [string, () => Promise<unknown>][] = [
  ['enrolment', async () => { theClinic().state = 'unenrolled'; await openWindow().find('enrolment-screen'); }],
  ['sign-in', async () => openWindow().find('lock-screen')],
  ['coming back', async () => { const window = await signInAs('dwhitfield'); await window.user.keyboard('{Control>}l{/Control}'); await window.find('reentry-form'); }],
  ['sign-in without the phone', async () => { const window = openWindow(); await window.user.click(await window.find('recover-open')); await window.find('recover-form'); }],
  ['sign-in with a security key', async () => { theClinic().key.touchMs = 60_000; const window = openWindow(); await window.user.click(await window.find('key-open')); await window.user.type(window.byId('key-pin'), '482913'); await window.user.click(window.byId('key-submit')); await window.find('key-step'); }],
  ['a security key that is due', async () => { theClinic().key.due = true; const window = openWindow(); await typeSignIn(window, 'dwhitfield'); await window.find('key-due-screen'); }],
  ['a security key to register', async () => { const window = await signInAs('dwhitfield'); await window.user.click(window.byId('me-open')); await window.user.click(await window.find('register-open')); await window.find('register-form'); }],
  ['my sign-in', async () => { const window = await signInAs('dwhitfield'); await window.user.click(window.byId('me-open')); await window.user.click(await window.find('sheet-open')); await window.user.type(window.byId('sheet-passphrase'), 'three unrelated words'); await window.user.click(window.byId('sheet-make')); await window.find('sheet-codes'); }],
  ['a new passphrase', async () => { const window = await signInAs('dwhitfield'); await window.user.click(window.byId('me-open')); await window.user.click(await window.find('passphrase-open')); await window.user.type(window.byId('passphrase-present'), 'three unrelated words'); await window.user.type(window.byId('passphrase-new'), 'short'); await window.user.click(window.byId('passphrase-change')); await window.find('error-code'); await window.user.clear(window.byId('passphrase-new')); await window.user.type(window.byId('passphrase-new'), 'seven geese cross the harbour'); await window.user.click(window.byId('passphrase-change')); await window.find('credential-done'); }],
  ['a new phone', async () => { const window = await signInAs('dwhitfield'); await window.user.click(window.byId('me-open')); await window.user.click(await window.find('phone-open')); await window.user.type(window.byId('phone-passphrase'), 'three unrelated words'); await window.user.click(window.byId('phone-submit')); await window.find('phone-seed'); }],
  ['home', async () => (await signInAs('dwhitfield')).find('today-row').catch(() => null)],
  ['summary', async () => onChart(async (window) => window.find('summary-problems'))],
  ...(['problems', 'medications', 'allergies', 'vitals', 'labs', 'notes', 'appointments', 'demographics', 'coverage'] as const).map((section): [string, () => Promise<unknown>] => [
    section,
    async () => onChart(async (window) => { await window.user.click(window.byId(`section-${section}`)); await window.find(`page-${section}`); }),
  ]),
  ['charts side by side', async () => onChart(async (window) => { await window.user.click(window.byId('section-demographics')); await window.user.click(await window.find('join-open')); await window.user.type(await window.find('join-search'), 'hollis'); await window.find('search-row'); await window.user.keyboard('{Enter}'); await window.find('join-compare'); })],
  ['a chart to join', async () => onChart(async (window) => { await window.user.click(window.byId('section-demographics')); await window.user.click(await window.find('join-open')); await window.find('join-find'); })],
  ['joined charts to separate', async () => { theClinic().joined.set('p013', 'p001'); return onChart(async (window) => { await window.user.click(window.byId('section-demographics')); await window.user.click(await window.find('separate-open')); await window.find('separate-dialog'); }); }],
  ['vitals entry', async () => onChart(async (window) => { await window.user.click(window.byId('vitals-open')); await window.find('vitals-panel'); })],
  ['note entry', async () => onChart(async (window) => { await window.user.click(window.byId('note-new')); await window.find('note-panel'); })],
  ['sync', async () => { const window = await signInAs('dwhitfield'); await window.user.click(window.byId('sync-open')); await window.find('sync-state'); }],
  ['this workstation', async () => { const window = await signInAs('dwhitfield'); await window.user.click(window.byId('health-open')); await window.find('health-state'); }],
  ['an exported audit log', async () => { const window = await signInAs('pvolkova'); await window.user.click(window.byId('audit-open')); await window.user.click(await window.find('audit-export')); await window.user.click(await window.find('audit-export-write')); await window.find('audit-export-done'); }],
  ['alerts', async () => { const window = await signInAs('pvolkova'); await window.user.click(window.byId('privacy-open')); await window.find('alert-table'); }],
  ['what came of an alert', async () => { const window = await signInAs('pvolkova'); await window.user.click(window.byId('privacy-open')); await window.find('alert-table'); await window.user.click(document.querySelector('[data-close]') as HTMLElement); await window.find('alert-dialog'); }],
  ['the report of a day', async () => { const window = await signInAs('rsato'); await window.user.click(window.byId('privacy-open')); await window.user.click(await window.find('privacy-reports')); await window.find('report'); }],
  ['alerts without the server', async () => { const window = await signInAs('pvolkova'); theClinic().online = false; await window.user.click(window.byId('privacy-open')); await window.find('error'); }],
  ['audit', async () => { const window = await signInAs('rsato'); await window.user.click(window.byId('audit-open')); await window.find('audit-table'); }],
];

describe('accessibility', () => {
  test.each(SCREENS)('%s has no fault that a machine can find', async (_, open) => {
    await open();
    expect(await faults()).toEqual([]);
  });
});
