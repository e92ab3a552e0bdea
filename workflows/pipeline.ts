// One trigger, one compiled config: load it, run its graph, report every job, keep the summary.

import { CancellationScope, condition, getExternalWorkflowHandle, isCancellation, log, setHandler } from '@temporalio/workflow';
import { repositoryWorkflowId } from '../config-schema/address.ts';
import { combine, type Outcome } from '../config-schema/outcome.ts';
import type { GraphJob } from '../config-schema/plan.ts';
import type { Trigger } from '../config-schema/trigger.ts';
import type { JobView, PipelineView } from '../config-schema/view.ts';
import { control, type LoadedPipeline } from './activities.ts';
import { coalesced, type Coalesced } from './coalesced.ts';
import { slicesAtOnce } from './gate.ts';
import { runJob } from './job.ts';
import { disowned, mayBegin, pipelineEnded, pipelineView, sliceProgress, type SliceProgress } from './messages.ts';
import { now } from './now.ts';
import { readyJobs } from './ready-jobs.ts';
import { classOf, waitingSlice } from './waiting.ts';

export type PipelineInput = {
  trigger: Trigger;
  number: number;
  /** Why it must wait until the repository says that it may begin. */
  waits?: string;
};

export async function pipeline(input: PipelineInput): Promise<Outcome> {
  const { trigger, number } = input;
  const view: PipelineView = {
    version: 1,
    repository: trigger.repository,
    number,
    trigger,
    trust: null,
    state: input.waits === undefined ? 'running' : 'waiting',
    outcome: null,
    ...(input.waits !== undefined && { reason: input.waits }),
    startedAt: now(),
    endedAt: null,
    workflows: [],
  };
  setHandler(pipelineView, () => view);

  const reports: Coalesced[] = [];
  const work = new CancellationScope();
  let unreachable: string | undefined;
  setHandler(disowned, (reason) => {
    unreachable = reason;
    for (const report of reports) report.giveUp();
    work.cancel();
  });
  try {
    view.outcome = await work.run(async () => {
      await untilItMayBegin(view);
      const loaded = await control.load({ trigger, number });
      view.trigger = { ...trigger, commit: loaded.commit };
      return run(view, loaded, reports);
    });
  } catch (error) {
    if (!isCancellation(error)) log.error('the pipeline broke', { error });
    view.outcome = isCancellation(error) ? 'canceled' : 'broken';
    view.reason = isCancellation(error) ? 'canceled before it began' : 'Roundhouse failed; the operator finds the reason in the log of the app';
  }
  if (unreachable !== undefined && view.outcome === 'canceled') view.reason = unreachable;
  view.state = 'ended';
  view.endedAt = now();

  // Whatever ended it: the forge gets the last word on every check, and the history its summary.
  await CancellationScope.nonCancellable(async () => {
    await Promise.all(reports.map((report) => report.settled()));
    await control.finish(view);
    try {
      await getExternalWorkflowHandle(repositoryWorkflowId(trigger.repository.id)).signal(pipelineEnded, { number, outcome: view.outcome! });
    } catch (error) {
      log.warn('the repository was not told of the end', { error });
    }
  });
  return view.outcome;
}

async function untilItMayBegin(view: PipelineView): Promise<void> {
  if (view.state !== 'waiting') return;
  let may = false;
  setHandler(mayBegin, () => void (may = true));
  await condition(() => may);
  Object.assign(view, { state: 'running', startedAt: now() });
  delete view.reason;
}

