/** Arithmetic on vital signs as typed; the client checks ranges, this only reads numbers. */

/** A typed decimal, with a point or a comma; nothing when it is not one. */
export function readDecimal(typed: string): number | null {
  const text = typed.trim().replace(',', '.');
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

/** What goes to the client: the text as typed, with a point; nothing when empty. */
export function asTyped(typed: string): string | null {
  const text = typed.trim().replace(',', '.');
  return text === '' ? null : text;
}

/** Body mass index in kg/m², one decimal; nothing until both are sensible numbers. */
export function bodyMassIndex(weightKg: string, heightCm: string): string | null {
  const weight = readDecimal(weightKg);
  const height = readDecimal(heightCm);
  if (weight === null || height === null || weight < 1 || height < 30) return null;
  return (weight / (height / 100) ** 2).toFixed(1);
}

/** A flag in words for those who do not see the arrow. */
export function flagWords(flag: string): string {
  const words: Record<string, string> = { H: 'High', L: 'Low', HH: 'Critically high', LL: 'Critically low', A: 'Abnormal' };
  return words[flag] ?? flag;
}

export function flagSign(flag: string): string {
  const signs: Record<string, string> = { H: '▲', L: '▼', HH: '▲▲', LL: '▼▼', A: '◆' };
  return signs[flag] ?? '◆';
}
