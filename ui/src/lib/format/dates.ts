/** Dates and times as the screens show them, whatever the settings of the computer say: `14-Jul-1945`, `22-Nov-2026 10:15`. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const two = (n: number): string => String(n).padStart(2, '0');

export function showDate(at: Date): string {
  return `${two(at.getDate())}-${monthName(at)}-${at.getFullYear()}`;
}

export function showTime(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function showDateTime(at: Date): string {
  return `${showDate(at)} ${showTime(at)}`;
}

/** A moment as shown, read back: `22-Nov-2026 10:15`, or the day alone. Nothing when it is not one. */
export function readShown(shown: string): Date | null {
  const [, day, name, year, hour, minute] = /^(\d{2})-([A-Z][a-z]{2})-(\d{4})(?: (\d{2}):(\d{2}))?$/.exec(shown) ?? [];
  const month = MONTHS.findIndex((known) => known === name);
  if (day === undefined || month < 0) return null;
  return new Date(Number(year), month, Number(day), Number(hour ?? 0), Number(minute ?? 0));
}

/** `22-Nov-2026 10:15` told on the day itself is `10:15`. */
export function shortenToday(shown: string, now: Date): string {
  const today = `${showDate(now)} `;
  return shown.startsWith(today) ? shown.slice(today.length) : shown;
}

/** The mark of a time axis: the shortest text that is still one moment on an axis of that many days. */
export function showAxisMark(at: Date, spanDays: number): string {
  if (spanDays > 300) return `${monthName(at)} ${at.getFullYear()}`;
  if (spanDays > 2) return `${two(at.getDate())}-${monthName(at)}`;
  return showTime(at);
}

function monthName(at: Date): string {
  return MONTHS[at.getMonth()] ?? '';
}
