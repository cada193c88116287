/** Finishing the words of a code of the telephone while they are typed. */

/** Words in a code. */
export const CODE_WORDS = 7;
/** Letters by which a word is told from all others. */
const TELLING = 4;

export interface Typed {
  /** Words that are known whole, or by enough letters. */
  known: string[];
  /** The first piece that begins no word of the list; none while all do. */
  wrong: string | null;
  /** What the last piece may become, at most five. */
  next: string[];
}

/** Whether this is the beginning of words rather than of a code of letters and digits. */
export function isWords(typed: string): boolean {
  return /^\s*[a-z]{2,}/i.test(typed) && !/[0-9-]/.test(typed);
}

export function readWords(typed: string, list: string[]): Typed {
  const pieces = typed.toLowerCase().match(/[a-z]+/g) ?? [];
  const open = /[a-z]$/i.test(typed);
  const last = pieces.at(-1) ?? '';
  const known = pieces.flatMap((piece) => meant(piece, list) ?? []);
  const wrong = pieces.find((piece, index) => (open && index === pieces.length - 1 ? !list.some((word) => word.startsWith(piece)) : meant(piece, list) === null)) ?? null;
  const next = open && meant(last, list) !== last ? list.filter((word) => word.startsWith(last)).slice(0, 5) : [];
  return { known, wrong, next };
}

/** What was typed with its last piece finished, where only one word is left. */
export function finished(typed: string, list: string[]): string {
  const { next } = readWords(typed, list);
  return next.length === 1 ? typed.replace(/[a-z]+$/i, `${next[0] ?? ''} `) : typed;
}

function meant(piece: string, list: string[]): string | null {
  return list.find((word) => word === piece || (piece.length >= TELLING && word.startsWith(piece))) ?? null;
}
