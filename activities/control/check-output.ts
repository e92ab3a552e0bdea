// What does a check say about a job?

import type { JobResult, Outcome, SliceResult, StepResult } from '../../config-schema/outcome.ts';
import type { TestCase } from '../../config-schema/junit.ts';
import type { Diagnostic } from '../../config-schema/plan.ts';
import { addCounts, testsInWords } from '../../config-schema/test-report.ts';
import type { JobView } from '../../config-schema/view.ts';
import type { ConfigFault } from './activities.ts';
import type { Annotation, CheckRun } from './forge.ts';
import { code, cutText, fenced, oneLine, printable, prose, table } from './markdown.ts';

export type CheckOutput = Required<NonNullable<CheckRun['output']>>;

export type JobReport = {
  name: string;
  /** null: it waits or runs. */
  result: JobResult | null;
  /** ISO 8601; null while it waits. */
  startedAt: string | null;
  endedAt: string | null;
  /** The job's page. */
  detailsUrl: string;
  /** For a job that waits: what for. */
  waitingFor?: string;
  /** The end of the log of the step that failed; the last lines of it are shown. */
  failingTail?: { slice: number; step: string; lines: string[] };
  /** Tests that failed, of all slices. */
  failedTests?: TestCase[];
  /** Things worth a line besides: warnings of the config, builders that were lost. */
  notes?: string[];
};

export function checkOutput(job: JobReport): CheckOutput {
  const { result } = job;
  const notes = (job.notes ?? []).map((note) => `- ${prose(note)}`).join('\n');
  const details = `[All of the log](${job.detailsUrl})`;
  if (!result) {
    const title = job.startedAt === null ? 'Waiting' : 'Running';
    const waiting = job.waitingFor ? `Waiting: ${prose(job.waitingFor)}` : '';
    return { title, summary: paragraphs(waiting, notes, `[Follow it live](${job.detailsUrl})`), annotations: [] };
  }
  const slice = decisiveSlice(result);
  return {
    title: titleOf(job, result, slice),
    summary: paragraphs(whatHappened(result, slice), testsOf(job, result), tailOf(job), notes, slicesOf(result), stepsOf(result, slice), artifactsOf(result, job.detailsUrl), details),
    annotations: testAnnotations(job.failedTests ?? []),
  };
}

/** The failed check of a config that does not compile, or that asks for what we cannot do yet: nothing runs. */
export function configErrorOutput(path: string, diagnostics: readonly Diagnostic[], because: ConfigFault = 'wrong'): CheckOutput {
  const lines = diagnostics.map((d) => `${path}:${d.line}:${d.column}: ${cutText(oneLine(d.message), longestMessage)}`);
  return {
    title: because === 'wrong' ? 'Config error' : 'Not supported yet',
    summary: paragraphs(
      because === 'wrong'
        ? `Nothing of ${code(path)} ran, because it has ${diagnostics.length === 1 ? 'an error' : 'errors'}:`
        : `Nothing of ${code(path)} ran, because it asks for what this version of Roundhouse cannot do yet:`,
      fenced(lines),
    ),
    annotations: diagnostics.map((d) => annotation(path, d)),
  };
}

/** Of a pull request of a fork, which runs when a maintainer says so. `wouldRun`: sentences. */
export function forkOutput(wouldRun: readonly string[], outcome: Outcome | null, reason?: string): CheckOutput {
  const title = outcome === null ? 'Waits for a maintainer' : outcome === 'passed' ? 'Allowed to run' : 'Not run';
  const asks = outcome === null ? 'The code is that of a fork. It runs when a maintainer allows this commit: by the button above, or by a comment `/ok-to-test` or the label `ok-to-test`.' : prose(reason ?? title);
  return { title, summary: paragraphs(asks, wouldRun.map((sentence) => `- ${prose(sentence)}`).join('\n')), annotations: [] };
}

/** What is known of a job while it runs and after, as one report. */
export function jobReport(view: JobView, extra: Omit<JobReport, 'name' | 'result' | 'startedAt' | 'endedAt'>): JobReport {
  const notes = [...(extra.notes ?? []), ...view.slices.flatMap((slice) => slice.notes)];
  const waiting = view.state === 'waiting' && view.reason !== undefined ? { waitingFor: view.reason } : {};
  return { ...waiting, ...extra, name: view.name, startedAt: view.startedAt, endedAt: view.endedAt, notes, result: resultOf(view) };
}

