// Does nobody see or change on the page what GitHub does not let them see or change?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { artifactFileKey, artifactIndexKey, artifactsKey } from '../../config-schema/artifact.ts';
import { behindTheDoor, type Answer, type Browser, type DoorScene } from '../app/page/door-scene.ts';
import { jobUrl, stepUrl } from '../app/page/scene.ts';

const session = '__Host-roundhouse_session';
const setCookies = (answer: Answer): string[] => answer.headers['set-cookie'] ?? [];
const isSignedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/-/account')).status === 200;

/** A log that is being written, and an artifact that is a page. */
async function withBytes(scene: DoorScene): Promise<void> {
  const { page } = scene;
  await (await page.begin(0)).append(Buffer.from('a private line\n'));
  const key = artifactsKey({ repositoryId: 42, pipeline: 7, workflow: 'build', job: 'test / unit', slice: 0 }, page.slice.attempt, 1);
  const files = ['report.html', 'style.css'].map((path, file) => ({ path, file, bytes: 7, sha256: `sha-${file}` }));
  for (const { file } of files) await page.store.put(artifactFileKey(key, file), Buffer.from('private'));
  await page.store.put(artifactIndexKey(key), Buffer.from(JSON.stringify({ version: 1, files })));
  Object.assign(page.slice.steps[1]!, { state: 'ended', result: { name: 'store', outcome: 'passed', exitCode: null, signal: null, durationMs: 1, artifacts: { files: 2, bytes: 14 } } });
}

const pages = ['/acme/rocket', '/acme/rocket/7', jobUrl, stepUrl(0), `${stepUrl(0)}/log.txt`, `${stepUrl(0)}/lines?from=1&lines=10`, `${stepUrl(0)}/search?q=private`, `${jobUrl}/0/artifacts`, `${jobUrl}/0/artifacts?format=json`, `${jobUrl}/0/artifacts/report.html`, `${jobUrl}/0/artifacts/style.css`];

