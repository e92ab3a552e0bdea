// The real Probot server on a free port, and a sender that signs as GitHub does.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { operatorLog } from '../../../app/operator-log.ts';
import { startServer, webhookPath, type Handler, type RunningServer } from '../../../app/server.ts';
import type { Change } from '../../../app/webhooks/probot.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';

const secret = 'a secret of the test';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const push = (examples as unknown as { name: string; examples: { ref?: string; installation?: object }[] }[]).find(({ name }) => name === 'push')!.examples.find((each) => each.ref === 'refs/heads/master' && each.installation)!;

type Options = { deliver?: (trigger: Trigger, signal: AbortSignal) => Promise<void>; changed?: (change: Change) => Promise<void>; handlers?: Handler[]; github?: { appId: number; privateKey: string; webhookSecret: string } | null };

const running: RunningServer[] = [];
after(() => Promise.all(running.map((server) => server.close())));

async function start({ deliver = async () => {}, handlers = [], github = { appId: 1, privateKey, webhookSecret: secret }, ...rest }: Options = {}) {
  const lines: string[] = [];
  const log = operatorLog({ level: 'info', format: 'json' }, { write: (line) => void lines.push(line) });
  const server = await startServer({ settings: { host: '127.0.0.1', port: 0, github }, log, handlers, deliver, ...rest });
  running.push(server);
  const send = (headers: Record<string, string>, body: string, event = 'push'): Promise<Response> =>
    fetch(server.url + webhookPath, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': 'd-1', ...headers } });
  const sign = (body: string): Record<string, string> => ({ 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` });
  return { server, lines, send, sign, sendSigned: (payload: object, event?: string) => send(sign(JSON.stringify(payload)), JSON.stringify(payload), event) };
}

test('a signed push is delivered before GitHub hears "ok"', async () => {
  const order: string[] = [];
  const { sendSigned } = await start({
    async deliver(trigger) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      order.push(`delivered ${trigger.deliveryId} ${trigger.ref}`);
    },
  });
  const { status } = await sendSigned(push);
  order.push(`answered ${status}`);
  assert.deepEqual(order, ['delivered d-1 refs/heads/master', 'answered 200']);
});

test('what is not signed with our secret by SHA-256 is refused, and nobody hears of it', async (t) => {
  let delivered = 0;
  const { send, sign, lines } = await start({ deliver: async () => void delivered++ });
  const body = JSON.stringify(push);
  const cases: [string, Record<string, string>][] = [
    ['no signature', {}],
    ['a wrong signature', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['no signature at all in the header', { 'x-hub-signature-256': '' }],
    ['only SHA-1, though right', { 'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}` }],
    ['the right SHA-1 in the place of SHA-256', { 'x-hub-signature-256': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}` }],
    ['signed for another body', sign(`${body} `)],
    ['signed with the word that Probot uses when it has no secret', { 'x-hub-signature-256': `sha256=${createHmac('sha256', 'development').update(body).digest('hex')}` }],
  ];
  for (const [name, headers] of cases) {
    await t.test(name, async () => {
      const { status } = await send(headers, body);
      assert.ok(status >= 400 && status < 500, String(status));
    });
  }
  assert.equal(delivered, 0);
  assert.doesNotMatch(lines.join(''), /Codertocat/, 'the payload of a stranger is not logged');
});

test('the same delivery ten times at once is ten times handed on and answered', async () => {
  const ids: string[] = [];
  const { sendSigned } = await start({ deliver: async (trigger) => void ids.push(trigger.deliveryId) });
  const answers = await Promise.all(Array.from({ length: 10 }, () => sendSigned(push)));
  assert.deepEqual(answers.map(({ status }) => status), Array(10).fill(200));
  assert.deepEqual(ids, Array(10).fill('d-1'));
});

test('when the delivery fails GitHub hears 503, and only the operator hears why', async () => {
  const { sendSigned, lines } = await start({
    deliver: async () => {
      throw new Error('temporal at 10.1.2.3 is down');
    },
  });
  const response = await sendSigned(push);
  assert.equal(response.status, 503);
  assert.doesNotMatch(await response.text(), /temporal|10\.1/);
  assert.match(lines.join(''), /temporal at 10\.1\.2\.3 is down/);
});

test('when the delivery hangs GitHub hears 503 within 5 s, and the delivery hears that it is late', async () => {
  let signal: AbortSignal | undefined;
  const { sendSigned } = await start({
    deliver: (_trigger, given) => {
      signal = given;
      return new Promise(() => {});
    },
  });
  const before = performance.now();
  const { status } = await sendSigned(push);
  assert.equal(status, 503);
  assert.ok(performance.now() - before < 5_000);
  assert.equal(signal?.aborted, true);
});

test('events that mean nothing are taken and dropped; what becomes of a repository is told', async () => {
  let delivered = 0;
  const changes: Change[] = [];
  const { sendSigned } = await start({ deliver: async () => void delivered++, changed: async (change) => void changes.push(change) });
  assert.equal((await sendSigned({ action: 'started' }, 'watch')).status, 200);
  assert.equal((await sendSigned({ ...push, deleted: true, after: '0'.repeat(40) })).status, 200);
  const { sender: _sender, ...repository } = push as Record<string, unknown>;
  assert.equal((await sendSigned({ ...repository, action: 'renamed' }, 'repository')).status, 200);
  assert.deepEqual([delivered, changes.map((change) => change.change)], [0, ['renamed']]);
});

test('when what became of a repository cannot be stored GitHub hears 503', async () => {
  const { sendSigned } = await start({
    changed: async () => {
      throw new Error('the disk is full');
    },
  });
  const { sender: _sender, ...repository } = push as Record<string, unknown>;
  assert.equal((await sendSigned({ ...repository, action: 'renamed' }, 'repository')).status, 503);
});

test('a signed payload that cannot be read is refused, so that GitHub shows it as failed', async () => {
  const { sendSigned } = await start();
  const response = await sendSigned({ ...push, after: '--upload-pack=x' });
  assert.equal(response.status, 422);
  assert.match(await response.text(), /after: is not a commit id/);
});

test('a body without end is not read', async () => {
  const { server, send } = await start();
  const declared = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(`POST ${webhookPath} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${26 * 1024 * 1024}\r\n\r\n`));
    socket.once('data', (data) => (resolve(String(data)), socket.destroy())).once('error', reject);
  });
  assert.match(declared, /^HTTP\/1\.1 413 /);
  const endless = await fetch(server.url + webhookPath, { method: 'POST', body: new Blob(['{}']).stream(), duplex: 'half', headers: { 'content-type': 'application/json' } } as RequestInit);
  assert.equal(endless.status, 411);
  assert.equal((await send({}, 'x'.repeat(1024))).status, 400);
});

test('pages are served beside the webhooks, and one that throws takes nobody with it', async () => {
  const { server, lines } = await start({
    handlers: [
      async (req, res) => {
        if (req.url !== '/hello?code=one-time') return false;
        res.end('hello');
        return true;
      },
      async (req, res) => {
        if (!req.url?.startsWith('/broken')) return false;
        if (req.url === '/broken/late') res.write('some of it');
        throw new Error('a page broke');
      },
    ],
  });
  assert.equal(await (await fetch(`${server.url}/hello?code=one-time`, { headers: { cookie: 'session=of-somebody' } })).text(), 'hello');
  assert.equal((await fetch(`${server.url}/broken?code=one-time`, { headers: { cookie: 'session=of-somebody' } })).status, 500);
  await assert.rejects(fetch(`${server.url}/broken/late`).then((response) => response.text()));
  assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
  assert.match(lines.join(''), /a page broke/);
  assert.doesNotMatch(lines.join(''), /one-time|of-somebody/);
});

test('without a GitHub App pages work, webhooks are turned away, and the log says what to do', async () => {
  let delivered = 0;
  const { server, sendSigned, lines } = await start({ github: null, deliver: async () => void delivered++, handlers: [async (req, res) => req.url === '/page' && (res.end('page'), true)] });
  assert.equal((await sendSigned(push)).status, 503);
  assert.equal(await (await fetch(`${server.url}/page`)).text(), 'page');
  assert.match(lines.join(''), /roundhouse setup/);
  assert.equal(delivered, 0);
});

test('an empty webhook secret is refused at the start', async () => {
  await assert.rejects(start({ github: { appId: 1, privateKey, webhookSecret: '' } }), /WEBHOOK_SECRET is empty/);
});

test('closing ends connections that nobody would close', async () => {
  const { server } = await start();
  server.httpServer.on('upgrade', (_req, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'));
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'));
  await new Promise((resolve) => socket.once('data', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await server.close();
  await closed;
  await assert.rejects(fetch(server.url));
});
