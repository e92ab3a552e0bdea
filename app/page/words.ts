// How are states, durations and refs written for people?

import type { Outcome } from '../../config-schema/outcome.ts';
import type { State } from '../../config-schema/view.ts';
import type { Trigger } from '../../config-schema/trigger.ts';
import { branchOf, tagOf } from '../../config-schema/trigger.ts';

/** What stands on the page for a thing: its outcome, or its state until there is one. */
export type Status = Outcome | Exclude<State, 'ended'>;

export const statusOf = (thing: { state: State; outcome: Outcome | null }): Status => thing.outcome ?? (thing.state === 'running' ? 'running' : 'waiting');

export const statusWords: Record<Status, { sign: string; word: string }> = {
  passed: { sign: '✓', word: 'passed' },
  failed: { sign: '✗', word: 'failed' },
  'timed-out': { sign: '✗', word: 'timed out' },
  canceled: { sign: '⊘', word: 'canceled' },
  skipped: { sign: '–', word: 'skipped' },
  'not-run': { sign: '–', word: 'not run' },
  unsupported: { sign: '–', word: 'unsupported' },
  unauthorized: { sign: '⊘', word: 'unauthorized' },
  broken: { sign: '!', word: 'broken' },
  running: { sign: '●', word: 'running' },
  waiting: { sign: '○', word: 'waiting' },
};

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** From its start to its end, or to now; empty before it started. */
export function lasted({ startedAt, endedAt }: { startedAt: string | null; endedAt: string | null }, now: number): string {
  return startedAt === null ? '' : duration((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));
}

/** `main`, `tag v1`, `pull request 7`. */
export function refName(ref: string): string {
  const tag = tagOf(ref);
  const pull = /^refs\/pull\/(\d+)\//.exec(ref)?.[1];
  return branchOf(ref) ?? (tag === null ? (pull === undefined ? ref : `pull request ${pull}`) : `tag ${tag}`);
}

export const eventName = (event: Trigger['event']): string => ({ push: 'push', pull_request: 'pull request', rerun: 'rerun', local: 'local run', schedule: 'schedule', api: 'API', webhook: 'webhook' })[event];

export const bytesInWords = (bytes: number): string => (bytes < 10_000 ? `${bytes} bytes` : bytes < 1_000_000 ? `${(bytes / 1000).toFixed(0)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`);

export const linesInWords = (lines: number): string => `${lines} ${lines === 1 ? 'line' : 'lines'}`;

export const filesInWords = (files: number): string => `${files} ${files === 1 ? 'file' : 'files'}`;
