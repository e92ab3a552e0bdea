// Who is calling, and how do an app and a user get their tokens?

import { randomBytes } from 'node:crypto';
import { decodeJwt, importSPKI, jwtVerify } from 'jose';
import type { World } from './world.ts';
import type { Account, App, Installation, Permissions, Repository, Token } from './state.ts';
import { covers, permissionOf } from './state.ts';
import { HttpError } from './http-error.ts';

export type Caller =
  | { kind: 'anonymous' }
  | { kind: 'app'; app: App }
  | { kind: 'installation'; token: Extract<Token, { kind: 'installation' }> }
  | { kind: 'user'; account: Account; app: App | null };

/** Of an Authorization header: `Bearer`, `token`, or `Basic` with the token as password. */
export async function identify(world: World, header: string | undefined): Promise<Caller> {
  if (header === undefined) return { kind: 'anonymous' };
  const [scheme = '', credential = ''] = header.split(/ +/, 2);
  const basic = scheme.toLowerCase() === 'basic' ? Buffer.from(credential, 'base64').toString('utf8') : null;
  const value = basic === null ? credential : basic.slice(basic.indexOf(':') + 1);
  const token = world.state.tokens.get(value);
  if (token !== undefined) {
    if (token.expiresAt !== null && token.expiresAt <= world.now()) throw new HttpError(401, 'Bad credentials');
    if (token.kind === 'user') return { kind: 'user', account: token.account, app: token.app };
    if (token.installation.suspendedAt !== null) throw new HttpError(403, 'This installation has been suspended');
    if (!world.state.installations.has(token.installation.id)) throw new HttpError(401, 'Bad credentials');
    return { kind: 'installation', token };
  }
  if (basic === null && value.startsWith('ey') && value.split('.').length === 3) return { kind: 'app', app: await verifyAppJwt(world, value) };
  throw new HttpError(401, 'Bad credentials');
}

/** GitHub's rules: RS256, issued by the app's id or client id, not in the future, valid for ten minutes at most; a minute of drift is forgiven at `iat` only. */
async function verifyAppJwt(world: World, jwt: string): Promise<App> {
  const undecodable = (cause?: unknown): HttpError => new HttpError(401, 'A JSON web token could not be decoded', {}, { cause });
  let claims;
  try {
    claims = decodeJwt(jwt);
  } catch (error) {
    throw undecodable(error);
  }
  const now = Math.floor(world.now().getTime() / 1000);
  if (typeof claims.exp !== 'number' || claims.exp <= now) throw new HttpError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires");
  if (claims.exp > now + 600) throw new HttpError(401, "'Expiration time' claim ('exp') is too far in the future");
  if (typeof claims.iat !== 'number' || claims.iat > now + 60) throw new HttpError(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  const issuer: unknown = claims.iss;
  const app = [...world.state.apps.values()].find((candidate) => String(candidate.id) === String(issuer) || candidate.clientId === issuer);
  if (app === undefined) throw new HttpError(404, 'Integration not found');
  for (const pem of app.publicKeys) {
    const key = await importSPKI(pem, 'RS256');
    const valid = await jwtVerify(jwt, key, { algorithms: ['RS256'], currentDate: world.now(), clockTolerance: 60 }).then(() => true, () => false);
    if (valid) return app;
  }
  throw undecodable();
}

export function issueInstallationToken(world: World, installation: Installation, permissions: Permissions, repositoryIds: Set<number> | null): Extract<Token, { kind: 'installation' }> {
  const value = world.tokenStyle === 'short' ? `ghs_${randomText(36)}` : `ghs_${installation.app.id}_${randomText(36)}.${randomText(320)}.${randomText(512 - 36 - 320 - String(installation.app.id).length)}`;
  const token = { kind: 'installation' as const, value, installation, permissions, repositoryIds, expiresAt: new Date(world.now().getTime() + world.tokenLifetimeSeconds * 1000) };
  world.state.tokens.set(value, token);
  return token;
}

export function issueUserToken(world: World, account: Account, app: App | null): string {
  const value = `${app === null ? 'ghp' : 'ghu'}_${randomText(36)}`;
  world.state.tokens.set(value, { kind: 'user', value, account, app, expiresAt: app === null ? null : new Date(world.now().getTime() + 8 * 3600 * 1000) });
  return value;
}

export function randomText(length: number): string {
  let text = '';
  while (text.length < length) text += randomBytes(length).toString('base64').replace(/[+/=]/g, '');
  return text.slice(0, length);
}

/** Whether a token reaches a repository at all. */
export function isInScope(token: Extract<Token, { kind: 'installation' }>, repository: Repository): boolean {
  return covers(token.installation, repository) && (token.repositoryIds === null || token.repositoryIds.has(repository.id));
}

export function maySee(caller: Caller, repository: Repository): boolean {
  if (!repository.private) return true;
  if (caller.kind === 'installation') return isInScope(caller.token, repository);
  return caller.kind === 'user' && permissionOf(repository, caller.account) !== null;
}

const rank = { read: 1, write: 2 };

/** What everybody may read of a public repository. */
const publicly = new Set(['metadata', 'contents', 'pull_requests', 'issues', 'checks', 'statuses']);

/** Whether an installation token carries a permission for this repository. What is public may be read with any. */
export function mayUse(token: Extract<Token, { kind: 'installation' }>, repository: Repository, permission: string, access: 'read' | 'write'): boolean {
  if (access === 'read' && !repository.private && publicly.has(permission)) return true;
  const given = token.permissions[permission];
  return isInScope(token, repository) && (permission === 'metadata' || (given !== undefined && rank[given] >= rank[access]));
}
