// Where is it kept whose a UUID is: of a pipeline, or a workflow of one?

export type IdRecord = { version: 1; repositoryId: number; number: number };

export const idKey = (uuid: string): string => `ids/${uuid}.json`;
