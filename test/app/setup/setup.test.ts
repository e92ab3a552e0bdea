// The whole way: our page, the local GitHub's page, and back; with a browser that is nothing but fetch.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { githubForge } from '../../../activities/adapters/github.ts';
import { readGitHubApp } from '../../../app/github-app.ts';
import { manifestOf } from '../../../app/setup/manifest.ts';
import { runSetup, type SetupOptions } from '../../../app/setup/setup.ts';
import { resolveSettings } from '../../../config-schema/settings.ts';
import { startGitHub, type GitHub } from '../../github/index.ts';

const appYml = readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8');
let github: GitHub;
const folders: string[] = [];
before(async () => {
  github = await startGitHub();
  github.createUser('alice');
  github.createOrganization('acme', { alice: 'admin' });
});
after(async () => {
  github.assertNoFaults();
  await github.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'setup-'));
  folders.push(folder);
  return join(folder, 'data');
}

type Form = { action: string; fields: Record<string, string> };
const unescaped = (text: string): string => text.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** The first form of a page, as a browser would send it. */
async function formOf(response: Response): Promise<Form> {
  const page = await response.text();
  const fields = [...page.matchAll(/<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [name, unescaped(value!)] as const);
  return { action: new URL(unescaped(/<form[^>]*action="([^"]*)"/.exec(page)?.[1] ?? ''), response.url).href, fields: Object.fromEntries(fields) };
}
const send = ({ action, fields }: Form, options: RequestInit = {}): Promise<Response> => fetch(action, { method: 'POST', body: new URLSearchParams(fields), ...options });

/** Starts the setup; `visit` gets the printed address in place of a person. */
function setUp(visit: (url: string) => Promise<void>, more: Partial<SetupOptions> = {}, data = newFolder()) {
  let visited: Promise<void> | undefined;
  let printed = '';
  const done = runSetup({
    settings: { data, publicUrl: 'https://ci.example.org/', gheHost: github.host, gheProtocol: 'http' },
    appYml,
    webhookPath: '/api/github/webhooks',
    organization: null,
    name: `Roundhouse ${folders.length}`,
    open: (url) => void (visited = visit(url)),
    stdout: { write: (text: string) => (printed += text) },
    ...more,
  });
  return { data, printed: () => printed, done: done.finally(() => visited) };
}

/** The first pages of the way, up to the address to which GitHub sends the browser back. */
async function agree(url: string): Promise<{ back: string; ours: Form }> {
  const ours = await formOf(await fetch(url));
  const theirs = await formOf(await send(ours));
  const { headers, status } = await send(theirs, { redirect: 'manual' });
  assert.equal(status, 302);
  return { back: headers.get('location')!, ours };
}
const agreeAndReturn = async (url: string): Promise<void> => assert.equal((await fetch((await agree(url)).back)).status, 200);

test('the whole way: the App exists on GitHub, its credentials lie in the data folder, and they work', async () => {
  const { data, printed, done } = setUp(agreeAndReturn);
  const registered = await done;

  assert.equal(statSync(data).mode & 0o777, 0o700);
  for (const name of ['roundhouse.yml', 'github-app.pem', 'github-app.json']) assert.equal(statSync(join(data, name)).mode & 0o777, 0o600, name);
  assert.match(printed(), new RegExp(`ssh -L.*[^]*Install it on repositories: ${registered.installUrl}`));

  const resolved = resolveSettings({}, parse(readFileSync(join(data, 'roundhouse.yml'), 'utf8')), { hostName: 'x', isRoot: true });
  assert.ok('settings' in resolved, JSON.stringify(resolved));
  const app = await readGitHubApp(resolved.settings);
  assert.deepEqual([app?.appId, app?.host, app?.protocol], [registered.appId, github.host, 'http']);
  assert.ok(app!.webhookSecret.length >= 20);
  // Only the right key of a real App gets this far: to "no such installation".
  const repository = { id: 1, owner: 'acme', name: 'app', private: true, defaultBranch: 'main', installationId: 1 };
  await assert.rejects(githubForge(app!).credential(repository), /Not Found/);
});

test('GitHub is told what app.yml asks for, where to send webhooks, and that nobody else may install it', () => {
  const asked = parse(appYml);
  const manifest = manifestOf(appYml, { publicUrl: 'https://ci.example.org/', webhookPath: '/api/github/webhooks', name: 'x'.repeat(50), redirectUrl: 'http://127.0.0.1:1/callback' });
  assert.deepEqual(manifest, {
    name: 'x'.repeat(34),
    url: 'https://ci.example.org',
    hook_attributes: { url: 'https://ci.example.org/api/github/webhooks', active: true },
    redirect_url: 'http://127.0.0.1:1/callback',
    callback_urls: ['https://ci.example.org/login/callback'],
    public: false,
    default_permissions: asked.default_permissions,
    default_events: asked.default_events,
  });
});

test('an organization owns the App', async () => {
  let action = '';
  const { done } = setUp(
    async (url) => {
      const { back, ours } = await agree(url);
      action = ours.action;
      await fetch(back);
    },
    { organization: 'acme' },
  );
  await done;
  assert.equal(new URL(action).pathname, '/organizations/acme/settings/apps/new');
});

test('github.com is where the form goes without a host of our own', async () => {
  const stop = new AbortController();
  let action = '';
  let policy: string | null = null;
  const { done } = setUp(
    async (url) => {
      const response = await fetch(url);
      policy = response.headers.get('content-security-policy');
      ({ action } = await formOf(response));
      stop.abort();
    },
    { settings: { data: newFolder(), publicUrl: 'https://ci.example.org', gheHost: null, gheProtocol: 'https' }, signal: stop.signal },
  );
  await assert.rejects(done, /nothing was stored/);
  assert.match(action, /^https:\/\/github\.com\/settings\/apps\/new\?state=[\w-]{32}$/);
  assert.match(policy ?? '', /form-action https: https:\/\/github\.com; frame-ancestors 'none'/);
});

test('who was not sent by our page is refused, and nothing is stored', async (t) => {
  const stop = new AbortController();
  const { data, done } = setUp(
    async (url) => {
      const { origin } = new URL(url);
      const { back } = await agree(url);
      const right = new URL(back);
      const changed = (change: (query: URLSearchParams) => void): string => {
        const copy = new URL(right);
        change(copy.searchParams);
        return copy.href;
      };
      const status = async (address: string, options: RequestInit = {}): Promise<number> => (await fetch(address, options)).status;
      await t.test('a wrong state', async () => assert.equal(await status(changed((query) => query.set('state', 'x'.repeat(32)))), 403));
      await t.test('no state', async () => assert.equal(await status(changed((query) => query.delete('state'))), 403));
      await t.test('no code', async () => assert.equal(await status(changed((query) => query.delete('code'))), 400));
      await t.test('a code that leads elsewhere', async () => assert.equal(await status(changed((query) => query.set('code', '../../user'))), 400));
      await t.test('the first page under a guessed address', async () => assert.equal(await status(`${origin}/${'x'.repeat(32)}`), 404));
      await t.test('an address that is none', async () => {
        const answer = await new Promise<string>((resolve) => {
          const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`GET // HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`));
          socket.once('data', (data) => (resolve(String(data)), socket.destroy()));
        });
        assert.match(answer, /^HTTP\/1\.1 400 /);
      });
      await t.test('a form sent to us', async () => assert.equal(await status(url, { method: 'POST' }), 405));
      await t.test('a name that points to this machine', async () => assert.equal(await status(url.replace('127.0.0.1', 'localhost')), 421));
      assert.equal(existsSync(data), false);
      stop.abort();
    },
    { signal: stop.signal },
  );
  await assert.rejects(done, /stopped before GitHub answered/);
  assert.equal(existsSync(data), false);
});

