// One trigger, one compiled config: load it, run its workflows, report every job, keep the summary.

import { CancellationScope, condition, getExternalWorkflowHandle, isCancellation, log, setHandler } from '@temporalio/workflow';
import { repositoryWorkflowId } from '../config-schema/address.ts';
import { done, refused, type Answer, type Ask } from '../config-schema/ask.ts';
import { combine, type Outcome } from '../config-schema/outcome.ts';
import type { Graph, GraphJob } from '../config-schema/plan.ts';
import type { Trigger } from '../config-schema/trigger.ts';
import type { JobView, PipelineView } from '../config-schema/view.ts';
import { classOf, waitingSlice } from '../config-schema/waiting.ts';
import { control, type LoadedPipeline } from './activities.ts';
import { slicesAtOnce } from './gate.ts';
import { ask, disowned, mayBegin, pipelineEnded, pipelineHeld, pipelineView, sliceProgress, superseded } from './messages.ts';
import { now } from './now.ts';
import { checkReports, type Reports } from './reports.ts';
import { serialTurns, type SerialTurns } from './serial.ts';
import { startWorkflow, type WorkflowRun } from './workflow-run.ts';

export type PipelineInput = {
  trigger: Trigger;
  number: number;
  /** Why it must wait until the repository says that it may begin. */
  waits?: string;
};

/** What is under way, for those who ask something of it. */
type Run = {
  view: PipelineView;
  reports: Reports;
  workflows: WorkflowRun[];
  turns: SerialTurns;
  /** Whoever lets the code of a fork run; undefined: nobody yet. */
  allowedBy: string | undefined;
  /** Why all of it is canceled. */
  stopped: string | undefined;
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

  const run: Run = { view, reports: checkReports(view), workflows: [], turns: serialTurns(), allowedBy: undefined, stopped: undefined };
  const work = new CancellationScope();
  const stop = (why: string): Answer => {
    run.stopped ??= why;
    work.cancel();
    return done;
  };
  setHandler(disowned, (reason) => {
    run.reports.giveUp();
    stop(reason);
  });
  setHandler(ask, (asked) => answer(run, asked, stop));
  setHandler(superseded, (by) =>
    CancellationScope.nonCancellable(async () => {
      // Which workflows go on nevertheless says the config.
      await condition(() => view.state !== 'running' || view.reason !== undefined || run.workflows.length > 0);
      if (by.unlessAllowed && (run.workflows.length > 0 || run.allowedBy !== undefined)) return;
      answer(run, { kind: 'superseded', number: by.number }, stop);
    }),
  );
  try {
    view.outcome = await work.run(async () => {
      await untilItMayBegin(view);
      return runLoaded(run, await untilLoaded(run));
    });
  } catch (error) {
    if (!isCancellation(error)) log.error('the pipeline broke', { error });
    view.outcome = isCancellation(error) ? 'canceled' : 'broken';
    view.reason = isCancellation(error) ? (run.stopped ?? 'canceled before it began') : 'Roundhouse failed; the operator finds the reason in the log of the app';
  }
  if (run.stopped !== undefined && view.outcome === 'canceled') view.reason = run.stopped;
  view.state = 'ended';
  view.endedAt = now();

  // Whatever ended it: the forge gets the last word on every check, and the history its summary.
  await CancellationScope.nonCancellable(async () => {
    await Promise.all([run.reports.settled(), ...run.workflows.map((workflow) => workflow.settled())]);
    await control.finish(view);
    await tellRepository(() => getExternalWorkflowHandle(repositoryWorkflowId(trigger.repository.id)).signal(pipelineEnded, { number, outcome: view.outcome! }));
  });
  return view.outcome;
}

