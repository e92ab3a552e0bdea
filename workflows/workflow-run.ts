// One workflow of a pipeline: which of its jobs run, wait, are run again, or never will.

import { CancellationScope, condition, isCancellation, log, sleep } from '@temporalio/workflow';
import { encodeName } from '../config-schema/address.ts';
import { done, refused, type Answer, type Ask } from '../config-schema/ask.ts';
import { hasFailed } from '../config-schema/carry-over.ts';
import { combine, type Outcome } from '../config-schema/outcome.ts';
import type { GraphJob, GraphWorkflow } from '../config-schema/plan.ts';
import type { JobView, PipelineView, WorkflowView } from '../config-schema/view.ts';
import type { Limits, SerialPlace } from './activities.ts';
import type { Gate } from './gate.ts';
import { nextTry, startJob, type StartedJob } from './job.ts';
import { locksAround } from './locks-around.ts';
import type { SliceProgress } from './messages.ts';
import { now } from './now.ts';
import { readyJobs } from './ready-jobs.ts';
import type { SerialTurns } from './serial.ts';

/** A worker has seconds for what follows from one event: the others begin with the next one. */
const mostBeginning = 100;

export type WorkflowPorts = {
  view: PipelineView;
  limits: Limits;
  gate: Gate;
  turns: SerialTurns;
  ownerId: number;
  /** Something of the job with this index has changed. */
  changed(job: number): void;
  /** Of a pipeline that is canceled as a whole. */
  canceledBecause(): string;
};

export type WorkflowRun = {
  name: string;
  isOpen(): boolean;
  /** Nothing of it runs until a person has approved something. */
  isHeld(): boolean;
  /** Why: a sentence for its jobs. Of all of it, or of one job. */
  cancel(why: string, job?: string): Answer;
  /** Whether a newer pipeline may cancel it. */
  mayBeSuperseded: boolean;
  approve(job: string, by: string): Answer;
  rerun(what: Extract<Ask, { kind: 'rerun' }>['what'], by: string): Answer;
  heard(news: SliceProgress): void;
  /** Resolves when what it held has been given back. */
  settled(): Promise<unknown>;
};

