// What does store_artifacts store, and what does it say of the rest?

import { artifactIndexKey, artifactPathBelow, artifactsKey, nameInWords, shownPath, type ArtifactIndex } from '../../../config-schema/artifact.ts';
import type { StoreArtifactsStep } from '../../../config-schema/plan.ts';
import { noteExpiring } from '../../expiring.ts';
import { getJson, putJson } from '../../object-store.ts';
import type { DataEnd, DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { untilStored } from '../until-stored.ts';
import { counted } from '../words.ts';
import { keepFiles } from './keep.ts';

/** Of one slice. */
const mostFiles = 10_000;

type Ports = Pick<DataStepPorts, 'store' | 'spool' | 'limits'>;

export async function storeArtifacts(ports: Ports, run: DataRun, step: StoreArtifactsStep): Promise<DataEnd> {
  const { store } = ports;
  const left = await untilStored(run, () => roomLeft(ports, run));
  const found = await run.sandbox.ask('artifactFiles', { path: step.path, most: mostFiles });
  if ('missing' in found) {
    await run.say(`There is nothing at ${step.path}: no artifact was stored.${/[*?[]/.test(step.path) ? ' Patterns are not expanded here: name a file, or a folder, all of which is stored.' : ''}`);
    return { outcome: 'passed', artifacts: { files: 0, bytes: 0 } };
  }
  if ('refused' in found) return failed(`${step.path} could not be read: ${found.refused}`);
  for (const [kind, { count, one }] of Object.entries(found.others)) {
    await run.say(`${counted(count, kind === 'link' ? 'symbolic link' : kind)} ${count === 1 ? 'was' : 'were'} not stored, because only files are: ${nameInWords(one) || step.path}${count === 1 ? '' : ', …'}`);
  }
  if (found.files.length > left.files) return failed(`A slice stores at most ${mostFiles} files. Pack them into an archive, or store fewer.`);

  const base = shownPath(step, { path: nameInWords(found.path), isFolder: found.isFolder });
  const artifacts = artifactsKey(run.slice, run.attempt, run.index);
  await untilStored(run, () => noteExpiring(store, 'artifacts', run.slice, artifacts));
  const wanted = found.files.map((file) => ({ source: file === '' ? found.path : `${found.path}/${file}`, path: artifactPathBelow(base, nameInWords(file)) }));
  const { files, fault } = await keepFiles(ports, run, { artifacts, wanted, mostBytes: left.bytes });
  // Whatever happened to others, these are stored.
  await untilStored(run, async () => {
    await run.checkFence();
    await putJson(store, artifactIndexKey(artifacts), { version: 1, files } satisfies ArtifactIndex);
  });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  await run.say(`Stored ${counted(files.length, 'file')}, ${counted(bytes, 'byte')}.`);
  return { outcome: fault === null ? 'passed' : 'failed', artifacts: { files: files.length, bytes }, ...(fault !== null && { reason: fault }) };
}

/** What earlier steps of the slice have stored counts, too. */
async function roomLeft({ store, limits }: Ports, { place, slice, attempt, index }: DataRun): Promise<{ files: number; bytes: number }> {
  const left = { files: mostFiles, bytes: limits.artifactBytes };
  for (const [step, { kind }] of place.job.steps.slice(0, index).entries()) {
    if (kind !== 'store_artifacts') continue;
    const stored = await getJson<ArtifactIndex>(store, artifactIndexKey(artifactsKey(slice, attempt, step)));
    for (const { bytes } of stored?.files ?? []) {
      left.files -= 1;
      left.bytes -= bytes;
    }
  }
  return left;
}

const failed = (reason: string): DataEnd => ({ outcome: 'failed', reason });
