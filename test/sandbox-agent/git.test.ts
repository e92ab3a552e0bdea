import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gitRequest } from '../../sandbox-agent/git-request.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import type { TestAgent } from './agent.ts';
import { run, spec, startAgent, until } from './agent.ts';

const identity = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' };

function makeRepository(folder: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...identity }, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  execFileSync('mkdir', [folder]);
  git('init', '--quiet', '--bare', '--initial-branch=main');
  // More than a window of ssh: 6 MB that do not compress.
  execFileSync('bash', ['-c', '{ printf "blob\\nmark :1\\ndata 6000000\\n"; head -c 6000000 /dev/urandom; printf "\\ncommit refs/heads/main\\nmark :2\\ncommitter a <a@example.com> 1 +0000\\ndata 2\\nx\\nM 644 :1 file\\n\\n"; } | git fast-import --quiet'], { cwd: folder });
  return git('rev-parse', 'main');
}

/** As a builder serves it. */
function uploadPack(repository: string): () => Duplex {
  return () => {
    const child = spawn('git', ['upload-pack', repository], { env: { ...process.env, GIT_PROTOCOL: 'version=2' }, stdio: ['pipe', 'pipe', 'inherit'] });
    return Duplex.from({ readable: child.stdout, writable: child.stdin });
  };
}

const environment = (agent: TestAgent, variant: string): Record<string, string> => ({
  ...identity,
  GIT_SSH_COMMAND: `${agent.folder}/git-connect`,
  ...(variant && { GIT_SSH_VARIANT: variant }),
  ROUNDHOUSE_GIT_SOCKET: agent.root + paths.gitSocket,
  GIT_TERMINAL_PROMPT: '0',
});

/** As git-connect does. */
function ask(agent: TestAgent, name = 'repository'): Socket {
  const socket = connect(agent.root + paths.gitSocket).on('error', () => {});
  socket.write(gitRequest(`/${name}`));
  return socket;
}

