/** How the screens are built: for the window, and with the made-up practice (`--mode fake`, and in tests). */
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

/** The content security policy of the window; the preview server sends it too, so that a breach shows in a browser. */
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), svelteTesting()],
  resolve: {
    alias: {
      $backend: at(mode === 'fake' || mode === 'test' ? './src/lib/api/fake.ts' : './src/lib/api/backend.ts'),
      $lib: at('./src/lib'),
    },
  },
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  preview: { port: 5174, headers: { 'Content-Security-Policy': POLICY } },
  build: {
    target: ['safari17', 'chrome120'],
    // `data:` addresses are outside the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  test: {
    // A whole screen under axe takes seconds where other builds share the two cores.
    testTimeout: 60_000,
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['./src/tests/setup.ts'],
    restoreMocks: true,
  },
}));
