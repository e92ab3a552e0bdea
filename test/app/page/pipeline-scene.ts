// A pipeline as it may stand, and its pages over HTTP: for tests that are not about logs.

import type { TestContext } from 'node:test';
import { atLeast, nobody, type Permission, type Viewer } from '../../../app/page/access/access.ts';
import type { PagePorts } from '../../../app/page/ports.ts';
import { planKey, type SliceKey } from '../../../config-schema/address.ts';
import { artifactFileKey, artifactIndexKey, artifactsKey } from '../../../config-schema/artifact.ts';
import type { TestCase } from '../../../config-schema/junit.ts';
import { compileConfig } from '../../../config-schema/compile.ts';
import { faultyConfigKey } from '../../../config-schema/faulty-config.ts';
import type { Outcome } from '../../../config-schema/outcome.ts';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';
import { testReportKey } from '../../../config-schema/test-report.ts';
import type { JobView, PipelineView, SliceView, State, StepView } from '../../../config-schema/view.ts';
import { setUp } from './scene.ts';

export const repositoryUrl = 'https://github.com/acme/rocket';
const begun = Date.parse('2026-05-04T10:00:00.000Z');
export const at = (seconds: number): string => new Date(begun + seconds * 1000).toISOString();

export function sliceOf(index: number, [queued, started, ended]: [number | null, number | null, number | null], outcome: Outcome | null, steps: [name: string, from: number, seconds: number | null, outcome?: Outcome][] = [], more: Partial<SliceView> = {}): SliceView {
  const state: State = ended !== null ? 'ended' : started !== null ? 'running' : 'waiting';
  return {
    index,
    attempt: 1,
    state,
    outcome,
    notes: [],
    builder: started === null ? null : 'b1',
    resourceClass: 'medium',
    ...(queued !== null && { queuedAt: at(queued) }),
    ...(started !== null && { prepareMs: 1800 }),
    startedAt: started === null ? null : at(started),
    endedAt: ended === null ? null : at(ended),
    steps: steps.map(([name, from, seconds, own = 'passed']): StepView => ({ name, state: seconds === null ? 'running' : 'ended', startedAt: at(from), result: seconds === null ? null : { name, outcome: own, exitCode: own === 'passed' ? 0 : 1, signal: null, durationMs: seconds * 1000 } })),
    ...more,
  };
}

export function jobOf(name: string, requires: string[], slices: SliceView[], outcome: Outcome | null, more: Partial<JobView> = {}): JobView {
  const starts = slices.flatMap(({ startedAt }) => startedAt ?? []).sort();
  const ends = slices.flatMap(({ endedAt }) => endedAt ?? []).sort();
  return { name, requires, state: outcome !== null ? 'ended' : starts.length > 0 ? 'running' : 'waiting', outcome, startedAt: starts[0] ?? null, endedAt: outcome === null ? null : (ends.at(-1) ?? at(0)), slices, ...more };
}

const checkout = 'Checkout code';

