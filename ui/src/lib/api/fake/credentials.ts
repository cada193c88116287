/** A passphrase or phone of one's own, changed in the made-up practice. */
import type { CredentialView } from '../bindings';
import type { Backend } from '../backend';
import type { FakeClinic } from '../fake';
import { failure } from './failures';
import { FAKE_SEED } from './recovery';

/** Recovery codes are void then. */
function changed(clinic: FakeClinic): CredentialView {
  clinic.recovery = { left: 0, made: null, byTelephone: false };
  return { ready: ['Front desk', 'Lab'], later: ['Exam room 5'] };
}

export function credentialCommands(clinic: () => FakeClinic): Pick<Backend, 'changePassphrase' | 'beginNewPhone' | 'confirmNewPhone' | 'discardNewPhone'> {
  return {
    async changePassphrase({ passphrase, newPassphrase }) {
      if (newPassphrase.length < 12 || newPassphrase === passphrase) throw failure('passphrase-weak');
      if (passphrase === 'wrong') throw failure('sign-in-refused');
      return changed(clinic());
    },
    async beginNewPhone({ passphrase }) {
      if (passphrase === 'wrong') throw failure('sign-in-refused');
      return FAKE_SEED;
    },
    async confirmNewPhone({ code }) {
      if (!/^\d{6}$/.test(code) || code === '000000') throw failure('proof-refused');
      return changed(clinic());
    },
    async discardNewPhone() {
      clinic().stopped = true;
    },
  };
}
