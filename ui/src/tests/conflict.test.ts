import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { theClinic } from '$lib/api/fake';
import { fakeConflict, meetAnother } from '$lib/api/fake/conflict';
import { signInAs, type Window } from './window';

async function compare(): Promise<Window> {
  meetAnother(theClinic());
  const window = await signInAs('dwhitfield');
  await window.user.click(await window.find('sync-open'));
  await window.user.click(await window.find('sync-decide'));
  await window.find('conflict-patient');
  return window;
}

describe('two people who changed the same', () => {
  test('are shown side by side, with whose chart it is, and nothing is chosen beforehand', async () => {
    const { byId } = await compare();
    expect(byId('conflict-patient').textContent).toMatch(/LINDQVIST, Per.*02-Mar-1958.*10 4402/s);
    expect(byId('conflict-theirs').textContent).toContain('Go on with the inhaler.');
    expect(byId('conflict-ours').textContent).toContain('Stop inhaler');
    expect(byId('conflict-ours').textContent).toContain('Dana Whitfield, 26-Nov-2026 16:40');
    expect(screen.getAllByRole('radio').filter((radio) => (radio as HTMLInputElement).checked)).toEqual([]);
  });

  test('nothing is saved before each part has an answer', async () => {
    const { user, byId } = await compare();
    await user.click(byId('conflict-save'));
    expect(screen.getByRole('alert').textContent).toContain('Choose one version');
    expect(theClinic().decided).toEqual([]);
  });

  test('the answer goes back with what was looked at, and the row is gone', async () => {
    const { user, byId, gone } = await compare();
    await user.click(byId('conflict-take-both'));
    await user.click(byId('conflict-save'));
    await waitFor(() => expect(gone('conflict')).toBe(true));
    const answers = [{ part: 'DocumentReference/n1 content', choice: 'both' }];
    expect(theClinic().decided).toEqual([{ changeId: 'u10', seen: ['DocumentReference/n1 3'], answers }]);
    await waitFor(() => expect(gone('sync-decide')).toBe(true));
  });

  test('can wait', async () => {
    const { user, byId, find } = await compare();
    await user.click(byId('conflict-later'));
    await find('sync-decide');
    expect(theClinic().decided).toEqual([]);
  });

  test('a signed note cannot be replaced', async () => {
    const view = fakeConflict('u10');
    for (const part of view.records.flatMap((record) => record.parts)) part.choices = ['theirs', 'both'];
    theClinic().conflict = view;
    const { gone, byId } = await compare();
    expect(gone('conflict-take-ours')).toBe(true);
    expect(screen.getAllByRole('radio').map((radio) => (radio as HTMLInputElement).value)).toEqual(['theirs', 'both']);
    expect(byId('conflict').textContent).toContain('a signed note is never replaced');
  });

  test('is decided only when the other version is here', async () => {
    theClinic().conflict = { ...fakeConflict('u10'), notYet: 'It has not arrived yet.' };
    const { byId, gone } = await compare();
    expect(byId('conflict-not-yet').textContent).toContain('not arrived');
    expect(gone('conflict-save')).toBe(true);
  });

  test('one that was decided elsewhere meanwhile says so', async () => {
    const { user, byId, find } = await compare();
    await user.click(byId('conflict-take-both'));
    theClinic().unsent = [];
    await user.click(byId('conflict-save'));
    expect((await find('error-code')).textContent).toBe('changed-meanwhile');
  });
});
