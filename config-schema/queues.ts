// On which task queue of Temporal does what wait?

/** Temporal workflows and control activities: the app. */
export const controlQueue = 'roundhouse';
/** Sandboxes to open of one resource class: any builder that offers it. */
export const classQueue = (resourceClass: string): string => `class/${resourceClass}`;
/** The steps of the sandboxes of one builder. */
export const builderQueue = (builder: string): string => `builder/${builder}`;

/** Types of the failures by which a builder tells a slice what to do next. */
export const failureTypes = {
  /** Retryable: no room now. */
  builderFull: 'BuilderFull',
  /** Retryable: the same builder goes on when it is back. */
  builderRestarting: 'BuilderRestarting',
  /** The sandbox is gone; the slice runs again under the next attempt number. */
  sandboxLost: 'SandboxLost',
  /** The sandbox could not be made. */
  sandboxFailed: 'SandboxFailed',
  /** The forge does not take the credential of a checkout. */
  credentialRefused: 'CredentialRefused',
  /** The config's fault. */
  unknownImage: 'UnknownImage',
} as const;
