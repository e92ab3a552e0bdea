// How did a branch end last, as a picture for a README?

import { createHash } from 'node:crypto';
import type { Verdict, VerdictOf } from '../../verdict.ts';
import { GitHubIsAway, type KnownRepository } from '../access/access.ts';
import { readableAmong } from '../access/readable.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { badgeSvg, type BadgeStyle, type BadgeWord } from './badge-svg.ts';

export type BadgePorts = {
  /** GitHub’s word, of a few minutes ago at most. */
  isPublic(repository: KnownRepository): Promise<boolean>;
  /** Whether the token shows badges of this repository. */
  badgeToken(token: string, repository: KnownRepository): Promise<boolean>;
  verdict(repositoryId: number, of: VerdictOf): Promise<Verdict | null>;
};

const longestName = 250;
const longestToken = 200;
// It is shown by others: GitHub fetches pictures of READMEs through a proxy of its own.
const headers = { 'content-type': 'image/svg+xml; charset=utf-8', 'cache-control': 'max-age=60', 'cross-origin-resource-policy': 'cross-origin', 'content-security-policy': "default-src 'none'; style-src-attr 'unsafe-inline'; sandbox" };

export function badgeRoutes(app: PageApp, ports: CommonPorts & BadgePorts): void {
  app.get('/:owner/:name/badge.svg', async (c) => {
    const { label, word } = await shownOn(c, ports);
    const style: BadgeStyle = c.req.query('style') === 'flat' ? 'flat' : 'round';
    const svg = badgeSvg(label, word, style);
    const etag = `"${createHash('sha256').update(svg).digest('base64url').slice(0, 16)}"`;
    const isKnown = c.req.header('if-none-match')?.replace(/^W\//, '') === etag;
    return isKnown ? c.body(null, 304, { ...headers, etag }) : c.body(svg, 200, { ...headers, etag });
  });
}

/** What one may not see looks like what is not there, to the byte. */
const unknown = { label: 'build', word: 'unknown' } as const;

async function shownOn(c: PageContext, ports: CommonPorts & BadgePorts): Promise<{ label: string; word: BadgeWord }> {
  const [branch, workflow] = [nameOf(c.req.query('branch')), nameOf(c.req.query('workflow'))];
  if (branch === undefined || workflow === undefined) return unknown;
  const repository = await ports.repository(c.req.param('owner')!, c.req.param('name')!);
  if (!repository || !(await isShown(c, ports, repository))) return unknown;
  const verdict = await ports.verdict(repository.id, { branch, workflow });
  return { label: workflow ?? 'build', word: wordOf(verdict) };
}

/** null: none is named; undefined: what no branch or workflow is called. */
const nameOf = (text: string | undefined): string | null | undefined => (text === undefined || text === '' ? null : text.length <= longestName ? text : undefined);

async function isShown(c: PageContext, { access, isPublic, badgeToken }: CommonPorts & BadgePorts, repository: KnownRepository): Promise<boolean> {
  const token = c.req.query('token');
  const ways = [
    () => (token !== undefined && token.length <= longestToken ? badgeToken(token, repository) : Promise.resolve(false)),
    async () => (await readableAmong(access, c.get('viewer'), [repository])).length > 0,
    () => isPublic(repository),
  ];
  for (const way of ways) if (await way().catch((error: unknown) => (isAway(error) ? false : Promise.reject(error)))) return true;
  return false;
}

const isAway = (error: unknown): boolean => error instanceof GitHubIsAway || (error instanceof Error && error.name === 'ForgeUnavailable');

function wordOf(verdict: Verdict | null): BadgeWord {
  if (verdict === null) return 'no builds';
  switch (verdict.outcome) {
    case null:
      return 'running';
    case 'passed':
      return 'passed';
    case 'canceled':
      return 'canceled';
    case 'failed':
    case 'timed-out':
    case 'broken':
    case 'unauthorized':
      return 'failed';
    case 'skipped':
    case 'not-run':
    case 'unsupported':
      return 'no builds';
  }
}
