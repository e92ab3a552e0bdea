// Do people come in by GitHub, see what they may see, and go out again?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Refused } from '../../../app/control/operation.ts';
import { pageOperations, type Ticket } from '../../../app/control/page-operations.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import { tokenOperations } from '../../../app/control/token-operations.ts';
import { GitHubIsAway, nobody, type Access } from '../../../app/page/access/access.ts';
import { readableAmong } from '../../../app/page/access/readable.ts';
import { remembered } from '../../../app/page/access/remembered.ts';
import { behindTheDoor, type DoorScene } from './door-scene.ts';

suite('signing in', () => {
  test('leads from the page that somebody wanted to GitHub and back to that page, and out again', async (t) => {
    const scene = await behindTheDoor(t);
    const browser = scene.browser();
    const asked = await browser.get('/acme/rocket/7?x=1');
    assert.deepEqual([asked.status, asked.headers.location], [302, '/-/sign-in?to=%2Facme%2Frocket%2F7%3Fx%3D1']);
    const page = await browser.get(asked.headers.location!);
    assert.match(page.text, /<a class="action" href="\/-\/sign-in\/github\?to=%2Facme%2Frocket%2F7%3Fx%3D1">Sign in with GitHub<\/a>/);
    const back = await browser.signIn('ada', '/acme/rocket/7?x=1');
    assert.deepEqual([back.status, back.headers.location], [302, '/acme/rocket/7?x=1']);
    assert.equal((await browser.get(asked.headers.location!)).headers.location, '/acme/rocket/7?x=1', 'who is in need not sign in again');
    const seen = await browser.get('/acme/rocket/7');
    assert.equal(seen.status, 200);
    assert.match(seen.text, /<a href="\/-\/account">ada<\/a>/);
    const out = await browser.post('/-/sign-out', { csrf: await browser.csrf() });
    assert.deepEqual([out.status, out.headers.location], [303, '/-/sign-in']);
    assert.equal((await browser.get('/acme/rocket/7')).status, 302);
    assert.deepEqual(scene.entries.map(({ action, who }) => `${action} ${who.replace(/\d+/, 'N')}`), ['page.signed-in github:N ada', 'page.signed-out github:N ada']);
    scene.github.assertNoFaults();
  });

  test('is explained when it fails, with a way back', async (t) => {
    const scene = await behindTheDoor(t);
    const browser = scene.browser();
    const [, state] = /state=([^&]+)/.exec((await browser.get('/-/sign-in/github?to=%2Facme%2Frocket')).headers.location!)!;
    const denied = await browser.get(`/login/callback?error=access_denied&state=${state}`);
    assert.equal(denied.status, 400);
    assert.match(denied.text, /You did not allow GitHub to say who you are.*href="\/-\/sign-in\?to=%2Facme%2Frocket"/s);
    const path = await browser.visitGitHub('ada');
    scene.github.inject({ match: /GET .*\/user$/, status: 502 });
    const away = await browser.get(path);
    assert.equal(away.status, 503);
    assert.match(away.text, /GitHub did not say who you are/);
    await scene.github.settled();
  });
});

