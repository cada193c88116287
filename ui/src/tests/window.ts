/** The whole window in a test, and the few things that most stories begin with. */
import { render, screen } from '@testing-library/svelte';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import App from '../App.svelte';

export interface Window {
  user: UserEvent;
  byId: (testid: string) => HTMLElement;
  find: (testid: string) => Promise<HTMLElement>;
  gone: (testid: string) => boolean;
}

export function openWindow(): Window {
  render(App);
  return {
    user: userEvent.setup({ delay: null }),
    byId: (testid) => screen.getByTestId(testid),
    find: (testid) => screen.findByTestId(testid),
    gone: (testid) => screen.queryByTestId(testid) === null,
  };
}

export async function signInAs(username: string): Promise<Window> {
  const window = openWindow();
  await signIn(window, username);
  return window;
}

export async function signIn(window: Window, username: string): Promise<void> {
  await typeSignIn(window, username);
  await window.find('desk');
}

export async function typeSignIn({ user, find, gone, byId }: Window, username: string): Promise<void> {
  await find('lock-screen');
  if (!gone('reentry-full')) await user.click(byId('reentry-full'));
  await user.type(await find('signin-username'), username);
  await user.type(await find('signin-passphrase'), 'three unrelated words');
  await user.type(await find('signin-code'), '123456');
  await user.click(await find('signin-submit'));
}

/** Finds by typing and opens by Enter, as staff do. */
export async function openChart({ user, find }: Window, typed: string): Promise<void> {
  await user.type(await find('search-input'), typed);
  await find('search-row');
  await user.keyboard('{Enter}');
  await find('chart-screen');
}
