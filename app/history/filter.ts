// Which pipelines does somebody ask for, and is this one of them?

import type { Outcome } from '../../config-schema/outcome.ts';
import { branchOf, tagOf } from '../../config-schema/trigger.ts';
import type { BuildLine, State } from '../../config-schema/view.ts';

/** All of what it names must be so; `{words: []}` is every pipeline. */
export type Filter = {
  repositoryId?: number;
  branch?: string;
  tag?: string;
  pullRequest?: number;
  /** The login of who pushed, ran it again, or opened the pull request. */
  by?: string;
  status?: Standing | 'failed';
  event?: BuildLine['event'];
  /** In lower case. Each stands somewhere: in the subject, the ref, the sender, the repository's name; or it begins the sha, or is the number. */
  words: string[];
};

/** What is looked at in a line, made ready once. `text` is in lower case. */
export type Entry = { line: BuildLine; startedMs: number; text: string };

export const entryOf = (line: BuildLine): Entry => ({ line, startedMs: Date.parse(line.startedAt) || 0, text: `${line.subject}\n${branchOf(line.ref) ?? tagOf(line.ref) ?? line.ref}\n${line.sender}`.toLowerCase() });

/** How it stands for somebody who asks for one kind: one in which everything waits for a builder is said to wait. */
export type Standing = Outcome | Exclude<State, 'ended'>;

export const standingOf = ({ outcome, state, waitingFor }: BuildLine): Standing => outcome ?? (state === 'running' && waitingFor === undefined ? 'running' : 'waiting');

export const looksAtAll = ({ repositoryId: _, words, ...rest }: Filter): boolean => words.length === 0 && Object.keys(rest).length === 0;

/** `nameOf` is what a repository is called now, in lower case. */
export function matcher(filter: Filter, nameOf: (line: BuildLine) => string): (entry: Entry) => boolean {
  const by = filter.by?.toLowerCase();
  return ({ line, text }) =>
    (filter.repositoryId === undefined || line.repositoryId === filter.repositoryId) &&
    (filter.branch === undefined || branchOf(line.ref) === filter.branch) &&
    (filter.tag === undefined || tagOf(line.ref) === filter.tag) &&
    (filter.pullRequest === undefined || pullRequestOf(line) === filter.pullRequest) &&
    (by === undefined || line.sender.toLowerCase() === by) &&
    (filter.status === undefined || hasStatus(line, filter.status)) &&
    (filter.event === undefined || line.event === filter.event) &&
    filter.words.every((word) => text.includes(word) || isNumber(line, word) || isSha(line, word) || nameOf(line).includes(word));
}

/** Lines of earlier versions know it only of forks, whose ref says it. */
export function pullRequestOf({ pullRequest, ref }: BuildLine): number | null {
  const [, number] = /^refs\/pull\/(\d+)\//.exec(ref) ?? [];
  return pullRequest ?? (number === undefined ? null : Number(number));
}

/** Who looks for what failed wants to see whatever is red. */
const hasStatus = (line: BuildLine, status: Standing): boolean => {
  const standing = standingOf(line);
  return standing === status || (status === 'failed' && (standing === 'timed-out' || standing === 'broken' || standing === 'unauthorized'));
};

const isNumber = ({ number }: BuildLine, word: string): boolean => word === `#${number}` || word === String(number);
const isSha = ({ sha }: BuildLine, word: string): boolean => word.length >= 4 && sha.startsWith(word);
