// Which process gets what of the environment?

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readSettings } from '../../../app/read-settings.ts';
import { allMembers } from '../../../app/up/all.ts';

test('secrets of the app are in the environment of the app alone', async () => {
  const secret = { PRIVATE_KEY: 'a', WEBHOOK_SECRET: 'b', ROUNDHOUSE_KEK: 'k1 AAAA', ROUNDHOUSE_KEK_COMMAND: 'print-it' };
  const env = { ...process.env, ...secret, TEMPORAL_API_KEY: 'for both', ROUNDHOUSE_EMBEDDED_TEMPORAL: 'yes' };
  const members = await allMembers(await readSettings({ ...process.env, ROUNDHOUSE_DATA: '/nonexistent' }).then((settings) => ({ ...settings, data: process.env.TMPDIR ?? '/tmp' })), env);
  const of = (name: string): NodeJS.ProcessEnv => members.find((member) => member.name === name)!.env;
  for (const name of Object.keys(secret)) assert.deepEqual([of('app')[name], of('builder')[name], of('temporal')[name]], [secret[name as keyof typeof secret], undefined, undefined], name);
  assert.equal(of('builder').TEMPORAL_API_KEY, 'for both');
});
