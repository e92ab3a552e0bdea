import { test } from 'node:test';
import assert from 'node:assert/strict';
import { forgeError } from '../../../activities/adapters/github-errors.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const answered = (status: number, headers: Record<string, string> = {}, message = 'x') => Object.assign(new Error(message), { status, response: { headers } });
const graphql = (errors: { type?: string; message: string }[], headers: Record<string, string> = {}) => Object.assign(new Error('Request failed'), { errors, headers });

test('what waiting mends, and how long', async (t) => {
  const soon = String(now / 1000 + 90);
  const cases: [string, Error, number | null | 'as it came'][] = [
    ['a server error', answered(502), null],
    ['a server error that says how long', answered(503, { 'retry-after': '7' }), 7],
    ['no connection (Octokit says 500)', Object.assign(new Error('connect ECONNREFUSED'), { status: 500 }), null],
    ['a secondary limit', answered(403, { 'retry-after': '42' }, 'You have exceeded a secondary rate limit'), 42],
    ['a secondary limit without a time', answered(403, {}, 'You have exceeded a secondary rate limit. Please wait'), 60],
    ['a primary limit', answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon }, 'API rate limit exceeded'), 90],
    ['a primary limit by a clock that is 30 s ahead of ours', answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon, date: 'Thu, 01 Jan 2026 00:00:30 GMT' }), 60],
    ['a reset that is just over', answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1000 - 5) }), 1],
    ['too many requests', answered(429), 60],
    ['too many requests, with a time', answered(429, { 'retry-after': '0' }), 1],
    ['GraphQL: rate limited', graphql([{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }], { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon }), 90],
    ['GraphQL: a timeout of theirs', graphql([{ message: 'Something went wrong while executing your query. This may be the result of a timeout' }]), null],
    ['GraphQL: too much at once', graphql([{ type: 'UNPROCESSABLE', message: 'was submitted too quickly' }]), 60],
    ['forbidden', answered(403, { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': soon }, 'Resource not accessible by integration'), 'as it came'],
    ['not found', answered(404), 'as it came'],
    ['refused', answered(422), 'as it came'],
    ['GraphQL: not found', graphql([{ type: 'NOT_FOUND', message: 'Could not resolve to a Repository' }]), 'as it came'],
    ['an error of ours', new TypeError('x is not a function'), 'as it came'],
  ];
  for (const [name, error, expected] of cases) {
    await t.test(name, () => {
      const thrown = forgeError(error, 'do this', now);
      if (expected === 'as it came') return assert.equal(thrown, error);
      assert.ok(thrown instanceof ForgeUnavailable);
      assert.equal(thrown.retryAfterSeconds, expected);
      assert.equal(thrown.cause, error);
      assert.match(thrown.message, /^GitHub could not do this: /);
    });
  }
});
