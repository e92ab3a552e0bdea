// `roundhouse cancel`: stop a pipeline and everything of it.

import { cancelPipeline } from '../../workflows/client.ts';
import { noteInAudit, type Ask } from '../control/ask.ts';
import { findAddress, type Ports } from './ports.ts';
import { Problem } from './problem.ts';

export async function cancel(ports: Ports, ask: Ask, text: string): Promise<void> {
  const { repositoryId, pipeline } = await findAddress(ports, text);
  if (!(await cancelPipeline(ports.client, repositoryId, pipeline))) throw new Problem(`${text} is not running, so there is nothing to cancel. See: roundhouse builds`, 2);
  process.stderr.write(`${text} is being canceled.\n`);
  await noteInAudit(ask, { action: 'pipeline.canceled', subject: `pipeline ${text}`, repositoryId, details: {} });
}