async function run(view: PipelineView, loaded: LoadedPipeline, reports: Coalesced[]): Promise<Outcome> {
  const { repository, sha } = { repository: view.repository, sha: view.trigger.sha };
  if (loaded.kind === 'nothing') {
    view.reason = loaded.reason;
    return 'skipped';
  }
  if (loaded.kind === 'config-errors') {
    view.reason = `${loaded.path}: ${loaded.errors[0]?.message ?? 'is not valid'}`;
    const { path, errors, because = 'wrong' } = loaded;
    const report = coalesced(async () => void (await control.report({ repository, sha, pipeline: view.number, check: { kind: 'config-errors', path, errors, because } })));
    reports.push(report);
    report.changed();
    return 'failed';
  }

  view.trust = loaded.trust;
  view.workflows = loaded.graph.workflows.map(({ name, jobs }) => ({ name, outcome: null, jobs: jobs.map(waitingJob) }));
  const progress = new Map<string, (news: SliceProgress) => void>();
  setHandler(sliceProgress, (news) => progress.get(news.workflow)?.(news));
  const gate = slicesAtOnce();
  const checkNames = uniqueCheckNames(loaded.graph);

  await Promise.all(
    loaded.graph.workflows.map(async ({ name: workflowName, jobs }, w) => {
      const workflow = view.workflows[w]!;
      const outcomes = new Map<string, Outcome>();
      const started = new Set<string>();
      const reporters = jobs.map((_, j) => {
        let id: number | string | undefined;
        const reporter = coalesced(async () => {
          const check = { kind: 'job' as const, name: checkNames(w, j), workflow: workflowName, job: workflow.jobs[j]!, notes: jobs[j]!.notes ?? [] };
          ({ id } = await control.report({ repository, sha, pipeline: view.number, ...(id !== undefined && { id }), check }));
        });
        reports.push(reporter);
        reporter.changed();
        return reporter;
      });
      const end = (j: number, outcome: Outcome, reason?: string): void => {
        const job = workflow.jobs[j]!;
        Object.assign(job, { state: 'ended', outcome, endedAt: now(), ...(reason !== undefined && { reason }) });
        outcomes.set(job.name, outcome);
        reporters[j]!.changed();
      };

      progress.set(workflowName, (news) => {
        const j = jobs.findIndex((candidate) => candidate.name === news.job);
        const job = workflow.jobs[j]!;
        if (job.state === 'ended') return;
        if (news.state === 'running') {
          job.slices[news.slice]!.state = 'running';
          if (job.state === 'running') return;
          Object.assign(job, { state: 'running', startedAt: now() });
          delete job.reason;
        } else if (job.state === 'waiting') job.reason = news.reason;
        reporters[j]!.changed();
      });
      const running = new Map<string, Promise<void>>();
      while (outcomes.size < jobs.length) {
        const ready = readyJobs(jobs, outcomes, started);
        for (const { job, reason } of ready.notRun) end(jobs.findIndex((candidate) => candidate.name === job), 'not-run', reason);
        for (const name of ready.start) {
          started.add(name);
          const j = jobs.findIndex((candidate) => candidate.name === name);
          const job = workflow.jobs[j]!;
          const whole = runJob({ view, workflow: workflowName, job: jobs[j]!, jobView: job, limits: loaded.limits, gate });
          running.set(name, whole.then((outcome) => end(j, outcome)).finally(() => running.delete(name)));
        }
        if (ready.notRun.length > 0) continue;
        if (running.size === 0) throw new Error(`no job of workflow ${workflowName} can start`);
        await Promise.race(running.values());
      }
      workflow.outcome = combine([...outcomes.values()]);
    }),
  );
  return combine(view.workflows.map((workflow) => workflow.outcome!));
}

const waitingJob = (job: GraphJob): JobView => ({
  name: job.name,
  state: 'waiting',
  outcome: null,
  startedAt: null,
  endedAt: null,
  slices: Array.from({ length: job.parallelism }, (_, index) => waitingSlice(index, 1, classOf(job))),
  requires: job.requires.map(({ job: required }) => required),
});

/** A job's check is named as the job, unless another workflow of the pipeline has a job of that name. */
function uniqueCheckNames(graph: { workflows: { name: string; jobs: { name: string }[] }[] }): (workflow: number, job: number) => string {
  const names = graph.workflows.flatMap((workflow) => workflow.jobs.map((job) => job.name));
  return (w, j) => {
    const workflow = graph.workflows[w]!;
    const name = workflow.jobs[j]!.name;
    return names.filter((other) => other === name).length > 1 ? `${workflow.name}/${name}` : name;
  };
}
