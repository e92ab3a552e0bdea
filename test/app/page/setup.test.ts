// The first run, as an operator goes through it: from a page without an App to the first config, against the local GitHub.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { nobody } from '../../../app/page/access/access.ts';
import { readFindings } from '../../../app/page/setup/doctor-process.ts';
import { webhookVerdict, type WebhookFacts } from '../../../app/page/setup/webhook-verdict.ts';
import type { Page } from 'playwright-core';
import { seriousViolations } from '../../axe.ts';
import { complaintsOf, startBrowser } from '../../browser.ts';
import { eventually } from './scene.ts';
import { operator, setUpScene, type SetupScene } from './setup-scene.ts';

const hostile = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>';

const plan = ({ github, url }: SetupScene, more: Record<string, string> = {}): Record<string, string> => ({ publicUrl: url, gheHost: github.host, gheProtocol: 'http', name: 'Acme CI', organization: '', webhookUrl: '', ...more });

const has = (text: string, pattern: RegExp): void => assert.match(text, pattern);
const lacks = (text: string, pattern: RegExp): void => assert.doesNotMatch(text, pattern);
const unescaped = (text: string): string => text.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** Sends the manifest to GitHub and agrees there; answers where GitHub sends the browser. */
async function agree(scene: SetupScene, more: Record<string, string> = {}): Promise<{ back: URL; manifest: Record<string, unknown> }> {
  assert.equal((await scene.post('/-/setup/begin', plan(scene, more))).location, '/-/setup/app');
  const { text } = await scene.get('/-/setup/app');
  const action = unescaped(/<form action="([^"]+)" method="post" class="press">/.exec(text)![1]!);
  const manifest = unescaped(/name="manifest" value="([^"]*)"/.exec(text)![1]!);
  const state = new URL(action).searchParams.get('state')!;
  const created = await fetch(action.replace(/new\?.*/, 'create'), { method: 'POST', redirect: 'manual', body: new URLSearchParams({ manifest, state }) });
  assert.equal(created.status, 302);
  return { back: new URL(created.headers.get('location')!), manifest: JSON.parse(manifest) as Record<string, unknown> };
}

/** With an App that works, as after the second step. */
async function withApp(scene: SetupScene): Promise<void> {
  scene.github.createUser('alice');
  const { back } = await agree(scene);
  assert.equal((await scene.get(back.href)).status, 200);
  await scene.get('/-/setup/restart');
  await eventually(() => scene.restarts.begun === 1);
  await scene.restarts.done;
}

/** Pushes files to the repository's main branch. */
function push(path: string, files: Record<string, string>): void {
  const tree = mkdtempSync(join(tmpdir(), 'setup-tree-'));
  const git = (...args: string[]): void => void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: tree, stdio: 'pipe' });
  try {
    git('init', '-q', '-b', 'main');
    for (const [name, text] of Object.entries(files)) {
      if (name.includes('/')) mkdirSync(join(tree, name, '..'), { recursive: true });
      writeFileSync(join(tree, name), text);
    }
    git('add', '.');
    git('commit', '-q', '-m', 'begin');
    git('push', '-q', path, 'main');
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** By day and by night, on a phone. */
async function mustBeFine(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await seriousViolations(page, colorScheme === 'dark' ? 'colours' : undefined), [], `${page.url()} ${colorScheme}`);
  }
  assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 360, `${page.url()}: nothing is wider than the phone`);
}

