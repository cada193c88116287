import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { signInAs, type Window } from './window';

async function mySignIn(): Promise<Window> {
  theClinic().recovery = { left: 9, made: '20-Nov-2026 09:00', byTelephone: true };
  const window = await signInAs('dwhitfield');
  await window.user.click(window.byId('me-open'));
  await window.find('passphrase-open');
  return window;
}

async function change(window: Window, present: string, wanted: string): Promise<void> {
  await window.user.click(window.byId('passphrase-open'));
  await window.user.type(window.byId('passphrase-present'), present);
  await window.user.type(window.byId('passphrase-code'), '123 456');
  await window.user.type(window.byId('passphrase-new'), wanted);
  await window.user.click(window.byId('passphrase-change'));
}

describe('a new passphrase', () => {
  test('counts, and the person is told where, and that recovery codes are void', async () => {
    const window = await mySignIn();
    await change(window, 'three unrelated words', 'seven geese cross the harbour');
    const done = (await window.find('credential-done')).textContent;
    expect(done).toContain('Your passphrase is changed.');
    expect(done).toContain('2 workstations (Front desk, Lab) take it with the next connection');
    expect(window.byId('credential-later').textContent).toContain('At “Exam room 5” sign in once with the network');
    expect((await window.find('me-left')).textContent).toContain('no recovery codes');
    expect(document.activeElement).toBe(window.byId('credential-done'));
  });

  test('that is weak is refused, and the code typed is still good', async () => {
    const window = await mySignIn();
    await change(window, 'three unrelated words', 'short');
    expect((await window.find('error-code')).textContent).toBe('passphrase-weak');
    expect((window.byId('passphrase-code') as HTMLInputElement).value).toBe('123 456');
  });

  test('takes the present one', async () => {
    const window = await mySignIn();
    await change(window, 'wrong', 'seven geese cross the harbour');
    expect((await window.find('error-code')).textContent).toBe('sign-in-refused');
    expect((window.byId('passphrase-code') as HTMLInputElement).value).toBe('');
    await window.user.click(window.byId('passphrase-leave'));
    expect(theClinic().recovery.left).toBe(9);
  });
});

describe('a new phone', () => {
  async function begin(window: Window): Promise<void> {
    await window.user.click(window.byId('phone-open'));
    await window.user.type(window.byId('phone-passphrase'), 'three unrelated words');
    await window.user.type(window.byId('phone-code'), '123456');
    await window.user.click(window.byId('phone-submit'));
    await window.find('phone-seed');
  }

  test('counts once a code of it is typed; a wrong one may be tried again', async () => {
    const window = await mySignIn();
    await begin(window);
    expect(document.activeElement).toBe(window.byId('phone-proof'));
    await window.user.type(window.byId('phone-proof'), '000000');
    await window.user.click(window.byId('phone-submit'));
    expect((await window.find('error-code')).textContent).toBe('proof-refused');
    await window.user.type(window.byId('phone-proof'), '123456');
    await window.user.click(window.byId('phone-submit'));
    expect((await window.find('credential-done')).textContent).toContain('Your new phone counts now.');
    expect(document.body.textContent).not.toContain('JBSW');
    expect(theClinic().stopped).toBe(false);
  });

  test('that is left without a word leaves the present one', async () => {
    const window = await mySignIn();
    await begin(window);
    await window.user.click(window.byId('phone-leave'));
    await window.find('phone-open');
    expect(theClinic().stopped).toBe(true);
    expect(theClinic().recovery.left).toBe(9);
  });
});