/** Of a shop: built, tested in four slices of which one fails, the rest beside it or not run. */
export function failedView(): PipelineView {
  const repository = { id: 42, owner: 'acme', name: 'rocket', private: false, defaultBranch: 'main', installationId: 1 };
  const test = (index: number, seconds: number, outcome: Outcome): SliceView =>
    sliceOf(index, [48, 51 + index, 60 + seconds], outcome, [[checkout, 51 + index, 2], ['Restore cache', 53 + index, 1.5], ['npm test', 55 + index, seconds + 5 - index, outcome], ['Store test results', 60 + seconds, 0.4]]);
  const tests = [test(0, 62, 'passed'), test(1, 81, 'failed'), test(2, 55, 'passed'), test(3, 70, 'passed')];
  for (const [i, slice] of tests.entries()) {
    Object.assign(slice.steps[3]!.result!, { tests: { total: 40 + i, failed: i === 1 ? 2 : 0, skipped: i === 2 ? 3 : 0 } });
    if (i === 1) slice.reason = 'npm test: exit code 1';
  }
  const build = sliceOf(0, [1, 6, 46], 'passed', [[checkout, 6, 4], ['npm ci', 10, 21], ['npm run build', 31, 14], ['Store artifacts', 45, 1]]);
  Object.assign(build.steps[3]!.result!, { artifacts: { files: 2, bytes: 4_200_000 } });
  return {
    version: 1,
    repository,
    number: 7,
    trigger: {
      event: 'push',
      deliveryId: 'd',
      receivedAt: at(0),
      repository,
      ref: 'refs/heads/feature/boosters',
      before: '0'.repeat(40),
      sha: 'abcdef0123456789abcdef0123456789abcdef01',
      sender: { id: 1, login: 'wile' },
      commit: { subject: 'Light the fuse before the anvil falls', authorLogin: 'wile' },
      pullRequest: null,
    },
    trust: 'T1',
    state: 'ended',
    outcome: 'failed',
    startedAt: at(0),
    endedAt: at(162),
    workflows: [
      {
        name: 'ci',
        outcome: 'failed',
        jobs: [
          jobOf('build', [], [build], 'passed'),
          jobOf('lint', [], [sliceOf(0, [1, 5, 33], 'passed', [[checkout, 5, 3], ['npm ci', 8, 15], ['npm run lint', 23, 10]], { resourceClass: 'small' })], 'passed'),
          jobOf('unit tests', ['build'], tests, 'failed', { reason: 'npm test: exit code 1' }),
          jobOf('browser tests', ['build'], [sliceOf(0, [48, 64, 160], 'passed', [[checkout, 64, 3], ['npx playwright test', 67, 93]], { resourceClass: 'large' })], 'passed'),
          jobOf('image', ['build', 'lint'], [sliceOf(0, [48, 52, 90], 'passed', [[checkout, 52, 3], ['docker build', 55, 35]], { resourceClass: 'large' })], 'passed'),
          jobOf('staging', ['unit tests', 'browser tests', 'image'], [sliceOf(0, [null, null, null], null)], 'not-run', { reason: 'requires unit tests, which ended as failed', endedAt: at(141) }),
          jobOf('smoke tests', ['staging'], [sliceOf(0, [null, null, null], null)], 'not-run', { reason: 'requires staging, which ended as not-run', endedAt: at(141) }),
        ],
      },
    ],
  };
}

/** The same while its tests run. */
export function runningView(): PipelineView {
  const view = failedView();
  const [workflow] = view.workflows;
  const jobs = workflow!.jobs;
  Object.assign(view, { state: 'running', outcome: null, endedAt: null });
  workflow!.outcome = null;
  for (const job of jobs.slice(2, 5)) {
    Object.assign(job, { state: 'running', outcome: null, endedAt: null });
    delete job.reason;
    for (const slice of job.slices) {
      Object.assign(slice, { state: 'running', outcome: null, endedAt: null });
      delete slice.reason;
      slice.steps = slice.steps.slice(0, 2);
      Object.assign(slice.steps[1]!, { state: 'running', result: null });
    }
  }
  Object.assign(jobs[3]!, { state: 'waiting', startedAt: null, reason: 'waits for room on a builder of class large' });
  jobs[3]!.slices = [sliceOf(0, [48, null, null], null)];
  for (const job of jobs.slice(5)) {
    Object.assign(job, { state: 'waiting', outcome: null, endedAt: null });
    delete job.reason;
  }
  return view;
}

/** As 0.1.0 wrote its summaries. */
export function oldView(): PipelineView {
  const view = failedView();
  for (const job of view.workflows[0]!.jobs) {
    delete job.requires;
    for (const slice of job.slices) for (const field of ['resourceClass', 'queuedAt', 'prepareMs'] as const) delete slice[field];
  }
  return view;
}

export function configErrorView(): PipelineView {
  return { ...failedView(), trust: null, workflows: [], reason: '.circle.yml: jobs.build.steps: must be a list, is a text. Put a dash before each step.' };
}

/** The commit of a fork, which waits for a maintainer. */
export function forkView(...wouldRun: string[]): PipelineView {
  return { ...runningView(), trust: null, workflows: [], reason: 'waits until a maintainer allows this commit of a fork to run', wouldRun };
}

export const configText = `version: 2.1
jobs:
  build:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - run: npm ci
      - run: npm run build
      - store_artifacts: {path: dist}
  lint:
    docker: [{image: "debian:bookworm"}]
    resource_class: small
    steps: [checkout, {run: npm ci}, {run: npm run lint}]
  test:
    docker: [{image: "debian:bookworm"}]
    parallelism: 4
    steps:
      - checkout
      - restore_cache: {keys: [modules]}
      - run: npm test
      - store_test_results: {path: results}
workflows:
  ci:
    jobs:
      - build
      - lint
      - test: {name: unit tests, requires: [build]}
`;

