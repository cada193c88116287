import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { FAKE_WORDS } from '$lib/api/fake/recovery';
import { finished, isWords, readWords } from '$lib/components/recovery-words';
import { openWindow, signInAs, type Window } from './window';

async function recoverAs(window: Window, passphrase: string, code: string): Promise<void> {
  await window.user.click(await window.find('recover-open'));
  await window.user.type(window.byId('recover-username'), 'dwhitfield');
  await window.user.type(window.byId('recover-passphrase'), passphrase);
  await window.user.type(window.byId('recover-code'), code);
  await window.user.click(window.byId('recover-submit'));
}

describe('without the phone', () => {
  test('a code of the sheet signs in, and the person is told how many are left', async () => {
    theClinic().recovery = { left: 9, made: '20-Nov-2026 09:00', byTelephone: true };
    const window = openWindow();
    await recoverAs(window, 'three unrelated words', '0M4QK-7TZ2V-XH9RC-B3WF0');
    await window.find('desk');
    expect(document.body.textContent).toContain('8 codes of your sheet are left');
  });

  test('what cannot be a code is said, and everything typed stays', async () => {
    const window = openWindow();
    await recoverAs(window, 'three unrelated words', '0M4QK-7TZ2V');
    expect((await window.find('error-code')).textContent).toBe('recovery-code-mistyped');
    expect(window.byId('error-advice').textContent).toContain('did not count');
    expect((window.byId('recover-code') as HTMLInputElement).value).toBe('0M4QK-7TZ2V');
  });

  test('a wrong passphrase is refused as at every sign-in', async () => {
    const window = openWindow();
    await recoverAs(window, 'wrong', '0M4QK-7TZ2V-XH9RC-B3WF0');
    expect((await window.find('error-code')).textContent).toBe('sign-in-refused');
  });

  test('the words of the telephone finish themselves at four letters, and a word that is none is named', async () => {
    const window = openWindow();
    await window.user.click(await window.find('recover-open'));
    const field = window.byId('recover-code') as HTMLInputElement;
    await window.user.type(field, 'aban tunn ');
    expect(field.value).toBe('abandon tunnel ');
    expect(window.byId('recover-words').textContent).toContain('2 of 7 words');
    await window.user.type(field, 'ab');
    expect(window.byId('recover-words').textContent).toContain('abandon · ability · able');
    await window.user.clear(field);
    await window.user.type(field, 'quux');
    expect(window.byId('recover-words').textContent).toContain('“quux” is no word');
  });

  test('the way back leads to the ordinary sign-in with the name kept', async () => {
    const window = openWindow();
    await window.user.click(await window.find('recover-open'));
    await window.user.type(window.byId('recover-username'), 'dwhitfield');
    await window.user.click(window.byId('recover-back'));
    expect((window.byId('signin-username') as HTMLInputElement).value).toBe('dwhitfield');
  });
});

describe('words of the telephone', () => {
  test('a code of letters and digits is not taken for words', () => {
    expect(isWords('0M4QK-7TZ2V')).toBe(false);
    expect(isWords('zoo lake')).toBe(true);
  });

  test('a whole word is left alone also where longer ones begin with it', () => {
    expect(finished('zo', FAKE_WORDS)).toBe('zo');
    expect(finished('zon', FAKE_WORDS)).toBe('zone ');
    expect(readWords('able about', FAKE_WORDS)).toEqual({ known: ['able', 'about'], wrong: null, next: [] });
    expect(readWords('pine xx zoo', FAKE_WORDS).wrong).toBe('xx');
  });
});

describe('a sheet of recovery codes', () => {
  async function begin(passphrase: string): Promise<Window> {
    const window = await signInAs('dwhitfield');
    await window.user.click(window.byId('me-open'));
    await window.user.click(await window.find('sheet-open'));
    await window.user.type(window.byId('sheet-passphrase'), passphrase);
    await window.user.type(window.byId('sheet-code'), '123456');
    await window.user.click(window.byId('sheet-make'));
    return window;
  }

  test('is made, shown once, and counts when it is written down', async () => {
    const window = await begin('three unrelated words');
    expect((await window.find('sheet-codes')).querySelectorAll('li')).toHaveLength(10);
    expect(theClinic().recovery.left).toBe(0);
    await window.user.click(window.byId('sheet-keep'));
    await window.find('sheet-open');
    expect(window.byId('me-left').textContent).toContain('10 codes left');
    expect(document.body.textContent).not.toContain('7TZ2V');
  });

  test('that is being made can be stopped', async () => {
    theClinic().sheetPaceMs = 50;
    const window = await begin('three unrelated words');
    expect((await window.find('sheet-progress')).textContent).toContain('of 10');
    await window.user.click(window.byId('sheet-stop'));
    await window.find('sheet-make');
    expect(window.gone('sheet-codes')).toBe(true);
  });

  test('that is left without a word is thrown away', async () => {
    const window = await begin('three unrelated words');
    await window.find('sheet-codes');
    await window.user.click(window.byId('sync-tab'));
    await window.find('sync-screen');
    expect(theClinic().stopped).toBe(true);
    expect(theClinic().recovery.left).toBe(0);
  });

  test('asks for passphrase and code again', async () => {
    const window = await begin('wrong');
    expect((await window.find('error-code')).textContent).toBe('sign-in-refused');
    expect(window.gone('sheet-codes')).toBe(true);
  });
});
