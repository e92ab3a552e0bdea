// The local GitHub has webhooks that failed: which are sent again?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { redeliverer } from '../../../activities/adapters/github-deliveries.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
let receiver: Server;
let status = 503;
const heard: string[] = [];
before(async () => {
  receiver = createServer((req, res) => {
    if (status === 200) heard.push(`${String(req.headers['x-github-event'])} ${String(req.headers['x-github-delivery'])}`);
    req.resume();
    res.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  opened = await openGitHub({ app: { webhookSecret: 'x' } });
  await opened.github.settled();
});
after(async () => {
  await opened.close();
  receiver.close();
  opened.github.assertNoFaults();
});
const listen = () => opened.github.setWebhook(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
const guids = () => new Set(opened.github.deliveries({ event: 'push' }).map(({ guid }) => guid));

test('what nobody answered and what was refused is sent again, and what arrived is not; a hundred and more are read', async () => {
  const { github } = opened;
  github.setWebhook('http://127.0.0.1:1/');
  await opened.push({}, 'Nobody there');
  await github.settled();
  listen();
  await opened.push({}, 'Refused');
  await github.settled();
  assert.deepEqual(github.deliveries({ event: 'push' }).map(({ statusCode }) => statusCode), [0, 503]);
  status = 200;
  const failed = [...guids()];
  for (let n = 0; n < 60; n++) github.renameRepository(n % 2 === 0 ? 'acme/app' : 'acme/other', n % 2 === 0 ? 'other' : 'app');
  for (let n = 0; n < 60; n++) github.setVisibility('acme/app', n % 2 === 0 ? 'public' : 'private');
  await opened.push({}, 'Arrived');
  await github.settled();
  heard.splice(0);

  const redeliver = redeliverer(opened.settings, 1);
  await sleep(1100);
  assert.equal(await redeliver(), 2);
  await github.settled();
  assert.deepEqual(heard.filter((line) => line.startsWith('push')).sort(), failed.map((guid) => `push ${guid}`).sort());
  assert.equal(await redeliver(), 0, 'they have arrived');
  assert.equal(await redeliverer(opened.settings, 1)(), 0, 'and another process sees it too');
  const pages = github.requests().filter(({ path }) => path.startsWith('/app/hook/deliveries')).length;
  assert.ok(pages >= 2);
});

test('what fails again waits for twice as long', async () => {
  const { github } = opened;
  status = 503;
  await opened.push({}, 'Fails and fails');
  await github.settled();
  const redeliver = redeliverer(opened.settings, 1);
  await sleep(1100);
  assert.equal(await redeliver(), 1);
  await github.settled();
  await sleep(1100);
  assert.equal(await redeliver(), 0);
  await sleep(1000);
  status = 200;
  assert.equal(await redeliver(), 1);
});
