import { test } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFamily } from '../../../app/up/family.ts';

test('a member whose program is not there is said, and tried again, and the others live on', async () => {
  const said: string[] = [];
  const env = { PATH: process.env.PATH };
  const family = startFamily([{ name: 'lost', command: ['/nonexistent/program'], env }, { name: 'well', command: ['sleep', '60'], env }], (line) => void said.push(line));
  try {
    while (said.length < 2) await sleep(20);
  } finally {
    await family.end();
  }
  assert.deepEqual(said, Array(2).fill('lost ended (spawn /nonexistent/program ENOENT); it is started again'));
});
