// Are artifacts shown and served as what they are, and can none of them do anything to the page that serves it?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { artifactFileKey, artifactIndexKey, artifactsKey, type ArtifactIndex } from '../../../config-schema/artifact.ts';
import { startBrowser } from '../../browser.ts';
import { jobUrl, setUp, type Scene } from './scene.ts';

const url = `${jobUrl}/0/artifacts`;
const addressOf = (path: string): string => `${url}/${path.split('/').map(encodeURIComponent).join('/')}`;

/** Stored by step 1, as a builder does. */
async function stored(t: TestContext, files: Record<string, string>, step = 1, before?: Scene): Promise<Scene> {
  const scene = before ?? (await setUp(t, { steps: ['test', 'store', 'store more'] }));
  const key = artifactsKey({ repositoryId: 42, pipeline: 7, workflow: 'build', job: 'test / unit', slice: 0 }, scene.slice.attempt, step);
  const index: ArtifactIndex = { version: 1, files: [] };
  for (const [file, [path, text]] of Object.entries(files).entries()) {
    await scene.store.put(artifactFileKey(key, file), Buffer.from(text));
    index.files.push({ path, file, bytes: Buffer.byteLength(text), sha256: `sha-${file}` });
  }
  await scene.store.put(artifactIndexKey(key), Buffer.from(JSON.stringify(index)));
  const bytes = index.files.reduce((sum, each) => sum + each.bytes, 0);
  Object.assign(scene.slice.steps[step]!, { state: 'ended', result: { name: 'store', outcome: 'passed', exitCode: null, signal: null, durationMs: 1, artifacts: { files: index.files.length, bytes } } });
  return scene;
}