suite('what people may do', () => {
  const permissionOf = async (scene: DoorScene, login: string): Promise<string> => {
    const { person } = (await scene.door.sessions.list()).find((session) => session.person?.login === login)!;
    return scene.door.access.permission({ ...nobody, person }, scene.repository);
  };

  test('is what GitHub says: triage is reading, maintaining is writing', async (t) => {
    const scene = await behindTheDoor(t);
    for (const login of ['ada', 'eve', 'olga']) await scene.signedIn(login);
    assert.deepEqual([await permissionOf(scene, 'ada'), await permissionOf(scene, 'eve'), await permissionOf(scene, 'olga')], ['write', 'none', 'admin']);
    for (const [role, permission] of [['triage', 'read'], ['maintain', 'write'], ['read', 'read'], ['admin', 'admin']] as const) {
      scene.github.addCollaborator('acme/rocket', 'eve', role);
      scene.pass(61);
      assert.equal(await permissionOf(scene, 'eve'), permission);
    }
    scene.github.removeCollaborator('acme/rocket', 'eve');
    scene.github.setVisibility('acme/rocket', 'public');
    scene.pass(61);
    assert.equal(await permissionOf(scene, 'eve'), 'read', 'what is public everybody who signs in may read');
    assert.equal(await scene.door.access.permission(nobody, scene.repository), 'none');
  });

  test('is asked once for many pages at the same time', async (t) => {
    const scene = await behindTheDoor(t);
    const ada = await scene.signedIn('ada');
    const asked = (): number => scene.github.requests().filter(({ path }) => path.endsWith('/collaborators/ada/permission')).length;
    await Promise.all(Array.from({ length: 10 }, () => ada.get('/acme/rocket/7')));
    assert.equal(asked(), 1);
    scene.pass(61);
    await ada.get('/acme/rocket/7');
    assert.equal(asked(), 2);
  });

  test('without signing in is to read what is public, where the operator wants that', async (t) => {
    const scene = await behindTheDoor(t, { settings: { anonymousReads: true } });
    const browser = scene.browser();
    assert.equal((await browser.get('/acme/rocket/7')).status, 302);
    scene.github.setVisibility('acme/rocket', 'public');
    scene.pass(61);
    const seen = await browser.get('/acme/rocket/7');
    assert.equal(seen.status, 200);
    assert.match(seen.text, /<a href="\/-\/sign-in">Sign in<\/a>/);
    assert.equal((await browser.post('/acme/rocket/7/cancel', {})).status, 403);
    assert.equal((await browser.get('/-/settings')).status, 302);
  });

  test('ends after many guesses, the same for what there is and what there is not', async (t) => {
    const scene = await behindTheDoor(t);
    const eve = await scene.signedIn('eve');
    for (let guess = 0; guess < 60; guess += 1) assert.equal((await eve.get(`/acme/guess-${guess}`)).status, 404);
    const [there, not] = [await eve.get('/acme/rocket'), await eve.get('/acme/unknown')];
    assert.deepEqual([there.status, there.text], [503, not.text]);
    assert.match(there.text, /Wait a minute/);
  });

  test('of many repositories, those are answered that may be read', async () => {
    let [open, most] = [0, 0];
    const access: Access = {
      viewer: () => Promise.resolve(nobody),
      signInPath: () => null,
      async permission(_viewer, { id }) {
        most = Math.max(most, ++open);
        await new Promise(setImmediate);
        open -= 1;
        if (id % 10 === 7) throw new GitHubIsAway();
        return id % 2 === 0 ? 'read' : 'none';
      },
    };
    const repositories = Array.from({ length: 100 }, (_, id) => ({ id, owner: 'acme', name: `r${id}` }));
    assert.deepEqual((await readableAmong(access, nobody, repositories)).map(({ id }) => id), Array.from({ length: 50 }, (_, half) => half * 2));
    assert.equal(most, 8);
    await assert.rejects(readableAmong(access, nobody, [repositories[7]!, repositories[17]!]), GitHubIsAway);
    assert.deepEqual(await readableAmong(access, nobody, []), []);
  });

  test('an answer is as old as its question', async () => {
    let now = 0;
    const answers = remembered<string>({ freshMs: 60, staleMs: 300, now: () => now });
    const slow = Promise.withResolvers<string>();
    const first = answers.get('a', () => slow.promise);
    now = 50;
    slow.resolve('old');
    assert.equal(await first, 'old');
    now = 61;
    assert.equal(await answers.get('a', () => Promise.resolve('new')), 'new');
    now = 360;
    assert.equal(await answers.get('a', () => Promise.reject(new Error('away'))), 'new');
    now = 361;
    await assert.rejects(answers.get('a', () => Promise.reject(new Error('away'))), /away/);
  });
});

