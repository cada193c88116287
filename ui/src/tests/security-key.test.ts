import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { openWindow, signInAs, typeSignIn, type Window } from './window';

const PIN = '482913';

async function signInWithKey(window: Window, passphrase: string, pin: string): Promise<void> {
  await window.user.click(await window.find('key-open'));
  await window.user.type(window.byId('key-username'), 'dwhitfield');
  await window.user.type(window.byId('key-passphrase'), passphrase);
  if (pin !== '') await window.user.type(window.byId('key-pin'), pin);
  await window.user.click(window.byId('key-submit'));
}

async function register(window: Window, code: string): Promise<void> {
  await window.user.type(await window.find('register-passphrase'), 'three unrelated words');
  await window.user.type(window.byId('register-code'), code);
  await window.user.type(window.byId('register-pin'), PIN);
  await window.user.click(window.byId('register-start'));
}

describe('a security key', () => {
  test('opens with passphrase, PIN and a touch, and the screen says what to do', async () => {
    theClinic().key.view = { registered: true, codesOpen: true, required: false };
    theClinic().key.touchMs = 200;
    const window = openWindow();
    await signInWithKey(window, 'three unrelated words', PIN);
    expect((await window.find('key-step')).textContent).toContain('Touch the key now');
    await window.find('desk');
  });

  test('that is not touched is waited for until the person stops, and nothing is said against them', async () => {
    theClinic().key.touchMs = 60_000;
    const window = openWindow();
    await signInWithKey(window, 'three unrelated words', PIN);
    await window.user.click(await window.find('key-cancel'));
    await window.find('key-submit');
    expect(window.gone('error-code')).toBe(true);
    expect((window.byId('key-passphrase') as HTMLInputElement).value).toBe('three unrelated words');
  });

  test('with a wrong PIN asks for the PIN alone', async () => {
    const window = openWindow();
    await signInWithKey(window, 'three unrelated words', '111111');
    expect((await window.find('error-code')).textContent).toBe('key-pin');
    expect(document.activeElement).toBe(window.byId('key-pin'));
    expect((window.byId('key-pin') as HTMLInputElement).value).toBe('');
  });

  test('that was never registered is refused as a wrong passphrase is', async () => {
    const window = openWindow();
    await signInWithKey(window, 'three unrelated words', PIN);
    expect((await window.find('error-code')).textContent).toBe('key-refused');
    await window.user.click(window.byId('key-back'));
    expect((window.byId('signin-username') as HTMLInputElement).value).toBe('dwhitfield');
  });

  test('is registered with three touches and removed with a code', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.click(window.byId('me-open'));
    expect((await window.find('key-standing')).textContent).toContain('no security key');
    await window.user.click(window.byId('register-open'));
    theClinic().key.touchMs = 100;
    await register(window, '654321');
    expect((await window.find('key-step')).textContent).toContain('of 3');
    await window.find('remove-open');
    expect(window.byId('key-standing').textContent).toContain('is registered');
    await window.user.click(window.byId('remove-open'));
    await window.user.type(window.byId('register-passphrase'), 'three unrelated words');
    await window.user.type(window.byId('register-code'), '654322');
    await window.user.click(window.byId('register-start'));
    await window.find('register-open');
    expect(window.byId('key-standing').textContent).toContain('no security key');
  });

  test('that the clinic wants comes before everything else, and after it the desk', async () => {
    theClinic().key.due = true;
    theClinic().key.view = { registered: false, codesOpen: true, required: true };
    const window = openWindow();
    await typeSignIn(window, 'dwhitfield');
    await window.find('key-due-screen');
    expect(window.gone('desk')).toBe(true);
    await register(window, 'no code');
    expect((await window.find('error-code')).textContent).toBe('sign-in-refused');
    await window.user.type(window.byId('register-code'), '654321');
    await window.user.click(window.byId('register-start'));
    await window.find('desk');
  });

  test('makes a recovery sheet where codes have ended', async () => {
    theClinic().key.view = { registered: true, codesOpen: false, required: true };
    const window = openWindow();
    await signInWithKey(window, 'three unrelated words', PIN);
    await window.find('desk');
    await window.user.click(window.byId('me-open'));
    await window.user.click(await window.find('sheet-open'));
    await window.user.type(await window.find('sheet-pin'), PIN);
    expect(window.gone('sheet-code')).toBe(true);
    theClinic().key.touchMs = 100;
    await window.user.click(window.byId('sheet-make'));
    expect((await window.find('key-step')).textContent).toContain('Touch the key now');
    await window.find('sheet-codes');
  });

  test('that is wanted and not at hand leaves the way out', async () => {
    theClinic().key.due = true;
    const window = openWindow();
    await typeSignIn(window, 'dwhitfield');
    await window.user.click(await window.find('key-due-sign-out'));
    await window.find('lock-screen');
  });

  test('brings its person back with PIN and touch, or the passphrase does', async () => {
    theClinic().key.view = { registered: true, codesOpen: true, required: false };
    const window = await signInAs('dwhitfield');
    await window.user.click(window.byId('lock-button'));
    await window.user.click(await window.find('reentry-way'));
    expect(window.gone('reentry-passphrase')).toBe(true);
    await window.user.type(window.byId('reentry-pin'), '111111{Enter}');
    expect((await window.find('error-code')).textContent).toBe('key-pin');
    expect(document.activeElement).toBe(window.byId('reentry-pin'));
    await window.user.click(window.byId('reentry-way'));
    await window.user.click(await window.find('reentry-way'));
    await window.user.type(window.byId('reentry-pin'), `${PIN}{Enter}`);
    await window.find('desk');
  });

  test('is not asked for by whoever signed in without one', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.click(window.byId('lock-button'));
    await window.find('reentry-passphrase');
    expect(window.gone('reentry-way')).toBe(true);
  });
});
