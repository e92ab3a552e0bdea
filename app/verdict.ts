// How did a branch end last?

import { branchOf } from '../config-schema/trigger.ts';
import { summaryKey, type BuildLine, type PipelineView } from '../config-schema/view.ts';
import { inTurn } from './in-turn.ts';
import { readJson } from './json-object.ts';
import type { Outcome } from '../config-schema/outcome.ts';
import type { ObjectStore } from '../activities/object-store.ts';

export type VerdictPorts = { store: Pick<ObjectStore, 'get' | 'list'>; openViews: () => Promise<PipelineView[]> };

/** `branch` null: the default one; `workflow` null: all of a pipeline. */
export type VerdictOf = { branch: string | null; workflow: string | null };

/** `outcome` is null while the first one runs. */
export type Verdict = { outcome: Outcome | null; number: number };

/** Older pipelines are not looked at. */
const most = 200;
const readAtOnce = 20;
const repositoriesKept = 200;

/**
 * The newest ended pipeline of the branch that ran something, or had the workflow; else one that runs now, with `outcome` null; else null.
 * Pull requests of forks have no branch here. Answers are of `keepMs` ago at most.
 */
export function verdicts({ store, openViews }: VerdictPorts, { keepMs = 30_000, now = Date.now }: { keepMs?: number; now?: () => number } = {}): (repositoryId: number, of: VerdictOf) => Promise<Verdict | null> {
  // By repository and not by question: anybody may ask for any branch of what is public.
  const kept = new Map<number, { at: number; lines: Promise<BuildLine[]>; summaries: Map<number, Promise<Summary | null>> }>();

  /** Newest first. */
  async function readLines(repositoryId: number): Promise<BuildLine[]> {
    const keys: string[] = [];
    for await (const { key } of store.list(`repositories/${repositoryId}/history/`, { limit: most })) keys.push(key);
    const lines: (BuildLine | undefined)[] = [];
    await inTurn(keys.entries(), readAtOnce, async ([index, key]) => {
      lines[index] = await readJson<BuildLine>(store, key);
    });
    return lines.filter((line) => line !== undefined);
  }

  function historyOf(repositoryId: number): { lines: Promise<BuildLine[]>; summary: (number: number) => Promise<Summary | null> } {
    let history = kept.get(repositoryId);
    if (!history || now() - history.at >= keepMs) {
      history = { at: now(), lines: readLines(repositoryId), summaries: new Map() };
      history.lines.catch(() => kept.delete(repositoryId));
      kept.delete(repositoryId);
      kept.set(repositoryId, history);
      if (kept.size > repositoriesKept) kept.delete(kept.keys().next().value!);
    }
    const { lines, summaries } = history;
    const summary = (number: number): Promise<Summary | null> => {
      let found = summaries.get(number);
      if (!found) {
        summaries.set(number, (found = readJson<PipelineView>(store, summaryKey(repositoryId, number)).then((view) => view ? summaryOf(view) : null)));
        found.catch(() => summaries.delete(number));
      }
      return found;
    };
    return { lines, summary };
  }

  return async (repositoryId, { branch, workflow }) => {
    const history = historyOf(repositoryId);
    const lines = await history.lines;
    // The newest pipeline knows best what the default branch is.
    const wanted = branch ?? (lines[0] && (await history.summary(lines[0].number))?.defaultBranch) ?? null;
    for (const line of lines) {
      if (wanted === null || branchOf(line.ref) !== wanted) continue;
      const outcome = workflow === null ? line.outcome : ((await history.summary(line.number))?.workflows.get(workflow) ?? null);
      if (outcome !== null && !ranNothing.has(outcome)) return { outcome, number: line.number };
    }
    const runs = ({ repository, trigger, workflows }: PipelineView): boolean =>
      repository.id === repositoryId && branchOf(trigger.ref) === (wanted ?? repository.defaultBranch) && (workflow === null || workflows.some(({ name }) => name === workflow));
    const running = (await openViews().catch(() => [])).find(runs);
    return running ? { outcome: null, number: running.number } : null;
  };
}

const ranNothing: ReadonlySet<Outcome> = new Set(['skipped', 'not-run', 'unsupported']);

type Summary = { defaultBranch: string; workflows: ReadonlyMap<string, Outcome | null> };

const summaryOf = ({ repository, workflows }: PipelineView): Summary => ({ defaultBranch: repository.defaultBranch, workflows: new Map(workflows.map(({ name, outcome }) => [name, outcome])) });