function resultOf(view: JobView): JobResult | null {
  if (view.state !== 'ended' || view.outcome === null) return null;
  return {
    name: view.name,
    outcome: view.outcome,
    ...(view.reason !== undefined && { reason: view.reason }),
    slices: view.slices.map(({ index, outcome, attempt, builder, steps, reason }) => ({
      index,
      outcome: outcome ?? 'not-run',
      attempt,
      ...(builder !== null && { builder }),
      ...(reason !== undefined && { reason }),
      steps: steps.flatMap(({ result }) => result ?? []),
    })),
  };
}

const names: Record<Outcome, string> = {
  passed: 'Passed',
  failed: 'Failed',
  'timed-out': 'Timed out',
  canceled: 'Canceled',
  skipped: 'Skipped',
  'not-run': 'Not run',
  unsupported: 'Unsupported',
  unauthorized: 'Not allowed',
  broken: 'Roundhouse failed',
};

const longestTitle = 200;

/** Plain text: GitHub shows it as it is. */
function titleOf(job: JobReport, result: JobResult, slice: SliceResult | undefined): string {
  const title = (): string => {
    const { outcome } = result;
    if (outcome === 'broken') return names.broken;
    if (outcome === 'passed') {
      const took = job.startedAt !== null && job.endedAt !== null ? ` in ${duration(Date.parse(job.endedAt) - Date.parse(job.startedAt))}` : '';
      return `Passed${took}${result.slices.length > 1 ? `, ${result.slices.length} slices` : ''}`;
    }
    const step = slice && failedStep(slice);
    if (step) return `${oneLine(step.name)}: ${howItEnded(step)}`;
    const reason = result.reason ?? slice?.reason;
    return reason === undefined ? names[outcome] : `${names[outcome]}: ${reason}`;
  };
  return cutText(oneLine(title()), longestTitle);
}

function whatHappened(result: JobResult, slice: SliceResult | undefined): string {
  const step = slice && failedStep(slice);
  const reason = result.reason ?? slice?.reason;
  const bad = result.slices.filter((each) => each.outcome !== 'passed').length;
  const where = result.slices.length > 1 && slice ? ` in slice ${slice.index}` : '';
  return paragraphs(
    // The step's own reason is said with the step.
    `**${names[result.outcome]}**${reason !== undefined && reason !== step?.reason ? `: ${prose(reason)}` : ''}`,
    step ? `Step ${code(step.name)}${where}: ${prose(howItEnded(step))}` : '',
    result.slices.length > 1 && bad > 0 ? `${bad} of ${result.slices.length} slices did not pass.` : '',
  );
}

const longestTail = 40;
const longestLine = 500;

function tailOf({ failingTail: tail, result }: JobReport): string {
  if (!tail || tail.lines.length === 0) return '';
  const lines = tail.lines.slice(-longestTail).map((line) => {
    const shown = printable(line);
    return shown.length > longestLine ? `${shown.slice(0, longestLine).toWellFormed()}…` : shown;
  });
  const where = result && result.slices.length > 1 ? ` in slice ${tail.slice}` : '';
  return paragraphs(`The end of the log of ${code(tail.step)}${where}:`, fenced(lines));
}

function slicesOf({ slices }: JobResult): string {
  if (slices.length < 2) return '';
  const rows = slices.map((slice) => {
    const step = failedStep(slice);
    const why = step ? `${code(step.name)}: ${prose(howItEnded(step))}` : slice.reason !== undefined ? prose(slice.reason) : '';
    return [String(slice.index), names[slice.outcome], duration(total(slice)), slice.builder === undefined ? '' : code(slice.builder), why];
  });
  return table(['Slice', 'Outcome', 'Duration', 'Builder', ''], rows);
}

function stepsOf(result: JobResult, slice: SliceResult | undefined): string {
  if (!slice || slice.steps.length === 0) return '';
  const rows = slice.steps.map((step) => [code(step.name), names[step.outcome], duration(step.durationMs), prose(step.outcome === 'passed' ? (step.note ?? '') : howItEnded(step))]);
  return paragraphs(result.slices.length > 1 ? `Steps of slice ${slice.index}:` : '', table(['Step', 'Outcome', 'Duration', ''], rows));
}