suite('artifacts on the page', () => {
  test('are found from the job, folder by folder; a later step’s goes over an earlier one’s', async (t) => {
    const scene = await stored(t, { 'coverage/index.html': '<h1>', 'coverage/a/b.txt': 'b', 'report.xml': 'old' });
    await stored(t, { 'report.xml': 'newer' }, 2, scene);
    assert.ok((await scene.get(jobUrl)).text.includes(`<a href="${url}">Artifacts</a> <span class="quiet">4 files, 13 bytes</span>`));
    const top = (await scene.get(url)).text;
    assert.ok(top.includes(`<a href="${url}/coverage">coverage/</a> <span class="quiet">2 files</span>`), top);
    assert.match(top, />report\.xml<\/a><\/td><td class="number">5 bytes</);
    const folder = (await scene.get(`${url}/coverage/`)).text;
    for (const path of [`${url}/coverage/a`, `${url}/coverage/index.html`, url]) assert.ok(folder.includes(`href="${path}"`), path);
    assert.equal((await scene.get(`${url}/report.xml`)).text, 'newer');
    for (const path of [`${url}/coverag`, `${url}/coverage/none`, `${url}/%ff`, `${jobUrl}/1/artifacts`]) assert.equal((await scene.get(path)).status, 404, path);
    const empty = await setUp(t);
    assert.match((await empty.get(url)).text, /There are none, or their time was over/);
    assert.ok(!(await empty.get(jobUrl)).text.includes('>Artifacts<'));
  });

  test('are listed as JSON for programs', async (t) => {
    const scene = await stored(t, { 'a/b c.txt': 'b', 'x.tgz': '12' });
    const all = [
      { path: 'a/b c.txt', url: `${url}/a/b%20c.txt`, bytes: 1, type: 'text/plain; charset=utf-8', sha256: 'sha-0' },
      { path: 'x.tgz', url: `${url}/x.tgz`, bytes: 2, type: 'application/octet-stream', sha256: 'sha-1' },
    ];
    assert.deepEqual(JSON.parse((await scene.get(url, { accept: 'application/json' })).text), all);
    assert.deepEqual(JSON.parse((await scene.get(`${url}/a?format=json`)).text), all.slice(0, 1));
  });

  for (const [name, type, disposition] of [
    ['a.html', 'text/html; charset=utf-8', null],
    ['a.txt', 'text/plain; charset=utf-8', null],
    ['a.log', 'text/plain; charset=utf-8', null],
    ['a.PNG', 'image/png', null],
    ['a.svg', 'image/svg+xml; charset=utf-8', null],
    ['a.json', 'application/json', null],
    ['a.pdf', 'application/pdf', 'attachment'],
    ['a.zip', 'application/zip', 'attachment'],
    ['a', 'application/octet-stream', 'attachment'],
    ['a.html.exe', 'application/octet-stream', 'attachment'],
  ] as const)
    test(`${name} is ${type}, ${disposition ?? 'shown'}`, async (t) => {
      const { headers, status } = await (await stored(t, { [name]: '<script>alert(1)</script>' })).get(addressOf(name));
      assert.equal(status, 200);
      assert.deepEqual([headers.get('content-type'), headers.get('content-disposition'), headers.get('x-content-type-options')], [type, disposition, 'nosniff']);
      assert.match(headers.get('content-security-policy')!, /^sandbox( allow-scripts)?; default-src 'none'/);
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    });

  test('are served in ranges, and not again when they are known', async (t) => {
    const scene = await stored(t, { 'a.txt': '0123456789', empty: '' });
    for (const [range, status, text, header] of [
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
      ['bytes=10-', 416, '', 'bytes */10'],
      ['bytes=4-2', 416, '', 'bytes */10'],
      ['bytes=0-1,3-4', 200, '0123456789', null],
      ['lines=1-2', 200, '0123456789', null],
    ] as const) {
      const answer = await scene.get(`${url}/a.txt`, { range });
      assert.deepEqual([answer.status, answer.text, answer.headers.get('content-range')], [status, text, header], range);
    }
    assert.equal((await scene.get(`${url}/a.txt`, { 'if-none-match': '"sha-0"' })).status, 304);
    assert.equal((await scene.get(`${url}/empty`)).text, '');
  });

  test('have names that are text wherever they stand', async (t) => {
    const evil = '<img src=x onerror=alert(1)>"\'\n&amp;%2e%2e';
    const scene = await stored(t, { [`${evil}/${evil}.txt`]: 'x', '%2e%2e/x': 'y' });
    for (const path of [url, addressOf(evil)]) {
      const { text } = await scene.get(path);
      assert.ok(!text.includes('<img') && text.includes('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;\ufffd&amp;amp;%2e%2e'), text);
    }
    assert.equal((await scene.get(addressOf(`${evil}/${evil}.txt`))).text, 'x');
    assert.equal((await scene.get(addressOf('%2e%2e/x'))).text, 'y');
  });

  test('that nobody has any more are said to be lost', async (t) => {
    const scene = await stored(t, { 'a.txt': 'x' });
    for await (const { key } of scene.store.list('')) if (key.includes('/artifacts/1/files/')) await scene.store.delete(key);
    assert.equal((await scene.get(`${url}/a.txt`)).status, 404);
  });

  test('check 24: an HTML artifact has its styles and scripts in a browser, but neither our address nor anybody else', async (t) => {
    const browser = await startBrowser();
    t.after(() => browser.close());
    const scene = await stored(t, {
      'site/index.html': '<link rel=stylesheet href=style.css><body><script src=own.js></script><p id=cookie></p><p id=origin></p><p id=fetched></p><form id=f action=/ method=get></form></body>',
      'site/style.css': 'body { color: rgb(1, 2, 3) }',
      'site/own.js': `
        const say = (id, text) => (document.getElementById(id).textContent = text);
        addEventListener('DOMContentLoaded', async () => {
          say('origin', self.origin);
          try { say('cookie', document.cookie) } catch (error) { say('cookie', error.name) }
          say('fetched', await fetch('/').then(() => 'read', () => 'refused'));
        });`,
    });
    const page = await browser.context.newPage();
    await page.goto(`${scene.url}${url}/site/index.html`);
    await page.waitForFunction("document.getElementById('fetched').textContent !== ''");
    assert.match(page.url(), /\/artifacts\/~[0-9a-z]+\.[0-9a-f]{32}\/site\/index\.html$/);
    assert.equal(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(1, 2, 3)');
    const seen = (id: string): Promise<string | null> => page.locator(`#${id}`).textContent();
    assert.deepEqual([await seen('origin'), await seen('cookie'), await seen('fetched')], ['null', 'SecurityError', 'refused']);
    // Another site that guesses the plain address gets nothing of it.
    const plain = await scene.get(`${url}/site/own.js`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' });
    assert.equal(plain.headers.get('cross-origin-resource-policy'), 'same-origin');
    // A ticket that is none, or too old, is passed over for who may read here.
    const old = await scene.get(`${url}/~${(1e9).toString(36)}.${'0'.repeat(32)}/site/own.js`);
    assert.deepEqual([old.status, old.headers.get('location')], [302, `${url}/site/own.js`]);
    assert.equal((await scene.get(`${url}/~${'0'.repeat(32)}/site/own.js`)).status, 404);
  });
});
