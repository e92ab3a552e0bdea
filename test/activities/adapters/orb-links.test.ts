// Do all places of orbs answer alike, and what do they say when they cannot?

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { githubForge } from '../../../activities/adapters/github.ts';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { localForge } from '../../../activities/adapters/local-forge.ts';
import { orbAddresses } from '../../../activities/adapters/orb-address.ts';
import { orbFolder } from '../../../activities/adapters/orb-folder.ts';
import { orbMirror } from '../../../activities/adapters/orb-mirror.ts';
import { orbRegistry } from '../../../activities/adapters/orb-registry.ts';
import { resolveOrbs } from '../../../activities/adapters/orbs.ts';
import { cachedOrbs } from '../../../activities/control/orb-cache.ts';
import { vendoredOrbs } from '../../../activities/control/orb-files.ts';
import { OrbsUnavailable, type OrbLink } from '../../../activities/control/orbs.ts';
import { fits, readOrbReference, type OrbReference, type RegistryOrb } from '../../../config-schema/orb-reference.ts';
import { orbLinkContract } from '../../contracts/orb-link.ts';
import { memoryForge } from '../../fakes/forge.ts';
import { openGitHub } from '../../adapters/github/open.ts';
import { startOrbRegistry } from '../../fakes/orb-registry.ts';

const repository = { id: 1, owner: 'o', name: 'r', private: true, defaultBranch: 'main', installationId: null };
const fresh = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'orbs-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
};
const reference = (text: string): OrbReference => {
  const read = readOrbReference(text);
  assert.ok(!('problem' in read), JSON.stringify(read));
  return read;
};
const unavailable = (words: RegExp) => (error: unknown) => error instanceof OrbsUnavailable && words.test(error.message);

orbLinkContract('a folder', (folder) => Promise.resolve({ link: orbFolder(folder) }));

orbLinkContract('a mirror over HTTP', async (folder) => {
  const server = await startOrbRegistry(folder);
  return { link: orbMirror(server.mirror), close: () => server.close() };
});

orbLinkContract('the registry', async (folder) => {
  const server = await startOrbRegistry(folder);
  return { link: orbRegistry(server.graphql), close: () => server.close() };
});

orbLinkContract('the registry behind its cache', async (folder) => {
  const server = await startOrbRegistry(folder);
  return { link: cachedOrbs(orbRegistry(server.graphql), fileStore(join(folder, '.store'))), close: () => server.close() };
});

orbLinkContract('a repository', async (folder) => {
  const forge = memoryForge();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    forge.files.set(`.circle/orbs${path.slice(folder.length)}`, await readFile(path, 'utf8'));
  }
  return { link: vendoredOrbs(forge, repository, 'a'.repeat(40)) };
});

orbLinkContract('a repository on GitHub', async (folder) => {
  const opened = await openGitHub();
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const { sha } = await opened.push(Object.fromEntries(await Promise.all(files.map(async (path) => [`.circle/orbs${path.slice(folder.length)}`, await readFile(path, 'utf8')] as const))));
  const close = async (): Promise<void> => {
    opened.github.assertNoFaults();
    await opened.close();
  };
  return { link: vendoredOrbs(githubForge(opened.settings), opened.repository, sha), close };
});

test('a folder that keeps a file for the partial version itself answers with it, unless a release fits', async (t) => {
  const folder = await fresh(t);
  await mkdir(join(folder, 'a/b'), { recursive: true });
  for (const name of ['10', 'volatile', '9', '9.1.0']) await writeFile(join(folder, `a/b/${name}.yml`), name);
  const version = async (text: string) => ((await orbFolder(folder).find(reference(text))) as { version?: string } | null)?.version;
  assert.deepEqual(await Promise.all(['a/b@10', 'a/b@9', 'a/b@volatile'].map(version)), ['10', '9.1.0', '9.1.0']);
});

test('a label may hold what no file name can', async (t) => {
  const folder = await fresh(t);
  await mkdir(join(folder, 'a/b'), { recursive: true });
  await writeFile(join(folder, 'a/b/dev-feature%2Fx.yml'), 'labelled');
  assert.equal(((await orbFolder(folder).find(reference('a/b@dev:feature/x'))) as { text: string }).text, 'labelled');
});

test('a mirror without a list answers exact versions, and partial ones that are files', async (t) => {
  const url = await serve(t, (request, response) => {
    const known = ['/m/a/b/1.0.0.yml', '/m/a/b/1.yml'].includes(request.url!);
    response.writeHead(known ? 200 : 404).end(known ? request.url : undefined);
  });
  const text = async (wanted: string) => ((await orbMirror(`${url}/m`).find(reference(wanted))) as { text: string } | null)?.text;
  assert.deepEqual([await text('a/b@1.0.0'), await text('a/b@1'), await text('a/b@2')], ['/m/a/b/1.0.0.yml', '/m/a/b/1.yml', undefined]);
});