const slicesLinked = 20;

function artifactsOf({ slices }: JobResult, detailsUrl: string): string {
  const stored = slices.map(({ index, steps }) => ({ index, files: steps.reduce((sum, { artifacts }) => sum + (artifacts?.files ?? 0), 0) })).filter(({ files }) => files > 0);
  const links = stored.slice(0, slicesLinked).map(({ index, files }) => `[${files} ${files === 1 ? 'file' : 'files'}${slices.length > 1 ? ` of slice ${index}` : ''}](${detailsUrl}/${index}/artifacts)`);
  return links.length === 0 ? '' : `Artifacts: ${links.join(', ')}${stored.length > slicesLinked ? ', …' : ''}`;
}

/** The slice that made the job what it is; the first when all passed. */
const decisiveSlice = ({ slices, outcome }: JobResult): SliceResult | undefined => slices.find((slice) => slice.outcome === outcome) ?? slices.find((slice) => slice.outcome !== 'passed') ?? slices[0];

const failedStep = (slice: SliceResult): StepResult | undefined =>
  slice.steps.find((step) => step.outcome === slice.outcome && step.outcome !== 'passed') ?? slice.steps.find((step) => ['failed', 'timed-out', 'broken'].includes(step.outcome));

/** With the reason, if there is one; never empty. */
function howItEnded({ outcome, exitCode, signal, reason }: StepResult): string {
  if (reason !== undefined) return reason;
  if (signal !== null) return `ended by ${signal}`;
  if (outcome === 'failed' && exitCode !== null) return `exit code ${exitCode}`;
  return names[outcome].toLowerCase();
}

const mostFailedTests = 20;

function testsOf({ failedTests = [] }: JobReport, { slices }: JobResult): string {
  const counts = slices.flatMap(({ steps }) => steps.flatMap(({ tests }) => tests ?? []));
  if (counts.length === 0) return '';
  const rows = failedTests.slice(0, mostFailedTests).map(({ name, classname, file, line, message }) => [
    code([classname, name].filter(Boolean).join(' ')),
    file === null ? '' : code(line === null ? file : `${file}:${line}`),
    message === null ? '' : prose(cutText(oneLine(message), 200)),
  ]);
  const more = failedTests.length - rows.length;
  return paragraphs(`Tests: ${testsInWords(addCounts(counts))}.`, rows.length === 0 ? '' : table(['Failed test', 'Where', ''], rows), more > 0 ? `… and ${more} more.` : '');
}

/** Few people look through more, and each fifty are a request of their own. */
const mostTestAnnotations = 150;

function testAnnotations(failed: readonly TestCase[]): Annotation[] {
  const placed = failed.flatMap((test) => (test.file !== null && test.line !== null && !test.file.startsWith('/') ? [{ ...test, file: test.file, line: test.line }] : []));
  return placed.slice(0, mostTestAnnotations).map(({ name, classname, file, line, message, detail }) => ({
    path: file,
    startLine: line,
    endLine: line,
    level: 'failure',
    title: cutText(oneLine([classname, name].filter(Boolean).join(' ')), longestTitle),
    message: cutText((detail ?? message ?? '').split('\n').map(printable).join('\n').trim() || 'failed', longestMessage),
  }));
}

const longestMessage = 4000;

function annotation(path: string, d: Diagnostic): Annotation {
  const startLine = Math.max(1, d.line);
  const error = d.severity === 'error';
  return {
    path,
    startLine,
    endLine: Math.max(startLine, d.endLine ?? startLine),
    level: error ? 'failure' : 'warning',
    title: error ? 'Config error' : 'Config warning',
    message: cutText(d.message, longestMessage),
  };
}

const total = (slice: SliceResult): number => slice.steps.reduce((sum, step) => sum + step.durationMs, 0);

/** In the two largest units that count: "0.4 s", "12 s", "1 min 5 s", "2 h 3 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

const paragraphs = (...parts: string[]): string => parts.filter((part) => part !== '').join('\n\n');
