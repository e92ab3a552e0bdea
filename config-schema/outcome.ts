// How did a thing end, and what does that mean to each of those who ask?

/** How a step, slice, job, workflow or pipeline ended. DESIGN's table of outcomes, in one place. */
export const outcomes = [
  'passed',
  'failed',
  'timed-out',
  'canceled',
  'skipped',
  'not-run',
  'unsupported',
  'unauthorized',
  'broken',
] as const;
export type Outcome = (typeof outcomes)[number];

/** The word that a config's `requires` uses for an ended job. */
export type RequiresStatus = 'success' | 'failed' | 'canceled' | 'unauthorized' | 'not_run';

/** GitHub's check run conclusions (REST, "Create a check run"). */
export type CheckConclusion = 'success' | 'failure' | 'timed_out' | 'cancelled' | 'skipped' | 'neutral' | 'action_required';

type Meaning = { requires: RequiresStatus; conclusion: CheckConclusion; exitCode: 0 | 1 | 3; severity: number };

const meanings: Record<Outcome, Meaning> = {
  passed: { requires: 'success', conclusion: 'success', exitCode: 0, severity: 0 },
  skipped: { requires: 'not_run', conclusion: 'skipped', exitCode: 0, severity: 1 },
  'not-run': { requires: 'not_run', conclusion: 'skipped', exitCode: 0, severity: 2 },
  unsupported: { requires: 'not_run', conclusion: 'neutral', exitCode: 0, severity: 3 },
  canceled: { requires: 'canceled', conclusion: 'cancelled', exitCode: 1, severity: 4 },
  unauthorized: { requires: 'unauthorized', conclusion: 'failure', exitCode: 1, severity: 5 },
  failed: { requires: 'failed', conclusion: 'failure', exitCode: 1, severity: 6 },
  'timed-out': { requires: 'failed', conclusion: 'timed_out', exitCode: 1, severity: 7 },
  broken: { requires: 'failed', conclusion: 'failure', exitCode: 3, severity: 8 },
};

export const requiresStatus = (outcome: Outcome): RequiresStatus => meanings[outcome].requires;
export const checkConclusion = (outcome: Outcome): CheckConclusion => meanings[outcome].conclusion;
export const exitCode = (outcome: Outcome): 0 | 1 | 3 => meanings[outcome].exitCode;

/**
 * The outcome of a whole from those of its parts: the gravest one; a whole of nothing passed.
 * Parts that did not run beside one that passed leave the whole passed.
 */
export function combine(parts: readonly Outcome[]): Outcome {
  const ran = parts.filter((part) => meanings[part].exitCode !== 0 || part === 'passed');
  const counted = ran.length > 0 ? ran : parts;
  return counted.reduce<Outcome>((worst, part) => (meanings[part].severity > meanings[worst].severity ? part : worst), counted[0] ?? 'passed');
}

/** How one step ended. `reason` is a sentence for the user, present unless the step passed or its exit code says all. */
export type StepResult = {
  name: string;
  outcome: Outcome;
  /** null when a signal ended the step, or when it never ran. */
  exitCode: number | null;
  /** The name of the signal that ended the step, such as "SIGKILL". */
  signal: string | null;
  durationMs: number;
  reason?: string;
  /** It ran `circleci step halt`: nothing runs after it. */
  halted?: true;
  /** What `store_test_results` found. */
  tests?: TestCounts;
  /** Files that `store_artifacts` stored, and their bytes together. */
  artifacts?: { files: number; bytes: number };
  /** A few words on what it restored or saved, such as "12 MB restored". */
  note?: string;
};

export type TestCounts = { total: number; failed: number; skipped: number };

export type SliceResult = { index: number; outcome: Outcome; attempt: number; builder?: string; steps: StepResult[]; reason?: string };

export type JobResult = { name: string; outcome: Outcome; slices: SliceResult[]; reason?: string };

export type WorkflowResult = { name: string; outcome: Outcome; jobs: JobResult[] };
