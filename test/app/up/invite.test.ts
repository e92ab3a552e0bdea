import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../../app/cli/problem.ts';
import type { Ask } from '../../../app/control/ask.ts';
import { invitation } from '../../../app/up/invite.ts';

test('whoever starts Roundhouse is told where to come in, as soon as the app answers', async () => {
  let asked = 0;
  const ask = (() => {
    asked += 1;
    return asked < 3 ? Promise.reject(new Problem('no Roundhouse app runs with this data folder', 3)) : Promise.resolve({ addresses: ['https://ci.example/-/enter/x', 'http://127.0.0.1:3000/-/enter/x'], minutes: 15 });
  }) as Ask;
  assert.equal(await invitation(ask), 'to set it up in a browser, open within 15 minutes https://ci.example/-/enter/x or, on this machine, http://127.0.0.1:3000/-/enter/x (later: roundhouse page)');
});
