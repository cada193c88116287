/** What the made-up clinic says when something goes wrong, in the client's own words. */
import type { Code } from '../bindings';
import type { ErrorView } from '../errors';

export const ERRORS: Partial<Record<Code, [string, string]>> = {
  'sign-in-refused': ['The name, passphrase or code is not right.', "Check Caps Lock, and wait for a new code: each code works once. Whoever was never signed in on this computer needs the clinic's network once."],
  'wait-before-retry': ['After several failed attempts, sign-in waits 15 more seconds.', 'Wait, then try again; if a one-time code is asked for, with a new one. Nothing is deleted by failed attempts.'],
  'reentry-refused': ['The passphrase is not right.', 'Check Caps Lock, and whether your own name is the one that is chosen.'],
  'reentry-over': ['Coming back with the passphrase alone is over for this person here.', 'Sign in with name, passphrase and a code. What you were typing is kept.'],
  'server-away': ["The clinic's server cannot be reached.", 'You can go on working; your work is kept and sent later. Check the network if this lasts.'],
  'needs-reason': ["You are not on this patient's care team today.", 'Say why you open the chart: a visit, a call, results, or standing in.'],
  'needs-break-glass': ['This chart is restricted.', 'It opens only in an emergency, with a reason that is reviewed afterwards.'],
  'not-found': ['No such patient.', 'Search again by name, birth date, record number or telephone.'],
  'not-your-role': ['Your role does not include this.', 'Ask a colleague whose role does, or your practice manager.'],
  'key-refused': ['The name, passphrase or security key is not right.', 'Check Caps Lock, and whether it is the key that you registered on this computer. Whoever has registered none here signs in with a code.'],
  'key-pin': ['The PIN of the security key is not right; 7 tries are left.', 'Type the PIN of the key itself; it is not your passphrase. The key counts wrong PINs and blocks itself after eight.'],
  'key-not-there': ['No security key was plugged in.', 'Plug it in and try again.'],
  'key-cancelled': ['The wait for the security key was ended.', 'Nothing was changed. Try again when you are ready.'],
  'lease-words-mistyped': ['This is no extension: a word of it is missing or wrong.', 'Have the seven words read out again, one by one.'],
  'lease-refused': ['This extension is not for this workstation and the number it shows now.', 'Read the number out again; each extension works once, and only for its own number.'],
  'recovery-code-mistyped': ['This is no recovery code: a letter, digit or word of it is missing or wrong.', 'Compare it with your sheet, or have the words read out again. This did not count as a try.'],
  'proof-refused': ['This is not the code that the app shows for this account now.', 'Wait for the next code and type that one.'],
  'activation-refused': ['The activation code is not right, was used, or has expired.', 'Ask your administrator for a new activation code.'],
  'passphrase-weak': ['This passphrase is too easy to guess.', 'Use twelve characters or more: several unrelated words are good. Paste from a password manager is fine.'],
  'credential-over': ['This change of passphrase or phone is over: it took too long, or another one came first.', 'Begin it again. What you have now still works.'],
  'token-refused': ['The enrolment token is not right, was used, or has expired.', 'Ask your IT administrator for a new token and copy the whole of it.'],
  'keyring-absent': ['No keyring answers on this computer.', "Start the desktop's keyring (GNOME Keyring or KWallet), then try again. Nothing was changed."],
  'form-invalid': ['This is not a time. Write it as the phone shows it, as in 14:05.', 'Correct it and sign in again. The code was not used.'],
  'keyring-locked': ['The keyring of this computer is locked.', "Unlock the desktop's keyring, usually with the password of the computer, then try again."],
  'vault-damaged': ['A file of the vault does not open: its key is not right, or the file is damaged.', 'Nothing was changed or deleted. Ask your IT administrator; keep the data folder as it is.'],
  'vault-newer': ['The vault was written by a newer version of Chartkeep.', 'Install that version or a later one. The vault was left as it is.'],
};

export function failure(code: Code): ErrorView {
  const [message, advice] = ERRORS[code] ?? ['Something unexpected happened, and it was not done.', 'Try again.'];
  return { code, message, advice };
}
