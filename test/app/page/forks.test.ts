// Is the commit of a fork that waits let run from the pipeline's page, by those who may, who see what it would run?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../../app/control/operation.ts';
import { failedView, forkView, pageOf } from './pipeline-scene.ts';

const button = /<form method="post" action="\/acme\/rocket\/7\/allow">[^]*?<button class="approve">Build this fork<\/button><\/form>/;

test('everybody sees what would run, and who may write the button', async (t) => {
  const allowed: unknown[] = [];
  const page = await pageOf(t, forkView('It runs one job: build.', 'Images: <img src=x>.'), { allow: ({ number }, { who }) => Promise.resolve(void allowed.push([number, who])) });
  const { text } = await page.get();
  assert.match(text, /<li>It runs one job: build\.<\/li><li>Images: &lt;img src=x&gt;\.<\/li>/);
  assert.match(text, button);
  assert.match(text, /Nothing of it has begun\./);
  const { status, location } = await page.post('/allow');
  assert.deepEqual([status, location, allowed], [303, '/acme/rocket/7', [[7, 'github:9 ada']]]);
  page.permission.of = 'read';
  const reader = (await page.get()).text;
  assert.match(reader, /runs when a maintainer allows this commit\.[^]*<li>It runs one job: build\.<\/li>/);
  assert.doesNotMatch(reader, /7\/allow"/);
});

test('writers alone, by our own form', async (t) => {
  const page = await pageOf(t, forkView('It runs one job: build.'), { allow: () => Promise.reject(new Error('nobody may')) });
  assert.equal((await page.post('/allow', {})).status, 403, 'without the token');
  assert.equal((await page.post('/allow', { csrf: 'another' })).status, 403, 'with a wrong one');
  page.permission.of = 'read';
  assert.equal((await page.post('/allow')).status, 403, 'a reader');
  page.permission.of = 'none';
  assert.equal((await page.post('/allow')).status, 404, 'who may not even know of it');
  page.permission.of = 'admin';
  page.viewer.csrf = null;
  assert.equal((await page.post('/allow')).status, 403, 'who changes nothing');
  assert.doesNotMatch((await page.get()).text, /7\/allow"/, 'who changes nothing');
});

test('what waits for nobody has no button, and says so', async (t) => {
  const page = await pageOf(t, failedView(), { allow: () => Promise.reject(new Refused('pipeline #7 has ended, so there is nothing to allow.')) });
  assert.doesNotMatch((await page.get()).text, /Build this fork/);
  const { status, text } = await page.post('/allow');
  assert.equal(status, 409);
  assert.match(text, /Not allowed to run[^]*pipeline #7 has ended, so there is nothing to allow\./);
});