function answer(run: Run, asked: Ask, stop: (why: string) => Answer): Answer {
  const { view, workflows } = run;
  if (view.state === 'ended') return refused(`pipeline #${view.number} has ended`);
  switch (asked.kind) {
    case 'superseded': {
      const why = `superseded by #${asked.number}`;
      if (workflows.every(({ mayBeSuperseded }) => mayBeSuperseded)) return stop(why);
      for (const workflow of workflows) if (workflow.isOpen() && workflow.mayBeSuperseded) workflow.cancel(why);
      return done;
    }
    case 'cancel':
      if (asked.workflow === undefined) return stop(`canceled by ${asked.by}`);
      return of(asked.workflow, (workflow) => workflow.cancel(`canceled by ${asked.by}`, asked.job));
    case 'approve':
      return of(asked.workflow, (workflow) => workflow.approve(asked.job, asked.by));
    case 'allow':
      if (asked.sha !== view.trigger.sha) return refused(`pipeline #${view.number} is of ${view.trigger.sha.slice(0, 12)}, and what was allowed is ${asked.sha.slice(0, 12)}`);
      if (run.allowedBy !== undefined) return refused(`pipeline #${view.number} was allowed to run by ${run.allowedBy}`);
      if (workflows.length > 0) return refused(`pipeline #${view.number} does not wait for that`);
      run.allowedBy = asked.by;
      return done;
    case 'rerun': {
      const { what, by } = asked;
      if (run.stopped !== undefined) return refused(`pipeline #${view.number} is being canceled`);
      if (what.workflow !== undefined) return of(what.workflow, (workflow) => workflow.rerun(what, by));
      const answers = workflows.map((workflow) => workflow.rerun(what, by));
      return answers.find((each) => each.done) ?? answers[0] ?? refused('nothing has run yet');
    }
  }

  function of(name: string, then: (workflow: WorkflowRun) => Answer): Answer {
    const workflow = workflows.find((each) => each.name === name);
    return workflow ? then(workflow) : refused(`pipeline #${view.number} has no workflow ${name}`);
  }
}

async function untilItMayBegin(view: PipelineView): Promise<void> {
  if (view.state !== 'waiting') return;
  let may = false;
  setHandler(mayBegin, () => void (may = true));
  await condition(() => may);
  Object.assign(view, { state: 'running', startedAt: now() });
  delete view.reason;
}

/** Of a fork, that is when a maintainer allows it. */
async function untilLoaded(run: Run): Promise<LoadedPipeline> {
  const { view, view: { trigger, number } } = run;
  const loaded = await control.load({ trigger, number });
  view.trigger = { ...trigger, commit: loaded.commit };
  if (loaded.kind !== 'fork') return loaded;
  let outcome: Outcome | null = null;
  const check = run.reports.add(() => ({ kind: 'fork', wouldRun: loaded.wouldRun, outcome, ...(run.stopped !== undefined && { reason: run.stopped }) }));
  Object.assign(view, { reason: 'waits until a maintainer allows this commit of a fork to run', wouldRun: loaded.wouldRun });
  await tellHeld(view, true);
  try {
    await condition(() => run.allowedBy !== undefined);
    outcome = 'passed';
  } catch (error) {
    outcome = 'canceled';
    throw error;
  } finally {
    delete view.wouldRun;
    check.changed();
  }
  delete view.reason;
  await tellHeld(view, false);
  return control.load({ trigger, number, allowedBy: run.allowedBy! });
}

async function runLoaded(run: Run, loaded: LoadedPipeline): Promise<Outcome> {
  const { view, reports } = run;
  switch (loaded.kind) {
    case 'fork':
      throw new Error('what a maintainer allows to run is loaded with that word');
    case 'nothing':
      view.reason = loaded.reason;
      return 'skipped';
    case 'config-errors': {
      const { path, errors, because = 'wrong' } = loaded;
      view.reason = `${path}: ${errors[0]?.message ?? 'is not valid'}`;
      reports.add(() => ({ kind: 'config-errors', path, errors, because }));
      return 'failed';
    }
    case 'graph': {
      view.trust = loaded.trust;
      await runGraph(run, loaded);
      const mayGoOn = loaded.graph.setup && run.stopped === undefined && view.workflows.every(({ outcome }) => outcome !== 'canceled');
      const more = mayGoOn ? await control.loadContinuation({ trigger: view.trigger, number: view.number }) : null;
      const outcome = more && (await runLoaded(run, more));
      const whole = combine([...view.workflows.map((workflow) => workflow.outcome!), ...(outcome === null ? [] : [outcome])]);
      if (whole === 'skipped') view.reason ??= 'filters and conditions of the config leave every job out';
      return whole;
    }
  }
}

