// Is what the sweep found known when its webhook comes after all, and the other way round?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { identitiesOf, sweptDeliveryId } from '../../config-schema/swept.ts';
import { noCommit, type Trigger } from '../../config-schema/trigger.ts';

const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];
const webhook = (deliveryId: string, before: string, sha: string, change: Partial<Trigger> = {}): Trigger => ({
  event: 'push',
  deliveryId,
  receivedAt: '2026-01-01T00:00:00.000Z',
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/heads/main',
  before,
  sha,
  sender: { id: 1, login: 'ada' },
  commit: { subject: '', authorLogin: null },
  pullRequest: null,
  ...change,
});
const swept = (before: string, sha: string): Trigger => webhook(sweptDeliveryId(7, 'refs/heads/main', sha), before, sha);

const cases: { title: string; triggers: Trigger[]; pipelines: number }[] = [
  { title: 'a webhook that comes twice', triggers: [webhook('1', a, b), webhook('1', a, b)], pipelines: 1 },
  { title: 'a push as two deliveries', triggers: [webhook('1', a, b), webhook('2', a, b)], pipelines: 1 },
  { title: 'a force push back is a movement of its own', triggers: [webhook('1', noCommit, a), webhook('2', a, b), webhook('3', b, a)], pipelines: 3 },
  { title: 'what came is not found by the sweep', triggers: [webhook('1', a, b), swept(a, b)], pipelines: 1 },
  { title: 'what came is known by its commit, whatever GitHub says was before it', triggers: [webhook('1', a, b), swept(c, b)], pipelines: 1 },
  { title: 'what the sweep found does not come again', triggers: [swept(a, b), webhook('1', a, b)], pipelines: 1 },
  { title: 'what the sweep found is known by its commit', triggers: [swept(c, b), webhook('1', a, b)], pipelines: 1 },
  { title: 'the sweep finds a head once', triggers: [swept(a, b), swept(a, b)], pipelines: 1 },
  { title: 'the same commit on another branch', triggers: [swept(a, b), webhook('1', a, b, { ref: 'refs/heads/topic' })], pipelines: 2 },
  { title: 'a rerun of what came', triggers: [webhook('1', a, b), webhook('2', a, b, { event: 'rerun' })], pipelines: 2 },
];

suite('pipelines by what was told', () => {
  for (const { title, triggers, pipelines } of cases) {
    test(title, () => {
      const memory = new Set<string>();
      const started = triggers.filter((trigger) => {
        const { remembered, knownBy } = identitiesOf(trigger);
        if (knownBy.some((identity) => memory.has(identity))) return false;
        for (const identity of remembered) memory.add(identity);
        return true;
      });
      assert.equal(started.length, pipelines);
    });
  }
});