suite('check 29', () => {
  test('check 29: the cookie of a session is out of the reach of scripts, other sites and plain http', async (t) => {
    const scene = await behindTheDoor(t);
    const browser = scene.browser();
    const away = await browser.get('/-/sign-in/github');
    const back = await browser.signIn('ada');
    for (const line of [...setCookies(away), ...setCookies(back)]) assert.match(line, /^__Host-roundhouse_(session|sign_in)=[^;]*; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    const secret = browser.cookies.get(session)!;
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    for await (const { key } of scene.store.list('')) {
      assert.ok(!key.includes(secret), key);
      assert.ok(!Buffer.from((await scene.store.get(key))!).toString().includes(secret), `${key} holds the secret of a session`);
    }
  });

  test('check 29: without https the cookie still is out of the reach of scripts and other sites', async (t) => {
    const scene = await behindTheDoor(t, { publicUrl: 'http://ci.example.org:8080' });
    for (const line of setCookies(await scene.browser().signIn('ada'))) assert.match(line, /^roundhouse_(session|sign_in)_8080=[^;]*; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('check 29: nothing is changed but by the form of one’s own session', async (t) => {
    const scene = await behindTheDoor(t);
    const [ada, eve] = [await scene.signedIn('ada'), await scene.signedIn('eve')];
    const [csrf, hers] = [await ada.csrf(), await eve.csrf()];
    assert.notEqual(csrf, hers);
    const path = '/-/account/sign-out-everywhere';
    const refused = async (form: Record<string, string>, headers: Record<string, string>, sentence: RegExp): Promise<void> => {
      const answer = await ada.post(path, form, headers);
      assert.equal(answer.status, 403);
      assert.match(answer.text, sentence);
      assert.ok(await isSignedIn(ada));
    };
    await refused({}, {}, /page was too old/);
    await refused({ csrf: `${csrf.slice(0, -1)}!` }, {}, /page was too old/);
    await refused({ csrf: hers }, {}, /page was too old/);
    await refused({ csrf }, { origin: 'https://evil.example' }, /another site/);
    await refused({ csrf }, { origin: 'null' }, /another site/);
    await refused({ csrf }, { 'sec-fetch-site': 'cross-site' }, /another site/);
    await refused({ csrf }, { 'sec-fetch-site': 'same-site' }, /another site/);
    for (const method of ['PUT', 'DELETE', 'PATCH']) assert.equal((await ada.send(method, path, { 'x-csrf': csrf })).status, 403);
    // As a browser sends it.
    assert.equal((await ada.post(path, { csrf }, { origin: 'https://ci.example.org', 'sec-fetch-site': 'same-origin' })).status, 303);
    assert.ok(!(await isSignedIn(ada)));
    const late = await ada.post(path, { csrf });
    assert.deepEqual([late.status, /your session is over/.test(late.text)], [403, true]);
    assert.ok(await isSignedIn(eve));
  });

  test('check 29: signing in makes a new session, whatever cookie the browser had', async (t) => {
    const scene = await behindTheDoor(t);
    const ada = scene.browser();
    ada.cookies.set(session, 'A'.repeat(43));
    await ada.signIn('ada');
    const first = ada.cookies.get(session)!;
    assert.notEqual(first, 'A'.repeat(43));
    await ada.signIn('ada');
    assert.notEqual(ada.cookies.get(session), first);
    const thief = scene.browser();
    thief.cookies.set(session, first);
    assert.ok(!(await isSignedIn(thief)), 'the session of before is over');
    // Another host of the domain can set a second cookie of that name.
    assert.equal((await scene.browser({ cookie: `${session}=${ada.cookies.get(session)!}; ${session}=${'A'.repeat(43)}` }).get('/-/account')).status, 302);
  });

  test('check 29: a session that was ended here, elsewhere or by time is over', async (t) => {
    const scene = await behindTheDoor(t);
    const [laptop, phone, office] = [await scene.signedIn('ada'), await scene.signedIn('ada', { 'user-agent': 'Mozilla/5.0 (Android 15) Firefox/140.0' }), await scene.signedIn('ada')];
    const stolen = scene.browser();
    stolen.cookies.set(session, laptop.cookies.get(session)!);
    assert.ok(await isSignedIn(stolen));

    const account = (await laptop.get('/-/account')).text;
    const of = /Firefox on Android.*?name="session" value="([0-9a-f]+)"/s.exec(account)![1]!;
    assert.ok(await isSignedIn(phone));
    await laptop.post('/-/account/sessions/revoke', { csrf: await laptop.csrf(), session: of });
    assert.ok(!(await isSignedIn(phone)));

    await laptop.post('/-/sign-out', { csrf: await laptop.csrf() });
    assert.ok(!(await isSignedIn(stolen)), 'the cookie alone is worth nothing');

    assert.ok(await isSignedIn(office));
    await scene.openAnother().sessions.endAll(({ person }) => person?.login === 'ada');
    scene.pass(11);
    assert.ok(!(await isSignedIn(office)), 'another process has ended it');

    const idle = await scene.signedIn('ada');
    scene.pass(29 * 24 * 3600);
    assert.ok(await isSignedIn(idle));
    scene.pass(31 * 24 * 3600);
    assert.ok(!(await isSignedIn(idle)));
    const busy = await scene.signedIn('ada');
    for (let day = 0; day < 100; day += 20) {
      assert.equal(await isSignedIn(busy), day < 90, `day ${day}`);
      scene.pass(20 * 24 * 3600);
    }
  });

  test('check 29: nobody ends the sessions or tokens of others', async (t) => {
    const scene = await behindTheDoor(t);
    const [ada, eve] = [await scene.signedIn('ada'), await scene.signedIn('eve')];
    const [hers] = (await scene.door.sessions.list()).filter(({ person }) => person?.login === 'ada');
    const token = await scene.door.tokens.make({ person: hers!.person!, name: 'ci', kind: 'read', repository: null, days: 1 });
    const [listed] = await scene.door.tokens.list();
    const csrf = await eve.csrf();
    await eve.post('/-/account/sessions/revoke', { csrf, session: hers!.key });
    await eve.post('/-/account/tokens/revoke', { csrf, token: listed!.key.slice(0, 12) });
    await eve.post('/-/account/sign-out-everywhere', { csrf });
    assert.ok(await isSignedIn(ada));
    assert.ok(await scene.door.tokens.find(token));
  });

  test('check 29: pages, logs and artifacts of a private repository are for those who may read it, for as long as they may', async (t) => {
    const scene = await behindTheDoor(t);
    await withBytes(scene);
    const [ada, eve, nobody] = [await scene.signedIn('ada'), await scene.signedIn('eve'), scene.browser()];
    const missing = await eve.get('/acme/unknown/7');
    assert.equal(missing.status, 404);
    for (const path of pages) {
      assert.equal((await ada.get(path)).status, 200, path);
      const [refused, unknown] = [await eve.get(path), await eve.get(path.replace('rocket', 'unknown'))];
      assert.deepEqual([refused.status, refused.text], [404, missing.text], path);
      assert.deepEqual([unknown.status, unknown.text], [404, missing.text], path);
      assert.deepEqual(Object.keys(refused.headers), Object.keys(unknown.headers));
      for (const asked of [path, path.replace('rocket', 'unknown'), path.replace('acme', 'nobody')]) {
        const answer = await nobody.get(asked);
        assert.deepEqual([answer.status, answer.headers.location, answer.text], [302, `/-/sign-in?to=${encodeURIComponent(asked)}`, ''], asked);
      }
    }
    assert.equal(await ada.live(stepUrl(0)), 'a private line\n');
    for (const other of [eve, nobody]) for (const path of [stepUrl(0), stepUrl(0).replace('rocket', 'unknown')]) assert.equal(await other.live(path), 404);

    scene.github.removeCollaborator('acme/rocket', 'ada');
    scene.pass(59);
    assert.equal((await ada.get('/acme/rocket/7')).status, 200, 'GitHub is asked once a minute');
    scene.pass(2);
    for (const path of pages) assert.deepEqual([(await ada.get(path)).status, (await ada.get(path)).text], [404, (await ada.get('/acme/unknown')).text], path);
    assert.equal(await ada.live(stepUrl(0)), 404);
    scene.github.assertNoFaults();
  });

  test('check 29: a repository that the App lost is shown to nobody but operators', async (t) => {
    const scene = await behindTheDoor(t, { settings: { operators: ['olga'] } });
    const [ada, olga] = [await scene.signedIn('ada'), await scene.signedIn('olga')];
    assert.equal((await ada.get('/acme/rocket/7')).status, 200);
    scene.github.uninstallApp('acme');
    scene.pass(61);
    assert.equal((await ada.get('/acme/rocket/7')).status, 404);
    assert.equal((await olga.get('/acme/rocket/7')).status, 200);
    await scene.github.settled();
  });

  test('check 29: whoever takes a login that was given up gets nothing of the person before', async (t) => {
    const scene = await behindTheDoor(t, { settings: { operators: [] } });
    const ada = await scene.signedIn('ada');
    assert.equal((await ada.get('/acme/rocket/7')).status, 200);
    scene.github.renameUser('ada', 'ada-lovelace');
    scene.github.createUser('ada');
    const taker = await scene.signedIn('ada');
    assert.equal((await taker.get('/acme/rocket/7')).status, 404);
    scene.pass(61);
    assert.equal((await ada.get('/acme/rocket/7')).status, 404, 'GitHub knows somebody else by that login now');
    assert.equal((await (await scene.signedIn('ada-lovelace')).get('/acme/rocket/7')).status, 200);
    // And the person before gets nothing of whoever took it.
    scene.github.removeCollaborator('acme/rocket', 'ada-lovelace');
    scene.github.addCollaborator('acme/rocket', 'ada', 'write');
    scene.pass(61);
    assert.deepEqual([(await ada.get('/acme/rocket/7')).status, (await taker.get('/acme/rocket/7')).status], [404, 200]);
  });

  test('check 29: whoever makes a repository of a name that was given up sees nothing of the one before', async (t) => {
    const scene = await behindTheDoor(t);
    await scene.github.deleteRepository('acme/rocket');
    await scene.github.createRepository({ owner: 'acme', name: 'rocket' });
    scene.github.addCollaborator('acme/rocket', 'eve', 'admin');
    assert.equal((await (await scene.signedIn('eve')).get('/acme/rocket/7')).status, 404);
    await scene.github.settled();
  });

  test('check 29: while GitHub is away the last word holds for five minutes, and a stranger cannot tell what there is', async (t) => {
    const scene = await behindTheDoor(t);
    const [ada, eve] = [await scene.signedIn('ada'), await scene.signedIn('eve')];
    assert.equal((await ada.get('/acme/rocket/7')).status, 200);
    scene.github.inject({ match: /./, status: 502, times: 1000 });
    scene.pass(200);
    assert.equal((await ada.get('/acme/rocket/7')).status, 200);
    scene.pass(200);
    const away = await ada.get('/acme/rocket/7');
    assert.equal(away.status, 503);
    assert.match(away.text, /GitHub does not answer/);
    const [there, not] = [await eve.get('/acme/rocket'), await eve.get('/acme/unknown')];
    assert.deepEqual([there.status, there.text], [not.status, not.text]);
  });

  test('check 29: a sign-in ends in the browser that began it, once, and within ten minutes', async (t) => {
    const scene = await behindTheDoor(t);
    const ada = scene.browser();
    const path = await ada.visitGitHub('ada');
    assert.equal((await scene.browser().get(path)).status, 400, 'another browser');
    for (const wrong of [path.replace(/state=[^&]+/, 'state=wrong'), path.replace(/&?state=[^&]+/, '')]) {
      const before = new Map(ada.cookies);
      assert.equal((await ada.get(wrong)).status, 400);
      for (const [name, value] of before) ada.cookies.set(name, value);
    }
    const forged = scene.browser();
    const [text] = ada.cookies.get('__Host-roundhouse_sign_in')!.split('.');
    forged.cookies.set('__Host-roundhouse_sign_in', `${text}.${'A'.repeat(43)}`);
    assert.equal((await forged.get(path)).status, 400);
    const kept = ada.cookies.get('__Host-roundhouse_sign_in')!;
    assert.equal((await ada.get(path)).status, 302);
    assert.ok(!ada.cookies.has('__Host-roundhouse_sign_in'));
    const again = scene.browser();
    again.cookies.set('__Host-roundhouse_sign_in', kept);
    const replayed = await again.get(path);
    assert.deepEqual([replayed.status, setCookies(replayed).some((line) => line.startsWith(session))], [400, false]);
    const slow = scene.browser();
    const late = await slow.visitGitHub('ada');
    scene.pass(601);
    assert.equal((await slow.get(late)).status, 400);
    // A code of somebody else's sign-in is bound to their verifier.
    const [mine, other] = [scene.browser(), scene.browser()];
    const code = /code=([^&]+)/.exec(await other.visitGitHub('eve'))![1]!;
    assert.equal((await mine.get((await mine.visitGitHub('ada')).replace(/code=[^&]+/, `code=${code}`))).status, 400);
  });

  test('check 29: a sign-in ends at a page of ours', async (t) => {
    const scene = await behindTheDoor(t);
    for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', '\\\\evil.example', '/%0d/..//evil.example', '/..//evil.example', 'javascript:alert(1)', '/x\r\nSet-Cookie: a=b', '/-/sign-in', '/-/sign-out', '']) {
      assert.equal((await scene.browser().signIn('ada', to)).headers.location, '/', to);
    }
    assert.equal((await scene.browser().signIn('ada', '/acme/rocket?q=//x#L7')).headers.location, '/acme/rocket?q=//x#L7');
  });

  test('check 29: a token reads what its person may read, and changes nothing on the page', async (t) => {
    const scene = await behindTheDoor(t);
    await withBytes(scene);
    const ada = await scene.signedIn('ada');
    const csrf = await ada.csrf();
    const make = async (form: Record<string, string>): Promise<string> => {
      const { text, status } = await ada.post('/-/account/tokens', { csrf, name: 'laptop', days: '90', kind: 'read', repository: '', ...form });
      return /<code class="secret">(rh_[\w-]{43})<\/code>/.exec(text)?.[1] ?? `${status} ${/class="reason"[^>]*>([^<]*)/.exec(text)?.[1]}`;
    };
    const token = await make({ name: 'the first' });
    assert.match(token, /^rh_/);
    assert.ok(!(await ada.get('/-/account')).text.includes(token), 'it is shown once');
    const program = (secret: string): Browser => scene.browser({ authorization: `Bearer ${secret}` });
    for (const path of pages) assert.equal((await program(token).get(path)).status, 200, path);
    assert.equal(await program(token).live(stepUrl(0)), 'a private line\n');
    const forWriting = await make({ kind: 'write' });
    for (const secret of [token, forWriting]) for (const path of ['/-/account/tokens', '/-/sign-out', '/acme/rocket/7/cancel']) assert.equal((await program(secret).post(path, { csrf })).status, 403, path);
    assert.equal((await program(token).get('/-/account')).status, 403);
    assert.equal(await scene.door.access.permission({ person: (await scene.door.tokens.list())[0]!.person, who: '', operator: false, csrf: null, local: false, byToken: { onlyRepository: null } }, scene.repository), 'read');

    const narrow = await make({ repository: 'acme/rocket' });
    assert.equal((await program(narrow).get('/acme/rocket/7')).status, 200);
    assert.equal(await make({ repository: 'acme/unbuilt' }), '422 Repository: there is no acme/unbuilt that you may see. Write OWNER/NAME, or nothing for all that you may read.');
    const badge = await make({ repository: 'acme/rocket', kind: 'badge' });
    assert.equal((await program(badge).get('/acme/rocket/7')).status, 403);
    assert.ok(await scene.door.mayShowBadge(badge, scene.repository));
    assert.ok(!(await scene.door.mayShowBadge(badge, { ...scene.repository, id: 43 })));
    assert.ok(!(await scene.door.mayShowBadge(token, scene.repository)));
    assert.equal((await program(`rh_${'A'.repeat(43)}`).get('/acme/rocket/7')).status, 403);

    const first = (await scene.door.tokens.list()).find(({ name }) => name === 'the first')!;
    await ada.post('/-/account/tokens/revoke', { csrf, token: first.key.slice(0, 12) });
    assert.equal((await program(token).get('/acme/rocket/7')).status, 403);
    scene.github.removeCollaborator('acme/rocket', 'ada');
    scene.pass(61);
    assert.equal((await program(narrow).get('/acme/rocket/7')).status, 404);
    assert.ok(!(await scene.door.mayShowBadge(badge, scene.repository)));
    scene.pass(91 * 24 * 3600);
    assert.equal((await program(narrow).get('/acme/rocket/7')).status, 403);
  });

  test('check 29: the ticket of an artifact opens its files for an hour, and no window', async (t) => {
    const scene = await behindTheDoor(t);
    await withBytes(scene);
    const ada = await scene.signedIn('ada');
    const opened = await ada.get(`${jobUrl}/0/artifacts/report.html`, { 'sec-fetch-mode': 'navigate' });
    const address = opened.headers.location!;
    assert.match(address, /\/artifacts\/~[0-9a-z]+\.[0-9a-f]{32}\/report\.html$/);
    const style = address.replace('report.html', 'style.css');
    const nobody = scene.browser();
    assert.equal((await nobody.get(style, { 'sec-fetch-mode': 'no-cors' })).text, 'private');
    for (const headers of [{ 'sec-fetch-mode': 'navigate' }, {}] as Record<string, string>[]) assert.equal((await nobody.get(address, headers)).status, 302);
    assert.equal((await (await scene.signedIn('eve')).get(address, { 'sec-fetch-mode': 'navigate' })).status, 404);
    assert.equal((await ada.get(address, { 'sec-fetch-mode': 'navigate' })).status, 200);
    const other = style.replace('/0/artifacts', '/1/artifacts');
    assert.equal((await nobody.get(other, { 'sec-fetch-mode': 'no-cors' })).status, 302);
    const tampered = style.replace(/~[0-9a-z]+\./, '~zzzzzzz.');
    assert.equal((await nobody.get(tampered, { 'sec-fetch-mode': 'no-cors' })).status, 302);
  });
});
