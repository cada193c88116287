import { screen } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { openChart, openWindow, signIn, signInAs } from './window';

describe('before the records', () => {
  test('a computer without a clinic asks for server, token and name', async () => {
    theClinic().state = 'unenrolled';
    const window = openWindow();
    await window.user.type(await window.find('enrol-server'), 'https://server.clinic:8444');
    await window.user.type(window.byId('enrol-token'), 'ck1.abc');
    await window.user.type(window.byId('enrol-label'), 'Exam room 2');
    await window.user.click(window.byId('enrol-submit'));
    expect(await window.find('lock-screen')).toBeTruthy();
  });

  test('a refused token says code, sentence and advice, and keeps what was typed', async () => {
    theClinic().state = 'unenrolled';
    const window = openWindow();
    await window.user.type(await window.find('enrol-token'), 'old');
    await window.user.click(window.byId('enrol-submit'));
    expect((await window.find('error-code')).textContent).toBe('token-refused');
    expect(window.byId('error-advice').textContent).toContain('new token');
    expect((window.byId('enrol-token') as HTMLInputElement).value).toBe('old');
  });

  test.each(['vault-damaged', 'vault-newer'] as const)('%s has its own screen with what to do', async (code) => {
    const clinic = theClinic();
    clinic.state = 'blocked';
    clinic.problem = { code, message: 'What happened.', advice: 'What to do.' };
    const window = openWindow();
    expect((await window.find('error-code')).textContent).toBe(code);
    expect(window.byId('blocked-screen').textContent).toContain('No record was deleted');
    expect(document.querySelector('[data-testid="rescue-form"]')).toBeNull();
  });

  test.each(['key-missing', 'keyring-foreign'] as const)('a computer with %s takes a rescue token', async (code) => {
    const clinic = theClinic();
    clinic.state = 'blocked';
    clinic.problem = { code, message: 'What happened.', advice: 'What to do.' };
    const window = openWindow();
    await window.user.type(await window.find('rescue-server'), 'https://server.clinic:8444');
    await window.user.type(window.byId('rescue-token'), 'ck1.abc');
    await window.user.click(window.byId('rescue-submit'));
    expect(await window.find('lock-screen')).toBeTruthy();
  });

  test('a computer that was wiped says so, and takes a new enrolment token', async () => {
    const clinic = theClinic();
    clinic.state = 'blocked';
    clinic.problem = { code: 'wiped', message: 'What happened.', advice: 'What to do.' };
    const window = openWindow();
    expect((await window.find('error-code')).textContent).toBe('wiped');
    expect(window.byId('enrolment-screen').textContent).toContain('What to do.');
    expect(document.body.textContent).not.toContain('No record was deleted');
    await window.user.type(window.byId('enrol-server'), 'https://server.clinic:8444');
    await window.user.type(window.byId('enrol-token'), 'ck1.abc');
    await window.user.click(window.byId('enrol-submit'));
    expect(await window.find('lock-screen')).toBeTruthy();
  });

  test.each([
    ['keyring-absent', 'The keyring does not run'],
    ['keyring-locked', 'The keyring is locked'],
    ['keyring-error', 'The keyring reports an error'],
    ['keyring-no-answer', 'The keyring does not answer'],
    ['keyring-elsewhere', 'The key lies in another collection'],
    ['keyring-twice', 'The keyring holds the key twice'],
    ['keyring-foreign', 'Another keyring than before'],
    ['keyring-unreadable', 'The key cannot be read'],
    ['keyring-forgets', 'The keyring does not keep keys'],
    ['key-missing', 'The key of this computer is gone'],
  ] as const)('%s has a heading and steps of its own, and can be tried again', async (code, heading) => {
    const clinic = theClinic();
    clinic.state = 'blocked';
    clinic.problem = { code, message: 'What happened.', advice: 'What to do.' };
    const window = openWindow();
    expect((await window.find('error-code')).textContent).toBe(code);
    expect(window.byId('blocked-screen').querySelector('h1')?.textContent).toBe(heading);
    expect(window.byId('blocked-steps').querySelectorAll('li').length).toBeGreaterThan(1);
    expect(window.byId('blocked-screen').textContent).toContain('No record was deleted');
    clinic.state = 'locked';
    clinic.problem = null;
    await window.user.click(window.byId('blocked-retry'));
    expect(await window.find('lock-screen')).toBeTruthy();
  });

  test('where the clock may be wrong, the time on the phone is asked for and lets the person in', async () => {
    theClinic().clockIsWrong = true;
    const window = openWindow();
    expect(window.gone('phone-time-offer')).toBe(true);
    await window.user.type(await window.find('signin-username'), 'dwhitfield');
    await window.user.type(window.byId('signin-passphrase'), 'three unrelated words');
    await window.user.type(window.byId('signin-code'), '123456');
    await window.user.click(window.byId('signin-submit'));
    await window.user.click(await window.find('phone-time-offer'));
    expect(document.activeElement).toBe(window.byId('phone-time-time'));
    await window.user.type(window.byId('signin-code'), '123456');
    await window.user.type(window.byId('phone-time-time'), 'noon');
    await window.user.click(window.byId('signin-submit'));
    expect((await window.find('error-code')).textContent).toBe('form-invalid');
    expect((window.byId('signin-code') as HTMLInputElement).value).toBe('123456');
    await window.user.clear(window.byId('phone-time-time'));
    await window.user.type(window.byId('phone-time-time'), '12:00');
    await window.user.click(window.byId('signin-submit'));
    expect(await window.find('desk')).toBeTruthy();
  });

  test('a wrong passphrase empties the code only, and puts the caret there', async () => {
    const window = openWindow();
    await window.user.type(await window.find('signin-username'), 'dwhitfield');
    await window.user.type(window.byId('signin-passphrase'), 'wrong');
    await window.user.type(window.byId('signin-code'), '111111');
    await window.user.click(window.byId('signin-submit'));
    expect((await window.find('error-code')).textContent).toBe('sign-in-refused');
    expect((window.byId('signin-passphrase') as HTMLInputElement).value).toBe('wrong');
    expect((window.byId('signin-code') as HTMLInputElement).value).toBe('');
    expect(document.activeElement).toBe(window.byId('signin-code'));
  });

  test('passphrase and code can be pasted, and the passphrase shown', async () => {
    const window = openWindow();
    await window.user.click(await window.find('signin-passphrase'));
    await window.user.paste('from a password manager');
    await window.user.click(window.byId('signin-show'));
    const field = window.byId('signin-passphrase') as HTMLInputElement;
    expect(field.value).toBe('from a password manager');
    expect(field.type).toBe('text');
    await window.user.click(window.byId('signin-code'));
    await window.user.paste('123 456');
    expect((window.byId('signin-code') as HTMLInputElement).value).toBe('123 456');
  });

  test('offline is said before signing in, and failed attempts after it', async () => {
    theClinic().online = false;
    theClinic().failures = 2;
    const window = openWindow();
    expect((await window.find('signin-connection')).textContent).toContain('You can sign in and work');
    await signIn(window, 'dwhitfield');
    expect((await window.find('failures-notice')).textContent).toContain('2 failed attempts');
    expect(window.byId('status-connection').textContent).toBe('Offline');
  });

  test('locking leaves nothing of a record in the page', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.type(await window.find('search-input'), 'hollo');
    await window.find('search-row');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('lock-screen');
    expect(document.body.textContent).not.toContain('HOLLOWAY');
  });
});

