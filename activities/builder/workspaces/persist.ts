// How does a job leave files in the workspace? Each step of each slice adds a layer; nothing that is there changes.

import type { PersistToWorkspaceStep } from '../../../config-schema/plan.ts';
import { layerArchiveKey, layerFactsKey, layerKey, mostFactsBytes, type LayerFacts } from '../../../config-schema/workspace.ts';
import { noteExpiring } from '../../expiring.ts';
import { deflate } from '../../log-codec.ts';
import type { DataEnd, DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { untilStored } from '../until-stored.ts';
import { counted, gigabytes, megabytes } from '../words.ts';
import { packFiles } from './archive.ts';

const mostFiles = 500_000;

export async function persist({ store, spool, limits }: Pick<DataStepPorts, 'store' | 'spool' | 'limits'>, run: DataRun, step: PersistToWorkspaceStep): Promise<DataEnd> {
  const found = await run.sandbox.ask('workspaceFiles', { root: step.root, patterns: step.paths, most: mostFiles });
  if ('refused' in found) return failed(found.refused);
  const { root, matches, files, unmatched } = found;
  if (matches.length === 0) return failed(`The specified paths did not match any files in ${step.root}. Look for them with a step \`ls -a ${step.root}\` before this one; paths are relative to the root, and variables in them are not expanded.`);
  for (const pattern of unmatched) await run.say(`Nothing in ${step.root} matches ${pattern}.`);

  const { workspaceBytes } = limits;
  const tooLarge = `The files take more than ${gigabytes(workspaceBytes)}. Persist fewer, or have the operator raise workspaceMaxGigabytes.`;
  return spool(async (file) => {
    const packed = await packFiles(run.sandbox, { folder: Buffer.from(root, 'latin1').toString('utf8'), names: matches, maxBytes: workspaceBytes, tooLarge }, file, run.signal);
    if ('failed' in packed) return failed(packed.failed);
    if (packed.complaints !== '') await run.say(packed.complaints);
    const layer = layerKey(run.slice, run.attempt, run.index);
    const text = Buffer.from(JSON.stringify({ version: 1, files, bytes: packed.bytes } satisfies LayerFacts));
    if (text.length > mostFactsBytes) return failed('The names of the files are too long together. Pack the files into an archive, or persist fewer.');
    const facts = await deflate(text);
    await untilStored(run, async () => {
      await run.checkFence();
      await noteExpiring(store, 'workspaces', run.slice, layer);
      await store.putFile(layerArchiveKey(layer), file);
      await run.checkFence();
      await store.put(layerFactsKey(layer), facts);
    });
    await run.say(`Persisted ${counted(files.length, 'file')} of ${step.root}, ${megabytes(packed.bytes)}.`);
    return { outcome: 'passed', note: `${counted(files.length, 'file')} persisted, ${megabytes(packed.bytes)}` };
  });
}

const failed = (reason: string): DataEnd => ({ outcome: 'failed', reason });
