// Why did something run or not run, for somebody at the command line?

import * as z from 'zod';
import type { PipelineView } from '../../config-schema/view.ts';
import type { Lists } from '../history/lists.ts';
import { isBuilt } from '../webhooks/followed.ts';
import { why, type Why } from '../why.ts';
import { fullName, operation, Refused, type Operation, type OperationPorts } from './operation.ts';

export type WhyPorts = Pick<OperationPorts, 'findRepository' | 'repositorySettings' | 'follow'> & {
  readPipeline(owner: string, name: string, number: number): Promise<PipelineView | null>;
  lists: Lists;
};

/** Pipelines of one commit that are explained, newest first. */
const mostPipelines = 10;

export function whyOperations(ports: WhyPorts): Record<string, Operation> {
  const { readPipeline, lists } = ports;

  async function ofPipeline(repository: string, number: number, of: { workflow?: string; job?: string }): Promise<Why[]> {
    const [owner = '', name = ''] = repository.split('/');
    const view = await readPipeline(owner, name, number);
    if (!view) throw new Refused(`there is no pipeline ${repository}#${number}. See: roundhouse builds ${repository}`);
    const answers = why(view, of);
    if (answers.length === 0) throw new Refused(`${repository}#${number} has no ${of.job === undefined ? `workflow ${of.workflow}` : `job ${of.workflow}/${of.job}`}. See: roundhouse why ${repository}#${number}`);
    return answers;
  }

  /** Nothing began: of a repository that is named, what keeps pushes from beginning anything. */
  async function whyNothing(sha: string, repository: string | undefined): Promise<Why[]> {
    const known = 'no pipeline of it is known. What GitHub sent stands on the page of the GitHub App under "Recent deliveries"';
    if (repository === undefined) return [{ subject: sha, answer: `${known}; say of which repository it is (--repository OWNER/NAME) to hear more` }];
    const [owner = '', name = ''] = repository.split('/');
    const found = await ports.findRepository(owner, name);
    if (!found) return [{ subject: sha, answer: `the GitHub App is not installed on ${repository}, so GitHub tells nothing of it. Install the App there.` }];
    if (!isBuilt(ports.follow, await ports.repositorySettings.read(found.id))) return [{ subject: sha, answer: `${repository} is not followed, so its pushes begin nothing. Follow it: roundhouse follow ${repository}` }];
    return [{ subject: sha, answer: known }];
  }

  return {
    'pipelines.why': operation(
      z.strictObject({ repository: fullName, number: z.int(), workflow: z.string().exactOptional(), job: z.string().exactOptional() }),
      async ({ repository, number, ...of }): Promise<{ answers: Why[] }> => ({ answers: await ofPipeline(repository, number, of) }),
    ),

    'commits.why': operation(
      z.strictObject({ sha: z.string().regex(/^[0-9a-f]{7,64}$/), repository: fullName.exactOptional() }),
      async ({ sha, repository }): Promise<{ answers: Why[] }> => {
        const { lines } = await lists.pipelines({ words: [sha] }, { limit: mostPipelines, before: null, surely: true, readable: (all) => Promise.resolve(new Set(all.map(({ id }) => id))) });
        const ofCommit = lines.filter((line) => line.sha.startsWith(sha) && (repository === undefined || `${line.owner}/${line.name}`.toLowerCase() === repository.toLowerCase()));
        if (ofCommit.length === 0) return { answers: await whyNothing(sha, repository) };
        return { answers: (await Promise.all(ofCommit.map(({ owner, name, number }) => ofPipeline(`${owner}/${name}`, number, {})))).flat() };
      },
    ),
  };
}
