// What does this machine need besides programs? The sandboxes' network, the first image, and the agent; by the builder's own code.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianImages } from '../activities/adapters/images/debian.ts';
import { defaultNetwork } from '../activities/adapters/lxc/network-place.ts';
import { sandboxNetwork } from '../activities/adapters/lxc/network.ts';
import { readSettings } from '../app/read-settings.ts';

const settings = await readSettings();
const say = (message: string): void => void process.stderr.write(`bootstrap: ${message}\n`);

try {
  const network = sandboxNetwork({ ...defaultNetwork, allowPrivate: settings.allowPrivate });
  for (const deed of await network.ensure()) say(deed);
  await Promise.all([
    debianImages({ cacheFolder: settings.cache, log: say }).image('debian:bookworm'),
    promisify(execFile)(join(import.meta.dirname, 'build-agent'), { env: { ...process.env, ROUNDHOUSE_CACHE: settings.cache } }),
  ]);
} catch (error) {
  say(`${(error as Error).message} ${String((error as Error).cause ?? '')}`);
  process.exitCode = 1;
}