/** Resolves when none of its workflows is open, and none was asked to run again. */
async function runGraph(run: Run, { graph, carried = [], limits, ownerId = 0 }: Extract<LoadedPipeline, { kind: 'graph' }>): Promise<void> {
  const { view, reports } = run;
  const gate = slicesAtOnce();
  const checkNames = uniqueCheckNames(graph, view);
  if (graph.off) view.off = [...(view.off ?? []), ...graph.off];
  let held = false;
  setHandler(sliceProgress, (news) => run.workflows.find(({ name }) => name === news.workflow)?.heard(news));

  const started = graph.workflows.map((workflow, w) => {
    const jobs = workflow.jobs.map((job) => carried.find((each) => each.workflow === workflow.name && each.job.name === job.name)?.job ?? waitingJob(job));
    const workflowView = { name: workflow.name, outcome: null, jobs };
    view.workflows.push(workflowView);
    const addCheck = (j: number) => {
      const name = checkNames(w, j);
      return name === null ? null : reports.add(() => ({ kind: 'job', name, workflow: workflow.name, job: jobs[j]!, notes: workflow.jobs[j]!.notes ?? [] }));
    };
    // What was carried over has its check already.
    const checks = jobs.map(({ state }, j) => (state === 'ended' ? null : addCheck(j)));
    const changed = (j: number): void => {
      if (checks[j]) checks[j].changed();
      else checks[j] = addCheck(j);
      lookWhetherHeld();
    };
    return { workflow, workflowView, changed };
  });
  for (const { workflow, workflowView, changed } of started) {
    run.workflows.push(startWorkflow(workflow, workflowView, { view, limits, gate, turns: run.turns, ownerId, changed, canceledBecause: () => run.stopped ?? 'canceled' }));
    lookWhetherHeld();
  }
  await CancellationScope.nonCancellable(() => condition(() => run.workflows.every((workflow) => !workflow.isOpen())));

  function lookWhetherHeld(): void {
    const isHeld = run.workflows.some((each) => each.isOpen()) && run.workflows.every((each) => !each.isOpen() || each.isHeld());
    if (isHeld === held) return;
    held = isHeld;
    void tellHeld(view, held);
  }
}

const tellHeld = ({ repository, number }: PipelineView, held: boolean): Promise<void> =>
  tellRepository(() => getExternalWorkflowHandle(repositoryWorkflowId(repository.id)).signal(pipelineHeld, { number, held }));

/** A repository that does not hear it asks by itself, later. */
async function tellRepository(tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (error) {
    if (!isCancellation(error)) log.warn('the repository was not told', { error });
  }
}

const waitingJob = (job: GraphJob): JobView => ({
  name: job.name,
  state: 'waiting',
  outcome: null,
  startedAt: null,
  endedAt: null,
  slices: Array.from({ length: job.parallelism }, (_, index) => waitingSlice(index, 1, classOf(job))),
  requires: job.requires.map(({ job: required }) => required),
  ...(job.type === 'approval' && { type: 'approval' }),
});

/**
 * A job's check is named as the job, unless another workflow of the pipeline has a job of that name. What a filter keeps out has one, for
 * those who wait for it, where nothing else has that name; else null.
 */
function uniqueCheckNames(graph: Graph, { workflows: before }: PipelineView): (workflow: number, job: number) => string | null {
  const jobs = graph.workflows.flatMap((workflow) => workflow.jobs);
  const running = [...before.flatMap((workflow) => workflow.jobs), ...jobs.filter(({ skipped }) => skipped === undefined)].map(({ name }) => name);
  return (w, j) => {
    const workflow = graph.workflows[w]!;
    const job = workflow.jobs[j]!;
    if (job.skipped !== undefined) return !running.includes(job.name) && jobs.find(({ name }) => name === job.name) === job ? job.name : null;
    return running.filter((other) => other === job.name).length > 1 ? `${workflow.name}/${job.name}` : job.name;
  };
}
