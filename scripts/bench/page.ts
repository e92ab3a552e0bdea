// How long does the page take to answer, and how many bytes is it, with 10,000 pipelines in the store?

import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileStore } from '../../activities/adapters/file-store.ts';
import { openStepLog } from '../../activities/builder/step-log.ts';
import { logCodec } from '../../activities/log-codec.ts';
import { putJson, type ObjectStore } from '../../activities/object-store.ts';
import { rememberName } from '../../activities/repository-name.ts';
import { knownRepository, readPipeline } from '../../app/builds.ts';
import { inTurn } from '../../app/in-turn.ts';
import { openLists } from '../../app/history/lists.ts';
import { localAccess } from '../../app/page/access/local.ts';
import { createPage } from '../../app/page/page.ts';
import type { PagePorts } from '../../app/page/ports.ts';
import { stepLogKey } from '../../config-schema/address.ts';
import { buildLine, historyKey, summaryKey, type JobView, type PipelineView, type SliceView, type StepView } from '../../config-schema/view.ts';
import { settledSetup } from '../../test/app/page/settled-setup.ts';
import { inPairs, median, percentile, rounded, type Bench } from './bench.ts';

const pipelines = 10_000;
const repositories = 30;
const openOnes = 20;
const secondMs = 1050;
const [workflow, job] = ['build', 'test-0'];

/**
 * Over HTTP in this process, so that our own reading of the answers counts, too; compressed as a browser asks for it. `list after a second` is one
 * that looks into the store for what is new, as the first page of each second does. Open pipelines are made up: Temporal's time is not in it.
 */
export async function benchPage(bench: Bench): Promise<void> {
  const store = fileStore(join(bench.folder, 'page-store'));
  bench.say(`page: a store of ${pipelines} pipelines of ${repositories} repositories …`);
  const shown = await fill(store, bench);
  const server = await serve(bench, store);
  const { number, repository } = shown;
  const home = `/${repository.owner}/${repository.name}`;
  const pages = {
    list: '/',
    'list after a second': '/',
    'filtered list': '/?q=fix+fuse&branch=main&status=failed',
    'list without a match': '/?q=nothing-is-like-this',
    repository: home,
    pipeline: `${home}/${number}`,
    job: `${home}/${number}/${workflow}/${job}`,
  };

  const n = bench.quick ? 20 : 200;
  bench.say(`page: ${n} of each page, each followed by one of a small file …`);
  const times: { page: string; ms: number }[] = [];
  for (const [page, path] of Object.entries(pages)) {
    for (let i = 0; i < 5; i++) await server.get(path);
    const isSlow = page === 'list after a second';
    const ours = async (): Promise<number> => {
      if (isSlow) await sleep(secondMs, undefined, { signal: bench.signal });
      return (await server.get(path)).ms;
    };
    const pairs = await inPairs(bench, isSlow ? n / 10 : n, ours, async () => (await server.get('/static/icon.svg')).ms);
    const ms = rounded(percentile(pairs.map(({ ours }) => ours), 95));
    times.push({ page, ms });
    bench.print({ figure: 'page-p95', page, value: ms, unit: 'ms', n: pairs.length, pipelines, p50: rounded(median(pairs.map(({ ours }) => ours))), overFile: rounded(median(pairs.map(({ ours, baseline }) => ours / baseline)), 2), bytes: (await server.get(path)).bytes });
  }
  const slowest = times.toSorted((a, b) => b.ms - a.ms)[0]!;
  bench.print({ figure: 'page-p95', page: 'worst', value: slowest.ms, unit: 'ms', n, pipelines, is: slowest.page });

  for (const page of ['list', 'pipeline'] as const) {
    const { html, bytes } = await server.get(pages[page]);
    const files = await filesOf(html, async (path) => server.get(path));
    bench.print({ figure: 'page-bytes', page, value: rounded((bytes + files.bytes) / 1000), unit: 'KB', n: 1, pageBytes: bytes, fileBytes: files.bytes, files: files.paths.length });
  }
}

async function fill(store: ObjectStore, { folder, signal }: Bench): Promise<PipelineView> {
  for (let id = 1; id <= repositories; id++) await rememberName(store, { id, owner: 'acme', name: `service-${id}` }, new Date(0).toISOString());
  const views = Array.from({ length: pipelines }, (_, i) => endedView(i));
  await inTurn(views, 32, async (view) => {
    signal.throwIfAborted();
    await putJson(store, historyKey(view.endedAt!, view.repository.id, view.number), buildLine(view));
  });
  const last = views.at(-1)!;
  await putJson(store, summaryKey(last.repository.id, last.number), last);
  for (const [step] of last.workflows[0]!.jobs[0]!.slices[0]!.steps.entries()) {
    const key = stepLogKey({ repositoryId: last.repository.id, pipeline: last.number, workflow, job, slice: 0 }, 1, step);
    const log = await openStepLog({ store, key, file: join(folder, `page-step-${step}.log`), checkFence: () => Promise.resolve() });
    await log.append(Buffer.from(Array.from({ length: 2000 }, (_, line) => `line ${line} of what a compiler says about src/some/module.c\n`).join('')));
    await log.end();
    await log.close();
  }
  return last;
}

const subjects = ['Fix the fuse', 'Make the list live', 'Say why a job waits', 'Bump a dependency from 1.2.3 to 1.2.4', 'Remove what nobody uses any more'];
const people = ['ada', 'grace', 'edsger', 'barbara', 'dependabot[bot]'];

