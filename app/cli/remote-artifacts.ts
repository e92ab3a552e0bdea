// `roundhouse artifacts` of a Roundhouse elsewhere.

import { join } from 'node:path';
import type * as z from 'zod';
import type { artifactAnswer, jobDetailsAnswer } from '../api/answers.ts';
import { artifactLine, copyTo } from './artifacts.ts';
import type { Remote } from './login.ts';
import { callApi, fetchFrom } from './remote.ts';
import { remoteJob } from './remote-job.ts';
import { print } from './say.ts';

export async function printRemoteArtifacts(remote: Remote, text: string, { to, json }: { to?: string; json?: true }): Promise<void> {
  const { path: job, slice: onlySlice } = await remoteJob(remote, text);
  const { slices } = await callApi<z.infer<typeof jobDetailsAnswer>>(remote, 'GET', job);
  const { items } = await callApi<{ items: z.infer<typeof artifactAnswer>[] }>(remote, 'GET', `${job}/artifacts`);
  for (const { path, node_index: slice, url, bytes, sha256 } of items) {
    if (onlySlice !== undefined && slice !== onlySlice) continue;
    print(artifactLine({ slice, path, bytes, sha256 }, slices.length, json));
    if (to !== undefined) await copyTo(join(to, slices.length > 1 ? String(slice) : ''), path, async () => (await fetchFrom(remote, new URL(url).pathname)).body);
  }
}
