/** What a new person reads on the first day. */

export const activation = {
  title: 'Your first day',
  intro: 'Choose a passphrase, then put a seed into your authenticator app. You need the network for this once.',
  code: 'Activation code',
  codeHint: 'From your administrator. It works one time.',
  passphraseHint: 'Twelve characters or more; several unrelated words are good. Nobody else ever learns it.',
  next: 'Go on',
  working: 'Asking the server…',
  seedTitle: 'Put this into your authenticator app',
  seedIntro: 'Point the app’s camera at the picture, or add an account by hand and type the seed. Both are shown only now.',
  qr: 'QR code with the seed for the authenticator app',
  seed: 'Seed',
  seedKind: 'Time-based, six digits, 30 seconds',
  proof: 'Code that the app shows now',
  finish: 'Finish',
  done: 'Ready. Sign in with a new code.',
  back: 'Back to sign-in',
};
