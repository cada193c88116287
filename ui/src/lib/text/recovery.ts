/** What the screens say of the day without the phone. */

const codes = (n: number): string => (n === 1 ? '1 code' : `${n} codes`);

export const recovery = {
  open: 'I do not have my phone',
  title: 'Sign in without the phone',
  intro: 'With your passphrase and a code of your recovery sheet, or seven words that your administrator reads out on the telephone. It needs no network. Each code works once.',
  code: 'Recovery code',
  codeHint: 'Twenty letters and digits from your sheet, or seven words. The first four letters of a word are enough.',
  words: (n: number) => `${n} of 7 words`,
  notAWord: (typed: string) => `“${typed}” is no word of a code`,
  back: 'I have my phone',
  used: (left: number) =>
    left === 0
      ? 'You signed in with a recovery code. No code of your sheet is left: make a new sheet under “My sign-in” once you have a phone again.'
      : `You signed in with a recovery code. ${codes(left)} of your sheet ${left === 1 ? 'is' : 'are'} left.`,
  offer: 'For a day without your phone, “My sign-in” makes a sheet of recovery codes.',
  page: 'My sign-in',
  pageIntro: 'What lets you in, and what you have for a day without your phone. Your passphrase is always asked for as well.',
  sheet: 'Recovery sheet',
  noSheet: 'You have no recovery codes on this computer.',
  left: (n: number, made: string) => `${codes(n)} left, made ${made}`,
  telephone: 'By telephone',
  heldByServer: 'Your administrator can read out a code for this computer: seven words, once.',
  notHeld: 'No code is ready at the clinic’s server. One is made at a sign-in and sent with the next connection.',
  make: 'Make a sheet',
  makeNew: 'Make a new sheet',
  makeIntro: 'Ten codes, each good once, on this computer only. Have pen and paper ready: they are shown once, and cannot be printed, because a print queue keeps copies.',
  makeNewIntro: 'The codes you have now stay good until you say that the new ones are written down. After a change of passphrase a sheet is void.',
  newCode: 'New one-time code',
  newCodeHint: 'Not the one you signed in with: wait for the next.',
  start: 'Make ten codes',
  making: (done: number) => `Making code ${Math.min(done + 1, 10)} of 10`,
  stop: 'Stop',
  codesTitle: 'Write these down now',
  codesIntro: 'Keep the paper where you keep your keys, not at this computer. The first character of a code is its number.',
  keep: 'I have written them down',
  kept: 'The new codes are good. Destroy the old sheet.',
  discard: 'Throw these away',
};