test('from a page without an App to the first config, in a browser', async (t) => {
  const scene = await setUpScene(t);
  const { github, now } = scene;
  github.createUser('alice');
  github.createOrganization('acme', { alice: 'admin' });
  const { path } = await github.createRepository({ owner: 'acme', name: 'rocket', private: true, description: hostile });
  push(path, { 'go.mod': 'module rocket\n', 'go.sum': '', 'main.go': 'package main\n', Makefile: 'all:\n' });
  const browser = await startBrowser({ viewport: { width: 360, height: 740 } });
  t.after(() => browser.close());
  const page = await browser.context.newPage();
  const complaints = complaintsOf(page);
  page.setDefaultTimeout(10_000);

  await page.goto(scene.url);
  await page.waitForURL(`${scene.url}/-/setup/begin`);
  assert.match((await page.textContent('main'))!, /Check runs: the results in the Checks tab/);
  for (const [field, value] of Object.entries({ publicUrl: scene.url, gheHost: github.host, name: `CI <b>${'x'.repeat(5)}`, organization: 'acme' })) await page.fill(`#${field}`, value);
  await page.selectOption('#gheProtocol', 'http');
  await mustBeFine(page);
  await page.click('form.plan button');

  await page.waitForURL(`${scene.url}/-/setup/app`);
  await mustBeFine(page);
  await page.click('text=Create the App on GitHub');
  await page.waitForURL(`${github.url}/**`);
  await page.click('button');

  // The app ends and begins anew, and the page goes on by itself.
  await page.waitForSelector('text=The App is not installed anywhere yet');
  assert.equal(page.url(), `${scene.url}/-/setup/install`);
  assert.equal(scene.restarts.begun, 1);
  const installing = await browser.context.newPage();
  await installing.goto((await page.getAttribute('main a[target=_blank]', 'href'))!);
  await installing.selectOption('select[name=login]', 'acme');
  await installing.click('button');
  await installing.waitForSelector('text=is installed on acme'); // On its way somewhere, Chromium may never close it.
  await installing.close();
  await page.waitForSelector('text=The App reaches one repository.');
  assert.match((await page.textContent('.repositories'))!, /acme\/rocket private <script>alert\(1\)/);

  await mustBeFine(page);
  await page.click('text=Go on');
  await page.waitForSelector('text=GitHub reaches this Roundhouse');
  await mustBeFine(page);
  await page.click('text=Go on');
  await page.waitForSelector('text=No builder was ever seen.');
  now.sights = [{ id: hostile, version: '1.2', classes: { small: { cpus: 1, memoryBytes: 1 } }, capacity: { cpus: 1, memoryBytes: 1 }, used: { cpus: 0, memoryBytes: 0 }, draining: false, sandboxes: [], publicKey: {}, connected: true, seenAt: new Date().toISOString() }];
  await page.waitForSelector('text=One builder is connected.');
  await page.click('text=Look at this machine');
  await page.waitForSelector('text=It makes and removes a sandbox');
  scene.doctor.finding.resolve([{ check: 'user', ok: true, detail: 'root' }, { check: 'LXC', ok: false, detail: hostile, remedy: 'scripts/bootstrap' }]);
  await page.waitForSelector('text=One thing needs mending.');
  assert.match((await page.textContent('.findings'))!, /✗ problem LXC: <script>.*Mend it: scripts\/bootstrap.*✓ well user: root/);

  await mustBeFine(page);
  await page.click('text=Go on');
  await mustBeFine(page);
  await page.click('.repositories button');
  await page.waitForSelector('text=acme/rocket is followed.');
  assert.deepEqual(scene.followed, ['acme/rocket']);
  const offered = await page.inputValue('#config');
  assert.match(offered, /cimg\/go/);
  const create = new URL((await page.getAttribute('.onward a[target=_blank]', 'href'))!);
  assert.equal(create.pathname, '/acme/rocket/new/main');
  assert.deepEqual(Object.fromEntries(create.searchParams), { filename: '.circle.yml', value: offered });

  await mustBeFine(page);
  await page.click('text=Wait for the first push');
  await page.waitForSelector('text=Push a commit to acme/rocket');
  now.newest = { owner: 'acme', name: 'rocket', repositoryId: 42, number: 1 } as NonNullable<typeof now.newest>;
  await page.waitForSelector('text=Watch acme/rocket #1');
  await mustBeFine(page);
  // While the app is away, so are its answers.
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes('ERR_CONNECTION_REFUSED')), []);
  assert.deepEqual(scene.warnings, []);
  github.assertNoFaults();
  assert.deepEqual(scene.notes.map(({ action, who }) => `${action} by ${who}`), ['setup.settings-stored by operator at this machine', 'github-app.set-up by operator at this machine']);
});