/** Starts what may start. Jobs whose view has ended already keep their results. */
export function startWorkflow(graph: GraphWorkflow, view: WorkflowView, ports: WorkflowPorts): WorkflowRun {
  const { jobs } = graph;
  const locks = jobs.filter(({ type }) => type === 'lock');
  const outer = CancellationScope.current();
  let scope = newScope();
  const outcomes = new Map(view.jobs.flatMap(({ name, outcome }) => (outcome === null ? [] : [[name, outcome] as const])));
  const running = new Map<string, { scope: CancellationScope; slices: StartedJob | null }>();
  const approvedBy = new Map<string, string>();
  const canceledJobs = new Map<string, string>();
  let canceled: string | null = null;
  const releases: Promise<void>[] = [];
  let askedToRerun = false;

  const indexOf = (name: string): number => jobs.findIndex((job) => job.name === name);

  function newScope(): CancellationScope {
    const made = new CancellationScope({ cancellable: true, parent: outer });
    void made.cancelRequested.catch(() => cancelAll(ports.canceledBecause()));
    return made;
  }

  function advance(): void {
    for (;;) {
      if (canceled !== null) for (const { name } of jobs) if (!outcomes.has(name) && !running.has(name)) end(name, 'canceled', canceled);
      const ready = readyJobs(jobs, outcomes, new Set(running.keys()));
      for (const { job, reason } of ready.notRun) end(job, 'not-run', reason);
      for (const name of ready.start.slice(0, mostBeginning)) begin(name);
      if (ready.start.length > mostBeginning) void sleep(1).then(() => view.outcome === null && advance(), () => undefined);
      if (ready.notRun.length === 0) break;
    }
    if (running.size > 0) return;
    // The compiler lets no circle through.
    for (const { name } of jobs) if (!outcomes.has(name)) end(name, 'broken', 'nothing that it requires will end');
    finish();
  }

  function finish(): void {
    const outcome = combine([...outcomes.values()]);
    const left = (graph.maxAutoReruns ?? 0) - (view.autoReruns ?? 0);
    if (outcome === 'failed' && left > 0 && canceled === null && !askedToRerun) {
      view.autoReruns = (view.autoReruns ?? 0) + 1;
      reopen(failedJobs(), `max_auto_reruns, ${view.autoReruns} of ${graph.maxAutoReruns}`);
      advance();
      return;
    }
    // What nothing has unlocked.
    releases.push(...locks.map((lock) => ports.turns.give(placeOf(lock))));
    view.outcome = outcome;
  }

  function begin(name: string): void {
    const index = indexOf(name);
    const [job, jobView] = [jobs[index]!, view.jobs[index]!];
    const own = { scope: new CancellationScope({ parent: scope, cancellable: true }), slices: null as StartedJob | null };
    running.set(name, own);
    const run = async (): Promise<Outcome> => {
      if (job.type === 'approval') return untilApproved(jobView);
      if (job.type === 'unlock') return unlock(job);
      for (const place of placesOf(job)) {
        const instead = await ports.turns.take(place, ports.limits, (reason) => say(index, reason));
        if (!instead) continue;
        jobView.reason = instead.reason;
        return instead.outcome;
      }
      delete jobView.reason;
      if (job.type === 'lock') return 'passed';
      try {
        own.slices = startJob({ view: ports.view, workflow: graph.name, job, jobView, limits: ports.limits, gate: ports.gate });
        return await own.slices.whole;
      } finally {
        if (job.serialGroup !== undefined) await ports.turns.give(placeOf(job));
      }
    };
    const whole = own.scope.run(run).catch((error: unknown): Outcome => {
      if (isCancellation(error)) return 'canceled';
      log.error('a job broke', { error });
      jobView.reason = 'Roundhouse failed to run this job; the operator finds the reason in the log of the app';
      return 'broken';
    });
    void whole.then((outcome) => {
      running.delete(name);
      end(name, outcome, outcome === 'canceled' ? (canceledJobs.get(name) ?? canceled ?? undefined) : undefined);
      advance();
    });
  }

  function end(name: string, outcome: Outcome, reason?: string): void {
    const index = indexOf(name);
    Object.assign(view.jobs[index]!, { state: 'ended', outcome, endedAt: now(), ...(reason !== undefined && { reason }) });
    outcomes.set(name, outcome);
    ports.changed(index);
  }

  function say(index: number, reason: string): void {
    view.jobs[index]!.reason = reason;
    ports.changed(index);
  }

  async function untilApproved(jobView: JobView): Promise<Outcome> {
    say(indexOf(jobView.name), 'waits for an approval');
    await condition(() => approvedBy.has(jobView.name));
    delete jobView.reason;
    jobView.approvedBy = approvedBy.get(jobView.name)!;
    return 'passed';
  }

  async function unlock({ name, key }: GraphJob): Promise<Outcome> {
    const own = locksAround(jobs, name).filter((lock) => lock.key === key);
    await Promise.all(own.map((lock) => ports.turns.give(placeOf(lock))));
    return 'passed';
  }

  /** Where a job waits before it runs. A job that runs again, when what it ran under is unlocked, locks it anew. */
  function placesOf(job: GraphJob): SerialPlace[] {
    const around = locks.length > 0 && job.parallelism > 0 ? locksAround(jobs, job.name).filter(({ name }) => (outcomes.get(name) ?? 'passed') === 'passed') : [];
    const waits = job.type === 'lock' || (job.serialGroup !== undefined && job.unsupported === undefined);
    return [...around, ...(waits ? [job] : [])].map(placeOf);
  }

  function placeOf({ name, serialGroup, key }: GraphJob): SerialPlace {
    const { repository: { id, owner, name: repositoryName }, number, trust } = ports.view;
    return { ownerId: ports.ownerId, ...(trust === 'T0' && { stranger: true }), group: (serialGroup ?? key)!, repository: { id, owner, name: repositoryName }, pipeline: number, holder: `${encodeName(graph.name)}/${encodeName(name)}` };
  }

  function cancelAll(why: string): void {
    canceled ??= why;
    scope.cancel();
    advance();
  }

  const failedJobs = (): string[] => jobs.map(({ name }) => name).filter((name) => hasFailed({ outcome: outcomes.get(name) ?? null }));

  /** Ended jobs begin anew, one slice of one of them or all, and with them what did not run because of them. */
  function reopen(names: string[], by: string, slice?: number): void {
    for (const name of new Set([...names, ...names.flatMap(followersOf)])) {
      if (!outcomes.delete(name)) continue;
      approvedBy.delete(name);
      canceledJobs.delete(name);
      const index = indexOf(name);
      const job = view.jobs[index]!;
      const { carriedFrom } = job;
      delete job.reason;
      delete job.approvedBy;
      delete job.carriedFrom;
      const slices = job.slices.map((each) => (carriedFrom === undefined ? each : { carriedFrom, ...each }));
      const again = (each: number): boolean => slice === undefined || each === slice || !names.includes(name);
      Object.assign(job, { state: 'waiting', outcome: null, startedAt: null, endedAt: null, slices: slices.map((each) => (again(each.index) ? nextTry(each, jobs[index]!, by) : each)) });
      ports.changed(index);
    }
    view.outcome = null;
  }

  function followersOf(name: string): string[] {
    const direct = jobs.filter(({ requires }) => requires.some(({ job }) => job === name)).map((job) => job.name);
    return direct.filter((each) => outcomes.has(each) && outcomes.get(each) !== 'passed').flatMap((each) => [each, ...followersOf(each)]);
  }

  function rerunJob(name: string, slice: number | undefined, by: string): Answer {
    const job = view.jobs[indexOf(name)];
    if (!job) return refused(`workflow ${graph.name} has no job ${name}`);
    if (slice !== undefined && !job.slices[slice]) return refused(`job ${name} has no slice ${slice}`);
    const open = running.get(name);
    if (open) return slice === undefined || !open.slices ? refused(`job ${name} has not ended`) : open.slices.rerunSlice(slice, by);
    if (!outcomes.has(name)) return refused(`job ${name} has not ended`);
    reopen([name], by, slice);
    return done;
  }

  function rerunAll(by: string): Answer {
    if (view.outcome === null) return refused(`workflow ${graph.name} has not ended`);
    reopen(jobs.map(({ name }) => name), by);
    return done;
  }

  function rerunFailed(by: string): Answer {
    const failed = failedJobs();
    if (failed.length === 0) return refused(`no job of workflow ${graph.name} has failed`);
    reopen(failed, by);
    return done;
  }

  advance();
  return {
    name: graph.name,
    settled: () => Promise.all(releases),
    isOpen: () => view.outcome === null,
    isHeld: () => view.outcome === null && running.size > 0 && [...running.keys()].every((name) => jobs[indexOf(name)]!.type === 'approval'),
    mayBeSuperseded: graph.autoCancel !== false,
    cancel(why, job) {
      if (view.outcome !== null) return refused(`workflow ${graph.name} has ended`);
      if (job === undefined) {
        cancelAll(why);
        return done;
      }
      const open = running.get(job);
      if (!open) return refused(`job ${job} of workflow ${graph.name} does not run`);
      canceledJobs.set(job, why);
      open.scope.cancel();
      return done;
    },
    approve(name, by) {
      const index = indexOf(name);
      if (jobs[index]?.type !== 'approval') return refused(`workflow ${graph.name} has no job ${name} that waits for an approval`);
      const before = approvedBy.get(name);
      if (before !== undefined) return refused(`${name} was approved by ${before}`);
      if (!running.has(name)) return refused(`${name} ${outcomes.has(name) ? 'does not wait for an approval any more' : 'does not wait for an approval yet'}`);
      approvedBy.set(name, by);
      return done;
    },
    rerun(what, by) {
      if (canceled !== null && view.outcome === null) return refused(`workflow ${graph.name} is being canceled`);
      const answer = what.kind === 'failed' ? rerunFailed(by) : what.kind === 'workflow' ? rerunAll(by) : rerunJob(what.job, what.slice, by);
      if (!answer.done) return answer;
      askedToRerun = true;
      if (canceled !== null) scope = newScope();
      canceled = null;
      advance();
      return answer;
    },
    heard(news) {
      const index = indexOf(news.job);
      const job = view.jobs[index]!;
      if (job.state === 'ended') return;
      if (news.state === 'running') {
        const slice = job.slices[news.slice]!;
        if (slice.state !== 'ended') slice.state = 'running';
        if (news.note !== undefined) slice.notes.push(news.note);
        else if (job.state === 'running') return;
        if (job.state !== 'running') Object.assign(job, { state: 'running', startedAt: now() });
        delete job.reason;
      } else if (job.state === 'waiting') job.reason = news.reason;
      ports.changed(index);
    },
  };
}
