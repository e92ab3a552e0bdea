// Which repositories are built, and what hears GitHub of a webhook of another one?

import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { operatorLog } from '../../../app/operator-log.ts';
import { startServer, webhookPath, type RunningServer } from '../../../app/server.ts';
import { followedGate, isBuilt, type Follow } from '../../../app/webhooks/followed.ts';

const cases: { follow: Follow; said: boolean | null; built: boolean }[] = [
  { follow: 'all', said: null, built: true },
  { follow: 'all', said: true, built: true },
  { follow: 'all', said: false, built: false },
  { follow: 'listed', said: null, built: false },
  { follow: 'listed', said: true, built: true },
  { follow: 'listed', said: false, built: false },
];
for (const { follow, said, built } of cases) {
  const title = said === null ? 'nobody said anything of' : said ? 'somebody followed' : 'somebody unfollowed';
  test(`${follow}: a repository that ${title} is ${built ? 'built' : 'not built'}`, () => assert.equal(isBuilt(follow, said === null ? null : { followed: said }), built));
}

const secret = 'a secret of the test';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
type Example = { ref?: string; action?: string; installation?: object; repository: { id: number }; check_run?: { app: { id: number } } };
const examplesOf = (event: string): Example[] => (examples as unknown as { name: string; examples: Example[] }[]).find(({ name }) => name === event)!.examples;
const push = examplesOf('push').find(({ ref, installation }) => ref === 'refs/heads/master' && installation)!;
const rerun = examplesOf('check_run').find(({ action }) => action === 'rerequested')!;
const appId = rerun.check_run!.app.id;

const running: RunningServer[] = [];
after(() => Promise.all(running.map((server) => server.close())));

async function start(follow: Follow, read: (id: number) => Promise<boolean | null>) {
  const [lines, delivered] = [[] as string[], [] as string[]];
  const server = await startServer({
    settings: { host: '127.0.0.1', port: 0, github: { appId, privateKey, webhookSecret: secret } },
    log: operatorLog({ level: 'info', format: 'json' }, { write: (line) => void lines.push(line) }),
    handlers: [],
    deliver: async ({ event }) => void delivered.push(event),
    isBuilt: followedGate(follow, async (id) => {
      const followed = await read(id);
      return followed === null ? null : { version: 1, followed, changedBy: 'x', changedAt: '2026-01-01T00:00:00Z' };
    }),
  });
  running.push(server);
  const send = async (event: string, payload: object): Promise<number> => {
    const body = JSON.stringify(payload);
    const headers = { 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': 'd-1', 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
    return (await fetch(server.url + webhookPath, { method: 'POST', body, headers })).status;
  };
  return { lines, delivered, send };
}

test('where only listed ones are built, a push and a rerun of another start nothing, GitHub hears "ok", and the operator why', async () => {
  const { lines, delivered, send } = await start('listed', () => Promise.resolve(null));
  assert.deepEqual([await send('push', push), await send('check_run', rerun)], [200, 200]);
  assert.deepEqual(delivered, []);
  assert.equal(lines.filter((line) => line.includes('nobody follows this repository')).length, 2);
});

test('what is followed is delivered as ever', async () => {
  const { delivered, send } = await start('listed', (id) => Promise.resolve(id === push.repository.id || id === rerun.repository.id));
  assert.deepEqual([await send('push', push), await send('check_run', rerun)], [200, 200]);
  assert.deepEqual(delivered, ['push', 'rerun']);
});

test('while it cannot be read who is followed, GitHub is told to come again', async () => {
  const { delivered, send } = await start('all', () => Promise.reject(new Error('the store is away')));
  assert.deepEqual([await send('push', push), delivered], [503, []]);
});