suite('who may come', () => {
  test('without an App, everybody but an operator hears how to get in, and nothing else', async (t) => {
    const scene = await setUpScene(t);
    for (const viewer of [nobody, { ...nobody, local: true }]) {
      scene.now.viewer = viewer;
      for (const path of ['/', '/-/setup', '/-/setup/begin', '/-/setup/app', '/-/setup/created?state=x&code=y', '/-/doctor']) {
        const { status, text } = await scene.get(path);
        assert.equal(status, 403, path);
        has(text, /roundhouse page/);
        lacks(text, /publicUrl/);
      }
      assert.equal((await scene.post('/-/setup/begin', plan(scene))).status, 403);
    }
    scene.now.viewer = operator;
    assert.equal((await scene.get('/')).location, '/-/setup');
    assert.equal((await scene.get('/-/setup')).location, '/-/setup/begin');
    for (const step of ['install', 'webhooks', 'machine', 'repository', 'push']) assert.equal((await scene.get(`/-/setup/${step}`)).location, '/-/setup/begin', step);
    assert.equal(existsSync(scene.data), false);
  });

  test('with one, the setup stays with operators: others are sent to sign in, or refused', async (t) => {
    const scene = await setUpScene(t);
    await withApp(scene);
    scene.now.viewer = nobody;
    assert.equal((await scene.get('/-/setup/install')).location, '/-/sign-in?to=%2F-%2Fsetup%2Finstall');
    scene.now.viewer = { ...nobody, person: { id: 1, login: 'alice' }, csrf: 'c5rf' };
    for (const path of ['/-/setup', '/-/setup/install', '/-/doctor']) {
      const { status, text } = await scene.get(path);
      assert.equal(status, 403);
      has(text, /Only an operator/);
    }
    assert.equal((await scene.post('/-/doctor')).status, 403);
    assert.equal((await scene.post('/-/setup/webhooks/url', { url: 'https://evil.example' })).status, 403);
    assert.equal(scene.doctor.calls, 0);
  });
});

