// Temporal is away when a webhook comes.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance, type Running } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

test('GitHub hears 503, and after redelivery there is one pipeline', async () => {
  const temporal = instance.started.find(({ process }) => process.spawnargs.includes('start-dev')) as Running;
  await temporal.kill('SIGKILL');
  const sha = await instance.pushJob('    steps:\n      - run: "true"\n');
  const failed = await instance.github.waitForDelivery((delivery) => delivery.event === 'push', 15_000);
  assert.equal(failed.statusCode, 503);

  await instance.startTemporal();
  const again = await instance.until('the redelivery is taken', async () => {
    const delivery = await instance.github.redeliver(failed.id);
    return delivery.statusCode === 200 || delivery.statusCode === 202 ? delivery : null;
  });
  assert.ok(again);
  await instance.github.redeliver(failed.id);
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const { stdout } = await instance.roundhouse('builds', '--json');
  assert.equal(stdout.trim().split('\n').length, 1);
});