export type PageScene = {
  url: string;
  view: PipelineView;
  store: Map<string, Uint8Array>;
  /** Who looks: to be changed. */
  viewer: Viewer;
  permission: { of: Permission };
  put(key: string, value: unknown): void;
  keepConfig(text?: string): void;
  keepFaultyConfig(text: string, errors: { message: string; line: number }[]): void;
  keepTests(workflow: string, job: string, slice: number, step: number, cases: Partial<TestCase>[]): void;
  keepArtifacts(workflow: string, job: string, slice: number, step: number, files: { path: string; bytes: number }[]): void;
  get(path?: string): Promise<{ status: number; text: string }>;
  post(path: string, fields?: Record<string, string>): Promise<{ status: number; text: string; location: string | null }>;
};

export async function pageOf(t: Pick<TestContext, 'after'>, view: PipelineView, ports: Partial<PagePorts> = {}): Promise<PageScene> {
  const store = new Map<string, Uint8Array>();
  const viewer: Viewer = { ...nobody, person: { id: 9, login: 'ada' }, who: 'github:9 ada', csrf: 'token' };
  const permission = { of: 'write' as Permission };
  const { url } = await setUp(t as TestContext, {
    ports: {
      pipeline: (owner, name, number) => Promise.resolve(owner === 'acme' && name === 'rocket' && number === view.number ? structuredClone(view) : null),
      store: { get: (key: string) => Promise.resolve(store.get(key)), read: () => Promise.resolve(undefined) },
      access: { viewer: () => Promise.resolve(viewer), permission: () => Promise.resolve(permission.of), mayRead: () => Promise.resolve(atLeast(permission.of, 'read')), signInPath: () => '/-/sign-in' },
      ...ports,
    },
  });
  const home = `/acme/rocket/${view.number}`;
  const put = (key: string, value: unknown): void => void store.set(key, Buffer.from(JSON.stringify(value)));
  const sliceKey = (workflow: string, job: string, slice: number): SliceKey => ({ repositoryId: 42, pipeline: view.number, workflow, job, slice });
  return {
    url,
    view,
    store,
    viewer,
    permission,
    put,
    keepConfig(text = configText) {
      const compiled = compileConfig(text, { path: '.circle.yml', values: sampleValues(), parameters: {}, orbs: new Map() });
      if ('errors' in compiled) throw new Error(compiled.errors[0]!.message);
      put(planKey(42, view.number), { version: 1, number: view.number, trigger: view.trigger, trust: 'T1', plan: compiled.plan, config: { path: '.circle.yml', text }, repositoryUrl, pullRequestUrls: [`${repositoryUrl}/pull/12`] });
    },
    keepFaultyConfig: (text, errors) => put(faultyConfigKey(42, view.number), { version: 1, path: '.circle.yml', text, repositoryUrl, errors: errors.map((error) => ({ severity: 'error', column: 1, ...error })) }),
    keepTests(workflow, job, slice, step, cases) {
      const empty = { classname: null, file: null, line: null, seconds: null, outcome: 'passed', message: null, detail: null, suite: null };
      put(testReportKey(sliceKey(workflow, job, slice), 1, step), { version: 1, cases: cases.map((one) => ({ ...empty, ...one })) });
    },
    keepArtifacts(workflow, job, slice, step, files) {
      const key = artifactsKey(sliceKey(workflow, job, slice), 1, step);
      put(artifactIndexKey(key), { version: 1, files: files.map((file, i) => ({ ...file, file: i, sha256: '0'.repeat(64) })) });
      for (const i of files.keys()) store.set(artifactFileKey(key, i), Buffer.from('x'));
    },
    async get(path = '') {
      const answer = await fetch(`${url}${path.startsWith('/') && path.startsWith('/acme') ? path : `${home}${path}`}`, { redirect: 'manual' });
      return { status: answer.status, text: await answer.text() };
    },
    async post(path, fields = { csrf: 'token' }) {
      const answer = await fetch(`${url}${home}${path}`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
      return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
    },
  };
}
