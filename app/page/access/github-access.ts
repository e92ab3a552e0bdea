// Who is looking, where people sign in by GitHub, and what does GitHub let them see?

import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, nobody } from './access.ts';
import type { Access, Permission, Viewer } from './access.ts';
import { isEntrance, isTicketed } from './entrance.ts';
import { placeOf, readCookie, type Asked } from './host.ts';
import type { Operators } from './operators.ts';
import type { Permissions } from './permissions.ts';
import { csrfOf, type Sessions } from './sessions.ts';
import { tokenPrefix, type Tokens } from './tokens.ts';

export type SessionPorts = { sessions: Sessions; operators: Operators | null; publicUrl: string; log: { warn(fields: object, message: string): void } };
export type GitHubAccessPorts = SessionPorts & { operators: Operators; tokens: Tokens; permissions: Permissions; anonymousReads: boolean };

/** So long a page waits for GitHub to say that somebody who was an operator still is one. */
const patienceMs = 3_000;

/** The viewer whose session the browser's cookie names. */
export const sessionViewer =
  ({ sessions, operators, publicUrl, log }: SessionPorts) =>
  async (asked: Asked): Promise<Viewer | null> => {
    const secret = readCookie(asked, publicUrl, 'session');
    const session = secret === undefined ? null : await sessions.find(secret);
    if (!session) return null;
    await sessions.use(session).catch((error: unknown) => log.warn({ error }, 'the use of a session was not noted'));
    const { person } = session;
    const csrf = csrfOf(secret!);
    if (person === null) return { person, who: 'operator at this machine', operator: true, csrf, local: false };
    return { person, who: `github:${person.id} ${person.login}`, operator: await isOperator(), csrf, local: false };

    async function isOperator(): Promise<boolean> {
      const known = operators?.known(person!);
      if (known !== undefined || !session!.operator || !operators) return known ?? false;
      return Promise.race([operators.is(person!), sleep(patienceMs, false, { ref: false })]);
    }
  };

/** Whose program comes by this token. */
export const tokenViewer =
  ({ tokens, log }: Pick<GitHubAccessPorts, 'tokens' | 'log'>) =>
  async (secret: string): Promise<Viewer | { refused: string }> => {
    const token = await tokens.find(secret);
    if (!token) return { refused: 'This token is unknown here: it was revoked, or its time is over. Make another on the page, under your name.' };
    if (token.kind === 'badge') return { refused: 'This token is for badges only: it stands in their address, as ?token=TOKEN.' };
    if (token.kind === 'trigger') return { refused: 'This token only starts pipelines: POST to /hooks/OWNER/NAME?token=TOKEN.' };
    await tokens.use(token).catch((error: unknown) => log.warn({ error }, 'the use of a token was not noted'));
    const { person, repository, kind } = token;
    return { ...nobody, person, who: `github:${person.id} ${person.login}`, byToken: { onlyRepository: repository?.id ?? null, ...(kind === 'write' && { mayWrite: true }) } };
  };

export function githubAccess(ports: GitHubAccessPorts): Access {
  const { publicUrl, permissions, anonymousReads } = ports;
  const viewerOfSession = sessionViewer(ports);
  const viewerOfToken = tokenViewer(ports);

  return {
    async viewer(req: IncomingMessage) {
      const place = placeOf(req, publicUrl);
      const isReading = req.method === 'GET' || req.method === 'HEAD';
      const moved = { moved: `${publicUrl}${req.url?.startsWith('/') ? req.url : '/'}` };
      // Sent to the public name again and again, a browser would go in a circle.
      const isBlindProxy = place !== 'public' && placeOf({ headers: { host: req.headers['x-forwarded-host']?.toString() } }, publicUrl) === 'public';
      if (isBlindProxy) return { refused: `The proxy before Roundhouse must pass on the header Host as it came: it says ${req.headers.host}, and the page is at ${publicUrl}.` };
      const misplaced = isReading ? moved : { refused: `Roundhouse is at ${publicUrl}; nothing is done under another name.` };
      if (place === 'elsewhere') return misplaced;
      const bearer = /^bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
      if (bearer?.startsWith(tokenPrefix)) return viewerOfToken(bearer);
      const viewer = await viewerOfSession(req);
      if (viewer) return viewer;
      // GitHub sends people back to our public name, whose cookies the browser does not send here.
      return place === 'public' || isEntrance(req.url) || isTicketed(req.url) ? nobody : misplaced;
    },

    async permission({ person, operator, byToken }, repository): Promise<Permission> {
      if (operator) return 'admin';
      if (person === null) return anonymousReads && (await permissions.isPublic(repository)) ? 'read' : 'none';
      if (!byToken) return permissions.of(person, repository);
      if (byToken.onlyRepository !== null && byToken.onlyRepository !== repository.id) return 'none';
      const permission = await permissions.of(person, repository);
      // A token does no more than it is for, whatever its person may do.
      const most = byToken.mayWrite ? 'write' : 'read';
      return atLeast(permission, most) ? most : permission;
    },

    async mayRead(viewer, repository) {
      const { operator, person, byToken } = viewer;
      // Of what is public GitHub need not be asked for each person.
      if (!operator && person !== null && !byToken && (await permissions.isPublic(repository))) return true;
      return (await this.permission(viewer, repository)) !== 'none';
    },

    signInPath: (path) => `/-/sign-in?to=${encodeURIComponent(path)}`,
  };
}