describe('who was here a while ago', () => {
  test('comes back with the passphrase alone, the caret waiting in its field', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('reentry-form');
    expect(document.activeElement).toBe(window.byId('reentry-passphrase'));
    await window.user.keyboard('three unrelated words{Enter}');
    await window.find('desk');
  });

  test('finds a colleague chosen for them by one key press, and the list says who is chosen', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.keyboard('{Control>}l{/Control}');
    await signIn(window, 'mokafor');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('reentry-form');
    const people = screen.getAllByTestId('parked-person');
    expect(people.map((one) => one.getAttribute('aria-pressed'))).toEqual(['true', 'false']);
    await window.user.click(people[1] as HTMLElement);
    expect(document.activeElement).toBe(window.byId('reentry-passphrase'));
    await window.user.keyboard('{ArrowDown}');
    expect(people.map((one) => one.getAttribute('aria-pressed'))).toEqual(['true', 'false']);
    await window.user.keyboard('{ArrowUp}');
    expect(people.map((one) => one.getAttribute('aria-pressed'))).toEqual(['false', 'true']);
    expect(window.byId('reentry-chosen').textContent).toContain('Dana Whitfield');
    expect(document.activeElement).toBe(window.byId('reentry-passphrase'));
    await window.user.keyboard('three unrelated words{Enter}');
    await window.find('desk');
    expect(theClinic().person?.username).toBe('dwhitfield');
  });

  test('reaches the full sign-in one Tab away', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('reentry-form');
    await window.user.tab({ shift: true });
    expect(document.activeElement).toBe(window.byId('reentry-full'));
    await window.user.keyboard('{Enter}');
    expect(document.activeElement).toBe(await window.find('signin-username'));
  });

  test('reads of failed attempts and the last sign-in over the chart they come back to, until they have seen it', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.user.type(await window.find('reentry-passphrase'), 'wrong{Enter}');
    await window.find('reentry-tries');
    await window.user.type(window.byId('reentry-passphrase'), 'three unrelated words{Enter}');
    await window.find('chart-screen');
    expect(window.byId('failures-notice').textContent).toContain('1 failed attempt');
    expect(window.byId('status-message').textContent).toContain('Last sign-in');
    await window.user.click(window.byId('failures-seen'));
    expect(window.gone('failures-notice')).toBe(true);
  });

  test('is told how many tries are left, and after the last one that it takes a full sign-in', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.keyboard('{Control>}l{/Control}');
    for (const left of ['4', '3', '2', 'One']) {
      await window.user.type(await window.find('reentry-passphrase'), 'wrong{Enter}');
      expect((await window.find('reentry-tries')).textContent).toContain(left);
    }
    await window.user.type(window.byId('reentry-passphrase'), 'wrong{Enter}');
    await window.find('signin-username');
    expect(window.byId('error-code').textContent).toBe('reentry-over');
    expect(window.gone('reentry-form')).toBe(true);
  });

  test('is not on the lock screen after signing out', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.click(window.byId('sign-out-button'));
    await window.find('signin-username');
    expect(window.gone('reentry-form')).toBe(true);
  });
});

