/** What the health page says, line by line: for the screen, and as a text to send to whoever looks after the workstation. */
import type { HealthView, LeaseView, Storage } from '../api/bindings';
import { text } from '../text';

export interface Line {
  id: string;
  label: string;
  says: string;
  /** Whether it is as it should be; null where there is nothing to judge. */
  good: boolean | null;
  /** What to do, where something is to be done. */
  advice: string | null;
}

const t = text.health;

const fact = (id: keyof typeof t.labels, says: string): Line => ({ id, label: t.labels[id], says, good: null, advice: null });

function check(id: keyof typeof t.checks, good: boolean): Line {
  const words = t.checks[id];
  return { id, label: t.labels[id], says: good ? words.good : words.bad, good, advice: good ? null : words.advice };
}

function stored(id: 'disk' | 'swap', where: Storage): Line {
  const good = where === 'absent' || where === 'memory' || where === 'encrypted';
  return { id, label: t.labels[id], says: t[id][where], good, advice: good ? null : where === 'unknown' ? t.askIt : t[`${id}Advice`] };
}

function leased(lease: LeaseView | null): Line[] {
  if (lease === null) return [];
  const says = lease.level === 'ended' ? text.lease.over : text.lease.leftLong(lease.daysLeft, lease.daysAway);
  return [{ id: 'lease', label: t.labels.lease, says, good: false, advice: text.lease.advice }];
}

export function protection(view: HealthView): Line[] {
  const keyring = view.keyring;
  const window = view.window;
  return [
    ...leased(view.lease),
    keyring === null ? check('keyring', !view.keyringLiesOpen) : { id: 'keyring', label: t.labels.keyring, says: keyring.message, good: false, advice: keyring.advice },
    stored('disk', view.disk),
    stored('swap', view.swap),
    check('secrets', view.secretsInMemory),
    check('shield', window.shielded),
    check('screenLock', window.hearsScreenLock || window.hearsLogind),
    check('sleep', window.hearsLogind && window.sleepWaits),
    check('userSwitch', window.hearsLogind),
    check('presence', window.hearsPresence),
  ];
}

export function about(view: HealthView): Line[] {
  const minutes = view.idleLimitS < 90 ? `${view.idleLimitS} s` : `${Math.round(view.idleLimitS / 60)} min`;
  return [
    fact('clinic', view.clinic),
    fact('device', view.device),
    fact('contact', view.lastContact ?? t.never),
    fact('idle', t.idle(minutes)),
    fact('program', view.program),
    fact('webView', view.window.webView),
    fact('system', view.system === '' ? t.notTold : view.system),
  ];
}

/** One line each, so that it can be pasted into a message. No patient and no person is named in it. */
export function asText(view: HealthView): string {
  const mark = (line: Line): string => (line.good === null ? '' : line.good ? ' [ok]' : ' [look]');
  return [...about(view), ...protection(view)].map((line) => `${line.label}: ${line.says}${mark(line)}`).join('\n');
}
