// What does git in a sandbox get of repositories besides the pipeline's own? The checkout's own script, a builder's own mirrors.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { checkoutScript } from '../../activities/builder/checkout.ts';
import { nothingGiven } from '../../activities/builder/environment.ts';
import { Mirrors } from '../../activities/builder/mirror.ts';
import { stepSpec } from '../../activities/builder/step-spec.ts';
import { serveMirror } from '../../activities/builder/upload-pack.ts';
import type { StepSpec } from '../../sandbox-agent/protocol.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import { checkoutStep, planJob } from '../config-schema/plan-parts.ts';
import type { TestAgent } from './agent.ts';
import { run, spec, startAgent } from './agent.ts';

const identity = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' };

type Scene = {
  agent: TestAgent;
  /** The last commit of acme/shop, which has three submodules at first commits of acme/lib. */
  sha: string;
  /** A step of the user's, in the job's folder. */
  step(script: string): Promise<{ output: string; exitCode: number | null }>;
};

/** acme/shop is checked out; its step names acme/lib and Acme/Tools-2. acme/library and acme/other are there too. */
async function openScene(t: TestContext, repositories = ['acme/lib', 'Acme/Tools-2', 'acme/lib2']): Promise<Scene> {
  const agent = await startAgent(t);
  const git = (folder: string, ...args: string[]): string => execFileSync('git', ['-C', folder, '-c', 'protocol.file.allow=always', ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...identity }, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const commits: Record<string, [string, string]> = {};
  const make = (name: string): string => {
    const folder = `${agent.root}/forge/${name}`;
    mkdirSync(folder, { recursive: true });
    git(folder, 'init', '-q', '-b', 'trunk');
    const commit = (): string => (git(folder, 'commit', '-q', '--allow-empty', '-m', `of ${name}`), git(folder, 'rev-parse', 'HEAD'));
    commits[name] = [commit(), commit()];
    return folder;
  };
  const [shop = ''] = ['acme/shop', 'acme/lib', 'acme/lib2', 'acme/tools-2', 'acme/other'].map(make);
  const submodules = ['git@github.com:acme/lib.git', '../lib.git', 'https://github.com/acme/lib'];
  for (const [index, url] of submodules.entries()) {
    git(shop, 'config', '-f', '.gitmodules', `submodule.${index}.path`, `sub/${index}`);
    git(shop, 'config', '-f', '.gitmodules', `submodule.${index}.url`, url);
    git(shop, 'update-index', '--add', '--cacheinfo', `160000,${commits['acme/lib']?.[0]},sub/${index}`);
  }
  git(shop, 'add', '.gitmodules');
  git(shop, 'commit', '-q', '-m', 'submodules');
  const sha = git(shop, 'rev-parse', 'HEAD');

  const mirrors = new Mirrors(`${agent.root}/mirrors`);
  const own = await mirrors.open(1, 'T2');
  await mirrors.fetch(own, { sha, ref: 'refs/heads/trunk' }, { url: shop, authorization: null });
  const further: Record<string, string> = {};
  for (const [index, name] of ['acme/lib', 'acme/lib2', 'acme/tools-2'].entries()) {
    further[name] = await mirrors.openFurther(index + 2, 'T2');
    await mirrors.fetchAll(further[name], { url: `${agent.root}/forge/${name}`, authorization: null });
  }
  await agent.client.serveGit((repository) => serveMirror(repository, { own, further }));

  const place = {
    trigger: {
      event: 'push' as const, deliveryId: 'd', receivedAt: '2026-01-01T00:00:00Z',
      repository: { id: 1, owner: 'acme', name: 'shop', private: true, defaultBranch: 'trunk', installationId: 1 },
      ref: 'refs/heads/trunk', before: '0'.repeat(40), sha, sender: { id: 1, login: 'ada' }, commit: { subject: '', authorLogin: null }, pullRequest: null,
    },
    pipeline: 1, workflow: 'ci', job: planJob(), jobName: 'test', slice: 0, sliceTotal: 1, publicUrl: '', repositoryUrl: 'https://github.com/acme/shop', pullRequestUrls: [],
  };
  // This agent runs on the host: its folders lie elsewhere.
  const here = { ROUNDHOUSE_GIT_SOCKET: agent.root + paths.gitSocket, GIT_CONFIG_NOSYSTEM: '1', ...identity };
  const checkout: StepSpec = stepSpec(place, 0, { ...checkoutStep, repositories }, nothingGiven);
  assert.equal(checkout.argv.at(-1), checkoutScript);
  for (const index of [0, 1]) {
    const { output, ended } = await run(agent.client, { ...checkout, index, env: { ...checkout.env, ...here, RH_MIRROR: `${own}/objects`, GIT_SSH_COMMAND: `${agent.folder}/git-connect` } });
    assert.equal(ended.exitCode, 0, output);
  }
  let index = 2;
  return {
    agent,
    sha,
    async step(script) {
      // Nobody is asked, and no real host is reached.
      const env = { ...here, GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'echo real ssh >&2; false', https_proxy: 'http://127.0.0.1:1' };
      const { output, ended } = await run(agent.client, spec(index++, script, { env, cwd: '~/project' }));
      return { output, exitCode: ended.exitCode };
    },
  };
}

suite('further repositories', { concurrency: true }, () => {
  test('are cloned by each of their addresses, in later steps', async (t) => {
    const { step } = await openScene(t);
    const addresses: [string, string][] = [
      ['git@github.com:acme/lib.git', 'acme/lib'],
      ['git@github.com:acme/lib', 'acme/lib'],
      ['https://github.com/acme/lib.git', 'acme/lib'],
      ['https://github.com/acme/lib', 'acme/lib'],
      ['https://github.com/acme/lib/', 'acme/lib'],
      ['ssh://git@github.com/acme/lib.git', 'acme/lib'],
      ['ssh://git@github.com/acme/lib', 'acme/lib'],
      // Begins like another that is named too.
      ['https://github.com/acme/lib2', 'acme/lib2'],
      ['git@github.com:acme/lib2.git', 'acme/lib2'],
      // As the config writes it; the builder knows it by its name on the forge.
      ['git@github.com:Acme/Tools-2.git', 'acme/tools-2'],
    ];
    for (const [index, [address, name]] of addresses.entries()) {
      const { output, exitCode } = await step(`git clone -q '${address}' /$PWD/../${index} && git -C ../${index} log -1 --format='%D %s'`);
      assert.equal(exitCode, 0, `${address}: ${output}`);
      assert.equal(output, `HEAD -> trunk, origin/trunk, origin/HEAD of ${name}\n`, address);
    }
  });

  test('are submodules, at commits that no branch ends with, by addresses of any kind', async (t) => {
    const { step } = await openScene(t);
    const { output, exitCode } = await step('git submodule update -q --init --depth 1 --jobs 3 && git submodule status');
    assert.equal(exitCode, 0, output);
    assert.match(output, /^ \w{40} sub\/0[^]*^ \w{40} sub\/1[^]*^ \w{40} sub\/2/m);
  });

  test('that the checkout does not name are refused, in git’s terms', async (t) => {
    const { step } = await openScene(t);
    const { output, exitCode } = await step('git ls-remote git://roundhouse/acme/other');
    assert.equal(exitCode, 128);
    assert.match(output, /^fatal: remote error: repository acme\/other is not named by `repositories` of the checkout step\. Name it there/m);
    assert.match((await step('git push -q git://roundhouse/acme/lib HEAD:refs/heads/x')).output, /^fatal: remote error: a sandbox can fetch only$/m);
  });

  test('leave the addresses of all others as they are, also of those whose names begin like theirs, and every push', async (t) => {
    const { step } = await openScene(t);
    for (const address of ['https://github.com/acme/library', 'https://github.com/acme/lib-x.git', 'https://github.com/acme/lib.github.io', 'git@github.com:acme/lib.gitignore.git', 'git@github.com:acme/Tools-22', 'https://github.com/acme/other']) {
      assert.equal((await step(`git ls-remote --get-url '${address}'`)).output, `${address}\n`);
    }
    assert.match((await step('git ls-remote git@github.com:acme/lib3.git')).output, /^real ssh$/m);
    assert.match((await step('git push -q git@github.com:acme/lib.git HEAD:refs/heads/x')).output, /^real ssh$/m);
  });

  test('write no more at a second checkout, and nothing where there are none', async (t) => {
    const [some, none] = await Promise.all([openScene(t), openScene(t, [])]);
    // openScene checks out twice.
    assert.equal(readFileSync(`${some.agent.root}/home/.gitconfig`, 'utf8'), `[include]\n\tpath = ${some.agent.root}/home/.gitconfig-roundhouse\n`);
    assert.equal((await none.step('git config --global --list; ls -a ~')).output, `fatal: unable to read config file '${none.agent.root}/home/.gitconfig': No such file or directory\n.\n..\nproject\n`);
  });
});
