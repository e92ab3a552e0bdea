// What does the address of a list ask for?

import type { Filter, Standing } from '../../history/filter.ts';
import { eventName, statusWords } from '../words.ts';

export const askable = ['q', 'status', 'branch', 'tag', 'pull', 'by', 'event'] as const;

/** As it stands in the address and in the form's fields. */
export type Asked = { [name in (typeof askable)[number]]?: string };

export const statuses = Object.keys(statusWords) as Standing[];
export const events = ['push', 'pull_request', 'rerun', 'local', 'schedule', 'api', 'webhook'] as const;

const mostWords = 20;

/** A problem is a sentence for the person, who is shown no pipelines then. */
export function parseFilter(query: Record<string, string>, login: string | null, repositoryId: number | null): { asked: Asked; filter: Filter; problem: string | null } {
  const asked: Asked = Object.fromEntries(askable.flatMap((name) => (query[name]?.trim() ? [[name, query[name].trim()]] : [])));
  const { q = '', status, branch, tag, pull, by, event } = asked;
  const filter: Filter = {
    ...(repositoryId !== null && { repositoryId }),
    ...(branch !== undefined && { branch }),
    ...(tag !== undefined && { tag }),
    ...(pull !== undefined && { pullRequest: Number(pull) }),
    ...(by !== undefined && { by: by === 'me' ? (login ?? '') : by.replace(/^@/, '') }),
    ...(isOneOf(statuses, status) && { status }),
    ...(isOneOf(events, event) && { event }),
    words: q.toLowerCase().split(/\s+/).filter(Boolean).slice(0, mostWords),
  };
  const problems = [
    status !== undefined && filter.status === undefined && `status: there is no “${status}”. Choose one of ${statuses.join(', ')}.`,
    event !== undefined && filter.event === undefined && `event: there is no “${event}”. Choose one of ${events.join(', ')}.`,
    pull !== undefined && !/^\d{1,9}$/.test(pull) && `pull: “${pull}” is no number of a pull request. Write digits alone.`,
    by === 'me' && login === null && 'by: “me” is somebody only after signing in with GitHub. Write a login instead.',
  ];
  return { asked, filter, problem: problems.find((one) => one !== false) ?? null };
}

const isOneOf = <T extends string>(all: readonly T[], text: string | undefined): text is T => all.some((one) => one === text);

/** `changes` go over what is asked already; undefined takes away. */
export function listPath(base: string, asked: Asked, changes: { [name in keyof Asked]: string | undefined } = {}, before?: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...asked, ...changes, before })) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? base : `${base}?${query}`;
}

/** `branch main`, for people. */
export function askedInWords(name: keyof Asked, value: string): string {
  if (name === 'q') return `“${value}”`;
  if (name === 'pull') return `pull request ${value}`;
  if (name === 'event') return isOneOf(events, value) ? eventName(value) : value;
  if (name === 'status') return isOneOf(statuses, value) ? statusWords[value].word : value;
  return `${name} ${value}`;
}
