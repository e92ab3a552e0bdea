// What do the commands need of the outside?

import type { Client } from '@temporalio/client';
import type { ObjectStore } from '../../activities/object-store.ts';
import { parseAddress } from '../../config-schema/address.ts';
import type { LogCodec } from '../../config-schema/read-log.ts';
import { repositoryIdOf } from '../builds.ts';
import { Problem } from './problem.ts';

export type Ports = { store: ObjectStore; client: Client; logCodec: LogCodec };

/** The address that was typed, with the repository's numeric id. Throws Problem when there is none such. */
export async function findAddress({ store }: Ports, text: string): Promise<NonNullable<ReturnType<typeof parseAddress>> & { repositoryId: number }> {
  const address = parseAddress(text);
  if (!address) throw new Problem(`${text} is no address. Write OWNER/NAME#PIPELINE, and after it /WORKFLOW/JOB/SLICE where a command wants it.`, 2);
  return { ...address, repositoryId: await findRepository(store, address.owner, address.name) };
}

export async function findRepository(store: ObjectStore, owner: string, name: string): Promise<number> {
  const id = await repositoryIdOf(store, owner, name);
  if (id === null) throw new Problem(`${owner}/${name} has no pipeline here. See: roundhouse builds`, 2);
  return id;
}
