/** A chart that this workstation does not keep. */
export const away = {
  fetching: 'This chart is not kept on this workstation. It is being fetched from the server.',
  notFetched: 'This chart is not kept on this workstation, and could not be fetched.',
  again: 'Fetch it again',
  until: (at: string) => `Fetched from the server, and here until ${at}.`,
  missing: 'Something may be recorded.',
  rail: 'Missing',
};