/** One each minute, of 24 jobs of which each fourth has four slices. */
function endedView(i: number): PipelineView {
  const begun = Date.parse('2026-01-01T00:00:00Z') + i * 60_000;
  const at = (seconds: number): string => new Date(begun + seconds * 1000).toISOString();
  const id = (i % repositories) + 1;
  const outcome = i % 7 === 0 ? 'failed' : 'passed';
  const repository = { id, owner: 'acme', name: `service-${id}`, private: true, defaultBranch: 'main', installationId: 1 };
  const step = (name: string): StepView => ({ name, state: 'ended', startedAt: at(5), result: { name, outcome: 'passed', exitCode: 0, signal: null, durationMs: 1234 } });
  const slice = (index: number): SliceView => ({ index, attempt: 1, state: 'ended', outcome, notes: [], builder: 'b1', startedAt: at(4), endedAt: at(90), steps: ['checkout', 'npm ci', 'npm run lint', 'npm test'].map(step) });
  const jobs = Array.from({ length: 24 }, (_, j): JobView => ({ name: `test-${j}`, state: 'ended', outcome, startedAt: at(3), endedAt: at(95), slices: Array.from({ length: j % 4 === 0 ? 4 : 1 }, (_, k) => slice(k)), requires: j < 4 ? [] : [`test-${j % 4}`] }));
  return {
    version: 1,
    repository,
    number: Math.floor(i / repositories) + 1,
    trigger: {
      event: 'push',
      deliveryId: `d${i}`,
      receivedAt: at(0),
      repository,
      ref: `refs/heads/${i % 3 === 0 ? 'main' : `topic-${i % 40}`}`,
      before: '0'.repeat(40),
      sha: (i * 2_654_435_761).toString(16).padStart(40, '7'),
      sender: { id: (i % people.length) + 1, login: people[i % people.length]! },
      commit: { subject: `${subjects[i % subjects.length]} (${i})`, authorLogin: null },
      pullRequest: null,
    },
    trust: 'T2',
    state: 'ended',
    outcome,
    startedAt: at(0),
    endedAt: at(100),
    workflows: [{ name: workflow, outcome, jobs }],
  };
}

type Answer = { ms: number; bytes: number; html: string };

async function serve(bench: Bench, store: ObjectStore): Promise<{ get(path: string): Promise<Answer> }> {
  const { signal } = bench;
  const log = { warn: (fields: object, message: string) => bench.say(`page: ${message} ${JSON.stringify(fields)}`) };
  const open = Array.from({ length: openOnes }, (_, i): PipelineView => ({ ...endedView(pipelines + i), state: 'running', outcome: null, endedAt: null }));
  const nameOf = ({ repository, number }: PipelineView): string => `${repository.id}/${number}`;
  const views = new Map(open.map((view) => [nameOf(view), view]));
  const lists = openLists({
    store,
    log,
    signal,
    listOpen: async () => open.map(({ repository, number }) => ({ repositoryId: repository.id, number })),
    viewOpen: async (repositoryId, number) => views.get(`${repositoryId}/${number}`) ?? null,
  });
  const everything = async (all: { id: number }[]): Promise<Set<number>> => new Set(all.map(({ id }) => id));
  const readAt = performance.now();
  while (!(await lists.pipelines({ words: [] }, { limit: 1, before: null, readable: everything })).complete) await sleep(20, undefined, { signal });
  bench.say(`page: the history was read within ${rounded(performance.now() - readAt, 0)} ms`);

  // What these pages do not ask for is left out.
  const ports: Partial<PagePorts> = {
    lists,
    access: localAccess,
    repository: (owner, name) => knownRepository(store, owner, name),
    pipeline: (owner, name, number) => readPipeline({ store, client: null! }, owner, name, number),
    store,
    codec: logCodec,
    openStream: () => Promise.resolve(null),
    setup: settledSetup,
    log,
  };
  const page = createPage(ports as PagePorts);
  const server = createServer((req, res) => void page.handler(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  bench.atEnd(async () => {
    agent.destroy();
    page.close();
    server.close();
  });

  return {
    async get(path) {
      const began = performance.now();
      let [socket, before] = [null as Socket | null, 0];
      const asked = request({ host: '127.0.0.1', port, path, agent, headers: { host: `localhost:${port}`, 'accept-encoding': 'gzip, deflate, br' } });
      asked.on('socket', (itsSocket) => ([socket, before] = [itsSocket, itsSocket.bytesRead]));
      asked.end();
      const [res] = (await once(asked, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      const [ms, bytes] = [performance.now() - began, socket!.bytesRead - before];
      if (res.statusCode !== 200) throw new Error(`${path} answered ${res.statusCode}`);
      const whole = Buffer.concat(chunks);
      return { ms, bytes, html: res.headers['content-encoding'] === 'gzip' ? await gunzipped(whole) : whole.toString('utf8') };
    },
  };
}

const gunzipped = (bytes: Buffer): Promise<string> => new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();

/** Styles, scripts and what they import, as a browser with an empty cache asks for them. */
async function filesOf(html: string, get: (path: string) => Promise<Answer>): Promise<{ bytes: number; paths: string[] }> {
  const paths = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path!);
  const seen = new Set(paths);
  let bytes = 0;
  for (const path of seen) {
    const answer = await get(path);
    bytes += answer.bytes;
    if (path.endsWith('.js')) for (const [, name] of answer.html.matchAll(/^(?:import|export)\b[^'"]*['"]\.\/([^'"]+)['"]/gm)) seen.add(`/static/${name}`);
  }
  return { bytes, paths: [...seen] };
}
