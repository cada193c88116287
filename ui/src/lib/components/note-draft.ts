/** A note while it is being written. */
import type { NoteRow } from '../api/bindings';
import { text } from '../text';

export interface NoteDraft {
  /** The signed note that this adds to; nothing for a note of its own. */
  noteId: string | null;
  title: string;
  text: string;
}

export function startNote(notes: NoteRow[], addendumTo: string | null): NoteDraft {
  const signed = notes.find((row) => row.id === addendumTo);
  if (signed === undefined) return { noteId: null, title: text.noteForm.defaultTitle, text: '' };
  return { noteId: signed.id, title: text.noteForm.addendumTitle(signed.title), text: '' };
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
