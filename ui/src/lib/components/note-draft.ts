/** A note while it is being written. */
import type { NoteRow } from '../api/bindings';
import { text } from '../text';

export interface NoteDraft {
  /** The unsigned note that is being changed; nothing for a new one. */
  noteId: string | null;
  title: string;
  text: string;
}

/** A new note, the next version of an unsigned one, or an addition to a signed one, which is a note of its own. */
export function startNote(notes: NoteRow[], from: string | null): NoteDraft {
  const note = notes.find((row) => row.id === from);
  if (note === undefined) return { noteId: null, title: text.noteForm.defaultTitle, text: '' };
  if (!note.signed) return { noteId: note.id, title: note.title, text: note.text };
  return { noteId: null, title: text.noteForm.addendumTitle(note.title, note.at), text: '' };
}

/** A draft as it was kept. What cannot be read as one becomes text, so that nothing typed is lost. */
export function readNote(content: string): NoteDraft {
  const empty: NoteDraft = { noteId: null, title: text.noteForm.defaultTitle, text: '' };
  let kept: unknown;
  try {
    kept = JSON.parse(content);
  } catch {
    return { ...empty, text: content };
  }
  if (typeof kept !== 'object' || kept === null) return { ...empty, text: content };
  const { noteId, title, text: body } = kept as Record<string, unknown>;
  return {
    noteId: typeof noteId === 'string' ? noteId : null,
    title: typeof title === 'string' ? title : empty.title,
    text: typeof body === 'string' ? body : '',
  };
}
