// Which name leads to which repository, and what is it called now?

import { repositoryNameKey, repositoryNowKey, type NamedRepository } from '../config-schema/view.ts';
import { getJson, putJson, type ObjectStore } from './object-store.ts';

/** `at` is when the repository was seen under this name, ISO 8601: what is told late does not undo what is newer. An earlier name goes on leading there until somebody else takes it. */
export async function rememberName(store: ObjectStore, { id, owner, name }: { id: number; owner: string; name: string }, at: string): Promise<void> {
  const known = await getJson<NamedRepository>(store, repositoryNowKey(id));
  if (known && (known.at > at || (known.owner === owner && known.name === name))) return;
  await putJson(store, repositoryNameKey(owner, name), { id });
  await putJson(store, repositoryNowKey(id), { owner, name, at } satisfies NamedRepository);
}
