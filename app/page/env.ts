// What does every route of the page know, and how does it answer?

import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { Asker } from '../control/operation.ts';
import { atLeast, type KnownRepository, type Permission, type Viewer } from './access/access.ts';
import { layout } from './layout.ts';
import type { Shown } from './layout.ts';

export type PageEnv = {
  Bindings: HttpBindings;
  Variables: {
    viewer: Viewer;
    /** Of paths that begin with /OWNER/NAME: set once the viewer may read it. */
    repository: KnownRepository;
    permission: Permission;
    /** The fields of a change's form, once it has proved that it comes from our own page. */
    form: URLSearchParams;
  };
};

export type PageApp = Hono<PageEnv>;
export type PageContext = Context<PageEnv>;

type ShownStatus = 200 | 400 | 403 | 404 | 409 | 422 | 500 | 503;

export const show = async (c: PageContext, shown: Shown, status: ShownStatus = 200): Promise<Response> => c.html(await layout(shown, c.get('viewer') ?? null, c.req.path), status);

export const sentence = (c: PageContext, title: string, text: string, status: ShownStatus): Promise<Response> => show(c, { title, trail: [], open: false, body: text, heading: title }, status);

export const nothing = (c: PageContext, what: string): Promise<Response> => sentence(c, 'Not found', `There is no such ${what} that you may see. It may have been removed when its time was over, or somebody must give you access on GitHub.`, 404);

/** Answers null when the viewer may; else what to return. */
export const unlessAllowed = (c: PageContext, needed: Permission): Promise<Response> | null =>
  atLeast(c.get('permission'), needed) ? null : sentence(c, 'Not allowed', needed === 'admin' ? 'Only an administrator of the repository on GitHub may do this.' : 'Only somebody with write access to the repository on GitHub may do this.', 403);

export const unlessOperator = (c: PageContext): Promise<Response> | null =>
  c.get('viewer').operator ? null : sentence(c, 'Not allowed', 'Only an operator of this installation may see this. Operators are the owners of the account that the GitHub App belongs to, and those that the setting `operators` names.', 403);

/** Behind a proxy it is the proxy's, and what the proxy says: anybody may say that, so both are told. */
export function addressOf(c: PageContext): string {
  const address = c.env.incoming.socket.remoteAddress ?? 'an unknown address';
  const told = c.req.header('x-forwarded-for')?.replace(/[^0-9A-Za-z.:, ]/g, '').slice(0, 60);
  return told ? `${address} for ${told}` : address;
}

export const askerOf = (c: PageContext): Asker => ({ who: c.get('viewer').who, from: `page at ${addressOf(c)}` });
