/** Short words that become text while a note is typed: `.vitals ` brings in the last values, so that nobody types them over. */
import type { ChartView } from '../api/bindings';
import { showDate } from '../format/dates';

export interface Typed {
  text: string;
  caret: number;
}

/** The text with the word before the caret replaced; nothing when there is no such word. */
export function expandWord({ text, caret }: Typed, view: ChartView, now: Date): Typed | null {
  const [match, lead = '', word = ''] = /(^|\s)\.([a-z]+)\s$/.exec(text.slice(0, caret)) ?? [];
  const brought = match === undefined ? null : bring(word, view, now);
  if (match === undefined || brought === null) return null;
  const before = text.slice(0, caret - match.length) + lead + brought + match.slice(-1);
  return { text: before + text.slice(caret), caret: before.length };
}

function bring(word: string, view: ChartView, now: Date): string | null {
  switch (word) {
    case 'vitals':
      return view.vitals.latest.map((row) => `${row.title} ${row.value} ${row.unit} (${row.at})`).join('\n');
    case 'meds':
      return view.medications.current.map((row) => `${row.name}: ${row.dose}`).join('\n');
    case 'allergies':
      return [view.banner.allergies?.title ?? '', ...view.allergies.filter((row) => !row.masked).map((row) => [row.agent, row.reactions.join(', ')].filter(Boolean).join(': '))].join('\n');
    case 'today':
      return showDate(now);
    default:
      return null;
  }
}
