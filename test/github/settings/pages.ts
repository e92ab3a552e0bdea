// Which pages does a person meet on the way to an app, and what do their codes stand for?

import { randomBytes } from 'node:crypto';
import { html } from 'hono/html';
import type { World } from '../world.ts';
import type { Account, App } from '../state.ts';
import { findAccount } from '../state.ts';
import { page, type PageAnswer } from '../page.ts';
import { chooseAccount, installFromForm } from './install.ts';
import { confirmManifest, createFromManifest } from './manifest.ts';
import { authorize, exchange, type Bound } from './sign-in.ts';

type Grant = { kind: 'manifest'; app: App; privateKey: string } | { kind: 'sign-in'; app: App; account: Account; bound: Bound; until: number };

/** "The code expires after 10 minutes." */
const codeMs = 600_000;

export type AppSettings = {
  /** The pages below /settings/apps, /organizations/O/settings/apps, /apps and /login/oauth; null where the path is none of them. */
  answer(world: World, method: string, url: URL, form: URLSearchParams, headers: { accept?: string | undefined }): Promise<PageAnswer | null>;
  /** What a code of the manifest flow stands for; each code once. */
  convert(code: string): { app: App; privateKey: string } | null;
};

export function appSettings(): AppSettings {
  const grants = new Map<string, Grant>();
  const grant = (what: Grant): string => {
    const code = randomBytes(20).toString('hex');
    grants.set(code, what);
    return code;
  };
  const redeem = <K extends Grant['kind']>(kind: K, code: string): Extract<Grant, { kind: K }> | null => {
    const found = grants.get(code);
    if (found?.kind !== kind) return null;
    grants.delete(code);
    return found as Extract<Grant, { kind: K }>;
  };

  return {
    convert: (code) => redeem('manifest', code),
    async answer(world, method, url, form, headers) {
      const creating = /^(?:\/organizations\/([^/]+))?\/settings\/apps\/(new|create)$/.exec(url.pathname);
      if (creating !== null) {
        const owner = creating[1] === undefined ? null : (findAccount(world.state, creating[1]) ?? null);
        if (method === 'GET') return page(200, 'New GitHub App', html`<p>POST a <code>manifest</code> here, as GitHub's manifest flow describes.</p>`);
        return creating[2] === 'new' ? confirmManifest(world, url, form, owner) : createFromManifest(world, form, owner, (app, privateKey) => grant({ kind: 'manifest', app, privateKey }));
      }
      const installing = /^\/apps\/([^/]+)\/installations\/new$/.exec(url.pathname);
      const app = installing === null ? undefined : [...world.state.apps.values()].find((candidate) => candidate.slug === installing[1]);
      if (app !== undefined) return method === 'POST' ? installFromForm(world, app, form, url) : chooseAccount(world, app);
      if (url.pathname === '/login/oauth/authorize') return authorize(world, method, url, form, (app, account, bound) => grant({ kind: 'sign-in', app, account, bound, until: world.now().getTime() + codeMs }));
      if (url.pathname === '/login/oauth/access_token' && method === 'POST') {
        return exchange(world, url, form, headers.accept, (code) => {
          const granted = redeem('sign-in', code);
          return granted !== null && granted.until > world.now().getTime() ? granted : null;
        });
      }
      return null;
    },
  };
}
