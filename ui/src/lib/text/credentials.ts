/** What the screens say of a passphrase or phone of one's own. */

const places = (labels: readonly string[]): string => (labels.length === 1 ? `“${labels[0]}”` : `${labels.length} workstations (${labels.join(', ')})`);

export const credentials = {
  section: 'Passphrase and phone',
  intro:
    'A change counts at all your workstations. It needs the network, and ends your recovery codes and security keys there.',
  intoPassphrase: 'Change passphrase',
  intoPhone: 'Set up a new phone',
  present: 'Present passphrase',
  newPassphrase: 'New passphrase',
  change: 'Change it',
  working: 'Asking the server…',
  presentCode: 'Code of the present phone',
  showSeed: 'Go on',
  seedTitle: 'Put this into the new phone',
  proof: 'Code that the new phone shows now',
  takePhone: 'Use the new phone',
  keepPhone: 'Keep the present phone',
  passphraseChanged: 'Your passphrase is changed.',
  phoneChanged: 'Your new phone counts now. Remove the account from the old one.',
  voided: 'Your recovery codes are void, and so is a security key: make a new sheet, and register the key again.',
  ready: (labels: readonly string[]) => `${places(labels)} ${labels.length === 1 ? 'takes' : 'take'} it with the next connection. Until then the old one opens there.`,
  later: (labels: readonly string[]) => `At ${places(labels)} sign in once with the network. What you had not saved there cannot be opened any more.`,
};
