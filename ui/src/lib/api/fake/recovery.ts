/** Recovery codes of the made-up practice, and a picture in the place of a QR code. */
import type { ActivationView, SheetView } from '../bindings';

export const FAKE_WORDS = ['abandon', 'ability', 'able', 'about', 'above', 'lake', 'lamp', 'pine', 'pink', 'tunnel', 'zone', 'zoo'];

/** Three finder patterns: enough to look at, and no code. */
const SQUARES = [
  [4, 4],
  [22, 4],
  [4, 22],
].map(([x = 0, y = 0]) => `M${x} ${y}h7v1h-7zM${x} ${y + 6}h7v1h-7zM${x} ${y}h1v7h-1zM${x + 6} ${y}h1v7h-1zM${x + 2} ${y + 2}h3v3h-3z`);

export const FAKE_QR = { qrPath: SQUARES.join(''), qrSize: 33 };

export const FAKE_SEED: ActivationView = {
  ...FAKE_QR,
  seed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Ashby%20Falls:dwhitfield?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Ashby%20Falls',
};

export function fakeSheet(): SheetView {
  return { codes: Array.from({ length: 10 }, (_, place) => `${place}M4QK-7TZ2V-XH9RC-B3WF${place}`) };
}

/** As the client tells what can be a code from what cannot. */
export function looksLikeCode(typed: string): boolean {
  const words = typed.toLowerCase().match(/[a-z]+/g) ?? [];
  return /^[0-9A-Z]{20}$/i.test(typed.replace(/[\s-]/g, '')) || (words.length === 7 && words.every((word) => FAKE_WORDS.some((known) => known.startsWith(word))));
}
