/**
 * The screens never follow the regional settings of the computer. Loaded before everything else: uPlot asks for a
 * number format of `navigator.language` as it loads, and under the locale `C` WebKitGTK gives it one that is not valid.
 */
export const LANGUAGE = 'en-US';

Object.defineProperty(navigator, 'language', { value: LANGUAGE, configurable: true });
