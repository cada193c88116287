/** Rules of the house, read off the source. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '..');
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith('.test.ts') && !path.startsWith('tests'))
  .map((path) => ({ path, text: readFileSync(join(SOURCE, path), 'utf8') }));

const naming = (pattern: RegExp): string[] => files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

test('only one file knows Tauri', () => {
  expect(naming(/from '@tauri-apps/)).toEqual([join('lib', 'api', 'backend.ts')]);
});

test('nothing is stored in the web view', () => {
  expect(naming(/localStorage|sessionStorage|indexedDB|document\.cookie|caches\./)).toEqual([]);
});

test('no markup is made from text, and no style stands in an attribute', () => {
  expect(naming(/\{@html|innerHTML|insertAdjacentHTML|\beval\(|new Function/)).toEqual([]);
  expect(naming(/\sstyle="|\sstyle=\{|\sstyle:/)).toEqual([]);
});

test('what ships never names the made-up practice', () => {
  expect(naming(/api\/fake|\.\/fake/).filter((path) => !path.includes('fake'))).toEqual([]);
});

test('every field keeps the browser from completing and checking it', () => {
  for (const { path, text } of files.filter((file) => /<(input|textarea)\b/.test(file.text))) {
    const fields = text.match(/<(input|textarea)\b[\s\S]*?(\/>|>\s*<\/textarea>)/g) ?? [];
    const typed = fields.filter((field) => !field.includes('type="file"'));
    for (const field of typed) expect(field, path).toMatch(/autocomplete="off"[\s\S]*spellcheck="false"/);
  }
});

test('a component stays under two hundred lines', () => {
  expect(files.filter(({ path, text }) => path.endsWith('.svelte') && text.split('\n').length > 200).map(({ path }) => path)).toEqual([]);
});

test('a date is never left to the settings of the computer', () => {
  expect(naming(/toLocale|Intl\./)).toEqual([]);
});
