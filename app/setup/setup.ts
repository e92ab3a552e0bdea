// How does this installation get its GitHub App? A page on this machine sends the manifest, GitHub sends a code back.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manifestOf } from './manifest.ts';
import { manifestFormUrl, register, type Place, type Registered } from './register.ts';
import { storedAppId } from './store.ts';
import { Visit } from './visit.ts';

export type SetupOptions = {
  settings: Place & { publicUrl: string };
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

/** Resolves when the App exists and its credentials are stored. Nothing is stored otherwise. */
export async function runSetup(options: SetupOptions): Promise<Registered> {
  const { settings, stdout } = options;
  const there = await storedAppId(settings.data);
  if (there !== null && !options.replace) throw new Error(`GitHub App ${there} is set up already in ${settings.data}. To make another one in its place, run the setup with --replace.`);

  const server = createServer();
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const visit = new Visit<Registered>({
    origin: `http://127.0.0.1:${port}`,
    formUrl: manifestFormUrl(settings, options.organization),
    manifest: (redirectUrl) => manifestOf(options.appYml, { publicUrl: settings.publicUrl, webhookPath: options.webhookPath, name: options.name, redirectUrl }),
    exchange: (code) => register(settings, code, options.signal),
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
  stdout.write(`(A running Roundhouse has all of this, and the steps after it, in its own page: roundhouse page prints an address for it.)\nOpen this page, once, in a browser on this machine:\n  ${url}\nIs the browser elsewhere? Then first, there: ssh -L ${port}:127.0.0.1:${port} THIS-MACHINE\n`);
  void (async () => open(url))().catch(() => stdout.write('(No browser could be opened from here.)\n'));
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
