// How do GitHub's webhooks and people's browsers come in? One HTTP server: Probot's, with our pages added to it.

import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { Probot, ProbotOctokit, Server } from 'probot';
import { webhookApp, type WebhookPorts } from './webhooks/probot.ts';

export type ServerSettings = {
  host: string;
  /** 0: any free one. */
  port: number;
  /** null until `roundhouse setup` has been run: pages work, webhooks are turned away. */
  github: { appId: number; privateKey: string; webhookSecret: string } | null;
};

/** Answers true when it has taken the request, or will; false leaves it to the next one. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>;

export type RunningServer = {
  /** Where this machine reaches it; what others use is the public URL of the settings. */
  url: string;
  /** For WebSocket upgrades. */
  httpServer: HttpServer;
  /** Lets open requests finish for a moment, then ends every connection. */
  close(): Promise<void>;
};

export const webhookPath = '/api/github/webhooks';

export async function startServer(options: { settings: ServerSettings; log: Logger; handlers: readonly Handler[] } & Omit<WebhookPorts, 'appId'>): Promise<RunningServer> {
  const { settings, log, handlers } = options;
  const { github } = settings;
  const server = new Server({
    Probot: github ? probotFor(github) : ProbotWithoutGitHub,
    log,
    host: settings.host,
    // Probot takes the number 0 for "not given" and listens on 3000; the text it hands on.
    port: (settings.port === 0 ? '0' : settings.port) as number,
    webhookPath,
    enableStaticFiles: false,
  });
  if (github) await server.load(webhookApp({ ...options, appId: github.appId }));
  else log.warn('no GitHub App is configured, so no webhook can be accepted: run `roundhouse setup`');
  for (const handler of handlers) server.addHandler(guarded(handler, log));

  const httpServer = await server.start();
  const sockets = new Set<Socket>();
  httpServer.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return {
    url: `http://${reachable(server.host)}:${server.port}`,
    httpServer,
    async close() {
      const stopped = server.stop();
      const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs);
      await stopped.finally(() => clearTimeout(timer));
    },
  };
}

type ProbotOptions = ConstructorParameters<typeof Probot>[0] & object;
type NodeMiddleware = Awaited<ReturnType<Probot['getNodeMiddleware']>>;

const graceMs = 2_000;
/** "If an event generates a payload of more than 25 MB, GitHub will not deliver it." */
const largestWebhookBytes = 25 * 1024 * 1024;

function probotFor({ appId, privateKey, webhookSecret }: NonNullable<ServerSettings['github']>): typeof Probot {
  // Without a secret Probot would accept what anybody signs with the word "development".
  if (webhookSecret === '') throw new Error('WEBHOOK_SECRET is empty: set the secret of the GitHub App, or run `roundhouse setup`');
  // Probot makes an Octokit for each event. Ours of activities/adapters does the asking; this one shall cost nothing and hold back nobody.
  const Octokit = ProbotOctokit.defaults((options: object) => ({ ...options, throttle: { enabled: false }, retry: { enabled: false } }));
  return class extends Probot {
    constructor(options: ProbotOptions = {}) {
      super({ ...options, appId, privateKey, secret: webhookSecret, Octokit: Octokit as typeof ProbotOctokit });
    }
    override async getNodeMiddleware(options?: Parameters<Probot['getNodeMiddleware']>[0]): Promise<NodeMiddleware> {
      const middleware = await super.getNodeMiddleware(options);
      return async (req, res) => (isWebhook(req) && tooLarge(req, res)) || middleware(req, res);
    }
  };
}

/** Probot reads the whole body into memory before it looks at the signature. */
function tooLarge(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method !== 'POST') return false;
  const length = Number(req.headers['content-length'] ?? NaN);
  if (length <= largestWebhookBytes) return false;
  answer(res, Number.isNaN(length) ? 411 : 413, 'A webhook says its length, and has at most 25 MB.', { connection: 'close' });
  return true;
}

/** Probot cannot be made without credentials; this one never uses those that it gets. */
class ProbotWithoutGitHub extends Probot {
  constructor(options: ProbotOptions = {}) {
    super({ ...options, githubToken: 'none' });
  }
  override async getNodeMiddleware(): Promise<NodeMiddleware> {
    return async (req, res) => {
      if (!isWebhook(req)) return false;
      answer(res, 503, 'No GitHub App is configured here yet.');
      return true;
    };
  }
}

/** A page that throws must not take the process with it: Probot's own 500 throws again when the answer has begun. */
const guarded =
  (handler: Handler, log: Logger): Handler =>
  async (req, res) => {
    try {
      return await handler(req, res);
    } catch (error) {
      log.error({ err: error, method: req.method, path: pathOf(req) }, 'a request failed');
      if (res.headersSent) res.destroy();
      else answer(res, 500, 'Roundhouse failed to answer this; its log has the reason.');
      return true;
    }
  };

const pathOf = (req: IncomingMessage): string => (req.url ?? '/').split('?', 1)[0]!;
/** As Probot compares it: with any number of slashes at the end. */
const isWebhook = (req: IncomingMessage): boolean => pathOf(req).replace(/\/+$/, '') === webhookPath;

function answer(res: ServerResponse, status: number, sentence: string, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${sentence}\n`);
}

const reachable = (host: string): string => (['0.0.0.0', '[::]', '::'].includes(host) ? 'localhost' : host);
