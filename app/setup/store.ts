// Where are the App's credentials kept? In the data folder, readable by the owner alone.

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isMap, parseDocument } from 'yaml';

export type AppCredentials = {
  appId: number;
  /** PEM. */
  privateKey: string;
  webhookSecret: string;
  clientId: string;
  clientSecret: string;
};

export const settingsFile = 'roundhouse.yml';
export const keyFile = 'github-app.pem';
/** The App's client, by which people sign in to the page. */
export const clientFile = 'github-app.json';

/**
 * Other settings in the file, and its comments, stay; so the words are those of roundhouse.yml.
 * The settings come last: they never name a key that is not there.
 */
export async function storeCredentials(dataFolder: string, credentials: AppCredentials, host: { gheHost: string; gheProtocol: string } | null = null): Promise<void> {
  const folder = resolve(dataFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const settings = await readSettings(folder);
  const entries = { appId: credentials.appId, privateKeyPath: join(folder, keyFile), webhookSecret: credentials.webhookSecret, ...host };
  for (const [name, value] of Object.entries(entries)) settings.set(name, value);
  await replaceFile(join(folder, keyFile), credentials.privateKey);
  await replaceFile(join(folder, clientFile), `${JSON.stringify({ clientId: credentials.clientId, clientSecret: credentials.clientSecret })}\n`);
  await replaceFile(join(folder, settingsFile), settings.toString());
}

/** Other settings in the file, and its comments, stay. Without a value a setting goes. */
export async function storeSettings(dataFolder: string, entries: Readonly<Record<string, string | null>>): Promise<void> {
  const folder = resolve(dataFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const settings = await readSettings(folder);
  for (const [name, value] of Object.entries(entries)) {
    if (value === null) settings.delete(name);
    else settings.set(name, value);
  }
  await replaceFile(join(folder, settingsFile), settings.toString());
}

/** The id of the App that is set up already; null when none is. */
export async function storedAppId(dataFolder: string): Promise<string | null> {
  const id: unknown = (await readSettings(dataFolder)).get('appId');
  return id === undefined || id === null ? null : String(id);
}

/** The client of that App; null when none was stored. */
export async function storedClient(dataFolder: string): Promise<Pick<AppCredentials, 'clientId' | 'clientSecret'> | null> {
  const path = join(dataFolder, clientFile);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const { clientId, clientSecret } = JSON.parse(text) as Partial<AppCredentials>;
  if (!clientId || !clientSecret) throw new Error(`${path} does not hold a clientId and a clientSecret. Run the setup again, or set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET.`);
  return { clientId, clientSecret };
}

async function readSettings(dataFolder: string) {
  const path = join(dataFolder, settingsFile);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const settings = parseDocument(text);
  const [error] = settings.errors;
  if (error) throw new Error(`${path} cannot be read: ${error.message}. Mend it, then run the setup again.`);
  // An empty file, one of comments alone, and what is left when the last setting went.
  if (settings.toJS() === null) settings.contents = settings.createNode({}) as typeof settings.contents;
  if (!isMap(settings.contents)) throw new Error(`${path} holds no settings: at its top there must be NAME: VALUE. Mend it, then run the setup again.`);
  // Not `{}`, which would grow into one long line.
  if (settings.contents.items.length === 0) settings.contents.flow = false;
  return settings;
}

/** The whole file or none of it, and never for a moment with a wider mode. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
