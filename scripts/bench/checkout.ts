// What does a checkout cost, over unpacking the same files from git by the shortest way?

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clearMachine, machineHost } from '../../activities/adapters/machine.ts';
import { removeTree } from '../../activities/adapters/remove-tree.ts';
import type { StepPlace } from '../../activities/builder/environment.ts';
import { Mirrors } from '../../activities/builder/mirror.ts';
import { plainContainer } from '../../activities/builder/sandbox.ts';
import { stepSpec } from '../../activities/builder/step-spec.ts';
import { serveMirror } from '../../activities/builder/upload-pack.ts';
import { readSettings } from '../../app/read-settings.ts';
import { compileConfig } from '../../config-schema/compile.ts';
import { connectAgent } from '../../sandbox-agent/client.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';
import { image, oneJob } from './one-job.ts';

const run = promisify(execFile);
const commits = 2_000;
const files = 1_500;

/** The checkout step of a job in a new sandbox, from the mirror that the builder has, over `git archive | tar x` on this machine. `coldMs`: the mirror is fetched first. */
export async function benchCheckout(bench: Bench): Promise<void> {
  const repository = join(bench.folder, 'repository');
  bench.say(`checkout: a repository of ${commits} commits and ${files} files …`);
  const sha = await makeRepository(repository);
  const builderState = join(bench.folder, 'checkout');
  const settings = { ...(await readSettings({ ...process.env, ROUNDHOUSE_DATA: join(bench.folder, 'data') })), builderState };
  const { host } = await machineHost(settings);
  bench.atEnd(() => clearMachine(settings));
  const compiled = compileConfig(oneJob('      - checkout'), { path: '.circle.yml' });
  if ('errors' in compiled) throw new Error('the config of the bench does not compile');
  const job = compiled.plan.jobs['job']!;
  const [step] = job.steps;
  const trigger = { event: 'push', deliveryId: 'd', receivedAt: '', repository: { id: 1, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 }, ref: 'refs/heads/main', before: '', sha, sender: { id: 1, login: 'ada' }, commit: { subject: '', authorLogin: null }, pullRequest: null } satisfies StepPlace['trigger'];
  const place: StepPlace = { trigger, pipeline: 1, workflow: 'all', job, jobName: 'job', slice: 0, sliceTotal: 1, publicUrl: '', repositoryUrl: 'https://github.com/acme/shop', pullRequestUrls: [] };
  const limits = { ...settings.classes['medium']!, diskBytes: null };
  const credential = { url: repository, authorization: null };

  const checkout = async (mirrors: Mirrors): Promise<number> => {
    const name = randomBytes(5).toString('hex');
    const mirror = await mirrors.open(1, 'T2');
    const handle = await host.create({ name, primary: plainContainer(image), sidecars: [], nesting: false, trust: 'T2', limits, mirrorObjects: `${mirror}/objects`, cacheFolders: {} });
    const agent = await connectAgent({ socketPath: handle.agentSocket, clientKey: handle.clientKey, hostKey: handle.hostKey });
    try {
      await agent.serveGit((asked) => serveMirror(asked, { own: mirror, further: {} }));
      return await timed(async () => {
        await mirrors.fetch(mirror, trigger, credential);
        await agent.start(stepSpec(place, 0, step!));
        const output: Buffer[] = [];
        const { exitCode } = await agent.attach(0, 0, (bytes) => void output.push(bytes));
        if (exitCode !== 0) throw new Error(`the checkout failed: ${Buffer.concat(output).toString()}`);
      });
    } finally {
      agent.end();
      await host.destroy(name);
    }
  };
  const archive = async (): Promise<number> => {
    const target = join(bench.folder, 'archive');
    await mkdir(target);
    const ms = await timed(async () => {
      const git = spawn('git', ['-C', repository, 'archive', sha], { stdio: ['ignore', 'pipe', 'inherit'] });
      const tar = spawn('tar', ['-x', '-C', target], { stdio: [git.stdout, 'inherit', 'inherit'] });
      await once(tar, 'close');
    });
    await removeTree(target);
    return ms;
  };

  const n = bench.quick ? 3 : 9;
  const coldMs = await checkout(new Mirrors(join(bench.folder, 'cold-mirrors')));
  const mirrors = new Mirrors(join(bench.folder, 'mirrors'));
  await inPairs(bench, 1, () => checkout(mirrors), archive);
  const pairs = await inPairs(bench, n, () => checkout(mirrors), archive);
  bench.print({
    figure: 'checkout',
    value: rounded(median(pairs.map(({ ours, baseline }) => ours / baseline)), 2),
    unit: 'ratio',
    baseline: 'git archive | tar x',
    n,
    ms: rounded(median(pairs.map(({ ours }) => ours))),
    baselineMs: rounded(median(pairs.map(({ baseline }) => baseline))),
    coldMs: rounded(coldMs),
    commits,
    files,
  });
}

/** By git's own import: thousands of commits in a second, each of which changes one file. */
async function makeRepository(folder: string): Promise<string> {
  await run('git', ['init', '-q', '-b', 'main', folder]);
  const git = spawn('git', ['-C', folder, 'fast-import', '--quiet'], { stdio: ['pipe', 'inherit', 'inherit'] });
  const text = (file: number, commit: number): string => `${`line of file ${file}, of commit ${commit}\n`.repeat(60)}${randomBytes(1500).toString('hex')}\n`;
  for (let commit = 0; commit < commits; commit++) {
    git.stdin.write(`commit refs/heads/main\ncommitter a <a@example.com> ${1700000000 + commit} +0000\ndata 2\nx\n`);
    const changed = commit === 0 ? Array.from({ length: files }, (_, file) => file) : [commit % files];
    for (const file of changed) {
      const content = text(file, commit);
      if (!git.stdin.write(`M 644 inline src/${file % 40}/file-${file}.ts\ndata ${Buffer.byteLength(content)}\n${content}\n`)) await once(git.stdin, 'drain');
    }
  }
  git.stdin.end();
  await once(git, 'close');
  return (await run('git', ['-C', folder, 'rev-parse', 'main'])).stdout.trim();
}
