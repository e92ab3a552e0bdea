// Where does a person stand in what is kept of pipelines, and what stands there when they are forgotten?

import { isDeepStrictEqual } from 'node:util';
import type { Trigger } from '../../config-schema/trigger.ts';
import { summaryKey, type BuildLine } from '../../config-schema/view.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';

type Person = { id: number; login: string };
type ForEach = <T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>) => Promise<void>;

const nobody: Person = { id: 0, login: 'forgotten' };

const recordPattern = /^pipelines\/(\d+)\/(\d+)\/(?:plan|summary)[.]json$/;
const linePattern = /^(?:history\/\d+-\d+-\d+|repositories\/\d+\/history\/\d+)[.]json$/;

/** Keys of what names the person: records of pipelines, and lines of history. */
export async function keysWith(store: ObjectStore, person: Person, forEach: ForEach): Promise<{ lines: string[]; records: string[] }> {
  const [lines, records] = [[] as string[], [] as string[]];
  await forEach(keysUnder(store, ['pipelines/'], recordPattern), async (key) => {
    if (await changedRecord(store, key, person)) records.push(key);
  });
  await forEach(keysUnder(store, ['history/', 'repositories/'], linePattern), async (key) => {
    if (await changedLine(store, key, person)) lines.push(key);
  });
  return { lines, records };
}

/** Does nothing where they are not named any more. */
export async function forgetIn(store: ObjectStore, key: string, person: Person): Promise<void> {
  const changed = await (recordPattern.test(key) ? changedRecord : changedLine)(store, key, person);
  if (changed) await putJson(store, key, changed);
}

async function* keysUnder(store: ObjectStore, prefixes: readonly string[], pattern: RegExp): AsyncGenerator<string> {
  for (const prefix of prefixes) for await (const { key } of store.list(prefix)) if (pattern.test(key)) yield key;
}

async function changedRecord(store: ObjectStore, key: string, person: Person): Promise<object | null> {
  const record = await getJson<{ trigger: Trigger }>(store, key);
  const trigger = record && withoutPerson(record.trigger, person);
  return !record || isDeepStrictEqual(trigger, record.trigger) ? null : { ...record, trigger };
}

/** The number says whose it is, since names change hands. Only where there is no number, the name decides. */
export function withoutPerson(trigger: Trigger, person: Person): Trigger {
  const isSender = trigger.sender.id === person.id;
  const logins = [person.login, ...(isSender ? [trigger.sender.login] : [])].map((login) => login.toLowerCase());
  const isTheirs = (login: string | null): boolean => login !== null && logins.includes(login.toLowerCase());
  const { commit, pullRequest } = trigger;
  return {
    ...trigger,
    ...(isSender && { sender: nobody }),
    ...(isTheirs(commit.authorLogin) && { commit: { ...commit, authorLogin: nobody.login } }),
    ...(pullRequest && isTheirs(pullRequest.headOwner) && { pullRequest: { ...pullRequest, headOwner: nobody.login } }),
  };
}

async function changedLine(store: ObjectStore, key: string, person: Person): Promise<BuildLine | null> {
  const line = await getJson<BuildLine>(store, key);
  if (!line || line.sender === nobody.login) return null;
  const record = await getJson<{ trigger: Trigger }>(store, summaryKey(line.repositoryId, line.number));
  const isTheirs = record && record.trigger.sender.id !== nobody.id ? record.trigger.sender.id === person.id : line.sender.toLowerCase() === person.login.toLowerCase();
  return isTheirs ? { ...line, sender: nobody.login } : null;
}
