// What becomes of what people ask on GitHub's own pages?

import type { Client } from '@temporalio/client';
import type { Audit } from '../activities/control/audit.ts';
import type { ObjectStore } from '../activities/object-store.ts';
import type { Repository } from '../config-schema/trigger.ts';
import { summaryKey, type BuildLine, type PipelineView } from '../config-schema/view.ts';
import { glanceAtPipeline, openPipelinesOf } from '../workflows/client.ts';
import { allowAsked, approveAsked, cancelAsked, type Part } from './asks.ts';
import { Refused, type Asker } from './control/operation.ts';
import { readJson } from './json-object.ts';
import { rerunAsked, type RerunPorts } from './rerun.ts';
import type { Command, Deed, Target } from './webhooks/command.ts';

export type CommandPorts = RerunPorts & {
  client: Client;
  store: Pick<ObjectStore, 'get' | 'list'>;
  audit: Audit;
  /** GitHub's word of now, by the person's numeric id. */
  permissionOf(repository: Repository, person: Command['sender']): Promise<'none' | 'read' | 'write' | 'admin'>;
  /** The commit that is the head of a pull request now; null: there is no such pull request. */
  headOf(repository: Repository, pull: number): Promise<string | null>;
  log: { info: Log; warn: Log };
};

type Log = (fields: object, message: string) => void;

/**
 * Whoever may write in the repository may ask; of others only the operator hears. Nobody is answered: what happens shows on the checks.
 * When it resolves, what was asked is durable or refused for good. Safe to repeat with the same delivery.
 */
export function onCommand(ports: CommandPorts): (command: Command) => Promise<void> {
  const { audit, log, permissionOf } = ports;
  return async (command) => {
    const { repository, sender, deed } = command;
    const asker: Asker = { who: `github:${sender.id} ${sender.login}`, from: 'webhook' };
    const name = `${repository.owner}/${repository.name}`;
    const fields = { repository: name, repositoryId: repository.id, sender: sender.login, deed: deed.kind };
    const permission = deed.kind === 'withdraw' ? 'write' : await permissionOf(repository, sender);
    if (permission !== 'write' && permission !== 'admin') {
      log.warn({ ...fields, permission }, 'a command on GitHub is not carried out: the sender may not write');
      await audit.append({ ...asker, action: 'command.refused', subject: `repository ${name}`, repositoryId: repository.id, personId: sender.id, details: { deed: deed.kind, permission } });
      return;
    }
    const views = await pipelinesOf(ports, repository, command.of);
    if (views.length === 0) log.info({ ...fields, of: command.of }, 'a command on GitHub finds no pipeline');
    for (const view of chosenFor(deed, views)) {
      const { number } = view;
      try {
        await carryOut(ports, command, view, asker);
        log.info({ ...fields, number }, 'a command on GitHub was carried out');
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        log.info({ ...fields, number, reason: error.message }, 'a command on GitHub was refused');
      }
    }
  };
}

/** Newest first. What is run again is run again once. */
function chosenFor({ kind }: Deed, views: PipelineView[]): PipelineView[] {
  if (kind === 'rerun') return views.slice(0, 1);
  return views.filter(({ state, workflows }) => state !== 'ended' && (kind !== 'withdraw' || workflows.length === 0));
}

async function carryOut(ports: CommandPorts, { deed, sender, deliveryId }: Command, view: PipelineView, asker: Asker): Promise<void> {
  switch (deed.kind) {
    case 'cancel':
      return cancelAsked(ports, view, { ...(deed.workflow !== undefined && { workflow: deed.workflow }), ...(deed.job !== undefined && { job: deed.job }) }, asker);
    case 'approve': {
      const places = deed.workflow === null ? placesOf(view, deed.job) : [{ workflow: deed.workflow, job: deed.job }];
      for (const place of places) await approveAsked(ports, view, place, asker);
      return;
    }
    case 'allow':
      return allowAsked(ports, view, asker);
    case 'withdraw':
      return cancelAsked(ports, view, {}, { ...asker, who: `${asker.who}, who closed pull request #${deed.pull}` });
    case 'rerun':
      await rerunAsked(ports, view, deed.what, sender, asker, deliveryId);
  }
}

/** Jobs that wait for an approval under this name, with their workflow's before it or without. */
const placesOf = ({ workflows }: PipelineView, asked: string): Required<Part>[] =>
  workflows.flatMap(({ name: workflow, jobs }) =>
    jobs.filter(({ name, type, outcome }) => type === 'approval' && outcome === null && (name === asked || `${workflow}/${name}` === asked)).map(({ name: job }) => ({ workflow, job })),
  );

/** How far back a commit's pipelines are looked for. */
const mostLookedAt = 50;

/** Newest first. */
async function pipelinesOf(ports: CommandPorts, repository: Repository, of: Target): Promise<PipelineView[]> {
  const { client, store, headOf } = ports;
  const { id } = repository;
  const viewOf = async (number: number): Promise<PipelineView | null> => (await glanceAtPipeline(client, id, number)) ?? (await readJson<PipelineView>(store, summaryKey(id, number))) ?? null;
  if (of.kind === 'pipeline') {
    const view = await viewOf(of.number);
    return view && view.trigger.sha === of.sha ? [view] : [];
  }
  const sha = of.kind === 'commit' ? of.sha : await headOf(repository, of.number);
  if (sha === null) return [];
  const numbers = new Set(await openPipelinesOf(client, id));
  const lines: Promise<BuildLine | undefined>[] = [];
  for await (const { key } of store.list(`repositories/${id}/history/`, { limit: mostLookedAt })) lines.push(readJson<BuildLine>(store, key));
  for (const line of await Promise.all(lines)) if (line?.sha === sha) numbers.add(line.number);
  const views = await Promise.all([...numbers].map(viewOf));
  return views
    .filter((view) => view !== null)
    .filter(({ trigger }) => trigger.sha === sha && (of.kind === 'commit' || cameBefore(trigger.happenedAt ?? trigger.receivedAt, of.writtenAt)))
    .sort((a, b) => b.number - a.number);
}

/** Nobody can have meant a commit that came after the comment. GitHub's times are whole seconds. */
const cameBefore = (happenedAt: string, writtenAt: string): boolean => Math.floor(Date.parse(happenedAt) / 1000) * 1000 <= Date.parse(writtenAt);
