// How does this installation get its GitHub App? A page on this machine sends the manifest, GitHub sends a code back.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Octokit } from '@octokit/core';
import { z } from 'zod';
import { manifestOf } from './manifest.ts';
import { storeCredentials, storedAppId } from './store.ts';
import { Visit } from './visit.ts';

export type SetupOptions = {
  settings: {
    /** The data folder. */
    data: string;
    publicUrl: string;
    /** Of a GitHub Enterprise Server (GHE_HOST, GHE_PROTOCOL); null: github.com. */
    gheHost: string | null;
    gheProtocol: 'https' | 'http';
  };
  /** The text of app.yml. */
  appYml: string;
  webhookPath: string;
  /** Whose App it becomes; null: the person's own. */
  organization: string | null;
  /** The App's name, unique on that GitHub. */
  name: string;
  /** Make a new App although there is one. */
  replace?: boolean;
  /** 0: any free port. A chosen one helps those who forward it over ssh. */
  port?: number;
  /** Shows the address in a browser; may fail where there is none. */
  open: (url: string) => unknown;
  stdout: { write(text: string): unknown };
  signal?: AbortSignal;
};

export type Registered = { appId: number; name: string; url: string; installUrl: string };

/** Resolves when the App exists and its credentials are stored. Nothing is stored otherwise. */
export async function runSetup(options: SetupOptions): Promise<Registered> {
  const { settings, stdout } = options;
  const there = await storedAppId(settings.data);
  if (there !== null && !options.replace) throw new Error(`GitHub App ${there} is set up already in ${settings.data}. To make another one in its place, run the setup with --replace.`);

  const server = createServer();
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const whose = options.organization === null ? '' : `/organizations/${encodeURIComponent(options.organization)}`;
  const visit = new Visit<Registered>({
    origin: `http://127.0.0.1:${port}`,
    formUrl: `${gitHubUrl(settings)}${whose}/settings/apps/new`,
    manifest: (redirectUrl) => manifestOf(options.appYml, { publicUrl: settings.publicUrl, webhookPath: options.webhookPath, name: options.name, redirectUrl }),
    exchange: (code) => register(options, code),
  });
  server.on('request', (req, res) => void visit.answer(req, res));
  const stop = (): void => visit.failed(new Error('the setup was stopped before GitHub answered; nothing was stored'));
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    if (options.signal?.aborted) stop();
    else invite(options, visit.startUrl, port);
    const registered = await visit.done;
    stdout.write(`GitHub App ${registered.name} (${registered.appId}) is set up; its key lies in ${settings.data}.\nInstall it on repositories: ${registered.installUrl}\n`);
    return registered;
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await new Promise((resolve) => {
      server.close(resolve);
      // The last answer is on its way; kept-alive connections would hold us for five seconds.
      server.closeIdleConnections();
    });
  }
}

function invite({ stdout, open }: SetupOptions, url: string, port: number): void {
  stdout.write(`Open this page, once, in a browser on this machine:\n  ${url}\nIs the browser elsewhere? Then first, there: ssh -L ${port}:127.0.0.1:${port} THIS-MACHINE\n`);
  void (async () => open(url))().catch(() => stdout.write('(No browser could be opened from here.)\n'));
}

async function register({ settings, signal }: SetupOptions, code: string): Promise<Registered> {
  const octokit = new Octokit({
    baseUrl: settings.gheHost === null ? 'https://api.github.com' : `${gitHubUrl(settings)}/api/v3`,
    userAgent: 'roundhouse',
    request: { signal: AbortSignal.any([AbortSignal.timeout(30_000), ...(signal ? [signal] : [])]) },
  });
  const { data } = await octokit.request('POST /app-manifests/{code}/conversions', { code }).catch((cause: unknown) => {
    throw new Error(`GitHub did not exchange the code for the App's credentials: ${(cause as Error).message}. Run the setup again; the App of this attempt can be deleted on GitHub.`, { cause });
  });
  const app = converted.parse(data);
  await storeCredentials(
    settings.data,
    { appId: app.id, privateKey: app.pem, webhookSecret: app.webhook_secret, clientId: app.client_id, clientSecret: app.client_secret },
    settings.gheHost === null ? null : { gheHost: settings.gheHost, gheProtocol: settings.gheProtocol },
  ).catch((cause: unknown) => {
    throw new Error(`GitHub has made the App ${app.name}, but its credentials could not be stored in ${settings.data}: ${(cause as Error).message}. Delete it at ${app.html_url} and run the setup again.`, { cause });
  });
  return { appId: app.id, name: app.name, url: app.html_url, installUrl: `${app.html_url}/installations/new` };
}

const converted = z.object({
  id: z.coerce.number().int().positive(),
  name: z.string(),
  html_url: z.url(),
  client_id: z.string(),
  client_secret: z.string(),
  webhook_secret: z.string('GitHub made no webhook secret').min(1),
  pem: z.string().includes('PRIVATE KEY'),
});

const gitHubUrl = ({ gheHost, gheProtocol }: SetupOptions['settings']): string => (gheHost === null ? 'https://github.com' : `${gheProtocol}://${gheHost}`);

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
