/** The keys of the whole window: one table for doing and for the F1 sheet. A key that cannot act says why. */
import { text } from '../text';
import { chart } from './chart.svelte';
import { notice } from './notice.svelte';
import { session } from './session.svelte';
import { ui } from './ui.svelte';

export interface Shortcut {
  /** As shown: `Ctrl K`. */
  keys: string[];
  label: string;
  matches: (event: KeyboardEvent) => boolean;
  act: (event: KeyboardEvent) => void;
}

const ctrl = (key: string) => (event: KeyboardEvent) => event.ctrlKey && !event.altKey && !event.shiftKey && event.key.toLowerCase() === key;
const alt = (key: string) => (event: KeyboardEvent) => event.altKey && !event.ctrlKey && event.key.toLowerCase() === key;

export const SHORTCUTS: Shortcut[] = [
  { keys: ['Ctrl', 'K'], label: text.shortcuts.find, matches: ctrl('k'), act: () => ifAllowed(() => ui.focusSearch()) },
  { keys: ['Alt', 'T'], label: text.shortcuts.today, matches: alt('t'), act: () => ifAllowed(() => session.go('home')) },
  { keys: ['Alt', 'V'], label: text.shortcuts.vitals, matches: alt('v'), act: () => openPanel('vitals') },
  { keys: ['Alt', 'N'], label: text.shortcuts.note, matches: alt('n'), act: () => openPanel('note') },
  { keys: ['Alt', '1 … 9'], label: text.shortcuts.section, matches: (event) => event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code), act: goToSection },
  { keys: ['Alt', 'S'], label: text.shortcuts.sync, matches: alt('s'), act: () => session.go('sync') },
  { keys: ['Alt', 'A'], label: text.shortcuts.audit, matches: alt('a'), act: () => session.go('audit') },
  { keys: ['Alt', 'P'], label: text.shortcuts.privacy, matches: alt('p'), act: goToPrivacy },
  { keys: ['Alt', 'W'], label: text.shortcuts.health, matches: alt('w'), act: () => session.go('health') },
  { keys: ['Ctrl', 'H'], label: text.shortcuts.cover, matches: ctrl('h'), act: () => ui.cover() },
  { keys: ['Ctrl', 'L'], label: text.shortcuts.lock, matches: ctrl('l'), act: () => void session.lock() },
  { keys: ['F1'], label: text.shortcuts.help, matches: (event) => event.key === 'F1', act: () => ui.turnHelp() },
];

/** Keys that belong to one place only; the sheet lists them, the place acts on them. */
export const LOCAL_KEYS: { keys: string[]; label: string }[] = [
  { keys: ['↑', '↓'], label: text.shortcuts.choose },
  { keys: ['Enter'], label: text.shortcuts.open },
  { keys: ['Ctrl', 'S'], label: text.shortcuts.save },
  { keys: ['Esc'], label: text.shortcuts.closePanel },
];

export function onShortcut(event: KeyboardEvent): void {
  const hit = SHORTCUTS.find((shortcut) => shortcut.matches(event));
  if (hit === undefined) return;
  event.preventDefault();
  hit.act(event);
}

function ifAllowed(act: () => void): void {
  if (session.person?.canFindPatients) act();
  else notice.say(text.home.notForRole, 'warn');
}

function goToPrivacy(): void {
  if (session.person?.canReadAlerts) session.go('privacy');
  else notice.say(text.shortcuts.notForPrivacy, 'warn');
}

function openPanel(panel: 'vitals' | 'note'): void {
  if (chart.view === null) return notice.say(text.shortcuts.noChart, 'warn');
  if (!chart.view.canWrite) return notice.say(text.shortcuts.notForRole, 'warn');
  session.go('chart');
  chart.openPanel(panel);
}

function goToSection(event: KeyboardEvent): void {
  if (chart.view === null) return notice.say(text.shortcuts.noChart, 'warn');
  const pages = ['summary', ...chart.view.sections] as const;
  const page = pages[Number(event.code.slice(-1)) - 1];
  if (page !== undefined) session.showPage(page);
}
