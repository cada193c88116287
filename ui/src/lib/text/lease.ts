/** What the screens say of the offline lease. */

const days = (n: number): string => (n === 1 ? '1 day' : `${n} days`);

export const lease = {
  left: (n: number) => `Opens for ${days(n)} more without the clinic’s server`,
  leftLong: (n: number, away: number) => `The clinic’s server was not reached for ${days(away)}. This workstation opens for ${days(n)} more without it.`,
  over: 'Past the time without the server',
  advice: 'Connect it to the clinic’s network once, or take an extension in below.',
  title: 'This workstation is shut',
  ended: (away: number) => `It has not reached the clinic’s server for ${days(away)}, so nobody can sign in. Nothing is deleted: what was written here is kept and will be sent.`,
  wayOn: 'Connect it to the clinic’s network. Where that cannot be, call your IT administrator, read out the number, and type the seven words that you hear.',
  extend: 'Extension',
  extendIntro: 'Where the network stays away, your IT administrator can give this workstation some days more. Read out the number, and type the seven words that you hear.',
  number: 'Number to read out',
  words: 'Extension',
  wordsHint: 'Seven words; the first four letters of each are enough. A bar code reader may type the whole text.',
  submit: 'Take the extension in',
  working: 'Checking…',
  file: 'Choose a file',
  retry: 'Try the server now',
  tried: 'The server was called.',
  done: 'The extension is taken in.',
};
