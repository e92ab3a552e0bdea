import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createNodeMiddleware, createProbot } from 'probot';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
before(async () => {
  scene = await openScene();
});
after(() => scene.close());

test('an app made with Probot, told GHE_HOST, hears of a push and reports a check on it', async () => {
  const { github } = scene;
  const alice = await scene.person('alice');
  await github.createRepository({ owner: 'alice', name: 'app', private: true });
  github.installApp('alice');

  const env = { APP_ID: String(github.app.id), PRIVATE_KEY: github.app.privateKey ?? '', WEBHOOK_SECRET: github.app.webhookSecret, GHE_HOST: github.host, GHE_PROTOCOL: 'http', LOG_LEVEL: 'fatal', NODE_ENV: 'production' } as const;
  const probot = createProbot({ env });
  const middleware = await createNodeMiddleware(
    (app) => {
      app.on('push', async (context) => {
        await context.octokit.request('POST /repos/{owner}/{repo}/check-runs', context.repo({ name: 'probot', head_sha: context.payload.after, status: 'completed' as const, conclusion: 'success' as const }));
      });
    },
    { probot, webhooksPath: '/hook', env },
  );
  const server = createServer((request, response) => void middleware(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    github.setWebhook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
    const work = await alice.clone('alice/app');
    const sha = await scene.commit(alice, work, 'Begin', { 'a.txt': 'a\n' });
    await alice.git(work, 'push', '--quiet', 'origin', 'main');
    assert.equal((await github.waitForCheck('alice/app', sha, 'probot', 10_000)).conclusion, 'success');
    await github.settled();
    assert.deepEqual(github.deliveries({ event: 'push' }).map(({ status }) => status), ['OK']);
    github.assertNoFaults();
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
