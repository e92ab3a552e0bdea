// How does somebody at the page cancel a pipeline?

import type { Client } from '@temporalio/client';
import type { Audit } from '../activities/control/audit.ts';
import type { PipelineView } from '../config-schema/view.ts';
import { askPipeline } from '../workflows/client.ts';
import type { Asker } from './control/operation.ts';

/** Answers false when it had ended already. */
export async function cancelAsked({ client, audit }: { client: Client; audit: Audit }, { repository, number }: PipelineView, asker: Asker): Promise<boolean> {
  if (!(await askPipeline(client, repository.id, number, { kind: 'cancel', by: asker.who })).done) return false;
  await audit.append({ ...asker, action: 'pipeline.canceled', subject: `pipeline ${repository.owner}/${repository.name}#${number}`, repositoryId: repository.id, details: {} });
  return true;
}
