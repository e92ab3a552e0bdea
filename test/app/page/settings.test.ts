// Settings over HTTP: who sees and changes what.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { linkKey, payloadKey, readLink } from '../../../activities/control/audit-chain.ts';
import { generateKey } from '../../../activities/key-file.ts';
import { hostile, rocket, secret, world, type Name } from './settings-scene.ts';

const forms = (text: string): string[] => [...text.matchAll(/<form[^>]* method="post" action="([^"]*)"/g)].map(([, action]) => action!).filter((action) => action !== '/-/sign-out');
const repositoryPage = '/acme/rocket/-/settings';

test('the list of repositories has what each person may see, and buttons for what they may change', async (t) => {
  const { open } = await world(t);
  const cases: { as: Name; sees: string[]; follows: boolean }[] = [
    { as: 'operator', sees: ['acme/rocket', 'acme/secret-plans', 'bob/spring'], follows: true },
    { as: 'ada', sees: ['acme/rocket', 'bob/spring'], follows: true },
    { as: 'wim', sees: ['acme/rocket', 'bob/spring'], follows: false },
    { as: 'stranger', sees: ['bob/spring'], follows: false },
    { as: 'local', sees: ['acme/rocket', 'acme/secret-plans', 'bob/spring'], follows: false },
  ];
  for (const { as, sees, follows } of cases) {
    const { status, text } = await open(as, '/-/settings');
    assert.equal(status, 200, as);
    assert.deepEqual([...text.matchAll(/<th scope="row">(?:<a href="[^"]*">)?([^<]*)/g)].map(([, name]) => name!.trim()), sees, as);
    assert.equal(forms(text).includes('/-/settings/follow'), follows, as);
    assert.equal(text.includes('href="/-/audit"'), as === 'operator', as);
    assert.deepEqual([text.includes('href="/acme/rocket/-/settings"'), text.includes('href="/bob/spring/-/settings"')], [as !== 'stranger', false], `${as}: what was never built or followed has no page`);
    assert.equal(text.includes('secret-plans'), sees.includes('acme/secret-plans'), as);
  }
  const { status, location } = await open('anonymous', '/-/settings');
  assert.deepEqual([status, location], [302, `/-/sign-in?to=${encodeURIComponent('/-/settings')}`]);
  const searched = await open('operator', '/-/settings?q=SPR');
  assert.ok(searched.text.includes('bob/spring') && !searched.text.includes('acme/rocket'));
});

test('an administrator unfollows and follows, and the log says who', async (t) => {
  const { open, post, events } = await world(t);
  const gone = await post('ada', '/-/settings/unfollow', { repository: 'acme/rocket' });
  assert.deepEqual([gone.status, gone.location], [303, '/-/settings?done=unfollowed']);
  const list = await open('ada', gone.location!);
  assert.match(list.text, /role="status">The repository is not followed any more/);
  assert.match(list.text, /no, unfollowed.*by github:7 ada/s);
  const back = await post('ada', `${repositoryPage}/follow`);
  assert.deepEqual([back.status, back.location], [303, `${repositoryPage}?done=followed#building`]);
  assert.match((await open('wim', repositoryPage)).text, /Built: yes, followed.*by github:7 ada/s);
  const toReaders = (await open('rita', repositoryPage)).text;
  assert.ok(/Built: yes, followed/.test(toReaders) && !toReaders.includes('github:7'), 'who reads only is not told who said so');
  assert.deepEqual(
    (await events()).map(({ who, action, subject, repositoryId, from }) => ({ who, action, subject, repositoryId, from: from.split(' ')[0] })),
    ['repository.unfollowed', 'repository.followed'].map((action) => ({ who: 'github:7 ada', action, subject: 'repository acme/rocket', repositoryId: 42, from: 'page' })),
  );
});

test('an administrator chooses what holds for a repository; others read it', async (t) => {
  const { open, post, events } = await world(t);
  const plain = (text: string): string => text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
  assert.match(plain((await open('rita', repositoryPage)).text), /never of the default branch\. as the installation has it.*Pipelines that run at once: 50\. as the installation has it/);
  const chosen = await post('ada', `${repositoryPage}/choose`, { autoCancel: 'off', forks: '', pipelinesAtOnce: '3' });
  assert.deepEqual([chosen.status, chosen.location], [303, `${repositoryPage}?done=chosen#choices`]);
  const { text } = await open('ada', repositoryPage);
  assert.match(plain(text), /open pipelines: none\. Pull requests of forks are built: never\. as the installation has it Pipelines that run at once: 3\. /);
  assert.match(text, /<option value="off" selected>/);
  assert.deepEqual((await events()).map(({ who, action, details }) => ({ who, action, details })), [{ who: 'github:7 ada', action: 'repository.settings-changed', details: { autoCancel: 'off', forks: null, pipelinesAtOnce: 3 } }]);
  const wrong = await post('ada', `${repositoryPage}/choose`, { pipelinesAtOnce: 'many' });
  assert.deepEqual([wrong.status, /is a whole number, or 0.*value="many"/s.test(wrong.text)], [422, true]);
  assert.ok(!forms((await open('wim', repositoryPage)).text).includes(`${repositoryPage}/choose`));
  assert.match((await post('wim', `${repositoryPage}/choose`, { pipelinesAtOnce: '1' })).text, /Only an administrator of the repository/);
});

test('where only listed repositories are built, one that was never built is followed from the list', async (t) => {
  const { open, post } = await world(t, { follow: 'listed' });
  assert.match((await open('operator', '/-/settings')).text, /bob\/spring.*?no, nobody follows it/s);
  assert.equal((await open('operator', '/bob/spring/-/settings')).status, 404, 'nobody has heard of it');
  assert.equal((await post('operator', '/-/settings/follow', { repository: 'bob/spring' })).status, 303);
  assert.match((await open('operator', '/bob/spring/-/settings')).text, /Built: yes, followed/);
});

test('who may not change is told so, and what they may not see is not there', async (t) => {
  const { post, open, events } = await world(t);
  for (const [as, repository] of [['wim', 'acme/rocket'], ['ada', 'acme/secret-plans'], ['ada', 'acme/nowhere'], ['ada', 'no name']] as const) {
    const { status, text } = await post(as, '/-/settings/unfollow', { repository });
    assert.deepEqual([status, /There is no such repository that you may see/.test(text)], [404, true], `${as} ${repository}`);
  }
  const refused = await post('wim', `${repositoryPage}/set-variable`, { name: 'TOKEN', value: secret });
  assert.match(refused.text, /Only an administrator of the repository/);
  assert.equal(refused.status, 403);
  assert.equal((await post('ada', '/acme/secret-plans/-/settings/unfollow')).status, 404);
  assert.equal((await open('stranger', repositoryPage)).status, 404);
  for (const path of ['/-/settings/contexts', '/-/settings/contexts/acme', '/-/settings/installation', '/-/audit']) {
    for (const as of ['ada', 'local'] as const) assert.equal((await open(as, path)).status, 403, `${as} ${path}`);
    assert.equal((await open('anonymous', path)).status, 302, path);
  }
  for (const path of ['/-/settings/contexts/acme/set', '/-/audit/verify']) assert.equal((await post('ada', path)).status, 403, path);
  assert.deepEqual(await events(), []);
});

test('a form of another site, of an old page or without a session changes nothing', async (t) => {
  const { post, variables, events } = await world(t);
  const fields = { name: 'TOKEN', value: secret };
  for (const [as, csrf] of [['ada', ''], ['ada', 'csrf-of-operator'], ['local', ''], ['anonymous', '']] as const) assert.equal((await post(as, `${repositoryPage}/set-variable`, fields, csrf)).status, 403, as);
  for (const path of ['/-/settings/follow', '/-/settings/contexts/acme/set', '/-/audit/verify']) assert.equal((await post('operator', path, {}, 'wrong')).status, 403, path);
  assert.deepEqual([await variables(), await events()], [{}, []]);
});

test('who reads sees what is built and the badge; administrators see names, and nobody a value', async (t) => {
  const { open, post } = await world(t);
  await post('ada', `${repositoryPage}/set-variable`, { name: 'DB_PASSWORD', value: secret });
  const cases: { as: Name; names: boolean; secrets: boolean; changes: boolean }[] = [
    { as: 'operator', names: true, secrets: true, changes: true },
    { as: 'ada', names: true, secrets: true, changes: true },
    { as: 'wim', names: false, secrets: true, changes: false },
    { as: 'rita', names: false, secrets: false, changes: false },
    { as: 'local', names: false, secrets: false, changes: false },
  ];
  for (const { as, names, secrets, changes } of cases) {
    const { status, text } = await open(as, repositoryPage);
    assert.equal(status, 200, as);
    assert.match(text, /Built: yes/);
    assert.match(text, /\[!\[build\]\(https:\/\/ci\.example\/acme\/rocket\/badge\.svg\?branch=main\)\]\(https:\/\/ci\.example\/acme\/rocket\)/);
    assert.equal(text.includes('DB_PASSWORD'), names, as);
    assert.equal(text.includes('Committed secrets'), secrets, as);
    assert.equal(forms(text).length > 0, changes, as);
  }
});

test('a variable is set and unset; its value is in the vault as it was pasted, and in no answer', async (t) => {
  const { post, open, variables, events, answers } = await world(t);
  const set = await post('ada', `${repositoryPage}/set-variable`, { name: 'KEY', value: `${secret}\r\nsecond line\r\n` });
  assert.deepEqual([set.status, set.location], [303, `${repositoryPage}?done=variable-set#variables`]);
  assert.deepEqual(await variables(), { KEY: `${secret}\nsecond line` });
  assert.match((await open('ada', repositoryPage)).text, /<code>KEY<\/code> <span class="quiet">set .* by github:7 ada/);

  const cases: [string, Record<string, string>, RegExp][] = [
    ['a name that is none', { name: hostile, value: secret }, /name of a variable has letters, digits and _ only/],
    ['no value', { name: 'EMPTY', value: '' }, /The value of EMPTY is empty/],
    ['a null character', { name: 'NULL', value: `${secret}\0` }, /no null character/],
    ['a value that is too long', { name: 'LONG', value: secret.repeat(7000) }, /less than 120 kB/],
  ];
  for (const [title, fields, sentence] of cases) {
    const { status, text } = await post('ada', `${repositoryPage}/set-variable`, fields);
    assert.equal(status, 422, title);
    assert.match(text, sentence, title);
    assert.ok(text.includes(`name="name" value="${fields['name']!.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`), `${title}: the name comes back`);
  }
  assert.equal((await post('ada', `${repositoryPage}/unset-variable`, { name: 'KEY' })).location, `${repositoryPage}?done=variable-unset#variables`);
  assert.match((await post('ada', `${repositoryPage}/unset-variable`, { name: 'KEY' })).text, /acme\/rocket has no variable KEY/);
  assert.deepEqual(await variables(), {});
  assert.deepEqual([...new Set((await events()).map(({ who, action }) => `${who} ${action}`))], ['github:7 ada variable.set', 'github:7 ada variable.unset']);
  assertSafe(answers);
});

test('an ssh key is added by its private part, listed by its fingerprint, and removed', async (t) => {
  const { post, open, sshKeys, answers } = await world(t);
  const { privateKey } = generateKey();
  const body = privateKey.split('\n')[2]!;
  assert.equal((await post('ada', `${repositoryPage}/add-ssh-key`, { host: 'deploy.example.org', key: privateKey.replaceAll('\n', '\r\n') })).location, `${repositoryPage}?done=key-added#ssh-keys`);
  const [kept] = await sshKeys();
  assert.equal(kept!.host, 'deploy.example.org');
  const page = await open('ada', repositoryPage);
  assert.ok(page.text.includes(`${kept!.fingerprint}</code> for deploy.example.org`));

  const { publicKey } = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  for (const [fields, sentence] of [
    [{ host: hostile, key: privateKey }, /is no host name/],
    [{ host: 'a.example', key: secret }, /what came in/],
    [{ host: 'a.example', key: publicKey }, /what came in/],
    [{ host: 'a.example', key: ' ' }, /There was no key/],
    [{ host: 'a.example', key: secret.repeat(4000) }, /too long for a private key/],
  ] as const) {
    const { status, text } = await post('ada', `${repositoryPage}/add-ssh-key`, fields);
    assert.equal(status, 422);
    assert.match(text, sentence);
  }
  assert.equal((await post('ada', `${repositoryPage}/remove-ssh-key`, { fingerprint: kept!.fingerprint })).status, 303);
  assert.deepEqual(await sshKeys(), []);
  assertSafe(answers, [body]);
});

test('the deploy key is shown, made anew in its place, and removed', async (t) => {
  const { post, open, onGitHub } = await world(t);
  assert.match((await open('ada', repositoryPage)).text, /It is made with the next build/);
  await post('ada', `${repositoryPage}/rotate-deploy-key`);
  const [before] = onGitHub;
  await post('ada', `${repositoryPage}/rotate-deploy-key`);
  assert.equal(onGitHub.length, 1);
  assert.notEqual(onGitHub[0]!.publicKey, before!.publicKey);
  assert.match((await open('ada', repositoryPage)).text, /SHA256:[^<]*<\/code>, on GitHub as “Roundhouse at ci\.example”/);
  assert.equal((await post('ada', `${repositoryPage}/remove-deploy-key`)).location, `${repositoryPage}?done=deploy-key-removed#deploy-key`);
  assert.deepEqual(onGitHub, []);
});

test('the key of committed secrets is made when somebody asks for it, made anew, and revoked', async (t) => {
  const { post, open, events } = await world(t);
  assert.match((await open('ada', repositoryPage)).text, /It has no key yet/);
  assert.deepEqual(await events(), [], 'looking makes none');
  await post('ada', `${repositoryPage}/make-secret-key`);
  const fingerprintOn = async (): Promise<string | undefined> => /Fingerprint: <code class="long">([0-9A-F ]+)</.exec((await open('wim', repositoryPage)).text)?.[1];
  const first = await fingerprintOn();
  assert.ok(first);
  assert.match((await open('wim', repositoryPage)).text, /roundhouse secrets set NAME --key https:\/\/ci\.example\/keys\/42\.asc/);
  for (const until of ['', 'soon', '2020-01-01', hostile]) assert.equal((await post('ada', `${repositoryPage}/rotate-secret-key`, { until })).status, 422, until);
  assert.equal((await post('ada', `${repositoryPage}/rotate-secret-key`, { until: '2100-01-31' })).status, 303);
  const second = await fingerprintOn();
  assert.notEqual(second, first);
  assert.equal((await post('ada', `${repositoryPage}/revoke-secret-key`, { key: second! })).status, 303);
  assert.equal(await fingerprintOn(), undefined);
  assert.deepEqual((await events()).map(({ who, action }) => `${who} ${action}`), ['secret-key.made', 'secrets.rotated', 'key.revoked'].map((action) => `github:7 ada ${action}`));
});

test('a name that has passed to another repository changes nothing of that one', async (t) => {
  const { post, open, installed, events } = await world(t);
  installed.splice(0, 1, { ...rocket, id: 99 });
  const { status, text } = await post('ada', `${repositoryPage}/set-variable`, { name: 'TOKEN', value: secret });
  assert.deepEqual([status, /under another name now/.test(text)], [409, true]);
  assert.match((await open('ada', repositoryPage)).text, /The GitHub App is not installed on this repository/);
  assert.deepEqual(await events(), []);
});

test('operators make, fill, restrict and remove contexts of any name', async (t) => {
  const { post, open, contextValues, events, answers } = await world(t);
  const path = '/-/settings/contexts/acme';
  assert.match((await open('operator', '/-/settings/contexts')).text, /href="\/-\/settings\/contexts\/acme"/);
  assert.equal((await open('operator', '/-/settings/contexts?owner=acme')).location, path);
  assert.equal((await post('operator', `${path}/set`, { of: '', context: hostile, name: 'TOKEN', value: secret })).location, `${path}?done=context-set`);
  await post('operator', `${path}/set`, { of: hostile, context: hostile, name: 'OTHER', value: `${secret}-too` });
  assert.deepEqual(await contextValues(hostile), { TOKEN: secret, OTHER: `${secret}-too` });
  const shown = (await open('operator', path)).text;
  assert.match(shown, /<h2>&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;<\/h2>/);
  assert.match(shown, /<code>TOKEN<\/code>.*For every repository|For every repository.*<code>TOKEN<\/code>/s);

  const wanted = { of: hostile, context: hostile, repositories: 'acme/rocket\r\nacme/secret-plans', expression: 'pipeline.git.branch == "<b>"', minTrust: 'T2', teams: 'core, ops' };
  assert.equal((await post('operator', `${path}/restrict`, wanted)).location, `${path}?done=context-restricted`);
  const restricted = (await open('operator', path)).text;
  assert.match(restricted, /For acme\/rocket, acme\/secret-plans; the default branch and protected refs; where <code>pipeline\.git\.branch == &quot;&lt;b&gt;&quot;<\/code>; people of core or ops/);
  assert.match(restricted, /<option value="T2" selected>/);
  for (const [change, sentence] of [
    [{ repositories: 'rocket' }, /rocket is no repository\. Write OWNER\/NAME/],
    [{ repositories: 'bob/spring' }, /bob\/spring does not belong to acme/],
    [{ teams: 'core team/x' }, /team\/x is no short name of a team/],
    [{ expression: 'pipeline.git.branch ==' }, /--expression pipeline\.git\.branch ==/],
  ] as const) {
    const { status, text } = await post('operator', `${path}/restrict`, { ...wanted, ...change });
    assert.equal(status, 422);
    assert.match(text, sentence);
    assert.match(text, /<details class="more" open>/, 'the form is open, as it was');
    const [[, value]] = Object.entries(change) as [[string, string]];
    assert.ok(text.includes(value), 'and filled as it was');
  }
  assert.match((await post('operator', `${path}/set`, { of: '', context: '', name: 'X', value: secret })).text, /name of a context has 1 to 100 characters/);
  assert.equal((await post('operator', `${path}/unset`, { context: hostile, name: 'OTHER' })).status, 303);
  assert.equal((await post('operator', `${path}/remove`, { context: hostile })).location, `${path}?done=context-removed`);
  assert.match((await post('operator', `${path}/remove`, { context: 'none' })).text, /there is no context none in acme/);
  assert.match((await open('operator', path)).text, /acme has none yet/);
  assert.deepEqual(await contextValues(hostile), {});
  assert.equal((await open('operator', '/-/settings/contexts/nobody')).status, 404);
  assert.equal((await open('operator', `/-/settings/contexts/${encodeURIComponent(hostile)}`)).status, 404);
  assert.equal((await post('operator', `${path}/toString`, {})).status, 404);
  const noted = await events();
  assert.ok(noted.every(({ who }) => who === 'operator at this machine'));
  assert.deepEqual([...new Set(noted.map(({ action }) => action))], ['context.set', 'context.restricted', 'context.unset', 'context.removed']);
  assert.ok(!JSON.stringify(noted).includes(secret));
  assertSafe(answers);
});

test('a branch of any name goes into the badge without breaking out of it', async (t) => {
  const { open, answers } = await world(t);
  const { text } = await open('rita', `${repositoryPage}?branch=${encodeURIComponent(`a)${hostile}`)}`);
  assert.ok(text.includes('/badge.svg?branch=a%29%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E)](https://ci.example/acme/rocket)'));
  assertSafe(answers);
});

test('the sentence after a change is one of ours, whatever the address says', async (t) => {
  const { open } = await world(t);
  for (const done of [hostile, 'toString', '__proto__', '']) assert.doesNotMatch((await open('operator', `/-/settings?done=${encodeURIComponent(done)}`)).text, /role="status"/);
});

test('the settings of the installation are shown without secrets, and with where they come from', async (t) => {
  const { open } = await world(t);
  const { text } = await open('operator', '/-/settings/installation');
  assert.match(text, /<code>port<\/code>.*?<td><code>3000<\/code><\/td>\s*<td>environment<\/td>/s);
  assert.match(text, /<code>orbMirror<\/code>.*?<td><code>https:\/\/…@mirror\.example\/<\/code><\/td>\s*<td>file or default<\/td>/s);
  assert.match(text, /<code>privateKey<\/code>.*?not shown/s);
  assert.doesNotMatch(text, /pa55/);
  assert.match(text, /Roundhouse 1\.2\.3/);
});

test('the audit log is read newest first, page by page, and searched', async (t) => {
  const { open, append } = await world(t);
  const numbers = Array.from({ length: 60 }, (_, n) => n + 1);
  await Promise.all(numbers.map((n) => append({ who: n % 2 ? 'github:7 ada' : `github:8 ${hostile}`, from: 'page at ::1', action: n % 10 ? 'context.set' : 'key.revoked', subject: `thing ${n}`, repositoryId: n % 3 ? 42 : 43, details: { variable: hostile } })));
  const subjects = (text: string): number[] => [...text.matchAll(/<td>thing (\d+)<\/td>/g)].map(([, n]) => Number(n));
  const all: number[] = [];
  let path: string | undefined = '/-/audit';
  for (let pages = 0; path !== undefined; pages += 1) {
    assert.ok(pages < 2);
    const { text } = await open('operator', path);
    assert.doesNotMatch(text, /<script>alert/);
    all.push(...subjects(text));
    path = /<a href="([^"]*)" rel="next"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
  }
  assert.deepEqual(all, numbers.toReversed());

  const search = async (query: Record<string, string>): Promise<number[]> => subjects((await open('operator', `/-/audit?${new URLSearchParams(query)}`)).text);
  assert.deepEqual(await search({ action: 'key' }), [60, 50, 40, 30, 20, 10]);
  assert.deepEqual((await search({ who: 'ADA' })).slice(0, 3), [59, 57, 55]);
  assert.deepEqual((await search({ repository: 'acme/secret-plans' })).slice(0, 2), [60, 57]);
  assert.deepEqual(await search({ repository: '43', action: 'key.revoked', before: '60' }), [30]);
  assert.match((await open('operator', `/-/audit?repository=${encodeURIComponent(hostile)}`)).text, /There is no repository &quot;&gt;&lt;script&gt;/);
});