suite('what is asked for first', () => {
  test('what cannot be is said beside its field, what was written stays, and nothing is stored', async (t) => {
    const scene = await setUpScene(t);
    const bad: [string, string, RegExp][] = [
      ['publicUrl', 'ci.example.org', /must be an address that begins with https/],
      ['publicUrl', 'https://', /must be an address/],
      ['publicUrl', 'javascript:alert(1)', /must be an address/],
      ['publicUrl', 'https://user:secret@ci.example.org', /must be an address/],
      ['gheHost', 'https://github.example.org', /must be the name of a host/],
      ['gheHost', 'github.com', /For github\.com, leave this empty/],
      ['gheHost', '', /github\.com cannot reach 127\.0\.0\.1/],
      ['webhookUrl', 'smee', /must be an address/],
      ['name', '', /1 to 34 characters/],
      ['name', 'x'.repeat(35), /1 to 34 characters/],
      ['organization', '../../evil', /short name of an organization/],
    ];
    for (const [field, value, sentence] of bad) {
      const { status, text } = await scene.post('/-/setup/begin', plan(scene, { [field]: value }));
      assert.equal(status, 422, `${field} ${value}`);
      has(unescaped(text), sentence);
      if (value !== '') assert.ok(unescaped(text).includes(`name="${field}" value="${value}"`), `${field} ${value}`);
    }
    assert.ok(!(await scene.post('/-/setup/begin', plan(scene, { name: hostile }))).text.includes('<script>alert'));
    assert.equal(existsSync(scene.data), false);
    assert.equal((await scene.get('/-/setup/app')).location, '/-/setup/begin');
  });

  test('a change lands in roundhouse.yml beside what is there; what the environment sets is not asked for', async (t) => {
    const scene = await setUpScene(t, { env: { ROUNDHOUSE_PUBLIC_URL: 'https://ci.example.org' } });
    mkdirSync(scene.data);
    writeFileSync(join(scene.data, 'roundhouse.yml'), '# our house\nsshPort: 2223 # behind a wall\n');
    const { text } = await scene.get('/-/setup/begin');
    has(text, /value="https:\/\/ci\.example\.org"[^>]*readonly/);
    has(text, /<code>ROUNDHOUSE_PUBLIC_URL<\/code> in the environment sets it/);
    await scene.post('/-/setup/begin', plan(scene, { publicUrl: 'https://other.example.org' }));
    assert.equal(readFileSync(join(scene.data, 'roundhouse.yml'), 'utf8'), `# our house\nsshPort: 2223 # behind a wall\ngheHost: ${scene.github.host}\ngheProtocol: http\n`);
    // Back to github.com: what was there for the other one goes.
    await scene.post('/-/setup/begin', plan(scene, { gheHost: '' }));
    assert.equal(readFileSync(join(scene.data, 'roundhouse.yml'), 'utf8'), '# our house\nsshPort: 2223 # behind a wall\n');
    const app = await scene.get('/-/setup/app');
    has(app.text, /<form action="https:\/\/github\.com\/settings\/apps\/new\?state=[\w-]{32}" method="post"/);
    has(app.headers.get('content-security-policy')!, /form-action 'self' https: https:\/\/github\.com;/);
    has((await scene.get('/-/setup/begin')).headers.get('content-security-policy')!, /form-action 'self';/);
  });

  test('a data folder that cannot be written to is told of before GitHub makes anything', async (t) => {
    const scene = await setUpScene(t);
    // Root may write anywhere but to where nothing can be.
    symlinkSync('/nowhere/at/all', scene.data);
    const refused = await scene.post('/-/setup/begin', plan(scene));
    assert.equal(refused.status, 422);
    has(refused.text, /Nothing can be stored in the data folder .*\/data: .*Let the user of the app write there/);
    assert.equal((await scene.get('/-/setup/app')).location, '/-/setup/begin');
    assert.deepEqual(scene.notes, []);
  });

  test('a roundhouse.yml that somebody has broken is a sentence, and is not overwritten', async (t) => {
    const scene = await setUpScene(t);
    mkdirSync(scene.data);
    writeFileSync(join(scene.data, 'roundhouse.yml'), 'port: [\n');
    for (const { status, text } of [await scene.get('/-/setup/begin'), await scene.post('/-/setup/begin', plan(scene))]) {
      assert.equal(status, 422);
      has(text, /roundhouse\.yml/);
      lacks(text, /at .*\.ts:/);
    }
    assert.equal(readFileSync(join(scene.data, 'roundhouse.yml'), 'utf8'), 'port: [\n');
  });

  test('GitHub hears of a webhook proxy, an organization, and where the browser is to come back', async (t) => {
    const scene = await setUpScene(t);
    scene.github.createUser('alice');
    const { back, manifest } = await agree(scene, { webhookUrl: 'https://smee.example/abc', publicUrl: 'https://ci.example.org' });
    assert.deepEqual(manifest.hook_attributes, { url: 'https://smee.example/abc', active: true });
    assert.equal(manifest.url, 'https://ci.example.org');
    // The session is where the browser is.
    assert.equal(manifest.redirect_url, `${scene.url}/-/setup/created`);
    assert.equal(back.origin, scene.url);
    await scene.post('/-/setup/begin', plan(scene, { organization: 'acme' }));
    has((await scene.get('/-/setup/app')).text, /\/organizations\/acme\/settings\/apps\/new\?state=/);
  });
});

