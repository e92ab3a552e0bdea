// How does the local GitHub run as a process of its own?
//
//     node test/github/main.ts [--port N] [--ssh-port N] [--host H] [--folder DIR] [--app-id N] [--app-name NAME] [--app-key FILE]
//                              [--webhook-url URL] [--webhook-secret TEXT]
//
// Each option may come from the environment instead: GITHUB_PORT, GITHUB_SSH_PORT, … An app key that does not exist yet is made and
// written to the file. When ready it prints one line of JSON with its addresses. From then on each line of JSON on its input,
// `{"id": 1, "call": "createUser", "arguments": ["alice"]}`, is a call of one of index.ts's functions, answered by a line
// `{"id": 1, "result": …}` or `{"id": 1, "error": "…"}`. It ends on SIGTERM, on SIGINT, and when its input, once used, is closed.

import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { makeAppKeys } from './apps.ts';
import { type AppOptions, type GitHub, startGitHub } from './index.ts';

const names = ['port', 'ssh-port', 'host', 'folder', 'app-id', 'app-name', 'app-slug', 'app-key', 'client-id', 'client-secret', 'webhook-url', 'webhook-secret'] as const;
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])) });
const given = (name: (typeof names)[number]): string | undefined => (values[name] as string | undefined) ?? process.env[`GITHUB_${name.toUpperCase().replaceAll('-', '_')}`];
const number = (name: (typeof names)[number]): number => {
  const text = given(name) ?? '0';
  if (!/^\d+$/.test(text)) throw new Error(`--${name}: must be a number, is '${text}'.`);
  return Number(text);
};
/** Only what was given: an absent option must not stand in the way of a default. */
const present = <T extends object>(wanted: { [K in keyof T]: T[K] | undefined }): T => Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as T;

const keyFile = given('app-key');
const key = keyFile === undefined ? undefined : await readFile(keyFile, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOENT') throw error;
  const { privateKey } = await makeAppKeys();
  await writeFile(keyFile, privateKey, { mode: 0o600 });
  return privateKey;
});

const app = present<AppOptions>({
  id: given('app-id') === undefined ? undefined : number('app-id'),
  name: given('app-name'),
  slug: given('app-slug'),
  key,
  clientId: given('client-id'),
  clientSecret: given('client-secret'),
  webhookUrl: given('webhook-url'),
  webhookSecret: given('webhook-secret'),
});
const github = await startGitHub({ ...present<{ host: string; folder: string }>({ host: given('host'), folder: given('folder') }), port: number('port'), sshPort: number('ssh-port'), app });

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const { url, host, apiUrl, graphqlUrl, sshUrl, knownHosts, folder } = github;
say({ url, host, apiUrl, graphqlUrl, sshUrl, knownHosts, folder, app: github.app });

let stopping: Promise<void> | null = null;
const stop = (): Promise<void> => (stopping ??= github.stop().then(() => process.exit(0)));
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());

const lines = createInterface({ input: process.stdin });
let used = false;
lines.on('line', (line) => {
  used = true;
  void call(line).then(say);
});
// A process that was started without an input has it closed at once, and shall stay; one that was driven goes with its driver.
lines.on('close', () => (used ? void stop() : undefined));

async function call(line: string): Promise<object> {
  let id: unknown = null;
  try {
    const asked = JSON.parse(line) as { id?: unknown; call: string; arguments?: unknown[] };
    id = asked.id ?? null;
    const method = Object.hasOwn(github, asked.call) ? github[asked.call as keyof GitHub] : undefined;
    if (typeof method !== 'function') throw new Error(`there is no call ${asked.call}`);
    return { id, result: shown(await (method as (...args: unknown[]) => unknown)(...(asked.arguments ?? []))) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

/** State points at itself and holds maps: of a repository or an account within an answer, only its name is told. */
function shown(value: unknown, depth = 0): unknown {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => shown(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return undefined;
  const entries = Object.entries(value);
  if (depth > 0 && 'login' in value && 'keys' in value) return value.login;
  if (depth > 0 && 'owner' in value && 'name' in value) return value.name;
  return Object.fromEntries(entries.map(([name, item]) => [name, shown(item, depth + 1)]));
}
