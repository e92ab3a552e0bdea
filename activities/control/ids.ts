// How is a pipeline found by its UUID, or by that of a workflow of it?

import { idKey, type IdRecord } from '../../config-schema/ids.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { putJson, type ObjectStore } from '../object-store.ts';
import { uuidOf } from '../uuid.ts';

export const idKeysOf = ({ repository, number, workflows }: Pick<PipelineView, 'repository' | 'number' | 'workflows'>): string[] =>
  [uuidOf('pipeline', repository.id, number), ...workflows.map(({ name }) => uuidOf('workflow', repository.id, number, name))].map(idKey);

/** Of one that ends: as long as it is open, whoever looks for it sees it among those. */
export async function rememberIds(store: ObjectStore, view: PipelineView): Promise<void> {
  const record: IdRecord = { version: 1, repositoryId: view.repository.id, number: view.number };
  await Promise.all(idKeysOf(view).map((key) => putJson(store, key, record)));
}