suite('operators', () => {
  const isOperator = async (scene: DoorScene, login: string): Promise<boolean> => /An operator of this installation/.test((await (await scene.signedIn(login)).get('/-/account')).text);

  test('are those that the setting names, by login or by number', async (t) => {
    const scene = await behindTheDoor(t, { settings: { operators: ['ADA'] } });
    assert.deepEqual([await isOperator(scene, 'ada'), await isOperator(scene, 'eve')], [true, false]);
    const { id } = (await scene.door.sessions.list()).find(({ person }) => person?.login === 'eve')!.person!;
    const other = await behindTheDoor(t, { settings: { operators: [String(id)] } });
    assert.deepEqual([await isOperator(other, 'ada'), await isOperator(other, 'eve')], [false, true]);
  });

  test('are the owners of the organization that the App belongs to, for as long as they are', async (t) => {
    const scene = await behindTheDoor(t);
    assert.ok(await isOperator(scene, 'app-owner'));
    scene.github.transferApp('acme');
    scene.pass(16 * 60);
    assert.deepEqual([await isOperator(scene, 'olga'), await isOperator(scene, 'ada'), await isOperator(scene, 'app-owner')], [true, false, false]);
    const olga = await scene.signedIn('olga');
    const [, mayReadAudit] = [scene.pass(20 * 60), (await olga.get('/-/account')).text];
    assert.match(mayReadAudit, /An operator of this installation/, 'it is looked up anew when the last word is too old');
    scene.github.inject({ match: /./, status: 502, times: 1000 });
    scene.pass(14 * 60);
    assert.match((await olga.get('/-/account')).text, /An operator of this installation/);
    scene.pass(2 * 60);
    assert.doesNotMatch((await olga.get('/-/account')).text, /An operator of this installation/, 'GitHub has not said so for a quarter of an hour');
  });
});

suite('the names of the page', () => {
  test('lead to its public address, and another site’s name that points here to nothing', async (t) => {
    const scene = await behindTheDoor(t);
    const ada = await scene.signedIn('ada');
    for (const host of ['localhost:3000', '127.0.0.1:3000', 'evil.example', 'ci.example.org.evil.example', 'ci.example.org:8443', '']) {
      const answer = await scene.browser({ host }).get('/acme/rocket/7?x=1');
      assert.deepEqual([answer.status, answer.headers.location], [307, 'https://ci.example.org/acme/rocket/7?x=1'], host);
      assert.equal((await scene.browser({ host }).post('/-/sign-out', {})).status, 403);
      // Even with the cookie of the public name.
      const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      assert.equal((await scene.browser({ host, cookie }).get('/acme/rocket/7')).status, 307, host);
    }
    for (const host of ['CI.example.org', 'ci.example.org:443']) assert.equal((await scene.browser({ host }).get('/-/sign-in')).status, 200);
    for (const path of ['/static/page.css', '/-/enter/x']) assert.equal((await scene.browser({ host: 'evil.example' }).get(path)).status, 307);
    const blind = await scene.browser({ host: 'localhost:3000', 'x-forwarded-host': 'ci.example.org' }).get('/-/sign-in');
    assert.deepEqual([blind.status, /must pass on the header Host/.test(blind.text)], [403, true], 'no circle');
    // A proxy may stand before it.
    assert.equal((await scene.browser({ 'x-forwarded-for': '192.0.2.1' }).get('/-/sign-in')).status, 200);
  });
});

