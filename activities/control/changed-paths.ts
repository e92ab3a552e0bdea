// Which paths has the commit of a pipeline changed, for conditions that ask?

import { pipelineKey } from '../../config-schema/address.ts';
import { mostCharacters, type ChangedPaths } from '../../config-schema/language/changed.ts';
import { branchOf, isFork, noCommit, originOf, tagOf, type Trigger } from '../../config-schema/trigger.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import { ForgeUnavailable, type Forge } from './forge.ts';

/** Until then a forge that does not answer is asked again; after that everything runs. */
const patienceMs = 5 * 60_000;

/** The same for each compile of a pipeline, and for those that run it again: branches move on. Throws ForgeUnavailable while it is worth trying again. */
export async function changedPaths({ forge, store }: { forge: Forge; store: ObjectStore }, trigger: Trigger, number: number): Promise<ChangedPaths> {
  const { repository: { id }, rerun } = trigger;
  const own = await getJson<ChangedPaths>(store, keyOf(id, number));
  if (own) return own;
  const earlier = rerun && (await getJson<ChangedPaths>(store, keyOf(id, rerun.number)));
  const changed = earlier ?? (await ask(forge, trigger));
  await putJson(store, keyOf(id, number), changed);
  return changed;
}

const keyOf = (repositoryId: number, pipeline: number): string => `${pipelineKey({ id: repositoryId }, pipeline)}/changed.json`;

async function ask(forge: Forge, trigger: Trigger): Promise<ChangedPaths> {
  const compared = comparedWith(trigger);
  if ('unknown' in compared) return compared;
  try {
    const changed = await forge.changedPaths(trigger.repository, compared.base, trigger.sha);
    const characters = 'paths' in changed ? changed.paths.reduce((sum, { length }) => sum + length, 0) : 0;
    return characters > mostCharacters ? { unknown: `their names have more than ${mostCharacters} characters together` } : changed;
  } catch (error) {
    if (!(error instanceof ForgeUnavailable) || Date.now() - Date.parse(trigger.receivedAt) < patienceMs) throw error;
    return { unknown: error.message };
  }
}

/** A push of the default branch with what it was before, another branch with the default branch, a fork with what it is to be merged into. */
export function comparedWith(trigger: Trigger): { base: string } | { unknown: string } {
  const { ref, before, repository: { defaultBranch }, pullRequest } = trigger;
  const origin = originOf(trigger);
  if (origin === 'local') return { unknown: 'a work tree is compared with nothing' };
  if (tagOf(ref) !== null) return { unknown: 'a tag is compared with nothing' };
  if (isFork(trigger) && pullRequest?.baseSha !== undefined) return { base: pullRequest.baseSha };
  if (branchOf(ref) !== defaultBranch) return { base: defaultBranch };
  if (origin !== 'push') return { unknown: `nobody has pushed ${defaultBranch} for this pipeline` };
  return before === noCommit || before === '' ? { unknown: `what ${defaultBranch} was before this push is not known` } : { base: before };
}
