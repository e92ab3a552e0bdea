// How does a program that can only call an address start a pipeline, and what does it hear when it cannot?

import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hookHandler } from '../../app/hooks.ts';
import { Refused } from '../../app/control/operation.ts';
import { GitHubIsAway } from '../../app/page/access/access.ts';

const ada = { id: 1, login: 'ada' };
const clock = { now: 0 };
const started: unknown[] = [];
let server: Server;
before(async () => {
  const handler = hookHandler({
    repository: (owner, name) => Promise.resolve(owner === 'acme' && ['shop', 'lib'].includes(name) ? { id: name === 'shop' ? 7 : 8, owner, name } : null),
    mayTrigger: async (token, { id }) => {
      if (token === 'away') throw new GitHubIsAway('GitHub does not say who may see this');
      return token === `good-${id}` ? ada : null;
    },
    trigger: async (...asked) => {
      if (asked[0].branch === 'gone') throw new Refused('acme/shop has no branch gone. Correct the name, or push it first.');
      started.push(asked);
      return 12;
    },
    now: () => clock.now,
  });
  server = createServer((req, res) => void Promise.resolve(handler(req, res)).then((taken) => taken || res.writeHead(404).end('not ours')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => server.close());

async function call(path: string, { body, method = 'POST', headers = {} }: { body?: string; method?: string; headers?: Record<string, string> } = {}): Promise<[status: number, text: string]> {
  clock.now += 60_000;
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method, headers, ...(body !== undefined && { body }) });
  return [answer.status, await answer.text()];
}

test('a pipeline of the default branch starts, as its token’s person', async () => {
  assert.deepEqual(await call('/hooks/acme/shop?token=good-7'), [201, '{"repository":"acme/shop","number":12}\n']);
  assert.deepEqual(started.pop(), [{ repository: 'acme/shop', parameters: {} }, { event: 'webhook', by: ada }, { who: 'github:1 ada', from: 'hook' }]);
});

test('branch, tag and parameters come as JSON, whatever else is in it; the token may come in a header', async () => {
  await call('/hooks/acme/shop', { body: '{"branch": "next", "parameters": {"deep": true}, "text": [1]}', headers: { authorization: 'Bearer good-7' } });
  assert.deepEqual((started.pop() as unknown[])[0], { repository: 'acme/shop', branch: 'next', parameters: { deep: true } });
});

suite('nothing starts, and the sentence says why', () => {
  const none = /^\{"message":"This takes a token for starting pipelines of acme\/\w+, and none that is good came with it/;
  const rows: [what: string, path: string, body: string | undefined, status: number, text: RegExp][] = [
    ['no token', '/hooks/acme/shop', undefined, 401, none],
    ['that of another repository', '/hooks/acme/shop?token=good-8', undefined, 401, none],
    ['a repository that is not there, in the same words', '/hooks/acme/none?token=good-7', undefined, 401, none],
    ['no JSON', '/hooks/acme/shop?token=good-7', 'branch=x', 422, /The body is no JSON\. Send an object/],
    ['no object', '/hooks/acme/shop?token=good-7', '[]', 422, /the body: /],
    ['a parameter that is a list', '/hooks/acme/shop?token=good-7', '{"parameters": {"x": []}}', 422, /parameters\.x: is a text of at most 512 characters/],
    ['no such branch', '/hooks/acme/shop?token=good-7', '{"branch": "gone"}', 422, /has no branch gone/],
    ['a body that is too long', '/hooks/acme/shop?token=good-7', JSON.stringify('x'.repeat(70_000)), 413, /at most 65536 bytes/],
    ['GitHub is away', '/hooks/acme/shop?token=away', undefined, 503, /does not say who may see this\. Come again later/],
    ['another address', '/hooks/acme', undefined, 404, /not ours/],
  ];
  for (const [what, path, body, status, text] of rows)
    test(what, async () => {
      const [answered, said] = await call(path, body === undefined ? {} : { body });
      assert.equal(answered, status);
      assert.match(said, text);
      assert.deepEqual(started, []);
    });
  test('by looking', async () => assert.equal((await call('/hooks/acme/shop?token=good-7', { method: 'GET' }))[0], 404));
});

test('one repository starts thirty in a minute, and others go on', async () => {
  await call('/hooks/acme/shop?token=good-7');
  const at = (path: string): Promise<number> => call(path).then(([status]) => (clock.now -= 60_000, status));
  clock.now += 60_000;
  const statuses: number[] = [];
  for (let n = 0; n < 31; n++) statuses.push(await at('/hooks/acme/shop?token=good-7'));
  assert.deepEqual([statuses.filter((status) => status === 201).length, statuses.at(-1)], [30, 429]);
  assert.equal(await at('/hooks/acme/lib?token=good-8'), 201);
  clock.now += 60_000;
  assert.equal(await at('/hooks/acme/shop?token=good-7'), 201);
});
