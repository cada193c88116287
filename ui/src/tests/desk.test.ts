import { waitFor } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { backend, theClinic } from '$lib/api/fake';
import { session } from '$lib/state/session.svelte';
import { openChart, signInAs } from './window';

describe('around the records', () => {
  test('a lock warning is spoken once while its seconds run, and any key ends it', async () => {
    const window = await signInAs('dwhitfield');
    theClinic().emit('lock-warning', { seconds: 30 });
    const spoken = await waitFor(() => {
      const alert = window.byId('lock-warning').querySelector('[role="alert"]');
      if (alert === null) throw new Error('not yet');
      return alert;
    });
    const said = spoken.textContent;
    theClinic().emit('lock-warning', { seconds: 12 });
    await waitFor(() => expect(window.byId('lock-countdown').textContent).toBe('12 s'));
    expect(spoken.textContent).toBe(said);
    expect(window.byId('lock-countdown').getAttribute('aria-hidden')).toBe('true');
    await window.user.keyboard('{Shift}');
    await waitFor(() => expect(window.gone('lock-warning')).toBe(true));
    expect(theClinic().calls).toContain('activity');
  });

  test('the screen is covered after two minutes, out of reach of readers, and the first key only uncovers', async () => {
    const window = await signInAs('dwhitfield');
    const field = (await window.find('search-input')) as HTMLInputElement;
    vi.useFakeTimers();
    await window.user.keyboard('h');
    await vi.advanceTimersByTimeAsync(121_000);
    expect(window.byId('privacy-cover')).toBeTruthy();
    expect(window.byId('desk').inert).toBe(true);
    await window.user.keyboard('o');
    await vi.advanceTimersByTimeAsync(10);
    vi.useRealTimers();
    expect(window.gone('privacy-cover')).toBe(true);
    expect(field.value).toBe('h');
    expect(document.activeElement).toBe(field);
  });

  test('one key covers the screen and every dialog, is no lock, and holding it down does not uncover', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.keyboard('{F1}');
    await window.find('shortcut-sheet');
    const lines = document.querySelectorAll('dialog[open]').length;
    expect(lines).toBe(1);
    await window.user.keyboard('{Control>}{h>2}');
    expect((await window.find('privacy-cover')).textContent).toContain('Press any key');
    expect(document.querySelectorAll('dialog[open]').length).toBe(0);
    expect(window.byId('desk').inert).toBe(true);
    expect(theClinic().calls).not.toContain('lock');
    await window.user.keyboard('{/h}{/Control} ');
    await waitFor(() => expect(window.gone('privacy-cover')).toBe(true));
    expect(await window.find('shortcut-sheet')).toBeTruthy();
  });

  test('somebody who needs time can stay again and again', async () => {
    const window = await signInAs('dwhitfield');
    for (let time = 0; time < 12; time += 1) {
      theClinic().emit('lock-warning', { seconds: 30 });
      await window.find('lock-warning');
      await window.user.keyboard(time % 2 === 0 ? '{Shift}' : 'a');
      await waitFor(() => expect(window.gone('lock-warning')).toBe(true));
    }
    expect(theClinic().calls.filter((call) => call === 'activity').length).toBeGreaterThanOrEqual(12);
  });

  test('the health page says in plain words what is to be looked at, and its text names nobody', async () => {
    theClinic().swap = 'plain';
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Alt>}w{/Alt}');
    expect((await window.find('health-state')).textContent).toContain('One thing');
    expect(window.byId('health-swap').textContent).toContain('Ask IT');
    expect(window.byId('health-disk').getAttribute('data-good')).toBe('true');
    const told = (window.byId('health-text') as HTMLTextAreaElement).value;
    expect(told).toContain('Swap: Not encrypted');
    expect(told).toContain('Locks itself: After 10 min');
    expect(told).not.toMatch(/holloway|whitfield/i);
  });

  test('who may not look for patients starts at the trail, and nothing about patients is asked for', async () => {
    const window = await signInAs('rsato');
    await window.find('audit-table');
    await window.user.keyboard('{Control>}k{/Control}');
    await waitFor(() => expect(window.byId('status-message').textContent).toContain('patient lists'));
    expect(window.gone('home-open') && window.gone('find-button') && window.gone('search-input')).toBe(true);
    expect(theClinic().calls.filter((call) => ['today', 'search', 'recent'].includes(call))).toEqual([]);
  });

  test('an older copy of the records is said on the chart, where nothing can be written, and on the sync page', async () => {
    theClinic().heldSince = '27-Nov-2026 10:15';
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    expect((await window.find('error-code')).textContent).toBe('records-older');
    expect(window.gone('note-new') && window.gone('vitals-open')).toBe(true);
    await window.user.click(window.byId('sync-open'));
    expect((await window.find('sync-held')).textContent).toContain('27-Nov-2026 10:15');
  });

  test('a data folder that was put back is said before and after the sign-in', async () => {
    theClinic().notice = { code: 'folder-older', message: 'What happened.', advice: 'What to do.' };
    const window = await signInAs('dwhitfield');
    expect((await window.find('error-code')).textContent).toBe('folder-older');
    expect(window.byId('error-advice').textContent).toBe('What to do.');
  });

  test('F1 lists every shortcut', async () => {
    const window = await signInAs('dwhitfield');
    await window.user.keyboard('{F1}');
    expect((await window.find('shortcut-sheet')).textContent).toContain('Find a patient');
    await window.user.click(window.byId('shortcut-close'));
    expect(window.gone('shortcut-sheet')).toBe(true);
  });

  test('unsent and refused work is told in plain words with its author', async () => {
    const clinic = theClinic();
    clinic.online = false;
    clinic.unsent = [
      { id: 'u1', when: '22-Nov-2026 10:15', what: 'Vital signs', patientName: 'HOLM, Astrid (Mrs)', author: 'Dana Whitfield', state: 'waiting', canDecide: false, advice: null },
      { id: 'u2', when: '21-Nov-2026 16:40', what: 'Note', patientName: null, author: 'Dr Marcus Okafor', state: 'refused', canDecide: false, advice: 'Write it again.' },
    ];
    const window = await signInAs('dwhitfield');
    await window.user.click(await window.find('sync-open'));
    expect((await window.find('sync-state')).textContent).toContain('2 changes are waiting on this computer.');
    expect(window.byId('sync-unsent').textContent).toContain('Dana Whitfield');
    expect(window.byId('sync-refused').textContent).toContain('Write it again.');
    expect(window.byId('sync-refused').textContent).toContain('Hidden from your role');
  });

  test('the bar hears what waits and when the server was last heard, without anybody asking', async () => {
    const clinic = theClinic();
    const window = await signInAs('dwhitfield');
    expect((await window.find('status-unsent')).textContent).toBe('all sent');
    clinic.emit('sync-changed', { ...clinic.sync(), unsentChanges: 3, online: false });
    await waitFor(() => expect(window.byId('status-unsent').textContent).toBe('3 unsent'));
    expect(window.byId('status-connection').textContent).toBe('Offline');
    clinic.emit('sync-changed', { ...clinic.sync(), unsentChanges: 0, lastContact: '22-Nov-2026 10:15' });
    await waitFor(() => expect(window.byId('status-unsent').textContent).toBe('all sent'));
    expect(window.byId('status-connection').textContent).toBe('Online');
    expect(window.byId('sync-open').textContent).toContain('22-Nov-2026 10:15');
  });

  test('an answer that is older than what was told meanwhile is not shown', async () => {
    const clinic = theClinic();
    const window = await signInAs('dwhitfield');
    const older = { ...clinic.status(), unsentChanges: 5 };
    vi.spyOn(backend, 'status').mockImplementationOnce(async () => {
      clinic.emit('sync-changed', clinic.sync());
      return older;
    });
    await session.refresh();
    expect(window.byId('status-unsent').textContent).toBe('all sent');
  });

  test('new keys that are being taken into use are a quiet line on the sync page', async () => {
    const clinic = theClinic();
    const window = await signInAs('dwhitfield');
    await window.user.click(await window.find('sync-open'));
    await window.find('sync-state');
    expect(window.gone('sync-re-keying')).toBe(true);
    clinic.reKeying = { drawer: 'clinical', percent: 40 };
    clinic.emit('sync-changed', clinic.sync());
    expect((await window.find('sync-re-keying')).textContent).toContain('40 % done');
  });

  test('how much of a drawer has arrived is said while it is being filled', async () => {
    const clinic = theClinic();
    const window = await signInAs('dwhitfield');
    await window.user.click(await window.find('sync-open'));
    expect((await window.find('sync-pulled-sensitive')).textContent).toBe('Not received yet');
    clinic.arrivedPercent = 62;
    clinic.emit('sync-changed', clinic.sync());
    await waitFor(() => {
      expect(window.byId('sync-pulled-sensitive').textContent).toBe('Arriving: 62 %');
    });
  });

  test('the audit page says first whether the trail is whole', async () => {
    const window = await signInAs('pvolkova');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('audit-open'));
    expect((await window.find('audit-verified')).getAttribute('data-ok')).toBe('true');
    await window.user.click(window.byId('audit-patient'));
    await waitFor(() => {
      const names = [...document.querySelectorAll('[data-testid="audit-row"] td:nth-child(5)')].map((cell) => cell.textContent);
      expect(names.length).toBeGreaterThan(0);
      expect(new Set(names)).toEqual(new Set(['HOLLOWAY, Margaret Anne (Mrs)']));
    });
  });

  test('the title of the window never says whose chart is open', async () => {
    document.title = 'Chartkeep';
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    expect(document.title).toBe('Chartkeep');
    expect(globalThis.location.href).not.toContain('p001');
  });
});
