import { expect, test, vi } from 'vitest';

const invoke = vi.hoisted(() => vi.fn(async () => null));
vi.mock('@tauri-apps/api/core', () => ({ invoke }));
vi.mock('@tauri-apps/api/event', () => ({ listen: async () => () => undefined }));

import { backend } from './backend';

test('a form travels under its name, and a command without one takes nothing', async () => {
  await backend.openChart({ patientId: 'p001', reason: null });
  await backend.recent();
  expect(invoke.mock.calls).toEqual([
    ['open_chart', { form: { patientId: 'p001', reason: null } }],
    ['recent', undefined],
  ]);
});