suite('the way back from GitHub', () => {
  test('who was not sent by this person’s own page is refused, a code is used once, and nothing is stored half', async (t) => {
    const scene = await setUpScene(t);
    scene.github.createUser('alice');
    const { back } = await agree(scene);
    const changed = (change: (query: URLSearchParams) => void): string => {
      const copy = new URL(back);
      change(copy.searchParams);
      return copy.href;
    };
    const wrong = async (address: string, status: number, sentence: RegExp): Promise<void> => {
      const answer = await scene.get(address);
      assert.equal(answer.status, status, address);
      has(unescaped(answer.text), sentence);
      assert.equal(existsSync(join(scene.data, 'github-app.pem')), false);
    };
    await wrong(changed((query) => query.set('state', 'x'.repeat(32))), 403, /not sent here by this setup.*Nothing was stored/);
    await wrong(changed((query) => query.delete('state')), 403, /not sent here/);
    await wrong(changed((query) => query.delete('code')), 422, /sent no code/);
    await wrong(changed((query) => query.set('code', '../../user')), 422, /sent no code/);
    scene.now.viewer = { ...operator, who: 'somebody else' };
    await wrong(back.href, 403, /not sent here/);
    scene.now.viewer = operator;
    await wrong(changed((query) => query.set('code', 'f'.repeat(40))), 422, /did not exchange the code/);
    await wrong(back.href, 403, /used before/);
    assert.equal(scene.restarts.begun, 0);

    // A new way works, and only one of two that come back at once.
    const again = await agree(scene, { name: 'Second' });
    const answers = await Promise.all([scene.get(again.back.href), scene.get(again.back.href)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403]);
    assert.equal(scene.restarts.begun, 0);
    assert.equal((await scene.get(again.back.href)).location, '/-/setup/restart');
    await Promise.all([scene.get('/-/setup/restart'), scene.get('/-/setup/restart')]);
    await eventually(() => scene.restarts.begun === 1);
    await scene.restarts.done;
    for (const name of ['roundhouse.yml', 'github-app.pem', 'github-app.json']) assert.equal(statSync(join(scene.data, name)).mode & 0o777, 0o600, name);
    assert.equal((await scene.get(again.back.href)).location, '/-/setup/install');
    has((await scene.get('/-/setup/app')).text, /GitHub knows the App Second of app-owner/);
    assert.equal(parse(readFileSync(join(scene.data, 'roundhouse.yml'), 'utf8')).gheHost, scene.github.host);
  });

  test('GitHub is away: a sentence, and the way can be gone again', async (t) => {
    const scene = await setUpScene(t);
    scene.github.createUser('alice');
    const { back } = await agree(scene);
    scene.github.inject({ match: /conversions/, status: 502, times: 1 } as never);
    const { status, text } = await scene.get(back.href);
    assert.equal(status, 422);
    has(unescaped(text), /did not exchange the code for the App's credentials/);
    assert.equal(existsSync(join(scene.data, 'github-app.pem')), false);
  });

  test('an App that the command line stored meanwhile takes effect by a button', async (t) => {
    const scene = await setUpScene(t);
    scene.github.createUser('alice');
    const { back } = await agree(scene);
    writeFileSync(join(scene.data, 'roundhouse.yml'), `${readFileSync(join(scene.data, 'roundhouse.yml'), 'utf8')}appId: ${scene.github.app.id}\nprivateKeyPath: ${join(scene.data, 'key.pem')}\nwebhookSecret: development\n`);
    writeFileSync(join(scene.data, 'key.pem'), scene.github.app.privateKey!);
    const late = await scene.get(back.href);
    assert.equal(late.status, 422);
    has(late.text, /was set up in the meantime/);
    has((await scene.get('/-/setup/app')).text, /is stored in the data folder/);
    has((await scene.post('/-/setup/restart')).text, /data-waits-for="\/-\/setup\/install"/);
    await scene.get('/-/setup/restart');
    await eventually(() => scene.restarts.begun === 1);
    await scene.restarts.done;
    has((await scene.get('/-/setup/app')).text, /GitHub knows the App Local CI/);
    assert.equal((await scene.post('/-/setup/restart')).location, '/-/setup/install');
    assert.equal(scene.restarts.begun, 1);
  });
});

suite('webhooks', () => {
  test('what was refused while there was no App is sent again by a button, and arrives', async (t) => {
    const scene = await setUpScene(t);
    await withApp(scene);
    has((await scene.get('/-/setup/webhooks')).text, /GitHub has not tried yet/);
    assert.equal((await scene.post('/-/setup/webhooks/again')).status, 422);
    // Nobody is there.
    assert.equal((await scene.post('/-/setup/webhooks/url', { url: 'http://127.0.0.1:1/api/github/webhooks' })).location, '/-/setup/webhooks');
    await scene.github.createRepository({ owner: 'alice', name: 'app' });
    const app = [...scene.notes].find(({ action }) => action === 'github-app.set-up')!;
    scene.github.installApp('alice', 'all', { appId: Number(app.subject.replace(/\D/g, '')) });
    await scene.github.waitForDelivery(({ event }) => event === 'installation');
    await scene.post('/-/setup/webhooks/url', { url: 'http://127.0.0.1:1/api/github/webhooks' });
    has(unescaped((await scene.get('/-/setup/webhooks')).text), /GitHub could not reach http:\/\/127\.0\.0\.1:1\/api\/github\/webhooks: “failed to connect/);
    assert.equal((await scene.get('/-/setup')).location, '/-/setup/webhooks');

    const wrong = await scene.post('/-/setup/webhooks/url', { url: 'ftp://x' });
    assert.equal(wrong.status, 422);
    has(wrong.text, /Nothing was changed/);
    await scene.post('/-/setup/webhooks/url', { url: `${scene.url}/api/github/webhooks` });
    // By the address that it was sent to before: GitHub takes the one of now.
    await scene.post('/-/setup/webhooks/again');
    await scene.github.settled();
    await scene.post('/-/setup/webhooks/url', { url: `${scene.url}/api/github/webhooks` });
    has((await scene.get('/-/setup/webhooks')).text, /the newest webhook was delivered and taken/);
    assert.equal((await scene.get('/-/setup')).location, '/-/setup/machine');
    assert.ok(scene.notes.some(({ action, details }) => action === 'webhook-address.changed' && details?.url === `${scene.url}/api/github/webhooks`));
    scene.github.assertNoFaults();
  });

  const at = '2026-01-01T12:00:00Z';
  const delivered = (statusCode: number, status = 'OK'): WebhookFacts['deliveries'] => [{ id: 1, event: 'ping', action: null, at, status, statusCode }];
  const [own, proxy] = ['https://ci.example.org/api/github/webhooks', 'https://smee.io/abc'];
  const table: [string, Partial<WebhookFacts>, 'well' | 'bad' | 'waiting', RegExp][] = [
    ['no address', { url: null }, 'bad', /no address.*Set it below/],
    ['never tried', {}, 'waiting', /not tried yet/],
    ['not in the list yet, but here', { lastHereAt: at }, 'well', /has arrived here/],
    ['nobody listens', { deliveries: delivered(0, 'failed to connect to host') }, 'bad', /could not reach.*failed to connect to host.*webhook proxy/],
    ['no answer in time', { deliveries: delivered(0, 'timed out') }, 'bad', /timed out.*firewall/],
    ['a certificate of nobody', { deliveries: delivered(0, 'tls: failed to verify certificate') }, 'bad', /public authority/],
    ['a redirect', { deliveries: delivered(301, 'Invalid HTTP Response: 301') }, 'bad', /redirect \(301\)/],
    ['another secret', { deliveries: delivered(400) }, 'bad', /signature does not fit.*WEBHOOK_SECRET/],
    ['a wall', { deliveries: delivered(403) }, 'bad', /forbids it/],
    ['a wrong path', { deliveries: delivered(404) }, 'bad', /not Roundhouse’s path/],
    ['a proxy with a limit', { deliveries: delivered(413) }, 'bad', /client_max_body_size/],
    ['a failure', { deliveries: delivered(500) }, 'bad', /log of the app/],
    ['a proxy without us', { deliveries: delivered(502) }, 'bad', /could not reach it \(502\)/],
    ['no App then', { deliveries: delivered(503) }, 'bad', /no App here.*sent again/],
    ['anything else', { deliveries: delivered(418) }, 'bad', /refused \(418\)/],
    ['delivered and seen', { deliveries: delivered(200), lastHereAt: at }, 'well', /delivered and taken/],
    ['delivered before this process began', { deliveries: delivered(200) }, 'well', /since this app started/],
    ['swallowed by a proxy', { url: proxy, deliveries: delivered(200) }, 'bad', /has not arrived here.*client running/],
    ['an older one came through the proxy', { url: proxy, deliveries: delivered(200), lastHereAt: '2026-01-01T11:00:00Z' }, 'bad', /has not arrived here/],
  ];
  for (const [title, facts, standing, sentence] of table) {
    test(title, () => {
      const verdict = webhookVerdict({ url: own, ownUrl: own, deliveries: [], lastHereAt: null, ...facts });
      assert.equal(verdict.standing, standing);
      has(`${verdict.text} ${verdict.remedy ?? ''}`, sentence);
    });
  }
});

suite('the doctor', () => {
  test('looks once at a time, blocks no page, and its last answer stays', async (t) => {
    const scene = await setUpScene(t);
    has((await scene.get('/-/doctor')).text, /Nobody has looked yet/);
    assert.equal((await scene.post('/-/doctor')).location, '/-/doctor');
    await scene.post('/-/doctor');
    assert.equal(scene.doctor.calls, 1);
    const running = await scene.get('/-/doctor');
    has(running.text, /It makes and removes a sandbox/);
    has(running.text, /data-open/);
    scene.doctor.finding.reject(new Error('no doctor is in'));
    await eventually(async () => /no doctor is in/.test((await scene.get('/-/doctor')).text));
    await scene.post('/-/doctor');
    has((await scene.get('/-/doctor')).text, /no doctor is in/);
    scene.doctor.finding.resolve([{ check: 'seccomp', ok: true, detail: 'on' }]);
    await eventually(async () => /All is well/.test((await scene.get('/-/doctor')).text));
    lacks((await scene.get('/-/doctor')).text, /data-open/);
    assert.equal((await fetch(`${scene.url}/-/doctor`, { method: 'POST', body: new URLSearchParams({ csrf: 'wrong' }) })).status, 403);
    assert.equal(scene.doctor.calls, 2);
  });

  test('its lines are read; others are passed over', () => {
    assert.deepEqual(readFindings('{"check":"user","ok":true,"detail":"root"}\nnoise\n{"check":1}\n\n'), [{ check: 'user', ok: true, detail: 'root' }]);
  });
});

suite('the first repository', () => {
  test('names that are none, and repositories that are not there, are sentences', async (t) => {
    const scene = await setUpScene(t);
    await withApp(scene);
    has((await scene.get('/-/setup/repository')).text, /reaches no repository yet/);
    for (const [repository, sentence] of [['rocket', /written OWNER\/NAME/], [hostile, /written OWNER\/NAME/], ['acme/nothing', /there is no acme\/nothing/]] as const) {
      const { status, text } = await scene.post('/-/setup/repository', { repository });
      assert.equal(status, 422);
      has(text, sentence);
      lacks(text, /<script>alert|<img src=x/);
    }
    const missing = await scene.get('/-/setup/repository?repository=acme/rocket');
    assert.equal(missing.status, 422);
    has(missing.text, /not installed on acme\/rocket/);
    assert.deepEqual(scene.followed, []);
  });

  test('one that has a config is offered none; one that is empty gets one to begin with', async (t) => {
    const scene = await setUpScene(t);
    await withApp(scene);
    const app = scene.notes.find(({ action }) => action === 'github-app.set-up')!;
    const there = await scene.github.createRepository({ owner: 'alice', name: 'old' });
    push(there.path, { '.circleci/config.yml': 'version: 2.1\n', 'package.json': '{}' });
    await scene.github.createRepository({ owner: 'alice', name: 'new', description: hostile });
    scene.github.installApp('alice', 'all', { appId: Number(app.subject.replace(/\D/g, '')) });
    assert.equal((await scene.post('/-/setup/repository', { repository: 'alice/old' })).location, '/-/setup/repository?repository=alice%2Fold');
    const old = await scene.get('/-/setup/repository?repository=alice/old');
    has(old.text, /It has a config already, <code>\.circleci\/config\.yml<\/code>/);
    lacks(old.text, /<textarea/);
    const empty = await scene.get('/-/setup/repository?repository=alice/new');
    has(empty.text, /This looks like nothing that is known here/);
    has(empty.text, /cimg\/base/);
    const list = await scene.get('/-/setup/repository');
    lacks(list.text, /<script>alert|<img src=x/);
    scene.github.assertNoFaults();
  });

  test('an App that was deleted on GitHub is told of, on every step', async (t) => {
    const scene = await setUpScene(t);
    await withApp(scene);
    scene.github.inject({ match: /\/app\b/, status: 401, times: 20 } as never);
    has((await scene.get('/-/setup/app')).text, /GitHub does not know App \d+ by its key any more/);
    for (const step of ['install', 'webhooks', 'repository']) {
      const { status, text } = await scene.get(`/-/setup/${step}`);
      assert.equal(status, 200, step);
      has(text, /GitHub refused it \(401\)/);
    }
  });
});
