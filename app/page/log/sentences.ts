// What do we say of a log that cannot be shown?

export const badManifest = {
  forReaders: 'The index of this log in the object store is damaged, so its lines cannot be found. Run the job again for a new log; an operator may restore `manifest.json` from a backup.',
  forOperators: 'the manifest of a log cannot be read',
};

export const noSuchStep = 'There is no such step.';
