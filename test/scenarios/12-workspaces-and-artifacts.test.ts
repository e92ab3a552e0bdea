// Files that go from job to job and out of the build, from push to check to log to page.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import type { PipelineView } from '../../config-schema/view.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

let lastPush: Promise<unknown> = Promise.resolve();

type Job = { steps: string[]; requires?: string[]; parallelism?: number };

/** Pushes jobs with these steps as workflow `ci`; answers the pipeline when it has ended. */
async function push(jobs: Record<string, Job>, branch: string): Promise<PipelineView & { sha: string }> {
  const bodies = Object.entries(jobs).map(([name, { steps, parallelism = 1 }]) => `  ${name}:\n    docker: [{image: "debian:bookworm"}]\n    resource_class: small\n    parallelism: ${parallelism}\n    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`);
  const places = Object.entries(jobs).map(([name, { requires = [] }]) => `      - ${name}: {requires: [${requires.join(', ')}]}\n`);
  // There is one work tree to push from.
  const pushing = lastPush.then(() => instance.push({ '.circle.yml': `version: 2.1\njobs:\n${bodies.join('')}workflows:\n  ci:\n    jobs:\n${places.join('')}` }, { branch }));
  lastPush = pushing;
  const sha = await pushing;
  return { ...(await instance.ended(sha)), sha };
}

/** How the job ended, with the logs of all its steps (of slice 0). */
async function jobOf(view: PipelineView, name: string): Promise<{ outcome: string | null; log: string }> {
  const job = view.workflows[0]!.jobs.find((each) => each.name === name)!;
  const logs: string[] = [];
  for (const step of job.slices[0]?.steps.keys() ?? []) logs.push(await instance.logOf(view, { job: name, step }));
  return { outcome: job.outcome, log: logs.join('') };
}

const persist = (root: string, ...paths: string[]): string => `persist_to_workspace: {root: ${root}, paths: [${paths.map((path) => `"${path}"`).join(', ')}]}`;
const attach = 'attach_workspace: {at: /ws}';
const show = 'run: cd /ws; for f in $(find . -type f | sort); do echo "$f=$(cat $f)"; done';
const write = (path: string, text: string): string => `run: mkdir -p $(dirname ${path}); echo ${text} >${path}`;

suite('workspaces', { concurrency: 2 }, () => {
  test('two jobs fan in', async () => {
    const view = await push(
      {
        a: { steps: [write('/tmp/out/bin/a', 'from-a'), 'run: chmod 750 /tmp/out/bin/a; ln -s a /tmp/out/bin/link', persist('/tmp/out', 'bin')] },
        b: { steps: [write('dist/b.txt', 'from-b'), write('dist/b.map', 'not-this'), persist('dist', '*.txt')] },
        last: { requires: ['a', 'b'], steps: [attach, show, 'run: stat -c "%a %N" /ws/bin/a /ws/bin/link'] },
      },
      'fan-in',
    );
    const { outcome, log } = await jobOf(view, 'last');
    assert.equal(outcome, 'passed', log);
    assert.match(log, /^Attached 3 files of a, b at \/ws\.\n\.\/b\.txt=from-b\n\.\/bin\/a=from-a\n750 .*\n777 '\/ws\/bin\/link' -> 'a'\n$/);
    assert.match((await jobOf(view, 'b')).log, /Persisted 1 file of dist/);
  });

  test('one file of two jobs side by side fails the job that attaches', async () => {
    const steps = [write('/out/app', 'x'), persist('/out', '.')];
    const view = await push({ a: { steps }, b: { steps }, last: { requires: ['a', 'b'], steps: [attach] } }, 'clash');
    const { outcome, log } = await jobOf(view, 'last');
    assert.equal(outcome, 'failed');
    assert.match(log, /^Concurrent upstream jobs persisted the same file\(s\) into the workspace: app \(a and b\)\./);
    const check = await instance.check(view.sha, 'last');
    assert.match(check.output.title!, /^Attaching workspace: Concurrent upstream jobs persisted the same file/);
  });

  test('paths that match nothing fail the job that persists', async () => {
    const { outcome, log } = await jobOf(await push({ a: { steps: [write('/out/a', 'x'), persist('/out', 'b', '*.none')] } }, 'no-match'), 'a');
    assert.deepEqual([outcome, /^The specified paths did not match any files in \/out\./.test(log)], ['failed', true], log);
  });

  test('each slice adds its files', async () => {
    const view = await push({ many: { parallelism: 2, steps: [write('/out/$CIRCLE_NODE_INDEX', 'slice-$CIRCLE_NODE_INDEX'), persist('/out', '.')] }, last: { requires: ['many'], steps: [attach, show] } }, 'slices');
    assert.match((await jobOf(view, 'last')).log, /\n\.\/0=slice-0\n\.\/1=slice-1\n$/);
  });

  test('a later job overwrites; what is not required is not there; nothing is a notice', async () => {
    const view = await push(
      {
        first: { steps: [attach, write('/out/f', 'first'), persist('/out', '.')] },
        other: { steps: [write('/out/o', 'other'), persist('/out', '.')] },
        second: { requires: ['first'], steps: [attach, write('/ws/f', 'second'), persist('/ws', 'f')] },
        last: { requires: ['second'], steps: [attach, show] },
      },
      'overwrite',
    );
    assert.match((await jobOf(view, 'first')).log, /^No job that this one requires has persisted anything: there is nothing to attach\.\n/);
    assert.match((await jobOf(view, 'last')).log, /^Attached 2 files of first, second at \/ws\.\n\.\/f=second\n$/);
  });
});

