import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the charts load under a locale that the web view cannot name', async () => {
  Object.defineProperty(navigator, 'language', { value: 'C', configurable: true });
  expect(() => new Intl.NumberFormat(navigator.language)).toThrow(RangeError);
  await import('$lib/locale');
  expect(() => new Intl.NumberFormat(navigator.language)).not.toThrow();
});

test('the locale is set before anything else is loaded', () => {
  const main = readFileSync(join(import.meta.dirname, '..', 'main.ts'), 'utf8');
  expect(main.indexOf("import './lib/locale'")).toBe(main.indexOf('import'));
});