test('a registry that is down, silent, or talks rubbish is nobody’s mistake: a later try may mend it', async (t) => {
  const server = await startOrbRegistry(await fresh(t));
  t.after(() => server.close());
  const ask = (): Promise<unknown> => orbRegistry(server.graphql, { patienceMs: 200 }).find(reference('a/b@1.0.0'));
  server.behave('down');
  await assert.rejects(ask, unavailable(/status 503/));
  server.behave('rubbish');
  await assert.rejects(ask, unavailable(/not an answer/));
  server.behave('silent');
  await assert.rejects(ask, unavailable(/no answer within 0.2 seconds/));
  await server.close();
  await assert.rejects(ask, unavailable(/ECONNREFUSED|ECONNRESET|closed/));
});

test('what the registry says against a reference is told', async (t) => {
  const url = await serve(t, (_request, response) => response.end(JSON.stringify({ data: { orbVersion: null }, errors: [{ message: 'that is no version of ours' }] })));
  assert.match(((await orbRegistry(url).find(reference('a/b@1.0.0'))) as { problem: string }).problem, /^The registry said: that is no version of ours$/);
});

test('a registry that sends another version than was asked for is not believed', async (t) => {
  const url = await serve(t, (_request, response) => response.end(JSON.stringify({ data: { orbVersion: { version: '../../../x', source: 'x' } } })));
  for (const text of ['a/b@1.0.0', 'a/b@1', 'a/b@volatile']) await assert.rejects(() => orbRegistry(url).find(reference(text)), unavailable(/sent version/));
});

test('an orb without end is cut off', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.on('error', () => undefined);
    const more = (): void => void (response.destroyed || response.write(Buffer.alloc(1024 * 1024), () => setImmediate(more)));
    more();
  });
  await assert.rejects(() => orbMirror(url).find(reference('a/b@1.0.0')), unavailable(/more than 5 MB/));
});

test('an orb may have 5 MB and no more', async (t) => {
  const url = await serve(t, (request, response) => void response.end(Buffer.alloc(5 * 1024 * 1024 + (request.url === '/a/b/2.0.0.yml' ? 1 : 0), 'x')));
  assert.ok(await orbMirror(url).find(reference('a/b@1.0.0')));
  await assert.rejects(() => orbMirror(url).find(reference('a/b@2.0.0')), unavailable(/more than 5 MB/));
});

test('a symbolic link in a repository is no orb', async (t) => {
  const opened = await openGitHub();
  t.after(() => opened.close());
  await opened.push({ '.circle/orbs/a/b/1.0.0.yml': 'real', 'secret.yml': 'linked' });
  await symlink('../../../../secret.yml', join(await opened.git('rev-parse', '--show-toplevel'), '.circle/orbs/a/b/2.0.0.yml'));
  const trigger = await opened.push({});
  assert.equal((await opened.git('ls-tree', '-r', '--name-only', 'HEAD')).split('\n').length, 3);
  for (const forge of [githubForge(opened.settings), localForge({ repositoryFolder: await opened.git('rev-parse', '--show-toplevel'), sha: trigger.sha, configPath: null, onReport: () => undefined })]) {
    const link = vendoredOrbs(forge, opened.repository, trigger.sha);
    assert.equal(await link.find(reference('a/b@2.0.0')), null);
    assert.equal(((await link.find(reference('a/b@volatile'))) as { text: string }).text, 'real');
  }
});

test('orbs by address come from listed hosts alone, however they are asked to go on', async (t) => {
  const asked: string[] = [];
  const url = await serve(t, (request, response) => {
    asked.push(`${request.headers['x-host']}${request.url}`);
    const to = /^\/to\/(.*)$/.exec(request.url!)?.[1];
    if (request.url === '/gone.yml') return response.writeHead(404).end();
    return to === undefined ? response.end('the orb') : response.writeHead(302, { location: decodeURIComponent(to) }).end();
  });
  // Every https host is this server, which hears the name by a header.
  const fetchHere: typeof fetch = (input, init) => {
    const wanted = new URL(input as URL);
    return fetch(`${url}${wanted.pathname}`, { ...init, headers: { 'x-host': wanted.host } });
  };
  const link = orbAddresses(['orbs.example', 'MIRROR.example', '10.0.0.7:8443'], { fetch: fetchHere });
  const find = async (text: string): Promise<string> => {
    const found = await link.find(reference(text));
    return found === null ? 'null' : 'problem' in found ? found.problem : `${found.text} of ${found.version}`;
  };
  const to = (where: string): string => `https://orbs.example/to/${encodeURIComponent(where)}`;
  assert.equal(await find('https://orbs.example/a.yml'), 'the orb of https://orbs.example/a.yml');
  assert.equal(await find('https://10.0.0.7:8443/a.yml'), 'the orb of https://10.0.0.7:8443/a.yml');
  assert.match(await find(to('https://mirror.example/b.yml')), /^the orb of https:\/\/orbs/);
  assert.match(await find('https://orbs.example/gone.yml'), /orbs\.example has nothing there\. Check the address/);
  const before = asked.length;
  for (const refused of ['https://evil.example/a.yml', 'https://orbs.example.evil.example/a.yml', 'https://127.0.0.1/a.yml', 'https://orbs.example:8443/a.yml']) {
    assert.match(await find(refused), /^Orbs may not come from .*\. Ask the operator to add .* to orbHosts .*ROUNDHOUSE_ORB_HOSTS/, refused);
  }
  assert.equal(asked.length, before, 'nobody was asked');
  for (const elsewhere of ['https://evil.example/', 'http://orbs.example/plain', 'http://169.254.169.254/latest', 'file:///etc/passwd', '//localhost/x']) {
    assert.match(await find(to(elsewhere)), /leads on to .*, where orbs may not come from/, elsewhere);
  }
  assert.equal(asked.filter((each) => !each.startsWith('orbs.example/to/')).length, before - 1, 'and nobody behind a redirect');
  assert.match(await find(to(to('https://orbs.example/x').replace('https://orbs.example', ''))), /^the orb/);
});

