// Which GitHub App does this installation have, by its settings?

import { readFile } from 'node:fs/promises';
import { BadSettings } from './read-settings.ts';
import { storedAppId, storedClient } from './setup/store.ts';

/** The part of the settings that is about GitHub. */
export type GitHubAppSettings = {
  appId: string | null;
  privateKey: string | null;
  privateKeyPath: string | null;
  webhookSecret: string | null;
  gheHost: string | null;
  gheProtocol: 'https' | 'http';
};

export type GitHubApp = {
  appId: number;
  /** PEM. */
  privateKey: string;
  webhookSecret: string;
  /** Of a GitHub Enterprise Server; null: github.com. */
  host: string | null;
  protocol: 'https' | 'http';
};

/** Null when none is set up. Half of one is an error with a sentence for the operator. */
export async function readGitHubApp(settings: GitHubAppSettings): Promise<GitHubApp | null> {
  const { appId, privateKeyPath, webhookSecret, gheHost, gheProtocol } = settings;
  const given = { APP_ID: appId, 'PRIVATE_KEY or PRIVATE_KEY_PATH': settings.privateKey ?? privateKeyPath, WEBHOOK_SECRET: webhookSecret };
  const missing = Object.entries(given).flatMap(([name, value]) => (value === null ? [name] : []));
  if (missing.length === Object.keys(given).length) return null;
  if (appId === null || webhookSecret === null || missing.length > 0) throw new BadSettings([`The GitHub App is not fully set: ${missing.join(' and ')} is missing. Set it, or run \`roundhouse setup\`.`]);
  if (!/^[1-9]\d*$/.test(appId)) throw new BadSettings([`APP_ID must be the number of the GitHub App, is ${JSON.stringify(appId)}. It stands on the App's page under "App ID".`]);
  return { appId: Number(appId), privateKey: await readKey(settings.privateKey, privateKeyPath), webhookSecret, host: gheHost, protocol: gheProtocol };
}

/** The App's client, by which people sign in to the page. */
export type GitHubAppClient = { clientId: string; clientSecret: string };

/** Of the settings, else what `setup` stored with this App. Null when there is none. Half of one is an error with a sentence for the operator. */
export async function readGitHubClient({ githubClientId: id, githubClientSecret: secret, appId, data }: { githubClientId: string | null; githubClientSecret: string | null; appId: string | null; data: string }): Promise<GitHubAppClient | null> {
  if (id !== null && secret !== null) return { clientId: id, clientSecret: secret };
  if (id !== null || secret !== null) throw new BadSettings([`People cannot sign in by the GitHub App: ${id === null ? 'GITHUB_CLIENT_ID' : 'GITHUB_CLIENT_SECRET'} is missing. Set both, or neither for what \`roundhouse setup\` stored.`]);
  // What was stored with one App does not fit another one, which the environment may name.
  const stored = await storedAppId(data);
  return stored === null || stored === appId ? storedClient(data) : null;
}

async function readKey(key: string | null, path: string | null): Promise<string> {
  const [text, where] =
    key !== null
      ? [key, 'PRIVATE_KEY']
      : [
          await readFile(path!, 'utf8').catch((cause: unknown) => {
            throw new BadSettings([`The GitHub App's private key cannot be read from ${path}: ${(cause as Error).message}`]);
          }),
          path,
        ];
  // In an environment variable lines are often joined by a written "\n", or the whole is base64, as Probot takes it.
  const lines = text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8');
  const pem = lines.replaceAll('\\n', '\n').trim();
  if (!/^-----BEGIN (?:RSA )?PRIVATE KEY-----\n[^]+\n-----END (?:RSA )?PRIVATE KEY-----$/.test(pem.replaceAll('\r', ''))) throw new BadSettings([`${where} does not hold a private key as PEM. Take the file that GitHub made for the App.`]);
  return `${pem}\n`;
}