test('a code that GitHub does not know ends the setup with a sentence, and nothing is stored', async () => {
  const { data, done } = setUp(async (url) => {
    const { back } = await agree(url);
    const address = new URL(back);
    address.searchParams.set('code', 'f'.repeat(40));
    assert.equal((await fetch(address)).status, 502);
  });
  await assert.rejects(done, /did not exchange the code.*Run the setup again/);
  assert.equal(existsSync(data), false);
});

test('the way works once', async () => {
  const answers: number[] = [];
  const { done } = setUp(async (url) => {
    const { back } = await agree(url);
    answers.push(...(await Promise.all([fetch(back), fetch(back)])).map(({ status }) => status));
  });
  await done;
  assert.deepEqual(answers.sort(), [200, 403]);
});

test('other settings and their comments stay; an App that is there is not replaced unasked', async () => {
  const data = newFolder();
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'roundhouse.yml'), '# our house\nport: 8080 # behind nginx\n', { mode: 0o644 });
  await setUp(agreeAndReturn, {}, data).done;
  const text = readFileSync(join(data, 'roundhouse.yml'), 'utf8');
  assert.match(text, /^# our house\nport: 8080 # behind nginx\nappId: \d+\n/);
  assert.equal(statSync(join(data, 'roundhouse.yml')).mode & 0o777, 0o600);

  await assert.rejects(setUp(agreeAndReturn, {}, data).done, /is set up already.*--replace/);
  assert.equal(readFileSync(join(data, 'roundhouse.yml'), 'utf8'), text);
  await setUp(agreeAndReturn, { replace: true, name: 'Another one' }, data).done;
  assert.notEqual(parse(readFileSync(join(data, 'roundhouse.yml'), 'utf8')).appId, parse(text).appId);
});

test('when the credentials cannot be stored the person hears what to do with the App', async () => {
  const data = newFolder();
  const { done } = setUp(
    async (url) => {
      const { back } = await agree(url);
      writeFileSync(data, 'in the way');
      assert.equal((await fetch(back)).status, 502);
    },
    {},
    data,
  );
  await assert.rejects(done, /could not be stored in .*Delete it at http/);
});

test('settings that cannot be read are not overwritten', async () => {
  const data = newFolder();
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'roundhouse.yml'), 'port: [\n');
  await assert.rejects(setUp(agreeAndReturn, {}, data).done, /roundhouse\.yml cannot be read/);
});

test('a machine without a browser says so and waits', async () => {
  const stop = new AbortController();
  const { printed, done } = setUp(async () => {}, {
    signal: stop.signal,
    open: () => {
      setTimeout(() => stop.abort(), 50);
      throw new Error('xdg-open: not found');
    },
  });
  await assert.rejects(done, /was stopped/);
  assert.match(printed(), /No browser could be opened/);
});
