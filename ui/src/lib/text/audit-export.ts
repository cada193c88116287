/** What the audit page says of a log that is taken out as a file. */
export const auditExport = {
  take: 'Export as a file…',
  title: 'Export the audit log of this computer?',
  intro:
    'A sealed and signed file for whoever has to prove something with it. It says who looked at whose record, and so is protected health information. That you wrote it is recorded first.',
  submit: 'Write the file',
  working: 'Writing…',
  done: 'The audit log is written.',
  apart: 'The key is shown this once. Hand it over another way than the file: whoever has both reads the log, and without it nobody does.',
  path: 'File',
  entries: 'Entries',
  counted: (entries: number, confirmed: number) => `${entries}, of which the server has confirmed ${confirmed}`,
  sha256: 'SHA-256',
  key: 'Key',
  check: 'To check it',
  command: (path: string) => `chartkeepctl verify ${path.split('/').at(-1) ?? path} --key-file FILE --root root.crt`,
  checkHint: 'Needs no network. FILE holds the key; root.crt comes from the practice, not from whoever brings the file.',
  copyKey: 'Copy key',
  copied: 'The key is on the clipboard.',
  copyFailed: 'The clipboard did not take it. Mark the key and copy it by hand.',
} as const;
