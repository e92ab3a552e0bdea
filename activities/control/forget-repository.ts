// Under which keys does the store keep anything of a repository?

import { expiringNotesOf } from '../expiring.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { getJson, type ObjectStore } from '../object-store.ts';
import { idKeysOf } from './ids.ts';

/** All but the audit log, which forgets in its own way. In no order; each may be deleted as soon as it is answered. */
export async function* keysOfRepository(store: ObjectStore, repositoryId: number): AsyncGenerator<string> {
  for (const prefix of [`pipelines/${repositoryId}/`, `caches/${repositoryId}/`, `repositories/${repositoryId}/`, `timings/${repositoryId}/`, `vault/repositories/${repositoryId}/`]) {
    for await (const { key } of store.list(prefix)) {
      const view = /^pipelines\/\d+\/\d+\/summary[.]json$/.test(key) ? await getJson<PipelineView>(store, key) : undefined;
      yield* view ? [...idKeysOf(view), key] : [key];
    }
  }
  yield* expiringNotesOf(store, repositoryId);
  const isItsLine = new RegExp(`-${repositoryId}-\\d+[.]json$`);
  for await (const { key } of store.list('history/')) if (isItsLine.test(key)) yield key;
  for await (const { key } of store.list('repositories/by-name/')) {
    const named = await getJson<{ id: number }>(store, key);
    if (named?.id === repositoryId) yield key;
  }
}