suite('git in a sandbox', { concurrency: true }, () => {
  test('fetches from the repository that the builder serves, however it takes its ssh', async (t) => {
    const agent = await startAgent(t);
    const sha = makeRepository(`${agent.root}/origin.git`);
    await agent.client.serveGit(uploadPack(`${agent.root}/origin.git`));
    for (const [index, variant] of ['simple', 'ssh', ''].entries()) {
      const { output, ended } = await run(
        agent.client,
        spec(index, `git init -q ${index} && cd ${index} && git remote add origin roundhouse:any/name.git && git fetch -q --depth 1 origin ${sha} && git checkout -q FETCH_HEAD && git rev-parse HEAD && wc -c < file`, {
          env: environment(agent, variant),
          cwd: '~',
        }),
      );
      assert.equal(ended.exitCode, 0, output);
      assert.equal(output, `${sha}\n6000000\n`, variant);
    }
  });

  test('cannot push, and is told', async (t) => {
    const agent = await startAgent(t);
    const sha = makeRepository(`${agent.root}/origin.git`);
    await agent.client.serveGit(uploadPack(`${agent.root}/origin.git`));
    const { output, ended } = await run(agent.client, spec(0, `git --git-dir ${agent.root}/origin.git push roundhouse:x ${sha}:refs/heads/other`, { env: environment(agent, 'simple') }));
    assert.equal(ended.exitCode, 128);
    assert.match(output, /a sandbox can fetch only/);
  });

  test('hears at once when nobody serves', async (t) => {
    const agent = await startAgent(t);
    const fetch = (index: number): Promise<{ output: string }> => run(agent.client, spec(index, 'git ls-remote roundhouse:x; echo $?', { env: environment(agent, 'simple') }));
    assert.match((await fetch(0)).output, /no connection to the builder's repository[^]*\n128\n$/);
    const other = await agent.connect();
    await other.serveGit(() => new PassThrough());
    other.end();
    await other.closed;
    assert.match((await fetch(1)).output, /repository does not answer[^]*\n128\n$/);
  });

  test('is served by the builder that asked last and is still there', async (t) => {
    const agent = await startAgent(t);
    const say = (word: string) => (): Duplex => Duplex.from((async function* () { yield word; })());
    const [first, second] = [await agent.connect(), await agent.connect()];
    await first.serveGit(say('first'));
    await second.serveGit(say('second'));
    const hear = (): Promise<string> => text(ask(agent)).catch(() => 'reset');
    assert.equal(await hear(), 'second');
    second.end();
    await second.closed;
    await until('the first serves again', async () => (await hear()) === 'first');
  });
});

suite('a stream of git', { concurrency: true }, () => {
  test('ends one way at a time', async (t) => {
    const agent = await startAgent(t);
    // Answers only when it has heard all.
    await agent.client.serveGit(() => {
      const heard: Buffer[] = [];
      return new Duplex({
        read() {},
        write(bytes: Buffer, _encoding, done) {
          heard.push(bytes);
          // Slower than the sandbox, so that windows fill up.
          setTimeout(done, 1);
        },
        final(done) {
          this.push(`${Buffer.concat(heard).length} bytes`);
          this.push(null);
          done();
        },
      });
    });
    const script = `head -c 5000000 /dev/zero | ${agent.folder}/git-connect host "git-upload-pack 'x'"; echo " $?"`;
    const { output } = await run(agent.client, spec(0, script, { env: environment(agent, '') }));
    assert.equal(output, '5000000 bytes 0\n');
  });

  test('that the builder ends ends in the sandbox, and one that the sandbox leaves ends at the builder', async (t) => {
    const agent = await startAgent(t);
    const streams: PassThrough[] = [];
    await agent.client.serveGit(() => {
      const stream = new PassThrough();
      streams.push(stream);
      return stream;
    });
    const leaving = ask(agent);
    const left = await until('the stream is open', () => streams[0]);
    leaving.destroy();
    await until('the builder has let go', () => left.destroyed);

    const staying = ask(agent);
    (await until('the stream is open', () => streams[1])).destroy();
    const ended = await Promise.race([text(staying).catch(() => 'reset'), sleep(5000, 'never', { ref: false })]);
    assert.notEqual(ended, 'never');
  });

  test('is one of sixteen at most', async (t) => {
    const agent = await startAgent(t);
    let open = 0;
    await agent.client.serveGit(() => {
      open++;
      return new PassThrough();
    });
    const sockets = Array.from({ length: 40 }, () => ask(agent));
    await until('the others were turned away', () => sockets.filter((socket) => socket.resume().readableEnded || socket.destroyed).length === 24);
    await until('the sixteen reached the builder', () => open === 16);
    for (const socket of sockets) socket.destroy();
  });
});

suite('the request of git', { concurrency: true }, () => {
  const told = async (agent: TestAgent, bytes: string | Buffer): Promise<string> => {
    const socket = connect(agent.root + paths.gitSocket).on('error', () => {});
    if (bytes.length > 0) socket.write(bytes);
    return text(socket);
  };

  test('is for one repository, and nothing else is served', async (t) => {
    const agent = await startAgent(t);
    const asked: string[] = [];
    await agent.client.serveGit((repository) => {
      asked.push(repository);
      return repository === 'acme/lib' ? Duplex.from((async function* () { yield 'served'; })()) : null;
    });
    const request = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
    const rows: [string, string | Buffer, RegExp][] = [
      ['by its name', gitRequest('acme/lib'), /^served$/],
      ['with slash and ending', gitRequest('/acme/lib.git'), /^served$/],
      ['as git itself asks', request('git-upload-pack /acme/lib.git\0host=roundhouse\0\0version=2\0'), /^served$/],
      ['another', gitRequest('/acme/other.git'), /^....ERR repository acme\/other is not named by `repositories` of the checkout step/],
      ['with a line break', gitRequest('/acme/other\nERR'), /^....ERR a sandbox can fetch only$/],
      ['with a bell', gitRequest('/acme/\u0007'), /^....ERR repository acme\/\? is not named/],
      ['a push', request('git-receive-pack /acme/lib.git\0host=roundhouse\0'), /^....ERR a sandbox can fetch only$/],
      ['something else', 'GET / HTTP/1.1\r\n\r\n', /^....ERR this is no request for a repository$/],
      ['without end', `ffff${'a'.repeat(5000)}`, /^....ERR this is no request for a repository$/],
      ['half of one', '0040git-upload', /^....ERR the request for a repository did not come$/],
    ];
    await Promise.all(rows.map(async ([name, bytes, answer]) => assert.match(await told(agent, bytes), answer, name)));
    assert.deepEqual(new Set(asked), new Set(['acme/lib', 'acme/other', 'acme/\u0007']));
  });

  test('does not come from an agent of before there were requests: it gets the repository of the pipeline', async (t) => {
    const agent = await startAgent(t);
    await agent.client.serveGit((repository) => Duplex.from((async function* () { yield `served ${repository}`; })()));
    assert.equal(await told(agent, ''), 'served repository');
  });

  test('takes nothing of what follows it', async (t) => {
    const agent = await startAgent(t);
    await agent.client.serveGit(() => new PassThrough());
    const socket = ask(agent);
    const more = Buffer.alloc(100_000, 'more');
    socket.end(more);
    assert.equal(await text(socket), more.toString());
  });
});
