import { describe, expect, test } from 'vitest';
import type { LeaseView } from '$lib/api/bindings';
import { theClinic } from '$lib/api/fake';
import { openWindow, signIn } from './window';

const WORDS = 'lake lamp pine pink tunnel zone zoo';
const lease = (level: LeaseView['level'], daysLeft: number): LeaseView => ({ level, daysLeft, daysAway: 45 - daysLeft, number: '1234 5676' });

describe('the time without the server', () => {
  test('is not spoken of while there is plenty of it', async () => {
    const window = openWindow();
    await window.find('signin-submit');
    expect(document.body.textContent).not.toContain('without the clinic’s server');
  });

  test('is warned of at the sign-in, in the status bar, and on the page of the workstation', async () => {
    theClinic().lease = lease('soon', 7);
    const window = openWindow();
    expect((await window.find('signin-lease')).textContent).toBe('Opens for 7 days more without the clinic’s server');
    await signIn(window, 'dwhitfield');
    await window.user.click(await window.find('status-lease'));
    expect((await window.find('health-lease')).textContent).toContain('not reached for 38 days');
    expect(window.byId('lease-number').textContent).toBe('1234 5676');
    await window.user.type(window.byId('lease-words'), WORDS);
    await window.user.click(window.byId('lease-submit'));
    expect((await window.find('status-message')).textContent).toContain('taken in');
    expect(document.querySelector('[data-testid="status-lease"]')).toBeNull();
  });

  test('shuts the sign-in when it is over, with the number to read out and a way on', async () => {
    theClinic().lease = lease('ended', 0);
    const window = openWindow();
    expect((await window.find('lease-ended')).textContent).toContain('45 days');
    expect(document.querySelector('[data-testid="signin-submit"]')).toBeNull();
    await window.user.type(window.byId('lease-words'), 'lake lamp');
    await window.user.click(window.byId('lease-submit'));
    expect((await window.find('error-code')).textContent).toBe('lease-words-mistyped');
    await window.user.clear(window.byId('lease-words'));
    await window.user.type(window.byId('lease-words'), WORDS);
    await window.user.click(window.byId('lease-submit'));
    await window.find('signin-submit');
  });

  test('is extended by a file', async () => {
    theClinic().lease = lease('ended', 0);
    const window = openWindow();
    await window.user.upload(await window.find('lease-file-input'), new File([`${WORDS}\n`], 'extension.txt'));
    await window.find('signin-submit');
  });
});
