/** A note that two people signed, in the made-up practice. */
import type { ConflictView } from '../bindings';
import type { Backend } from '../backend';
import type { FakeClinic } from '../fake';
import { failure } from './failures';

const SIGNED = { label: 'Signed or draft', text: 'Signed' };

export function fakeConflict(changeId: string): ConflictView {
  return {
    changeId,
    patientName: 'LINDQVIST, Per (Mr)',
    born: '02-Mar-1958',
    mrn: '10 4402',
    author: 'Dana Whitfield',
    writtenAt: '26-Nov-2026 16:40',
    notYet: null,
    records: [
      {
        seen: 'DocumentReference/n1 3',
        what: 'Note',
        title: 'Cough, follow-up',
        note: '',
        parts: [
          {
            name: 'DocumentReference/n1 content',
            title: 'What the note says',
            ours: [{ label: 'Text', text: 'Cough, follow-up\nCough is better. No fever since Tuesday.\nChest clear. Stop inhaler, see again in four weeks if it comes back.' }, SIGNED],
            theirs: [{ label: 'Text', text: 'Cough, follow-up\nCough unchanged. No fever.\nChest clear. Go on with the inhaler.' }, { label: 'Signed or draft', text: 'Draft' }],
            choices: ['ours', 'theirs', 'both'],
          },
        ],
      },
    ],
  };
}

/** A note written here met another one. */
export function meetAnother(clinic: FakeClinic): void {
  const advice = 'Somebody changed the same elsewhere. Both are kept; a person has to choose.';
  clinic.unsent.push({ id: 'u10', when: '26-Nov-2026 16:40', what: 'Note', patientName: 'LINDQVIST, Per (Mr)', author: 'Dana Whitfield', state: 'conflict', canDecide: true, advice });
}

export function conflictCommands(clinic: () => FakeClinic): Pick<Backend, 'conflict' | 'settleConflict'> {
  const isOpen = (changeId: string): boolean => clinic().unsent.some((row) => row.id === changeId && row.state === 'conflict');
  return {
    async conflict({ changeId }) {
      if (!isOpen(changeId)) throw failure('changed-meanwhile');
      return clinic().conflict ?? fakeConflict(changeId);
    },
    async settleConflict(form) {
      if (!isOpen(form.changeId)) throw failure('changed-meanwhile');
      clinic().decided.push(form);
      clinic().unsent = clinic().unsent.filter((row) => row.id !== form.changeId);
      return { saved: true, warnings: [], changeId: 'c1' };
    },
  };
}