test('the whole log is verified, and tampering is said in the verdict and beside the entry', async (t) => {
  const { open, post, append, store } = await world(t);
  for (let n = 1; n <= 3; n += 1) await append({ who: 'operator root', from: 'command line', action: 'context.set', subject: `thing ${n}` });
  assert.match((await post('operator', '/-/audit/verify')).text, /The audit log is whole.*3 entries were read, and each is as it was written/s);
  const { digest } = readLink((await store.get(linkKey(2)))!)!;
  await store.put(payloadKey(digest), Buffer.from('{"who":"nobody"}'));
  const bad = await post('operator', '/-/audit/verify');
  assert.equal(bad.status, 200);
  assert.match(bad.text, /was tampered with.*what entry 2 says was changed/s);
  assert.match((await open('operator', '/-/audit?action=nothing.such')).text, /what entry 2 says was changed/);
});

test('while GitHub is away, what is known is listed, and changes say why they are not done', async (t) => {
  let away = false;
  const { open, post } = await world(t, { isAway: () => away });
  away = true;
  const list = await open('operator', '/-/settings');
  assert.equal(list.status, 200);
  assert.match(list.text, /GitHub could not be reached/);
  assert.match(list.text, /acme\/rocket/);
  for (const [as, path] of [['operator', repositoryPage], ['ada', repositoryPage], ['operator', '/-/settings/contexts/acme']] as const) assert.equal((await open(as, path)).status, 503, `${as} ${path}`);
  assert.equal((await post('operator', '/-/settings/follow', { repository: 'acme/rocket' })).status, 503);
  assert.equal((await post('operator', `${repositoryPage}/set-variable`, { name: 'A', value: secret })).status, 503);
});

/** No markup of others, and no secret, in anything that was ever answered. */
function assertSafe(answers: string[], secrets: string[] = []): void {
  assert.ok(answers.length > 2);
  for (const answer of answers) {
    assert.ok(!answer.includes('<script>alert'), 'a text of others became markup');
    for (const each of [secret, ...secrets]) assert.ok(!answer.includes(each), `a secret came back: ${answer.slice(0, 200)}`);
  }
}
