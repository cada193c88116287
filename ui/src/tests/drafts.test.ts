import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { backend } from '$backend';
import { theClinic } from '$lib/api/fake';
import { DraftKeeper } from '$lib/state/draft.svelte';
import { openChart, signIn, signInAs } from './window';

describe('what is being typed', () => {
  test('is kept within two seconds, however fast typing goes on', async () => {
    vi.useFakeTimers();
    let text = '';
    const keeper = new DraftKeeper(() => ({ patientId: 'p001', form: 'note', content: text, place: null }));
    const clinic = theClinic();
    clinic.person = { username: 'dwhitfield' } as never;
    for (let key = 0; key < 19; key += 1) {
      text += 'a';
      keeper.touch();
      await vi.advanceTimersByTimeAsync(100);
    }
    vi.useRealTimers();
    expect(clinic.drafts.get('dwhitfield p001 note')?.content.length).toBeGreaterThan(10);
    keeper.close();
  });

  test('comes back after a lock to the same person: same chart, same text, same caret', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Alt>}n{/Alt}');
    const area = (await window.find('note-text')) as HTMLTextAreaElement;
    await window.user.type(area, 'Seen today.');
    area.setSelectionRange(4, 4);
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('lock-screen');
    await signIn(window, 'dwhitfield');
    const back = (await window.find('note-text')) as HTMLTextAreaElement;
    expect(back.value).toBe('Seen today.');
    expect(back.selectionStart).toBe(4);
    expect(document.activeElement).toBe(back);
    expect(window.byId('draft-restored')).toBeTruthy();
  });

  test('keeps its place when the next lock comes before the chart is open again', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.keyboard('{Alt>}n{/Alt}');
    await window.user.type(await window.find('note-text'), 'Seen today.');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('lock-screen');
    const open = vi.spyOn(backend, 'openChart').mockReturnValue(new Promise(() => undefined));
    await signIn(window, 'dwhitfield');
    await vi.waitFor(() => expect(open).toHaveBeenCalled());
    open.mockRestore();
    expect(theClinic().place).toMatchObject({ screen: 'chart', field: 'note-text' });
  });

  test('has its place written in the order of the steps, and before a lock', async () => {
    const window = await signInAs('dwhitfield');
    const write = backend.savePlace;
    let slow = 40;
    const save = vi.spyOn(backend, 'savePlace').mockImplementation(async (place) => {
      await new Promise((done) => setTimeout(done, slow));
      await write(place);
    });
    await openChart(window, 'holloway');
    slow = 1;
    await window.user.keyboard('{Alt>}n{/Alt}');
    await window.find('note-text');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('lock-screen');
    save.mockRestore();
    expect(theClinic().place).toMatchObject({ screen: 'chart', field: 'note-text' });
  });

  test('is nobody else’s', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('note-new'));
    await window.user.type(await window.find('note-text'), 'Only mine');
    await window.user.keyboard('{Control>}l{/Control}');
    await window.find('lock-screen');
    theClinic().place = null;
    await signIn(window, 'mokafor');
    await openChart(window, 'holloway');
    expect(window.gone('draft-waiting')).toBe(true);
    await window.user.click(window.byId('note-new'));
    expect(((await window.find('note-text')) as HTMLTextAreaElement).value).toBe('');
  });

  test('waits on the chart when its form was closed', async () => {
    const window = await signInAs('dwhitfield');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('vitals-open'));
    await window.user.type(await window.find('vitals-heartRate'), '71');
    await window.user.keyboard('{Escape}');
    await window.user.click(await window.find('draft-go-on'));
    expect(((await window.find('vitals-heartRate')) as HTMLInputElement).value).toBe('71');
  });

  test('becomes a signed note, after which the draft is gone and the note stands in the list', async () => {
    const window = await signInAs('mokafor');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('section-notes'));
    await window.user.click(window.byId('note-new'));
    await window.user.type(await window.find('note-text'), 'Potassium repeated.');
    await window.user.click(window.byId('note-sign'));
    await waitFor(() => expect(screen.getAllByTestId('note-row')[0]?.textContent).toContain('Not sent yet'));
    expect(theClinic().drafts.size).toBe(0);
    expect(theClinic().written.notes[0]).toMatchObject({ text: 'Potassium repeated.', sign: true, noteId: null });
  });

  test('to a signed note is a note of its own that names it', async () => {
    const window = await signInAs('mokafor');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('section-notes'));
    await window.user.click(await window.find('note-addend'));
    await window.user.type(await window.find('note-text'), 'Repeat was 4.9.');
    await window.user.keyboard('{Control>}s{/Control}');
    await waitFor(() => expect(theClinic().written.notes).toHaveLength(1));
    expect(theClinic().written.notes[0]).toMatchObject({ noteId: null, title: expect.stringMatching(/^Addendum to Office visit, \d\d-/), sign: false });
  });

  test('that was saved unsigned is changed as the same note', async () => {
    const window = await signInAs('mokafor');
    await openChart(window, 'holloway');
    await window.user.click(window.byId('section-notes'));
    await window.user.click(window.byId('note-new'));
    await window.user.type(await window.find('note-text'), 'First');
    await window.user.click(window.byId('note-save'));
    await window.user.click(await window.find('note-change'));
    expect(((await window.find('note-text')) as HTMLTextAreaElement).value).toBe('First');
    await window.user.type(window.byId('note-text'), ' and second');
    await window.user.click(window.byId('note-sign'));
    await waitFor(() => expect(theClinic().written.notes).toHaveLength(2));
    expect(theClinic().written.notes[1]).toMatchObject({ noteId: expect.stringMatching(/^w/), text: 'First and second', sign: true });
  });
});
