import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const NO_TAURI = {
  patterns: [{ group: ['@tauri-apps/*'], message: 'Only src/lib/api/backend.ts knows Tauri.' }],
};
const NO_STORAGE = ['localStorage', 'sessionStorage', 'indexedDB'].map((name) => ({
  name,
  message: 'Nothing outlives a view.',
}));

export default ts.config(
  { ignores: ['dist', 'dist-fake', 'node_modules', 'src/lib/api/bindings.ts'] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      'no-restricted-imports': ['error', NO_TAURI],
      'no-restricted-globals': ['error', ...NO_STORAGE],
      'no-console': 'error',
      'svelte/no-at-html-tags': 'error',
      'svelte/no-inline-styles': 'error',
      'svelte/button-has-type': 'error',
      eqeqeq: 'error',
      // What is not shown need not be watched.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig, extraFileExtensions: ['.svelte'] } },
  },
  { files: ['src/lib/api/backend.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['**/*.js', 'vite.config.ts'], languageOptions: { globals: { ...globals.node } } },
);
