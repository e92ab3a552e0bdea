// How do we speak to GitHub as the App's installation, within its limits?

import { setTimeout as sleep } from 'node:timers/promises';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { ForgeUnavailable } from '../control/forge.ts';
import { forgeError } from './github-errors.ts';
import { createLimiter, type Cost, type Limiter } from './github-limiter.ts';

export type GitHubSettings = {
  appId: number;
  /** PEM. */
  privateKey: string;
  /** Of a GitHub Enterprise Server, as Probot's GHE_HOST and GHE_PROTOCOL; null: github.com. */
  host: string | null;
  protocol: 'https' | 'http';
};

/** Octokit without the plugins for throttling and retrying: the limiter here keeps the limits, and Temporal tries again. */
export type GitHubClient = {
  appId: number;
  /** `https://github.com`: pages and git. */
  html: string;
  /** Does `work` with an installation's token. `what` it does ends the sentence "GitHub could not …". */
  as<T>(installationId: number, what: string, cost: Cost, work: (octokit: Octokit) => Promise<T>): Promise<T>;
  /** Does `work` as the App itself. */
  asApp<T>(what: string, cost: Cost, work: (octokit: Octokit) => Promise<T>): Promise<T>;
  /** A token for reading the code of one repository, valid for a while yet. */
  contentsToken(installationId: number, repositoryId: number): Promise<string>;
  /** What GraphQL calls repositories, by their numeric ids, as far as some answer has told it. */
  nodeIds: Map<number, string>;
};

/** What goes on between us and GitHub, for those who count. */
export type GitHubWatch = {
  /** `status` is null when there was no answer. `installation` is null for the App as itself, and for tokens. */
  answered(answer: { installation: number | null; method: string; status: number | null; ms: number; header: (name: string) => string | null }): void;
  /** A request waited for so long to keep the limits; or, with `putOff`, was sent back to be tried later. */
  waited(ms: number, putOff: boolean): void;
};

/** A request waits here for so long to keep the limits; longer waits are Temporal's. */
const patienceMs = 5_000;
const requestTimeoutMs = 30_000;

export function githubClient(settings: GitHubSettings, now: () => number = Date.now, watch?: GitHubWatch): GitHubClient {
  const html = `${settings.protocol}://${settings.host ?? 'github.com'}`;
  const options = (installation: number | null) => ({
    baseUrl: settings.host === null ? 'https://api.github.com' : `${html}/api/v3`,
    userAgent: 'roundhouse',
    request: { fetch: (url: string, init: RequestInit) => watched(installation, init.method ?? 'GET', fetch(url, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) }), watch) },
  });
  const anonymous = new Octokit(options(null));
  const auth = createAppAuth({ appId: settings.appId, privateKey: settings.privateKey, request: anonymous.request });
  const ofApp = createLimiter(undefined, now);
  const limiters = new Map<number, Limiter>();
  const limiterOf = (installationId: number): Limiter => {
    let limiter = limiters.get(installationId);
    if (!limiter) limiters.set(installationId, (limiter = createLimiter(undefined, now)));
    return limiter;
  };

  /** auth-app keeps tokens for 59 minutes, whatever they say of themselves. */
  async function token(installationId: number, leftMs: number, narrowed: object = {}, refresh = false): Promise<string> {
    const ask = (again: boolean) => auth({ type: 'installation', installationId, ...narrowed, refresh: again });
    try {
      const first = await ask(refresh);
      return Date.parse(first.expiresAt) - now() >= leftMs || refresh ? first.token : (await ask(true)).token;
    } catch (error) {
      throw forgeError(error, 'give a token for the installation', now());
    }
  }

  async function within<T>(limiter: Limiter, what: string, cost: Cost, work: () => Promise<T>): Promise<T> {
    try {
      const waitMs = limiter.book(cost, patienceMs);
      watch?.waited(waitMs, waitMs > patienceMs);
      if (waitMs > patienceMs) throw new ForgeUnavailable(`Waiting to ${what}: GitHub's rate limits leave no room now`, Math.ceil(waitMs / 1000));
      if (waitMs > 0) await sleep(waitMs);
      return await work();
    } catch (error) {
      const thrown = forgeError(error, what, now());
      if (thrown !== error && thrown instanceof ForgeUnavailable && thrown.retryAfterSeconds !== null) limiter.pause(thrown.retryAfterSeconds);
      throw thrown;
    }
  }

  async function as<T>(installationId: number, what: string, cost: Cost, work: (octokit: Octokit) => Promise<T>): Promise<T> {
    const attempt = (refresh: boolean): Promise<T> =>
      within(limiterOf(installationId), what, cost, async () => work(new Octokit({ ...options(installationId), auth: await token(installationId, 60_000, {}, refresh) })));
    return attempt(false).catch((error: unknown) => {
      // The token was revoked, or its permissions changed: a new one may do.
      if ((error as { status?: number }).status === 401) return attempt(true);
      throw error;
    });
  }

  return {
    appId: settings.appId,
    html,
    as,
    asApp: (what, cost, work) => within(ofApp, what, cost, async () => work(new Octokit({ ...options(null), auth: (await auth({ type: 'app' })).token }))),
    contentsToken: (installationId, repositoryId) =>
      // A long fetch asks with it more than once.
      token(installationId, 30 * 60_000, { repositoryIds: [repositoryId], permissions: { contents: 'read' } }),
    nodeIds: new Map(),
  };
}

async function watched(installation: number | null, method: string, asked: Promise<Response>, watch: GitHubWatch | undefined): Promise<Response> {
  const began = performance.now();
  const tell = (status: number | null, header: (name: string) => string | null): void => watch?.answered({ installation, method, status, ms: performance.now() - began, header });
  try {
    const answer = await asked;
    tell(answer.status, (name) => answer.headers.get(name));
    return answer;
  } catch (error) {
    tell(null, () => null);
    throw error;
  }
}
