/** What the screen says where two people changed the same. */
export const conflict = {
  decide: 'Compare and decide',
  title: 'Two people changed the same',
  intro: 'Both versions are kept by the clinic’s server, whatever you choose. Choose what the chart says from now on.',
  theirs: 'In the chart now',
  ours: (author: string, at: string) => `Not taken: written here by ${author}, ${at}`,
  chooseTheirs: 'Leave the chart as it is',
  chooseOurs: 'Take what was written here',
  chooseBoth: 'Keep both: add what was written here as a draft note of its own',
  signed: 'The note in the chart is signed, and a signed note is never replaced.',
  together: 'These two versions do not get in each other’s way: both are kept.',
  nothing: 'Nothing',
  missing: 'Choose one version for each part.',
  save: 'Save this decision',
  later: 'Decide later',
  saved: 'Decided. It is sent to the clinic’s server by itself.',
};