describe('a new person', () => {
  test('chooses a passphrase, sees the seed once, proves the authenticator and may sign in', async () => {
    const window = openWindow();
    await window.user.click(await window.find('activate-open'));
    await window.user.type(window.byId('activate-username'), 'dwhitfield');
    await window.user.type(window.byId('activate-code'), 'ab12-cd34');
    await window.user.type(window.byId('activate-passphrase'), 'three unrelated words');
    await window.user.click(window.byId('activate-submit'));
    expect((await window.find('activate-seed')).textContent).toBe('JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP');
    expect(window.byId('activate-qr').querySelector('path')?.getAttribute('d')).toMatch(/^M4 4h7/);
    await window.user.type(window.byId('activate-proof'), '000000');
    await window.user.click(window.byId('activate-submit'));
    expect((await window.find('error-code')).textContent).toBe('proof-refused');
    expect(window.byId('activate-seed').textContent).toContain('JBSW');
    await window.user.type(window.byId('activate-proof'), '123 456');
    await window.user.click(window.byId('activate-submit'));
    expect((await window.find('signin-connection')).textContent).toContain('Sign in with a new code');
    expect((window.byId('signin-username') as HTMLInputElement).value).toBe('dwhitfield');
    expect(document.body.textContent).not.toContain('JBSW');
  });

  test('is told when the passphrase is too easy', async () => {
    const window = openWindow();
    await window.user.click(await window.find('activate-open'));
    await window.user.type(window.byId('activate-code'), 'ab12-cd34');
    await window.user.type(window.byId('activate-passphrase'), 'short');
    await window.user.click(window.byId('activate-submit'));
    expect((await window.find('error-code')).textContent).toBe('passphrase-weak');
  });
});
