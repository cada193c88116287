import { waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { asText } from '$lib/components/report-text';
import { theClinic } from '$lib/api/fake';
import { privacyCommands } from '$lib/api/fake/privacy';
import { signInAs, type Window } from './window';

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-testid="alert-row"]')];
const row = (kind: string): HTMLElement => {
  const found = rows().find((one) => one.dataset['kind'] === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};

async function openPrivacy(username: string): Promise<Window> {
  const window = await signInAs(username);
  await window.user.keyboard('{Alt>}p{/Alt}');
  await window.find('privacy-screen');
  return window;
}

describe('privacy', () => {
  test('an open alert says in plain words what, who, where and what to do', async () => {
    const window = await openPrivacy('pvolkova');
    await window.find('alert-table');
    const told = row('mass-look-up').textContent;
    expect(told).toContain('Opened many charts in a short time');
    expect(told).toContain('Lena Park');
    expect(told).toContain('Ask the person');
    expect(row('off-hours').textContent).toContain('Exam room 2');
    expect(window.byId('privacy-state').textContent).toContain('7 alerts are open');
  });

  test('an alert is closed by keys alone, with what came of it, and the next one is at hand', async () => {
    const window = await openPrivacy('pvolkova');
    await window.find('alert-table');
    row('mass-look-up').querySelector<HTMLElement>('[data-close]')?.focus();
    await window.user.keyboard('{Enter}');
    await window.find('alert-dialog');
    await window.user.keyboard('f');
    await waitFor(() => expect(window.gone('alert-dialog')).toBe(true));
    expect(theClinic().alerts[0]?.closed?.outcome).toBe('followed-up');
    await waitFor(() => expect(rows().some((one) => one.dataset['kind'] === 'mass-look-up')).toBe(false));
    await waitFor(() => expect(document.activeElement?.hasAttribute('data-close')).toBe(true));
    await window.user.click(window.byId('alert-all'));
    await waitFor(() => expect(row('mass-look-up').textContent).toContain('Followed up'));
    expect(row('mass-look-up').textContent).toContain('Irina Volkova');
  });

  test('nobody is offered to close an alert about themselves', async () => {
    const window = await openPrivacy('pvolkova');
    await window.find('alert-table');
    const own = rows().find((one) => one.textContent.includes('Irina Volkova'));
    expect(own?.textContent).toContain('somebody else closes it');
    expect(own?.querySelector('[data-close]')).toBeNull();
  });

  test('an auditor reads alerts without a way to close them', async () => {
    const window = await openPrivacy('rsato');
    await window.find('alert-table');
    expect(document.querySelectorAll('[data-close]').length).toBe(0);
    expect(window.byId('privacy-screen').textContent).toContain('closes none');
  });

  test('who closed it first is not overruled: the list is read again', async () => {
    const window = await openPrivacy('pvolkova');
    await window.find('alert-table');
    await window.user.click(row('backup-old').querySelector('[data-close]') as HTMLElement);
    await window.find('alert-dialog');
    const other = theClinic().alerts.find((one) => one.kind === 'backup-old');
    if (other !== undefined) other.closed = { by: 'Ivo Kaya', at: '', outcome: 'seen' };
    await window.user.click(window.byId('alert-expected'));
    await waitFor(() => expect(rows().some((one) => one.dataset['kind'] === 'backup-old')).toBe(false));
    expect(other?.closed?.outcome).toBe('seen');
  });

  test('without the server the page says so, and when it was read last', async () => {
    theClinic().online = false;
    const window = await openPrivacy('pvolkova');
    expect((await window.find('error-code')).textContent).toBe('server-away');
    expect(window.byId('privacy-state').textContent).toContain('without the clinic’s network');
    expect(window.byId('privacy-read-at').textContent).toContain('Not read since you signed in');
    theClinic().online = true;
    await window.user.click(window.byId('privacy-again'));
    await window.find('alert-table');
    theClinic().online = false;
    await window.user.click(window.byId('privacy-again'));
    await window.find('error');
    expect(window.byId('privacy-read-at').textContent).toMatch(/Read \d{2}-/);
    expect(rows().length).toBeGreaterThan(0);
  });

  test('each day has a report, also an empty one, and the last has no day after it', async () => {
    const window = await openPrivacy('rsato');
    await window.user.click(await window.find('privacy-reports'));
    await window.find('report');
    expect((window.byId('report-later') as HTMLButtonElement).disabled).toBe(true);
    expect(window.byId('report-activity').textContent).toContain('Sign-ins');
    const day = window.byId('report-day').textContent;
    await window.user.click(window.byId('report-earlier'));
    await waitFor(() => expect(window.byId('report-events').textContent).toContain('Nothing to report'));
    expect(window.byId('report-day').textContent).not.toBe(day);
  });

  test('a report as text counts, and names no person', async () => {
    await openPrivacy('pvolkova');
    const told = asText(await privacyCommands(theClinic).dayReport({ day: null }));
    expect(told).toContain('1,843 events are held of this day.');
    expect(told).toContain('- Sign-ins, refused or failed: 13');
    expect(told).toContain('Front desk: heard of today; swap not encrypted');
    for (const person of ['Volkova', 'Park', 'Okafor']) expect(told).not.toContain(person);
  });

  test('who may take the audit log out is told where it is, what opens it and how to check it, once', async () => {
    const window = await signInAs('pvolkova');
    await window.user.click(window.byId('audit-open'));
    (await window.find('audit-export')).focus();
    await window.user.keyboard('{Enter}');
    await window.user.click(await window.find('audit-export-write'));
    const told = (await window.find('audit-export-done')).textContent;
    for (const part of ['.ckaudit', 'ckx1.', '1205', 'chartkeepctl verify', '9f2b7c0e']) expect(told).toContain(part);
    await window.user.click(window.byId('audit-export-close'));
    await waitFor(() => expect(window.gone('audit-export-dialog')).toBe(true));
    expect(document.body.textContent).not.toContain('ckx1.');
    expect(theClinic().calls.filter((call) => call === 'auditPage').length).toBe(2);
  });

  test('an auditor reads the trail and takes no file of it out', async () => {
    const window = await signInAs('rsato');
    await window.find('audit-table');
    expect(window.gone('audit-export')).toBe(true);
  });

  test('a nurse has no such page', async () => {
    const window = await signInAs('dwhitfield');
    expect(window.gone('privacy-open')).toBe(true);
    await window.user.keyboard('{Alt>}p{/Alt}');
    expect(window.gone('privacy-screen')).toBe(true);
    expect(theClinic().calls).not.toContain('alerts');
  });

  test('whoever looks after the machines and finds no patients begins at the alerts', async () => {
    const window = await signInAs('ikaya');
    await window.find('privacy-screen');
    await window.find('alert-table');
  });
});