test('an address that is no https, or that holds a password, is refused before anything is asked', () => {
  for (const [text, words] of [['http://orbs.example/a.yml', /not an https:\/\/ address/], ['file:///etc/passwd', /not an https/], ['https://u:p@orbs.example/a.yml', /must not hold a name or a password/]] as const) {
    const read = readOrbReference(text);
    assert.match('problem' in read ? read.problem : '', words);
  }
});

test('vendored orbs come before the mirror, the mirror before the registry; air-gapped, the registry is never asked', async (t) => {
  const folder = await fresh(t);
  for (const [place, orb] of [['vendored', 'one'], ['mirror', 'one'], ['mirror', 'two'], ['registry', 'one'], ['registry', 'two'], ['registry', 'three']] as const) {
    await mkdir(join(folder, place, 'a', orb), { recursive: true });
    await writeFile(join(folder, place, 'a', orb, '1.0.0.yml'), place);
  }
  const server = await startOrbRegistry(join(folder, 'registry'));
  t.after(() => server.close());
  const settings = { orbMirror: join(folder, 'mirror'), orbRegistry: server.graphql, orbHosts: [], airGapped: false };
  const nearest = [orbFolder(join(folder, 'vendored'), '.circle/orbs')];
  const resolve = resolveOrbs(settings, fileStore(join(folder, 'store')), nearest);
  const said = async (found: ReturnType<typeof resolve>) => Object.values(await found).join(' ');
  assert.match(await said(resolve('a/one@1')), /vendored/);
  assert.match(await said(resolve('a/two@1')), /mirror/);
  assert.match(await said(resolve('a/three@1')), /registry/);
  assert.deepEqual(server.asked, ['a/three@1']);
  assert.equal(
    await said(resolve('a/four@99.99.99')),
    `Looked in: .circle/orbs, the mirror ${folder}/mirror, the registry ${server.graphql}. Or lay its source into the repository: .circle/orbs/a/four/VERSION.yml, which \`roundhouse orbs vendor\` does where the registry can be reached.`,
  );
  const count = server.asked.length;
  const alone = resolveOrbs({ ...settings, airGapped: true }, fileStore(join(folder, 'other')), nearest);
  assert.match(await said(alone('a/three@1')), /Looked in: \.circle\/orbs, the mirror [^,]*mirror\. The public registry was not asked: airGapped is set\./);
  assert.equal(server.asked.length, count);
});

const shared = join(import.meta.dirname, '../../../../shared/orbs');

test('real orbs: the registry, a mirror and a folder resolve the references of real configs alike', { skip: existsSync(shared) ? false : 'no ../shared/orbs beside the project' }, async (t) => {
  const rows = readFileSync(join(shared, 'INDEX.tsv'), 'utf8').split('\n').slice(1).map((line) => line.split('\t'));
  const server = await startOrbRegistry(shared);
  t.after(() => server.close());
  const links: OrbLink[] = [orbFolder(shared), orbMirror(server.mirror), orbRegistry(server.graphql)];
  let looked = 0;
  for (const [text = '', resolved = '', , , , , , , , file = ''] of rows) {
    // `10.yml` and the like stand for a partial version: a registry has no such thing.
    if (!/^[\w-]+\/[\w-]+@[\w.]+$/.test(text) || !/^\d+\.\d+\.\d+$/.test(resolved) || file === '') continue;
    looked++;
    const found = await Promise.all(links.map(async (link) => (await link.find(reference(text))) as { version: string; sha256: string } | null));
    // The index names a version that fits; the folder may hold a higher one by now.
    assert.ok(found[0] && (text.endsWith(`@${resolved}`) ? found[0].version === resolved : fits((reference(text) as RegistryOrb).wanted, found[0].version)), `${text}: ${found[0]?.version}`);
    assert.deepEqual(new Set(found.map((each) => each && `${each.version} ${each.sha256}`)).size, 1, text);
  }
  assert.ok(looked > 150, `only ${looked} references were looked at`);
});

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
