// What runs on one machine: the embedded Temporal (unless one is set), the app and a builder, each in its own process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { withoutAppSecrets, type Settings } from '../../config-schema/settings.ts';
import type { Member } from './family.ts';

/** The one whose development server we know; bootstrap puts it into the cache folder. */
export const temporalVersion = '1.5.1';

export async function allMembers(settings: Settings, env: NodeJS.ProcessEnv): Promise<Member[]> {
  const others = withoutAppSecrets(env);
  const role = (name: string, file: string, environment: NodeJS.ProcessEnv): Member => ({ name, env: environment, command: [process.execPath, ...process.execArgv, new URL(file, import.meta.url).pathname] });
  const members = [role('app', '../main.ts', env), role('builder', '../../activities/builder/main.ts', others)];
  // An address that the operator set is the operator's server.
  if (env.TEMPORAL_ADDRESS !== undefined && env.ROUNDHOUSE_EMBEDDED_TEMPORAL === undefined) return members;
  return [{ name: 'temporal', env: others, command: await embeddedTemporal(settings) }, ...members];
}

/** By default the development server looks for tasks 20 times a second: every hop of a build would wait for 50 ms. */
const hurry = {
  'history.transferProcessorMaxPollRPS': 1000,
  'history.timerProcessorMaxPollRPS': 1000,
  'system.enableActivityEagerExecution': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

export async function embeddedTemporal({ temporalAddress, data, cache }: Pick<Settings, 'temporalAddress' | 'data' | 'cache'>, database = join(data, 'temporal.db')): Promise<string[]> {
  const [, host = '127.0.0.1', port = '7233'] = /^\[?([^\]]+)\]?:(\d+)$/.exec(temporalAddress) ?? [];
  await mkdir(data, { recursive: true, mode: 0o700 });
  const stored = database === '' ? [] : ['--db-filename', database];
  const hurried = Object.entries(hurry).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]);
  return [await findTemporal(cache), 'server', 'start-dev', '--headless', '--ip', host, '--port', port, '--log-level', 'error', ...hurried, ...stored];
}

export async function findTemporal(cache: string): Promise<string> {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'temporal'));
  for (const candidate of [process.env.TEMPORAL_BIN ?? '', join(cache, 'temporal', temporalVersion, 'temporal'), ...onPath]) {
    if (candidate !== '' && (await access(candidate, constants.X_OK).then(() => true, () => false))) return candidate;
  }
  throw new Error('the Temporal server is not on this machine. Run scripts/bootstrap, or set TEMPORAL_BIN to the program, or TEMPORAL_ADDRESS to a server.');
}

/** Runs the command and waits for its end; for things that come before. */
export async function runToEnd(command: string, args: readonly string[]): Promise<void> {
  const [code] = (await once(spawn(command, args, { stdio: ['ignore', 2, 2] }), 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${code}`);
}