suite('a one-time address', () => {
  const asker = { who: 'operator root', from: 'command line at here' };
  const ticket = async ({ door }: DoorScene, append = () => Promise.resolve()): Promise<Ticket> => (await runOperation(pageOperations({ door, audit: { append } })['page.ticket']!, {}, asker)) as Ticket;

  for (const [signIn, name] of [[false, 'before there is signing in'], [true, 'beside signing in']] as const) {
    test(`opens the page once to whoever sits at the machine, ${name}`, async (t) => {
      const scene = await behindTheDoor(t, { signIn });
      const { addresses } = await ticket(scene);
      assert.deepEqual(addresses.map((address) => address.replace(/[^/]+$/, '')), ['https://ci.example.org/-/enter/', 'http://127.0.0.1:3000/-/enter/']);
      const path = new URL(addresses[1]!).pathname;
      // A laptop that came through a proxy, and a browser at the machine.
      for (const headers of [{ 'x-forwarded-for': '192.0.2.1' }, { host: '127.0.0.1:3000' }]) {
        const browser = scene.browser(headers);
        for (let look = 0; look < 2; look += 1) assert.match((await browser.get(path)).text, new RegExp(`<form method="post" action="${path}"><button>Come in</button></form>`));
      }
      const browser = scene.browser({ host: '127.0.0.1:3000' });
      assert.equal((await browser.post(path, {}, { origin: 'https://evil.example' })).status, 403);
      assert.equal((await browser.post(path, {})).status, 303);
      assert.deepEqual([...browser.cookies.keys()], ['roundhouse_session_3000']);
      const page = await browser.get('/acme/rocket/7');
      assert.equal(page.status, 200);
      assert.match(page.text, /<span class="quiet">operator<\/span><form class="sign-out"/);
      assert.equal((await scene.browser().post(path, {})).status, 404);
      assert.equal((await scene.browser().get(path)).status, 404);
      assert.match((await browser.get('/-/account')).text, /Operator at this machine/);
      assert.equal((await browser.post('/-/account/tokens', { csrf: await browser.csrf(), name: 'x', days: '1', kind: 'read' })).status, 403);
      scene.pass(12 * 3600 + 1);
      assert.notEqual((await browser.get('/-/account')).status, 200);
      assert.equal(scene.entries.at(-1)?.action, 'page.entered');
    });
  }

  test('is over after a quarter of an hour', async (t) => {
    const scene = await behindTheDoor(t);
    const path = new URL((await ticket(scene)).addresses[0]!).pathname;
    scene.pass(901);
    assert.equal((await scene.browser().post(path, {})).status, 404);
  });

  test('leads to signing out like everybody', async (t) => {
    const scene = await behindTheDoor(t, { signIn: false });
    const browser = scene.browser();
    await browser.post(new URL((await ticket(scene)).addresses[0]!).pathname, {});
    const out = await browser.post('/-/sign-out', { csrf: await browser.csrf() });
    assert.deepEqual([out.status, out.headers.location], [303, '/']);
    assert.equal((await browser.get('/acme/rocket/7')).status, 403);
  });
});

suite('the operator of the machine', () => {
  test('sees who is signed in and which tokens there are, and ends them', async (t) => {
    const scene = await behindTheDoor(t);
    const audited: string[] = [];
    const ports = { door: scene.door, audit: { append: ({ action }: { action: string }) => Promise.resolve(void audited.push(action)) } };
    const known = { ...pageOperations(ports), ...tokenOperations(ports) };
    const ask = async (name: string, input: object = {}): Promise<any> => runOperation(known[name]!, input, { who: 'operator root', from: 'command line at here' });
    const [ada, eve] = [await scene.signedIn('ada', { 'user-agent': 'curl/8' }), await scene.signedIn('eve')];
    assert.deepEqual((await ask('sessions.list')).sessions.map(({ login }: { login: string }) => login).sort(), ['ada', 'eve']);
    assert.equal((await ask('sessions.list')).sessions.find(({ login }: { login: string }) => login === 'ada').browser, 'curl/8');
    assert.deepEqual(await ask('sessions.revoke', { login: 'Ada' }), { ended: 1 });
    assert.deepEqual([(await ada.get('/-/account')).status, (await eve.get('/-/account')).status], [302, 200]);
    await assert.rejects(ask('sessions.revoke', { login: 'ada' }), Refused);
    assert.deepEqual(await ask('sessions.revoke', { login: null }), { ended: 1 });

    const again = await scene.signedIn('ada');
    const made = await again.post('/-/account/tokens', { csrf: await again.csrf(), name: 'ci', days: '7', kind: 'read', repository: '' });
    const token = /(rh_[\w-]{43})/.exec(made.text)![1]!;
    const [listed] = (await ask('tokens.list')).tokens;
    assert.deepEqual([listed.login, listed.name, listed.usedAt, JSON.stringify(listed).includes(token)], ['ada', 'ci', null, false]);
    assert.deepEqual(await ask('tokens.revoke', { id: listed.id }), { name: 'ci', login: 'ada' });
    assert.equal(await scene.door.tokens.find(token), null);
    await assert.rejects(ask('tokens.revoke', { id: listed.id }), Refused);
    assert.deepEqual(audited, ['session.revoked', 'session.revoked', 'token.revoked']);

    await scene.door.tokens.make({ person: (await scene.door.sessions.list())[0]!.person!, name: 'x', kind: 'read', repository: null, days: 1 });
    await scene.door.forget((await scene.door.sessions.list())[0]!.person!.id);
    assert.deepEqual([await scene.door.sessions.list(), await scene.door.tokens.list()], [[], []]);
  });
});
