/** What a failed command becomes on screen: the client's own sentence and advice, with a heading chosen by code. */

import type { ClientError, Code } from './bindings';

/** What a failed command rejects with. The screens switch on the code, never on words. */
export type ErrorView = ClientError;

/** Where an error belongs, so that a screen can pick its place and its sign. */
export type ErrorKind = 'person' | 'keyring' | 'vault' | 'server' | 'record' | 'unexpected';

const KINDS: Partial<Record<Code, ErrorKind>> = {
  'sign-in-refused': 'person',
  'wait-before-retry': 'person',
  'slot-disabled': 'person',
  'first-sign-in-needs-server': 'server',
  'recovery-code-mistyped': 'person',
  'lease-ended': 'server',
  'lease-words-mistyped': 'person',
  'lease-refused': 'person',
  'key-refused': 'person',
  'key-due': 'person',
  'key-not-there': 'person',
  'key-pin': 'person',
  'key-no-pin': 'person',
  'key-pin-paused': 'person',
  'key-pin-blocked': 'person',
  'key-timed-out': 'person',
  'key-cancelled': 'person',
  'key-unfit': 'person',
  'key-failed': 'person',
  'proof-refused': 'person',
  'activation-refused': 'person',
  'passphrase-weak': 'person',
  'credential-over': 'person',
  'token-refused': 'person',
  'keyring-absent': 'keyring',
  'keyring-locked': 'keyring',
  'keyring-error': 'keyring',
  'keyring-no-answer': 'keyring',
  'keyring-elsewhere': 'keyring',
  'keyring-twice': 'keyring',
  'keyring-foreign': 'keyring',
  'keyring-unreadable': 'keyring',
  'keyring-forgets': 'keyring',
  'key-missing': 'keyring',
  'escrow-refused': 'keyring',
  retiring: 'person',
  wiped: 'vault',
  'slot-missing': 'server',
  'slot-unreadable': 'server',
  'slot-key-missing': 'server',
  'slot-key-unreadable': 'server',
  'codes-run-out': 'server',
  'vault-damaged': 'vault',
  'vault-newer': 'vault',
  'folder-older': 'vault',
  'records-older': 'vault',
  'disk-full': 'vault',
  'disk-error': 'vault',
  'audit-failed': 'vault',
  'log-refused': 'vault',
  'server-away': 'server',
  'server-untrusted': 'server',
  'server-refused': 'server',
  'server-answer': 'server',
  'address-invalid': 'person',
  'needs-reason': 'record',
  'needs-break-glass': 'record',
  'not-found': 'record',
  'not-your-role': 'record',
  'form-invalid': 'record',
};

export function kindOf(error: ErrorView): ErrorKind {
  return KINDS[error.code] ?? 'unexpected';
}

/** Anything that was thrown, as something a person can read. */
export function asErrorView(thrown: unknown): ErrorView {
  if (isErrorView(thrown)) return thrown;
  return {
    code: 'internal',
    message: 'Something unexpected happened, and it was not done.',
    advice: 'Try again. If it happens again, report the time to your IT administrator.',
  };
}

function isErrorView(thrown: unknown): thrown is ErrorView {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { code, message, advice } = thrown as Record<string, unknown>;
  return typeof code === 'string' && typeof message === 'string' && typeof advice === 'string';
}