suite('artifacts', () => {
  test('of files and folders are on the page, linked from the check; what is no file is said', async () => {
    const view = await push(
      {
        build: {
          steps: [
            write('reports/index.html', '"<h1>Report</h1>"'),
            write('reports/a/b.log', 'hello'),
            write('/tmp/notes.txt', 'notes'),
            'run: ln -s /etc/passwd reports/link; mkfifo reports/fifo',
            'store_artifacts: {path: reports}',
            'store_artifacts: {path: /tmp/notes.txt, destination: notes/first.txt}',
            'store_artifacts: {path: "nothing/*.xml"}',
          ],
        },
      },
      'artifacts',
    );
    const { outcome, log } = await jobOf(view, 'build');
    assert.equal(outcome, 'passed');
    assert.match(log, /1 FIFO was not stored.*\n1 symbolic link was not stored.*\nStored 2 files, 22 bytes\.\nStored 1 file, 6 bytes\.\nThere is nothing at nothing\/\*\.xml: no artifact was stored\. Patterns are not expanded here/);
    const page = `${instance.url}/${instance.repository}/${view.number}/ci/build/0/artifacts`;
    const check = await instance.check(view.sha);
    assert.ok(check.output.summary!.includes(`Artifacts: [3 files](${page})`), check.output.summary!);
    const text = async (url: string): Promise<string> => (await fetch(url)).text();
    const listing = await text(page);
    for (const name of ['notes', 'reports']) assert.match(listing, new RegExp(`/artifacts/${name}">${name}/</a>`));
    assert.equal(await text(`${page}/reports/a/b.log`), 'hello\n');
    const report = await fetch(`${page}/reports/index.html`);
    assert.equal(report.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(report.headers.get('content-security-policy')!, /^sandbox allow-scripts; default-src 'none'/);
    assert.equal(await report.text(), '<h1>Report</h1>\n');
    const list = (await (await fetch(page, { headers: { accept: 'application/json' } })).json()) as { path: string }[];
    assert.deepEqual(list.map(({ path }) => path), ['reports/a/b.log', 'reports/index.html', 'notes/first.txt']);
    const { code, stdout } = await instance.roundhouse('artifacts', `${instance.repository}#${view.number}/ci/build`, '--to', 'copies');
    assert.deepEqual([code, stdout.replace(/ +/g, ' ')], [0, ' 6 reports/a/b.log\n 16 reports/index.html\n 6 notes/first.txt\n']);
    assert.equal(await readFile(join(instance.folder, 'copies/reports/a/b.log'), 'utf8'), 'hello\n');
  });

  test('are stored of a job that failed, each slice its own', async () => {
    const view = await push({ build: { parallelism: 2, steps: [write('out', 'slice-$CIRCLE_NODE_INDEX'), 'run: exit 1', 'store_artifacts: {path: out}'] } }, 'failed');
    assert.equal(view.workflows[0]!.outcome, 'failed');
    for (const slice of [0, 1]) assert.equal(await (await fetch(`${instance.url}/${instance.repository}/${view.number}/ci/build/${slice}/artifacts/out`)).text(), `slice-${slice}\n`);
  });
});
